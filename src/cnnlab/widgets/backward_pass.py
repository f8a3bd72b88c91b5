"""The whole backward pass of a small network as a map: each array, its gradient below it, and what is behind each number."""

import copy
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import losses, network, trace
from cnnlab.activations import relu, softmax
from cnnlab.arrays import Array
from cnnlab.formatting import number
from cnnlab.geometry import pair
from cnnlab.widgets import still
from cnnlab.widgets.base import (
    EDITABLE,
    TraceWidget,
    given,
    index_text,
    module,
    plane,
    settled,
    shades,
    strings,
)

FORM = (network.Conv2d, network.Activation, network.MaxPool2d, network.Flatten, network.Dense)
KEPT = 4  # significant digits of a parameter on a page: thousands of them travel with it
SIDE = 9  # of a cell in the still
ROLES = {"w": "weight", "v": "weight"} | dict.fromkeys(("x", "z", "a", "p"), "input")


class BackwardPass(TraceWidget):
    """A map of a network: each array of one kernel, and its gradient below it.

    A step goes back by one layer and follows one delta on its way. Any number can be chosen: what made it is lit, in the
    layer before and in the layer after. The pixels, kernels, their biases and v can be changed; another kernel, and the v of
    another class, can be shown.

    net     a `cnnlab.network.Network` of a convolution, ReLU, max-pooling, flatten and a fully connected layer, with
            softmax and cross-entropy; nothing of it is changed
    x       one example of one channel, (H, W) or (1, 1, H, W)
    label   the right class
    channel   which kernel is shown first; title: the heading; digits: significant digits of every number shown

    The parameters are rounded to four significant digits first, so that a page can carry them: what is shown is
    computed from these, here and in the page. Raises ValueError for another form of network, another loss, several
    examples or channels, and for a class or kernel that there is not.
    """

    _esm = module(*EDITABLE, "network", "backward_pass")

    def __init__(
        self,
        net: network.Network,
        x: ArrayLike,
        label: int,
        channel: int = 0,
        title: str = "The backward pass, layer by layer",
        digits: int = 3,
    ) -> None:
        owner = "BackwardPass"
        if tuple(map(type, net.layers)) != FORM or net.loss is not losses.softmax_cross_entropy:
            raise ValueError(
                f"{owner}: the map is of a convolution, an activation, a max-pooling, a flatten and a fully connected "
                f"layer with softmax and cross-entropy; got {', '.join(type(one).__name__ for one in net.layers)}."
            )
        self.network = cast(Any, copy.deepcopy(net))  # its layers are those of FORM, which no type tells
        conv, activation, _, _, dense = self.network.layers
        if activation.function is not relu:
            raise ValueError(f"{owner}: the activation must be relu; got {activation.function.__name__}.")
        for layer in (conv, dense):
            layer.params = [_rounded(array) for array in layer.params]
        kernels, classes = len(conv.params[0]), len(dense.params[0])
        if not 0 <= channel < kernels or not 0 <= int(label) < classes:
            raise ValueError(
                f"{owner}: channel must be below {kernels} and label below {classes}; got {channel} and {label}."
            )
        self.x = plane(owner, "x", x)
        self.label, self.channel, self.title, self.digits = int(label), channel, title, digits
        # The last bits depend on the order of summation, and may tip a digit that is shown.
        self.arrays = {
            name: np.vectorize(settled, otypes=[float])(array) for name, array in self._run().items()
        }
        super().__init__(self._trace())

    def _run(self) -> dict[str, Array]:
        """Every array and gradient that the map shows of its kernel, each without its leading axes."""
        conv, activation, pool, flatten, dense = self.network.layers
        target, k = np.array([self.label]), self.channel
        z = conv.forward(self.x)
        a = activation.forward(z)
        p = pool.forward(a)
        s = dense.forward(flatten.forward(p))
        ds = self.network.loss_backward(s, target)
        dp = flatten.backward(dense.backward(ds))
        da = pool.backward(dp)
        dz = activation.backward(da)
        dx = conv.backward(dz)
        (w, b), (dw, db), (v, _), (dv, _) = conv.params, conv.grads, dense.params, dense.grads
        of_class = [array[self.label].reshape(p.shape[1:])[k] for array in (v, dv)]
        return {
            "x": self.x[0, 0], "z": z[0, k], "a": a[0, k], "p": p[0, k], "v": of_class[0], "s": s[0], "q": softmax(s)[0],
            "loss": np.array([self.network.loss(s, target)]),
            "ds": ds[0], "dv": of_class[1], "dp": dp[0, k], "da": da[0, k], "dz": dz[0, k], "dx": dx[0, 0],
            "w": w[k, 0], "b": b[k : k + 1], "dw": dw[k, 0], "db": db[k : k + 1],
        }  # fmt: skip

    def _trace(self) -> dict:
        conv, _, pool, _, dense = self.network.layers
        (w, b), (v, c) = conv.params, dense.params
        pooled = list(self.arrays["p"].shape)
        stride = pool.size if pool.stride is None else pool.stride
        return {
            "title": self.title,
            "digits": self.digits,
            "kernel": self.channel,
            "label": self.label,
            "options": {name: list(pair(value, 2)) for name, value in conv.geometry.items()}
            | {"dilation": [1, 1]},
            "pool": {"size": list(pair(pool.size, 2)), "stride": list(pair(stride, 2))},
            "given": {"x": given(self.x)},
            "net": {
                "w": [given(kernel[None]) for kernel in w],
                "b": b.tolist(),
                "v": {
                    "shape": [len(v), len(w), *pooled],
                    "text": " ".join(f"{value:g}" for value in v.ravel()),
                },
                "c": c.tolist(),
            },
            "results": {name: strings(array, self.digits) for name, array in self.arrays.items()},
        }

    def winners(self) -> set[tuple[int, ...]]:
        """The places in a that a window of the pool has chosen."""
        pool, a = self.network.layers[2], self.arrays["a"][None, None]
        windows = np.ndindex(*self.arrays["p"].shape)
        return {
            trace.pool_winners(a, pool.size, index=(0, 0, *at), stride=pool.stride)[0][2:] for at in windows
        }

    def still(self) -> str:
        """Key frames: the way forward, the way back below it, and the kernel with its gradient."""
        dead = {tuple(map(int, at)) for at in np.argwhere(self.arrays["z"] <= 0)}
        marks: dict[str, dict] = {
            "z": dict.fromkeys(dead, ("dimmed", False)),
            "dz": dict.fromkeys(dead, ("dimmed", False)),
            "a": dict.fromkeys(self.winners(), ("input", True)),
            "da": dict.fromkeys(self.winners(), ("delta", True)),
        }
        labels = {
            "x": "x", "z": "z, off", "a": "a, winners", "p": "p",
            "dx": "dx", "dz": "dz", "da": "da", "dp": "dp",
        }  # fmt: skip
        pictures = [
            _shaded(self.arrays[name], self.digits, words, marks.get(name, {}))
            for name, words in labels.items()
        ]
        for name, words in (
            ("w", f"kernel {self.channel} of {len(self.network.layers[0].params[0])}, w"),
            ("dw", "its gradient dw"),
        ):
            text = strings(self.arrays[name], self.digits)
            pictures.append(still.Block(words, still.rows(text, self.arrays[name].shape), {}))
        largest = np.unravel_index(np.abs(self.arrays["dw"]).argmax(), self.arrays["dw"].shape)
        probability, loss = (
            number(float(self.arrays[name][at]), self.digits) for name, at in (("q", self.label), ("loss", 0))
        )
        lines = [
            f"Forward: class {self.label} gets the probability {probability}. Loss {loss}.",
            "Back: softmax, fully connected, the winners (outlined), ReLU where z is positive, the kernel.",
            f"The largest gradient of the kernel is {index_text('dw', [int(n) for n in largest])} = "
            f"{number(float(self.arrays['dw'][largest]), self.digits)}.",
        ]
        rows = still.spoken(strings(self.arrays["dw"], self.digits), self.arrays["dw"].shape)
        alt = (
            f"{self.title}. The network's arrays as shades, each above its gradient: the input x, z, a, the pooled p. "
            f"{' '.join(lines)} dw, row by row: {rows}."
        )
        return still.picture(self.title, pictures, lines, alt)

    def summary(self) -> str:
        kernels, _, *size = self.network.layers[0].params[0].shape
        shape = "×".join(map(str, self.x.shape[2:]))
        return f"BackwardPass(x: {shape}, {kernels} kernels {'×'.join(map(str, size))}, label: {self.label})"


def _rounded(array: Array) -> Array:
    """An array whose entries have no more digits than a page carries."""
    values: Any = [float(f"{value:.{KEPT}g}") for value in array.ravel()]
    return np.array(values).reshape(array.shape)


def _shaded(array: Array, digits: int, words: str, marks: dict) -> still.Block:
    """An array in shades, for the still."""
    text, shade = still.rows(strings(array, digits), array.shape), still.rows(shades(array), array.shape)
    return still.Block(words, text, marks, shade=shade, side=SIDE)
