"""What a formula may be about: a convolution, one with a stride, a network. Each is drawn as a `World`.

A setting holds what is given and the forward pass, computed by the backend, and no gradient: those are differences of the
forward pass. `ORDINARY` are tried where a cell names no setting of its own.
"""

from functools import partial

import numpy as np

from cnnlab import activations, conv, geometry, losses, network, optim, pool
from tools.equations import notation
from tools.equations.world import COST, World

ORDINARY = (
    "convolution in 1D",
    "convolution in 2D",
    "convolution of a batch",
    "one neuron",
    "a cost",
    "all options",
    "an ordinary network",
)
SETTINGS = {}


def setting(name):
    """Register a function that draws a world."""

    def register(function):
        SETTINGS[name] = function
        return function

    return register


def draws(name, *, more=False):
    """The seeds with which a setting is drawn, or as many others: many for an inequality, one where arrays are large."""
    count = {"a tie": 24, "a convolutional network": 1}.get(name, 3)
    return range(count, 2 * count) if more else range(count)


def draw(name, seed):
    """One world of a setting; the same seed draws the same."""
    return SETTINGS[name](np.random.default_rng([seed, len(name)]))


def integers(rng, *shape):
    """Small integers as floats, none of them 0 or 1, which would hide a factor."""
    return rng.choice([-5, -4, -3, -2, 2, 3, 4, 5], shape).astype(float)


def arrays(rng, sizes, *letters):
    """Integers for each letter, of the shape that *Notation* gives it; an axis of one entry is left out."""
    dims = 1 if "L" in sizes else 2
    found = {}
    for letter in letters:
        shape = notation.read().shapes[letter][dims]
        found[letter] = integers(rng, *(sizes[size] for size in shape if sizes[size] != 1))
    return found


def unequal(rng, **choices):
    """A size for each letter, and no two letters with the same."""
    while True:
        sizes = {letter: int(rng.integers(low, high + 1)) for letter, (low, high) in choices.items()}
        if len(set(sizes.values())) == len(sizes):
            return sizes


def inner(upstream):
    """A cost with the upstream gradient `upstream`: the inner product of both."""
    return lambda y: np.sum(upstream * y)


def _convolution(rng, sizes, *, bias=True, **options):
    """The world of one convolution; which axes there are follows from the sizes."""
    dims = 1 if "L" in sizes else 2
    function = conv.conv1d if dims == 1 else conv.conv2d
    given = arrays(rng, sizes, "x", "w", *(["b"] if bias else []))
    full = {letter: [sizes[size] for size in notation.read().shapes[letter][dims]] for letter in given}

    def forward(v):
        x, w = (np.reshape(v[letter], full[letter]) for letter in ("x", "w"))
        y = function(x, w, np.reshape(v["b"], full["b"]) if bias else None, **options)
        return y.reshape([size for size in y.shape if size != 1])

    y = forward(given)
    steps = [("y", forward)]
    if options.get("padding") and dims == 1:
        # The padded input is a letter of its own, and the output follows from it.
        inside = {key: value for key, value in options.items() if key != "padding"}
        bordered = r"\bar x"
        steps = [
            (bordered, lambda v: np.pad(v["x"], options["padding"])),
            (
                "y",
                lambda v: function(
                    v[bordered].reshape(1, 1, -1), np.reshape(v["w"], full["w"]), **inside
                ).ravel(),
            ),
        ]
    counts = {letter: size for letter, size in sizes.items() if letter != COST}
    counts |= {"O": y.shape[-1]} if dims == 1 else dict(zip(("O_1", "O_2"), y.shape, strict=True))
    cost = inner(integers(rng, *y.shape))
    return given | counts, [*steps, (COST, lambda v: cost(v["y"]))]


@setting("convolution in 1D")
def convolution_1d(rng):
    """One convolution of a signal, stride 1, no padding."""
    sizes = unequal(rng, L=(7, 9), M=(3, 4)) | {"N": 1, "C": 1, "K": 1}
    return World(*_convolution(rng, sizes), delta="y")


@setting("convolution in 2D")
def convolution_2d(rng):
    """One convolution of an image, stride 1, no padding."""
    sizes = unequal(rng, H=(4, 6), W=(5, 7), P=(2, 3), Q=(2, 3)) | {"N": 1, "C": 1, "K": 1}
    return World(*_convolution(rng, sizes), delta="y")


@setting("convolution of a batch")
def convolution_batch(rng):
    """A batch of signals with several channels, several filters."""
    sizes = unequal(rng, N=(2, 3), M=(2, 3), C=(3, 4), K=(4, 5), L=(6, 7))
    return World(*_convolution(rng, sizes), delta="y")


def _with_options(names, rng):
    """One convolution in 1D without a bias, with stride s, padding p, dilation d, or some of them, no two equal."""
    sizes = unequal(rng, L=(12, 16), M=(3, 4)) | {"N": 1, "C": 1, "K": 1}
    options = dict(zip(names, (int(size) for size in rng.permutation([2, 3, 4])), strict=False))
    given, steps = _convolution(rng, sizes, bias=False, **options)
    return World(given | {name[0]: size for name, size in options.items()}, steps, delta="y")


SETTINGS["convolution without a bias"] = partial(_with_options, ())
SETTINGS["all options"] = partial(_with_options, ("stride", "padding", "dilation"))
for _one in ("stride", "padding", "dilation"):
    SETTINGS[_one] = partial(_with_options, (_one,))


@setting("transposed convolution")
def transposed(rng):
    """From n deltas back to the O entries in front of a convolution; the output padding is what the stride leaves over."""
    size = int(rng.integers(3, 5))
    s, p, d = (int(option) for option in rng.permutation([2, 3, 4]))
    deltas = int(rng.integers(5, 8))
    left = int(rng.integers(1, s))
    length = next(n for n in range(1, 99) if n + 2 * p >= d * (size - 1) + 1 + s * (deltas - 1)) + left
    y = conv.conv1d(np.ones((1, 1, length)), np.ones((1, 1, size)), stride=s, padding=p, dilation=d)
    counts = {"n": y.size, "O": length, "M": size, "s": s, "p": p, "d": d}
    return World(counts | {r"\text{output padding}": left})


@setting("max-pooling")
def max_pooling(rng):
    """Windows W over a signal x without ties; they overlap."""
    count, size, step = int(rng.integers(8, 11)), 3, int(rng.integers(1, 3))
    x = rng.permutation(count).astype(float)

    def forward(v):
        return pool.max_pool2d(v["x"].reshape(1, 1, 1, -1), (1, size), stride=(1, step)).ravel()

    y = forward({"x": x})
    windows = tuple(tuple(range(i * step, i * step + size)) for i in range(len(y)))
    cost = inner(integers(rng, len(y)))
    return World(
        {"x": x, "W": windows},
        [("y", forward), (COST, lambda v: cost(v["y"]))],
        delta="y",
        wins=lambda j, i: j in windows[i] and x[j] == max(x[k] for k in windows[i]),
    )


@setting("a tie")
def tie(rng):
    """Entries x with a tie for the maximum, shares g among the tied, and a direction d, which may be short or long."""
    top, share = rng.choice([-9, 7]), rng.integers(1, 8) / 8
    x = top - rng.integers(1, 9, 5).astype(float)
    x[[1, 3]] = top
    return World(
        {
            "x": x,
            "g": np.array([0, share, 0, 1 - share, 0]),
            "d": integers(rng, 5) * rng.choice([1 / 8, 1, 16]),
        }
    )


@setting("two branches")
def branches(rng):
    """x feeds two branches, a and b, which meet in the cost."""
    return World(
        {"x": integers(rng)},
        [("a", lambda v: 3 * v["x"]), ("b", lambda v: v["x"] ** 2), (COST, lambda v: v["a"] * v["b"])],
    )


@setting("a residual branch")
def residual(rng):
    """y = x + f(x): a branch with a function, and a branch without."""
    upstream = 3.0
    steps = [("y", lambda v: v["x"] + activations.tanh(v["x"])), (COST, lambda v: upstream * v["y"])]
    return World({"x": integers(rng) / 4}, steps, smooth=True)


@setting("one weight twice")
def twice(rng):
    """y = w u with u = w x: the same weight used twice in a row."""
    return World(
        {"x": integers(rng), "w": integers(rng)},
        [("u", lambda v: v["w"] * v["x"]), ("y", lambda v: v["w"] * v["u"])],
    )


@setting("a shared parameter")
def shared(rng):
    """One parameter theta, used as the weight of n connections."""
    n = int(rng.integers(3, 6))
    factors, squares = integers(rng, n), integers(rng, n)
    return World(
        {r"\theta": integers(rng), "n": n},
        [
            ("w", lambda v: np.full(n, v[r"\theta"])),
            (COST, lambda v: np.sum(factors * v["w"]) + np.sum(squares * v["w"] ** 2)),
        ],
    )


@setting("a shared parameter with two signs")
def two_signs(rng):
    """The kernel [a, -a]."""
    factors = integers(rng, 2)
    return World(
        {"a": integers(rng)},
        [("w", lambda v: np.array([v["a"], -v["a"]])), (COST, lambda v: np.sum(factors * v["w"]))],
    )


@setting("an ordinary network")
def ordinary_network(rng):
    """Layers 1 to L of unequal sizes with the sigmoid, a^0 as the input, half the sum of squares as the cost."""
    sizes = [int(size) for size in rng.permutation([2, 3, 4, 5])]
    last = len(sizes) - 1
    given, steps = {"L": last, ("a", 0): integers(rng, sizes[0]) / 4}, []
    for l in range(1, last + 1):
        w = integers(rng, sizes[l], sizes[l - 1]) / 8
        given |= {("w", l): w, ("b", l): integers(rng, sizes[l]) / 8}
        steps += [
            (("W", l), lambda v, l=l: v["w", l]),
            (("z", l), lambda v, l=l: v["W", l] @ v["a", l - 1] + v["b", l]),
            (("a", l), lambda v, l=l: activations.sigmoid(v["z", l])),
        ]
    given["t"] = integers(rng, sizes[-1])
    steps += [(cost, lambda v: losses.half_sum_of_squares(v["a", last], v["t"])) for cost in (COST, "E")]
    return World(given, steps, smooth=True)


@setting("one neuron")
def one_neuron(rng):
    """a = sigma(z) of a single neuron, and half its squared error as the cost."""
    return World(
        {"z": integers(rng) / 2, "t": integers(rng)},
        [
            ("a", lambda v: activations.sigmoid(v["z"])),
            (COST, lambda v: losses.half_sum_of_squares(v["a"].reshape(1), v["t"].reshape(1))),
        ],
        smooth=True,
    )


@setting("maps to outputs")
def maps_to_outputs(rng):
    """a = sigma(m), and linear outputs z = v a."""
    given = {"m": integers(rng, 4) / 2, "v": integers(rng, 2, 4)}
    cost = inner(integers(rng, 2))
    steps = [("a", lambda v: activations.sigmoid(v["m"])), ("z", lambda v: v["v"] @ v["a"])]
    return World(given, [*steps, (COST, lambda v: cost(v["z"]))], smooth=True)


@setting("softmax and cross-entropy")
def softmax(rng):
    """The last layer L of a network that ends in softmax and the mean cross-entropy of a batch."""
    n, k = 3, 4
    labels = rng.integers(0, k, n)
    return World(
        {("z", 2): integers(rng, n, k) / 2, "t": np.eye(k)[labels], "N": n, "L": 2},
        [(COST, lambda v: losses.softmax_cross_entropy(v["z", 2], labels))],
        smooth=True,
    )


@setting("a convolutional network")
def convolutional_network(rng):
    """A batch through a padded convolution, ReLU, a fully connected layer (v, u) from features f to scores h, the loss."""
    classes, labels = 5, rng.integers(0, 5, 2)
    given = {
        "x": integers(rng, 2, 3, 2, 4) / 8,
        "w": integers(rng, 4, 3, 2, 3) / 8,
        "b": rng.choice([-0.25, 0.25], 4) + 1 / 128,  # no z is 0, and no step leads over it
        "v": integers(rng, classes, 48) / 64,
        "u": integers(rng, classes) / 8,
        "t": np.eye(classes)[labels],
    }
    counts = {"N": 2, "K": 4, "H": 2, "W": 4, "P": 2, "Q": 3}
    steps = [
        (r"\bar x", lambda v: np.pad(v["x"], [(0, 0), (0, 0), (1, 1), (1, 1)])),
        ("y", lambda v: conv.conv2d(v[r"\bar x"], v["w"], v["b"])),
        ("z", lambda v: v["y"]),
        ("a", lambda v: activations.relu(v["z"])),
        ("f", lambda v: network.Flatten().forward(v["a"])),
        ("h", lambda v: network.Dense(v["v"], v["u"]).forward(v["f"])),
        (COST, lambda v: losses.softmax_cross_entropy(v["h"], labels)),
    ]
    return World(given | counts, steps, delta="h", rows="fhtu", smooth=True)


@setting("a cost")
def a_cost(rng):
    """Half the sum of squares of outputs, y or h, and a target."""
    n = int(rng.integers(3, 6))
    y = integers(rng, n)
    return World(
        {"t": integers(rng, n), "y": y, "h": y},
        [(name, lambda v: losses.half_sum_of_squares(v["y"], v["t"])) for name in ("E", COST)],
    )


@setting("one output and its square")
def one_square(rng):
    """C = (y - t)^2 for one output."""
    return World(
        {"y": integers(rng), "t": integers(rng)},
        [(COST, lambda v: losses.squared_error(v["y"].reshape(1), v["t"].reshape(1)))],
    )


@setting("two sums")
def two_sums(rng):
    """Inputs x and deltas d of n connections."""
    n = int(rng.integers(3, 6))
    return World({"x": integers(rng, n), "d": integers(rng, n), "n": n})


def _stacked(rng, sizes, length):
    """Convolutions on top of each other, without activations: h^0 = x, then h^l; y is the last."""
    last = len(sizes)
    x = integers(rng, length)
    given = {"x": x, "L": last, "M": np.array(sizes, float)} | {
        ("w", l): integers(rng, m) for l, m in enumerate(sizes, 1)
    }
    steps = [(("h", 0), lambda v: v["x"])]
    for l in range(1, last + 1):
        steps.append(
            (("h", l), lambda v, l=l: conv.conv1d(v["h", l - 1][None, None], v["w", l][None, None]).ravel())
        )
    steps.append(("y", lambda v: v["h", last]))
    upstream = integers(rng, length - sum(m - 1 for m in sizes))
    return given, [*steps, (COST, lambda v: np.sum(upstream * v["y"]))]


@setting("several convolutions")
def several(rng):
    """Three convolutions, kernels of unequal sizes."""
    return World(*_stacked(rng, [int(m) for m in rng.permutation([2, 3, 4])], 9), starts={"M": 1}, delta="y")


@setting("two convolutions")
def two(rng):
    """Two convolutions, and the kernel k that does both at once."""
    sizes = [int(m) for m in rng.permutation([2, 3])]
    given, steps = _stacked(rng, sizes, 8)
    both = np.convolve(given["w", 1], given["w", 2])
    return World(given | {"k": both, "O": 8 - sum(sizes) + 2}, steps, starts={"M": 1}, delta="y")


@setting("a receptive field")
def receptive_field(rng):
    """L convolutions with kernels of sizes M_1 to M_L; R counts the inputs that one output sees."""
    sizes = [int(m) for m in rng.choice([2, 3, 4, 5], int(rng.integers(2, 5)))]
    given, steps = _stacked(rng, sizes, sum(sizes) + 2)
    world = World(given, steps)
    seen = int(np.count_nonzero(world.slopes("y", "x")[0]))
    return World(given | {"R": seen}, steps, starts={"M": 1})


@setting("columns")
def columns(rng):
    """Weights as a matrix w, what they meet as the columns of a matrix, and the outputs y, all of a convolution."""
    taps, outputs, kernels = 3, 5, 2
    x = integers(rng, 1, 1, outputs + taps - 1)
    met = geometry.gather(x, geometry.met([outputs], [taps]))
    name = r"\text{columns}"

    def forward(v):
        # The columns one behind the other, and a stride as long as the kernel: each output sees one column.
        side_by_side = v[name].T.reshape(1, 1, -1)
        return conv.conv1d(side_by_side, v["w"][:, None], stride=taps)[0]

    cost = inner(integers(rng, kernels, outputs))
    given = {name: met.reshape(outputs, taps).T.copy(), "w": integers(rng, kernels, taps)}
    return World(given, [("y", forward), (COST, lambda v: cost(v["y"]))])


@setting("a matrix")
def matrix(rng):
    """y = M x for any matrix M."""
    given = {"M": integers(rng, 3, 5), "x": integers(rng, 5)}
    cost = inner(integers(rng, 3))
    return World(given, [("y", lambda v: v["M"] @ v["x"]), (COST, lambda v: cost(v["y"]))])


@setting("activation behind a convolution")
def activated(rng):
    """z = w * a + b, with ReLU behind it; a is what the layer before put out."""
    length, size = int(rng.integers(7, 10)), int(rng.integers(3, 5))
    given = {"a": integers(rng, length), "w": integers(rng, size), "b": np.array(0.5)}
    cost = inner(integers(rng, length - size + 1))
    given["M"], given["x"] = size, given["a"]

    def forward(v):
        return conv.conv1d(v["x"][None, None], v["w"][None, None], v["b"].reshape(1)).ravel()

    def moved(v):  # x and a are two names of the same input
        return forward(v | {"x": v["x"] + (v["a"] - given["a"])})

    return World(given, [("z", moved), (COST, lambda v: cost(activations.relu(v["z"])))])


@setting("a flattening layer")
def flattening(rng):
    """y = flat(x) w^T + b for a batch of maps."""
    given = {"x": integers(rng, 3, 2, 2, 2), "w": integers(rng, 4, 8), "b": integers(rng, 4)}

    def forward(v):
        return network.Dense(v["w"], v["b"]).forward(network.Flatten().forward(v["x"]))

    return World(given, [("y", forward)])


def _update(rng, *, momentum):
    w, dw, v = integers(rng, 4), integers(rng, 4), integers(rng, 4)
    eta, mu = 0.25, momentum
    (new_w,), (new_v,) = optim.sgd([w], [dw], [v], rate=eta, momentum=mu)
    return {"w": w, r"\eta": np.array(eta), r"\mu": np.array(mu)}, v, dw, new_w, new_v


@setting("momentum: velocity")
def velocity(rng):
    """The first line of a step with momentum: what becomes of v."""
    given, v, dw, _, new_v = _update(rng, momentum=0.5)
    cost = inner(dw)
    return World(given | {"v": v}, [(COST, lambda u: cost(u["w"]))], after={"v": new_v})


@setting("momentum: step")
def step(rng):
    """The second line: what becomes of w, when v is new already."""
    given, _, dw, new_w, new_v = _update(rng, momentum=0.5)
    cost = inner(dw)
    return World(given | {"v": new_v}, [(COST, lambda u: cost(u["w"]))], after={"w": new_w})


@setting("plain step")
def plain_step(rng):
    """A step of gradient descent without momentum."""
    given, _, dw, new_w, _ = _update(rng, momentum=0.0)
    cost = inner(dw)
    return World(given, [(COST, lambda u: cost(u["w"]))], after={"w": new_w})
