"""Which input meets which weight at which output: the connections of a convolution or a pooling, as index arrays.

Along every spatial axis, output i and kernel offset m meet input

    i * stride + m * dilation - padding

which is padding where the input has no such index. Traces, private kernels, wrong functions, figures and widgets
take their sizes and connections from here. `cnnlab.conv`, `cnnlab.pool` and the grader of the course do not: they
have slices and loops of their own, and are what the rest is compared with.

Options are an int, or one int for each axis. Nothing is checked here; `cnnlab.arrays` does that.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnlab.arrays import Array, Shape, Sizes


class Connections(NamedTuple):
    """All connections of one channel, output by output: places in the flattened output, kernel and input.

    sizes   of output, kernel and input along each axis, for `numpy.unravel_index`
    """

    output: Array
    weight: Array
    input: Array
    sizes: tuple


def pair(value: Sizes, rank: int) -> tuple[int, ...]:
    """One int for each of `rank` spatial axes, from one int for all or from a sequence."""
    return tuple(int(v) for v in value) if isinstance(value, (Sequence, np.ndarray)) else (int(value),) * rank


def positions(
    spatial: Sequence[int],
    kernel: Sequence[int],
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> tuple[int, ...]:
    """How many outputs there are along each axis: (L + 2 padding - dilation (M - 1) - 1) // stride + 1."""
    options = (pair(option, len(kernel)) for option in (stride, padding, dilation))
    axes = zip(spatial, kernel, *options, strict=True)
    return tuple((n + 2 * p - d * (m - 1) - 1) // s + 1 for n, m, s, p, d in axes)


def met(
    outputs: Sequence[int],
    kernel: Sequence[int],
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> Array:
    """The spatial index (outputs, weights, axes) that each weight meets at each output, both row by row.

    outputs, kernel   how many there are along each axis
    """
    rank = len(kernel)
    s, p, d = (np.array(pair(option, rank)) for option in (stride, padding, dilation))
    at, offset = (np.indices(sizes).reshape(rank, -1).T for sizes in (outputs, kernel))
    return at[:, None] * s + offset * d - p


def inside(met: Array, spatial: Sequence[int]) -> Array:
    """Where an array of indices from `met` lies in the input, and not in the padding: (outputs, weights)."""
    return np.all((met >= 0) & (met < spatial), axis=-1)


def connections(
    spatial: Sequence[int],
    kernel: Sequence[int],
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> Connections:
    """The connections of one channel of an input with sizes `spatial`. Do not write into the arrays: they are kept."""
    options = (pair(option, len(kernel)) for option in (stride, padding, dilation))
    return _connections(tuple(spatial), tuple(kernel), *options)


@lru_cache(maxsize=64)
def _connections(
    spatial: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Connections:
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    outputs = positions(spatial, kernel, **options)
    at = met(outputs, kernel, **options)
    linked = inside(at, spatial)
    output, weight = np.nonzero(linked)
    return Connections(
        output, weight, np.ravel_multi_index(at[linked].T, spatial), (outputs, kernel, spatial)
    )


def channels(x_channels: int, kernels: int, *, groups: int = 1) -> list[tuple[int, int, int]]:
    """Which kernel sees which channel, as (kernel, channel of the kernel, channel of x).

    With groups kernel k sees the C / groups channels of its own group, from k // (K / groups) * (C / groups) on.
    """
    seen, together = x_channels // groups, kernels // groups
    return [(k, c, k // together * seen + c) for k in range(kernels) for c in range(seen)]


def gather(x: Array, met: Array) -> Array:
    """What each weight meets at each output: x (N, C, *spatial) to (N, C, outputs, weights), 0 in the padding."""
    linked = inside(met, x.shape[2:])
    at = np.moveaxis(np.where(linked[..., None], met, 0), -1, 0)
    return np.where(linked, x[(slice(None), slice(None), *at)], x.dtype.type(0))


def scatter(columns: Array, met: Array, spatial: Sequence[int]) -> Array:
    """The way back: add every entry of (N, C, outputs, weights) to the input that it came from; (N, C, *spatial)."""
    x = np.zeros((*columns.shape[:2], *spatial), columns.dtype)
    linked = inside(met, spatial)
    # One weight meets no input twice, so that nothing is lost in an addition over repeated indices.
    for m in range(met.shape[1]):
        at = met[linked[:, m], m].T
        x[(slice(None), slice(None), *at)] += columns[:, :, linked[:, m], m]
    return x
