"""Sphinx extension: the questions of the page *Practice*, a file for each skill, and the way there from each chapter.

A file is fetched when its skill is practised. It is a script and no JSON, because a page that was opened from the disk may
load scripts only.
"""

import json
from html import escape
from pathlib import Path

from cnnlab import practice
from cnnlab.practice import SKILLS, bank

PAGE = "book/practice"
SOURCE = Path(practice.__file__).parents[1]


def depend_on_code(app, docname, source):
    """Have the page read again, and so its questions written again, when the code that makes them changes."""
    if docname == PAGE:
        for path in sorted(SOURCE.rglob("*.py")):
            app.env.note_dependency(path)


def write_banks(app, pagename, templatename, context, doctree):
    """Put the questions among the build's static files when their page is written."""
    if pagename != PAGE:
        return
    folder = Path(app.outdir) / "_static" / "practice"
    folder.mkdir(parents=True, exist_ok=True)
    for skill in SKILLS:
        text = json.dumps(bank(skill.id), ensure_ascii=False, separators=(",", ":"))
        (folder / f"{skill.id}.js").write_text(
            f"cnnlabBank.get({json.dumps(skill.id)})({text});\n", encoding="utf-8"
        )


def add_links(app, pagename, templatename, context, doctree):
    """Close a chapter with links to its skills."""
    skills = [skill for skill in SKILLS if f"book/{skill.chapter}" == pagename]
    if skills:
        page = context["pathto"](PAGE)
        links = [f'<a href="{page}#skill={skill.id}">{escape(skill.title)}</a>' for skill in skills]
        context["body"] += f'<p class="practise">Practise with a pencil: {"; ".join(links)}.</p>\n'


def setup(app):
    """Connect the above to a build."""
    app.connect("source-read", depend_on_code)
    app.connect("html-page-context", add_links)
    app.connect("html-page-context", write_banks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
