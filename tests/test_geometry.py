"""The index arrays against the backend's slices, against the grader's, and against the formula in loops.

Small integers in floats add and multiply exactly, so the comparisons need no tolerance.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_conv import problems

import cnnlab
from cnnlab import geometry
from course.grader.points import variants

FLOATS = st.just(np.float64)


def layers(ndim):
    """A problem of test_conv with its groups apart from the other options."""
    return problems(ndim, dtypes=FLOATS).map(
        lambda p: (
            *p[:4],
            {name: option for name, option in p[4].items() if name != "groups"},
            p[4]["groups"],
        )
    )


def in_full(w, x, groups):
    """Kernels of groups as kernels of all channels, with zeros where a kernel does not see a channel."""
    full = np.zeros((len(w), x.shape[1], *w.shape[2:]))
    for k, c, channel in geometry.channels(x.shape[1], len(w), groups=groups):
        full[k, channel] = w[k, c]
    return full.reshape(*full.shape[:2], -1)


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_a_convolution_by_index_arrays_is_the_backends(ndim, data):
    x, w, _, dy, options, groups = data.draw(layers(ndim))
    forward, backward = (
        (cnnlab.conv1d, cnnlab.conv2d)[ndim - 1],
        (cnnlab.conv1d_backward, cnnlab.conv2d_backward)[ndim - 1],
    )
    outputs = geometry.positions(x.shape[2:], w.shape[2:], **options)
    met, kernels, dz = (
        geometry.met(outputs, w.shape[2:], **options),
        in_full(w, x, groups),
        dy.reshape(*dy.shape[:2], -1),
    )
    y = np.einsum("ncpm,kcm->nkp", geometry.gather(x, met), kernels)
    dx = geometry.scatter(np.einsum("nkp,kcm->ncpm", dz, kernels), met, x.shape[2:])
    dw = np.einsum("nkp,ncpm->kcm", dz, geometry.gather(x, met))
    expected = backward(dy, x, w, groups=groups, **options)
    np.testing.assert_array_equal(y.reshape(dy.shape), forward(x, w, groups=groups, **options), strict=True)
    np.testing.assert_array_equal(dx, expected[0], strict=True)
    for k, c, channel in geometry.channels(x.shape[1], len(w), groups=groups):
        np.testing.assert_array_equal(dw[k, channel], expected[1][k, c].ravel())


@st.composite
def pools(draw):
    """x, size and stride of a pooling."""
    size, stride = (tuple(draw(st.integers(1, 3)) for _ in range(2)) for _ in range(2))
    spatial = [draw(st.integers(p, p + 4)) for p in size]
    x = (
        np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        .permutation(np.prod(spatial))
        .reshape(1, 1, *spatial)
    )
    return x.astype(float), size, stride


@given(pools())
def test_a_pooling_by_index_arrays_is_the_backends(problem):
    x, size, stride = problem
    outputs = geometry.positions(x.shape[2:], size, stride=stride)
    met = geometry.met(outputs, size, stride=stride)
    seen = geometry.gather(x, met)
    winners = seen == seen.max(axis=-1, keepdims=True)
    dy = np.arange(1.0, len(met) + 1).reshape(1, 1, *outputs)
    np.testing.assert_array_equal(
        seen.max(axis=-1).reshape(dy.shape), cnnlab.max_pool2d(x, size, stride=stride)
    )
    np.testing.assert_array_equal(
        geometry.scatter(winners * dy.reshape(1, 1, -1, 1), met, x.shape[2:]),
        cnnlab.max_pool2d_backward(dy, x, size, stride=stride),
    )


@given(layers(2), st.integers(1, 3), st.integers(0, 2))
def test_a_convolution_by_index_arrays_is_the_graders(problem, stride, padding):
    x, w, _, _, _, groups = problem
    w = in_full(w, x, groups).reshape(len(w), x.shape[1], *w.shape[2:])
    options = {"stride": stride, "padding": padding}
    outputs = geometry.positions(x.shape[2:], w.shape[2:], **options)
    if min(outputs) < 1:
        return
    met, kernels = geometry.met(outputs, w.shape[2:], **options), w.reshape(*w.shape[:2], -1)
    dy = np.arange(1.0, len(x) * len(w) * len(met) + 1).reshape(len(x), len(w), *outputs)
    y = np.einsum("ncpm,kcm->nkp", geometry.gather(x, met), kernels).reshape(dy.shape)
    columns = np.einsum("nkp,kcm->ncpm", dy.reshape(*dy.shape[:2], -1), kernels)
    np.testing.assert_array_equal(y, variants.correlate(x, w, **options))
    np.testing.assert_array_equal(
        geometry.scatter(columns, met, x.shape[2:]), variants.correlate_backward(dy, x, w, **options)[0]
    )


@pytest.mark.parametrize("ndim", [1, 2])
@given(data=st.data())
def test_connections_are_those_of_the_formula(ndim, data):
    x, w, _, dy, options, _ = data.draw(layers(ndim))
    found = geometry.connections(x.shape[2:], w.shape[2:], **options)
    assert found.sizes == (dy.shape[2:], w.shape[2:], x.shape[2:])
    listed = [
        tuple(
            tuple(int(i) for i in np.unravel_index(place, size))
            for place, size in zip(places, found.sizes, strict=True)
        )
        for places in zip(*found[:3], strict=True)
    ]
    s, p, d = (options[name] for name in ("stride", "padding", "dilation"))
    expected = []
    for i, m in itertools.product(np.ndindex(*dy.shape[2:]), np.ndindex(*w.shape[2:])):
        at = tuple(i[a] * s[a] + m[a] * d[a] - p[a] for a in range(ndim))
        if all(0 <= j < n for j, n in zip(at, x.shape[2:], strict=True)):
            expected.append((i, m, at))
    assert listed == expected


def test_dtypes_are_kept_and_padding_is_zero_whatever_x_is():
    x = np.array([[[np.nan, 1, np.inf]]], np.float32)
    columns = geometry.gather(x, geometry.met((3,), (2,), stride=2, padding=1))
    np.testing.assert_array_equal(
        columns, np.array([[[[0, np.nan], [1, np.inf], [0, 0]]]], np.float32), strict=True
    )
    assert geometry.scatter(columns, geometry.met((3,), (2,), stride=2, padding=1), (3,)).dtype == np.float32


def test_pair():
    assert geometry.pair(2, 3) == (2, 2, 2)
    assert geometry.pair(np.array([1, 2]), 2) == geometry.pair([1, 2], 2) == (1, 2)
    assert [type(v) for v in geometry.pair(np.int64(2), 1)] == [int]


def test_groups_split_channels_and_kernels():
    assert geometry.channels(4, 2, groups=2) == [(0, 0, 0), (0, 1, 1), (1, 0, 2), (1, 1, 3)]
    assert geometry.channels(2, 4, groups=2) == [(0, 0, 0), (1, 0, 0), (2, 0, 1), (3, 0, 1)]
