import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jupytext
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import refresh, text
from tools.numbers import execute, fields
from tools.numbers.normalise import dumps


def write(path, *cells):
    path.write_text(dumps(new_notebook(cells=list(cells))), encoding="utf-8")
    return path


def test_refreshing_twice_changes_nothing(trial):
    before = trial.read_text(encoding="utf-8")
    outcome = refresh.refresh(trial)
    assert (outcome.written, outcome.differences, outcome.problems) == (False, [], [])
    assert trial.read_text(encoding="utf-8") == before


def test_what_was_edited_is_computed_again_and_reported(trial, tmp_path):
    path = tmp_path / "edited.ipynb"
    notebook = execute.read(trial)
    notebook.cells[1].source = notebook.cells[1].source.replace("[0.3, 0.5]", "[0.4, 0.5]")
    notebook.cells[2].source = notebook.cells[2].source.replace("-0.03", "-0.04", 1)
    path.write_text(dumps(notebook), encoding="utf-8")
    outcome = refresh.refresh(path)
    assert outcome.written and not outcome.problems
    changes = refresh.report(outcome)
    assert "{= y =} is displayed as 1.3, 2.1, now 1.4, 2.3" in changes
    assert "{= dx[0] =} is displayed as -0.04, now -0.03" in changes
    assert "cell 2 (import anywidget" in changes and "cell 4" in changes and "cell 6" not in changes
    assert "y = [1.4, 2.3]" in execute.read(path).cells[0].source


def test_unbound_decimals_are_written_and_reported_with_proposals(tmp_path):
    cells = [new_markdown_cell("# T\n0.75 and 0.11"), new_code_cell("dw = [0.25, 0.75]")]
    path = write(tmp_path / "a.ipynb", *cells)
    outcome = refresh.refresh(path)
    assert outcome.written
    assert "0.75 is not bound" in outcome.problems[0].what and "write {= dw[1] =}" in outcome.problems[0].mend
    assert "0.11 is not bound" in outcome.problems[1].what
    assert "write {= EXPRESSION =}" in outcome.problems[1].mend
    outcome = refresh.refresh(path, bind=True)
    cell = execute.read(path).cells[0]
    assert (fields.template(cell), cell.source) == ("# T\n{= dw[1] =} and 0.11", "# T\n0.75 and 0.11")
    assert len(outcome.problems) == 1
    outcome = refresh.refresh(path, bind=True)
    assert not outcome.written


def test_a_lost_field_stops_the_refresh_until_it_may_go(trial, tmp_path, capsys):
    path = tmp_path / "edited.ipynb"
    notebook = execute.read(trial)
    notebook.cells[2].source = notebook.cells[2].source.replace("from 3 entries", "from all entries")
    path.write_text(dumps(notebook), encoding="utf-8")
    before = path.read_bytes()
    assert refresh.main([str(path)]) == 1
    assert path.read_bytes() == before and "tools.refresh --drop edited" in capsys.readouterr().out
    assert refresh.main(["--drop", str(path)]) == 0
    assert execute.read(path).metadata.cnnlab.fields == 7
    assert refresh.main(["--check", str(path)]) == 0


def test_a_check_writes_nothing_and_says_what_differs(trial, tmp_path, capsys):
    path = tmp_path / "changed.ipynb"
    path.write_text(trial.read_text(encoding="utf-8").replace("= -0.03$", "= -0.04$"), encoding="utf-8")
    before = path.read_bytes()
    assert refresh.main(["--check", str(path)]) == 1
    printed = capsys.readouterr().out
    assert "changed: 1 differences" in printed and "computed  -0.03" in printed
    assert path.read_bytes() == before


@pytest.mark.parametrize("cell", [new_markdown_cell("{= gone =}"), new_code_cell("1 / 0")])
def test_a_notebook_that_cannot_be_refreshed_stays_as_it_was(cell, tmp_path):
    path = write(tmp_path / "a.ipynb", cell)
    before = path.read_bytes()
    outcome = refresh.refresh(path)
    assert outcome.problems and not outcome.written
    assert path.read_bytes() == before


def test_a_file_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def killed(source, target):
        assert path.read_text() == "old"
        assert Path(source).read_text() == "new"
        raise KeyboardInterrupt

    monkeypatch.setattr(refresh.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        refresh.write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_refresh_leaves_the_old_notebook(tmp_path):
    """Killed while the notebook runs: its first cell says that it started, its second never ends."""
    started = tmp_path / "started"
    path = write(
        tmp_path / "a.ipynb",
        new_code_cell(
            f"import os, pathlib, time\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))"
        ),
        new_code_cell("time.sleep(60)"),
    )
    before = path.read_bytes()
    command = [sys.executable, "-m", "tools.refresh", str(path)]
    process = subprocess.Popen(command, cwd=execute.ROOT, stderr=subprocess.DEVNULL)
    try:
        while not (started.exists() and started.read_text()):
            assert process.poll() is None, "the refresh ended before it was killed"
            time.sleep(0.05)
    finally:
        process.kill()
        assert process.wait() == -signal.SIGKILL
    os.kill(
        int(started.read_text()), signal.SIGKILL
    )  # the kernel, which would wait for its parent's end to notice
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.ipynb", "started"]


def test_two_notebooks_are_refreshed_by_one_command(tmp_path, capsys):
    paths = [write(tmp_path / f"{name}.ipynb", new_code_cell(f"print({name!r})")) for name in ("one", "two")]
    assert refresh.main([str(path) for path in paths]) == 0
    assert "one: written" in capsys.readouterr().out
    assert [execute.read(path).cells[0].outputs[0].text for path in paths] == ["one\n", "two\n"]


def test_an_unknown_name_is_refused():
    with pytest.raises(SystemExit, match="There is no notebook 'gone'"):
        execute.find(["gone"])


def test_a_notebook_goes_to_text_and_back(trial, tmp_path, capsys):
    path = tmp_path / "trial.ipynb"
    path.write_bytes(trial.read_bytes())
    text.main(["to", str(path)])
    draft = tmp_path / "draft.md"
    draft.write_text(capsys.readouterr().out, encoding="utf-8")
    assert "$y = [{= y =}]$ in Python 3.11" in draft.read_text(encoding="utf-8")
    text.main(["from", str(draft), str(path)])
    assert refresh.refresh(path).problems == []
    before, after = execute.read(trial), execute.read(path)
    assert [(c.source, c.metadata, c.id) for c in after.cells] == [
        (c.source, c.metadata, c.id) for c in before.cells
    ]
    assert path.read_bytes() == trial.read_bytes()


def test_jupytext_itself_keeps_the_fields(trial):
    before = execute.read(trial)
    after = jupytext.reads(jupytext.writes(before, fmt="md:myst"), fmt="md:myst")
    assert [fields.template(cell) for cell in after.cells] == [fields.template(cell) for cell in before.cells]
    assert fields.of(after)


def test_cells_that_stay_keep_their_ids_and_outputs_when_text_is_edited(trial):
    old = execute.read(trial)
    draft = text.to_text(old).replace("The output is", "Now the output is")
    draft = draft.replace("```{code-cell}\nclass Stepper", "A new cell.\n\n```{code-cell}\nclass Stepper")
    new = text.from_text(draft, old)
    assert [cell.id for cell in new.cells] == ["c1", "c2", "c3", "c4", "c10", "c5", "c6", "c7", "c8", "c9"]
    assert new.cells[1].outputs == old.cells[1].outputs
    assert new.metadata["widgets"] == old.metadata["widgets"]
    assert "{= y =}" in new.cells[0].source


def test_text_of_a_new_notebook(tmp_path):
    draft = tmp_path / "draft.md"
    draft.write_text("# T\n\n+++\n\nAnd {= x =}.\n\n```{code-cell}\n:tags: [hide-input]\n\nx = 1.5\n```\n")
    text.main(["from", str(draft), str(tmp_path / "new.ipynb")])
    notebook = execute.read(tmp_path / "new.ipynb")
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "markdown", "code"]
    assert notebook.cells[2].metadata.tags == ["hide-input"]


def test_text_of_a_notebook_that_was_edited_is_refused(trial, tmp_path):
    notebook = execute.read(trial)
    notebook.cells[0].source += " And 9."
    path = tmp_path / "a.ipynb"
    path.write_text(dumps(notebook), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"cell 1 .*run python -m tools.refresh first"):
        text.main(["to", str(path)])
