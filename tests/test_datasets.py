"""The digits are what the licence file says, and the split never moves."""

import hashlib
import re
from importlib import resources

import numpy as np
import pytest

from cnnlab.datasets import all_digits, digits, pairs, record, squares

DATA = resources.files("cnnlab").joinpath("data")


def test_the_file_is_the_one_that_the_licence_names():
    licence = DATA.joinpath("digits-LICENSE.txt").read_text(encoding="utf-8")
    named = re.search(r"SHA-256: ([0-9a-f]{64})", licence).group(1)
    assert hashlib.sha256(DATA.joinpath("digits.csv.gz").read_bytes()).hexdigest() == named
    for part in ("CC BY 4.0", "Alpaydin", "Kaynak", "10.24432/C50P49", "1,797"):
        assert part in licence


def test_all_digits():
    images, labels = all_digits()
    assert images.shape == (1797, 1, 8, 8) and labels.shape == (1797,)
    assert images.min() == 0 and images.max() == 16
    # Counts of the ten classes and the sum of all pixels, as sklearn.datasets.load_digits gives them.
    np.testing.assert_array_equal(np.bincount(labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    assert images.sum() == 561718
    np.testing.assert_array_equal(images[0, 0, 0], [0, 0, 5, 13, 9, 1, 0, 0])
    np.testing.assert_array_equal(labels[:10], range(10))


def test_the_split_holds_every_digit_once():
    images, labels = all_digits()
    split = digits()
    assert split.train_images.shape == (1438, 1, 8, 8) and split.test_images.shape == (359, 1, 8, 8)
    together = np.concatenate([split.train_images, split.test_images]) * 16
    with_labels = np.column_stack([together.reshape(1797, 64), np.concatenate(split[1::2])])
    expected = np.column_stack([images.reshape(1797, 64), labels])
    np.testing.assert_array_equal(np.unique(with_labels, axis=0), np.unique(expected, axis=0))
    assert len(np.unique(expected, axis=0)) == 1797


def test_the_split_never_moves():
    split = digits()
    assert split.train_images.dtype == np.float64 and split.train_labels.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(split.test_labels), [28, 38, 33, 40, 33, 39, 32, 42, 41, 33])
    fingerprint = hashlib.sha256()
    for part in split:
        fingerprint.update(np.ascontiguousarray(part).astype("<f8").tobytes())
    assert fingerprint.hexdigest() == "46c34dd215b8fcecc2043f08833bf21f38742810fccc619c6b28724453b6004f"


def test_squares():
    images = squares()
    assert images.shape == (16, 1, 5, 5)
    assert images.sum() == 64 and set(images.flat) == {0, 1}
    assert len(np.unique(images.reshape(16, 25), axis=0)) == 16
    assert images[:8, :, 3:].sum() == 0 and images[8:, :, :2].sum() == 0
    np.testing.assert_array_equal(np.argwhere(images[6, 0]), [[1, 2], [1, 3], [2, 2], [2, 3]])


def test_pairs_are_two_dots_whose_relation_is_the_class():
    task = pairs()
    images, labels = np.concatenate(task[::2]), np.concatenate(task[1::2])
    assert task.train_images.shape == (200, 1, 6, 6) and task.test_images.shape == (500, 1, 6, 6)
    assert set(labels) == {0, 1, 2, 3}
    for image, label in zip(images[:, 0], labels, strict=True):
        (i, j), (k, m) = dots = np.argwhere(np.abs(image) > 1)
        assert (k - i, m - j) == ((1, 0) if label >= 2 else (0, 1))
        signs = [np.sign(image[tuple(dot)]) for dot in dots]
        assert (signs[0] == signs[1]) == (label % 2 == 1)
    first = [np.sign(image[np.abs(image) > 1][0]) for image in images[:, 0]]
    assert 0.4 < np.mean(np.array(first) > 0) < 0.6


def test_records_are_read_by_name():
    assert "machine" in record("growth")


def test_an_unknown_record_is_refused_with_the_names_that_exist():
    with pytest.raises(ValueError, match=r"no record 'slow'; there are .*growth"):
        record("slow")
