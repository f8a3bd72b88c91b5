"""Tasks around max-pooling: forward, backward, and of a sigmoid."""

from functools import partial
from types import ModuleType

import numpy as np

from cnnlab import examples
from cnnlab.activations import sigmoid, sigmoid_backward
from cnnlab.arrays import Array, Shape
from cnnlab.formatting import number, signed
from cnnlab.pool import max_pool2d, max_pool2d_backward
from cnnlab.tasks.task import Case, Probe, Task, halves, numbers, scattered, tags


def sigmoid_max_pool2d_backward(dy: Array, x: Array, size: int, stride: int | None = None) -> Array:
    """Gradient of y = max_pool2d(sigmoid(x), size): dx."""
    return sigmoid_backward(max_pool2d_backward(dy, sigmoid(x), size, stride=stride), x)


# N, C, input, size, stride, what the input is like
SIZES: tuple[tuple, ...] = (
    (1, 1, (4, 6), 2, None, "various"),
    (2, 3, (4, 6), 2, None, "various"),
    (1, 1, (4, 6), 2, None, "ties"),
    (1, 2, (6, 6), 3, None, "ties"),
    (1, 2, (5, 4), 3, 1, "various"),
    (2, 1, (6, 9), 2, 3, "various"),
    (1, 1, (6, 5), 2, 1, "ties"),
    (1, 2, (7, 7), 3, 2, "ties"),
    (1, 1, (5, 6), 2, None, "negative"),
    (1, 1, (4, 6), 2, None, "integers"),
    (1, 1, (2, 4), (1, 2), (1, 1), "document"),
    (1, 2, (6, 7), (2, 3), None, "various"),
    (2, 1, (5, 8), (3, 2), (1, 2), "ties"),
)
SIGMOID_SIZES = ((1, 1, (4, 6), 2, None), (2, 3, (4, 6), 2, None), (1, 2, (5, 4), 3, 1))


def _probes(*, backward: bool, plain: bool = False) -> list[Probe]:
    sizes: list[tuple] = [(1, 1, *size[2:]) for size in SIZES] if plain else list(SIZES)
    return [_probe(*size, seed=10 * number, backward=backward) for number, size in enumerate(sizes)]


def _probe(
    n: int,
    c: int,
    inputs: Shape,
    size: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None,
    kind: str,
    *,
    seed: int,
    backward: bool,
) -> Probe:
    if kind == "ties":
        x = numbers(n, c, *inputs, seed=seed, choices=(0, 0, 0, 1, 1, -1, 2))
        x[0, 0, :2, :2] = [[1, 3], [3, 2]]
    elif kind == "document":
        x = np.array([[[[1.0, 5, 7, 2], [4, 3, 8, 6]]]])  # the first row is the example of chapter 3
    else:
        # All different, so that no window has a tie.
        count = int(np.prod((n, c, *inputs)))
        x = scattered(count, seed).reshape(n, c, *inputs) - count // 2
        x = x - x.max() - 1 if kind == "negative" else x
    dy = (halves if kind == "integers" else numbers)(*max_pool2d(x, size, stride=stride).shape, seed=seed + 3)
    if kind == "integers":
        x = x.astype(np.int64)
    special = tags(
        batch=n > 1,
        channels=c > 1,
        ties=kind == "ties",
        overlap=stride is not None and bool(np.any(np.less(stride, size))),
        stride=stride is not None,
        integers=kind == "integers",
        pair=not np.isscalar(size) or not (stride is None or np.isscalar(stride)),
    )
    arguments = {"dy": dy, "x": x, "size": size} if backward else {"x": x, "size": size}
    return Probe(arguments, {} if stride is None else {"stride": stride}, special)


def _sigmoid_probes() -> list[Probe]:
    """Inputs small enough that the sigmoid stays alive."""
    found = []
    for seed, (n, c, inputs, size, stride) in enumerate(SIGMOID_SIZES):
        x = (scattered(int(np.prod((n, c, *inputs))), seed).reshape(n, c, *inputs) - 12) / 16
        dy = numbers(*max_pool2d(x, size, stride=stride).shape, seed=seed)
        special = tags(batch=n > 1, channels=c > 1, stride=stride is not None, overlap=stride is not None)
        options = {} if stride is None else {"stride": stride}
        found.append(Probe({"dy": dy, "x": x, "size": size}, options, special))
    return found


def _largest(trace: ModuleType, index: tuple[int, ...], x: Array, size: int, stride: None = None) -> str:
    seen = [x[at] for at in trace.pool_window(x, size, index=index, stride=stride)]
    return f"the largest of {', '.join(number(v) for v in seen)}"


def _through_sigmoid(
    trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array, size: int, stride: None = None
) -> tuple[str, ...]:
    routed = trace.pool_dx(dy, x, size, index=index, stride=stride)
    a = 1 / (1 + np.exp(-x[index]))
    return (
        "what the pool hands back, times a (1 - a) with a = sigmoid(x), at this entry",
        f"= {signed(routed.total)} × {number(a * (1 - a))} = {number(routed.total * a * (1 - a))}",
    )


def _examples() -> list[Case]:
    row = examples.pooling
    tied = np.array([[[[1.0, 3, 0, 2], [3, 2, 2, 1]]]])
    delta = np.array([[[[5.0, 7]]]])
    maps = np.array([[[[1.0, 2, 8, 3], [4, 3, 5, 6]], [[7, 2, 1, 4], [3, 1, 9, 2]]]])
    one = maps[:, :1]
    given = {
        "dy": row.dy.reshape(1, 1, 1, 3),
        "x": row.x.reshape(1, 1, 1, 4),
        "size": (1, 2),
        "stride": (1, 1),
    }
    return [
        Case("document 2's case: [1, 5, 7, 2], windows of 2, stride 1", given),
        Case("ties: [[1, 3, 0, 2], [3, 2, 2, 1]], windows 2x2", {"dy": delta, "x": tied, "size": 2}),
        Case("negative inputs", {"dy": delta, "x": -1 - one, "size": 2}),
        Case("two channels", {"dy": np.array([[[[5.0, 7]], [[2, 3]]]]), "x": maps, "size": 2}),
        Case("integers", {"dy": delta / 2, "x": one.astype(int), "size": 2}),
        Case(
            "windows of 1x2 on two rows",
            {"dy": np.array([[[[5.0, 7], [2, 3]]]]), "x": one, "size": (1, 2)},
        ),
    ]


def _forward_examples() -> list[Case]:
    return [Case(e.title, {k: v for k, v in e.arguments.items() if k != "dy"}) for e in _examples()]


def _sigmoid_examples() -> list[Case]:
    x = np.array([[[[0.0, 1, -1, 0.5], [-1, 0.5, 2, 1]]]])
    given = {"dy": np.array([[[[1.0, -2]]]]), "x": x, "size": 2}
    return [Case("a 2x4 map, sigmoid, then windows 2x2", given)]


STRIDE = {"stride": None}

TASKS = (
    Task(
        name="max_pool2d",
        group="pool",
        takes=("x", "size"),
        returns=("y",),
        options=STRIDE,
        right=max_pool2d,
        probes=partial(_probes, backward=False),
        plain=partial(_probes, backward=False, plain=True),
        terms={"y": _largest},
        chapter="max-pooling-routes",
        examples=_forward_examples,
    ),
    Task(
        name="max_pool2d_backward",
        group="pool",
        takes=("dy", "x", "size"),
        returns=("dx",),
        options=STRIDE,
        right=max_pool2d_backward,
        probes=partial(_probes, backward=True),
        plain=partial(_probes, backward=True, plain=True),
        terms={"dx": lambda trace, index, dy, x, size, **o: trace.pool_dx(dy, x, size, index=index, **o)},
        chapter="max-pooling-routes",
        examples=_examples,
    ),
    Task(
        name="sigmoid_max_pool2d_backward",
        group="sigmoidpool",
        takes=("dy", "x", "size"),
        returns=("dx",),
        options=STRIDE,
        right=sigmoid_max_pool2d_backward,
        probes=_sigmoid_probes,
        terms={"dx": _through_sigmoid},
        chapter="max-pooling-routes",
        says="For y = max_pool2d(sigmoid(x), size).",
        examples=_sigmoid_examples,
    ),
)
