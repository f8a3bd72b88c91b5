"""The right function for each target of the catalogue. All take their arguments by keyword."""

import numpy as np

from cnnlab.activations import relu_backward, sigmoid, sigmoid_backward
from cnnlab.conv import conv1d, conv1d_backward, conv2d, conv2d_backward
from cnnlab.losses import softmax_cross_entropy, softmax_cross_entropy_backward
from cnnlab.optim import sgd
from cnnlab.pool import max_pool2d, max_pool2d_backward
from cnnlab.sharing import local1d_backward, local2d_backward, tie_gradients


def conv(x, w, b=None, stride=1, padding=0):
    return (conv1d if x.ndim == 3 else conv2d)(x, w, b, stride=stride, padding=padding)


def conv_backward(dy, x, w, stride=1, padding=0):
    return (conv1d_backward if x.ndim == 3 else conv2d_backward)(dy, x, w, stride=stride, padding=padding)


def two_convolutions_backward(dy, x, w1, w2):
    """Gradients of y = conv(conv(x, w1), w2): (dw1, dw2)."""
    dh, dw2, _ = conv_backward(dy, conv(x, w1), w2)
    return conv_backward(dh, x, w1)[1], dw2


def dense_backward(dy, x, w):
    """Gradients of y = x w.T + b with x (N, I), w (J, I): (dx, dw, db)."""
    return dy @ w, dy.T @ x, dy.sum(axis=0)


def flatten_dense_backward(dy, x, w):
    """Gradients of a dense layer on flattened maps x (N, C, H, W), row by row: (dx, dw, db)."""
    dx, dw, db = dense_backward(dy, np.reshape(x, (len(x), -1)), w)
    return dx.reshape(x.shape), dw, db


def sigmoid_max_pool2d_backward(dy, x, size, stride=None):
    """Gradient of y = max_pool2d(sigmoid(x), size): dx."""
    return sigmoid_backward(max_pool2d_backward(dy, sigmoid(x), size, stride=stride), x)


def local_backward(dy, x, w, stride=1, padding=0):
    return (local1d_backward if x.ndim == 3 else local2d_backward)(dy, x, w, stride=stride, padding=padding)


def momentum_step(w, gradients, velocity, rate, momentum):
    """One step for one shared parameter from its per-connection gradients (positions first): (w, velocity)."""
    (w,), (velocity,) = sgd([w], [np.sum(gradients, axis=0)], [velocity], rate=rate, momentum=momentum)
    return w, velocity


def gradient_agrees(f, gradient, x, step=1e-5, tolerance=1e-5):
    """Whether every entry agrees with its central difference, relative to the largest entry of either."""
    numeric = central_differences(f, x, step)
    return bool(relative_difference(numeric, gradient) < tolerance)


def central_differences(f, x, step=1e-5):
    """(f(x + h) - f(x - h)) / 2h, entry by entry."""
    result = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = np.array(x, float)
        moved[index] = x[index] + step
        high = f(moved)
        moved[index] = x[index] - step
        result[index] = (high - f(moved)) / (2 * step)
    return result


def relative_difference(a, b):
    """The largest difference over the largest entry of both."""
    return np.max(np.abs(a - b)) / max(np.max(np.abs(a)), np.max(np.abs(b)), 1e-300)


def one(function, part):
    """The function that returns only one of several returned arrays."""
    return lambda **arguments: function(**arguments)[part]


def parts(group: str, function, names: str) -> dict:
    return {f"{group}.{name}": one(function, part) for part, name in enumerate(names.split())}


RIGHT = {
    "conv.y": conv,
    **parts("conv", conv_backward, "dx dw db"),
    "pool.y": max_pool2d,
    "pool.dx": max_pool2d_backward,
    **parts("chain", two_convolutions_backward, "dw1 dw2"),
    **parts("dense", dense_backward, "dx dw db"),
    **parts("flatten", flatten_dense_backward, "dx dw db"),
    "sigmoid.dx": sigmoid_backward,
    "relu.dx": relu_backward,
    "sigmoidpool.dx": sigmoid_max_pool2d_backward,
    "softmax.loss": softmax_cross_entropy,
    "softmax.dx": softmax_cross_entropy_backward,
    **parts("local", local_backward, "dx dw db"),
    **parts("tie", tie_gradients, "dw db"),
    **parts("sgd", sgd, "params velocities"),
    **parts("step", momentum_step, "w velocity"),
    "checker.verdict": gradient_agrees,
}
"""The right function by target: group and name of the returned array."""
