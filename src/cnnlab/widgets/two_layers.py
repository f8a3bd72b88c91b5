"""A second convolution on top: the sum of products, beside the product of sums that it is often taken for."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Array
from cnnlab.formatting import number, signed
from cnnlab.losses import half_sum_of_squares_backward, squared_error_backward
from cnnlab.widgets import still
from cnnlab.widgets.base import (
    TraceWidget,
    blocks,
    check_geometry,
    given,
    grid,
    index_of,
    index_text,
    plane,
    stepper,
    strings,
)

POSITIONS = 16  # the table of all products has this many rows and columns at most
SLOPES = {
    squared_error_backward: 2,
    half_sum_of_squares_backward: 1,
}  # dy = slope (y - t), which scripts follow


class TwoLayers(TraceWidget):
    """y = conv(conv(x, w1), w2): the gradient of a first-layer weight, right and as a product of two sums.

    For a weight of w1, every place p brings the input x it meets and the gradient dh of the hidden output. The
    right gradient adds x × dh over the places. Adding all x and all dh first and multiplying then is another
    number: it contains every x times every dh. A step adds one position; the table fills by its row and column,
    and only the diagonal is right.

    x, w1, w2, t    one channel of one example each: (L,), (H, W), or with two axes of length 1 in front; t has
                    the shape of y
    loss_backward   the gradient of the loss at the output, as (y, t) -> dy; 2 (y - t) if not given
    title           the heading; weight: the index of the weight of w1 chosen first; digits: significant digits

    Raises ValueError as WeightSharing does, and for more than 16 hidden outputs, because the table of products grows
    with their square. With a loss that is not a sum of squares t is not shown, because dy does not follow it there.
    """

    _esm = stepper("two_layers")

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
        arrays = {"x": x, "w1": w1, "w2": w2, "t": t}
        self.arrays = {name: plane(owner, name, array) for name, array in arrays.items()}
        self.loss_backward, self.title, self.digits = loss_backward, title, digits
        _check(owner, self.arrays)
        self.first = index_of(owner, "weight", self.arrays["w1"], weight)
        self.between = self._deltas()
        super().__init__(self._trace())

    def _deltas(self) -> dict:
        """The arrays between the layers, forward and backward, from their traces."""
        x, w1, w2, t = (self.arrays[name] for name in ("x", "w1", "w2", "t"))
        h = _all(trace.conv_y, trace.positions(x.shape, w1.shape[2:]), x, w1)
        y = _all(trace.conv_y, trace.positions(h.shape, w2.shape[2:]), h, w2)
        dy = np.asarray(self.loss_backward(y, t), dtype=float)
        return {"h": h, "y": y, "dy": dy, "dh": _all(trace.conv_dx, h.shape[2:], dy, h, w2)}

    def right(self, index: Sequence[int]) -> trace.Entry:
        """The gradient of one weight of w1."""
        return trace.conv_dw(self.between["dh"], self.arrays["x"], self.arrays["w1"], index=(0, 0, *index))

    def wrong(self, index: Sequence[int]) -> trace.Entry:
        """The product of sums that it is often taken for, multiplied out."""
        arrays = self.between["dh"], self.arrays["x"], self.arrays["w1"]
        return trace.product_of_sums(*arrays, index=(0, 0, *index))

    def dw1(self) -> Array:
        """The gradient of w1."""
        shape = self.arrays["w1"].shape
        entries = [self.right(index) for index in product(*map(range, shape[2:]))]
        return np.array([entry.total for entry in entries]).reshape(shape)

    def _trace(self) -> dict:
        slope = SLOPES.get(self.loss_backward, 0)
        return {
            "title": self.title,
            "digits": self.digits,
            "first": int(np.ravel_multi_index(self.first, self.arrays["w1"].shape[2:])),
            "slope": slope,
            # With another loss the scripts cannot follow t: dy stays what it is.
            "dy": None if slope else given(self.between["dy"]),
            "given": {name: given(array) for name, array in self.arrays.items() if slope or name != "t"},
            "results": {
                name: strings(array, self.digits)
                for name, array in (self.between | {"dw1": self.dw1()}).items()
            },
        }

    def still(self) -> str:
        arrays = self.arrays | self.between | {"dw1": self.dw1()}
        right, wrong = self.right(self.first), self.wrong(self.first)
        names = {
            "x": "input x",
            "w1": "first kernel w1",
            "dh": "gradient of the hidden output dh",
            "dw1": "gradient dw1",
        }
        shape = {name: arrays[name].shape[2:] for name in names}
        chosen = still.cell(self.first, shape["w1"])
        marks = {
            "x": {
                still.cell(term.factors[0].index[2:], shape["x"]): ("input", False) for term in right.terms
            },
            "w1": {chosen: ("weight", True)},
            "dh": {},
            "dw1": {chosen: ("result", True)},
        }
        label = index_text("dw1", self.first)
        sums = [sum(term.factors[n].value for term in right.terms) for n in (0, 1)]
        products = " + ".join(signed(term.product, self.digits) for term in right.terms)
        factors = " × ".join(signed(value, self.digits) for value in sums)
        lines = [
            f"Right, the sum of products: {label} = {products} = {number(right.total, self.digits)}",
            f"Wrong, the product of sums: {factors} = {number(wrong.total, self.digits)}",
        ]
        grids = {name: grid(arrays[name], self.digits) for name in names}
        pictures = [*blocks(grids, names, marks), _table(right, self.digits)]
        spoken = ". ".join(
            f"{words}: {still.spoken(grids[name]['text'], shape[name])}" for name, words in names.items()
        )
        return still.picture(
            self.title,
            pictures,
            lines,
            f"{self.title}. {spoken}. {' '.join(line + '.' for line in lines)}",
        )

    def summary(self) -> str:
        sizes = ", ".join(f"{name}: {'×'.join(map(str, a.shape[2:]))}" for name, a in self.arrays.items())
        return f"TwoLayers({sizes})"


def _table(right: trace.Entry, digits: int) -> still.Block:
    """Every x times every dh, for the still: the diagonal is right, all others pair an x with another's dh."""
    n = len(right.terms)
    xs, deltas = zip(*(term.factors for term in right.terms), strict=True)
    rows = [[number(x.value * delta.value, digits) for delta in deltas] for x in xs]
    marks = {(i, j): ("wrong", False) for i, j in product(range(n), repeat=2)}
    marks |= {(i, i): ("result", True) for i in range(n)}
    return still.Block("every x times every dh", rows, marks)


def _all(entry: Callable, shape: Sequence[int], *arrays: Array) -> Array:
    """Every entry of one array of a trace, as (1, 1, *shape)."""
    totals = [entry(*arrays, index=(0, 0, *index)).total for index in product(*map(range, shape))]
    return np.array(totals).reshape(1, 1, *shape)


def _check(owner: str, arrays: dict[str, Array]) -> None:
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
    ones = [1] * len(hidden)
    options = {"stride": ones, "padding": [0] * len(hidden), "dilation": ones}
    check_geometry(owner, np.zeros((1, 1, *hidden)), w2.shape[2:], t, **options)
