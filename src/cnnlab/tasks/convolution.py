"""Tasks around convolutions: forward, backward, without sharing, and two of them in a row."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from cnnlab import examples
from cnnlab.arrays import Array, Shape, output_sizes
from cnnlab.conv import conv1d, conv1d_backward, conv2d, conv2d_backward
from cnnlab.formatting import number, signed
from cnnlab.sharing import local1d_backward, local2d_backward
from cnnlab.tasks.task import Case, Probe, Task, halves, numbers, renamed, tags


def conv(x: Array, w: Array, b: Array | None = None, **options: Any) -> Array:
    return (conv1d if x.ndim == 3 else conv2d)(x, w, b, **options)


def conv_backward(dy: Array, x: Array, w: Array, **options: Any) -> tuple[Array, Array, Array]:
    return (conv1d_backward if x.ndim == 3 else conv2d_backward)(dy, x, w, **options)


def local_backward(dy: Array, x: Array, w: Array, **options: Any) -> tuple[Array, Array, Array]:
    return (local1d_backward if x.ndim == 3 else local2d_backward)(dy, x, w, **options)


def two_convolutions_backward(dy: Array, x: Array, w1: Array, w2: Array) -> tuple[Array, Array]:
    """Gradients of y = conv(conv(x, w1), w2): (dw1, dw2)."""
    dh, dw2, _ = conv_backward(dy, conv(x, w1), w2)
    return conv_backward(dh, x, w1)[1], dw2


# N, C, K, input, kernel, stride, padding
SIZES = {
    1: (
        (1, 1, 1, (6,), (3,), 1, 0),
        (1, 1, 1, (5,), (4,), 1, 0),
        (2, 3, 4, (8,), (3,), 1, 0),
        (1, 2, 3, (8,), (3,), 2, 0),
        (2, 1, 3, (5,), (3,), 1, 1),
        (3, 2, 1, (7,), (4,), 2, 1),
        (2, 3, 1, (9,), (2,), 3, 2),
    ),
    2: (
        (1, 1, 1, (5, 4), (2, 3), 1, 0),
        (1, 1, 1, (4, 3), (3, 2), 1, 0),
        (2, 3, 4, (5, 7), (2, 3), 1, 0),
        (1, 2, 3, (7, 8), (3, 2), 2, 0),
        (2, 1, 3, (4, 5), (3, 2), 1, 1),
        (3, 2, 1, (5, 8), (4, 3), 2, 1),
        (2, 3, 1, (7, 9), (2, 1), 3, 2),
        (1, 1, 1, (6, 5), (3, 3), 1, 0),
    ),
}
# As above, then dilation and groups
SPREAD = {
    1: (
        (1, 1, 1, (9,), (3,), 1, 0, 2, 1),
        (2, 3, 2, (12,), (3,), 2, 2, 3, 1),
        (1, 4, 6, (6,), (3,), 1, 0, 1, 2),
        (2, 6, 9, (8,), (2,), 2, 1, 1, 3),
        (1, 4, 6, (11,), (3,), 1, 1, 2, 2),
    ),
    2: (
        (1, 1, 1, (7, 6), (3, 2), 1, 0, 2, 1),
        (2, 3, 2, (9, 10), (2, 3), 2, 2, 3, 1),
        (1, 4, 6, (4, 5), (2, 3), 1, 0, 1, 2),
        (2, 6, 9, (5, 4), (3, 2), 2, 1, 1, 3),
        (1, 4, 6, (6, 8), (2, 3), 1, 1, 2, 2),
    ),
}
INTEGERS = {1: (2, 1, 3, (6,), (3,), 1, 0), 2: (2, 1, 3, (5, 4), (2, 3), 1, 0)}
PLAIN = {1: {2: (9,)}, 2: {2: (6, 7)}}  # inputs that are larger than those with channels, by number
CHAINS = (  # N, C, J, K, input, first kernel, second kernel
    (1, 1, 1, 1, (3, 3), (2, 2), (2, 2)),
    (1, 1, 1, 1, (6, 5), (2, 3), (3, 2)),
    (1, 1, 1, 1, (5, 7), (2, 2), (1, 3)),
    (2, 3, 2, 4, (6, 5), (3, 2), (2, 3)),
)


def probes(ndim: int, *, backward: bool, plain: bool = False, local: bool = False) -> list[Probe]:
    sizes, whole, spread = list(SIZES[ndim]), INTEGERS[ndim], list(SPREAD[ndim])
    if plain:
        inputs = PLAIN[ndim]
        sizes = [(1, 1, 1, inputs.get(number, size[3]), *size[4:]) for number, size in enumerate(sizes)]
        whole = (1, 1, 1, *whole[3:])
        spread = [(1, 1, 1, *size[3:]) for size in spread if size[-1] == 1]
    make: Callable[..., Probe] = partial(_probe, backward=backward, local=local)
    return [
        *(make(*size, seed=10 * number) for number, size in enumerate(sizes)),
        make(*whole, seed=95, integers=True),
        *(make(*size, seed=100 + 10 * number) for number, size in enumerate(spread) if not local),
    ]


def _probe(
    n: int,
    c: int,
    k: int,
    inputs: Shape,
    kernel: Shape,
    stride: int,
    padding: int,
    dilation: int = 1,
    groups: int = 1,
    *,
    seed: int,
    backward: bool,
    local: bool,
    integers: bool = False,
) -> Probe:
    x, w = numbers(n, c, *inputs, seed=seed), numbers(k, c // groups, *kernel, seed=seed + 1)
    b = numbers(k, seed=seed + 2)
    rank = len(kernel)
    how = ((value,) * rank for value in (stride, padding, dilation))
    out = output_sizes("probe", inputs, kernel, *how)
    dy = (halves if integers else numbers)(n, k, *out, seed=seed + 3)
    if local:
        w = numbers(*out, *w.shape, seed=seed + 4)
    if integers:
        x, w = x.astype(np.int64), w.astype(np.int64) if backward else w / 2
    special = tags(
        batch=n > 1,
        channels=c > 1 or k > 1,
        stride=stride > 1,
        padding=padding > 0,
        dilation=dilation > 1,
        groups=groups > 1,
        integers=integers,
        square=rank > 1 and kernel[0] == kernel[1],
    )
    arguments = {"dy": dy, "x": x, "w": w} if backward else {"x": x, "w": w, "b": b}
    options = {"stride": stride, "padding": padding}
    more = {name: value for name, value in (("dilation", dilation), ("groups", groups)) if value > 1}
    return Probe(arguments, options | more, special)


def _chains(*, plain: bool = False) -> list[Probe]:
    sizes = [size for size in CHAINS if not plain or size[:4] == (1, 1, 1, 1)]
    return [_chain(*size, seed=10 * number) for number, size in enumerate(sizes)]


def _chain(n: int, c: int, j: int, k: int, inputs: Shape, first: Shape, second: Shape, *, seed: int) -> Probe:
    x = numbers(n, c, *inputs, seed=seed)
    w1, w2 = numbers(j, c, *first, seed=seed + 1), numbers(k, j, *second, seed=seed + 2)
    out = tuple(a - p - q + 2 for a, p, q in zip(inputs, first, second, strict=True))
    dy = numbers(n, k, *out, seed=seed + 3)
    return Probe(
        {"dy": dy, "x": x, "w1": w1, "w2": w2}, tags=tags(batch=n > 1, channels=c > 1 or j > 1 or k > 1)
    )


def _of_first_kernel(
    trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array, w1: Array, w2: Array
) -> tuple[Any, str]:
    delta = conv_backward(dy, conv(x, w1), w2)[0]
    entry = renamed(trace.conv_dw(delta, x, w1, index=index), {"dy": "dh"})
    return entry, "where dh is the input gradient of the second convolution"


def _of_second_kernel(
    trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array, w1: Array, w2: Array
) -> tuple[Any, str]:
    entry = renamed(trace.conv_dw(dy, conv(x, w1), w2, index=index), {"x": "h"})
    return entry, "where h is the output of the first convolution"


def _examples() -> list[Case]:
    short, long, image = examples.one_dimension, examples.one_dimension_longer, examples.two_dimensions
    given = {"x": long.x, "w": long.w}
    batch = {
        "dy": np.array([[[1.0, 2], [0, -1]], [[2, 1], [3, -2]]]),
        "x": np.array([[[1.0, 2, 0], [3, 1, 2]], [[0, 1, 4], [2, 5, 1]]]),
        "w": np.array([[[1.0, -1], [2, 3]], [[2, 1], [0, 4]]]),
    }
    grouped = {
        "dy": np.array([[[1.0, 2], [0, -1], [2, 1], [3, -2]]]),
        "x": np.array([[[1.0, 2], [3, 1], [0, 4], [2, 5]]]),
        "w": np.array([[[1.0], [2]], [[0], [3]], [[2], [-1]], [[1], [4]]]),
        "groups": 2,
    }
    kernel = np.zeros((1, 1, 2, 2)) + examples.two_dimensions_network.w
    return [
        Case("document 5, one dimension", {"dy": short.dy, "x": short.x, "w": short.w}),
        Case("six inputs, three weights", {"dy": long.dy, **given}),
        Case("six inputs, three weights, stride 2", {"dy": long.dy[..., :2], **given, "stride": 2}),
        Case(
            "six inputs, three weights, padding 1",
            {"dy": np.array([[[2.0, 1, -1, 2, 3, 1]]]), **given, "padding": 1},
        ),
        Case("document 3, two dimensions", {"dy": image.dy, "x": image.x, "w": kernel}),
        Case("two examples, two channels, two filters", batch),
        Case(
            "six inputs, three weights, both integers",
            {"dy": long.dy / 2, "x": long.x.astype(int), "w": long.w.astype(int)},
        ),
        Case("six inputs, three weights, dilation 2", {"dy": long.dy[..., :2], **given, "dilation": 2}),
        Case("four channels of two inputs, four kernels of one weight a channel, two groups", grouped),
    ]


def _forward_examples() -> list[Case]:
    found = []
    for example in _examples():
        arguments = {k: v for k, v in example.arguments.items() if k != "dy"}
        if arguments["x"].dtype.kind == "i":
            arguments["w"] = arguments["w"] / 2
        arguments["b"] = np.arange(1.0, 1 + len(arguments["w"]))
        title = example.title.replace(", both integers", ", integer inputs")
        biases = {1: "bias 1", 2: "biases 1 and 2"}.get(
            len(arguments["b"]), f"biases 1 to {len(arguments['b'])}"
        )
        found.append(Case(f"{title}, {biases}", arguments))
    return found


def _local_examples() -> list[Case]:
    arguments = {
        "dy": np.array([[[-0.1, 0.2]]]),
        "x": examples.one_dimension.x,
        "w": np.array([[[[0.3, 0.5]]], [[[0.3, 0.5]]]]),
    }
    return [Case("document 5 with a kernel for each place", arguments)]


def _chain_examples() -> list[Case]:
    e = examples.two_convolutions
    longer = {
        "dy": np.array([[[[1.0, -2], [3, 1]]]]),
        "x": np.array([[[[1.0, 2, 0, 1], [3, 1, 2, 0], [0, 2, 4, 1], [1, 0, 2, 3]]]]),
        "w1": e.w1,
        "w2": e.w2,
    }
    dy = 2 * (conv(conv(e.x, e.w1), e.w2) - e.t)
    return [
        Case("document 4, dy = 2 (y - t)", {"dy": dy, "x": e.x, "w1": e.w1, "w2": e.w2}),
        Case("the same kernels on a 4x4 input", longer),
    ]


GEOMETRY = {"stride": 1, "padding": 0}
SPREADING = {"dilation": 1, "groups": 1}


def _forward(ndim: int, chapter: str, shown: Callable = tuple) -> Task:
    return Task(
        name=f"conv{ndim}d",
        group="conv",
        takes=("x", "w", "b"),
        returns=("y",),
        options=GEOMETRY,
        asked=SPREADING,
        right=conv,
        probes=partial(probes, ndim, backward=False),
        plain=partial(probes, ndim, backward=False, plain=True),
        terms={"y": lambda trace, index, x, w, b=None, **o: trace.conv_y(x, w, b, index=index, **o)},
        chapter=chapter,
        examples=shown,
    )


def _backward(ndim: int, chapter: str, shown: Callable = tuple) -> Task:
    return Task(
        name=f"conv{ndim}d_backward",
        group="conv",
        takes=("dy", "x", "w"),
        returns=("dx", "dw", "db"),
        options=GEOMETRY,
        asked=SPREADING,
        right=conv_backward,
        probes=partial(probes, ndim, backward=True),
        plain=partial(probes, ndim, backward=True, plain=True),
        terms={
            "dx": lambda trace, index, dy, x, w, **o: trace.conv_dx(dy, x, w, index=index, **o),
            "dw": lambda trace, index, dy, x, w, **o: trace.conv_dw(dy, x, w, index=index, **o),
            "db": lambda trace, index, dy, **_: trace.conv_db(dy, index=index),
        },
        chapter=chapter,
        examples=shown,
    )


def _of_private_kernels(
    trace: ModuleType, index: tuple[int, ...], dy: Array, x: Array, w: Array, **options: Any
) -> tuple[str, ...]:
    """What the delta of each place hands back to one input."""
    shares = []
    for place in np.ndindex(*dy.shape[2:]):
        alone = np.zeros(dy.shape)
        alone[(..., *place)] = dy[(..., *place)]
        shares.append(float(local_backward(alone, x, w, **options)[0][index]))
    terms = [share for share in shares if share] or [0]
    return (
        "one share from each place whose window holds it:",
        f"= {' + '.join(map(signed, terms))} = {number(sum(terms))}",
    )


def _local(ndim: int, position: str, shown: Callable = tuple) -> Task:
    return Task(
        name=f"local{ndim}d_backward",
        group="local",
        takes=("dy", "x", "w"),
        returns=("dx", "dw", "db"),
        options=GEOMETRY,
        right=local_backward,
        probes=partial(probes, ndim, backward=True, local=True),
        terms={"dx": _of_private_kernels},
        chapter="one-weight-many-connections",
        says=f"A kernel {position} for each place, as in cnnlab.sharing.",
        examples=shown,
    )


TASKS = (
    _forward(1, "one-dimension-by-hand", _forward_examples),
    _backward(1, "one-dimension-by-hand", _examples),
    _forward(2, "two-dimensions"),
    _backward(2, "two-dimensions"),
    _local(1, "w[i]", _local_examples),
    _local(2, "w[i, j]"),
    Task(
        name="two_convolutions_backward",
        group="chain",
        takes=("dy", "x", "w1", "w2"),
        returns=("dw1", "dw2"),
        right=two_convolutions_backward,
        probes=_chains,
        plain=partial(_chains, plain=True),
        terms={"dw1": _of_first_kernel, "dw2": _of_second_kernel},
        chapter="two-convolutions",
        says="For y = conv2d(conv2d(x, w1), w2), without biases.",
        examples=_chain_examples,
    ),
)
