"""Pictures of weight sharing: receptive fields, the weight gradient, the kernel as a matrix."""

from collections.abc import Mapping
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Array, Sizes
from cnnlab.examples import Example
from cnnlab.figures.grids import Grid, grids
from cnnlab.figures.svg import Figure


def nine_fields(example: Example) -> Figure:
    """Each neuron of document 1's picture with its receptive field in the input, and its place in the output."""
    x, w = example.x, example.w
    rows, row = [], []
    for name, position in zip(example.names, product(range(3), range(3)), strict=True):
        cells = np.full(x.shape[2:], "", dtype="<U1")
        field = trace.receptive_field(position, x.shape, w.shape[2:])
        for at in field.values():
            cells[at] = name
        row.append(Grid(cells, f"neuron {name}", {at: "input" for at in field.values()}))
        if len(row) == 3:
            rows, row = [*rows, row], []
    return grids(
        rows,
        says="Nine copies of the input, one for each neuron, with its receptive field filled with its letter.",
    )


def weight_gradient(
    dy: Array, x: Array, w: Array, offset: Sizes, *, stride: Sizes = 1, padding: Sizes = 0
) -> Figure:
    """One weight's gradient: the inputs that this weight met, the upstream gradient, and their sum of products.

    offset   the weight's place in the kernel, an int in one dimension and a pair in two
    """
    offset = tuple(np.atleast_1d(offset).tolist())
    entry = trace.conv_dw(dy, x, w, index=(0, 0, *offset), stride=stride, padding=padding)
    dw = np.full(w.shape[2:], "?", dtype=object)
    dw[offset] = entry.total
    met = {term.factors[0].index[2:]: "input" for term in entry.terms}
    came = {term.factors[1].index[2:]: "delta" for term in entry.terms}
    place = ", ".join(map(str, offset))
    says = (
        f"The gradient of weight ({place}): the inputs that it met are marked, each is multiplied by the upstream "
        f"gradient of the output it went to, and the products add up."
    )
    row = [Grid(x[0, 0], "x", met), Grid(dy[0, 0], "dy", came), "→", Grid(dw, "dw", {offset: "result"})]
    return grids([row], says=says)


def connection_matrix(
    matrix: ArrayLike, *, says: str, title: str = "", marks: Mapping | None = None, digits: int = 4
) -> Figure:
    """A convolution as a matrix, zeros left blank; repeated weights stand on diagonals."""
    matrix = np.asarray(matrix)
    cells = np.array([[v if v != 0 else "" for v in row] for row in matrix.tolist()], dtype=object)
    if marks is None:
        marks = {at: "weight" for at in zip(*np.nonzero(matrix), strict=True)}
    return grids([[Grid(cells, title, marks)]], says=says, digits=digits)
