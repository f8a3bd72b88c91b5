"""What a page's own Python shows, compared with what a notebook of the book has: used here and by the browsers' tests."""

import json

from tools.numbers.normalise import STATE, VIEW, clean

SECONDS = 300  # that one cell of the book may take in a page of a busy machine; the longest trains a network
DESCRIBED = "application/vnd.cnnlab.widget+json"


def code_cells(notebook):
    """The code cells of a notebook as JSON."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def in_a_page(ask, notebook):
    """{id: outputs} of each code cell of a notebook as JSON, run one after the other in a page's own Python.

    ask   evaluates an expression in a page that has `browser/page_checks.js`
    """
    shown = {}
    for cell in code_cells(notebook):
        code = json.dumps({"id": cell["id"], "source": source(cell)})
        shown[cell["id"]] = ask(f"pageChecks.runCell({code}, {SECONDS})")
    return shown


def differences(notebook, shown):
    """A sentence for each cell whose outputs are not the committed ones, apart from who draws a widget.

    notebook   as JSON
    shown      {id of a cell: its outputs, as `cnnlab.inpage` tells them}; a cell that is missing here is a difference, too
    """
    models = notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})
    found = []
    for cell in code_cells(notebook):
        if "needs-python" in cell["metadata"].get("tags", []):
            continue  # committed without outputs, because they would be dead on the page
        expected = [simple(output, models) for output in cell["outputs"]]
        got = [simple(output, models) for output in joined(shown.get(cell["id"], []))]
        if got != expected:
            found.append(
                f"{cell['id']}: {source(cell)[:80]!r} shows {str(got)[:2000]}, expected {str(expected)[:2000]}"
            )
    return found


def simple(output, models):
    """An output without what depends on who shows it: its text, and of a widget the state that it is drawn from."""
    if output["output_type"] == "stream":
        return output["name"], clean("".join(output["text"]))
    if output["output_type"] == "error":
        return output["ename"], clean(output["evalue"])
    data = {kind: "".join(text) if isinstance(text, list) else text for kind, text in output["data"].items()}
    if VIEW in data:
        data[DESCRIBED] = models[data.pop(VIEW)["model_id"]]["state"]["trace"]
    elif DESCRIBED in data:
        data[DESCRIBED] = data[DESCRIBED]["state"]["trace"]
    return output["output_type"], {kind: clean(v) if isinstance(v, str) else v for kind, v in data.items()}


def joined(outputs):
    """The streams of a cell in one piece each, as they are committed."""
    found = {}
    for output in outputs:
        if output["output_type"] == "stream" and output["name"] in found:
            found[output["name"]]["text"] += output["text"]
        else:
            found[output["name"] if output["output_type"] == "stream" else len(found)] = dict(output)
    return list(found.values())
