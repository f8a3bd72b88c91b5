"""Losses and their gradients.

A loss is the last step of a network, so its own upstream gradient is dC/dC = 1 and is left out: each backward
takes the arguments of its forward and returns the delta at the network's output. No function modifies an
argument.
"""

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.activations import softmax
from cnnlab.arrays import Array, as_floats, check_same_shape


def half_sum_of_squares(y: ArrayLike, t: ArrayLike) -> np.floating:
    """E = 1/2 sum (t - y)^2 over all entries of the output y and the target t, arrays of one shape.

    A sum, not a mean. The half makes the gradient y - t. Raises TypeError for complex, object or other dtypes,
    ValueError for empty arrays or different shapes.
    """
    y, t = check_same_shape("half_sum_of_squares", y=y, t=t)
    return np.sum((t - y) ** 2) / 2


def half_sum_of_squares_backward(y: ArrayLike, t: ArrayLike) -> Array:
    """dy = y - t. Shapes and errors as half_sum_of_squares."""
    y, t = check_same_shape("half_sum_of_squares_backward", y=y, t=t)
    return y - t


def squared_error(y: ArrayLike, t: ArrayLike) -> np.floating:
    """E = sum (t - y)^2 over all entries: without the half, as the question about two stacked convolutions has it.

    A sum, not a mean. Shapes and errors as half_sum_of_squares.
    """
    y, t = check_same_shape("squared_error", y=y, t=t)
    return np.sum((t - y) ** 2)


def squared_error_backward(y: ArrayLike, t: ArrayLike) -> Array:
    """dy = 2 (y - t). Shapes and errors as half_sum_of_squares."""
    y, t = check_same_shape("squared_error_backward", y=y, t=t)
    return 2 * (y - t)


def softmax_cross_entropy(x: ArrayLike, labels: ArrayLike) -> np.floating:
    """E = -1/N sum over n of log softmax(x[n])[labels[n]]: the mean over a batch of N examples.

    x       (N, K)  scores of K classes, before the softmax
    labels  (N,)    the right classes, integers from 0 to K - 1

    Raises TypeError for a wrong dtype, ValueError for wrong shapes or a label outside 0 to K - 1.
    Source: as torch.nn.functional.cross_entropy.
    """
    x, labels = _check_labels("softmax_cross_entropy", x, labels)
    shifted = x - x.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    return np.mean(log_sums - shifted[np.arange(len(x)), labels])


def softmax_cross_entropy_backward(x: ArrayLike, labels: ArrayLike) -> Array:
    """dx = (softmax(x) - onehot(labels)) / N, the shape of x. Arguments and errors as softmax_cross_entropy."""
    x, labels = _check_labels("softmax_cross_entropy_backward", x, labels)
    dx = softmax(x)
    dx[np.arange(len(x)), labels] -= 1
    return dx / len(x)


def _check_labels(function: str, x: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    x = as_floats(function, "x", x, ("N", "K"))
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"{function}: labels must be integers, got dtype {labels.dtype}; "
            "give the number of the right class for each example, not one-hot rows or names."
        )
    if labels.shape != x.shape[:1]:
        raise ValueError(
            f"{function}: labels must have shape ({len(x)},), one for each row of x {x.shape}, "
            f"got {labels.shape}; give one class number for each example."
        )
    if labels.min() < 0 or labels.max() >= x.shape[1]:
        raise ValueError(
            f"{function}: labels must lie from 0 to {x.shape[1] - 1}, one for each column of x {x.shape}, "
            f"got {labels.min()} to {labels.max()}; count classes from 0."
        )
    return x, labels
