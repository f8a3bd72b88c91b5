"""One table, three sums: every connection of a one-dimensional convolution is one cell."""

from cnnlab.formatting import number
from cnnlab.widgets import still
from cnnlab.widgets.base import index_text, light
from cnnlab.widgets.convolution import ConvolutionWidget


class ThreeSums(ConvolutionWidget):
    """A table with a row for each output, a column for each weight and a cell for each connection, which shows its input.

    A row adds up to an output, a column to a weight's gradient, an anti-diagonal to an input's. Choosing a number at the
    margin lights its sum.

    x, w, dy, stride, padding, dilation   as in WeightSharing, in one dimension
    title   the heading; weight: the weight whose column is lit first; digits: significant digits of every number shown

    Raises ValueError as WeightSharing does, and for two-dimensional arrays.
    """

    _esm = light("three_sums")
    heading = "One table, three sums"
    axes = 1

    def caption(self) -> str:
        return (
            "Every connection is one cell, and shows its input. A row adds up to an output, a column to a weight's "
            "gradient, a diagonal to an input's. Read a lit diagonal downwards: in which order do the weights come?"
        )

    def more(self) -> dict:
        return {"caption": self.caption()}

    def still(self) -> str:
        """The table three times: a row lit, the column of the first weight, and a diagonal of the longest."""
        weights = self.arrays["w"].shape[2]
        outputs = self.arrays["dy"].shape[2]
        rows = [["0"] * weights for _ in range(outputs)]
        for entry in self.entries("y"):
            for term in entry.terms:
                weight, seen = term.factors
                rows[entry.index[2]][weight.index[2]] = number(seen.value, self.digits)
        longest = max(self.entries("dx"), key=lambda entry: len(entry.terms))
        lit = [
            ("a row", self.entry("y", (0,)), "input", lambda term: (0, term.factors[0].index[2])),
            (
                "a column",
                self.entry("dw", self.first),
                "weight",
                lambda term: (term.factors[1].index[2], self.first[0]),
            ),
            (
                "a diagonal",
                longest,
                "delta",
                lambda term: (term.factors[1].index[2], term.factors[0].index[2]),
            ),
        ]
        pictures, lines = [], []
        for words, entry, role, cell in lit:
            marks = {cell(term): (role, True) for term in entry.terms}
            pictures.append(still.Block(words, rows, marks))
            of = index_text(entry.name, entry.index[2:])
            lines.append(f"{words[0].upper()}{words[1:]}: {of} = {entry.text(self.digits)}")
        names = {"x": "input x", "w": "kernel w", "dy": "upstream gradient dy"}
        spoken = ". ".join(f"{words}: {self.spoken(name)}" for name, words in names.items())
        alt = f"{self.title}. {spoken}. {'. '.join(lines)}."
        return still.picture(self.title, pictures, lines, alt, self.caption())
