"""What a task is: all that is known of one function that a reader may write and have checked."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from cnnlab.arrays import Array

REQUIRED = inspect.Parameter.empty
"""The default of an option that has none."""


@dataclass(frozen=True)
class Probe:
    """One call: the arguments by name and in order, the keywords, what is special about it.

    tags    any of the keys of `SPECIAL`
    story   what is asked here, if the arrays alone do not say so
    """

    arguments: dict
    options: dict = field(default_factory=dict)
    tags: frozenset = frozenset()
    story: str = ""

    @property
    def label(self) -> str:
        """The call in words: shapes and keywords."""
        shapes = [f"{name} {_shape(v)}" for name, v in self.arguments.items() if not callable(v)]
        return ", ".join(shapes + [f"{name}={_option(value)}" for name, value in self.options.items()])


SPECIAL = {
    "batch": "more than one example",
    "channels": "more than one channel or filter",
    "stride": "a stride",
    "padding": "padding",
    "dilation": "dilation",
    "groups": "groups",
    "integers": "arrays of integers",
    "square": "a square kernel",
    "ties": "ties",
    "overlap": "overlapping windows",
    "pair": "a pair as size or stride",
    "large": "large scores",
}
"""What can be special about a probe: the tag, and how it is said. A check can leave probes out by their tags."""


@dataclass(frozen=True)
class Case:
    """Arguments by keyword on which mistakes are shown, and what they are."""

    title: str
    arguments: dict


@dataclass(frozen=True, kw_only=True)
class Task:
    """One record for each function; checks, catalogue, the page of mistakes and tests are made from it.

    name      of the check, such as ``conv1d_backward``
    group     first word of its targets in the catalogue, such as ``conv``; one- and two-dimensional twins share it
    takes     the names of the arguments, in order
    returns   the names of the returned arrays, in order
    right     the right function; it takes everything by keyword
    chapter   where to read: the file name of the chapter, without ending
    says      what the function computes, as far as its names do not say it
    options   keywords and their defaults, `REQUIRED` for one that has none
    asked     keywords and defaults that a check asks for only when it is told to; probes with them have them as tags
    probes    makes the calls on which a function is tried, the simplest first
    plain     makes those on which one for plain vectors or matrices is tried; None if there is no such version
    terms     by part: what adds up to the entry at an index, as a function of (trace, index, **arguments); the result
              is a `cnnlab.trace.Entry`, a sentence, or a sequence of both. `trace` is handed in, as it stands above.
    examples  makes what the page of mistakes shows them on, the chapter's own first; of twins only one has them
    """

    name: str
    group: str
    takes: tuple[str, ...]
    returns: tuple[str, ...]
    right: Callable
    chapter: str
    probes: Callable[[], Sequence[Probe]]
    says: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    asked: Mapping[str, object] = field(default_factory=dict)
    plain: Callable[[], Sequence[Probe]] | None = None
    terms: Mapping[str, Callable] = field(default_factory=dict)
    examples: Callable[[], Sequence[Case]] = tuple

    @property
    def form(self) -> str:
        """The function as it is called: ``f(dy, x, w, *, stride=1) -> (dx, dw, db)``."""
        keywords = [name if value is REQUIRED else f"{name}={value}" for name, value in self.options.items()]
        arguments = ", ".join([*self.takes, *["*"][: len(keywords)], *keywords])
        returned = f"({', '.join(self.returns)})" if len(self.returns) > 1 else self.returns[0]
        return f"f({arguments}) -> {returned}"

    def part(self, name: str) -> Callable:
        """The right function for one of the returned arrays."""
        if len(self.returns) == 1:
            return self.right
        position = self.returns.index(name)
        return lambda **arguments: self.right(**arguments)[position]


def numbers(*shape: int, seed: int, choices: Sequence[float] = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 6)) -> Array:
    """An array of small numbers without symmetry and with a sum that is not 0; the same on every machine and version."""
    return np.array(_numbers(int(np.prod(shape)), seed, choices), dtype=float).reshape(shape)


@cache
def _numbers(count: int, seed: int, choices: tuple) -> list:
    state, values = 7919 * (seed + 1), []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        values.append(choices[(state >> 16) % len(choices)])
    if sum(values) == 0 and 0 not in choices:
        values[-1] = choices[(choices.index(values[-1]) + 1) % len(choices)]
    return values


def halves(*shape: int, seed: int) -> Array:
    """As `numbers`, with a half in every one of them."""
    return numbers(*shape, seed=seed, choices=(-2.5, -1.5, -0.5, 0.5, 1.5, 3.5))


def scattered(count: int, seed: int) -> Array:
    """0 to count - 1 in a fixed order without pattern."""
    keys, state = [], 104729 * (seed + 1)
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        keys.append(state)
    return np.argsort(np.argsort(keys)).astype(float)


def tags(**present: bool) -> frozenset:
    """The names of what is there."""
    return frozenset(name for name, is_there in present.items() if is_there)


def renamed(entry: Any, names: Mapping[str, str] | None = None, trailing: int = 0) -> Any:
    """A traced entry with other names for its factors, and without the trailing axes that the reader does not have."""

    def cut(name: str, index: tuple[int, ...]) -> tuple[int, ...]:
        return index if name == "db" else index[: len(index) - trailing]

    def factors(term: Any) -> tuple:
        return tuple(
            replace(f, name=(names or {}).get(f.name, f.name), index=cut(f.name, f.index))
            for f in term.factors
        )

    terms = tuple(replace(term, factors=factors(term)) for term in entry.terms)
    return replace(entry, index=cut(entry.name, entry.index), terms=terms)


def _shape(value: object) -> str:
    if isinstance(value, np.ndarray):
        return str(value.shape)
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], np.ndarray):
        return "[" + ", ".join(str(v.shape) for v in value) + "]"
    return str(value)


def _option(value: object) -> str:
    return _shape(value) if isinstance(value, (np.ndarray, list)) else str(value)
