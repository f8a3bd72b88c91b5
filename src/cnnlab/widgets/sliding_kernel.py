"""A kernel that slides along a row: what stride, padding and dilation do forward, and on the way back."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.geometry import positions
from cnnlab.widgets import still
from cnnlab.widgets.base import index_text, light, strings
from cnnlab.widgets.convolution import PLACES, ConvolutionWidget

MOST = {"stride": (1, 3), "padding": (0, 2), "dilation": (1, 3)}
"""The least and the largest value of the slider of each option."""


class SlidingKernel(ConvolutionWidget):
    """A padded input row, the kernel on it, and the outputs; the same columns for dw and dx, and as a matrix.

    Factors of one product stand in one column. Where nothing stands there are zeros with a dashed edge: padding, what
    lies between deltas that a stride sets apart, and the holes of a dilated kernel. Sliders change the options and the
    number of weights; the deltas are repeated where more are needed.

    x, w, dy, stride, padding, dilation   as in WeightSharing, in one dimension
    lit       the sum that is lit first, "y", "dw" or "dx", and place its entry
    sliders   which of "stride", "padding", "dilation" and "size" (the number of weights) can be moved
    question  the caption
    title     the heading; digits: significant digits of every number shown

    Raises ValueError as WeightSharing does, for two-dimensional arrays, for another sum or slider, and where a slider
    would make the kernel larger than the padded input.
    """

    _esm = light("sliding_kernel")
    heading = "Which input does a weight meet?"
    axes = 1

    def __init__(
        self,
        x: ArrayLike,
        w: ArrayLike,
        dy: ArrayLike,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        title: str | None = None,
        lit: str = "y",
        place: int = 0,
        sliders: Sequence[str] = (*MOST, "size"),
        question: str = "Move a slider. Which input does each weight meet now, and what becomes of y, dw and dx?",
        digits: int = 6,
    ) -> None:
        if lit not in PLACES or not set(sliders) <= {*MOST, "size"}:
            raise ValueError(
                f"SlidingKernel: lit must be one of {', '.join(PLACES)}, and sliders some of {', '.join(MOST)}, size; "
                f"got {lit!r} and {tuple(sliders)}."
            )
        self.at, self.lit, self.sliders, self.question = PLACES[lit], lit, tuple(sliders), question
        super().__init__(x, w, dy, stride, padding, title, (place,), digits, dilation)
        least = 0 if "padding" in sliders else padding
        widest = MOST["dilation"][1] if "dilation" in sliders else dilation
        length, weights = self.arrays["x"].shape[2], self.arrays["w"].shape[2]
        if positions((length,), (weights,), padding=least, dilation=widest)[0] < 1:
            raise ValueError(
                f"SlidingKernel: {weights} weights with dilation {widest} do not fit into {length} inputs with padding "
                f"{least}; give a longer x, or leave a slider out."
            )

    def caption(self) -> str:
        return self.question

    def more(self) -> dict:
        ranges = MOST | {"size": (1, self.arrays["w"].shape[2])}
        return {
            "caption": self.caption(),
            "at": self.at,
            "sliders": {name: list(ranges[name]) for name in self.sliders},
        }

    def frame(self, name: str, place: int) -> still.Block:
        """The rows of one view, as its script arranges them: the columns of each array, zeros and holes dashed."""
        (s,), (p,), (d,) = (self.options[option] for option in ("stride", "padding", "dilation"))
        x, w, dy = (self.arrays[array].shape[2] for array in ("x", "w", "dy"))
        reach = d * (w - 1)
        left = max(0, reach - p) if name == "dx" else 0
        inputs, weights, deltas = np.arange(x), np.arange(w), np.arange(dy)
        columns = {
            "x": left + p + inputs,
            "w": {"y": s * place + d * weights, "dw": d * weights, "dx": left + p + place - d * weights}[
                name
            ],
            "dy": {"y": s * deltas + reach // 2, "dw": s * deltas + d * place, "dx": left + s * deltas}[name],
        }
        order = {"y": ("x", "w", "y"), "dw": ("x", "dy", "dw"), "dx": ("dy", "w", "dx")}[name]
        wide = max(0, reach - p) + x + 2 * p
        rows: list[list[str | None]] = [[None] * wide for _ in order]
        marks, ghosts = {}, set()
        for row, shown in enumerate(order):
            of = PLACES.get(shown, shown)
            texts = strings((self.arrays | self.results)[shown], self.digits)
            for column, text in zip(columns[of], texts, strict=True):
                rows[row][column] = text
            if row < 2:
                first, last = (
                    (left, left + x + 2 * p - 1) if of == "x" else (min(columns[of]), max(columns[of]))
                )
                for column in range(first, last + 1):
                    if rows[row][column] is None:
                        rows[row][column] = "0"
                        ghosts.add((row, column))
        roles = {"x": "input", "w": "weight", "dy": "delta"}
        for term in self.entry(name, (place,)).terms:
            for factor in term.factors:
                row = order.index(factor.name)
                marks[row, int(columns[factor.name][factor.index[2]])] = (roles[factor.name], False)
        marks[2, int(columns[PLACES[name]][place])] = ("result", True)
        words = {"y": "forward: x, w, y", "dw": "weights: x, dy, dw", "dx": "back: dy, turned w, dx"}[name]
        return still.Block(words, rows, marks, ghosts=frozenset(ghosts))

    def still(self) -> str:
        """The same columns three times: the chosen entry of its sum, and the first of the other two."""
        names = [self.lit, *(name for name in PLACES if name != self.lit)]
        blocks, lines = [], []
        for name in names:
            index = self.first if name == self.lit else (0,)
            blocks.append(self.frame(name, index[0]))
            lines.append(f"{index_text(name, index)} = {self.entry(name, index).text(self.digits)}")
        roles = {
            "x": "input x",
            "w": "kernel w",
            "dy": "upstream gradient dy",
            **dict(zip(PLACES, PLACES, strict=True)),
        }
        spoken = ". ".join(f"{words}: {self.spoken(name)}" for name, words in roles.items())
        sizes = ", ".join(f"{name} {value[0]}" for name, value in self.options.items())
        alt = f"{self.title}. {sizes}. {spoken}. {'. '.join(lines)}."
        return still.picture(self.title, blocks, lines, alt, self.caption())
