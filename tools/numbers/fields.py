"""Text with fields: ``The loss falls to {= loss:.4f =}.``

A field holds what an f-string's replacement field holds. Without a format, `cnnlab.formatting.number` writes the value.
The format ``tex`` turns an exponent into ``1.2 \\times 10^{-5}`` and may follow another format, ``{= h:.1e:tex =}``.
A vector becomes ``1.3, 2.1``; a matrix becomes rows for a LaTeX ``bmatrix``, ``a & b \\\\ c & d``.

The text with its fields is the *template*. A Markdown cell keeps it in its metadata, ``cnnlab.template``, as a list of
lines; the cell's source holds it rendered. A cell without fields has no template.
"""

import difflib
import re
from dataclasses import dataclass
from itertools import accumulate

from tools.numbers import tokens

FIELD = re.compile(r"\{=(?!\})[ \t]*(.+?)[ \t]*=\}")
_PIECE = re.compile(r"\s+|\w+|[^\w\s]")
_NO_WORD = r"(?:\\times|\d[eE](?=[-+\d])|[^A-Za-z])"


@dataclass(frozen=True)
class Rendered:
    """A template with its values put in: the text, where each field stands in it, and what is wrong."""

    text: str
    spans: list  # (start, end, expression), in order
    problems: dict  # expression -> why it cannot be displayed
    unbound: list  # the decimals that stand in no field, as tokens


def template(cell):
    """A cell's text with its fields: what its metadata holds, or its source if it has never been rendered."""
    return "".join(cell.metadata.get("cnnlab", {}).get("template", ())) or cell.source


def store(cell, text, rendered):
    """Write a template and its rendering into a cell."""
    cell.source = rendered
    cell.metadata.pop("cnnlab", None)
    if FIELD.search(text):
        cell.metadata["cnnlab"] = {"template": text.splitlines(keepends=True)}


def of(notebook):
    """The expressions of a notebook's fields, those included that an author has just written into a source."""
    texts = [template(cell) + "\n" + cell.source for cell in notebook.cells if cell.cell_type != "code"]
    return list(dict.fromkeys(FIELD.findall("\n".join(texts))))


def render(text, displays):
    """Put values into a template; `displays` is what `tools.numbers.in_kernel.evaluate` returned.

    A field that cannot be displayed stays as it is.
    """
    result, position, spans, problems = "", 0, [], {}
    for match in FIELD.finditer(text):
        display = displays.get(match[1], {"error": "it was not evaluated"})
        if "error" not in display and any(len(tokens.find(entry)) != 1 for entry in display["entries"]):
            display = {"error": f"it displays {display['text']!r}; a field must display exactly one number"}
        if "error" in display:
            problems[match[1]] = display["error"]
        result += text[position : match.start()]
        spans.append((len(result), len(result) + len(display.get("text", match[0])), match[1]))
        result, position = result + display.get("text", match[0]), match.end()
    result += text[position:]

    found = {token.span: token for token in _numbers(result)}
    for start, end, expression in spans:
        own = {(start + token.start, start + token.end) for token in _numbers(result[start:end])}
        if not own <= found.keys():
            problems[expression] = (
                f"in {tokens.around(result, start, end, 12)!r} it is read as part of something else; put a space or a "
                "brace around it, or move a minus sign into the expression"
            )
        found = {span: token for span, token in found.items() if span not in own}
    return Rendered(result, spans, problems, [token for token in found.values() if token.is_decimal])


def unrendered(source, spots):
    """Put fields into a source in the place of what stands at `spots`, a list as `slots` returns it."""
    for start, end, expression in reversed(spots):
        source = f"{source[:start]}{{= {expression} =}}{source[end:]}"
    return source


def slots(rendered, source):
    """Where the fields of a template stand in a source, which shows other values or was edited: (start, end, expression).

    Where nothing but numbers differs, the place decides, whatever the numbers are: a run that yields the same ones in
    another order must not move a field into another sentence. In an edited text a field stays where its number was not
    touched, also if that was moved, and where one number was typed over another. A field that an author wrote stands
    where it is written. All others are lost: they are not in the list.
    """
    if rendered.text == source:
        return rendered.spans
    found = _by_place(unrendered(rendered.text, rendered.spans), source)
    if found is None or any(
        _reworded(rendered.text[a:b], source[c:d])
        for (a, b, _), (c, d, _) in zip(rendered.spans, found, strict=True)
    ):
        exact, loose = _aligned(rendered, source, str), _aligned(rendered, source, _shape)
        found = loose if len(loose) == len(rendered.spans) > len(exact) else exact
    return sorted(found + [(*match.span(), match[1]) for match in FIELD.finditer(source)])


def _by_place(text, source):
    """Where the fields of a template stand in a source that has the same words and signs around them, or None."""
    first, *rest = FIELD.split(text)
    pattern, literals = re.escape(first), rest[1::2]
    for number, literal in enumerate(literals, 1):
        following = re.escape(literal) + (r"\Z" if number == len(literals) else "")
        pattern += rf"((?:(?!{following}){_NO_WORD})++){following}"
    match = None if FIELD.search(source) else re.fullmatch(pattern, source)
    return match and [(*match.span(number), expression) for number, expression in enumerate(rest[::2], 1)]


def _reworded(display, shown):
    """Whether an author, and no run, made `shown` out of a field's display: by new signs around it, or one more number."""
    before, after = ([token.text for token in tokens.find(text)] for text in (display, shown))
    few = min(len(before), len(after)) < 2 and len(before) != len(after)
    return display != shown and not FIELD.fullmatch(display) and (few or before == after)


def as_written(cell):
    """A cell's text with its fields, or None if its source has other words than its template."""
    text = template(cell)
    return text if text == cell.source or _by_place(text, cell.source) else None


def _aligned(rendered, source, key):
    """The fields whose pieces of text, as seen by `key`, stand together in the source, too."""
    ours, theirs = _pieces(rendered.text), _pieces(source)
    here, there = ([0, *accumulate(map(len, pieces))] for pieces in (ours, theirs))
    ours, theirs = list(map(key, ours)), list(map(key, theirs))
    place, gone, new = {}, set(), set()
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag == "equal":
            place.update(zip(range(i, i_end), range(j, j_end), strict=True))
        elif tag != "replace":
            gone.update(range(i, i_end))
            new.update(range(j, j_end))

    found = []
    for start, end, expression in rendered.spans:
        if start not in here or end not in here:
            continue  # it is part of a word
        run = range(here.index(start), here.index(end))
        moved = sorted(new) if gone.issuperset(run) else []
        for j in [*moved, place.get(run.start, 0)]:
            other = range(j, j + len(run))
            same = ours[run.start : run.stop] == theirs[j : other.stop]
            if same and (new.issuperset(other) or [place.get(i) for i in run] == list(other)):
                found.append((there[j], there[other.stop], expression))
                new.difference_update(other)
                break
    return found


def _numbers(text):
    return tokens.find(tokens.blank(text, [match.span() for match in FIELD.finditer(text)]))


def _pieces(text):
    """The text cut into numbers, fields, words, spaces and single signs."""
    whole = [token.span for token in _numbers(text)] + [match.span() for match in FIELD.finditer(text)]
    pieces, position = [], 0
    for start, end in sorted(whole):
        pieces += [*_PIECE.findall(text[position:start]), text[start:end]]
        position = end
    return pieces + _PIECE.findall(text[position:])


def _shape(piece):
    return "#" if tokens.find(piece) and not FIELD.fullmatch(piece) else piece
