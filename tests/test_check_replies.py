"""What a check says to somebody whose function is not right yet: where, in whose words, and what to do next."""

import re

import numpy as np
import pytest

from cnnlab import check
from cnnlab.check import sandbox
from cnnlab.misconceptions import CATALOGUE
from tools.sphinx_ext import access

VECTORS = {"stride": False, "padding": False, "plain": True}
SIMPLE = {"stride": False, "padding": False}


def blank(dy, x, w):
    raise NotImplementedError


def unmade(dy, x, w):
    for i in range(len(dy)):
        dw += x[i : i + len(w)] * dy[i]  # noqa: F821
    return dw


def beyond(dy, x, w):
    return np.array([x[len(x) + m] for m in range(len(w))])


def unequal(dy, x, w):
    return x * dy


def unfit(dy, x, w):
    return np.ones((2, 3)) @ np.ones((2, 3))


def dw_of(function, **narrower):
    return check.conv1d_backward(function, returns="dw", **VECTORS | narrower)


def section(report, heading):
    """The lines under a heading, of all sections with this heading."""
    return [line for section in report.sections if section.heading == heading for line in section.lines]


def test_zeros_like_an_array_of_integers_is_named_also_where_it_raises():
    def windows(dy, x, w):
        dw = np.zeros_like(w)
        for i in range(len(dy)):
            dw += x[i : i + len(w)] * dy[i]
        return dw

    report = dw_of(windows)
    assert report.rung == "error" and report.misconceptions == ("integer-zeros",)
    assert "zeros_like(w, dtype=float)" in section(report, "Hint")[0]
    assert section(report, "Seen") == ["3 of 4 calls are right, all of those without arrays of integers."]


def test_an_error_says_which_calls_are_without_it():
    def unpadded(dy, x, w, *, stride=1, padding=0):
        dw = np.zeros(w.shape)
        for i in range(dy.shape[2]):
            window = x[:, :, stride * i : stride * i + w.shape[2]]
            dw += np.einsum("ncm,nk->kcm", window, dy[:, :, i])
        return dw

    report = check.conv1d_backward(unpadded, returns="dw")
    assert report.rung == "error"
    assert section(report, "Seen") == ["5 of 8 calls are right, all of those without padding."]


def test_a_stub_shows_its_own_line_and_what_to_do_with_it():
    report = dw_of(blank)
    assert re.fullmatch(r"in blank, line \d+: raise NotImplementedError", section(report, "Now")[0])
    assert "your own lines" in section(report, "What to do")[0]

    cells = {"blank": blank}
    exec("def mean(dy, x, w):\n    return blank(dy, x, w) / len(dy)", cells)
    other = dw_of(cells["mean"])
    assert other.rung == "missing" and "Write that one first" in section(other, "What to do")[0]


def test_what_it_printed_is_shown_and_is_no_result():
    def shows(dy, x, w):
        print("dw", len(w))

    report = dw_of(shows)
    assert section(report, "It printed") == ["dw 3"] and "return hands it back" in section(report, "Hint")[0]
    looking = dw_of(lambda dy, x, w: print(len(x)) or np.correlate(x, dy))
    assert looking.passed and section(looking, "It printed") == ["6"]
    much = sandbox.call(lambda: [print(n, "x" * 10**4) for n in range(10**3)], {}, {}, 5.0).printed
    assert len(much) < 4000 and much.endswith("...")


@pytest.mark.parametrize(
    ("function", "words"),
    [(unmade, "np.zeros"), (beyond, "past the end"), (unequal, "different shapes"), (unfit, "inner sizes")],
)
def test_errors_that_say_little_come_with_a_hint(function, words):
    report = dw_of(function)
    assert report.rung == "error" and words in section(report, "Hint")[0]
    assert section(report, "Read") == []


def test_a_variable_of_the_page_in_place_of_an_argument_is_noticed():
    names = {"np": np, "delta": np.ones(4), "size": 1}
    exec("def wrong(dy, x, w):\n    return np.array([x.size * d for d in delta[:3]])", names)
    also = section(dw_of(names["wrong"]), "Also")
    assert also == ["It reads delta, a variable from outside the function. Was an argument meant?"]
    exec("def right(dy, x, w):\n    return np.correlate(x, dy)[::size]", names)
    assert dw_of(names["right"]).passed and section(dw_of(names["right"]), "Also") == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "It returned None, expected True or False."),
        ("True", "It returned a str, expected True or False."),
        (np.ones(3, bool), "It returned an array of shape (3,), expected one True or False."),
    ],
)
def test_a_gradient_checker_has_to_say_yes_or_no(answer, words):
    report = check.gradient_checker(lambda loss, gradient, x: answer)
    assert report.rung == "type" and section(report, "Problem")[0].startswith(words)


def test_the_result_of_a_gradient_checker_has_no_name():
    report = check.gradient_checker(lambda loss, gradient, x: False)
    assert report.rung == "value" and "agrees" not in report.message


def test_a_mask_in_place_of_numbers_is_told_from_them():
    report = check.relu_backward(lambda dy, x: x > 0)
    line = section(report, "First wrong entry")[0]
    right, got = re.fullmatch(r"\S+ should be (\S+), got (\S+)\.", line).groups()
    assert got == "True" and float(right) not in (0, 1)


def test_what_is_not_recognised_is_said_once_and_what_to_do_then():
    report = check.tie_gradients(lambda dw, db: (dw.sum(axis=0) * 3, db.sum(axis=0) * 3))
    (line,) = section(report, "Not recognised")
    assert "dw and db" in line and "one entry" in section(report, "What to do")[0]

    def returns_in_its_loop(dy, x, w):
        dw = np.zeros(len(w))
        for m in range(len(w)):
            dw[m] = np.dot(x[m : m + len(dy)], dy)
            return dw

    assert "return stand inside a loop" in section(dw_of(returns_in_its_loop), "What to do")[0]


def test_a_wrong_shape_says_which_one_is_right_and_why():
    of_inputs = dw_of(lambda dy, x, w: np.zeros(len(x)))
    assert "dw" in section(of_inputs, "Shape")[0]
    assert section(of_inputs, "Shape")[1:] == ["It is the gradient of w, so it has the shape of w."]
    vector = check.softmax_cross_entropy(lambda x, labels: np.ones(len(x)))
    assert "single number" in section(vector, "Shape")[1]


def test_a_report_leads_to_the_section_and_to_the_mistake_on_a_page_only():
    report = dw_of(lambda dy, x, w: np.correlate(x, dy) / len(dy))
    (id,) = report.misconceptions
    markup = report._repr_html_()
    assert "<a " not in markup
    context = {"body": markup}
    access.mend(None, "", "", context, None)
    leads = re.findall(r'<a href="([^"]+)">([^<]+)</a>', context["body"])
    section_of = CATALOGUE[id]
    assert leads == [
        (f"mistakes.html#mistake-{id}", id),
        (f"{section_of.chapter}.html#{section_of.section}", section(report, "Read")[0]),
    ]
    assert "data-read" not in context["body"]


def of_windows(dy, x, w):
    """dx of plain matrices, and how many windows see each entry."""
    dx, seen = np.zeros(x.shape), np.zeros(x.shape)
    for i, j in np.ndindex(dy.shape):
        window = slice(i, i + w.shape[0]), slice(j, j + w.shape[1])
        dx[window] += w * dy[i, j]
        seen[window] += 1
    return dx, seen


def ends_early(dy, x, w):
    dw = np.zeros(w.shape)
    for i, j in np.ndindex(dy.shape[0] - 1, dy.shape[1] - 1):
        dw += x[i : i + w.shape[0], j : j + w.shape[1]] * dy[i, j]
    return dw


def one_place_too_few(x, w):
    rows, columns = x.shape[0] - w.shape[0], x.shape[1] - w.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    return np.einsum("ijpq,pq->ij", windows, w)[:rows, :columns]


def columns_in_another_order(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    places = [windows[i, j].ravel() for j in range(windows.shape[1]) for i in range(windows.shape[0])]
    return (np.array(places) @ w.ravel()).reshape(windows.shape[:2])


def kernel_in_another_order(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    return (windows.reshape(-1, w.size) @ w.T.ravel()).reshape(windows.shape[:2])


def last_private_window(dy, x, w):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[2]):
        dx[0, 0, i : i + w.shape[3]] = w[i, 0, 0] * dy[0, 0, i]
    return dx


def last_hidden_window(dy, x, w1, w2):
    dh = np.zeros((x.shape[0] - w1.shape[0] + 1, x.shape[1] - w1.shape[1] + 1))
    for i, j in np.ndindex(dy.shape):
        dh[i : i + w2.shape[0], j : j + w2.shape[1]] = w2 * dy[i, j]
    return np.array(
        [
            [np.sum(x[p:, q:][: len(dh), : dh.shape[1]] * dh) for q in range(w1.shape[1])]
            for p in range(len(w1))
        ]
    )


def momentum_for_each_connection(w, gradients, velocity, *, rate, momentum):
    for gradient in gradients:
        velocity = momentum * velocity + gradient
    return w - rate * velocity, velocity


def sum_of_all(w, gradients, velocity, *, rate, momentum):
    velocity = momentum * velocity + gradients.sum()
    return w - rate * velocity, velocity


def last_row_only(dy, x, w):
    for n in range(len(x)):
        dw = np.outer(dy[n], x[n])
    return dy @ w, dw, dy.sum(axis=0)


def largest_of_the_batch(x, size, *, stride=None):
    stride = stride or size
    y = np.zeros((*x.shape[:2], *((n - size) // stride + 1 for n in x.shape[2:])))
    for i, j in np.ndindex(y.shape[2:]):
        y[:, :, i, j] = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size].max()
    return y


def slopes(loss, x, steps=2):
    for index in np.ndindex(x.shape):
        h = np.zeros(x.shape)
        h[index] = 1e-5
        yield index, (loss(x + h) - loss(x - h)) / (steps * 1e-5)


def divided_by_one_step(loss, gradient, x):
    return all(abs(slope - gradient[at]) <= 1e-3 * abs(slope) for at, slope in slopes(loss, x, 1))


def returns_at_once(loss, gradient, x):
    for at, slope in slopes(loss, x):
        return abs(slope - gradient[at]) <= 1e-3 * abs(slope)


def not_too_large(loss, gradient, x):
    return all(slope - gradient[at] <= 1e-3 * abs(slope) for at, slope in slopes(loss, x))


MATRICES = {"stride": False, "padding": False, "plain": True}
PRIVATE = {"returns": "dx", "stride": False, "padding": False, "batch": False, "channels": False}
SLIPS = [
    (check.conv2d_backward, {"returns": "dw", **MATRICES}, ends_early, "last-position-missed"),
    (check.conv2d, {"bias": False, **MATRICES}, one_place_too_few, "last-position-missed"),
    (check.conv2d, {"bias": False, **MATRICES}, columns_in_another_order, "rows-columns-swapped"),
    (check.conv2d, {"bias": False, **MATRICES}, kernel_in_another_order, "rows-columns-swapped"),
    (
        check.conv2d_backward,
        {"returns": "dx", **MATRICES},
        lambda *given: np.divide(*of_windows(*given)),
        "averaged-positions",
    ),
    (
        check.conv2d_backward,
        {"returns": "dx", **MATRICES},
        lambda *given: of_windows(*given)[0] / given[0].size,
        "averaged-positions",
    ),
    (check.local1d_backward, PRIVATE, last_private_window, "assigned-not-added"),
    (
        check.two_convolutions_backward,
        {"returns": "dw1", "plain": True},
        last_hidden_window,
        "assigned-not-added",
    ),
    (check.tie_gradients, {}, lambda dw, db: (dw.sum(axis=0), db.sum(axis=0)), "tied-over-everything"),
    (check.momentum_step, {}, momentum_for_each_connection, "momentum-per-connection"),
    (check.momentum_step, {}, sum_of_all, "tied-over-everything"),
    (check.dense_backward, {}, last_row_only, "one-example"),
    (check.max_pool2d, {"pairs": False}, largest_of_the_batch, "pool-over-the-batch"),
    (check.gradient_checker, {}, divided_by_one_step, "checker-divided-by-step"),
    (check.gradient_checker, {}, returns_at_once, "checker-first-entry"),
    (check.gradient_checker, {}, not_too_large, "checker-no-absolute"),
]


@pytest.mark.parametrize(
    ("checked", "narrower", "slip", "id"), SLIPS, ids=[f"{s.__name__}-{id}" for _, _, s, id in SLIPS]
)
def test_slips_made_in_the_exercises_are_named(checked, narrower, slip, id):
    report = checked(slip, **narrower)
    assert not report.passed and report.misconceptions == (id,)
