"""A question with a number for an answer, which knows what each mistake would have given."""

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from html import escape
from typing import Any, Self

import numpy as np

from cnnlab import misconceptions, trace
from cnnlab.formatting import number
from cnnlab.tasks import task_of
from cnnlab.widgets.base import TraceWidget, module, settled

WrongAnswer = tuple[float, str, str | None]


class AnswerBox(TraceWidget):
    """Compare what the reader types with the right value and with the value of each known mistake.

    question  plain text, one sentence that asks for one number
    answer    the right value
    digits    significant digits asked for. An answer that has no more of them, such as 24 or 0.3, must be met
              exactly; of another one a reply is right if it rounds to the answer at this many digits.
    wrong     (value, words, link) for each mistake: what it gives, what went wrong, and where to read: the file of a
              page, such as "notation.md#signs", or a chapter's name without suffix; None for no link. The nearest
              value within the rounding decides; the answer comes first.
    right     the reply to the right answer
    hints     sentences that a reader gets one by one when asking for them; after the last one comes the answer
    terms     the numbers that add up to the answer: a reply that is typed as a sum is compared with them, one by one

    A mistake whose value cannot be told from the answer is left out; mistakes that cannot be told from each other are
    named together. Raises ValueError for an answer that is not finite, for digits < 1, and for terms that add up to
    something else.
    """

    _esm = module("judgment", "answer_box")

    def __init__(
        self,
        question: str,
        answer: float,
        digits: int = 3,
        wrong: Iterable[WrongAnswer] = (),
        right: str = "Right.",
        hints: Iterable[str] = (),
        terms: Iterable[float] = (),
    ) -> None:
        if not math.isfinite(answer) or digits < 1:
            raise ValueError(
                f"AnswerBox: answer must be a finite number and digits at least 1; got {answer!r} and {digits!r}."
            )
        answer, terms = settled(answer), [settled(term) for term in terms]
        if terms and not math.isclose(sum(terms), answer, rel_tol=1e-9, abs_tol=1e-9):
            raise ValueError(
                f"AnswerBox: the terms add up to {number(sum(terms))}, the answer is {number(answer)}."
            )
        self.answer_text = shown(answer, digits)
        super().__init__(
            {
                "question": question,
                "digits": digits,
                "answer": {
                    "text": self.answer_text,
                    "value": answer,
                    "within": allowed(answer, digits),
                    "exact": is_exact(answer, digits),
                },
                "shorter": shorter(answer, digits),
                "wrong": told_apart(answer, digits, wrong),
                "right": right,
                "hints": list(hints),
                "terms": terms,
            }
        )

    @classmethod
    def about(
        cls,
        question: str,
        name: str,
        index: tuple[int, ...],
        *arguments: Any,
        ids: Collection[str] | None = None,
        also: Iterable[WrongAnswer] = (),
        blind: Collection[str] = (),
        digits: int = 3,
        right: str = "Right.",
        **options: Any,
    ) -> Self:
        """A box that asks for one entry of a gradient and knows the catalogued mistakes.

        name, index, arguments, options   as in `cnnlab.misconceptions.values`, such as "conv.dw", (0, 0, 1), dy, x, w
        ids                               the mistakes to know, if not all that give another value there
        also                              wrong answers beside the catalogued ones, as in `AnswerBox`; they come first
        blind                             mistakes that give the right value there, if it cannot be asked otherwise
        Of mistakes that give the same value the first two of the catalogue are named. The hints are the terms that add
        up to the entry, in names and in numbers. Raises ValueError if any other mistake gives the right value: who
        makes it would be told "right".
        """
        answer, found = misconceptions.values(name, index, *arguments, **options)
        seen = {
            id
            for id, value in found.items()
            if shown(settled(value), digits) != shown(settled(answer), digits)
        }
        unseen = set(misconceptions.applicable(name, *arguments, **options)) - seen - set(blind)
        if unseen:
            raise ValueError(
                f"AnswerBox: at {index} the right answer is also what {', '.join(sorted(unseen))} gives. Ask for another "
                "entry, or name in `blind` what no entry can show."
            )
        hints, terms = explained(name, index, *arguments, **options)
        wrong, named = list(also), Counter()
        for id, value in found.items():
            text = shown(value, digits)
            if (ids is None or id in ids) and named[text] < 2:
                named[text] += 1
                misconception = misconceptions.CATALOGUE[id]
                words = f"{text} is what this mistake gives: {misconception.name}. {misconception.why}"
                wrong.append((value, words, f"mistakes#mistake-{id}"))
        return cls(question, answer, digits=digits, wrong=wrong, right=right, hints=hints, terms=terms)

    def still(self) -> str:
        state = self.trace
        replies = "".join(
            f"<li><code>{escape(known['text'])}</code>: {escape(' '.join(r['words'] for r in known['replies']))}</li>"
            for known in state["wrong"]
        )
        hints = "".join(f"<p>{escape(hint)}</p>" for hint in state["hints"])
        return (
            f'<div class="cnnlab-still cnnlab-answer"><p>{escape(state["question"])}</p>'
            f"{f'<details><summary>A hint</summary>{hints}</details>' if hints else ''}"
            f"<details><summary>Show the answer</summary><p><code>{escape(self.answer_text)}</code> "
            f"{escape(state['right'])}</p>{f'<ul>{replies}</ul>' if replies else ''}</details></div>"
        )

    def summary(self) -> str:
        return f"AnswerBox({self.trace['question']!r}, {len(self.trace['wrong'])} known mistakes)"


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
