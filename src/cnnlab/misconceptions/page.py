"""The catalogue as a page: each mistake with its numbers on an example, beside the right ones.

`comparison` finds, for one mistake, the first of its group's examples on which it shows, the chapter's own example
before others. `listing` shows a whole group in a notebook.
"""

import html
from dataclasses import dataclass

import numpy as np

from cnnlab.formatting import number
from cnnlab.misconceptions import CATALOGUE, CHAPTERS, GROUPS, RIGHT, attempt, formulas, tie_of
from cnnlab.misconceptions.table import Mistake
from cnnlab.tasks import Example, task_of


@dataclass(frozen=True)
class Comparison:
    """A mistake on an example.

    example  the example
    part     the returned array that is wrong, such as "dw"
    right    the right array
    wrong    what the mistake gives
    """

    example: Example
    part: str
    right: object
    wrong: object


def comparison(mistake: Mistake) -> Comparison | None:
    """A mistake on the first example on which it shows, preferably in an array of the right shape.

    Gradients come before forward results, and the first form of a mistake before its variants. None for a mistake that
    is a habit and no formula.
    """
    found = list(_comparisons(mistake))
    same_shape = [c for c in found if _shapes(c.wrong) == _shapes(c.right)]
    return next(iter([*same_shape, *found]), None)


def _comparisons(mistake: Mistake):
    for target in sorted(mistake.wrong, key=lambda target: target.endswith(".y")):
        for formula in (formula for id, formula in formulas(target) if id == mistake.id):
            for example in task_of(target).examples():
                right, wrong = RIGHT[target](**example.arguments), attempt(formula, **example.arguments)
                if wrong is not None and written(wrong) != written(right):
                    yield Comparison(example, target.partition(".")[2], right, wrong)


def _shapes(value):
    return [np.shape(v) for v in value] if isinstance(value, tuple) else np.shape(value)


def written(value) -> str:
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


def _without_noise(array):
    """Zero where rounding left something far below the largest entry."""
    return np.where(
        np.abs(array) < 1e-12 * np.max(np.abs(array), initial=0, where=np.isfinite(array)), 0, array
    )


def _nested(array) -> str:
    if array.ndim == 0:
        return number(float(array))
    return "[" + ", ".join(map(_nested, array)) + "]"


@dataclass(frozen=True, repr=False)
class Listing:
    """A group of the catalogue. It shows itself as HTML and as text."""

    mistakes: tuple[Mistake, ...]

    def __repr__(self) -> str:
        return "\n".join(line for mistake in self.mistakes for line in _as_text(mistake))

    def _repr_html_(self) -> str:
        return (
            "<div class='cnnlab-mistakes'>"
            + "".join(_as_html(mistake) for mistake in self.mistakes)
            + "</div>"
        )


def listing(group: str) -> Listing:
    """One group of the catalogue, by its name in `GROUPS`, to be shown in a notebook."""
    return Listing(GROUPS[group])


def _facts(mistake: Mistake) -> list[tuple[str, str]]:
    """What is said of a mistake, as pairs of a word and a sentence."""
    facts = [
        ("Tempting because", mistake.tempting),
        ("A valid choice, but" if mistake.convention else "Wrong because", mistake.why),
        ("Where it hides", mistake.hides),
    ]
    tied = sorted({other for target in mistake.wrong for other in tie_of(target, mistake.id)})
    if tied:
        facts.append(("Same numbers as", " and ".join(CATALOGUE[id].name for id in tied) + "."))
    return [*facts, ("Read", CHAPTERS[mistake.chapter] + ".")]


def _rows(mistake: Mistake) -> list[tuple[str, str]]:
    found = comparison(mistake)
    if found is None:
        return []
    part = "the answer" if found.part == "agrees" else found.part
    return [
        ("Example", found.example.title),
        (f"Right: {part}", written(found.right)),
        (f"This mistake: {part}", written(found.wrong)),
    ]


def _as_text(mistake: Mistake) -> list[str]:
    lines = [f"{mistake.name} ({mistake.id})"]
    return lines + [f"    {word}: {text}" for word, text in [*_facts(mistake), *_rows(mistake)]] + [""]


def _as_html(mistake: Mistake) -> str:
    facts = " ".join(f"<em>{html.escape(word)}:</em> {html.escape(text)}" for word, text in _facts(mistake))
    rows = "".join(
        f"<tr><th scope='row' style='text-align:left;vertical-align:top;padding:.1em .8em .1em 0;font-weight:normal'>"
        f"{html.escape(word)}</th><td style='text-align:left;padding:.1em 0;overflow-wrap:anywhere'>"
        f"{html.escape(text)}</td></tr>"
        for word, text in _rows(mistake)
    )
    table = (
        f"<table style='border-collapse:collapse;margin:.3em 0'><tbody>{rows}</tbody></table>" if rows else ""
    )
    return (
        f"<div class='cnnlab-mistake' id='mistake-{mistake.id}' "
        "style='border-top:1px solid currentColor;padding:.5em 0;margin:0'>"
        f"<p style='margin:.2em 0'><b>{html.escape(mistake.name[0].upper() + mistake.name[1:])}</b> "
        f"<code>{mistake.id}</code></p><p style='margin:.2em 0'>{facts}</p>{table}</div>"
    )
