"""What the widgets about one convolution have in common: its arrays, its sums, and their state."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import trace
from cnnlab.arrays import Sizes
from cnnlab.geometry import pair
from cnnlab.widgets import still
from cnnlab.widgets.base import TraceWidget, check_geometry, given, index_of, plane, strings

PLACES = {"y": "dy", "dw": "w", "dx": "x"}  # the array that has a place for each of these sums


class ConvolutionWidget(TraceWidget):
    """One channel of a convolution: what is given (x, w, dy), and the three sums y, dw and dx, computed here.

    stride, padding, dilation   an int, or one int an axis
    title     the heading, `heading` if None
    weight    the index of the place chosen first in the array `at`, the first one if None
    digits    significant digits of every number shown

    A class gives its `heading`, the array `at` which a place is chosen first, and how many `axes` the arrays must have,
    if only one number will do.

    Raises ValueError for more than one channel or example, and for shapes that do not belong together. Its script finds
    the terms of each sum by itself.
    """

    heading = ""
    at = "w"
    axes: int | None = None

    def __init__(
        self,
        x: ArrayLike,
        w: ArrayLike,
        dy: ArrayLike,
        stride: Sizes = 1,
        padding: Sizes = 0,
        title: str | None = None,
        weight: Sequence[int] | None = None,
        digits: int = 6,
        dilation: Sizes = 1,
    ) -> None:
        owner = type(self).__name__
        self.arrays = {name: plane(owner, name, array) for name, array in (("x", x), ("w", w), ("dy", dy))}
        rank = self.arrays["w"].ndim - 2
        if self.axes not in (None, rank):
            raise ValueError(
                f"{owner}: the picture needs arrays with {self.axes} spatial axes; w has the shape {np.shape(w)}."
            )
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        self.options: dict[str, Any] = {name: pair(value, rank) for name, value in options.items()}
        self.title, self.digits = self.heading if title is None else title, digits
        check_geometry(owner, self.arrays["x"], self.arrays["w"].shape[2:], self.arrays["dy"], **self.options)
        self.first = index_of(
            owner, {"w": "weight", "x": "pixel", "dy": "output"}[self.at], self.arrays[self.at], weight
        )
        self.results = {
            name: np.array([entry.total for entry in self.entries(name)]).reshape(self.arrays[place].shape)
            for name, place in PLACES.items()
        }
        super().__init__(
            {
                "title": self.title,
                "digits": digits,
                "options": {name: list(value) for name, value in self.options.items()},
                "first": int(np.ravel_multi_index(self.first, self.arrays[self.at].shape[2:])),
                "given": {name: given(array) for name, array in self.arrays.items()},
                "results": {name: strings(array, digits) for name, array in self.results.items()},
                **self.more(),
            }
        )

    def more(self) -> dict:
        """What else the state of a widget holds."""
        return {}

    def caption(self) -> str:
        """The sentences below the picture."""
        return ""

    def spoken(self, name: str) -> str:
        """One of the arrays or sums for an alternative text."""
        array = (self.arrays | self.results)[name]
        return still.spoken(strings(array, self.digits), array.shape)

    def summary(self) -> str:
        sizes = [f"{name}: {'×'.join(map(str, array.shape[2:]))}" for name, array in self.arrays.items()]
        options = [f"{name}: {'×'.join(map(str, value))}" for name, value in self.options.items()]
        plain = set(self.options["dilation"]) == {1}
        return f"{type(self).__name__}({', '.join([*sizes, *(options[:2] if plain else options)])})"

    def entry(self, name: str, index: Sequence[int]) -> trace.Entry:
        """The terms of one entry of "y", "dw" or "dx", given by its spatial index."""
        x, w, dy = self.arrays["x"], self.arrays["w"], self.arrays["dy"]
        place = (0, 0, *index)
        if name == "dw":
            return trace.conv_dw(dy, x, w, index=place, **self.options)
        if name == "dx":
            return trace.conv_dx(dy, x, w, index=place, **self.options)
        return trace.conv_y(x, w, index=place, **self.options)

    def entries(self, name: str) -> list[trace.Entry]:
        """All entries of "y", "dw" or "dx", row by row."""
        return [
            self.entry(name, index) for index in product(*map(range, self.arrays[PLACES[name]].shape[2:]))
        ]
