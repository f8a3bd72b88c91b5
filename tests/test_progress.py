"""The progress bar: seen while the loop runs, gone afterwards, and absent where outputs are compared."""

import sys

import nbformat
import pytest
from nbclient import NotebookClient

from cnnlab.progress import progress

CELL = "from cnnlab.progress import progress\nseen = [item for item in progress([4, 5, 6])]\nassert seen == [4, 5, 6]"


class Watcher(NotebookClient):
    """Keeps the kinds and the HTML of all messages that a kernel sends to the page."""

    def process_message(self, msg, cell, cell_index):
        data = msg["content"].get("data", {})
        self.seen.append((msg["msg_type"], data.get("text/html", "")))
        return super().process_message(msg, cell, cell_index)


def run(monkeypatch, session):
    """Run the cell in a kernel; returns its outputs, and the messages that made them."""
    if session:
        monkeypatch.setenv("JPY_SESSION_NAME", session)
    else:
        monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    client = Watcher(notebook, timeout=60)
    client.seen = []
    client.execute()
    return notebook.cells[0].outputs, client.seen


def test_an_open_notebook_shows_a_bar_that_leaves_nothing(monkeypatch):
    outputs, seen = run(monkeypatch, session="book/whole-network.ipynb")
    bars = [markup for _, markup in seen if "<progress" in markup]
    assert len(bars) == 4 and 'value="0"' in bars[0] and "epoch 3 of 3" in bars[-1]
    assert "clear_output" in [kind for kind, _ in seen]
    assert outputs == []


def test_a_notebook_that_nobody_watches_has_no_bar(monkeypatch):
    outputs, seen = run(monkeypatch, session=None)
    assert outputs == []
    assert not {"display_data", "clear_output", "stream"} & {kind for kind, _ in seen}


def test_a_program_without_a_terminal_prints_nothing(monkeypatch, capfd):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert list(progress(iter("abc"))) == ["a", "b", "c"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("session", ["", "book/whole-network.ipynb"])
def test_it_works_without_tqdm_and_ipython(monkeypatch, session):
    monkeypatch.setenv("JPY_SESSION_NAME", session)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert list(progress([1, 2])) == [1, 2]
