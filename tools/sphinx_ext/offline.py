"""Sphinx extension: built pages ask nobody but themselves for anything.

Jupyter Book's default page loads scripts from content delivery networks and defines sphinx-thebe's
constants twice, which throws on every page. This drops both, and puts the part of MathJax that a page
needs beside the pages.
"""

from importlib.metadata import files
from pathlib import Path
from shutil import copyfile

from docutils import nodes

# Everything that MathJax asks for after `mathjax_path` with the loader list in _config.yml, and the
# TeX extensions that a formula can call for by name. The menu and the speech engine stay out: 1.9 MB.
MATHJAX = (
    "LICENSE",
    "startup.js",
    "core.js",
    "input/tex.js",
    "input/tex/extensions/",
    "output/chtml.js",
    "output/chtml/fonts/",
    "a11y/assistive-mml.js",
)
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


def copy_mathjax(app, exception):
    """Copy the needed part of MathJax 3 out of the installed sphinx-mathjax-offline."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax"
    for file in files("sphinx-mathjax-offline"):
        name = file.as_posix().partition("/static/mathjax/")[2]
        if not name.startswith(MATHJAX):
            continue
        source, copy = Path(file.locate()), target / name
        if not copy.exists() or copy.stat().st_size != source.stat().st_size:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copyfile(source, copy)


def setup(app):
    """Connect the above to a build."""
    app.connect("html-page-context", drop_outside_assets, priority=900)
    app.connect("doctree-resolved", drop_thebe_nodes, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
