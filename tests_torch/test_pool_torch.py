"""Pooling against PyTorch, on few different integers: ties everywhere, overlapping windows, NaN and infinity."""

import numpy as np
import torch
import torch.nn.functional as functional
from hypothesis import given
from hypothesis import strategies as st

import cnnlab
from cnnlab import trace
from cnnlab.pool import avg_pool2d, avg_pool2d_backward


@st.composite
def problems(draw):
    n, c = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.none() | st.tuples(st.integers(1, 4), st.integers(1, 4)))
    spatial = [draw(st.integers(low, 9)) for low in size]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    out = [(s - p) // t + 1 for s, p, t in zip(spatial, size, stride or size, strict=True)]
    x, dy = rng.integers(0, 3, (n, c, *spatial)), rng.integers(-4, 5, (n, c, *out))
    return x.astype(dtype), dy.astype(dtype), size, stride, rng


def from_torch(function, dy, x, size, stride):
    leaf = torch.from_numpy(x).requires_grad_()
    y = function(leaf, size, stride)
    (dx,) = torch.autograd.grad(y, leaf, torch.from_numpy(dy))
    return y.detach().numpy(), dx.numpy()


@given(problems())
def test_max_pool_equals_torch(problem):
    x, dy, size, stride, _ = problem
    y, dx = from_torch(functional.max_pool2d, dy, x, size, stride)
    np.testing.assert_array_equal(cnnlab.max_pool2d(x, size, stride=stride), y, strict=True)
    np.testing.assert_array_equal(cnnlab.max_pool2d_backward(dy, x, size, stride=stride), dx, strict=True)


@given(problems())
def test_max_pool_equals_torch_on_nan_and_infinity(problem):
    x, dy, size, stride, rng = problem
    for value in (-np.inf, np.inf, np.nan):
        x[rng.random(x.shape) < 0.15] = value
    dy[rng.random(dy.shape) < 0.1] = np.inf
    y, dx = from_torch(functional.max_pool2d, dy, x, size, stride)
    np.testing.assert_array_equal(cnnlab.max_pool2d(x, size, stride=stride), y, strict=True)
    np.testing.assert_array_equal(cnnlab.max_pool2d_backward(dy, x, size, stride=stride), dx, strict=True)


@given(problems())
def test_avg_pool_equals_torch(problem):
    x, dy, size, stride, _ = problem
    y, dx = from_torch(functional.avg_pool2d, dy, x, size, stride)
    np.testing.assert_allclose(avg_pool2d(x, size, stride=stride), y, rtol=1e-6, strict=True)
    np.testing.assert_allclose(
        avg_pool2d_backward(dy, x, size, stride=stride), dx, rtol=1e-5, atol=1e-5, strict=True
    )


@given(problems())
def test_amax_splits_ties_evenly(problem):
    x, _, size, _, _ = problem
    leaf = torch.from_numpy(x[:, :, : size[0], : size[1]].copy()).requires_grad_()
    dy = np.full((*x.shape[:2], 1, 1), 12.0)
    (dx,) = torch.autograd.grad(
        torch.amax(leaf, (2, 3), keepdim=True), leaf, torch.from_numpy(dy.astype(x.dtype))
    )
    window = leaf.detach().numpy()
    expected = [
        trace.pool_dx(dy, window, size, index=at, ties="split").total for at in np.ndindex(window.shape)
    ]
    np.testing.assert_allclose(dx.numpy().ravel(), expected, rtol=1e-6)
