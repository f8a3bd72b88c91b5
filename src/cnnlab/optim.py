"""Gradient descent with momentum, as a pure function."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cnnlab.arrays import Array, check_same_shape


def sgd(
    params: Sequence[ArrayLike],
    grads: Sequence[ArrayLike],
    velocities: Sequence[ArrayLike] | None = None,
    *,
    rate: float,
    momentum: float = 0.0,
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """One step of gradient descent; returns the new parameters and the new velocities.

        velocity = momentum * velocity + gradient
        parameter = parameter - rate * velocity

    params      a sequence of arrays
    grads       the gradient of the loss for each of them, in the same order and shapes
    velocities  what the step before returned; None before the first step, which means zeros
    rate        the learning rate, more than 0
    momentum    from 0 (plain gradient descent) to below 1

    Returns `(params, velocities)`, two tuples of new arrays. No argument is modified.

    The wiki page on learning with shared weights has other names for the same things. Its "cumulative learning
    term" of a weight is the gradient, summed over the examples (and, if the weight is shared, over its
    connections). Its "momentum term" is -rate * momentum * velocity, the part of the last update that is made
    once more.

    Raises ValueError for different numbers of arrays, an array and a gradient of different shapes, a rate that is
    not above 0 or a momentum outside 0 <= momentum < 1; TypeError for arrays of other than real numbers.
    Source: as torch.optim.SGD without dampening.
    """
    if not rate > 0:
        raise ValueError(f"sgd: rate must be more than 0, got {rate}; use a small number such as 0.1.")
    if not 0 <= momentum < 1:
        raise ValueError(
            f"sgd: momentum must be at least 0 and below 1, got {momentum}; use a number such as 0.9, or 0 for none."
        )
    if velocities is None:
        velocities = [np.zeros(np.shape(p)) for p in params]
    if not len(params) == len(grads) == len(velocities):
        raise ValueError(
            "sgd: params, grads and velocities must be sequences of as many arrays each, got "
            f"{len(params)}, {len(grads)} and {len(velocities)}; put a single array into a list."
        )
    checked = [
        check_same_shape("sgd", param=p, gradient=g, velocity=v)
        for p, g, v in zip(params, grads, velocities, strict=True)
    ]
    steps = [_step(param, gradient, velocity, rate, momentum) for param, gradient, velocity in checked]
    return tuple(param for param, _ in steps), tuple(velocity for _, velocity in steps)


def _step(
    param: Array, gradient: Array, velocity: Array, rate: float, momentum: float
) -> tuple[Array, Array]:
    velocity = (momentum * velocity + gradient).astype(param.dtype, copy=False)
    return (param - rate * velocity).astype(param.dtype, copy=False), velocity
