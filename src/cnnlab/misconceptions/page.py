"""The catalogue as a page: each mistake with its numbers on an example, beside the right ones.

`comparison` finds, for one mistake, the first of its group's examples on which it shows, the chapter's own example
before others. `listing` shows a whole group in a notebook.
"""

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from cnnlab.arrays import Array
from cnnlab.formatting import number
from cnnlab.misconceptions import CATALOGUE, CHAPTERS, GROUPS, RIGHT, attempt, formulas, tie_of
from cnnlab.misconceptions.table import Misconception
from cnnlab.tasks import TASKS, Case, task_of


@dataclass(frozen=True)
class Comparison:
    """A mistake on an example.

    example  the example
    part     the returned array that is wrong, such as "dw"
    right    the right array
    wrong    what the mistake gives
    alone    whether no other mistake gives these numbers there, apart from those that cannot be told from it
    """

    example: Case
    part: str
    right: object
    wrong: object
    alone: bool


def comparison(misconception: Misconception) -> Comparison | None:
    """A mistake on the first example on which it shows, preferably in an array of the right shape.

    Gradients come before forward results, and the first form of a mistake before its variants. An example on which another
    mistake gives the same numbers stands back behind one that shows this mistake alone. None for a mistake that is a habit
    and no formula.
    """
    found = list(_comparisons(misconception))
    return min(found, key=lambda c: (_shapes(c.wrong) != _shapes(c.right), not c.alone), default=None)


def _comparisons(misconception: Misconception) -> Iterator[Comparison]:
    for target in sorted(misconception.wrong, key=lambda target: target.endswith(".y")):
        for formula in (formula for id, formula in formulas(target) if id == misconception.id):
            allowed = {misconception.id, *tie_of(target, misconception.id)}
            for place, example in enumerate(task_of(target).examples()):
                right, wrong = RIGHT[target](**example.arguments), attempt(formula, **example.arguments)
                if wrong is not None and written(wrong) != written(right):
                    alone = _givers(target, place)[written(wrong)] <= allowed
                    part = target.partition(".")[2]
                    yield Comparison(example, part, right=right, wrong=wrong, alone=alone)


@cache
def _givers(target: str, place: int) -> dict[str, set[str]]:
    """Which mistakes give which numbers on one of the examples of a target."""
    givers = defaultdict(set)
    arguments = task_of(target).examples()[place].arguments
    for id, formula in formulas(target):
        wrong = attempt(formula, **arguments)
        if wrong is not None:
            givers[written(wrong)].add(id)
    return givers


def _shapes(value: Any) -> object:
    return [np.shape(v) for v in value] if isinstance(value, tuple) else np.shape(value)


def written(value: Any) -> str:
    """An array as nested brackets, without the leading axes of length 1; a truth value as yes or no."""
    if isinstance(value, tuple):
        return ", ".join(map(written, value))
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return "yes" if array else "no"
    while array.ndim > 1 and len(array) == 1:
        array = array[0]
    if array.size == 0:
        return f"nothing (shape {np.shape(value)})"
    return _nested(_without_noise(np.asarray(array, float)))


def _without_noise(array: Array) -> Array:
    """Zero where rounding left something far below the largest entry."""
    return np.where(
        np.abs(array) < 1e-12 * np.max(np.abs(array), initial=0, where=np.isfinite(array)), 0, array
    )


def _nested(array: Array) -> str:
    if array.ndim == 0:
        return number(float(array))
    return "[" + ", ".join(map(_nested, array)) + "]"


@dataclass(frozen=True, repr=False)
class Listing:
    """A group of the catalogue. It shows itself as HTML and as text."""

    misconceptions: tuple[Misconception, ...]

    def __repr__(self) -> str:
        return "\n".join(line for misconception in self.misconceptions for line in _as_text(misconception))

    def _repr_html_(self) -> str:
        return (
            "<div class='cnnlab-mistakes'>"
            + "".join(_as_html(misconception) for misconception in self.misconceptions)
            + "</div>"
        )


def listing(group: str) -> Listing:
    """One group of the catalogue, by its name in `GROUPS`, to be shown in a notebook."""
    return Listing(GROUPS[group])


def _facts(misconception: Misconception) -> list[tuple[str, str]]:
    """What is said of a mistake, as pairs of a word and a sentence."""
    return [
        ("Tempting because", misconception.tempting),
        ("A valid choice, but" if misconception.convention else "Wrong because", misconception.why),
        *([("Where it hides", misconception.hides)] if misconception.hides else []),
    ]


def _tied(misconception: Misconception) -> list[Misconception]:
    """Those that cannot be told from it by their numbers."""
    tied = sorted({other for target in misconception.wrong for other in tie_of(target, misconception.id)})
    return [CATALOGUE[id] for id in tied]


def _places(misconception: Misconception) -> str:
    """In which results of which functions it shows, such as "dw, db of conv1d_backward and conv2d_backward"."""
    parts = defaultdict(list)
    for target in misconception.wrong:
        group, _, part = target.partition(".")
        parts[group].append(part)
    said = []
    for group, names in parts.items():
        tasks = [t.name for t in TASKS.values() if t.group == group and set(names) & set(t.returns)]
        said.append(f"{', '.join(names)} of {' and '.join(tasks)}")
    return "; ".join(said)


def _rows(misconception: Misconception) -> list[tuple[str, str]]:
    """What came in, what is right and what the mistake gives, on an example."""
    found = comparison(misconception)
    if found is None:
        return []
    part = "the answer" if found.part == "agrees" else found.part
    given = {name: value for name, value in found.example.arguments.items() if not callable(value)}
    return [
        ("Example", found.example.title),
        *((f"Given: {name}", _given(value)) for name, value in given.items()),
        (f"Right: {part}", written(found.right)),
        (f"This mistake: {part}", written(found.wrong)),
    ]


def _given(value: Any) -> str:
    """An argument; a list of arrays as they come, and sizes as numbers."""
    return written(tuple(value)) if isinstance(value, (list, tuple)) else written(value)


def _as_text(misconception: Misconception) -> list[str]:
    tied = _tied(misconception)
    facts = [
        *_facts(misconception),
        *([("Shows in", _places(misconception))] if misconception.wrong else []),
        *([("Same numbers as", " and ".join(other.name for other in tied) + ".")] if tied else []),
        ("Read", CHAPTERS[misconception.chapter] + "."),
        *_rows(misconception),
    ]
    return [
        f"{misconception.name} ({misconception.id})",
        *(f"    {word}: {text}" for word, text in facts),
        "",
    ]


def heading(name: str) -> str:
    """A name with a capital letter, unless a formula begins it."""
    return name[0].upper() + name[1:] if re.match(r"[a-z]+ [a-z]", name) else name


def _as_html(misconception: Misconception) -> str:
    facts = [(word, html.escape(text)) for word, text in _facts(misconception)]
    if misconception.wrong:
        facts.append(("Shows in", html.escape(_places(misconception)) + "."))
    if tied := _tied(misconception):
        links = (f"<a href='#mistake-{other.id}'>{html.escape(other.name)}</a>" for other in tied)
        facts.append(("Same numbers as", " and ".join(links) + "."))
    address = f"{misconception.chapter}.ipynb#{misconception.section}"
    facts.append(("Read", f"<a href='{address}'>{html.escape(CHAPTERS[misconception.chapter])}</a>."))
    said = "<br>".join(f"<em>{word}:</em> {text}" for word, text in facts)
    rows = "".join(
        f"<tr><th scope='row' style='text-align:left;vertical-align:top;padding:.1em .8em .1em 0;font-weight:normal'>"
        f"{html.escape(word)}</th><td style='text-align:left;padding:.1em 0;overflow-wrap:anywhere'>"
        f"{html.escape(text)}</td></tr>"
        for word, text in _rows(misconception)
    )
    table = (
        f"<table style='border-collapse:collapse;margin:.3em 0'><tbody>{rows}</tbody></table>" if rows else ""
    )
    return (
        "<details class='cnnlab-mistake' style='border-top:1px solid currentColor;padding:.4em 0;margin:0'>"
        f"<summary><b>{html.escape(heading(misconception.name))}</b> <code>{misconception.id}</code></summary>"
        f"<div id='mistake-{misconception.id}'><p style='margin:.4em 0'>{said}</p>{table}</div></details>"
    )
