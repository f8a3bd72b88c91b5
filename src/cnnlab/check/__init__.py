"""Is my function right, and if not, which mistake is it?

    check.conv1d_backward(f)                                      f(dy, x, w, *, stride=1, padding=0) -> (dx, dw, db)
    check.conv1d_backward(f, returns="dw", stride=False, padding=False)        f(dy, x, w) -> dw
    check.conv1d_backward(f, returns="db", takes="dy", stride=False, padding=False)     f(dy) -> db
    check.conv1d_backward(f, returns="dx", takes="dy w", stride=False, padding=False)   f(dy, w) -> dx
    check.conv1d_backward(f, returns="dw", stride=False, padding=False, plain=True)     f(dy, x, w) -> dw, plain vectors

Every check calls the function on a dozen small inputs and returns a `Report` with `passed`, `misconceptions` (ids of
`cnnlab.misconceptions`, most likely first) and `message`; in a notebook it shows itself. It never raises because of the
function that is checked. A function gets the arguments of the library's function of the same name, by position, and
the options by keyword. All checks know these keywords:

    returns   what the function returns, if not everything: "dw", or "dx dw", or a tuple of names
    takes     what it gets, if not everything: "dy x", or a tuple of names
    seconds   the time limit of one call

and, where they make sense:

    stride=False, padding=False   the function has no such keyword; it is tried with stride 1 and no padding only
    batch=False                   one example only
    channels=False                one channel and one filter only (the axes are there)
    plain=True                    one example, channel and filter, and their axes are gone: in 1D x is (L,), w (M,), dy
                                  (O,) and db a number; in 2D they are matrices
    bias=False                    a forward pass without b
    ties=False                    no ties in max-pooling
    pairs=False                   sizes and strides of a pool are single numbers

The checks: `conv1d`, `conv1d_backward`, `conv2d`, `conv2d_backward`, `max_pool2d`, `max_pool2d_backward`;
`local1d_backward`, `local2d_backward` (per-connection gradients), `tie_gradients`; `two_convolutions_backward`,
`dense_backward`, `flatten_dense_backward`, `sigmoid_backward`, `relu_backward`, `sigmoid_max_pool2d_backward`;
`softmax_cross_entropy`, `softmax_cross_entropy_backward`; `sgd`, `momentum_step`; `gradient_checker`. A function that the
library does not have is checked by `against`, with a right function and named wrong ones of your own.
"""

from cnnlab.check import probes
from cnnlab.check.duties import Duty, narrowed, own_duty
from cnnlab.check.probes import Probe
from cnnlab.check.report import Report
from cnnlab.check.runner import run

__all__ = [
    "Probe",
    "Report",
    "against",
    "conv1d",
    "conv1d_backward",
    "conv2d",
    "conv2d_backward",
    "dense_backward",
    "flatten_dense_backward",
    "gradient_checker",
    "local1d_backward",
    "local2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "momentum_step",
    "relu_backward",
    "sgd",
    "sigmoid_backward",
    "sigmoid_max_pool2d_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "tie_gradients",
    "two_convolutions_backward",
]

SECONDS = 10.0
"""The default time limit of one call: long, because a first call may import something on a busy machine."""

CONVOLUTION = {1: "one-dimension-by-hand", 2: "two-dimensions"}


def conv1d(function, *, plain=False, **narrower) -> Report:
    """f(x, w, b, *, stride=1, padding=0) -> y. Narrower: bias, stride, padding, batch, channels, plain."""
    return _check(function, _conv("conv1d", 1, plain, backward=False), narrower)


def conv1d_backward(function, *, plain=False, **narrower) -> Report:
    """f(dy, x, w, *, stride=1, padding=0) -> (dx, dw, db).

    Narrower: returns, takes, stride, padding, batch, channels, plain.
    """
    return _check(function, _conv("conv1d_backward", 1, plain, backward=True), narrower)


def conv2d(function, *, plain=False, **narrower) -> Report:
    """f(x, w, b, *, stride=1, padding=0) -> y. Narrower: bias, stride, padding, batch, channels, plain."""
    return _check(function, _conv("conv2d", 2, plain, backward=False), narrower)


def conv2d_backward(function, *, plain=False, **narrower) -> Report:
    """f(dy, x, w, *, stride=1, padding=0) -> (dx, dw, db).

    Narrower: returns, takes, stride, padding, batch, channels, plain.
    """
    return _check(function, _conv("conv2d_backward", 2, plain, backward=True), narrower)


def max_pool2d(function, *, plain=False, **narrower) -> Report:
    """f(x, size, *, stride=None) -> y. Narrower: stride, pairs, plain."""
    duty = Duty(
        "max_pool2d",
        "pool",
        ("y",),
        ("x", "size"),
        ("stride",),
        tuple(probes.pool(backward=False, plain=plain)),
        plain,
        "max-pooling-routes",
        {"stride": None},
    )
    return _check(function, duty, narrower)


def max_pool2d_backward(function, *, plain=False, **narrower) -> Report:
    """f(dy, x, size, *, stride=None) -> dx. Narrower: stride, pairs, ties, plain."""
    duty = Duty(
        "max_pool2d_backward",
        "pool",
        ("dx",),
        ("dy", "x", "size"),
        ("stride",),
        tuple(probes.pool(backward=True, plain=plain)),
        plain,
        "max-pooling-routes",
        {"stride": None},
    )
    return _check(function, duty, narrower)


def local1d_backward(function, **narrower) -> Report:
    """f(dy, x, w, *, stride=1, padding=0) -> (dx, dw, db) with a kernel w[i] for each position i, as in cnnlab.sharing."""
    return _check(function, _local("local1d_backward", 1), narrower)


def local2d_backward(function, **narrower) -> Report:
    """f(dy, x, w, *, stride=1, padding=0) -> (dx, dw, db) with a kernel w[i, j] for each position, as in cnnlab.sharing."""
    return _check(function, _local("local2d_backward", 2), narrower)


def tie_gradients(function, **narrower) -> Report:
    """f(dw, db) -> (dw, db): add the per-connection gradients, positions first, in one and two dimensions."""
    duty = Duty(
        "tie_gradients",
        "tie",
        ("dw", "db"),
        ("dw", "db"),
        (),
        tuple(probes.tie()),
        False,
        "one-weight-many-connections",
    )
    return _check(function, duty, narrower)


def two_convolutions_backward(function, *, plain=False, **narrower) -> Report:
    """f(dy, x, w1, w2) -> (dw1, dw2) for y = conv2d(conv2d(x, w1), w2), without biases. Narrower: returns, plain."""
    duty = Duty(
        "two_convolutions_backward",
        "chain",
        ("dw1", "dw2"),
        ("dy", "x", "w1", "w2"),
        (),
        tuple(probes.chain(plain=plain)),
        plain,
        "two-convolutions",
    )
    return _check(function, duty, narrower)


def dense_backward(function, **narrower) -> Report:
    """f(dy, x, w) -> (dx, dw, db) for y = x @ w.T + b with x (N, I), w (J, I)."""
    return _check(
        function, _network("dense_backward", "dense", "dx dw db", "dy x w", probes.dense()), narrower
    )


def flatten_dense_backward(function, **narrower) -> Report:
    """f(dy, x, w) -> (dx, dw, db) for y = x.reshape(N, -1) @ w.T + b with maps x (N, C, H, W), w (J, C * H * W)."""
    duty = _network("flatten_dense_backward", "flatten", "dx dw db", "dy x w", probes.flatten_dense())
    return _check(function, duty, narrower)


def sigmoid_backward(function, **narrower) -> Report:
    """f(dy, x) -> dx for y = sigmoid(x)."""
    return _check(
        function, _network("sigmoid_backward", "sigmoid", "dx", "dy x", probes.activation()), narrower
    )


def relu_backward(function, **narrower) -> Report:
    """f(dy, x) -> dx for y = max(x, 0), with slope 0 at 0."""
    return _check(function, _network("relu_backward", "relu", "dx", "dy x", probes.activation()), narrower)


def sigmoid_max_pool2d_backward(function, **narrower) -> Report:
    """f(dy, x, size, *, stride=None) -> dx for y = max_pool2d(sigmoid(x), size). Narrower: stride."""
    duty = Duty(
        "sigmoid_max_pool2d_backward",
        "sigmoidpool",
        ("dx",),
        ("dy", "x", "size"),
        ("stride",),
        tuple(probes.sigmoid_pool()),
        False,
        "max-pooling-routes",
        {"stride": None},
    )
    return _check(function, duty, narrower)


def softmax_cross_entropy(function, **narrower) -> Report:
    """f(x, labels) -> loss, the mean over the batch. Narrower: large=False leaves out scores that overflow exp."""
    duty = _network("softmax_cross_entropy", "softmax", "loss", "x labels", probes.softmax())
    return _check(function, duty, narrower)


def softmax_cross_entropy_backward(function, **narrower) -> Report:
    """f(x, labels) -> dx of the mean over the batch. Narrower: large=False leaves out scores that overflow exp."""
    duty = _network("softmax_cross_entropy_backward", "softmax", "dx", "x labels", probes.softmax())
    return _check(function, duty, narrower)


def sgd(function, **narrower) -> Report:
    """f(params, grads, velocities, *, rate, momentum) -> (params, velocities), sequences of arrays."""
    duty = Duty(
        "sgd",
        "sgd",
        ("params", "velocities"),
        ("params", "grads", "velocities"),
        ("rate", "momentum"),
        tuple(probes.sgd()),
        False,
        "one-weight-many-connections",
    )
    return _check(function, duty, narrower)


def momentum_step(function, **narrower) -> Report:
    """f(w, gradients, velocity, *, rate, momentum) -> (w, velocity): one step of one shared parameter.

    `gradients` has the per-connection gradients, positions first. They are added, then velocity = momentum * velocity +
    gradient and w = w - rate * velocity.
    """
    duty = Duty(
        "momentum_step",
        "step",
        ("w", "velocity"),
        ("w", "gradients", "velocity"),
        ("rate", "momentum"),
        tuple(probes.momentum_step()),
        False,
        "one-weight-many-connections",
    )
    return _check(function, duty, narrower)


def gradient_checker(function, **narrower) -> Report:
    """f(loss, gradient, x) -> bool: does `gradient`, an array, belong to the function `loss` at x?

    `loss` takes an array of the shape of x and returns a number. The function is given right gradients and wrong ones.
    """
    duty = _network("gradient_checker", "checker", "verdict", "f gradient x", probes.checker())
    return _check(function, duty, narrower)


def against(
    function,
    right,
    calls,
    *,
    returns="result",
    takes=None,
    mistakes=None,
    name="against",
    chapter="",
    seconds=SECONDS,
) -> Report:
    """Check a function that the library does not have against a right one.

    function  the student's
    right     the right one, called in the same way
    calls     a sequence of calls, the simplest first: each a tuple of positional arguments, or a pair of such a tuple and
              a dictionary of keywords. Give them unequal sizes and numbers without symmetry.
    returns   the name of the returned array, or the names of several
    takes     names of the positional arguments, for the report; the default reads them from `right`
    mistakes  wrong functions by id, called in the same way, several of one id as a tuple; an id of the catalogue
              brings its words along
    name      of the check in the report
    chapter   file name without ending of the chapter to read

    Raises ValueError for no call at all, and whatever `right` raises.
    """
    duty = own_duty(right, calls, returns=returns, takes=takes, mistakes=mistakes, name=name, chapter=chapter)
    return run(function, duty, seconds)


def _conv(name, ndim, plain, *, backward) -> Duty:
    returns, takes = (("dx", "dw", "db"), ("dy", "x", "w")) if backward else (("y",), ("x", "w", "b"))
    found = tuple(probes.conv(ndim, backward=backward, plain=plain))
    defaults = {"stride": 1, "padding": 0}
    return Duty(
        name, "conv", returns, takes, ("stride", "padding"), found, plain, CONVOLUTION[ndim], defaults
    )


def _local(name, ndim) -> Duty:
    found = tuple(probes.conv(ndim, backward=True, local=True))
    return Duty(
        name,
        "local",
        ("dx", "dw", "db"),
        ("dy", "x", "w"),
        ("stride", "padding"),
        found,
        False,
        "one-weight-many-connections",
        {"stride": 1, "padding": 0},
    )


def _network(name, group, returns, takes, found) -> Duty:
    return Duty(
        name, group, tuple(returns.split()), tuple(takes.split()), (), tuple(found), False, "whole-network"
    )


LEFT_OUT = {"pairs": "pair"}
KNOWN = {"stride", "padding", "bias", "ties", "pairs", "batch", "channels", "integers", "large", "overlap"}


def _check(function, duty: Duty, narrower: dict) -> Report:
    narrower = dict(narrower)
    seconds = narrower.pop("seconds", SECONDS)
    returns, takes = narrower.pop("returns", None), narrower.pop("takes", None)
    unknown = set(narrower) - KNOWN
    if unknown:
        raise TypeError(
            f"check.{duty.name}: unknown {', '.join(sorted(unknown))}; known are returns, takes, seconds, plain and "
            f"{', '.join(sorted(KNOWN))}, the latter True or False."
        )
    without = [LEFT_OUT.get(name, name) for name, wanted in narrower.items() if not wanted]
    return run(function, narrowed(duty, returns=returns, takes=takes, without=without), seconds)
