"""Mistakes that can happen in any backward pass: the sign, the upstream gradient, the shape, the memory."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnlab.arrays import Array, Sizes
from cnnlab.misconceptions.table import RIGHT, Change, Misconception, to
from cnnlab.misconceptions.windows import crop, each_spatial, flat, pair, scatter, windows
from cnnlab.tasks.convolution import conv

CONVOLUTION = "conv.dx conv.dw conv.db"
LAYERS = (
    f"{CONVOLUTION} pool.dx dense.dx dense.dw dense.db flatten.dx flatten.dw flatten.db chain.dw1 chain.dw2"
)
DELTAS = "sigmoid.dx relu.dx sigmoidpool.dx"
EVERY = f"{LAYERS} {DELTAS} softmax.dx local.dx local.dw local.db tie.dw tie.db"


def _upstream(function: Callable) -> Change:
    """The upstream gradient replaced by something made of it."""
    return Change(before=lambda arguments: arguments | {"dy": function(arguments)})


def _summed(arguments: dict) -> Array:
    dy = np.asarray(arguments["dy"], float)
    axes = tuple(range(2, dy.ndim)) or (0,)
    return np.broadcast_to(dy.sum(axis=axes, keepdims=True), dy.shape)


def _output(arguments: dict) -> Array:
    given = {name: value for name, value in arguments.items() if name != "dy"}
    if "size" in given:
        return RIGHT["pool.y"](**given)
    if "w" in given and given["x"].ndim == given["w"].ndim > 2:
        return conv(**given)
    return np.asarray(given["x"], float)


def _truncated(result: Any, arguments: dict) -> Array:
    return np.trunc(result)


def _truncated_kernel(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """dw collected number by number in an array of integers, which cuts the fraction off after every addition."""
    X, D = windows(x, w, stride, padding), flat(dy)
    dw = np.zeros((w.shape[0], w.shape[1], X.shape[3]))
    for n in range(X.shape[0]):
        for p in range(X.shape[2]):
            dw = np.trunc(dw + D[n, :, p][:, None, None] * X[n, :, p][None])
    return dw.reshape(w.shape)


def _integers_only(wrong: Callable) -> Callable:
    """A mistake that only shows when the array it copies its dtype from holds integers."""

    def guarded(like: str, target: str) -> Callable:
        def formula(**arguments: Any) -> Array:
            right = RIGHT[target](**arguments)
            return wrong(right, arguments) if np.asarray(arguments[like]).dtype.kind in "iu" else right

        return formula

    return guarded


_swallowed = _integers_only(_truncated)


def _truncated_input(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """dx collected window by window in an array of integers, number by number."""
    columns = np.einsum("kcm,nkp->nkcpm", flat(w), flat(dy))
    kernels, positions = columns.shape[1], columns.shape[3]
    dx = np.zeros(
        (*x.shape[:2], *(n + 2 * p for n, p in zip(x.shape[2:], pair(padding, x.ndim - 2), strict=True)))
    )
    for k in range(kernels):
        for p in range(positions):
            one = np.zeros(columns[:, 0].shape)
            one[:, :, p] = columns[:, k, :, p]
            dx = np.trunc(dx + scatter(one, x, w, stride, padding))
    return crop(dx, x, padding)


def _swallowed_in_windows(**arguments: Any) -> Array:
    formula = _truncated_input if np.asarray(arguments["x"]).dtype.kind in "iu" else RIGHT["conv.dx"]
    return formula(**arguments)


def _swallowed_by_number(**arguments: Any) -> Array:
    formula = _truncated_kernel if np.asarray(arguments["w"]).dtype.kind in "iu" else RIGHT["conv.dw"]
    return formula(**arguments)


def _adds_to_earlier_calls(function: Callable) -> Callable:
    """A right function that keeps its sum from call to call."""
    kept = {}

    def keeping(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        arrays = result if isinstance(result, tuple) else (result,)
        key = tuple(np.shape(a) for a in arrays)
        total = tuple(old + new for old, new in zip(kept.get(key, (0,) * len(arrays)), arrays, strict=True))
        kept[key] = total
        return total if isinstance(result, tuple) else total[0]

    return keeping


def _changes_its_arguments(function: Callable) -> Callable:
    """A right function that leaves its first argument doubled."""

    def changing(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        first = arguments[0][0] if isinstance(arguments[0], (list, tuple)) else arguments[0]
        first *= 2
        return result

    return changing


def _returns_backwards(function: Callable) -> Callable:
    def backwards(*arguments: Any, **options: Any) -> Any:
        return function(*arguments, **options)[::-1]

    return backwards


def _returns_flat(function: Callable) -> Callable:
    def raveled(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        return tuple(np.ravel(a) for a in result) if isinstance(result, tuple) else np.ravel(result)

    return raveled


ENTRIES = (
    Misconception(
        id="wrong-sign",
        name="the wrong sign",
        wrong=to(EVERY, Change(after=lambda result, arguments: -result)),
        tempting="The minus of the update, or of t - y, slips into the gradient.",
        why="The gradient points uphill; the step subtracts it.",
        hint="Nudge one weight up by a little and see whether the loss grows.",
        chapter="one-weight-many-connections",
        section="the-code",
        hides="A gradient of zero.",
    ),
    Misconception(
        id="times-two",
        name="twice the gradient",
        wrong=to(EVERY, Change(after=lambda result, arguments: 2 * result)),
        tempting="The 2 of a squared error is put into the layer, or a term is counted twice.",
        why="The factor belongs to the loss, which hands it down inside dy once.",
        hint="Which loss has the half in front, and does dy already contain the factor?",
        chapter="two-convolutions",
        section="the-second-layer-the-asker-is-right",
        hides="A gradient of zero.",
    ),
    Misconception(
        id="halved",
        name="half the gradient",
        wrong=to(EVERY, Change(after=lambda result, arguments: result / 2)),
        tempting="The 1/2 of the loss is kept although the derivative has used it up.",
        why="A half in front of the loss belongs to the loss, and dy already contains it.",
        hint="Derive 1/2 (t - y)^2 with pencil and paper.",
        chapter="before-you-start",
        section="the-chain-rule-adds-over-paths",
        hides="A gradient of zero.",
    ),
    Misconception(
        id="upstream-ignored",
        name="the upstream gradient ignored, as if it were all ones",
        wrong=to(
            f"{LAYERS} {DELTAS} local.dx local.dw local.db",
            _upstream(lambda a: np.ones_like(a["dy"], dtype=float)),
        ),
        tempting="The derivative of y itself is what one derives on paper.",
        why="The chain rule multiplies that derivative by dC/dy, which is dy.",
        hint="Where in your code does dy appear?",
        chapter="before-you-start",
        section="the-chain-rule-adds-over-paths",
        hides="An upstream gradient of ones, which is what calling backward on a sum gives.",
    ),
    Misconception(
        id="upstream-reversed",
        name="the upstream gradient turned by 180 degrees",
        wrong=to("conv.dx conv.dw pool.dx", _upstream(lambda a: each_spatial(a["dy"], np.flip))),
        tempting="numpy.convolve turns its second argument, which here is the delta.",
        why="Delta i belongs to window i; turned, it is paired with the window at the other end.",
        hint="numpy.convolve turns its second argument, numpy.correlate does not.",
        chapter="two-dimensions",
        section="from-the-convolution-to-the-kernel",
        hides="An upstream gradient that reads the same from both ends.",
    ),
    Misconception(
        id="upstream-summed",
        name="the upstream gradient summed before it is used",
        wrong=to("conv.dx conv.dw pool.dx local.dx local.dw dense.dw", _upstream(_summed)),
        tempting="The weight is shared, so one number for all its deltas seems enough.",
        why="Each delta belongs to one connection and meets the input of that connection only.",
        hint="Multiply inside each connection first, then add over the connections.",
        chapter="two-convolutions",
        section="the-asker-s-answer-product-of-sums",
        hides="One place.",
    ),
    Misconception(
        id="upstream-is-output",
        name="the layer's output in place of the upstream gradient",
        wrong=to("conv.dx conv.dw conv.db pool.dx sigmoid.dx relu.dx", _upstream(_output)),
        tempting="dz is written where z was meant, or z where dz was.",
        why="What comes back is a gradient, dC/dy; y itself is what the forward pass gave.",
        hint="Which of your variables are values, and which are gradients?",
        chapter="before-you-start",
        section="gradients-are-named-after-what-they-belong-to",
        hides="A loss of half the sum of squares with target 0, where dy is y.",
    ),
    Misconception(
        id="integer-zeros",
        name="fractions swallowed by an array of integers",
        wrong={
            "conv.dw": (_swallowed("w", "conv.dw"), _swallowed_by_number),
            "conv.dx": (_swallowed("x", "conv.dx"), _swallowed_in_windows),
            "conv.y": _swallowed("x", "conv.y"),
            "pool.dx": _swallowed("x", "pool.dx"),
        },
        tempting="zeros_like(w) gives an array like w, and here w holds integers.",
        why="An array of integers has no room for fractions: it cuts them off, or refuses a whole array of them.",
        hint="Ask for floats: zeros(w.shape), or zeros_like(w, dtype=float).",
        chapter="one-dimension-by-hand",
        section="the-code",
        hides="Arrays of floats; integer results.",
    ),
    Misconception(
        id="state-kept",
        name="something kept from one call to the next",
        wrong={},
        tempting="Gradients are collected in a global or in a default argument, as PyTorch does in .grad.",
        why="The second call returns the sum of both; a function should depend on its arguments only.",
        hint="Call it twice with the same arguments. Create the array of zeros inside the function.",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="One call.",
        conduct=_adds_to_earlier_calls,
    ),
    Misconception(
        id="argument-modified",
        name="an argument modified in place",
        wrong={},
        tempting="dy *= mask and x += b are short.",
        why="The caller still needs these arrays, and would go on with other numbers than it gave.",
        hint="Write v = m * v, which makes a new array, where v *= m changes the old one; or begin with a copy.",
        chapter="one-dimension-by-hand",
        section="the-check",
        hides="Callers who do not look at their arrays again.",
        conduct=_changes_its_arguments,
    ),
    Misconception(
        id="wrong-order",
        name="the right arrays in another order",
        wrong={},
        tempting="Everyone orders the returned gradients differently.",
        why="Whoever calls the function takes its results by their places.",
        hint="Look at the order of the returned names in the exercise.",
        chapter="one-dimension-by-hand",
        section="the-check",
        hides="Arrays that happen to be equal.",
        conduct=_returns_backwards,
    ),
    Misconception(
        id="wrong-shape",
        name="the right numbers in another shape",
        wrong={},
        tempting="Flattened arrays and missing axes of length 1 print much the same.",
        why="Whoever uses the array next goes by its shape: an update with another one fails or broadcasts.",
        hint="Compare the shape of your result with the expected one: reshape it, or take axes of length 1 off.",
        chapter="one-dimension-by-hand",
        section="the-check",
        hides="Tests that compare flattened arrays.",
        conduct=_returns_flat,
    ),
)
