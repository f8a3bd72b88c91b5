"""Locally connected layers and the rule that ties them, exact on integers, and against autograd."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st

from cnnlab import conv1d, conv1d_backward, conv2d, conv2d_backward, trace
from cnnlab.datasets import squares
from cnnlab.gradcheck import gradcheck
from cnnlab.sharing import (
    count,
    expand_kernel,
    local1d,
    local1d_backward,
    local2d,
    local2d_backward,
    tie_gradients,
    train_kernels,
)

FUNCTIONS = {
    1: (conv1d, conv1d_backward, local1d, local1d_backward),
    2: (conv2d, conv2d_backward, local2d, local2d_backward),
}


@st.composite
def layers(draw):
    """x, shared w and b, and a geometry, as integers in floats; unequal sizes in each dimension."""
    ndim = draw(st.sampled_from([1, 2]))
    n, c, k = (draw(st.integers(1, 3)) for _ in range(3))
    kernel = [draw(st.integers(1, 3)) for _ in range(ndim)]
    padding = [draw(st.integers(0, 2)) for _ in range(ndim)]
    stride = [draw(st.integers(1, 3)) for _ in range(ndim)]
    spatial = [draw(st.integers(max(1, m - 2 * p), m + 4)) for m, p in zip(kernel, padding, strict=True)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.integers(-9, 10, (n, c, *spatial)).astype(float)
    w = rng.integers(-9, 10, (k, c, *kernel)).astype(float)
    b = rng.integers(-9, 10, k).astype(float)
    return ndim, x, w, b, {"stride": tuple(stride), "padding": tuple(padding)}, rng


@given(layers())
def test_tied_equals_convolution_exactly(layer):
    ndim, x, w, b, geometry, rng = layer
    conv, conv_backward, local, local_backward = FUNCTIONS[ndim]
    y = conv(x, w, b, **geometry)
    w_local, b_local = expand_kernel(w, b, y.shape[2:])
    np.testing.assert_array_equal(local(x, w_local, b_local, **geometry), y)
    dy = rng.integers(-9, 10, y.shape).astype(float)
    dx, dw, db = conv_backward(dy, x, w, **geometry)
    dx_local, dw_local, db_local = local_backward(dy, x, w_local, **geometry)
    np.testing.assert_array_equal(dx_local, dx)
    tied_dw, tied_db = tie_gradients(dw_local, db_local)
    np.testing.assert_array_equal(tied_dw, dw)
    np.testing.assert_array_equal(tied_db, db)


@given(layers())
def test_private_kernels_are_adjoint(layer):
    ndim, x, w, _, geometry, rng = layer
    conv, _, local, local_backward = FUNCTIONS[ndim]
    positions = conv(x, w, **geometry).shape[2:]
    w_local = rng.integers(-9, 10, (*positions, *w.shape)).astype(float)
    y = local(x, w_local, **geometry)
    dy = rng.integers(-9, 10, y.shape).astype(float)
    dx, dw, db = local_backward(dy, x, w_local, **geometry)
    assert np.sum(y * dy) == np.sum(x * dx) == np.sum(w_local * dw)
    np.testing.assert_array_equal(db, np.moveaxis(dy.sum(axis=0), 0, -1))


def test_forward_equals_a_sum_written_out():
    rng = np.random.default_rng(5)
    x, b = rng.integers(-9, 10, (2, 2, 5, 6)), rng.integers(-9, 10, (3, 2, 4))
    w = rng.integers(-9, 10, (3, 2, 4, 2, 2, 3))
    y = local2d(x, w, b, stride=(2, 3), padding=(1, 0))
    xp = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    for n, k, i, j in np.ndindex(2, 4, 3, 2):
        field = xp[n, :, 2 * i : 2 * i + 2, 3 * j : 3 * j + 3]
        assert y[n, k, i, j] == b[i, j, k] + sum((w[i, j, k] * field).flat)


def test_backward_equals_automatic_differentiation():
    rng = np.random.default_rng(6)
    x, w = rng.normal(size=(2, 2, 4, 5)), rng.normal(size=(3, 3, 3, 2, 2, 3))
    dy = rng.normal(size=(2, 3, 3, 3))

    def loss(x, w):
        return sum(
            anp.sum(anp.einsum("ncpq,kcpq->nk", x[:, :, i : i + 2, j : j + 3], w[i, j]) * dy[:, :, i, j])
            for i in range(3)
            for j in range(3)
        )

    dx, dw, _ = local2d_backward(dy, x, w)
    np.testing.assert_allclose(dx, grad(loss, 0)(x, w), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(dw, grad(loss, 1)(x, w), rtol=1e-12, atol=1e-13)


def test_backward_passes_the_gradient_check():
    rng = np.random.default_rng(7)
    x, w, b = rng.normal(size=(2, 2, 7)), rng.normal(size=(4, 3, 2, 3)), rng.normal(size=(4, 3))
    dy = rng.normal(size=(2, 3, 4))
    report = gradcheck(
        lambda x, w, b: np.sum(local1d(x, w, b, stride=2, padding=1) * dy),
        [x, w, b],
        local1d_backward(dy, x, w, stride=2, padding=1),
    )
    assert report.passed, report


def test_one_example_gives_one_product_for_each_connection():
    x, dy = np.array([[[1.0, 2.0, 3.0]]]), np.array([[[-1.0, 2.0]]])
    w, _ = expand_kernel([[[3.0, 5.0]]], [0.0], 2)
    dx, dw, db = local1d_backward(dy, x, w)
    np.testing.assert_array_equal(dw[:, 0, 0], [[-1 * 1, -1 * 2], [2 * 2, 2 * 3]])
    np.testing.assert_array_equal(dx, [[[-3, -5 + 6, 10]]])
    np.testing.assert_array_equal(db, [[-1], [2]])
    np.testing.assert_array_equal(tie_gradients(dw, db)[0], [[[3, 4]]])


def test_expanded_kernels_are_copies_of_their_own():
    w, b = np.arange(6.0).reshape(1, 1, 2, 3), np.array([7.0])
    w_local, b_local = expand_kernel(w, b, (2, 4))
    assert w_local.shape == (2, 4, 1, 1, 2, 3) and b_local.shape == (2, 4, 1)
    w_local[0, 0] += 1
    b_local[0, 0] += 1
    np.testing.assert_array_equal(w_local[1, 3], w)
    np.testing.assert_array_equal(w, np.arange(6.0).reshape(1, 1, 2, 3))
    assert b_local[1, 3] == b == 7
    assert expand_kernel(w, None, (2, 4))[1] is None


def test_dtypes_are_kept_and_arguments_unchanged():
    x = np.ones((1, 1, 3), np.float32)
    w, b = expand_kernel(np.ones((1, 1, 2), np.float32), np.ones(1, np.float32), 2)
    y = local1d(x, w, b, padding=0)
    gradients = local1d_backward(y, x, w)
    assert {a.dtype for a in (w, b, y, *gradients, *tie_gradients(*gradients[1:]))} == {np.dtype(np.float32)}
    assert (x == 1).all() and (w == 1).all() and (y == 3).all()
    assert local1d(x, w.astype(np.float64)).dtype == np.float64


def test_counts_of_the_wiki_picture():
    assert count((5, 5), (1, 1, 3, 3)) == (81, 9, 81, 1, 9)
    assert count(3, (1, 1, 2)) == (4, 2, 4, 1, 2)
    assert count((7, 5), (4, 3, 3, 2), stride=(2, 1)) == (4 * 3 * 3 * 4 * 6, 72, 12 * 72, 4, 48)


@given(layers())
def test_counts_equal_the_connections_of_the_trace(layer):
    _, x, w, _, geometry, _ = layer
    listed = trace.connections(x.shape, w.shape[2:], **geometry)
    assert count(x.shape[2:], w.shape, **geometry).connections == len(listed) * w.shape[0] * w.shape[1]


def edge_task():
    """The sixteen squares and what an edge detector answers to them; equal kernels to begin with."""
    x, edge = squares(), np.array([[[[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]]])
    start = expand_kernel(np.random.default_rng(0).random((1, 1, 3, 3)) - 0.5, np.zeros(1), (3, 3))
    return x, conv2d(x, edge), *start


def error(x, t, w, b):
    return np.mean((local2d(x, w, b) - t) ** 2)


def test_shared_kernels_carry_over_to_places_never_seen_and_private_ones_do_not():
    x, t, w, b = edge_task()
    seen, unseen = slice(0, 8), slice(8, 16)
    options = {"rate": 0.01, "momentum": 0.9, "steps": 200}
    w1, b1, losses = train_kernels(x[seen], t[seen], w, b, shared=True, **options)
    w9, b9, private_losses = train_kernels(x[seen], t[seen], w, b, **options)
    assert len(losses) == 201 and losses[0] == private_losses[0]
    assert error(x[seen], t[seen], w1, b1) < 1e-4 > error(x[unseen], t[unseen], w1, b1)
    assert error(x[seen], t[seen], w9, b9) < 1e-2 and error(x[unseen], t[unseen], w9, b9) > 1
    assert (w1 == w1[0, 0]).all() and not (w9 == w9[0, 0]).all()


def test_private_kernels_fit_what_depends_on_the_position_and_shared_ones_cannot():
    x, t, w, b = edge_task()
    t = t * [1, 0, -1]
    options = {"rate": 0.01, "momentum": 0.9, "steps": 200}
    w1, b1, _ = train_kernels(x, t, w, b, shared=True, **options)
    w9, b9, _ = train_kernels(x, t, w, b, **options)
    assert error(x, t, w1, b1) > 2
    assert error(x, t, w9, b9) < 1e-2


def test_training_shared_kernels_is_training_a_convolution():
    x, t, w, b = edge_task()
    kernel, bias = w[0, 0], b[0, 0]
    velocity = 0, 0
    for _ in range(5):
        _, dw, db = conv2d_backward(conv2d(x, kernel, bias) - t, x, kernel)
        velocity = 0.5 * velocity[0] + dw, 0.5 * velocity[1] + db
        kernel, bias = kernel - 0.01 * velocity[0], bias - 0.01 * velocity[1]
    w, b, _ = train_kernels(x, t, w, b, rate=0.01, momentum=0.5, steps=5, shared=True)
    np.testing.assert_allclose(w[2, 1], kernel, rtol=1e-12)
    np.testing.assert_allclose(b[2, 1], bias, rtol=1e-12)


def test_bad_input_is_explained():
    x, w, b = np.ones((1, 2, 5, 5)), np.ones((3, 3, 4, 2, 3, 3)), np.ones((3, 3, 4))
    with pytest.raises(
        ValueError, match=r"w must begin with the sizes of the output \(3, 3\).*got shape \(2, 3"
    ):
        local2d(x, w[:2])
    with pytest.raises(ValueError, match=r"local2d: b must have shape \(3, 3, 4\).*got \(3, 3, 1\)"):
        local2d(x, w, b[..., :1])
    with pytest.raises(ValueError, match="same number of channels C, got 1 in x"):
        local2d(x[:, :1], w)
    with pytest.raises(
        ValueError, match=r"local2d_backward: dy must have the shape of y, \(1, 4, 3, 3\), got"
    ):
        local2d_backward(np.ones((1, 4, 3, 2)), x, w)
    with pytest.raises(ValueError, match="kernel must fit"):
        local2d(x[..., :2], w)
    with pytest.raises(ValueError, match="stride must be at least 1"):
        local2d(x, w, stride=0)
    with pytest.raises(ValueError, match=r"w must have shape \(O, K, C, M\)"):
        local1d(np.ones((1, 1, 3)), np.ones((1, 1, 2)))
    with pytest.raises(TypeError, match="x must hold"):
        local2d(x * 1j, w)
    with pytest.raises(ValueError, match=r"w must have 3 axes \(1D\) or 4 \(2D\), got shape \(2,\)"):
        expand_kernel([1.0, 2.0], None, 2)
    with pytest.raises(ValueError, match="b must have one entry for each of the 1 kernels"):
        expand_kernel([[[1.0, 2.0]]], [1.0, 2.0], 2)
    with pytest.raises(ValueError, match="positions must be an int or a pair"):
        expand_kernel(np.ones((1, 1, 2, 2)), None, (2, 2, 2))
    with pytest.raises(ValueError, match=r"db must have shape \(3, 3, 4\)"):
        tie_gradients(w, b[:2])
    with pytest.raises(ValueError, match=r"dw must have 4 axes \(1D\) or 6 \(2D\)"):
        tie_gradients(w[0], b)
