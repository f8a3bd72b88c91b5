"""Python in a page of the book: its cells run here, without Jupyter, in a worker of the reader's browser.

session   runs one cell after the other and tells what each shows, as a notebook's outputs
shown     what a value shows itself as, and the few names of `IPython.display` that a reader may know
packages  fetches a package when something imports it
compiled  keeps the code of modules from one Python to the next
begin     puts these together for a worker

`book/_static/python-worker.js` starts Pyodide and calls these. All but the messages and the files is here, where any
Python can try it.
"""

from cnnlab.inpage.packages import Packages
from cnnlab.inpage.session import PageSession
from cnnlab.inpage.shown import stand_in

__all__ = ["Packages", "PageSession", "stand_in"]
