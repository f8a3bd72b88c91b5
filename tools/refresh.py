"""Run notebooks, put the computed numbers into their text, normalise them, and write them back.

    python -m tools.refresh                 all notebooks of the book
    python -m tools.refresh two-dimensions  only those named
    python -m tools.refresh --bind NAME     also bind each unbound decimal to the first expression found for it

A notebook is written in one step when everything about it is known, so a killed refresh leaves the old file.
Refreshing twice changes nothing. Ends with status 1 if something is left for the author to do.
"""

import argparse
import copy
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from tools import bindings, execute, tokens
from tools.normalise import dumps, normalise


@dataclass
class Outcome:
    """What became of one notebook: what changed, and what the author must still do."""

    name: str
    changes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    written: bool = False


def refreshed(notebook, cwd=execute.BOOK, bind=False, after_cell=lambda: None):
    """Run a copy of `notebook`; returns the refreshed notebook, its changes and its problems (sentences).

    Unbound decimals are problems that leave the notebook usable; a field that cannot be displayed is not: then
    None is returned in the place of the notebook.
    """
    fresh = copy.deepcopy(notebook)
    changes, problems, unbound = [], [], []
    usable = True
    with execute.run(fresh, cwd, after_cell) as kernel:
        displays = kernel.evaluate(bindings.fields(fresh))
        for index, cell in enumerate(fresh.cells):
            if cell.cell_type == "code":
                continue
            where = execute.label(fresh, index)
            rendered = bindings.render(cell.source, bindings.bound(cell), displays)
            changes += [f"{where}: {old} -> {new}   ({what})" for old, new, what in rendered.changes]
            if rendered.filled:
                changes.append(f"{where}: {rendered.filled} fields filled in")
            problems += [f"{where}: {problem}" for problem in rendered.problems]
            usable = usable and not rendered.problems
            bindings.store(cell, rendered)
            found = [t for t in tokens.find(cell.source) if not _inside_a_field(t, cell.source)]
            unbound += [(cell, where, position, found[position]) for position in rendered.unbound]
        if not usable:
            return None, [], problems
        proposals = kernel.propose({token.text for *_, token in unbound})
    for cell, where, position, token in unbound:
        offers = proposals[token.text]
        if bind and offers:
            numbers = bindings.bound(cell) or [None] * len(tokens.find(cell.source))
            numbers[position] = offers[0]
            cell.metadata["cnnlab"] = {**cell.metadata.get("cnnlab", {}), "numbers": numbers}
            changes.append(f"{where}: {token.text} is now bound to {{= {offers[0]} =}}")
        else:
            problems.append(f"{where}: the decimal {token.text} is not bound; {advice(offers)}")
    return normalise(fresh), changes, problems


def advice(offers) -> str:
    """What to write in the place of an unbound decimal."""
    if offers:
        return "write " + " or ".join(f"{{= {offer} =}}" for offer in offers)
    return "write {= EXPRESSION =} in its place; no variable of the notebook displays it"


def _inside_a_field(token, source):
    return any(match.start() < token.start < match.end() for match in bindings.FIELD.finditer(source))


def write_atomically(path, text: str) -> None:
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


def refresh(path, bind=False, after_cell=lambda: None) -> Outcome:
    """Refresh one notebook file."""
    path = Path(path)
    outcome = Outcome(path.stem)
    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    try:
        fresh, outcome.changes, outcome.problems = refreshed(notebook, path.parent, bind, after_cell)
    except execute.NotebookFailed as failure:
        outcome.problems = [str(failure)]
        return outcome
    if fresh is None:
        return outcome
    after = dumps(fresh)
    if after != before:
        write_atomically(path, after)
        outcome.written = True
        outcome.changes += [f"{line}: new output" for line in _cells_with_new_output(notebook, fresh)]
    return outcome


def _cells_with_new_output(old, new):
    for index, (a, b) in enumerate(zip(old.cells, new.cells, strict=True)):
        if a.cell_type == "code" and a.outputs != b.outputs:
            yield execute.label(new, index)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.refresh", description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="notebooks; all if none is named")
    parser.add_argument("--bind", action="store_true", help="bind unbound decimals to the first proposal")
    options = parser.parse_args(arguments)
    paths = execute.find(options.names)
    outcomes = execute.each(paths, lambda path, after_cell: refresh(path, options.bind, after_cell))
    for outcome in outcomes:
        print(f"{outcome.name}: {'written' if outcome.written else 'unchanged'}")
        for change in outcome.changes:
            print(f"    {change}")
        for problem in outcome.problems:
            print(f"  ! {problem}")
    return 1 if any(outcome.problems for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
