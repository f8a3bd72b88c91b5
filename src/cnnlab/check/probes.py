"""The inputs on which a student's function is tried.

Small integers in floats, so that right answers are exact and a wrong one cannot hide in a tolerance. Sizes do not agree
by chance: unequal dimensions, one square kernel among others that are not, more than one example, channel and filter,
stride and padding, ties, overlapping windows and gaps between them, upstream gradients without symmetry. The first
probe is the simplest, because the first wrong entry is shown from it.
"""

from dataclasses import dataclass, field

import numpy as np

from cnnlab.misconceptions.right import conv as conv_forward
from cnnlab.misconceptions.right import conv_backward
from cnnlab.misconceptions.windows import out_sizes, pair


@dataclass(frozen=True)
class Probe:
    """One call: the arguments by name and in order, the keywords, what is special about it.

    tags    any of "batch", "channels", "stride", "padding", "integers", "ties", "overlap", "pair", "large", "square"
    story   what is asked here, if the arrays alone do not say so
    """

    arguments: dict
    options: dict = field(default_factory=dict)
    tags: frozenset = frozenset()
    story: str = ""

    @property
    def label(self) -> str:
        """The call in words: shapes and keywords."""
        shapes = [f"{name} {_shape(v)}" for name, v in self.arguments.items() if not callable(v)]
        return ", ".join(shapes + [f"{name}={_option(value)}" for name, value in self.options.items()])


def _shape(value) -> str:
    if isinstance(value, np.ndarray):
        return str(value.shape)
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], np.ndarray):
        return "[" + ", ".join(str(v.shape) for v in value) + "]"
    return str(value)


def _option(value) -> str:
    return _shape(value) if isinstance(value, (np.ndarray, list)) else str(value)


def numbers(*shape, seed: int, choices=(-5, -4, -3, -2, -1, 1, 2, 3, 4, 6)) -> np.ndarray:
    """An array of small numbers without symmetry and with a sum that is not 0; the same on every machine and version."""
    state, values = 7919 * (seed + 1), []
    for _ in range(int(np.prod(shape))):
        state = (state * 1103515245 + 12345) % 2**31
        values.append(choices[(state >> 16) % len(choices)])
    if sum(values) == 0 and 0 not in choices:
        values[-1] = choices[(choices.index(values[-1]) + 1) % len(choices)]
    return np.array(values, dtype=float).reshape(shape)


def _halves(*shape, seed: int) -> np.ndarray:
    return numbers(*shape, seed=seed, choices=(-2.5, -1.5, -0.5, 0.5, 1.5, 3.5))


def _tags(**present) -> frozenset:
    return frozenset(name for name, is_there in present.items() if is_there)


# N, C, K, input, kernel, stride, padding
CONV1D = (
    (1, 1, 1, (6,), (3,), 1, 0),
    (1, 1, 1, (5,), (4,), 1, 0),
    (2, 3, 4, (8,), (3,), 1, 0),
    (1, 2, 3, (8,), (3,), 2, 0),
    (2, 1, 3, (5,), (3,), 1, 1),
    (3, 2, 1, (7,), (4,), 2, 1),
    (2, 3, 1, (9,), (2,), 3, 2),
)
CONV2D = (
    (1, 1, 1, (5, 4), (2, 3), 1, 0),
    (1, 1, 1, (4, 3), (3, 2), 1, 0),
    (2, 3, 4, (5, 7), (2, 3), 1, 0),
    (1, 2, 3, (7, 8), (3, 2), 2, 0),
    (2, 1, 3, (4, 5), (3, 2), 1, 1),
    (3, 2, 1, (5, 8), (4, 3), 2, 1),
    (2, 3, 1, (7, 9), (2, 1), 3, 2),
    (1, 1, 1, (6, 5), (3, 3), 1, 0),
)
INTEGERS = {1: (2, 1, 3, (6,), (3,), 1, 0), 2: (2, 1, 3, (5, 4), (2, 3), 1, 0)}
PLAIN = {
    1: (((6,), (3,), 1, 0), ((5,), (4,), 1, 0), ((9,), (3,), 1, 0), ((8,), (3,), 2, 0), ((5,), (3,), 1, 1),
        ((7,), (4,), 2, 1), ((9,), (2,), 3, 2)),
    2: (((5, 4), (2, 3), 1, 0), ((4, 3), (3, 2), 1, 0), ((6, 7), (2, 3), 1, 0), ((7, 8), (3, 2), 2, 0),
        ((4, 5), (3, 2), 1, 1), ((5, 8), (4, 3), 2, 1), ((7, 9), (2, 1), 3, 2), ((6, 5), (3, 3), 1, 0)),
}  # fmt: skip


def conv(ndim: int, *, backward: bool, plain: bool = False, local: bool = False) -> list[Probe]:
    """Probes for a convolution, its backward, or the backward of a locally connected layer (`local`)."""
    sizes = [(1, 1, 1, *rest) for rest in PLAIN[ndim]] if plain else list((CONV1D, CONV2D)[ndim - 1])
    whole = (1, 1, 1, *INTEGERS[ndim][3:]) if plain else INTEGERS[ndim]
    return [
        _conv(*size, seed=10 * number, backward=backward, local=local) for number, size in enumerate(sizes)
    ] + [_conv(*whole, seed=95, backward=backward, local=local, integers=True)]


def _conv(n, c, k, inputs, kernel, stride, padding, *, seed, backward, local, integers=False) -> Probe:
    x, w = numbers(n, c, *inputs, seed=seed), numbers(k, c, *kernel, seed=seed + 1)
    b = numbers(k, seed=seed + 2)
    out = out_sizes(x, w, stride, padding)
    dy = (_halves if integers else numbers)(n, k, *out, seed=seed + 3)
    if local:
        w = numbers(*out, *w.shape, seed=seed + 4)
    if integers:
        x, w = x.astype(np.int64), w.astype(np.int64) if backward else w / 2
    options = {"stride": stride, "padding": padding}
    tags = _tags(
        batch=n > 1,
        channels=c > 1 or k > 1,
        stride=stride > 1,
        padding=padding > 0,
        integers=integers,
        square=kernel[0] == kernel[-1] and len(kernel) > 1,
    )
    return Probe({"dy": dy, "x": x, "w": w} if backward else {"x": x, "w": w, "b": b}, options, tags)


# N, C, input, size, stride, what the input is like
POOLS = (
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


def pool(*, backward: bool, plain: bool = False) -> list[Probe]:
    """Probes for max-pooling."""
    return [
        _pool(*((1, 1, *size[2:]) if plain else size), seed=10 * number, backward=backward)
        for number, size in enumerate(POOLS)
    ]


def _pool(n, c, inputs, size, stride, kind, *, seed, backward) -> Probe:
    if kind == "ties":
        x = numbers(n, c, *inputs, seed=seed, choices=(0, 0, 0, 1, 1, -1, 2))
        x[0, 0, :2, :2] = [[1, 3], [3, 2]]
    elif kind == "document":
        x = np.array([[[[1.0, 5, 7, 2], [4, 3, 8, 6]]]])  # the first row is the example of chapter 3
    else:
        # All different, so that no window has a tie.
        count = int(np.prod((n, c, *inputs)))
        x = _scattered(count, seed).reshape(n, c, *inputs) - count // 2
        x = x - x.max() - 1 if kind == "negative" else x
    (p, q), (s, t) = pair(size, 2), pair(size if stride is None else stride, 2)
    out = (inputs[0] - p) // s + 1, (inputs[1] - q) // t + 1
    dy = (_halves if kind == "integers" else numbers)(n, c, *out, seed=seed + 3)
    if kind == "integers":
        x = x.astype(np.int64)
    tags = _tags(
        batch=n > 1,
        channels=c > 1,
        ties=kind == "ties",
        overlap=s < p or t < q,
        stride=stride is not None,
        integers=kind == "integers",
        pair=not np.isscalar(size) or not (stride is None or np.isscalar(stride)),
    )
    arguments = {"dy": dy, "x": x, "size": size} if backward else {"x": x, "size": size}
    return Probe(arguments, {} if stride is None else {"stride": stride}, tags)


def _scattered(count: int, seed: int) -> np.ndarray:
    """0 to count - 1 in a fixed order without pattern."""
    keys, state = [], 104729 * (seed + 1)
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        keys.append(state)
    return np.argsort(np.argsort(keys)).astype(float)


# N, C, J, K, input, first kernel, second kernel
CHAINS = (
    (1, 1, 1, 1, (3, 3), (2, 2), (2, 2)),
    (1, 1, 1, 1, (6, 5), (2, 3), (3, 2)),
    (1, 1, 1, 1, (5, 7), (2, 2), (1, 3)),
    (2, 3, 2, 4, (6, 5), (3, 2), (2, 3)),
)


def chain(*, plain: bool = False) -> list[Probe]:
    """Probes for two convolutions, one after the other."""
    sizes = [size for size in CHAINS if not plain or size[:4] == (1, 1, 1, 1)]
    return [_chain(*size, seed=10 * number) for number, size in enumerate(sizes)]


def _chain(n, c, j, k, inputs, first, second, *, seed) -> Probe:
    x = numbers(n, c, *inputs, seed=seed)
    w1, w2 = numbers(j, c, *first, seed=seed + 1), numbers(k, j, *second, seed=seed + 2)
    out = tuple(a - p - q + 2 for a, p, q in zip(inputs, first, second, strict=True))
    dy = numbers(n, k, *out, seed=seed + 3)
    return Probe(
        {"dy": dy, "x": x, "w1": w1, "w2": w2}, tags=_tags(batch=n > 1, channels=c > 1 or j > 1 or k > 1)
    )


def dense() -> list[Probe]:
    """Probes for a fully connected layer: x (N, I), w (J, I)."""
    return [
        Probe(
            {"dy": numbers(n, j, seed=n), "x": numbers(n, i, seed=n + 1), "w": numbers(j, i, seed=n + 2)},
            tags=_tags(batch=n > 1),
        )
        for n, i, j in ((1, 4, 3), (2, 3, 5), (4, 5, 2))
    ]


def flatten_dense() -> list[Probe]:
    """Probes for a fully connected layer on maps: x (N, C, H, W), w (J, C H W)."""
    return [
        Probe(
            {
                "dy": numbers(n, j, seed=n),
                "x": numbers(n, *maps, seed=n + 1),
                "w": numbers(j, int(np.prod(maps)), seed=n + 2),
            },
            tags=_tags(batch=n > 1, channels=maps[0] > 1),
        )
        for n, maps, j in ((1, (1, 2, 3), 2), (1, (2, 3, 2), 3), (3, (2, 3, 4), 5))
    ]


def activation() -> list[Probe]:
    """Probes for an activation's backward; the second one has zeros in x."""
    return [
        Probe({"dy": numbers(5, seed=1), "x": np.array([-2.0, -0.5, 0.5, 1, 3])}),
        Probe({"dy": numbers(2, 4, seed=2), "x": numbers(2, 4, seed=3, choices=(-2, -1, 1, 2, 3))}),
        Probe(
            {"dy": numbers(3, 5, seed=4), "x": numbers(3, 5, seed=5, choices=(-1, 0, 0, 1, 2))},
            tags=_tags(ties=True),
        ),
    ]


def sigmoid_pool() -> list[Probe]:
    """Probes for a max-pool of a sigmoid: inputs small enough that the sigmoid stays alive."""
    found = []
    for number, (n, c, inputs, size, stride) in enumerate(
        ((1, 1, (4, 6), 2, None), (2, 3, (4, 6), 2, None), (1, 2, (5, 4), 3, 1))
    ):
        x = (_scattered(int(np.prod((n, c, *inputs))), number).reshape(n, c, *inputs) - 12) / 16
        (p, q), (s, t) = pair(size, 2), pair(size if stride is None else stride, 2)
        dy = numbers(n, c, (inputs[0] - p) // s + 1, (inputs[1] - q) // t + 1, seed=number)
        tags = _tags(batch=n > 1, channels=c > 1, stride=stride is not None, overlap=stride is not None)
        found.append(
            Probe({"dy": dy, "x": x, "size": size}, {} if stride is None else {"stride": stride}, tags)
        )
    return found


def softmax() -> list[Probe]:
    """Probes for softmax and cross-entropy; the last one has scores that overflow an exponential."""
    return [
        Probe({"x": np.array([[1.0, 3, 0]]), "labels": np.array([1])}),
        Probe({"x": numbers(2, 5, seed=2), "labels": np.array([4, 0])}, tags=_tags(batch=True)),
        Probe({"x": numbers(4, 3, seed=3), "labels": np.array([0, 2, 2, 1])}, tags=_tags(batch=True)),
        Probe(
            {"x": np.array([[1000.0, 998, 1001], [-1000, 2, 1]]), "labels": np.array([0, 2])},
            tags=_tags(batch=True, large=True),
        ),
    ]


def tie() -> list[Probe]:
    """Probes for the tying of per-connection gradients, positions first."""
    return [
        Probe({"dw": numbers(*o, *k, seed=len(o)), "db": numbers(*o, k[0], seed=len(o) + 1)})
        for o, k in (
            ((4,), (1, 1, 3)),
            ((5,), (2, 3, 4)),
            ((3, 2), (1, 1, 2, 4)),
            ((3, 4), (2, 5, 3, 2)),
        )
    ]


def sgd() -> list[Probe]:
    """Probes for one step with momentum: the first step, a later one, one without momentum."""
    params = [numbers(3, seed=1), numbers(2, 4, seed=2)]
    grads = [numbers(3, seed=3), numbers(2, 4, seed=4)]
    velocities = [numbers(3, seed=5), numbers(2, 4, seed=6)]
    arrays = {"params": params, "grads": grads, "velocities": velocities}
    return [
        Probe(arrays, {"rate": 0.5, "momentum": 0.75}),
        Probe(arrays, {"rate": 0.25, "momentum": 0.0}),
        Probe(arrays | {"velocities": None}, {"rate": 0.5, "momentum": 0.75}),
    ]


def momentum_step() -> list[Probe]:
    """Probes for a step of one shared parameter from its per-connection gradients."""
    return [
        Probe(
            {
                "w": numbers(*w, seed=n),
                "gradients": numbers(n, *w, seed=n + 1),
                "velocity": numbers(*w, seed=n + 2),
            },
            {"rate": rate, "momentum": momentum},
        )
        for n, w, rate, momentum in ((4, (3,), 0.5, 0.75), (3, (2, 4), 0.25, 0.5), (5, (2,), 0.5, 0.0))
    ]


def _bowl(scale: float):
    """f(x) = scale * sum of (j + 1) x_j^2 / 2 + x_j over all entries, and its gradient."""

    def f(x):
        weights = np.arange(1, x.size + 1).reshape(x.shape)
        return float(scale * np.sum(weights * x**2 / 2 + x))

    def gradient(x):
        weights = np.arange(1, x.size + 1).reshape(x.shape)
        return scale * (weights * x + 1)

    return f, gradient


def _layer():
    """f(w) = half the sum of squares of a convolution of a fixed signal, and its gradient."""
    signal = numbers(1, 1, 7, seed=3)

    def f(w):
        return float(np.sum(conv_forward(signal, w) ** 2) / 2)

    def gradient(w):
        return conv_backward(conv_forward(signal, w), signal, w)[1]

    return f, gradient


def checker() -> list[Probe]:
    """Probes for a student's gradient checker (f, gradient, x) -> bool: right gradients, and wrong ones of every kind."""
    x = np.array([[1.0, -2, 3], [0.5, 2, -1]])
    f, gradient = _bowl(1.0)
    g = gradient(x)
    small, small_gradient = _bowl(1e-7)
    large, large_gradient = _bowl(1e7)
    layer, layer_gradient = _layer()
    w = numbers(1, 1, 3, seed=8)
    cases = [
        (f, g, x, "a right gradient"),
        (layer, layer_gradient(w), w, "the right gradient of a convolution's kernel"),
        (f, -g, x, "a gradient of the wrong sign"),
        (f, 2 * g, x, "twice the gradient"),
        (f, g + _at(g, (0, 0)), x, "a gradient whose first entry is wrong by 1"),
        (f, g - _at(g, (1, 2)), x, "a gradient whose last entry is wrong by 1"),
        (f, g + 0.02 * g * _at(g, (1, 1)), x, "a gradient of which one entry is 2 percent too large"),
        (f, g[::-1, ::-1].copy(), x, "a gradient rotated by 180 degrees"),
        (f, g - np.abs(g) * _at(g, (0, 1)) * 3, x, "a gradient of which one entry is much too small"),
        (f, g + np.abs(g) * _at(g, (0, 1)) * 3, x, "a gradient of which one entry is much too large"),
        (layer, layer_gradient(w)[..., ::-1].copy(), w, "a convolution's kernel gradient, rotated"),
        (small, small_gradient(x), x, "a right gradient of about 1e-7"),
        (small, 2 * small_gradient(x), x, "twice a gradient of about 1e-7"),
        (large, large_gradient(x), x, "a right gradient of about 1e7"),
    ]
    return [
        Probe({"f": f, "gradient": g, "x": at}, story=f"It was given {story}.") for f, g, at, story in cases
    ]


def _at(like, index):
    one = np.zeros_like(like)
    one[index] = 1
    return one
