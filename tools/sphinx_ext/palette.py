"""Sphinx extension: the palette on every page, for the pictures of chapters and for the book's own style sheet."""

from pathlib import Path

from cnnlab.palette import style_sheet


def write_style_sheet(app):
    """Put the palette among the build's static files."""
    target = Path(app.outdir) / "_static" / "palette.css"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(style_sheet(), encoding="utf-8")


def setup(app):
    """Connect the above to a build."""
    app.connect("builder-inited", write_style_sheet)
    app.add_css_file("palette.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
