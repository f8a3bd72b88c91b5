"""Tasks around training: tying shared parameters, steps with momentum, a gradient checker."""

from collections.abc import Callable
from types import ModuleType

import numpy as np

from cnnlab.arrays import Array
from cnnlab.formatting import number, signed
from cnnlab.optim import sgd
from cnnlab.sharing import tie_gradients
from cnnlab.tasks.convolution import conv, conv_backward
from cnnlab.tasks.task import REQUIRED, Case, Probe, Task, numbers


def momentum_step(
    w: Array, gradients: Array, velocity: Array, rate: float, momentum: float
) -> tuple[Array, Array]:
    """One step for one shared parameter from its per-connection gradients (places first): (w, velocity)."""
    (w,), (velocity,) = sgd([w], [np.sum(gradients, axis=0)], [velocity], rate=rate, momentum=momentum)
    return w, velocity


def gradient_agrees(
    loss: Callable, gradient: Array, x: Array, step: float = 1e-5, tolerance: float = 1e-5
) -> bool:
    """Whether every entry agrees with its central difference, relative to the largest entry of either."""
    numeric = central_differences(loss, x, step)
    return bool(relative_difference(numeric, gradient) < tolerance)


def central_differences(f: Callable, x: Array, step: float = 1e-5) -> Array:
    """(f(x + h) - f(x - h)) / 2h, entry by entry."""
    result = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = np.array(x, float)
        moved[index] = x[index] + step
        high = f(moved)
        moved[index] = x[index] - step
        result[index] = (high - f(moved)) / (2 * step)
    return result


def relative_difference(a: Array, b: Array) -> float:
    """The largest difference over the largest entry of both."""
    return np.max(np.abs(a - b)) / max(np.max(np.abs(a)), np.max(np.abs(b)), 1e-300)


def _tie_probes() -> list[Probe]:
    return [
        Probe({"dw": numbers(*o, *k, seed=len(o)), "db": numbers(*o, k[0], seed=len(o) + 1)})
        for o, k in (
            ((4,), (1, 1, 3)),
            ((5,), (2, 3, 4)),
            ((3, 2), (1, 1, 2, 4)),
            ((3, 4), (2, 5, 3, 2)),
        )
    ]


def _sgd_probes() -> list[Probe]:
    """A later step, one without momentum, the first step."""
    params = [numbers(3, seed=1), numbers(2, 4, seed=2)]
    grads = [numbers(3, seed=3), numbers(2, 4, seed=4)]
    velocities = [numbers(3, seed=5), numbers(2, 4, seed=6)]
    arrays = {"params": params, "grads": grads, "velocities": velocities}
    return [
        Probe(arrays, {"rate": 0.5, "momentum": 0.75}),
        Probe(arrays, {"rate": 0.25, "momentum": 0.0}),
        Probe(arrays | {"velocities": None}, {"rate": 0.5, "momentum": 0.75}),
    ]


def _step_probes() -> list[Probe]:
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


def _bowl(scale: float) -> tuple[Callable, Callable]:
    """f(x) = scale * sum of (j + 1) x_j^2 / 2 + x_j over all entries, and its gradient."""

    def f(x: Array) -> float:
        weights = np.arange(1, x.size + 1).reshape(x.shape)
        return float(scale * np.sum(weights * x**2 / 2 + x))

    def gradient(x: Array) -> Array:
        weights = np.arange(1, x.size + 1).reshape(x.shape)
        return scale * (weights * x + 1)

    return f, gradient


def _layer() -> tuple[Callable, Callable]:
    """f(w) = half the sum of squares of a convolution of a fixed signal, and its gradient."""
    signal = numbers(1, 1, 7, seed=3)

    def f(w: Array) -> float:
        return float(np.sum(conv(signal, w) ** 2) / 2)

    def gradient(w: Array) -> Array:
        return conv_backward(conv(signal, w), signal, w)[1]

    return f, gradient


def _checker_probes() -> list[Probe]:
    """Right gradients, and wrong ones of every kind."""
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
        (f, g[::-1, ::-1].copy(), x, "a gradient turned by 180 degrees"),
        (f, g - np.abs(g) * _at(g, (0, 1)) * 3, x, "a gradient of which one entry is much too small"),
        (f, g + np.abs(g) * _at(g, (0, 1)) * 3, x, "a gradient of which one entry is much too large"),
        (layer, layer_gradient(w)[..., ::-1].copy(), w, "a convolution's kernel gradient, turned"),
        (small, small_gradient(x), x, "a right gradient of about 1e-7"),
        (small, 2 * small_gradient(x), x, "twice a gradient of about 1e-7"),
        (large, large_gradient(x), x, "a right gradient of about 1e7"),
    ]
    return [
        Probe({"loss": f, "gradient": g, "x": at}, story=f"It was given {story}.")
        for f, g, at, story in cases
    ]


def _at(like: Array, index: tuple[int, ...]) -> Array:
    one = np.zeros_like(like)
    one[index] = 1
    return one


def _tied(name: str) -> Callable:
    def lines(trace: ModuleType, index: tuple[int, ...], dw: Array, db: Array) -> tuple[str, ...]:
        array, axes = {"dw": dw, "db": db}[name], dw.ndim // 2 - 1
        terms = [array[(*at, *index)] for at in np.ndindex(*array.shape[:axes])]
        return "one term for each place:", f"= {' + '.join(map(signed, terms))} = {number(sum(terms))}"

    return lines


def _moved(
    trace: ModuleType,
    index: tuple[int, ...],
    w: Array,
    gradients: Array,
    velocity: Array,
    rate: float,
    momentum: float,
) -> tuple[str, ...]:
    g = gradients[(slice(None), *index)].sum()
    v = momentum * velocity[index] + g
    return (
        f"gradient = sum over the connections = {number(g)}",
        f"velocity = {number(momentum)} × {signed(velocity[index])} + {signed(g)} = {number(v)}",
        f"w = {number(w[index])} - {number(rate)} × {signed(v)} = {number(w[index] - rate * v)}",
    )


def _tie_examples() -> list[Case]:
    given = {"dw": np.array([[[[-0.1, -0.2]]], [[[0.4, 0.6]]]]), "db": np.array([[-0.1], [0.2]])}
    return [Case("document 5, the two parts of the gradient", given)]


def _step_examples() -> list[Case]:
    given = {
        "w": np.array([0.3, 0.5]),
        "gradients": np.array([[-0.1, -0.2], [0.4, 0.6]]),
        "velocity": np.array([1.0, -2.0]),
        "rate": 0.1,
        "momentum": 0.5,
    }
    return [Case("document 5's parts, velocity [1, -2], rate 0.1, momentum 0.5", given)]


def _sgd_examples() -> list[Case]:
    given = {
        "params": [np.array([0.3, 0.5])],
        "grads": [np.array([0.3, 0.4])],
        "velocities": [np.array([1.0, -2.0])],
        "rate": 0.1,
        "momentum": 0.5,
    }
    return [Case("document 5's gradient, velocity [1, -2], rate 0.1, momentum 0.5", given)]


def _checker_examples() -> list[Case]:
    x = np.array([1.0, -2, 4])

    def squares(scale: float = 1.0) -> Callable:
        return lambda x: float(scale * np.sum(x**2) / 2)

    cases = [
        ("is x the gradient of 1/2 sum x^2 at [1, -2, 4]?", squares(), x),
        ("is -x?", squares(), -x),
        ("is twice x?", squares(), 2 * x),
        ("is x in another order, [-2, 1, 4]?", squares(), np.array([-2.0, 1, 4])),
        ("is [1, -2, 5]?", squares(), np.array([1.0, -2, 5])),
        ("is [2, -2, 4]?", squares(), np.array([2.0, -2, 4])),
        ("is [1, -2, 9]?", squares(), np.array([1.0, -2, 9])),
        ("is [1, -2, -4]?", squares(), np.array([1.0, -2, -4])),
        ("is [1, -2, 4.1]?", squares(), np.array([1.0, -2, 4.1])),
        ("is 2e-6 x the gradient of 1e-6 / 2 sum x^2?", squares(1e-6), 2e-6 * x),
    ]
    return [Case(title, {"loss": f, "gradient": g, "x": x}) for title, f, g in cases]


STEP = {"rate": REQUIRED, "momentum": REQUIRED}
CHAPTER = "one-weight-many-connections"

TASKS = (
    Task(
        name="tie_gradients",
        group="tie",
        takes=("dw", "db"),
        returns=("dw", "db"),
        right=tie_gradients,
        probes=_tie_probes,
        terms={"dw": _tied("dw"), "db": _tied("db")},
        chapter=CHAPTER,
        says="Adds the per-connection gradients, places first, in one and two dimensions.",
        examples=_tie_examples,
    ),
    Task(
        name="sgd",
        group="sgd",
        takes=("params", "grads", "velocities"),
        returns=("params", "velocities"),
        options=STEP,
        right=sgd,
        probes=_sgd_probes,
        chapter=CHAPTER,
        says="Takes and returns sequences of arrays.",
        examples=_sgd_examples,
    ),
    Task(
        name="momentum_step",
        group="step",
        takes=("w", "gradients", "velocity"),
        returns=("w", "velocity"),
        options=STEP,
        right=momentum_step,
        probes=_step_probes,
        terms={"w": _moved, "velocity": _moved},
        chapter=CHAPTER,
        says="""One step of one shared parameter. `gradients` has the per-connection gradients, places first. They are
    added, then velocity = momentum * velocity + gradient and w = w - rate * velocity.""",
        examples=_step_examples,
    ),
    Task(
        name="gradient_checker",
        group="checker",
        takes=("loss", "gradient", "x"),
        returns=("agrees",),
        right=gradient_agrees,
        probes=_checker_probes,
        chapter="whole-network",
        says="""`agrees` is True or False: does `gradient`, an array, belong to the function `loss` at x?
    `loss` takes an array of the shape of x and returns a number. Right gradients are given, and wrong ones.""",
        examples=_checker_examples,
    ),
)
