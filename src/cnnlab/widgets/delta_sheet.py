"""The sheet of deltas: dy lies on the pixels that one weight met, and slides to the pixels of the next."""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from cnnlab.formatting import number
from cnnlab.widgets import still
from cnnlab.widgets.base import blocks, grid, index_text, light
from cnnlab.widgets.convolution import ConvolutionWidget


class DeltaSheet(ConvolutionWidget):
    """A two-dimensional input with dy lying on it like a sheet: each place of the sheet gives one entry of dw.

    The sheet moves when an entry of dw is chosen, or when it is dragged.

    x, w, dy   as in WeightSharing, in two dimensions, with stride 1 and no padding, so that the sheet has no holes
    title   the heading; weight: the weight on whose pixels the sheet lies first; digits: significant digits

    Raises ValueError as WeightSharing does, and for one-dimensional arrays.
    """

    _esm = light("delta_sheet")
    heading = "The sheet of deltas"
    axes = 2

    def __init__(
        self,
        x: ArrayLike,
        w: ArrayLike,
        dy: ArrayLike,
        title: str | None = None,
        weight: Sequence[int] | None = None,
        digits: int = 6,
    ) -> None:
        super().__init__(x, w, dy, title=title, weight=weight, digits=digits)

    def caption(self) -> str:
        total = number(self.entry("dw", self.first).total, self.digits)
        return (
            f"These pixels are the ones that {index_text('w', self.first)} met. Multiply each by the delta on it, "
            f"add: {total}. Slide the sheet one pixel to the left. Whose gradient is that?"
        )

    def more(self) -> dict:
        return {"caption": self.caption()}

    def still(self) -> str:
        entry = self.entry("dw", self.first)
        arrays = {**self.arrays, "dw": self.results["dw"]}
        labels = {"x": "input x", "w": "kernel w", "dy": "the sheet dy", "dw": "gradient dw"}
        marks = {
            "x": {term.factors[0].index[2:]: ("delta", False) for term in entry.terms},
            "w": {self.first: ("weight", True)},
            "dy": {term.factors[1].index[2:]: ("delta", False) for term in entry.terms},
            "dw": {self.first: ("result", True)},
        }
        grids = {name: grid(arrays[name], self.digits) for name in labels}
        pictures = blocks(grids, labels, marks)
        if self.first[1] > 0:
            # The next key frame is the caption's question: no sum is given for it.
            beside = self.entry("dw", (self.first[0], self.first[1] - 1))
            lit = {term.factors[0].index[2:]: ("delta", False) for term in beside.terms}
            pictures += blocks({"x": grids["x"]}, {"x": "one pixel to the left"}, {"x": lit})
        line = f"{index_text('dw', self.first)} = {entry.text(self.digits)}"
        spoken = ". ".join(f"{words}: {self.spoken(name)}" for name, words in labels.items())
        alt = f"{self.title}. {spoken}. {line}."
        return still.picture(self.title, pictures, [line], alt, self.caption())
