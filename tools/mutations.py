"""Change displayed digits of a notebook, one at a time, in memory: the proof that the guard sees each of them.

What counts as displayed is found here with patterns of its own, not with those that the guard uses.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tools import bindings, guard, tokens

_DECIMAL = re.compile(r"(?:\d+(?:\.|\{,\})\d+|(?<![\w.)\]])\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+(?!\w)")
_IN_MARKUP = re.compile(r">([^<>]+)<|\b(?:alt|aria-label|title)=(?:\"([^\"]*)\"|'([^']*)')")
_STYLE = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)
_MARKUP = ("text/html", "image/svg+xml")
_NOT_SHOWN = {"model_name", "model_module", "model_module_version"}


@dataclass
class Place:
    """One string or number of a notebook that a reader sees, and the comparison that covers it."""

    kind: str
    where: str
    holder: object
    key: object
    caught: Callable[[], bool]


@dataclass
class Tally:
    """How many displayed numbers there are, and what became of their mutations."""

    numbers: int = 0
    tried: int = 0
    missed: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)  # versions, section numbers, targets of links
    by_kind: dict = field(default_factory=dict)


def try_all(committed, fresh, values) -> Tally:
    """Replace each digit of each displayed decimal, and of each bound integer, by the next; count what is caught."""
    tally = Tally()
    for place in places(committed, fresh, values):
        original = place.holder[place.key]
        text = original if isinstance(original, str) else repr(original)
        spans, skipped = spans_of_numbers(place, text, committed)
        tally.passed_over += [f"{place.where}: {piece}" for piece in skipped]
        tally.numbers += len(spans)
        tally.by_kind[place.kind] = tally.by_kind.get(place.kind, 0) + len(spans)
        for start, end in spans:
            for position in range(start, end):
                if not text[position].isdigit():
                    continue
                digit = str((int(text[position]) + 1) % 10)
                mutated = text[:position] + digit + text[position + 1 :]
                place.holder[place.key] = mutated if isinstance(original, str) else float(mutated)
                tally.tried += 1
                if place.holder[place.key] != original and not place.caught():
                    tally.missed.append(
                        f"{place.where}: {text[start:end]} -> {mutated[start:end]} in "
                        f"{guard.around(text, start, end)!r}"
                    )
        place.holder[place.key] = original
    return tally


def places(committed, fresh, values) -> Iterator[Place]:
    """Every string and number that a reader of the notebook sees, code apart."""
    for index, cell in enumerate(committed.cells):

        def caught(index=index):
            return bool(guard.cell_differences(committed, fresh, index, values))

        where = f"cell {index + 1}"
        if cell.cell_type != "code":
            yield Place("sentences and formulas", where, cell, "source", caught)
            continue
        for output in cell.outputs:
            for key in ("text", "evalue"):
                if key in output:
                    yield Place("text outputs", where, output, key, caught)
            for number, _ in enumerate(output.get("traceback", [])):
                yield Place("text outputs", where, output.traceback, number, caught)
            for kind, value in output.get("data", {}).items():
                if isinstance(value, str) and not kind.startswith(("image/png", "image/jpeg")):
                    name = "figures and HTML" if kind in _MARKUP else "text outputs"
                    yield Place(name, where, output.data, kind, caught)
    a, b = guard.models(committed), guard.models(fresh)
    for model in a:

        def caught(model=model):
            return bool(guard.model_differences(a, b, model))

        for holder, key in _leaves(a[model]):
            yield Place("widget state", f"widget {model.lstrip('0')}", holder, key, caught)


def _leaves(value):
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(pairs):
        if isinstance(item, (dict, list)):
            yield from _leaves(item)
        elif isinstance(item, (str, float)) and not (str(key).startswith("_") or key in _NOT_SHOWN):
            yield value, key


def spans_of_numbers(place, text, committed):
    """The (start, end) of the numbers to mutate in a place, and the pieces that look like one and are none."""
    if place.kind == "figures and HTML" or (place.kind == "widget state" and "<" in text):
        hidden = [match.span() for match in _STYLE.finditer(text)]
        seen = tokens.blank(text, hidden)
        spans = []
        for match in _IN_MARKUP.finditer(seen):
            start, end = match.span(match.lastindex)
            spans += [found.span() for found in _DECIMAL.finditer(seen, start, end)]
        return spans, []
    spans = {match.span() for match in _DECIMAL.finditer(text)}
    if place.kind != "sentences and formulas":
        return sorted(spans), []
    hidden = tokens.hidden_spans(text)
    skipped = {span for span in spans if any(a < span[1] and span[0] < b for a, b in hidden)}
    spans -= skipped
    found = tokens.find(text)
    for token, expression in zip(found, bindings.bound(place.holder), strict=False):
        if expression and not any(a < token.end and token.start < b for a, b in spans):
            spans.add((token.start, token.end))
        elif expression:
            spans = {s for s in spans if not (s[0] < token.end and token.start < s[1])}
            spans.add((token.start, token.end))
    return sorted(spans), [guard.around(text, *span, margin=12) for span in sorted(skipped)]
