"""A computation as a circuit: on each wire the value that runs forward, and below it the gradient that runs back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnlab.figures.svg import Figure, canvas, finish, style
from cnnlab.formatting import number, signed
from cnnlab.palette import INK, ROLES, TINT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMN, _ROW, _HALF = 1.08, 1.0, 0.17  # inches between columns and rows, and half of a box's height
_LEFT, _TOP = 0.3, 0.32


@dataclass(frozen=True)
class Node:
    """A value or an operation of a circuit.

    at     (column, row) of its place; fractions are allowed
    text   what is written in it
    role   a key of `palette.ROLES` for a value, None for an operation
    """

    at: tuple[float, float]
    text: str
    role: str | None = None


@dataclass(frozen=True)
class Wire:
    """A wire from one node to another: the value that it carries forward, and the gradient that comes back on it."""

    start: str
    end: str
    value: float
    gradient: float


def circuit(
    nodes: Mapping[str, Node],
    wires: Sequence[Wire],
    *,
    arrives: Mapping[str, float | None],
    says: str,
) -> Figure:
    """Draw a circuit with the value above each wire and the gradient, with an arrow back, below it.

    arrives   {node: its gradient}: below these nodes stand the gradients of all wires that leave them, and their sum;
              None shows a question mark in place of it
    says      what the picture shows; the alt text goes on with every wire and every sum
    Raises ValueError if the gradients on the wires do not add up to the one that is given.
    """
    sums = {name: _sum(name, total, wires) for name, total in arrives.items()}
    columns, rows = (max(node.at[axis] for node in nodes.values()) for axis in (0, 1))
    with style():
        wide, high = _LEFT + columns * _COLUMN + 0.32, _TOP + rows * _ROW + 0.5
        fig = canvas(high, wide)
        axes = fig.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, wide), ylim=(high, 0))
        axes.axis("off")
        for wire in wires:
            _wire(axes, nodes[wire.start], nodes[wire.end], wire)
        for name, node in nodes.items():
            _box(axes, node)
            if name in sums:
                _arrived(axes, node, sums[name], _TOP + rows * _ROW)
        told = [
            f"{nodes[w.start].text} to {nodes[w.end].text}: {number(w.value, 4)} forward, {number(w.gradient, 4)} back."
            for w in wires
        ]
        told += [f"At {nodes[name].text}: {text}." for name, text in sums.items()]
        return finish(fig, f"{says.strip()} {' '.join(told)}")


def _sum(name: str, total: float | None, wires: Sequence[Wire]) -> str:
    """The gradients that arrive at a node on its wires, and their sum, as they are written below it."""
    parts = [wire.gradient for wire in wires if wire.start == name]
    if total is not None and not np.isclose(sum(parts), total):
        raise ValueError(
            f"circuit: the wires bring {parts} to {name}, which do not add up to {total}. Give each wire its gradient."
        )
    first, *rest = parts
    terms = " + ".join([number(first, 4), *(signed(part, 4) for part in rest)])
    return f"{terms} = {'?' if total is None else number(total, 4)}"


def _place(node: Node) -> tuple[float, float]:
    return _LEFT + node.at[0] * _COLUMN, _TOP + node.at[1] * _ROW


def _half_width(node: Node) -> float:
    return max(_HALF, 0.05 * len(node.text) + 0.07)


def _box(axes: Axes, node: Node) -> None:
    """A value stands in a marked cell, an operation in a plain one with round corners."""
    from matplotlib.patches import FancyBboxPatch

    (x, y), half = _place(node), _half_width(node)
    color = ROLES[node.role].either if node.role else INK
    box = FancyBboxPatch(
        (x - half, y - _HALF),
        2 * half,
        2 * _HALF,
        boxstyle="square,pad=0" if node.role else "round,pad=0,rounding_size=0.14",
        facecolor=(color, TINT) if node.role else "none",
        edgecolor=color,
        linewidth=1.8 if node.role else 1,
        linestyle=ROLES[node.role].line if node.role else "solid",
    )
    axes.add_patch(box)
    axes.text(x, y, node.text, ha="center", va="center_baseline")


def _arrived(axes: Axes, node: Node, words: str, lowest: float) -> None:
    """What arrives at a node stands below the whole circuit, and a dotted line leads up to the node."""
    x, y = _place(node)
    color = ROLES["delta"].either
    if y < lowest:
        axes.plot([x, x], [y + _HALF, lowest + _HALF], color=color, linewidth=1.2, linestyle=":")
    axes.text(x - _half_width(node), lowest + _HALF + 0.06, words, color=color, va="top", weight="bold")


def _wire(axes: Axes, start: Node, end: Node, wire: Wire) -> None:
    """A wire ends at the boxes' edges; its two numbers stand above and below it, or both beside a steep one."""
    (x0, y0), (x1, y1) = _place(start), _place(end)
    steep = abs(y1 - y0) > abs(x1 - x0)
    if steep:
        down = np.sign(y1 - y0)
        ends = (x0, y0 + down * _HALF), (x1, y1 - down * (_HALF + 0.02))
    else:
        right = np.sign(x1 - x0)
        ends = (x0 + right * _half_width(start), y0), (x1 - right * (_half_width(end) + 0.02), y1)
    axes.annotate(
        "", ends[1], ends[0], arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
    )
    (ax, ay), (bx, by) = ends
    x, y = (ax + bx) / 2, (ay + by) / 2
    value, gradient = number(wire.value, 4), number(wire.gradient, 4)
    color = ROLES["delta"].either
    if steep:
        side = "right" if x1 < x0 else "left"
        x += -0.2 if side == "right" else 0.2
        axes.text(x, y - 0.02, value, ha=side, va="bottom")
        axes.text(x, y + 0.04, f"↓ {gradient}", ha=side, va="top", color=color, weight="bold")
        return
    rises = np.sign(ay - by)  # beside a wire that rises, the space above it is on its left
    above, below = {1: ("right", "left"), 0: ("center", "center"), -1: ("left", "right")}[int(rises)]
    axes.text(x - 0.03 * rises, y - 0.04, value, ha=above, va="bottom")
    axes.text(x + 0.03 * rises, y + 0.05, f"← {gradient}", ha=below, va="top", color=color, weight="bold")
