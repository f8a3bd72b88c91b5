"""Sphinx extension: mends what docutils writes and readers stumble over.

A bibliography comes out as a `list` whose children are no list items, with a role that the current
standard dropped. Without the roles it reads as what it is: one paragraph after the other. Folded cells say "Show the
code", and are called something else for those who do not see them; without that they are called what they say. On paper,
where they are open and nothing is shown or hidden, they are called what they hold: "Solution" for "Show the solution".
Code that writes a link names a notebook, which is right in JupyterLab; on the page the link leads to the page. The report of
a check, which may stand anywhere, only names places of the book; on the page they are links.
"""

import re

MENDS = (
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    (' role="doc-biblioentry"', ""),
    (' aria-label="Toggle hidden content"', ""),
)
FOLDED = re.compile(
    r'<summary>(\s*<p class="collapsed admonition-title">)(?:Show )?(?:the )?(.)(.*?)(?=</p>)'
)
PLACE = re.compile(r"<span data-read='([\w-]+)(#[\w-]+)?'>([^<]*)</span>")
NOTEBOOK = re.compile(r"""(<a href=['"][\w-]+)\.ipynb(?=['"#])""")


def name_for_paper(found):
    """The title of a folded cell once more, as what it holds."""
    before, first, rest = found.groups()
    told = found[0].removeprefix(f"<summary>{before}")
    return f'<summary data-paper="{first.upper()}{rest}">{before}{told}'


def mend(app, pagename, templatename, context, doctree):
    """Take wrong roles, names and links out of a page's text."""
    body = context.get("body", "")
    for wrong, right in MENDS:
        body = body.replace(wrong, right)
    body = FOLDED.sub(name_for_paper, body)
    body = PLACE.sub(r'<a href="\1.html\2">\3</a>', body)
    context["body"] = NOTEBOOK.sub(r"\1.html", body)


def setup(app):
    """Connect the above to a build."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
