"""The grader's own references: layers that neither the book prints nor `cnnlab` contains.

Every layer with shared weights is written as a list of *connections*: output `o` adds weight `p` times input `i`. The
gradient then is the book's two-step rule and nothing else: one partial derivative per connection, added up where the
connections share something. That is slower than the solutions in the notebooks and shares no line with them.

Convolution means cross-correlation. Arrays are float64. Nothing here checks its input: only the grader calls it.
"""

import itertools

import numpy as np

# Layers that are lists of connections


def apply(connections, x, w, size):
    """y[o] = sum of w[p] x[i] over the connections (o, i, p); all three arrays are flat."""
    o, i, p = connections
    y = np.zeros(size)
    np.add.at(y, o, w[p] * x[i])
    return y


def apply_backward(connections, dy, x, w):
    """One partial per connection, then the sum over the connections that share an input or a weight."""
    o, i, p = connections
    dx, dw = np.zeros(len(x)), np.zeros(len(w))
    np.add.at(dx, i, dy[o] * w[p])
    np.add.at(dw, p, dy[o] * x[i])
    return dx, dw


def columns(triples):
    return tuple(np.array(column, dtype=int) for column in zip(*triples, strict=True))


def palindrome_connections(length):
    """Three taps, two weights: a, b, a."""
    return columns([(o, o + m, p) for o in range(length - 2) for m, p in ((0, 0), (1, 1), (2, 0))])


def palindrome(x, a, b):
    """x (L,), scalars a and b -> y (L - 2,) = a x[o] + b x[o + 1] + a x[o + 2]."""
    return apply(palindrome_connections(len(x)), x, np.array([a, b], dtype=float), len(x) - 2)


def palindrome_backward(dy, x, a, b):
    """-> dx (L,), da, db (scalars)."""
    dx, dw = apply_backward(palindrome_connections(len(x)), dy, x, np.array([a, b], dtype=float))
    return dx, dw[0], dw[1]


def circular_connections(length, taps):
    return columns([(o, (o + m) % length, m) for o in range(length) for m in range(taps)])


def circular(x, w):
    """x (L,), w (M,) with M <= L -> y (L,): the input is a ring, y[o] = sum_m w[m] x[(o + m) mod L]."""
    return apply(circular_connections(len(x), len(w)), x, w, len(x))


def circular_backward(dy, x, w):
    """-> dx (L,), dw (M,)."""
    return apply_backward(circular_connections(len(x), len(w)), dy, x, w)


def tiled_connections(shape, kernel):
    """Output column j uses kernel j mod 2."""
    height, width = shape
    rows, cols = kernel
    out_width = width - cols + 1
    return columns(
        [
            (r * out_width + s, (r + p) * width + s + q, ((s % 2) * rows + p) * cols + q)
            for r, s in itertools.product(range(height - rows + 1), range(out_width))
            for p, q in itertools.product(range(rows), range(cols))
        ]
    )


def tiled2d(x, w):
    """x (H, W), w (2, P, Q) -> y (H - P + 1, W - Q + 1): even output columns use w[0], odd ones w[1]."""
    out = (x.shape[0] - w.shape[1] + 1, x.shape[1] - w.shape[2] + 1)
    return apply(tiled_connections(x.shape, w.shape[1:]), x.ravel(), w.ravel(), out[0] * out[1]).reshape(out)


def tiled2d_backward(dy, x, w):
    """-> dx (H, W), dw (2, P, Q)."""
    dx, dw = apply_backward(tiled_connections(x.shape, w.shape[1:]), dy.ravel(), x.ravel(), w.ravel())
    return dx.reshape(x.shape), dw.reshape(w.shape)


# Two dimensions, with batch, channels, stride and padding


def correlate(x, w, stride=1, padding=0):
    """x (N, C, H, W), w (K, C, P, Q) -> y (N, K, H', W'), tap by tap."""
    x = pad(x, padding)
    rows, cols = w.shape[2:]
    out_height = (x.shape[2] - rows) // stride + 1
    out_width = (x.shape[3] - cols) // stride + 1
    y = np.zeros((x.shape[0], w.shape[0], out_height, out_width))
    for p, q in itertools.product(range(rows), range(cols)):
        y += np.einsum("nchw,kc->nkhw", tap(x, p, q, out_height, out_width, stride), w[:, :, p, q])
    return y


def correlate_backward(dy, x, w, stride=1, padding=0):
    """-> dx, dw: for each tap the inputs it met, weighted by dy."""
    padded = pad(x, padding)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for p, q in itertools.product(range(w.shape[2]), range(w.shape[3])):
        met = tap(padded, p, q, dy.shape[2], dy.shape[3], stride)
        dw[:, :, p, q] = np.einsum("nkhw,nchw->kc", dy, met)
        tap(dpadded, p, q, dy.shape[2], dy.shape[3], stride)[...] += np.einsum(
            "nkhw,kc->nchw", dy, w[:, :, p, q]
        )
    height, width = x.shape[2:]
    return dpadded[:, :, padding : padding + height, padding : padding + width], dw


def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def tap(x, p, q, out_height, out_width, stride):
    """The inputs that tap (p, q) meets, as a view."""
    return x[
        :, :, p : p + stride * (out_height - 1) + 1 : stride, q : q + stride * (out_width - 1) + 1 : stride
    ]


def separable2d(x, u, v, b, *, stride=1, padding=0):
    """x (N, C, H, W), u (K, C, P), v (K, C, Q), b (K,): the kernel is w[k, c, p, q] = u[k, c, p] v[k, c, q]."""
    return correlate(x, np.einsum("kcp,kcq->kcpq", u, v), stride, padding) + b[:, None, None]


def separable2d_backward(dy, x, u, v, *, stride=1, padding=0):
    """-> dx, du, dv, db. Each of u and v sees the full kernel's gradient through the other."""
    dx, dw = correlate_backward(dy, x, np.einsum("kcp,kcq->kcpq", u, v), stride, padding)
    du = np.einsum("kcpq,kcq->kcp", dw, v)
    dv = np.einsum("kcpq,kcp->kcq", dw, u)
    return dx, du, dv, dy.sum(axis=(0, 2, 3))


# Pooling


def wrap_windows(length, size, stride):
    """Index rows of the windows on a ring: window i covers (i stride + m) mod L for m = 0 .. size - 1."""
    starts = np.arange(0, length, stride)
    return (starts[:, None] + np.arange(size)) % length


def wrap_pool(x, size, stride):
    """x (N, C, L) -> y (N, C, ceil(L / stride)): max-pooling on a ring."""
    return x[:, :, wrap_windows(x.shape[2], size, stride)].max(axis=3)


def wrap_pool_backward(dy, x, size, stride):
    """The *last* maximum in window order (m largest) takes the whole gradient."""
    windows = wrap_windows(x.shape[2], size, stride)
    winner = size - 1 - x[:, :, windows][..., ::-1].argmax(axis=3)
    dx = np.zeros_like(x)
    for n, c, o in np.ndindex(dy.shape):
        dx[n, c, windows[o, winner[n, c, o]]] += dy[n, c, o]
    return dx


def square_windows(x, size, stride):
    view = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    return view.reshape(*view.shape[:4], size * size)


def range_pool(x, size, stride):
    """x (N, C, H, W) -> y: the largest minus the smallest entry of each size x size window."""
    windows = square_windows(x, size, stride)
    return windows.max(axis=4) - windows.min(axis=4)


def range_pool_backward(dy, x, size, stride):
    """The first maximum gets +dy, the first minimum -dy, first in row-major order."""
    windows = square_windows(x, size, stride)
    high, low = windows.argmax(axis=4), windows.argmin(axis=4)
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        for index, sign in ((high[n, c, i, j], 1), (low[n, c, i, j], -1)):
            dx[n, c, i * stride + index // size, j * stride + index % size] += sign * dy[n, c, i, j]
    return dx


def maxout(x, group):
    """x (N, C, H, W), C a multiple of group -> y (N, C / group, H, W): the largest of each run of channels."""
    return x.reshape(x.shape[0], -1, group, *x.shape[2:]).max(axis=2)


def maxout_backward(dy, x, group):
    """The first maximum among the channels takes the gradient."""
    winner = x.reshape(x.shape[0], -1, group, *x.shape[2:]).argmax(axis=2)
    dx = np.zeros_like(x)
    for n, k, i, j in np.ndindex(dy.shape):
        dx[n, k * group + winner[n, k, i, j], i, j] = dy[n, k, i, j]
    return dx


# Chains


def plane(x, w):
    """Valid correlation of one plane with one kernel."""
    return correlate(x[None, None], w[None, None])[0, 0]


def plane_backward(dy, x, w):
    dx, dw = correlate_backward(dy[None, None], x[None, None], w[None, None])
    return dx[0, 0], dw[0, 0]


def chain(x, w1, w2, w3):
    """y = (tanh(tanh(x * w1) * w2)) * w3, valid correlations of planes."""
    return plane(np.tanh(plane(np.tanh(plane(x, w1)), w2)), w3)


def chain_gradient(x, w1, w2, w3, t):
    """E = 1/2 sum (y - t)^2 -> dw1, dw2, dw3."""
    a1 = np.tanh(plane(x, w1))
    a2 = np.tanh(plane(a1, w2))
    da2, dw3 = plane_backward(plane(a2, w3) - t, a2, w3)
    da1, dw2 = plane_backward(da2 * (1 - a2**2), a1, w2)
    _, dw1 = plane_backward(da1 * (1 - a1**2), x, w1)
    return dw1, dw2, dw3


def tied_gradient(x, w, t):
    """y = (x * w) * w with one kernel in both layers, E = 1/2 sum (y - t)^2 -> dw, the sum of both layers' shares."""
    z = plane(x, w)
    dz, second = plane_backward(plane(z, w) - t, z, w)
    _, first = plane_backward(dz, x, w)
    return first + second


# The whole network


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def smooth_targets(labels, classes, eps):
    return (1 - eps) * np.eye(classes)[np.asarray(labels, dtype=int)] + eps / classes


def smooth_loss(z, labels, eps):
    """z (N, K), labels (N,) -> mean cross-entropy against smoothed targets, and dz (N, K)."""
    p, t = softmax(z), smooth_targets(labels, z.shape[1], eps)
    return -(t * np.log(p)).sum() / len(z), (p - t) / len(z)


def mirror_kernel(w):
    """w (K, C, 3, 2) -> (K, C, 3, 3) with columns 0, 1, 0."""
    return w[..., [0, 1, 0]]


def mirror_conv(x, w, b):
    """x (N, C, H, W), w (K, C, 3, 2), b (K,) -> y (N, K, H, W): kernel columns [w0, w1, w0], stride 1, padding 1."""
    return correlate(x, mirror_kernel(w), 1, 1) + b[:, None, None]


def mirror_conv_backward(dy, x, w):
    """-> dx, dw (K, C, 3, 2), db."""
    dx, full = correlate_backward(dy, x, mirror_kernel(w), 1, 1)
    return dx, np.stack([full[..., 0] + full[..., 2], full[..., 1]], axis=-1), dy.sum(axis=(0, 2, 3))


def blend_pool(x):
    """2 x 2 windows, stride 2: the mean of the window's maximum and its mean."""
    windows = square_windows(x, 2, 2)
    return (windows.max(axis=4) + windows.mean(axis=4)) / 2


def blend_pool_backward(dy, x):
    """Half of dy to the first maximum, one eighth to each of the four."""
    windows = square_windows(x, 2, 2)
    share = np.full(windows.shape, 0.125)
    np.put_along_axis(share, windows.argmax(axis=4)[..., None], 0.625, axis=4)
    dx = np.zeros_like(x)
    for m in range(4):
        dx[:, :, m // 2 :: 2, m % 2 :: 2] = dy * share[..., m]
    return dx


def network_scores(x, w, b, v, c):
    """mirror_conv -> blend_pool -> tanh -> dense: the scores z (N, 10)."""
    return np.tanh(blend_pool(mirror_conv(x, w, b))).reshape(len(x), -1) @ v + c


def network_gradient(x, labels, w, b, v, c, eps):
    """-> loss, dw, db, dv, dc."""
    y = mirror_conv(x, w, b)
    a = np.tanh(blend_pool(y))
    flat = a.reshape(len(x), -1)
    loss, dz = smooth_loss(flat @ v + c, labels, eps)
    dpool = (dz @ v.T).reshape(a.shape) * (1 - a**2)
    _, dw, db = mirror_conv_backward(blend_pool_backward(dpool, y), x, w)
    return loss, dw, db, flat.T @ dz, dz.sum(axis=0)
