"""Refresh a notebook in memory, and say what differs from the file.

This sees what nbval does not: numbers in sentences and formulas, alt texts, cells without an execution count, widget
views and state, metadata, down to the bytes of the file.
"""

import copy
from collections import Counter
from dataclasses import dataclass, field

from tools.numbers import execute, fields, tokens
from tools.numbers.normalise import STATE, dumps, normalise

MOST = 3  # differences of one cell's outputs, or of one widget, that are shown


@dataclass(frozen=True)
class Difference:
    """One thing that a notebook shows and that its run does not confirm."""

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
class Refreshed:
    """A notebook, or the text of one cell, after its run, and how it differs from what was there before."""

    new: object  # the notebook in the form that is committed, or the cell
    displays: dict  # field -> what `tools.numbers.in_kernel.evaluate` says
    mended: list = field(default_factory=list)  # differences that are gone in `new`
    stopping: list = field(default_factory=list)  # what an author must mend before `new` can be written
    unbound: list = field(
        default_factory=list
    )  # decimals that nothing computes, which an author must mend, too
    offers: list = field(
        default_factory=list
    )  # (index of the cell, token, fields that display it) of those in texts

    @property
    def differences(self):
        """All of them, those first that only an author can mend."""
        return self.stopping + self.unbound + self.mended


def refreshed(committed, executed, ask, name="NAME", drop=False):
    """Refresh a notebook from its run.

    committed  the notebook as it is stored
    executed   the same notebook with the outputs of a run; its text cells are not used
    ask        asks the kernel of that run, as in `tools.numbers.execute.run`
    drop       allow fields to get lost
    """
    result = Refreshed(copy.deepcopy(executed), ask("evaluate", fields.of(committed)))
    before, after, free = Counter(), Counter(), []
    for index, cell in enumerate(committed.cells):
        if cell.cell_type != "code":
            text = refreshed_text(cell, result.displays, execute.label(committed, index), name)
            result.new.cells[index] = text.new
            result.mended += text.mended
            result.stopping += text.stopping
            free += [(index, token) for _, token, _ in text.offers]
            before.update(fields.FIELD.findall(fields.template(cell)))
            after.update(fields.FIELD.findall(fields.template(text.new)))

    offers = ask("propose", {token.text for _, token in free}) if free else {}
    for index, token in free:
        ways = " or ".join(f"{{= {offer} =}}" for offer in offers[token.text])
        mend = f"write {ways or '{= EXPRESSION =}'} in its place, then {_refresh(name)}"
        near = tokens.around(result.new.cells[index].source, token.start, token.end)
        what = f"the decimal {token.text} is not bound to a computation"
        result.unbound.append(
            Difference(
                cell=execute.label(committed, index), what=what, shown=near, computed="nothing", mend=mend
            )
        )
        result.offers.append((index, token, offers[token.text]))

    result.stopping += [] if drop else _lost(committed, before, after, name)
    stored = committed.metadata.get("cnnlab", {}) if result.stopping else {"fields": after.total()}
    result.new.metadata["cnnlab"] = stored

    result.new = normalise(result.new)
    for where, metadata in _metadata(committed):
        for key, near in unbound_in_metadata(metadata):
            mend = "let the code that draws the figure write this text"
            result.unbound.append(
                Difference(
                    cell=where,
                    what=f"metadata {key!r} holds a decimal",
                    shown=near,
                    computed="nothing",
                    mend=mend,
                )
            )
    ours, theirs = parts(committed), parts(result.new)
    for part in sorted(ours.keys() | theirs.keys()):
        found = list(_unequal(ours.get(part), theirs.get(part)))
        for what, *texts in found[:MOST]:
            where = _named(part, committed, ours.get(part) or theirs.get(part))
            more = f" (and {len(found) - MOST} more)" if len(found) > MOST else ""
            result.mended.append(Difference(where, what + more, *excerpts(*texts), _refresh(name)))
    return result


def differences(result, text):
    """All that `text`, a notebook's file, shows and its run does not confirm, down to the last byte."""
    if not result.differences and dumps(result.new) != text:
        shown = excerpts(text, dumps(result.new))
        return [Difference("the file", "is not in its normal form", *shown, "python -m tools.refresh")]
    return result.differences


def refreshed_text(cell, displays, where="cell", name="NAME"):
    """Refresh a text cell. The decimals that stand in no field are its `offers`, without any."""
    old = fields.template(cell)
    rendered = fields.render(old, displays)
    spots = fields.slots(rendered, cell.source)
    template = fields.unrendered(cell.source, spots)
    if template != old:
        rendered = fields.render(template, displays)
    result = Refreshed(copy.deepcopy(cell), displays)
    fields.store(result.new, template, rendered.text)
    for (start, end, expression), (a, b, _) in zip(spots, rendered.spans, strict=True):
        shown, computed = cell.source[start:end], rendered.text[a:b]
        near = tokens.around(cell.source, start, end)
        if expression in rendered.problems:
            what, reason = f"{{= {expression} =}} cannot be displayed", rendered.problems[expression]
            result.stopping.append(
                Difference(
                    cell=where,
                    what=what,
                    shown=near,
                    computed=reason,
                    mend="correct the expression or the code",
                )
            )
        elif fields.FIELD.fullmatch(shown):
            result.mended.append(
                Difference(
                    cell=where,
                    what=f"{shown} is not filled in",
                    shown=near,
                    computed=computed,
                    mend=_refresh(name),
                )
            )
        elif shown != computed:
            what = f"{{= {expression} =}} is displayed as {shown}"
            result.mended.append(
                Difference(cell=where, what=what, shown=near, computed=computed, mend=_refresh(name))
            )
    if template != old and "cnnlab" in cell.metadata:
        what = "its text was edited and not refreshed"
        result.mended.append(Difference(where, what, *excerpts(template, old), _refresh(name)))
    result.offers = [(0, token, ()) for token in rendered.unbound]
    return result


def parts(notebook):
    """What is compared besides texts: each cell, each widget model, and the rest of the notebook."""
    cells = {
        ("cell", index): {**_without(cell, "source"), "metadata": _without(cell.metadata, "cnnlab")}
        for index, cell in enumerate(notebook.cells)
    }
    models = {("widget", model): state for model, state in widget_models(notebook).items()}
    widgets = {kind: _without(value, "state") for kind, value in notebook.metadata.get("widgets", {}).items()}
    return {**cells, **models, ("the notebook", ""): {**notebook.metadata, "widgets": widgets}}


def widget_models(notebook):
    """The stored widget models of a notebook, by id."""
    return notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})


def excerpts(shown, computed):
    """The two texts around the first place where they differ."""
    first, end = 0, min(len(shown), len(computed))
    while first < end:  # halving: comparing slices is much faster than comparing characters
        middle = (first + end) // 2
        if shown[first : middle + 1] == computed[first : middle + 1]:
            first = middle + 1
        else:
            end = middle
    return tokens.around(shown, first, first + 1), tokens.around(computed, first, first + 1)


def unbound_in_metadata(metadata):
    """The decimals in authored metadata, such as an alt text, each as (key, what stands around it)."""
    for key, value in metadata.items():
        if key not in ("cnnlab", "kernelspec", "language_info", "widgets"):
            for text in _strings(value):
                for token in tokens.find(text):
                    if token.is_decimal:
                        yield key, tokens.around(text, token.start, token.end)


def _lost(committed, before, after, name):
    """What became of the fields that the notebook had."""
    expected = committed.metadata.get("cnnlab", {}).get("fields")
    if expected is None and any("cnnlab" in cell.metadata for cell in committed.cells):
        what, shown, computed = (
            "how many fields it has is lost",
            "nothing",
            f"{after.total()} fields are there",
        )
    elif after.total() < (expected or 0):
        gone = ", ".join(f"{{= {expression} =}}" for expression in (before - after).elements())
        what = f"{expected - after.total()} of its {expected} fields are lost"
        shown = gone or "cells were merged or deleted, or an editor dropped their metadata"
        computed = f"{expected} fields"
    else:
        return []
    mend = f"write again what is lost (git diff shows it), or let it go: {_refresh('--drop ' + name)}"
    return [Difference(cell="the notebook", what=what, shown=shown, computed=computed, mend=mend)]


def _metadata(notebook):
    cells = [(execute.label(notebook, index), cell.metadata) for index, cell in enumerate(notebook.cells)]
    return [*cells, ("the notebook", notebook.metadata)]


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _without(mapping, left_out):
    return {key: value for key, value in mapping.items() if key != left_out}


def _named(part, notebook, content):
    kind, key = part
    if kind == "cell":
        return execute.label(notebook, key)
    return f"widget {key.lstrip('0')} ({content.get('model_name', '?')})" if kind == "widget" else kind


def _refresh(words):
    return f"python -m tools.refresh {words}"


def _unequal(shown, computed, path=""):
    """The leaves that differ between two parts: (path, what is shown, what was computed), all of them texts."""
    if shown == computed:
        return
    if isinstance(shown, dict) and isinstance(computed, dict):
        steps = [(key, shown.get(key), computed.get(key)) for key in sorted(shown.keys() | computed.keys())]
    elif isinstance(shown, list) and isinstance(computed, list) and len(shown) == len(computed):
        steps = [(number, *pair) for number, pair in enumerate(zip(shown, computed, strict=True), 1)]
    else:
        yield path or "is not there", _text(shown), _text(computed)
        return
    for step, a, b in steps:
        yield from _unequal(a, b, f"{path}, {step}" if path else str(step))


def _text(value):
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        kinds = (" ".join([item.get("output_type", "?"), *item.get("data", {})]) for item in value)
        return ", ".join(kinds) or "none"
    return value if isinstance(value, str) else "nothing" if value is None else repr(value)
