"""Numbers in Markdown cells that are bound to expressions.

An author writes ``{= dw[0] =}`` or ``{= loss:.4f =}`` in a Markdown cell: the contents of an f-string's replacement
field. Without a format, `cnnlab.formatting.number` writes the value. The format ``tex`` turns an exponent into
``1.2 \\times 10^{-5}`` and may follow another format, ``{= h:.1e:tex =}``. A vector ``{= y =}`` becomes ``1.3, 2.1``; a
matrix becomes rows for a LaTeX ``bmatrix``, ``a & b \\\\ c & d``: each entry is bound by itself.

`make refresh` puts the number in the place of the braces. The expression goes to the cell's metadata,
``cnnlab.numbers``: one entry for each number that `tools.tokens` finds in the cell, in order; null for an integer
that is free (an index, a year, a constant of a formula). A display may put something around its number, as in
``(-0.5)`` or ``12%``; what already stands there is not written twice.
"""

import functools
import re
from dataclasses import dataclass, field

from tools import tokens as tokens_

FIELD = re.compile(r"\{=(?!\})[ \t]*(.+?)[ \t]*=\}")


@dataclass
class Rendered:
    """A cell's text after rendering, its `numbers`, what changed, and what is wrong."""

    source: str
    numbers: list
    changes: list = field(
        default_factory=list
    )  # (old text, new text, expression) of numbers that stood there
    filled: int = 0  # fields that became numbers
    problems: list = field(default_factory=list)  # sentences
    unbound: list = field(default_factory=list)  # positions in `numbers` of decimals without an expression


def bound(cell) -> list:
    """The cell's `cnnlab.numbers`, or an empty list."""
    return list(cell.metadata.get("cnnlab", {}).get("numbers", []))


def fields(notebook) -> list[str]:
    """Every expression that a notebook's text is bound to, each once, in order of appearance."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            found.update(dict.fromkeys(expression for expression in bound(cell) if expression))
            found.update(dict.fromkeys(FIELD.findall(cell.source)))
    return list(found)


def store(cell, rendered: Rendered) -> None:
    """Write the rendered text and its expressions into the cell."""
    cell.source = rendered.source
    extra = dict(cell.metadata.get("cnnlab", {}))
    extra.pop("numbers", None)
    if any(rendered.numbers):
        extra["numbers"] = rendered.numbers
    cell.metadata.pop("cnnlab", None)
    if extra:
        cell.metadata["cnnlab"] = extra


@functools.lru_cache(maxsize=4096)
def split_display(text: str):
    """Split a display into what stands before its one number, the number, and what follows; None if not one."""
    found = tokens_.find(text)
    if len(found) != 1:
        return None
    return text[: found[0].start], found[0].text, text[found[0].end :]


def align(found, numbers, displays) -> list:
    """Give each token in `found` its expression, after the text may have been edited.

    With as many tokens as expressions the order decides, except that numbers that only changed places keep their
    expressions. Otherwise the longest fitting alignment decides: a token whose text is what an expression displays
    belongs to it; new tokens stay free.
    """
    shown = [_number_of(displays.get(expression)) if expression else None for expression in numbers]
    if len(found) != len(numbers):
        return _longest_alignment(found, numbers, shown)
    result = list(numbers)
    astray = [i for i, token in enumerate(found) if numbers[i] and token.text != shown[i]]
    by_text = {}
    for i in astray:
        by_text.setdefault(shown[i], []).append(i)
    if sorted(found[i].text for i in astray) == sorted(str(shown[i]) for i in astray):
        for i in astray:
            result[i] = numbers[by_text[found[i].text].pop(0)]
    return result


def _number_of(display):
    parts = split_display(display["text"]) if display and "text" in display else None
    return parts[1] if parts else None


def _longest_alignment(found, numbers, shown):
    def worth(token, expression, text):
        if expression is None:
            return 0 if token.is_decimal else 1
        return 4 if token.text == text else 0.5

    rows, columns = len(found), len(numbers)
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            pair = best[i + 1][j + 1] + worth(found[i], numbers[j], shown[j])
            best[i][j] = max(pair, best[i + 1][j], best[i][j + 1])
    result = [None] * rows
    i = j = 0
    while i < rows and j < columns:
        if best[i][j] == best[i + 1][j + 1] + worth(found[i], numbers[j], shown[j]):
            result[i] = numbers[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return result


def render(source: str, numbers: list, displays: dict) -> Rendered:
    """Put the displayed values into a cell's text.

    source    the Markdown, with numbers, ``{= ... =}`` fields or both
    numbers   the expressions of the numbers that stand in it, as in the metadata
    displays  what `tools.in_kernel.evaluate` returned
    """
    new_fields = list(FIELD.finditer(source))
    found = tokens_.find(tokens_.blank(source, [match.span() for match in new_fields]))
    aligned = align(found, numbers, displays)
    spots = [(t.start, t.end, expression, False) for t, expression in zip(found, aligned, strict=True)]
    spots += [(m.start(), m.end(), m.group(1), True) for m in new_fields]

    result = Rendered("", [])
    expected = []  # (start, end, expression) in the new text
    position = 0
    for start, end, expression, is_new in sorted(spots):
        result.source += source[position:start]
        position = end
        old = source[start:end]
        pieces = [(old, None)] if expression is None else _pieces(old, expression, is_new, displays, result)
        from_here = len(result.source)
        for text, piece_expression in pieces:
            if piece_expression is not None and not FIELD.fullmatch(text):
                before, shown, after = split_display(text) or ("", text, "")
                if result.source.endswith(before) and source[end:].startswith(after):
                    before, text = "", shown
                expected.append((len(result.source) + len(before), shown, piece_expression))
            result.source += text
        if is_new:
            result.filled += 1
        elif result.source[from_here:] != old:
            result.changes.append((old, result.source[from_here:], expression))
    result.source += source[position:]
    _settle(result, expected)
    return result


def _pieces(old, expression, is_new, displays, result):
    """The texts to write for one expression, each with the expression of its own number (None for text between)."""
    display = displays.get(expression, {"error": "it was not evaluated"})
    if "error" in display:
        result.problems.append(f"{{= {expression} =}} cannot be displayed: {display['error']}")
        return [(old, None if is_new else expression)]
    if "rows" in display:
        if not is_new:
            result.problems.append(
                f"{{= {expression} =}} is an array; index it, so that it displays one number"
            )
            return [(old, expression)]
        pieces = []
        separator = " & " if display["matrix"] else ", "
        for i, row in enumerate(display["rows"]):
            for j, (entry, text) in enumerate(row):
                if i or j:
                    pieces.append((separator if j else r" \\ ", None))
                pieces.append((text, entry))
        return pieces
    if split_display(display["text"]) is None:
        result.problems.append(
            f"{{= {expression} =}} displays {display['text']!r}; a field must display exactly one number"
        )
        return [(old, None if is_new else expression)]
    return [(display["text"], expression)]


def _settle(result, expected):
    """Read the new text as a reader would, and check that its numbers are those that were written."""
    unread = [match.span() for match in FIELD.finditer(result.source)]
    found = tokens_.find(tokens_.blank(result.source, unread))
    by_start = {token.start: token for token in found}
    expressions = {}
    for start, text, expression in expected:
        token = by_start.get(start)
        if token is None or token.text != text:
            near = result.source[max(0, start - 12) : start + len(text) + 12].replace("\n", " ")
            result.problems.append(
                f"{{= {expression} =}} displays {text!r}, but in '...{near}...' it is read as part of something else; "
                "put a space or a brace around it, or move a minus sign into the expression"
            )
        expressions[start] = expression
    result.numbers = [expressions.get(token.start) for token in found]
    result.unbound = [i for i, t in enumerate(found) if t.is_decimal and result.numbers[i] is None]


def unrender(source: str, numbers: list) -> str:
    """Turn bound numbers back into ``{= expression =}`` fields. Raises ValueError if the counts differ."""
    found = tokens_.find(source)
    if not any(numbers):
        return source
    if len(found) != len(numbers):
        raise ValueError(
            f"the cell has {len(found)} numbers and its metadata has {len(numbers)}; run python -m tools.refresh first"
        )
    for token, expression in reversed(list(zip(found, numbers, strict=True))):
        if expression is not None:
            source = source[: token.start] + f"{{= {expression} =}}" + source[token.end :]
    return source
