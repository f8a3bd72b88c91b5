"""A question with a number for an answer, which knows what each mistake would have given."""

import math
from collections import Counter
from collections.abc import Collection, Iterable
from html import escape
from typing import Any, Self

from cnnlab import misconceptions
from cnnlab.formatting import number, settled
from cnnlab.practice.answers import WrongAnswer, allowed, explained, is_exact, shorter, shown, told_apart
from cnnlab.widgets.base import TraceWidget, module


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

    _esm = module("judgment", "box", "answer_box")

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
        Of mistakes that give the same value two are named, the wrong sign before others, which stand as in the catalogue.
        The hints are the terms that add up to the entry, in names and in numbers. Raises ValueError if any other mistake
        gives the right value: who makes it would be told "right".
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
        for id in sorted(found, key=lambda id: id != "wrong-sign"):  # a sign is lost most easily
            value = found[id]
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
