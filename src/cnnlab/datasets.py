"""Data to train on, and the records of benchmarks. Needs NumPy only, nothing of cnnlab, and no network."""

import gzip
import json
from importlib import resources
from typing import NamedTuple

import numpy as np

SPLIT_SEED = 0
HELD_OUT = 359  # a fifth of the 1,797 digits


class Split(NamedTuple):
    """Images with their labels, apart for training and for testing."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def all_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return all 1,797 handwritten digits in the order of the file, as integers.

    images  (1797, 1, 8, 8), from 0 (paper) to 16 (ink)
    labels  (1797,), from 0 to 9

    Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, https://doi.org/10.24432/C50P49, CC BY 4.0, as scikit-learn distributes it.
    See `data/digits-LICENSE.txt`.
    """
    packed = resources.files("cnnlab").joinpath("data", "digits.csv.gz").read_bytes()
    rows = gzip.decompress(packed).decode("ascii").split()
    table = np.array([row.split(",") for row in rows]).astype(np.int64)
    return table[:, :-1].reshape(-1, 1, 8, 8), table[:, -1]


def digits() -> Split:
    """Return the digits as a `Split`: four fifths to train on, one fifth held out.

    train_images  (1438, 1, 8, 8)  float64, pixels divided by 16: from 0 to 1
    train_labels  (1438,)          integers from 0 to 9
    test_images   (359, 1, 8, 8)
    test_labels   (359,)

    The digits are shuffled once with a fixed seed, and the first fifth is held out. So the split is the
    same in every run and on every machine. The file holds 13 people's writing without their names: the same
    people wrote both parts, which makes the held-out fifth easier than a stranger's digits would be.
    """
    images, labels = all_digits()
    order = np.random.default_rng(SPLIT_SEED).permutation(len(labels))
    images, labels = images[order] / 16, labels[order]
    return Split(images[HELD_OUT:], labels[HELD_OUT:], images[:HELD_OUT], labels[:HELD_OUT])


def squares() -> np.ndarray:
    """Return a bright 2x2 square at each of its sixteen places on a dark 5x5 image, (16, 1, 5, 5) in float64.

    Place (i, j) of the upper left corner is image 4 i + j: the first eight have the square in the three upper rows,
    the last eight in the three lower rows. Made here, for the comparison of shared and private kernels.
    """
    images = np.zeros((16, 1, 5, 5))
    for image, (i, j) in zip(images, np.ndindex(4, 4), strict=True):
        image[0, i : i + 2, j : j + 2] = 1
    return images


def pairs() -> Split:
    """Return images of two dots in noise as a `Split`: how they stand to each other is the class, where they are is not.

    train_images  (200, 1, 6, 6)  float64: noise between -1/4 and 1/4, and two dots of size 2
    train_labels  (200,)  0 side by side with opposite signs, 1 side by side with equal signs, 2 and 3 the same one
                          above the other
    test_images   (500, 1, 6, 6)
    test_labels   (500,)

    The first dot's sign is drawn, too, so that no pixel and no sum of pixels tells the class. Made here with a fixed seed.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    labels = rng.integers(4, size=700)
    images = (rng.random((700, 1, 6, 6)) - 0.5) / 2
    for image, label in zip(images, labels, strict=True):
        down = label // 2
        right = 1 - down
        i, j = rng.integers(6 - down), rng.integers(6 - right)
        first = 2 * rng.choice([-1, 1])
        image[0, i, j] += first
        image[0, i + down, j + right] += first if label % 2 else -first
    return Split(images[:200], labels[:200], images[200:], labels[200:])


def record(name: str) -> dict:
    """Return what a benchmark wrote down, as nested dictionaries: the chapters draw and quote these records.

    name   "speed", "growth", "ways", "pool_routing", "wasm", "torch_training", ...: a file of `data/records`
    Raises ValueError that lists the records if there is none of that name.

    `bench/README.md` says what each record holds and which command writes it anew.
    """
    folder = resources.files("cnnlab").joinpath("data", "records")
    names = sorted(
        path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json")
    )
    if name not in names:
        raise ValueError(f"record: there is no record {name!r}; there are {', '.join(names)}")
    return json.loads(folder.joinpath(f"{name}.json").read_text(encoding="utf-8"))
