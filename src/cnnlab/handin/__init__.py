"""Check a problem set before it is handed in: `python -m cnnlab.handin ps1.ipynb`.

    reading    which cells of a notebook count; the grader reads with the same functions
    cells      how a cell runs outside Jupyter; the grader's sandbox has the same file
    checking   both together, with one published example for each function
    told       what came out, as text and as HTML

The grader's own inputs and right answers are not here, and no points are.
"""

from cnnlab.handin.checking import check

__all__ = ["check"]
