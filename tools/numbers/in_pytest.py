"""Prove whole notebooks with the run that nbval makes: a plugin of pytest.

nbval runs the cells of a notebook, one test each, and compares their outputs. Here what its kernel says is also taken
down in a copy of the notebook. After the last cell the same kernel evaluates the fields, and two more tests follow: the
refreshed copy must be the committed file, and every changed digit must be noticed.
"""

import copy
import time
from collections import Counter
from functools import partial
from queue import Empty

import nbformat
import pytest
from nbclient.client import CellExecutionComplete
from nbval.plugin import IPyNbCell, IPyNbFile

from tools.numbers import execute, mutations, proof


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Take the place of nbval's own collector of notebooks."""
    found = yield
    return [Notebook.from_parent(parent, path=file_path) if isinstance(c, IPyNbFile) else c for c in found]


class Notebook(IPyNbFile):
    """A notebook that nbval runs, and what its kernel said."""

    def collect(self):
        """One test for each code cell, and two for the file."""
        for cell in super().collect():
            options = {key: getattr(cell, key) for key in ("name", "cell_num", "cell", "options")}
            yield Cell.from_parent(self, **options)
        yield WholeFile.from_parent(self, name="the whole file")
        yield EveryDigit.from_parent(self, name="every digit")

    def setup(self):
        """Start nbval's kernel, and listen."""
        super().setup()
        self.text = self.path.read_text(encoding="utf-8")
        self.committed = nbformat.reads(self.text, as_version=4)
        self.client = execute.listener(copy.deepcopy(self.committed))
        self.client.kc = self.kernel.kc
        self.code = [index for index, cell in enumerate(self.committed.cells) if cell.cell_type == "code"]
        self.ended, self.outcome = set(), None
        self.send, self.kernel.execute_cell_input = self.kernel.execute_cell_input, self.execute_cell_input
        self.receive, self.kernel.get_message = self.kernel.get_message, self.get_message

    def execute_cell_input(self, source, **options):
        """Remember the request, by which its answers are known."""
        self.request = self.send(source, **options)
        return self.request

    def get_message(self, stream, timeout):
        """Wait for a message, but not for a dead kernel; nbval would until the cell's time is over."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            try:
                message = self.receive(stream, timeout=max(0, min(left, 1)))
            except Empty:
                if not self.kernel.is_alive():
                    raise execute.NotebookFailed("The kernel died.") from None
                if left <= 1:
                    raise
            else:
                break
        if stream == "iopub" and message["parent_header"].get("msg_id") == self.request:
            cell = self.client.nb.cells[self.running]
            try:
                if cell.source.strip():  # an empty cell is not counted
                    self.client.process_message(message, cell, self.running)
            except CellExecutionComplete:
                self.ended.add(self.running)
        return message

    def refreshed(self):
        """The notebook, refreshed from nbval's run. The test fails if that did not come to its end."""
        if self.outcome is None:
            try:
                self.outcome = self._refreshed()
            except execute.NotebookFailed as failure:
                self.outcome = failure
        if isinstance(self.outcome, execute.NotebookFailed):
            pytest.fail(f"{self.path.stem}: {self.outcome}", pytrace=False)
        return self.outcome

    def _refreshed(self):
        fresh = self.client.nb
        for index in self.code:
            if index not in self.ended and fresh.cells[index].source.strip():
                reason = (
                    "was not run to its end"
                    if self.kernel.is_alive()
                    else "killed its kernel, or one before it did"
                )
                raise execute.NotebookFailed(f"{execute.label(fresh, index)} {reason}.")
            execute.require_as_announced(fresh, index)
        self.client.set_widgets_metadata()
        return proof.refreshed(self.committed, fresh, partial(execute.ask, self.client), self.path.stem)


class Cell(IPyNbCell):
    """A code cell: what nbval runs and compares."""

    def runtest(self):
        """Say which cell the messages are about to belong to."""
        self.parent.running = self.parent.code[self.cell_num]
        super().runtest()


class _OfNotebook(pytest.Item):
    def reportinfo(self):
        return self.path, None, f"{self.path.stem}: {self.name}"


class WholeFile(_OfNotebook):
    """The refreshed notebook must be the committed file."""

    def runtest(self):
        """Name each difference, and the command that mends it."""
        found = proof.differences(self.parent.refreshed(), self.parent.text)
        if found:
            lines = [f"{self.path.stem}: {len(found)} differences", *map(str, found)]
            pytest.fail("\n".join(lines), pytrace=False)


class EveryDigit(_OfNotebook):
    """Each displayed digit, changed, must be noticed."""

    def runtest(self):
        """Count for the summary, and name what was missed."""
        committed = copy.deepcopy(self.parent.committed)
        tally = mutations.try_all(committed, self.parent.refreshed())
        self.user_properties.append(("tally", vars(tally)))
        if tally.missed:
            pytest.fail("\n".join(tally.missed), pytrace=False)
        assert committed == self.parent.committed, "the mutations were not all taken back"


def pytest_terminal_summary(terminalreporter):
    """Print how many displayed numbers are proved, and how many changed digits were noticed."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    properties = [pair for report in reports if report.when == "call" for pair in report.user_properties]
    tallies = [value for key, value in properties if key == "tally"]
    if tallies:
        numbers, tried = (sum(tally[key] for tally in tallies) for key in ("numbers", "tried"))
        missed, passed_over = (sum(len(tally[key]) for tally in tallies) for key in ("missed", "passed_over"))
        kinds = sum((Counter(tally["by_kind"]) for tally in tallies), Counter())
        parts = ", ".join(f"{count} in {kind}" for kind, count in sorted(kinds.items()))
        terminalreporter.write_sep("-", "numbers that readers see")
        terminalreporter.write_line(f"{numbers} guarded in {len(tallies)} notebooks ({parts or 'none'})")
        terminalreporter.write_line(f"{tried} digits changed one at a time, {tried - missed} caught")
        terminalreporter.write_line(f"{passed_over} versions, section numbers and links are not counted")
