"""A second convolution on top: the sum of products, beside the product of sums that it is often taken for."""

from collections.abc import Callable, Sequence
from itertools import accumulate, product

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Array
from cnnlab.formatting import number
from cnnlab.losses import squared_error_backward
from cnnlab.widgets import still
from cnnlab.widgets.base import (
    TraceWidget,
    blocks,
    bracketed,
    check_geometry,
    grid,
    index_text,
    module,
    parse_number,
    plane,
    strings,
)

POSITIONS = 16  # the table of all products has this many rows and columns at most


class TwoLayers(TraceWidget):
    """y = conv(conv(x, w1), w2): the gradient of a first-layer weight, right and as a product of two sums.

    For a weight of w1, every position p brings the input x it meets and the gradient dh of the hidden output. The
    right gradient adds x × dh over the positions. Adding all x and all dh first and multiplying then is another
    number: it contains every x times every dh. A step adds one position; the table fills by its row and column,
    and only the diagonal is right.

    x, w1, w2, t    one channel of one example each: (L,), (H, W), or with two axes of length 1 in front; t has
                    the shape of y
    loss_backward   the gradient of the loss at the output, as (y, t) -> dy; 2 (y - t) if not given
    title           the heading; weight: the index of the weight of w1 chosen first; digits: significant digits

    With a running Python the numbers can be edited. Raises ValueError as WeightSharing does, and for more than 16
    hidden outputs, because the table of products grows with their square.
    """

    _esm = module("two_layers")

    def __init__(
        self,
        x: ArrayLike,
        w1: ArrayLike,
        w2: ArrayLike,
        t: ArrayLike,
        loss_backward: Callable = squared_error_backward,
        title: str = "Sum of products or product of sums",
        weight: Sequence[int] | None = None,
        digits: int = 6,
    ) -> None:
        owner = "TwoLayers"
        given = {"x": x, "w1": w1, "w2": w2, "t": t}
        self.arrays = {name: plane(owner, name, array) for name, array in given.items()}
        self.loss_backward, self.title, self.digits = loss_backward, title, digits
        rank = self.arrays["w1"].ndim - 2
        self.first = tuple(weight) if weight is not None else (0,) * rank
        _check(owner, self.arrays, self.first)
        super().__init__(self._trace())

    def _deltas(self) -> dict:
        """The arrays between the layers, forward and backward, from their traces."""
        x, w1, w2, t = (self.arrays[name] for name in ("x", "w1", "w2", "t"))
        h = _all(trace.conv_y, trace.positions(x.shape, w1.shape[2:]), x, w1)
        y = _all(trace.conv_y, trace.positions(h.shape, w2.shape[2:]), h, w2)
        dy = np.asarray(self.loss_backward(y, t), dtype=float)
        return {"h": h, "y": y, "dy": dy, "dh": _all(trace.conv_dx, h.shape[2:], dy, h, w2)}

    def _trace(self) -> dict:
        between = self._deltas()
        x, w1, dh = self.arrays["x"], self.arrays["w1"], between["dh"]
        weights = [(0, 0, *index) for index in product(*map(range, w1.shape[2:]))]
        right = [trace.conv_dw(dh, x, w1, index=index) for index in weights]
        wrong = [trace.product_of_sums(dh, x, w1, index=index) for index in weights]
        dw = np.array([entry.total for entry in right]).reshape(w1.shape)
        return {
            "title": self.title,
            "first": int(np.ravel_multi_index(self.first, w1.shape[2:])),
            "arrays": {
                **{name: grid(array, self.digits) for name, array in (self.arrays | between).items()},
                "dw1": grid(dw, self.digits),
            },
            "weights": [self._both(*pair) for pair in zip(right, wrong, strict=True)],
        }

    def _both(self, right: trace.Entry, wrong: trace.Entry) -> dict:
        """One weight: its positions, the right terms with their sum, and the table of all products with theirs."""
        xs, deltas = zip(*(term.factors for term in right.terms), strict=True)
        places = {factor: n for n, factor in enumerate(xs)}, {factor: n for n, factor in enumerate(deltas)}
        table = {
            (places[0][term.factors[0]], places[1][term.factors[1]]): number(term.product, self.digits)
            for term in wrong.terms
        }
        n = len(xs)
        return {
            "inputs": [list(factor.index[2:]) for factor in xs],
            "products": strings([term.product for term in right.terms], self.digits),
            "right": strings(right.running, self.digits),
            "table": [table[i, j] for i in range(n) for j in range(n)],
            "wrong": strings([wrong.running[(k + 1) ** 2 - 1] for k in range(n)], self.digits),
            "sums": [
                strings(list(accumulate(factor.value for factor in factors)), self.digits)
                for factors in (xs, deltas)
            ],
        }

    def answer(self, message: dict) -> dict | None:
        if "edit" not in message:
            return super().answer(message)
        name, flat, text = message["edit"]
        self.arrays[name].ravel()[int(flat)] = parse_number(text)
        self.trace = self._trace()
        return {"edited": [name, flat]}

    def still(self) -> str:
        arrays = self.trace["arrays"]
        weight = self.trace["weights"][self.trace["first"]]
        names = {
            "x": "input x",
            "w1": "first kernel w1",
            "dh": "gradient of the hidden output dh",
            "dw1": "gradient dw1",
        }
        shape = {name: arrays[name]["shape"] for name in names}
        chosen = still.cell(self.first, shape["w1"])
        marks = {
            "x": {still.cell(tuple(index), shape["x"]): ("input", False) for index in weight["inputs"]},
            "w1": {chosen: ("weight", True)},
            "dh": {},
            "dw1": {chosen: ("result", True)},
        }
        label = index_text("dw1", self.first)
        sums = [bracketed(texts[-1]) for texts in weight["sums"]]
        products = " + ".join(map(bracketed, weight["products"]))
        right, wrong = weight["right"][-1], weight["wrong"][-1]
        lines = [
            f"Right, the sum of products: {label} = {products} = {right}",
            f"Wrong, the product of sums: {sums[0]} × {sums[1]} = {wrong}",
        ]
        spoken = ". ".join(
            f"{words}: {still.spoken(arrays[name]['text'], shape[name])}" for name, words in names.items()
        )
        return still.picture(
            self.title,
            blocks({name: arrays[name] for name in names}, names, marks),
            lines,
            f"{self.title}. {spoken}. {' '.join(line + '.' for line in lines)}",
        )

    def summary(self) -> str:
        sizes = ", ".join(f"{name}: {'×'.join(map(str, a.shape[2:]))}" for name, a in self.arrays.items())
        return f"TwoLayers({sizes})"


def _all(entry: Callable, shape: Sequence[int], *arrays: Array) -> Array:
    """Every entry of one array of a trace, as (1, 1, *shape)."""
    totals = [entry(*arrays, index=(0, 0, *index)).total for index in product(*map(range, shape))]
    return np.array(totals).reshape(1, 1, *shape)


def _check(owner: str, arrays: dict[str, Array], weight: Sequence[int]) -> None:
    x, w1, w2, t = (arrays[name] for name in ("x", "w1", "w2", "t"))
    if not x.ndim == w1.ndim == w2.ndim == t.ndim:
        raise ValueError(f"{owner}: x, w1, w2 and t must all be one-dimensional or all be two-dimensional.")
    hidden = trace.positions(x.shape, w1.shape[2:])
    if min(hidden) < 1:
        raise ValueError(f"{owner}: the kernel w1 {w1.shape[2:]} is larger than the input {x.shape[2:]}.")
    if np.prod(hidden) > POSITIONS:
        raise ValueError(
            f"{owner}: the table of products shows at most {POSITIONS} hidden outputs, here are {np.prod(hidden)}; "
            "take a part of x."
        )
    geometry = {"stride": [1] * len(hidden), "padding": [0] * len(hidden)}
    check_geometry(owner, np.zeros((1, 1, *hidden)), w2.shape[2:], t, **geometry)
    if len(weight) != len(hidden) or not all(0 <= i < n for i, n in zip(weight, w1.shape[2:], strict=True)):
        raise ValueError(f"{owner}: weight must be an index into the kernel w1 {w1.shape[2:]}; got {weight}.")
