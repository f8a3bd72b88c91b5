"""Sphinx extension: predict, then see. What answers a box stays folded until the reader has answered it or asks.

A cell tagged `answer` holds the answer to the answer box above it. Neighboring ones become one fold with a button
"Show me"; `answers.js` folds it and opens it. Without JavaScript the answer stands there, and on paper at the end of the
page. The code of a box itself names the answer and each mistake's, so the page leaves it out; the notebook has it.
"""

import json
import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

TAG = "answer"
CLASSES = {f"tag_{TAG}", f"tag-{TAG}"}  # myst-nb's, and that of the container around a Markdown cell
BOX = "cnnlab-answer"  # the class of an answer box's still
logger = logging.getLogger(__name__)

OPEN = """<div class="predict" data-box="{box}"><p class="ask" id="ask-{number}"><span class="on-screen">
<button type="button" class="show-answer" aria-describedby="ask-{number}-why" aria-controls="answer-{number}"
aria-expanded="false">Show me</button>
<span id="ask-{number}-why">The next lines answer the question above.</span></span>
<span class="on-paper">Answer {number} is at the end of this page.</span></p>
<div class="answer" id="answer-{number}" tabindex="-1" role="group" aria-label="Answer {number}">
"""
CLOSE = "</div></div>\n"


def wrap(source):
    """The text of a notebook, with each Markdown cell tagged `answer` in a container: myst-nb forgets the tags of text."""
    notebook = json.loads(source)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and TAG in cell["metadata"].get("tags", []):
            text = "".join(cell["source"])
            longest = max(map(len, re.findall(":{3,}", text)), default=5)
            fence = ":" * max(6, longest + 1)
            cell["source"] = f"{fence}{{container}} tag-{TAG}\n{text}\n{fence}"
    return json.dumps(notebook)


def wrap_answers(app, docname, content):
    """Give the parser the notebook with its answers marked."""
    if app.env.doc2path(docname, base=False).endswith(".ipynb"):
        content[0] = wrap(content[0])


def is_answer(node):
    """Whether a node is a cell tagged `answer`."""
    return isinstance(node, nodes.container) and not CLASSES.isdisjoint(node.get("classes", ()))


def box_of(node):
    """The model of the answer box that a node is, or None."""
    is_box = isinstance(node, nodes.raw) and "widget" in node and BOX in node.astext()
    return node["widget"] if is_box else None


class FoldAnswers(SphinxPostTransform):
    """Put neighboring answers into one fold below the box that they answer."""

    default_priority = 201  # behind what orders the parts of cells
    formats = ("html",)

    def run(self, **kwargs):
        box, folds, last = None, [], None
        for node in list(self.document.findall(lambda node: is_answer(node) or box_of(node))):
            if not is_answer(node):
                box = box_of(node)
                cell = node.parent
                while cell is not None and cell.get("nb_element") != "cell_code":
                    cell = cell.parent
                self.drop_code(cell)
                continue
            if box is None:
                logger.warning("a cell tagged answer has no answer box above it", location=node)
                continue
            place = node.parent.index(node)
            if last is not None and last is (node.parent[place - 1] if place else None):
                folds[-1].append(node)
            else:
                folds.append([box, node])
            last = node
        for number, (box, *cells) in enumerate(folds, 1):
            opening = nodes.raw("", OPEN.format(box=box, number=number), format="html")
            cells[0].parent.insert(cells[0].parent.index(cells[0]), opening)
            cells[-1].parent.insert(
                cells[-1].parent.index(cells[-1]) + 1, nodes.raw("", CLOSE, format="html")
            )

    @staticmethod
    def drop_code(cell):
        """Take the code out of a box's cell."""
        if cell is not None:
            for child in [
                c
                for c in cell.children
                if "behind" in c.get("classes", ()) or c.get("nb_element") == "cell_code_source"
            ]:
                cell.remove(child)


def setup(app):
    """Connect the above to a build."""
    app.connect("source-read", wrap_answers)
    app.add_post_transform(FoldAnswers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
