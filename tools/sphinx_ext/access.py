"""Sphinx extension: mends what docutils writes and readers stumble over.

A bibliography comes out as a `list` whose children are no list items, with a role that the current
standard dropped. Without the roles it reads as what it is: one paragraph after the other.

A typeset formula is a box of its own, so a line may break between the formula and the full stop behind it.
"""

import re

WRONG_ROLES = (
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    (' role="doc-biblioentry"', ""),
)


FORMULA_AND_STOP = re.compile(r'(<span class="math [^>]*>[^<]*</span>[.,;:?!)]+)')


def drop_wrong_roles(app, pagename, templatename, context, doctree):
    """Take the wrong roles out of a page's text."""
    for wrong, right in WRONG_ROLES:
        context["body"] = context.get("body", "").replace(wrong, right)


def keep_stops(app, pagename, templatename, context, doctree):
    """Keep formula and punctuation together."""
    context["body"] = FORMULA_AND_STOP.sub(r'<span class="together">\1</span>', context.get("body", ""))


def setup(app):
    """Connect the above to a build."""
    app.connect("html-page-context", keep_stops)
    app.connect("html-page-context", drop_wrong_roles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
