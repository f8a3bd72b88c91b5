"""Curves, bars and number lines: losses, accuracies, ratios, slopes at a corner, steps of a weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnnlab.figures.svg import NARROW, WIDTH, Figure, canvas, finish, style
from cnnlab.formatting import number
from cnnlab.palette import INK, ROLES, TINT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Canvas


def curves(
    series: Mapping[str, Sequence[float]],
    *,
    says: str,
    x: Sequence[float] | None = None,
    xlabel: str = "step",
    ylabel: str = "loss",
    log: bool = False,
    logx: bool = False,
    height: float = 2.8,
    width: float = WIDTH,
    roles: Mapping[str, str] | None = None,
) -> Figure:
    """Draw named curves over a shared axis. Dashes and markers tell them apart, and color those that have a role.

    series   {name: values}; `x` gives the abscissa, else 0, 1, 2, ...
    height, width   inches
    roles    {name: role} of curves that mean a role, such as "wrong"; the others are drawn in the color of text
    says     what the picture shows; the alt text adds each curve's first and last value
    """
    with style():
        fig = canvas(height, width)
        left = 0.15 * (WIDTH / width)  # as many inches in any width, so that the label has its room
        axes = fig.add_axes((left, 0.19, 0.81 - (left - 0.15), 0.76))
        markers = "os^Dv"
        for k, (name, values) in enumerate(series.items()):
            color = _color(name, roles)
            at = np.arange(len(values)) if x is None else np.asarray(x)
            every = max(1, len(values) // 8)
            axes.plot(at, values, label=name, color=color, marker=markers[k % len(markers)], markevery=every)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        if log:
            axes.set_yscale("log")
        if logx:
            axes.set_xscale("log")
        if not logx and np.array_equal(at, np.round(at)):
            axes.locator_params(axis="x", integer=True)  # there is no epoch 2.5
        _plain_ticks(axes, log, logx)
        axes.grid(True, color=INK, alpha=0.15, linewidth=0.5, linestyle="-")
        if len(series) > 1:
            axes.legend(loc="best")
        ends = " ".join(
            f"{name}: from {number(v[0], 4)} to {number(v[-1], 4)}." for name, v in series.items()
        )
        return finish(fig, f"{says.strip()} {ends}")


def bars(
    values: Mapping[str, float],
    *,
    says: str,
    xlabel: str = "",
    digits: int = 4,
    mark: float | None = None,
    roles: Mapping[str, str] | None = None,
) -> Figure:
    """Draw horizontal bars with their names and values.

    mark    a vertical line to compare with
    roles   {name: role} of bars that mean a role, such as "wrong"; the others are drawn in the color of text

    The values stand in a column behind the longest bar, where the line crosses none of them.
    """
    with style():
        longest = max(len(number(value, digits)) for value in values.values())
        fig, axes = _named_rows(values, xlabel, room=max(0.5, (4 + 6 * longest) / 72))
        names = list(values)
        for row, name in enumerate(names):
            color = _color(name, roles)
            axes.barh(row, values[name], height=0.62, facecolor=(color, TINT), edgecolor=color, linewidth=1.2)
        for row, name in enumerate(names):
            axes.annotate(
                number(values[name], digits),
                (1, row),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
            )
        if mark is not None:
            axes.axvline(mark, color=INK, linestyle="--", linewidth=1)
        told = "; ".join(f"{name} {number(value, digits)}" for name, value in values.items())
        return finish(fig, f"{says.strip()} {told}.")


def dots(
    values: Mapping[str, Sequence[float]],
    *,
    says: str,
    xlabel: str = "",
    digits: int = 4,
    log: bool = False,
    roles: Mapping[str, str] | None = None,
) -> Figure:
    """Draw a row of dots for each name, one dot a value: runs that differ in their seed, none left out or averaged.

    roles    {name: role} of rows that mean a role, such as "wrong"; their dots are crosses
    says     what the picture shows; the alt text adds all values
    """
    with style():
        fig, axes = _named_rows(values, xlabel, room=0.25, log=log)
        for row, (name, row_values) in enumerate(values.items()):
            color = _color(name, roles)
            marker = "o" if color == INK else "x"
            axes.plot(
                row_values, [row] * len(row_values), marker, color=color, fillstyle="none", markersize=7
            )
        axes.grid(True, color=INK, alpha=0.15, linewidth=0.5, linestyle="-")
        told = "; ".join(
            f"{name} {', '.join(number(value, digits) for value in row)}" for name, row in values.items()
        )
        return finish(fig, f"{says.strip()} {told}.")


def _named_rows(values: Mapping, xlabel: str, room: float, log: bool = False) -> tuple[Canvas, Axes]:
    """A row for each name, in a picture as wide as a phone's column; `room` stays free on the right, in inches."""
    height, left, below = 0.75 + 0.38 * len(values), 0.25 + 0.064 * max(map(len, values)), 0.45
    fig = canvas(height, NARROW)
    low = below if xlabel else 0.2
    axes = fig.add_axes(
        (left / NARROW, low / height, (NARROW - left - room) / NARROW, (height - low - 0.05) / height)
    )
    if log:
        axes.set_xscale("log")
    _plain_ticks(axes, False, log)
    axes.set_yticks(range(len(values)), list(values))
    axes.set_ylim(len(values) - 0.5, -0.5)
    fig.text(0.5, 0.06 / height, xlabel, ha="center", va="bottom")  # it is often wider than the axis
    return fig, axes


def _color(name: str, roles: Mapping[str, str] | None) -> str:
    return ROLES[roles[name]].either if roles and name in roles else INK


def _plain_ticks(axes: Axes, log: bool, logx: bool) -> None:
    """Write ticks as plain numbers: a power of ten set as mathematics would lose its real text."""
    for axis, logarithmic in ((axes.xaxis, logx), (axes.yaxis, log)):
        axis.set_major_formatter(lambda value, _: number(value, 4))
        if logarithmic:
            axis.set_minor_formatter(lambda value, _, axis=axis: _two_or_five(axis, value))


def _two_or_five(axis: Axis, value: float) -> str:
    """What to write at a tick between powers of ten: twos and fives, where one power alone says nothing of the scale."""
    low, high = np.log10(axis.get_view_interval())
    alone = np.floor(high) - np.ceil(low) < 1
    return number(value, 4) if alone and f"{value:e}"[0] in "25" else ""


def corner(
    x: Sequence[float],
    curve: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    *,
    says: str,
    xlabel: str,
    ylabel: str = "y",
) -> Figure:
    """A curve, and straight lines that should lie nowhere above it. One that does is drawn as wrong, with crosses there.

    x       the abscissa of all of them, which holds 0; a dotted line marks it
    lines   {name: values}; the name stands at the line's right end
    says    what the picture shows; the alt text adds which lines keep below the curve
    """
    at, below = np.asarray(x), np.asarray(curve)
    over = {name: np.asarray(values) > below + 1e-9 for name, values in lines.items()}
    with style():
        fig = canvas(2.5, NARROW)
        axes = fig.add_axes((0.11, 0.2, 0.6, 0.74))
        axes.plot(at, below, color=INK, linewidth=3)
        axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
        for name, values in lines.items():
            color = ROLES["wrong" if over[name].any() else "result"].either
            axes.plot(at, values, color=color, linewidth=1.5, linestyle="--")
            axes.plot(at[over[name]], np.asarray(values)[over[name]], "x", color=color, markersize=6)
            axes.annotate(
                name,
                (at[-1], values[-1]),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=color,
            )
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.locator_params(integer=True, nbins=6)
        _plain_ticks(axes, False, False)
        told = (
            f"{name}: {'above the curve in places' if over[name].any() else 'never above'}." for name in lines
        )
        return finish(fig, f"{says.strip()} {' '.join(told)}")


def moves(
    start: float, ends: Mapping[str, Sequence[float]], *, says: str, xlabel: str, digits: int = 4
) -> Figure:
    """Where copies of one number go from a common start: a row of arrows on a number line for each rule.

    ends   {rule: the end of each copy}
    says   what the picture shows; the alt text adds the start and all ends
    """
    color = ROLES["weight"].either
    with style():
        fig = canvas(0.62 + 0.56 * len(ends), NARROW)
        axes = fig.add_axes((0.03, 0.5 / fig.get_figheight(), 0.94, 1 - 0.52 / fig.get_figheight()))
        axes.axvline(start, color=INK, linewidth=0.8, linestyle=":")
        for row, (rule, places) in enumerate(ends.items()):
            for copy, end in enumerate(places):
                height = row + 0.18 * (copy - (len(places) - 1) / 2)
                arrow = {"arrowstyle": "-|>", "color": color, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
                axes.annotate("", (end, height), (start, height), arrowprops=arrow)
            for end in dict.fromkeys(places):
                side = 1 if end > start else -1
                axes.annotate(
                    number(end, digits),
                    (end, row),
                    xytext=(6 * side, 0),
                    textcoords="offset points",
                    ha="left" if side > 0 else "right",
                    va="center",
                )
            axes.text(0.01, row - 0.34, rule, va="center", transform=axes.get_yaxis_transform())
        least, most = min(map(min, ends.values())), max(map(max, ends.values()))
        room = 0.22 * (max(most, start) - min(least, start))
        axes.set(xlim=(min(least, start) - room, max(most, start) + 2 * room), ylim=(len(ends) - 0.6, -0.6))
        axes.set_xticks([start], [f"{xlabel} {number(start, digits)}"])
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        told = "; ".join(
            f"{rule}: {', '.join(number(end, digits) for end in places)}" for rule, places in ends.items()
        )
        return finish(fig, f"{says.strip()} From {number(start, digits)}. {told}.")
