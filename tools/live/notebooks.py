"""The chapters as the live site serves them: what a notebook says stays, how it is shown is adapted."""

import json
import shutil

from tools.numbers.normalise import VIEW


def edition(notebook):
    """Return a short name for what a notebook's cells say; it does not change when they are run.

    FNV-1a (32 bit) over the types and the texts of the cells, which `pages/storage.js` computes alike.
    """
    value = 0x811C9DC5
    for cell in notebook["cells"]:
        for byte in f"{cell['cell_type']}\0{''.join(cell['source'])}\x01".encode():
            value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{value:08x}"


def live_notebook(notebook, name):
    """Return a chapter's notebook as the live site serves it.

    The kernel is JupyterLite's, the committed outputs count as trusted (the site is their author), and what
    the page folds is folded here too: the source and the output of a cell tagged `hide-cell`, the one or
    the other for `hide-input` and `hide-output`. No cell looks as if it had run in the reader's Python. A widget
    has no model before its cell runs: until then its still is shown.
    """
    cells = []
    for cell in notebook["cells"]:
        cell, metadata = dict(cell), dict(cell["metadata"])
        tags = set(metadata.get("tags", []))
        if cell["cell_type"] == "code":
            metadata["trusted"] = True
            folded = dict(metadata.get("jupyter", {}))
            if tags & {"hide-cell", "hide-input"}:
                folded["source_hidden"] = True
            if tags & {"hide-cell", "hide-output"}:
                folded["outputs_hidden"] = True
            if folded:
                metadata["jupyter"] = folded
            cell["outputs"] = [_before_a_run(output) for output in cell["outputs"]]
            cell["execution_count"] = None
        cells.append({**cell, "metadata": metadata})
    metadata = {
        **notebook["metadata"],
        "kernelspec": {"name": "python", "display_name": "Python (Pyodide)", "language": "python"},
        "cnnlab_live": {"chapter": name, "edition": edition(notebook)},
    }
    metadata.pop("widgets", None)
    return {**notebook, "cells": cells, "metadata": metadata}


def _before_a_run(output):
    """An output without view and count, and with its text in one piece, which JupyterLite expects."""
    if "text" in output:
        return {**output, "text": "".join(output["text"])}
    if "data" not in output:
        return output
    data = {
        kind: "".join(value) if isinstance(value, list) else value for kind, value in output["data"].items()
    }
    if "text/html" in data:
        data.pop(VIEW, None)
    return {**output, "data": data} | ({"execution_count": None} if "execution_count" in output else {})


def title_of(notebook):
    """Return the text of the first heading, or an empty string."""
    for cell in notebook["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and line.startswith("# "):
                return line[2:].strip()
    return ""


def write_contents(notebooks, target):
    """Write the live notebooks of the folder `notebooks`, and the Markdown pages beside them, to `target`.

    Returns for each chapter its title, its edition, and the address of its page as the live site sees it.
    """
    target.mkdir(parents=True)
    chapters = {}
    for path in sorted(notebooks.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        chapters[path.stem] = write_live(notebook, path.stem, target, f"../book/{path.stem}.html")
    for path in sorted(notebooks.glob("*.md")):
        shutil.copyfile(path, target / path.name)
    return chapters


def write_sheets(released, target):
    """Write problem sets, {name: the students' version as JSON}, beside the chapters in `target`.

    Returns for each the same as `write_contents`, and that it is a sheet: something is handed in.
    """
    return {
        name: {**write_live(json.loads(text), name, target, "../book/problem-sets.html"), "sheet": True}
        for name, text in released.items()
    }


def write_live(notebook, name, target, page):
    """Write one live notebook; return its title, its edition and the address of its page."""
    text = json.dumps(live_notebook(notebook, name), ensure_ascii=False, indent=1)
    (target / f"{name}.ipynb").write_text(text, encoding="utf-8")
    return {"title": title_of(notebook), "edition": edition(notebook), "page": page}
