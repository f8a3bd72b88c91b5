"""Bad input gets a TypeError or ValueError that says what was expected, what came and what to do."""

import subprocess
import sys

import numpy as np
import pytest

import cnnlab
from cnnlab import pool

X1, W1, B, DY1 = np.ones((2, 3, 7)), np.ones((4, 3, 2)), np.ones(4), np.ones((2, 4, 6))
X2, W2, DY2 = np.ones((2, 3, 7, 6)), np.ones((4, 3, 2, 3)), np.ones((2, 4, 6, 4))
POOL_DY = np.ones((2, 3, 3, 2))

# For every function: good positional arguments, by name.
CALLS = {
    "conv1d": (cnnlab.conv1d, {"x": X1, "w": W1, "b": B}),
    "conv1d_backward": (cnnlab.conv1d_backward, {"dy": DY1, "x": X1, "w": W1}),
    "conv2d": (cnnlab.conv2d, {"x": X2, "w": W2, "b": B}),
    "conv2d_backward": (cnnlab.conv2d_backward, {"dy": DY2, "x": X2, "w": W2}),
    "max_pool2d": (cnnlab.max_pool2d, {"x": X2, "size": (2, 3)}),
    "max_pool2d_backward": (cnnlab.max_pool2d_backward, {"dy": POOL_DY, "x": X2, "size": (2, 3)}),
    "avg_pool2d": (pool.avg_pool2d, {"x": X2, "size": (2, 3)}),
    "avg_pool2d_backward": (pool.avg_pool2d_backward, {"dy": POOL_DY, "x": X2, "size": (2, 3)}),
}
ARRAYS = [(name, key) for name, (_, given) in CALLS.items() for key in given if key != "size"]
CONVS = [name for name in CALLS if name.startswith("conv")]
POOLS = [name for name in CALLS if "pool" in name]


def call(name, **changes):
    function, given = CALLS[name]
    return function(**{**given, **changes})


def message(error, name, **changes):
    with pytest.raises(error) as caught:
        call(name, **changes)
    text = str(caught.value)
    assert text.startswith(f"{name}: ")
    assert ", got " in text and "; " in text, f"expected, got and what to do are missing: {text}"
    return text


@pytest.mark.parametrize("name", CALLS)
def test_good_calls_pass(name):
    call(name)


@pytest.mark.parametrize(("name", "key"), ARRAYS)
@pytest.mark.parametrize("dtype", [np.complex128, object, np.float16, "datetime64[s]", "U3"])
def test_dtypes_that_are_refused(name, key, dtype):
    text = message(TypeError, name, **{key: CALLS[name][1][key].astype(int).astype(dtype)})
    assert f"{key} must hold float32, float64 or integers" in text
    assert f"{key}.astype(np.float64)" in text


@pytest.mark.parametrize(("name", "key"), ARRAYS)
@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int64])
def test_integers_become_float64(name, key, dtype):
    given = CALLS[name][1][key]
    results = call(name, **{key: given.astype(dtype)}), call(name, **{key: given.tolist()})
    for result in results:
        for array in result if isinstance(result, tuple) else (result,):
            assert array.dtype == np.float64


@pytest.mark.parametrize(("name", "key"), ARRAYS)
@pytest.mark.parametrize("change", [lambda a: a[0], lambda a: a[None], lambda a: 3.0])
def test_wrong_rank(name, key, change):
    bad = np.asarray(change(CALLS[name][1][key]))
    text = message(ValueError, name, **{key: bad})
    assert f"{key} must have shape (" in text and f"got shape {bad.shape}" in text
    if bad.ndim < CALLS[name][1][key].ndim:
        assert "add the missing axes" in text
    else:
        assert "take one slice" in text


def test_the_advice_on_a_missing_axis_is_right():
    text = message(ValueError, "conv2d", x=X2[0])
    assert "x must have shape (N, C, H, W), 4 axes, got shape (3, 7, 6), 3 axes" in text
    assert "x[None]" in text
    assert "x[None, None]" in message(ValueError, "conv2d", x=X2[0, 0])


@pytest.mark.parametrize(("name", "key"), ARRAYS)
def test_empty_arrays(name, key):
    good = CALLS[name][1][key]
    for axis in range(good.ndim):
        shape = [0 if i == axis else n for i, n in enumerate(good.shape)]
        assert "at least one entry along every axis" in message(ValueError, name, **{key: np.ones(shape)})


@pytest.mark.parametrize(("name", "key"), ARRAYS)
def test_ragged_lists(name, key):
    assert f"{key} must be a rectangular array" in message(ValueError, name, **{key: [[1.0, 2.0], [3.0]]})


@pytest.mark.parametrize("name", CONVS)
def test_mismatched_channels(name):
    w = CALLS[name][1]["w"][:, :2]
    text = message(ValueError, name, w=w)
    assert "same number of channels C" in text and "3 in x" in text and "2 in w" in text


@pytest.mark.parametrize("name", ["conv1d", "conv2d"])
def test_bias_of_wrong_length(name):
    assert "one entry for each of the 4 kernels" in message(ValueError, name, b=np.ones(3))


@pytest.mark.parametrize("name", CONVS)
def test_kernel_larger_than_the_padded_input(name):
    w = CALLS[name][1]["w"]
    long = np.ones((*w.shape[:-1], 10))
    text = message(ValueError, name, w=long, padding=1)
    assert "kernel must fit into the padded input" in text and "padding (1" in text


@pytest.mark.parametrize("name", CONVS)
def test_kernel_that_reaches_further_than_the_padded_input(name):
    reach, padded = ((9,), (7,)) if "1d" in name else ((9, 17), (7, 6))
    text = message(ValueError, name, dilation=8)
    assert f"which reaches over {reach} with dilation" in text and f"padded input {padded}" in text
    assert "a smaller kernel or dilation" in text
    call(name.removesuffix("_backward"), dilation=8, padding=6)


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("size", [8, (2, 7), (8, 1)])
def test_window_larger_than_the_image(name, size):
    assert "must fit into the padded input" in message(ValueError, name, size=size)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("stride", [0, -1, (1, 0)])
def test_stride_below_one(name, stride):
    if "1d" in name and stride == (1, 0):
        stride = (0,)
    assert "stride must be at least 1" in message(ValueError, name, stride=stride)


@pytest.mark.parametrize("name", CONVS)
def test_padding_below_zero(name):
    assert "padding must be at least 0, got -1" in message(ValueError, name, padding=-1)


@pytest.mark.parametrize("name", CONVS)
def test_dilation_below_one_or_no_int(name):
    assert "dilation must be at least 1, got 0" in message(ValueError, name, dilation=0)
    assert "dilation must be an int" in message(TypeError, name, dilation=1.0)


@pytest.mark.parametrize("name", CONVS)
def test_groups_that_are_no_count(name):
    assert "groups must be at least 1, got 0" in message(ValueError, name, groups=0)
    for groups in (1.0, "1", True, (1,), None):
        assert "groups must be an int, got" in message(TypeError, name, groups=groups)


@pytest.mark.parametrize("name", CONVS)
@pytest.mark.parametrize(("groups", "channels", "kernels"), [(2, 3, 4), (3, 6, 4), (4, 6, 4), (5, 3, 4)])
def test_groups_that_do_not_divide(name, groups, channels, kernels):
    x, w = CALLS[name][1]["x"], CALLS[name][1]["w"]
    x, w = np.ones((2, channels, *x.shape[2:])), np.ones((kernels, 1, *w.shape[2:]))
    text = message(ValueError, name, x=x, w=w, groups=groups)
    assert "groups must divide the number of channels C and of kernels K" in text
    assert f"groups={groups}, {channels} channels in x" in text and f"{kernels} kernels in w" in text
    assert f"a divisor of {np.gcd(channels, kernels)}." in text


@pytest.mark.parametrize("name", CONVS)
def test_channels_that_do_not_fit_the_groups(name):
    x, w = CALLS[name][1]["x"], CALLS[name][1]["w"]
    x = np.concatenate([x, x], axis=1)
    text = message(ValueError, name, x=x, w=w[:, :2], groups=2)
    assert "C / groups = 6 / 2 = 3 channels" in text and "got 2 in w of shape (4, 2" in text
    if not name.endswith("_backward"):
        call(name, x=x, w=w, groups=2)


@pytest.mark.parametrize("name", POOLS)
def test_size_below_one(name):
    assert "size must be at least 1" in message(ValueError, name, size=(2, 0))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("stride", [2.0, "2", True, (1.5, 1), (True, 1), {"a": 1}, np.float64(1), 1j])
def test_sizes_that_are_no_ints(name, stride):
    assert "stride must be an int" in message(TypeError, name, stride=stride)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("stride", [(1, 1, 1), (), []])
def test_sizes_of_wrong_length(name, stride):
    assert f"got {len(stride)} entries" in message(ValueError, name, stride=stride)


def test_a_pair_is_needed_for_two_axes_and_none_only_means_the_default_of_pooling():
    assert "got 1 entries" in message(ValueError, "conv2d", padding=(1,))
    assert "stride must be an int or a pair of ints, got None" in message(TypeError, "conv2d", stride=None)
    assert "size must be an int or a pair of ints, got None" in message(TypeError, "max_pool2d", size=None)


@pytest.mark.parametrize("stride", [2, np.int64(2), (2, 2), [2, 2], np.array([2, 2]), (np.int8(2), 2)])
def test_ints_and_pairs_mean_the_same(stride):
    expected = cnnlab.conv2d(X2, W2, stride=(2, 2))
    np.testing.assert_array_equal(cnnlab.conv2d(X2, W2, stride=stride), expected)
    spread = cnnlab.conv2d(X2, W2, dilation=(2, 2))
    np.testing.assert_array_equal(cnnlab.conv2d(X2, W2, dilation=stride), spread)
    assert cnnlab.max_pool2d(X2, stride).shape == (2, 3, 3, 3)


def test_pairs_are_rows_first():
    assert cnnlab.conv2d(X2, W2, stride=(3, 1), padding=(1, 0)).shape == (2, 4, 3, 4)
    assert cnnlab.conv2d(X2, W2, dilation=(3, 1)).shape == (2, 4, 4, 4)
    assert cnnlab.max_pool2d(X2, (3, 2), stride=(1, 4)).shape == (2, 3, 5, 2)


@pytest.mark.parametrize("name", [name for name in CALLS if name.endswith("_backward")])
def test_upstream_gradient_of_wrong_shape(name):
    good = CALLS[name][1]["dy"]
    for axis in range(good.ndim):
        text = message(ValueError, name, dy=np.concatenate([good, good], axis=axis))
        assert f"dy must have the shape of y = {name.removesuffix('_backward')}(...), {good.shape}" in text


def test_arguments_are_not_modified():
    for function, given in CALLS.values():
        before = {key: np.copy(value) for key, value in given.items()}
        function(**given)
        for key, value in given.items():
            np.testing.assert_array_equal(value, before[key])


def test_the_package_needs_numpy_only():
    code = "import sys, cnnlab; print(*{m.split('.')[0] for m in sys.modules} - sys.stdlib_module_names)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    # What the environment's own .pth files load at start-up is not the package's doing.
    bare = code.replace("import sys, cnnlab", "import sys")
    before = subprocess.run([sys.executable, "-c", bare], capture_output=True, text=True, check=True).stdout
    assert set(loaded.split()) - set(before.split()) == {"cnnlab", "numpy"}


def test_the_fixed_names():
    names = ["conv1d", "conv1d_backward", "conv2d", "conv2d_backward", "max_pool2d", "max_pool2d_backward"]
    assert set(names) <= set(cnnlab.__all__)
    assert all(callable(getattr(cnnlab, name)) for name in names)
