"""Activations, entry by entry, forward and backward, and the softmax of a row of scores.

A backward takes the upstream gradient dy = dC/dy first and then x, the *input* of the forward (the
pre-activation, often called z): the derivative is taken there, once. No function modifies an argument.

x and dy may have any shape, the same for both. float32 and float64 are kept, integers become float64. All raise
TypeError for complex, object or other dtypes and ValueError for empty arrays or a dy of another shape than x.
"""

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.arrays import Array, as_floats, check_same_shape


def identity(x: ArrayLike) -> Array:
    """y = x, the activation of a linear layer. Returns a copy."""
    return as_floats("identity", "x", x).copy()


def identity_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    """dx = dy, as a copy."""
    dy, x = check_same_shape("identity_backward", dy=dy, x=x)
    return dy.copy()


def sigmoid(x: ArrayLike) -> Array:
    """y = 1 / (1 + exp(-x)), the logistic sigmoid. exp never overflows: it sees -|x| only."""
    x = as_floats("sigmoid", "x", x)
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def sigmoid_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    """dx = dy * sigma'(x) with sigma'(x) = sigma(x) (1 - sigma(x)) = e / (1 + e)^2, e = exp(-|x|).

    The last form keeps its digits where sigma(x) is nearly 1 and 1 - sigma(x) would lose them.
    """
    dy, x = check_same_shape("sigmoid_backward", dy=dy, x=x)
    e = np.exp(-np.abs(x))
    return dy * (e / (1 + e) ** 2)


def tanh(x: ArrayLike) -> Array:
    """y = tanh(x), the hyperbolic tangent."""
    return np.tanh(as_floats("tanh", "x", x))


def tanh_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    """dx = dy * tanh'(x) with tanh'(x) = 1 - tanh(x)^2 = 4 e / (1 + e)^2, e = exp(-2 |x|).

    The last form keeps its digits where tanh(x) is nearly 1 or -1.
    """
    dy, x = check_same_shape("tanh_backward", dy=dy, x=x)
    e = np.exp(-np.abs(x)) ** 2
    return dy * (4 * e / (1 + e) ** 2)


def relu(x: ArrayLike) -> Array:
    """y = max(x, 0), the rectified linear unit."""
    return np.maximum(as_floats("relu", "x", x), 0)


def relu_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    """dx = dy where x > 0, else 0.

    At x = 0 the slope jumps from 0 to 1, and any value between them is a subgradient. This one takes 0, as
    PyTorch does. NaN in x lets dy pass, also as in PyTorch.
    """
    dy, x = check_same_shape("relu_backward", dy=dy, x=x)
    return np.where(x <= 0, 0, dy)


def softmax(x: ArrayLike) -> Array:
    """y[..., k] = exp(x[..., k]) / sum over j of exp(x[..., j]): scores along the last axis to probabilities.

    The largest score is taken off first. That changes nothing in the quotient and keeps exp from overflowing.
    """
    x = as_floats("softmax", "x", x)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy: ArrayLike, x: ArrayLike) -> Array:
    """dx[..., k] = y[..., k] (dy[..., k] - sum over j of dy[..., j] y[..., j]) with y = softmax(x)."""
    dy, x = check_same_shape("softmax_backward", dy=dy, x=x)
    y = softmax(x)
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))
