"""The convolution for reading against the fast one, exactly, on small integers; and its place on one screen."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from test_conv import problems

import cnnlab
from cnnlab import readable


@given(problems(2))
def test_it_equals_the_fast_one(problem):
    x, w, b, dy, options = problem
    np.testing.assert_array_equal(
        readable.conv2d(x, w, b, **options), cnnlab.conv2d(x, w, b, **options), strict=True
    )
    np.testing.assert_array_equal(
        readable.conv2d(x, w, **options), cnnlab.conv2d(x, w, **options), strict=True
    )
    slow, fast = readable.conv2d_backward(dy, x, w, **options), cnnlab.conv2d_backward(dy, x, w, **options)
    for one, other in zip(slow, fast, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def test_mixed_precision_is_that_of_the_fast_one():
    x, w = np.ones((1, 1, 3, 3), np.float32), np.ones((1, 1, 2, 2), np.float32)
    for dy in (np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2), np.float32)):
        for one, other in zip(
            readable.conv2d_backward(dy, x, w), cnnlab.conv2d_backward(dy, x, w), strict=True
        ):
            np.testing.assert_array_equal(one, other, strict=True)


@pytest.mark.parametrize("name", ["conv2d", "conv2d_backward"])
def test_both_take_the_same_arguments(name):
    one, other = (inspect.signature(getattr(module, name)) for module in (readable, cnnlab))
    assert one == other


def test_bad_input_is_refused_in_the_same_words():
    x, w = np.ones((1, 4, 5, 5)), np.ones((2, 2, 3, 3))
    for options in ({}, {"groups": 3}, {"groups": 2, "dilation": 3}):
        said = []
        for module in (readable, cnnlab):
            with pytest.raises(ValueError, match="conv2d: ") as caught:
                module.conv2d(x, w, **options)
            said.append(str(caught.value))
        assert said[0] == said[1]


def test_forward_and_backward_fit_on_one_screen():
    assert len(inspect.getsource(readable).splitlines()) <= 60
