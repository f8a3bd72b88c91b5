"""Wrong gradients of the variants, each with the name of its mistake: the course's own small catalogue.

It is built like `cnnlab.misconceptions`; what is said of each mistake stands in `words`. A wrong function takes the
arguments of the right one and returns what a student with that mistake returns. `cnnlab.check` compares the student's
arrays with them, one output at a time, so that a right `dx` beside a wrong `dw` does not hide the mistake.
"""

import numpy as np

from . import variants as v


def replaced(right, index, change):
    """The right function with one of its outputs changed: change(output, *arguments)."""

    def wrong(*args, **kwargs):
        outputs = list(as_tuple(right(*args, **kwargs)))
        outputs[index] = change(outputs[index], *args)
        return tuple(outputs)

    return wrong


def as_tuple(outputs):
    return outputs if isinstance(outputs, tuple) else (outputs,)


# One dimension


def twin_forgotten(dy, x, a, b):
    dx, _, db = v.palindrome_backward(dy, x, a, b)
    return dx, (dy * x[:-2]).sum(), db


def last_twin_only(dy, x, a, b):
    dx, _, db = v.palindrome_backward(dy, x, a, b)
    return dx, (dy * x[2:]).sum(), db


def last_use_only(dy, x, a, b):
    dx, *_ = v.palindrome_backward(dy, x, a, b)
    return dx, dy[-1] * (x[-3] + x[-1]), dy[-1] * x[-2]


def palindrome_sums(dy, x, a, b):
    dx, _, _ = v.palindrome_backward(dy, x, a, b)
    return dx, (x[:-2].sum() + x[2:].sum()) * dy.sum(), x[1:-1].sum() * dy.sum()


def ring_cut(dy, x, w):
    """The positions that reach over the end are left out."""
    inside = dy.copy()
    inside[len(x) - len(w) + 1 :] = 0
    return v.circular_backward(inside, x, w)


def ring_not_rotated(dy, x, w):
    return v.circular(dy, w), v.circular_backward(dy, x, w)[1]


# Pooling


def routed(x, windows, dy, pick, add=True):
    """dy sent to the entries of each window that `pick` chooses: window values -> {position in the window: share}."""
    dx = np.zeros_like(x)
    for n, c, o in np.ndindex(dy.shape):
        for m, share in pick(x[n, c, windows[o]]).items():
            place = n, c, windows[o, m]
            dx[place] = dx[place] + share * dy[n, c, o] if add else share * dy[n, c, o]
    return dx


def ring_routed(pick, add=True):
    return lambda dy, x, size, stride: routed(x, v.wrap_windows(x.shape[2], size, stride), dy, pick, add)


def first(values):
    return {int(np.argmax(values)): 1}


def last(values):
    return {len(values) - 1 - int(np.argmax(values[::-1])): 1}


def every(values):
    return {int(m): 1 for m in np.flatnonzero(values == values.max())}


def shared(values):
    return {m: 1 / len(every(values)) for m in every(values)}


def ring_not_closed(dy, x, size, stride):
    """What falls off the end is not carried round to the front."""
    inside = dy.copy()
    inside[:, :, -(-(x.shape[2] - size + 1) // stride) :] = 0
    return v.wrap_pool_backward(inside, x, size, stride)


def nulled_neurons(dy, x, size, stride):
    """Every input that is a maximum somewhere takes the deltas of *all* windows it lies in."""
    windows = v.wrap_windows(x.shape[2], size, stride)
    dx = np.zeros_like(x)
    for n, c in np.ndindex(x.shape[:2]):
        on = {window[next(iter(last(x[n, c, window])))] for window in windows}
        for o, window in enumerate(windows):
            for i in window:
                dx[n, c, i] += dy[n, c, o] * (i in on)
    return dx


def range_parts(dy, x, size, stride):
    """(what goes to the maxima, what goes to the minima), from two one-sided poolings."""
    windows = v.square_windows(x, size, stride)
    parts = []
    for winner in (windows.argmax(axis=4), windows.argmin(axis=4)):
        dx = np.zeros_like(x)
        for n, c, i, j in np.ndindex(dy.shape):
            row, column = divmod(int(winner[n, c, i, j]), size)
            dx[n, c, i * stride + row, j * stride + column] += dy[n, c, i, j]
        parts.append(dx)
    return parts


def range_overwritten(dy, x, size, stride):
    windows = v.square_windows(x, size, stride)
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dy.shape):
        for winner, sign in ((windows.argmax(axis=4), 1), (windows.argmin(axis=4), -1)):
            row, column = divmod(int(winner[n, c, i, j]), size)
            dx[n, c, i * stride + row, j * stride + column] = sign * dy[n, c, i, j]
    return dx


def maxout_every(dy, x, group):
    grouped = x.reshape(x.shape[0], -1, group, *x.shape[2:])
    return ((grouped == grouped.max(axis=2, keepdims=True)) * dy[:, :, None]).reshape(x.shape)


def maxout_all_channels(dy, x, group):
    return np.repeat(dy, group, axis=1)


# Two dimensions


def other_factor_forgotten(dy, x, u, w, **conventions):
    dx, full = separable_full(dy, x, u, w, conventions)
    return dx, full.sum(axis=3), full.sum(axis=2), dy.sum(axis=(0, 2, 3))


def separable_full(dy, x, u, w, conventions):
    kernel = np.einsum("kcp,kcq->kcpq", u, w)
    return v.correlate_backward(dy, x, kernel, **conventions)


def kernel_turned(dy, x, u, w, **conventions):
    _, du, dv, db = v.separable2d_backward(dy, x, u, w, **conventions)
    dx, *_ = v.separable2d_backward(dy, x, u[..., ::-1], w[..., ::-1], **conventions)
    return dx, du, dv, db


def gradient_turned(dy, x, u, w, **conventions):
    dx, full = separable_full(dy, x, u, w, conventions)
    full = full[..., ::-1, ::-1]
    return (
        dx,
        np.einsum("kcpq,kcq->kcp", full, w),
        np.einsum("kcpq,kcp->kcq", full, u),
        dy.sum(axis=(0, 2, 3)),
    )


def batch_averaged(dy, x, u, w, **conventions):
    dx, du, dv, db = v.separable2d_backward(dy, x, u, w, **conventions)
    return dx, du / len(x), dv / len(x), db / len(x)


def positions_averaged(dy, x, u, w, **conventions):
    dx, du, dv, db = v.separable2d_backward(dy, x, u, w, **conventions)
    count = dy.shape[2] * dy.shape[3]
    return dx, du / count, dv / count, db / count


def tiles_as_one(dy, x, w):
    dx, dw = v.tiled2d_backward(dy, x, w)
    return dx, np.broadcast_to(dw.sum(axis=0), dw.shape)


def tiles_swapped(dy, x, w):
    return v.tiled2d_backward(dy, x, w[::-1])[0], v.tiled2d_backward(dy, x, w)[1][::-1]


# Chains


def chain_with(slope, output=lambda y, t: y - t):
    """The chain's gradient with another derivative of tanh or of the error."""

    def gradient(x, w1, w2, w3, t):
        z1 = v.plane(x, w1)
        z2 = v.plane(np.tanh(z1), w2)
        a1, a2 = np.tanh(z1), np.tanh(z2)
        da2, dw3 = v.plane_backward(output(v.plane(a2, w3), t), a2, w3)
        da1, dw2 = v.plane_backward(da2 * slope(z2, a2), a1, w2)
        return v.plane_backward(da1 * slope(z1, a1), x, w1)[1], dw2, dw3

    return gradient


def chain_sums(x, w1, w2, w3, t):
    """The asker's way: the sum of the inputs times the sum of the deltas, in each layer."""
    a1 = np.tanh(v.plane(x, w1))
    a2 = np.tanh(v.plane(a1, w2))
    d3 = v.plane(a2, w3) - t
    da2, _ = v.plane_backward(d3, a2, w3)
    d2 = da2 * (1 - a2**2)
    da1, _ = v.plane_backward(d2, a1, w2)
    d1 = da1 * (1 - a1**2)
    pairs = ((x, d1), (a1, d2), (a2, d3))
    return tuple(v.plane(inputs, np.ones_like(deltas)) * deltas.sum() for inputs, deltas in pairs)


def tied_share(which):
    def gradient(x, w, t):
        z = v.plane(x, w)
        dz, second = v.plane_backward(v.plane(z, w) - t, z, w)
        return second if which == 2 else v.plane_backward(dz, x, w)[1]

    return gradient


# The whole network


def mirror_twin_forgotten(dy, x, w):
    full = v.correlate_backward(dy, x, v.mirror_kernel(w), 1, 1)
    return full[0], full[1][..., :2], dy.sum(axis=(0, 2, 3))


def mirror_averaged(dy, x, w):
    dx, dw, db = v.mirror_conv_backward(dy, x, w)
    return dx, np.stack([dw[..., 0] / 2, dw[..., 1]], axis=-1), db


def hard_targets(z, labels, eps):
    loss, _ = v.smooth_loss(z, labels, eps)
    return loss, v.smooth_loss(z, labels, 0.0)[1]


def whole_network(slope=lambda a: 1 - a**2, scale=lambda x: 1.0, targets=lambda eps: eps):
    """The network's gradient with one link of the chain replaced."""

    def gradient(x, labels, w, b, dense, c, eps):
        y = v.mirror_conv(x, w, b)
        a = np.tanh(v.blend_pool(y))
        flat = a.reshape(len(x), -1)
        loss, dz = v.smooth_loss(flat @ dense + c, labels, targets(eps))
        dz = dz * scale(x)
        dpool = (dz @ dense.T).reshape(a.shape) * slope(a)
        _, dw, db = v.mirror_conv_backward(v.blend_pool_backward(dpool, y), x, w)
        return loss, dw, db, flat.T @ dz, dz.sum(axis=0)

    return gradient


def scaled(right, factor):
    return lambda *args, **kwargs: tuple(
        factor(*args) * output for output in as_tuple(right(*args, **kwargs))
    )


WRONG = {
    "palindrome_backward": {
        "twin-forgotten": (twin_forgotten, last_twin_only),
        "twin-averaged": replaced(v.palindrome_backward, 1, lambda da, *_: da / 2),
        "averaged-positions": scaled(v.palindrome_backward, lambda dy, *_: 1 / len(dy)),
        "last-position-only": last_use_only,
        "product-of-sums": palindrome_sums,
    },
    "circular_backward": {
        "ring-cut": ring_cut,
        "kernel-not-rotated": ring_not_rotated,
        "gradient-rotated": replaced(v.circular_backward, 1, lambda dw, *_: dw[::-1]),
        "averaged-positions": replaced(v.circular_backward, 1, lambda dw, dy, *_: dw / len(dy)),
    },
    "wrap_pool_backward": {
        "first-instead-of-last": ring_routed(first),
        "pool-all-ties": ring_routed(every),
        "shared-among-maxima": ring_routed(shared),
        "pool-assigned": ring_routed(last, add=False),
        "ring-cut": ring_not_closed,
        "pool-neurons-nulled": nulled_neurons,
    },
    "range_pool_backward": {
        "minimum-forgotten": lambda *args: range_parts(*args)[0],
        "minimum-sign": lambda *args: sum(range_parts(*args)),
        "pool-assigned": range_overwritten,
    },
    "maxout_backward": {"pool-all-ties": maxout_every, "no-routing": maxout_all_channels},
    "separable2d_backward": {
        "other-factor-forgotten": other_factor_forgotten,
        "kernel-not-rotated": kernel_turned,
        "gradient-rotated": gradient_turned,
        "batch-averaged": batch_averaged,
        "averaged-positions": positions_averaged,
    },
    "tiled2d_backward": {"tiles-as-one": tiles_as_one, "tiles-swapped": tiles_swapped},
    "chain_gradient": {
        "derivative-forgotten": chain_with(lambda z, a: np.ones_like(a)),
        "derivative-at-activation": chain_with(lambda z, a: 1 - np.tanh(a) ** 2),
        "activation-derivative-twice": chain_with(lambda z, a: (1 - a**2) ** 2),
        "times-two": chain_with(lambda z, a: 1 - a**2, lambda y, t: 2 * (y - t)),
        "wrong-sign": chain_with(lambda z, a: 1 - a**2, lambda y, t: t - y),
        "product-of-sums": chain_sums,
    },
    "tied_gradient": {
        "first-layer-forgotten": tied_share(2),
        "second-layer-forgotten": tied_share(1),
        "times-two": scaled(v.tied_gradient, lambda *_: 2),
        "wrong-sign": scaled(v.tied_gradient, lambda *_: -1),
    },
    "smooth_loss": {
        "batch-mean-forgotten": scaled(v.smooth_loss, lambda z, *_: len(z)),
        "hard-targets": hard_targets,
        "wrong-sign": replaced(v.smooth_loss, 1, lambda dz, *_: -dz),
    },
    "mirror_conv_backward": {
        "twin-forgotten": mirror_twin_forgotten,
        "twin-averaged": mirror_averaged,
        "batch-averaged": replaced(v.mirror_conv_backward, 1, lambda dw, dy, *_: dw / len(dy)),
    },
    "blend_pool_backward": {
        "mean-share-forgotten": (
            lambda dy, x: v.blend_pool_backward(dy, x) - spread(dy) / 8,
            lambda dy, x: 2 * v.blend_pool_backward(dy, x) - spread(dy) / 4,
        ),
        "maximum-share-forgotten": (lambda dy, x: spread(dy) / 8, lambda dy, x: spread(dy) / 4),
        "blend-not-halved": lambda dy, x: 2 * v.blend_pool_backward(dy, x),
    },
    "network_gradient": {
        "derivative-forgotten": whole_network(slope=np.ones_like),
        "derivative-at-activation": whole_network(slope=lambda a: 1 - np.tanh(a) ** 2),
        "batch-mean-forgotten": whole_network(scale=len),
        "hard-targets": whole_network(targets=lambda eps: 0.0),
    },
}


def wrong_functions(function):
    """(id, wrong function) of every wrong version of one function."""
    return [
        (identifier, each)
        for identifier, entry in WRONG.get(function, {}).items()
        for each in (entry if isinstance(entry, tuple) else (entry,))
    ]


def spread(dy):
    return dy.repeat(2, axis=2).repeat(2, axis=3)
