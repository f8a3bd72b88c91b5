"""Sphinx extension: what the page needs to run its code where it stands.

The container of each code cell says in `data-cell` which cell of the notebook it is. The code of all cells, of those too
that the page folds or leaves out, stands in `cells/NAME.json` beside the pages: `run.js` fetches it at the first Run,
because a cell needs what the cells above it made. The page itself only says where these things are.
"""

import json
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

ROOT = Path(__file__).resolve().parents[2]
# Fetched when a cell shows a widget on a page that has none, or writes a formula.
LATER = (Path(__file__).with_name("widget_host.js"), ROOT / "tools" / "katex" / "katex.min.js")
OFFLINE = Path(__file__).with_name("offline.js")


class NamedCell(nodes.container):
    """A code cell's container, which knows the cell's id."""


def visit_cell(self, node):
    """Open the container as docutils does, with the id."""
    self.body.append(self.starttag(node, "div", CLASS="docutils container", **{"data-cell": node["cell"]}))


def depart_cell(self, node):
    """Close the container."""
    self.body.append("</div>\n")


def code_cells(notebook):
    """What `cells/NAME.json` says of a notebook: its code cells in order."""
    return [
        {"id": cell["id"], "source": "".join(cell["source"]), "tags": cell["metadata"].get("tags", [])}
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def notebook_of(env, docname):
    """The notebook of a page, or None."""
    path = Path(env.doc2path(docname))
    return json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".ipynb" else None


class NameCells(SphinxPostTransform):
    """Give each code cell its id."""

    default_priority = 210  # behind what orders the parts of cells, which asks for plain containers
    formats = ("html",)

    def run(self, **kwargs):
        notebook = notebook_of(self.env, self.env.docname)
        if notebook is None:
            return
        for node in list(self.document.findall(nodes.container)):
            if node.get("nb_element") == "cell_code":
                cell = NamedCell("", *node.children, **node.attributes)
                cell["cell"] = notebook["cells"][node["cell_index"]]["id"]
                node.replace_self(cell)


def is_shown(node):
    """Whether a node is the code of a cell."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_source"


def write_cells(app, pagename, templatename, context, doctree):
    """Write the code of the page's cells, and let the page say where it is, if there is code to run on it."""
    notebook = notebook_of(app.env, pagename) if doctree else None
    if notebook is None or not any(doctree.findall(is_shown)):
        return
    name = f"cells/{Path(pagename).name}.json"
    path = Path(app.outdir) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(code_cells(notebook), ensure_ascii=False), encoding="utf-8")
    places = {
        what: context["pathto"](place, resource=True) for what, place in (("cells", name), ("live", "live/"))
    }
    text = json.dumps(places, separators=(",", ":"))
    context["body"] += f'<script type="application/json" id="cnnlab-run">{text}</script>\n'


def copy_later(app):
    """Put among the build's files what `run.js` may ask for; a service worker is in charge of the folder it stands in."""
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    for path in LATER:
        shutil.copy(path, folder)
    shutil.copy(OFFLINE, app.outdir)


def setup(app):
    """Connect the above to a build."""
    app.add_node(NamedCell, html=(visit_cell, depart_cell))
    app.connect("builder-inited", copy_later)
    app.add_post_transform(NameCells)
    app.connect("html-page-context", write_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
