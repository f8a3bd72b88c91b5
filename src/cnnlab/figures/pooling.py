"""Pictures of max-pooling: which window hands its gradient to which input."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Array, Sizes
from cnnlab.figures.grids import Grid, frame, grids
from cnnlab.figures.svg import WIDTH, Figure, canvas, finish, style
from cnnlab.formatting import number
from cnnlab.geometry import pair
from cnnlab.palette import INK, ROLES
from cnnlab.trace import Index

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def pool_planes(
    dy: Array,
    x: Array,
    size: Sizes,
    *,
    stride: Sizes | None = None,
    ties: str = "first",
    cell_inches: float = 0.44,
) -> Figure:
    """One plane of max-pooling: x with its winners marked, dy, and the gradient dx that the trace adds up.

    dy (1, 1, O1, O2), x (1, 1, H, W); size, stride and ties as `trace.pool_dx`, cell_inches as in `grids`. Heavier lines
    set off the windows where they do not overlap.
    """
    entries = _entries(dy, x, size, stride, ties)
    dx = np.array([entry.total for entry in entries]).reshape(x.shape[2:])
    winners = {
        at[2:] for output in _outputs(dy) for at in trace.pool_winners(x, size, index=output, stride=stride)
    }
    reached = {entry.index[2:]: "result" for entry in entries if entry.terms}
    rows, columns = window = pair(size, 2)
    apart = stride is None or pair(stride, 2) == window
    blocks = (rows, columns) if apart else None
    says = (
        f"Max-pooling with windows of {rows} by {columns}: the largest input of each window is marked, and the "
        "upstream gradient of the window goes to it."
    )
    row = [
        Grid(x[0, 0], "x", {at: "input" for at in sorted(winners)}, blocks),
        Grid(dy[0, 0], "dy", {at: "delta" for at in np.ndindex(*dy.shape[2:])}),
        "→",
        Grid(dx, "dx", reached, blocks),
    ]
    return grids([row], says=says, cell_inches=cell_inches)


def pool_routes(
    dy: Array,
    x: Array,
    size: Sizes,
    *,
    stride: Sizes | None = None,
    ties: str = "first",
    nulled: str = "entries",
) -> Figure:
    """A pooled vector with an arrow for each delta: dy above the windows it belongs to, x, and dx.

    dy (1, 1, O), x (1, 1, L); size, stride and ties as `trace.pool_dx`.
    nulled   "entries": each delta goes to the winner of its own window; "neurons": also, wrongly, to inputs of the
             window that won in another window only. The wrong arrows are dashed and crossed.
    Raises ValueError for another word.
    """
    if nulled not in ("entries", "neurons"):
        raise ValueError(f'nulled is "entries" or "neurons"; got {nulled!r}')
    right = _entries(dy, x, size, stride, ties)
    shown = right if nulled == "entries" else [_nulled_neuron(entry, dy, x, size, stride) for entry in right]
    good = {(term.factors[0].index[2], entry.index[2]) for entry in right for term in entry.terms}
    drawn = {(term.factors[0].index[2], entry.index[2]) for entry in shown for term in entry.terms}
    windows = {
        o[2]: [at[2] for at in trace.pool_window(x, size, index=o, stride=stride)] for o in _outputs(dy)
    }
    totals = [entry.total for entry in shown]
    wrong = [entry.total != truth.total for entry, truth in zip(shown, right, strict=True)]
    length = x.shape[2]
    with style():
        scale = min(0.62, (WIDTH - 0.5) / length)
        fig = canvas(5.5 * scale, (length + 0.8) * scale)
        axes = fig.add_axes((0, 0, 1, 1))
        axes.set_xlim(-0.75, length + 0.05)
        axes.set_ylim(5.45, -0.05)
        axes.axis("off")
        for name, top in (("dy", 0.0), ("x", 2.4), ("dx", 4.4)):
            axes.text(-0.4, top + 0.52, name, ha="center", va="center_baseline")
        for i, window in windows.items():
            middle = sum(window) / len(window) + 0.5
            _box(axes, middle - 0.5, 0.0, dy[0, 0, i], "delta")
            for j in window:
                _arrow(axes, (middle, 1.05), (j + 0.5, 2.35), (i, j) in drawn, (i, j) in good)
        won = {j for _, j in good}
        for j in range(length):
            _box(axes, j, 2.4, x[0, 0, j], "input" if j in won else None)
            mark = "wrong" if wrong[j] else "result" if totals[j] else None
            _box(axes, j, 4.4, totals[j], mark)
            if any(to == j for _, to in drawn):
                _arrow(axes, (j + 0.5, 3.45), (j + 0.5, 4.35), True, not wrong[j])
        return finish(fig, _told(dy, x, shown, windows, wrong))


def _told(
    dy: Array, x: Array, shown: list[trace.Entry], windows: dict[int, list[int]], wrong: list[bool]
) -> str:
    """The picture in words."""
    parts = [f"Max-pooling of the vector x = {_listed(x)} with upstream gradient dy = {_listed(dy)}."]
    parts += [
        f"Window {i} holds {', '.join(number(x[0, 0, j]) for j in window)}." for i, window in windows.items()
    ]
    for entry, bad in zip(shown, wrong, strict=True):
        sum_of = entry.text() if len(entry.terms) > 1 else number(entry.total)
        parts.append(f"dx {entry.index[2]}: {sum_of}{', which is wrong' if bad else ''}.")
    return " ".join(parts)


def _listed(array: ArrayLike) -> str:
    return ", ".join(number(value) for value in np.ravel(array))


def _outputs(dy: Array) -> list[Index]:
    return [(0, 0, *at) for at in product(*map(range, dy.shape[2:]))]


def _entries(dy: Array, x: Array, size: Sizes, stride: Sizes | None, ties: str) -> list[trace.Entry]:
    """The trace of every input's gradient, row by row."""
    places = product(*map(range, x.shape[2:]))
    return [trace.pool_dx(dy, x, size, index=(0, 0, *at), stride=stride, ties=ties) for at in places]


def _nulled_neuron(entry: trace.Entry, dy: Array, x: Array, size: Sizes, stride: Sizes | None) -> trace.Entry:
    """What nulling neurons gives an input: nothing if it won nowhere, else the deltas of all windows that hold it."""
    holding = [o for o in _outputs(dy) if entry.index in trace.pool_window(x, size, index=o, stride=stride)]
    terms = [trace.Term((trace.Factor("dy", o, float(dy[o])),)) for o in holding if entry.terms]
    return trace.Entry("dx", entry.index, tuple(terms))


def _box(axes: Axes, left: float, top: float, value: float, mark: str | None) -> None:
    frame(axes, left, top, 1, mark)
    axes.text(left + 0.5, top + 0.52, number(value, 4), ha="center", va="center_baseline")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], drawn: bool, good: bool) -> None:
    """A delta's way: solid to a winner, dashed and crossed where it is wrong, a faint line where nothing flows."""
    from matplotlib.patches import FancyArrowPatch

    if not drawn:
        axes.plot(*zip(start, end, strict=True), color=INK, alpha=0.3, linewidth=0.8, linestyle=":")
        return
    color = ROLES["delta" if good else "wrong"].either
    line = "-" if good else "--"
    arrow = FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>",
        mutation_scale=11,
        color=color,
        linewidth=1.8,
        linestyle=line,
        shrinkA=0,
        shrinkB=0,
    )
    axes.add_patch(arrow)
    if not good:
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        axes.plot([x], [y], marker="x", markersize=8, markeredgewidth=1.8, color=color)
