"""The book's pictures. They draw what they are given or what a trace says; they compute nothing of their own."""

from cnnlab.figures.circuit import Node, Wire, circuit
from cnnlab.figures.curves import bars, corner, curves, dots, moves
from cnnlab.figures.grids import Grid, Join, grids, key
from cnnlab.figures.pooling import pool_planes, pool_routes
from cnnlab.figures.sharing import connection_matrix, nine_fields, over_time, weight_gradient
from cnnlab.figures.svg import Figure
from cnnlab.figures.tables import Table, source_table, table, verdict_table
from cnnlab.figures.training import kernels, pictures

__all__ = [
    "Figure",
    "Grid",
    "Join",
    "Node",
    "Table",
    "Wire",
    "bars",
    "circuit",
    "connection_matrix",
    "corner",
    "curves",
    "dots",
    "grids",
    "kernels",
    "key",
    "moves",
    "nine_fields",
    "over_time",
    "pictures",
    "pool_planes",
    "pool_routes",
    "source_table",
    "table",
    "verdict_table",
    "weight_gradient",
]
