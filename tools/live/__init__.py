"""The live book: every chapter in JupyterLite, with Python in the reader's own browser."""
