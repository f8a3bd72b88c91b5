"""The catalogue of wrong gradients: each one's formula, why it is tempting, why it is wrong.

One table in five groups, a module each, to be read from top to bottom:

    convolution   forward and backward of a convolution, in one and two dimensions
    pooling       max-pooling
    network       activations, fully connected layers, two convolutions, softmax
    training      tying, gradient descent with momentum, gradient checkers
    general       the sign, the upstream gradient, integer arrays, state, shapes: what can happen anywhere

`CATALOGUE` has every `Mistake` by id. A *target* names one returned array of one function: ``conv.dw``,
``pool.dx``, ``chain.dw1``. `values` gives the right value of one entry and the value that each applicable mistake
would give, `numbers` the whole arrays, `TIES` the mistakes that no test can tell apart.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cnnlab.arrays import Array
from cnnlab.misconceptions import convolution, general, network, pooling, training
from cnnlab.misconceptions.table import CHAPTERS, RIGHT, Change, Misconception, attempt
from cnnlab.tasks import task_of

__all__ = [
    "CATALOGUE",
    "CHAPTERS",
    "GROUPS",
    "RIGHT",
    "TIES",
    "Change",
    "Misconception",
    "applicable",
    "attempt",
    "formulas",
    "numbers",
    "target_of",
    "tie_of",
    "values",
    "variants",
]

GROUPS = {
    "Convolution": convolution.ENTRIES,
    "Max-pooling": pooling.ENTRIES,
    "Layers of a network": network.ENTRIES,
    "Sharing and training": training.ENTRIES,
    "Anywhere": general.ENTRIES,
}
"""The catalogue in the order in which it is read."""

CATALOGUE: dict[str, Misconception] = {
    misconception.id: misconception for group in GROUPS.values() for misconception in group
}
"""Every mistake by its id."""

TIES: dict[str, tuple[frozenset[str], ...]] = {
    "conv.dx": (frozenset({"true-convolution", "kernel-not-rotated", "kernel-rotated-twice"}),),
    "conv.dw": (
        frozenset({"true-convolution", "gradient-rotated"}),
        frozenset({"product-of-sums", "upstream-summed"}),
    ),
    "sigmoidpool.dx": (frozenset({"derivative-at-pool", "derivative-at-activation"}),),
    "sgd.velocities": (frozenset({"rate-in-velocity", "rate-applied-twice"}),),
    "step.velocity": (frozenset({"rate-in-velocity", "rate-applied-twice"}),),
}
"""By target: mistakes that give the same numbers for every input, so that only the code could tell which it was."""


def formulas(target: str) -> list[tuple[str, Callable]]:
    """Every wrong formula of one target as (id, function of the keyword arguments), in the order of the table."""
    return [
        (misconception.id, variant(RIGHT[target]) if isinstance(variant, Change) else variant)
        for misconception in CATALOGUE.values()
        for variant in misconception.variants(target)
    ]


def tie_of(target: str, id: str) -> tuple[str, ...]:
    """The other mistakes that cannot be told from this one in this target."""
    return tuple(sorted(other for tie in TIES.get(target, ()) if id in tie for other in tie - {id}))


def numbers(name: str, /, **arguments: Any) -> tuple[Array, dict[str, Array]]:
    """The right array and what each mistake gives in its place, on the arguments given by keyword.

    name   a target such as ``conv.dw``, or ``FUNCTION.PART`` such as ``conv1d_backward.dw``
    Of several variants of a mistake the first that differs from the right array is given. Mistakes that give the
    right array here, or that cannot be computed here, are left out.
    """
    right, wrong = variants(name, arguments)
    found = {}
    for id, result in wrong:
        found.setdefault(id, result)
    return right, found


def values(
    name: str, index: tuple[int, ...], /, *arguments: Any, **options: Any
) -> tuple[float, dict[str, float]]:
    """The right value of one entry, and the value of each applicable mistake: what an answer box compares with.

    name       ``FUNCTION.PART`` such as ``conv1d_backward.dw``, or a target such as ``conv.dw``
    index      the index of the entry, such as (0, 0, 1)
    arguments  those of the function, in its order; `options` are its keywords

    Of several variants of a mistake the first that gives another value there counts. Mistakes whose value there is the
    right one are left out, and so are those whose array has another shape. The order is that of the catalogue.
    Raises KeyError for an unknown name, IndexError for an index outside the array.
    """
    task = task_of(name)
    given = dict(zip((*task.takes, *task.options), arguments, strict=False))
    right, wrong = variants(name, given | options)
    value, found = float(right[index]), {}
    for id, result in wrong:
        if result.shape == right.shape and not np.isclose(result[index], value, rtol=1e-9, atol=1e-12):
            found.setdefault(id, float(result[index]))
    return value, found


def applicable(name: str, /, *arguments: Any, **options: Any) -> list[str]:
    """The ids of the mistakes that give another array of the right shape; arguments as in `values`, without the index."""
    task = task_of(name)
    right, wrong = variants(name, dict(zip((*task.takes, *task.options), arguments, strict=False)) | options)
    return list(dict.fromkeys(id for id, result in wrong if result.shape == right.shape))


def variants(
    name: str, arguments: dict, only: str | None = None
) -> tuple[Array, Iterator[tuple[str, Array]]]:
    """The right array, and one after the other every wrong one that can be computed and differs from it, with its id.

    name, arguments  as in `numbers`; `only` is the id of a mistake, if no others are asked for
    Variants of one mistake follow each other.
    """
    target = target_of(name)
    arguments = {key: _as_array(value) for key, value in arguments.items()}
    right = np.asarray(RIGHT[target](**arguments))

    def wrong() -> Iterator[tuple[str, Array]]:
        for id, formula in formulas(target):
            result = None if only and id != only else attempt(formula, **arguments)
            if result is None:
                continue
            result = np.asarray(result)
            if result.shape != right.shape or not np.allclose(result, right, rtol=1e-9, atol=1e-12):
                yield id, result

    return right, wrong()


def target_of(name: str) -> str:
    """The target that ``conv1d_backward.dw`` means: ``conv.dw``. Raises KeyError with the known names."""
    return f"{task_of(name).group}.{name.partition('.')[2]}"


def _as_array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, (list, np.ndarray)) else value
