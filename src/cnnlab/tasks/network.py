"""Tasks around the other layers of a network: fully connected layers, activations, softmax with cross-entropy."""

from types import ModuleType
from typing import Any

import numpy as np

from cnnlab.activations import relu_backward, sigmoid_backward
from cnnlab.arrays import Array
from cnnlab.formatting import number, signed
from cnnlab.losses import softmax_cross_entropy, softmax_cross_entropy_backward
from cnnlab.tasks.task import Case, Probe, Task, numbers, renamed, tags


def dense_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array, Array]:
    """Gradients of y = x w.T + b with x (N, I), w (J, I): (dx, dw, db)."""
    return dy @ w, dy.T @ x, dy.sum(axis=0)


def flatten_dense_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array, Array]:
    """Gradients of a dense layer on flattened maps x (N, C, H, W), row by row: (dx, dw, db)."""
    dx, dw, db = dense_backward(dy, np.reshape(x, (len(x), -1)), w)
    return dx.reshape(x.shape), dw, db


def _dense_probes() -> list[Probe]:
    return [
        Probe(
            {"dy": numbers(n, j, seed=n), "x": numbers(n, i, seed=n + 1), "w": numbers(j, i, seed=n + 2)},
            tags=tags(batch=n > 1),
        )
        for n, i, j in ((1, 4, 3), (2, 3, 5), (4, 5, 2))
    ]


def _flatten_probes() -> list[Probe]:
    return [
        Probe(
            {
                "dy": numbers(n, j, seed=n),
                "x": numbers(n, *maps, seed=n + 1),
                "w": numbers(j, int(np.prod(maps)), seed=n + 2),
            },
            tags=tags(batch=n > 1, channels=maps[0] > 1),
        )
        for n, maps, j in ((1, (1, 2, 3), 2), (1, (2, 3, 2), 3), (3, (2, 3, 4), 5))
    ]


def _activation_probes() -> list[Probe]:
    zeros = numbers(3, 5, seed=5, choices=(-1, 0, 0, 1, 2))
    return [
        Probe({"dy": numbers(5, seed=1), "x": np.array([-2.0, -0.5, 0.5, 1, 3])}),
        Probe({"dy": numbers(2, 4, seed=2), "x": numbers(2, 4, seed=3, choices=(-2, -1, 1, 2, 3))}),
        Probe({"dy": numbers(3, 5, seed=4), "x": zeros}, tags=tags(ties=True)),
    ]


def _softmax_probes() -> list[Probe]:
    """The last one has scores that overflow an exponential."""
    large = np.array([[1000.0, 998, 1001], [-1000, 2, 1]])
    return [
        Probe({"x": np.array([[1.0, 3, 0]]), "labels": np.array([1])}),
        Probe({"x": numbers(2, 5, seed=2), "labels": np.array([4, 0])}, tags=tags(batch=True)),
        Probe({"x": numbers(4, 3, seed=3), "labels": np.array([0, 2, 2, 1])}, tags=tags(batch=True)),
        Probe({"x": large, "labels": np.array([0, 2])}, tags=tags(batch=True, large=True)),
    ]


def _dense_terms(*parts: Any) -> dict:
    """A fully connected layer is a convolution with one place."""

    def dx(trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array, w: Array) -> Any:
        return renamed(trace.conv_dx(*_one_position(dy, x, w), index=(*index, 0)), trailing=1)

    def dw(trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array, w: Array) -> Any:
        return renamed(trace.conv_dw(*_one_position(dy, x, w), index=(*index, 0)), trailing=1)

    def db(trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array, w: Array) -> Any:
        return renamed(trace.conv_db(dy[..., None], index=index), trailing=1)

    return {part: {"dx": dx, "dw": dw, "db": db}[part] for part in parts}


def _one_position(*arrays: Array) -> tuple[Array, ...]:
    return tuple(np.reshape(a, (len(a), -1, 1)) for a in arrays)


def _sigmoid_terms(trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array) -> tuple[str, ...]:
    a = 1 / (1 + np.exp(-x[index]))
    return (
        "dy × a × (1 - a) with a = sigmoid(x), at this entry",
        f"= {signed(dy[index])} × {number(a)} × {number(1 - a)} = {number(dy[index] * a * (1 - a))}",
    )


def _relu_terms(trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array) -> str:
    return f"x is {number(x[index])} there, dy is {number(dy[index])}: dy passes where x > 0"


def _softmax_terms(trace: ModuleType, index: tuple[int, ...], x: Array, labels: Array) -> tuple[str, ...]:
    n, k = index
    row = x[n] - x[n].max()
    p = np.exp(row) / np.exp(row).sum()
    target = int(labels[n] == k)
    return (
        f"(p - t) / N with p = softmax of row {n}, t = 1 for the right class {labels[n]} and 0 for the others",
        f"= ({number(p[k])} - {target}) / {len(x)} = {number((p[k] - target) / len(x))}",
    )


def _dense_examples() -> list[Case]:
    given = {"dy": np.array([[1.0, -2], [3, 1]]), "x": np.array([[1.0, 2, 0], [0, 1, 4]])}
    given["w"] = np.array([[1.0, 0, 2], [-1, 3, 1]])
    return [Case("two examples, three inputs, two neurons", given)]


def _flatten_examples() -> list[Case]:
    given = {"dy": np.array([[1.0, -2], [3, 1]]), "x": np.arange(1.0, 17).reshape(2, 2, 2, 2)}
    given["w"] = np.arange(1.0, 17).reshape(2, 8)
    return [Case("two examples of two 2x2 maps, two neurons", given)]


def _activation_examples() -> list[Case]:
    given = {"dy": np.array([1.0, 2, -3]), "x": np.array([-2.0, 0, 1])}
    return [Case("x = [-2, 0, 1], dy = [1, 2, -3]", given)]


def _softmax_examples() -> list[Case]:
    scores = {"x": np.array([[1.0, 2, 0], [0, 1, 3]]), "labels": np.array([1, 0])}
    large = {"x": np.array([[1000.0, 998, 1001]]), "labels": np.array([0])}
    return [
        Case("scores [[1, 2, 0], [0, 1, 3]], right classes 1 and 0", scores),
        Case("large scores", large),
    ]


TASKS = (
    Task(
        name="dense_backward",
        group="dense",
        takes=("dy", "x", "w"),
        returns=("dx", "dw", "db"),
        right=dense_backward,
        probes=_dense_probes,
        terms=_dense_terms("dx", "dw", "db"),
        chapter="whole-network",
        says="For y = x @ w.T + b with x (N, I), w (J, I).",
        examples=_dense_examples,
    ),
    Task(
        name="flatten_dense_backward",
        group="flatten",
        takes=("dy", "x", "w"),
        returns=("dx", "dw", "db"),
        right=flatten_dense_backward,
        probes=_flatten_probes,
        terms=_dense_terms("dw", "db"),
        chapter="whole-network",
        says="For y = x.reshape(N, -1) @ w.T + b with maps x (N, C, H, W), w (J, C * H * W).",
        examples=_flatten_examples,
    ),
    Task(
        name="sigmoid_backward",
        group="sigmoid",
        takes=("dy", "x"),
        returns=("dx",),
        right=sigmoid_backward,
        probes=_activation_probes,
        terms={"dx": _sigmoid_terms},
        chapter="whole-network",
        says="For y = sigmoid(x).",
        examples=_activation_examples,
    ),
    Task(
        name="relu_backward",
        group="relu",
        takes=("dy", "x"),
        returns=("dx",),
        right=relu_backward,
        probes=_activation_probes,
        terms={"dx": _relu_terms},
        chapter="whole-network",
        says="For y = max(x, 0), with slope 0 at 0.",
        examples=_activation_examples,
    ),
    Task(
        name="softmax_cross_entropy",
        group="softmax",
        takes=("x", "labels"),
        returns=("loss",),
        right=softmax_cross_entropy,
        probes=_softmax_probes,
        terms={
            "loss": lambda *_, **__: (
                "the mean over the examples of -log of the probability of the right class"
            )
        },
        chapter="whole-network",
        says="The mean over the batch. large=False leaves out scores that overflow exp.",
        examples=_softmax_examples,
    ),
    Task(
        name="softmax_cross_entropy_backward",
        group="softmax",
        takes=("x", "labels"),
        returns=("dx",),
        right=softmax_cross_entropy_backward,
        probes=_softmax_probes,
        terms={"dx": _softmax_terms},
        chapter="whole-network",
        says="Of the mean over the batch. large=False leaves out scores that overflow exp.",
        examples=_softmax_examples,
    ),
)
