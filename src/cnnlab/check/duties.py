"""What a function has to do to pass: a task, perhaps narrowed, and the words that explain one entry of its result."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cnnlab import trace
from cnnlab.arrays import Array
from cnnlab.formatting import number
from cnnlab.misconceptions import formulas
from cnnlab.tasks import REQUIRED, Probe, Task

Wrong = Mapping[str, Callable | tuple[Callable, ...]]
"""Wrong functions by the id of the misconception."""


@dataclass(frozen=True, kw_only=True)
class Duty:
    """A task as one function is asked to do it.

    task     the record that it comes from
    returns  names of the arrays that it has to return, in order
    takes    names of the arguments that it gets, in order
    options  keywords that it has to accept
    probes   the calls it is tried on
    plain    arrays without the axes of examples and channels
    wrong    wrong functions by id, called like the right one, several of one id as a tuple; None: those of the catalogue
    """

    task: Task
    returns: tuple[str, ...]
    takes: tuple[str, ...]
    options: tuple[str, ...]
    probes: tuple[Probe, ...]
    plain: bool = False
    wrong: Mapping[str, Callable | tuple[Callable, ...]] | None = None

    @property
    def name(self) -> str:
        return self.task.name

    @property
    def defaults(self) -> dict:
        """The options that have a default, and which."""
        options = {**self.task.options, **self.task.asked}
        return {name: value for name, value in options.items() if value is not REQUIRED}

    def target(self, part: str) -> str:
        return f"{self.task.group}.{part}"

    def arguments(self, probe: Probe) -> dict:
        """What the student's function is called with."""
        return {name: self._bared(name, probe.arguments[name]) for name in self.takes}

    def right(self, part: str, probe: Probe) -> tuple[Array, ...]:
        """The right answer: one array, or one for each parameter where the part is a sequence."""
        return self.shown(part, self.task.part(part)(**probe.arguments, **probe.options))

    def shown(self, part: str, result: Any) -> tuple[Array, ...]:
        """What a right or wrong function gives in the place of `part`, in the shape that this duty asks for."""
        entries = result if isinstance(result, tuple) else (result,)
        return tuple(np.asarray(self._bared(part, np.asarray(entry, float))) for entry in entries)

    def misconceptions(self, part: str) -> list[tuple[str, Callable]]:
        """Every wrong formula for one part, as (id, formula)."""
        if self.wrong is None:
            return formulas(self.target(part))
        return [
            (id, replace(self.task, right=_by_position(function, self.task.takes)).part(part))
            for id, entry in self.wrong.items()
            for function in (entry if isinstance(entry, tuple) else (entry,))
        ]

    def _bared(self, name: str, value: Any) -> Any:
        """The value without the axes of examples and channels, if this duty is plain."""
        if not self.plain or not isinstance(value, np.ndarray):
            return value
        if name in ("b", "db"):
            return value[0] if value.shape == (1,) else value
        return value[0, 0] if value.ndim > 2 and value.shape[:2] == (1, 1) else value


def duty_of(
    task: Task,
    *,
    plain: bool = False,
    returns: str | Sequence[str] | None = None,
    takes: Sequence[str] | None = None,
    without: Sequence[str] = (),
    asked: Sequence[str] = (),
) -> Duty:
    """A task, or less than the whole of it.

    plain     without the axes of examples and channels
    returns   the part, or a sequence of parts, that the function returns
    takes     the argument, or a sequence of arguments, that it gets
    without   options and special cases left out: options of the task, tags of its probes, and "bias"
    asked     options that it has to accept although a task alone does not ask for them
    Raises ValueError for a name that the task does not have.
    """
    probes = task.plain() if plain and task.plain else task.probes()
    returns = _names("returns", returns, task.returns, task.name)
    takes = _names("takes", takes, tuple(probes[0].arguments), task.name) if takes else task.takes
    out = {*without, *(option for option in task.asked if option not in asked)}
    options = {name: value for name, value in {**task.options, **task.asked}.items() if name not in out}
    bias = {"b"} if "bias" in out else set()
    return Duty(
        task=task,
        returns=returns,
        takes=tuple(name for name in takes if name not in bias),
        options=tuple(options),
        plain=plain,
        probes=tuple(
            replace(
                probe,
                arguments={k: v for k, v in probe.arguments.items() if k not in bias},
                options={name: task.asked[name] for name in asked}
                | {name: value for name, value in probe.options.items() if name in options},
            )
            for probe in probes
            if not probe.tags & out
        ),
    )


def own_duty(
    right: Callable,
    calls: Sequence[tuple],
    *,
    returns: str | Sequence[str],
    takes: Sequence[str] | None = None,
    misconceptions: Wrong | None = None,
    name: str,
    chapter: str = "",
) -> Duty:
    """The duty of `cnnlab.check.against`, where the arguments are explained."""
    calls = [call if len(call) == 2 and isinstance(call[1], dict) else (call, {}) for call in calls]
    if not calls:
        raise ValueError(f"check.{name}: calls must have at least one call; give a tuple of arguments.")
    takes = takes or list(inspect.signature(right).parameters)[: len(calls[0][0])]
    takes = tuple(takes.split()) if isinstance(takes, str) else tuple(takes)
    probes = tuple(Probe(dict(zip(takes, given, strict=True)), dict(options)) for given, options in calls)
    task = Task(
        name=name,
        group="own",
        takes=takes,
        returns=tuple(returns.split()) if isinstance(returns, str) else tuple(returns),
        options={key: REQUIRED for probe in probes for key in probe.options},
        right=_by_position(right, takes),
        probes=lambda: probes,
        chapter=chapter,
    )
    return replace(duty_of(task), wrong=dict(misconceptions or {}))


def _by_position(function: Callable, takes: tuple[str, ...]) -> Callable:
    """A function that gets its arguments by keyword, and hands them on by position."""
    return lambda **arguments: function(*[arguments.pop(name) for name in takes], **arguments)


def _names(
    word: str, given: str | Sequence[str] | None, known: tuple[str, ...], check: str
) -> tuple[str, ...]:
    if given is None:
        return known
    names = tuple(given.replace(",", " ").split()) if isinstance(given, str) else tuple(given)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ValueError(
            f"check.{check}: {word} names some of {', '.join(known)}; got {given!r}. Leave it out for all of them."
        )
    return names


def explained(duty: Duty, part: str, index: tuple[int, ...], probe: Probe) -> tuple[str, ...]:
    """The terms that add up to one entry, in names and in numbers; empty if there is nothing to say."""
    explain = duty.task.terms.get(part)
    if explain is None:
        return ()
    if duty.plain:
        index = (0,) if part == "db" else (0, 0, *index)
    said = explain(trace, index, **probe.arguments, **probe.options)
    return tuple(
        line
        for item in (said if isinstance(said, tuple) else (said,))
        for line in (_lines(item, 2 if duty.plain else 0) if isinstance(item, trace.Entry) else (item,))
    )


def _lines(entry: trace.Entry, leading: int) -> tuple[str, ...]:
    """An entry as two lines, names and numbers, without the leading axes that the reader does not have."""
    names, *products = trace.written(entry, leading)
    total = number(entry.total)
    return names, *(f"= {total}" if text == total else f"= {text} = {total}" for text in products)
