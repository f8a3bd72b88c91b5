"""Exercises are solved in the cells of the chapters: what a reader meets who runs one, wrong or right."""

import json
import re
from pathlib import Path

import pytest

from cnnlab.inpage import PageSession

BOOK = Path(__file__).resolve().parents[1] / "book"


def code_of(name):
    """The code cells of a chapter: (id, source)."""
    cells = json.loads((BOOK / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [(cell["id"], "".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]


STUBS = {
    (name.stem, id): source
    for name in sorted(BOOK.glob("*.ipynb"))
    for id, source in code_of(name.stem)
    if "raise NotImplementedError" in source
}


@pytest.mark.parametrize(("chapter", "id"), STUBS)
def test_a_cell_to_write_in_holds_one_blank_and_its_check(chapter, id):
    blank, _, rest = STUBS[chapter, id].partition("\n\n\n")
    assert re.fullmatch(r"def \w+\([^)]*\):\n    raise NotImplementedError", blank)
    assert rest.startswith("check.") and "def " not in rest


@pytest.fixture(scope="module")
def answered():
    """answered(chapter, id, function) is the report on a function that is written into a cell, as text."""
    sessions, told = {}, []

    def answered(chapter, id, function):
        cells = code_of(chapter)
        if chapter not in sessions:
            sessions[chapter] = PageSession(lambda output: told.append(output))
            for above, source in cells:
                if above == id:
                    break
                assert sessions[chapter].run(source, quiet=True)
        told.clear()
        _, _, rest = dict(cells)[id].partition("\n\n\n")
        sessions[chapter].run(f"{function}\n\n\n{rest}")
        return told[-1]["data"]["text/plain"]

    return answered


MEAN = """def my_mean_backward(dy, x, size, stride):
    (P, Q), (s, t) = size, stride
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*dy.shape):
        dx[n, c, i * s : i * s + P, j * t : j * t + Q] += dy[n, c, i, j] / (P * Q)
    return dx"""


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        ("", "", ": passed."),
        ("+=", "=", "(pool-assigned)"),
        (" / (P * Q)", "", "each input given the whole delta"),
        ("P * Q", "P", "divided by the rows of the window only"),
        ("= size, stride", "= size, (1, 1)", "(pool-stride-ignored)"),
        ("(s, t)", "(t, s)", "rows and columns of the stride swapped"),
    ],
)
def test_the_mean_backward_is_told_what_is_wrong(answered, right, wrong, name):
    assert name in answered("max-pooling-routes", "c76", MEAN.replace(right, wrong))


DELTA = """def my_delta(delta, v, y):
    m = max_pool2d(y[None, None], 2)
    a = sigmoid(m)
    da = (delta @ v).reshape(m.shape)
    return max_pool2d_backward(da * a * (1 - a), y[None, None], 2)[0, 0]"""


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        ("", "", ": passed."),
        (" * a * (1 - a)", "", "(derivative-forgotten)"),
        (" * a * (1 - a)", " * a", "(activation-for-derivative)"),
        ("a = sigmoid(m)", "a = m", "(input-taken-for-activation)"),
        ("a = sigmoid(m)", "a = sigmoid(sigmoid(m))", "(derivative-at-activation)"),
        ("delta @ v", "-delta @ v", "(wrong-sign)"),
        ("[0, 0]", "", "(wrong-shape)"),
    ],
)
def test_the_delta_of_a_convolution_is_told_what_is_wrong(answered, right, wrong, name):
    assert name in answered("two-dimensions", "c70", DELTA.replace(right, wrong))
