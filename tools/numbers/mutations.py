"""Change displayed digits of a notebook, one at a time, in memory: the test that the proof sees each of them.

What counts as displayed is found here with patterns of its own, not with those that the proof uses.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.numbers import fields, proof, tokens
from tools.numbers.normalise import VIEW

_DECIMAL = re.compile(r"(?:\d+(?:\.|\{,\})\d+|(?<![\w.)\]])\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+(?!\w)")
_IN_MARKUP = re.compile(r">([^<>]+)<|\b(?:alt|aria-label|title)=(?:\"([^\"]*)\"|'([^']*)')")
_STYLE = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)
_TEXTS, _OUTPUTS, _FIGURES, _WIDGETS = (
    "sentences and formulas",
    "text outputs",
    "figures and HTML",
    "widget state",
)
_NOT_SHOWN = {"image/png", "image/jpeg", VIEW, "model_name", "model_module", "model_module_version"}


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


def try_all(committed, refreshed):
    """Replace each digit of each displayed decimal, and of each number in a field, by the next; count what is caught."""
    tally = Tally()
    for place in places(committed, refreshed):
        original = place.holder[place.key]
        text = original if isinstance(original, str) else repr(original)
        spans, skipped = spans_of_numbers(place, text, refreshed.displays)
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
                    change = f"{text[start:end]} -> {mutated[start:end]}"
                    tally.missed.append(f"{place.where}: {change} in {tokens.around(text, start, end)!r}")
        place.holder[place.key] = original
    return tally


def places(committed, refreshed):
    """Every string and number that a reader of the notebook sees, code apart."""
    ours, theirs = proof.parts(committed), proof.parts(refreshed.new)
    for part in ours:
        kind, key = part
        where = f"cell {key + 1}" if kind == "cell" else f"widget {key.lstrip('0')}"
        if kind == "cell" and committed.cells[key].cell_type != "code":
            cell = committed.cells[key]

            def caught(cell=cell):
                text = proof.refreshed_text(cell, refreshed.displays)
                return bool(text.differences or text.offers)

            yield Place(kind=_TEXTS, where=where, holder=cell, key="source", caught=caught)
        elif kind != "the notebook":
            shown = ours[part]["outputs"] if kind == "cell" else ours[part]
            for holder, inner in _leaves(shown):
                name = (
                    _WIDGETS
                    if kind == "widget"
                    else _FIGURES
                    if inner in ("text/html", "image/svg+xml")
                    else _OUTPUTS
                )
                yield Place(
                    kind=name,
                    where=where,
                    holder=holder,
                    key=inner,
                    caught=lambda part=part: ours[part] != theirs.get(part),
                )


def _leaves(value):
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(pairs):
        if key in _NOT_SHOWN or str(key).startswith("_"):
            continue
        if isinstance(item, (dict, list)):
            yield from _leaves(item)
        elif isinstance(item, (str, float)):
            yield value, key


def spans_of_numbers(place, text, displays):
    """The (start, end) of the numbers to mutate in a place, and the pieces that look like one and are none."""
    if place.kind == _FIGURES or (place.kind == _WIDGETS and "<" in text):
        seen = tokens.blank(text, [match.span() for match in _STYLE.finditer(text)])
        shown = [match.span(match.lastindex) for match in _IN_MARKUP.finditer(seen)]
        return [found.span() for span in shown for found in _DECIMAL.finditer(seen, *span)], []
    spans = {match.span() for match in _DECIMAL.finditer(text)}
    if place.kind != _TEXTS:
        return sorted(spans), []
    skipped = {
        span for span in spans if any(a < span[1] and span[0] < b for a, b in tokens.hidden_spans(text))
    }
    for start, end, _ in fields.slots(fields.render(fields.template(place.holder), displays), text):
        bound = {(start + token.start, start + token.end) for token in tokens.find(text[start:end])}
        spans = {span for span in spans if not any(a < span[1] and span[0] < b for a, b in bound)} | bound
    return sorted(spans - skipped), [tokens.around(text, *span, margin=12) for span in sorted(skipped)]
