"""The skills of the book, in its order: each is one thing that a person can do with a pencil."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np

from cnnlab.formatting import number, signed
from cnnlab.practice.draw import Drawn, Slip, Solution, catalogued, integers, own

DECIMALS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Skill:
    """One skill.

    id        short and stable: addresses and stored progress carry it
    title     what one can do, in a few words
    chapter   where it is taught: a file name without ending
    forms     how it is asked: each makes one question of random numbers, and how many are kept. Most draws are
              refused, see `Drawn.answers`
    beside    the skill that it is most easily confused with; a review puts the two side by side
    own       mistakes that are not in the catalogue, by id
    around    forms in which a mistake can hide behind the right answer, if it cannot in `forms`
    """

    id: str
    title: str
    chapter: str
    forms: tuple[tuple[Callable[[Random], Drawn], int], ...]
    beside: str
    own: Mapping[str, Slip] = field(default_factory=dict)
    around: tuple[Callable[[Random], Drawn], ...] = ()


# An input meets few outputs: that the first or the last one is missed can show at one end only.
FAR_END = ("first-position-missed", "last-position-missed")


def weight_1d(random: Random) -> Drawn:
    m, outputs = random.choice([(2, 3), (2, 4), (3, 3), (3, 2)])
    x, w, dy = integers(random, m + outputs - 1), integers(random, m), integers(random, outputs)
    at = random.randrange(m)
    return catalogued(
        f"y = x * w. What is dw[{at}]?",
        "conv1d_backward.dw",
        (0, 0, at),
        {"dy": dy, "x": x, "w": w},
        apart=(
            "averaged-positions",
            "product-of-sums",
            "gradient-rotated",
            "upstream-reversed",
            "wrong-sign",
        ),
    )


def bias_1d(random: Random) -> Drawn:
    m, outputs = random.choice([(2, 3), (2, 4), (3, 3)])
    given = {
        "dy": integers(random, outputs),
        "x": integers(random, m + outputs - 1),
        "w": integers(random, m),
    }
    return catalogued(
        f"y = x * w + b with {m} weights. What is db, the gradient of the bias?",
        "conv1d_backward.db",
        (0,),
        given,
        apart=("averaged-positions", "last-position-only", "first-position-only", "wrong-sign"),
    )


def input_1d(random: Random) -> Drawn:
    m, outputs = random.choice([(2, 3), (2, 4), (3, 3), (3, 4)])
    length = m + outputs - 1
    at = random.randrange(1, length - 1)
    given = {"dy": integers(random, outputs), "x": integers(random, length), "w": integers(random, m)}
    return catalogued(
        f"y = x * w. What is dx[{at}]?",
        "conv1d_backward.dx",
        (0, 0, at),
        given,
        apart=(
            "kernel-not-rotated",
            "assigned-not-added",
            "own-index-only",
            "wrong-sign",
            "upstream-ignored",
        ),
        blind=FAR_END,
    )


SIZES = {
    "not-rounded-down": Slip(
        "Windows that do not fit are not computed: divide, and round down.", "strides-padding-dilation"
    ),
    "one-forgotten": Slip(
        "The first window needs no step: steps + 1 windows.", "one-weight-many-connections"
    ),
    "padding-once": Slip("Padding stands at both ends, so it counts twice.", "strides-padding-dilation"),
    "padding-left-out": Slip(
        "The zeros at both ends make room for more windows.", "strides-padding-dilation"
    ),
    "stride-left-out": Slip("With a stride, the window skips places.", "strides-padding-dilation"),
    "counted-once": Slip(
        "That counts the weights. Each weight has a connection at every output.",
        "one-weight-many-connections",
    ),
    "outputs-only": Slip(
        "An output has as many connections as the kernel has weights.", "one-weight-many-connections"
    ),
    "all-joined": Slip("An output sees its window only, not every input.", "one-weight-many-connections"),
    "kernel-left-out": Slip("The last window ends where the input ends.", "one-weight-many-connections"),
}
COUNTS = {
    "biases-forgotten": Slip("Each kernel has a bias of its own.", "one-weight-many-connections"),
    "one-bias": Slip("There is one bias for each kernel, not one for all.", "one-weight-many-connections"),
    "one-channel": Slip("A kernel has weights for every channel of its input.", "whole-network"),
    "one-kernel": Slip("Every kernel has weights of its own.", "whole-network"),
}


def sizes(random: Random) -> Drawn:
    length, m = random.randrange(8, 31), random.randrange(2, 8)
    stride, padding = random.choice([2, 3]), random.choice([1, 2, 3])
    given = {"L": length, "M": m, "stride": stride, "padding": padding}

    def right(g: Mapping) -> float:
        return (g["L"] + 2 * g["padding"] - g["M"]) // g["stride"] + 1

    def explain(g: Mapping) -> Solution:
        room = g["L"] + 2 * g["padding"] - g["M"]
        return Solution(
            (
                "floor((L + 2 × padding - M) / stride) + 1",
                f"floor(({g['L']} + 2 × {g['padding']} - {g['M']}) / {g['stride']}) + 1 = floor({room} / {g['stride']}) + 1",
            )
        )

    return Drawn(
        ask="How many outputs has this convolution?",
        given=given,
        right=right,
        wrong=own(
            not_rounded_down=lambda g: (g["L"] + 2 * g["padding"] - g["M"]) / g["stride"] + 1,
            one_forgotten=lambda g: right(g) - 1,
            padding_once=lambda g: (g["L"] + g["padding"] - g["M"]) // g["stride"] + 1,
            padding_left_out=lambda g: (g["L"] - g["M"]) // g["stride"] + 1,
            stride_left_out=lambda g: g["L"] + 2 * g["padding"] - g["M"] + 1,
            kernel_left_out=lambda g: (g["L"] + 2 * g["padding"]) // g["stride"],
        ),
        explain=explain,
        apart=("not-rounded-down", "one-forgotten", "padding-left-out", "stride-left-out"),
    )


def parameters(random: Random) -> Drawn:
    given = {
        "kernels": random.randrange(2, 10),
        "channels": random.choice([2, 3]),
        "height": random.randrange(2, 4),
        "width": random.randrange(2, 6),
    }

    def weights(g: Mapping) -> int:
        return g["kernels"] * g["channels"] * g["height"] * g["width"]

    def explain(g: Mapping) -> Solution:
        return Solution(
            (
                "kernels × (channels × height × width + 1)",
                f"{g['kernels']} × ({g['channels']} × {g['height']} × {g['width']} + 1)",
            ),
            (weights(g), g["kernels"]),
        )

    return Drawn(
        ask="How many parameters has this layer, biases included?",
        given=given,
        right=lambda g: weights(g) + g["kernels"],
        wrong=own(
            biases_forgotten=weights,
            one_bias=lambda g: weights(g) + 1,
            one_channel=lambda g: g["kernels"] * (g["height"] * g["width"] + 1),
            one_kernel=lambda g: g["channels"] * g["height"] * g["width"] + 1,
        ),
        explain=explain,
        apart=("biases-forgotten", "one-bias", "one-channel", "one-kernel"),
    )


def connections(random: Random) -> Drawn:
    given = {"L": random.randrange(8, 21), "M": random.randrange(2, 6)}

    def outputs(g: Mapping) -> int:
        return g["L"] - g["M"] + 1

    def explain(g: Mapping) -> Solution:
        return Solution(
            (
                "every output has a connection to each input of its window: outputs × M",
                f"({g['L']} - {g['M']} + 1) × {g['M']} = {outputs(g)} × {g['M']}",
            )
        )

    return Drawn(
        ask="How many connections has this convolution, without padding, with stride 1?",
        given=given,
        right=lambda g: outputs(g) * g["M"],
        wrong=own(
            counted_once=lambda g: g["M"],
            outputs_only=outputs,
            one_forgotten=lambda g: (g["L"] - g["M"]) * g["M"],
            kernel_left_out=lambda g: g["L"] * g["M"],
            all_joined=lambda g: g["L"] * outputs(g),
        ),
        explain=explain,
        apart=("counted-once", "outputs-only", "one-forgotten", "kernel-left-out", "all-joined"),
    )


def shared_step(random: Random) -> Drawn:
    terms = integers(random, random.choice([2, 3]))
    given = {
        "w": np.array([random.choice([1.0, 2.0, -1.0])]),
        "gradients": terms,
        "velocity": np.array([random.choice([-2.0, 2.0, 4.0])]),
    }
    rate, momentum = random.choice([0.1, 0.2, 0.5]), 0.5

    def explain(g: Mapping) -> Solution:
        velocity = momentum * g["velocity"][0] + g["gradients"].sum()
        summed = " + ".join(signed(value) for value in g["gradients"])
        return Solution(
            (
                "v becomes momentum × v + the sum of the gradients; then w becomes w - rate × v",
                f"v = {number(momentum)} × {signed(g['velocity'][0])} + {summed} = {number(velocity)}",
                f"w = {number(g['w'][0])} - {number(rate)} × {signed(velocity)}",
            ),
            (g["w"][0], -rate * velocity),
        )

    asked = catalogued(
        f"One weight w stands at {len(terms)} connections. Rate {number(rate)}, momentum {number(momentum)}. "
        "What is w after one step?",
        "momentum_step.w",
        (0,),
        given,
        apart=("tied-by-mean", "momentum-forgotten", "step-uphill", "velocity-of-before", "tied-last-only"),
        hidden={"rate": rate, "momentum": momentum},
    )
    # The catalogue's functions take an axis of connections in front.
    return replace(asked, explain=explain)


def routing(random: Random) -> Drawn:
    length = random.choice([4, 5, 6])
    x = np.array([random.sample(range(1, 10), length)], float)
    dy = integers(random, 1, length - 1, choices=(-2, 2, 3, 4, 5))
    at = random.randrange(1, length - 1)
    return catalogued(
        f"Max-pooling with windows of 2, stride 1. What is dx[{at}]?",
        "max_pool2d_backward.dx",
        (0, 0, 0, at),
        {"dy": dy, "x": x},
        apart=("pool-assigned", "pool-times-maximum", "pool-every-input"),
        hidden={"size": (1, 2), "stride": (1, 1)},
        blind=HIDDEN_IN_ROUTES,
    )


def ties(random: Random) -> Drawn:
    x = np.array([[random.choice([1, 2, 3]) for _ in range(4)] for _ in range(2)], float)
    window = random.randrange(2)
    first, second = random.choice(
        [((0, 0), (0, 1)), ((0, 0), (1, 0)), ((0, 0), (1, 1)), ((0, 1), (1, 0)), ((0, 1), (1, 1))]
    )
    top = float(random.choice([4, 5, 6]))
    for row, column in (first, second):
        x[row, 2 * window + column] = top
    row, column = first[0], 2 * window + first[1]
    dy = integers(random, 1, 2, choices=(-4, -2, 2, 4, 6))
    return catalogued(
        "Max-pooling with windows of 2 by 2. Of equal maxima the first takes everything, row by row. "
        f"What is dx[{row}, {column}]?",
        "max_pool2d_backward.dx",
        (0, 0, row, column),
        {"dy": dy, "x": x},
        apart=("pool-split-ties", "pool-last-tie", "pool-times-maximum"),
        hidden={"size": (2, 2)},
        blind=(*HIDDEN_IN_ROUTES, "pool-all-ties", "pool-every-input"),
    )


HIDDEN_IN_ROUTES = (
    "upstream-ignored",
    "pool-neurons-nulled",
    "pool-largest-absolute",
    "pool-starts-at-zero",
    "pool-one-maximum",
    "pool-winners-copied",
    "pool-index-in-window",
    "pool-window-turned",
    "pool-column-tie",
    "pool-stride-ignored",
    "upstream-reversed",
)

LAYERS = {
    "value-multiplied": Slip(
        "The delta is handed on as it is: the size of the winner does not enter.", "max-pooling-routes"
    ),
    "shared-out": Slip("Only the winner gets the delta; it is not shared.", "max-pooling-routes"),
    "gate-forgotten": Slip(
        "ReLU passes a delta only where z > 0. Its output 0 can win a window, but z does not feel it.",
        "whole-network",
    ),
    "slope-forgotten": Slip("A sigmoid multiplies the delta by its slope, a × (1 - a).", "two-dimensions"),
    "slope-a": Slip("That took a for the slope. The slope is a × (1 - a).", "two-dimensions"),
    "slope-rest": Slip("That took 1 - a for the slope. The slope is a × (1 - a).", "two-dimensions"),
    "sign": Slip("No layer here turns the sign.", "two-dimensions"),
    "slope-twice": Slip("The slope stands in the product once for each sigmoid.", "two-dimensions"),
}


def layers(random: Random) -> Drawn:
    z = np.array([random.sample([-4, -3, -2, -1, 1, 2, 3, 4, 5], 4)], float)
    dp = integers(random, 1, 2, choices=(-4, -2, 2, 4, 6, 8))
    at = random.randrange(4)

    def winner(g: Mapping, window: int) -> int:
        pair = np.maximum(g["z"][0, 2 * window : 2 * window + 2], 0)
        return 2 * window + int(np.argmax(pair))

    def upstream(g: Mapping) -> float:
        return g["dp"][0, at // 2]

    def right(g: Mapping) -> float:
        return upstream(g) * (winner(g, at // 2) == at) * (g["z"][0, at] > 0)

    def explain(g: Mapping) -> Solution:
        window = at // 2
        return Solution(
            (
                f"z[{at}] is in window {window}. After ReLU the largest there is at {winner(g, window)}.",
                f"z[{at}] = {number(g['z'][0, at])} is above 0, so the delta {number(upstream(g))} passes.",
            )
        )

    return Drawn(
        ask=f"a = relu(z), then max-pooling with windows of 2. What is dz[{at}]?",
        given={"z": z, "dp": dp},
        right=right,
        wrong=own(
            value_multiplied=lambda g: upstream(g) * g["z"][0, at],
            shared_out=lambda g: upstream(g) / 2,
            sign=lambda g: -upstream(g),
        ),
        explain=explain,
        apart=("value-multiplied", "shared-out", "sign"),
    )


def through_sigmoid(random: Random) -> Drawn:
    given = {"a": random.choice(DECIMALS), "da": float(random.choice([-5, -4, -3, -2, 2, 3, 4, 5]))}

    def explain(g: Mapping) -> Solution:
        return Solution(
            ("dz = da × a × (1 - a)", f"{signed(g['da'])} × {number(g['a'])} × {number(1 - g['a'])}")
        )

    return Drawn(
        ask="a = sigmoid(z), and a is known. What is dz?",
        given=given,
        right=lambda g: g["da"] * g["a"] * (1 - g["a"]),
        wrong=own(
            slope_forgotten=lambda g: g["da"],
            slope_a=lambda g: g["da"] * g["a"],
            slope_rest=lambda g: g["da"] * (1 - g["a"]),
            slope_twice=lambda g: g["da"] * (g["a"] * (1 - g["a"])) ** 2,
            sign=lambda g: -g["da"] * g["a"] * (1 - g["a"]),
        ),
        explain=explain,
        apart=("slope-forgotten", "slope-a", "slope-rest", "sign"),
    )


def weight_2d(random: Random) -> Drawn:
    kernel, outputs = random.choice([((2, 2), (2, 2)), ((2, 2), (2, 3)), ((2, 3), (2, 2))])
    shape = tuple(k + o - 1 for k, o in zip(kernel, outputs, strict=True))
    at = tuple(random.randrange(k) for k in kernel)
    given = {"dy": integers(random, *outputs), "x": integers(random, *shape, choices=(-2, -1, 0, 1, 2, 3))}
    given["w"] = integers(random, *kernel)
    return catalogued(
        f"y = x * w. What is dw[{at[0]}, {at[1]}]?",
        "conv2d_backward.dw",
        (0, 0, *at),
        given,
        apart=(
            "averaged-positions",
            "product-of-sums",
            "gradient-rotated",
            "upstream-reversed",
            "wrong-sign",
        ),
    )


def input_2d(random: Random) -> Drawn:
    outputs = random.choice([(2, 2), (2, 3)])
    given = {
        "dy": integers(random, *outputs),
        "x": integers(random, *(o + 1 for o in outputs)),
        "w": integers(random, 2, 2),
    }
    return catalogued(
        "y = x * w. What is dx[1, 1]?",
        "conv2d_backward.dx",
        (0, 0, 1, 1),
        given,
        apart=(
            "kernel-not-rotated",
            "rows-columns-swapped",
            "assigned-not-added",
            "wrong-sign",
            "own-index-only",
        ),
        blind=FAR_END,
    )


def two_layers(random: Random) -> Drawn:
    given = {
        "dy": integers(random, 2),
        "x": integers(random, 4, choices=(-1, 1, 2, 3)),
        "w1": integers(random, 2, choices=(-1, 1, 2)),
        "w2": integers(random, 2),
    }
    at = random.randrange(2)
    return catalogued(
        f"h = x * w1, then y = h * w2. What is dw1[{at}]?",
        "two_convolutions_backward.dw1",
        (0, 0, at),
        given,
        apart=(
            "product-of-sums-two-layers",
            "second-kernel-skipped",
            "second-kernel-not-rotated",
            "wrong-sign",
        ),
    )


def stride(random: Random) -> Drawn:
    m, outputs = random.choice([(2, 3), (3, 3), (3, 2)])
    at = random.randrange(m)
    given = {
        "dy": integers(random, outputs),
        "x": integers(random, 2 * (outputs - 1) + m),
        "w": integers(random, m),
    }
    return catalogued(
        f"y = x * w with stride 2. What is dw[{at}]?",
        "conv1d_backward.dw",
        (0, 0, at),
        given,
        apart=("stride-ignored", "averaged-positions", "product-of-sums", "wrong-sign"),
        hidden={"stride": 2},
    )


def padding(random: Random) -> Drawn:
    length = random.choice([3, 4])
    at = random.randrange(length)
    given = {"dy": integers(random, length), "x": integers(random, length), "w": integers(random, 3)}
    return catalogued(
        f"y = x * w with padding 1. What is dx[{at}]?",
        "conv1d_backward.dx",
        (0, 0, at),
        given,
        apart=("kernel-not-rotated", "assigned-not-added", "own-index-only", "wrong-sign"),
        blind=FAR_END,
        hidden={"padding": 1},
    )


def dilation(random: Random) -> Drawn:
    outputs, m = random.choice([(3, 2), (2, 3), (4, 2)])
    at = random.randrange(1, m)
    given = {
        "dy": integers(random, outputs),
        "x": integers(random, outputs + 2 * (m - 1)),
        "w": integers(random, m),
    }
    return catalogued(
        f"y = x * w with dilation 2. What is dw[{at}]?",
        "conv1d_backward.dw",
        (0, 0, at),
        given,
        apart=("dilation-ignored", "averaged-positions", "product-of-sums", "wrong-sign"),
        hidden={"dilation": 2},
    )


SOFTMAX = {
    "batch-mean-forgotten": Slip(
        "The loss is a mean over the examples, so each delta is divided by their number.", "whole-network"
    ),
    "label-forgotten": Slip("For the right class 1 is taken off: p - 1.", "whole-network"),
    "label-everywhere": Slip("1 is taken off for the right class only.", "whole-network"),
    "sign": Slip("That is target minus p. The delta is p minus target.", "whole-network"),
    "slope-again": Slip(
        "p - t is the delta at the scores already: the slope of softmax is in it.", "whole-network"
    ),
    "loss-slope": Slip(
        "That is the slope of the loss at p. The question is about the score.", "whole-network"
    ),
}


def one_example(random: Random) -> Drawn:
    """With one example nothing shows whether the mean was taken."""
    return softmax(random, (1,))


def softmax(random: Random, counts: tuple[int, ...] = (2, 4, 5, 10)) -> Drawn:
    count = random.choice(counts)
    asked_right = random.random() < 0.6
    given = {"p": random.choice(DECIMALS), "examples": count}
    target = 1 if asked_right else 0
    which = "the right class" if asked_right else "a wrong class"

    def explain(g: Mapping) -> Solution:
        return Solution(
            (
                "(p - t) / N, with t = 1 for the right class and 0 for the others",
                f"({number(g['p'])} - {target}) / {g['examples']}",
            )
        )

    forgotten = "label-forgotten" if asked_right else "label-everywhere"
    return Drawn(
        ask=f"Softmax gives {which} the probability p. The loss is the mean cross-entropy over the examples. "
        "What is the delta at its score?",
        given=given,
        right=lambda g: (g["p"] - target) / g["examples"],
        wrong=own(
            batch_mean_forgotten=lambda g: g["p"] - target,
            **{forgotten: lambda g: (g["p"] - (1 - target)) / g["examples"]},
            sign=lambda g: (target - g["p"]) / g["examples"],
            slope_again=lambda g: (g["p"] - target) * g["p"] * (1 - g["p"]) / g["examples"],
            **({"loss_slope": lambda g: -1 / g["p"] / g["examples"]} if asked_right else {}),
        ),
        explain=explain,
        apart=("batch-mean-forgotten", forgotten, "sign"),
    )


def channels(random: Random) -> Drawn:
    seen, at = random.randrange(2), random.randrange(1, 3)
    given = {"dy": integers(random, 2, 3), "x": integers(random, 2, 4, choices=(-1, 1, 2))}
    w = integers(random, 4, 2).reshape(2, 2, 2)

    given["w"] = w
    return catalogued(
        f"Two kernels see two channels; w[k] has a row for each channel. What is dx[{seen}, {at}]?",
        "conv1d_backward.dx",
        (0, seen, at),
        given,
        apart=("one-filter", "channels-added", "kernel-not-rotated", "wrong-sign"),
        blind=FAR_END,
    )


def groups(random: Random) -> Drawn:
    given = {
        "dy": integers(random, 2, 3),
        "x": integers(random, 2, 4, choices=(-1, 1, 2)),
        "w": integers(random, 2, 2).reshape(2, 1, 2),
    }
    seen, at = random.randrange(2), random.randrange(1, 3)
    return catalogued(
        f"Two groups: kernel 0 sees channel 0 only, kernel 1 sees channel 1. What is dx[{seen}, {at}]?",
        "conv1d_backward.dx",
        (0, seen, at),
        given,
        apart=("groups-ignored", "groups-crossed", "kernel-not-rotated", "wrong-sign"),
        blind=FAR_END,
        hidden={"groups": 2},
    )


SKILLS = (
    Skill(
        id="dw-1d",
        title="The gradient of a weight, one dimension",
        chapter="one-dimension-by-hand",
        forms=((weight_1d, 45), (bias_1d, 10)),
        beside="dx-1d",
    ),
    Skill(
        id="dx-1d",
        title="The gradient of an input, one dimension",
        chapter="one-dimension-by-hand",
        forms=((input_1d, 50),),
        beside="dw-1d",
    ),
    Skill(
        id="sizes",
        title="Sizes, connections and parameters",
        chapter="one-weight-many-connections",
        forms=((sizes, 30), (parameters, 15), (connections, 15)),
        beside="stride",
        own=SIZES | COUNTS,
    ),
    Skill(
        id="step",
        title="A step of a shared weight, with momentum",
        chapter="one-weight-many-connections",
        forms=((shared_step, 50),),
        beside="softmax",
    ),
    Skill(
        id="routing",
        title="The route through max-pooling",
        chapter="max-pooling-routes",
        forms=((routing, 35), (ties, 20)),
        beside="layers",
    ),
    Skill(
        id="layers",
        title="A delta through sigmoid, ReLU and pooling",
        chapter="two-dimensions",
        forms=((layers, 30), (through_sigmoid, 20)),
        beside="routing",
        own=LAYERS,
    ),
    Skill(
        id="dw-2d",
        title="The gradient of a weight, two dimensions",
        chapter="two-dimensions",
        forms=((weight_2d, 50),),
        beside="dx-2d",
    ),
    Skill(
        id="dx-2d",
        title="The gradient of an input, two dimensions",
        chapter="two-dimensions",
        forms=((input_2d, 50),),
        beside="dw-2d",
    ),
    Skill(
        id="two-layers",
        title="Back through two convolutions",
        chapter="two-convolutions",
        forms=((two_layers, 50),),
        beside="dw-1d",
    ),
    Skill(
        id="stride",
        title="A gradient with a stride",
        chapter="strides-padding-dilation",
        forms=((stride, 50),),
        beside="dilation",
    ),
    Skill(
        id="padding",
        title="A gradient with padding",
        chapter="strides-padding-dilation",
        forms=((padding, 50),),
        beside="dx-1d",
    ),
    Skill(
        id="dilation",
        title="A gradient with dilation",
        chapter="strides-padding-dilation",
        forms=((dilation, 50),),
        beside="stride",
    ),
    Skill(
        id="softmax",
        title="The delta at softmax and cross-entropy",
        chapter="whole-network",
        forms=((softmax, 50),),
        beside="step",
        own=SOFTMAX,
        around=(one_example,),
    ),
    Skill(
        id="channels",
        title="Channels and groups",
        chapter="convolution-is-a-matrix",
        forms=((channels, 35), (groups, 20)),
        beside="dx-1d",
    ),
)
"""The fourteen skills, in the order of the book."""
