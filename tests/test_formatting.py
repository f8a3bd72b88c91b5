"""The one way in which a number is written."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.formatting import latex_matrix, number, signed

SHOWN = [
    (0.1 + 0.2, "0.3"),
    (1 / 3, "0.333333"),
    (-2.0, "-2"),
    (2.50, "2.5"),
    (1234567, "1234567"),
    (1234567.0, "1.23457e+06"),
    (0.000012345678, "1.23457e-05"),
    (-0.0, "0"),
    (0, "0"),
    (np.int8(-7), "-7"),
    (np.uint64(2**64 - 1), "18446744073709551615"),
    (np.float32(0.1), "0.1"),
    (np.array(0.25), "0.25"),
    (np.array([[3]]), "3"),
    (math.inf, "inf"),
    (-math.inf, "-inf"),
    (math.nan, "nan"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN, ids=[text for _, text in SHOWN])
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("digits", "text"), [(1, "0.02"), (2, "0.017"), (4, "0.01746"), (6, "0.0174603")])
def test_significant_digits(digits, text):
    assert number(11 / 630, digits) == text


@pytest.mark.parametrize(
    "value", [True, np.bool_(False), "1", None, 1 + 2j, np.array([1, 2]), [1], np.array([True])]
)
def test_number_refuses_what_is_not_one_real_number(value):
    with pytest.raises(TypeError, match="one real number"):
        number(value)


@given(st.integers())
def test_integers_are_written_in_full(value):
    assert int(number(value)) == value


@given(st.floats(-1e300, 1e300, allow_subnormal=False), st.integers(1, 12))
def test_what_is_shown_is_the_rounded_value(value, digits):
    text = number(value, digits)
    shown = float(text)
    assert abs(shown - value) <= 0.5000001 * 10.0 ** (math.floor(math.log10(abs(value) or 1)) - digits + 1)
    assert number(shown, digits) == text
    assert text != "-0"


@pytest.mark.parametrize(
    ("value", "text"), [(-0.5, "(-0.5)"), (0.5, "0.5"), (-0.0, "0"), (-1e-9, "(-1e-09)")]
)
def test_signed(value, text):
    assert signed(value) == text


def test_signed_keeps_to_the_digits():
    assert signed(-2 / 3, 2) == "(-0.67)"


@pytest.mark.parametrize(
    ("values", "body"),
    [
        ([1, 0.5, -0.25], "1 & 0.5 & -0.25"),
        ([[1, 2], [3, 4]], r"1 & 2 \\ 3 & 4"),
        ([[0.1 + 0.2], [-0.0]], r"0.3 \\ 0"),
    ],
)
def test_latex_matrix(values, body):
    assert latex_matrix(values) == rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def test_latex_matrix_keeps_to_the_digits():
    assert latex_matrix([2 / 3], 2) == r"\begin{bmatrix} 0.67 \end{bmatrix}"


def test_latex_matrix_refuses_more_axes():
    with pytest.raises(TypeError, match="3 axes"):
        latex_matrix(np.zeros((1, 2, 3)))
