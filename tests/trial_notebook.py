"""A small notebook with one of everything that a chapter may hold."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SETUP = """\
import anywidget
import numpy as np
import traitlets

x = np.array([1.0, 2.0, 3.0])
w = np.array([0.3, 0.5])
y = np.array([x[:2] @ w, x[1:] @ w])
dx = np.array([-0.03, 0.01, 0.1])
h = 1.2e-5
y"""

FIGURE = """\
class Figure:
    def _repr_html_(self):
        return (
            '<figure class="cnnlab-figure"><svg role="img" aria-label="The line ends at 2.1" viewBox="0 0 9.5 9">'
            '<style>text {font-size: 0.9em}</style>'
            f'<text x="1.5" y="2">y = {y[0]:.1f}</text><path d="M 0.1 0.2 L 3.4 5.6"/></svg></figure>'
        )

    def __repr__(self):
        return "Figure: the line ends at 2.1"


Figure()"""

WIDGET = """\
class Stepper(anywidget.AnyWidget):
    _esm = "export default {render({model, el}) {el.textContent = model.get('trace').terms[0]}}"
    trace = traitlets.Dict().tag(sync=True)
    scale = traitlets.Float(0.25).tag(sync=True)

    def __repr__(self):
        return "Stepper: 2 terms"

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/html": "<p>1 times -0.1 is -0.1</p>"}, metadata


unseen = Stepper(trace={"terms": [str(9.75 + 0.24)]})
Stepper(trace={"terms": ["1 · -0.1 = -0.1", "2 · 0.2 = 0.4"]})"""

STREAMS = """\
print("first 0.5")
print("second")
print(object())"""

INTERACT = """\
from ipywidgets import interact


@interact(rate=(0.0, 1.0))
def step(rate=0.1):
    print(rate * dx)"""

CELLS = (
    new_markdown_cell(
        "# A trial\n\nThe output is $y = [{= y =}]$ in Python 3.11, see [this](trial-1.5.html)."
    ),
    new_code_cell(SETUP),
    new_markdown_cell(
        "So $\\partial C / \\partial x_{0,0} = {= dx[0] =}$, twice that is $2 \\cdot {= 2 * dx[0] =}$.\n\n"
        '<img src="a-0.5.svg" alt="a slope of {= w[1] =}"> and `x = {= x[1]:.2f =}` with ${= h:tex =}$\n\n'
        "$$\n\\begin{bmatrix} {= np.outer(x, w) =} \\end{bmatrix}\n$$\n\nfrom {= len(x) =} entries."
    ),
    new_code_cell(FIGURE),
    new_code_cell(WIDGET),
    new_code_cell(STREAMS),
    new_code_cell(INTERACT, metadata={"tags": ["needs-python"]}),
    new_code_cell("raise ValueError('0.7 is too large')", metadata={"tags": ["raises-exception"]}),
    new_code_cell(""),
)


def notebook():
    """The trial notebook as an author would hand it in: nothing run, nothing filled in."""
    from copy import deepcopy

    return new_notebook(cells=deepcopy(list(CELLS)))
