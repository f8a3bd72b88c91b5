"""The whole backward pass of a network, one layer at a time, following one channel."""

import copy
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import losses, network
from cnnlab.activations import softmax
from cnnlab.arrays import Array, as_floats
from cnnlab.formatting import number
from cnnlab.widgets import still
from cnnlab.widgets.base import TraceWidget, module, parse_number, shades, strings

READABLE = 12  # an array with more entries is drawn in shades, its numbers are read one at a time
LONGEST = 64  # of a vector that belongs to no channel, this many entries are shown


class BackwardPass(TraceWidget):
    """A map of a network, and at each step backwards the equation of a layer and its arrays.

    The widget follows one example and one channel: pictures are shown for that channel (the first one where a
    layer has fewer), and the weights and vectors that belong to it. Nothing of the network is changed.

    net      a `cnnlab.network.Network`
    x        the input, (1, C, H, W) or (H, W)
    label    the right class for softmax and cross-entropy, or the target as an array of the output's shape
    channel  which channel to follow; title: the heading; digits: significant digits of every number shown

    With a running Python the pixels of a one-channel input can be edited. Raises ValueError for a batch of several
    examples. The trace holds a few arrays of the size of the input for each layer.
    """

    _esm = module("arithmetic", "stage", "backward_pass")

    def __init__(
        self,
        net: network.Network,
        x: ArrayLike,
        label: ArrayLike,
        channel: int = 0,
        title: str = "The backward pass, layer by layer",
        digits: int = 3,
    ) -> None:
        x = np.array(as_floats("BackwardPass", "x", x))
        if x.ndim == 2:
            x = x[None, None]
        if len(x) != 1:
            raise ValueError(
                f"BackwardPass: x must hold one example; got a batch of {len(x)}. Slice it, as in x[:1]."
            )
        self.x, self.title, self.channel, self.digits = x, title, channel, digits
        self.network = copy.deepcopy(net)
        self.target = np.array([label]) if np.isscalar(label) else np.asarray(label)
        super().__init__(self._trace())

    def _run(self) -> tuple[list, list]:
        """The input of every layer and the output; and every gradient, from the loss back to the input."""
        values = [self.x]
        for layer in self.network.layers:
            values.append(layer.forward(values[-1]))
        deltas = [self.network.loss_backward(values[-1], self.target)]
        for layer in reversed(self.network.layers):
            deltas.append(layer.backward(deltas[-1]))
        return values, deltas

    def _trace(self) -> dict:
        values, deltas = self._run()
        layers = self.network.layers
        count = len(layers)
        stages = [self._loss_stage(values[-1], deltas[0])]
        for k, layer in enumerate(reversed(layers)):
            stages.append(self._stage(layer, values[count - 1 - k], dy=deltas[k], dx=deltas[k + 1]))
        boxes = [{"name": "input", "shape": _size(self.x)}]
        boxes += [
            {"name": _name(layer), "shape": _size(y)} for layer, y in zip(layers, values[1:], strict=True)
        ]
        boxes.append({"name": stages[0]["name"], "shape": "1 number"})
        result = next(
            (array["result"] for stage in reversed(stages) for array in stage["arrays"] if "result" in array),
            None,
        )
        return {
            "title": self.title,
            "boxes": boxes,
            "x": self._picture("x", "input", "input", self._channel(self.x)),
            "loss": number(float(self.network.loss(values[-1], self.target)), self.digits),
            "stages": stages,
            "result": result,
        }

    def _loss_stage(self, y: Array, dy: Array) -> dict:
        arrays = [self._picture("y", "output", "input", self._vector(y))]
        if self.network.loss is losses.softmax_cross_entropy:
            arrays.append(self._picture("p", "softmax(y)", "input", self._vector(softmax(y))))
            name, equation = (
                "softmax, cross-entropy",
                ["dy = p - t,  t is 1 at the right class and 0 elsewhere"],
            )
            words = (
                "The loss asks how each output should change: its probability, minus 1 at the right class."
            )
        else:
            name, equation = "loss", ["dy = dE/dy"]
            words = "The loss asks how each output should change."
        arrays.append(self._picture("dy", "gradient at the output", "delta", self._vector(dy)))
        return {"name": name, "equations": equation, "words": words, "arrays": arrays}

    def _stage(self, layer: network.Layer, x: Array, dy: Array, dx: Array) -> dict:
        """What one layer is given (its input x, dy) and what it gives (gradients of its parameters, dx)."""
        kinds: dict[type, Callable] = {
            network.Conv2d: self._conv,
            network.MaxPool2d: self._pool,
            network.Activation: self._activation,
            network.Flatten: self._flatten,
            network.Dense: self._dense,
        }
        given = kinds.get(type(layer), self._other)(layer, x, dy, dx)
        return {"name": _name(layer), **given}

    def _conv(self, layer: network.Conv2d, x: Array, dy: Array, dx: Array) -> dict:
        k, c = min(self.channel, dy.shape[1] - 1), min(self.channel, x.shape[1] - 1)
        (w, _), (dw, db) = layer.params, layer.grads
        kernel = self._picture("dw", f"gradient of kernel {k}", "result", dw[k, c])
        kernel["result"] = {
            "label": f"dw[{k}, {c}, 0, 0]",
            "text": number(float(dw[k, c, 0, 0]), self.digits),
        }
        return {
            "equations": [
                "dw[m] = sum over i of x[i stride + m - padding] dy[i]",
                "db = sum over i of dy[i]",
                "dx[j] = sum over the outputs i that see j of w[m] dy[i]",
            ],
            "words": "Every weight adds up what all its connections bring. Kernels of other channels do the same.",
            "arrays": [
                self._picture("x", "its input", "input", x[0, c]),
                self._picture("dy", "comes in", "delta", dy[0, k]),
                self._picture("w", f"kernel {k}", "weight", w[k, c]),
                kernel,
                self._picture("db", f"gradient of bias {k}", "result", db[k : k + 1]),
                self._picture("dx", "goes out", "result", dx[0, c]),
            ],
        }

    def _pool(self, layer: network.MaxPool2d, x: Array, dy: Array, dx: Array) -> dict:
        return {
            "equations": ["dx[winner] += dy[window]"],
            "words": "Each window passes its gradient to its largest input. All others get 0.",
            "arrays": self._through(x, dy, dx),
        }

    def _activation(self, layer: network.Activation, x: Array, dy: Array, dx: Array) -> dict:
        return {
            "equations": [f"dx = dy × {layer.function.__name__}'(x)"],
            "words": "Each entry is multiplied by the slope of the activation at its own input.",
            "arrays": self._through(x, dy, dx),
        }

    def _flatten(self, layer: network.Flatten, x: Array, dy: Array, dx: Array) -> dict:
        return {
            "equations": ["dx = dy, in the shape of x"],
            "words": "Nothing is computed: the vector is put back into pictures, row by row.",
            "arrays": [
                self._picture("dy", "comes in", "delta", self._vector(dy, x.shape)),
                self._picture("dx", "goes out", "result", self._channel(dx)),
            ],
        }

    def _dense(self, layer: network.Dense, x: Array, dy: Array, dx: Array) -> dict:
        (w, _), (dw, _) = layer.params, layer.grads
        columns = self._columns(x.shape[1])
        table = self._picture("dw", "gradient of the weights", "result", dw[:, columns])
        table["result"] = {
            "label": f"dw[0, {columns.start}]",
            "text": number(float(dw[0, columns.start]), self.digits),
        }
        return {
            "equations": ["dw = dy xᵀ", "db = dy", "dx = wᵀ dy"],
            "words": "Each weight has one connection, so its gradient is one product. dx adds up over the outputs.",
            "arrays": [
                self._picture("x", "its input", "input", x[0, columns]),
                self._picture("dy", "comes in", "delta", self._vector(dy)),
                self._picture("w", "weights", "weight", w[:, columns]),
                table,
                self._picture("dx", "goes out", "result", dx[0, columns]),
            ],
        }

    def _other(self, layer: network.Layer, x: Array, dy: Array, dx: Array) -> dict:
        return {"equations": ["dx = backward(dy)"], "words": "", "arrays": self._through(x, dy, dx)}

    def _through(self, x: Array, dy: Array, dx: Array) -> list[dict]:
        shown = [
            ("x", "its input", "input", x),
            ("dy", "comes in", "delta", dy),
            ("dx", "goes out", "result", dx),
        ]
        return [
            self._picture(name, words, role, self._channel(a) if a.ndim == 4 else self._vector(a))
            for name, words, role, a in shown
        ]

    def _channel(self, array: Array) -> Array:
        return array[0, min(self.channel, array.shape[1] - 1)]

    def _vector(self, array: Array, shape: Sequence[int] | None = None) -> Array:
        """The part of a vector that belongs to the channel, if it is flattened pictures."""
        return array[0, self._columns(array.shape[1], shape)]

    def _columns(self, length: int, shape: Sequence[int] | None = None) -> slice:
        """Where the followed channel lies in a vector of this length."""
        flat = [layer.shape for layer in self.network.layers if isinstance(layer, network.Flatten)]
        for _, channels, *spatial in [shape] if shape else flat:
            if channels * prod(spatial) == length:
                k = min(self.channel, channels - 1)
                return slice(k * prod(spatial), (k + 1) * prod(spatial))
        return slice(0, min(length, LONGEST))

    def _picture(self, name: str, words: str, role: str, array: Array) -> dict:
        array = np.asarray(array, dtype=float)
        state: dict[str, Any] = {"name": name, "words": words, "role": role, "shape": list(array.shape)}
        state["text"] = strings(array, self.digits)
        if array.size > READABLE:
            state["small"] = True
        elif array.ndim == 1 and array.size > 5:
            state["columns"] = 5
        return state

    def answer(self, message: dict) -> dict | None:
        if "edit" not in message:
            return super().answer(message)
        _, flat, text = message["edit"]
        if self.x.shape[1] != 1:
            raise ValueError("Only an input of one channel can be edited here; change x in the cell above.")
        self.x.ravel()[int(flat)] = parse_number(text)
        self.trace = self._trace()
        return {"edited": ["x", flat]}

    def still(self) -> str:
        state = self.trace
        names = [f"{box['name']} ({box['shape']})" for box in state["boxes"]]
        lines = [f"Loss {state['loss']}. Backwards:"]
        for stage in state["stages"]:
            lines.append(f"{stage['name']}: {'; '.join(stage['equations'])}")
        shown = [a for a in state["stages"][-1]["arrays"] if len(a["shape"]) == 2]
        pictures = [
            still.Block(
                f"{a['words']} {a['name']}",
                still.rows(a["text"], a["shape"]),
                {},
                shade=still.rows(shades([float(text) for text in a["text"]]), a["shape"])
                if "small" in a
                else None,
            )
            for a in shown
        ]
        last = state["result"]
        ending = f" The gradient ends at {last['label']} = {last['text']}." if last else ""
        alt = f"{self.title}. Forward: {', '.join(names)}. {' '.join(line + '.' for line in lines)}{ending}"
        if last:
            lines.append(f"{last['label']} = {last['text']}")
        return still.picture(self.title, pictures, [" > ".join(names), *lines], alt)

    def summary(self) -> str:
        return f"BackwardPass({len(self.network.layers)} layers, x: {'×'.join(map(str, self.x.shape))})"


def _name(layer: network.Layer) -> str:
    if isinstance(layer, network.Activation):
        return layer.function.__name__
    names: dict[type, str] = {
        network.Conv2d: "convolution",
        network.MaxPool2d: "max-pooling",
        network.Flatten: "flatten",
        network.Dense: "fully connected",
    }
    return names.get(type(layer), type(layer).__name__)


def _size(array: Array) -> str:
    return " × ".join(map(str, array.shape[1:]))
