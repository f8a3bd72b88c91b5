"""What stands behind the make targets: a file for each command, `python -m tools.NAME`, and a folder for each part.

environment torch_env programs    set up what is needed
refresh text lint                 notebooks: run and rewritten, as text, read without running
book serve                        the pages: sphinx_ext/ is the book's own part of Sphinx
live/                             the live chapters, and the copies for Colab
"""
