"""Descent with momentum against exact integers and a closed form."""

import numpy as np
import pytest

from cnnlab.optim import sgd


def test_one_plain_step():
    params, velocities = sgd([[1.0, 2.0], 3.0], [[10.0, 20.0], -4.0], rate=0.5)
    np.testing.assert_array_equal(params[0], [-4.0, -8.0])
    assert params[1] == 5.0
    np.testing.assert_array_equal(velocities[0], [10.0, 20.0])
    assert velocities[1] == -4.0


def test_three_steps_with_momentum_by_hand():
    params, velocities = (np.array([64.0]),), None
    seen = []
    for gradient in (8.0, 4.0, -2.0):
        params, velocities = sgd(params, [np.array([gradient])], velocities, rate=2, momentum=0.5)
        seen.append((params[0].item(), velocities[0].item()))
    # velocities 8, 8 / 2 + 4, 8 / 2 - 2
    assert seen == [(48.0, 8.0), (32.0, 8.0), (28.0, 2.0)]


def test_a_step_repeats_the_last_update_times_momentum():
    rng = np.random.default_rng(3)
    w0 = rng.normal(size=(2, 3))
    gradients = rng.normal(size=(2, 2, 3))
    (w1,), velocities = sgd([w0], gradients[:1], rate=0.1, momentum=0.9)
    (w2,), _ = sgd([w1], gradients[1:], velocities, rate=0.1, momentum=0.9)
    np.testing.assert_allclose(w2 - w1, -0.1 * gradients[1] + 0.9 * (w1 - w0), rtol=1e-13)


def test_momentum_on_a_parabola_follows_its_recurrence():
    # f(x) = a x^2 / 2: x[n+1] = (1 + momentum - rate a) x[n] - momentum x[n-1]
    a, rate, momentum = 3.0, 0.1, 0.8
    x, velocities, path = [np.array(5.0)], None, [5.0]
    for _ in range(20):
        x, velocities = sgd(x, [a * x[0]], velocities, rate=rate, momentum=momentum)
        path.append(float(x[0]))
    assert path[1] == pytest.approx((1 - rate * a) * path[0])
    for before, now, after in zip(path, path[1:], path[2:], strict=False):
        assert after == pytest.approx((1 + momentum - rate * a) * now - momentum * before, abs=1e-12)


def test_nothing_is_modified_and_dtypes_are_kept():
    w, dw, v = np.float32([1, 2]), np.float32([3, 4]), np.float32([5, 6])
    (new,), (velocity,) = sgd([w], [dw], [v], rate=np.float64(0.5), momentum=np.float64(0.5))
    assert new.dtype == velocity.dtype == np.float32
    np.testing.assert_array_equal((w, dw, v), [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(velocity, [5.5, 7])
    np.testing.assert_array_equal(new, [-1.75, -1.5])


def test_equal_copies_stay_equal_only_with_equal_gradients():
    params, velocities = [np.ones(3), np.ones(3)], None
    for gradient in (np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, 0.7])):
        params, velocities = sgd(params, [gradient, gradient], velocities, rate=0.1, momentum=0.9)
    np.testing.assert_array_equal(*params)
    params, _ = sgd(params, [gradient, 2 * gradient], velocities, rate=0.1, momentum=0.9)
    assert (params[0] != params[1]).all()


@pytest.mark.parametrize("rate", [0, -0.1, float("nan")])
def test_a_rate_must_be_above_zero(rate):
    with pytest.raises(ValueError, match="rate must be more than 0"):
        sgd([1.0], [1.0], rate=rate)


@pytest.mark.parametrize("momentum", [1, -0.1, float("nan")])
def test_momentum_must_be_from_zero_to_below_one(momentum):
    with pytest.raises(ValueError, match="momentum must be at least 0 and below 1"):
        sgd([1.0], [1.0], rate=0.1, momentum=momentum)


def test_bad_arrays_are_explained():
    with pytest.raises(ValueError, match="as many arrays each, got 2, 1 and 2"):
        sgd([1.0, 2.0], [1.0], rate=0.1)
    with pytest.raises(ValueError, match=r"gradient must have the shape of param, \(3,\), got \(1,\)"):
        sgd([np.ones(3)], [np.ones(1)], rate=0.1)
    with pytest.raises(ValueError, match=r"velocity must have the shape of param, \(3,\), got \(2,\)"):
        sgd([np.ones(3)], [np.ones(3)], [np.ones(2)], rate=0.1)
    with pytest.raises(TypeError, match="param must hold"):
        sgd([np.array(["a"])], [np.ones(1)], rate=0.1)
