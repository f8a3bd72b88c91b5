"""The book on paper and on an e-reader: `python -m tools.paper pdf` and `python -m tools.paper epub`.

Both are made of the pages of the web book as they were built, so each number in them is one that the tests recompute.

trees    reading a page as a tree, changing it, writing it as XHTML
volume   the pages as chapters of one book: questions with room to write, answers and solutions at the end, figures numbered
pdf      one file for paper, printed by Chromium
epub     one file for e-readers
"""
