"""The chapters as the live site serves them."""

import json

import nbformat

from tools.live import notebooks


def notebook(*cells):
    return json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=list(cells))))


def test_the_live_notebook_folds_what_the_page_folds_and_changes_nothing_else():
    cells = [
        nbformat.v4.new_markdown_cell("# A title"),
        nbformat.v4.new_code_cell("1", metadata={"tags": ["hide-cell"]}),
        nbformat.v4.new_code_cell("2", metadata={"tags": ["hide-input"]}),
        nbformat.v4.new_code_cell("3", metadata={"tags": ["hide-output"]}),
        nbformat.v4.new_code_cell("4"),
    ]
    printed = notebook(*cells)
    before = json.dumps(printed)
    made = notebooks.live_notebook(printed, "name")
    assert json.dumps(printed) == before
    folded = [cell["metadata"].get("jupyter") for cell in made["cells"]]
    assert folded == [
        None,
        {"source_hidden": True, "outputs_hidden": True},
        {"source_hidden": True},
        {"outputs_hidden": True},
        None,
    ]
    assert [cell["source"] for cell in made["cells"]] == [cell["source"] for cell in printed["cells"]]
    assert made["metadata"]["cnnlab_live"] == {"chapter": "name", "edition": notebooks.edition(printed)}
    assert notebooks.title_of(printed) == "A title"


def test_a_live_widget_shows_its_still_until_its_cell_runs():
    view = "application/vnd.jupyter.widget-view+json"
    shown = nbformat.v4.new_output("display_data", {view: {"model_id": "1"}, "text/html": "<p>still</p>"})
    plain = nbformat.v4.new_output("stream", text="2")
    printed = notebook(nbformat.v4.new_code_cell("w", outputs=[shown, plain]))
    printed["metadata"]["widgets"] = {"state": {}}
    made = notebooks.live_notebook(printed, "name")
    assert [output.get("data") for output in made["cells"][0]["outputs"]] == [
        {"text/html": "<p>still</p>"},
        None,
    ]
    assert made["cells"][0]["outputs"][1]["text"] == "2"
    assert "widgets" not in made["metadata"] and "widgets" in printed["metadata"]


def test_no_cell_looks_as_if_it_had_run():
    result = nbformat.v4.new_output("execute_result", {"text/plain": "1\n2"}, execution_count=3)
    printed = notebook(nbformat.v4.new_code_cell("w", outputs=[result], execution_count=3))
    (cell,) = notebooks.live_notebook(printed, "name")["cells"]
    assert cell["execution_count"] is None
    assert cell["outputs"] == [
        {
            "output_type": "execute_result",
            "data": {"text/plain": "1\n2"},
            "metadata": {},
            "execution_count": None,
        }
    ]
    assert printed["cells"][0]["execution_count"] == 3


def test_an_edition_changes_with_the_text_and_not_with_a_run():
    printed = notebook(nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_markdown_cell("Größe"))
    run = json.loads(json.dumps(printed))
    run["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    run["cells"][0]["execution_count"] = 7
    lines = json.loads(json.dumps(printed))
    lines["cells"][0]["source"] = ["1 ", "+ 1"]
    assert notebooks.edition(run) == notebooks.edition(lines) == notebooks.edition(printed) == "51b50df3"
    run["cells"][0]["source"] = "1 + 2"
    assert notebooks.edition(run) != notebooks.edition(printed)
