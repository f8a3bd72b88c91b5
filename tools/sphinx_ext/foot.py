"""Sphinx extension: a mark at each page's foot, which `tools.edition` fills after the build."""

from tools.edition import MARK


def add_mark(app, pagename, templatename, context, doctree):
    """Let the theme write the mark as the last part of the foot."""
    context["theme_extra_footer"] = MARK.format(page=pagename)


def setup(app):
    """Connect the above to a build."""
    app.connect("html-page-context", add_mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
