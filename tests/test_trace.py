"""Traces against the backend: every entry's terms add up to it exactly, and every term is a connection.

Small integers in floats add and multiply exactly, so the comparisons need no tolerance.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnlab
from cnnlab import trace

FORWARD = {1: cnnlab.conv1d, 2: cnnlab.conv2d}
BACKWARD = {1: cnnlab.conv1d_backward, 2: cnnlab.conv2d_backward}
RANKS = st.sampled_from([1, 2])


@st.composite
def convolutions(draw):
    """x, w, b, dy of small integers with all options, in one or two dimensions."""
    rank = draw(RANKS)
    n, c, k, groups = (draw(st.integers(1, 2)) for _ in range(4))
    kernel, padding, stride, dilation = (
        tuple(draw(st.integers(low, high)) for _ in range(rank))
        for low, high in ((1, 3), (0, 2), (1, 3), (1, 2))
    )
    reach = [d * (m - 1) + 1 for d, m in zip(dilation, kernel, strict=True)]
    smallest = [max(1, r - 2 * p) for r, p in zip(reach, padding, strict=True)]
    spatial = [draw(st.integers(low, low + 3)) for low in smallest]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    out = [(s + 2 * p - r) // t + 1 for s, p, r, t in zip(spatial, padding, reach, stride, strict=True)]
    shapes = (n, groups * c, *spatial), (groups * k, c, *kernel), (groups * k,), (n, groups * k, *out)
    x, w, b, dy = (rng.integers(-4, 5, shape).astype(float) for shape in shapes)
    return x, w, b, dy, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@st.composite
def pools(draw, nan=False):
    """x with many ties and dy of small integers with size and stride, in one or two dimensions."""
    rank = draw(RANKS)
    n, c = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    size = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    stride = draw(st.none() | st.tuples(*(st.integers(1, 3) for _ in range(rank))))
    spatial = [draw(st.integers(low, low + 3)) for low in size]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    out = [(s - p) // t + 1 for s, p, t in zip(spatial, size, stride or size, strict=True)]
    x, dy = (
        rng.integers(0, 3, (n, c, *spatial)).astype(float),
        rng.integers(-4, 5, (n, c, *out)).astype(float),
    )
    return np.where(rng.random(x.shape) < 0.3, np.nan, x) if nan else x, dy, size, stride


def totals(entry_at, shape):
    """The totals of the entries at all indices of a shape."""
    result = np.zeros(shape)
    for index in np.ndindex(*shape):
        result[index] = entry_at(index).total
    return result


def pool_backward(dy, x, size, stride):
    """The backend's gradient; a vector is pooled as an image of one row."""
    if x.ndim == 4:
        return cnnlab.max_pool2d_backward(dy, x, size, stride=stride)
    stride = None if stride is None else (1, *stride)
    return cnnlab.max_pool2d_backward(dy[:, :, None], x[:, :, None], (1, *size), stride=stride)[:, :, 0]


def share_of_ties(dy, x, size, stride, divided):
    """Every tied maximum gets dy, or with `divided` its equal part of dy: loops over the definition."""
    dx = np.zeros(x.shape)
    for n, c, *at in np.ndindex(*dy.shape):
        spans = [slice(i * s, i * s + m) for i, s, m in zip(at, stride or size, size, strict=True)]
        window = x[(n, c, *spans)]
        won = window == window.max()
        dx[(n, c, *spans)] += won * dy[(n, c, *at)] / (won.sum() if divided else 1)
    return dx


@given(convolutions())
def test_totals_are_the_backends_arrays(problem):
    x, w, b, dy, options = problem
    rank = x.ndim - 2
    dx, dw, db = BACKWARD[rank](dy, x, w, **options)
    y = FORWARD[rank](x, w, b, **options)
    for entry_at, array in (
        (lambda index: trace.conv_y(x, w, b, index=index, **options), y),
        (lambda index: trace.conv_dw(dy, x, w, index=index, **options), dw),
        (lambda index: trace.conv_dx(dy, x, w, index=index, **options), dx),
        (lambda index: trace.conv_db(dy, index=index), db),
    ):
        np.testing.assert_array_equal(totals(entry_at, array.shape), array)


@given(convolutions())
def test_factors_are_entries_of_the_arrays(problem):
    x, w, b, dy, options = problem
    arrays = {"x": x, "w": w, "b": b, "dy": dy}
    entries = [
        *(trace.conv_y(x, w, b, index=index, **options) for index in np.ndindex(*dy.shape)),
        *(trace.conv_dw(dy, x, w, index=index, **options) for index in np.ndindex(*w.shape)),
        *(trace.conv_dx(dy, x, w, index=index, **options) for index in np.ndindex(*x.shape)),
    ]
    for factor in (factor for entry in entries for term in entry.terms for factor in term.factors):
        assert min(factor.index) >= 0
        assert arrays[factor.name][factor.index] == factor.value


@given(convolutions())
def test_connections_are_those_that_the_terms_use(problem):
    x, w, _, dy, options = problem
    spatial = {name: option for name, option in options.items() if name != "groups"}
    listed = trace.connections(x.shape, w.shape[2:], **spatial)
    assert len(set(listed)) == len(listed)
    used = {
        (term.factors[1].index[2:], offset, term.factors[0].index[2:])
        for offset in np.ndindex(*w.shape[2:])
        for term in trace.conv_dw(dy, x, w, index=(0, 0, *offset), **options).terms
    }
    assert set(listed) == used
    assert trace.positions(x.shape, w.shape[2:], **spatial) == dy.shape[2:]
    for position in np.ndindex(*dy.shape[2:]):
        field = trace.receptive_field(position, x.shape, w.shape[2:], **spatial)
        assert {(position, *pair) for pair in field.items()} == {c for c in listed if c[0] == position}


@given(convolutions())
@settings(max_examples=40)
def test_product_of_sums_multiplied_out(problem):
    x, w, _, dy, options = problem
    for index in np.ndindex(*w.shape):
        right = trace.conv_dw(dy, x, w, index=index, **options).terms
        wrong = trace.product_of_sums(dy, x, w, index=index, **options)
        sums = [sum(term.factors[part].value for term in right) for part in (0, 1)]
        assert wrong.total == sums[0] * sums[1]
        assert len(wrong.terms) == len(right) ** 2
        assert set(right) <= set(wrong.terms)
        for n in range(1, len(right) + 1):
            first = [sum(term.factors[part].value for term in right[:n]) for part in (0, 1)]
            assert wrong.running[n * n - 1] == first[0] * first[1]


@given(pools())
def test_first_maximum_takes_all_as_in_the_backend(problem):
    x, dy, size, stride = problem
    entry_at = lambda index: trace.pool_dx(dy, x, size, index=index, stride=stride)  # noqa: E731
    np.testing.assert_array_equal(totals(entry_at, x.shape), pool_backward(dy, x, size, stride))


@given(pools(nan=True))
def test_nan_wins_as_in_the_backend(problem):
    x, dy, size, stride = problem
    entry_at = lambda index: trace.pool_dx(dy, x, size, index=index, stride=stride)  # noqa: E731
    np.testing.assert_array_equal(totals(entry_at, x.shape), pool_backward(dy, x, size, stride))


@given(pools(), st.sampled_from(["split", "all"]))
def test_other_rules_for_ties(problem, ties):
    x, dy, size, stride = problem
    dy = dy * 36  # so that it divides by every number of ties: 1, 2, 3, 4, 6, 9
    entry_at = lambda index: trace.pool_dx(dy, x, size, index=index, stride=stride, ties=ties)  # noqa: E731
    expected = share_of_ties(dy, x, size, stride, divided=ties == "split")
    np.testing.assert_allclose(totals(entry_at, x.shape), expected, rtol=1e-13, atol=1e-12)


@given(pools())
def test_windows_and_winners(problem):
    x, dy, size, stride = problem
    for index in np.ndindex(*dy.shape):
        window = trace.pool_window(x, size, index=index, stride=stride)
        assert window == sorted(window) and len(window) == np.prod(size)
        top = max(x[at] for at in window)
        winners = trace.pool_winners(x, size, index=index, stride=stride)
        assert winners == [at for at in window if x[at] == top]


def test_terms_of_a_pool_come_in_the_order_of_the_windows():
    x = np.array([[[1, 5, 7, 2]]])
    dy = np.array([[[10, 100, 1]]])
    entry = trace.pool_dx(dy, x, 2, index=(0, 0, 2), stride=1)
    assert str(entry) == "dx[0, 0, 2] = 100 + 1 = 101"
    assert entry.labels() == "dy[0, 0, 1] + dy[0, 0, 2]"
    assert str(trace.pool_dx(dy, x, 2, index=(0, 0, 3), stride=1)) == "dx[0, 0, 3] = nothing reaches it = 0"


def test_a_shared_maximum_is_a_product_with_its_share():
    x, dy = np.array([[[[4, 4], [4, 1]]]]), np.array([[[[6]]]])
    entry = trace.pool_dx(dy, x, 2, index=(0, 0, 0, 1), ties="split")
    assert entry.text() == "6 × 0.333333 = 2"
    assert [f.name for f in entry.terms[0].factors] == ["dy", "share"]
    assert trace.pool_dx(dy, x, 2, index=(0, 0, 0, 1), ties="all").text() == "6 = 6"
    assert trace.pool_dx(dy, x, 2, index=(0, 0, 0, 1)).terms == ()


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="'last'"):
        trace.pool_dx(np.ones((1, 1, 1)), np.ones((1, 1, 2)), 2, index=(0, 0, 0), ties="last")


def test_text_and_labels():
    x, w, dy = (np.array([[row]]) for row in ([1, 2, 3], [0.3, 0.5], [-0.1, 0.2]))
    entry = trace.conv_dw(dy, x, w, index=(0, 0, 1))
    assert str(entry) == "dw[0, 0, 1] = 2 × (-0.1) + 3 × 0.2 = 0.4"
    assert entry.labels() == "x[0, 0, 1] × dy[0, 0, 0] + x[0, 0, 2] × dy[0, 0, 1]"
    assert entry.running == pytest.approx((-0.2, 0.4))
    assert trace.conv_dx(dy, x, w, index=(0, 0, 1)).text() == "0.5 × (-0.1) + 0.3 × 0.2 = 0.01"
    assert trace.conv_db(dy, index=(0,)).text() == "(-0.1) + 0.2 = 0.1"
    assert trace.conv_db(dy, index=(0,)).labels() == "dy[0, 0, 0] + dy[0, 0, 1]"
    assert trace.conv_y(x, w, np.array([-1.0]), index=(0, 0, 0)).text() == "0.3 × 1 + 0.5 × 2 + (-1) = 0.3"


def test_text_keeps_to_the_digits():
    x = w = dy = np.array([[[2 / 3]]])
    assert trace.conv_dw(dy, x, w, index=(0, 0, 0)).text(2) == "0.67 × 0.67 = 0.44"


def test_an_input_that_no_position_sees_has_no_terms():
    x, w, dy = np.ones((1, 1, 3)), np.ones((1, 1, 1)), np.ones((1, 1, 2))
    entry = trace.conv_dx(dy, x, w, index=(0, 0, 1), stride=2)
    assert (entry.terms, entry.total, entry.running) == ((), 0.0, ())
    assert str(entry) == "dx[0, 0, 1] = nothing reaches it = 0"


def test_a_product_of_sums_without_connections_is_empty():
    x, w, dy = np.ones((1, 1, 1)), np.ones((1, 1, 3)), np.ones((1, 1, 1))
    entry = trace.product_of_sums(dy, x, w, index=(0, 0, 0), padding=1)
    assert (entry.terms, entry.total) == ((), 0.0)


def test_terms_go_row_by_row():
    x, w = np.arange(12.0).reshape(1, 1, 3, 4), np.ones((1, 1, 2, 2))
    dy = np.arange(6.0).reshape(1, 1, 2, 3)
    for entry in (
        trace.conv_dw(dy, x, w, index=(0, 0, 1, 0)),
        trace.conv_dx(dy, x, w, index=(0, 0, 1, 1)),
    ):
        deltas = [term.factors[1].index for term in entry.terms]
        assert deltas == sorted(deltas)
    assert all(a < b for a, b in itertools.pairwise(trace.connections(x.shape, (2, 2))))
