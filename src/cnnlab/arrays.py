"""Input checks at the public edge: what was expected, what came, what to do.

Each public function checks its arguments once, with the functions below, and everything under it may trust
them. No function here modifies an argument. float32 and float64 stay what they are; booleans and integers
become float64.
"""

import math
import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

# Type hints have these names for what is meant. numpy.typing.ArrayLike is what becomes an array: a list, a number.
Array = np.ndarray
Shape = tuple[int, ...]
Sizes = int | Sequence[int]  # one for all spatial axes, or one for each

SPATIAL_AXES = {1: ("L",), 2: ("H", "W")}
KERNEL_AXES = {1: ("M",), 2: ("P", "Q")}


def as_floats(function: str, name: str, value: ArrayLike, axes: Sequence[str] | None = None) -> Array:
    """Return `value` as a float32 or float64 array with the axes named in `axes`, or any if that is None.

    Raises TypeError for a dtype that is neither float32, float64, integer nor boolean, and ValueError for
    a ragged list, a wrong number of axes or an empty array. `function` and `name` appear in the message.
    """
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{function}: {name} must be a rectangular array, got a ragged sequence; "
            "give every row the same length."
        ) from None
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    elif array.dtype.type not in (np.float32, np.float64):
        raise TypeError(
            f"{function}: {name} must hold float32, float64 or integers, got dtype {array.dtype}; "
            f"convert it first, for example with {name}.astype(np.float64)."
        )
    if axes is not None and array.ndim != len(axes):
        layout = "(" + ", ".join(axes) + ("," if len(axes) == 1 else "") + ")"
        raise ValueError(
            f"{function}: {name} must have shape {layout}, {_axes(len(axes))}, got shape {array.shape}, "
            f"{_axes(array.ndim)}; {_rank_advice(name, array.ndim, len(axes))}"
        )
    if array.size == 0:
        raise ValueError(
            f"{function}: {name} must have at least one entry along every axis, got shape {array.shape}; "
            "leave empty batches and empty images out."
        )
    return array


def check_same_shape(function: str, /, **arrays: ArrayLike) -> tuple[Array, ...]:
    """Return the arrays, given by their names, as floats; ValueError unless all have the shape of the first."""
    floats = {name: as_floats(function, name, value) for name, value in arrays.items()}
    (first, array), *others = floats.items()
    for name, other in others:
        if other.shape != array.shape:
            raise ValueError(
                f"{function}: {name} must have the shape of {first}, {array.shape}, got {other.shape}; "
                "broadcast or reshape it first if that is what you mean."
            )
    return tuple(floats.values())


def as_sizes(function: str, name: str, value: Sizes, ndim: int, minimum: int) -> Shape:
    """Return an int, or a sequence of `ndim` ints, as a tuple of `ndim` ints that are at least `minimum`."""
    if type(value) is int and value >= minimum:
        return (value,) * ndim
    wanted = "an int" if ndim == 1 else "an int or a pair of ints"
    entries: tuple = (
        tuple(value) if isinstance(value, (tuple, list, np.ndarray)) and np.ndim(value) else (value,) * ndim
    )
    if not all([_is_int(entry) for entry in entries]):
        raise TypeError(
            f"{function}: {name} must be {wanted}, got {value!r}; use whole numbers such as {max(1, minimum)}."
        )
    sizes = tuple([operator.index(entry) for entry in entries])
    if len(sizes) != ndim:
        raise ValueError(
            f"{function}: {name} must be {wanted}, got {len(sizes)} entries, {value!r}; "
            f"give one entry for each of the {ndim} spatial axes, or one int for all."
        )
    if min(sizes) < minimum:
        raise ValueError(
            f"{function}: {name} must be at least {minimum}, got {value!r}; use {minimum} or more."
        )
    return sizes


def output_sizes(
    function: str, spatial: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape | None = None
) -> Shape:
    """Return floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 for each axis, dilation 1 if None.

    ValueError if a kernel sticks out of the padded input.
    """
    dilation = dilation or (1,) * len(kernel)
    axes = zip(spatial, kernel, stride, padding, dilation, strict=True)
    out = tuple([(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes])
    if min(out) < 1:
        padded = tuple([n + 2 * p for n, p in zip(spatial, padding, strict=True)])
        reach = tuple([d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)])
        spread, smaller = "", "a smaller kernel"
        if reach != tuple(kernel):
            spread = f", which reaches over {reach} with dilation {dilation},"
            smaller = "a smaller kernel or dilation"
        raise ValueError(
            f"{function}: the kernel must fit into the padded input, got kernel {kernel}{spread} and padded input "
            f"{padded} (input {tuple(spatial)}, padding {padding}); use {smaller} or a larger input."
        )
    return out


def check_conv(
    function: str,
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
    ndim: int,
) -> tuple[Array, Array, Array | None, Shape, Shape, Shape, Shape]:
    """Check the arguments of a convolution over `ndim` spatial axes; return them ready to use.

    Returns `(x, w, b, stride, padding, dilation, out)`, arrays in one dtype, b possibly None, `out` the spatial
    sizes of y.
    """
    x = as_floats(function, "x", x, ("N", "C", *SPATIAL_AXES[ndim]))
    w = as_floats(function, "w", w, ("K", "C", *KERNEL_AXES[ndim]))
    _check_channels(function, x, w, groups)
    dtype = np.result_type(x, w)
    if b is not None:
        b = as_floats(function, "b", b, ("K",))
        if b.shape[0] != w.shape[0]:
            raise ValueError(
                f"{function}: b must have one entry for each of the {w.shape[0]} kernels in w of shape {w.shape}, "
                f"got shape {b.shape}; give it shape ({w.shape[0]},)."
            )
        dtype = np.result_type(dtype, b)
        b = b.astype(dtype, copy=False)
    stride = as_sizes(function, "stride", stride, ndim, minimum=1)
    padding = as_sizes(function, "padding", padding, ndim, minimum=0)
    dilation = as_sizes(function, "dilation", dilation, ndim, minimum=1)
    out = output_sizes(function, x.shape[2:], w.shape[2:], stride, padding, dilation)
    return x.astype(dtype, copy=False), w.astype(dtype, copy=False), b, stride, padding, dilation, out


def _check_channels(function: str, x: Array, w: Array, groups: int) -> None:
    """Raise unless x (N, C, ...) and w (K, C / groups, ...) belong together."""
    if not _is_int(groups):
        raise TypeError(f"{function}: groups must be an int, got {groups!r}; use a whole number such as 1.")
    if groups < 1:
        raise ValueError(f"{function}: groups must be at least 1, got {groups}; use 1 or more.")
    channels, kernels = x.shape[1], w.shape[0]
    if groups > 1 and (channels % groups or kernels % groups):
        raise ValueError(
            f"{function}: groups must divide the number of channels C and of kernels K, got groups={groups}, "
            f"{channels} channels in x of shape {x.shape} and {kernels} kernels in w of shape {w.shape}; "
            f"use a divisor of {math.gcd(channels, kernels)}."
        )
    if w.shape[1] * groups == channels:
        return
    if groups == 1:
        raise ValueError(
            f"{function}: x and w must have the same number of channels C (axis 1), got {channels} in x of "
            f"shape {x.shape} and {w.shape[1]} in w of shape {w.shape}; x is (N, C, ...) and w is (K, C, ...)."
        )
    raise ValueError(
        f"{function}: w must have C / groups = {channels} / {groups} = {channels // groups} channels (axis 1), got "
        f"{w.shape[1]} in w of shape {w.shape} for x of shape {x.shape}; x is (N, C, ...) and w is "
        "(K, C / groups, ...), each kernel sees the channels of its group only."
    )


def check_pool(
    function: str, x: ArrayLike, size: Sizes, stride: Sizes | None
) -> tuple[Array, Shape, Shape, Shape]:
    """Check the arguments of a 2D pooling; return `(x, size, stride, out)`, stride None replaced by size."""
    x = as_floats(function, "x", x, ("N", "C", "H", "W"))
    size = as_sizes(function, "size", size, 2, minimum=1)
    stride = size if stride is None else as_sizes(function, "stride", stride, 2, minimum=1)
    return x, size, stride, output_sizes(function, x.shape[2:], size, stride, (0, 0))


def check_upstream(function: str, dy: ArrayLike, shape: Shape, channels: str) -> Array:
    """Return the upstream gradient `dy` as floats; ValueError unless it has the shape of y.

    `channels` is the name of the channel axis of y: "K" after a convolution, "C" after pooling.
    """
    dy = as_floats(function, "dy", dy, ("N", channels, *SPATIAL_AXES[len(shape) - 2]))
    if dy.shape != tuple(shape):
        forward = function.removesuffix("_backward")
        raise ValueError(
            f"{function}: dy must have the shape of y = {forward}(...), {tuple(shape)}, got {dy.shape}; "
            "call both with the same options (stride, padding, dilation, size)."
        )
    return dy


def _is_int(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _axes(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"


def _rank_advice(name: str, got: int, wanted: int) -> str:
    if got < wanted:
        return f"add the missing axes of length 1, for example with {name}[{', '.join(['None'] * (wanted - got))}]."
    return "take one slice along the axis that is too many, or reshape."
