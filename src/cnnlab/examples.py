"""The numbers that the five source documents give, and the small examples that the book chose itself.

Nothing here is computed. What a document *states* as a result stands under `stated`, as it is printed there, so that
the book can hold it against a recomputation. Arrays have the layout of the backend, (N, C, *spatial), and are read-only.
"""

from types import SimpleNamespace

import numpy as np
from numpy.typing import ArrayLike


class Example(SimpleNamespace):
    """Named arrays and where they come from. Attributes are read by name, as in ``examples.one_dimension.x``."""


def _array(values: ArrayLike, axes: int = 0) -> np.ndarray:
    """A read-only float64 array with `axes` axes of length 1 put in front."""
    array = np.array(values, dtype=float)
    array = array.reshape((1,) * axes + array.shape)
    array.setflags(write=False)
    return array


one_weight_twice = Example(
    source="chosen for this book",
    x=_array([2, 5]),
    w=3.0,
    t=_array([7, 11]),
)
"""One weight that two connections share: the smallest case of chapter 1."""

nine_neurons = Example(
    source="LearningWithBackprop, a wiki page of 2014 (document 1); the pixel values are chosen for this book",
    names="ABCDEFGHI",
    x=_array([[1, 0, 2, 1, 0], [0, 3, 1, 0, 2], [2, 1, 0, 2, 1], [1, 0, 1, 3, 0], [0, 2, 1, 0, 1]], axes=2),
    w=_array([[1, 0, -1], [2, 1, 0], [0, -1, 1]], axes=2),
    dy=_array([[1, -2, 0], [3, 1, -1], [0, 2, -1]], axes=2),
    stated=Example(input=(5, 5), neurons=9, kernel=(3, 3), output=(3, 3)),
)
"""Document 1's picture: a 5x5 input, nine neurons that share one 3x3 kernel, a 3x3 output."""

pooling = Example(
    source="Puzanov (2016), document 2; the document gives equations and no numbers, these are chosen for this book",
    x=_array([1, 5, 7, 2]),
    size=2,
    stride=1,
    dy=_array([10, 100, 1]),
)
"""Overlapping windows, where nulling neurons goes wrong."""

two_dimensions = Example(
    source="Data Science Stack Exchange, answer 41584 (document 3)",
    x=_array(
        [
            [0.51, 0.90, 0.88, 0.84, 0.05],
            [0.40, 0.62, 0.22, 0.59, 0.10],
            [0.11, 0.20, 0.74, 0.33, 0.14],
            [0.47, 0.01, 0.85, 0.70, 0.09],
            [0.76, 0.19, 0.72, 0.17, 0.57],
        ],
        axes=2,
    ),
    dy=_array([[0, 0, 0.0686, 0], [0, 0.0364, 0, 0], [0, 0.0467, 0, 0], [0, 0, 0, -0.0681]], axes=2),
    stated=Example(
        dw=_array([[0.044606, 0.094061], [0.011262, 0.068288]]),
        first_output=0.25,
    ),
)
"""Document 3 as printed: the input, the delta of the convolution (cut off after four decimals), the gradient."""

two_dimensions_network = Example(
    source="Data Science Stack Exchange, question 27506, the parent of document 3; t is chosen for this book",
    w=_array([[-0.13, 0.15], [-0.51, 0.62]], axes=2),
    pool=2,
    v=_array([[0.61, 0.82, 0.96, -1.00], [0.02, -0.50, 0.23, 0.17]]),
    delta=_array([0.25, -0.15]),
    t=_array([0.64001507, 0.1204575]),
    stated=Example(pool_delta=_array([0.0364182, 0.068628, 0.04675125, -0.06818625])),
)
"""The whole network of the parent question: kernel, pool, sigmoid, two hidden neurons with given deltas."""

two_convolutions = Example(
    source="a bountied question on stacked convolutions (document 4); the shapes are its, the numbers this book's",
    x=_array([[1, 2, 0], [3, 1, 2], [0, 2, 4]], axes=2),
    w1=_array([[1, -1], [2, 1]], axes=2),
    w2=_array([[2, 0], [-1, 1]], axes=2),
    t=_array([[3]], axes=2),
    stated=Example(input=(3, 3), kernel=(2, 2), hidden=(2, 2), output=(1, 1)),
)
"""Document 4's two layers with integers, so that every gradient is exact."""

zero_covariance = Example(
    source="chosen for this book",
    i=_array([1, 2, 3, 4]),
    d=_array([3, 1, 1, 3]),
)
"""Inputs and deltas without covariance, for which document 4's product of sums is four times too large."""

one_dimension = Example(
    source="Data Science Stack Exchange, question 26755, in its Portuguese translation (document 5)",
    x=_array([1, 2, 3], axes=2),
    w=_array([0.3, 0.5], axes=2),
    dy=_array([-0.1, 0.2], axes=2),
    stated=Example(
        y=_array([1.3, 2.1]),
        dw=_array([0.3, 0.4]),
        dx=_array([-0.03, 0.01, 0.1]),
        dw_parts=_array([[-0.1, -0.2], [0.4, 0.6]]),
        dx_parts=_array([[-0.03, -0.05, 0], [0, 0.06, 0.1]]),
    ),
)
"""Document 5's worked example: three inputs, a kernel of two, stride 1, no padding, no bias, no activation."""

one_dimension_longer = Example(
    source="chosen for this book, with six inputs and three weights, so that no two sizes are equal",
    x=_array([2, -1, 0, 3, 1, 4], axes=2),
    w=_array([1, -2, 3], axes=2),
    dy=_array([1, -1, 2, 3], axes=2),
)
"""A second one-dimensional example of unequal sizes."""
