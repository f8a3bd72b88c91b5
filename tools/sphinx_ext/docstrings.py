"""Sphinx extension: cnnlab's docstrings, which are plain text, as reStructuredText.

The docstrings are written to be read in a terminal: formulas stand on lines of their own, names in
backticks. Here formulas keep their lines, names with what they mean become definitions, other tables and indented
passages literal blocks; names become code, a word between asterisks is stressed, a lone asterisk is a times sign, and what
else reStructuredText would take for markup stays what it is.
"""

import re
import textwrap

FORMULA = re.compile(r"^[A-Za-z]\w*(\[[^\]]*\]|\([^)]*\))* = ")
COLUMNS = re.compile(r"\S {3,}\S")
MEANING = re.compile(r"^([A-Za-z_][\w.]*(?:, [A-Za-z_][\w.]*)*) {2,}([^\s=].*)$")
CODE = re.compile(r"``([^`]+)``|`([^`]+)`")
MARKUP = re.compile(r"([*|\\])|(?<=\w)(_)(?!\w)")
STRESSED = re.compile(r"(?<![\w*(])\*(\w[\w -]*\w)\*(?!\w)")
TIMES = re.compile(r"(?<= )\*(?= )")
ITEM = re.compile(r"^(- |\d+\. )")


def as_markup(text):
    """One passage of prose: code stays code, everything else loses its meaning as markup."""
    pieces, end = [], 0
    for code in CODE.finditer(text):
        pieces.append(as_words(text[end : code.start()]))
        pieces.append(f"``{code.group(1) or code.group(2)}``")
        end = code.end()
    pieces.append(as_words(text[end:]))
    return "".join(pieces)


def as_words(text):
    """A piece of prose without code."""
    pieces = STRESSED.split(TIMES.sub("×", text))
    pieces[::2] = [MARKUP.sub(r"\\\1\2", piece) for piece in pieces[::2]]
    pieces[1::2] = [f"*{piece}*" for piece in pieces[1::2]]
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


def meanings(passage):
    """Pairs of a name and what it means if the passage is a list of such, else None."""
    lines = textwrap.dedent("\n".join(passage)).split("\n")
    pairs = []
    for line in lines:
        found = MEANING.match(line)
        if found:
            pairs.append([found[1], found[2]])
        elif pairs and line.startswith("  "):
            pairs[-1][1] += " " + line.strip()
        else:
            return None
    return pairs


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
        if pairs := meanings(passage):
            for name, meaning in pairs:
                result += [f"``{name}``", "    " + as_markup(meaning)]
        elif is_literal(passage):
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
