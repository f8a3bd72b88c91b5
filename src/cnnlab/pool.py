"""Pooling of images, forward and backward: the maximum, and the mean for contrast.

Each channel of each image is pooled alone, so the backward pass of the maximum treats all of them as one batch of
planes and turns a block of them inside out, (planes, H, W) to (H, W, planes): every step then runs along the planes.
"""

import functools
import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.arrays import Array, Shape, Sizes, check_pool, check_upstream

Tap = tuple[slice, ...]

# As many planes are routed at a time as fit into this many bytes, so that they stay in the processor's cache.
BLOCK_BYTES = 1 << 20


def max_pool2d(x: ArrayLike, size: Sizes, *, stride: Sizes | None = None) -> Array:
    """The largest entry of every window.

    y[n, c, i, j] = max over p < P, q < Q of x[n, c, i * s + p, j * t + q] with size (P, Q), stride (s, t).

    Shapes: x (N, C, H, W), y (N, C, O1, O2) with O1 = (H - P) // s + 1, and O2 likewise: rows and columns
    that fill no whole window are left out. `size` and `stride` are an int or a pair; stride defaults to size.
    A window that holds a NaN gives NaN, as in PyTorch. float32 and float64 are kept, integers become
    float64. No argument is modified.

    Raises TypeError for complex, object or other dtypes and non-integer sizes; ValueError for a wrong rank,
    empty arrays, a window larger than the image, size < 1 or stride < 1.

    Source: as torch.nn.functional.max_pool2d without padding.
    """
    return _max_pool2d(*check_pool("max_pool2d", x, size, stride))


def max_pool2d_backward(dy: ArrayLike, x: ArrayLike, size: Sizes, *, stride: Sizes | None = None) -> Array:
    """Gradient of max_pool2d for the upstream gradient dy = dC/dy; returns dx.

    dx[n, c, u, v] = sum of dy[n, c, i, j] over the windows (i, j) whose winner is (u, v).

    The winner of a window is its first maximum in row-major order: on a tie it takes the whole gradient, as in
    PyTorch. (Any split of dy among the tied entries would be a subgradient too.) In a window that holds NaN
    the last NaN wins, also as in PyTorch. Overlapping windows add up. Shapes: dy (N, C, O1, O2) as y of
    max_pool2d, dx as x. Dtypes and errors as max_pool2d; also ValueError for dy of a wrong shape.
    """
    x, size, stride, out = check_pool("max_pool2d_backward", x, size, stride)
    dy = check_upstream("max_pool2d_backward", dy, (*x.shape[:2], *out), "C")
    planes, deltas = x.reshape(-1, *x.shape[2:]), dy.reshape(-1, *out)
    dx = np.empty(planes.shape, np.result_type(x, dy))
    taps = _taps(size, stride, out)
    for block in _blocks(planes):
        delta, plane = (np.ascontiguousarray(a[block].transpose(1, 2, 0)) for a in (deltas, planes))
        dx[block] = _route(delta, plane, taps, dx.dtype).transpose(2, 0, 1)
    return dx.reshape(x.shape)


def _blocks(planes: Array) -> list[slice]:
    count = max(1, BLOCK_BYTES // (math.prod(planes.shape[1:]) * planes.itemsize))
    return [slice(n, n + count) for n in range(0, len(planes), count)]


def _route(dy: Array, x: Array, taps: list[Tap], dtype: np.dtype) -> Array:
    """Hand every delta to the winner of its window; x is (H, W, planes) and dy (O1, O2, planes)."""
    y = functools.reduce(np.maximum, (x[tap] for tap in taps))
    dx = np.zeros(x.shape, dtype)
    _add_to_first(dx, dy, taps, (x[tap] == y for tap in taps))
    if np.isnan(y).any():
        _add_to_first(dx, dy, taps[::-1], (np.isnan(x[tap]) for tap in taps[::-1]))
    return dx


def _add_to_first(dx: Array, dy: Array, taps: list[Tap], masks: Iterator[Array]) -> None:
    """Add the delta of every window to its first tap, in the order given, whose mask is true."""
    # A product with the 0/1 mask is several times faster than np.where, but would turn infinity into NaN.
    masked = np.multiply if np.isfinite(dy).all() else lambda won, dy: np.where(won, dy, 0)
    taken = np.full(dy.shape, False)
    for tap, won in zip(taps, masks, strict=True):
        won &= ~taken
        dx[tap] += masked(won, dy)
        taken |= won


def avg_pool2d(x: ArrayLike, size: Sizes, *, stride: Sizes | None = None) -> Array:
    """The mean of every window: y[n, c, i, j] = 1 / (P Q) * sum over p, q of x[n, c, i * s + p, j * t + q].

    Shapes, dtypes and errors as max_pool2d. Source: as torch.nn.functional.avg_pool2d without padding.
    """
    x, size, stride, out = check_pool("avg_pool2d", x, size, stride)
    y = np.zeros((*x.shape[:2], *out), x.dtype)
    for tap in _taps(size, stride, out):
        y += x[:, :, *tap]
    y /= size[0] * size[1]
    return y


def avg_pool2d_backward(dy: ArrayLike, x: ArrayLike, size: Sizes, *, stride: Sizes | None = None) -> Array:
    """Gradient of avg_pool2d for the upstream gradient dy = dC/dy; returns dx.

    dx[n, c, u, v] = sum of dy[n, c, i, j] / (P Q) over the windows (i, j) that hold (u, v). Of x only the shape
    and dtype matter. Shapes, dtypes and errors as max_pool2d_backward.
    """
    x, size, stride, out = check_pool("avg_pool2d_backward", x, size, stride)
    dy = check_upstream("avg_pool2d_backward", dy, (*x.shape[:2], *out), "C")
    dx = np.zeros(x.shape, np.result_type(x, dy))
    share = dy / (size[0] * size[1])
    for tap in _taps(size, stride, out):
        dx[:, :, *tap] += share
    return dx


def _max_pool2d(x: Array, size: Shape, stride: Shape, out: Shape) -> Array:
    (p_size, q_size), (s, t), (o1, o2) = size, stride, out
    # The maximum of a window is the maximum of its rows' maxima: P + Q passes instead of P * Q.
    rows = x[:, :, : s * o1 : s]
    for p in range(1, p_size):
        rows = np.maximum(rows, x[:, :, p : p + s * o1 : s])
    y = rows[..., : t * o2 : t]
    for q in range(1, q_size):
        y = np.maximum(y, rows[..., q : q + t * o2 : t])
    return y.copy() if p_size == q_size == 1 else y


def _taps(size: Shape, stride: Shape, out: Shape) -> list[Tap]:
    """For every offset in a window, row-major, the rows and columns of x that it meets in all windows."""
    spans = [[slice(o, o + s * n, s) for o in range(k)] for k, s, n in zip(size, stride, out, strict=True)]
    return list(itertools.product(*spans))
