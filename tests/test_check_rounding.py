"""What is slightly wrong fails every check; what only rounding did fails none."""

import numpy as np
import pytest
from matrix_of_checks import student

from cnnlab import check
from cnnlab.check.answers import agree, tolerance
from cnnlab.tasks import TASKS

NUMERIC = [name for name in TASKS if name != "gradient_checker"]  # whose answer is yes or no


def with_one_entry(function, choose, factor):
    """A function with one entry of every returned array multiplied: the one that `choose` finds among their sizes."""

    def altered(array):
        array = np.array(array, dtype=float)
        sizes = np.where(array == 0, np.nan, np.abs(array))
        if np.isfinite(sizes).any():
            at = np.unravel_index(choose(sizes), array.shape) if array.shape else ()
            array[at] *= factor
        return array

    def slightly_wrong(*arguments, **options):
        result = function(*arguments, **options)
        if not isinstance(result, tuple):
            return altered(result)
        return tuple(
            [altered(a) for a in part] if isinstance(part, (tuple, list)) else altered(part)
            for part in result
        )

    return slightly_wrong


@pytest.mark.parametrize("choose", [np.nanargmax, np.nanargmin], ids=["largest", "smallest"])
@pytest.mark.parametrize("name", NUMERIC)
def test_one_entry_off_by_one_part_in_100000_fails(name, choose):
    report = getattr(check, name)(with_one_entry(student(name), choose, 1 + 1e-5))
    assert not report.passed and report.rung == "value"
    assert report.misconceptions == ()


@pytest.mark.parametrize("choose", [np.nanargmax, np.nanargmin], ids=["largest", "smallest"])
@pytest.mark.parametrize("name", NUMERIC)
def test_one_entry_off_by_one_part_in_a_million_passes(name, choose):
    assert getattr(check, name)(with_one_entry(student(name), choose, 1 + 9e-7)).passed


def in_single_precision(function):
    def rounded(*arguments, **options):
        single = [
            a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype == float else a for a in arguments
        ]
        result = function(*single, **options)
        if not isinstance(result, tuple):
            return np.float32(result)
        return tuple(
            [np.float32(a) for a in p] if isinstance(p, (tuple, list)) else np.float32(p) for p in result
        )

    return rounded


@pytest.mark.parametrize("name", NUMERIC)
def test_single_precision_is_enough(name):
    assert getattr(check, name)(in_single_precision(student(name))).passed


def test_a_coarser_dtype_may_round_what_is_large():
    right = np.array([1.0, 1000.0])
    off = np.array([1.0005, 1000.0])
    assert agree(off.astype(np.float32), right) and not agree(off, right)
    assert not agree(np.array([1.002, 1000], np.float32), right)


def test_the_tolerance_of_a_number_is_a_part_of_it_or_of_the_largest():
    right = np.array([0.0, 1e-12, 0.01, 1.0, 100.0])
    assert tolerance(right, right) == pytest.approx([1e-4, 1e-4, 8e-8, 8e-6, 1e-4])
    assert agree(np.array([np.nan, np.inf, -np.inf, 1]), np.array([np.nan, np.inf, -np.inf, 1]))
    assert not agree(np.array([np.inf, 1.0]), np.array([-np.inf, 1.0]))
    assert not agree(np.zeros(2), np.zeros(3)) and not agree(np.array([1e-9]), np.array([0.0]))
