"""Convolution against SciPy, against automatic differentiation and against loops that follow the formula.

Small integers in floats add and multiply exactly, so the comparisons need no tolerance.
"""

import itertools
import tracemalloc

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate

import cnnlab
from cnnlab import conv
from cnnlab.gradcheck import gradcheck

FORWARD = {1: cnnlab.conv1d, 2: cnnlab.conv2d}
BACKWARD = {1: cnnlab.conv1d_backward, 2: cnnlab.conv2d_backward}
DTYPES = st.sampled_from([np.float32, np.float64, np.int64])


@st.composite
def problems(draw, ndim, dtypes=DTYPES):
    """Read-only x, w, b, dy of small integers, with all options, in every legal combination of sizes."""
    n, c, k, groups = (draw(st.integers(1, 3)) for _ in range(4))
    kernel, padding, stride, dilation = (
        tuple(draw(st.integers(low, high)) for _ in range(ndim))
        for low, high in ((1, 4), (0, 3), (1, 3), (1, 3))
    )
    reach = [d * (m - 1) + 1 for d, m in zip(dilation, kernel, strict=True)]
    smallest = [max(1, r - 2 * p) for r, p in zip(reach, padding, strict=True)]
    spatial = [draw(st.integers(low, low + 4)) for low in smallest]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(dtypes)

    def integers(*shape):
        array = rng.integers(-4, 5, shape).astype(dtype)
        array.flags.writeable = False
        return array

    x, w, b = integers(n, groups * c, *spatial), integers(groups * k, c, *kernel), integers(groups * k)
    out = [(s + 2 * p - r) // t + 1 for s, p, r, t in zip(spatial, padding, reach, stride, strict=True)]
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return x, w, b, integers(n, groups * k, *out), options


def pad(x, padding):
    return np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])


def inside(x, padding):
    """Where x lies in the padded x."""
    return (slice(None), slice(None), *(slice(p, p + s) for p, s in zip(padding, x.shape[2:], strict=True)))


def connections(x, w, dy, stride, dilation, groups):
    """Every connection of the layer: index in y, index in w, index in the padded x."""
    for n, g, k, c in itertools.product(
        range(len(x)), range(groups), range(len(w) // groups), range(w.shape[1])
    ):
        for i in itertools.product(*map(range, dy.shape[2:])):
            for m in itertools.product(*map(range, w.shape[2:])):
                at = tuple(a * t + b * d for a, t, b, d in zip(i, stride, m, dilation, strict=True))
                kernel = g * (len(w) // groups) + k
                yield (n, kernel, *i), (kernel, c, *m), (n, g * w.shape[1] + c, *at)


def spread(w, dilation):
    """The kernel with zeros between its weights, as wide as it reaches."""
    sizes = [d * (m - 1) + 1 for d, m in zip(dilation, w.shape[2:], strict=True)]
    wide = np.zeros((*w.shape[:2], *sizes), w.dtype)
    wide[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = w
    return wide


def scipy_forward(x, w, b, stride, padding, dilation, groups):
    """Every kernel, spread, slides over the channels of its group; then every stride-th place is kept."""
    steps = tuple(slice(None, None, s) for s in stride)
    first = [k // (len(w) // groups) * w.shape[1] for k in range(len(w))]
    images = [
        [sum(correlate(channel, kernel, "valid", "direct") for channel, kernel in zip(image[c:], kernels, strict=False))
         for c, kernels in zip(first, spread(w, dilation), strict=True)]
        for image in pad(x, padding)
    ]  # fmt: skip
    return np.array(images)[(slice(None), slice(None), *steps)] + b.reshape(-1, *[1] * len(stride))


def autograd_backward(dy, x, w, b, stride, padding, dilation, groups):
    """Gradients of sum(y * dy), y written as a sum over kernel offsets and differentiated by HIPS autograd.

    Its own convolution is no help: its gradient recurses without end when kernel and output tie in size. Groups are
    layers of their own, side by side.
    """

    def product_with_dy(x, w, b):
        xp = anp.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], "constant")
        parts = []
        for g in range(groups):
            kernels = w[g * (len(w) // groups) : (g + 1) * (len(w) // groups)]
            y = 0
            for at in itertools.product(*map(range, w.shape[2:])):
                met = [
                    slice(o * d, o * d + t * (n - 1) + 1, t)
                    for o, d, t, n in zip(at, dilation, stride, dy.shape[2:], strict=True)
                ]
                seen = xp[(slice(None), slice(g * w.shape[1], (g + 1) * w.shape[1]), *met)]
                y = y + anp.einsum("nc...,kc->nk...", seen, kernels[(..., *at)])
            parts.append(y)
        return anp.sum((anp.concatenate(parts, axis=1) + anp.reshape(b, (-1, *[1] * len(stride)))) * dy)

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
    ways = {name: options[name] for name in ("stride", "dilation", "groups")}
    for at_y, at_w, at_x in connections(x, w, dy, **ways):
        y[at_y] += w[at_w] * xp[at_x]
        dw[at_w] += dy[at_y] * xp[at_x]
        dxp[at_x] += dy[at_y] * w[at_w]
    dx, dw_got, db = BACKWARD[ndim](dy, x, w, **options)
    np.testing.assert_array_equal(FORWARD[ndim](x, w, **options), y)
    np.testing.assert_array_equal(dx, dxp[inside(x, options["padding"])])
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


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 64, 100])
def test_every_image_of_a_batch_gets_what_it_gets_alone(count):
    rng = np.random.default_rng(0)
    x, dy = (rng.integers(-4, 5, shape).astype(float) for shape in ((count, 2, 7), (count, 3, 5)))
    w = rng.integers(-4, 5, (3, 2, 3)).astype(float)
    y, (dx, dw, db) = cnnlab.conv1d(x, w), cnnlab.conv1d_backward(dy, x, w)
    alone = [cnnlab.conv1d_backward(dy[[n]], x[[n]], w) for n in range(count)]
    np.testing.assert_array_equal(y, np.concatenate([cnnlab.conv1d(x[[n]], w) for n in range(count)]))
    np.testing.assert_array_equal(dx, np.concatenate([one[0] for one in alone]))
    np.testing.assert_array_equal(dw, sum(one[1] for one in alone))
    np.testing.assert_array_equal(db, sum(one[2] for one in alone))


@pytest.mark.parametrize(("images", "side"), [(128, 8), (16, 100)])
def test_a_larger_batch_needs_no_larger_columns(images, side):
    """The one side is small, so that the number of images ends a block; the other large, so that the bytes do."""

    def peak(count):
        x, w = np.ones((count, 8, side, side)), np.ones((4, 8, 3, 3))
        tracemalloc.start()
        cnnlab.conv2d(x, w)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    results_of_the_rest = 3 * images * 4 * (side - 2) ** 2 * 8
    assert peak(4 * images) - peak(images) < 1.1 * results_of_the_rest


@given(data=st.data())
def test_one_dimension_is_two_dimensions_of_height_one(data):
    x, w, b, dy, options = data.draw(problems(1))
    flat = {"groups": options["groups"]} | {
        name: (first, *options[name]) for name, first in (("stride", 1), ("padding", 0), ("dilation", 2))
    }
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


def test_dilation_by_hand():
    x, w, dy = [[[1, 2, 3, 4, 5]]], [[[1, 10, 100]]], [[[1, 2]]]
    assert cnnlab.conv1d(x, w, padding=1, dilation=2, stride=2).tolist() == [[[420, 42]]]
    dx, dw, db = cnnlab.conv1d_backward(dy, x, w, padding=1, dilation=2, stride=2)
    assert dx.tolist() == [[[0, 12, 0, 120, 0]]]
    assert (dw.tolist(), db.tolist()) == ([[[4, 10, 4]]], [3])


def test_groups_by_hand():
    x, w = [[[1, 2], [3, 4], [5, 6], [7, 8]]], [[[1], [10]], [[2], [20]], [[1], [10]], [[0], [1]]]
    assert cnnlab.conv1d(x, w, groups=2).tolist() == [[[31, 42], [62, 84], [75, 86], [7, 8]]]
    dx, dw, _ = cnnlab.conv1d_backward(np.eye(4, 2)[None], x, w, groups=2)
    assert dx.tolist() == [[[1, 2], [10, 20], [0, 0], [0, 0]]]
    assert dw[:, :, 0].tolist() == [[1, 3], [2, 4], [0, 0], [0, 0]]


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_a_dilated_kernel_is_the_spread_one_and_its_gradient_stands_where_weights_stand(ndim, data):
    x, w, b, dy, options = data.draw(problems(ndim))
    dilation = options.pop("dilation")
    np.testing.assert_array_equal(
        FORWARD[ndim](x, w, b, dilation=dilation, **options),
        FORWARD[ndim](x, spread(w, dilation), b, **options),
    )
    dx, dw, db = BACKWARD[ndim](dy, x, spread(w, dilation), **options)
    read_off = dw[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))]
    for one, other in zip(
        BACKWARD[ndim](dy, x, w, dilation=dilation, **options), (dx, read_off, db), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_groups_are_layers_side_by_side(ndim, data):
    x, w, b, dy, options = data.draw(problems(ndim))
    groups = options.pop("groups")
    xs, dys = (np.split(a, groups, axis=1) for a in (x, dy))
    ws, bs = (np.split(a, groups) for a in (w, b))
    y = [FORWARD[ndim](*one, **options) for one in zip(xs, ws, bs, strict=True)]
    parts = [BACKWARD[ndim](*one, **options) for one in zip(dys, xs, ws, strict=True)]
    np.testing.assert_array_equal(FORWARD[ndim](x, w, b, groups=groups, **options), np.concatenate(y, axis=1))
    gradients = BACKWARD[ndim](dy, x, w, groups=groups, **options)
    for got, pieces, axis in zip(gradients, zip(*parts, strict=True), (1, 0, 0), strict=True):
        np.testing.assert_array_equal(got, np.concatenate(pieces, axis=axis))


@pytest.mark.parametrize("ndim", [1, 2])
def test_gradcheck_with_all_options(ndim):
    rng = np.random.default_rng(0)
    options = {"stride": (2, 1)[:ndim], "padding": (1, 2)[:ndim], "dilation": (2, 3)[:ndim], "groups": 2}
    arrays = [rng.standard_normal(s) for s in ((2, 4, *(9, 8)[:ndim]), (6, 2, *(3, 2)[:ndim]), (6,))]
    y = FORWARD[ndim](*arrays, **options)
    dy = rng.standard_normal(y.shape)
    gradients = BACKWARD[ndim](dy, *arrays[:2], **options)
    report = gradcheck(lambda *a: float(np.sum(dy * FORWARD[ndim](*a, **options))), arrays, gradients)
    assert report.passed, report


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
