import asyncio
import copy
import queue

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import execute, guard, lint, mutations
from tools.normalise import VIEW


@pytest.fixture(scope="module")
def run(trial, runs):
    return runs(trial)


@pytest.fixture
def committed(run):
    return copy.deepcopy(run.committed)


def found(run, committed):
    return guard.differences(committed, run.fresh, run.values, run.name)


def test_the_trial_notebook_is_confirmed(run):
    assert guard.examine(run) == []


def test_every_changed_digit_of_the_trial_is_caught(run):
    tally = mutations.try_all(run.committed, run.fresh, run.values)
    assert tally.missed == []
    assert tally.by_kind == {
        "sentences and formulas": 14,
        "text outputs": 6,
        "figures and HTML": 4,
        "widget state": 5,
    }
    assert tally.numbers == 29 and tally.tried > 50
    assert len(tally.passed_over) == 3  # Python 3.11, a link and a file
    assert guard.examine(run) == [], "everything was put back"


def test_the_parts_say_what_the_whole_says(run):
    """The mutations look at one part each; here the whole comparison is made, once for every place."""
    whole = 0
    for place in mutations.places(run.committed, run.fresh, run.values):
        text = place.holder[place.key]
        spans, _ = mutations.spans_of_numbers(
            place, text if isinstance(text, str) else repr(text), run.committed
        )
        if spans:
            start = spans[0][0]
            place.holder[place.key] = (
                text + 1 if isinstance(text, float) else text[:start] + "77" + text[start:]
            )
            assert guard.examine(run), place.where
            place.holder[place.key] = text
            whole += 1
    assert whole == 12


def test_a_guard_that_sees_nothing_is_found_out(run, monkeypatch):
    monkeypatch.setattr(guard, "_text_differences", lambda *_: [])
    tally = mutations.try_all(run.committed, run.fresh, run.values)
    assert len(tally.missed) > 20
    assert "cell 1: 1.3 -> 2.3" in tally.missed[0]


def test_a_wrong_number_in_a_sentence_says_where_what_and_how_to_mend(run, committed):
    committed.cells[0].source = committed.cells[0].source.replace("1.3", "1.4")
    (difference,) = found(run, committed)
    assert difference.cell == "cell 1 (# A trial The output is $y = [1.4, 2.1]$ in Pyth...)"
    assert "y[0]" in difference.what
    assert "1.4" in difference.shown and difference.computed == "1.3"
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
    assert "cell 6" in difference.cell and difference.what == "output 1, text"
    assert difference.shown.startswith("first 0.6") and difference.computed.startswith("first 0.5")


def set_alt(cell):
    cell.metadata["mystnb"] = {"image": {"alt": "ends at 0.25"}}


@pytest.mark.parametrize(
    ("number", "change", "words"),
    [
        (0, lambda cell: cell.update(source="About 0.5.", metadata={}), "not bound"),
        (0, lambda cell: cell.update(source=cell.source + " And 5."), "do not match"),
        (0, lambda cell: cell.update(source=cell.source + " {= y[0] =}"), "not filled in"),
        (0, lambda cell: cell.metadata.pop("cnnlab"), "not bound"),
        (0, lambda cell: cell.metadata.cnnlab.numbers.__setitem__(0, "dx[0]"), "wrongly"),
        (0, lambda cell: cell.metadata.cnnlab.numbers.__setitem__(0, "gone"), "no value"),
        (0, lambda cell: cell.update(id="zzzz"), "id"),
        (1, lambda cell: cell.update(execution_count=None), "execution_count"),
        (1, lambda cell: cell.update(outputs=[]), "other outputs"),
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


def test_widget_state_and_metadata_are_compared(run, committed):
    (model,) = [m for m in guard.models(committed).values() if "trace" in m["state"]]
    model["state"]["trace"]["terms"][1] = "2 · 0.2 = 0.5"
    (difference,) = found(run, committed)
    assert difference.cell.startswith("widget 1")
    assert difference.what == "state, state, trace, terms, 2"
    del committed.metadata["widgets"]
    assert {difference.what for difference in found(run, committed)} == {"state", "widgets"}
    committed = copy.deepcopy(run.committed)
    committed.metadata.kernelspec.display_name = "Mine"
    assert [difference.what for difference in found(run, committed)] == ["kernelspec, display_name"]


def test_a_file_that_is_not_in_normal_form_is_seen(run):
    changed = copy.copy(run)
    changed.text = run.text + "\n"
    assert [difference.cell for difference in guard.examine(changed)] == ["the file"]


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
            "a widget shows ZeroDivisionError",
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


def test_a_reply_that_was_not_announced_is_found():
    class Channel:
        waited = ()

        async def get_msg(self, timeout):
            self.waited += (timeout,)
            if len(self.waited) < 3:
                raise queue.Empty
            return "reply"

    channel = Channel()
    execute._look_often(channel, seconds=0.01)
    assert asyncio.run(channel.get_msg(timeout=60)) == "reply"
    assert channel.waited == (0.01, 0.01, 0.01)
    channel.waited = ()
    with pytest.raises(queue.Empty):
        asyncio.run(channel.get_msg(timeout=0))


def test_a_cell_that_does_not_end_is_stopped(tmp_path):
    notebook = new_notebook(cells=[new_code_cell("while True: pass")])
    with (
        pytest.raises(execute.NotebookFailed, match="took longer than 1 s"),
        execute.run(notebook, tmp_path, timeout=1),
    ):
        pass


def remarks(*cells):
    return " | ".join(map(str, lint.notebook_remarks(new_notebook(cells=list(cells)))))


def code(source="x", outputs=(), **metadata):
    return new_code_cell(source, outputs=list(outputs), execution_count=1, metadata=metadata)


def output(**data):
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {k.replace("_", "/"): v for k, v in data.items()},
    }


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (new_markdown_cell("# T\nabout 0.5"), "the decimal in '# T about 0.5' is not bound"),
        (new_markdown_cell("# T\n{= y =}"), "not filled in"),
        (new_markdown_cell("# T\n![](a.svg)"), "no alt text"),
        (new_markdown_cell("# T\nsee {cite}`a`"), "stays raw"),
        (new_markdown_cell("# T\n### U"), "level 3 follows one of level 1"),
        (new_markdown_cell("## T"), "begin with a title"),
        (new_markdown_cell("# T\n# U"), "2 titles"),
        (new_code_cell("x = 1"), "was not run"),
        (code("x = 1  # 0.5 of it"), "the comment '# 0.5 of it' states 0.5"),
        (code("print('loss is 0.5')"), "states 0.5; format a value"),
        (code("f()\ng();"), "';'"),
        (code("time.perf_counter()"), "shows a time"),
        (code("from tqdm.auto import tqdm"), "shows a time"),
        (code("for step in tqdm(steps): pass"), "disable=None"),
        (code("interact(f, x=1)"), "needs-python"),
        (code("clear_output()"), "cannot compare"),
        (code(tags=["skip-execution"]), "skip-execution"),
        (code(mystnb={"image": {"alt": "at 0.5"}}), "holds a decimal"),
        (code(outputs=[output(image_png="iVBO")]), "image/png"),
        (code(outputs=[output(text_html="<svg width='1'>")]), "no aria-label"),
        (code(outputs=[output(text_html="<img src='a'>")]), "<img> has no alt text"),
        (code(outputs=[output(text_markdown="$$x$$")]), "$$"),
        (code(outputs=[output(text_markdown="{ref}`x`")]), "a role"),
        (code(outputs=[{"output_type": "display_data", "metadata": {}, "data": {VIEW: {}}}]), "no still"),
    ],
)
def test_lint_sees(cell, words):
    assert words in remarks(cell)


def test_lint_has_nothing_to_say_about_a_clean_page():
    prose = new_markdown_cell("# T\n## U\nsee Python 3.11 and 7", metadata={"cnnlab": {}})
    bound = new_markdown_cell("so 0.25", metadata={"cnnlab": {"numbers": ["dw[0]"]}})
    plain = code("print(f'{loss:.4f} and {x:0.3g}', format(x, '.2f'), 0.5)  # see chapter 2")
    assert remarks(prose, bound, plain) == ""


def test_lint_finds_the_decimals_typed_into_the_code_of_the_trial(trial):
    texts = [remark.text for remark in lint.notebook_remarks(execute.read(trial))]
    typed = [text.split(";")[0].split(" states ")[1] for text in texts if " states " in text]
    assert typed == ["2.1", "0.9", "2.1", "-0.1", "-0.1", "-0.1", "-0.1", "0.2", "0.4", "0.5", "0.7"]


def test_lint_proposes_what_is_bound_elsewhere():
    known = new_markdown_cell("# T\n0.25", metadata={"cnnlab": {"numbers": ["dw[0]"]}})
    assert "write {= dw[0] =}, as elsewhere" in remarks(known, new_markdown_cell("so 0.25"))


def test_lint_looks_for_linked_files(tmp_path):
    (tmp_path / "there.ipynb").touch()
    text = "# T\n[a](there.ipynb#x) [b](gone.ipynb) [c](#x) [d](https://a.org)\n```\n[e](code)\n```\n"
    (remark,) = lint.page_remarks(text, folder=tmp_path)
    assert "gone.ipynb leads nowhere" in remark.text


def test_lint_allows_no_decimal_on_a_page_without_a_kernel():
    (remark,) = lint.page_remarks("# T\nthe loss is 0.5")
    assert "recomputed by nothing" in remark.text
