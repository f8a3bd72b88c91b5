"""What one row of the catalogue holds, and how two rows are combined.

A *target* names one returned array of one function, such as ``conv.dw``: the weight gradient of a convolution in
one or two dimensions. All functions of the catalogue take their arguments by keyword.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnnlab.tasks import TASKS

RIGHT = {f"{task.group}.{part}": task.part(part) for task in TASKS.values() for part in task.returns}
"""The right function by target."""

CHAPTERS = {
    "one-weight-many-connections": "One weight, many connections",
    "one-dimension-by-hand": "One dimension, by hand",
    "max-pooling-routes": "Max-pooling routes the gradient",
    "two-dimensions": "Two dimensions, from pixels to weights",
    "two-convolutions": "Two convolutions and a tempting wrong answer",
    "strides-padding-dilation": "Strides, padding, dilation",
    "whole-network": "The whole network",
    "convolution-is-a-matrix": "A convolution is a matrix",
    "before-you-start": "Before you start",
}
"""The chapters that an entry can point to: file name without ending, and title."""


@dataclass(frozen=True)
class Change:
    """A mistake that alters another function: its arguments before the call, or its result after it.

    before   takes the arguments as a dictionary and returns those to call with
    after    takes the result and the arguments, and returns the wrong result
    """

    before: Callable | None = None
    after: Callable | None = None

    def __call__(self, function: Callable) -> Callable:
        def changed(**arguments: Any) -> Any:
            result = function(**(self.before(arguments) if self.before else arguments))
            return self.after(result, arguments) if self.after else result

        return changed


@dataclass(frozen=True)
class Misconception:
    """One row of the catalogue.

    id          short, stable, with hyphens
    name        what was done, in a few words
    wrong       the wrong formula by target: a function, a `Change` of the right one, or a tuple of such variants
    tempting    one sentence: why one would do it
    why         one sentence: why it is wrong
    hint        one sentence that helps without giving the solution
    chapter     the file name, without ending, of the chapter that treats it
    section     the anchor of the section there that explains it
    hides       where it cannot be told from the truth, so that a test there would not notice it
    joint       True if it shows in all of its targets at once, so that one wrong result beside a right one rules it out
    convention  True if the result is a valid subgradient and only breaks this book's convention
    conduct     for a mistake that is no formula but a habit: takes a right function, returns one with the habit
    """

    id: str
    name: str
    wrong: Mapping[str, object]
    tempting: str
    why: str
    hint: str
    chapter: str
    section: str
    hides: str = ""
    joint: bool = False
    convention: bool = False
    conduct: Callable | None = field(default=None, repr=False)

    def variants(self, target: str) -> tuple:
        """The wrong formulas for one target, as they stand in the table; empty if it has none there."""
        entry = self.wrong.get(target, ())
        return entry if isinstance(entry, tuple) else (entry,)


def to(targets: str, formula: object) -> dict[str, object]:
    """The same formula for several targets: ``to("conv.dx conv.dw", change)``."""
    return dict.fromkeys(targets.split(), formula)


def attempt(formula: Callable, /, *positional: Any, **arguments: Any) -> Any:
    """What a wrong formula gives, or None if it makes no array of these shapes or does not know one of the options."""
    try:
        with np.errstate(all="ignore"):
            return formula(*positional, **arguments)
    except (ValueError, IndexError, TypeError):
        return None
