"""Sphinx extension: the questions of the page *Practice*, a file for each skill, fetched when the skill is practised.

A file is a script and no JSON, because a page that was opened from the disk may load scripts only.
"""

import json
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


def setup(app):
    """Write the files when the pages stand."""
    app.connect("build-finished", write_banks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
