"""Mistakes in the other layers of a network: activations, fully connected layers, two convolutions, softmax.

Targets: sigmoid.dx, relu.dx, sigmoidpool.dx (max-pooling of a sigmoid), dense.*, flatten.* (a dense layer on
flattened maps), chain.dw1, chain.dw2 (two convolutions), softmax.loss, softmax.dx.
"""

from collections.abc import Callable

import numpy as np

from cnnlab.activations import sigmoid, sigmoid_backward, softmax
from cnnlab.arrays import Array, Sizes
from cnnlab.misconceptions.table import Change, Misconception
from cnnlab.misconceptions.windows import each_spatial, flat, sum_of, windows
from cnnlab.pool import max_pool2d, max_pool2d_backward
from cnnlab.tasks.convolution import conv, conv_backward


def _slope(a: Array) -> Array:
    """The sigmoid's derivative written with its value, a (1 - a)."""
    return a * (1 - a)


def _pooled_slope(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
    return dy * _slope(max_pool2d(sigmoid(x), size, stride=stride))


def _unpooled(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
    return max_pool2d_backward(dy, sigmoid(x), size, stride=stride)


def _hidden_delta(dy: Array, x: Array, w1: Array, w2: Array) -> Array:
    return conv_backward(dy, conv(x, w1), w2)[0]


def _summed_hidden_delta(dy: Array, x: Array, w1: Array, w2: Array) -> Array:
    """The asker's: all inputs of the weight, times all deltas of the hidden layer."""
    delta = flat(_hidden_delta(dy, x, w1, w2))
    return sum_of("ncpm,nkq->kcm", windows(x, w1, 1, 0), delta).reshape(w1.shape)


def _own_path(dy: Array, x: Array, w1: Array, w2: Array) -> Array:
    """Only the output that has the hidden neuron's own index gets a share of its delta, through the first weight."""
    delta = np.zeros_like(conv(x, w1))
    spans = (slice(None), slice(None), *(slice(0, n) for n in dy.shape[2:]))
    first = w2[(slice(None), slice(None), *[0] * (w2.ndim - 2))]
    delta[spans] = np.einsum("kc,nk...->nc...", first, dy)
    return conv_backward(delta, x, w1)[1]


def _first_column_major(x: Array) -> Array:
    return np.swapaxes(x, -1, -2).reshape(len(x), -1)


def _back_column_major(rows: Array, shape: tuple[int, ...]) -> Array:
    return np.swapaxes(rows.reshape(*shape[:2], shape[3], shape[2]), -1, -2)


def _channels_last(x: Array) -> Array:
    return np.moveaxis(x, 1, -1).reshape(len(x), -1)


def _back_channels_last(rows: Array, shape: tuple[int, ...]) -> Array:
    return np.moveaxis(rows.reshape(shape[0], *shape[2:], shape[1]), -1, 1)


def _onehot(x: Array, labels: Array) -> Array:
    return np.eye(x.shape[1])[labels]


def _softmax_of(x: Array, axis: int | None) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _softmax_dx(delta: Callable) -> Callable:
    """A gradient from a formula (p, onehot) -> delta, divided by the batch."""
    return lambda x, labels: delta(softmax(x), _onehot(x, labels)) / len(x)


def _naive_softmax(x: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


def _picked(p: Array, labels: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.log(p[np.arange(len(p)), labels])


ENTRIES = (
    Misconception(
        id="derivative-forgotten",
        name="the activation's derivative forgotten",
        wrong={
            "sigmoid.dx": lambda dy, x: dy,
            "relu.dx": lambda dy, x: dy,
            "sigmoidpool.dx": _unpooled,
        },
        tempting="The delta seems to pass through the activation as it is.",
        why="A small change of z changes a by sigma'(z) times as much, so the delta is multiplied by it.",
        hint="Which line multiplies by the derivative of the activation?",
        chapter="whole-network",
        section="the-activation",
        hides="The identity; it trains nearly as well, so accuracy does not show it.",
    ),
    Misconception(
        id="derivative-twice",
        name="the activation's derivative applied twice",
        wrong={
            "sigmoid.dx": lambda dy, x: dy * _slope(sigmoid(x)) ** 2,
            "sigmoidpool.dx": lambda dy, x, size, stride=None: (
                _unpooled(_pooled_slope(dy, x, size, stride), x, size, stride) * _slope(sigmoid(x))
            ),
        },
        tempting="The equations of document 2 have sigma' at the pool and again at the convolution.",
        why="The activation stands at one place in the network, and its derivative is applied there, once.",
        hint="How many sigmoids does one path from x to y pass?",
        chapter="max-pooling-routes",
        section="where-sigma-belongs",
        hides="The identity, and ReLU, whose derivatives are their own squares.",
    ),
    Misconception(
        id="derivative-at-pool",
        name="sigma' taken at the output of the pool, of a value that has passed the sigmoid already",
        wrong={
            "sigmoidpool.dx": (
                lambda dy, x, size, stride=None: _unpooled(
                    sigmoid_backward(dy, max_pool2d(sigmoid(x), size, stride=stride)), x, size, stride
                ),
                lambda dy, x, size, stride=None: sigmoid_backward(
                    _unpooled(
                        sigmoid_backward(dy, max_pool2d(sigmoid(x), size, stride=stride)), x, size, stride
                    ),
                    x,
                ),
            )
        },
        tempting="Every layer of an ordinary network has its sigma', so the pool seems to have one too.",
        why="The pool has no activation of its own: it hands on one of its inputs unchanged.",
        hint="Where in the forward pass does the sigmoid stand, before the pool or after it?",
        chapter="max-pooling-routes",
        section="where-sigma-belongs",
        hides="A pool followed by a sigmoid, where that is the right place.",
    ),
    Misconception(
        id="derivative-at-activation",
        name="sigma' taken at a instead of at z",
        wrong={
            "sigmoid.dx": lambda dy, x: dy * _slope(sigmoid(sigmoid(x))),
            "sigmoidpool.dx": lambda dy, x, size, stride=None: (
                _unpooled(dy, x, size, stride) * _slope(sigmoid(sigmoid(x)))
            ),
        },
        tempting="After the forward pass it is a that lies around, and z that was thrown away.",
        why="sigma' is a function of z; in terms of a it is a (1 - a), without another sigmoid.",
        hint="Is the argument of your derivative the value before or after the activation?",
        chapter="before-you-start",
        section="an-ordinary-network-in-four-equations",
        hides="Nowhere, for a sigmoid.",
    ),
    Misconception(
        id="input-taken-for-activation",
        name="z (1 - z) where a (1 - a) was meant",
        wrong={
            "sigmoid.dx": lambda dy, x: dy * _slope(x),
            "sigmoidpool.dx": lambda dy, x, size, stride=None: _unpooled(dy, x, size, stride) * _slope(x),
        },
        tempting="a (1 - a) is often written with the letter of whatever comes in.",
        why="The short form needs the sigmoid's value; the function gets its input.",
        hint="Compute a = sigmoid(z) first.",
        chapter="before-you-start",
        section="an-ordinary-network-in-four-equations",
        hides="Nowhere, for a sigmoid.",
    ),
    Misconception(
        id="activation-for-derivative",
        name="the activation in place of its derivative",
        wrong={
            "sigmoid.dx": lambda dy, x: dy * sigmoid(x),
            "relu.dx": lambda dy, x: dy * np.maximum(x, 0),
            "sigmoidpool.dx": lambda dy, x, size, stride=None: _unpooled(dy, x, size, stride) * sigmoid(x),
        },
        tempting="The name of the function is shorter than the name of its derivative.",
        why="The chain rule multiplies by the slope at z, not by the value there.",
        hint="What is the slope of the activation far to the right?",
        chapter="before-you-start",
        section="an-ordinary-network-in-four-equations",
        hides="Nowhere, for a sigmoid; for ReLU where z is 0 or 1.",
    ),
    Misconception(
        id="gated-by-gradient",
        name="ReLU gated by the sign of the gradient",
        wrong={
            "relu.dx": (
                lambda dy, x: np.maximum(dy, 0),
                lambda dy, x: np.maximum(dy, 0) * (x > 0),
            )
        },
        tempting="relu(dy) looks like ReLU going backward.",
        why="What decides is whether z was positive in the forward pass; the gradient may have any sign.",
        hint="Which array does the condition look at?",
        chapter="whole-network",
        section="the-activation",
        hides="Upstream gradients that have the sign of z.",
    ),
    Misconception(
        id="relu-one-at-zero",
        name="the slope of ReLU at 0 taken as 1",
        wrong={"relu.dx": lambda dy, x: dy * (x >= 0)},
        tempting="x >= 0 and x > 0 look the same.",
        why="It is a valid subgradient, but this book takes 0 there, as PyTorch does.",
        hint="Compare with > instead of >=.",
        chapter="max-pooling-routes",
        section="what-max-does-to-a-small-change",
        hides="Inputs that are never exactly 0.",
        convention=True,
    ),
    Misconception(
        id="dense-weights-turned",
        name="the weight matrix transposed",
        wrong={
            "dense.dw": Change(after=lambda r, a: r.T),
            "flatten.dw": Change(after=lambda r, a: r.T),
        },
        tempting="x.T @ dy is as good a product as dy.T @ x.",
        why="w is (outputs, inputs) here, and its gradient has the same shape.",
        hint="Compare the shape of dw with that of w.",
        chapter="whole-network",
        section="bp2-to-bp4-the-fully-connected-layer",
        hides="Symmetric gradients.",
    ),
    Misconception(
        id="this-layers-activation",
        name="this layer's output in place of the layer's input",
        wrong={
            "dense.dw": lambda dy, x, w: dy.T @ (x @ w.T),
            "chain.dw2": lambda dy, x, w1, w2: _with_kernel(dy, conv(conv(x, w1), w2), w2),
            "chain.dw1": lambda dy, x, w1, w2: _with_kernel(_hidden_delta(dy, x, w1, w2), conv(x, w1), w1),
        },
        tempting="The output of the layer is the array computed last and has the nearest name.",
        why="A weight multiplies the layer's input, so that input stands in its gradient.",
        hint="What does this weight get multiplied by in the forward pass?",
        chapter="whole-network",
        section="bp2-to-bp4-the-fully-connected-layer",
        hides="Layers that change nothing.",
    ),
    Misconception(
        id="layers-below-input",
        name="the network's input in place of the hidden layer",
        wrong={"chain.dw2": lambda dy, x, w1, w2: _with_kernel(dy, x, w2)},
        tempting="x is the name of the input in every formula of a single layer.",
        why="The second kernel sees the output of the first, not the picture.",
        hint="What does the second kernel get multiplied by in the forward pass?",
        chapter="two-convolutions",
        section="the-second-layer-the-asker-is-right",
        hides="A first kernel that changes nothing.",
    ),
    Misconception(
        id="product-of-sums-two-layers",
        name="through two layers: a product of two sums instead of a sum of products",
        wrong={"chain.dw1": _summed_hidden_delta},
        tempting="The first-layer weight meets all these inputs, and all these outputs depend on it.",
        why="An input only meets the delta of the hidden neuron that it fed; multiplying the sums adds every other pair.",
        hint="Give each hidden neuron its own delta, multiply it with its own input, then add.",
        chapter="two-convolutions",
        section="the-asker-s-answer-product-of-sums",
        hides="A hidden layer of one neuron; inputs and deltas whose cross terms cancel.",
    ),
    Misconception(
        id="second-kernel-skipped",
        name="the delta handed down without the second kernel's weights",
        wrong={
            "chain.dw1": lambda dy, x, w1, w2: conv_backward(
                _hidden_delta(dy, x, w1, np.ones(w2.shape)), x, w1
            )[1]
        },
        tempting="The second layer has had its gradient, so it seems done with.",
        why="A hidden neuron reaches the output multiplied by a weight of the second kernel, and so does its delta.",
        hint="By what is a hidden value multiplied on its way to the output?",
        chapter="two-convolutions",
        section="the-hidden-layer-four-deltas-not-one",
        hides="A second kernel of ones.",
    ),
    Misconception(
        id="second-kernel-not-rotated",
        name="the second kernel not turned on the way back",
        wrong={
            "chain.dw1": lambda dy, x, w1, w2: conv_backward(
                _hidden_delta(dy, x, w1, each_spatial(w2, np.flip)), x, w1
            )[1]
        },
        tempting="The forward pass slides the kernel as it is, so the backward pass seems to do the same.",
        why="Hidden neuron j reached output i through weight j - i, so going back the order is turned around.",
        hint="Turn the kernel, or use a true convolution: one of the two, not both and not neither.",
        chapter="two-convolutions",
        section="the-hidden-layer-four-deltas-not-one",
        hides="A second kernel that looks the same when turned.",
    ),
    Misconception(
        id="own-output-only",
        name="each hidden neuron given the delta of its corresponding output only",
        wrong={"chain.dw1": _own_path},
        tempting="Hidden neuron j seems to belong to output j.",
        why="Every output whose window holds the hidden neuron has a share in its delta.",
        hint="Cover one hidden neuron and count the outputs that change.",
        chapter="two-convolutions",
        section="the-hidden-layer-four-deltas-not-one",
        hides="Nowhere, for a second kernel of more than one weight.",
    ),
    Misconception(
        id="flatten-order",
        name="flattened in one order, unflattened in another",
        wrong={
            "flatten.dx": (
                lambda dy, x, w: _back_column_major(dy @ w, x.shape),
                lambda dy, x, w: _back_channels_last(dy @ w, x.shape),
                lambda dy, x, w: np.reshape(dy @ w, x.shape, order="F"),
            ),
            "flatten.dw": (
                lambda dy, x, w: dy.T @ _first_column_major(x),
                lambda dy, x, w: dy.T @ _channels_last(x),
                lambda dy, x, w: dy.T @ np.reshape(x, (len(x), -1), order="F"),
            ),
        },
        tempting="The shape fits in every order.",
        why="Each entry of the row belongs to one place of the map: channel by channel, row by row.",
        hint="Flatten a small map of different numbers and read the row.",
        chapter="whole-network",
        section="the-pooling-layer",
        hides="Maps of one row and one channel.",
    ),
    Misconception(
        id="dense-batch-averaged",
        name="averaged over the batch in the layer",
        wrong={
            f"{group}.{part}": Change(after=lambda r, a: r / len(a["dy"]))
            for group in ("dense", "flatten")
            for part in ("dx", "dw", "db")
        },
        tempting="The loss is usually a mean over the batch.",
        why="That mean belongs to the loss, and dy already contains it; here it would be taken a second time.",
        hint="Whose job is the 1/N: the loss's or the layer's?",
        chapter="whole-network",
        section="bp2-to-bp4-the-fully-connected-layer",
        hides="A batch of one.",
    ),
    Misconception(
        id="dense-bias-per-example",
        name="one bias gradient for each example",
        wrong={"dense.db": lambda dy, x, w: dy, "flatten.db": lambda dy, x, w: dy},
        tempting="For a single example the bias gradient is the delta itself.",
        why="All examples share the bias, so their deltas are added.",
        hint="How many biases does the layer have?",
        chapter="whole-network",
        section="bp2-to-bp4-the-fully-connected-layer",
        hides="A batch of one.",
    ),
    Misconception(
        id="dense-bias-wrong-axis",
        name="the bias gradient summed over the wrong axis",
        wrong={
            f"{group}.db": (lambda dy, x, w: dy.sum(axis=1), lambda dy, x, w: np.asarray(dy.sum()))
            for group in ("dense", "flatten")
        },
        tempting="The axes of a batch are easily counted wrong.",
        why="The examples are summed, the neurons stay.",
        hint="db must have one entry for each neuron.",
        chapter="whole-network",
        section="bp2-to-bp4-the-fully-connected-layer",
        hides="As many examples as neurons does not hide it, only the shape.",
    ),
    Misconception(
        id="softmax-derivative-again",
        name="p (1 - p) after softmax and cross-entropy",
        wrong={
            "softmax.dx": _softmax_dx(lambda p, t: (p - t) * p * (1 - p)),
        },
        tempting="Every activation has its derivative, so the softmax seems to need one too.",
        why="p - t already is the derivative of both together, softmax and loss.",
        hint="With respect to what is p - t the gradient: to p or to the scores?",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="Nowhere.",
    ),
    Misconception(
        id="batch-mean-twice",
        name="the mean over the batch taken twice",
        wrong={
            "softmax.dx": lambda x, labels: (softmax(x) - _onehot(x, labels)) / len(x) ** 2,
            "softmax.loss": lambda x, labels: -_picked(softmax(x), labels).mean() / len(x),
        },
        tempting="Both the loss and the layer divide, each to be on the safe side.",
        why="There is one mean in the loss, so there is one 1/N in the gradient.",
        hint="Write the loss of two examples and derive it.",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="A batch of one.",
    ),
    Misconception(
        id="batch-mean-forgotten",
        name="the mean over the batch forgotten",
        wrong={
            "softmax.dx": _softmax_dx(lambda p, t: (p - t) * len(p)),
            "softmax.loss": lambda x, labels: -_picked(softmax(x), labels).sum(),
        },
        tempting="p - t is the formula for one example.",
        why="The loss is the mean over the batch, so each example has a share of 1/N.",
        hint="Write the loss of two examples and derive it.",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="A batch of one.",
    ),
    Misconception(
        id="mean-over-classes",
        name="divided by the number of entries instead of examples",
        wrong={
            "softmax.dx": _softmax_dx(lambda p, t: (p - t) / p.shape[1]),
            "softmax.loss": lambda x, labels: -_picked(softmax(x), labels).mean() / x.shape[1],
        },
        tempting=".mean() without an axis divides by everything.",
        why="The mean runs over the examples; over the classes there is a sum.",
        hint="How many terms does the mean in the loss have?",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="Nowhere, for more than one class.",
    ),
    Misconception(
        id="softmax-wrong-axis",
        name="softmax along the batch instead of the classes",
        wrong={
            "softmax.dx": (
                lambda x, labels: (_softmax_of(x, 0) - _onehot(x, labels)) / len(x),
                lambda x, labels: (_softmax_of(x, None) - _onehot(x, labels)) / len(x),
            ),
            "softmax.loss": (
                lambda x, labels: -_picked(_softmax_of(x, 0), labels).mean(),
                lambda x, labels: -_picked(_softmax_of(x, None), labels).mean(),
            ),
        },
        tempting="Without an axis, or with axis 0, the sum runs over the wrong scores.",
        why="The probabilities of one example add up to 1, so the sum runs along its row.",
        hint="Add up the probabilities of one example.",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="Nowhere, for a batch; a single example hides a missing axis.",
    ),
    Misconception(
        id="label-forgotten",
        name="the right class not taken off",
        wrong={"softmax.dx": _softmax_dx(lambda p, t: p)},
        tempting="The softmax is the work; the - 1 is easily lost.",
        why="The gradient is p - t: the right class must be pushed up, the others down.",
        hint="What is the sum of the gradient over the classes of one example?",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="Nowhere.",
    ),
    Misconception(
        id="only-right-class",
        name="only the right class given a gradient",
        wrong={"softmax.dx": _softmax_dx(lambda p, t: (p - t) * t)},
        tempting="Only the right class stands in the loss.",
        why="The other scores stand in the softmax's denominator and have a gradient too.",
        hint="What is the sum of the gradient over the classes of one example?",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="Nowhere.",
    ),
    Misconception(
        id="loss-sign",
        name="the logarithm without its minus",
        wrong={"softmax.loss": lambda x, labels: _picked(softmax(x), labels).mean()},
        tempting="The minus stands far in front.",
        why="The logarithm of a probability is negative; a loss that should fall is its negative.",
        hint="What is the loss of a perfect prediction, and of a bad one?",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="Perfect predictions.",
    ),
    Misconception(
        id="softmax-overflow",
        name="an exponential that overflows",
        wrong={
            "softmax.dx": lambda x, labels: (_naive_softmax(x) - _onehot(x, labels)) / len(x),
            "softmax.loss": lambda x, labels: -_picked(_naive_softmax(x), labels).mean(),
        },
        tempting="exp(x) / sum(exp(x)) is the formula.",
        why="exp(1000) is infinite, and infinity divided by infinity is no number.",
        hint="Take the largest score of each row off first: the quotient stays the same.",
        chapter="whole-network",
        section="bp1-the-last-layer",
        hides="Scores below about 700.",
    ),
)


def _with_kernel(delta: Array, seen: Array, w: Array) -> Array:
    """The kernel gradient for a delta and the array that the kernel is taken to have seen; cut to the common places."""
    X = np.zeros(
        (len(seen), w.shape[1], *(n + m - 1 for n, m in zip(delta.shape[2:], w.shape[2:], strict=True)))
    )
    common = tuple(slice(0, min(a, b)) for a, b in zip(X.shape, seen.shape, strict=True))
    X[common] = seen[common]
    return conv_backward(delta, X, w)[1]
