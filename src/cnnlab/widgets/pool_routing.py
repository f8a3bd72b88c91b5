"""Max-pooling routes the gradient: each window's delta goes to its winner, and overlapping windows add up."""

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

    With a running Python the numbers can be edited. Raises ValueError as WeightSharing does, and for another rule.
    """

    _esm = module("pool_routing")

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
            owner, self.arrays["x"], self.size, self.arrays["dy"], stride=self.stride, padding=[0] * rank
        )
        super().__init__(self._trace())

    def entries(self, ties: str) -> list[trace.Entry]:
        """The gradient of every input under one rule, row by row."""
        x, dy = self.arrays["x"], self.arrays["dy"]
        return [
            trace.pool_dx(dy, x, self.size, index=(0, 0, *index), stride=self.stride, ties=ties)
            for index in product(*map(range, x.shape[2:]))
        ]

    def winners(self) -> list[list[int]]:
        """For each window the flat places of its maximum, the first one first."""
        x = self.arrays["x"]
        return [
            [
                int(np.ravel_multi_index(at[2:], x.shape[2:]))
                for at in trace.pool_winners(x, self.size, index=(0, 0, *index), stride=self.stride)
            ]
            for index in product(*map(range, self.arrays["dy"].shape[2:]))
        ]

    def _trace(self) -> dict:
        x, dy = self.arrays["x"], self.arrays["dy"]
        winners = self.winners()
        tied = any(len(places) > 1 for places in winners)
        return {
            "title": self.title,
            "size": list(self.size),
            "stride": list(self.stride),
            "x": grid(x, self.digits),
            "dy": grid(dy, self.digits),
            "winners": winners,
            "first": self.ties,
            "upstream": number(dy.sum(), self.digits),
            "rules": {rule: self._rule(rule) for rule in (RULES if tied else ("first",))},
        }

    def _rule(self, ties: str) -> dict:
        """One rule: for each window what it gives to whom, with the running sums there and of the whole dx."""
        dy, entries = self.arrays["dy"], self.entries(ties)
        steps = [[] for _ in range(dy.size)]
        for place, entry in enumerate(entries):
            for term, after in zip(entry.terms, entry.running, strict=True):
                window = int(np.ravel_multi_index(term.factors[0].index[2:], dy.shape[2:]))
                steps[window].append([place, term.product, after])
        running = np.cumsum([sum(given for _, given, _ in step) for step in steps])
        dx = np.array([entry.total for entry in entries]).reshape(self.arrays["x"].shape)
        return {
            "dx": grid(dx, self.digits),
            "steps": [
                [
                    [place, number(given, self.digits), number(after, self.digits)]
                    for place, given, after in step
                ]
                for step in steps
            ],
            "running": [number(value, self.digits) for value in running],
            "kept": bool(np.isclose(dx.sum(), dy.sum())),
        }

    def answer(self, message: dict) -> dict | None:
        if "edit" not in message:
            return super().answer(message)
        name, flat, text = message["edit"]
        self.arrays[name].ravel()[int(flat)] = parse_number(text)
        self.trace = self._trace()
        return {"edited": [name, flat]}

    def still(self) -> str:
        state = self.trace
        rule = self.ties if self.ties in state["rules"] else "first"
        shape = {"x": self.arrays["x"].shape[2:], "dy": self.arrays["dy"].shape[2:]}
        shape["dx"] = shape["x"]
        given = {place for step in state["rules"][rule]["steps"] for place, _, _ in step}
        reached = {still.cell(np.unravel_index(place, shape["x"]), shape["x"]) for place in given}
        marks = {
            "x": {cell: ("input", True) for cell in reached},
            "dy": {},
            "dx": {cell: ("result", True) for cell in reached},
        }
        grids = {"x": state["x"], "dy": state["dy"], "dx": state["rules"][rule]["dx"]}
        labels = {"x": "input x, winners marked", "dy": "upstream gradient dy", "dx": "gradient dx"}
        sentences = [
            f"{index_text('dx', entry.index[2:])} = {entry.text(self.digits)}"
            for entry in self.entries(rule)
            if len(entry.terms) > 1
        ]
        window = " by ".join(map(str, self.size))
        rows = {name: still.spoken(array["text"], shape[name]) for name, array in grids.items()}
        alt = (
            f"{self.title}. Windows of {window}, stride {' by '.join(map(str, self.stride))}. Input x: {rows['x']}. "
            f"Upstream gradient dy: {rows['dy']}. Gradient dx, rule for ties {rule}: {rows['dx']}."
        )
        lines = [f"Windows of {window}; each dy goes to its winner.", *sentences[:6]]
        return still.picture(self.title, blocks(grids, labels, marks), lines, alt)

    def summary(self) -> str:
        size, stride = ("×".join(map(str, values)) for values in (self.size, self.stride))
        shapes = ", ".join(f"{name}: {'×'.join(map(str, a.shape[2:]))}" for name, a in self.arrays.items())
        return f"PoolRouting({shapes}, size: {size}, stride: {stride})"
