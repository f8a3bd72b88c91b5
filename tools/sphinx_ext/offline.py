"""Sphinx extension: built pages ask nobody but themselves for anything.

Jupyter Book's default page loads scripts from content delivery networks and defines sphinx-thebe's
constants twice, which throws on every page. This drops both.
"""

from docutils import nodes

OUTSIDE = ("http://", "https://", "//")


def is_outside(asset):
    """Whether a script or style sheet is fetched from another place than the book."""
    return str(getattr(asset, "filename", None) or asset).startswith(OUTSIDE)


def is_thebe(asset):
    """Whether a script or style sheet belongs to sphinx-thebe, which this book does not use."""
    body = (getattr(asset, "attributes", None) or {}).get("body") or ""
    return "thebe" in str(getattr(asset, "filename", None) or asset) or "THEBE_JS_URL" in body


def drop_outside_assets(app, pagename, templatename, context, doctree):
    """Keep the scripts and style sheets that the book brings along."""
    for kind in ("script_files", "css_files"):
        if kind in context:
            context[kind][:] = [a for a in context[kind] if not is_outside(a) and not is_thebe(a)]


def drop_thebe_nodes(app, doctree, docname):
    """Remove the kernel configuration that sphinx-thebe appends to every page."""
    for node in list(doctree.findall(nodes.raw)):
        if "text/x-thebe-config" in node.astext() or node.astext().startswith("<script>kernelName"):
            node.parent.remove(node)


def setup(app):
    """Connect the above to a build."""
    app.connect("html-page-context", drop_outside_assets, priority=900)
    app.connect("doctree-resolved", drop_thebe_nodes, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
