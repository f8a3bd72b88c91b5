"""conv1d and conv2d, forward and backward, against PyTorch: exactly, on small integers in floats."""

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from hypothesis import given
from hypothesis import strategies as st

import cnnlab

FORWARD = {1: cnnlab.conv1d, 2: cnnlab.conv2d}
BACKWARD = {1: cnnlab.conv1d_backward, 2: cnnlab.conv2d_backward}
TORCH = {1: functional.conv1d, 2: functional.conv2d}


@st.composite
def problems(draw, ndim):
    n, c, k = (draw(st.integers(1, 4)) for _ in range(3))
    kernel = [draw(st.integers(1, 4)) for _ in range(ndim)]
    padding = tuple(draw(st.integers(0, 3)) for _ in range(ndim))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(ndim))
    spatial = [draw(st.integers(max(1, m - 2 * p), 8)) for m, p in zip(kernel, padding, strict=True)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    out = [(s + 2 * p - m) // t + 1 for s, p, m, t in zip(spatial, padding, kernel, stride, strict=True)]
    shapes = (n, c, *spatial), (k, c, *kernel), (k,), (n, k, *out)
    return *(rng.integers(-4, 5, shape).astype(dtype) for shape in shapes), stride, padding


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_conv_equals_torch(ndim, data):
    x, w, b, dy, stride, padding = data.draw(problems(ndim))
    leaves = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    y = TORCH[ndim](*leaves, stride=stride, padding=padding)
    expected = torch.autograd.grad(y, leaves, torch.from_numpy(dy))
    got = FORWARD[ndim](x, w, b, stride=stride, padding=padding)
    np.testing.assert_array_equal(got, y.detach().numpy(), strict=True)
    gradients = BACKWARD[ndim](dy, x, w, stride=stride, padding=padding)
    for name, one, other in zip(("dx", "dw", "db"), gradients, expected, strict=True):
        np.testing.assert_array_equal(one, other.numpy(), err_msg=name, strict=True)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "stride", "padding"),
    [
        ((32, 1, 8, 8), (8, 1, 3, 3), 1, 0),
        ((40, 3, 31, 31), (25, 3, 3, 3), 2, 1),
        ((3, 16, 40, 36), (12, 16, 5, 4), (1, 2), (2, 0)),
    ],
)
def test_real_numbers_at_sizes_of_several_blocks(x_shape, w_shape, stride, padding):
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape) for shape in (x_shape, w_shape, w_shape[:1]))
    leaves = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    y = functional.conv2d(*leaves, stride=stride, padding=padding)
    dy = rng.standard_normal(y.shape)
    expected = torch.autograd.grad(y, leaves, torch.from_numpy(dy))
    got = cnnlab.conv2d(x, w, b, stride=stride, padding=padding)
    np.testing.assert_allclose(got, y.detach().numpy(), rtol=1e-10, atol=1e-11)
    for one, other in zip(
        cnnlab.conv2d_backward(dy, x, w, stride=stride, padding=padding), expected, strict=True
    ):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-10, atol=1e-9)
