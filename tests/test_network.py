"""Layers and networks against finite differences, autograd, and a training loop written by hand."""

import json
from pathlib import Path

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from autograd.scipy.signal import convolve
from autograd.scipy.special import logsumexp

from cnnlab import conv2d_backward
from cnnlab.activations import relu, relu_backward, sigmoid, sigmoid_backward
from cnnlab.datasets import Split, digits, pairs
from cnnlab.gradcheck import gradcheck
from cnnlab.losses import half_sum_of_squares, half_sum_of_squares_backward
from cnnlab.network import (
    Activation,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    Network,
    accuracy,
    batches,
    digits_network,
    pairs_network,
    train,
)


@pytest.fixture(scope="module")
def split():
    return digits()


@pytest.fixture(scope="module")
def trained(split):
    network = digits_network(0)
    return network, train(network, split)


def small_network(rng, **options):
    """Uneven sizes everywhere: 2 channels, 7x6 pixels, 3 kernels 2x3, stride (2, 1), overlapping pools."""
    return Network(
        [
            Conv2d(rng.normal(size=(3, 2, 2, 3)), rng.normal(size=3), stride=(2, 1), padding=(1, 0)),
            Activation(sigmoid, sigmoid_backward),
            MaxPool2d((2, 3), stride=1),
            Flatten(),
            Dense(rng.normal(size=(4, 18)), rng.normal(size=4)),
        ],
        **options,
    )


def loss_of(network, x, t):
    """The loss as a function of the parameters, for the gradient check; puts the old ones back."""

    def loss(*params):
        before = network.parameters()
        network.set_parameters(params)
        value = network.loss(network.forward(x), t)
        network.set_parameters(before)
        return value

    return loss


def test_every_parameter_passes_the_gradient_check():
    rng = np.random.default_rng(1)
    network, x, labels = small_network(rng), rng.normal(size=(3, 2, 7, 6)), np.array([3, 0, 2])
    loss, grads = network.loss_and_gradients(x, labels)
    assert loss == network.loss(network.forward(x), labels)
    report = gradcheck(loss_of(network, x, labels), network.parameters(), grads)
    assert len(report.entries) == 36 + 3 + 72 + 4
    assert report.passed, report


def test_the_gradient_of_the_input_passes_the_gradient_check():
    rng = np.random.default_rng(2)
    options = {"loss": half_sum_of_squares, "loss_backward": half_sum_of_squares_backward}
    network, x, t = small_network(rng, **options), rng.normal(size=(2, 2, 7, 6)), rng.normal(size=(2, 4))
    dx = network.backward(half_sum_of_squares_backward(network.forward(x), t))
    report = gradcheck(lambda x: half_sum_of_squares(network.forward(x), t), [x], [dx])
    assert report.passed, report


def test_the_digits_network_equals_automatic_differentiation(split):
    network, x, labels = digits_network(3), split.train_images[:5], split.train_labels[:5]
    network.set_parameters([p + 0.01 for p in network.parameters()])  # away from the kinks of zero biases

    def loss(params):
        w, b, v, c = params
        z = anp.stack(
            [[convolve(anp.pad(image[0], 1), k[0][::-1, ::-1], mode="valid") for k in w] for image in x]
        )
        a = anp.maximum(z + anp.reshape(b, (1, -1, 1, 1)), 0).reshape((5, 16, 4, 2, 4, 2))
        pooled = anp.max(anp.max(a, axis=5), axis=3).reshape((5, 256))
        scores = anp.dot(pooled, v.T) + c
        return anp.mean(logsumexp(scores, axis=1) - scores[anp.arange(5), labels])

    value, grads = network.loss_and_gradients(x, labels)
    assert value == pytest.approx(float(loss(network.parameters())), rel=1e-12)
    for ours, theirs in zip(grads, grad(loss)(network.parameters()), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_the_network_of_pairs_passes_the_gradient_check_and_uses_the_backwards_it_is_given():
    task = pairs()
    network, x, labels = pairs_network(1), task.train_images[:5], task.train_labels[:5]
    _, grads = network.loss_and_gradients(x, labels)
    report = gradcheck(loss_of(network, x, labels), network.parameters(), grads)
    assert len(report.entries) == 36 + 4 + 144 + 4 + 16 + 4
    assert report.passed, report

    def called(*arguments, **options):
        raise InterruptedError

    for name in ("activation", "conv", "pool"):
        with pytest.raises(InterruptedError):
            pairs_network(1, **{f"{name}_backward": called}).loss_and_gradients(x, labels)


def test_zero_biases_and_empty_margins_are_kinks_not_errors(split):
    network, x, labels = digits_network(0), split.train_images[:4], split.train_labels[:4]
    _, (dw, db, _, _) = network.loss_and_gradients(x, labels)
    w, b, *dense = network.parameters()
    loss = loss_of(network, x, labels)
    report = gradcheck(lambda w, b: loss(w, b, *dense), [w, b], [dw, db])
    assert report.differs == ()
    assert report.kinks and {entry.name for entry in report.kinks} == {"b"}
    network.set_parameters([w, b + 0.01, *dense])
    _, (dw, db, _, _) = network.loss_and_gradients(x, labels)
    assert gradcheck(lambda w, b: loss(w, b, *dense), [w, b + 0.01], [dw, db]).passed


def test_dense_is_a_matrix_product_exactly():
    rng = np.random.default_rng(4)
    x, w, b, dy = (rng.integers(-9, 10, shape).astype(float) for shape in [(2, 3), (4, 3), (4,), (2, 4)])
    layer = Dense(w, b)
    y = layer.forward(x)
    for n, k in np.ndindex(2, 4):
        assert y[n, k] == b[k] + sum(w[k, i] * x[n, i] for i in range(3))
    dx = layer.backward(dy)
    dw, db = layer.grads
    for k, i in np.ndindex(4, 3):
        assert dw[k, i] == sum(dy[n, k] * x[n, i] for n in range(2))
    for n, i in np.ndindex(2, 3):
        assert dx[n, i] == sum(dy[n, k] * w[k, i] for k in range(4))
    np.testing.assert_array_equal(db, [sum(column) for column in dy.T])


def test_flatten_goes_row_by_row_and_back():
    x = np.arange(24.0).reshape(2, 3, 2, 2)
    layer = Flatten()
    y = layer.forward(x)
    np.testing.assert_array_equal(y, [range(12), range(12, 24)])
    np.testing.assert_array_equal(layer.backward(y), x)


def test_a_backward_passed_in_is_used():
    def doubled(dy, x, w, **geometry):
        dx, dw, db = conv2d_backward(dy, x, w, **geometry)
        return dx, 2 * dw, db

    split = digits()
    x, labels = split.train_images[:3], split.train_labels[:3]
    _, right = digits_network(0).loss_and_gradients(x, labels)
    _, wrong = digits_network(0, conv_backward=doubled).loss_and_gradients(x, labels)
    np.testing.assert_array_equal(wrong[0], 2 * right[0])
    for one, other in zip(wrong[1:], right[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    zero = {"pool_backward": lambda dy, x, size, *, stride: np.zeros_like(x)}
    assert not digits_network(0, **zero).loss_and_gradients(x, labels)[1][0].any()
    negative = {"activation": relu, "activation_backward": lambda dy, x: -relu_backward(dy, x)}
    np.testing.assert_array_equal(
        digits_network(0, **negative).loss_and_gradients(x, labels)[1][0], -right[0]
    )


def test_initial_weights_depend_on_the_seed_alone():
    first, again, other = (digits_network(seed).parameters() for seed in (5, 5, 6))
    for p, q in zip(first, again, strict=True):
        np.testing.assert_array_equal(p, q)
        assert p.dtype == np.float64
    assert not np.array_equal(first[0], other[0])
    assert [p.shape for p in first] == [(16, 1, 3, 3), (16,), (10, 256), (10,)]
    assert first[2].var() == pytest.approx(1 / 256, rel=0.1)
    assert not first[1].any() and not first[3].any()
    assert np.random.default_rng(5).random() - 0.5 == first[0][0, 0, 0, 0] / np.sqrt(12 * 2 / 9)


def test_batches_hold_every_example_once_and_in_a_new_order():
    epochs = list(batches(10, epochs=3, batch_size=4, seed=1))
    assert [[len(batch) for batch in epoch] for epoch in epochs] == [[4, 4, 2]] * 3
    orders = [tuple(np.concatenate(epoch)) for epoch in epochs]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len(set(orders)) == 3
    again = [tuple(np.concatenate(epoch)) for epoch in batches(10, epochs=3, batch_size=4, seed=1)]
    assert again == orders


def test_training_a_linear_layer_equals_the_loop_written_out():
    rng = np.random.default_rng(8)
    x, labels = rng.normal(size=(6, 1, 1, 3)), np.array([0, 1, 0, 1, 1, 0])
    split = Split(x, labels, x[:2], labels[:2])
    w, b = rng.normal(size=(2, 3)), rng.normal(size=2)
    network = Network([Flatten(), Dense(w, b)])
    seen = []

    def progress(epochs):
        for epoch in epochs:
            seen.append(len(epoch))
            yield epoch

    history = train(network, split, epochs=2, batch_size=4, rate=0.3, momentum=0.5, seed=9, progress=progress)
    flat, v, losses = x.reshape(6, 3), [0, 0], []
    for epoch in batches(6, epochs=2, batch_size=4, seed=9):
        for batch in epoch:
            p = np.exp(flat[batch] @ w.T + b)
            p /= p.sum(axis=1, keepdims=True)
            losses.append(-np.log(p[np.arange(len(batch)), labels[batch]]).mean())
            delta = (p - np.eye(2)[labels[batch]]) / len(batch)
            v = [0.5 * v[0] + delta.T @ flat[batch], 0.5 * v[1] + delta.sum(axis=0)]
            w, b = w - 0.3 * v[0], b - 0.3 * v[1]
    np.testing.assert_allclose(history.losses, losses, rtol=1e-12)
    np.testing.assert_allclose(network.parameters()[0], w, rtol=1e-12)
    np.testing.assert_allclose(network.parameters()[1], b, rtol=1e-12)
    assert seen == [2, 2]
    assert len(history.test_losses) == len(history.test_accuracies) == 3
    scores = flat[:2] @ w.T + b
    assert (
        history.test_accuracies[-1] == accuracy(scores, labels[:2]) == np.mean(scores.argmax(1) == labels[:2])
    )
    assert history.test_losses[-1] == pytest.approx(network.loss(scores, labels[:2]), rel=1e-12)


def test_set_parameters_refuses_other_shapes():
    network = digits_network(0)
    params = network.parameters()
    with pytest.raises(ValueError, match="set_parameters: params must have the shapes"):
        network.set_parameters(params[:-1])
    with pytest.raises(ValueError, match="set_parameters: params must have the shapes"):
        network.set_parameters([params[0], params[1], params[2].T, params[3]])
    network.set_parameters([p + 1 for p in params])
    np.testing.assert_array_equal(network.parameters()[3], np.ones(10))


def test_the_digits_are_learned(trained, split):
    network, history = trained
    assert len(history.losses) == 20 * 45
    assert history.test_accuracies[-1] >= 0.98
    assert history.test_accuracies[-1] == accuracy(network.forward(split.test_images), split.test_labels)
    assert history.losses[0] > 2 and np.mean(history.losses[-45:]) < 0.02


def test_training_forgets_no_digits_of_its_weights(trained, split):
    """What the chapter shows to six digits is the same wherever rounding differs: errors do not grow."""
    _, history = trained
    network = digits_network(0)
    rng = np.random.default_rng(1)
    network.set_parameters([p * (1 + 1e-12 * rng.uniform(-1, 1, p.shape)) for p in network.parameters()])
    moved = train(network, split)
    np.testing.assert_allclose(moved.losses, history.losses, rtol=1e-9)
    np.testing.assert_allclose(moved.test_losses, history.test_losses, rtol=1e-9)
    assert moved.test_accuracies == history.test_accuracies


def test_the_stored_run_of_pytorch_has_the_same_numbers(trained, split):
    """`make test-torch` recomputes the record; here cnnlab is compared with it."""
    record = json.loads(
        (Path(__file__).parents[1] / "src/cnnlab/data/records/torch_training.json").read_text()
    )
    network, history = trained
    np.testing.assert_allclose(record["first_losses"], history.losses[:5], rtol=1e-7)
    epoch_losses = np.reshape(history.losses, (20, 45)).mean(axis=1)
    np.testing.assert_allclose(record["epoch_losses"], epoch_losses, rtol=1e-7)
    np.testing.assert_allclose(record["test_losses"], history.test_losses, rtol=1e-7)
    np.testing.assert_allclose(record["test_accuracies"], history.test_accuracies, rtol=1e-7)
    kernels = network.parameters()[0]
    np.testing.assert_allclose(record["first_kernel"], kernels[0, 0], rtol=1e-7)
