"""The turn: the windows that used one pixel, and the same products as a turned kernel that lies on dy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.widgets import still
from cnnlab.widgets.base import blocks, grid, index_text, light, strings
from cnnlab.widgets.convolution import ConvolutionWidget


class Turn(ConvolutionWidget):
    """Why the kernel turns: a pixel's gradient, seen from its windows and seen from dy.

    First stand the windows that used the pixel, each with the one weight that lay on it; then the turned kernel lies on
    dy, which has a border of zeros. The products are the same. The pixel can be chosen, or dragged over.

    x, w, dy   as in WeightSharing, in two dimensions, with stride 1 and no padding
    title   the heading; pixel: the pixel chosen first, the middle one if None
    digits  significant digits of every number shown

    Raises ValueError as WeightSharing does, and for one-dimensional arrays.
    """

    _esm = light("turn")
    heading = "Why the kernel turns"
    axes = 2
    at = "x"

    def __init__(
        self,
        x: ArrayLike,
        w: ArrayLike,
        dy: ArrayLike,
        title: str | None = None,
        pixel: Sequence[int] | None = None,
        digits: int = 6,
    ) -> None:
        middle = [n // 2 for n in np.shape(x)[-2:]]
        super().__init__(x, w, dy, title=title, weight=middle if pixel is None else pixel, digits=digits)

    def caption(self) -> str:
        return (
            "Which windows used this pixel, each with which weight? The turned kernel on dy makes the same products. "
            "Nobody turned it: the first window used its last weight. Choose a corner."
        )

    def more(self) -> dict:
        return {"caption": self.caption()}

    def still(self) -> str:
        entry = self.entry("dx", self.first)
        size = self.arrays["w"].shape[2:]
        border = [(n - 1, n - 1) for n in size]
        bordered = np.pad(self.arrays["dy"], [(0, 0), (0, 0), *border])
        arrays = {
            "x": self.arrays["x"],
            "w": self.arrays["w"],
            "bordered": bordered,
            "turned": np.flip(self.arrays["w"], (2, 3)),
            "dx": self.results["dx"],
        }
        labels = {
            "x": "pixels x",
            "w": "kernel w",
            "bordered": "dy in a border of zeros",
            "turned": "turned kernel",
            "dx": "gradient dx",
        }
        under = [tuple(at + m for at, m in zip(self.first, index, strict=True)) for index in np.ndindex(size)]
        marks = {
            "x": {self.first: ("input", True)},
            "w": {},
            "bordered": {at: ("weight", False) for at in under},
            "turned": {index: ("weight", False) for index in np.ndindex(size)},
            "dx": {self.first: ("result", True)},
        }
        grids = {name: grid(array, self.digits) for name, array in arrays.items()}
        line = f"{index_text('dx', self.first)} = {entry.text(self.digits)}"
        # The other key frame: at the corner one window is left, and the turned kernel lies on zeros.
        corner = self.entry("dx", (0, 0))
        lines = [line, f"At the corner {index_text('dx', (0, 0))} = {corner.text(self.digits)}"]
        last = {"bordered": {index: ("weight", False) for index in np.ndindex(size)}}
        pictures = blocks(grids, labels, marks)
        pictures += blocks({"bordered": grids["bordered"]}, {"bordered": "at the corner"}, last)
        spoken = ". ".join(
            f"{words}: {still.spoken(strings(arrays[name], self.digits), arrays[name].shape)}"
            for name, words in labels.items()
        )
        alt = f"{self.title}. {spoken}. {'. '.join(lines)}."
        return still.picture(self.title, pictures, lines, alt, self.caption())
