import copy
import json
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.numbers import execute, proof
from tools.numbers.normalise import STATE, VIEW, dumps, normalise


def with_outputs(*outputs, **cell):
    code = new_code_cell("f()", outputs=list(outputs), execution_count=7, **cell)
    return new_notebook(cells=[code])


def outputs_of(*outputs, **cell):
    return normalise(with_outputs(*outputs, **cell)).cells[0].outputs


def test_normalising_twice_is_normalising_once(trial):
    once = normalise(execute.read(trial))
    assert dumps(normalise(once)) == dumps(once) == trial.read_text(encoding="utf-8")


def test_the_argument_stays_as_it_was():
    notebook = with_outputs(new_output("stream", text="a\rb"))
    before = copy.deepcopy(notebook)
    normalise(notebook)
    assert notebook == before


def test_counts_run_in_order_and_unrun_cells_have_none():
    cells = [new_code_cell("a", execution_count=n) for n in (9, 4, None, 12)]
    result = new_output("execute_result", {"text/plain": "1"}, execution_count=9)
    cells[0].outputs = [result]
    notebook = normalise(new_notebook(cells=cells))
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, None, 3]
    assert notebook.cells[0].outputs[0].execution_count == 1


def test_cell_ids_are_stable():
    cells = [new_markdown_cell(str(n), id=name) for n, name in enumerate(["c3", "c1234567", "c3", "c1"])]
    notebook = new_notebook()
    notebook.cells = cells
    first = normalise(notebook)
    assert [cell.id for cell in first.cells] == ["c3", "c4", "c5", "c1"]
    first.cells.insert(1, new_markdown_cell("new"))
    assert [cell.id for cell in normalise(first).cells] == ["c3", "c6", "c4", "c5", "c1"]


def test_metadata_of_editors_and_clocks_goes_and_the_author_s_stays():
    cell = new_code_cell(
        "x",
        metadata={
            "execution": {"iopub.execute_input": "2026-11-20T21:00:00Z"},
            "collapsed": False,
            "tags": ["hide-cell"],
            "mystnb": {"code_prompt_show": "Show"},
        },
    )
    notebook = new_notebook(cells=[cell], metadata={"vscode": {}, "title": "T"})
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    notebook.metadata["kernelspec"] = {"name": "venv", "display_name": "My kernel"}
    notebook = normalise(notebook)
    assert notebook.cells[0].metadata == {"tags": ["hide-cell"], "mystnb": {"code_prompt_show": "Show"}}
    assert set(notebook.metadata) == {"title", "kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert "version" not in notebook.metadata.language_info


def test_streams_are_joined_in_a_fixed_order():
    outputs = outputs_of(
        new_output("stream", name="stdout", text="a\n"),
        new_output("stream", name="stderr", text="w\n"),
        new_output("stream", name="stdout", text="b\n"),
    )
    assert [(output.name, output.text) for output in outputs] == [("stdout", "a\nb\n"), ("stderr", "w\n")]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\r 10%|#  |\r 99%|###|\r         \r", ""),
        ("abc\rX\n", "Xbc\n"),
        ("abc\b\bX\n", "aXc\n"),
        ("line\r\nnext\r\n", "line\nnext\n"),
        ("kept  \n", "kept  \n"),
    ],
)
def test_a_progress_bar_leaves_nothing_behind(written, shown):
    assert "".join(output.text for output in outputs_of(new_output("stream", text=written))) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<a.B object at 0x7f3a5c0d1e90>", "<a.B object at 0x0>"),
        ("/home/someone/book/src/cnnlab/conv.py:12", "src/cnnlab/conv.py:12"),
        ("/tmp/ipykernel_4711/88.py:3: UserWarning", "<cell>:3: UserWarning"),
        ("/v/lib/python3.11/site-packages/numpy/a.py", "site-packages/numpy/a.py"),
        ("0xff and 3/4", "0xff and 3/4"),
    ],
)
def test_addresses_and_folders_go(written, shown):
    data = outputs_of(new_output("display_data", {"text/plain": written, "text/html": written}))[0].data
    assert (data["text/plain"], data["text/html"]) == (shown, shown)


def test_long_lines_are_no_trouble():
    line = "x" * 1_000_000 + "/" * 1000
    assert outputs_of(new_output("stream", text=line))[0].text == line


def test_an_error_keeps_its_last_line():
    error = new_output("error", ename="ValueError", evalue="too large", traceback=["/tmp/x line 3", "..."])
    assert outputs_of(error)[0].traceback == ["ValueError: too large"]


def test_cells_that_need_python_store_no_output():
    notebook = with_outputs(
        new_output("display_data", {VIEW: {"model_id": "a"}}), metadata={"tags": ["needs-python"]}
    )
    notebook.metadata["widgets"] = {STATE: {"state": {"a": {"state": {}}}}}
    notebook = normalise(notebook)
    assert notebook.cells[0].outputs == []
    assert notebook.cells[0].metadata.tags == ["needs-python", "nbval-ignore-output"]
    assert "widgets" not in notebook.metadata


def view(model):
    return new_output(
        "display_data",
        {VIEW: {"model_id": model, "version_major": 2}, "text/plain": "W", "text/html": "still"},
    )


def widgets(state, *shown):
    notebook = new_notebook(cells=[new_code_cell("w", outputs=[view(m)], execution_count=1) for m in shown])
    notebook.metadata["widgets"] = {STATE: {"state": state, "version_major": 2, "version_minor": 0}}
    return normalise(notebook)


def model(**state):
    return {"model_name": "M", "model_module": "m", "model_module_version": "1", "state": state}


def test_only_displayed_widgets_and_what_they_refer_to_are_kept_in_display_order():
    state = {
        "zz": model(children=["IPY_MODEL_kk"], layout="IPY_MODEL_ll"),
        "aa": model(text="second", layout="IPY_MODEL_ll"),
        "kk": model(deep={"a": ["IPY_MODEL_qq"]}, parent="IPY_MODEL_zz"),
        "ll": model(width="1em"),
        "qq": model(at="<x at 0x7f3a5c0d1e90>"),
        "unseen": model(value="IPY_MODEL_aa"),
    }
    notebook = widgets(state, "zz", "aa")
    number = {name: f"{n:032x}" for n, name in enumerate(["zz", "kk", "qq", "ll", "aa"], 1)}
    assert [cell.outputs[0].data[VIEW].model_id for cell in notebook.cells] == [number["zz"], number["aa"]]
    kept = proof.widget_models(notebook)
    assert list(sorted(kept)) == sorted(number.values())
    assert kept[number["zz"]]["state"] == {
        "children": ["IPY_MODEL_" + number["kk"]],
        "layout": "IPY_MODEL_" + number["ll"],
    }
    assert kept[number["kk"]]["state"]["parent"] == "IPY_MODEL_" + number["zz"]
    assert kept[number["qq"]]["state"]["at"] == "<x at 0x0>"


def test_the_names_that_a_kernel_invents_make_no_difference():
    one = widgets({"p": model(a="IPY_MODEL_q"), "q": model(b=1)}, "p")
    other = widgets({"s": model(b=1), "r": model(a="IPY_MODEL_s"), "t": model()}, "r")
    assert dumps(one).replace('"id": "' + one.cells[0].id, "") == dumps(other).replace(
        '"id": "' + other.cells[0].id, ""
    )


def test_the_trial_notebook_holds_nothing_of_this_machine(trial):
    text = trial.read_text(encoding="utf-8")
    assert str(execute.ROOT) not in text and sys.prefix not in text
    assert "9.99" not in text, "the state of a widget that is not displayed"
    assert sys.version.split()[0] not in text
    cells = json.loads(text)["cells"]
    assert [cell["id"] for cell in cells] == [f"c{n}" for n in range(1, len(cells) + 1)]
    streams = [output["name"] for cell in cells for output in cell.get("outputs", []) if "name" in output]
    assert streams == ["stdout"]


def test_the_written_file_is_a_valid_notebook(trial):
    nbformat.validate(nbformat.read(trial, as_version=4))
    assert dumps(execute.read(trial)) == trial.read_text(encoding="utf-8")
