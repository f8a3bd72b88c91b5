"""A convolution that is made for reading: forward and backward on one screen, beside the fast one.

`cnnlab.conv` takes the same arguments and gives the same numbers, sooner: it builds matrices of columns, for a block
of the batch at a time. Here every formula is one line of `numpy.einsum`, which writes a sum of products as the
indices it runs over: image n, group g, kernel k and channel c of the group, output i, j, weight p, q.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from cnnlab.arrays import Array, Shape, Sizes, check_conv, check_upstream


# fmt: off
def conv2d(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *,
    stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, groups: int = 1,
) -> Array:
    """Arguments, result and errors as `cnnlab.conv2d`."""
    x, w, b, *how, out = check_conv("conv2d", x, w, b, stride, padding, dilation, groups, ndim=2)
    kernels = w.reshape(groups, -1, *w.shape[1:])
    _, seen = padded(x, w, *how)
    y = np.einsum("ngcijpq,gkcpq->ngkij", seen, kernels).reshape(len(x), len(w), *out)
    return y if b is None else y + b[:, None, None]


def conv2d_backward(
    dy: ArrayLike, x: ArrayLike, w: ArrayLike, *,
    stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Arguments, results and errors as `cnnlab.conv2d_backward`."""
    x, w, _, *how, out = check_conv("conv2d_backward", x, w, None, stride, padding, dilation, groups, ndim=2)
    dy = check_upstream("conv2d_backward", dy, (len(x), len(w), *out), "K")
    dy = dy.astype(np.result_type(dy, x))
    kernels, dz = w.reshape(groups, -1, *w.shape[1:]), dy.reshape(len(dy), groups, -1, *out)
    _, seen = padded(x, w, *how)
    dw = np.einsum("ngcijpq,ngkij->gkcpq", seen, dz)
    dseen = np.einsum("gkcpq,ngkij->ngcijpq", kernels, dz)
    dxp, collected = padded(np.zeros(x.shape, dy.dtype), w, *how)
    for p, q in np.ndindex(*w.shape[2:]):
        collected[..., p, q] += dseen[..., p, q]  # one weight meets no input twice: nothing is lost
    (top, left), (height, width) = how[1], x.shape[2:]
    dx = dxp[..., top : top + height, left : left + width]
    return dx.reshape(x.shape), dw.reshape(w.shape), dy.sum(axis=(0, 2, 3))

# fmt: on


def padded(x: Array, w: Array, stride: Shape, padding: Shape, dilation: Shape) -> tuple[Array, Array]:
    """xp, which is x in groups with zeros around it, and what every output sees of it; options as pairs.

    seen[n, g, c, i, j, p, q] = xp[n, g, c, i * s + p * d, j * t + q * e] with stride (s, t) and dilation (d, e). It is
    a view: what is added to `seen` is added to xp.
    """
    (s, t), (d, e) = stride, dilation
    xp = np.pad(x.reshape(len(x), -1, w.shape[1], *x.shape[2:]), [(0, 0)] * 3 + [(a, a) for a in padding])
    reach = [d * (w.shape[2] - 1) + 1, e * (w.shape[3] - 1) + 1]
    return xp, sliding_window_view(xp, reach, axis=(3, 4), writeable=True)[..., ::s, ::t, ::d, ::e]
