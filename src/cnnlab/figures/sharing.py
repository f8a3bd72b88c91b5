"""Pictures of weight sharing: receptive fields, the weight gradient, the kernel as a matrix, the sum over time."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Array, Sizes
from cnnlab.examples import Example
from cnnlab.figures.grids import Grid, frame, grids
from cnnlab.figures.svg import Figure, canvas, finish, style
from cnnlab.formatting import number
from cnnlab.palette import INK


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
        cell_inches=0.22,
    )


def weight_gradient(
    dy: Array,
    x: Array,
    w: Array,
    offset: Sizes,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    cell_inches: float = 0.44,
) -> Figure:
    """One weight's gradient: the inputs that this weight met, the upstream gradient, and their sum of products.

    offset        the weight's place in the kernel, an int in one dimension and a pair in two
    cell_inches   as in `grids`
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
    return grids([row], says=says, cell_inches=cell_inches)


def connection_matrix(
    matrix: ArrayLike,
    *,
    says: str,
    title: str = "",
    marks: Mapping | None = None,
    digits: int = 4,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> Figure:
    """A convolution as a matrix, zeros left blank; repeated weights stand on diagonals.

    rows, columns   names of the outputs and the inputs, written beside their rows and above their columns
    """
    matrix = np.asarray(matrix)
    cells = np.array([[v if v != 0 else "" for v in row] for row in matrix.tolist()], dtype=object)
    if marks is None:
        marks = {at: "weight" for at in zip(*np.nonzero(matrix), strict=True)}
    if rows:
        cells = np.vstack([["", *columns], np.column_stack([np.array(rows, dtype=object), cells])])
        marks = {(i + 1, j + 1): mark for (i, j), mark in marks.items()}
    return grids([[Grid(cells, title, marks, heads=bool(rows))]], says=says, digits=digits)


def over_time(
    terms: ArrayLike,
    sums: ArrayLike,
    velocities: ArrayLike,
    *,
    names: Sequence[str],
    kept: float,
    says: str,
    digits: int = 3,
) -> Figure:
    """Two sums of one shared weight: downwards over its connections, to the right over the steps of training.

    terms        (steps, connections), the gradient of each connection
    sums         (steps,), the weight's gradient in each step
    velocities   (steps,), what momentum makes of them: the one before times `kept`, plus the gradient
    names        of the connections
    """
    terms = np.asarray(terms, float)
    steps, connections = terms.shape
    cell, gap, names_wide, scale = 1.7, 0.95, 1.75, 0.4
    below = connections + 1.6, connections + 3.3  # the rows of dw and v, in cells from the top
    rows = [*zip(range(1, connections + 1), names, terms.T, [None] * connections, strict=True)]
    rows += [(below[0], "dw", sums, "result"), (below[1], "v", velocities, None)]
    wide, high = names_wide + steps * cell + (steps - 1) * gap + 0.1, below[1] + 1.1
    lefts = [names_wide + step * (cell + gap) for step in range(steps)]
    arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
    told = []
    with style():
        fig = canvas(high * scale, wide * scale)
        axes = fig.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, wide), ylim=(high, 0))
        axes.axis("off")
        for step, left in enumerate(lefts):
            middle = left + cell / 2
            axes.text(middle, 0.62, f"step {step + 1}", ha="center", va="center_baseline")
            axes.text(left - 0.2, connections + 0.5, "+", ha="center", va="center_baseline")
            for start, end in ((connections + 1.05, below[0] - 0.05), (below[0] + 1.05, below[1] - 0.05)):
                axes.annotate("", (middle, end), (middle, start), arrowprops=arrow)
            if step:
                start, end = lefts[step - 1] + cell + 0.05, left - 0.05
                axes.annotate("", (end, below[1] + 0.5), (start, below[1] + 0.5), arrowprops=arrow)
                words = f"× {number(kept)}"
                axes.text((start + end) / 2, below[1] + 0.3, words, ha="center", va="bottom", fontsize=9)
        for top, name, values, mark in rows:
            axes.text(names_wide - 0.5, top + 0.52, name, ha="right", va="center_baseline")
            for left, value in zip(lefts, values, strict=True):
                frame(axes, left, top, cell, mark)
                text = number(value, digits)
                axes.text(left + cell / 2, top + 0.52, text, ha="center", va="center_baseline")
            told.append(f"{name}: {', '.join(number(value, digits) for value in values)}.")
        return finish(
            fig, f"{says.strip()} Each velocity keeps {number(kept)} of the one before. {' '.join(told)}"
        )
