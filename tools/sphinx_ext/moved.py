"""Sphinx extension: addresses stay. A section that got another title, or moved, is still found at its old anchor.

`book/moved.json` has, for each page, the old anchors and the sections where their subject is now.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

MOVED = Path(__file__).resolve().parents[2] / "book" / "moved.json"
logger = logging.getLogger(__name__)


def moved():
    """{page: {old anchor: the anchor of the section that it leads to now}}; none for a book without such a list."""
    return json.loads(MOVED.read_text(encoding="utf-8")) if MOVED.exists() else {}


def keep(app, doctree):
    """Give sections their old anchors, too."""
    page = Path(app.env.docname).name
    sections = {anchor: section for section in doctree.findall(nodes.section) for anchor in section["ids"]}
    for old, new in moved().get(page, {}).items():
        if new in sections:
            sections[new]["ids"].append(old)
        else:
            logger.warning(
                "moved.json leads from %s to %s, but the page has no such section", old, new, location=page
            )


def setup(app):
    """Connect the above to a build."""
    app.connect("doctree-read", keep)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
