"""What each check asks for: arguments, returned arrays, the right answer, and the terms that add up to an entry."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cnnlab import trace
from cnnlab.check.probes import Probe
from cnnlab.formatting import number, signed
from cnnlab.misconceptions import RIGHT, formulas
from cnnlab.misconceptions.right import conv, conv_backward


@dataclass(frozen=True)
class Duty:
    """What a function has to do to pass.

    name     of the check, such as ``conv1d_backward``
    group    first word of its targets in the catalogue, such as ``conv``
    returns  names of the arrays that it has to return, in order
    takes    names of the arguments that it gets, in order
    options  keywords that it has to accept
    probes   the calls it is tried on
    defaults  the options that have a default, and which
    plain    arrays without the axes of examples and channels
    chapter  where to read
    """

    name: str
    group: str
    returns: tuple[str, ...]
    takes: tuple[str, ...]
    options: tuple[str, ...]
    probes: tuple[Probe, ...]
    plain: bool = False
    chapter: str = ""
    defaults: Mapping[str, object] = field(default_factory=dict)

    def target(self, part: str) -> str:
        return f"{self.group}.{part}"

    def arguments(self, probe: Probe) -> dict:
        """What the student's function is called with."""
        return {name: self._bared(name, probe.arguments[name]) for name in self.takes}

    def right(self, part: str, probe: Probe) -> tuple[np.ndarray, ...]:
        """The right answer: one array, or one for each parameter where the part is a sequence."""
        return self.shown(part, RIGHT[self.target(part)](**probe.arguments, **probe.options))

    def shown(self, part: str, result) -> tuple[np.ndarray, ...]:
        """What a formula of the catalogue gives in the place of `part`, in the shape that this duty asks for."""
        entries = result if isinstance(result, tuple) else (result,)
        return tuple(np.asarray(self._bared(part, np.asarray(entry, float))) for entry in entries)

    def mistakes(self, part: str):
        """Every formula of the catalogue for one part, as (id, formula)."""
        return formulas(self.target(part))

    def _bared(self, name: str, value):
        """The value without the axes of examples and channels, if this duty is plain."""
        if not self.plain or not isinstance(value, np.ndarray):
            return value
        if name in ("b", "db"):
            return value[0] if value.shape == (1,) else value
        return value[0, 0] if value.ndim > 2 and value.shape[:2] == (1, 1) else value


@dataclass(frozen=True)
class OwnDuty(Duty):
    """A duty whose right function, and wrong ones, do not come from the catalogue.

    function  the right function, called like the student's
    wrong     wrong functions by id, called like the student's; several of one id as a tuple
    """

    function: Callable | None = None
    wrong: Mapping[str, Callable | tuple[Callable, ...]] = field(default_factory=dict)

    def right(self, part: str, probe: Probe) -> tuple[np.ndarray, ...]:
        return self.shown(part, self._part_of(self.function, part)(**probe.arguments, **probe.options))

    def mistakes(self, part: str):
        return [
            (id, self._part_of(formula, part))
            for id, entry in self.wrong.items()
            for formula in (entry if isinstance(entry, tuple) else (entry,))
        ]

    def _part_of(self, formula: Callable, part: str) -> Callable:
        def one(**arguments):
            given = [arguments.pop(name) for name in self.takes]
            result = formula(*given, **arguments)
            return result[self.returns.index(part)] if len(self.returns) > 1 else result

        return one


def own_duty(right, calls, *, returns, takes=None, mistakes=None, name: str, chapter: str = "") -> OwnDuty:
    """The duty of `cnnlab.check.against`, where the arguments are explained."""
    calls = [call if len(call) == 2 and isinstance(call[1], dict) else (call, {}) for call in calls]
    if not calls:
        raise ValueError(f"check.{name}: calls must have at least one call; give a tuple of arguments.")
    takes = takes or list(inspect.signature(right).parameters)[: len(calls[0][0])]
    takes = tuple(takes.split()) if isinstance(takes, str) else tuple(takes)
    probes = tuple(Probe(dict(zip(takes, given, strict=True)), dict(options)) for given, options in calls)
    return OwnDuty(
        name=name,
        group="own",
        returns=tuple(returns.split()) if isinstance(returns, str) else tuple(returns),
        takes=takes,
        options=tuple(dict.fromkeys(key for probe in probes for key in probe.options)),
        probes=probes,
        chapter=chapter,
        function=right,
        wrong=dict(mistakes or {}),
    )


def narrowed(duty: Duty, *, returns=None, takes=None, without=()) -> Duty:
    """A duty that asks for less.

    returns   the part, or a sequence of parts, that the function returns
    takes     the argument, or a sequence of arguments, that it gets
    without   options and special cases left out: of "stride", "padding", "bias", "ties", "pair", "overlap",
              "batch", "channels", "integers", "large"
    Raises ValueError for a name that the duty does not have.
    """
    returns = _names("returns", returns, duty.returns, duty.name)
    takes = _names("takes", takes, tuple(duty.probes[0].arguments), duty.name) if takes else duty.takes
    options = tuple(option for option in duty.options if option not in without)
    probes = tuple(
        replace(probe, options={k: v for k, v in probe.options.items() if k in options})
        for probe in duty.probes
        if not probe.tags & set(without)
    )
    if "bias" in without:
        takes = tuple(name for name in takes if name != "b")
        probes = tuple(
            replace(p, arguments={k: v for k, v in p.arguments.items() if k != "b"}) for p in probes
        )
    return replace(duty, returns=returns, takes=takes, options=options, probes=probes)


def _names(word: str, given, known: tuple[str, ...], check: str) -> tuple[str, ...]:
    if given is None:
        return known
    names = tuple(given.replace(",", " ").split()) if isinstance(given, str) else tuple(given)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ValueError(
            f"check.{check}: {word} names some of {', '.join(known)}; got {given!r}. Leave it out for all of them."
        )
    return names


def explained(duty: Duty, part: str, index: tuple[int, ...], probe: Probe) -> tuple[str, ...]:
    """The terms that add up to one entry, in names and in numbers; empty if there is nothing to say."""
    explain = TERMS.get(duty.target(part))
    if explain is None:
        return ()
    if duty.plain:
        index = (0,) if part == "db" else (0, 0, *index)
    lines = explain(index, **probe.arguments, **probe.options)
    if isinstance(lines, trace.Entry):
        return _sentences(lines, 2 if duty.plain else 0)
    return tuple(lines)


NAMED, WRITTEN = 4, 12  # terms of a sum that are written with their names, and with their numbers


def _sentences(entry: trace.Entry, leading: int = 0, trailing: int = 0) -> tuple[str, ...]:
    """An entry as two lines, names and numbers, without the leading or trailing axes that the reader does not have."""

    def label(name, index):
        kept = index if name in ("b", "db") and not leading else index[leading : len(index) - trailing]
        return f"{name}[{', '.join(map(str, kept))}]" if kept else name

    if not entry.terms:
        return (f"{label(entry.name, entry.index)} = 0: nothing reaches it",)
    products = [" × ".join(label(f.name, f.index) for f in term.factors) for term in entry.terms]
    names = " + ".join(products[:NAMED] + [f"... ({len(products)} terms)"] * (len(products) > NAMED))
    return f"{label(entry.name, entry.index)} = {names}", f"= {_sum(entry)}"


def _sum(entry: trace.Entry) -> str:
    """The sum with its numbers, cut short if it is very long."""
    if len(entry.terms) == len(entry.terms[0].factors) == 1:
        return number(entry.total)
    products = [term.text() for term in entry.terms]
    return " + ".join(products[:WRITTEN] + ["..."] * (len(products) > WRITTEN)) + f" = {number(entry.total)}"


def _largest(index, x, size, stride=None):
    seen = [x[at] for at in trace.pool_window(x, size, index=index, stride=stride)]
    return (f"the largest of {', '.join(number(v) for v in seen)}",)


def _chain_dw1(index, dy, x, w1, w2):
    hidden = conv(x, w1)
    delta = conv_backward(dy, hidden, w2)[0]
    entry = trace.conv_dw(delta, x, w1, index=index)
    lines = _sentences(entry)
    return (
        *(line.replace("dy[", "dh[") for line in lines),
        "where dh is the input gradient of the second convolution",
    )


def _chain_dw2(index, dy, x, w1, w2):
    lines = _sentences(trace.conv_dw(dy, conv(x, w1), w2, index=index))
    return (*(line.replace("x[", "h[") for line in lines), "where h is the output of the first convolution")


def _dense(explain):
    """A fully connected layer is a convolution over one position."""

    def lines(index, dy, x, w):
        dy, x, w = (np.reshape(a, (len(a), -1, 1)) for a in (dy, x, w))
        return _sentences(explain(dy, x, w, index), trailing=1)

    return lines


def _softmax(index, x, labels):
    n, k = index
    row = x[n] - x[n].max()
    p = np.exp(row) / np.exp(row).sum()
    target = int(labels[n] == k)
    return (
        f"(p - t) / N with p = softmax of row {n}, t = 1 for the right class {labels[n]} and 0 for the others",
        f"= ({number(p[k])} - {target}) / {len(x)} = {number((p[k] - target) / len(x))}",
    )


def _loss(index, x, labels):
    return ("the mean over the examples of -log of the probability of the right class",)


def _sigmoid(index, dy, x):
    a = 1 / (1 + np.exp(-x[index]))
    return (
        "dy × a × (1 - a) with a = sigmoid(x), at this entry",
        f"= {signed(dy[index])} × {number(a)} × {number(1 - a)} = {number(dy[index] * a * (1 - a))}",
    )


def _relu(index, dy, x):
    return (f"x is {number(x[index])} there, dy is {number(dy[index])}: dy passes where x > 0",)


def _sigmoid_pool(index, dy, x, size, stride=None):
    routed = trace.pool_dx(dy, x, size, index=index, stride=stride)
    a = 1 / (1 + np.exp(-x[index]))
    return (
        "what the pool hands back, times a (1 - a) with a = sigmoid(x), at this entry",
        f"= {signed(routed.total)} × {number(a * (1 - a))} = {number(routed.total * a * (1 - a))}",
    )


def _tied(name):
    def lines(index, dw, db):
        array, axes = {"dw": dw, "db": db}[name], dw.ndim // 2 - 1
        terms = [array[(*at, *index)] for at in np.ndindex(*array.shape[:axes])]
        return ("one term for each position:", f"= {' + '.join(map(signed, terms))} = {number(sum(terms))}")

    return lines


def _moved(index, w, gradients, velocity, rate, momentum):
    g = gradients[(slice(None), *index)].sum()
    v = momentum * velocity[index] + g
    return (
        f"gradient = sum over the connections = {number(g)}",
        f"velocity = {number(momentum)} × {signed(velocity[index])} + {signed(g)} = {number(v)}",
        f"w = {number(w[index])} - {number(rate)} × {signed(v)} = {number(w[index] - rate * v)}",
    )


TERMS = {
    "conv.y": lambda index, x, w, b=None, stride=1, padding=0: trace.conv_y(
        x, w, b, index=index, stride=stride, padding=padding
    ),
    "conv.dx": lambda index, dy, x, w, stride=1, padding=0: trace.conv_dx(
        dy, x, w, index=index, stride=stride, padding=padding
    ),
    "conv.dw": lambda index, dy, x, w, stride=1, padding=0: trace.conv_dw(
        dy, x, w, index=index, stride=stride, padding=padding
    ),
    "conv.db": lambda index, dy, x, w, stride=1, padding=0: trace.conv_db(dy, index=index),
    "pool.y": _largest,
    "pool.dx": lambda index, dy, x, size, stride=None: trace.pool_dx(dy, x, size, index=index, stride=stride),
    "chain.dw1": _chain_dw1,
    "chain.dw2": _chain_dw2,
    "dense.dx": _dense(lambda dy, x, w, index: trace.conv_dx(dy, x, w, index=(*index, 0))),
    "dense.dw": _dense(lambda dy, x, w, index: trace.conv_dw(dy, x, w, index=(*index, 0))),
    "dense.db": _dense(lambda dy, x, w, index: trace.conv_db(dy, index=index)),
    "flatten.dw": _dense(lambda dy, x, w, index: trace.conv_dw(dy, x, w, index=(*index, 0))),
    "flatten.db": _dense(lambda dy, x, w, index: trace.conv_db(dy, index=index)),
    "sigmoid.dx": _sigmoid,
    "relu.dx": _relu,
    "sigmoidpool.dx": _sigmoid_pool,
    "softmax.dx": _softmax,
    "softmax.loss": _loss,
    "tie.dw": _tied("dw"),
    "tie.db": _tied("db"),
    "step.w": _moved,
    "step.velocity": _moved,
}
"""By target: the terms of one entry, as a `trace.Entry` or as lines of text."""
