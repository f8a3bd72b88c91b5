"""Weight sharing taken apart: a layer whose neurons own their kernels, and the rule that ties them.

A *locally connected* layer looks at its input through the same receptive fields as a convolution, but every
place has a private kernel and a private bias: no parameter is used twice, so each entry of its gradient belongs
to one connection. Tie the kernels together and it is a convolution, whose gradient is the sum over the connections
that share a parameter. This is the two-step rule of the wiki page on learning with shared weights:

    y = conv2d(x, w, b, ...)            = local2d(x, *expand_kernel(w, b, positions), ...)
    dw, db of conv2d_backward(dy, ...)  = tie_gradients(*dw_local, db_local of local2d_backward(dy, ...))

Parameters of a local layer have the places first: w[i, j] is the kernel at place (i, j), shaped like that of a
convolution, (K, C, P, Q), and b[i, j] is its bias, (K,). In one dimension w[i] is (K, C, M).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import geometry
from cnnlab.arrays import KERNEL_AXES, SPATIAL_AXES, Array, Shape, Sizes, as_floats, as_sizes, output_sizes
from cnnlab.losses import half_sum_of_squares, half_sum_of_squares_backward
from cnnlab.optim import sgd


def local1d(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *, stride: Sizes = 1, padding: Sizes = 0
) -> Array:
    """A locally connected layer over signals: a kernel of its own at each place.

    y[n, k, i] = b[i, k] + sum over c, m of w[i, k, c, m] * xp[n, c, i * stride + m], xp being x with `padding`
    zeros on both sides.

    Shapes: x (N, C, L), w (O, K, C, M), b (O, K) or None; y (N, K, O) with O = (L + 2 padding - M) // stride + 1.
    Dtypes and errors as conv1d; also ValueError if w does not have one kernel for each place.
    """
    return _local("local1d", x, w, b, stride, padding, ndim=1)


def local1d_backward(
    dy: ArrayLike, x: ArrayLike, w: ArrayLike, *, stride: Sizes = 1, padding: Sizes = 0
) -> tuple[Array, Array, Array]:
    """Gradients of local1d for the upstream gradient dy = dC/dy; returns (dx, dw, db).

    dw[i, k, c, m] = sum over n of dy[n, k, i] * xp[n, c, i * stride + m]
    db[i, k] = sum over n of dy[n, k, i]
    dx[n, c, j] = sum over k, i, m with i * stride + m = j + padding of dy[n, k, i] * w[i, k, c, m]

    The sums in dw and db run over the examples alone: with one example (N = 1) each entry of dw is the product that
    belongs to one connection. Shapes: dy (N, K, O) as y of local1d, dx as x, dw as w, db (O, K).
    """
    return _local_backward("local1d_backward", dy, x, w, stride, padding, ndim=1)


def local2d(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *, stride: Sizes = 1, padding: Sizes = 0
) -> Array:
    """A locally connected layer over images: a kernel of its own at each place.

    y[n, k, i, j] = b[i, j, k] + sum over c, p, q of w[i, j, k, c, p, q] * xp[n, c, i * s + p, j * t + q] with
    stride (s, t), xp being x with `padding` zeros on all sides.

    Shapes: x (N, C, H, W), w (O1, O2, K, C, P, Q), b (O1, O2, K) or None; y (N, K, O1, O2) with
    O1 = (H + 2 padding - P) // s + 1, and O2 likewise. `stride` and `padding` are an int or a pair.
    Dtypes and errors as conv2d; also ValueError if w does not have one kernel for each place.
    """
    return _local("local2d", x, w, b, stride, padding, ndim=2)


def local2d_backward(
    dy: ArrayLike, x: ArrayLike, w: ArrayLike, *, stride: Sizes = 1, padding: Sizes = 0
) -> tuple[Array, Array, Array]:
    """Gradients of local2d for the upstream gradient dy = dC/dy; returns (dx, dw, db).

    dw[i, j, k, c, p, q] = sum over n of dy[n, k, i, j] * xp[n, c, i * s + p, j * t + q]
    db[i, j, k] = sum over n of dy[n, k, i, j]
    dx[n, c, u, v] = sum over the k, i, j, p, q with i * s + p = u + padding and j * t + q = v + padding
                     of dy[n, k, i, j] * w[i, j, k, c, p, q]

    The sums in dw and db run over the examples alone: with one example (N = 1) each entry of dw is the product that
    belongs to one connection. Shapes: dy (N, K, O1, O2) as y of local2d, dx as x, dw as w, db (O1, O2, K).
    """
    return _local_backward("local2d_backward", dy, x, w, stride, padding, ndim=2)


def expand_kernel(w: ArrayLike, b: ArrayLike | None, positions: Sizes) -> tuple[Array, Array | None]:
    """Give every place a copy of a shared kernel; returns private (w, b) for local1d or local2d.

    w          (K, C, M) or (K, C, P, Q), as for conv1d or conv2d
    b          (K,) or None, which stays None
    positions  the spatial sizes of the output: an int or (O,) in one dimension, (O1, O2) in two

    Returns w of shape (*positions, K, C, ...) and b of shape (*positions, K), copies that can be changed apart.
    """
    ndim = _spatial_axes("expand_kernel", "w", w, wanted=(3, 4)) - 2
    w = as_floats("expand_kernel", "w", w, ("K", "C", *KERNEL_AXES[ndim]))
    positions = as_sizes("expand_kernel", "positions", positions, ndim, minimum=1)
    if b is None:
        return np.tile(w, (*positions, *[1] * w.ndim)), None
    b = as_floats("expand_kernel", "b", b, ("K",))
    if len(b) != len(w):
        raise ValueError(
            f"expand_kernel: b must have one entry for each of the {len(w)} kernels in w of shape {w.shape}, got shape "
            f"{b.shape}; give it shape ({len(w)},)."
        )
    return np.tile(w, (*positions, *[1] * w.ndim)), np.tile(b, (*positions, 1))


def tie_gradients(dw: ArrayLike, db: ArrayLike) -> tuple[Array, Array]:
    """The gradient of a shared kernel and bias: add those of the connections that share a parameter.

    dw[k, c, ...] = sum over the places of dw_local[place, k, c, ...], and db likewise.

    Takes (O, K, C, M) and (O, K), or (O1, O2, K, C, P, Q) and (O1, O2, K), from local1d_backward or
    local2d_backward; returns them without the axes of the places.
    """
    ndim = {4: 1, 6: 2}[_spatial_axes("tie_gradients", "dw", dw, wanted=(4, 6))]
    outputs = ("O",) if ndim == 1 else ("O1", "O2")
    dw = as_floats("tie_gradients", "dw", dw, (*outputs, "K", "C", *KERNEL_AXES[ndim]))
    db = as_floats("tie_gradients", "db", db, (*outputs, "K"))
    if db.shape != dw.shape[: ndim + 1]:
        raise ValueError(
            f"tie_gradients: db must have shape {dw.shape[: ndim + 1]}, one entry for each kernel in dw of shape "
            f"{dw.shape}, got {db.shape}; take both from one call of the layer's backward."
        )
    axes = tuple(range(ndim))
    return dw.sum(axis=axes), db.sum(axis=axes)


class Counts(NamedTuple):
    """How many connections and parameters a layer has. Biases are counted apart from weights."""

    connections: int
    shared_weights: int
    private_weights: int
    shared_biases: int
    private_biases: int


def count(spatial: Sizes, w_shape: Shape, *, stride: Sizes = 1, padding: Sizes = 0) -> Counts:
    """Count the connections of a convolution, and its parameters if kernels are shared and if they are private.

    spatial  the sizes of the input without batch and channels, such as 5 or (5, 5)
    w_shape  the shape of the shared kernels, (K, C, M) or (K, C, P, Q)

    A connection joins one input to one output through one weight. Where a kernel lies on the padding there is no
    input and no connection; a private kernel has weights there all the same, which nothing ever changes.
    Returns `Counts`.
    """
    ndim = len(w_shape) - 2
    spatial = as_sizes("count", "spatial", spatial, ndim, minimum=1)
    stride = as_sizes("count", "stride", stride, ndim, minimum=1)
    padding = as_sizes("count", "padding", padding, ndim, minimum=0)
    out = output_sizes("count", spatial, w_shape[2:], stride, padding)
    # Axis by axis: a picture has too many connections to list them.
    linked = [
        len(geometry.connections((n,), (m,), stride=s, padding=p).output)
        for n, m, s, p in zip(spatial, w_shape[2:], stride, padding, strict=True)
    ]
    kernels, channels = w_shape[:2]
    positions, weights = math.prod(out), math.prod(w_shape)
    return Counts(
        connections=kernels * channels * math.prod(linked),
        shared_weights=weights,
        private_weights=positions * weights,
        shared_biases=kernels,
        private_biases=positions * kernels,
    )


def train_kernels(
    x: ArrayLike,
    t: ArrayLike,
    w: Array,
    b: Array,
    *,
    rate: float,
    steps: int,
    momentum: float = 0.0,
    shared: bool = False,
) -> tuple[Array, Array, list[float]]:
    """Train one locally connected layer by gradient descent on half the sum of squares; returns (w, b, losses).

    Each step does what the wiki page lists: the error of all examples, the gradient of each neuron, the sum of it
    over the examples for each connection ("cumulative learning term"), the update with momentum. With `shared` the
    gradients of the connections that share a parameter are added in between, and every copy gets the same sum: kernels
    that start equal stay equal.

    x (N, C, H, W), t (N, K, O1, O2), w (O1, O2, K, C, P, Q), b (O1, O2, K); losses has `steps` + 1 entries, before
    the first step and after each.
    """
    velocities, losses = None, []
    for _ in range(steps):
        y = local2d(x, w, b)
        losses.append(float(half_sum_of_squares(y, t)))
        dy = half_sum_of_squares_backward(y, t)
        _, dw, db = local2d_backward(dy, x, w)
        if shared:
            dw, db = expand_kernel(*tie_gradients(dw, db), w.shape[:2])
        (w, b), velocities = sgd([w, b], [dw, np.asarray(db)], velocities, rate=rate, momentum=momentum)
    losses.append(float(half_sum_of_squares(local2d(x, w, b), t)))
    return w, b, losses


def _local(
    function: str, x: ArrayLike, w: ArrayLike, b: ArrayLike | None, stride: Sizes, padding: Sizes, ndim: int
) -> Array:
    x, w, b, stride, padding, out = _check(function, x, w, b, stride, padding, ndim)
    met, kernels = geometry.met(out, w.shape[ndim + 2 :], stride=stride, padding=padding), _flat(w, ndim)
    y = np.einsum("ncpm,pkcm->nkp", geometry.gather(x, met), kernels).reshape(len(x), -1, *out)
    return y if b is None else y + np.moveaxis(b, -1, 0)


def _local_backward(
    function: str, dy: ArrayLike, x: ArrayLike, w: ArrayLike, stride: Sizes, padding: Sizes, ndim: int
) -> tuple[Array, Array, Array]:
    x, w, _, stride, padding, out = _check(function, x, w, None, stride, padding, ndim)
    dy = as_floats(function, "dy", dy, ("N", "K", *SPATIAL_AXES[ndim]))
    if dy.shape != (len(x), w.shape[ndim], *out):
        raise ValueError(
            f"{function}: dy must have the shape of y, {(len(x), w.shape[ndim], *out)}, got {dy.shape}; "
            "call forward and backward with the same stride and padding."
        )
    dtype = np.result_type(dy, x)
    x, dz = x.astype(dtype, copy=False), dy.astype(dtype, copy=False).reshape(*dy.shape[:2], -1)
    met, kernels = geometry.met(out, w.shape[ndim + 2 :], stride=stride, padding=padding), _flat(w, ndim)
    dw = np.einsum("nkp,ncpm->pkcm", dz, geometry.gather(x, met)).reshape(w.shape)
    dx = geometry.scatter(np.einsum("nkp,pkcm->ncpm", dz, kernels), met, x.shape[2:])
    return dx, dw, np.einsum("nk...->...k", dy)


def _flat(w: Array, ndim: int) -> Array:
    """Private kernels (*positions, K, C, *kernel) with the places in one axis and the weights of a kernel in one."""
    return w.reshape(-1, *w.shape[ndim : ndim + 2], math.prod(w.shape[ndim + 2 :]))


def _check(
    function: str, x: ArrayLike, w: ArrayLike, b: ArrayLike | None, stride: Sizes, padding: Sizes, ndim: int
) -> tuple[Array, Array, Array | None, Shape, Shape, Shape]:
    outputs = ("O",) if ndim == 1 else ("O1", "O2")
    x = as_floats(function, "x", x, ("N", "C", *SPATIAL_AXES[ndim]))
    w = as_floats(function, "w", w, (*outputs, "K", "C", *KERNEL_AXES[ndim]))
    channels = w.shape[ndim + 1]
    if x.shape[1] != channels:
        raise ValueError(
            f"{function}: x and w must have the same number of channels C, got {x.shape[1]} in x of shape {x.shape} "
            f"(axis 1) and {channels} in w of shape {w.shape} (axis {ndim + 1})."
        )
    stride = as_sizes(function, "stride", stride, ndim, minimum=1)
    padding = as_sizes(function, "padding", padding, ndim, minimum=0)
    out = output_sizes(function, x.shape[2:], w.shape[ndim + 2 :], stride, padding)
    if w.shape[:ndim] != out:
        raise ValueError(
            f"{function}: w must begin with the sizes of the output {out}, a kernel for each place, got shape {w.shape}; "
            "expand_kernel makes such an array from one kernel."
        )
    dtype = np.result_type(x, w)
    if b is not None:
        b = as_floats(function, "b", b, (*outputs, "K"))
        if b.shape != w.shape[: ndim + 1]:
            raise ValueError(
                f"{function}: b must have shape {w.shape[: ndim + 1]}, one bias for each kernel in w of shape {w.shape}, "
                f"got {b.shape}."
            )
        dtype = np.result_type(dtype, b)
        b = b.astype(dtype, copy=False)
    return x.astype(dtype, copy=False), w.astype(dtype, copy=False), b, stride, padding, out


def _spatial_axes(function: str, name: str, value: ArrayLike, wanted: tuple[int, int]) -> int:
    ndim = np.ndim(value)
    if ndim not in wanted:
        raise ValueError(
            f"{function}: {name} must have {wanted[0]} axes (1D) or {wanted[1]} (2D), got shape {np.shape(value)}; "
            "add the missing axes of length 1."
        )
    return ndim
