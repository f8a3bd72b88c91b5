"""What the book's names are called in PyTorch: the same numbers in both, line by line.

PyTorch is not needed. `make test-torch` computes the lines of PyTorch and compares them with the committed record
`torch_counterparts`; the page *The same in PyTorch* computes the book's lines and compares them with that record.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from cnnlab import activations, conv, losses, optim, pool
from cnnlab.arrays import Array

GIVEN: dict[str, list] = {
    "x": [[[2, -1, 3, 0, 1, 4, -2, 5]]],
    "w": [[[1, -2, 3]]],
    "dy": [[[1, -1, 2]]],
    "two": [[[1, 0, 2, -1], [3, 1, 0, 2]]],
    "own": [[[1, 2]], [[-1, 3]]],
    "image": [[[[1, 0, 2, -1], [3, 1, 2, 2], [0, -2, 1, 1], [4, 4, -1, 0]]]],
    "kernel": [[[[1, 2], [-1, 3]]]],
    "dp": [[[[1, -1], [2, 3]]]],
    "z": [[-2, 0, 1, 3]],
    "dz": [[1, 2, -1, 3]],
    "t": [[0, 1, 1, 1]],
    "scores": [[1, 2, -1], [0, 1, 3]],
}
"""The arrays that the lines use, all of floats."""

LABELS = [1, 2]


class Counterpart(NamedTuple):
    """One thing, and the lines that compute it in the book and in PyTorch; the last line is its value."""

    group: str
    what: str
    book: str
    torch: str


ROWS = [
    Counterpart("Forward", "stride", "conv1d(x, w, stride=2)", "F.conv1d(x, w, stride=2)"),
    Counterpart("Forward", "padding", "conv1d(x, w, padding=1)", "F.conv1d(x, w, padding=1)"),
    Counterpart("Forward", "dilation", "conv1d(x, w, dilation=2)", "F.conv1d(x, w, dilation=2)"),
    Counterpart("Forward", "groups", "conv1d(two, own, groups=2)", "F.conv1d(two, own, groups=2)"),
    Counterpart("Forward", "two dimensions", "conv2d(image, kernel)", "F.conv2d(image, kernel)"),
    Counterpart(
        "Back",
        "gradient of the input",
        "dx, dw, db = conv1d_backward(dy, x, w, stride=2)\ndx",
        "y = F.conv1d(x, w, stride=2)\ny.backward(dy)\nx.grad",
    ),
    Counterpart(
        "Back",
        "gradient of the weights",
        "dx, dw, db = conv1d_backward(dy, x, w, stride=2)\ndw",
        "y = F.conv1d(x, w, stride=2)\ny.backward(dy)\nw.grad",
    ),
    Counterpart(
        "Back",
        "the same, asked for alone",
        "conv1d_backward(dy, x, w, stride=2)[1]",
        "torch.nn.grad.conv1d_weight(x, w.shape, dy, stride=2)",
    ),
    Counterpart(
        "Back",
        "transposed convolution",
        "room = x[:, :, :7]\nconv1d_backward(dy, room, w, stride=2)[0]",
        "F.conv_transpose1d(dy, w, stride=2)",
    ),
    Counterpart(
        "Back",
        "with output padding",
        "conv1d_backward(dy, x, w, stride=2)[0]",
        "F.conv_transpose1d(dy, w, stride=2, output_padding=1)",
    ),
    Counterpart("Pooling", "largest of a window", "max_pool2d(image, 2)", "F.max_pool2d(image, 2)"),
    Counterpart(
        "Pooling",
        "its gradient, ties to the first",
        "max_pool2d_backward(dp, image, 2)",
        "p = F.max_pool2d(image, 2)\np.backward(dp)\nimage.grad",
    ),
    Counterpart("Pooling", "mean of a window", "avg_pool2d(image, 2)", "F.avg_pool2d(image, 2)"),
    Counterpart("Activations", "sigmoid", "sigmoid(z)", "torch.sigmoid(z)"),
    Counterpart("Activations", "ReLU", "relu(z)", "F.relu(z)"),
    Counterpart(
        "Activations",
        "its gradient, 0 at the kink",
        "relu_backward(dz, z)",
        "F.relu(z).backward(dz)\nz.grad",
    ),
    Counterpart(
        "Costs",
        "half the sum of squares",
        "half_sum_of_squares(z, t)",
        'F.mse_loss(z, t, reduction="sum") / 2',
    ),
    Counterpart(
        "Costs",
        "softmax and cross-entropy",
        "softmax_cross_entropy(scores, labels)",
        "F.cross_entropy(scores, labels)",
    ),
    Counterpart(
        "Costs",
        "its gradient, a mean over examples",
        "softmax_cross_entropy_backward(scores, labels)",
        "F.cross_entropy(scores, labels).backward()\nscores.grad",
    ),
    Counterpart(
        "A step",
        "two steps with momentum",
        "g = np.ones_like(w)\nw1, v = sgd([w], [g], rate=2, momentum=0.5)\n"
        "w2, v = sgd(w1, [g], v, rate=2, momentum=0.5)\nw2[0]",
        "w.grad = torch.ones_like(w)\nrule = torch.optim.SGD([w], lr=2, momentum=0.5)\nrule.step()\nrule.step()\nw",
    ),
]


def value(lines: str, names: Mapping[str, Any]) -> Any:
    """Run these lines with these names; the value of the last one. The lines are the book's own, of `ROWS`."""
    *before, last = ast.parse(lines).body
    assert isinstance(last, ast.Expr)
    scope = dict(names)
    exec(compile(ast.Module(before, []), "<counterpart>", "exec"), scope)
    return eval(compile(ast.Expression(last.value), "<counterpart>", "eval"), scope)


def in_the_book(row: Counterpart) -> Array:
    """What the book's lines of a row compute."""
    functions: dict[str, Callable] = {
        name: getattr(module, name)
        for module in (activations, conv, losses, optim, pool)
        for name in dir(module)
        if name in row.book
    }
    arrays = {name: np.array(numbers, float) for name, numbers in GIVEN.items()}
    return np.asarray(value(row.book, {"np": np, "labels": np.array(LABELS), **functions, **arrays}))
