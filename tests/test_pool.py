"""Pooling against loops that follow the definition, on integers with many ties."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cnnlab
from cnnlab import pool
from cnnlab.pool import avg_pool2d, avg_pool2d_backward

DTYPES = st.sampled_from([np.float32, np.float64, np.int64])


@st.composite
def problems(draw, values=3, dtypes=DTYPES):
    """Read-only x and dy with size and stride; few different values, so that ties are everywhere."""
    n, c = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride = draw(st.none() | st.tuples(st.integers(1, 4), st.integers(1, 4)))
    spatial = [draw(st.integers(low, low + 5)) for low in size]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(dtypes)
    out = [(s - p) // t + 1 for s, p, t in zip(spatial, size, stride or size, strict=True)]
    x, dy = rng.integers(0, values, (n, c, *spatial)).astype(dtype), rng.integers(-4, 5, (n, c, *out))
    dy = dy.astype(dtype)
    x.flags.writeable = dy.flags.writeable = False
    return x, dy, size, stride


def windows(shape, size, stride):
    """Index of every output with the indices of its window in row-major order."""
    stride = stride or size
    out = [(s - p) // t + 1 for s, p, t in zip(shape[2:], size, stride, strict=True)]
    for n, c, i, j in itertools.product(range(shape[0]), range(shape[1]), *map(range, out)):
        rows = range(i * stride[0], i * stride[0] + size[0])
        columns = range(j * stride[1], j * stride[1] + size[1])
        yield (n, c, i, j), [(n, c, u, v) for u, v in itertools.product(rows, columns)]


def max_pool_loops(dy, x, size, stride):
    """The definition: the first maximum wins, and a NaN beats everything that came before it."""
    y, dx = np.zeros(dy.shape), np.zeros(x.shape)
    for at, window in windows(x.shape, size, stride):
        winner = window[0]
        for entry in window[1:]:
            if x[entry] > x[winner] or np.isnan(x[entry]):
                winner = entry
        y[at] = x[winner]
        dx[winner] += dy[at]
    return y, dx


@given(problems())
def test_max_pool_equals_loops(problem):
    x, dy, size, stride = problem
    y, dx = max_pool_loops(dy, x, size, stride)
    np.testing.assert_array_equal(cnnlab.max_pool2d(x, size, stride=stride), y)
    np.testing.assert_array_equal(cnnlab.max_pool2d_backward(dy, x, size, stride=stride), dx)


@given(problems(dtypes=st.just(np.float64)), st.integers(0, 2**32 - 1))
def test_nan_and_infinity_as_in_pytorch(problem, seed):
    x, dy, size, stride = problem
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(x.shape) < 0.2, np.nan, x)
    x = np.where(rng.random(x.shape) < 0.2, -np.inf, x)
    y, dx = max_pool_loops(dy, x, size, stride)
    np.testing.assert_array_equal(cnnlab.max_pool2d(x, size, stride=stride), y)
    np.testing.assert_array_equal(cnnlab.max_pool2d_backward(dy, x, size, stride=stride), dx)


@given(problems())
def test_avg_pool_equals_loops(problem):
    x, dy, size, stride = problem
    y, dx = np.zeros(dy.shape), np.zeros(x.shape)
    for at, window in windows(x.shape, size, stride):
        y[at] = sum(x[entry] for entry in window)
        for entry in window:
            dx[entry] += dy[at]
    count = size[0] * size[1]
    np.testing.assert_allclose(avg_pool2d(x, size, stride=stride) * count, y, rtol=1e-6)
    np.testing.assert_allclose(avg_pool2d_backward(dy, x, size, stride=stride) * count, dx, atol=2e-5)


@given(problems(dtypes=st.just(np.float64)))
def test_avg_pool_backward_is_the_adjoint_of_forward(problem):
    x, dy, size, stride = problem
    scale = size[0] * size[1]
    product = np.vdot(avg_pool2d(x * scale, size, stride=stride), dy)
    assert product == pytest.approx(
        np.vdot(x, avg_pool2d_backward(dy * scale, x, size, stride=stride)), abs=1e-9
    )


@given(problems())
def test_max_pool_hands_on_every_delta_exactly_once(problem):
    x, dy, size, stride = problem
    dx = cnnlab.max_pool2d_backward(dy, x, size, stride=stride)
    assert dx.sum() == dy.sum()
    assert np.vdot(cnnlab.max_pool2d(x, size, stride=stride), dy) == np.vdot(x, dx)


@given(problems())
def test_shapes_and_dtypes(problem):
    x, dy, size, stride = problem
    expected = np.float32 if x.dtype == np.float32 else np.float64
    for forward, backward in (
        (cnnlab.max_pool2d, cnnlab.max_pool2d_backward),
        (avg_pool2d, avg_pool2d_backward),
    ):
        y, dx = forward(x, size, stride=stride), backward(dy, x, size, stride=stride)
        assert (y.shape, dx.shape) == (dy.shape, x.shape)
        assert y.dtype == dx.dtype == expected
        assert y.flags.writeable and dx.flags.writeable
        assert not any(np.shares_memory(a, given) for a in (y, dx) for given in (x, dy))


@given(problems(), st.sampled_from([1, 200, 400]))
def test_blocks_of_any_size_give_the_same(problem, limit):
    x, dy, size, stride = problem
    whole = cnnlab.max_pool2d_backward(dy, x, size, stride=stride)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "BLOCK_BYTES", limit)
        parts = cnnlab.max_pool2d_backward(dy, x, size, stride=stride)
    np.testing.assert_array_equal(whole, parts)


def test_the_first_of_equal_maxima_takes_all():
    x = np.array([[[[7, 7, 0, 1], [7, 7, 1, 1]]]])
    dx = cnnlab.max_pool2d_backward(np.array([[[[5, 3]]]]), x, 2)
    assert dx.tolist() == [[[[5, 0, 0, 3], [0, 0, 0, 0]]]]


def test_overlapping_windows_add_up():
    x = np.array([[[[1, 5, 7, 2]]]])
    dx = cnnlab.max_pool2d_backward(np.array([[[[10, 100, 1]]]]), x, (1, 2), stride=1)
    assert dx.tolist() == [[[[0, 10, 101, 0]]]]


def test_the_last_nan_of_a_window_wins():
    x = np.array([[[[np.nan, 9.0], [np.nan, 1.0]]]])
    assert np.isnan(cnnlab.max_pool2d(x, 2)).all()
    assert cnnlab.max_pool2d_backward([[[[4.0]]]], x, 2).tolist() == [[[[0, 0], [4, 0]]]]


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_a_delta_that_is_not_finite_stays_with_the_winner(bad):
    x = np.array([[[[1.0, 2.0, 3.0, 0.0]]]])
    dx = cnnlab.max_pool2d_backward([[[[bad, 6.0]]]], x, (1, 2))
    np.testing.assert_array_equal(dx, [[[[0.0, bad, 6.0, 0.0]]]])


def test_stride_defaults_to_size_and_leftovers_are_dropped():
    x = np.arange(35.0).reshape(1, 1, 5, 7)
    assert cnnlab.max_pool2d(x, (2, 3)).tolist() == [[[[9, 12], [23, 26]]]]
    dx = cnnlab.max_pool2d_backward(np.ones((1, 1, 2, 2)), x, (2, 3))
    assert np.flatnonzero(dx).tolist() == [9, 12, 23, 26]
