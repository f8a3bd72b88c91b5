"""A set of the instructor's own, begun as a copy of one that is there with one part replaced by that of `course/template/`.

What this writes is whole: it can be released and graded as it is, and the project's tests try it. The instructor then
changes the part into another problem.
"""

import json
import re
from pathlib import Path

from cnnlab.handin.reading import mark, text
from tools.live import sheets

from .output.feedback import POINTS
from .points.drawing import Draw
from .points.problems import SETS, reference

TEMPLATE = Path(__file__).resolve().parents[1] / "template"
NAME = re.compile(r"[a-z][a-z0-9_]*")


def begin(folder, name, of, instead_of, part):
    """Write `NAME.py` and `source/NAME/NAME.ipynb` into a folder: their paths. Raises ValueError where that cannot be."""
    check(folder, name, of, instead_of, part)
    points = next(each.points for each in SETS[of].parts if each.name == instead_of)
    words = {
        "OLD_SHEET": of,
        "OLD_PART": instead_of,
        "SHEET": name,
        "POINTS = 4": f"POINTS = {points:g}",
        "seesaw": part,
    }
    paths = folder / f"{name}.py", folder / "source" / name / f"{name}.ipynb"
    written = (
        with_words((TEMPLATE / "seesaw.py").read_text(encoding="utf-8"), words),
        json.dumps(sheet(name, of, instead_of, part, f"{points:g}"), indent=1, ensure_ascii=False) + "\n",
    )
    for path, content in zip(paths, written, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return paths


def check(folder, name, of, instead_of, part):
    """Raise ValueError, with what to do, where a variant cannot be begun like this."""
    for each in (name, part):
        if not NAME.fullmatch(each):
            raise ValueError(
                f"{each!r} is no name: take small letters, digits and underscores, a letter first."
            )
    if name in SETS or (folder / f"{name}.py").exists():
        raise ValueError(f"There is a set {name} already. Take another name; nothing was written.")
    if of not in SETS:
        raise ValueError(f"There is no set {of}. There are: {', '.join(SETS)}.")
    items = {
        each.name: each.items(Draw(sheet=of, student="", part=each.name, submission="", secret=""))
        for each in SETS[of].parts
    }
    needed = {need for found in items.values() for item in found for need in item.needs}
    free = [each.name for each in SETS[of].parts if reference(each.asks_for[0]) and each.name not in needed]
    if instead_of not in free:
        raise ValueError(
            f"The part to be replaced is one of {', '.join(free)}; got {instead_of}. See --instead-of."
        )
    if any(part in (each.name, *each.asks_for) for found in SETS.values() for each in found.parts):
        raise ValueError(
            f"Another set has a part or a function `{part}`. Call the new one otherwise, with --part."
        )


def with_words(content, words):
    return re.sub("|".join(sorted(words, key=len, reverse=True)), lambda found: words[found[0]], content)


def sheet(name, of, instead_of, part, points):
    """The instructor's notebook: that of the old set with the name of the new one, and the template's cells for the part."""
    notebook = json.loads(sheets.path_of(of).read_text(encoding="utf-8"))
    ids = [mark(cell).get("grade_id") for cell in notebook["cells"]]
    first, last = ids.index(instead_of), ids.index(instead_of + POINTS)
    while notebook["cells"][first]["cell_type"] != "markdown":
        first -= 1
    number, title = re.match(r"## (\d+)\. (.*)", text(notebook["cells"][first])).groups()
    new = json.loads((TEMPLATE / "seesaw.ipynb").read_text(encoding="utf-8"))["cells"]
    new_title = text(new[0]).splitlines()[0].removeprefix("## ")
    for cell in new:
        cell["source"] = text(cell).replace("POINTS", points)
        if mark(cell).get("grade"):
            mark(cell)["points"] = float(points)
    new[0]["source"] = text(new[0]).replace("## ", f"## {number}. ", 1)
    new = json.loads(json.dumps(new).replace("seesaw", part))
    notebook["cells"][first : last + 1] = new
    for cell in notebook["cells"]:
        cell["source"] = re.sub(rf"\b{of}\b", name, text(cell))
    head = notebook["cells"][0]
    head["source"] = re.sub(r"^# Problem set [^:]*", f"# Problem set {name}", text(head), count=1)
    head["source"] = text(head).replace(
        f"{number}. {title}", f"{number}. {new_title.replace('seesaw', part)}"
    )
    notebook["metadata"]["cnnlab"]["sheet"] = name
    return notebook
