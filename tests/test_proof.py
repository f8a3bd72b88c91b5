import copy
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools.numbers import execute, mutations, proof
from tools.numbers.normalise import VIEW, dumps


@pytest.fixture(scope="module")
def run(trial):
    """The trial notebook and a run of it, whose kernel answers as long as the tests of this file last."""
    committed = execute.read(trial)
    executed = copy.deepcopy(committed)
    with execute.run(executed, trial.parent) as ask:
        result = proof.refreshed(committed, executed, ask, "trial")
        yield SimpleNamespace(
            committed=committed, executed=executed, ask=ask, result=result, text=trial.read_text()
        )


@pytest.fixture
def committed(run):
    return copy.deepcopy(run.committed)


def found(run, committed):
    result = proof.refreshed(committed, run.executed, run.ask, "trial")
    return proof.differences(result, dumps(committed))


def test_the_trial_notebook_is_confirmed(run):
    assert proof.differences(run.result, run.text) == []


def test_every_changed_digit_of_the_trial_is_caught(run, committed):
    tally = mutations.try_all(committed, run.result)
    assert tally.missed == []
    assert tally.by_kind == {
        "sentences and formulas": 14,
        "text outputs": 6,
        "figures and HTML": 4,
        "widget state": 5,
    }
    assert tally.numbers == 29 and tally.tried > 50
    assert len(tally.passed_over) == 3  # Python 3.11, a link and a file
    assert committed == run.committed, "everything was put back"


def test_the_parts_say_what_the_whole_says(run, committed):
    """The mutations look at one part each; here the whole comparison is made, once for every place."""
    whole = 0
    for place in mutations.places(committed, run.result):
        text = place.holder[place.key]
        spans, _ = mutations.spans_of_numbers(
            place, text if isinstance(text, str) else repr(text), run.result.displays
        )
        if spans:
            start = spans[0][0]
            place.holder[place.key] = (
                text + 1 if isinstance(text, float) else text[:start] + "77" + text[start:]
            )
            assert found(run, committed), place.where
            place.holder[place.key] = text
            whole += 1
    assert whole == 12


def test_a_proof_that_sees_nothing_is_found_out(run, committed, monkeypatch):
    sees_nothing = proof.Refreshed(None, {})
    monkeypatch.setattr(proof, "refreshed_text", lambda *_: sees_nothing)
    tally = mutations.try_all(committed, run.result)
    assert len(tally.missed) > 20
    assert "cell 1: 1.3 -> 2.3" in tally.missed[0]


def test_a_wrong_number_in_a_sentence_says_where_what_and_how_to_mend(run, committed):
    committed.cells[0].source = committed.cells[0].source.replace("1.3", "1.4")
    (difference,) = found(run, committed)
    assert difference.cell == "cell 1 (# A trial The output is $y = [1.4, 2.1]$ in Pyth...)"
    assert "{= y =}" in difference.what and "1.4, 2.1" in difference.what
    assert "1.4" in difference.shown and difference.computed == "1.3, 2.1"
    assert difference.mend == "python -m tools.refresh trial"
    assert "shown" in str(difference) and "python -m tools.refresh trial" in str(difference)


def test_a_lost_sign_is_seen(run, committed):
    committed.cells[2].source = committed.cells[2].source.replace("-0.03", "0.03", 1)
    (difference,) = found(run, committed)
    assert difference.computed == "-0.03"


def test_a_wrong_output_shows_the_place(run, committed):
    stream = committed.cells[5].outputs[0]
    stream.text = stream.text.replace("0.5", "0.6")
    (difference,) = found(run, committed)
    assert "cell 6" in difference.cell and difference.what == "outputs, 1, text"
    assert difference.shown.startswith("first 0.6") and difference.computed.startswith("first 0.5")


def set_alt(cell):
    cell.metadata["mystnb"] = {"image": {"alt": "ends at 0.25"}}


def put_into_template(text):
    def change(cell):
        cell.metadata.cnnlab.template[2] = cell.metadata.cnnlab.template[2].replace("{= y =}", text)

    return change


@pytest.mark.parametrize(
    ("number", "change", "words"),
    [
        (0, lambda cell: cell.update(source="About 0.5.", metadata={}), "0.5 is not bound"),
        (0, lambda cell: cell.update(source=cell.source + " And 5."), "was edited"),
        (0, lambda cell: cell.update(source=cell.source + " {= y[0] =}"), "not filled in"),
        (0, lambda cell: cell.metadata.pop("cnnlab"), "1.3 is not bound"),
        (0, lambda cell: cell.metadata.pop("cnnlab"), "1 of its 8 fields are lost"),
        (2, lambda cell: cell.update(source=cell.source.replace("from 3", "from some")), "1 of its 8 fields"),
        (0, put_into_template("{= -y =}"), "is displayed as 1.3, 2.1"),
        (0, put_into_template("{= gone =}"), "cannot be displayed"),
        (0, lambda cell: cell.update(id="zzzz"), "id"),
        (1, lambda cell: cell.update(execution_count=None), "execution_count"),
        (1, lambda cell: cell.update(outputs=[]), "outputs"),
        (3, set_alt, "metadata 'mystnb' holds a decimal"),
        (4, lambda cell: cell.outputs[0].data[VIEW].update(model_id="f" * 32), "model_id"),
        (4, lambda cell: cell.outputs[0].data.update({"text/plain": "Stepper: 3 terms"}), "text/plain"),
        (6, lambda cell: cell.metadata.tags.remove("nbval-ignore-output"), "tags"),
        (7, lambda cell: cell.outputs[0].update(evalue="0.8 is too large"), "evalue"),
    ],
)
def test_what_else_is_seen(run, committed, number, change, words):
    change(committed.cells[number])
    assert any(words in difference.what for difference in found(run, committed))


def test_cells_that_were_merged_are_seen(run, committed):
    """An editor keeps the metadata of the first cell."""
    committed.cells[0].source += "\n\n" + committed.cells[2].source
    executed = copy.deepcopy(run.executed)
    for notebook in (committed, executed):
        del notebook.cells[2]
    result = proof.refreshed(committed, executed, run.ask, "trial")
    (lost,) = result.stopping
    assert lost.what == "7 of its 8 fields are lost" and "merged" in lost.shown
    assert lost.mend.endswith("python -m tools.refresh --drop trial")
    assert "0.5 is not bound" in " ".join(difference.what for difference in result.unbound)
    dropped = proof.refreshed(committed, executed, run.ask, "trial", drop=True)
    assert dropped.stopping == [] and dropped.new.metadata.cnnlab.fields == 1


def test_a_cell_that_was_split_keeps_its_fields(run, committed):
    """An editor gives both parts the metadata of the whole."""
    executed = copy.deepcopy(run.executed)
    for notebook in (committed, executed):
        first, second = notebook.cells[2], copy.deepcopy(notebook.cells[2])
        first.source, _, second.source = first.source.partition("\n\n")
        notebook.cells.insert(3, second)
    result = proof.refreshed(committed, executed, run.ask, "trial")
    assert (result.stopping, result.unbound) == ([], [])
    assert result.new.metadata.cnnlab.fields == 8
    assert [cell.source for cell in result.new.cells] == [cell.source for cell in committed.cells]


def test_a_notebook_that_lost_its_count_may_have_lost_fields(run, committed):
    del committed.metadata["cnnlab"], committed.cells[2].metadata["cnnlab"]
    lost, *_ = found(run, committed)
    assert lost.what == "how many fields it has is lost" and lost.computed == "1 fields are there"
    assert lost.mend.endswith("python -m tools.refresh --drop trial")


def test_a_lost_field_is_named(run, committed):
    committed.cells[2].source = committed.cells[2].source.replace("from 3 entries", "from all entries")
    lost, *_ = found(run, committed)
    assert lost.shown == "{= len(x) =}"


def test_widget_state_and_metadata_are_compared(run, committed):
    (model,) = [m for m in proof.widget_models(committed).values() if "trace" in m["state"]]
    model["state"]["trace"]["terms"][1] = "2 · 0.2 = 0.5"
    (difference,) = found(run, committed)
    assert difference.cell.startswith("widget 1 (AnyModel)")
    assert difference.what == "state, trace, terms, 2"
    del committed.metadata["widgets"]
    assert {difference.cell.split()[0] for difference in found(run, committed)} == {"widget", "the"}
    committed = copy.deepcopy(run.committed)
    committed.metadata.kernelspec.display_name = "Mine"
    assert [difference.what for difference in found(run, committed)] == ["kernelspec, display_name"]


def test_many_differences_of_one_part_are_counted(run, committed):
    for model in proof.widget_models(committed).values():
        model["state"] = {key: "?" for key in model["state"]}
    differences = [
        difference for difference in found(run, committed) if difference.cell.startswith("widget 1")
    ]
    assert len(differences) == proof.MOST and differences[-1].what.endswith("more)")


def test_a_file_that_is_not_in_normal_form_is_seen(run):
    assert [d.cell for d in proof.differences(run.result, run.text + "\n")] == ["the file"]


def executed(*cells, tmp_path):
    with execute.run(new_notebook(cells=list(cells)), tmp_path):
        pass


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (new_code_cell("1 / 0"), "raised ZeroDivisionError"),
        (new_code_cell("1 + 1", metadata={"tags": ["raises-exception"]}), "raised nothing"),
        (new_code_cell("import os; os._exit(1)"), "killed its kernel"),
        (
            new_code_cell("import ipywidgets\n@ipywidgets.interact(x=(0, 1))\ndef f(x): 1 / 0"),
            "raised ZeroDivisionError",
        ),
    ],
)
def test_a_run_that_does_not_end_well_names_the_cell(cell, words, tmp_path):
    with pytest.raises(execute.NotebookFailed, match=rf"(?s)cell 1 .*{words}"):
        executed(cell, tmp_path=tmp_path)


def test_every_kernel_runs_under_the_same_conditions(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    source = "import os\nprint(os.getcwd(), *(os.environ[k] for k in ('PYTHONHASHSEED', 'OMP_NUM_THREADS')))"
    notebook = new_notebook(cells=[new_code_cell(source)])
    with execute.run(notebook, tmp_path):
        pass
    assert notebook.cells[0].outputs[0].text == f"{tmp_path} 0 1\n"


def test_a_cell_that_does_not_end_is_stopped(tmp_path):
    notebook = new_notebook(cells=[new_code_cell("while True: pass")])
    with (
        pytest.raises(execute.NotebookFailed, match="took longer than 1 s"),
        execute.run(notebook, tmp_path, timeout=1),
    ):
        pass
