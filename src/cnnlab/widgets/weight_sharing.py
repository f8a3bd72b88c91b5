"""One weight, many connections: choose a weight, an input or an output, and add up its terms."""

from collections.abc import Sequence

from cnnlab import trace
from cnnlab.formatting import number
from cnnlab.widgets import still
from cnnlab.widgets.base import WIDE, blocks, grid, index_text, stepper, strings
from cnnlab.widgets.convolution import ConvolutionWidget

STEPPED = 400  # with more connections than this, a step adds a whole row of outputs


class WeightSharing(ConvolutionWidget):
    """The input, the kernel and the upstream gradient of one convolution, and every sum of products in them.

    Choosing a weight lights every connection that shares it; its products x × dy appear one after the other, and
    the running sum ends at dw. Choosing an input gives dx, choosing an output its receptive field and y.

    x       (L,) or (H, W), or with two axes of length 1 in front: one channel of one example
    w       (M,) or (P, Q), likewise
    dy      the upstream gradient, one entry for each place: as many as `cnnlab.geometry.positions` says
    stride, padding, dilation   an int, or one int an axis
    title   the heading; weight: the index of the weight chosen first, the first one if None
    digits  significant digits of every number shown

    Raises ValueError for more than one channel or example, and for shapes that do not belong together. Above 400
    connections a step adds what one row of outputs brings.
    """

    _esm = stepper("weight_sharing")
    heading = "One weight, many connections"

    def more(self) -> dict:
        connections = sum(len(entry.terms) for entry in self.entries("dw"))
        outputs = self.arrays["dy"].shape[2:]
        return {"chunk": 1 if connections <= STEPPED else _chunk(outputs)}

    def still(self) -> str:
        entry = self.entry("dw", self.first)
        arrays = self.arrays | self.results
        shape = {name: array.shape[2:] for name, array in arrays.items()}
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
            f"The whole gradient dw, row by row: {still.spoken(strings(arrays['dw'], self.digits), shape['w'])}."
        )
        wide = self.arrays["x"].shape[-1] > WIDE
        pictures = [] if wide or not entry.terms else _first_term(self.arrays, entry.terms[0], self.digits)
        lines = [f"{index_text('w', self.first)} is shared by {len(entry.terms)} connections.", total]
        grids = {name: grid(arrays[name], self.digits) for name in labels}
        pictures += blocks(grids, labels, lit)
        return still.picture(self.title, pictures, lines, alt.replace("\N{NO-BREAK SPACE}", " "))


def _first_term(arrays: dict, term: trace.Term, digits: int) -> list[still.Block]:
    """The first key frame: the connection that comes first, and nothing else lit."""
    lit = {
        factor.name: {still.cell(factor.index[2:], arrays[factor.name].shape[2:]): (role, True)}
        for factor, role in zip(term.factors, ("input", "delta"), strict=True)
    }
    labels = {"x": "first step: one input x", "dy": "and its delta dy"}
    return blocks({name: grid(arrays[name], digits) for name in labels}, labels, lit)


def _chunk(shape: Sequence[int]) -> int:
    """How many outputs one step takes: a row of a picture, or one of about 24 parts of a signal."""
    return shape[-1] if len(shape) == 2 else -(-shape[0] // 24)


def _sum_text(entry: trace.Entry, digits: int) -> str:
    terms = [term.text(digits).replace(" ", "\N{NO-BREAK SPACE}") for term in entry.terms]
    if len(terms) > 24:
        terms = [*terms[:3], f"... ({len(terms)} terms in all) ...", terms[-1]]
    return f"{' + '.join(terms) or 'nothing reaches it'} = {number(entry.total, digits)}"
