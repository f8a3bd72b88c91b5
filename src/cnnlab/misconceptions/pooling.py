"""Mistakes in max-pooling, forward and backward. Targets: pool.y, pool.dx."""

from collections.abc import Callable, Iterator

import numpy as np

from cnnlab.arrays import Array, Sizes
from cnnlab.misconceptions.table import RIGHT, Change, Misconception
from cnnlab.misconceptions.windows import pair


def _spans(x: Array, size: Sizes, stride: Sizes | None) -> Iterator:
    """Every output index (n, c, i, j) and the slices of the window that it sees."""
    (p, q), (s, t) = pair(size, 2), pair(size if stride is None else stride, 2)
    rows, columns = (x.shape[2] - p) // s + 1, (x.shape[3] - q) // t + 1
    for n, c, i, j in np.ndindex(*x.shape[:2], rows, columns):
        yield (n, c, i, j), (n, c, slice(i * s, i * s + p), slice(j * t, j * t + q))


def pooled(formula: Callable) -> Callable:
    """A forward from a formula (window) -> number."""

    def y(x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
        entries = {at: formula(np.asarray(x, float)[span]) for at, span in _spans(x, size, stride)}
        result = np.zeros([n + 1 for n in max(entries)])
        for at, value in entries.items():
            result[at] = value
        return result

    return y


def routed(formula: Callable, *, assign: bool = False) -> Callable:
    """A backward from a formula (window) -> shares of the delta, an array of the window's shape."""

    def dx(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
        dx = np.zeros(x.shape)
        for at, span in _spans(x, size, stride):
            share = formula(np.asarray(x, float)[span]) * dy[at]
            dx[span] = share if assign else dx[span] + share
        return dx

    return dx


def first(window: Array, key: Callable | None = None) -> Array:
    """1 at the first maximum in row-major order, 0 elsewhere."""
    share = np.zeros(window.shape)
    share.flat[np.argmax(window if key is None else key(window))] = 1
    return share


def _last(window: Array) -> Array:
    return np.flip(first(np.flip(window)))


def _column_major(window: Array) -> Array:
    return first(window.T).T


def _tied(window: Array) -> Array:
    return (window == window.max()).astype(float)


def _corner(window: Array) -> Array:
    share = np.zeros(window.shape)
    share[0, 0] = 1
    return share


def _index_in_window(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
    """The index of the maximum inside its window, used as if it were an index into the whole map."""
    dx = np.zeros(x.shape)
    for at, span in _spans(x, size, stride):
        n, c = at[:2]
        dx[(n, c, *np.unravel_index(np.argmax(x[span]), x[span].shape))] += dy[at]
    return dx


def _largest_of_map(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
    """Only the largest input of each map gets something: all the deltas of the map."""
    dx = np.zeros(x.shape)
    for n, c in np.ndindex(*x.shape[:2]):
        dx[(n, c, *np.unravel_index(np.argmax(x[n, c]), x.shape[2:]))] = dy[n, c].sum()
    return dx


def _neurons_nulled(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
    """Every input that is a maximum somewhere gets the deltas of all windows that hold it."""
    won = np.zeros(x.shape, dtype=bool)
    for _, span in _spans(x, size, stride):
        won[span] |= first(x[span]).astype(bool)
    return routed(np.ones_like)(dy, x, size, stride) * won


def _equal_to_output(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
    """Every input that equals the output of a window that holds it, compared after the outputs were laid over the map."""
    repeated, deltas = np.full(x.shape, np.nan), np.zeros(x.shape)
    for at, span in _spans(x, size, stride):
        repeated[span], deltas[span] = x[span].max(), dy[at]
    return deltas * (x == repeated)


def _swapped_size(arguments: dict) -> dict:
    return arguments | {"size": pair(arguments["size"], 2)[::-1]}


def _swapped(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
    """The window with rows and columns swapped, walked as far as there are deltas."""
    p, q = pair(size, 2)
    s, t = pair(size if stride is None else stride, 2)
    dx = np.zeros(x.shape)
    for at in np.ndindex(*dy.shape):
        n, c, i, j = at
        span = (n, c, slice(i * s, i * s + q), slice(j * t, j * t + p))
        if x[span].size:
            dx[span] += first(x[span]) * dy[at]
    return dx


def _walked(step: Callable) -> Callable:
    """Windows that are walked with another stride than was asked for, as far as there are deltas and inputs."""

    def dx(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
        p, q = pair(size, 2)
        s, t = step(pair(size, 2), pair(size if stride is None else stride, 2))
        dx = np.zeros(x.shape)
        for at in np.ndindex(*dy.shape):
            n, c, i, j = at
            span = (n, c, slice(i * s, i * s + p), slice(j * t, j * t + q))
            if x[span].size:
                dx[span] += first(x[span]) * dy[at]
        return dx

    return dx


def _winners_of_first(axis: int) -> Callable:
    """The winners of the first example or channel, used for all."""

    def dx(dy: Array, x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
        copied = np.repeat(np.take(x, [0], axis), x.shape[axis], axis)
        return RIGHT["pool.dx"](dy=dy, x=copied, size=size, stride=stride)

    return dx


def _over_all_maps(x: Array, size: Sizes, stride: Sizes | None = None) -> Array:
    largest = RIGHT["pool.y"](x=x, size=size, stride=stride)
    return np.broadcast_to(largest.max(axis=(0, 1)), largest.shape)


ENTRIES = (
    Misconception(
        id="pool-every-input",
        name="the delta passed to every input of the window",
        wrong={"pool.dx": routed(np.ones_like)},
        tempting="Upsampling by repetition gives the right shape in one line.",
        why="Inputs that are not the maximum do not change the output, so their derivative is 0.",
        hint="Raise an input that is not the maximum by a little: does the output change?",
        chapter="max-pooling-routes",
        section="what-max-does-to-a-small-change",
        hides="Windows of one input; it trains nearly as well, so accuracy does not show it.",
    ),
    Misconception(
        id="pool-averaged",
        name="the delta divided among all inputs of the window",
        wrong={"pool.dx": routed(lambda window: np.ones_like(window) / window.size)},
        tempting="That is the gradient of average pooling.",
        why="A maximum depends on one input only; the others get 0.",
        hint="Raise an input that is not the maximum by a little: does the output change?",
        chapter="max-pooling-routes",
        section="average-pooling-for-contrast",
        hides="Windows of one input.",
    ),
    Misconception(
        id="pool-not-routed",
        name="the delta put into the first cell of its window",
        wrong={"pool.dx": routed(_corner)},
        tempting="dx[::2, ::2] = dy has the right shape.",
        why="The maximum may stand anywhere in the window, and its place has to be found.",
        hint="Which input made the output what it is?",
        chapter="max-pooling-routes",
        section="what-max-does-to-a-small-change",
        hides="Windows whose maximum stands first.",
    ),
    Misconception(
        id="pool-all-ties",
        name="the full delta passed to every tied maximum",
        wrong={"pool.dx": (routed(_tied), _equal_to_output)},
        tempting="x == y marks the maxima in one line.",
        why="With two equal maxima the input receives twice the delta, which no subgradient of max does.",
        hint="Let a window hold the same largest value twice and add up what it hands back.",
        chapter="max-pooling-routes",
        section="ties",
        hides="Windows without ties.",
    ),
    Misconception(
        id="pool-split-ties",
        name="the delta split among tied maxima",
        wrong={"pool.dx": routed(lambda window: _tied(window) / _tied(window).sum())},
        tempting="It is fair, and some frameworks' max over an axis does so.",
        why="It is a valid subgradient, but this book's convention is PyTorch's: the first maximum in row-major order.",
        hint="Give the whole delta to the first maximum in row-major order.",
        chapter="max-pooling-routes",
        section="ties",
        hides="Windows without ties.",
        convention=True,
    ),
    Misconception(
        id="pool-last-tie",
        name="the delta passed to the last of tied maxima",
        wrong={"pool.dx": routed(_last)},
        tempting="A loop with >= keeps the last one it meets.",
        why="It is a valid subgradient, but this book's convention is PyTorch's: the first maximum in row-major order.",
        hint="Compare with > instead of >=.",
        chapter="max-pooling-routes",
        section="ties",
        hides="Windows without ties.",
        convention=True,
    ),
    Misconception(
        id="pool-column-tie",
        name="the delta passed to the first tied maximum in column-major order",
        wrong={"pool.dx": routed(_column_major)},
        tempting="The loop over columns stands outside the loop over rows.",
        why="It is a valid subgradient, but this book's convention is PyTorch's: the first maximum in row-major order.",
        hint="Walk the window row by row.",
        chapter="max-pooling-routes",
        section="ties",
        hides="Windows without ties.",
        convention=True,
    ),
    Misconception(
        id="pool-assigned",
        name="= instead of += where windows overlap",
        wrong={
            "pool.dx": (
                routed(first, assign=True),
                lambda dy, x, size, stride=None: _assigned_to_winner(dy, x, size, stride),
            )
        },
        tempting="With windows that do not overlap both are the same.",
        why="Each window overwrites what stood there: of several deltas one stays, or the 0 of a window that was lost.",
        hint="Set the stride to 1 and let one input win twice.",
        chapter="max-pooling-routes",
        section="windows-that-overlap",
        hides="Windows that do not overlap.",
    ),
    Misconception(
        id="pool-times-maximum",
        name="the delta multiplied by the maximum",
        wrong={"pool.dx": routed(lambda window: first(window) * window.max())},
        tempting="mask * x is the value that came through, and it is easily kept in the product.",
        why="The derivative of max with respect to its winner is 1, whatever its value.",
        hint="Raise the maximum by a little: by how much does the output grow?",
        chapter="max-pooling-routes",
        section="what-max-does-to-a-small-change",
        hides="Maxima of 1.",
    ),
    Misconception(
        id="pool-largest-absolute",
        name="the input of largest absolute value chosen",
        wrong={
            "pool.dx": routed(lambda window: first(window, np.abs)),
            "pool.y": (
                pooled(lambda window: window.flat[np.argmax(np.abs(window))]),
                pooled(lambda window: np.abs(window).max()),
            ),
        },
        tempting="A strong response seems to be what counts, whatever its sign.",
        why="max compares values: -5 is smaller than 1.",
        hint="Try a window of negative numbers.",
        chapter="max-pooling-routes",
        section="the-general-rule",
        hides="Inputs that are not negative, as after ReLU.",
    ),
    Misconception(
        id="pool-neurons-nulled",
        name="neurons nulled instead of entries of the pooling matrix",
        wrong={"pool.dx": _neurons_nulled},
        tempting="It is one mask for the whole layer, and the same thing as long as windows do not overlap.",
        why="An input that wins in one window also gets the deltas of the others that hold it, where it lost.",
        hint="Ask for each window, not for each input: did it win here?",
        chapter="max-pooling-routes",
        section="two-implementations",
        hides="Windows that do not overlap.",
    ),
    Misconception(
        id="pool-index-in-window",
        name="the index inside the window used as an index into the map",
        wrong={"pool.dx": _index_in_window},
        tempting="argmax answers with an index, and it is easy to forget of what.",
        why="It counts from the corner of the window; the window begins at i * stride.",
        hint="Print the index that argmax gives for the last window.",
        chapter="max-pooling-routes",
        section="the-general-rule",
        hides="A single window.",
    ),
    Misconception(
        id="pool-one-maximum",
        name="one maximum for the whole map",
        wrong={"pool.dx": _largest_of_map, "pool.y": lambda x, size, stride=None: np.max(x, axis=(2, 3))},
        tempting="x.max() without windows is short.",
        why="Every window has a maximum of its own.",
        hint="How many numbers does the forward pass give for one map?",
        chapter="max-pooling-routes",
        section="the-general-rule",
        hides="A single window.",
    ),
    Misconception(
        id="pool-over-the-batch",
        name="one maximum for all examples and channels",
        wrong={"pool.y": _over_all_maps},
        tempting="max() without its axes runs over all that it is given.",
        why="Each channel of each example has a maximum of its own in each window.",
        hint="Over which axes does your maximum run?",
        chapter="max-pooling-routes",
        section="the-general-rule",
        hides="One channel and one example.",
    ),
    Misconception(
        id="pool-winners-copied",
        name="the winners of one channel or example used for all",
        wrong={"pool.dx": (_winners_of_first(1), _winners_of_first(0))},
        tempting="The mask was computed once, outside the loop.",
        why="Each map has its own maxima.",
        hint="Is the mask computed inside the loops over examples and channels?",
        chapter="max-pooling-routes",
        section="the-general-rule",
        hides="One channel and one example.",
    ),
    Misconception(
        id="pool-mean",
        name="the mean of the window instead of its maximum",
        wrong={"pool.y": pooled(np.mean)},
        tempting="Both are called pooling.",
        why="This layer keeps the largest input of each window.",
        hint="Compute the first window by hand.",
        chapter="max-pooling-routes",
        section="average-pooling-for-contrast",
        hides="Constant inputs.",
    ),
    Misconception(
        id="pool-minimum",
        name="the minimum in place of the maximum",
        wrong={"pool.y": pooled(np.min), "pool.dx": routed(lambda window: first(-window))},
        tempting="A comparison is quickly turned around.",
        why="This layer keeps the largest input of each window.",
        hint="Compute the first window by hand.",
        chapter="max-pooling-routes",
        section="the-general-rule",
        hides="Constant inputs.",
    ),
    Misconception(
        id="pool-starts-at-zero",
        name="the search for the maximum starts at 0",
        wrong={
            "pool.y": pooled(lambda window: max(0.0, window.max())),
            "pool.dx": (
                routed(lambda window: first(window) * (window.max() > 0)),
                routed(lambda window: first(window) if window.max() > 0 else _corner(window)),
            ),
        },
        tempting="best = 0 is how one begins to look for a largest number, and after ReLU nothing is below 0.",
        why="A window of negative numbers has a maximum too.",
        hint="Begin with the first input of the window, or with -inf.",
        chapter="max-pooling-routes",
        section="the-general-rule",
        hides="Inputs that are not negative, as after ReLU.",
    ),
    Misconception(
        id="pool-stride-ignored",
        name="the stride ignored",
        wrong={
            "pool.y": (
                lambda x, size, stride=None: RIGHT["pool.y"](x=x, size=size, stride=1),
                lambda x, size, stride=None: RIGHT["pool.y"](x=x, size=size, stride=None),
                lambda x, size, stride=None: RIGHT["pool.y"](
                    x=x, size=size, stride=1 if stride in (None, size) else stride
                ),
            ),
            "pool.dx": (
                _walked(lambda size, stride: (1, 1)),
                _walked(lambda size, stride: size),
                _walked(lambda size, stride: (1, 1) if stride == size else stride),
            ),
        },
        tempting="Most pools have a stride equal to their size.",
        why="Window i begins at input i * stride, forward and backward.",
        hint="Where does the second window begin?",
        chapter="max-pooling-routes",
        section="windows-that-overlap",
        hides="The stride that was assumed.",
    ),
    Misconception(
        id="pool-window-turned",
        name="height and width of the window swapped",
        wrong={"pool.y": Change(before=_swapped_size), "pool.dx": _swapped},
        tempting="Width and height are easily written in the other order.",
        why="The size is (rows, columns).",
        hint="Try a window that is not square.",
        chapter="max-pooling-routes",
        section="the-general-rule",
        hides="Square windows.",
    ),
)


def _assigned_to_winner(dy: Array, x: Array, size: Sizes, stride: Sizes | None) -> Array:
    """The delta assigned to the winner's cell alone: the last window in which it wins decides."""
    dx = np.zeros(x.shape)
    for at, span in _spans(x, size, stride):
        dx[span][first(x[span]).astype(bool)] = dy[at]
    return dx
