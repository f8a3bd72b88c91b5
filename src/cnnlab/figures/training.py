"""What a network has learned and where it fails: its kernels, and the pictures that it misread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.arrays import Array
from cnnlab.figures.svg import WIDTH, Figure, canvas, finish, style
from cnnlab.formatting import number
from cnnlab.palette import INK, ROLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLE, _GAP = 0.24, 0.1  # inches above each picture, and between two of them


def kernels(
    w: ArrayLike, *, says: str, names: Sequence[str] | None = None, columns: int = 4, size: float = 0.78
) -> Figure:
    """Draw kernels as squares: the area says how large a weight is, filled is positive, hollow negative.

    w      (K, C, P, Q); of several channels the first is drawn
    names  a title for each, "kernel 0" and so on if not given
    says   what the picture shows; the alt text adds the largest and the smallest weight of each kernel
    All kernels have one scale, so they can be compared. Areas are rounded to a thousandth of the largest: a trained weight
    is not the same to its last digits on every machine.
    """
    w = np.asarray(w, dtype=float)[:, 0]
    scale = np.abs(w).max() or 1.0
    names = [f"kernel {k}" for k in range(len(w))] if names is None else names
    told = " ".join(
        f"{name}: largest {number(kernel.max(), 2)} at {_at(kernel.argmax(), kernel)}, "
        f"smallest {number(kernel.min(), 2)} at {_at(kernel.argmin(), kernel)}."
        for name, kernel in zip(names, w, strict=True)
    )
    return _sheet(
        w, names, lambda value: (value, round(abs(value) / scale, 3)), columns, size, f"{says.strip()} {told}"
    )


def pictures(
    images: ArrayLike, titles: Sequence[str], *, says: str, columns: int = 4, size: float = 0.95
) -> Figure:
    """Draw small gray pictures with a title above each; ink has the color of the page's text.

    images  (N, H, W) or (N, C, H, W), of which the first channel is drawn; 0 is paper and the largest value ink
    titles  one for each
    says    what the pictures are; the alt text adds the titles
    Raises ValueError for another number of titles than of images.
    """
    images = np.asarray(images, dtype=float)
    images = images[:, 0] if images.ndim == 4 else images
    if len(images) != len(titles):
        raise ValueError(f"pictures: give a title for each image; got {len(titles)} for {len(images)} images")
    ink = images.max() or 1.0
    told = "; ".join(titles)
    return _sheet(images, titles, lambda value: (None, value / ink), columns, size, f"{says.strip()} {told}.")


def _sheet(
    tables: Array, titles: Sequence[str], look: Callable, columns: int, size: float, alt: str
) -> Figure:
    """Small tables in rows, each with its title; `look` gives a cell's sign (None for ink) and its strength."""
    columns = min(columns, len(tables))
    rows = -(-len(tables) // columns)
    high = size * tables.shape[1] / tables.shape[2]
    wide = columns * size + (columns - 1) * _GAP
    if wide > WIDTH:
        raise ValueError(f"{columns} columns of {size} inches are wider than the page's {WIDTH}; take fewer")
    with style():
        fig = canvas(rows * (_TITLE + high) + (rows - 1) * _GAP + 0.02, wide + 0.02)
        axes = fig.add_axes((0, 0, 1, 1))
        axes.set_xlim(-0.01, wide + 0.01)
        axes.set_ylim(rows * (_TITLE + high + _GAP) - _GAP + 0.01, -0.01)
        axes.axis("off")
        for k, (table, title) in enumerate(zip(tables, titles, strict=True)):
            left, top = (k % columns) * (size + _GAP), (k // columns) * (_TITLE + high + _GAP)
            axes.text(left + size / 2, top + _TITLE - 0.06, title, ha="center", va="baseline", fontsize=9)
            _table(axes, table, left, top + _TITLE, size, high, look)
        return finish(fig, alt)


def _table(
    axes: Axes, table: Array, left: float, top: float, wide: float, high: float, look: Callable
) -> None:
    from matplotlib.patches import Rectangle

    frame = Rectangle((left, top), wide, high, fill=False, edgecolor=INK, linewidth=0.6, alpha=0.45)
    axes.add_patch(frame)
    cell = wide / table.shape[1]
    for (i, j), value in np.ndenumerate(table):
        sign, strength = look(value)
        at = (left + j * cell, top + i * cell)
        if sign is None and strength > 0:
            axes.add_patch(Rectangle(at, cell, cell, facecolor=INK, edgecolor="none", alpha=strength))
        elif sign:
            _square(axes, at, cell, sign, strength)


def _square(axes: Axes, at: tuple[float, float], cell: float, sign: float, strength: float) -> None:
    """A square in the middle of a cell whose area is `strength` of it: filled if positive, hollow if negative."""
    from matplotlib.patches import Rectangle

    side = 0.9 * cell * np.sqrt(strength)
    corner = (at[0] + (cell - side) / 2, at[1] + (cell - side) / 2)
    color = ROLES["weight"].either
    axes.add_patch(
        Rectangle(corner, side, side, facecolor=color if sign > 0 else "none", edgecolor=color, linewidth=1.2)
    )


def _at(flat: int, table: Array) -> str:
    i, j = np.unravel_index(flat, table.shape)
    return f"({i}, {j})"
