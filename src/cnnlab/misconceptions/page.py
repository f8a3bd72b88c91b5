"""The catalogue as a page: each mistake with its numbers on an example, beside the right ones.

`comparison` finds, for one mistake, the first of its group's examples on which it shows, the chapter's own example
before others. `listing` shows a whole group in a notebook.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnlab.arrays import Array
from cnnlab.formatting import number
from cnnlab.misconceptions import CATALOGUE, CHAPTERS, GROUPS, RIGHT, attempt, formulas, tie_of
from cnnlab.misconceptions.table import Misconception
from cnnlab.tasks import Case, task_of


@dataclass(frozen=True)
class Comparison:
    """A mistake on an example.

    example  the example
    part     the returned array that is wrong, such as "dw"
    right    the right array
    wrong    what the mistake gives
    """

    example: Case
    part: str
    right: object
    wrong: object


def comparison(misconception: Misconception) -> Comparison | None:
    """A mistake on the first example on which it shows, preferably in an array of the right shape.

    Gradients come before forward results, and the first form of a mistake before its variants. None for a mistake that
    is a habit and no formula.
    """
    found = list(_comparisons(misconception))
    same_shape = [c for c in found if _shapes(c.wrong) == _shapes(c.right)]
    return next(iter([*same_shape, *found]), None)


def _comparisons(misconception: Misconception) -> Iterator[Comparison]:
    for target in sorted(misconception.wrong, key=lambda target: target.endswith(".y")):
        for formula in (formula for id, formula in formulas(target) if id == misconception.id):
            for example in task_of(target).examples():
                right, wrong = RIGHT[target](**example.arguments), attempt(formula, **example.arguments)
                if wrong is not None and written(wrong) != written(right):
                    yield Comparison(example, target.partition(".")[2], right, wrong)


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
    facts = [
        ("Tempting because", misconception.tempting),
        ("A valid choice, but" if misconception.convention else "Wrong because", misconception.why),
        ("Where it hides", misconception.hides),
    ]
    tied = sorted({other for target in misconception.wrong for other in tie_of(target, misconception.id)})
    if tied:
        facts.append(("Same numbers as", " and ".join(CATALOGUE[id].name for id in tied) + "."))
    return [*facts, ("Read", CHAPTERS[misconception.chapter] + ".")]


def _rows(misconception: Misconception) -> list[tuple[str, str]]:
    found = comparison(misconception)
    if found is None:
        return []
    part = "the answer" if found.part == "agrees" else found.part
    return [
        ("Example", found.example.title),
        (f"Right: {part}", written(found.right)),
        (f"This mistake: {part}", written(found.wrong)),
    ]


def _as_text(misconception: Misconception) -> list[str]:
    lines = [f"{misconception.name} ({misconception.id})"]
    return (
        lines
        + [f"    {word}: {text}" for word, text in [*_facts(misconception), *_rows(misconception)]]
        + [""]
    )


def _as_html(misconception: Misconception) -> str:
    facts = " ".join(
        f"<em>{html.escape(word)}:</em> {html.escape(text)}" for word, text in _facts(misconception)
    )
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
        f"<div class='cnnlab-mistake' id='mistake-{misconception.id}' "
        "style='border-top:1px solid currentColor;padding:.5em 0;margin:0'>"
        f"<p style='margin:.2em 0'><b>{html.escape(misconception.name[0].upper() + misconception.name[1:])}</b> "
        f"<code>{misconception.id}</code></p><p style='margin:.2em 0'>{facts}</p>{table}</div>"
    )
