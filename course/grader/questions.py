"""What the grader asks a submission, and how it judges the answers: the building blocks of `problems`.

An `Item` is what earns points: some questions, asked one after the other, and a judge that sees the arrays that came
back. Judges run outside the sandbox; they are the only place where points come from.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from cnnlab.formatting import number

from . import mistakes


@dataclass(frozen=True)
class Function:
    """An argument that is a function: trusted source that defines make(*arrays), and the arrays."""

    source: str
    arrays: tuple


@dataclass(frozen=True)
class Call:
    """Call a function of the submission, which returns so many arrays."""

    name: str
    args: tuple
    outputs: int
    kwargs: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """Read a variable of the submission."""

    name: str


@dataclass(frozen=True)
class Verdict:
    """What an item earned, from 0 to 1, with words for the student and the ids of recognized mistakes."""

    fraction: float
    lines: tuple = ()
    mistakes: tuple = ()


@dataclass(frozen=True)
class Item:
    title: str
    points: float
    questions: tuple
    judge: Callable
    seconds: float | None = None  # for one question, where the usual limit is not right
    needs: tuple = ()  # parts that must have earned everything before this item counts


@dataclass(frozen=True)
class Part:
    """One graded part of a sheet: its solution cell has the grade id `name`, its points cell `name-points`."""

    name: str
    points: float
    asks_for: tuple  # the names that the solution cell must define
    build: Callable  # Draw -> list of Item

    def items(self, draw):
        items = self.build(draw)
        total = sum(item.points for item in items)
        if total != self.points:
            raise ValueError(f"{self.name}: the items add up to {total} points, the part has {self.points}")
        return items


@dataclass(frozen=True)
class ProblemSet:
    parts: tuple
    written: tuple = ()  # (grade id, points) of answers that a person grades

    @property
    def points(self):
        return sum(part.points for part in self.parts) + sum(points for _, points in self.written)


def same(got, expected, relative=1e-6):
    """Equal up to the rounding of float32, and of equal shape; a scalar may come as an array of one entry.

    Entries that are small because large terms cancel carry the rounding of those terms: the tolerance is relative
    to the largest entry as well.
    """
    if got.shape != expected.shape and not (got.size == expected.size == 1):
        return False
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    return bool(np.allclose(got.reshape(expected.shape), expected, rtol=relative, atol=relative * scale))


def as_arrays(outputs):
    return [np.asarray(output, dtype=float) for output in mistakes.as_tuple(outputs)]


def compared(title, points, right, outputs, cases, *, seconds=None, name=None, relative=1e-6):
    """An item that calls a function of the submission on each case and compares every output with the reference.

    right: the reference; outputs: the names of what it returns; cases: list of (args, kwargs) or of args alone. Each
    output earns an equal share, if it is right in every case.
    """
    name = name or right.__name__
    cases = [case if isinstance(case[-1], dict) else (case, {}) for case in cases]
    truth = [as_arrays(right(*args, **kwargs)) for args, kwargs in cases]

    def judge(replies):
        for reply in replies:
            if len(reply) != len(outputs):
                asked = ", ".join(outputs)
                return Verdict(0.0, (f"`{name}` returned {count(len(reply))}; asked for: {asked}.",))
        is_same = lambda got, expected: same(got, expected, relative)  # noqa: E731
        wrong = {}
        for k, output in enumerate(outputs):
            for reply, expected in zip(replies, truth, strict=True):
                if k not in wrong and not is_same(reply[k], expected[k]):
                    wrong[k] = first_difference(output, reply[k], expected[k], relative)
        found = mistakes.name_of(name, cases, replies, truth, is_same) if wrong else ()
        return Verdict(1 - len(wrong) / len(outputs), tuple(wrong.values()), found)

    questions = tuple(Call(name, tuple(args), len(outputs), kwargs) for args, kwargs in cases)
    return Item(title, points, questions, judge, seconds)


def count(arrays):
    return "1 array" if arrays == 1 else f"{arrays} arrays"


def first_difference(name, got, expected, relative=1e-6):
    """One sentence about the first wrong element, in row-major order. It shows no input."""
    if got.shape != expected.shape and not (got.size == expected.size == 1):
        return f"`{name}` has shape {got.shape}, expected {expected.shape}."
    got = got.reshape(expected.shape)
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    wrong = ~np.isclose(got, expected, rtol=relative, atol=relative * scale)
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = f"[{', '.join(map(str, index))}]" if index else ""
    how_many = f" ({int(wrong.sum())} of {expected.size} are wrong)" if expected.size > 1 else ""
    return f"`{name}{place}`: expected {shown(expected[index])}, got {shown(got[index])}{how_many}."


def shown(value):
    value = float(value)
    return number(value) if math.isfinite(value) else str(value)


def by_hand(points, expected):
    """An item on the student's own numbers: {variable name: expected array}. Each variable earns an equal share."""
    expected = {name: np.asarray(value, dtype=float) for name, value in expected.items()}

    def judge(replies):
        lines = [
            first_difference(name, reply[0], value)
            for (name, value), reply in zip(expected.items(), replies, strict=True)
            if not same(reply[0], value)
        ]
        return Verdict(1 - len(lines) / len(expected), tuple(hide_expected(line) for line in lines))

    return Item("your own numbers", points, tuple(Value(name) for name in expected), judge)


def hide_expected(line):
    """A hand computation may be handed in again with the same numbers: say where it is wrong, not what is right."""
    head, found, rest = line.partition(": expected ")
    return f"{head} is wrong: got {rest.partition(', got ')[2]}" if found else line


def both_ways(points, names, shapes, start, gap):
    """An item for "give an input on which this wrong gradient agrees with the right one, and one on which it differs".

    names: the arrays of one input, asked for as agree_NAME and differ_NAME; shapes: theirs; start: the student's own
    number, which the first array must begin with; gap(*arrays) -> (right, wrong). Agreeing is worth two thirds.
    Differing counts only beside an agreeing input: nearly every input differs.
    """
    asked = [f"{kind}_{name}" for kind in ("agree", "differ") for name in names]

    def judge(replies):
        arrays = [reply[0] for reply in replies]
        half = len(names)
        problems = [broken_rule(asked[i], arrays[i], shapes[i % half]) for i in range(len(asked))]
        problems += [
            f"`{asked[i]}` must begin with your number {shown(start)}."
            for i in (0, half)
            if not starts(arrays[i], start)
        ]
        problems = tuple(line for line in problems if line)
        if problems:
            return Verdict(0.0, problems)
        if distance(*gap(*arrays[:half])) > 1e-9:
            return Verdict(0.0, ("On your `agree` input the wrong gradient differs from the right one.",))
        if distance(*gap(*arrays[half:])) < 1e-3:
            return Verdict(2 / 3, ("On your `differ` input the wrong gradient agrees with the right one.",))
        return Verdict(1.0)

    return Item("agrees and differs", points, tuple(Value(name) for name in asked), judge)


def starts(array, start):
    return array.size > 0 and float(array.ravel()[0]) == float(start)


def broken_rule(name, array, shape):
    if array.shape != shape:
        return f"`{name}` has shape {array.shape}, the sheet asks for {shape}."
    size = np.abs(array)
    if not np.all((size >= 0.01) & (size <= 100)):
        return f"`{name}` has an entry whose size is not between 0.01 and 100."
    if len(np.unique(array)) != array.size:
        return f"`{name}` has two equal entries; all must be different."
    return None


def distance(right, wrong):
    right, wrong = np.asarray(right, dtype=float), np.asarray(wrong, dtype=float)
    return float(np.abs(right - wrong).max() / max(1.0, np.abs(right).max()))
