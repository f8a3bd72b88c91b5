"""Layers with state, networks made of them, and a training loop.

The only state of a network is here: every layer keeps its parameters in the list `params`, what its forward
saw, and, after a backward, the gradients of its parameters in the list `grads`, in the same order. The
arithmetic is that of `cnnlab.conv`, `cnnlab.pool` and `cnnlab.activations`. A layer takes the backward function
as an argument, so that a network with a wrong gradient can be built, trained and looked at.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from cnnlab.activations import relu, relu_backward
from cnnlab.arrays import Array, Shape, Sizes
from cnnlab.conv import conv2d, conv2d_backward
from cnnlab.datasets import Split
from cnnlab.losses import softmax_cross_entropy, softmax_cross_entropy_backward
from cnnlab.optim import sgd
from cnnlab.pool import max_pool2d, max_pool2d_backward


class Layer(Protocol):
    """What a network asks of each of its layers."""

    params: list[Array]
    grads: list[Array]

    def forward(self, x: Array) -> Array: ...

    def backward(self, dy: Array) -> Array: ...


class Conv2d:
    """Convolution with shared kernels: w (K, C, P, Q), b (K,). Arguments as `cnnlab.conv2d`."""

    def __init__(
        self,
        w: Array,
        b: Array,
        *,
        stride: Sizes = 1,
        padding: Sizes = 0,
        backward: Callable = conv2d_backward,
    ) -> None:
        self.params, self.grads = [w, b], []
        self.geometry = {"stride": stride, "padding": padding}
        self.conv2d_backward = backward

    def forward(self, x: Array) -> Array:
        self.x = x
        w, b = self.params
        return conv2d(x, w, b, **self.geometry)

    def backward(self, dy: Array) -> Array:
        w, _ = self.params
        dx, *self.grads = self.conv2d_backward(dy, self.x, w, **self.geometry)
        return dx


class MaxPool2d:
    """Max-pooling without parameters. Arguments as `cnnlab.max_pool2d`."""

    def __init__(
        self, size: Sizes, *, stride: Sizes | None = None, backward: Callable = max_pool2d_backward
    ) -> None:
        self.params, self.grads = [], []
        self.size, self.stride = size, stride
        self.max_pool2d_backward = backward

    def forward(self, x: Array) -> Array:
        self.x = x
        return max_pool2d(x, self.size, stride=self.stride)

    def backward(self, dy: Array) -> Array:
        return self.max_pool2d_backward(dy, self.x, self.size, stride=self.stride)


class Activation:
    """An activation y = function(x), entry by entry, with backward(dy, x) -> dx."""

    def __init__(self, function: Callable, backward: Callable) -> None:
        self.params, self.grads = [], []
        self.function, self.function_backward = function, backward

    def forward(self, x: Array) -> Array:
        self.x = x
        return self.function(x)

    def backward(self, dy: Array) -> Array:
        return self.function_backward(dy, self.x)


class Flatten:
    """(N, C, H, W) to (N, C * H * W), row by row, and the gradient back to (N, C, H, W)."""

    def __init__(self) -> None:
        self.params, self.grads = [], []

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(self.shape)


class Dense:
    """A fully connected layer: y[n] = w x[n] + b with w (outputs, inputs), b (outputs,), x (N, inputs)."""

    def __init__(self, w: Array, b: Array) -> None:
        self.params, self.grads = [w, b], []

    def forward(self, x: Array) -> Array:
        self.x = x
        w, b = self.params
        return x @ w.T + b

    def backward(self, dy: Array) -> Array:
        w, _ = self.params
        self.grads = [dy.T @ self.x, dy.sum(axis=0)]
        return dy @ w


class Network:
    """Layers one after the other, and a loss(y, t) with its loss_backward(y, t) -> dy at the end."""

    def __init__(
        self,
        layers: Iterable[Layer],
        loss: Callable = softmax_cross_entropy,
        loss_backward: Callable = softmax_cross_entropy_backward,
    ) -> None:
        self.layers, self.loss, self.loss_backward = list(layers), loss, loss_backward

    def forward(self, x: Array) -> Array:
        """The output of the last layer: for a classifier the scores, before the softmax."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dy: Array) -> Array:
        """From the delta at the output back to the gradient of the input; fills `grads` of every layer."""
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def loss_and_gradients(self, x: Array, t: Array) -> tuple[float, list[Array]]:
        """The loss of a batch, and its gradient for each array of `parameters()`."""
        y = self.forward(x)
        self.backward(self.loss_backward(y, t))
        return self.loss(y, t), [grad for layer in self.layers for grad in layer.grads]

    def parameters(self) -> list[Array]:
        """All parameters, from the first layer to the last."""
        return [param for layer in self.layers for param in layer.params]

    def set_parameters(self, params: Iterable[Array]) -> None:
        """Put other arrays of the same shapes in the place of `parameters()`."""
        shapes, given = [p.shape for p in self.parameters()], [np.shape(p) for p in params]
        if shapes != given:
            raise ValueError(
                f"set_parameters: params must have the shapes {shapes}, got {given}; "
                "keep the number and the order of parameters()."
            )
        params = iter(params)
        for layer in self.layers:
            layer.params = [next(params) for _ in layer.params]


class History(NamedTuple):
    """What `train` saw: the loss of every batch before its step; the test set before and after each epoch."""

    losses: list
    test_losses: list
    test_accuracies: list


def batches(examples: int, *, epochs: int, batch_size: int, seed: int) -> Iterator[list[Array]]:
    """For each epoch a list of batches, arrays of indices: all examples once, in a new order, the last batch smaller."""
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(examples)
        yield [order[start : start + batch_size] for start in range(0, examples, batch_size)]


def train(
    network: Network,
    split: Split,
    *,
    epochs: int = 20,
    batch_size: int = 32,
    rate: float = 0.1,
    momentum: float = 0.8,
    seed: int = 0,
    progress: Callable[[list], Iterable] = iter,
) -> History:
    """Train a network by stochastic gradient descent with momentum, in place; returns a `History`.

    split     a `cnnlab.datasets.Split`
    seed      orders the examples, see `batches`
    progress  takes the list of epochs and gives them back one by one, as `tqdm` does; the default shows nothing

    The defaults train `digits_network` in the chapter. They were chosen on the training part alone, by 4-fold
    cross-validation.
    """
    orders = list(batches(len(split.train_labels), epochs=epochs, batch_size=batch_size, seed=seed))
    velocities = None
    history = History([], [], [])
    _test(network, split, history)
    for epoch in progress(orders):
        for batch in epoch:
            loss, grads = network.loss_and_gradients(split.train_images[batch], split.train_labels[batch])
            params, velocities = sgd(network.parameters(), grads, velocities, rate=rate, momentum=momentum)
            network.set_parameters(params)
            history.losses.append(float(loss))
        _test(network, split, history)
    return history


def accuracy(scores: Array, labels: Array) -> float:
    """The share of examples whose right class has the highest score."""
    return float(np.mean(scores.argmax(axis=1) == labels))


def digits_network(
    seed: int = 0,
    *,
    channels: int = 16,
    activation: Callable = relu,
    activation_backward: Callable = relu_backward,
    conv_backward: Callable = conv2d_backward,
    pool_backward: Callable = max_pool2d_backward,
) -> Network:
    """The network of the chapter for 8x8 digits: convolution, activation, max-pooling, fully connected.

    (N, 1, 8, 8) -> `channels` kernels 3x3, padding 1 -> 2x2 max-pooling -> (N, 16 * channels) -> (N, 10) scores.
    Weights are uniform with variance 2 / inputs (kernels) and 1 / inputs (fully connected), biases zero.
    The same seed gives the same weights on every machine. Softmax and cross-entropy are the network's loss.
    """
    rng = np.random.default_rng(seed)
    kernels = _uniform(rng, (channels, 1, 3, 3), variance=2 / 9)
    weights = _uniform(rng, (10, 16 * channels), variance=1 / (16 * channels))
    return Network(
        [
            Conv2d(kernels, np.zeros(channels), padding=1, backward=conv_backward),
            Activation(activation, activation_backward),
            MaxPool2d(2, backward=pool_backward),
            Flatten(),
            Dense(weights, np.zeros(10)),
        ]
    )


def pairs_network(
    seed: int = 0,
    *,
    activation_backward: Callable = relu_backward,
    conv_backward: Callable = conv2d_backward,
    pool_backward: Callable = max_pool2d_backward,
) -> Network:
    """A network for `cnnlab.datasets.pairs`: two convolutions with ReLU, one pool over the whole image, fully connected.

    (N, 1, 6, 6) -> 4 kernels 3x3 -> 4 kernels 4x3x3, both with padding 1 -> 6x6 max-pooling -> (N, 4) -> (N, 4) scores.
    Initial weights and loss as in `digits_network`.
    """
    rng = np.random.default_rng(seed)
    layers: list[Layer] = []
    for channels in (1, 4):
        w = _uniform(rng, (4, channels, 3, 3), variance=2 / (9 * channels))
        layers += [
            Conv2d(w, np.zeros(4), padding=1, backward=conv_backward),
            Activation(relu, activation_backward),
        ]
    weights = _uniform(rng, (4, 4), variance=1 / 4)
    return Network([*layers, MaxPool2d(6, backward=pool_backward), Flatten(), Dense(weights, np.zeros(4))])


def _uniform(rng: np.random.Generator, shape: Shape, variance: float) -> Array:
    # random() is the same to the last bit everywhere, and one rounding follows: no machine differs.
    return (rng.random(shape) - 0.5) * np.sqrt(12 * variance)


def _test(network: Network, split: Split, history: History) -> None:
    scores = network.forward(split.test_images)
    history.test_losses.append(float(network.loss(scores, split.test_labels)))
    history.test_accuracies.append(accuracy(scores, split.test_labels))
