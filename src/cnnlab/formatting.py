"""How a number is displayed: one rule for sentences, figures, tables and widgets."""

import math
import numbers

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.arrays import Array


def number(value: float | np.generic | Array, digits: int = 6) -> str:
    """Write one number the way this book displays it.

    Integers are written in full. Other numbers get at most `digits` significant digits and lose
    trailing zeros, so ``0.1 + 0.2`` reads ``0.3``. Negative zero is written ``0``.

    value   an int, a float, or a NumPy scalar or array with exactly one entry
    Raises TypeError for anything that is not one real number.
    """
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"number() writes one real number; it got {type(value).__name__}. Index into the array first."
        )
    if isinstance(value, numbers.Integral):
        return str(int(value))
    text = f"{float(value):.{digits}g}"
    return "0" if float(text) == 0 and math.isfinite(value) else text


def signed(value: float | np.generic | Array, digits: int = 6) -> str:
    """`number`, put in brackets when it is negative, so that it can stand after a times or plus sign."""
    text = number(value, digits)
    return f"({text})" if text.startswith("-") else text


def settled(value: float) -> float:
    """The value with 12 significant digits: the last bits depend on the machine's order of summation."""
    return float(f"{float(value):.12g}")


def latex_matrix(values: ArrayLike, digits: int = 6) -> str:
    r"""Write a vector or matrix as a LaTeX ``\begin{bmatrix}``; a vector becomes one row."""
    rows = np.atleast_2d(np.asarray(values))
    if rows.ndim != 2:
        raise TypeError(
            f"latex_matrix() writes a vector or a matrix; it got {rows.ndim} axes. Index into the array first."
        )
    body = r" \\ ".join(" & ".join(number(v, digits) for v in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
