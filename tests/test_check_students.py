"""Functions in the manner of students: wrong ones, from the questions they ask, and right ones by every road.

The wrong ones were written from what people ask and post (loops over windows, im2col, einsum, scipy-like calls,
padding by hand), not from the catalogue's formulas. Every one must be caught; how many are named is printed at the end.
At first sight 52 of 74 were named. The catalogue then took in the commoner ones of the rest, so the number printed now is no
independent measure.
The right ones must pass, whatever road they take.
"""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from scipy.signal import convolve2d, correlate2d

from cnnlab import check, conv1d_backward

WRONG, RIGHT = [], []


def wrong(name, **keywords):
    def register(function):
        WRONG.append((name, keywords, function))
        return function

    return register


def right(name, **keywords):
    def register(function):
        RIGHT.append((name, keywords, function))
        return function

    return register


SIMPLE = {"stride": False, "padding": False}
VECTORS = {"stride": False, "padding": False, "plain": True}


# One dimension, plain vectors: "my dw is off and I do not see why".


@wrong("conv1d_backward", returns="dw", **VECTORS)
def convolves_where_it_should_correlate(dy, x, w):
    return np.convolve(x, dy, mode="valid")


@wrong("conv1d_backward", returns="dw", **VECTORS)
def arguments_of_correlate_swapped(dy, x, w):
    return np.correlate(dy, x, mode="valid")


@wrong("conv1d_backward", returns="dw", **VECTORS)
def loop_overwrites(dy, x, w):
    dw = np.zeros(len(w))
    for i in range(len(dy)):
        for m in range(len(w)):
            dw[m] = x[i + m] * dy[i]
    return dw


@wrong("conv1d_backward", returns="dw", **VECTORS)
def return_inside_the_loop(dy, x, w):
    dw = np.zeros(len(w))
    for i in range(len(dy)):
        dw += x[i : i + len(w)] * dy[i]
        return dw


@wrong("conv1d_backward", returns="dw", **VECTORS)
def starts_at_one(dy, x, w):
    dw = np.zeros(len(w))
    for i in range(1, len(dy)):
        dw += x[i : i + len(w)] * dy[i]
    return dw


@wrong("conv1d_backward", returns="dw", **VECTORS)
def means_over_windows(dy, x, w):
    grads = [x[i : i + len(w)] * dy[i] for i in range(len(dy))]
    return np.mean(grads, axis=0)


@wrong("conv1d_backward", returns="dw", **VECTORS)
def derivative_without_delta(dy, x, w):
    return sum(x[i : i + len(w)] for i in range(len(dy)))


@wrong("conv1d_backward", returns="dw", **VECTORS)
def window_sum_times_delta(dy, x, w):
    dw = np.zeros(len(w))
    for i in range(len(dy)):
        dw += x[i : i + len(w)].sum() * dy[i]
    return dw


@wrong("conv1d_backward", returns="dw", **VECTORS)
def minus_because_of_descent(dy, x, w):
    return -np.correlate(x, dy, mode="valid")


@wrong("conv1d_backward", returns="dw", **VECTORS)
def delta_times_weight(dy, x, w):
    dw = np.zeros(len(w))
    for i in range(len(dy)):
        dw += w * dy[i]
    return dw


@wrong("conv1d_backward", returns="dw", **VECTORS)
def already_an_update(dy, x, w):
    return w - 0.1 * np.correlate(x, dy, mode="valid")


@wrong("conv1d_backward", returns="dw", **VECTORS)
def same_mode(dy, x, w):
    return np.correlate(x, dy, mode="same")[: len(w)]


@wrong("conv1d_backward", returns="dx", **VECTORS)
def correlates_full(dy, x, w):
    return np.correlate(dy, w, mode="full")


@wrong("conv1d_backward", returns="dx", **VECTORS)
def flips_and_convolves(dy, x, w):
    return np.convolve(dy, w[::-1])


@wrong("conv1d_backward", returns="dx", **VECTORS)
def flips_the_delta(dy, x, w):
    return np.convolve(dy[::-1], w)


@wrong("conv1d_backward", returns="dx", **VECTORS)
def window_overwritten(dy, x, w):
    dx = np.zeros_like(x, dtype=float)
    for i in range(len(dy)):
        dx[i : i + len(w)] = w * dy[i]
    return dx


@wrong("conv1d_backward", returns="dx", **VECTORS)
def delta_of_own_index(dy, x, w):
    dx = np.zeros(len(x))
    for i in range(len(dy)):
        dx[i] = dy[i] * w.sum()
    return dx


@wrong("conv1d_backward", returns="dx", **VECTORS)
def cropped_to_same(dy, x, w):
    return np.convolve(dy, w, mode="same")


@wrong("conv1d_backward", returns="dx", **VECTORS)
def integer_buffer(dy, x, w):
    dx = np.zeros_like(x)
    for i in range(len(dy)):
        for m in range(len(w)):
            dx[i + m] += w[m] * dy[i]
    return dx


@wrong("conv1d_backward", returns="db", takes="dy", **SIMPLE)
def bias_is_the_delta(dy):
    return dy


@wrong("conv1d_backward", returns="db", takes="dy", **SIMPLE)
def bias_keeps_the_positions(dy):
    return dy.sum(0)


@wrong("conv1d_backward", returns="db", takes="dy", **SIMPLE)
def bias_mean(dy):
    return dy.mean(axis=(0, 2))


@wrong("conv1d_backward", returns="db", takes="dy", **SIMPLE)
def bias_keepdims(dy):
    return dy.sum(axis=(0, 2), keepdims=True)


# Batches and channels: einsum and reshape.


def columns(x, w, stride, padding):
    """im2col as students write it: (N, C, M, O)."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    o = (x.shape[2] - w.shape[2]) // stride + 1
    return np.stack([x[:, :, m : m + stride * o : stride][:, :, :o] for m in range(w.shape[2])], axis=2)


@wrong("conv1d_backward", returns="dw")
def einsum_sums_the_inputs_apart(dy, x, w, stride=1, padding=0):
    return np.einsum("ncmo,nkp->kcm", columns(x, w, stride, padding), dy)


@wrong("conv1d_backward", returns="dw")
def einsum_forgets_the_batch(dy, x, w, stride=1, padding=0):
    return np.einsum("ncmo,jko->kcm", columns(x, w, stride, padding), dy)


@wrong("conv1d_backward", returns="dw")
def einsum_output_order(dy, x, w, stride=1, padding=0):
    return np.einsum("ncmo,nko->ckm", columns(x, w, stride, padding), dy)


@wrong("conv1d_backward", returns="dw")
def einsum_offset_reversed(dy, x, w, stride=1, padding=0):
    return np.einsum("ncmo,nko->kcm", columns(x, w, stride, padding)[:, :, ::-1], dy)


@wrong("conv1d_backward", returns="dw")
def reshaped_instead_of_transposed(dy, x, w, stride=1, padding=0):
    cols = columns(x, w, stride, padding)
    left = dy.reshape(dy.shape[1], -1)  # (K, N O) by reshape, which mixes examples and filters
    return (left @ cols.transpose(0, 3, 1, 2).reshape(left.shape[1], -1)).reshape(w.shape)


@wrong("conv1d_backward", returns="dw")
def divides_by_the_batch(dy, x, w, stride=1, padding=0):
    return np.einsum("ncmo,nko->kcm", columns(x, w, stride, padding), dy) / x.shape[0]


@wrong("conv1d_backward", returns="dw")
def forgets_the_padding(dy, x, w, stride=1, padding=0):
    dw = np.zeros(w.shape)
    for i in range(dy.shape[2]):
        window = x[:, :, i * stride : i * stride + w.shape[2]]
        dw[:, :, : window.shape[2]] += np.einsum("ncm,nk->kcm", window, dy[:, :, i])
    return dw


@wrong("conv1d_backward", returns="dw")
def forgets_the_stride(dy, x, w, stride=1, padding=0):
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dw = np.zeros(w.shape)
    for i in range(dy.shape[2]):
        dw += np.einsum("ncm,nk->kcm", xp[:, :, i : i + w.shape[2]], dy[:, :, i])
    return dw


@wrong("conv1d_backward", returns="dx")
def crops_with_minus_padding(dy, x, w, stride=1, padding=0):
    dxp = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * padding))
    for i in range(dy.shape[2]):
        dxp[:, :, i * stride : i * stride + w.shape[2]] += np.einsum("nk,kcm->ncm", dy[:, :, i], w)
    return dxp[:, :, padding:-padding]


@wrong("conv1d_backward", returns="dx")
def crops_nothing(dy, x, w, stride=1, padding=0):
    dxp = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * padding))
    for i in range(dy.shape[2]):
        dxp[:, :, i * stride : i * stride + w.shape[2]] += np.einsum("nk,kcm->ncm", dy[:, :, i], w)
    return dxp


@wrong("conv1d_backward", returns="dx")
def crops_the_end(dy, x, w, stride=1, padding=0):
    dxp = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * padding))
    for i in range(dy.shape[2]):
        dxp[:, :, i * stride : i * stride + w.shape[2]] += np.einsum("nk,kcm->ncm", dy[:, :, i], w)
    return dxp[:, :, : x.shape[2]]


@wrong("conv1d_backward", returns="dx")
def loops_over_one_filter_too_few(dy, x, w, stride=1, padding=0):
    dxp = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * padding))
    for k in range(max(1, w.shape[0] - 1)):
        for i in range(dy.shape[2]):
            dxp[:, :, i * stride : i * stride + w.shape[2]] += dy[:, k, i][:, None, None] * w[k]
    return dxp[:, :, padding : padding + x.shape[2]]


@wrong("conv1d_backward")
def returns_parameters_first(dy, x, w, stride=1, padding=0):
    dx, dw, db = conv1d_backward(dy, x, w, stride=stride, padding=padding)
    return dw, db, dx


GATHERED = {}


@wrong("conv1d_backward", returns="dw")
def collects_in_a_global(dy, x, w, stride=1, padding=0):
    dw = GATHERED.setdefault(w.shape, np.zeros(w.shape))
    dw += conv1d_backward(dy, x, w, stride=stride, padding=padding)[1]
    return dw


@wrong("conv1d_backward", returns="dw")
def pads_its_argument_in_place(dy, x, w, stride=1, padding=0):
    dw = conv1d_backward(dy, x, w, stride=stride, padding=padding)[1]
    w -= 0.01 * dw
    return dw


# Two dimensions.


def conv_loops(dy, x, w, stride, padding, put):
    """The four usual loops; `put` decides what happens at each."""
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for n in range(x.shape[0]):
        for k in range(w.shape[0]):
            for i in range(dy.shape[2]):
                for j in range(dy.shape[3]):
                    a, b = i * stride, j * stride
                    put(n, k, i, j, xp[n, :, a : a + w.shape[2], b : b + w.shape[3]])


@wrong("conv2d_backward", returns="dw")
def indices_of_delta_swapped(dy, x, w, stride=1, padding=0):
    dw = np.zeros(w.shape)

    def put(n, k, i, j, window):
        dw[k] += window * dy[n, k, min(j, dy.shape[2] - 1), min(i, dy.shape[3] - 1)]

    conv_loops(dy, x, w, stride, padding, put)
    return dw


@wrong("conv2d_backward", returns="dw")
def first_example_all_along(dy, x, w, stride=1, padding=0):
    dw = np.zeros(w.shape)

    def put(n, k, i, j, window):
        if n == 0:
            dw[k] += window * dy[n, k, i, j]

    conv_loops(dy, x, w, stride, padding, put)
    return dw


@wrong("conv2d_backward", returns="dw")
def window_flipped(dy, x, w, stride=1, padding=0):
    dw = np.zeros(w.shape)

    def put(n, k, i, j, window):
        dw[k] += window[:, ::-1, ::-1] * dy[n, k, i, j]

    conv_loops(dy, x, w, stride, padding, put)
    return dw


@wrong("conv2d_backward", returns="dw")
def only_rows_flipped(dy, x, w, stride=1, padding=0):
    dw = np.zeros(w.shape)

    def put(n, k, i, j, window):
        dw[k] += window[:, ::-1] * dy[n, k, i, j]

    conv_loops(dy, x, w, stride, padding, put)
    return dw


@wrong("conv2d_backward", returns="dw")
def assigned_per_window(dy, x, w, stride=1, padding=0):
    dw = np.zeros(w.shape)

    def put(n, k, i, j, window):
        dw[k] = window * dy[n, k, i, j]

    conv_loops(dy, x, w, stride, padding, put)
    return dw


@wrong("conv2d_backward", returns="dw", **VECTORS)
def scipy_arguments_the_other_way(dy, x, w):
    out = np.zeros(w.shape)
    for p in range(w.shape[0]):
        for q in range(w.shape[1]):
            out[p, q] = np.sum(x[p : p + dy.shape[0], q : q + dy.shape[1]] * dy)
    return np.rot90(out, 2)


@wrong("conv2d_backward", returns="dw", **VECTORS)
def rotated_by_ninety(dy, x, w):
    out = np.zeros(w.shape)
    for p in range(w.shape[0]):
        for q in range(w.shape[1]):
            out[p, q] = np.sum(x[p : p + dy.shape[0], q : q + dy.shape[1]] * dy)
    return np.rot90(out)


@wrong("conv2d_backward", returns="dx", **VECTORS)
def kernel_turned_once_too_few(dy, x, w):
    p, q = w.shape
    padded = np.pad(dy, ((p - 1, p - 1), (q - 1, q - 1)))
    out = np.zeros(x.shape)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(padded[i : i + p, j : j + q] * w)
    return out


@wrong("conv2d_backward", returns="dx", **VECTORS)
def pads_by_the_kernel_size(dy, x, w):
    p, q = w.shape
    padded = np.pad(dy, ((p, p), (q, q)))
    out = np.zeros(x.shape)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(padded[i : i + p, j : j + q] * w[::-1, ::-1])
    return out


@wrong("conv2d_backward", returns="dx", **VECTORS)
def transposes_instead_of_rotating(dy, x, w):
    p, q = w.shape
    padded = np.pad(dy, ((p - 1, p - 1), (q - 1, q - 1)))
    kernel = w.T.reshape(p, q)
    out = np.zeros(x.shape)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(padded[i : i + p, j : j + q] * kernel)
    return out


# Pooling.


def windows_of(x, size, stride):
    p, q = (size, size) if np.isscalar(size) else size
    s, t = (p, q) if stride is None else (stride, stride) if np.isscalar(stride) else stride
    for i in range((x.shape[2] - p) // s + 1):
        for j in range((x.shape[3] - q) // t + 1):
            yield i, j, slice(i * s, i * s + p), slice(j * t, j * t + q)


@wrong("max_pool2d_backward")
def mask_is_equality(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        window = x[:, :, r, c]
        mask = window == window.max(axis=(2, 3), keepdims=True)
        dx[:, :, r, c] += mask * dy[:, :, i, j][:, :, None, None]
    return dx


@wrong("max_pool2d_backward")
def mask_normalised(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        window = x[:, :, r, c]
        mask = window == window.max(axis=(2, 3), keepdims=True)
        dx[:, :, r, c] += mask / mask.sum(axis=(2, 3), keepdims=True) * dy[:, :, i, j][:, :, None, None]
    return dx


@wrong("max_pool2d_backward")
def mask_overwrites(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        for n in range(x.shape[0]):
            for m in range(x.shape[1]):
                window = x[n, m, r, c]
                a, b = np.unravel_index(window.argmax(), window.shape)
                dx[n, m, r.start + a, c.start + b] = dy[n, m, i, j]
    return dx


@wrong("max_pool2d_backward")
def argmax_over_the_whole_batch(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        window = x[:, :, r, c]
        n, m, a, b = np.unravel_index(window.argmax(), window.shape)
        dx[n, m, r.start + a, c.start + b] += dy[:, :, i, j].sum()
    return dx


@wrong("max_pool2d_backward")
def offset_forgotten(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        for n in range(x.shape[0]):
            for m in range(x.shape[1]):
                window = x[n, m, r, c]
                dx[(n, m, *np.unravel_index(window.argmax(), window.shape))] += dy[n, m, i, j]
    return dx


@wrong("max_pool2d_backward")
def later_maximum_with_greater_or_equal(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        for n in range(x.shape[0]):
            for m in range(x.shape[1]):
                best, at = -np.inf, None
                for a in range(r.start, r.stop):
                    for b in range(c.start, c.stop):
                        if x[n, m, a, b] >= best:
                            best, at = x[n, m, a, b], (a, b)
                dx[(n, m, *at)] += dy[n, m, i, j]
    return dx


@wrong("max_pool2d_backward")
def best_starts_at_zero(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        for n in range(x.shape[0]):
            for m in range(x.shape[1]):
                best, at = 0, (r.start, c.start)
                for a in range(r.start, r.stop):
                    for b in range(c.start, c.stop):
                        if x[n, m, a, b] > best:
                            best, at = x[n, m, a, b], (a, b)
                dx[(n, m, *at)] += dy[n, m, i, j]
    return dx


@wrong("max_pool2d_backward", pairs=False)
def upsampled(dy, x, size, stride=None):
    up = dy.repeat(size, axis=2).repeat(size, axis=3)
    dx = np.zeros(x.shape)
    up = up[:, :, : x.shape[2], : x.shape[3]]
    dx[:, :, : up.shape[2], : up.shape[3]] = up
    return dx


@wrong("max_pool2d_backward")
def keeps_the_value(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        window = x[:, :, r, c]
        top = window.max(axis=(2, 3), keepdims=True)
        dx[:, :, r, c] += np.where(window == top, window, 0) * dy[:, :, i, j][:, :, None, None]
    return dx


# A network around it.


@wrong("two_convolutions_backward", plain=True)
def the_askers_derivative(dy, x, w1, w2):
    def corr(a, b):
        rows, cols = a.shape[0] - b.shape[0] + 1, a.shape[1] - b.shape[1] + 1
        return np.array(
            [
                [np.sum(a[i : i + b.shape[0], j : j + b.shape[1]] * b) for j in range(cols)]
                for i in range(rows)
            ]
        )

    hidden = corr(x, w1)
    dw2 = corr(hidden, dy)
    inputs = corr(x, np.ones(hidden.shape))  # the sum of all inputs that a weight meets
    return inputs * (w2.sum() * dy.sum()), dw2


@wrong("two_convolutions_backward", plain=True)
def second_delta_is_the_first(dy, x, w1, w2):
    def corr(a, b):
        rows, cols = a.shape[0] - b.shape[0] + 1, a.shape[1] - b.shape[1] + 1
        return np.array(
            [
                [np.sum(a[i : i + b.shape[0], j : j + b.shape[1]] * b) for j in range(cols)]
                for i in range(rows)
            ]
        )

    hidden = corr(x, w1)
    padded = np.pad(dy, ((w2.shape[0] - 1,) * 2, (w2.shape[1] - 1,) * 2))
    return corr(x, corr(padded, w2)), corr(hidden, dy)


@wrong("sigmoid_backward")
def slope_of_what_comes_in(dy, x):
    return dy * x * (1 - x)


@wrong("sigmoid_backward")
def sigmoid_of_the_output(dy, x):
    a = 1 / (1 + np.exp(-x))
    s = 1 / (1 + np.exp(-a))
    return dy * s * (1 - s)


@wrong("relu_backward")
def zeroes_negative_gradients(dy, x):
    out = dy.copy()
    out[out <= 0] = 0
    return out


@wrong("relu_backward")
def in_place_on_the_gradient(dy, x):
    dy[x <= 0] = 0
    return dy


@wrong("dense_backward", returns="dw")
def outer_product_the_other_way(dy, x, w):
    return np.einsum("ni,nj->ij", x, dy)


@wrong("flatten_dense_backward", returns="dx")
def fortran_order(dy, x, w):
    return (dy @ w).reshape(x.shape, order="F")


@wrong("softmax_cross_entropy_backward")
def not_divided(x, labels):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[range(len(x)), labels] -= 1
    return p


@wrong("softmax_cross_entropy_backward")
def target_minus_prediction(x, labels):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return (np.eye(x.shape[1])[labels] - p) / len(x)


@wrong("softmax_cross_entropy_backward")
def with_the_sigmoids_slope(x, labels):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return (p - np.eye(x.shape[1])[labels]) * p * (1 - p) / len(x)


@wrong("momentum_step")
def one_update_for_each_overlap(w, gradients, velocity, rate, momentum):
    for g in gradients:
        velocity = momentum * velocity + g
        w = w - rate * velocity
    return w, velocity


@wrong("momentum_step")
def velocity_with_minus(w, gradients, velocity, rate, momentum):
    velocity = momentum * velocity - rate * gradients.sum(0)
    return w + velocity, velocity


@wrong("sgd")
def updates_in_place(params, grads, velocities=None, rate=0.1, momentum=0.0):
    velocities = velocities or [np.zeros_like(p) for p in params]
    for p, g, v in zip(params, grads, velocities, strict=True):
        v *= momentum
        v += g
        p -= rate * v
    return params, velocities


@wrong("gradient_checker")
def compares_the_sums(loss, gradient, x):
    numeric = 0
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += 1e-4
        down[index] -= 1e-4
        numeric += (loss(up) - loss(down)) / 2e-4
    return bool(abs(numeric - gradient.sum()) < 1e-4 * max(1, abs(numeric)))


@wrong("gradient_checker")
def forgets_to_put_x_back(loss, gradient, x):
    ok = True
    for index in np.ndindex(x.shape):
        x[index] += 1e-5
        up = loss(x)
        x[index] -= 2e-5
        down = loss(x)
        ok = ok and abs((up - down) / 2e-5 - gradient[index]) <= 1e-4 * max(abs(gradient).max(), 1e-30)
    return ok


@wrong("tie_gradients")
def averages_the_copies(dw, db):
    axes = tuple(range(db.ndim - 1))
    return dw.mean(axes), db.mean(axes)


# Right answers by other roads.


@right("conv1d_backward")
def by_loops(dy, x, w, stride=1, padding=0):
    n, c, length = x.shape
    k, _, m = w.shape
    xp = np.zeros((n, c, length + 2 * padding))
    xp[:, :, padding : padding + length] = x
    dxp, dw, db = np.zeros(xp.shape), np.zeros(w.shape), np.zeros(k)
    for e in range(n):
        for f in range(k):
            for i in range(dy.shape[2]):
                db[f] += dy[e, f, i]
                for ch in range(c):
                    for j in range(m):
                        dw[f, ch, j] += xp[e, ch, i * stride + j] * dy[e, f, i]
                        dxp[e, ch, i * stride + j] += w[f, ch, j] * dy[e, f, i]
    return [dxp[:, :, padding : padding + length].tolist(), dw.tolist(), db.tolist()]


@right("conv1d_backward")
def by_einsum(dy, x, w, *, stride=1, padding=0):
    cols = columns(x, w, stride, padding)
    dcols = np.einsum("kcm,nko->ncmo", w, dy)
    dxp = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding))
    for m in range(w.shape[2]):
        for o in range(dy.shape[2]):
            dxp[:, :, o * stride + m] += dcols[:, :, m, o]
    return (
        dxp[:, :, padding : padding + x.shape[2]],
        np.einsum("ncmo,nko->kcm", cols, dy),
        np.einsum("nko->k", dy),
    )


@right("conv1d_backward")
def by_a_matrix(dy, x, w, stride=1, padding=0):
    length, m, o = x.shape[2], w.shape[2], dy.shape[2]
    place = np.zeros((o, m, length))  # which input each weight meets at each position
    for i in range(o):
        for j in range(m):
            at = i * stride + j - padding
            if 0 <= at < length:
                place[i, j, at] = 1
    dx = np.einsum("nki,kcj,ijl->ncl", dy, w, place)
    dw = np.einsum("nki,ncl,ijl->kcj", dy, x, place)
    return dx, dw, dy.sum((0, 2))


@right("conv1d_backward", returns="dx dw", **SIMPLE)
def by_fft(dy, x, w):
    size = x.shape[2] + w.shape[2]
    fx, fw, fd = (np.fft.fft(a, size) for a in (x, w, dy))
    dx = np.fft.ifft(np.einsum("nkf,kcf->ncf", fd, fw))[:, :, : x.shape[2]]
    dw = np.fft.ifft(np.einsum("nkf,ncf->kcf", fd.conj(), fx))[:, :, : w.shape[2]]
    return dx, dw


@right("conv1d_backward")
def in_single_precision(dy, x, w, stride=1, padding=0):
    dy, x, w = (a.astype(np.float32) for a in (dy, x, w))
    return [a.astype(np.float32) for a in by_einsum(dy, x, w, stride=stride, padding=padding)]


@right("conv1d_backward", returns="dx", **SIMPLE)
def in_single_precision_by_fft(dy, x, w):
    size = x.shape[2] + w.shape[2]
    fw, fd = np.fft.rfft(w.astype(np.float32), size), np.fft.rfft(dy.astype(np.float32), size)
    return np.fft.irfft(np.einsum("nkf,kcf->ncf", fd, fw), size)[:, :, : x.shape[2]].astype(np.float32)


@right("conv1d_backward", returns="dw", **VECTORS)
def numerically(dy, x, w):
    dw = np.zeros(len(w))
    for m in range(len(w)):
        up, down = w.astype(float), w.astype(float)
        up[m] += 0.5
        down[m] -= 0.5
        dw[m] = np.sum(dy * (np.correlate(x, up) - np.correlate(x, down)))
    return dw


class Tensor:
    """What a tensor library gives back: no array, but something that becomes one after it is detached."""

    def __init__(self, array, tracked=True):
        self.array, self.tracked = array, tracked

    def detach(self):
        return Tensor(self.array, tracked=False)

    def __array__(self, dtype=None, copy=None):
        if self.tracked:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return np.asarray(self.array, dtype=dtype)


@right("conv1d_backward")
def like_a_tensor_library(dy, x, w, stride=1, padding=0):
    return tuple(Tensor(a) for a in by_einsum(dy, x, w, stride=stride, padding=padding))


@right("conv1d_backward")
def with_prints_and_warnings(dy, x, w, stride=1, padding=0):
    print("shape", x.shape)
    np.log(np.zeros(1))
    return by_einsum(dy, x, w, stride=stride, padding=padding)


@right("conv1d_backward", returns="dw", **VECTORS)
def as_a_list_of_numbers(dy, x, w):
    return [sum(int(x[i + m]) * dy[i] for i in range(len(dy))) for m in range(len(w))]


@right("conv2d_backward")
def by_im2col(dy, x, w, stride=1, padding=0):
    n, c, height, width = x.shape
    k, _, p, q = w.shape
    rows, cols = dy.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    i = (np.arange(p)[:, None] + stride * np.arange(rows)[None])[:, None, :, None]
    j = (np.arange(q)[:, None] + stride * np.arange(cols)[None])[None, :, None, :]
    seen = xp[:, :, i, j].reshape(n, c * p * q, rows * cols)
    delta = dy.reshape(n, k, -1)
    dw = np.einsum("nko,nmo->km", delta, seen).reshape(w.shape)
    back = np.einsum("km,nko->nmo", w.reshape(k, -1), delta).reshape(n, c, p, q, rows, cols)
    dxp = np.zeros(xp.shape)
    np.add.at(dxp, (slice(None), slice(None), i, j), back)
    return dxp[:, :, padding : padding + height, padding : padding + width], dw, delta.sum((0, 2))


@right("conv2d_backward", returns="dx dw", **VECTORS)
def by_scipy(dy, x, w):
    return convolve2d(dy, w, mode="full"), correlate2d(x, dy, mode="valid")


@right("conv2d_backward")
def by_automatic_differentiation(dy, x, w, stride=1, padding=0):
    def loss(x, w, b):
        xp = anp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="constant")
        rows, cols = dy.shape[2:]
        y = b[None, :, None, None]
        for p in range(w.shape[2]):
            for q in range(w.shape[3]):
                seen = xp[
                    :, :, p : p + stride * (rows - 1) + 1 : stride, q : q + stride * (cols - 1) + 1 : stride
                ]
                y = y + anp.einsum("nchw,kc->nkhw", seen, w[:, :, p, q])
        return anp.sum(y * dy)

    b = np.zeros(w.shape[0])
    return tuple(grad(loss, which)(x.astype(float), w.astype(float), b) for which in range(3))


@right("max_pool2d_backward")
def pool_by_argmax(dy, x, size, stride=None):
    dx = np.zeros(x.shape)
    for i, j, r, c in windows_of(x, size, stride):
        for n in range(x.shape[0]):
            for m in range(x.shape[1]):
                window = x[n, m, r, c]
                a, b = np.unravel_index(window.argmax(), window.shape)
                dx[n, m, r.start + a, c.start + b] += dy[n, m, i, j]
    return dx


@right("max_pool2d_backward")
def pool_by_a_routing_matrix(dy, x, size, stride=None):
    dx = np.zeros((x.shape[0] * x.shape[1], x.shape[2] * x.shape[3]))
    places = np.arange(x.shape[2] * x.shape[3]).reshape(x.shape[2:])
    for i, j, r, c in windows_of(x, size, stride):
        maps = x[:, :, r, c].reshape(len(dx), -1)
        route = np.eye(dx.shape[1])[places[r, c].ravel()[maps.argmax(axis=1)]]
        dx += route * dy[:, :, i, j].reshape(-1, 1)
    return dx.reshape(x.shape)


@right("max_pool2d", pairs=False)
def pool_forward_by_lists(x, size, stride=None):
    stride = stride or size
    rows, cols = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1

    def largest(image, i, j):
        return max(image[i * stride + a][j * stride + b] for a in range(size) for b in range(size))

    return [[[[largest(m, i, j) for j in range(cols)] for i in range(rows)] for m in e] for e in x.tolist()]


@right("two_convolutions_backward", plain=True)
def chain_by_scipy(dy, x, w1, w2):
    hidden = correlate2d(x, w1, mode="valid")
    return correlate2d(x, convolve2d(dy, w2), mode="valid"), correlate2d(hidden, dy, mode="valid")


@right("softmax_cross_entropy_backward")
def softmax_by_logs(x, labels):
    shifted = x - x.max(1)[:, None]
    p = np.exp(shifted - np.log(np.exp(shifted).sum(1))[:, None])
    return (p - (np.arange(x.shape[1]) == labels[:, None])) / len(labels)


@right("sgd")
def sgd_with_lists(params, grads, velocities, rate, momentum):
    velocities = [np.zeros_like(p) for p in params] if velocities is None else velocities
    new = [momentum * v + g for v, g in zip(velocities, grads, strict=True)]
    return [p - rate * v for p, v in zip(params, new, strict=True)], new


@right("gradient_checker")
def checker_by_relative_error(loss, gradient, x):
    numeric = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        keep, h = x[index], 1e-5 * max(1.0, abs(x[index]))
        x[index] = keep + h
        up = loss(x)
        x[index] = keep - h
        down = loss(x)
        x[index] = keep
        numeric[index] = (up - down) / (2 * h)
    return np.abs(numeric - gradient).max() <= 1e-5 * np.abs(numeric).max()


@right("tie_gradients")
def ties_by_a_loop(dw, db):
    kernel, bias = 0, 0
    for position in np.ndindex(*db.shape[:-1]):
        kernel, bias = kernel + dw[position], bias + db[position]
    return kernel, bias


@pytest.mark.parametrize(("name", "keywords", "function"), WRONG, ids=[f.__name__ for _, _, f in WRONG])
def test_a_students_wrong_function_is_caught(name, keywords, function, record_property):
    GATHERED.clear()
    report = getattr(check, name)(function, **keywords)
    record_property("student", (not report.passed, bool(report.misconceptions)))
    assert not report.passed


@pytest.mark.parametrize(("name", "keywords", "function"), RIGHT, ids=[f.__name__ for _, _, f in RIGHT])
def test_a_right_answer_passes_by_any_road(name, keywords, function):
    report = getattr(check, name)(function, **keywords)
    assert report.passed, report.message


def test_there_are_enough_of_both():
    assert len(WRONG) >= 60 and len(RIGHT) >= 20
