"""Short notation for convolutions that go wrong: windows in, windows out.

With all places in one axis P and all kernel offsets in one axis M, one and two dimensions look alike:

    X (N, C, P, M)   the input that weight m meets at position p        D (N, K, P)   the upstream gradient
    W (K, C, M)      the kernels

and the right formulas are

    y[n,k,p]  = sum over c, m of X[n,c,p,m] W[k,c,m]           "ncpm,kcm->nkp"
    dw[k,c,m] = sum over n, p of X[n,c,p,m] D[n,k,p]           "ncpm,nkp->kcm"
    columns[n,c,p,m] = sum over k of W[k,c,m] D[n,k,p]         "kcm,nkp->ncpm", added up where windows overlap: dx

`y_from`, `dw_from` and `dx_from` turn a formula of this kind into a function of the fixed arguments.
"""

from collections.abc import Callable, Iterator

import numpy as np

from cnnlab import geometry
from cnnlab.arrays import Array, Sizes
from cnnlab.geometry import pair

How = dict | Callable | None


def sum_of(subscripts: str, *arrays: Array) -> Array:
    """`numpy.einsum`, which writes a sum of products as the indices it runs over."""
    return np.einsum(subscripts, *arrays)


def out_sizes(x: Array, w: Array, stride: Sizes, padding: Sizes, dilation: Sizes = 1) -> tuple[int, ...]:
    """The number of places along each axis: (L + 2 padding - dilation (M - 1) - 1) // stride + 1."""
    return geometry.positions(x.shape[2:], w.shape[2:], stride=stride, padding=padding, dilation=dilation)


def _met(
    x: Array,
    w: Array,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    step: Sizes | None,
    spread: Sizes | None,
    front: Sizes,
) -> Array:
    """What a kernel meets that is walked and spread in its own way over the right number of places."""
    own = {"stride": stride if step is None else step, "dilation": dilation if spread is None else spread}
    return geometry.met(out_sizes(x, w, stride, padding, dilation), w.shape[2:], padding=front, **own)


def windows(
    x: Array,
    w: Array,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes = 1,
    *,
    step: Sizes | None = None,
    spread: Sizes | None = None,
    shift: int = 0,
    left: Sizes | None = None,
) -> Array:
    """X (N, C, P, M). What lies outside x is zero.

    step    the stride that is really walked (default: the stride)
    spread  the dilation that is really used (default: the dilation)
    shift   inputs by which every window is displaced
    left    the padding that is really put in front (default: the padding)
    """
    front = padding if left is None else left
    met = _met(x, w, stride, padding, dilation, step, spread, front)
    return geometry.gather(np.asarray(x, float), met + shift)


def scatter(
    columns: Array,
    x: Array,
    w: Array,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes = 1,
    *,
    step: Sizes | None = None,
    spread: Sizes | None = None,
    shift: int = 0,
    assign: bool = False,
) -> Array:
    """Put columns (N, C, P, M) back to where they came from in the padded input, adding where windows overlap.

    step, spread, shift   as in `windows`
    assign                True: the last window to reach an input overwrites the others
    """
    met = _met(x, w, stride, padding, dilation, step, spread, 0) + shift
    sizes = [n + 2 * p for n, p in zip(x.shape[2:], pair(padding, x.ndim - 2), strict=True)]
    if not assign:
        return geometry.scatter(columns, met, sizes)
    padded, inside = np.zeros((*x.shape[:2], *sizes)), geometry.inside(met, sizes)
    for p in range(len(met)):
        at = (slice(None), slice(None), *met[p][inside[p]].T)
        padded[at] = columns[:, :, p, inside[p]]
    return padded


def crop(padded: Array, x: Array, padding: Sizes) -> Array:
    """The middle of a padded array, of the shape of x."""
    spans = (slice(p, p + n) for p, n in zip(pair(padding, x.ndim - 2), x.shape[2:], strict=True))
    return padded[(slice(None), slice(None), *spans)]


def flat(array: Array) -> Array:
    """(A, B, *spatial) with the spatial axes in one."""
    return np.asarray(array, float).reshape(*array.shape[:2], -1)


def by_group(groups: int, w: Array, *arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The kernels of each group, with the channels of every (N, C, ...) array that belong to it."""
    parts = [np.split(array, groups, axis=1) for array in arrays]
    return zip(np.split(w, groups), *parts, strict=True)


def y_from(formula: Callable, how: How = None) -> Callable:
    """A forward from a formula (X, W) -> (N, K, P). `how` goes to `windows`, or is a function of the options."""

    def y(
        x: Array,
        w: Array,
        b: Array | None = None,
        stride: Sizes = 1,
        padding: Sizes = 0,
        dilation: Sizes | None = None,
        groups: int = 1,
    ) -> Array:
        given, spread = _given(how, stride, dilation)
        ys = [
            formula(windows(xs, ws, stride, padding, spread, **given), flat(ws))
            for ws, xs in by_group(groups, w, x)
        ]
        bias = 0 if b is None else np.asarray(b).reshape(-1, *[1] * (x.ndim - 2))
        return np.concatenate(ys, 1).reshape(len(x), -1, *out_sizes(x, w, stride, padding, spread)) + bias

    return y


def dw_from(formula: Callable, how: How = None) -> Callable:
    """A weight gradient from a formula (X, D) -> (K, C, M). `how` as in `y_from`."""

    def dw(
        dy: Array,
        x: Array,
        w: Array,
        stride: Sizes = 1,
        padding: Sizes = 0,
        dilation: Sizes | None = None,
        groups: int = 1,
    ) -> Array:
        given, spread = _given(how, stride, dilation)
        dws = [
            formula(windows(xs, ws, stride, padding, spread, **given), flat(dys))
            for ws, xs, dys in by_group(groups, w, x, dy)
        ]
        return np.concatenate(dws).reshape(w.shape)

    return dw


def dx_from(formula: Callable, how: How = None, *, cut: Callable = crop) -> Callable:
    """An input gradient from a formula (W, D) -> (N, C, P, M). `how` goes to `scatter`, `cut` takes the padding off."""

    def dx(
        dy: Array,
        x: Array,
        w: Array,
        stride: Sizes = 1,
        padding: Sizes = 0,
        dilation: Sizes | None = None,
        groups: int = 1,
    ) -> Array:
        given, spread = _given(how, stride, dilation)
        padded = [
            scatter(formula(flat(ws), flat(dys)), xs, ws, stride, padding, spread, **given)
            for ws, xs, dys in by_group(groups, w, x, dy)
        ]
        return cut(np.concatenate(padded, 1), x, padding)

    return dx


def _given(how: How, stride: Sizes, dilation: Sizes | None) -> tuple[dict, Sizes]:
    """What goes to `windows` or `scatter`, and the dilation. Where none was given, no mistake is made with it."""
    if callable(how):
        how = {} if dilation is None else how(stride, dilation)
    return how or {}, 1 if dilation is None else dilation


def each_spatial(array: Array, function: Callable) -> Array:
    """Apply a function, such as `numpy.flip`, along the spatial axes (all but the first two)."""
    return function(array, axis=tuple(range(2, array.ndim)))
