"""Max-pooling routes the gradient: each window's delta goes to its winner, and overlapping windows add up."""

from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Sizes
from cnnlab.geometry import pair
from cnnlab.widgets import still
from cnnlab.widgets.base import (
    TraceWidget,
    blocks,
    check_geometry,
    given,
    grid,
    index_text,
    plane,
    stepper,
    strings,
)

RULES = ("first", "split", "all")


class PoolRouting(TraceWidget):
    """The windows of one max-pooling, the winner of each, and the gradient that goes to it.

    A step is a window: its upstream gradient goes to its winner and is added to what is there. The rule for ties
    can be switched between "first" (the backend's and PyTorch's), "split" and "all" (no subgradient), each with
    its numbers and with the sum of the gradient, which only "all" changes.

    x       (L,) or (H, W), or with two axes of length 1 in front: one channel of one example
    dy      the upstream gradient, one entry a window: (L - size) // stride + 1 along an axis
    size, stride   an int, or one int an axis; stride is size if None
    title   the heading; ties: the rule shown first; digits: significant digits of every number shown

    Raises ValueError as WeightSharing does, and for another rule.
    """

    _esm = stepper("pool_routing")

    def __init__(
        self,
        x: ArrayLike,
        dy: ArrayLike,
        size: Sizes,
        stride: Sizes | None = None,
        title: str = "Max-pooling routes the gradient",
        ties: str = "first",
        digits: int = 6,
    ) -> None:
        owner = "PoolRouting"
        self.arrays = {name: plane(owner, name, array) for name, array in (("x", x), ("dy", dy))}
        rank = self.arrays["x"].ndim - 2
        self.size = pair(size, rank)
        self.stride = pair(size if stride is None else stride, rank)
        self.title, self.ties, self.digits = title, ties, digits
        if ties not in RULES:
            raise ValueError(f"{owner}: ties must be one of {', '.join(RULES)}; got {ties!r}.")
        check_geometry(
            owner,
            self.arrays["x"],
            self.size,
            self.arrays["dy"],
            stride=self.stride,
            padding=[0] * rank,
            dilation=[1] * rank,
        )
        super().__init__(self._trace())

    def entries(self, ties: str) -> list[trace.Entry]:
        """The gradient of every input under one rule, row by row."""
        x, dy = self.arrays["x"], self.arrays["dy"]
        return [
            trace.pool_dx(dy, x, self.size, index=(0, 0, *index), stride=self.stride, ties=ties)
            for index in product(*map(range, x.shape[2:]))
        ]

    def _trace(self) -> dict:
        arrays = {name: strings(array, self.digits) for name, array in self.results().items()}
        return {
            "title": self.title,
            "digits": self.digits,
            "size": list(self.size),
            "stride": list(self.stride),
            "first": self.ties,
            "given": {name: given(array) for name, array in self.arrays.items()},
            "results": {"y": arrays.pop("y"), "dx": arrays},
        }

    def results(self) -> dict:
        """The largest entry of every window, and the gradient of x under each rule."""
        x = self.arrays["x"]
        largest = [
            x[trace.pool_winners(x, self.size, index=(0, 0, *index), stride=self.stride)[0]]
            for index in product(*map(range, self.arrays["dy"].shape[2:]))
        ]
        return {"y": np.array(largest)} | {
            rule: np.array([entry.total for entry in self.entries(rule)]).reshape(x.shape) for rule in RULES
        }

    def still(self) -> str:
        entries = self.entries(self.ties)
        arrays = {**self.arrays, "dx": self.results()[self.ties]}
        shape = {name: array.shape[2:] for name, array in arrays.items()}
        reached = {still.cell(entry.index[2:], shape["x"]) for entry in entries if entry.terms}
        marks = {
            "x": {cell: ("input", True) for cell in reached},
            "dy": {},
            "dx": {cell: ("result", True) for cell in reached},
        }
        grids = {name: grid(array, self.digits) for name, array in arrays.items()}
        labels = {"x": "input x, winners marked", "dy": "upstream gradient dy", "dx": "gradient dx"}
        sentences = [
            f"{index_text('dx', entry.index[2:])} = {entry.text(self.digits)}"
            for entry in entries
            if len(entry.terms) > 1
        ]
        window = " by ".join(map(str, self.size))
        rows = {name: still.spoken(array["text"], shape[name]) for name, array in grids.items()}
        alt = (
            f"{self.title}. Windows of {window}, stride {' by '.join(map(str, self.stride))}. Input x: {rows['x']}. "
            f"Upstream gradient dy: {rows['dy']}. Gradient dx, rule for ties {self.ties}: {rows['dx']}."
        )
        lines = [f"Windows of {window}; each dy goes to its winner.", *sentences[:6]]
        return still.picture(self.title, blocks(grids, labels, marks), lines, alt)

    def summary(self) -> str:
        size, stride = ("×".join(map(str, values)) for values in (self.size, self.stride))
        shapes = ", ".join(f"{name}: {'×'.join(map(str, a.shape[2:]))}" for name, a in self.arrays.items())
        return f"PoolRouting({shapes}, size: {size}, stride: {stride})"
