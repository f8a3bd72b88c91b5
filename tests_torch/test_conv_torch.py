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
    n, c, k, groups = (draw(st.integers(1, 4)) for _ in range(4))
    kernel, padding, stride, dilation = (
        tuple(draw(st.integers(low, high)) for _ in range(ndim))
        for low, high in ((1, 4), (0, 3), (1, 3), (1, 3))
    )
    reach = [d * (m - 1) + 1 for d, m in zip(dilation, kernel, strict=True)]
    spatial = [draw(st.integers(max(1, r - 2 * p), 10)) for r, p in zip(reach, padding, strict=True)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    out = [(s + 2 * p - r) // t + 1 for s, p, r, t in zip(spatial, padding, reach, stride, strict=True)]
    shapes = (n, groups * c, *spatial), (groups * k, c, *kernel), (groups * k,), (n, groups * k, *out)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return *(rng.integers(-4, 5, shape).astype(dtype) for shape in shapes), options


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_conv_equals_torch(ndim, data):
    x, w, b, dy, options = data.draw(problems(ndim))
    leaves = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    y = TORCH[ndim](*leaves, **options)
    expected = torch.autograd.grad(y, leaves, torch.from_numpy(dy))
    got = FORWARD[ndim](x, w, b, **options)
    np.testing.assert_array_equal(got, y.detach().numpy(), strict=True)
    gradients = BACKWARD[ndim](dy, x, w, **options)
    for name, one, other in zip(("dx", "dw", "db"), gradients, expected, strict=True):
        np.testing.assert_array_equal(one, other.numpy(), err_msg=name, strict=True)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "options"),
    [
        ((32, 1, 8, 8), (8, 1, 3, 3), {}),
        ((40, 3, 31, 31), (25, 3, 3, 3), {"stride": 2, "padding": 1}),
        ((3, 16, 40, 36), (12, 16, 5, 4), {"stride": (1, 2), "padding": (2, 0)}),
        ((35, 12, 20, 18), (8, 3, 3, 2), {"padding": 2, "dilation": (2, 3), "groups": 4}),
        ((3, 40, 30, 30), (40, 1, 5, 5), {"padding": 2, "groups": 40}),
    ],
)
def test_real_numbers_at_sizes_of_several_blocks(x_shape, w_shape, options):
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape) for shape in (x_shape, w_shape, w_shape[:1]))
    leaves = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    y = functional.conv2d(*leaves, **options)
    dy = rng.standard_normal(y.shape)
    expected = torch.autograd.grad(y, leaves, torch.from_numpy(dy))
    got = cnnlab.conv2d(x, w, b, **options)
    np.testing.assert_allclose(got, y.detach().numpy(), rtol=1e-10, atol=1e-11)
    for one, other in zip(cnnlab.conv2d_backward(dy, x, w, **options), expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-10, atol=1e-9)
