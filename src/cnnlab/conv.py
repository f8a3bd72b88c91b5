"""Convolution in one and two dimensions, forward and backward.

"Convolution" means cross-correlation, as in PyTorch, TensorFlow and JAX: the kernel is not turned. The layout is
`N, C, *spatial`. Both dimensions share one implementation. For every kernel offset it gathers the inputs
that this weight meets into the rows of a matrix of columns (im2col); then

    y = w @ columns        dw = dy @ columns.T        dcolumns = w.T @ dy

and the scatter that undoes the gather (col2im) adds each entry of dcolumns to the input that it came from.
With groups these are as many products of smaller matrices, one for each group of channels and kernels.
"""

import itertools
import math
import sys

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.arrays import Array, Shape, Sizes, check_conv, check_upstream

Tap = tuple[slice, ...]

# The columns of as many images are built at a time as stay in the processor's cache: so many bytes, and so
# many images, because turning an array of N images inside out reads from N places at once.
BLOCK_BYTES = 1 << 21
BLOCK_IMAGES = 32

# NumPy for the browser is built without a library for matrix products (BLAS).
WITHOUT_BLAS = sys.platform == "emscripten"


def conv1d(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Array:
    """Cross-correlate signals with kernels.

    y[n, k, i] = b[k] + sum over c, m of w[k, c, m] * xp[n, first(k) + c, i * stride + m * dilation], xp being x with
    `padding` zeros on both sides, and first(k) the first channel that kernel k sees: 0 without groups, otherwise
    k // (K / groups) * (C / groups), so that the kernels of a group see the channels of this group only.

    Shapes: x (N, C, L), w (K, C / groups, M), b (K,) or None; y (N, K, O) with
    O = (L + 2 padding - dilation (M - 1) - 1) // stride + 1.
    float32 and float64 are kept (mixed: float64), integers become float64. No argument is modified.

    Raises TypeError for complex, object or other dtypes and non-integer stride, padding, dilation or groups;
    ValueError for wrong ranks, empty arrays, mismatched channels, groups that do not divide C and K, a kernel that
    reaches further than the padded input, stride < 1, padding < 0, dilation < 1 or groups < 1.

    Source: as torch.nn.functional.conv1d.
    """
    return _forward(*check_conv("conv1d", x, w, b, stride, padding, dilation, groups, ndim=1))


def conv1d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Gradients of conv1d for the upstream gradient dy = dC/dy; returns (dx, dw, db).

    dw[k, c, m] = sum over n, i of dy[n, k, i] * xp[n, first(k) + c, i * stride + m * dilation]
    db[k] = sum over n, i of dy[n, k, i]
    dx[n, first(k) + c, j] = sum over the k of its group and the i, m with
                             i * stride + m * dilation = j + padding of dy[n, k, i] * w[k, c, m]

    Every sum runs over all connections that share the parameter or the input. Shapes: dy (N, K, O) as y of
    conv1d, dx as x, dw as w, db (K,). Dtypes and errors as conv1d; also ValueError for dy of a wrong shape.
    """
    return _checked_backward("conv1d_backward", dy, x, w, stride, padding, dilation, groups, ndim=1)


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Array:
    """Cross-correlate images with kernels.

    y[n, k, i, j] = b[k] + sum over c, p, q of w[k, c, p, q] * xp[n, first(k) + c, i * s + p * d, j * t + q * e] with
    stride (s, t) and dilation (d, e), xp being x with `padding` zeros on all sides, and first(k) the first channel
    that kernel k sees: 0 without groups, otherwise k // (K / groups) * (C / groups), so that the kernels of a group
    see the channels of this group only.

    Shapes: x (N, C, H, W), w (K, C / groups, P, Q), b (K,) or None; y (N, K, O1, O2) with
    O1 = (H + 2 padding - d (P - 1) - 1) // s + 1, and O2 likewise. `stride`, `padding` and `dilation` are an int or
    a pair. float32 and float64 are kept (mixed: float64), integers become float64. No argument is modified.

    Raises TypeError for complex, object or other dtypes and non-integer stride, padding, dilation or groups;
    ValueError for wrong ranks, empty arrays, mismatched channels, groups that do not divide C and K, a kernel that
    reaches further than the padded input, stride < 1, padding < 0, dilation < 1 or groups < 1.

    Source: as torch.nn.functional.conv2d.
    """
    return _forward(*check_conv("conv2d", x, w, b, stride, padding, dilation, groups, ndim=2))


def conv2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Gradients of conv2d for the upstream gradient dy = dC/dy; returns (dx, dw, db).

    dw[k, c, p, q] = sum over n, i, j of dy[n, k, i, j] * xp[n, first(k) + c, i * s + p * d, j * t + q * e]
    db[k] = sum over n, i, j of dy[n, k, i, j]
    dx[n, first(k) + c, u, v] = sum over the k of its group and the i, j, p, q with i * s + p * d = u + padding
                                and j * t + q * e = v + padding of dy[n, k, i, j] * w[k, c, p, q]

    Every sum runs over all connections that share the parameter or the input. Shapes: dy (N, K, O1, O2) as y
    of conv2d, dx as x, dw as w, db (K,). Dtypes and errors as conv2d; also ValueError for dy of a wrong shape.
    """
    return _checked_backward("conv2d_backward", dy, x, w, stride, padding, dilation, groups, ndim=2)


def _checked_backward(
    function: str,
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
    ndim: int,
) -> tuple[Array, Array, Array]:
    checked = check_conv(function, x, w, None, stride, padding, dilation, groups, ndim)
    x, w, _, stride, padding, dilation, out = checked
    dy = check_upstream(function, dy, (len(x), len(w), *out), "K")
    dtype = np.result_type(dy, x)
    dy, x, w = (a.astype(dtype, copy=False) for a in (dy, x, w))
    return _backward(dy, x, w, stride, padding, dilation, out)


def _forward(
    x: Array, w: Array, b: Array | None, stride: Shape, padding: Shape, dilation: Shape, out: Shape
) -> Array:
    kernels, taps = _matrices(w, x.shape[1] // w.shape[1]), _taps(w.shape[2:], stride, dilation, out)
    groups = len(kernels)
    y = np.empty((len(x), len(w), *out), x.dtype)
    for block in _blocks(x, len(taps), out):
        # Columns get no name, here and below: they would outlive their turn, and the next would miss the cache.
        z = _product(kernels, _gather(_pad(_batch_last(x[block]), padding), taps, out, groups))
        if b is not None:
            z += b.reshape(groups, -1, 1)
        y[block] = _batch_first(z.reshape(len(w), *out, -1))
    return y


def _backward(
    dy: Array,
    x: Array,
    w: Array,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    out: Shape,
) -> tuple[Array, Array, Array]:
    kernels = _matrices(w, x.shape[1] // w.shape[1])
    taps = _taps(w.shape[2:], stride, dilation, out)
    groups = len(kernels)
    dx, dkernels = np.empty(x.shape, x.dtype), np.zeros_like(kernels)
    db = np.zeros(len(w), x.dtype)
    for block in _blocks(x, len(taps), out):
        xp = _pad(_batch_last(x[block]), padding)
        dz = _matrices(_batch_last(dy[block]), groups)
        dkernels += _product(dz, _gather(xp, taps, out, groups).mT)
        db += dz.sum(axis=2).ravel()
        dxp = _scatter(_product(kernels.mT, dz), xp.shape, taps, out)
        dx[block] = _batch_first(dxp[_inside(x.shape[2:], padding)])
    return dx, dkernels.reshape(w.shape), db


def _matrices(array: Array, groups: int) -> Array:
    """One matrix for each group, with a row for each of its kernels."""
    return array.reshape(groups, len(array) // groups, -1)


def _product(a: Array, b: Array) -> Array:
    # Without BLAS einsum is up to ten times faster than matmul, because its
    # inner loop runs along the memory.
    return np.einsum("gij,gjk->gik", a, b) if WITHOUT_BLAS else a @ b


def _blocks(x: Array, taps: int, out: Shape) -> list[slice]:
    """Slices of the batch, of equal size but for the last: as many images as the two limits allow."""
    image_bytes = x.shape[1] * taps * math.prod(out) * x.itemsize
    limit = min(max(1, BLOCK_BYTES // image_bytes), BLOCK_IMAGES)
    images = math.ceil(len(x) / math.ceil(len(x) / limit))
    return [slice(n, n + images) for n in range(0, len(x), images)]


def _batch_last(x: Array) -> Array:
    """View (N, C, *spatial) as (C, *spatial, N): with the images innermost, every copy moves long runs."""
    return x.transpose(*range(1, x.ndim), 0)


def _batch_first(x: Array) -> Array:
    return x.transpose(-1, *range(x.ndim - 1))


def _inside(spatial: Shape, padding: Shape) -> tuple[slice, ...]:
    return (slice(None), *[slice(p, p + n) for n, p in zip(spatial, padding, strict=True)])


def _pad(x: Array, padding: Shape) -> Array:
    """Copy (C, *spatial, N) into zeros that are `padding` wider on both sides of every spatial axis."""
    if not any(padding):
        return np.ascontiguousarray(x)
    spatial = x.shape[1:-1]
    xp = np.zeros((len(x), *[n + 2 * p for n, p in zip(spatial, padding, strict=True)], x.shape[-1]), x.dtype)
    xp[_inside(spatial, padding)] = x
    return xp


def _taps(kernel: Shape, stride: Shape, dilation: Shape, out: Shape) -> list[Tap]:
    """For every kernel offset, the slices of (C, *spatial, N) that this weight meets at all places."""
    axes = zip(kernel, stride, dilation, out, strict=True)
    spans = [[slice(d * o, d * o + s * n, s) for o in range(k)] for k, s, d, n in axes]
    return [(slice(None), *tap) for tap in itertools.product(*spans)]


def _gather(xp: Array, taps: list[Tap], out: Shape, groups: int) -> Array:
    """im2col: row (c, *offset) holds what weight (c, *offset) meets.

    That is at every place and image. The rows of each group of channels are a matrix of their own.
    """
    columns = np.empty((len(xp), len(taps), *out, xp.shape[-1]), xp.dtype)
    for i, tap in enumerate(taps):
        columns[:, i] = xp[tap]
    return columns.reshape(groups, len(xp) * len(taps) // groups, -1)


def _scatter(
    dcolumns: Array,
    shape: Shape,
    taps: list[Tap],
    out: Shape,
) -> Array:
    """col2im, the transposed gather: add each entry of dcolumns to its input."""
    dcolumns = dcolumns.reshape(shape[0], len(taps), *out, shape[-1])
    dxp = np.zeros(shape, dcolumns.dtype)
    for i, tap in enumerate(taps):
        dxp[tap] += dcolumns[:, i]
    return dxp
