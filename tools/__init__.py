"""What stands behind the make targets. Run a module as `python -m tools.NAME`."""
