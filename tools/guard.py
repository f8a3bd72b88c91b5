"""Compare committed notebooks, whole, with one fresh run.

    python -m tools.guard                 all notebooks of the book
    python -m tools.guard two-dimensions  only those named

This sees what nbval does not: numbers in sentences and formulas, alt texts, cells without an execution count, widget
views and state, metadata. The comparison is made of independent parts (a cell, a widget model), so one part can be
looked at without the others.
"""

import argparse
import copy
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools import bindings, execute, tokens
from tools.normalise import STATE, dumps, normalise


@dataclass(frozen=True)
class Difference:
    """One thing that a notebook shows and that a fresh run does not confirm."""

    cell: str
    what: str
    shown: str
    computed: str
    mend: str

    def __str__(self):
        return (
            f"{self.cell}: {self.what}\n    shown     {self.shown}\n    computed  {self.computed}\n"
            f"    to mend   {self.mend}"
        )


@dataclass
class Run:
    """A committed notebook beside its fresh run."""

    name: str
    text: str
    committed: nbformat.NotebookNode
    fresh: nbformat.NotebookNode
    values: dict


def run(path, after_cell=lambda: None) -> Run:
    """Execute a notebook file once. Raises `tools.execute.NotebookFailed` if it does not run to its end."""
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    committed = nbformat.reads(text, as_version=4)
    fresh = copy.deepcopy(committed)
    with execute.run(fresh, path.parent, after_cell) as kernel:
        values = kernel.evaluate(bindings.fields(fresh))
    return Run(path.stem, text, committed, normalise(fresh), values)


def examine(outcome: Run) -> list[Difference]:
    """All differences of one notebook, down to the bytes of its file."""
    found = differences(outcome.committed, outcome.fresh, outcome.values, outcome.name)
    if not found and dumps(outcome.fresh) != outcome.text:
        shown, computed = excerpts(outcome.text, dumps(outcome.fresh))
        found = [Difference("the file", "is not in its normal form", shown, computed, _refresh(outcome.name))]
    return found


def differences(committed, fresh, values, name="NAME") -> list[Difference]:
    """What a committed notebook shows and a fresh run does not confirm.

    committed  the notebook as it is stored
    fresh      the same notebook, executed and normalised; its text cells are not used
    values     {expression: display} for the bound numbers, from `tools.in_kernel.evaluate`
    """
    if len(committed.cells) != len(fresh.cells):
        count = f"{len(committed.cells)} cells", f"{len(fresh.cells)} cells"
        return [Difference("the notebook", "has another number of cells", *count, _refresh(name))]
    found = []
    for index in range(len(committed.cells)):
        found += cell_differences(committed, fresh, index, values, name)
    return found + metadata_differences(committed, fresh, name)


def cell_differences(committed, fresh, index, values, name="NAME") -> list[Difference]:
    """The differences of one cell: numbers in its text, or outputs, counts, id and metadata."""
    cell, other = committed.cells[index], fresh.cells[index]
    where = execute.label(committed, index)
    found = [Difference(where, *rest) for rest in unbound_in_metadata(cell.metadata)]
    if cell.cell_type != "code":
        found += [Difference(where, *rest) for rest in _text_differences(cell, values, name)]
    for key in sorted(set(cell) | set(other)):
        if key == "outputs":
            found += _output_differences(where, cell.outputs, other.outputs, name)
        elif key != "source":
            found += _compared(where, key, cell.get(key), other.get(key), name)
    return found


def metadata_differences(committed, fresh, name="NAME") -> list[Difference]:
    """The differences in the notebook's metadata, widget state included."""
    where = "the notebook"
    found = [Difference(where, *rest) for rest in unbound_in_metadata(committed.metadata)]
    for key in sorted(set(committed.metadata) | set(fresh.metadata)):
        if key != "widgets":
            found += _compared(where, key, committed.metadata.get(key), fresh.metadata.get(key), name)
    a, b = models(committed), models(fresh)
    for model in sorted(set(a) | set(b)):
        found += model_differences(a, b, model, name)
    rest = [_without_models(notebook.metadata.get("widgets")) for notebook in (committed, fresh)]
    return found + _compared(where, "widgets", *rest, name)


def models(notebook) -> dict:
    """The stored widget models of a notebook, by id."""
    return notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})


def model_differences(committed_models, fresh_models, model, name="NAME") -> list[Difference]:
    """The differences of one widget model."""
    kind = (committed_models.get(model) or fresh_models.get(model)).get("model_name", "?")
    return _compared(
        f"widget {int(model, 16) if _is_hex(model) else model} ({kind})",
        "state",
        committed_models.get(model),
        fresh_models.get(model),
        name,
    )


def _is_hex(text):
    return all(character in "0123456789abcdef" for character in text)


def _without_models(widgets):
    if widgets is None:
        return None
    return {
        kind: {key: value for key, value in content.items() if key != "state"}
        if isinstance(content, dict)
        else content
        for kind, content in widgets.items()
    }


def _refresh(name):
    return f"python -m tools.refresh {name}"


def _text_differences(cell, values, name):
    source, numbers = cell.source, bindings.bound(cell)
    for match in bindings.FIELD.finditer(source):
        yield "a field is not filled in", match.group(), "not yet displayed", _refresh(name)
    found = tokens.find(source)
    if numbers and len(numbers) != len(found):
        yield (
            "its numbers and their expressions do not match",
            f"{len(found)} numbers",
            f"{len(numbers)} expressions",
            _refresh(name),
        )
        return
    for token, expression in zip(found, numbers or [None] * len(found), strict=True):
        if expression is None:
            if token.is_decimal:
                what = "a decimal is not bound to a computation"
                bind = f"write {{= EXPRESSION =}} in its place, then {_refresh(name)}"
                yield what, around(source, token.start, token.end), "nothing", bind
            continue
        display = values.get(expression, {"error": "it was not evaluated"})
        parts = bindings.split_display(display["text"]) if "text" in display else None
        if parts is None:
            reason = display.get("error") or f"it displays {display.get('text', 'an array')}, not one number"
            yield (
                f"{{= {expression} =}} has no value",
                token.text,
                reason,
                "correct the expression or the code",
            )
            continue
        before, computed, after = parts
        whole = source[: token.start].endswith(before) and source[token.end :].startswith(after)
        if token.text != computed or not whole:
            shown = around(source, token.start, token.end)
            yield f"{{= {expression} =}} is displayed wrongly", shown, display["text"], _refresh(name)


def unbound_in_metadata(metadata):
    """The decimals in authored metadata, such as an alt text: (what, shown, computed, mend) of each."""
    for key, value in metadata.items():
        if key in ("cnnlab", "kernelspec", "language_info", "widgets"):
            continue
        for text in _strings(value):
            for token in tokens.find(text):
                if token.is_decimal:
                    mend = "let the code that draws the figure write this text"
                    yield (
                        f"metadata {key!r} holds a decimal",
                        around(text, token.start, token.end),
                        "nothing",
                        mend,
                    )


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _output_differences(where, shown, computed, name):
    if len(shown) != len(computed):
        kinds = [", ".join(_kind(output) for output in outputs) or "none" for outputs in (shown, computed)]
        return [Difference(where, "has other outputs", *kinds, _refresh(name))]
    found = []
    for number, (a, b) in enumerate(zip(shown, computed, strict=True), 1):
        found += _compared(where, f"output {number}", a, b, name)
    return found


def _kind(output):
    return " ".join([output.output_type, *output.get("data", {}), output.get("name", "")]).strip()


def _compared(where, what, shown, computed, name):
    """Compare two parts; one Difference for each leaf that is not the same."""
    if shown == computed:
        return []
    if isinstance(shown, dict) and isinstance(computed, dict):
        found = []
        for key in sorted(set(shown) | set(computed)):
            found += _compared(where, f"{what}, {key}", shown.get(key), computed.get(key), name)
        return found
    if isinstance(shown, list) and isinstance(computed, list) and len(shown) == len(computed):
        found = []
        for number, (a, b) in enumerate(zip(shown, computed, strict=True), 1):
            found += _compared(where, f"{what}, {number}", a, b, name)
        return found
    return [Difference(where, what, *excerpts(_text(shown), _text(computed)), _refresh(name))]


def _text(value):
    return value if isinstance(value, str) else "nothing" if value is None else repr(value)


def around(text: str, start: int, end: int, margin: int = 24) -> str:
    """A piece of text with what stands around it, on one line."""
    a, b = max(0, start - margin), min(len(text), end + margin)
    piece = " ".join(text[a:b].split())
    return ("..." if a else "") + piece + ("..." if b < len(text) else "")


def excerpts(shown: str, computed: str) -> tuple[str, str]:
    """The two texts around the first place where they differ."""
    first, end = 0, min(len(shown), len(computed))
    while first < end:  # halving: comparing slices is much faster than comparing characters
        middle = (first + end) // 2
        if shown[first : middle + 1] == computed[first : middle + 1]:
            first = middle + 1
        else:
            end = middle
    return around(shown, first, first + 1), around(computed, first, first + 1)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.guard", description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="notebooks; all if none is named")
    paths = execute.find(parser.parse_args(arguments).names)

    def one(path, after_cell):
        try:
            return examine(run(path, after_cell))
        except execute.NotebookFailed as failure:
            return [failure]

    results = execute.each(paths, one)
    for path, found in zip(paths, results, strict=True):
        print(f"{path.stem}: {len(found)} differences" if found else f"{path.stem}: confirmed")
        for difference in found:
            print(f"  {difference}")
    return 1 if any(results) else 0


if __name__ == "__main__":
    sys.exit(main())
