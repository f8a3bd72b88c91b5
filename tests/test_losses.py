"""Losses against SciPy, HIPS autograd and numbers worked by hand."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.special
from autograd import grad
from autograd.scipy.special import logsumexp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cnnlab import losses
from cnnlab.losses import (
    half_sum_of_squares,
    half_sum_of_squares_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
    squared_error,
    squared_error_backward,
)

SHAPES = array_shapes(max_dims=4, max_side=4)
SCORES = arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(2, 6)), elements=st.floats(-20, 20))


@given(y=arrays(np.float64, SHAPES, elements=st.integers(-9, 9)), data=st.data())
def test_squares_are_exact_on_integers(y, data):
    t = data.draw(arrays(np.float64, y.shape, elements=st.integers(-9, 9)))
    total = sum((int(a) - int(b)) ** 2 for a, b in zip(t.flat, y.flat, strict=True))
    assert squared_error(y, t) == total
    assert half_sum_of_squares(y, t) == total / 2
    np.testing.assert_array_equal(
        half_sum_of_squares_backward(y, t), grad(lambda y: anp.sum((t - y) ** 2) / 2)(y)
    )
    np.testing.assert_array_equal(squared_error_backward(y, t), grad(lambda y: anp.sum((t - y) ** 2))(y))


def test_the_error_that_the_book_adds_to_document_3():
    y, t = np.array([0.89001507, -0.0295425]), np.array([0.64001507, 0.1204575])
    assert half_sum_of_squares(y, t) == pytest.approx(0.0425)
    np.testing.assert_allclose(half_sum_of_squares_backward(y, t), [0.25, -0.15])


@given(x=SCORES, data=st.data())
def test_cross_entropy_equals_scipy_and_autograd(x, data):
    labels = data.draw(arrays(np.int64, len(x), elements=st.integers(0, x.shape[1] - 1)))
    rows = np.arange(len(x))
    expected = -scipy.special.log_softmax(x, axis=1)[rows, labels].mean()
    np.testing.assert_allclose(softmax_cross_entropy(x, labels), expected, rtol=1e-12, atol=1e-14)
    dx = grad(lambda x: anp.mean(logsumexp(x, axis=1) - x[rows, labels]))(x)
    np.testing.assert_allclose(softmax_cross_entropy_backward(x, labels), dx, rtol=1e-9, atol=1e-13)


def test_cross_entropy_by_hand():
    x = np.log([[1.0, 3.0], [4.0, 1.0], [1.0, 1.0]])
    labels = [1, 1, 0]
    expected = -(np.log(3 / 4) + np.log(1 / 5) + np.log(1 / 2)) / 3
    assert softmax_cross_entropy(x, labels) == pytest.approx(expected)
    np.testing.assert_allclose(
        softmax_cross_entropy_backward(x, labels), np.array([[0.25, -0.25], [0.8, -0.8], [-0.5, 0.5]]) / 3
    )


def test_cross_entropy_does_not_overflow():
    x = np.array([[1e4, -1e4, 0.0], [-1e4, 0.0, 1e4]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert softmax_cross_entropy(x, [1, 2]) == 1e4
        np.testing.assert_array_equal(softmax_cross_entropy_backward(x, [1, 2]), [[0.5, -0.5, 0], [0, 0, 0]])


def test_arguments_are_not_modified_and_dtypes_are_kept():
    y, t = np.float32([[1, 2, 4]]), np.float32([[3, 2, 0]])
    before = y.copy(), t.copy()
    for name in ("half_sum_of_squares", "squared_error"):
        assert getattr(losses, name)(y, t).dtype == np.float32
        assert getattr(losses, f"{name}_backward")(y, t).dtype == np.float32
    assert softmax_cross_entropy(y, [2]).dtype == np.float32
    assert softmax_cross_entropy_backward(y, [2]).dtype == np.float32
    np.testing.assert_array_equal((y, t), before)
    assert half_sum_of_squares([1, 2], [0, 4]) == 2.5


@pytest.mark.parametrize("suffix", ["", "_backward"])
def test_bad_input_is_explained(suffix):
    for name in ("half_sum_of_squares", "squared_error"):
        function = getattr(losses, name + suffix)
        with pytest.raises(
            ValueError, match=rf"{name}{suffix}: t must have the shape of y, \(2, 1\), got \(2,\)"
        ):
            function(np.ones((2, 1)), np.ones(2))
        with pytest.raises(TypeError, match=f"{name}{suffix}: t must hold .* complex"):
            function(np.ones(2), np.array([1j, 1]))
        with pytest.raises(ValueError, match="at least one entry"):
            function(np.ones(0), np.ones(0))
    function, scores = getattr(losses, f"softmax_cross_entropy{suffix}"), np.ones((2, 3))
    with pytest.raises(ValueError, match=r"x must have shape \(N, K\)"):
        function(np.ones(3), [0])
    with pytest.raises(TypeError, match="labels must be integers, got dtype float64"):
        function(scores, [0.0, 1.0])
    with pytest.raises(ValueError, match=r"labels must have shape \(2,\).* got \(3,\)"):
        function(scores, [0, 1, 2])
    with pytest.raises(ValueError, match=r"labels must lie from 0 to 2.* got 1 to 3"):
        function(scores, [1, 3])
    with pytest.raises(ValueError, match=r"labels must lie from 0 to 2.* got -1 to 2"):
        function(scores, [-1, 2])
