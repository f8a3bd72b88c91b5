"""Which terms add up to one entry of a gradient.

Every entry of every gradient in this book is a sum of products, one product for each connection
that the entry has a share in. The functions here list those products, with the index of each
factor, so that figures, widgets, messages and sentences can show them without doing arithmetic of
their own. They are written for being read, not for speed: use `cnnlab.conv` to compute.

Arrays are laid out as in the rest of the package: x (N, C, *spatial), w (K, C, *kernel), dy
(N, K, *positions). One- and two-dimensional arrays are handled alike. Positions that fall into the
padding carry no connection and are not listed.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from cnnlab.formatting import number, signed

Index = tuple[int, ...]


@dataclass(frozen=True)
class Factor:
    """One number that enters a product: the array it is in, where, and its value."""

    name: str
    index: Index
    value: float

    def label(self) -> str:
        """The factor as code writes it, such as ``dy[0, 0, 1]``."""
        return f"{self.name}[{', '.join(map(str, self.index))}]"


@dataclass(frozen=True)
class Term:
    """One product of the sum. A factor of 1 is left out, so a term has one or two factors."""

    factors: tuple[Factor, ...]

    @property
    def product(self) -> float:
        result = 1.0
        for factor in self.factors:
            result *= factor.value
        return result

    def text(self, digits: int = 6) -> str:
        return " × ".join(signed(factor.value, digits) for factor in self.factors)

    def labels(self) -> str:
        return " × ".join(factor.label() for factor in self.factors)


@dataclass(frozen=True)
class Entry:
    """One entry of an array, and the terms that add up to it."""

    name: str
    index: Index
    terms: tuple[Term, ...]

    @property
    def running(self) -> tuple[float, ...]:
        """The running sum after each term."""
        sums, total = [], 0.0
        for term in self.terms:
            total += term.product
            sums.append(total)
        return tuple(sums)

    @property
    def total(self) -> float:
        return self.running[-1] if self.terms else 0.0

    def label(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.index))}]"

    def text(self, digits: int = 6) -> str:
        """The whole sum with its numbers, such as ``1 × (-0.1) + 2 × 0.2 = 0.3``."""
        left = " + ".join(term.text(digits) for term in self.terms) or "nothing reaches it"
        return f"{left} = {number(self.total, digits)}"

    def labels(self) -> str:
        """The whole sum with its names, such as ``x[0, 0, 0] × dy[0, 0, 0] + ...``."""
        return " + ".join(term.labels() for term in self.terms)

    def __str__(self) -> str:
        return f"{self.label()} = {self.text()}"


def positions(x_shape, kernel, *, stride=1, padding=0) -> Index:
    """How many output positions there are along each spatial axis: (L + 2 padding - M) // stride + 1."""
    rank = len(kernel)
    sizes, strides, pads = x_shape[-rank:], _per_axis(stride, rank), _per_axis(padding, rank)
    return tuple((n + 2 * p - m) // s + 1 for n, m, s, p in zip(sizes, kernel, strides, pads, strict=True))


def receptive_field(position: Index, x_shape, kernel, *, stride=1, padding=0) -> dict[Index, Index]:
    """The inputs that one output position sees.

    Returns {offset in the kernel: spatial index of the input it meets}; offsets that meet padding are absent.
    """
    seen = {}
    for offset in product(*map(range, kernel)):
        at = _meets(position, offset, x_shape, stride=stride, padding=padding)
        if at is not None:
            seen[offset] = at
    return seen


def connections(x_shape, kernel, *, stride=1, padding=0) -> list[tuple[Index, Index, Index]]:
    """Every connection of one channel as (output position, kernel offset, input position), row by row."""
    grid = positions(x_shape, kernel, stride=stride, padding=padding)
    return [
        (position, offset, at)
        for position in product(*map(range, grid))
        for offset, at in receptive_field(position, x_shape, kernel, stride=stride, padding=padding).items()
    ]


def conv_y(x, w, b=None, *, index: Index, stride=1, padding=0) -> Entry:
    """The terms of one output: y[n, k, i] = b[k] + sum over c, m of w[k, c, m] x[n, c, i stride + m - padding]."""
    n, k, *position = index
    field = receptive_field(tuple(position), x.shape, w.shape[2:], stride=stride, padding=padding)
    terms = [
        Term((_factor("w", w, (k, c, *offset)), _factor("x", x, (n, c, *at))))
        for c in range(x.shape[1])
        for offset, at in field.items()
    ]
    if b is not None:
        terms.append(Term((_factor("b", b, (k,)),)))
    return Entry("y", tuple(index), tuple(terms))


def conv_dw(dy, x, w, *, index: Index, stride=1, padding=0) -> Entry:
    """The terms of one weight's gradient: dw[k, c, m] = sum over n, i of x[n, c, i stride + m - padding] dy[n, k, i]."""
    k, c, *offset = index
    offset = tuple(offset)
    grid = positions(x.shape, w.shape[2:], stride=stride, padding=padding)
    uses = [
        (position, at)
        for position in product(*map(range, grid))
        if (at := _meets(position, offset, x.shape, stride=stride, padding=padding)) is not None
    ]
    terms = [
        Term((_factor("x", x, (n, c, *at)), _factor("dy", dy, (n, k, *position))))
        for n in range(x.shape[0])
        for position, at in uses
    ]
    return Entry("dw", tuple(index), tuple(terms))


def conv_dx(dy, x, w, *, index: Index, stride=1, padding=0) -> Entry:
    """The terms of one input's gradient: dx[n, c, j] = sum over k and the outputs i that see j of w[k, c, m] dy[n, k, i]."""
    n, c, *at = index
    at = tuple(at)
    grid = positions(x.shape, w.shape[2:], stride=stride, padding=padding)
    # A larger offset is met by an earlier position, so counting offsets down lists the positions in order.
    feeds = [
        (position, offset)
        for offset in product(*(range(m - 1, -1, -1) for m in w.shape[2:]))
        if (position := _fed(at, offset, grid, stride=stride, padding=padding)) is not None
    ]
    terms = [
        Term((_factor("w", w, (k, c, *offset)), _factor("dy", dy, (n, k, *position))))
        for k in range(w.shape[0])
        for position, offset in feeds
    ]
    return Entry("dx", tuple(index), tuple(terms))


def conv_db(dy, *, index: Index) -> Entry:
    """The terms of one bias's gradient: db[k] = sum over n, i of dy[n, k, i]."""
    (k,) = index
    grid = [range(size) for size in dy.shape[2:]]
    terms = [
        Term((_factor("dy", dy, (n, k, *position)),))
        for n in range(dy.shape[0])
        for position in product(*grid)
    ]
    return Entry("db", tuple(index), tuple(terms))


def product_of_sums(dy, x, w, *, index: Index, stride=1, padding=0) -> Entry:
    """The mistaken gradient (sum of x) × (sum of dy) of one weight, multiplied out: every x times every dy.

    The sums go over the x and the dy of `conv_dw`'s terms. Terms are ordered so that the first n² of them are the
    product of the sums of the first n: the right terms are those where both come from the same connection.
    """
    right = conv_dw(dy, x, w, index=index, stride=stride, padding=padding)
    xs, dys = zip(*(term.factors for term in right.terms), strict=True) if right.terms else ((), ())
    pairs = [
        pair
        for n in range(len(xs))
        for pair in [*((i, n) for i in range(n)), *((n, j) for j in range(n)), (n, n)]
    ]
    return Entry("dw", tuple(index), tuple(Term((xs[i], dys[j])) for i, j in pairs))


def pool_window(x, size, *, index: Index, stride=None) -> list[Index]:
    """The indices of x that one pooled output sees, row by row. `index` is (n, c, *position)."""
    n, c, *position = index
    kernel = _per_axis(size, x.ndim - 2)
    stride = kernel if stride is None else stride
    return [(n, c, *at) for at in receptive_field(tuple(position), x.shape, kernel, stride=stride).values()]


def pool_winners(x, size, *, index: Index, stride=None) -> list[Index]:
    """Every index in the window that holds the maximum, row by row: more than one where there is a tie.

    NaN wins over every number, as in PyTorch.
    """
    window = pool_window(x, size, index=index, stride=stride)
    values = np.array([x[at] for at in window])
    top = np.isnan(values) if np.isnan(values).any() else values == values.max()
    return [at for at, wins in zip(window, top, strict=True) if wins]


def pool_dx(dy, x, size, *, index: Index, stride=None, ties="first") -> Entry:
    """The terms of one input's gradient through max-pooling: the windows in which it is the maximum.

    ties   "first": the first maximum in row-major order takes the whole gradient, as in the backend and in PyTorch
           (of several NaN the last one, also as there);
           "split": tied maxima share it equally; "all": every tied maximum takes all of it, which is no subgradient.
    Raises ValueError for another rule.
    """
    if ties not in ("first", "split", "all"):
        raise ValueError(f'ties is "first", "split" or "all"; got {ties!r}')
    index, terms = tuple(index), []
    kernel = _per_axis(size, x.ndim - 2)
    strides = kernel if stride is None else stride
    offsets = product(*(range(m - 1, -1, -1) for m in kernel))
    windows = [_fed(index[2:], offset, dy.shape[2:], stride=strides, padding=0) for offset in offsets]
    for position in (window for window in windows if window is not None):
        output = (*index[:2], *position)
        winners = pool_winners(x, size, index=output, stride=stride)
        taker = winners[-1 if np.isnan(x[winners[0]]) else 0]
        if index not in winners or (ties == "first" and taker != index):
            continue
        share = (Factor("share", (), 1 / len(winners)),) if ties == "split" and len(winners) > 1 else ()
        terms.append(Term((_factor("dy", dy, output), *share)))
    return Entry("dx", index, tuple(terms))


def _meets(position: Index, offset: Index, x_shape, *, stride, padding) -> Index | None:
    """The input that one position meets at one offset of the kernel, or None in the padding."""
    rank = len(offset)
    sizes, strides, pads = x_shape[-rank:], _per_axis(stride, rank), _per_axis(padding, rank)
    at = tuple(i * s + m - p for i, s, m, p in zip(position, strides, offset, pads, strict=True))
    return at if all(0 <= j < n for j, n in zip(at, sizes, strict=True)) else None


def _fed(at: Index, offset: Index, grid: Index, *, stride, padding) -> Index | None:
    """The output position that one input feeds through one offset of the kernel, or None."""
    rank = len(offset)
    strides, pads = _per_axis(stride, rank), _per_axis(padding, rank)
    steps = [j + p - m for j, p, m in zip(at, pads, offset, strict=True)]
    if any(step % s for step, s in zip(steps, strides, strict=True)):
        return None
    position = tuple(step // s for step, s in zip(steps, strides, strict=True))
    return position if all(0 <= i < n for i, n in zip(position, grid, strict=True)) else None


def _factor(name: str, array, index: Index) -> Factor:
    return Factor(name, tuple(map(int, index)), float(array[tuple(index)]))


def _per_axis(value, rank: int) -> Index:
    return (value,) * rank if np.isscalar(value) else tuple(value)
