"""The gradient check itself: right gradients, slightly wrong ones, and kinks."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.activations import relu, relu_backward, sigmoid, sigmoid_backward
from cnnlab.conv import conv2d, conv2d_backward
from cnnlab.gradcheck import gradcheck
from cnnlab.pool import max_pool2d, max_pool2d_backward


def convolution(seed=0):
    """A function of x, w and b, its arguments and its gradients; every dimension has another size."""
    rng = np.random.default_rng(seed)
    x, w, b = rng.normal(size=(2, 2, 4, 5)), rng.normal(size=(3, 2, 2, 3)), rng.normal(size=3)
    dy = rng.normal(size=conv2d(x, w, b, stride=(2, 1), padding=1).shape)

    def loss(x, w, b):
        return np.sum(conv2d(x, w, b, stride=(2, 1), padding=1) * dy)

    return loss, [x, w, b], list(conv2d_backward(dy, x, w, stride=(2, 1), padding=1))


def test_right_gradients_pass_in_every_entry():
    loss, arguments, gradients = convolution()
    report = gradcheck(loss, arguments, gradients)
    assert report.passed
    assert len(report.entries) == 80 + 36 + 3
    assert {entry.name for entry in report.entries} == {"x", "w", "b"}
    assert report.differs == report.kinks == ()


def test_numeric_gradients_equal_scipys():
    loss, (x, w, b), gradients = convolution()
    numeric = scipy.optimize.approx_fprime(w.ravel(), lambda flat: loss(x, flat.reshape(w.shape), b), 1e-7)
    report = gradcheck(loss, [x, w, b], gradients)
    ours = {entry.index: entry.numeric for entry in report.entries if entry.name == "w"}
    np.testing.assert_allclose([ours[index] for index in np.ndindex(w.shape)], numeric, rtol=1e-5, atol=1e-6)


@given(entry=st.integers(0, 118), factor=st.sampled_from([-1.0, 0.0, 1 - 1e-5, 1 + 1e-5, 2.0]))
def test_one_slightly_wrong_entry_is_found_and_named(entry, factor):
    loss, arguments, gradients = convolution()
    sizes = np.cumsum([0] + [g.size for g in gradients])
    which = int(np.searchsorted(sizes, entry, side="right")) - 1
    index = np.unravel_index(entry - sizes[which], gradients[which].shape)
    gradients[which][index] *= factor
    report = gradcheck(loss, arguments, gradients)
    assert not report.passed
    assert [(e.name, e.index) for e in report.differs] == [("xwb"[which], tuple(map(int, index)))]
    assert report.entries[0] is report.differs[0]
    assert report.kinks == ()


def test_an_offset_of_a_millionth_is_found():
    loss, arguments, gradients = convolution()
    gradients[0][1, 0, 2, 3] += 1e-6 * abs(gradients[0]).max()
    assert [e.where for e in gradcheck(loss, arguments, gradients, tolerance=1e-7).differs] == [
        "x[1, 0, 2, 3]"
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda dx, dw, db: (dx[:, :, ::-1, ::-1], dw, db),
        lambda dx, dw, db: (dx, dw[:, :, ::-1, ::-1], db),
        lambda dx, dw, db: (dx, dw[:, ::-1], db),
        lambda dx, dw, db: (dx, dw / 2, db),
        lambda dx, dw, db: (dx, dw, db / 24),
    ],
)
def test_rotated_swapped_and_averaged_gradients_are_found(spoil):
    loss, arguments, gradients = convolution()
    assert gradcheck(loss, arguments, gradients).passed
    report = gradcheck(loss, arguments, spoil(*gradients))
    assert len(report.differs) > 1 and report.kinks == ()


def test_a_forgotten_derivative_of_the_sigmoid_is_found():
    x, dy = np.array([[-1.5, 0.3, 2.0]]), np.array([[1.0, -2.0, 3.0]])

    def loss(x):
        return np.sum(sigmoid(x) * dy)

    assert gradcheck(loss, [x], [sigmoid_backward(dy, x)]).passed
    assert len(gradcheck(loss, [x], [dy]).differs) == 3


def test_entries_are_sorted_worst_first():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    report = gradcheck(lambda x: np.sum(x**2), [x], [2 * x * [1, 1.01, 1.5, 1.1]])
    assert [entry.index for entry in report.entries] == [(2,), (3,), (1,), (0,)]
    errors = [entry.relative_error for entry in report.entries]
    np.testing.assert_allclose(errors[:3], [0.5 / 1.5, 0.1 / 1.1, 0.01 / 1.01], rtol=1e-6)


def test_relu_at_zero_is_a_kink_and_not_an_error():
    x, dy = np.array([1.0, 0.0, -1.0, 3e-6, 2.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    report = gradcheck(lambda x: np.sum(relu(x) * dy), [x], [relu_backward(dy, x)])
    assert [(e.where, e.verdict) for e in report.entries[:2]] == [("x[1]", "kink"), ("x[3]", "kink")]
    assert not report.passed and report.differs == ()
    # At zero the difference takes the mean of the slopes 0 and 2.
    assert report.entries[0].numeric == pytest.approx(1)
    moved = np.where(abs(x) < 1e-5, 0.1, x)
    assert gradcheck(lambda x: np.sum(relu(x) * dy), [moved], [relu_backward(dy, moved)]).passed


def test_a_wrong_gradient_at_a_kink_is_an_error():
    x = np.array([0.0, 0.0, 1e-6])
    report = gradcheck(lambda x: np.sum(relu(x)), [x], [np.array([-0.5, 1.5, 2.0])])
    assert [entry.verdict for entry in report.entries] == ["differs"] * 3


def test_any_subgradient_at_a_kink_is_a_kink():
    x = np.array([0.0, 0.0, 0.0, 0.0])
    report = gradcheck(lambda x: np.sum(abs(x)), [x], [np.array([-1.0, -0.3, 0.0, 1.0])])
    verdicts = {entry.index: entry.verdict for entry in report.entries}
    # Zero is the mean of both slopes, which is what the central difference sees.
    assert verdicts == {(0,): "kink", (1,): "kink", (2,): "agrees", (3,): "kink"}


def test_curvature_beside_a_kink_makes_no_error():
    # The analytic 3 is the slope on the left; bending upwards puts every difference quotient there below it.
    def function(x):
        return np.sum(10 * x**2 + 3 * x - relu(x))

    verdicts = [gradcheck(function, [np.zeros(1)], [np.array([g])]).entries[0].verdict for g in (3.0, 3.001)]
    assert verdicts == ["kink", "differs"]


def test_a_tie_in_max_pooling_is_a_kink():
    x = np.array([[[[3.0, 1.0, 5.0], [3.0, 2.0, 5.0]]]])
    dy = np.array([[[[2.0, 7.0]]]])
    report = gradcheck(
        lambda x: np.sum(max_pool2d(x, 2, stride=1) * dy), [x], [max_pool2d_backward(dy, x, 2, stride=1)]
    )
    assert {e.where for e in report.kinks} == {
        "x[0, 0, 0, 0]",
        "x[0, 0, 1, 0]",
        "x[0, 0, 0, 2]",
        "x[0, 0, 1, 2]",
    }
    assert report.differs == ()


def test_strong_curvature_is_not_taken_for_a_kink():
    x = np.array([0.3, -0.2])
    report = gradcheck(lambda x: np.sum(np.exp(30 * x)), [x], [30.3 * np.exp(30 * x)])
    assert [entry.verdict for entry in report.entries] == ["differs", "differs"]
    # A ten-thousandth off: between the slopes on both sides, and wrong all the same.
    report = gradcheck(lambda x: np.sum(np.exp(30 * x)), [x], [30.003 * np.exp(30 * x)])
    assert [entry.verdict for entry in report.entries] == ["differs", "differs"]
    assert gradcheck(lambda x: np.sum(np.exp(30 * x)), [x], [30 * np.exp(30 * x)]).passed


def test_two_kinks_that_hide_each_other_are_found():
    # Within one step of zero the slope is 1, then 0 on both sides: left and right look alike.
    x, dy = np.array([0.0, 1.0]), np.array([3.0, 2.0])
    report = gradcheck(lambda x: np.sum(np.clip(x, -5e-6, 5e-6) * dy), [x], [np.array([3.0, 0.0])])
    assert [entry.verdict for entry in report.entries] == ["kink", "agrees"]
    report = gradcheck(lambda x: np.sum(np.clip(x, -5e-6, 5e-6) * dy), [x], [np.array([4.0, 0.0])])
    assert [entry.verdict for entry in report.entries] == ["differs", "agrees"]


def test_zero_gradients_agree_although_rounding_disturbs_the_difference():
    x = np.array([0.1, 0.7])
    report = gradcheck(lambda x: np.sum(x) - np.sum(x) + 1 / 3 * 3e3, [x], [np.zeros(2)])
    assert report.passed
    assert not gradcheck(lambda x: np.sum(x) - np.sum(x) + 1, [x], [np.array([0.0, 1e-8])]).passed


def test_arguments_come_back_unchanged_even_if_the_function_writes_to_them():
    x = np.arange(3.0)

    def vandal(x):
        total = np.sum(x**2)
        x[:] = 99
        return total

    assert gradcheck(vandal, [x], [2 * x]).passed
    np.testing.assert_array_equal(x, [0, 1, 2])


def test_integers_and_float32_are_checked_in_float64():
    assert gradcheck(lambda x: np.sum(x**3), [[1, 2, 3]], [[3, 12, 27]]).passed
    x = np.array([0.5, 1.5], np.float32)
    assert gradcheck(lambda x: np.sum(x**3), [x], [3 * x**2]).passed


def test_names():
    x = np.ones(2)

    def names(function, **options):
        return [e.where for e in gradcheck(function, [x, 2.0], [x, 2.0], **options).entries]

    assert names(lambda a, b: a.sum() + 2 * b) == ["a[0]", "a[1]", "b"]
    assert names(lambda *p: p[0].sum() + 2 * p[1]) == ["argument 0[0]", "argument 0[1]", "argument 1"]
    assert names(lambda *p: p[0].sum() + 2 * p[1], names=["w", "bias"]) == ["w[0]", "w[1]", "bias"]


def test_the_report_as_text():
    x = np.array([1.0, 0.0, 3.0])
    report = gradcheck(lambda w: np.sum(relu(w) * [1, 2, 4]), [x], [np.array([1.0, 0.0, 5.0])], rows=2)
    assert repr(report) == (
        "1 of 3 entries agree to a relative error of 1e-06. The gradient is wrong in 1. 1 cannot be judged by a "
        "central difference: the function has a kink there, with one slope on the left and another on the right. "
        "Move the point a little and check again.\n"
        "where  analytic  numeric  relative error  verdict\n"
        " w[2]         5        4             0.2  differs\n"
        " w[1]         0        1               1     kink\n"
        "and 1 more, which all agree"
    )


def test_the_report_shows_no_rounding_noise():
    loss, arguments, gradients = convolution()
    report = gradcheck(loss, arguments, gradients, rows=119)
    lines = repr(report).splitlines()[2:]
    assert len(lines) == 119 and all("below 1e-06" in line for line in lines)
    flat = gradcheck(lambda x: np.sum(np.sin(x)) - np.sum(np.sin(x)) + np.pi, [np.ones(2)], [np.zeros(2)])
    assert all(line.split()[1:3] == ["0", "0"] for line in repr(flat).splitlines()[2:])


def test_the_report_as_html():
    report = gradcheck(lambda p: 3 * p, [2.0], [1.0], names=["<w>"])
    page = report._repr_html_()
    assert page.startswith('<div class="cnnlab-gradcheck"><p>0 of 1 entries agree')
    assert '<th scope="col">relative error</th>' in page
    assert "<tr><td>&lt;w&gt;</td><td>1</td><td>3</td><td>0.67</td><td>differs</td></tr>" in page


def test_bad_input_is_explained():
    x = np.ones(2)
    with pytest.raises(TypeError, match="must return one real number, got ndarray of shape"):
        gradcheck(lambda x: x, [x], [x])
    with pytest.raises(TypeError, match="must return one real number, got complex"):
        gradcheck(lambda x: 1j, [x], [x])
    with pytest.raises(ValueError, match="finite number, got nan"):
        gradcheck(lambda x: float("nan"), [x], [x])
    with pytest.raises(ValueError, match="as many arrays each, got 1 and 2"):
        gradcheck(np.sum, [x], [x, x])
    with pytest.raises(ValueError, match="names must be one for each of 1 arguments"):
        gradcheck(np.sum, [x], [x], names=["a", "b"])
    with pytest.raises(ValueError, match=r"the gradient of x must have the shape of x, \(2,\), got \(3,\)"):
        gradcheck(lambda x: x.sum(), [x], [np.ones(3)])
