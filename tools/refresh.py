"""Run notebooks, put the computed numbers into their text, normalise them, and write them back.

    python -m tools.refresh                 all notebooks of the book
    python -m tools.refresh two-dimensions  only those named
    python -m tools.refresh --check         write nothing; say what differs from what is stored
    python -m tools.refresh --bind NAME     also bind each unbound decimal to the first expression found for it
    python -m tools.refresh --drop NAME     let the fields go that are lost

A notebook is written in one step when everything about it is known, so a killed refresh leaves the old file.
Refreshing twice changes nothing. Ends with status 1 if something is left for the author to do, or with `--check` if
anything differs.
"""

import argparse
import copy
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from tools.numbers import execute, proof
from tools.numbers.normalise import dumps


@dataclass
class NotebookResult:
    """What became of one notebook: what differed, and what the author must still do."""

    name: str
    differences: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    written: bool = False


def refresh(path, after_cell=lambda: None, *, check=False, bind=False, drop=False):
    """Refresh one notebook file; with `check`, in memory only."""
    path = Path(path)
    before = path.read_text(encoding="utf-8")
    committed = nbformat.reads(before, as_version=4)
    executed = copy.deepcopy(committed)
    try:
        with execute.run(executed, path.parent, after_cell) as ask:
            result = proof.refreshed(committed, executed, ask, path.stem, drop)
            if bind and result.offers:
                first = result.mended
                result = proof.refreshed(_bound(result), executed, ask, path.stem, drop)
                result.mended = first + result.mended
    except execute.NotebookFailed as failure:
        return NotebookResult(path.stem, [failure], [failure])
    outcome = NotebookResult(path.stem, proof.differences(result, before), result.stopping + result.unbound)
    if not (check or result.stopping) and dumps(result.new) != before:
        write_atomically(path, dumps(result.new))
        outcome.written = True
    return outcome


def _bound(result):
    """The refreshed notebook with a field in the place of each decimal for which one is known."""
    notebook = copy.deepcopy(result.new)
    for index, token, offers in reversed(result.offers):
        if offers:
            cell = notebook.cells[index]
            cell.source = f"{cell.source[: token.start]}{{= {offers[0]} =}}{cell.source[token.end :]}"
    return notebook


def write_atomically(path, text):
    """Replace a file by `text` in one step: whoever reads or kills, sees the old file or the new one."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def report(outcome, check=False):
    """What became of a notebook, in lines: with `check` what differs, or else what changed and what is left to do."""
    if check:
        count = f"{len(outcome.differences)} differences" if outcome.differences else "confirmed"
        return "\n  ".join([f"{outcome.name}: {count}", *map(str, outcome.differences)])
    lines = [f"{outcome.name}: {'written' if outcome.written else 'unchanged'}"]
    if outcome.written:
        changes = [difference for difference in outcome.differences if difference not in outcome.problems]
        lines += [f"    {change.cell}: {change.what}, now {change.computed}" for change in changes]
    return "\n".join([*lines, *(f"  ! {problem}" for problem in outcome.problems)])


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.refresh", description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="notebooks; all if none is named")
    parser.add_argument("--check", action="store_true", help="write nothing; say what differs")
    parser.add_argument("--bind", action="store_true", help="bind unbound decimals to the first proposal")
    parser.add_argument("--drop", action="store_true", help="let lost fields go")
    options = vars(parser.parse_args(arguments))
    paths = execute.find(options.pop("names"))
    outcomes = execute.each(paths, lambda path, after_cell: refresh(path, after_cell, **options))
    for outcome in outcomes:
        print(report(outcome, options["check"]))
    return (
        1 if any(outcome.differences if options["check"] else outcome.problems for outcome in outcomes) else 0
    )


if __name__ == "__main__":
    sys.exit(main())
