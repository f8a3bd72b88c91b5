"""Sphinx extension: what a cell shows comes first, its folded code behind it; wide tables can become cards.

A reader wants the figure, then perhaps the code that drew it; myst-nb puts the code first. Code that does nothing but call
a widget or a figure says nothing about the subject: the page leaves it out. The notebook, which every page offers for
download and live, has it.

On a phone a row of a table that is wider stands as a card, each cell below the name of its column. The names are put into
the cells here, and `book.css` shows them on narrow screens only.
"""

import ast

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

DISPLAY = ("figures", "widgets")
PHONE = 34  # characters that stand side by side on a phone


def only_displays(code):
    """Whether each statement is an import or a bare call of `figures` or `widgets`."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return False
    return all(
        isinstance(statement, (ast.Import, ast.ImportFrom)) or is_display(statement)
        for statement in statements
    )


def is_display(statement):
    """Whether a statement is something like `figures.grids(...).captioned(...)`."""
    called = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(called, ast.Call):
        return False
    while isinstance(called, (ast.Attribute, ast.Call)):
        called = called.value if isinstance(called, ast.Attribute) else called.func
    return isinstance(called, ast.Name) and called.id in DISPLAY


class OutputFirst(SphinxPostTransform):
    """Move folded code behind what it produced, or drop it."""

    default_priority = 200  # myst-nb folds it at 199
    formats = ("html",)

    def run(self, **kwargs):
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("hide_mode") != "input" or cell.children[-1].get("nb_element") != "cell_code_output":
                continue
            folded = cell.children[0]
            cell.remove(folded)
            if not only_displays(folded.astext()):
                folded["classes"] = ["behind"]
                cell.append(folded)


class NameColumns(SphinxPostTransform):
    """Put the name of its column into each cell of a wide table."""

    default_priority = 200
    formats = ("html",)

    def run(self, **kwargs):
        for table in self.document.findall(nodes.table):
            texts = [[entry.astext() for entry in row] for row in table.findall(nodes.row)]
            if least_width(texts) <= PHONE or not any(table.findall(nodes.thead)):
                continue
            table["classes"].append("cards")
            names = table.next_node(nodes.row)
            for row in table.next_node(nodes.tbody):
                for name, entry in zip(names, row, strict=True):
                    if entry.astext():
                        entry.insert(0, nodes.inline("", "", *spelled(name), classes=["column"]))


def spelled(name):
    """The name of a column once more: its words and formulas, without its links."""
    for part in name.findall(lambda node: isinstance(node, (nodes.Text, nodes.math))):
        if isinstance(part, nodes.math):
            yield part.deepcopy()
        elif not isinstance(part.parent, nodes.math):
            yield nodes.Text(str(part))


def least_width(rows):
    """Characters that a table needs side by side: the longest word of each column, and a little between columns."""
    longest = [
        max(len(word) for text in column for word in [*text.split(), ""])
        for column in zip(*rows, strict=True)
    ]
    return sum(longest) + len(longest)


def setup(app):
    """Connect the above to a build."""
    app.add_post_transform(OutputFirst)
    app.add_post_transform(NameColumns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
