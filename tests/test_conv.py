"""Convolution against SciPy, against automatic differentiation and against loops that follow the formula.

Small integers in floats add and multiply exactly, so the comparisons need no tolerance.
"""

import itertools

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate

import cnnlab
from cnnlab import conv

FORWARD = {1: cnnlab.conv1d, 2: cnnlab.conv2d}
BACKWARD = {1: cnnlab.conv1d_backward, 2: cnnlab.conv2d_backward}
DTYPES = st.sampled_from([np.float32, np.float64, np.int64])


@st.composite
def problems(draw, ndim, dtypes=DTYPES):
    """Read-only x, w, b, dy of small integers, with stride and padding, in every legal combination of sizes."""
    n, c, k = (draw(st.integers(1, 3)) for _ in range(3))
    kernel = [draw(st.integers(1, 4)) for _ in range(ndim)]
    padding = tuple(draw(st.integers(0, 3)) for _ in range(ndim))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(ndim))
    smallest = [max(1, m - 2 * p) for m, p in zip(kernel, padding, strict=True)]
    spatial = [draw(st.integers(low, low + 4)) for low in smallest]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(dtypes)

    def integers(*shape):
        array = rng.integers(-4, 5, shape).astype(dtype)
        array.flags.writeable = False
        return array

    x, w, b = integers(n, c, *spatial), integers(k, c, *kernel), integers(k)
    out = [(s + 2 * p - m) // t + 1 for s, p, m, t in zip(spatial, padding, kernel, stride, strict=True)]
    return x, w, b, integers(n, k, *out), {"stride": stride, "padding": padding}


def pad(x, padding):
    return np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])


def connections(x, w, stride, padding):
    """Every connection of the layer: index in y, index in w, index in the padded x."""
    spatial = [s + 2 * p for s, p in zip(x.shape[2:], padding, strict=True)]
    out = [(s - m) // t + 1 for s, m, t in zip(spatial, w.shape[2:], stride, strict=True)]
    for n, k, c in itertools.product(range(len(x)), range(len(w)), range(x.shape[1])):
        for i in itertools.product(*map(range, out)):
            for m in itertools.product(*map(range, w.shape[2:])):
                at = tuple(a * t + b for a, t, b in zip(i, stride, m, strict=True))
                yield (n, k, *i), (k, c, *m), (n, c, *at)


def scipy_forward(x, w, b, stride, padding):
    steps = tuple(slice(None, None, s) for s in stride)
    images = [
        [sum(correlate(channel, kernel, "valid", "direct") for channel, kernel in zip(image, kernels, strict=True))
         for kernels in w]
        for image in pad(x, padding)
    ]  # fmt: skip
    return np.array(images)[(slice(None), slice(None), *steps)] + b.reshape(-1, *[1] * len(stride))


def autograd_backward(dy, x, w, b, stride, padding):
    """Gradients of sum(y * dy), y written as a sum over kernel offsets and differentiated by HIPS autograd.

    Its own convolution is no help: its gradient recurses without end when kernel and output tie in size.
    """

    def product_with_dy(x, w, b):
        xp = anp.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], "constant")
        y = anp.zeros(dy.shape) + anp.reshape(b, (-1, *[1] * len(stride)))
        for at in itertools.product(*map(range, w.shape[2:])):
            met = [slice(o, o + t * (n - 1) + 1, t) for o, t, n in zip(at, stride, dy.shape[2:], strict=True)]
            y = y + anp.einsum("nc...,kc->nk...", xp[(slice(None), slice(None), *met)], w[(..., *at)])
        return anp.sum(y * dy)

    x, w, b = (a.astype(np.float64) for a in (x, w, b))
    return [grad(product_with_dy, argument)(x, w, b) for argument in range(3)]


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_forward_equals_scipy(ndim, data):
    x, w, b, _, options = data.draw(problems(ndim))
    y = FORWARD[ndim](x, w, b, **options)
    np.testing.assert_array_equal(y, scipy_forward(x, w, b, **options))
    np.testing.assert_array_equal(FORWARD[ndim](x, w, **options), scipy_forward(x, w, 0 * b, **options))


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_forward_and_backward_equal_the_sum_over_connections(ndim, data):
    x, w, _, dy, options = data.draw(problems(ndim))
    y, xp = np.zeros(dy.shape), pad(x, options["padding"])
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for at_y, at_w, at_x in connections(x, w, **options):
        y[at_y] += w[at_w] * xp[at_x]
        dw[at_w] += dy[at_y] * xp[at_x]
        dxp[at_x] += dy[at_y] * w[at_w]
    inside = tuple(slice(p, p + s) for p, s in zip(options["padding"], x.shape[2:], strict=True))
    dx, dw_got, db = BACKWARD[ndim](dy, x, w, **options)
    np.testing.assert_array_equal(FORWARD[ndim](x, w, **options), y)
    np.testing.assert_array_equal(dx, dxp[(slice(None), slice(None), *inside)])
    np.testing.assert_array_equal(dw_got, dw)
    np.testing.assert_array_equal(db, [dy[:, k].sum() for k in range(len(w))])


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_backward_equals_automatic_differentiation(ndim, data):
    x, w, b, dy, options = data.draw(problems(ndim))
    expected = autograd_backward(dy, x, w, b, **options)
    for name, got, want in zip(
        ("dx", "dw", "db"), BACKWARD[ndim](dy, x, w, **options), expected, strict=True
    ):
        np.testing.assert_array_equal(got, want, err_msg=name)


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_backward_is_the_adjoint_of_forward(ndim, data):
    x, w, _, dy, options = data.draw(problems(ndim))
    dx, dw, _ = BACKWARD[ndim](dy, x, w, **options)
    product = np.vdot(FORWARD[ndim](x, w, **options), dy)
    assert product == np.vdot(x, dx) == np.vdot(w, dw)


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_shapes_and_dtypes(ndim, data):
    x, w, b, dy, options = data.draw(problems(ndim))
    expected = np.float32 if x.dtype == np.float32 else np.float64
    y, gradients = FORWARD[ndim](x, w, b, **options), BACKWARD[ndim](dy, x, w, **options)
    assert y.shape == dy.shape
    assert [g.shape for g in gradients] == [x.shape, w.shape, b.shape]
    assert all(a.dtype == expected and a.flags.writeable for a in (y, *gradients))
    assert not any(np.shares_memory(a, given) for a in (y, *gradients) for given in (x, w, b, dy))


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_blocks_of_any_size_give_the_same(ndim, data):
    x, w, b, dy, options = data.draw(problems(ndim))
    whole = FORWARD[ndim](x, w, b, **options), *BACKWARD[ndim](dy, x, w, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv, "BLOCK_IMAGES", data.draw(st.integers(1, 2)))
        patch.setattr(conv, "BLOCK_BYTES", data.draw(st.sampled_from([1, 1 << 20])))
        parts = FORWARD[ndim](x, w, b, **options), *BACKWARD[ndim](dy, x, w, **options)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_without_blas_the_results_are_the_same(ndim, data):
    x, w, b, dy, options = data.draw(problems(ndim))
    usual = FORWARD[ndim](x, w, b, **options), *BACKWARD[ndim](dy, x, w, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv, "WITHOUT_BLAS", True)
        browser = FORWARD[ndim](x, w, b, **options), *BACKWARD[ndim](dy, x, w, **options)
    for one, other in zip(usual, browser, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


@pytest.mark.parametrize(("count", "limit_bytes", "sizes"), [
    (100, 1 << 30, [25, 25, 25, 25]),
    (33, 1 << 30, [17, 16]),
    (7, 3 * 4 * 4 * 8, [3, 3, 1]),
    (2, 1, [1, 1]),
])  # fmt: skip
def test_blocks_cover_the_batch_within_both_limits(monkeypatch, count, limit_bytes, sizes):
    monkeypatch.setattr(conv, "BLOCK_BYTES", limit_bytes)
    x, w = np.zeros((count, 4, 4)), np.zeros((1, 4, 1))
    blocks = conv._blocks(x, w, (4,))
    assert [len(x[block]) for block in blocks] == sizes
    assert np.concatenate([np.arange(count)[block] for block in blocks]).tolist() == list(range(count))


@given(data=st.data())
def test_one_dimension_is_two_dimensions_of_height_one(data):
    x, w, b, dy, options = data.draw(problems(1))
    flat = {"stride": (1, *options["stride"]), "padding": (0, *options["padding"])}
    y = cnnlab.conv2d(x[:, :, None], w[:, :, None], b, **flat)
    np.testing.assert_array_equal(y[:, :, 0], cnnlab.conv1d(x, w, b, **options))
    dx, dw, db = cnnlab.conv2d_backward(dy[:, :, None], x[:, :, None], w[:, :, None], **flat)
    for one, other in zip((dx[:, :, 0], dw[:, :, 0], db), BACKWARD[1](dy, x, w, **options), strict=True):
        np.testing.assert_array_equal(one, other)


def test_document_five_by_hand():
    x, w, dy = [[[1.0, 2.0, 3.0]]], [[[0.3, 0.5]]], [[[-0.1, 0.2]]]
    np.testing.assert_allclose(cnnlab.conv1d(x, w), [[[1.3, 2.1]]], rtol=1e-15)
    dx, dw, db = cnnlab.conv1d_backward(dy, x, w)
    np.testing.assert_allclose(dx, [[[-0.03, 0.01, 0.1]]], rtol=1e-14)
    np.testing.assert_allclose(dw, [[[0.3, 0.4]]], rtol=1e-14)
    np.testing.assert_allclose(db, [0.1], rtol=1e-14)


def test_the_kernel_is_not_flipped():
    assert cnnlab.conv1d([[[1, 10, 100]]], [[[2, 3]]]).tolist() == [[[32, 320]]]
    y = cnnlab.conv2d([[[[1, 10], [100, 1000]]]], [[[[2, 3], [5, 7]]]])
    assert y.tolist() == [[[[7532]]]]


def test_inputs_that_no_window_reaches_get_no_gradient():
    x, w = np.ones((1, 1, 6, 5)), np.ones((1, 1, 2, 2))
    dx, _, _ = cnnlab.conv2d_backward(np.ones((1, 1, 2, 2)), x, w, stride=3)
    expected = np.zeros((6, 5))
    for i, j in itertools.product((0, 3), (0, 3)):
        expected[i : i + 2, j : j + 2] = 1
    np.testing.assert_array_equal(dx[0, 0], expected)


@given(problems(2, dtypes=st.just(np.float64)), st.permutations(range(4)))
def test_memory_layout_does_not_matter(problem, order):
    x, w, b, dy, options = problem
    scattered = [np.ascontiguousarray(a.transpose(order)).transpose(np.argsort(order)) for a in (x, w, dy)]
    for a, original in zip(scattered, (x, w, dy), strict=True):
        np.testing.assert_array_equal(a, original)
    np.testing.assert_array_equal(
        cnnlab.conv2d(scattered[0], scattered[1], b, **options), cnnlab.conv2d(x, w, b, **options)
    )
    gradients = cnnlab.conv2d_backward(scattered[2], scattered[0], scattered[1], **options)
    for one, other in zip(gradients, cnnlab.conv2d_backward(dy, x, w, **options), strict=True):
        np.testing.assert_array_equal(one, other)


def test_mixed_precision_gives_float64():
    x, w, b = np.ones((1, 1, 4), np.float32), np.ones((1, 1, 2)), np.ones(1, np.float32)
    assert cnnlab.conv1d(x, w, b).dtype == np.float64
    assert cnnlab.conv1d(x, w.astype(np.float32), b.astype(np.float64)).dtype == np.float64
    gradients = cnnlab.conv1d_backward(np.ones((1, 1, 3)), x, w.astype(np.float32))
    assert [g.dtype for g in gradients] == [np.float64] * 3
