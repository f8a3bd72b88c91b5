"""One weight, many connections: choose a weight, an input or an output, and add up its terms."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Sizes
from cnnlab.formatting import number
from cnnlab.geometry import pair
from cnnlab.widgets import still
from cnnlab.widgets.base import (
    TraceWidget,
    blocks,
    check_geometry,
    grid,
    index_text,
    module,
    parse_number,
    plane,
)

STEPPED = 400  # with more connections than this, a step adds a whole row of outputs
SUMS = {"w": "dw", "x": "dx", "y": "y"}  # what the terms of a chosen weight, input or output add up to


class WeightSharing(TraceWidget):
    """The input, the kernel and the upstream gradient of one convolution, and every sum of products in them.

    Choosing a weight lights every connection that shares it; its products x × dy appear one after the other, and
    the running sum ends at dw. Choosing an input gives dx, choosing an output its receptive field and y.

    x       (L,) or (H, W), or with two axes of length 1 in front: one channel of one example
    w       (M,) or (P, Q), likewise
    dy      the upstream gradient, one entry for each position: (L + 2 padding - M) // stride + 1 along an axis
    stride, padding   an int, or one int an axis
    title   the heading; weight: the index of the weight chosen first, the first one if None
    digits  significant digits of every number shown

    With a running Python the numbers can be edited. Raises ValueError for more than one channel or example, and
    for shapes that do not belong together. The trace holds one product and one running sum for each connection,
    or, above 400 connections, for each weight and row of outputs: it grows with the input, not with its square.
    """

    _esm = module("weight_sharing")

    def __init__(
        self,
        x: ArrayLike,
        w: ArrayLike,
        dy: ArrayLike,
        stride: Sizes = 1,
        padding: Sizes = 0,
        title: str = "One weight, many connections",
        weight: Sequence[int] | None = None,
        digits: int = 6,
    ) -> None:
        owner = "WeightSharing"
        self.arrays = {name: plane(owner, name, array) for name, array in (("x", x), ("w", w), ("dy", dy))}
        rank = self.arrays["w"].ndim - 2
        self.geometry = {"stride": pair(stride, rank), "padding": pair(padding, rank)}
        self.title, self.digits = title, digits
        self.first = tuple(weight) if weight is not None else (0,) * rank
        check_geometry(
            owner, self.arrays["x"], self.arrays["w"].shape[2:], self.arrays["dy"], **self.geometry
        )
        if len(self.first) != rank or not all(
            0 <= i < n for i, n in zip(self.first, self.arrays["w"].shape[2:], strict=True)
        ):
            raise ValueError(
                f"{owner}: weight must be an index into the kernel {self.arrays['w'].shape[2:]}; got {self.first}."
            )
        super().__init__(self._trace())

    def entry(self, kind: str, index: Sequence[int]) -> trace.Entry:
        """The terms of one weight ("w"), input ("x") or output ("y"), given by its spatial index."""
        x, w, dy = self.arrays["x"], self.arrays["w"], self.arrays["dy"]
        index = (0, 0, *index)
        if kind == "w":
            return trace.conv_dw(dy, x, w, index=index, **self.geometry)
        if kind == "x":
            return trace.conv_dx(dy, x, w, index=index, **self.geometry)
        return trace.conv_y(x, w, index=index, **self.geometry)

    def _trace(self) -> dict:
        shapes = {
            "x": self.arrays["x"].shape[2:],
            "w": self.arrays["w"].shape[2:],
            "y": self.arrays["dy"].shape[2:],
        }
        entries = {
            kind: [self.entry(kind, index) for index in product(*map(range, shape))]
            for kind, shape in shapes.items()
        }
        connections = sum(len(entry.terms) for entry in entries["w"])
        chunk = 1 if connections <= STEPPED else _chunk(shapes["y"])
        if chunk == 1:
            sums = {kind: [self._sums(entry) for entry in entries[kind]] for kind in SUMS}
        else:
            sums = {"w": [self._sums(entry, chunk) for entry in entries["w"]]}
        state = {
            "title": self.title,
            "stride": list(self.geometry["stride"]),
            "padding": list(self.geometry["padding"]),
            "first": int(np.ravel_multi_index(self.first, shapes["w"])),
            "chunk": chunk,
            "sums": sums,
        }
        for name in ("x", "w", "dy"):
            state[name] = grid(self.arrays[name], self.digits)
        for kind, name in SUMS.items():
            totals = np.array([entry.total for entry in entries[kind]]).reshape(1, 1, *shapes[kind])
            state[name] = grid(totals, self.digits)
        return state

    def _sums(self, entry: trace.Entry, chunk: int = 1) -> list[list[str]]:
        """What each step adds, and the running sum after it; a step is one term, or the terms of `chunk` positions."""
        if chunk == 1:
            added, running = [term.product for term in entry.terms], entry.running
        else:
            size = self.arrays["dy"].shape[2:]
            steps = {}
            for term, after in zip(entry.terms, entry.running, strict=True):
                position = int(np.ravel_multi_index(term.factors[1].index[2:], size))
                part, _ = steps.get(position // chunk, (0.0, 0.0))
                steps[position // chunk] = (part + term.product, after)
            added, running = zip(*steps.values(), strict=True) if steps else ((), ())
        return [[number(v, self.digits) for v in added], [number(v, self.digits) for v in running]]

    def answer(self, message: dict) -> dict | None:
        if "edit" in message:
            name, flat, text = message["edit"]
            value = parse_number(text)
            self.arrays[name].ravel()[int(flat)] = value
            self.trace = self._trace()
            return {"edited": [name, flat]}
        if "entry" in message:
            kind, flat = message["entry"]
            shape = self.arrays["dy" if kind == "y" else kind].shape[2:]
            entry = self.entry(kind, [int(i) for i in np.unravel_index(int(flat), shape)])
            return {"entry": [kind, flat], "sums": self._sums(entry)}
        return super().answer(message)

    def still(self) -> str:
        state, entry = self.trace, self.entry("w", self.first)
        shapes = {name: self.arrays[name].shape[2:] for name in self.arrays}
        shape = {**shapes, "dw": shapes["w"]}
        lit = {
            "x": {
                still.cell(term.factors[0].index[2:], shape["x"]): ("input", False) for term in entry.terms
            },
            "w": {still.cell(self.first, shape["w"]): ("weight", True)},
            "dy": {
                still.cell(term.factors[1].index[2:], shape["dy"]): ("delta", False) for term in entry.terms
            },
            "dw": {still.cell(self.first, shape["w"]): ("result", True)},
        }
        labels = {"x": "input x", "w": "kernel w", "dy": "upstream gradient dy", "dw": "gradient dw"}
        total = f"{index_text('dw', self.first)} = {_sum_text(entry, self.digits)}"
        sizes = ", ".join(f"{labels[name]} ({' by '.join(map(str, shape[name]))})" for name in labels)
        alt = (
            f"{self.title}. {sizes}. The connections that share {index_text('w', self.first)} are marked: {total}. "
            f"The whole gradient dw, row by row: {still.spoken(state['dw']['text'], shape['w'])}."
        )
        lines = [f"{index_text('w', self.first)} is shared by {len(entry.terms)} connections.", total]
        grids = {name: state[name] for name in labels}
        return still.picture(
            self.title, blocks(grids, labels, lit), lines, alt.replace("\N{NO-BREAK SPACE}", " ")
        )

    def summary(self) -> str:
        sizes = ", ".join(f"{name}: {'×'.join(map(str, a.shape[2:]))}" for name, a in self.arrays.items())
        return f"WeightSharing({sizes}, stride: {self._axes('stride')}, padding: {self._axes('padding')})"

    def _axes(self, name: str) -> str:
        return "×".join(map(str, self.geometry[name]))


def _chunk(shape: Sequence[int]) -> int:
    """How many outputs one step takes: a row of a picture, or one of about 24 parts of a signal."""
    return shape[-1] if len(shape) == 2 else -(-shape[0] // 24)


def _sum_text(entry: trace.Entry, digits: int) -> str:
    terms = [term.text(digits).replace(" ", "\N{NO-BREAK SPACE}") for term in entry.terms]
    if len(terms) > 24:
        terms = [*terms[:3], f"... ({len(terms)} terms in all) ...", terms[-1]]
    return f"{' + '.join(terms) or 'nothing reaches it'} = {number(entry.total, digits)}"
