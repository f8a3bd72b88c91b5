"""One question with its numbers: what is given, what is asked, what each mistake would give."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from random import Random
from typing import Any

import numpy as np

from cnnlab import misconceptions
from cnnlab.arrays import Array
from cnnlab.formatting import settled
from cnnlab.practice.answers import allowed, explained, shown

DIGITS = 4
"""Significant digits of an answer. All answers have so few that nothing is rounded."""
AXES = {"conv1d_backward": 1, "two_convolutions_backward": 1, "conv2d_backward": 2, "max_pool2d_backward": 2}
INTEGERS = (-3, -2, -1, 1, 2, 3, 4)


Wrong = Callable[..., Iterable[tuple[str, float]]]


@dataclass(frozen=True)
class Slip:
    """A wrong way of its own, where the catalogue has none: what was done, why it is wrong, and where to read."""

    words: str
    link: str


@dataclass(frozen=True)
class Solution:
    """How a question is solved: lines in names and then in numbers, and the numbers that add up to the answer."""

    lines: tuple[str, ...]
    terms: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A question on numbers that were drawn.

    ask      one sentence that asks for one number
    given    the arrays and numbers that the reader sees, by name
    right    the answer, as a function of `given`
    wrong    (id of a mistake, what it gives) one after the other, as a function of `given`, of all mistakes or of a
             named one; those that cannot be made there, and those that change nothing, are left out
    explain  the solution, as a function of `given`
    apart    the mistakes whose values must differ from each other; of the others only the answer must differ
    blind    mistakes that no question of this form can show
    """

    ask: str
    given: Mapping[str, Any]
    right: Callable[[Mapping], float]
    wrong: Wrong
    explain: Callable[[Mapping], Solution]
    apart: Sequence[str]
    blind: Sequence[str] = ()

    def answers(self) -> tuple[float, dict[str, float]] | None:
        """The answer and the value of each mistake; None if this draw is no good question.

        It is none if a mistake gives the answer, if two of `apart` give one value, or one of `apart` gives none.
        """
        answer, found = settled(self.right(self.given)), {}
        if not answer:
            return None
        for id, value in self.wrong(self.given):
            if id in self.blind or not np.isfinite(value):
                continue
            value = settled(value)
            if abs(value - answer) <= allowed(answer, DIGITS):
                return None
            found[id] = value
        texts = [shown(found[id], DIGITS) for id in self.apart if id in found]
        if len(texts) < len(self.apart) or len(set(texts)) < len(texts):
            return None
        return answer, found


def catalogued(
    ask: str,
    part: str,
    index: tuple[int, ...],
    given: Mapping[str, Any],
    *,
    apart: Sequence[str],
    blind: Sequence[str] = (),
    hidden: Mapping[str, Any] | None = None,
) -> Drawn:
    """A question about one entry of a gradient; the catalogue knows the mistakes.

    part, index   as in `cnnlab.misconceptions.values`: ``conv1d_backward.dw``, (0, 0, 1)
    given         the arguments as the reader sees them: vectors and matrices; those of a convolution get their axes of
                  examples and channels
    hidden        further arguments, such as the shape of a window
    """
    hidden = dict(hidden or {})

    def arguments(given: Mapping) -> dict:
        return {name: full(part, name, value) for name, value in given.items()} | hidden

    def right(given: Mapping) -> float:
        return float(misconceptions.variants(part, arguments(given))[0][index])

    def wrong(given: Mapping, only: str | None = None) -> Iterator[tuple[str, float]]:
        true, arrays = misconceptions.variants(part, arguments(given), only)
        for id, of_one in groupby(arrays, key=itemgetter(0)):
            values = [float(array[index]) for _, array in of_one if array.shape == true.shape]
            # Another array than the right one, although perhaps not at this entry.
            if values:
                yield id, next((v for v in values if not np.isclose(v, true[index])), values[0])

    def explain(given: Mapping) -> Solution:
        lines, terms = explained(part, index, **arguments(given))
        return Solution(tuple(lines), tuple(settled(term) for term in terms))

    return Drawn(
        ask=ask,
        given=given,
        right=right,
        wrong=wrong,
        explain=explain,
        apart=apart,
        blind=blind,
    )


def full(part: str, name: str, value: Any) -> Any:
    """An argument as the backend takes it: arrays of layers with axes for examples and channels, if they have none."""
    if not isinstance(value, np.ndarray):
        return value
    function = part.partition(".")[0]
    if function == "momentum_step" and name == "gradients" and value.ndim == 1:
        return value[:, None]
    axes = AXES.get(function)
    if axes is None or value.ndim == axes + 2:
        return value
    if value.ndim == axes + 1:  # channels or kernels in front
        return value[:, None] if name == "w" else value[None]
    return value[None, None]


def integers(random: Random, *shape: int, choices: Sequence[float] = INTEGERS) -> Array:
    """Small integers, as floats, of which no two neighbors in a row are equal."""
    while True:
        values = np.array([random.choice(choices) for _ in range(int(np.prod(shape)))], float).reshape(shape)
        if all(a != b for row in values.reshape(-1, shape[-1]) for a, b in pairwise(row)):
            return values


def own(**formulas: Callable[[Mapping], float]) -> Wrong:
    """Wrong ways that are not in the catalogue, by id with _ for -, as `Drawn.wrong` wants them."""

    named = {name.replace("_", "-"): formula for name, formula in formulas.items()}

    def wrong(given: Mapping, only: str | None = None) -> Iterator[tuple[str, float]]:
        for id in [only] if only else named:
            yield id, named[id](given)

    return wrong
