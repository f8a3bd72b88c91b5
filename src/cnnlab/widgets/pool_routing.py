"""Max-pooling routes the gradient: each window's delta goes to its winner, and overlapping windows add up."""

from itertools import chain, product

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Sizes
from cnnlab.geometry import pair
from cnnlab.widgets import still
from cnnlab.widgets.base import (
    WIDE,
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

    def routes(self) -> list[list[tuple]]:
        """What each window gives under the rule shown first, window by window: [(place in x, product)]."""
        outputs = self.arrays["dy"].shape
        found: list[list[tuple]] = [[] for _ in range(self.arrays["dy"].size)]
        for entry in self.entries(self.ties):
            for term in entry.terms:
                window = np.ravel_multi_index(term.factors[0].index, outputs)
                found[window].append((entry.index[2:], term.product))
        return found

    def key_windows(self) -> list[int]:
        """The first window, and the first one that adds to what an input has already."""
        reached: set = set()
        for window, route in enumerate(self.routes()):
            if reached & {place for place, _ in route}:
                return [0, window]
            reached |= {place for place, _ in route}
        return [0] if self.arrays["dy"].size > 1 else []

    def frame(self, window: int) -> list[still.Block]:
        """A key frame: what this window sees, its delta, and dx after it."""
        x, dy = self.arrays["x"], self.arrays["dy"]
        shape = x.shape[2:]
        index = tuple(int(at) for at in np.unravel_index(window, dy.shape))
        seen = trace.pool_window(x, self.size, index=index, stride=self.stride)
        winners = trace.pool_winners(x, self.size, index=index, stride=self.stride)
        dx, routes = np.zeros(x.shape), self.routes()
        for place, share in chain(*routes[: window + 1]):
            dx[0, 0][place] += share
        now = {place for place, _ in routes[window]}
        marks = {
            "x": {still.cell(at[2:], shape): ("input", at in winners) for at in seen},
            "dy": {still.cell(index[2:], dy.shape[2:]): ("delta", True)},
            "dx": {
                still.cell(place, shape): ("result", place in now)
                for place, _ in chain(*routes[: window + 1])
            },
        }
        labels = {"x": f"x, window of {index_text('y', index[2:])}", "dy": "its delta dy", "dx": "dx so far"}
        grids = {name: grid(array, self.digits) for name, array in {"x": x, "dy": dy, "dx": dx}.items()}
        return blocks(grids, labels, marks)

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
        labels = {"x": "x, winners", "dy": "all of dy", "dx": "gradient dx"}
        wide = self.arrays["x"].shape[-1] > WIDE
        frames = [] if wide else [block for window in self.key_windows() for block in self.frame(window)]
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
        return still.picture(self.title, [*frames, *blocks(grids, labels, marks)], lines, alt)

    def summary(self) -> str:
        size, stride = ("×".join(map(str, values)) for values in (self.size, self.stride))
        shapes = ", ".join(f"{name}: {'×'.join(map(str, a.shape[2:]))}" for name, a in self.arrays.items())
        return f"PoolRouting({shapes}, size: {size}, stride: {stride})"
