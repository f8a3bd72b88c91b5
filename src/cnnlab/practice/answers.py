"""How an answer is written and judged: what needs rounding, which wrong answers can be told from it, what adds up to it."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from cnnlab import trace
from cnnlab.formatting import number, settled
from cnnlab.tasks import task_of

WrongAnswer = tuple[float, str, str | None]


def explained(
    name: str, index: tuple[int, ...], *arguments: Any, **options: Any
) -> tuple[list[str], list[float]]:
    """Two hints, names and products, and the terms, where the record of the function knows what adds up to an entry."""
    task = task_of(name)
    explain = task.terms.get(name.partition(".")[2])
    if explain is None:
        return [], []
    given = dict(zip((*task.takes, *task.options), arguments, strict=False)) | options
    said = explain(trace, index, **given)
    alone = all(np.shape(array)[:2] == (1, 1) for array in given.values() if np.ndim(array) > 2)
    hints, terms = [], []
    for item in said if isinstance(said, tuple) else (said,):
        if isinstance(item, trace.Entry):
            present = tuple(term for term in item.terms if term.product)
            count = (
                f"Of {len(item.terms)} products {len(present)} are not 0. " if item.terms != present else ""
            )
            names, *products = trace.written(replace(item, terms=present), 2 if alone else 0)
            alone_there = len(present) == 1 and len(present[0].factors) == 1  # then the product is the answer
            hints += [count + names, *([] if alone_there else products)]
            terms += [term.product for term in present]
        else:
            hints.append(item)
    return hints, terms


def rounding(value: float, digits: int) -> float:
    """Half a unit of the last of `digits` significant digits of a value, and a little for binary fractions."""
    exponent = math.floor(math.log10(abs(value))) if value else 0
    return 0.5 * 10.0 ** (exponent - digits + 1) * (1 + 1e-9)


def shown(value: float, digits: int) -> str:
    """A value with so many significant digits, a whole number with all of them."""
    return number(int(value) if float(value).is_integer() and abs(value) < 1e15 else value, digits)


def is_exact(answer: float, digits: int) -> bool:
    """Whether an answer needs no rounding: it is whole, or has no more digits than are asked for."""
    return float(shown(answer, digits)) == answer


def allowed(answer: float, digits: int) -> float:
    """How far a right reply may be off: nothing but the last bits where no rounding is needed."""
    return 1e-9 * max(1.0, abs(answer)) if is_exact(answer, digits) else rounding(answer, digits)


def shorter(answer: float, digits: int) -> list[str]:
    """The answer with fewer digits than asked for, where that is another number."""
    if is_exact(answer, digits):
        return []
    texts = {number(answer, fewer): None for fewer in range(1, digits)}
    return [text for text in texts if abs(float(text) - answer) > rounding(answer, digits)]


def told_apart(answer: float, digits: int, wrong: Iterable[WrongAnswer]) -> list[dict]:
    """The mistakes that differ from the answer, those of one displayed value together, in the order given."""
    groups = {}
    for value, words, link in wrong:
        value = settled(value)
        text = shown(value, digits)
        if text in (shown(answer, digits), "inf", "-inf", "nan") or abs(value - answer) <= allowed(
            answer, digits
        ):
            continue
        group = groups.setdefault(text, {"value": value, "within": rounding(value, digits), "replies": []})
        group["replies"].append({"words": words, "link": link and file_of(link)})
    return [{"text": text, **group} for text, group in groups.items()]


def file_of(link: str) -> str:
    """The file that a link names: a chapter's name stands for its notebook."""
    name, mark, place = link.partition("#")
    return f"{name}{mark}{place}" if "." in name else f"{name}.ipynb{mark}{place}"
