"""Curves and bars: losses, accuracies, ratios."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnlab.figures.svg import INK, WIDTH, Figure, canvas, finish, style
from cnnlab.formatting import number


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
) -> Figure:
    """Draw named curves over a shared axis. Colors differ and so do dashes and markers.

    series   {name: values}; `x` gives the abscissa, else 0, 1, 2, ...
    says     what the picture shows; the alt text adds each curve's first and last value
    """
    with style():
        fig = canvas(height)
        axes = fig.add_axes((0.15, 0.19, 0.81, 0.76))
        markers = "os^Dv"
        for k, (name, values) in enumerate(series.items()):
            at = np.arange(len(values)) if x is None else np.asarray(x)
            every = max(1, len(values) // 8)
            axes.plot(at, values, label=name, marker=markers[k % len(markers)], markevery=every, markersize=5)
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
    values: Mapping[str, float], *, says: str, xlabel: str = "", digits: int = 4, mark: float | None = None
) -> Figure:
    """Draw horizontal bars with their names and values; `mark` draws a vertical line to compare with."""
    with style():
        fig = canvas(0.75 + 0.38 * len(values), WIDTH)
        axes = fig.add_axes((0.36, 0.26 if xlabel else 0.1, 0.52, 0.7))
        names = list(values)
        axes.barh(
            range(len(names)), [values[name] for name in names], height=0.62, edgecolor=INK, linewidth=0.6
        )
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel(xlabel)
        for row, name in enumerate(names):
            axes.annotate(
                number(values[name], digits),
                (values[name], row),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
            )
        if mark is not None:
            axes.axvline(mark, color=INK, linestyle="--", linewidth=1)
        told = "; ".join(f"{name} {number(value, digits)}" for name, value in values.items())
        return finish(fig, f"{says.strip()} {told}.")


def _plain_ticks(axes, log: bool, logx: bool) -> None:
    """Write ticks as plain numbers: a power of ten set as mathematics would lose its real text."""
    for axis, logarithmic in ((axes.xaxis, logx), (axes.yaxis, log)):
        axis.set_major_formatter(lambda value, _: number(value, 4))
        if logarithmic:
            axis.set_minor_formatter(lambda value, _: "")
