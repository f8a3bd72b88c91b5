"""Which terms add up to one entry of a gradient.

Every entry of every gradient in this book is a sum of products, one product for each connection
that the entry has a share in. The functions here list those products, with the index of each
factor, so that figures, widgets, messages and sentences can show them without doing arithmetic of
their own. They are written for being read, not for speed: use `cnnlab.conv` to compute.

Arrays are laid out as in the rest of the package: x (N, C, *spatial), w (K, C, *kernel), dy
(N, K, *places). One- and two-dimensional arrays are handled alike. Places that fall into the
padding carry no connection and are not listed. The `options` are stride, padding and dilation as in
`cnnlab.conv`; with groups, too, kernel k sees the channels of its group only, and w is (K, C / groups, *kernel).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from cnnlab import geometry
from cnnlab.arrays import Array, Sizes
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


NAMED, WRITTEN = 4, 12  # terms of a sum that are written with their names, and with their numbers


def written(entry: Entry, leading: int = 0) -> tuple[str, ...]:
    """An entry as lines for people: ``dw[0] = x[0] × dy[0] + x[1] × dy[1]``, then its products, without their sum.

    leading   axes that the reader does not have, such as those of examples and channels; they are left out
    One line says so if nothing reaches the entry. Long sums are cut short.
    """

    def label(name: str, index: Index) -> str:
        kept = index if name in ("b", "db") and not leading else index[leading:]
        return f"{name}[{', '.join(map(str, kept))}]" if kept else name

    if not entry.terms:
        return (f"{label(entry.name, entry.index)} = 0: nothing reaches it",)
    names = [" × ".join(label(f.name, f.index) for f in term.factors) for term in entry.terms]
    named = " + ".join(names[:NAMED] + [f"... ({len(names)} terms)"] * (len(names) > NAMED))
    products = [term.text() for term in entry.terms]
    if len(products) == len(entry.terms[0].factors) == 1:
        products = [number(entry.total)]
    summed = " + ".join(products[:WRITTEN] + ["..."] * (len(products) > WRITTEN))
    return f"{label(entry.name, entry.index)} = {named}", summed


def positions(x_shape: Sequence[int], kernel: Sequence[int], **options: Any) -> Index:
    """How many places there are along each spatial axis: (L + 2 padding - dilation (M - 1) - 1) // stride + 1."""
    return geometry.positions(x_shape[-len(kernel) :], kernel, **options)


def receptive_field(
    position: Sequence[int], x_shape: Sequence[int], kernel: Sequence[int], **options: Any
) -> dict[Index, Index]:
    """The inputs that one output sees.

    Returns {offset in the kernel: spatial index of the input it meets}; offsets that meet padding are absent.
    """
    return {offset: at for _, offset, at in _links("output", position, x_shape, kernel, options)}


def connections(
    x_shape: Sequence[int], kernel: Sequence[int], **options: Any
) -> list[tuple[Index, Index, Index]]:
    """Every connection of one channel as (place of the output, offset in the kernel, place of the input), row by row."""
    return _listed(geometry.connections(x_shape[-len(kernel) :], kernel, **options), slice(None))


def conv_y(
    x: Array, w: Array, b: Array | None = None, *, index: Index, groups: int = 1, **options: Any
) -> Entry:
    """The terms of one output: y[n, k, i] = b[k] + sum over c, m of w[k, c, m] x[n, c, i * stride + m * dilation - padding].

    With groups w[k, c] meets the channel of x that is the c-th of its group.
    """
    n, k, *position = index
    field = receptive_field(position, x.shape, w.shape[2:], **options)
    terms = [
        Term((_factor("w", w, (k, c, *offset)), _factor("x", x, (n, channel, *at))))
        for kernel, c, channel in geometry.channels(x.shape[1], len(w), groups=groups)
        if kernel == k
        for offset, at in field.items()
    ]
    if b is not None:
        terms.append(Term((_factor("b", b, (k,)),)))
    return Entry("y", tuple(index), tuple(terms))


def conv_dw(dy: Array, x: Array, w: Array, *, index: Index, groups: int = 1, **options: Any) -> Entry:
    """The terms of a weight's gradient: dw[k, c, m] = sum over n, i of x[n, c, i * stride + m * dilation - padding]
    dy[n, k, i].

    With groups w[k, c] meets the channel of x that is the c-th of its group.
    """
    k, c, *offset = index
    links = _links("weight", offset, x.shape, w.shape[2:], options)
    terms = [
        Term((_factor("x", x, (n, channel, *at)), _factor("dy", dy, (n, k, *position))))
        for *weight, channel in geometry.channels(x.shape[1], len(w), groups=groups)
        if weight == [k, c]
        for n in range(x.shape[0])
        for position, _, at in links
    ]
    return Entry("dw", tuple(index), tuple(terms))


def conv_dx(dy: Array, x: Array, w: Array, *, index: Index, groups: int = 1, **options: Any) -> Entry:
    """The terms of one input's gradient: dx[n, c, j] = sum over k and the outputs i that see j of w[k, c, m] dy[n, k, i].

    With groups k runs over the kernels that see this channel, and c counts the channels of its group.
    """
    n, seen, *at = index
    links = _links("input", at, x.shape, w.shape[2:], options)
    terms = [
        Term((_factor("w", w, (k, c, *offset)), _factor("dy", dy, (n, k, *position))))
        for k, c, channel in geometry.channels(x.shape[1], len(w), groups=groups)
        if channel == seen
        for position, offset, _ in links
    ]
    return Entry("dx", tuple(index), tuple(terms))


def conv_db(dy: Array, *, index: Index) -> Entry:
    """The terms of one bias's gradient: db[k] = sum over n, i of dy[n, k, i]."""
    (k,) = index
    grid = [range(size) for size in dy.shape[2:]]
    terms = [
        Term((_factor("dy", dy, (n, k, *position)),))
        for n in range(dy.shape[0])
        for position in product(*grid)
    ]
    return Entry("db", tuple(index), tuple(terms))


def product_of_sums(dy: Array, x: Array, w: Array, *, index: Index, **options: Any) -> Entry:
    """The mistaken gradient (sum of x) × (sum of dy) of one weight, multiplied out: every x times every dy.

    The sums go over the x and the dy of `conv_dw`'s terms; its options are taken, too. Terms are ordered so that the
    first n² of them are the product of the sums of the first n: the right terms are those where both come from the
    same connection.
    """
    right = conv_dw(dy, x, w, index=index, **options)
    xs, dys = zip(*(term.factors for term in right.terms), strict=True) if right.terms else ((), ())
    pairs = [
        pair
        for n in range(len(xs))
        for pair in [*((i, n) for i in range(n)), *((n, j) for j in range(n)), (n, n)]
    ]
    return Entry("dw", tuple(index), tuple(Term((xs[i], dys[j])) for i, j in pairs))


def pool_window(x: Array, size: Sizes, *, index: Index, stride: Sizes | None = None) -> list[Index]:
    """The indices of x that one pooled output sees, row by row. `index` is (n, c, *place)."""
    n, c, *position = index
    kernel = geometry.pair(size, x.ndim - 2)
    field = receptive_field(position, x.shape, kernel, stride=kernel if stride is None else stride)
    return [(n, c, *at) for at in field.values()]


def pool_winners(x: Array, size: Sizes, *, index: Index, stride: Sizes | None = None) -> list[Index]:
    """Every index in the window that holds the maximum, row by row: more than one where there is a tie.

    NaN wins over every number, as in PyTorch.
    """
    window = pool_window(x, size, index=index, stride=stride)
    values = np.array([x[at] for at in window])
    top = np.isnan(values) if np.isnan(values).any() else values == values.max()
    return [at for at, wins in zip(window, top, strict=True) if wins]


def pool_dx(
    dy: Array, x: Array, size: Sizes, *, index: Index, stride: Sizes | None = None, ties: str = "first"
) -> Entry:
    """The terms of one input's gradient through max-pooling: the windows in which it is the maximum.

    ties   "first": the first maximum in row-major order takes the whole gradient, as in the backend and in PyTorch
           (of several NaN the last one, also as there);
           "split": tied maxima share it equally; "all": every tied maximum takes all of it, which is no subgradient.
    Raises ValueError for another rule.
    """
    if ties not in ("first", "split", "all"):
        raise ValueError(f'ties is "first", "split" or "all"; got {ties!r}')
    index, terms = tuple(index), []
    kernel = geometry.pair(size, x.ndim - 2)
    options = {"stride": kernel if stride is None else stride}
    for position, _, _ in _links("input", index[2:], x.shape, kernel, options):
        output = (*index[:2], *position)
        winners = pool_winners(x, size, index=output, stride=stride)
        taker = winners[-1 if np.isnan(x[winners[0]]) else 0]
        if index not in winners or (ties == "first" and taker != index):
            continue
        share = (Factor("share", (), 1 / len(winners)),) if ties == "split" and len(winners) > 1 else ()
        terms.append(Term((_factor("dy", dy, output), *share)))
    return Entry("dx", index, tuple(terms))


def _links(
    part: str, index: Sequence[int], x_shape: Sequence[int], kernel: Sequence[int], options: dict[str, Sizes]
) -> list[tuple[Index, Index, Index]]:
    """The `connections` in which one "output", "weight" or "input" has its part."""
    found = geometry.connections(x_shape[-len(kernel) :], kernel, **options)
    place = np.ravel_multi_index(tuple(index), found.sizes[found._fields.index(part)])
    return _listed(found, getattr(found, part) == place)


def _listed(found: geometry.Connections, rows: slice | Array) -> list[tuple[Index, Index, Index]]:
    """Rows of the connections, with a spatial index in place of each flat one."""
    *places, sizes = found
    indices = [
        np.stack(np.unravel_index(place[rows], size), axis=1).tolist()
        for place, size in zip(places, sizes, strict=True)
    ]
    return [(tuple(output), tuple(weight), tuple(at)) for output, weight, at in zip(*indices, strict=True)]


def _factor(name: str, array: Array, index: Index) -> Factor:
    return Factor(name, tuple(map(int, index)), float(array[tuple(index)]))
