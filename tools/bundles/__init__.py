"""The scripts of the page that come from npm."""
