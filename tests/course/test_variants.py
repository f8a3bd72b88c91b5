"""The grader's references, against the definition of a derivative; and the catalogue of wrong ones."""

import numpy as np
import pytest

from cnnlab.misconceptions import CATALOGUE
from course.grader.points import variants as v
from course.grader.points import words, wrong_variants
from course.grader.points.drawing import Draw
from course.grader.points.problems import OWN, SETS
from course.grader.points.questions import Call, settled

CASES = {
    "palindrome": (v.palindrome, v.palindrome_backward, lambda d: (d.whole(6), 2.0, -3.0), (0, 1, 2)),
    "circular": (v.circular, v.circular_backward, lambda d: (d.whole(6), d.whole(4)), (0, 1)),
    "tiled2d": (v.tiled2d, v.tiled2d_backward, lambda d: (d.whole(5, 6), d.whole(2, 2, 3)), (0, 1)),
    "mirror_conv": (
        v.mirror_conv,
        lambda dy, x, w, b: v.mirror_conv_backward(dy, x, w),
        lambda d: (d.whole(2, 3, 4, 5), d.whole(2, 3, 3, 2), d.whole(2)),
        (0, 1, 2),
    ),
    "wrap_pool": (v.wrap_pool, v.wrap_pool_backward, lambda d: (d.distinct(2, 3, 7), 3, 2), (0,)),
    "range_pool": (v.range_pool, v.range_pool_backward, lambda d: (d.distinct(2, 2, 5, 7), 3, 2), (0,)),
    "maxout": (v.maxout, v.maxout_backward, lambda d: (d.distinct(2, 6, 3, 2), 3), (0,)),
    "blend_pool": (v.blend_pool, v.blend_pool_backward, lambda d: (d.distinct(2, 3, 4, 6),), (0,)),
}
CASES |= {name: case for module in OWN.values() for name, case in module.LAYERS.items()}


def draw(part="test", student="ann"):
    return Draw("ps1", student, part, "digest", "s" * 40)


def numerical(function, arguments, place, dy, h=1e-6):
    """d sum(dy * function) / d arguments[place], entry by entry."""
    base = np.asarray(arguments[place], dtype=float)
    gradient = np.zeros(base.shape)
    for index in np.ndindex(base.shape):
        values = []
        for sign in (1, -1):
            moved = base.copy()
            moved[index] += sign * h
            changed = [*arguments]
            changed[place] = moved
            values.append((dy * function(*changed)).sum())
        gradient[index] = (values[0] - values[1]) / (2 * h)
    return gradient


@pytest.mark.parametrize("name", CASES)
def test_layer(name):
    forward, backward, make, places = CASES[name]
    arguments = make(draw())
    dy = draw().whole(*forward(*arguments).shape)
    outputs = wrong_variants.as_tuple(backward(dy, *arguments))
    for output, place in zip(outputs, places, strict=True):
        expected = numerical(forward, arguments, place, dy)
        np.testing.assert_allclose(output, expected, rtol=1e-6, atol=1e-6, err_msg=f"{name}, output {place}")


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 0), (3, 2)])
def test_separable(stride, padding):
    d = draw()
    arguments = d.whole(2, 2, 6, 7), d.whole(3, 2, 2), d.whole(3, 2, 3), d.whole(3)

    def forward(x, u, w, b):
        return v.separable2d(x, u, w, b, stride=stride, padding=padding)

    dy = d.whole(*forward(*arguments).shape)
    outputs = v.separable2d_backward(dy, *arguments[:3], stride=stride, padding=padding)
    for place, output in enumerate(outputs):
        np.testing.assert_allclose(output, numerical(forward, arguments, place, dy), rtol=1e-6, atol=1e-5)


def test_separable_agrees_with_scipy():
    from scipy.signal import correlate2d

    d = draw()
    x, u, w = d.whole(1, 1, 6, 7), d.whole(1, 1, 2), d.whole(1, 1, 3)
    y = v.separable2d(x, u, w, np.zeros(1))
    np.testing.assert_allclose(y[0, 0], correlate2d(x[0, 0], np.outer(u[0, 0], w[0, 0]), "valid"))


def error_of(forward):
    return lambda *arguments: ((forward(*arguments[:-1]) - arguments[-1]) ** 2).sum() / 2


def test_chain_and_tied():
    d = draw()
    x, ws = d.real(7, 8), (d.real(2, 3), d.real(3, 2), d.real(2, 2))
    arguments = (x, *ws, d.real(*v.chain(x, *ws).shape))
    for place, output in enumerate(v.chain_gradient(*arguments), start=1):
        np.testing.assert_allclose(
            output, numerical(error_of(v.chain), arguments, place, 1.0), rtol=1e-5, atol=1e-7
        )
    w = d.real(2, 3)
    twice = lambda x, w: v.plane(v.plane(x, w), w)  # noqa: E731
    arguments = x, w, d.real(*twice(x, w).shape)
    expected = numerical(error_of(twice), arguments, 1, 1.0)
    np.testing.assert_allclose(v.tied_gradient(*arguments), expected, rtol=1e-5, atol=1e-6)


def test_network():
    d = draw()
    labels, eps = np.array([3.0, 0.0]), 0.1
    arguments = d.real(2, 1, 8, 8), labels, d.real(2, 1, 3, 2), d.real(2), d.real(32, 10), d.real(10), eps

    def loss(*arguments):
        return v.network_gradient(*arguments)[0]

    for place, output in zip((2, 3, 4, 5), v.network_gradient(*arguments)[1:], strict=True):
        np.testing.assert_allclose(output, numerical(loss, arguments, place, 1.0), rtol=1e-4, atol=1e-7)
    z = d.real(3, 4)
    dz = v.smooth_loss(z, np.array([1, 0, 3]), eps)[1]
    expected = numerical(lambda z: v.smooth_loss(z, np.array([1, 0, 3]), eps)[0], (z,), 0, 1.0)
    np.testing.assert_allclose(dz, expected, rtol=1e-5, atol=1e-8)


def test_ties_go_where_the_sheet_says():
    x = np.array([[[2.0, 5.0, 5.0, 1.0]]])
    np.testing.assert_array_equal(v.wrap_pool_backward(np.ones((1, 1, 1)), x, 4, 4)[0, 0], [0, 0, 1, 0])
    plane = np.array([[[[1.0, 3.0], [3.0, 1.0]]]])
    np.testing.assert_array_equal(
        v.range_pool_backward(np.ones((1, 1, 1, 1)), plane, 2, 2)[0, 0], [[-1, 1], [0, 0]]
    )
    np.testing.assert_array_equal(
        v.blend_pool_backward(np.ones((1, 1, 1, 1)), plane)[0, 0], [[0.125, 0.625], [0.125, 0.125]]
    )
    channels = np.array([4.0, 4.0]).reshape(1, 2, 1, 1)
    np.testing.assert_array_equal(v.maxout_backward(np.ones((1, 1, 1, 1)), channels, 2).ravel(), [1, 0])


def functions_asked():
    """(assignment, part, function name) of every function with a catalogue."""
    return [
        (assignment, part, name)
        for assignment, problem_set in SETS.items()
        for part in problem_set.parts
        for name in part.asks_for
        if wrong_variants.WRONG.get(name)
    ]


@pytest.mark.parametrize(
    ("assignment", "part", "name"), functions_asked(), ids=lambda value: getattr(value, "name", value)
)
def test_every_wrong_gradient_is_caught_and_named(assignment, part, name):
    """A student who hands in a wrong gradient of the catalogue loses points and reads the name of the mistake."""
    for identifier, wrong in wrong_variants.wrong_functions(name):
        for student in ("ann", "bob", "cleo"):
            lost, found = 0.0, []
            for item in part.items(Draw(assignment, student, part.name, "digest", "s" * 40)):
                if not all(
                    isinstance(question, Call) and question.name == name for question in item.questions
                ):
                    continue
                replies = [
                    [
                        np.asarray(out, dtype=float)
                        for out in wrong_variants.as_tuple(wrong(*q.args, **q.kwargs))
                    ]
                    for q in item.questions
                ]
                credit = item.judge(replies)
                lost += item.points * (1 - credit.fraction)
                found += credit.misconceptions
            assert lost > 0, f"{identifier} of {name} earns everything"
            assert identifier in found, f"{identifier} of {name} is not named, only {found}"


def test_every_mistake_has_words():
    identifiers = {identifier for entries in wrong_variants.WRONG.values() for identifier in entries}
    assert all(words.WORDS[identifier].name and words.WORDS[identifier].hint for identifier in identifiers)
    assert set(words.OWN) <= identifiers
    assert not set(words.OWN) & set(CATALOGUE), "these have their words in cnnlab.misconceptions"


def same(got, right):
    return np.array_equal(settled(np.array(got), np.array(right)), np.array(right))


def test_comparison():
    assert same([2.0], 2.0)
    assert same([1.0, 2.0 + 1e-9], [1.0, 2.0])
    assert not same([1.0, 2.0001], [1.0, 2.0])
    assert not same([1.0, 2.0], [[1.0, 2.0]])
    assert not same([1.0, np.nan], [1.0, 2.0])


def test_the_rounding_of_float32_is_forgiven_where_large_terms_cancel_and_nothing_more():
    assert same([3.0, 2e-7], [3.0, 0.0])
    assert same([2e-7, 3e-7], [0.0, 0.0])
    assert not same([3.0, 2e-5], [3.0, 0.0])
    assert not same([2e-5, 0.0], [0.0, 0.0])
    assert not same([3.0001, 0.0], [3.0, 0.0])


def test_hidden_inputs_need_the_secret_and_the_submission():
    first = Draw("ps1", "ann", "palindrome", "digest", "s" * 40).whole(20)
    assert np.array_equal(first, Draw("ps1", "ann", "palindrome", "digest", "s" * 40).whole(20))
    for other in (
        ("ps1", "bob", "palindrome", "digest", "s" * 40),
        ("ps1", "ann", "palindrome", "digest", "t" * 40),
    ):
        assert not np.array_equal(first, Draw(*other).whole(20))
    assert not np.array_equal(first, Draw("ps1", "ann", "palindrome", "changed", "s" * 40).whole(20))
    own = Draw("ps1", "ann", "hand", "digest", "s" * 40).own("x", 5)
    assert np.array_equal(own, Draw("ps1", "ann", "hand", "changed", "t" * 40).own("x", 5))
