"""The book's pictures. They draw what they are given or what a trace says; they compute nothing of their own."""

from cnnlab.figures.curves import bars, curves
from cnnlab.figures.grids import MARKS, Grid, grids
from cnnlab.figures.sharing import connection_matrix, nine_fields, weight_gradient
from cnnlab.figures.svg import Figure

__all__ = [
    "MARKS",
    "Figure",
    "Grid",
    "bars",
    "connection_matrix",
    "curves",
    "grids",
    "nine_fields",
    "weight_gradient",
]
