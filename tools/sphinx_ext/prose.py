"""Sphinx extension: what search engines, the book's own search and shared links say of a page is prose.

The index of the book's search leaves formulas out, whose TeX nobody looks for. Each page gets a description, the beginning
of its text. Where `_config.yml` names the address of the book (`html: baseurl`), sphinxext-opengraph adds what a shared link
shows, a preview picture included; Sphinx itself then names the canonical address.
"""

import re
from html import escape

from docutils import nodes

LONGEST = 160  # characters that search engines show


def without_formulas(node):
    """A copy of a document or of a part of it in which no formula stands."""
    copy = node.deepcopy()
    for formula in [*copy.findall(nodes.math), *copy.findall(nodes.math_block)]:
        formula.parent.remove(formula)
    return copy


def index_prose(app):
    """Let the index of the search be made of pages without their formulas."""
    if app.builder.format != "html":
        return
    index_page = app.builder.index_page
    app.builder.index_page = lambda name, doctree, title: index_page(name, without_formulas(doctree), title)


def description(doctree):
    """The first sentences of a page, as many as search engines show; of a longer first sentence its beginning."""
    paragraphs = (node for node in doctree.findall(nodes.paragraph) if isinstance(node.parent, nodes.section))
    plain = (node.astext() for node in paragraphs if not next(iter(node.findall(nodes.math)), None))
    text = " ".join(next(plain, "").split())
    if len(text) <= LONGEST:
        return text
    cut = text[: LONGEST + 1]
    end = max((stop.end() for stop in re.finditer(r"[.?!](?= )", cut)), default=0)
    return cut[:end] if end else cut[: LONGEST - 1].rpartition(" ")[0] + "…"


def describe(app, pagename, templatename, context, doctree):
    """Put the description into a page's head."""
    text = description(doctree) if doctree else ""
    text = text or f"{context.get('title') or pagename}: {app.config.project or app.config.html_title}"
    context["metatags"] = (
        context.get("metatags", "") + f'<meta name="description" content="{escape(text)}">\n'
    )
    if doctree:
        context["meta"] = (context.get("meta") or {}) | {"og:description": text}


def name_address(app, config):
    """Tell sphinxext-opengraph where the book is published."""
    config.ogp_site_url = config.html_baseurl


def setup(app):
    """Connect the above to a build, before sphinxext-opengraph, which would take its description from formulas, too."""
    app.connect("builder-inited", index_prose)
    app.connect("html-page-context", describe, priority=400)
    if app.config.html_baseurl:
        app.setup_extension("sphinxext.opengraph")
        app.connect("config-inited", name_address)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
