"""Wrong formulas against numbers worked out on paper, one for each variant, so that a broken formula does not go unnoticed.

The checks are tested with functions made from these same formulas. That alone would prove nothing about the formulas.
"""

import numpy as np
import pytest

from cnnlab.misconceptions import RIGHT, formulas


def a(values, axes=3):
    """A nested list as floats, with leading axes of length 1 up to so many axes."""
    array = np.array(values, dtype=float)
    return array.reshape((1,) * (axes - array.ndim) + array.shape)


# Two examples, one channel, one kernel of two weights. Written out, position by position:
#   example 0: (1, 2) with delta 1, (2, 3) with delta 3      example 1: (0, 1) with delta 2, (1, -1) with delta -1
BATCH = {"dy": a([[[1, 3]], [[2, -1]]]), "x": a([[[1, 2, 3]], [[0, 1, -1]]]), "w": a([2, -1])}
FORWARD = {"x": BATCH["x"], "w": BATCH["w"], "b": np.zeros(1)}
UNEVEN = {"dy": a([[[1, 3, 2]], [[2, -1, 5]]]), "x": a([[[1, 2, 3, 4]], [[0, 1, -1, 2]]]), "w": a([2, -1])}
STRIDE = {"dy": a([1, 3]), "x": a([1, 2, 3, 4]), "w": a([2, -1]), "stride": 2}
STRIDE_Y = {"x": STRIDE["x"], "w": STRIDE["w"], "stride": 2}
PADDING = {"dy": a([1, 2, 3]), "x": a([1, 2]), "w": a([2, -1]), "padding": 1}
PADDING_Y = {"x": PADDING["x"], "w": PADDING["w"], "padding": 1}
UNPADDED = {"dy": a([1]), "x": a([1, 2]), "w": a([2, -1]), "padding": 0}
IMAGE = {"dy": a([[1, 10]], 4), "x": a([[1, 2, 3], [4, 5, 6]], 4), "w": a([[1, 2], [3, 5]], 4)}
CHANNELS = {"dy": a([[1, 1], [2, 0]]), "x": a([[1, 2], [3, 4]]), "w": np.ones((2, 2, 1))}
DILATION = {"dy": a([1, 2, 3]), "x": a([1, 2, 3, 4, 5]), "w": a([2, -1]), "dilation": 2}
DILATION_Y = {"x": DILATION["x"], "w": DILATION["w"], "dilation": 2}
GROUPS = {"dy": a([[1, 1], [2, 0]]), "x": a([[1, 2], [3, 4]]), "w": a([[[2]], [[5]]]), "groups": 2}
GROUPS_Y = {"x": GROUPS["x"], "w": GROUPS["w"], "groups": 2}
FOUR_KERNELS = {"x": a([[1], [3]]), "w": a([[[1]], [[2]], [[3]], [[4]]]), "groups": 2}
INTEGERS = {"dy": a([0.5, 0.5]), "x": np.array([[[1, 1, 1]]]), "w": np.array([[[1, 1]]])}
TIES = {"dy": a([[5, 7]], 4), "x": a([[1, 3, 0, 2], [3, 2, 2, 1]], 4), "size": 2}
OVERLAP = {"dy": a([[10, 100, 1]], 4), "x": a([[1, 5, 7, 2]], 4), "size": (1, 2), "stride": (1, 1)}
APART = {"dy": a([[10, 100]], 4), "x": a([[1, 2, 1, 4]], 4), "size": (1, 2)}
NEGATIVE = {"dy": a([[5]], 4), "x": a([[-3, -1]], 4), "size": (1, 2)}
SIGNS = {"x": a([[-3, 1]], 4), "size": (1, 2)}
CHAIN = {"dy": a([1]), "x": a([1, 2, 3]), "w1": a([1, 1]), "w2": a([2, 1])}  # hidden layer 3 5, its delta 2 1
DENSE = {"dy": a([[1, 2], [0, 1]], 2), "x": a([[1, 2], [3, 4]], 2), "w": a([[1, 0], [2, 1]], 2)}
HALF = {"dy": a([4, 4], 1), "x": a([0, 0], 1)}  # sigmoid 1/2, slope 1/4
EVEN = {"x": np.zeros((2, 2)), "labels": np.array([0, 1])}  # every probability 1/2
TIE = {"dw": a([[[[1, 2]]], [[[4, 6]]]], 4), "db": a([[3], [5]], 2)}
STEP = {
    "w": a([1, 2], 1),
    "gradients": a([[1, 2], [3, 4]], 2),  # added up: 4 6
    "velocity": a([10, 20], 1),
    "rate": 0.5,
    "momentum": 0.5,
}

GRID = {
    "dy": a([[1, 2], [3, 4]], 4),
    "x": a([[1, 0, 2], [0, 1, 1], [3, 2, 0]], 4),
    "w": a([[1, 2], [3, 5]], 4),
}
PRIVATE = {"dy": a([10, 100]), "x": a([0, 0, 0]), "w": a([[[[1, 2]]], [[[3, 4]]]], 4)}
TWO_OUTPUTS = {"dy": a([1, 3]), "x": a([1, 2, 3, 4]), "w1": a([1, 1]), "w2": a([2, 1])}  # hidden layer 3 5 7
MAPS = {"x": a([[[1, 3]], [[5, 2]]], 4), "size": (1, 2)}

BY_HAND = [
    ("conv.dw", BATCH, {
        "right": [[6, 14]],
        "product-of-sums": [[13, 20], [20, 25]],
        "averaged-positions": [[3, 7], [1.5, 3.5]],
        "last-position-only": [[5, 10], [-1, 1]],
        "first-position-only": [[1, 4], [1, 2]],
        "last-position-missed": [[1, 4]] * 4,
        "first-position-missed": [[5, 10]],
        "shifted-by-one": [[14, 1], [3, 6]],
        "weight-k-output-k": [[1, 10], [1, 5]],
        "index-read-literally": [[6, 18]],
        "index-not-shifted": [[6, 6]],
        "window-added": [[20, 20]],
        "weights-for-inputs": [[10, -5]],
        "update-returned": [[-4, -15], [-1, -8], [1.4, -2.4], [1.94, -1.14], [1.994, -1.014]],
        "examples-crossed": [[9, 13]],
        "gradient-rotated": [[14, 6]],
        "true-convolution": [[14, 6]],
        "one-example": [[7, 11], [-1, 3]],
        "batch-averaged": [[3, 7]],
        "wrong-sign": [[-6, -14]],
        "times-two": [[12, 28]],
        "halved": [[3, 7]],
        "upstream-ignored": [[4, 5]],
        "upstream-reversed": [[7, 6]],
        "upstream-summed": [[13, 20]],
        "upstream-is-output": [[5, -1]],
    }),
    ("conv.db", BATCH, {
        "right": [[5]],
        "averaged-positions": [[2.5], [1.25]],
        "last-position-only": [[2], [-1]],
        "first-position-only": [[3], [1]],
        "last-position-missed": [[3]] * 4,
        "first-position-missed": [[2]],
        "one-example": [[4], [1]],
        "batch-averaged": [[2.5]],
        "bias-per-position": [[[3, 2]], [[[1, 3]], [[2, -1]]]],
        "bias-wrong-axis": [[4, 1], [[4], [1]], [3, 2]],
        "bias-forgotten": [[0]],
    }),
    # three positions, two examples: divided by 3 and by 6
    ("conv.dw", UNEVEN, {"right": [[7, 32]], "averaged-positions": [[7 / 3, 32 / 3], [7 / 6, 32 / 6]]}),
    ("conv.db", UNEVEN, {"right": [[12]], "averaged-positions": [[4], [2]], "batch-averaged": [[6]]}),
    ("conv.dx", BATCH, {
        "right": [[[[2, 5, -3]], [[4, -4, 1]]]],
        "last-position-missed": [[[[2, -1, 0]], [[4, -2, 0]]]] * 4,
        "first-position-missed": [[[[0, 6, -3]], [[0, -2, 1]]]],
        "shifted-by-one": [[[[0, 2, 5]], [[0, 4, -4]]], [[[5, -3, 0]], [[-4, 1, 0]]]],
        "kernel-not-rotated": [[[[-1, -1, 6]], [[-2, 5, -2]]]],
        "kernel-rotated-twice": [[[[-1, -1, 6]], [[-2, 5, -2]]]],
        "upstream-ignored": [[[[2, 1, -1]], [[2, 1, -1]]]],
        "upstream-reversed": [[[[6, -1, -1]], [[-2, 5, -2]]]],
        "assigned-not-added": [[[[2, 6, -3]], [[4, -2, 1]]]] * 2,
        "valid-not-full": [[[[5]], [[-4]]]],
        "same-not-full": [[[[2, 5]], [[4, -4]]]] * 2,
        "own-index-only": [[[[1, 3, 0]], [[2, -1, 0]]]],
        "weights-forgotten": [[[[1, 4, 3]], [[2, 1, -1]]]],
        "one-example": [
            [[[2, 5, -3]], [[0, 0, 0]]], [[[0, 0, 0]], [[4, -4, 1]]],
            [[[2, 5, -3]], [[2, 5, -3]]], [[[4, -4, 1]], [[4, -4, 1]]],
        ],
    }),
    ("conv.y", FORWARD, {
        "right": [[[[0, 1]], [[-1, 3]]]],
        "shifted-by-one": [[[[1, 6]], [[3, -2]]], [[[-1, 0]], [[0, -1]]]],
        "true-convolution": [[[[3, 4]], [[2, -3]]]],
        "window-averaged": [[[[0, 0.5]], [[-0.5, 1.5]]]],
        "one-example": [[[[0, 1]], [[0, 0]]], [[[0, 0]], [[-1, 3]]]],
    }),
    ("conv.dw", STRIDE, {"right": [[10, 14]], "stride-ignored": [[7, 11], [7, 11, 15]]}),
    ("conv.dx", STRIDE, {"right": [[2, -1, 6, -3]], "stride-ignored": [[2, 5, -3, 0], [2, 5, -3]]}),
    ("conv.y", STRIDE_Y, {"right": [[0, 2]], "stride-ignored": [[0, 1, 2], [0, 1]]}),
    ("conv.dw", PADDING, {"right": [[8, 5]], "padding-ignored": [[5, 2]]}),
    ("conv.y", PADDING_Y, {"right": [[-1, 0, 4]], "padding-ignored": [[0], [0, 4, 0]]}),
    ("conv.dx", PADDING, {
        "right": [[3, 4]],
        "padding-not-cropped": [[2, 3, 4, -3]],
        "padding-cropped-wrong-end": [[2, 3], [4, -3]],
        "padding-cropped-to-nothing": [[3, 4]],
    }),
    ("conv.dx", UNPADDED, {"right": [[2, -1]], "padding-cropped-to-nothing": [[[[]]]]}),
    ("conv.dw", IMAGE, {
        "right": [[[21, 32], [54, 65]]],
        "rows-columns-swapped": [[[21, 54], [32, 65]], [[21, 54], [32, 65]]],
        "one-axis-flipped": [[[54, 65], [21, 32]], [[32, 21], [65, 54]]],
        "gradient-rotated": [[[65, 54], [32, 21]]],
    }),
    ("conv.dx", IMAGE, {
        "right": [[[1, 12, 20], [3, 35, 50]]],
        "rows-columns-swapped": [[[1, 3], [12, 35], [20, 50]], [[1, 13, 30], [2, 25, 50]]],
        "one-axis-flipped": [[[3, 35, 50], [1, 12, 20]], [[2, 21, 10], [5, 53, 30]]],
    }),
    ("conv.dw", CHANNELS, {
        "right": [[[[3], [7]], [[2], [6]]]],
        "channels-filters-swapped": [[[[3], [2]], [[7], [6]]]],
        "channels-added": [[[[10], [10]], [[8], [8]]]],
        "filters-added": [[[[5], [13]], [[5], [13]]]],
        "one-channel": [
            [[[3], [3]], [[2], [2]]], [[[7], [7]], [[6], [6]]], [[[3], [0]], [[2], [0]]], [[[0], [7]], [[0], [6]]],
        ],
        "one-filter": [
            [[[3], [7]], [[3], [7]]], [[[2], [6]], [[2], [6]]], [[[3], [7]], [[0], [0]]], [[[0], [0]], [[2], [6]]],
        ],
    }),
    ("conv.db", CHANNELS, {
        "right": [[2, 2]],
        "filters-added": [[4, 4], 4],
        "one-filter": [[2, 2], [2, 2], [2, 0], [0, 2]],
    }),
    ("conv.y", DILATION_Y, {
        "right": [[-1, 0, 1]],
        "dilation-ignored": [[0, 1, 2, 3], [0, 1, 2]],
        "dilation-for-stride": [[0, 2], [0, 2]],
        "dilation-counted-as-gap": [[-2, -1], [-2, -1, 6]],
        "dilation-size-forgotten": [[-1, 0, 1, 8]],
    }),
    ("conv.dw", DILATION, {
        "right": [[14, 26]],
        "dilation-ignored": [[14, 20]],
        "dilation-for-stride": [[22, 10], [22, 10]],
        "dilation-counted-as-gap": [[14, 14]],
    }),
    ("conv.dx", DILATION, {
        "right": [[2, 4, 5, -2, -3]],
        "dilation-ignored": [[2, 3, 4, -3, 0]],
        "dilation-for-stride": [[2, -1, 4, -2, 6], [2, -1, 4, -2, 6]],
        "dilation-counted-as-gap": [[2, 4, 6, -1, -2]],
    }),
    ("conv.y", GROUPS_Y, {
        "right": [[[2, 4], [15, 20]]],
        "groups-ignored": [[[8, 12], [20, 30]], [[2, 4], [5, 10]]],
        "groups-crossed": [[[6, 8], [5, 10]]],
        "groups-share-kernels": [[[2, 4], [6, 8]]],
    }),
    ("conv.y", FOUR_KERNELS, {
        "right": [[[1], [2], [9], [12]]],
        "groups-interleaved": [[[1], [6], [3], [12]], [[1], [2], [9], [12]], [[1], [9], [2], [12]]],
    }),
    ("conv.dw", GROUPS, {
        "right": [[[[3]], [[6]]]],
        "groups-ignored": [[[[10]], [[8]]], [[[3]], [[2]]]],
        "groups-crossed": [[[[7]], [[2]]]],
        "groups-share-kernels": [[[[3]], [[3]]]],
    }),
    ("conv.dx", GROUPS, {
        "right": [[[2, 2], [10, 0]]],
        "groups-ignored": [[[12, 2], [12, 2]], [[12, 2], [0, 0]]],
        "groups-crossed": [[[10, 0], [2, 2]]],
        "groups-share-kernels": [[[2, 2], [4, 0]]],
    }),
    ("conv.dw", INTEGERS, {"right": [[1, 1]], "integer-zeros": [[1, 1], [0, 0]]}),
    ("conv.dx", INTEGERS, {"right": [[0.5, 1, 0.5]], "integer-zeros": [[0, 1, 0], [0, 0, 0]]}),
    ("pool.dx", TIES, {
        "right": [[[0, 5, 0, 7], [0, 0, 0, 0]]],
        "pool-every-input": [[[5, 5, 7, 7], [5, 5, 7, 7]]],
        "pool-averaged": [[[1.25, 1.25, 1.75, 1.75], [1.25, 1.25, 1.75, 1.75]]],
        "pool-not-routed": [[[5, 0, 7, 0], [0, 0, 0, 0]]],
        "pool-all-ties": [[[0, 5, 0, 7], [5, 0, 7, 0]]] * 2,
        "pool-split-ties": [[[0, 2.5, 0, 3.5], [2.5, 0, 3.5, 0]]],
        "pool-last-tie": [[[0, 0, 0, 0], [5, 0, 7, 0]]],
        "pool-column-tie": [[[0, 0, 0, 0], [5, 0, 7, 0]]],
        "pool-times-maximum": [[[0, 15, 0, 14], [0, 0, 0, 0]]],
        "pool-index-in-window": [[[0, 12, 0, 0], [0, 0, 0, 0]]],
        "pool-one-maximum": [[[0, 12, 0, 0], [0, 0, 0, 0]]],
        "pool-minimum": [[[5, 0, 7, 0], [0, 0, 0, 0]]],
    }),
    ("pool.dx", OVERLAP, {
        "right": [[[0, 10, 101, 0]]],
        "pool-neurons-nulled": [[[0, 110, 101, 0]]],
        "pool-assigned": [[[0, 0, 1, 0]], [[0, 10, 1, 0]]],
    }),
    ("pool.dx", APART, {
        "right": [[[0, 10, 0, 100]]],
        "pool-stride-ignored": [[[0, 110, 0, 0]], [[0, 10, 0, 100]], [[0, 110, 0, 0]]],
    }),
    ("pool.dx", NEGATIVE, {"right": [[[0, 5]]], "pool-starts-at-zero": [[[0, 0]], [[5, 0]]]}),
    ("pool.y", SIGNS, {
        "right": [[[1]]],
        "pool-largest-absolute": [[[-3]], [[3]]],
        "pool-mean": [[[-1]]],
        "pool-minimum": [[[-3]]],
        "pool-starts-at-zero": [[[1]]],
    }),
    ("chain.dw1", CHAIN, {
        "right": [[4, 7]],
        "product-of-sums-two-layers": [[9, 15]],
        "second-kernel-skipped": [[3, 5]],
        "second-kernel-not-rotated": [[5, 8]],
        "own-output-only": [[2, 4]],
    }),
    ("chain.dw2", CHAIN, {"right": [[3, 5]], "layers-below-input": [[1, 2]]}),
    ("dense.dw", DENSE, {
        "right": [[[1, 2], [5, 8]]],
        "dense-weights-turned": [[[1, 5], [2, 8]]],
        "dense-batch-averaged": [[[0.5, 1], [2.5, 4]]],
        "this-layers-activation": [[[1, 4], [5, 18]]],
    }),
    ("dense.db", DENSE, {
        "right": [[1, 3]],
        "dense-bias-per-example": [[[1, 2], [0, 1]]],
        "dense-bias-wrong-axis": [[3, 1], 4],
    }),
    ("sigmoid.dx", HALF, {
        "right": [[1, 1]],
        "derivative-forgotten": [[4, 4]],
        "derivative-twice": [[0.25, 0.25]],
        "input-taken-for-activation": [[0, 0]],
        "activation-for-derivative": [[2, 2]],
    }),
    ("softmax.dx", EVEN, {
        "right": [[[-0.25, 0.25], [0.25, -0.25]]],
        "batch-mean-twice": [[[-0.125, 0.125], [0.125, -0.125]]],
        "batch-mean-forgotten": [[[-0.5, 0.5], [0.5, -0.5]]],
        "mean-over-classes": [[[-0.125, 0.125], [0.125, -0.125]]],
        "softmax-derivative-again": [[[-0.0625, 0.0625], [0.0625, -0.0625]]],
        "label-forgotten": [[[0.25, 0.25], [0.25, 0.25]]],
        "only-right-class": [[[-0.25, 0], [0, -0.25]]],
    }),
    ("tie.dw", TIE, {
        "right": [[[[5, 8]]]],
        "tied-by-mean": [[[[2.5, 4]]]],
        "tied-last-only": [[[[4, 6]]]],
        "tied-first-only": [[[[1, 2]]]],
        "not-tied": [[[[[1, 2]]], [[[4, 6]]]]],
        "tied-over-everything": [[[[3]], [[10]]], 13, [5, 8], [5, 8]],
    }),
    ("step.w", STEP, {
        "right": [[-3.5, -6]],
        "momentum-per-connection": [[-5, -9], [-6, -11], [-2, -3]],
        "tied-over-everything": [[-6.5, -8]],
        "tied-by-mean": [[-2.5, -4.5]],
        "step-uphill": [[5.5, 10]],
        "momentum-forgotten": [[-1, -1]],
        "momentum-dampened": [[-2.5, -4.5]],
        "velocity-of-before": [[-4, -8]],
        "rate-in-velocity": [[-6, -11]],
        "velocity-downhill": [[4, 9]],
        "rate-applied-twice": [[-2.5, -4.5]],
        "looked-ahead": [[-3.25, -5]],
        "rate-forgotten": [[-8, -14]],
    }),
    ("step.velocity", STEP, {
        "right": [[9, 16]],
        "momentum-per-connection": [[6, 10], [14, 26]],
        "tied-over-everything": [[15, 20]],
        "momentum-forgotten": [[4, 6]],
        "momentum-dampened": [[7, 13]],
        "rate-in-velocity": [[7, 13]],
        "velocity-downhill": [[3, 7]],
    }),
    # four places: the very last left out, the last row and column, the last row, the last column
    ("conv.dw", GRID, {"last-position-missed": [[[1, 7], [11, 9]], [[1, 0], [0, 1]], [[1, 4], [2, 3]], [[1, 3], [9, 7]]]}),
    # seen by 1, 2 or 4 windows: divided by that, and by the four places
    ("conv.dx", GRID, {
        "right": [[[1, 4, 4], [6, 21, 18], [9, 27, 20]]],
        "averaged-positions": [
            [[1, 2, 4], [3, 5.25, 9], [9, 13.5, 20]],
            [[0.25, 1, 1], [1.5, 5.25, 4.5], [2.25, 6.75, 5]],
        ],
    }),
    ("conv.y", {"x": GRID["x"], "w": GRID["w"]}, {"last-position-missed": [[[6]]]}),
    # y is 5 8, 14 17; the kernel is a row, which reads the same downwards
    ("conv.y", {"x": IMAGE["x"], "w": a([[1, 2]], 4)}, {
        "rows-columns-swapped": [[[5, 14], [8, 17]], [[5, 8], [14, 17]], [[5, 14], [8, 17]], [[5, 8], [14, 17]]],
    }),
    ("local.dx", PRIVATE, {"right": [[10, 320, 400]], "assigned-not-added": [[10, 300, 400]]}),
    # hidden deltas 2 7 3, or 2 6 3 where the last window stays; three hidden neurons, two outputs
    ("chain.dw1", TWO_OUTPUTS, {
        "right": [[25, 37]],
        "assigned-not-added": [[23, 34]],
        "averaged-positions": [[25 / 3, 37 / 3]],
    }),
    ("chain.dw2", TWO_OUTPUTS, {"right": [[18, 26]], "averaged-positions": [[9, 13]]}),
    ("dense.dw", DENSE, {"one-example": [[[1, 2], [2, 4]], [[0, 0], [3, 4]]]}),
    ("dense.db", DENSE, {"one-example": [[1, 2], [0, 1]]}),
    ("pool.y", MAPS, {"pool-over-the-batch": [[[[5]], [[5]]]]}),
]  # fmt: skip
"""Target, arguments, and by mistake what each of its variants gives; axes of length 1 in front may be left out."""

CASES = [
    (target, arguments, id, expected) for target, arguments, rows in BY_HAND for id, expected in rows.items()
]


@pytest.mark.parametrize(
    ("target", "arguments", "id", "expected"), CASES, ids=[f"{target}-{id}" for target, _, id, _ in CASES]
)
def test_every_variant_gives_the_numbers_worked_out_by_hand(target, arguments, id, expected):
    found = [RIGHT[target]] if id == "right" else [f for known, f in formulas(target) if known == id]
    assert len(found) == len(expected)
    for formula, numbers in zip(found, expected, strict=True):
        result = np.asarray(formula(**arguments), float)
        wanted = np.array(numbers, float)
        assert result.shape == (1,) * (result.ndim - wanted.ndim) + wanted.shape
        np.testing.assert_allclose(result.reshape(wanted.shape), wanted, rtol=1e-14, atol=1e-14)
