"""Layers with state, networks made of them, and a training loop.

The only state of a network is here: every layer keeps its parameters in the list `params`, what its forward
saw, and, after a backward, the gradients of its parameters in the list `grads`, in the same order. The
arithmetic is that of `cnnlab.conv`, `cnnlab.pool` and `cnnlab.activations`. A layer takes the backward function
as an argument, so that a network with a wrong gradient can be built, trained and looked at.
"""

from typing import NamedTuple

import numpy as np

from cnnlab.activations import relu, relu_backward
from cnnlab.conv import conv2d, conv2d_backward
from cnnlab.losses import softmax_cross_entropy, softmax_cross_entropy_backward
from cnnlab.optim import sgd
from cnnlab.pool import max_pool2d, max_pool2d_backward


class Conv2d:
    """Convolution with shared kernels: w (K, C, P, Q), b (K,). Arguments as `cnnlab.conv2d`."""

    def __init__(self, w, b, *, stride=1, padding=0, backward=conv2d_backward):
        self.params, self.grads = [w, b], []
        self.geometry = {"stride": stride, "padding": padding}
        self.conv2d_backward = backward

    def forward(self, x):
        self.x = x
        w, b = self.params
        return conv2d(x, w, b, **self.geometry)

    def backward(self, dy):
        w, _ = self.params
        dx, *self.grads = self.conv2d_backward(dy, self.x, w, **self.geometry)
        return dx


class MaxPool2d:
    """Max-pooling without parameters. Arguments as `cnnlab.max_pool2d`."""

    def __init__(self, size, *, stride=None, backward=max_pool2d_backward):
        self.params, self.grads = [], []
        self.size, self.stride = size, stride
        self.max_pool2d_backward = backward

    def forward(self, x):
        self.x = x
        return max_pool2d(x, self.size, stride=self.stride)

    def backward(self, dy):
        return self.max_pool2d_backward(dy, self.x, self.size, stride=self.stride)


class Activation:
    """An activation y = function(x), entry by entry, with backward(dy, x) -> dx."""

    def __init__(self, function, backward):
        self.params, self.grads = [], []
        self.function, self.function_backward = function, backward

    def forward(self, x):
        self.x = x
        return self.function(x)

    def backward(self, dy):
        return self.function_backward(dy, self.x)


class Flatten:
    """(N, C, H, W) to (N, C * H * W), row by row, and the gradient back to (N, C, H, W)."""

    def __init__(self):
        self.params, self.grads = [], []

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy):
        return dy.reshape(self.shape)


class Dense:
    """A fully connected layer: y[n] = w x[n] + b with w (outputs, inputs), b (outputs,), x (N, inputs)."""

    def __init__(self, w, b):
        self.params, self.grads = [w, b], []

    def forward(self, x):
        self.x = x
        w, b = self.params
        return x @ w.T + b

    def backward(self, dy):
        w, _ = self.params
        self.grads = [dy.T @ self.x, dy.sum(axis=0)]
        return dy @ w


class Network:
    """Layers one after the other, and a loss(y, t) with its loss_backward(y, t) -> dy at the end."""

    def __init__(self, layers, loss=softmax_cross_entropy, loss_backward=softmax_cross_entropy_backward):
        self.layers, self.loss, self.loss_backward = list(layers), loss, loss_backward

    def forward(self, x):
        """The output of the last layer: for a classifier the scores, before the softmax."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dy):
        """From the delta at the output back to the gradient of the input; fills `grads` of every layer."""
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def loss_and_gradients(self, x, t):
        """The loss of a batch, and its gradient for each array of `parameters()`."""
        y = self.forward(x)
        self.backward(self.loss_backward(y, t))
        return self.loss(y, t), [grad for layer in self.layers for grad in layer.grads]

    def parameters(self):
        """All parameters, from the first layer to the last."""
        return [param for layer in self.layers for param in layer.params]

    def set_parameters(self, params):
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


def batches(examples, *, epochs, batch_size, seed):
    """For each epoch a list of batches, arrays of indices: all examples once, in a new order, the last batch smaller."""
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(examples)
        yield [order[start : start + batch_size] for start in range(0, examples, batch_size)]


def train(network, split, *, epochs=20, batch_size=32, rate=0.1, momentum=0.8, seed=0, progress=iter):
    """Train a network by stochastic gradient descent with momentum, in place; returns a `History`.

    split     a `cnnlab.datasets.Split`
    seed      orders the examples, see `batches`
    progress  takes the list of epochs and gives them back one by one, as `tqdm` does; the default shows nothing

    The defaults train `digits_network` in the chapter. They were chosen on the training part alone, by 4-fold
    cross-validation.
    """
    epochs = list(batches(len(split.train_labels), epochs=epochs, batch_size=batch_size, seed=seed))
    velocities = None
    history = History([], [], [])
    _test(network, split, history)
    for epoch in progress(epochs):
        for batch in epoch:
            loss, grads = network.loss_and_gradients(split.train_images[batch], split.train_labels[batch])
            params, velocities = sgd(network.parameters(), grads, velocities, rate=rate, momentum=momentum)
            network.set_parameters(params)
            history.losses.append(float(loss))
        _test(network, split, history)
    return history


def accuracy(scores, labels):
    """The share of examples whose right class has the highest score."""
    return float(np.mean(scores.argmax(axis=1) == labels))


def digits_network(
    seed=0,
    *,
    channels=16,
    activation=relu,
    activation_backward=relu_backward,
    conv_backward=conv2d_backward,
    pool_backward=max_pool2d_backward,
):
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


def _uniform(rng, shape, variance):
    # random() is the same to the last bit everywhere, and one rounding follows: no machine differs.
    return (rng.random(shape) - 0.5) * np.sqrt(12 * variance)


def _test(network, split, history):
    scores = network.forward(split.test_images)
    history.test_losses.append(float(network.loss(scores, split.test_labels)))
    history.test_accuracies.append(accuracy(scores, split.test_labels))
