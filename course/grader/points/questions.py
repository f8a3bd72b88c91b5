"""What the grader asks a submission, and how it judges the answers: the building blocks of `problems`.

An `Item` is what earns points: some questions, asked one after the other, and a judge that sees the arrays that came
back. Judges run outside the sandbox; they are the only place where points come from. Arrays are judged as `cnnlab.check`
judges them, by the same tolerance and in the same words, but the inputs and the right answers are the grader's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from cnnlab.check import verdict
from cnnlab.check.answers import Answer, Returned, agreeing, miscounted
from cnnlab.check.duties import own_duty
from cnnlab.check.report import misconception_sections
from cnnlab.check.sandbox import Outcome
from cnnlab.handin.checking import broken_rule

from . import wrong_variants
from .words import WORDS

DRAWS = 50


@dataclass(frozen=True)
class Function:
    """An argument that is a function: trusted source that defines make(*arrays), and the arrays."""

    source: str
    arrays: tuple


@dataclass(frozen=True)
class Call:
    """Call a function of the submission, which returns one array for each of the names in `outputs`."""

    name: str
    args: tuple
    outputs: tuple
    kwargs: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """Read a variable of the submission."""

    name: str


@dataclass(frozen=True)
class Credit:
    """What an item earned, from 0 to 1, with words for the student.

    lines           what is wrong
    diagnosis       which known mistake it is, with a hint
    misconceptions  ids of those mistakes, most likely first
    """

    fraction: float
    lines: tuple[str, ...] = ()
    diagnosis: tuple[str, ...] = ()
    misconceptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A variable that a part asks for.

    right   what it has to be, where that is one array
    rules   whether the sheet's rules for inputs hold for it, and `starts`, whether it begins with the student's number
    """

    name: str
    shape: tuple
    right: np.ndarray | None = None
    rules: bool = False
    starts: bool = False


@dataclass(frozen=True)
class Item:
    title: str
    points: float
    questions: tuple
    judge: Callable
    seconds: float | None = None  # for one question, where the usual limit is not right
    needs: tuple = ()  # parts that must have earned everything before this item counts
    values: tuple = ()  # an `Asked` for each variable that the questions read
    zeros: tuple = ()  # outputs that are zero in every case, so that a function which does nothing would be right


@dataclass(frozen=True)
class Part:
    """One graded part of a sheet: its solution cell has the grade id `name`, its points cell `name-points`."""

    name: str
    points: float
    asks_for: tuple  # the names that the solution cell must define
    build: Callable  # Draw -> list of Item

    def items(self, draw):
        """The part's items, from the first draw in which nothing that is asked for is zero throughout."""
        for _ in range(DRAWS):
            items = self.build(draw)
            if not any(item.zeros for item in items):
                break
        else:
            raise ValueError(f"{self.name}: an output is zero in each of {DRAWS} draws; ask on other inputs")
        total = sum(item.points for item in items)
        if total != self.points:
            raise ValueError(f"{self.name}: the items add up to {total} points, the part has {self.points}")
        return items


@dataclass(frozen=True)
class ProblemSet:
    parts: tuple
    written: tuple = ()  # (grade id, points) of answers that a person grades
    rubrics: Mapping = field(
        default_factory=dict
    )  # grade id of such an answer: what each equal share of its points is for

    @property
    def points(self):
        return sum(part.points for part in self.parts) + sum(points for _, points in self.written)


def compared(title, points, right, outputs, cases, *, seconds=None, name=None, relative=1e-6):
    """An item that calls a function of the submission on each case and compares every output with the reference.

    right: the reference; outputs: the names of what it returns; cases: list of (args, kwargs) or of args alone. Each
    output earns an equal share, if it is right in every case.
    """
    name = name or right.__name__
    duty = own_duty(right, cases, returns=outputs, name=name, misconceptions=wrong_variants.WRONG.get(name))

    def judge(replies):
        judged = verdict.judge(duty, outcomes(duty, replies, relative))
        if judged.rung == "type":
            return Credit(0.0, (f"`{name}`: {judged.problem}",))
        return Credit(
            fraction=1 - len(judged.findings) / len(outputs),
            lines=tuple(sentence(finding) for finding in judged.findings),
            diagnosis=diagnosis(judged.findings, len(outputs) > 1),
            misconceptions=judged.names,
        )

    questions = tuple(
        Call(name, tuple(probe.arguments.values()), outputs, probe.options) for probe in duty.probes
    )
    return Item(title, points, questions, judge=judge, seconds=seconds, zeros=zero_throughout(duty, outputs))


def zero_throughout(duty, outputs):
    """The outputs whose right answer is zero, or full of zeros, for every probe of a duty."""
    answers = [duty.task.right(**probe.arguments, **probe.options) for probe in duty.probes]
    rows = [answer if isinstance(answer, tuple) else (answer,) for answer in answers]
    return tuple(name for name, *found in zip(outputs, *rows, strict=True) if not any(map(np.any, found)))


def diagnosis(findings, several):
    """Lines on the mistakes that explain the findings; outputs with the same mistake share a line."""
    parts = {}
    for finding in findings:
        if finding.names:
            parts.setdefault((finding.names, finding.together), []).append(finding.part)
    sections = [
        section
        for (names, together), explained in parts.items()
        for section in misconception_sections(
            names, together, ", ".join(explained) if several else "", catalogue=WORDS
        )
    ]
    return tuple(dict.fromkeys(f"{section.heading}: {' '.join(section.lines)}" for section in sections))


def outcomes(duty, replies, relative=1e-6):
    """Replies of the submission as the outcomes that `cnnlab.check` judges: the arrays of each probe."""
    return [
        Outcome("value", returned(duty, probe, reply, relative))
        for probe, reply in zip(duty.probes, replies, strict=True)
    ]


def returned(duty, probe, reply, relative):
    if len(reply) != len(duty.returns):
        return Returned(problem=miscounted(len(reply), duty.returns))
    right = [duty.right(part, probe)[0] for part in duty.returns]
    return Returned(
        tuple((Answer(settled(got, each, relative)),) for got, each in zip(reply, right, strict=True))
    )


def settled(got, right, relative=1e-6):
    """The answer with the right number wherever only rounding separates it from that; a scalar may be an array of one.

    The arrays came as float64, whatever the student computed with, and random real inputs cancel: rounding is measured
    against terms of the order of one. With the largest entry of a gradient alone as the measure, 13 of 9000 arrays of
    three layers that were computed in float32 were taken for wrong.
    """
    if got.size == right.size == 1:
        got = got.reshape(right.shape)
    if got.shape != right.shape:
        return got
    return np.where(agreeing(got, right, relative=relative, unit=1.0), right, got)


def sentence(finding, expected=True):
    """What is wrong with one array, and how much of it. It shows no input."""
    told = finding.told(finding.part, expected=expected, quote="`")
    if finding.index is None or finding.right.size == 1:
        return told
    wrong = int((~agreeing(finding.got, finding.right)).sum())
    return f"{told} Wrong are {wrong} of {finding.right.size} entries."


def by_hand(points, expected):
    """An item on the student's own numbers: {variable name: expected array}. Each variable earns an equal share.

    A hand computation may be handed in again with the same numbers: the words say where it is wrong, not what is right.
    """
    right = tuple(expected.values())
    duty = own_duty(lambda: right, [()], returns=tuple(expected), takes=(), name="hand")

    def judge(replies):
        found = verdict.judge(duty, outcomes(duty, [[reply[0] for reply in replies]])).findings
        return Credit(1 - len(found) / len(expected), tuple(sentence(each, expected=False) for each in found))

    asked = tuple(Asked(name, np.shape(value), np.asarray(value)) for name, value in expected.items())
    return Item("your own numbers", points, tuple(Value(name) for name in expected), judge, values=asked)


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
        problems = [
            broken_rule(asked[i], arrays[i], shapes[i % half], None if i % half else float(start))
            for i in range(len(asked))
        ]
        problems = tuple(line for line in problems if line)
        if problems:
            return Credit(0.0, problems)
        if distance(*gap(*arrays[:half])) > 1e-9:
            return Credit(0.0, ("On your `agree` input the wrong gradient differs from the right one.",))
        if distance(*gap(*arrays[half:])) < 1e-3:
            return Credit(2 / 3, ("On your `differ` input the wrong gradient agrees with the right one.",))
        return Credit(1.0)

    values = tuple(
        Asked(name, shapes[i % len(names)], rules=True, starts=i % len(names) == 0)
        for i, name in enumerate(asked)
    )
    return Item("agrees and differs", points, tuple(Value(name) for name in asked), judge, values=values)


def distance(right, wrong):
    right, wrong = np.asarray(right, dtype=float), np.asarray(wrong, dtype=float)
    return float(np.abs(right - wrong).max() / max(1.0, np.abs(right).max()))
