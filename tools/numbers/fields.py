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


@dataclass(frozen=True)
class Rendered:
    """A template with its values put in: the text, where each field stands in it, and what is wrong."""

    text: str
    spans: list  # (start, end, expression), in order
    problems: dict  # expression -> why it cannot be displayed
    unbound: list  # the decimals that stand in no field, as tokens


def template(cell) -> str:
    """A cell's text with its fields: what its metadata holds, or its source if it has never been rendered."""
    return "".join(cell.metadata.get("cnnlab", {}).get("template", ())) or cell.source


def store(cell, text: str, rendered: str) -> None:
    """Write a template and its rendering into a cell."""
    cell.source = rendered
    cell.metadata.pop("cnnlab", None)
    if FIELD.search(text):
        cell.metadata["cnnlab"] = {"template": text.splitlines(keepends=True)}


def of(notebook) -> list[str]:
    """The expressions of a notebook's fields, those included that an author has just written into a source."""
    texts = [
        text for cell in notebook.cells if cell.cell_type != "code" for text in (template(cell), cell.source)
    ]
    return list(dict.fromkeys(FIELD.findall("\n".join(texts))))


def render(text: str, displays: dict) -> Rendered:
    """Put values into a template; `displays` is what `tools.numbers.in_kernel.evaluate` returned.

    A field that cannot be displayed stays as it is.
    """
    result, position, spans, problems = "", 0, [], {}
    for match in FIELD.finditer(text):
        result += text[position : match.start()]
        display = displays.get(match[1], {"error": "it was not evaluated"})
        if "error" not in display and any(len(tokens.find(entry)) != 1 for entry in display["entries"]):
            display = {"error": f"it displays {display['text']!r}; a field must display exactly one number"}
        if "error" in display:
            problems[match[1]] = display["error"]
        shown = display.get("text", match[0])
        spans.append((len(result), len(result) + len(shown), match[1]))
        result, position = result + shown, match.end()
    result += text[position:]

    found = {(token.start, token.end): token for token in tokens.find(_without_fields(result))}
    for start, end, expression in spans:
        own = {
            (start + token.start, start + token.end)
            for token in tokens.find(_without_fields(result[start:end]))
        }
        if not own <= found.keys():
            problems[expression] = (
                f"in {tokens.around(result, start, end, 12)!r} it is read as part of something else; put a space or a "
                "brace around it, or move a minus sign into the expression"
            )
        found = {span: token for span, token in found.items() if span not in own}
    return Rendered(result, spans, problems, [token for token in found.values() if token.is_decimal])


def slots(rendered: Rendered, source: str) -> list:
    """Where the fields of a template stand in a source, which shows other values or was edited: (start, end, expression).

    A field stays where only numbers differ between the two texts, where its own number was not touched, wherever
    that was moved to, and where one number was typed over another. A field that an author wrote stands where it is
    written. All others are lost: they are not in the list.
    """
    if rendered.text == source:
        return rendered.spans
    displays = [rendered.text[start:end] for start, end, _ in rendered.spans]
    expressions = [expression for *_, expression in rendered.spans]
    text = unrendered(rendered.text, rendered.spans)
    places = _places(render(text, {}), source)  # as if nothing but values had changed
    if unrendered(source, _joined(places, expressions)) != text or not _values_only(places, displays, source):
        places = _places(rendered, source)
    _let_swapped_ones_follow(places, displays, source)
    return sorted(
        _joined(places, expressions) + [(*match.span(), match[1]) for match in FIELD.finditer(source)]
    )


def _joined(places, expressions):
    return [(*place, expression) for place, expression in zip(places, expressions, strict=True) if place]


def _places(rendered, source):
    """The (start, end) of each field in a source by an alignment of the two texts, or None."""
    ours, theirs = _pieces(rendered.text), _pieces(source)
    if [_shape(piece) for piece in ours] == [_shape(piece) for piece in theirs]:
        blocks = [("replace", 0, len(ours), 0, len(theirs))]
    else:
        blocks = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    here, there = ([0, *accumulate(map(len, pieces))] for pieces in (ours, theirs))
    begins, ends, new = {}, {}, set()  # of our pieces, in the source; those of theirs that are not ours
    for tag, i, i_end, j, j_end in blocks:
        if i_end - i == j_end - j:
            begins.update(zip(here[i:i_end], there[j:j_end], strict=True))
            ends.update(zip(here[i + 1 : i_end + 1], there[j + 1 : j_end + 1], strict=True))
        elif i < i_end:
            begins[here[i]], ends[here[i_end]] = there[j], there[j_end]
            ours_here, theirs_there = _numbers(ours, i, i_end), _numbers(theirs, j, j_end)
            if len(ours_here) == len(theirs_there):
                begins.update((here[a], there[b]) for a, b in zip(ours_here, theirs_there, strict=True))
                ends.update((here[a + 1], there[b + 1]) for a, b in zip(ours_here, theirs_there, strict=True))
        if tag != "equal":
            new.update(range(j, j_end))

    places = []
    for start, end, _ in rendered.spans:
        display, place = rendered.text[start:end], (begins.get(start), ends.get(end))
        if None in place or not _could_display(source[slice(*place)], display):
            place, moved = None, _pieces(display)
            for j in sorted(new):
                run = range(j, j + len(moved))
                if theirs[j : run.stop] == moved and new.issuperset(run):
                    place = there[j], there[run.stop]
                    new.difference_update(run)
                    break
        places.append(place)
    return places


def unrendered(source: str, spots) -> str:
    """Put fields into a source in the place of what stands at `spots`, a list as `slots` returns it."""
    for start, end, expression in reversed(spots):
        source = f"{source[:start]}{{= {expression} =}}{source[end:]}"
    return source


def as_written(cell) -> str | None:
    """A cell's text with its fields, or None if its source has other words than its template."""
    text = template(cell)
    if text == cell.source:
        return text
    restored = unrendered(cell.source, slots(render(text, {}), cell.source))
    return text if restored == text else None


def _could_display(text, display):
    """Whether a piece of a source may be what a field displays, with this value or another."""
    if text == display:
        return True
    found, wanted = tokens.find(text), len(tokens.find(display))
    between = tokens.blank(text, [(token.start, token.end) for token in found])
    if not found or FIELD.search(text) or any(character.isalpha() for character in between):
        return False
    return len(found) == wanted or min(len(found), wanted) > 1 or bool(FIELD.fullmatch(display))


def _values_only(places, displays, source):
    """Whether a source shows in each place what the field displays or another number, and not that number reworded."""

    def numbers(text):
        return [token.text for token in tokens.find(text)]

    pairs = [(source[slice(*place)], display) for place, display in zip(places, displays, strict=True)]
    return all(a == b or (numbers(a) != numbers(b) and _could_display(a, b)) for a, b in pairs)


def _let_swapped_ones_follow(places, displays, source):
    """Where the same numbers stand in another order, let each field follow its number."""
    astray = [n for n, place in enumerate(places) if place and source[slice(*place)] != displays[n]]
    wanted = {n: source[slice(*places[n])] for n in astray}
    if sorted(wanted.values()) == sorted(displays[n] for n in astray):
        left, old = list(astray), list(places)
        for n in astray:
            field = next(other for other in left if displays[other] == wanted[n])
            left.remove(field)
            places[field] = old[n]


def _without_fields(text):
    return tokens.blank(text, [match.span() for match in FIELD.finditer(text)])


def _pieces(text):
    """The text cut into numbers, fields, words, spaces and single signs."""
    pieces, position = [], 0
    whole = [(token.start, token.end) for token in tokens.find(_without_fields(text))]
    for start, end in sorted([*whole, *(match.span() for match in FIELD.finditer(text))]):
        pieces += [*_PIECE.findall(text[position:start]), text[start:end]]
        position = end
    return pieces + _PIECE.findall(text[position:])


def _shape(piece):
    return "#" if piece[-1].isdigit() or tokens.find(piece) else piece


def _numbers(pieces, start, end):
    return [place for place in range(start, end) if _shape(pieces[place]) == "#"]
