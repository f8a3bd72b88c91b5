"""Sphinx extension: cnnlab's docstrings, which are plain text, as reStructuredText.

The docstrings are written to be read in a terminal: formulas stand on lines of their own, names in
backticks. Here formulas keep their lines, tables and indented passages become literal blocks, names become code,
and what reStructuredText would take for markup stays what it is.
"""

import re

FORMULA = re.compile(r"^[A-Za-z]\w*(\[[^\]]*\]|\([^)]*\))* = ")
COLUMNS = re.compile(r"\S {3,}\S")
CODE = re.compile(r"``([^`]+)``|`([^`]+)`")
MARKUP = re.compile(r"([*|\\])|(?<=\w)(_)(?!\w)")
ITEM = re.compile(r"^(- |\d+\. )")


def as_markup(text):
    """One passage of prose: code stays code, everything else loses its meaning as markup."""
    pieces, end = [], 0
    for code in CODE.finditer(text):
        pieces.append(MARKUP.sub(r"\\\1\2", text[end : code.start()]))
        pieces.append(f"``{code.group(1) or code.group(2)}``")
        end = code.end()
    pieces.append(MARKUP.sub(r"\\\1\2", text[end:]))
    return "".join(pieces)


def passages(lines):
    """The lines between empty lines, as lists."""
    passage = []
    for line in [*lines, ""]:
        if line.strip():
            passage.append(line.rstrip())
        elif passage:
            yield passage
            passage = []


def is_literal(passage):
    """Whether spaces carry meaning: an indented passage, or columns."""
    return passage[0].startswith("  ") or any(COLUMNS.search(line) for line in passage)


def with_formulas(passage):
    """The lines of prose with each formula on a line of its own; what follows a formula continues it."""
    result = []
    for line in passage:
        last = result[-1] if result else ""
        if FORMULA.match(line) and (not last or last.startswith("| ") or last.endswith((".", ":"))):
            result.append("| " + as_markup(line))
        elif last.startswith("| "):
            result[-1] += " " + as_markup(line.strip())
        else:
            result.append(as_markup(line))
    first = next((n for n, line in enumerate(result) if line.startswith("| ")), 0)
    return [*result[:first], "", *result[first:]] if first else result


def as_restructuredtext(lines):
    """The lines of a plain docstring as lines of reStructuredText."""
    result = []
    for passage in passages(lines):
        if is_literal(passage):
            result += [".. code-block:: text", "", *("    " + line for line in passage)]
        elif ITEM.match(passage[0]):
            result += [as_markup(line) for line in passage]
        else:
            result += with_formulas(passage)
        result.append("")
    return result


def rewrite(app, what, name, obj, options, lines):
    """Sphinx hands over the docstring's lines and takes back what is left in the list."""
    lines[:] = as_restructuredtext(lines)


def skip(app, what, name, obj, skipped, options):
    """Leave out the fields of named tuples, of which Python has only their number to say."""
    return True if getattr(obj, "__doc__", None) and obj.__doc__.startswith("Alias for field") else None


def setup(app):
    """Connect the above to a build."""
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
