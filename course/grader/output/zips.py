"""Feedback pages in zips that the platforms take back, each student's by the name or folder that their own zip had.

Canvas (on the assignment's page *Upload Submissions*) finds the student and the file that was handed in by the two numbers
in a name, and shows what comes back under *the name of that file*. So a page goes back as what that name says: a notebook
with the page in its only cell. Moodle (*Upload multiple feedback files in a zip*) finds the student by the number in the
folder `Name_NUMBER_assignsubmission_file`, where a name has no `_`, and keeps the file name. The importers do it in
`generate_comments_from_files` of Canvas's `Assignment`, and in Moodle's `mod/assign/feedback/file/importziplib.php`.
"""

import json
import os
import re
import zipfile
from pathlib import PurePosixPath

MAIN = re.compile(r"<main>\n(.*)</main>", re.DOTALL)
CODE, COMMENT = re.compile(r"<pre.*?</pre>", re.DOTALL), re.compile(r'<p class="comment">.*?</p>', re.DOTALL)
DATE = (1980, 1, 1, 0, 0, 0)  # the same pages make the same zip


def write(course, assignment, collected, found):
    """Write or remove the zips: (their paths, sorted, and the students, sorted, who wait for a mark and are left out).

    collected: what is remembered of where a notebook came from; found: {student: score, None where a person has to mark}
    """
    files, waiting = {"canvas": {}, "moodle": {}}, []
    for student, known in sorted(collected.items()):
        page = course.folder("feedback", student, assignment) / f"{assignment}.html"
        if known["platform"] in files and page.exists() and student in found:
            if found[student] is None:
                waiting.append(student)
            else:
                files[known["platform"]][named(known, assignment)] = page
    paths = [course.root / f"{assignment}-feedback-{platform}.zip" for platform in sorted(files)]
    for path, platform in zip(paths, sorted(files), strict=True):
        pack(path, files[platform], as_notebook if platform == "canvas" else str)
    return [path for path in paths if path.exists()], waiting


def named(known, assignment):
    """The name in the zip for one student's page."""
    place = PurePosixPath(known["place"])
    if known["platform"] == "canvas":
        return place.name
    name = next(part for part in place.parts if f"_{known['number']}_assignsubmission_" in part)
    name = name.partition(f"_{known['number']}_assignsubmission_")[0].replace("_", " ")
    return f"{name}_{known['number']}_assignsubmission_file/{assignment}.html"


def pack(path, pages, form):
    """Write a zip, whole or not at all, one page after the other; without pages there is none."""
    if not pages:
        path.unlink(missing_ok=True)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in sorted(pages.items()):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, form(page.read_text(encoding="utf-8")))
    os.replace(temporary, path)


def as_notebook(page):
    """A feedback page as a notebook with one cell of text.

    The page is HTML without a blank line, which Markdown leaves alone; what Jupyter would read as a formula is spelled out.
    """
    body = COMMENT.sub(lambda found: found[0].replace("\n", "<br>"), MAIN.search(page)[1])
    body = CODE.sub(lambda found: found[0].replace("\n", "&#10;"), body).replace("\n", " ")
    for letter in "$\\":
        body = body.replace(letter, f"&#{ord(letter)};")
    source = f"<div>{body}</div>"
    cell = {"cell_type": "markdown", "id": "feedback", "metadata": {}, "source": source}
    return (
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False)
        + "\n"
    )
