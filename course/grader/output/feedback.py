"""What students and instructors read: the report on each part, and the autograded notebook that holds it.

The autograded notebook is the pristine one with the student's solutions in it. Its only outputs are the reports, made
here; nothing that the student's kernel printed gets in. nbgrader's formgrader and `generate_feedback` show it.
"""

import copy
import html
import json
import re

from .. import reading
from ..points.scoring import STATUSES

POINTS = "-points"  # a part's points cell is called like the part, with this ending


def report(part):
    """The report on one part as a list of lines: points and status, the items, what is wrong, which mistake it is."""
    lines = [f"{amount(part.earned)} of {amount(part.points)} points: {part.status}."]
    if part.status not in ("right", "partly right", "wrong"):
        lines.append(STATUSES[part.status])
    if len(part.items) > 1:
        lines += [
            f"{title}: {amount(earned)} of {amount(points)} ({status})."
            for title, earned, points, status in part.items
        ]
    lines += [line for line in part.lines if line and line != STATUSES.get(part.status)]
    return lines + part.diagnosis


def amount(points):
    return f"{points:g}"


def autograded(pristine, result):
    """The autograded notebook as text. pristine: the released notebook as a dict."""
    notebook = copy.deepcopy(pristine)
    parts = {part.name + POINTS: part for part in result.parts}
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        name = mark.get("grade_id")
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if mark.get("solution"):
            source = result.sources.get(name)
            answer = "" if source is None else source
            cell["source"] = harmless(answer) if cell["cell_type"] == "markdown" else answer
        elif name in parts:
            cell["outputs"] = [output(report(parts[name]))]
    remarks = [STATUSES[result.status]] if result.status else []
    remarks += result.remarks
    if remarks:
        text = "\n".join(["**Remarks of the grader**", "", *(f"- {harmless(line)}" for line in remarks)])
        notebook["cells"].insert(
            0, {"cell_type": "markdown", "id": "remarks", "metadata": {}, "source": text}
        )
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def output(lines):
    items = "".join(f"<li>{code(line)}</li>" for line in lines[1:])
    rich = f"<div class='grader-report'><p><strong>{code(lines[0])}</strong></p><ul>{items}</ul></div>"
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/plain": "\n".join(lines), "text/html": rich},
    }


def code(line):
    """A line as HTML, with what stands between backticks set as code."""
    pieces = html.escape(line).split("`")
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))


# Commands of MathJax that make links, styles and ids, load more of it, or hide such a command behind another name.
LIVE_MATH = re.compile(
    r"\\(href|url|style|class|cssId|bbox|mmlToken|require|unicode|csname|let|[egx]?def|(re)?newcommand|newenvironment)(?![a-zA-Z])"
)


# A renderer looks for the end of each of these up to the end of the text, so that many of them take it minutes.
OPENERS = ("\\begin", "\\\\(", "\\\\[")
MOST_OPENERS, LONGEST = 200, 20_000


def harmless(text):
    """Markdown of a student without live HTML, links and images: formgrader shows it in the instructor's browser.

    What is longer than an answer can be, or would keep the renderer busy, is shown as plain lines, which are not rendered.
    """
    if len(text) > LONGEST or any(text.count(opener) > MOST_OPENERS for opener in OPENERS):
        return "\n".join(f"    {line}" for line in ("", *text.splitlines()))
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", text)  # no tag; a formula's "a<b" stays one
    for live, dead in (("](", "]&#40;"), ("][", "]&#91;"), ("]:", "]&#58;"), ("://", ":&#47;/")):
        text = text.replace(live, dead)
    return LIVE_MATH.sub(r"\\text", text)


def is_untouched(source, pristine_cell):
    """Whether a written answer is as it was released, or empty."""
    return source is None or source.strip() in ("", reading.text(pristine_cell).strip())
