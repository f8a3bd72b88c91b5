"""Sphinx extension: cnnlab's docstrings, which are plain text, as reStructuredText.

The docstrings are written to be read in a terminal: formulas stand on lines of their own, names in
backticks. Here formulas, tables and indented passages become literal blocks, names become code, and what
reStructuredText would take for markup stays what it is.
"""

import re

FORMULA = re.compile(r"^\s*[A-Za-z]\w*(\[[^\]]*\]|\([^)]*\))?( = |$)")
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
    """Whether line breaks and spaces carry meaning: an indented passage, columns, formulas."""
    first = passage[0]
    return first.startswith("  ") or bool(FORMULA.match(first)) or any(COLUMNS.search(x) for x in passage)


def as_restructuredtext(lines):
    """The lines of a plain docstring as lines of reStructuredText."""
    result = []
    for passage in passages(lines):
        if ITEM.match(passage[0]):
            result += [as_markup(line) for line in passage]
        elif is_literal(passage):
            # A sentence may lead to the formulas below it without an empty line in between.
            result += ["::", "", *("    " + line for line in passage)]
        else:
            head = next((n for n, line in enumerate(passage) if FORMULA.match(line) and " = " in line), None)
            result.append(as_markup("\n".join(passage[:head])).removesuffix("::").rstrip())
            if head is not None:
                result += ["", "::", "", *("    " + line for line in passage[head:])]
        result.append("")
    return [line for text in result for line in text.split("\n")]


def rewrite(app, what, name, obj, options, lines):
    """Sphinx hands over the docstring's lines and takes back what is left in the list."""
    lines[:] = as_restructuredtext(lines)


def setup(app):
    """Connect the above to a build."""
    app.connect("autodoc-process-docstring", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
