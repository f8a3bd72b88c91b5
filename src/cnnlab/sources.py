"""What the five source documents state, each statement beside a recomputation.

`statements(document)` lists the statements of one document in its own order. Where a document prints a number, the verdict
follows from the numbers: `verdict` holds the printed one against the recomputed one. Where it makes a statement in words,
the verdict is the book's, and `found` has the numbers that it rests on. All of them are computed here from
`cnnlab.examples`; the tests compute them again in another way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import conv, datasets, examples, misconceptions, trace
from cnnlab.activations import sigmoid, sigmoid_backward
from cnnlab.arrays import Array
from cnnlab.formatting import number
from cnnlab.gradcheck import GradientReport, gradcheck
from cnnlab.losses import half_sum_of_squares, squared_error_backward
from cnnlab.network import Activation, Dense, MaxPool2d, Network
from cnnlab.optim import sgd
from cnnlab.pool import max_pool2d, max_pool2d_backward
from cnnlab.sharing import count, expand_kernel, local1d_backward, local2d_backward, tie_gradients

VERDICTS = {
    "right": "the recomputation gives the same",
    "rounded": "the recomputed number, rounded to the digits that are printed",
    "cut off": "the recomputed number without its further digits, where rounding would give another",
    "loose": "right if it is read kindly; read literally it leads astray",
    "missing": "something that the reader needs is not there",
    "differs": "another number, because of what was rounded or cut off earlier in the chain",
    "wrong": "the recomputation gives something else",
}
"""What each verdict means."""


@dataclass(frozen=True)
class Statement:
    """One statement of a document.

    says        what it says, in this book's words or in a few of its own
    found       what the recomputation gives
    verdict     a key of `VERDICTS`
    off         by how much the statement misses, or in what; empty if it is right
    chapter     file name, without ending, of the chapter that treats it
    stated, recomputed   the arrays that were compared, or None for a statement in words
    """

    says: str
    found: str
    verdict: str
    off: str
    chapter: str
    stated: object = None
    recomputed: object = None


def verdict(stated: ArrayLike, recomputed: ArrayLike) -> str:
    """Hold printed numbers against recomputed ones: "right", "rounded", "cut off" or "wrong".

    How many decimals are printed is read off the printed numbers, all of them together. "right" allows for what
    floating point loses, "cut off" is said only where rounding would have printed something else.
    """
    stated, recomputed = np.asarray(stated, float), np.asarray(recomputed, float)
    if stated.shape != recomputed.shape:
        raise ValueError(
            f"verdict: stated has shape {stated.shape}, recomputed {recomputed.shape}; compare like with like."
        )
    if np.allclose(stated, recomputed, rtol=1e-12, atol=1e-15):
        return "right"
    scale = 10.0 ** max(_decimals(value) for value in stated.ravel())
    for name, shortened in (("rounded", np.round), ("cut off", np.trunc)):
        if np.allclose(stated * scale, shortened(recomputed * scale), rtol=0, atol=1e-6):
            return name
    return "wrong"


def _decimals(value: float) -> int:
    return len(np.format_float_positional(value, trim="-").partition(".")[2])


def written(value: ArrayLike, digits: int = 6) -> str:
    """A number, or an array as nested brackets, without the leading axes of length 1."""
    array = np.asarray(value)
    while array.ndim > 1 and len(array) == 1:
        array = array[0]
    if array.ndim == 0:
        return number(array.item(), digits)
    return "[" + ", ".join(written(entry, digits) for entry in array) + "]"


def statements(document: int) -> list[Statement]:
    """The statements of document 1 to 5, in its order. Raises KeyError for another number."""
    return _DOCUMENTS[document]()


def _compared(
    says: str,
    stated: ArrayLike,
    recomputed: ArrayLike,
    chapter: str,
    *,
    stated_as: str | None = None,
    otherwise: str = "wrong",
    digits: int = 8,
) -> Statement:
    """A statement that prints numbers, `says` with them in the place of {}; `otherwise` says what a difference means."""
    stated, recomputed = np.asarray(stated, float), np.asarray(recomputed, float)
    result = verdict(stated, recomputed)
    largest = float(np.abs(stated - recomputed).max())
    many = stated.size > 1
    off = "" if result == "right" else f"{'at most ' if many else ''}{number(largest, 3)}"
    return Statement(
        says=says.format(written(stated, 8) if stated_as is None else stated_as),
        found=written(recomputed, digits),
        verdict=otherwise if result == "wrong" else result,
        off=off,
        chapter=chapter,
        stated=stated,
        recomputed=recomputed,
    )


def _wiki_page() -> list[Statement]:
    e, chapter = examples.nine_neurons, "one-weight-many-connections"
    _, dw, db = conv.conv2d_backward(e.dy, e.x, e.w)
    kernels, _ = expand_kernel(e.w, np.zeros(1), e.dy.shape[2:])
    _, dw_each, db_each = local2d_backward(e.dy, e.x, kernels)
    tied, _ = tie_gradients(dw_each, db_each)
    grid = trace.positions(e.x.shape, e.w.shape[2:])
    first, last = (
        sorted(trace.receptive_field(at, e.x.shape, e.w.shape[2:]).values()) for at in ((0, 0), (2, 2))
    )
    counts = count(e.x.shape[2:], e.w.shape)
    whole = gradcheck(lambda w: np.sum(conv.conv2d(e.x, w) * e.dy), [e.w], [dw])
    return [
        Statement(
            says="Compute one partial derivative for each connection, as if nothing were shared; then add those of the "
            "connections that share a parameter.",
            found=f"the sum over {counts.connections} connections is the gradient of the shared kernel, "
            f"{written(tied)}; largest difference {number(np.abs(tied - dw).max())}",
            verdict="right",
            off="",
            chapter=chapter,
            stated=tied,
            recomputed=dw,
        ),
        _compared(
            "A 3x3 kernel on a 5x5 input gives a {} output.", e.stated.output, grid, chapter, stated_as="3x3"
        ),
        _compared("The layer has {} neurons.", e.stated.neurons, np.prod(grid), chapter),
        Statement(
            says="Neuron A sees the upper left corner, neuron I the lower right one.",
            found=f"A sees {_corners(first)}, I sees {_corners(last)}",
            verdict="right",
            off="",
            chapter=chapter,
        ),
        Statement(
            says='The layer has "9 (shared) neurons".',
            found=f"{int(np.prod(grid))} neurons, each with a delta of its own, and {counts.connections} connections, "
            f"which share {counts.shared_weights} weights",
            verdict="loose",
            off="weights are shared, not neurons",
            chapter=chapter,
        ),
        Statement(
            says="Backpropagation must be slightly modified for shared weights.",
            found=f"the change of the loss under a nudge of one shared weight is that sum already: {_agreeing(whole)}",
            verdict="loose",
            off="nothing has to be modified: the chain rule adds over every path",
            chapter=chapter,
        ),
        Statement(
            says="(The bias is not mentioned.)",
            found=f"the neurons share one bias, with gradient {number(db[0])}, the sum of the deltas",
            verdict="missing",
            off="one parameter",
            chapter=chapter,
        ),
        Statement(
            says="The update has a learning term, cumulated over the examples, and a momentum term.",
            found=f"rate times gradient plus momentum times the last update takes a weight to {number(_by_terms())} in "
            f"three steps; `sgd` takes it to {number(_by_sgd())}",
            verdict="right",
            off="",
            chapter=chapter,
            stated=_by_terms(),
            recomputed=_by_sgd(),
        ),
        Statement(
            says="The error function is constructed in the last step of the list.",
            found="every delta is a derivative of the error, so the first step needs it",
            verdict="loose",
            off="the order of the list",
            chapter=chapter,
        ),
    ]


def _corners(cells: Sequence[Sequence[int]]) -> str:
    (top, left), (bottom, right) = cells[0], cells[-1]
    return f"rows {top} to {bottom} and columns {left} to {right}"


def _agreeing(report: GradientReport) -> str:
    agree = sum(entry.verdict == "agrees" for entry in report.entries)
    return f"{agree} of {len(report.entries)} entries agree with differences"


_GRADIENTS, _RATE, _MOMENTUM = (4.0, -2.0, 3.0), 0.5, 0.5


def _by_terms() -> float:
    w, update = 1.0, 0.0
    for gradient in _GRADIENTS:
        update = -_RATE * gradient + _MOMENTUM * update
        w += update
    return w


def _by_sgd() -> float:
    params, velocities = [np.array([1.0])], None
    for gradient in _GRADIENTS:
        params, velocities = sgd(params, [np.array([gradient])], velocities, rate=_RATE, momentum=_MOMENTUM)
    return float(params[0][0])


def _puzanov() -> list[Statement]:
    pooling, whole = "max-pooling-routes", "whole-network"
    n, o = _chain(), examples.one_dimension
    z, t = n.h, examples.two_dimensions_network.t
    gradient = sigmoid(z) - t
    delta, literal = sigmoid_backward(gradient, z), z.sum() * gradient
    dense = _dense_network()
    p = examples.pooling
    right, wrong = misconceptions.numbers(
        "pool.dx",
        dy=p.dy.reshape(1, 1, 1, -1),
        x=p.x.reshape(1, 1, 1, -1),
        size=(1, p.size),
        stride=(1, p.stride),
    )
    nulled = wrong["pool-neurons-nulled"]
    tie = np.full((1, 1, 1, 2), 3.0)
    _, tied = misconceptions.numbers("pool.dx", dy=np.ones((1, 1, 1, 1)), x=tie, size=(1, 2))
    twice = conv.conv2d_backward(sigmoid_backward(n.dy, n.y), n.x, n.w)[1]
    once = conv.conv2d_backward(n.dy, n.x, n.w)[1]
    doubled = _chain(v=2 * examples.two_dimensions_network.v)
    bias = gradcheck(lambda b: np.sum(conv.conv2d(n.x, n.w, b) * n.dy), [np.zeros(1)], [n.db])
    _, shifts = misconceptions.numbers("conv1d_backward.dw", dy=o.dy, x=o.x, w=o.w)
    one = conv.conv1d_backward(o.dy, o.x, o.w)[1]
    matrix, routed = _pool_matrix(n.y, n.dm)
    asked = (examples.two_dimensions_network.delta @ examples.two_dimensions_network.v).reshape(n.m.shape)
    routed_deltas = sigmoid_backward(max_pool2d_backward(asked, sigmoid(n.y), 2), n.y)
    literal_deltas = sigmoid_backward(_pool_matrix(n.y, asked)[1].reshape(n.y.shape), n.y)
    return [
        Statement(
            says=r"BP1, its outer forms: $\delta^L = \nabla_a C \odot \sigma'(z^L)$",
            found=_agreeing(gradcheck(lambda z: half_sum_of_squares(sigmoid(z), t), [z], [delta])),
            verdict="right",
            off="",
            chapter=whole,
        ),
        Statement(
            says=r"BP1, its middle term: $\sum_i (z^L)\, \nabla_a C$",
            found=f"read literally {written(literal)}; right is {written(delta)}",
            verdict="wrong",
            off=r"garbled: the diagonal matrix of $\sigma'(z)$ is meant",
            chapter=whole,
            stated=literal,
            recomputed=delta,
        ),
        Statement(
            says="BP2 to BP4 hold for fully connected layers as usual.",
            found=_agreeing(dense),
            verdict="right",
            off="",
            chapter=whole,
        ),
        Statement(
            says="A max-pooling layer has no weights and no biases.",
            found=f"{len(MaxPool2d(2).params)} parameters",
            verdict="right",
            off="",
            chapter=pooling,
        ),
        Statement(
            says="The matrix from convolution to pool consists of 1 and 0 and is constant; nulling the entries of the "
            "losers routes the deltas.",
            found=f"{matrix.shape[0]}x{matrix.shape[1]} with {int(matrix.sum())} ones; with the losers nulled it routes as "
            f"the backend does, largest difference {number(np.abs(routed - n.dy.ravel()).max())}",
            verdict="right",
            off="",
            chapter=pooling,
            stated=routed,
            recomputed=n.dy.ravel(),
        ),
        Statement(
            says='Nulling the neurons "seems" computationally sounder than nulling entries of the matrix.',
            found=f"nulling entries takes {_times('dense')} as long with dense matrices and {_times('sparse')} with sparse "
            "ones, in the one benchmark of this book, on one machine",
            verdict="right",
            off="",
            chapter=pooling,
        ),
        Statement(
            says="Nulling the neurons and nulling entries of the matrix are two ways to the same.",
            found=f"with overlapping windows {written(nulled)} instead of {written(right)}",
            verdict="wrong",
            off=f"{number(np.abs(nulled - right).max())} in one entry",
            chapter=pooling,
            stated=nulled,
            recomputed=right,
        ),
        Statement(
            says="`ismax` is 1 for a neuron that is the maximum of its pool.",
            found=f"on a tie of two a delta of 1 comes back as {written(tied['pool-all-ties'])}, "
            f"together {number(tied['pool-all-ties'].sum())}",
            verdict="wrong",
            off="on a tie it is no subgradient of max",
            chapter=pooling,
        ),
        Statement(
            says=r"$\sigma'(z)$ stands in the delta of the pool and in that of the convolution.",
            found=f"right if each of the two layers has an activation of its own. In document 3's network, which has one "
            f"sigmoid, the gradient of the first weight would become {number(twice[0, 0, 0, 0])} instead of "
            f"{number(once[0, 0, 0, 0])}",
            verdict="loose",
            off=f"with one sigmoid too small by a factor of {number(once[0, 0, 0, 0] / twice[0, 0, 0, 0], 3)} there: "
            "it belongs to one of the two",
            chapter=pooling,
            stated=twice,
            recomputed=once,
        ),
        Statement(
            says=r"Convolution: $\delta_{conv} = (w^{l+1})^T \delta^{l+1} \odot (\sigma'(z) \odot [ismax(z)])$, with the "
            "constant 0/1 matrix of the pool as $w^{l+1}$.",
            found=f"document 3's network with its sigmoid before the pool: {routed_deltas.size} deltas, largest "
            f"difference to the backend's {number(np.abs(literal_deltas - routed_deltas).max())}",
            verdict="right",
            off="",
            chapter=pooling,
            stated=literal_deltas,
            recomputed=routed_deltas,
        ),
        Statement(
            says="Neurons that were off are not updated.",
            found=f"in document 3's network {np.count_nonzero(n.dy)} of {n.dy.size} deltas are not zero, and "
            f"{np.count_nonzero(n.dw)} of {n.dw.size} weights change",
            verdict="loose",
            off="true of deltas, not of shared weights",
            chapter=pooling,
        ),
        Statement(
            says=r"Shared bias: $\partial C / \partial b = \sum_i \delta_i$",
            found=f"{number(n.db[0])} in document 3's network; {_agreeing(bias)}",
            verdict="right",
            off="",
            chapter=whole,
        ),
        Statement(
            says=r'Shared weight: $\sum_i \delta_i a_i$ with "an input index" $i$',
            found=f"on document 5's numbers {written(shifts['index-not-shifted'])} instead of {written(one)}",
            verdict="loose",
            off=r"weight $m$ pairs $\delta_i$ with $a_{i+m}$: the offset is missing",
            chapter=whole,
            stated=shifts["index-not-shifted"],
            recomputed=one,
        ),
        Statement(
            says="Each convolutional layer is optimized separately, without loss of generality.",
            found=f"doubled fully connected weights, same output deltas: the first kernel weight's gradient goes from "
            f"{number(n.dw[0, 0, 0, 0])} to {number(doubled.dw[0, 0, 0, 0])}",
            verdict="wrong",
            off=f"a factor of {number(doubled.dw[0, 0, 0, 0] / n.dw[0, 0, 0, 0])}: layers depend on each other",
            chapter=whole,
            stated=n.dw,
            recomputed=doubled.dw,
        ),
        Statement(
            says="(There is no delta through a second convolution.)",
            found="it is the input gradient of that convolution",
            verdict="missing",
            off="one equation",
            chapter="two-convolutions",
        ),
    ]


def _times(kind: str) -> str:
    """How many times as long nulling entries takes as nulling neurons, over all sizes of the committed record."""
    ratios = [
        side["ratios"][f"entries/neurons, {kind}"]["median"]
        for side in datasets.record("pool_routing")["sides"]
    ]
    return f"{number(min(ratios), 2)} to {number(max(ratios), 2)} times"


def _pool_matrix(y: Array, dm: Array) -> tuple[Array, Array]:
    """The constant 0/1 matrix of a 2x2 pool, (maxima, neurons), and the deltas it routes with its losers nulled."""
    neurons = np.arange(y.size).reshape(y.shape)
    windows = [
        [neurons[at] for at in trace.pool_window(y, 2, index=(0, 0, i, j))]
        for i, j in np.ndindex(dm.shape[2:])
    ]
    matrix = np.zeros((dm.size, y.size))
    for row, window in zip(matrix, windows, strict=True):
        row[window] = 1
    won = matrix * (
        y.ravel() == (matrix * y.ravel() + np.where(matrix, 0, -np.inf)).max(axis=1, keepdims=True)
    )
    return matrix, won.T @ dm.ravel()


def _dense_network() -> GradientReport:
    """Two fully connected layers with a sigmoid between them, checked in every parameter."""
    rng = np.random.default_rng(0)
    layers = [
        Dense(rng.random((3, 4)) - 0.5, rng.random(3)),
        Activation(sigmoid, sigmoid_backward),
        Dense(rng.random((2, 3)) - 0.5, rng.random(2)),
    ]
    x, t = rng.random((5, 4)), np.array([0, 1, 1, 0, 1])
    network = Network(layers)
    params = network.parameters()
    _, grads = network.loss_and_gradients(x, t)

    def loss(*params: Array) -> float:
        network.set_parameters(params)
        return network.loss(network.forward(x), t)

    return gradcheck(loss, params, grads, names=["w1", "b1", "w2", "b2"])


def _chain(
    v: Array | None = None,
    activations: Array | None = None,
    pool_delta: Array | None = None,
    w: Array | None = None,
) -> examples.Example:
    """Document 3's network from the pixels to its gradients; each argument replaces what is computed."""
    n = examples.two_dimensions_network
    x, w, v = examples.two_dimensions.x, n.w if w is None else w, n.v if v is None else v
    y = conv.conv2d(x, w)
    m = max_pool2d(y, n.pool)
    a = sigmoid(m) if activations is None else activations
    h = v @ sigmoid(m).ravel()
    dm = (n.delta @ v).reshape(a.shape) * a * (1 - a) if pool_delta is None else pool_delta.reshape(m.shape)
    dy = max_pool2d_backward(dm, y, n.pool)
    dx, dw, db = conv.conv2d_backward(dy, x, w)
    return examples.Example(x=x, w=w, y=y, m=m, a=a, h=h, dm=dm, dy=dy, dx=dx, dw=dw, db=db)


def _two_dimensions() -> list[Statement]:
    chapter, e, network = "two-dimensions", examples.two_dimensions, examples.two_dimensions_network
    full = _chain()
    rough = _chain(activations=np.round(full.a, 2))
    asker = network.stated.pool_delta
    printed = e.dy[e.dy != 0]
    order = asker[[1, 0, 2, 3]]  # row by row in the 4x4 the second maximum comes first
    _, dw, db = conv.conv2d_backward(e.dy, e.x, network.w)
    rotated = np.rot90(dw[0, 0], 2)
    error = half_sum_of_squares(full.h, network.t)
    stepped = _chain(w=network.w - full.dw)
    place = (0, 0, 1, 2)
    met = e.x[:, :, 1 : 1 + network.w.shape[2], 2 : 2 + network.w.shape[3]]
    alone = gradcheck(lambda w: conv.conv2d(e.x, w)[place], [network.w], [met])
    return [
        Statement(
            says="The layer is a cross-correlation: that is the accurate name.",
            found=f"the kernel is not turned: the first output is {number(full.y[0, 0, 0, 0], 4)}; turned it would be "
            f"{number(conv.conv2d(e.x, np.flip(network.w, (2, 3)))[0, 0, 0, 0], 4)}",
            verdict="right",
            off="",
            chapter=chapter,
        ),
        _compared(
            "A 2x2 kernel on a 5x5 input gives a {} output.",
            (4, 4),
            full.y.shape[2:],
            chapter,
            stated_as="4x4",
        ),
        _compared("The first output is {}.", e.stated.first_output, full.y[0, 0, 0, 0], chapter),
        _compared(
            "The parent question: the deltas at the pool are {}, from activations rounded to two places.",
            asker,
            rough.dm.ravel(),
            chapter,
        ),
        _compared(
            "(The parent's deltas beside those at full precision.)",
            asker,
            full.dm.ravel(),
            chapter,
            otherwise="differs",
        ),
        _compared(
            "The deltas in the 4x4 map are {}, row by row; from the parent's.", printed, order, chapter
        ),
        _compared("The kernel's gradient is {}; from those deltas.", e.stated.dw, dw[0, 0], chapter),
        _compared(
            "(The printed gradient beside that from the parent's deltas, which were not cut.)",
            e.stated.dw,
            rough.dw[0, 0],
            chapter,
            otherwise="differs",
        ),
        _compared(
            "(The printed gradient beside that at full precision.)",
            e.stated.dw,
            full.dw[0, 0],
            chapter,
            otherwise="differs",
        ),
        Statement(
            says=r"$\partial x_{i,j} / \partial w_{m',n'} = o_{i+m',j+n'}$",
            found=f"tried at row {place[2]}, column {place[3]}: {_agreeing(alone)}",
            verdict="right",
            off="",
            chapter=chapter,
        ),
        Statement(
            says=r"$\partial E / \partial w_{m',n'} = \sum_i \sum_j \delta_{i,j}\, o_{i+m',j+n'}$",
            found=_agreeing(gradcheck(lambda w: np.sum(conv.conv2d(e.x, w) * e.dy), [network.w], [dw])),
            verdict="right",
            off="",
            chapter=chapter,
        ),
        Statement(
            says=r"The step: $w^{(t+1)} = w^{(t)} - \eta\, \partial E / \partial w$.",
            found=f"with rate 1 and the target that this book chose the error falls from {number(error, 4)} to "
            f"{number(half_sum_of_squares(stepped.h, network.t), 4)}",
            verdict="right",
            off="",
            chapter=chapter,
        ),
        Statement(
            says="`convolve2d` of the turned deltas with the input, mode `valid`, computes it.",
            found=f"{written(dw)}; swapping the arguments is harmless there. `correlate2d(d, o)` gives {written(rotated)}",
            verdict="right",
            off="",
            chapter=chapter,
        ),
        Statement(
            says=r"The bias is $b_{i,j}$, with an index for the place.",
            found=f"one bias is shared; its gradient is {number(db[0])}, the sum of the deltas",
            verdict="wrong",
            off=f"{full.y.size} biases where there is one",
            chapter=chapter,
        ),
        Statement(
            says=r"An input of $H \times K$ gives $(H-k_1+1) \times (W-k_2+1)$.",
            found=r"an input of $H \times W$ does",
            verdict="loose",
            off="a slip of one letter",
            chapter=chapter,
        ),
        Statement(
            says=r'The "mean squared error" is $\frac{1}{2} \sum_p (t_p - y_p)^2$.',
            found=f"{number(error, 4)} for the target that this book chose: half a sum. With two outputs the mean of the "
            f"squares is {number(np.mean((network.t - full.h) ** 2), 4)} too",
            verdict="loose",
            off="there is no mean in it",
            chapter=chapter,
        ),
        Statement(
            says="Only the weights for the maximum values are updated.",
            found=f"{np.count_nonzero(e.dy)} maxima, and {np.count_nonzero(dw)} of {dw.size} weights change, "
            "each through all of them",
            verdict="wrong",
            off="the weights are shared with the losers",
            chapter=chapter,
        ),
        Statement(
            says="(The parent's second question, what an earlier layer is handed, is not answered.)",
            found=f"the gradient of the pixels, {np.count_nonzero(full.dx)} of {full.dx.size} entries not zero; "
            f"that of pixel (2, 1) is {number(full.dx[0, 0, 2, 1])}",
            verdict="missing",
            off="half of the question",
            chapter=chapter,
        ),
    ]


def _two_convolutions() -> list[Statement]:
    chapter, e = "two-convolutions", examples.two_convolutions
    hidden = conv.conv2d(e.x, e.w1)
    y = conv.conv2d(hidden, e.w2)
    dy = squared_error_backward(y, e.t)
    dh, dw2, _ = conv.conv2d_backward(dy, hidden, e.w2)
    _, dw1, _ = conv.conv2d_backward(dh, e.x, e.w1)
    _, wrong = misconceptions.numbers("two_convolutions.dw1", dy=dy, x=e.x, w1=e.w1, w2=e.w2)
    asker = wrong["product-of-sums-two-layers"]
    terms = trace.conv_dw(dh, e.x, e.w1, index=(0, 0, 0, 0)).terms
    met, products = [term.factors[0].index[2:] for term in terms], [term.product for term in terms]
    numbered = [1 + row * e.x.shape[3] + column for row, column in met]
    zero = examples.zero_covariance
    i, d = zero.i, zero.d
    return [
        _compared(
            "A 2x2 kernel on a 3x3 input gives a {} output.",
            e.stated.hidden,
            hidden.shape[2:],
            chapter,
            stated_as="2x2",
        ),
        _compared(
            "A second 2x2 kernel gives a {} output.", e.stated.output, y.shape[2:], chapter, stated_as="1x1"
        ),
        _compared(
            "The first weight is multiplied with the inputs {}.",
            (1, 2, 4, 5),
            numbered,
            chapter,
            stated_as="1, 2, 4 and 5",
        ),
        Statement(
            says='The first weight affects "its corresponding output item".',
            found=f"it affects {len(met)} outputs, as the question itself lists",
            verdict="loose",
            off="every output has a share",
            chapter=chapter,
        ),
        Statement(
            says=r"$\partial C / \partial w = \partial o / \partial w \; \partial C / \partial o$",
            found=f"as a sum over the outputs, {' + '.join(f'({number(p)})' for p in products)} = {number(sum(products))}, "
            f"it is the gradient {number(dw1[0, 0, 0, 0])}; with each factor summed by itself it becomes "
            f"{number(asker[0, 0, 0, 0])}",
            verdict="loose",
            off="right as a product of arrays, which is a sum over all outputs",
            chapter=chapter,
        ),
        _compared(
            r"The second layer's gradient is $o_1 \cdot 2 (o - y)$, here {}.",
            hidden[0, 0, 0, 0] * 2 * (y - e.t).item(),
            dw2[0, 0, 0, 0],
            chapter,
        ),
        _compared(
            "The delta of each hidden neuron is its weight times $2 (o - y)$, here {}.",
            e.w2[0, 0] * 2 * (y - e.t).item(),
            dh[0, 0],
            chapter,
        ),
        _compared(
            "The first layer's gradient is the sum of the inputs times the sum of the deltas, here {}.",
            asker[0, 0],
            dw1[0, 0],
            chapter,
        ),
        Statement(
            says="(When is the product of sums right?)",
            found=f"when the cross terms vanish. Zero covariance is not enough: inputs {written(i)} and deltas {written(d)} "
            f"have covariance {number(np.mean((i - i.mean()) * (d - d.mean())))}; right is {number(np.sum(i * d))}, the "
            f"product of sums {number(i.sum() * d.sum())}",
            verdict="missing",
            off=f"a factor of {number(i.sum() * d.sum() / np.sum(i * d))} there",
            chapter=chapter,
            stated=i.sum() * d.sum(),
            recomputed=np.sum(i * d),
        ),
    ]


def _one_dimension() -> list[Statement]:
    chapter, e = "one-dimension-by-hand", examples.one_dimension
    y = conv.conv1d(e.x, e.w)
    dx, dw, db = conv.conv1d_backward(e.dy, e.x, e.w)
    kernels, _ = expand_kernel(e.w, np.zeros(1), y.shape[2:])
    _, dw_parts, _ = local1d_backward(e.dy, e.x, kernels)
    dx_parts = np.array([local1d_backward(_only(e.dy, i), e.x, kernels)[0][0, 0] for i in range(e.dy.size)])
    _, wrong = misconceptions.numbers("conv1d_backward.dw", dy=e.dy, x=e.x, w=e.w)
    literal = wrong["index-read-literally"]
    mean, apart = dw_parts.mean(axis=0)[0], np.abs(dw_parts[1] - dw_parts[0])
    return [
        Statement(
            says="First hypothesis, doubted by its own author: weights that start equal stay equal, whatever the input.",
            found=f"private copies would get different gradients, {written(dw_parts)}. Nor do two equal weights of one "
            f"kernel stay equal, {written(dw)}: sharing means one weight at every place, not equal entries",
            verdict="wrong",
            off=f"copies {written(apart)} apart after a step of rate 1",
            chapter=chapter,
        ),
        Statement(
            says="Second hypothesis: after the update the copies are set to their mean.",
            found=f"the mean of the copies' gradients is {written(mean)}, the sum {written(dw)}: here the same step with "
            f"the rate divided by {len(dw_parts)}. In document 4's two layers no rate makes it so: the cosine to the true "
            f"gradient is {number(_cosine_of_averaging(), 2)}",
            verdict="loose",
            off="right for one layer and plain gradient descent only",
            chapter=chapter,
            stated=mean,
            recomputed=dw[0] / len(dw_parts),
        ),
        Statement(
            says="The question's afterthought: a shared parameter occurs several times in the loss, so several terms "
            "survive and every copy gets the same update.",
            found=f"{e.dy.size} terms for each weight, added: {written(dw)}",
            verdict="right",
            off="",
            chapter=chapter,
        ),
        Statement(
            says=r"The general formula, $\sum_i x_i\, \delta_j$, read literally",
            found=f"{written(literal)} instead of {written(dw)}",
            verdict="wrong",
            off=f"at most {number(np.abs(literal - dw).max())}: input and delta must move together",
            chapter=chapter,
            stated=literal,
            recomputed=dw,
        ),
        Statement(
            says='"Train it once" for each overlap of the filter',
            found=f"the parts {written(dw_parts)} are added and make one update, {written(dw)}",
            verdict="loose",
            off="one summed update, not several",
            chapter=chapter,
        ),
        _compared("The activation is {}.", e.stated.y, y[0, 0], chapter),
        _compared(
            "The two overlaps add {} to the weight gradient.", e.stated.dw_parts, dw_parts[:, 0, 0], chapter
        ),
        _compared("The weight gradient is {}.", e.stated.dw, dw[0, 0], chapter),
        Statement(
            says="The bias gradient: add the output delta, without the input. (No number is given.)",
            found=f"{number(db[0])}, the sum of the deltas",
            verdict="missing",
            off="the number",
            chapter=chapter,
        ),
        _compared("The two overlaps add {} to the input gradient.", e.stated.dx_parts, dx_parts, chapter),
        _compared("The input gradient is {}.", e.stated.dx, dx[0, 0], chapter),
    ]


def _only(dy: Array, i: int) -> Array:
    one = np.zeros(dy.shape)
    one[..., i] = dy[..., i]
    return one


def _cosine_of_averaging() -> float:
    """The cosine between document 4's gradient of both layers and what averaging over 4 and 1 places makes of it."""
    e = examples.two_convolutions
    hidden = conv.conv2d(e.x, e.w1)
    y = conv.conv2d(hidden, e.w2)
    dh, dw2, _ = conv.conv2d_backward(squared_error_backward(y, e.t), hidden, e.w2)
    _, dw1, _ = conv.conv2d_backward(dh, e.x, e.w1)
    true = np.concatenate([dw1.ravel(), dw2.ravel()])
    averaged = np.concatenate([dw1.ravel() / dh.size, dw2.ravel() / y.size])
    return float(true @ averaged / (np.linalg.norm(true) * np.linalg.norm(averaged)))


_DOCUMENTS = {1: _wiki_page, 2: _puzanov, 3: _two_dimensions, 4: _two_convolutions, 5: _one_dimension}
