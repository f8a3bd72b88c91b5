"""Sphinx extension: the questions of the page *Practice*, a file for each skill, and the way there from each chapter.

A file is fetched when its skill is practised. It is a script and no JSON, because a page that was opened from the disk may
load scripts only.
"""

import json
from html import escape
from pathlib import Path

from cnnlab.practice import SKILLS, bank


def write_banks(app, error):
    """Put the questions among the build's static files."""
    if error or app.builder.format != "html":
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
        page = context["pathto"]("book/practice")
        links = [f'<a href="{page}#skill={skill.id}">{escape(skill.title)}</a>' for skill in skills]
        context["body"] += f'<p class="practise">Practise with a pencil: {"; ".join(links)}.</p>\n'


def setup(app):
    """Write the files when the pages stand."""
    app.connect("html-page-context", add_links)
    app.connect("build-finished", write_banks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
