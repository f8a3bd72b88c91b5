"""Mistakes in the gradients of a convolution, and in its forward pass.

Targets: conv.y, conv.dx, conv.dw, conv.db. Formulas are written with the short notation of
`cnnlab.misconceptions.windows`: X (N, C, P, M), W (K, C, M), D (N, K, P).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnlab.arrays import Array, Sizes
from cnnlab.misconceptions.table import RIGHT, Change, Misconception, to
from cnnlab.misconceptions.windows import (
    crop,
    dw_from,
    dx_from,
    each_spatial,
    flat,
    out_sizes,
    pair,
    scatter,
    sum_of,
    windows,
    y_from,
)


def _only(position: int | list[int]) -> Callable:
    """dw from one place alone."""
    return dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X[:, :, position], D[:, :, position]))


def _last_of_all(X: Array, D: Array) -> Array:
    return sum_of("ncm,nkm->kcm", X[-1:, :, -1], D[-1:, :, -1:].repeat(X.shape[3], axis=2))


def _first_of_all(X: Array, D: Array) -> Array:
    return sum_of("ncm,nkm->kcm", X[:1, :, 0], D[:1, :, :1].repeat(X.shape[3], axis=2))


def _own_output(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0, *, walk: bool) -> Array:
    """Weight m takes the delta of output m alone, and the input it meets there (walk=True) or input m."""
    X, out = windows(x, w, stride, padding), out_sizes(x, w, stride, padding)
    dw = np.zeros(w.shape)
    for m, offset in enumerate(np.ndindex(*w.shape[2:])):
        if all(o < n for o, n in zip(offset, out, strict=True)):
            p = np.ravel_multi_index(offset, out)
            dw[(slice(None), slice(None), *offset)] = flat(dy)[:, :, p].T @ X[:, :, p if walk else 0, m]
    return dw


def _literal(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """Document 5's general formula read literally: weight m gets (sum of the inputs) times delta m."""
    dw, total = np.zeros(w.shape), flat(x).sum(axis=2)
    for offset in np.ndindex(*w.shape[2:]):
        at = (slice(None), slice(None), *offset)
        if all(o < n for o, n in zip(offset, dy.shape[2:], strict=True)):
            dw[at] = dy[at].T @ total
    return dw


def _ends_of(axes: Callable) -> Change:
    """A loop that ends one place too early along some of its axes: the deltas there never come in."""

    def before(arguments: dict) -> dict:
        dy = np.array(arguments["dy"], float)
        for axis in axes(dy):
            np.moveaxis(dy, axis, 0)[-1] = 0
        return arguments | {"dy": dy}

    return Change(before=before)


_ends_missed = _ends_of(lambda dy: range(2, dy.ndim)), _ends_of(lambda dy: [2]), _ends_of(lambda dy: [-1])


def _shared_by_windows(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """dx, each entry divided by the number of windows that see it."""
    options = {"stride": stride, "padding": padding}
    ones = {"dy": np.ones((1, 1, *dy.shape[2:])), "w": np.ones((1, 1, *w.shape[2:]))}
    windows_of = RIGHT["conv.dx"](x=x[:1, :1], **ones, **options)
    return RIGHT["conv.dx"](dy=dy, x=x, w=w, **options) / np.maximum(windows_of, 1)


def _one_row(rows: slice) -> Change:
    """Parameters' gradients of a fully connected layer from one example."""
    return Change(before=lambda arguments: arguments | {name: arguments[name][rows] for name in ("dy", "x")})


def _down(array: Array) -> Array:
    """The numbers of each map column by column, in the same shape."""
    return np.swapaxes(array, -1, -2).reshape(array.shape)


_read_down = Change(after=lambda result, arguments: _down(result))
_kernel_read_down = Change(before=lambda arguments: arguments | {"w": _down(arguments["w"])})


def _private_windows_assigned(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """dx of a kernel for each place, where the last window to reach an input overwrites the others."""
    places = w.ndim // 2 - 1
    kernels = w.reshape(-1, *w.shape[places : places + 2], np.prod(w.shape[places + 2 :], dtype=int))
    columns = sum_of("pkcm,nkp->ncpm", kernels, flat(dy))
    kernel = w[(0,) * places]
    return crop(scatter(columns, x, kernel, stride, padding, assign=True), x, padding)


def _hidden_windows_assigned(dy: Array, x: Array, w1: Array, w2: Array) -> Array:
    """dw1 from hidden deltas of which each has only what the last window gave."""
    h = RIGHT["conv.y"](x=x, w=w1)
    columns = _columns(flat(w2), flat(dy))
    return RIGHT["conv.dw"](dy=scatter(columns, h, w2, 1, 0, assign=True), x=x, w=w1)


def _same_index(X: Array, D: Array) -> Array:
    """Every weight pairs delta i with input i: the window does not move with the weight."""
    return np.repeat(sum_of("ncp,nkp->kc", X[..., 0], D)[..., None], X.shape[3], axis=2)


def _full(dy: Array, x: Array, w: Array, stride: Sizes, rotated: bool = True) -> Array:
    """The scatter of the deltas before any cropping: correlation of the dilated delta with the kernel, 'full'."""
    whole = [
        (o - 1) * s + m for o, s, m in zip(dy.shape[2:], pair(stride, x.ndim - 2), w.shape[2:], strict=True)
    ]
    frame = np.zeros((*x.shape[:2], *whole))
    kernel = w if rotated else each_spatial(w, np.flip)
    return scatter(sum_of("kcm,nkp->ncpm", flat(kernel), flat(dy)), frame, w, stride, 0)


def _valid(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    spans = [
        slice(m - 1, n - m + 1) for m, n in zip(w.shape[2:], _full(dy, x, w, stride).shape[2:], strict=True)
    ]
    return _full(dy, x, w, stride)[(slice(None), slice(None), *spans)]


def _same(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    full = _full(dy, x, w, stride)
    spans = [
        slice((m - 1) // 2, (m - 1) // 2 + n - m + 1)
        for m, n in zip(w.shape[2:], full.shape[2:], strict=True)
    ]
    return full[(slice(None), slice(None), *spans)]


def _valid_swapped(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """dw with the two arrays of a 'valid' correlation at stride 1: as many entries as fit, not M."""
    dw = np.zeros(
        (
            *w.shape[:2],
            *(
                n + 2 * p - o + 1
                for n, p, o in zip(x.shape[2:], pair(padding, x.ndim - 2), dy.shape[2:], strict=True)
            ),
        )
    )
    return dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X, D))(dy, x, dw, 1, padding)


def _dx_without_stride(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """The 'full' correlation of an undilated delta."""
    return _full(dy, x, w, 1)


def _crop_front(padded: Array, x: Array, padding: Sizes) -> Array:
    return padded[(slice(None), slice(None), *(slice(2 * p, None) for p in pair(padding, x.ndim - 2)))]


def _crop_back(padded: Array, x: Array, padding: Sizes) -> Array:
    return padded[(slice(None), slice(None), *(slice(0, n) for n in x.shape[2:]))]


def _crop_minus(padded: Array, x: Array, padding: Sizes) -> Array:
    spans = (slice(p, -p) for p in pair(padding, x.ndim - 2))
    return padded[(slice(None), slice(None), *spans)]


def _uncropped(padded: Array, x: Array, padding: Sizes) -> Array:
    return padded


def _columns(W: Array, D: Array) -> Array:
    return sum_of("kcm,nkp->ncpm", W, D)


def _last_kernel_columns(W: Array, D: Array) -> Array:
    return sum_of("cm,np->ncpm", W[-1], D[:, -1])


def _own_index(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """Input i gets delta i times the sum of the kernel, as far as there are both."""
    delta = np.einsum("nk...,kc->nc...", dy, w.reshape(*w.shape[:2], -1).sum(axis=2))
    dx, common = np.zeros(x.shape), [slice(0, min(a, b)) for a, b in zip(x.shape, delta.shape, strict=True)]
    dx[tuple(common)] = delta[tuple(common)]
    return dx


def _whole_window(X: Array, D: Array) -> Array:
    return np.repeat(sum_of("ncpm,nkp->kc", X, D)[..., None], X.shape[3], axis=2)


def dw_from_w(formula: Callable) -> Callable:
    """A weight gradient from a formula (W, D) that does not look at the inputs."""
    return lambda dy, x, w, **_: formula(flat(w), flat(dy)).reshape(w.shape)


def _stepped(rate: float) -> Change:
    return Change(after=lambda result, arguments: arguments["w"] - rate * result)


def _flip(array: Array, axis: int) -> Array | None:
    if array.ndim < 4:
        raise ValueError("a vector has one spatial axis, so turning one is turning all")
    return np.flip(array, axis)


def _flipped_along(axis: int) -> Change:
    return Change(after=lambda result, arguments: _flip(result, axis))


def _kernel_flipped_along(axis: int) -> Change:
    return Change(before=lambda arguments: arguments | {"w": _flip(arguments["w"], axis)})


def _same_as_numpy(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
    """'same' as numpy.convolve has it: as long as the longer of the two."""
    full = _full(dy, x, w, stride)
    spans = []
    for size, m in zip(full.shape[2:], w.shape[2:], strict=True):
        shorter = min(m, size - m + 1)
        start = (shorter - 1) // 2
        spans.append(slice(start, start + size - shorter + 1))
    return full[(slice(None), slice(None), *spans)]


def _updated(rate: float) -> Callable:
    def dx(dy: Array, x: Array, w: Array, stride: Sizes = 1, padding: Sizes = 0) -> Array:
        dw = RIGHT["conv.dw"](dy=dy, x=x, w=w, stride=stride, padding=padding)
        return RIGHT["conv.dx"](dy=dy, x=x, w=w - rate * dw, stride=stride, padding=padding)

    return dx


def _keep(axis: int, index: int) -> Change:
    """Only one entry along an axis of the result, zero elsewhere."""

    def keep(result: Any, arguments: dict) -> Array:
        kept = np.zeros_like(result)
        at = (slice(None),) * axis + (index,)
        kept[at] = result[at]
        return kept

    return Change(after=keep)


def _spread(axis: int, index: int) -> Change:
    """One entry along an axis of the result, copied to all."""
    return Change(
        after=lambda result, arguments: np.repeat(result.take([index], axis), result.shape[axis], axis)
    )


def _batch(index: int) -> Change:
    """Only one example is looked at."""

    def before(arguments: dict) -> dict:
        span = slice(index, None if index == -1 else index + 1)
        return arguments | {"x": arguments["x"][span], "dy": arguments["dy"][span]}

    return Change(before=before)


def _swap(first: int, second: int) -> Change:
    return Change(after=lambda result, arguments: np.swapaxes(result, first, second))


def _turned_if_square(kernel: Array) -> Array | None:
    """Rows and columns swapped where the shape allows it unseen."""
    if kernel.ndim < 4:
        raise ValueError("a vector has no rows and columns")
    return np.swapaxes(kernel, -1, -2) if kernel.shape[-1] == kernel.shape[-2] else kernel


_square_kernel_turned = Change(before=lambda arguments: arguments | {"w": _turned_if_square(arguments["w"])})


def _seeing(*channels: Any) -> dict:
    """A convolution with groups whose kernels see other channels: for each set a function (k, K, C, groups) -> indices."""

    def full(w: Array, x: Array, groups: int) -> Array:
        """The kernels over all channels, zero where a kernel sees nothing."""
        whole = np.zeros((len(w), x.shape[1], *w.shape[2:]))
        for k, seen in _each(w, x, groups):
            whole[k, seen] += w[k]
        return whole

    def _each(w: Array, x: Array, groups: int) -> list[tuple[int, Array]]:
        return [(k, one(k, len(w), x.shape[1], groups)) for one in channels for k in range(len(w))]

    def y(x: Array, w: Array, b: Array | None = None, groups: int = 1, **options: Any) -> Array:
        return RIGHT["conv.y"](x=x, w=full(w, x, groups), b=b, **options)

    def dx(dy: Array, x: Array, w: Array, groups: int = 1, **options: Any) -> Array:
        return RIGHT["conv.dx"](dy=dy, x=x, w=full(w, x, groups), **options)

    def dw(dy: Array, x: Array, w: Array, groups: int = 1, **options: Any) -> Array:
        whole, found = RIGHT["conv.dw"](dy=dy, x=x, w=full(w, x, groups), **options), np.zeros(w.shape)
        for k, seen in _each(w, x, groups):
            found[k] += whole[k, seen]
        return found

    return {"conv.y": y, "conv.dw": dw, "conv.dx": dx}


def _group(number: Callable) -> Callable:
    """The channels of the group that `number`, a function (k, K, groups), gives kernel k."""

    def channels(k: int, kernels: int, count: int, groups: int) -> Array:
        size = count // groups
        return np.arange(size) + number(k, kernels, groups) * size

    return channels


def _every_nth(k: int, kernels: int, count: int, groups: int) -> Array:
    return np.arange(k // (kernels // groups), count, groups)


_first_group = _seeing(_group(lambda k, kernels, groups: 0))
_next_group = _seeing(_group(lambda k, kernels, groups: (k // (kernels // groups) + 1) % groups))
_turn_by_turn = _seeing(_group(lambda k, kernels, groups: k % groups))
_channels_apart = _seeing(_every_nth)


def _all_groups(part: str) -> Callable:
    """Every kernel applied to the channels of every group."""

    def formula(groups: int = 1, **arguments: dict) -> Array:
        every = [_group(lambda k, kernels, groups, number=number: number) for number in range(groups)]
        return _seeing(*every)[part](groups=groups, **arguments)

    return formula


def _first_kernels(w: Array, groups: int) -> Array:
    return np.concatenate([w[: len(w) // groups]] * groups)


_kernels_of_first_group = Change(before=lambda a: a | {"w": _first_kernels(a["w"], a.get("groups", 1))})


def _interleaved(axis: int) -> Change:
    """The results of the groups taken turn by turn instead of one group after the other."""

    def after(result: Any, arguments: dict) -> Array:
        array = np.moveaxis(result, axis, 0)
        apart = array.reshape(arguments.get("groups", 1), -1, *array.shape[1:])
        return np.moveaxis(np.swapaxes(apart, 0, 1).reshape(array.shape), 0, axis)

    return Change(after=after)


def _instead(**options: Any) -> Change:
    """Options replaced before the call, axis by axis, if a dilation was given; each by a function (stride, dilation)."""

    def before(arguments: dict) -> dict:
        if "dilation" not in arguments:
            return arguments
        rank = arguments["x"].ndim - 2
        stride, dilation = (pair(arguments.get(name, 1), rank) for name in ("stride", "dilation"))
        changed = {name: tuple(map(function, stride, dilation)) for name, function in options.items()}
        return arguments | {name: value if rank > 1 else value[0] for name, value in changed.items()}

    return Change(before=before)


def _walk(how: Callable | dict) -> dict:
    """The three formulas of a convolution whose windows are stepped and spread wrongly over the right places."""
    return {
        "conv.y": y_from(lambda X, W: sum_of("ncpm,kcm->nkp", X, W), how),
        "conv.dw": dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X, D), how),
        "conv.dx": dx_from(_columns, how),
    }


_undilated = _walk({"spread": 1})
_stepped_by_dilation = _walk(lambda stride, dilation: {"step": dilation, "spread": 1})
_stride_and_dilation_swapped = _walk(lambda stride, dilation: {"step": dilation, "spread": stride})
_gap_too_wide = _walk(lambda stride, dilation: {"spread": dilation + np.greater(dilation, 1)})


def _undilated_size(
    x: Array,
    w: Array,
    b: Array | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Array:
    """As many places as without dilation: the kernel reaches over the end, where zeros are read."""
    reach = [(d - 1) * (m - 1) for d, m in zip(pair(dilation, x.ndim - 2), w.shape[2:], strict=True)]
    longer = np.pad(x, [(0, 0), (0, 0), *((0, more) for more in reach)])
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return RIGHT["conv.y"](x=longer, w=w, b=b, **how)


def _rotate_kernel(arguments: dict) -> dict:
    return arguments | {"w": each_spatial(arguments["w"], np.flip)}


ENTRIES = (
    Misconception(
        id="product-of-sums",
        name="a product of two sums instead of a sum of products",
        wrong={
            "conv.dw": (
                dw_from(lambda X, D: sum_of("ncpm,nkq->kcm", X, D)),
                dw_from(lambda X, D: sum_of("ncpm,jkq->kcm", X, D)),
            )
        },
        tempting="The weight meets all these inputs and all these deltas, so it seems natural to add each kind first.",
        why="An input only meets the delta of its own connection; multiplying the sums adds every pair that never met.",
        hint="Multiply inside each connection first, then add over the connections.",
        chapter="two-convolutions",
        section="the-asker-s-answer-product-of-sums",
        hides="One place; or inputs and deltas whose cross terms cancel.",
    ),
    Misconception(
        id="averaged-positions",
        name="shared gradients averaged instead of added",
        wrong={
            "conv.dw": (
                dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X, D) / D.shape[2]),
                dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X, D) / (D.shape[0] * D.shape[2])),
            ),
            "chain.dw1": Change(after=lambda r, a: r / np.prod(out_sizes(a["x"], a["w1"], 1, 0))),
            "chain.dw2": Change(after=lambda r, a: r / flat(a["dy"]).shape[2]),
            "conv.dx": (_shared_by_windows, Change(after=lambda r, a: r / flat(a["dy"]).shape[2])),
            "conv.db": (
                lambda dy, **_: flat(dy).mean(axis=2).sum(axis=0),
                lambda dy, **_: flat(dy).mean(axis=(0, 2)),
            ),
        },
        tempting="The copies of a weight have to stay equal, and a mean keeps them so.",
        why="The chain rule adds over every path; the mean is that sum divided by the number of places.",
        hint="Which operation does the chain rule put between the paths that end in one parameter?",
        chapter="one-dimension-by-hand",
        section="one-step-and-the-copies-are-still-equal",
        hides="One place.",
    ),
    Misconception(
        id="last-position-only",
        name="only the last place counted",
        wrong={
            "conv.dw": (_only([-1]), dw_from(_last_of_all)),
            "conv.db": (
                lambda dy, **_: flat(dy)[:, :, -1].sum(axis=0),
                lambda dy, **_: flat(dy)[-1, :, -1],
            ),
        },
        tempting="In a loop, an assignment where an addition is needed leaves what the last turn wrote.",
        why="Every place has a share in the gradient, not only the one that came last.",
        hint="Look at the operator inside your loop: does it add to what is there?",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-weights",
        hides="One place.",
    ),
    Misconception(
        id="first-position-only",
        name="only the first place counted",
        wrong={
            "conv.dw": (_only([0]), dw_from(_first_of_all)),
            "conv.db": (
                lambda dy, **_: flat(dy)[:, :, 0].sum(axis=0),
                lambda dy, **_: flat(dy)[0, :, 0],
            ),
        },
        tempting="The kernel was written down once, at its first place, and the gradient was taken there.",
        why="The same weight is used again at every other place, and each use adds a term.",
        hint="Slide the kernel along: at how many places does it use this weight?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="One place.",
    ),
    Misconception(
        id="last-position-missed",
        name="the last place left out",
        wrong={
            "conv.dw": (
                dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X[:, :, :-1], D[:, :, :-1])),
                *_ends_missed,
            ),
            "conv.dx": (
                dx_from(lambda W, D: _columns(W, D * (np.arange(D.shape[2]) < D.shape[2] - 1))),
                *_ends_missed,
            ),
            "conv.db": (lambda dy, **_: flat(dy)[:, :, :-1].sum(axis=(0, 2)), *_ends_missed),
            "conv.y": Change(after=lambda r, a: r[(..., *[slice(-1)] * (r.ndim - 2))]),
        },
        tempting="A range that stops one early looks right, because it already leaves its own end out.",
        why="The kernel also fits at the last place, and that place has a term of its own.",
        hint="Count the places of a kernel of 2 on an input of 3.",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-weights",
        hides="A zero delta at the last place.",
    ),
    Misconception(
        id="first-position-missed",
        name="the first place left out",
        wrong={
            "conv.dw": dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X[:, :, 1:], D[:, :, 1:])),
            "conv.dx": dx_from(lambda W, D: _columns(W, D * (np.arange(D.shape[2]) > 0))),
            "conv.db": lambda dy, **_: flat(dy)[:, :, 1:].sum(axis=(0, 2)),
        },
        tempting="Formulas that count from 1 become loops that start at 1.",
        why="The first place has index 0, and its term belongs to the sum.",
        hint="Print the first index of your loop.",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-weights",
        hides="A zero delta at the first place.",
    ),
    Misconception(
        id="shifted-by-one",
        name="inputs taken one place too far",
        wrong={
            "conv.y": (
                y_from(lambda X, W: sum_of("ncpm,kcm->nkp", X, W), {"shift": 1}),
                y_from(lambda X, W: sum_of("ncpm,kcm->nkp", X, W), {"shift": -1}),
            ),
            "conv.dw": (
                dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X, D), {"shift": 1}),
                dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X, D), {"shift": -1}),
            ),
            "conv.dx": (dx_from(_columns, {"shift": 1}), dx_from(_columns, {"shift": -1})),
        },
        tempting="Formulas that count from 1 become code that counts from 0.",
        why="At each place the first weight meets the first input of the window: every index counts from 0.",
        hint="Check the first term by hand: which input does the first weight meet at the first place?",
        chapter="one-dimension-by-hand",
        section="the-general-rule",
        hides="Constant inputs.",
    ),
    Misconception(
        id="weight-k-output-k",
        name="each weight paired with one output only",
        wrong={
            "conv.dw": (
                lambda **a: _own_output(walk=True, **a),
                lambda **a: _own_output(walk=False, **a),
            )
        },
        tempting="Kernel and output have the same size in the example, so weight k seems to belong to output k.",
        why="Every weight is used for every output, so every delta has a share in every weight.",
        hint="Cover one weight and count the outputs that change.",
        chapter="two-convolutions",
        section="the-question",
        hides="Nowhere for more than one place; that the sizes are equal only makes it look right.",
    ),
    Misconception(
        id="index-read-literally",
        name="all inputs added, times one delta",
        wrong={"conv.dw": lambda dy, x, w, **_: _literal(dy, x, w)},
        tempting="The general formula of the one-dimensional example, read literally, keeps the delta's index fixed.",
        why="In each term of the sum the input and the delta move together from place to place.",
        hint="Which index does the sum run over, and which of the two factors must move with it?",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-weights",
        hides="One place and one weight.",
    ),
    Misconception(
        id="index-not-shifted",
        name="the same sum for every weight",
        wrong={"conv.dw": dw_from(_same_index)},
        tempting="Sum of delta_i a_i, with one index, is how the shared gradient is often written.",
        why="At each place every weight meets an input of its own: the offset of the weight is missing.",
        hint="Two weights of the kernel meet different inputs at the same place.",
        chapter="whole-network",
        section="bp2-to-bp4-the-convolution",
        hides="A kernel of one weight; constant inputs.",
    ),
    Misconception(
        id="window-added",
        name="the whole window added up for every weight",
        wrong={"conv.dw": dw_from(_whole_window)},
        tempting="Each output depends on its whole window, so the sum of the window seems to belong to each weight.",
        why="A weight multiplies one input of the window, and only that one stands in its derivative.",
        hint="Derive y_0 with respect to the first weight alone.",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-weights",
        hides="A kernel of one weight.",
    ),
    Misconception(
        id="weights-for-inputs",
        name="the weights in place of the inputs",
        wrong={"conv.dw": dw_from_w(lambda W, D: sum_of("kcm,nkp->kcm", W, D))},
        tempting="The formulas for dw and dx look alike, and both have a delta in them.",
        why="The derivative of w x with respect to w is x, not w.",
        hint="Derive w x with respect to w.",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-weights",
        hides="Inputs equal to the weights.",
    ),
    Misconception(
        id="update-returned",
        name="the updated kernel in place of the gradient",
        wrong={"conv.dw": tuple(_stepped(rate) for rate in (1, 0.5, 0.1, 0.01, 0.001))},
        tempting="The gradient is computed in order to update, so the function does it at once.",
        why="The gradient is dC/dw; the step that uses it is a matter of the optimizer.",
        hint="What would the function return for a delta of zero?",
        chapter="one-weight-many-connections",
        section="the-code",
        hides="Nowhere.",
    ),
    Misconception(
        id="examples-crossed",
        name="examples paired with the deltas of other examples",
        wrong={"conv.dw": dw_from(lambda X, D: sum_of("ncpm,jkp->kcm", X, D))},
        tempting="Summing the batch away first makes the arrays smaller.",
        why="The input of one example only meets the delta of the same example.",
        hint="In your einsum, do both arrays carry the same letter for the example?",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="A batch of one.",
    ),
    Misconception(
        id="one-axis-flipped",
        name="only the rows or only the columns reversed",
        wrong={
            "conv.dw": (_flipped_along(-2), _flipped_along(-1)),
            "conv.dx": (_kernel_flipped_along(-2), _kernel_flipped_along(-1)),
        },
        tempting="w[::-1] turns a vector, but in a matrix it only puts the rows in the opposite order.",
        why="Turning by 180 degrees reverses rows and columns; and dw is not turned at all.",
        hint="Print a kernel of different numbers before and after.",
        chapter="two-dimensions",
        section="the-gradient-of-the-pixels",
        hides="Kernels of one row or one column, and one dimension.",
    ),
    Misconception(
        id="gradient-rotated",
        name="the weight gradient turned by 180 degrees",
        wrong={"conv.dw": Change(after=lambda result, arguments: each_spatial(result, np.flip))},
        tempting="Somewhere in backprop a kernel is turned, or the two arguments of a correlation got swapped.",
        why="The turned kernel belongs to the input gradient; "
        "the weight gradient is a plain correlation of input and delta.",
        hint="Compute dw for the first weight by hand and look where your number stands.",
        chapter="two-dimensions",
        section="correlate-or-convolve",
        hides="A kernel of one weight; a gradient that looks the same when turned.",
    ),
    Misconception(
        id="kernel-not-rotated",
        name="the kernel not turned in the input gradient",
        wrong={"conv.dx": Change(before=_rotate_kernel)},
        tempting="The forward pass slides the kernel as it is, so the backward pass seems to do the same.",
        why="Input j reached output i through weight j - i, so going back the weights are met in the opposite order.",
        hint="Turn the kernel, or use a true convolution: one of the two, not both and not neither.",
        chapter="two-dimensions",
        section="the-gradient-of-the-pixels",
        hides="A kernel that looks the same when turned.",
    ),
    Misconception(
        id="kernel-rotated-twice",
        name="the kernel turned and then convolved: turned twice",
        wrong={"conv.dx": Change(before=_rotate_kernel)},
        tempting="One source says to turn the kernel, the other to convolve, and doing both seems safe.",
        why="A true convolution already turns the kernel; turned twice, it is the old one.",
        hint="Turn the kernel, or use a true convolution: one of the two, not both and not neither.",
        chapter="two-dimensions",
        section="the-gradient-of-the-pixels",
        hides="A kernel that looks the same when turned.",
    ),
    Misconception(
        id="true-convolution",
        name="convolution with the turned kernel, where the book means cross-correlation",
        wrong={
            "conv.y": Change(before=_rotate_kernel),
            "conv.dw": Change(after=lambda result, arguments: each_spatial(result, np.flip)),
            "conv.dx": Change(before=_rotate_kernel),
        },
        tempting="Mathematics and numpy.convolve turn the kernel.",
        why="In this book, and in PyTorch, TensorFlow and JAX, a convolution does not turn the kernel.",
        hint="numpy.convolve turns the kernel, numpy.correlate does not.",
        chapter="two-dimensions",
        section="correlate-or-convolve",
        hides="A kernel that looks the same when turned.",
        joint=True,
    ),
    Misconception(
        id="rows-columns-swapped",
        name="rows and columns swapped",
        wrong={
            "conv.y": (_swap(-1, -2), _square_kernel_turned, _read_down, _kernel_read_down),
            "conv.dw": (_swap(-1, -2), Change(after=lambda result, arguments: _turned_if_square(result))),
            "conv.dx": (_swap(-1, -2), _square_kernel_turned),
        },
        tempting="Width and height are easily written in the other order.",
        why="The result belongs to entry (column, row) instead of (row, column).",
        hint="Try a kernel that is not square.",
        chapter="two-dimensions",
        section="the-general-rule",
        hides="Square, symmetric arrays. In one dimension it swaps channel and place.",
    ),
    Misconception(
        id="channels-filters-swapped",
        name="the axes of filters and channels swapped",
        wrong={"conv.dw": _swap(0, 1), "conv.dx": _swap(0, 1), "conv.y": _swap(0, 1)},
        tempting="einsum and matrix products give the axes in the order one happened to write.",
        why="Kernels are (filter, channel, offset), signals (example, channel, place).",
        hint="Compare the shape of your result with the shape of what it is the gradient of.",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="One filter and one channel.",
    ),
    Misconception(
        id="channels-added",
        name="channels added together",
        wrong={
            "conv.dw": Change(after=lambda r, a: np.repeat(r.sum(axis=1, keepdims=True), r.shape[1], axis=1)),
            "conv.dx": Change(after=lambda r, a: np.repeat(r.sum(axis=1, keepdims=True), r.shape[1], axis=1)),
        },
        tempting="The forward pass adds over the channels, so the backward pass seems to add too.",
        why="Each channel has its own weights and its own gradient; only the forward adds them up.",
        hint="Which axes does the result keep, and which does it sum over?",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="One channel.",
    ),
    Misconception(
        id="filters-added",
        name="filters added together",
        wrong={
            "conv.dw": Change(after=lambda r, a: np.repeat(r.sum(axis=0, keepdims=True), r.shape[0], axis=0)),
            "conv.db": (
                lambda dy, **_: np.full(dy.shape[1], dy.sum()),
                lambda dy, **_: np.asarray(float(dy.sum())),
            ),
        },
        tempting="A sum without an axis is short and gives one number for everything.",
        why="Every filter has its own weights and its own bias, which only its own deltas reach.",
        hint="Give the sum its axes: all but the one of the filters.",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="One filter.",
    ),
    Misconception(
        id="one-channel",
        name="only one channel used",
        wrong={
            "conv.y": (
                y_from(lambda X, W: sum_of("npm,km->nkp", X[:, 0], W[:, 0])),
                y_from(lambda X, W: sum_of("npm,km->nkp", X[:, -1], W[:, -1])),
            ),
            "conv.dw": (_spread(1, 0), _spread(1, -1), _keep(1, 0), _keep(1, -1)),
            "conv.dx": (_spread(1, 0), _spread(1, -1), _keep(1, 0), _keep(1, -1)),
        },
        tempting="The formula was derived for one channel, and [0] makes the shapes fit.",
        why="Every channel has weights and inputs of its own.",
        hint="Is there a loop, or an index in your einsum, for the channels?",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="One channel.",
    ),
    Misconception(
        id="one-filter",
        name="only one filter used",
        wrong={
            "conv.dw": (_spread(0, 0), _spread(0, -1), _keep(0, 0), _keep(0, -1)),
            "conv.dx": (
                dx_from(lambda W, D: _columns(W[:1], D[:, :1])),
                dx_from(lambda W, D: _columns(W[-1:], D[:, -1:])),
            ),
            "conv.db": (_spread(0, 0), _spread(0, -1), _keep(0, 0), _keep(0, -1)),
        },
        tempting="The formula was derived for one filter, and [0] makes the shapes fit.",
        why="Every filter has a gradient of its own, and an input gets a share from each filter.",
        hint="Is there a loop, or an index in your einsum, for the filters?",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="One filter.",
    ),
    Misconception(
        id="one-example",
        name="only one example of the batch used",
        wrong={
            "conv.dw": (_batch(0), _batch(-1)),
            "conv.db": (
                lambda dy, **_: flat(dy)[0].sum(axis=1),
                lambda dy, **_: flat(dy)[-1].sum(axis=1),
            ),
            "conv.dx": (_keep(0, 0), _keep(0, -1), _spread(0, 0), _spread(0, -1)),
            "conv.y": (_keep(0, 0), _keep(0, -1)),
            **to("dense.dw dense.db flatten.dw flatten.db", (_one_row(slice(1)), _one_row(slice(-1, None)))),
        },
        tempting="The formula was derived for one example, and [0] makes the shapes fit.",
        why="Parameters are shared over the examples too, so their gradients add over the batch.",
        hint="Is there a loop, or an index in your einsum, for the examples?",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="A batch of one.",
    ),
    Misconception(
        id="batch-averaged",
        name="averaged over the batch",
        wrong=to("conv.dw conv.db conv.dx", Change(after=lambda r, a: r / a["dy"].shape[0])),
        tempting="The loss is usually a mean over the batch.",
        why="That mean belongs to the loss, and dy already contains it; here it would be taken a second time.",
        hint="Whose job is the 1/N: the loss's or the layer's?",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="A batch of one.",
    ),
    Misconception(
        id="bias-per-position",
        name="one bias gradient for each place",
        wrong={"conv.db": (lambda dy, **_: dy.sum(axis=0), lambda dy, **_: dy)},
        tempting="In an ordinary layer the bias gradient is the delta itself.",
        why="All places of a kernel share one bias, so their deltas are added.",
        hint="How many biases does one kernel have?",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-bias",
        hides="One place.",
    ),
    Misconception(
        id="bias-wrong-axis",
        name="the bias gradient summed over the wrong axes",
        wrong={
            "conv.db": (
                lambda dy, **_: flat(dy).sum(axis=(1, 2)),
                lambda dy, **_: flat(dy).sum(axis=2),
                lambda dy, **_: dy.sum(axis=tuple(range(dy.ndim - 1))),
            )
        },
        tempting="The axes of a batch are easily counted wrong.",
        why="Everything but the filter axis is summed: examples and places.",
        hint="db must have one entry for each filter.",
        chapter="whole-network",
        section="filters-channels-batches",
        hides="A batch of one with as many filters as the axis that was kept.",
    ),
    Misconception(
        id="bias-forgotten",
        name="the bias forgotten",
        wrong={
            "conv.y": Change(before=lambda a: a | {"b": None}),
            "conv.db": lambda dy, **_: np.zeros(dy.shape[1]),
        },
        tempting="The examples worked by hand have no bias.",
        why="The bias is added at every place, so its gradient is the sum of all deltas of its kernel.",
        hint="Derive y = ... + b with respect to b.",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-bias",
        hides="A bias of zero; deltas that add up to zero.",
    ),
    Misconception(
        id="stride-ignored",
        name="the stride ignored",
        wrong={
            "conv.y": (
                Change(before=lambda a: a | {"stride": 1}),
                y_from(lambda X, W: sum_of("ncpm,kcm->nkp", X, W), {"step": 1}),
            ),
            "conv.dw": (dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X, D), {"step": 1}), _valid_swapped),
            "conv.dx": (dx_from(_columns, {"step": 1}), _dx_without_stride),
        },
        tempting="With stride 1 a window begins at the input of its own number, and all first examples have stride 1.",
        why="Window i begins at input i * stride, forward and backward.",
        hint="Where does the second window begin when the stride is 2?",
        chapter="strides-padding-dilation",
        section="stride-the-kernel-takes-longer-steps",
        hides="Stride 1; one place.",
    ),
    Misconception(
        id="padding-ignored",
        name="the padding ignored",
        wrong={
            "conv.y": (
                Change(before=lambda a: a | {"padding": 0}),
                y_from(lambda X, W: sum_of("ncpm,kcm->nkp", X, W), {"left": 0}),
            ),
            "conv.dw": dw_from(lambda X, D: sum_of("ncpm,nkp->kcm", X, D), {"left": 0}),
        },
        tempting="The padding is added inside the forward pass and is out of sight in the backward pass.",
        why="Window i begins at input i * stride - padding, so the gradients must see the padded input too.",
        hint="Pad x in the backward pass exactly as in the forward pass.",
        chapter="strides-padding-dilation",
        section="padding-zeros-around-the-input",
        hides="Padding 0.",
    ),
    Misconception(
        id="padding-not-cropped",
        name="the padding not cropped from the input gradient",
        wrong={"conv.dx": dx_from(_columns, cut=_uncropped)},
        tempting="The gradient was collected in an array of the padded shape and returned as it is.",
        why="The padding is not part of x, so dx has the shape of x.",
        hint="Compare the shape of dx with that of x.",
        chapter="strides-padding-dilation",
        section="padding-zeros-around-the-input",
        hides="Padding 0.",
    ),
    Misconception(
        id="padding-cropped-wrong-end",
        name="the padding cropped at one end only",
        wrong={"conv.dx": (dx_from(_columns, cut=_crop_back), dx_from(_columns, cut=_crop_front))},
        tempting="Cutting the array to the length of x makes the shape right.",
        why="Padding stands on both sides, so the real inputs begin at index `padding`.",
        hint="Which index of the padded array holds the first real input?",
        chapter="strides-padding-dilation",
        section="padding-zeros-around-the-input",
        hides="Padding 0.",
    ),
    Misconception(
        id="padding-cropped-to-nothing",
        name="x[p:-p] with p = 0",
        wrong={"conv.dx": dx_from(_columns, cut=_crop_minus)},
        tempting="x[p:-p] is short, and right for every padding but none.",
        why="-0 is 0, so x[0:-0] is x[0:0], which is empty.",
        hint="Write x[p : p + L] with the length L of the input.",
        chapter="strides-padding-dilation",
        section="padding-zeros-around-the-input",
        hides="Any padding above 0.",
    ),
    Misconception(
        id="assigned-not-added",
        name="= instead of += where windows overlap",
        wrong={
            "conv.dx": (
                dx_from(_columns, {"assign": True}),
                dx_from(_last_kernel_columns, {"assign": True}),
            ),
            "local.dx": _private_windows_assigned,
            "chain.dw1": _hidden_windows_assigned,
        },
        tempting="The slice for a window is filled like any other array.",
        why="An input that several windows see gets a share from each of them; the last one wipes out the others.",
        hint="How many outputs does an inner input feed?",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-inputs",
        hides="Windows that do not overlap.",
    ),
    Misconception(
        id="valid-not-full",
        name="the input gradient as 'valid' instead of 'full'",
        wrong={"conv.dx": _valid},
        tempting="The forward pass is 'valid', so the backward pass seems to be too.",
        why="The backward pass must give back the larger array: every delta spreads over a whole window.",
        hint="Compare the shape of dx with that of x.",
        chapter="two-dimensions",
        section="the-gradient-of-the-pixels",
        hides="A kernel of one weight.",
    ),
    Misconception(
        id="same-not-full",
        name="the input gradient as 'same' instead of 'full'",
        wrong={"conv.dx": (_same, _same_as_numpy)},
        tempting="'same' keeps shapes equal, which sounds like what one wants.",
        why="It gives back the shape of dy, and x is larger.",
        hint="Compare the shape of dx with that of x.",
        chapter="two-dimensions",
        section="the-gradient-of-the-pixels",
        hides="A kernel of one weight.",
    ),
    Misconception(
        id="kernel-already-updated",
        name="the input gradient computed with the updated kernel",
        wrong={"conv.dx": tuple(_updated(rate) for rate in (1, 0.5, 0.1, 0.01, 0.001))},
        tempting="The update is written right after dw, and dx comes below it.",
        why="The delta passed w as it was in the forward pass; update when all gradients are known.",
        hint="Compute every gradient before you change a parameter.",
        chapter="one-weight-many-connections",
        section="the-code",
        hides="A weight gradient of zero.",
    ),
    Misconception(
        id="own-index-only",
        name="each input given the delta of its own index only",
        wrong={"conv.dx": _own_index},
        tempting="Input i and output i carry the same number, so they seem to belong together.",
        why="Input j feeds every output whose window holds it, through another weight each time.",
        hint="Change one inner input and count the outputs that move.",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-inputs",
        hides="A kernel of one weight.",
    ),
    Misconception(
        id="weights-forgotten",
        name="the weights left out of the input gradient",
        wrong={
            "conv.dx": dx_from(
                lambda W, D: np.ones_like(sum_of("kcm,nkp->ncpm", W, D)) * D.sum(axis=1)[:, None, :, None]
            ),
        },
        tempting="The kernel was left out of the product, as if each weight were 1.",
        why="An input reaches the output multiplied by a weight, and so does its gradient on the way back.",
        hint="Derive w x with respect to x.",
        chapter="one-dimension-by-hand",
        section="the-gradient-of-the-inputs",
        hides="Weights of one.",
    ),
    Misconception(
        id="window-averaged",
        name="the mean of a window instead of its sum",
        wrong={"conv.y": y_from(lambda X, W: sum_of("ncpm,kcm->nkp", X, W) / W[0].size)},
        tempting="A kernel is often introduced as a weighted mean.",
        why="A convolution adds the products; any division would have to be in the weights.",
        hint="Compute the first output by hand.",
        chapter="one-dimension-by-hand",
        section="the-question",
        hides="A kernel of one weight.",
    ),
    Misconception(
        id="dilation-ignored",
        name="the dilation ignored",
        wrong={
            "conv.y": (_instead(dilation=lambda stride, dilation: 1), _undilated["conv.y"]),
            "conv.dw": _undilated["conv.dw"],
            "conv.dx": _undilated["conv.dx"],
        },
        tempting="The dilation is built into the forward pass, and the backward pass counts the offsets one by one.",
        why="Weight m meets input i * stride + m * dilation - padding, forward and backward.",
        hint="With dilation 2, which inputs does a kernel of 3 meet at the first place?",
        chapter="strides-padding-dilation",
        section="dilation-a-kernel-with-holes",
        hides="Dilation 1; a kernel of one weight.",
    ),
    Misconception(
        id="dilation-for-stride",
        name="the dilation taken for the stride",
        wrong={
            "conv.y": (
                _instead(stride=lambda stride, dilation: dilation, dilation=lambda stride, dilation: 1),
                _instead(stride=lambda stride, dilation: dilation, dilation=lambda stride, dilation: stride),
            ),
            **{
                part: (_stepped_by_dilation[part], _stride_and_dilation_swapped[part])
                for part in ("conv.dw", "conv.dx")
            },
        },
        tempting="Both are steps of more than one input.",
        why="The stride moves the kernel, the dilation spreads its weights: i * stride + m * dilation.",
        hint="Which of the two multiplies the place i, and which the offset m?",
        chapter="strides-padding-dilation",
        section="dilation-a-kernel-with-holes",
        hides="A dilation as large as the stride.",
    ),
    Misconception(
        id="dilation-counted-as-gap",
        name="as many zeros between two weights as the dilation says, one too many",
        wrong={
            "conv.y": (
                _instead(dilation=lambda stride, dilation: dilation + (dilation > 1)),
                _gap_too_wide["conv.y"],
            ),
            "conv.dw": _gap_too_wide["conv.dw"],
            "conv.dx": _gap_too_wide["conv.dx"],
        },
        tempting="A dilation of 2 sounds like two holes.",
        why="Dilation d puts the weights d inputs apart, so there are d - 1 inputs between two of them.",
        hint="Dilation 1 is an ordinary kernel: how many inputs lie between its weights?",
        chapter="strides-padding-dilation",
        section="dilation-a-kernel-with-holes",
        hides="Dilation 1; a kernel of one weight.",
    ),
    Misconception(
        id="dilation-size-forgotten",
        name="as many outputs as without dilation",
        wrong={"conv.y": _undilated_size},
        tempting="The formula for the size of the output was there before the dilation.",
        why="A dilated kernel reaches over dilation (M - 1) + 1 inputs, so it fits in at fewer places.",
        hint="Over how many inputs does a kernel of 3 reach with dilation 2?",
        chapter="strides-padding-dilation",
        section="dilation-a-kernel-with-holes",
        hides="Dilation 1; a kernel of one weight.",
    ),
    Misconception(
        id="groups-ignored",
        name="the groups ignored",
        wrong={part: (_all_groups(part), _first_group[part]) for part in ("conv.y", "conv.dw", "conv.dx")},
        tempting="The kernel has fewer channels than the input, and broadcasting or a loop over its channels makes it fit.",
        why="The kernels of a group see the channels of this group only.",
        hint="How many channels does one kernel have, and which channels of x are they?",
        chapter="strides-padding-dilation",
        section="all-of-it-in-one-formula",
        hides="One group.",
    ),
    Misconception(
        id="groups-interleaved",
        name="the groups taken turn by turn",
        wrong={
            "conv.y": (_turn_by_turn["conv.y"], _channels_apart["conv.y"], _interleaved(1)),
            "conv.dw": (_turn_by_turn["conv.dw"], _channels_apart["conv.dw"], _interleaved(0)),
            "conv.dx": (_turn_by_turn["conv.dx"], _channels_apart["conv.dx"], _interleaved(1)),
        },
        tempting="k % groups and x[:, g::groups] give groups of the right size too.",
        why="A group is a block of neighbours: kernels g K/groups to (g + 1) K/groups, and channels likewise.",
        hint="With two groups of four channels each, to which group does channel 1 belong?",
        chapter="strides-padding-dilation",
        section="all-of-it-in-one-formula",
        hides="One group; one kernel and one channel for each group.",
    ),
    Misconception(
        id="groups-share-kernels",
        name="the kernels of the first group used for all groups",
        wrong={
            "conv.y": _kernels_of_first_group,
            "conv.dx": _kernels_of_first_group,
            "conv.dw": Change(after=lambda r, a: _first_kernels(r, a.get("groups", 1))),
        },
        tempting="Each group is a small convolution, and the kernel index starts at 0 again.",
        why="Every group has kernels of its own: those of group g begin at g K / groups.",
        hint="Which kernels does your loop use in its second turn?",
        chapter="strides-padding-dilation",
        section="all-of-it-in-one-formula",
        hides="One group; groups with equal kernels.",
    ),
    Misconception(
        id="groups-crossed",
        name="each group paired with the channels of the next",
        wrong=dict(_next_group),
        tempting="Two loops count the groups, and one of them is a turn ahead.",
        why="Group g of the kernels belongs to group g of the channels.",
        hint="Make one group's channels zero: which outputs become zero?",
        chapter="strides-padding-dilation",
        section="all-of-it-in-one-formula",
        hides="One group.",
    ),
)
