"""Gradients against central differences, entry by entry, with a report that can be read."""

import html
import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.arrays import Array, check_same_shape
from cnnlab.formatting import number

ZOOM = 16  # how much closer a second look at a suspected kink goes


@dataclass(frozen=True)
class GradientEntry:
    """One entry of one argument: its analytic gradient and what two evaluations of the function say.

    noise           what rounding can do to the numeric gradient; `gradcheck` says how it is reckoned
    relative_error  |analytic - numeric| / max(|analytic|, |numeric|, floor); for the floor see `gradcheck`
    verdict         "agrees", "differs", or "kink": it does not agree, but here the function bends and the
                    analytic value lies between the slopes on both sides
    """

    name: str
    index: tuple
    analytic: float
    numeric: float
    noise: float
    relative_error: float
    verdict: str

    @property
    def where(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name


@dataclass(frozen=True)
class GradientReport:
    """The result of `gradcheck`: every entry, the worst first. Shows itself as text and as HTML.

    Wrong entries come before kinks. Entries that agree come last and in their own order, and the error of each is
    shown as being below the tolerance: it is mostly rounding, which no two machines need have in common. The field
    `relative_error` has its value.

    passed   True if every entry agrees; an entry at a kink does not
    differs  the entries where the gradient is wrong
    kinks    the entries that a central difference cannot judge
    """

    entries: tuple
    tolerance: float
    rows: int = 5

    @property
    def passed(self) -> bool:
        return all(entry.verdict == "agrees" for entry in self.entries)

    @property
    def differs(self) -> tuple[GradientEntry, ...]:
        return tuple(entry for entry in self.entries if entry.verdict == "differs")

    @property
    def kinks(self) -> tuple[GradientEntry, ...]:
        return tuple(entry for entry in self.entries if entry.verdict == "kink")

    @property
    def message(self) -> str:
        """One or two sentences: how many entries agree, differ, or stand at a kink."""
        total, differ, kinks = len(self.entries), len(self.differs), len(self.kinks)
        tolerance = number(self.tolerance)
        sentences = [f"{total - differ - kinks} of {total} entries agree to a relative error of {tolerance}."]
        if differ:
            sentences.append(f"The gradient is wrong in {differ}.")
        if kinks:
            sentences.append(
                f"{kinks} cannot be judged by a central difference: the function has a kink there, with one slope "
                "on the left and another on the right. Move the point a little and check again."
            )
        return " ".join(sentences)

    def __repr__(self) -> str:
        table = [HEADER, *self._cells()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in table]
        return "\n".join([self.message, *lines, *self._rest()])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{cell}</th>' for cell in HEADER)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._cells()
        )
        rest = "".join(f"<p>{line}</p>" for line in self._rest())
        return (
            f'<div class="cnnlab-gradcheck"><p>{html.escape(self.message)}</p>'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}</div>"
        )

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                entry.where,
                number(entry.analytic),
                number(round(entry.numeric, -math.ceil(math.log10(entry.noise)))),
                f"below {number(self.tolerance)}"
                if entry.verdict == "agrees"
                else number(entry.relative_error, 2),
                entry.verdict,
            )
            for entry in self.entries[: self.rows]
        ]

    def _rest(self) -> list[str]:
        hidden = self.entries[self.rows :]
        agree = sum(entry.verdict == "agrees" for entry in hidden)
        if not hidden:
            return []
        return [f"and {len(hidden)} more" + (", which all agree" if agree == len(hidden) else "")]


HEADER = ("where", "analytic", "numeric", "relative error", "verdict")


def gradcheck(
    function: Callable,
    arguments: Sequence[ArrayLike],
    gradients: Sequence[ArrayLike],
    *,
    names: Sequence[str] | None = None,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    rows: int = 5,
) -> GradientReport:
    """Compare gradients with central differences in every entry of every argument; returns a `Report`.

    numeric = (f(x + h) - f(x - h)) / 2h, one entry of one argument moved by h = step * max(1, |x|)

    function   takes the arrays in `arguments` and returns one number
    arguments  a sequence of arrays of any shapes; they are checked in float64 and not modified
    gradients  the analytic gradient of the function for each argument, in the same order and shapes
    names      a name for each argument; the default takes them from the function's signature
    step       the relative size of a move; 1e-5 balances the error of the difference (like h^2) with that of
               rounding (like 1/h)
    tolerance  the relative error up to which an entry agrees
    rows       how many entries the report shows

    Rounding f alone moves the quotient by about 2^-52 |f| / h. A difference of up to 32 times that is no error
    that could be seen; the floor under the relative error is this noise divided by the tolerance, so that such
    entries agree. With the defaults and |f| near 1, a wrong entry shows if it is off by 1e-9 or more.

    Kinks: where f bends (ReLU at 0, a tie in max-pooling) the slopes to the left and to the right differ, and the
    central difference is their mean. A smooth f has nearly equal slopes, and a look from 16 times closer makes them
    16 times more alike; at a kink it does not. An entry that does not agree has the verdict "kink" only if this
    happens and the analytic value lies between the slopes seen on both sides, and "differs" otherwise.

    Raises TypeError if the function returns anything but one number, ValueError if the numbers of arguments,
    gradients and names are not the same, or an argument and its gradient have different shapes, or f is not finite.
    Source: the step and the relative error as in CS231n's notes on gradient checks.
    """
    if len(arguments) != len(gradients):
        raise ValueError(
            f"gradcheck: arguments and gradients must be sequences of as many arrays each, got {len(arguments)} and "
            f"{len(gradients)}; put a single array into a list."
        )
    names = _names(function, len(arguments)) if names is None else list(names)
    if len(names) != len(arguments):
        raise ValueError(f"gradcheck: names must be one for each of {len(arguments)} arguments, got {names}.")
    pairs = [
        check_same_shape("gradcheck", **{name: np.array(x, float), f"the gradient of {name}": g})
        for name, x, g in zip(names, arguments, gradients, strict=True)
    ]
    points = [x for x, _ in pairs]
    entries = [
        _check_entry(function, points, name, x, index, float(gradient[index]), step, tolerance)
        for name, (x, gradient) in zip(names, pairs, strict=True)
        for index in np.ndindex(x.shape)
    ]
    entries.sort(key=_rank)
    return GradientReport(tuple(entries), tolerance, rows)


def _rank(entry: GradientEntry) -> tuple[float, ...]:
    """Wrong entries first, then kinks, each with the largest error first; what agrees keeps its order."""
    return {"differs": (0, -entry.relative_error), "kink": (1, -entry.relative_error), "agrees": (2,)}[
        entry.verdict
    ]


def _check_entry(
    function: Callable,
    points: list[Array],
    name: str,
    x: Array,
    index: tuple[int, ...],
    analytic: float,
    step: float,
    tolerance: float,
) -> GradientEntry:
    h = step * max(1.0, abs(x[index]))
    left, numeric, right, noise = _slopes(function, points, x, index, h)
    floor = noise / tolerance
    error = abs(analytic - numeric) / max(abs(analytic), abs(numeric), floor)
    verdict = "agrees" if error <= tolerance else "differs"
    if verdict == "differs":
        near_left, near, near_right, near_noise = _slopes(function, points, x, index, h / ZOOM)
        slopes = (left, right, near_left, near_right)
        # A step of h/16 still carries a sixteenth of the curvature that it shows over h.
        curvature = min(abs(left - near_left), abs(right - near_right)) / (ZOOM - 1)
        margin = tolerance * max(map(abs, slopes)) + 2 * curvature + near_noise
        gap, near_gap = abs(right - left), abs(near_right - near_left)
        bends = abs(near_gap - gap / ZOOM) > gap / (2 * ZOOM) + 2 * near_noise or abs(near - numeric) > margin
        if bends and min(slopes) - margin <= analytic <= max(slopes) + margin:
            verdict = "kink"
    return GradientEntry(
        name=name,
        index=index,
        analytic=analytic,
        numeric=numeric,
        noise=noise,
        relative_error=error,
        verdict=verdict,
    )


def _slopes(
    function: Callable, points: list[Array], x: Array, index: tuple[int, ...], h: float
) -> tuple[float, float, float, float]:
    """The slopes of the function to the left of x[index], across it, to the right, and what rounding can do."""
    value = x[index]
    values = []
    for moved in (value - h, value, value + h):
        x[index] = moved
        values.append(_number(function(*(point.copy() for point in points))))
    x[index] = value
    low, middle, high = values
    noise = 32 * np.finfo(float).eps * max(*map(abs, values), np.finfo(float).tiny) / h
    return float((middle - low) / h), float((high - low) / (2 * h)), float((high - middle) / h), float(noise)


def _number(result: Any) -> float:
    if np.size(result) != 1 or np.asarray(result).dtype.kind not in "fiu":
        raise TypeError(
            "gradcheck: function must return one real number, got "
            f"{type(result).__name__} of shape {np.shape(result)}; "
            "for an array y take np.sum(y * dy) with a fixed dy."
        )
    result = float(np.asarray(result).item())
    if not np.isfinite(result):
        raise ValueError(
            f"gradcheck: function must return a finite number, got {result}; check another point."
        )
    return result


def _names(function: Callable, count: int) -> list[str]:
    parameters = list(inspect.signature(function).parameters.values())
    if len(parameters) >= count and all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters[:count]):
        return [p.name for p in parameters[:count]]
    return [f"argument {i}" for i in range(count)]
