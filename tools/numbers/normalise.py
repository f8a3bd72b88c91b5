"""Bring an executed notebook into the one form that is committed: the same run, the same bytes."""

import configparser
import copy
import re
from pathlib import Path

import nbformat

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"

_KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
_LANGUAGE = {  # without the version: one set of outputs is true for all of them
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
_NOTEBOOK_NOISE = (
    "jupytext",
    "vscode",
    "colab",
    "celltoolbar",
    "varInspector",
    "toc-autonumbering",
    "orig_nbformat",
)
_CELL_NOISE = (
    "ExecuteTime",
    "collapsed",
    "editable",
    "execution",
    "jp-MarkdownHeadingCollapsed",
    "scrolled",
    "trusted",
    "vscode",
)
_OWN_ID = re.compile(r"c[1-9]\d{0,3}\Z")


def _patterns():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(Path(__file__).with_name("nbval.cfg"), encoding="utf-8")
    return [(re.compile(parser[s]["regex"]), parser[s]["replace"]) for s in parser.sections()]


_PATTERNS = _patterns()


def normalise(notebook):
    """A normalised copy of an executed notebook. Normalising twice gives the same as once.

    Sources, tags and fields stay. Cell ids become c1, c2 ... and stay with their cell; counts run in
    order; addresses and folders of the machine go (`nbval.cfg`); streams are joined; of widgets only the models
    that an output shows, and what those refer to, stay, numbered in the order in which they are displayed.
    """
    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for key in _NOTEBOOK_NOISE:
        notebook.metadata.pop(key, None)
    notebook.metadata["kernelspec"] = nbformat.from_dict(_KERNELSPEC)
    notebook.metadata["language_info"] = nbformat.from_dict(_LANGUAGE)
    _name_cells(notebook.cells)
    count = 0
    for cell in notebook.cells:
        for key in _CELL_NOISE:
            cell.metadata.pop(key, None)
        if cell.cell_type != "code":
            continue
        if "needs-python" in cell.metadata.get("tags", []):
            cell.outputs = []
            if "nbval-ignore-output" not in cell.metadata.tags:
                cell.metadata.tags.append("nbval-ignore-output")
        if cell.execution_count is not None:
            count += 1
            cell.execution_count = count
        cell.outputs = _join_streams([_clean_output(output, cell.execution_count) for output in cell.outputs])
    _renumber_widgets(notebook)
    return notebook


def dumps(notebook):
    """The text of a notebook file: keys sorted, one final line end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def clean(text):
    """Replace what differs from run to run and from machine to machine, by the patterns of nbval.cfg."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _name_cells(cells):
    taken, unnamed = set(), []
    for cell in cells:
        if _OWN_ID.match(cell.get("id", "")) and cell.id not in taken:
            taken.add(cell.id)
        else:
            unnamed.append(cell)
    following = max((int(name[1:]) for name in taken), default=0)
    for number, cell in enumerate(unnamed, following + 1):
        cell["id"] = f"c{number}"


def _clean_output(output, count):
    if output.output_type == "stream":
        output.text = clean(output.text)
    elif output.output_type == "error":
        output.evalue = clean(output.evalue)
        # Only the last line: the others hold folders, line numbers and the wording of one Python version.
        output.traceback = [f"{output.ename}: {output.evalue}" if output.evalue else output.ename]
    else:
        if output.output_type == "execute_result":
            output.execution_count = count
        for kind, value in output.data.items():
            if isinstance(value, str) and not kind.startswith(("image/png", "image/jpeg")):
                output.data[kind] = clean(value)
    return output


def _join_streams(outputs):
    joined, streams = [], {}
    for output in outputs:
        if output.output_type != "stream":
            joined.append(output)
        elif output.name in streams:
            streams[output.name].text += output.text
        else:
            streams[output.name] = output
            joined.append(output)
    for stream in streams.values():
        stream.text = _as_a_terminal_shows(stream.text)
    return [output for output in joined if output.output_type != "stream" or output.text]


def _as_a_terminal_shows(text):
    if "\r" not in text and "\b" not in text:
        return text
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown, column = [], 0
        for character in line:
            if character == "\r":
                column = 0
            elif character == "\b":
                column = max(0, column - 1)
            else:
                shown[column : column + 1] = [character]
                column += 1
        lines.append("".join(shown).rstrip() if "\r" in line else "".join(shown))
    return "\n".join(lines)


def _renumber_widgets(notebook):
    stored = notebook.metadata.pop("widgets", {}).get(STATE, {})
    models = stored.get("state", {})
    order = []

    def visit(model_id):
        if model_id in models and model_id not in order:
            order.append(model_id)
            for reference in _references(models[model_id].get("state", {})):
                visit(reference)

    views = [
        output.data[VIEW]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if VIEW in output.get("data", {})
    ]
    for view in views:
        visit(view["model_id"])
    if not order:
        return
    names = {old: f"{number:032x}" for number, old in enumerate(order, 1)}
    for view in views:
        view["model_id"] = names.get(view["model_id"], view["model_id"])
    state = {names[old]: _renamed(models[old], names) for old in order}
    notebook.metadata["widgets"] = nbformat.from_dict(
        {STATE: {"state": state, "version_major": 2, "version_minor": 0}}
    )


def _references(value):
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _references(value[key])
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, str) and value.startswith("IPY_MODEL_"):
        yield value.removeprefix("IPY_MODEL_")


def _renamed(value, names):
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, str):
        if value.startswith("IPY_MODEL_"):
            old = value.removeprefix("IPY_MODEL_")
            return "IPY_MODEL_" + names.get(old, old)
        return clean(value)
    return value
