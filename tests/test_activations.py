"""Activations against SciPy, HIPS autograd and extreme arguments."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.special
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cnnlab import activations
from cnnlab.activations import (
    identity,
    identity_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)

# name: what SciPy or NumPy computes, and the same for autograd to differentiate
REFERENCES = {
    "identity": (lambda x: x, lambda x: 1.0 * x),
    "sigmoid": (scipy.special.expit, lambda x: 1 / (1 + anp.exp(-x))),
    "tanh": (lambda x: 2 * scipy.special.expit(2 * x) - 1, anp.tanh),
    "relu": (lambda x: np.clip(x, 0, None), lambda x: anp.where(x > 0, x, 0)),
    "softmax": (
        lambda x: scipy.special.softmax(x, axis=-1),
        lambda x: anp.exp(x) / anp.sum(anp.exp(x), axis=-1, keepdims=True),
    ),
}
FLOATS = arrays(np.float64, array_shapes(max_dims=4, max_side=4), elements=st.floats(-8, 8))


@pytest.mark.parametrize("name", REFERENCES)
@given(x=FLOATS)
def test_forward_equals_the_reference(name, x):
    before = x.copy()
    y = getattr(activations, name)(x)
    np.testing.assert_allclose(y, REFERENCES[name][0](x), rtol=1e-14, atol=1e-15)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("name", REFERENCES)
@given(x=FLOATS, data=st.data())
def test_backward_equals_automatic_differentiation(name, x, data):
    dy = data.draw(arrays(np.float64, x.shape, elements=st.floats(-3, 3)))
    dx = getattr(activations, f"{name}_backward")(dy, x)
    expected = grad(lambda x: anp.sum(REFERENCES[name][1](x) * dy))(x)
    np.testing.assert_allclose(dx, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", REFERENCES)
def test_dtypes_are_kept_and_integers_become_float64(name):
    forward, backward = getattr(activations, name), getattr(activations, f"{name}_backward")
    x32 = np.array([[-1.5, 0.5, 2.0]], np.float32)
    assert forward(x32).dtype == np.float32
    assert backward(x32, x32).dtype == np.float32
    assert backward(x32.astype(np.float64), x32).dtype == np.float64
    assert forward([[-1, 0, 2]]).dtype == np.float64
    assert backward([[1, 2, 3]], [[-1, 0, 2]]).dtype == np.float64


@pytest.mark.parametrize("name", REFERENCES)
def test_results_share_no_memory_with_arguments(name):
    x, dy = np.array([[1.0, 2.0, -1.0]]), np.array([[3.0, 4.0, 5.0]])
    assert not np.shares_memory(getattr(activations, name)(x), x)
    dx = getattr(activations, f"{name}_backward")(dy, x)
    assert not np.shares_memory(dx, dy) and not np.shares_memory(dx, x)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softmax", "relu", "identity"])
def test_nothing_overflows(name):
    x = np.array([[-1e300, -800.0, -40.0, 0.0, 40.0, 800.0, 1e300]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(getattr(activations, name)(x)).all()
        assert np.isfinite(getattr(activations, f"{name}_backward")(np.ones_like(x), x)).all()


def test_tails_keep_their_digits():
    # 1 - sigmoid(40) is 0 in float64, but the derivative is exp(-40) to all digits.
    for x in (-40.0, 40.0):
        np.testing.assert_allclose(sigmoid_backward(1.0, x), np.exp(-40.0), rtol=1e-14)
        np.testing.assert_allclose(tanh_backward(1.0, x), 4 * np.exp(-80.0), rtol=1e-14)
    np.testing.assert_allclose(sigmoid(-700.0), np.exp(-700.0), rtol=1e-12)


def test_the_slope_of_relu_at_zero_is_zero():
    np.testing.assert_array_equal(relu([-1.0, 0.0, -0.0, 2.0]), [0, 0, 0, 2])
    np.testing.assert_array_equal(relu_backward([5.0, 6.0, 7.0, 8.0], [-1.0, 0.0, -0.0, 2.0]), [0, 0, 0, 8])


def test_nan_is_not_hidden():
    assert np.isnan(relu([np.nan])).all()
    assert np.isnan(sigmoid([np.nan])).all()
    np.testing.assert_array_equal(relu_backward([3.0], [np.nan]), [3.0])


def test_values_from_the_book():
    np.testing.assert_array_equal(identity([1, 2]), [1.0, 2.0])
    np.testing.assert_array_equal(identity_backward([3, 4], [1, 2]), [3.0, 4.0])
    assert sigmoid(0.0) == 0.5 and sigmoid_backward(8.0, 0.0) == 2.0
    assert tanh(0.0) == 0.0 and tanh_backward(3.0, 0.0) == 3.0
    np.testing.assert_allclose(softmax([[0.0, np.log(3)]]), [[0.25, 0.75]])
    np.testing.assert_allclose(softmax_backward([[1.0, 0.0]], [[0.0, np.log(3)]]), [[0.1875, -0.1875]])


@pytest.mark.parametrize("name", REFERENCES)
def test_bad_input_is_explained(name):
    forward, backward = getattr(activations, name), getattr(activations, f"{name}_backward")
    with pytest.raises(TypeError, match=f"{name}: x must hold .* got dtype complex128"):
        forward(np.array([1j]))
    with pytest.raises(TypeError, match=f"{name}: x must hold .* got dtype object"):
        forward(np.array([None]))
    with pytest.raises(ValueError, match=f"{name}: x must have at least one entry"):
        forward(np.zeros((0, 3)))
    with pytest.raises(
        ValueError, match=rf"{name}_backward: x must have the shape of dy, \(2,\), got \(2, 2\)"
    ):
        backward(np.ones(2), np.ones((2, 2)))
