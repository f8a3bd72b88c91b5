"""A question with a number for an answer, which knows what each mistake would have given."""

import math
from collections import Counter
from collections.abc import Collection, Iterable
from html import escape
from typing import Any, Self

from cnnlab import misconceptions
from cnnlab.formatting import number
from cnnlab.widgets.base import TraceWidget, module

WrongAnswer = tuple[float, str, str | None]


class AnswerBox(TraceWidget):
    """Compare what the reader types with the right value and with the value of each known mistake.

    question  plain text, one sentence that asks for one number
    answer    the right value
    digits    significant digits asked for: a reply is right if it rounds to the answer at this many digits
    wrong     (value, words, link) for each mistake: what it gives, what went wrong, and where to read: the file of a
              page, such as "notation.md#signs", or a chapter's name without suffix; None for no link. The nearest
              value within the rounding decides; the answer comes first.
    right     the reply to the right answer

    A mistake whose value cannot be told from the answer at this many digits is left out; mistakes that cannot be
    told from each other are named together. Raises ValueError for an answer that is not finite or digits < 1.
    """

    _esm = module("answer_box")

    def __init__(
        self,
        question: str,
        answer: float,
        digits: int = 3,
        wrong: Iterable[WrongAnswer] = (),
        right: str = "Right.",
    ) -> None:
        if not math.isfinite(answer) or digits < 1:
            raise ValueError(
                f"AnswerBox: answer must be a finite number and digits at least 1; got {answer!r} and {digits!r}."
            )
        answer = settled(answer)
        self.answer_text = number(answer, digits)
        super().__init__(
            {
                "question": question,
                "digits": digits,
                "answer": {
                    "text": self.answer_text,
                    "value": answer,
                    "within": rounding(answer, digits),
                },
                "shorter": shorter(answer, digits),
                "wrong": told_apart(answer, digits, wrong),
                "right": right,
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
        digits: int = 3,
        right: str = "Right.",
        **options: Any,
    ) -> Self:
        """A box that asks for one entry of a gradient and knows the catalogued mistakes.

        name, index, arguments, options   as in `cnnlab.misconceptions.values`, such as "conv.dw", (0, 0, 1), dy, x, w
        ids                               the mistakes to know, if not all that give another value there
        Of mistakes that give the same value the first two of the catalogue are named.
        """
        answer, found = misconceptions.values(name, index, *arguments, **options)
        wrong, named = [], Counter()
        for id, value in found.items():
            text = number(value, digits)
            if (ids is None or id in ids) and named[text] < 2:
                named[text] += 1
                misconception = misconceptions.CATALOGUE[id]
                words = f"{misconception.name[0].upper()}{misconception.name[1:]}? {misconception.why}"
                wrong.append((value, words, misconception.chapter))
        return cls(question, answer, digits=digits, wrong=wrong, right=right)

    def still(self) -> str:
        state = self.trace
        replies = "".join(
            f"<li><code>{escape(known['text'])}</code>: {escape(' '.join(r['words'] for r in known['replies']))}</li>"
            for known in state["wrong"]
        )
        return (
            f'<div class="cnnlab-still cnnlab-answer"><p>{escape(state["question"])}</p>'
            f"<details><summary>Show the answer</summary><p><code>{escape(self.answer_text)}</code> "
            f"{escape(state['right'])}</p>{f'<ul>{replies}</ul>' if replies else ''}</details></div>"
        )

    def summary(self) -> str:
        return f"AnswerBox({self.trace['question']!r}, {len(self.trace['wrong'])} known mistakes)"


def settled(value: float) -> float:
    """The value with 12 significant digits: the last bits depend on the machine's order of summation."""
    return float(f"{float(value):.12g}")


def rounding(value: float, digits: int) -> float:
    """Half a unit of the last of `digits` significant digits of a value, and a little for binary fractions."""
    exponent = math.floor(math.log10(abs(value))) if value else 0
    return 0.5 * 10.0 ** (exponent - digits + 1) * (1 + 1e-9)


def shorter(answer: float, digits: int) -> list[str]:
    """The answer with fewer digits than asked for, where that is another number."""
    texts = {number(answer, fewer): None for fewer in range(1, digits)}
    return [text for text in texts if abs(float(text) - answer) > rounding(answer, digits)]


def told_apart(answer: float, digits: int, wrong: Iterable[WrongAnswer]) -> list[dict]:
    """The mistakes that differ from the answer, those of one displayed value together, in the order given."""
    groups = {}
    for value, words, link in wrong:
        value = settled(value)
        if not math.isfinite(value) or abs(value - answer) <= rounding(answer, digits):
            continue
        group = groups.setdefault(
            number(value, digits), {"value": value, "within": rounding(value, digits), "replies": []}
        )
        group["replies"].append({"words": words, "link": link and file_of(link)})
    return [{"text": text, **group} for text, group in groups.items()]


def file_of(link: str) -> str:
    """The file that a link names: a chapter's name stands for its notebook."""
    name, mark, place = link.partition("#")
    return f"{name}{mark}{place}" if "." in name else f"{name}.ipynb{mark}{place}"
