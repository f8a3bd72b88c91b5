"""Mistakes in tying shared parameters, in a step with momentum, and in gradient checkers.

Targets: local.* (per-connection gradients), tie.dw, tie.db, sgd.params, sgd.velocities (sequences of arrays; the
formulas here see one array), step.w, step.velocity, and checker.verdict, whose formulas take (f, gradient, x) and
answer True or False.
"""

from collections.abc import Callable

import numpy as np

from cnnlab.arrays import Array
from cnnlab.misconceptions.table import Change, Misconception
from cnnlab.tasks.training import central_differences, relative_difference


def _steps(rule: Callable) -> Callable:
    """sgd from a rule (p, g, v, rate, momentum) -> (p, v) for one array."""

    def stepped(part: int) -> Callable:
        def sgd(
            params: list[Array],
            grads: list[Array],
            velocities: list[Array] | None = None,
            *,
            rate: float,
            momentum: float = 0.0,
        ) -> tuple[Array, Array]:
            velocities = [np.zeros_like(p, dtype=float) for p in params] if velocities is None else velocities
            return tuple(
                rule(p, g, v, rate, momentum)[part] for p, g, v in zip(params, grads, velocities, strict=True)
            )

        return sgd

    return stepped


def _both(rule: Callable) -> dict:
    """A wrong rule as an entry for sgd and for the step of one shared parameter."""
    of_arrays = _steps(rule)

    def of_one(part: int) -> Callable:
        def step(w: Array, gradients: Array, velocity: Array, rate: float, momentum: float) -> Array:
            return rule(w, np.sum(gradients, axis=0), velocity, rate, momentum)[part]

        return step

    return {
        "sgd.params": of_arrays(0),
        "sgd.velocities": of_arrays(1),
        "step.w": of_one(0),
        "step.velocity": of_one(1),
    }


def _moved(rule: Callable) -> dict:
    """A wrong rule that leaves the velocity right."""
    return {target: formula for target, formula in _both(rule).items() if target in ("sgd.params", "step.w")}


def _one_after_the_other(part: int) -> Callable:
    """Every connection takes a step of its own, with momentum, one after the other."""

    def step(w: Array, gradients: Array, velocity: Array, rate: float, momentum: float) -> Array:
        for gradient in gradients:
            velocity = momentum * velocity + gradient
            w = w - rate * velocity
        return (w, velocity)[part]

    return step


def _one_step_at_the_end(w: Array, gradients: Array, velocity: Array, rate: float, momentum: float) -> Array:
    """Momentum is applied anew for each connection, and one step is taken at the end."""
    return w - rate * _one_after_the_other(1)(w, gradients, velocity, rate, momentum)


def _velocity_per_connection(part: int) -> Callable:
    """The velocity is added to each connection's gradient before these are added up."""

    def step(w: Array, gradients: Array, velocity: Array, rate: float, momentum: float) -> Array:
        velocities = momentum * velocity + gradients
        return (w - rate * velocities.sum(axis=0), velocities.sum(axis=0))[part]

    return step


def _reduced(function: Callable) -> dict:
    """A step whose gradients are joined in another way than by a sum."""

    def of_one(part: int) -> Callable:
        def step(w: Array, gradients: Array, velocity: Array, rate: float, momentum: float) -> Array:
            new = momentum * velocity + function(gradients)
            return (w - rate * new, new)[part]

        return step

    return {"step.w": of_one(0), "step.velocity": of_one(1)}


def _near(a: Array, b: Array) -> Array:
    """Which entries agree, each beside its own size."""
    return np.isclose(a, b, rtol=1e-4, atol=0)


def _only_below(a: Array, b: Array) -> bool:
    """Whether no entry of a exceeds that of b by much; how far it stays below does not matter."""
    return bool(np.all(a - b <= 1e-4 * np.abs(b)))


def _positions(dw: Array) -> tuple[int, ...]:
    """The axes of the places of a per-connection kernel gradient (O, K, C, M) or (O1, O2, K, C, P, Q)."""
    return tuple(range(dw.ndim // 2 - 1))


def _tied(function: Callable) -> dict:
    """Both tied gradients from a formula (array, axes of the places)."""

    def kernel(dw: Array, db: Array) -> Array:
        return function(dw, _positions(dw))

    def bias(dw: Array, db: Array) -> Array:
        return function(db, _positions(dw))

    return {"tie.dw": kernel, "tie.db": bias}


ENTRIES = (
    Misconception(
        id="momentum-per-connection",
        name="momentum kept for each connection instead of each parameter",
        wrong={
            "step.w": (_one_after_the_other(0), _velocity_per_connection(0), _one_step_at_the_end),
            "step.velocity": (_one_after_the_other(1), _velocity_per_connection(1)),
        },
        tempting="'Train it once for each overlap' sounds like one step for each connection.",
        why="A shared parameter has one velocity and takes one step; add the gradients first, then step.",
        hint="How many velocities does one parameter have?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="No momentum; one connection.",
    ),
    Misconception(
        id="tied-by-mean",
        name="shared gradients averaged instead of added",
        wrong={
            **_tied(lambda a, axes: a.mean(axis=axes)),
            **_reduced(lambda g: g.mean(axis=0)),
        },
        tempting="The copies of a weight have to stay equal, and a mean keeps them so.",
        why="The chain rule adds over every path; the mean is that sum divided by the number of connections.",
        hint="Which operation does the chain rule put between the paths that end in one parameter?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="One place.",
    ),
    Misconception(
        id="tied-last-only",
        name="only the last connection's gradient kept",
        wrong={
            **_tied(lambda a, axes: a[(-1,) * len(axes)]),
            **_reduced(lambda g: g[-1]),
        },
        tempting="In a loop, an assignment where an addition is needed leaves what the last turn wrote.",
        why="Every connection has a share in the gradient.",
        hint="Look at the operator inside your loop: does it add to what is there?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="One place.",
    ),
    Misconception(
        id="tied-first-only",
        name="only the first connection's gradient kept",
        wrong={
            **_tied(lambda a, axes: a[(0,) * len(axes)]),
            **_reduced(lambda g: g[0]),
        },
        tempting="All copies are equal, so any one of them seems to do.",
        why="The weights are equal, their gradients are not: each connection saw other inputs.",
        hint="Print two of the per-connection gradients.",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="One place.",
    ),
    Misconception(
        id="not-tied",
        name="the gradients left untied",
        wrong=_tied(lambda a, axes: a),
        tempting="Per-connection gradients look finished.",
        why="A shared parameter has one gradient: the sum over the connections that share it.",
        hint="Compare the shape of your result with that of the shared kernel.",
        chapter="one-weight-many-connections",
        section="first-as-nine-different-neurons",
        hides="One place.",
    ),
    Misconception(
        id="tied-over-everything",
        name="added over the wrong axes",
        wrong={
            "tie.dw": (
                lambda dw, db: dw.sum(axis=-1),
                lambda dw, db: np.asarray(dw.sum()),
                lambda dw, db: dw.sum(axis=0),
                lambda dw, db: dw.sum(axis=(0, 1)),
            ),
            "tie.db": (
                lambda dw, db: db.sum(axis=-1),
                lambda dw, db: np.asarray(db.sum()),
                lambda dw, db: db.sum(axis=0),
                lambda dw, db: db.sum(axis=(0, 1)),
            ),
            **_reduced(np.sum),
        },
        tempting="A sum without an axis, or over the last one, is short.",
        why="Only the axes of the places are added; filters, channels and offsets stay.",
        hint="Which axes of the per-connection gradient does the shared kernel not have?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="Nowhere.",
    ),
    Misconception(
        id="tied-too-early",
        name="every place given the sum of all",
        wrong={
            "local.dw": Change(
                after=lambda r, a: np.broadcast_to(r.sum(axis=_positions(r), keepdims=True), r.shape)
            ),
            "local.db": Change(
                after=lambda r, a: np.broadcast_to(
                    r.sum(axis=tuple(range(r.ndim - 1)), keepdims=True), r.shape
                )
            ),
        },
        tempting="In a convolution the gradient is that sum.",
        why="Here each place has a kernel of its own, which only its own delta reaches.",
        hint="Change the kernel of one place: which outputs move?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="One place.",
    ),
    Misconception(
        id="step-uphill",
        name="a step uphill",
        wrong=_moved(lambda p, g, v, rate, momentum: (p + rate * (momentum * v + g), momentum * v + g)),
        tempting="The new value is the old one plus something.",
        why="The gradient points to where the loss grows; the step goes the other way.",
        hint="Take a step on w squared from w = 1.",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="A velocity of zero.",
    ),
    Misconception(
        id="momentum-forgotten",
        name="the momentum left out",
        wrong={
            **_both(lambda p, g, v, rate, momentum: (p - rate * g, g)),
            "sgd.params": (
                _steps(lambda p, g, v, rate, momentum: (p - rate * g, g))(0),
                _steps(lambda p, g, v, rate, momentum: (p - rate * g, momentum * v + g))(0),
            ),
        },
        tempting="Without it the step is the plain one.",
        why="The old velocity has a share of `momentum` in the new one, and the step follows the velocity.",
        hint="Which line of your step reads the old velocity?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="The first step, and momentum 0.",
    ),
    Misconception(
        id="momentum-dampened",
        name="the gradient multiplied by 1 - momentum",
        wrong=_both(
            lambda p, g, v, rate, momentum: (
                p - rate * (momentum * v + (1 - momentum) * g),
                momentum * v + (1 - momentum) * g,
            )
        ),
        tempting="That is an exponential average, as Adam keeps it.",
        why="Here velocity = momentum * velocity + gradient; the average makes the step smaller by 1 - momentum.",
        hint="Compare your rule with the one in the exercise.",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="Momentum 0.",
    ),
    Misconception(
        id="velocity-of-before",
        name="a step along the old velocity",
        wrong=_moved(lambda p, g, v, rate, momentum: (p - rate * v, momentum * v + g)),
        tempting="The two lines stand in the other order.",
        why="First the velocity takes the new gradient in, then the parameter follows it.",
        hint="Does the very first step move at all?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="A constant velocity.",
    ),
    Misconception(
        id="rate-in-velocity",
        name="the rate multiplied into the velocity",
        wrong={
            "sgd.velocities": _steps(lambda p, g, v, rate, momentum: (p, momentum * v + rate * g))(1),
            "sgd.params": _steps(lambda p, g, v, rate, momentum: (p - momentum * v - rate * g, v))(0),
            "step.velocity": lambda w, gradients, velocity, rate, momentum: (
                momentum * velocity + rate * gradients.sum(axis=0)
            ),
            "step.w": lambda w, gradients, velocity, rate, momentum: (
                w - momentum * velocity - rate * gradients.sum(axis=0)
            ),
        },
        tempting="Many books write it so, and with a constant rate the path is the same.",
        why="The velocity here is a sum of gradients; only the step has the rate.",
        hint="Where does the rate stand in the rule of the exercise?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="The first step, and a whole run that keeps its rate and its own velocities.",
        joint=True,
    ),
    Misconception(
        id="velocity-downhill",
        name="a velocity that points downhill and holds the rate",
        wrong={
            "sgd.params": _steps(lambda p, g, v, rate, momentum: (p + momentum * v - rate * g, v))(0),
            "sgd.velocities": _steps(lambda p, g, v, rate, momentum: (p, momentum * v - rate * g))(1),
            "step.w": lambda w, gradients, velocity, rate, momentum: (
                w + momentum * velocity - rate * gradients.sum(axis=0)
            ),
            "step.velocity": lambda w, gradients, velocity, rate, momentum: (
                momentum * velocity - rate * gradients.sum(axis=0)
            ),
        },
        tempting="Many courses write v = momentum v - rate g and w = w + v.",
        why="The velocity here is a sum of gradients, without rate and sign; from such a velocity this steps uphill.",
        hint="Where do the rate and the minus stand in the rule of the exercise?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="The first step's parameters, and a whole run that keeps its rate and its own velocities.",
        joint=True,
    ),
    Misconception(
        id="rate-applied-twice",
        name="the rate applied twice",
        wrong=_both(
            lambda p, g, v, rate, momentum: (p - rate * (momentum * v + rate * g), momentum * v + rate * g)
        ),
        tempting="It stands in both rules that one knows.",
        why="The step is rate times velocity, and the velocity has no rate in it.",
        hint="Count the rates on the way from the gradient to the parameter.",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="A rate of 1.",
        joint=True,
    ),
    Misconception(
        id="looked-ahead",
        name="Nesterov's step instead of the plain one",
        wrong=_moved(
            lambda p, g, v, rate, momentum: (
                p - rate * (g + momentum * (momentum * v + g)),
                momentum * v + g,
            )
        ),
        tempting="It is the better known momentum in some frameworks.",
        why="The plain rule steps along the new velocity and no further.",
        hint="Compare your rule with the one in the exercise.",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="Momentum 0.",
    ),
    Misconception(
        id="rate-forgotten",
        name="the rate left out",
        wrong=_moved(lambda p, g, v, rate, momentum: (p - (momentum * v + g), momentum * v + g)),
        tempting="The gradient seems to be the step.",
        why="The gradient gives the direction; how far to go is the rate.",
        hint="Which line of your step reads the rate?",
        chapter="one-weight-many-connections",
        section="then-tied",
        hides="A rate of 1.",
    ),
    Misconception(
        id="checker-always-yes",
        name="a checker that accepts everything",
        wrong={"checker.agrees": lambda loss, gradient, x: True},
        tempting="It was only ever tried on right gradients.",
        why="A checker is worth what it rejects.",
        hint="Give it a gradient that is wrong on purpose.",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Right gradients.",
    ),
    Misconception(
        id="checker-always-no",
        name="a checker that rejects everything",
        wrong={"checker.agrees": lambda loss, gradient, x: False},
        tempting="A comparison for exact equality, or a tolerance below what rounding does.",
        why="A central difference has an error of its own, of about 1e-10 here.",
        hint="Print the largest difference for a gradient that you know to be right.",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Wrong gradients.",
    ),
    Misconception(
        id="checker-compares-means",
        name="a checker that compares means or sums",
        wrong={
            "checker.agrees": (
                lambda loss, gradient, x: bool(
                    np.isclose(central_differences(loss, x).sum(), gradient.sum(), rtol=1e-5, atol=1e-6)
                ),
                lambda loss, gradient, x: bool(
                    np.isclose(central_differences(loss, x).sum(), gradient.sum(), rtol=1e-4, atol=0)
                ),
                lambda loss, gradient, x: bool(
                    np.isclose(central_differences(loss, x).sum(), gradient.sum(), rtol=1e-4, atol=1e-4)
                ),
            )
        },
        tempting="One number is easy to compare.",
        why="A gradient that is turned, transposed or in another order has the same mean.",
        hint="Compare every entry with its own numeric value.",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Mistakes that change the mean.",
    ),
    Misconception(
        id="checker-compares-lengths",
        name="a checker that compares lengths",
        wrong={
            "checker.agrees": lambda loss, gradient, x: bool(
                np.isclose(
                    np.linalg.norm(central_differences(loss, x)),
                    np.linalg.norm(gradient),
                    rtol=1e-5,
                    atol=1e-6,
                )
            )
        },
        tempting="The norm of both gradients is one number each.",
        why="A gradient with the wrong sign, or turned, has the same length.",
        hint="Take the norm of the difference, not the difference of the norms.",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Mistakes that change the length.",
    ),
    Misconception(
        id="checker-first-entry",
        name="a checker that looks at one entry",
        wrong={
            "checker.agrees": (
                lambda loss, gradient, x: bool(
                    np.isclose(central_differences(loss, x).flat[0], gradient.flat[0], rtol=1e-5, atol=1e-6)
                ),
                lambda loss, gradient, x: bool(
                    np.isclose(central_differences(loss, x).flat[-1], gradient.flat[-1], rtol=1e-5, atol=1e-6)
                ),
                lambda loss, gradient, x: bool(_near(central_differences(loss, x), gradient).flat[0]),
                lambda loss, gradient, x: bool(_near(central_differences(loss, x), gradient).flat[-1]),
            )
        },
        tempting="A loop that returns in its first turn, or compares after it has ended, looks complete.",
        why="The other entries may be wrong.",
        hint="Where does the return stand: inside the loop or after it?",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Mistakes that touch that entry.",
    ),
    Misconception(
        id="checker-any-entry",
        name="a checker that is content if any entry agrees",
        wrong={
            "checker.agrees": lambda loss, gradient, x: bool(
                np.isclose(central_differences(loss, x), gradient, rtol=1e-5, atol=1e-6).any()
            )
        },
        tempting="any and all are easily taken for one another.",
        why="All entries must agree.",
        hint="any or all?",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Mistakes that leave no entry right.",
    ),
    Misconception(
        id="checker-no-absolute",
        name="a checker without the absolute value",
        wrong={
            "checker.agrees": (
                lambda loss, gradient, x: bool(np.all(central_differences(loss, x) - gradient < 1e-5)),
                lambda loss, gradient, x: bool(np.all(gradient - central_differences(loss, x) < 1e-5)),
                lambda loss, gradient, x: _only_below(central_differences(loss, x), gradient),
                lambda loss, gradient, x: _only_below(gradient, central_differences(loss, x)),
            )
        },
        tempting="a - b < tolerance reads like what one means.",
        why="It is true for every a that is much too small.",
        hint="Is -100 smaller than your tolerance?",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Mistakes in one direction.",
    ),
    Misconception(
        id="checker-divided-by-step",
        name="a checker that divides by one step instead of two",
        wrong={
            "checker.agrees": lambda loss, gradient, x: bool(
                np.all(_near(2 * central_differences(loss, x), gradient))
            )
        },
        tempting="A difference quotient is divided by h.",
        why="From x - h to x + h it is two steps, so the difference is divided by 2h.",
        hint="How far are the two points apart at which you call the loss?",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Gradients of zero.",
    ),
    Misconception(
        id="checker-sign-blind",
        name="a checker that ignores the sign",
        wrong={
            "checker.agrees": lambda loss, gradient, x: bool(
                np.allclose(np.abs(central_differences(loss, x)), np.abs(gradient), rtol=1e-5, atol=1e-6)
            )
        },
        tempting="The absolute values are taken one by one instead of that of the difference.",
        why="A gradient with the wrong sign makes the loss grow.",
        hint="Where does abs stand: around the difference or around each of the two?",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Mistakes that keep the sign.",
    ),
    Misconception(
        id="checker-absolute-tolerance",
        name="a checker whose tolerance does not grow or shrink with the gradient",
        wrong={
            "checker.agrees": tuple(
                lambda loss, gradient, x, tolerance=tolerance: bool(
                    np.max(np.abs(central_differences(loss, x) - gradient)) < tolerance
                )
                for tolerance in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
            )
        },
        tempting="1e-4 is small.",
        why="It is not small beside gradients of 1e-6, and too small beside those of 1e6, where rounding is larger.",
        hint="Divide the difference by the size of the two gradients.",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Gradients of about 1.",
    ),
    Misconception(
        id="checker-tolerance-too-wide",
        name="a checker with too wide a tolerance",
        wrong={
            "checker.agrees": tuple(
                lambda loss, gradient, x, tolerance=tolerance: bool(
                    relative_difference(central_differences(loss, x), gradient) < tolerance
                )
                for tolerance in (0.5, 0.2, 0.1, 0.05)
            )
        },
        tempting="It was widened until the test passed.",
        why="A gradient that is wrong by a few percent in one entry is wrong.",
        hint="A central difference in float64 agrees to about seven digits.",
        chapter="one-weight-many-connections",
        section="the-check",
        hides="Large mistakes.",
    ),
)
