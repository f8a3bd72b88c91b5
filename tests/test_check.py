"""The checks: every catalogued mistake caught and named, every right answer passed, nothing a student writes stops them."""

import html.parser
import inspect
import re
import signal
import sys
import threading
import time
import warnings

import matrix_of_checks
import numpy as np
import pytest
from matrix_of_checks import student

import cnnlab
from cnnlab import check, trace
from cnnlab.check import sandbox
from cnnlab.misconceptions import CATALOGUE, tie_of
from cnnlab.palette import paint
from cnnlab.tasks import TASKS

CASES = list(matrix_of_checks.cases())


@pytest.mark.parametrize(
    ("name", "id", "label", "wrong"), CASES, ids=[f"{c}-{i}-{n}" for c, i, n, _ in CASES]
)
def test_a_catalogued_mistake_is_caught_and_named(name, id, label, wrong, record_property):
    report = getattr(check, name)(student(name, wrong), **matrix_of_checks.asked(name, wrong))
    group = TASKS[name].group
    tie = {id, *(other for part in wrong for other in tie_of(f"{group}.{part}", id))}
    named = set(report.misconceptions)
    mark = "!" if id not in named or not named <= tie else "N" if named == {id} else "t"
    record_property("mistake", (name, id, not report.passed, mark))
    assert not report.passed
    assert id in named and named <= tie
    assert CATALOGUE[id].name in report.message


SEVERAL = [task.name for task in TASKS.values() if len(task.returns) > 1]
HABITS = [
    *(("state-kept", name) for name in TASKS if name not in ("sgd", "gradient_checker")),
    *(("argument-modified", name) for name in TASKS if name != "gradient_checker"),
    *(("wrong-order", name) for name in SEVERAL),
    *(("wrong-shape", name) for name in TASKS if name != "sgd"),
]


@pytest.mark.parametrize(("id", "name"), HABITS)
def test_a_habit_is_caught_and_named(id, name, record_property):
    report = getattr(check, name)(CATALOGUE[id].conduct(student(name)))
    record_property("mistake", (name, id, not report.passed, "N" if report.misconceptions == (id,) else "!"))
    assert not report.passed
    assert report.misconceptions == (id,)


@pytest.mark.parametrize("name", TASKS)
def test_the_right_function_passes(name):
    report = getattr(check, name)(student(name))
    assert report.passed and report.misconceptions == () and report.rung == "passed"
    assert "passed" in report.message


@pytest.mark.parametrize(
    "name", ["conv1d", "conv1d_backward", "conv2d", "conv2d_backward", "max_pool2d", "max_pool2d_backward"]
)
def test_the_library_itself_passes(name):
    assert getattr(check, name)(getattr(cnnlab, name)).passed


CONVOLUTIONS = ["conv1d", "conv1d_backward", "conv2d", "conv2d_backward"]


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_dilation_and_groups_are_asked_for_only_on_request(name):
    whole = getattr(cnnlab, name)

    def without(*arguments, stride=1, padding=0):
        return whole(*arguments, stride=stride, padding=padding)

    def required(*arguments, stride, padding, dilation, groups):
        return whole(*arguments, stride=stride, padding=padding, dilation=dilation, groups=groups)

    one = getattr(check, name)
    assert one(without).passed and one(whole, dilation=True, groups=True).passed
    assert one(required, dilation=True, groups=True).passed
    assert one(without, dilation=False, groups=False).passed
    for option in ("dilation", "groups"):
        report = one(without, **{option: True})
        assert not report.passed and report.rung == "signature" and report.misconceptions == ()
        assert (
            f"does not take {option}." in report.message and f"Without {option} it is right" in report.message
        )


def test_a_report_on_dilation_and_groups_says_where_it_goes_wrong_and_why():
    def f(dy, x, w, *, stride=1, padding=0, dilation=1, groups=1):
        how = {"stride": stride, "padding": padding, "groups": groups}
        _, dw, db = cnnlab.conv1d_backward(dy, x, w, dilation=dilation, **how)
        longer = np.zeros((*w.shape[:2], dilation * (w.shape[2] - 1) + 1))
        longer[..., : w.shape[2]] = w  # the weights stand side by side
        return cnnlab.conv1d_backward(dy, x, longer, **how)[0], dw, db

    report = check.conv1d_backward(f, dilation=True, groups=True)
    assert report.misconceptions == ("dilation-ignored",)
    assert "all of those without dilation" in report.message and "dilation=2" in report.message
    assert "dx[0, 0, 1] = w[0, 0, 0] × dy[0, 0, 1]" in report.message


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_the_terms_that_a_report_shows_add_up_to_the_right_entry(name):
    task = TASKS[name]
    for probe in task.probes():
        for part in task.returns:
            right = task.part(part)(**probe.arguments, **probe.options)
            for index in ((0,) * right.ndim, tuple(n - 1 for n in right.shape)):
                entry = task.terms[part](trace, index, **probe.arguments, **probe.options)
                assert entry.total == right[index]


@pytest.mark.parametrize("keyword", ["dilation", "groups"])
def test_a_check_without_dilation_refuses_to_ask_for_it(keyword):
    with pytest.raises(TypeError, match=f"unknown {keyword}"):
        check.local1d_backward(cnnlab.conv1d_backward, **{keyword: True})


def test_a_check_tells_its_own_signature():
    signature = inspect.signature(check.conv1d_backward)
    assert list(signature.parameters) == [
        "function", "returns", "takes", "seconds", "dilation", "groups", "plain",
        "batch", "channels", "integers", "padding", "stride",
    ]  # fmt: skip
    assert check.conv1d_backward.__name__ == "conv1d_backward"
    assert check.conv1d_backward.__doc__.startswith("f(dy, x, w, *, stride=1, padding=0) -> (dx, dw, db)")
    assert check.sgd.__doc__.startswith(
        "f(params, grads, velocities, *, rate, momentum) -> (params, velocities)"
    )


# What an early chapter asks for: less than everything.

NARROW = [
    ("conv1d_backward", {"returns": "dw", "stride": False, "padding": False}),
    ("conv1d_backward", {"returns": "dw", "stride": False, "padding": False, "plain": True}),
    ("conv1d_backward", {"returns": "dx", "plain": True}),
    ("conv1d_backward", {"returns": "dw db", "batch": False, "channels": False}),
    ("conv2d_backward", {"returns": "dw", "stride": False, "padding": False, "plain": True}),
    ("conv2d_backward", {"returns": ("dx", "dw"), "padding": False}),
    ("max_pool2d_backward", {"plain": True}),
    ("max_pool2d_backward", {"pairs": False, "ties": False}),
    ("two_convolutions_backward", {"plain": True}),
    ("two_convolutions_backward", {"returns": "dw1"}),
]


def bared(function, parts):
    """A function on full arrays as one on plain vectors or matrices."""

    def plain(*arguments, **options):
        full = [a[None, None] if isinstance(a, np.ndarray) else a for a in arguments]
        result = function(*full, **options)
        results = result if len(parts) > 1 else (result,)
        bare = tuple(r[0] if part == "db" else r[0, 0] for part, r in zip(parts, results, strict=True))
        return bare if len(parts) > 1 else bare[0]

    return plain


def narrow_student(name, keywords, wrong=None):
    returns = keywords.get("returns", TASKS[name].returns)
    parts = tuple(returns.split()) if isinstance(returns, str) else returns
    function = student(name, wrong, parts)
    return bared(function, parts) if keywords.get("plain") else function


@pytest.mark.parametrize(("name", "keywords"), NARROW)
def test_a_narrower_check_passes_what_is_right(name, keywords):
    assert getattr(check, name)(narrow_student(name, keywords), **keywords).passed


NARROW_WRONG = [
    ("conv1d_backward", NARROW[1][1], "dw", "product-of-sums"),
    ("conv1d_backward", NARROW[1][1], "dw", "averaged-positions"),
    ("conv1d_backward", NARROW[1][1], "dw", "last-position-only"),
    ("conv1d_backward", NARROW[1][1], "dw", "weight-k-output-k"),
    ("conv1d_backward", NARROW[1][1], "dw", "index-read-literally"),
    ("conv1d_backward", NARROW[2][1], "dx", "kernel-not-rotated"),
    ("conv1d_backward", NARROW[2][1], "dx", "assigned-not-added"),
    ("conv1d_backward", NARROW[2][1], "dx", "same-not-full"),
    ("conv2d_backward", NARROW[4][1], "dw", "gradient-rotated"),
    ("conv2d_backward", NARROW[4][1], "dw", "rows-columns-swapped"),
    ("max_pool2d_backward", NARROW[6][1], "dx", "pool-neurons-nulled"),
    ("max_pool2d_backward", NARROW[6][1], "dx", "pool-every-input"),
    ("two_convolutions_backward", NARROW[8][1], "dw1", "product-of-sums-two-layers"),
]


@pytest.mark.parametrize(("name", "keywords", "part", "id"), NARROW_WRONG)
def test_a_narrower_check_names_what_is_wrong(name, keywords, part, id):
    group = TASKS[name].group
    formula = dict(matrix_of_checks.misconceptions_of(f"{group}.{part}"))[id]
    report = getattr(check, name)(narrow_student(name, keywords, {part: formula}), **keywords)
    assert not report.passed
    assert (
        report.misconceptions[0] == id
        or id in report.misconceptions[: 1 + len(tie_of(f"{group}.{part}", id))]
    )


def test_the_bias_alone_needs_the_upstream_gradient_alone():
    keywords = {"returns": "db", "takes": "dy", "stride": False, "padding": False}
    assert check.conv1d_backward(lambda dy: dy.sum(axis=(0, 2)), **keywords).passed
    report = check.conv1d_backward(lambda dy: dy.sum(axis=0), **keywords)
    assert report.misconceptions == ("bias-per-position",)
    assert check.conv1d_backward(lambda dy: dy.sum(), plain=True, **keywords).passed


def test_a_missing_keyword_is_said_and_the_rest_is_judged():
    def dw(dy, x, w):
        return cnnlab.conv1d_backward(dy, x, w)[1]

    report = check.conv1d_backward(dw, returns="dw")
    assert not report.passed and report.rung == "signature"
    assert "does not take stride and padding" in report.message
    assert "Without stride and padding it is right" in report.message
    assert "check.conv1d_backward(f, stride=False, padding=False)" in report.message
    wrong = check.conv1d_backward(lambda dy, x, w: -dw(dy, x, w), returns="dw")
    assert wrong.misconceptions == ("wrong-sign",) and "does not take stride" in wrong.message


def test_defaults_of_the_keywords_are_tried():
    def unset(dy, x, w, *, stride=1, padding=None):
        return cnnlab.conv1d_backward(dy, x, w, stride=stride, padding=padding)[1]

    def required(dy, x, w, *, stride, padding):
        return unset(dy, x, w, stride=stride, padding=padding)

    assert not check.conv1d_backward(unset, returns="dw").passed
    assert check.conv1d_backward(required, returns="dw").passed


def test_misuse_of_a_check_is_an_error_with_the_known_names():
    with pytest.raises(ValueError, match=r"returns names some of dx, dw, db; got 'dz'"):
        check.conv1d_backward(cnnlab.conv1d_backward, returns="dz")
    with pytest.raises(TypeError, match="unknown strides; known are"):
        check.conv1d_backward(cnnlab.conv1d_backward, strides=False)


# Slips that need a special size to show.


def turned_where_square(array):
    return np.swapaxes(array, -1, -2) if array.shape[-1] == array.shape[-2] else array


@pytest.mark.parametrize(
    "keywords", [{}, {"stride": False, "padding": False, "plain": True}], ids=["all", "plain"]
)
def test_a_kernel_transposed_only_where_it_is_square_is_caught_and_named(keywords):
    right = student("conv2d_backward")

    def gradient_turned(dy, x, w, **options):
        dx, dw, db = right(dy, x, w, **options)
        return dx, turned_where_square(dw), db

    def kernel_turned(dy, x, w, **options):
        return right(dy, x, turned_where_square(w), **options)[0], *right(dy, x, w, **options)[1:]

    for function in (gradient_turned, kernel_turned):
        given = bared(function, ("dx", "dw", "db")) if keywords else function
        report = check.conv2d_backward(given, **keywords)
        assert not report.passed and report.misconceptions == ("rows-columns-swapped",)
        assert "all of those without a square kernel" in report.message


def test_a_forward_whose_kernel_is_transposed_only_where_it_is_square_is_caught_and_named():
    report = check.conv2d(lambda x, w, b, **o: cnnlab.conv2d(x, turned_where_square(w), b, **o))
    assert not report.passed and report.misconceptions == ("rows-columns-swapped",)


def test_a_pooling_that_forgets_the_stride_where_it_equals_the_size_is_named():
    def walked(size, stride):
        return 1 if stride in (None, size) else stride

    def forward(x, size, *, stride=None):
        return cnnlab.max_pool2d(x, size, stride=walked(size, stride))

    def backward(dy, x, size, *, stride=None):
        step, full = walked(size, stride), np.zeros(x.shape)
        rows, columns = (
            np.broadcast_to(step, 2) * (np.array(dy.shape[2:]) - 1) + np.broadcast_to(size, 2)
        ).tolist()
        near = x[:, :, :rows, :columns]
        full[:, :, :rows, :columns] = cnnlab.max_pool2d_backward(dy, near, size, stride=step)
        return full

    assert check.max_pool2d(forward).misconceptions == ("pool-stride-ignored",)
    assert check.max_pool2d_backward(backward).misconceptions == ("pool-stride-ignored",)
    assert check.max_pool2d_backward(backward, pairs=False).misconceptions == ("pool-stride-ignored",)


# Formulas that do not know an option.


def test_a_wrong_function_of_ones_own_that_lacks_an_option_does_not_stop_the_check():
    def right(x, *, power=1):
        return x**power

    report = check.against(
        lambda x, power=1: x + power,
        right,
        [((np.array([3.0, 5.0]),), {"power": 2})],
        misconceptions={"power-ignored": lambda x: x, "power-added": lambda x, power=1: x + power},
    )
    assert not report.passed and report.misconceptions == ("power-added",)


# Two mistakes at once.


def test_two_mistakes_in_different_arrays_are_both_named():
    def f(dy, x, w, stride=1, padding=0):
        dx, dw, db = cnnlab.conv2d_backward(dy, x, w, stride=stride, padding=padding)
        return dx, -dw, db / len(x)

    assert set(check.conv2d_backward(f).misconceptions) == {"wrong-sign", "batch-averaged"}


def test_two_mistakes_in_one_array_are_both_named():
    def f(dy, x, w, stride=1, padding=0):
        return -cnnlab.conv2d_backward(dy, x, w, stride=stride, padding=padding)[1] / len(x)

    report = check.conv2d_backward(f, returns="dw")
    assert set(report.misconceptions) == {"wrong-sign", "batch-averaged"}
    assert "Two mistakes at once" in report.message


# Nothing a student writes stops a check.


def hostile():
    def nothing(dy, x, w, **options):
        pass

    def blank(dy, x, w, **options):
        raise NotImplementedError

    def raises(dy, x, w, **options):
        return dy @ x @ w

    def leaves(dy, x, w, **options):
        sys.exit(3)

    def recurses(dy, x, w, **options):
        return recurses(dy, x, w, **options)

    def one_thing(dy, x, w, **options):
        return dy

    def four_things(dy, x, w, **options):
        return dy, x, w, w

    def text(dy, x, w, **options):
        return "dx", "dw", "db"

    def ragged(dy, x, w, **options):
        return [[1], [1, 2]], w, w

    def holes(dy, x, w, **options):
        return x, None, w

    def objects(dy, x, w, **options):
        return x, np.array([object()]), w

    def generator(dy, x, w, **options):
        yield x

    async def coroutine(dy, x, w, **options):
        return x

    def not_a_number(dy, x, w, **options):
        return x * np.nan, w * np.nan, w.sum() * np.nan

    def infinite(dy, x, w, **options):
        return x * np.inf, w / 0, np.zeros(len(w))

    def complex_numbers(dy, x, w, **options):
        return x * 1j, w, np.zeros(len(w))

    def huge(dy, x, w, **options):
        return x, np.broadcast_to(0.0, (10**6, 10**6)), np.zeros(len(w))

    def many_words(dy, x, w, **options):
        print("x" * 10**6)
        print("err", file=sys.stderr)
        return x, w, np.zeros(len(w))

    def warned(dy, x, w, **options):
        warnings.warn("careful", stacklevel=1)
        return x, w, np.zeros(len(w))

    def bad_message(dy, x, w, **options):
        class Odd(BaseException):
            def __str__(self):
                raise ValueError

        raise Odd

    def bad_array(dy, x, w, **options):
        class Odd:
            def __array__(self, *arguments, **keywords):
                raise RuntimeError("no")

        return Odd(), Odd(), Odd()

    def itself(dy, x, w, **options):
        return itself

    def a_mapping(dy, x, w, **options):
        return {"dx": x, "dw": w}

    def grows(dy, x, w, **options):
        x.resize(3, refcheck=False)
        return x, w, np.zeros(len(w))

    def no_arguments():
        return 1

    return [value for value in locals().values() if callable(value)]


HOSTILE = hostile()


@pytest.mark.parametrize("function", HOSTILE, ids=[f.__name__ for f in HOSTILE])
def test_a_check_survives(function, capfd):
    report = check.conv1d_backward(function)
    assert report.passed is False
    assert report.message and report._repr_html_() and report._repr_markdown_() and repr(report)
    assert all(id in CATALOGUE for id in report.misconceptions)
    assert capfd.readouterr() == ("", "")


def test_what_is_said_of_them():
    by_name = {f.__name__: check.conv1d_backward(f) for f in HOSTILE}
    assert by_name["nothing"].rung == "type" and "returned None" in by_name["nothing"].message
    assert by_name["blank"].rung == "missing" and "not written yet" in by_name["blank"].message
    assert by_name["raises"].rung == "error"
    assert "return dy @ x @ w" in by_name["raises"].message and "dy (1, 1, 4)" in by_name["raises"].message
    assert "SystemExit" in by_name["leaves"].message
    assert "RecursionError" in by_name["recurses"].message
    assert "expected 3 arrays: dx, dw and db" in by_name["one_thing"].message
    assert "returned 4 things" in by_name["four_things"].message
    assert "dw is None" in by_name["holes"].message
    assert "generator" in by_name["generator"].message
    assert "brackets" in by_name["itself"].message
    assert by_name["not_a_number"].rung == "value" and "got nan" in by_name["not_a_number"].message
    assert "It warned: UserWarning: careful" in by_name["warned"].message
    assert by_name["no_arguments"].rung == "signature"


@pytest.mark.parametrize("thing", [None, ..., 3, "f", np.zeros(3), [1]])
def test_what_is_no_function_is_said_to_be_none(thing):
    report = check.conv1d_backward(thing)
    assert not report.passed and report.rung == "missing"


def endless(dy, x, w, **options):
    while True:
        pass


def endless_and_stubborn(dy, x, w, **options):
    while True:
        try:
            while True:
                pass
        except Exception:
            pass


@pytest.mark.parametrize("function", [endless, endless_and_stubborn])
def test_an_endless_loop_is_stopped(function):
    report = check.conv1d_backward(function, seconds=0.2)
    assert report.rung == "time" and "never ends" in report.message
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_endless_loop_that_swallows_everything_is_stopped_by_the_signal():
    def swallows(dy, x, w, **options):
        while True:
            try:
                time.sleep(0.001)
            except BaseException:
                continue

    assert check.conv1d_backward(swallows, seconds=0.2).rung == "time"


def endless_in_two(dy, x, w, **options):
    def inner():
        while True:
            try:
                inner.count += 1
            except BaseException:
                continue

    inner.count = 0
    while True:
        try:
            inner()
        except BaseException:
            continue


def endless_calls(dy, x, w, **options):
    def again():
        try:
            again()
        except BaseException:
            again()

    again()


REPORTED = pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="Python 3.11 reports no turns of a loop")


@pytest.mark.parametrize(
    "function",
    [
        endless,
        endless_and_stubborn,
        pytest.param(endless_in_two, marks=REPORTED),
        pytest.param(endless_calls, marks=REPORTED),
    ],
)
def test_an_endless_loop_is_stopped_without_a_signal(function):
    # In a thread there are no signals, as on Windows and in the browser.
    reports = []
    thread = threading.Thread(target=lambda: reports.append(check.conv1d_backward(function, seconds=0.2)))
    thread.start()
    thread.join(30)
    assert not thread.is_alive() and reports[0].rung == "time"


def test_the_verdict_is_the_same_without_a_signal(monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    before = sys.gettrace()
    assert check.conv1d_backward(cnnlab.conv1d_backward).passed
    assert sys.gettrace() is before


def test_all_calls_together_have_the_time_of_one_check():
    calls = []

    def slow(dy, x, w, **options):
        calls.append(time.sleep(0.15))
        return cnnlab.conv1d_backward(dy, x, w, **options)

    assert check.conv1d_backward(slow, seconds=0.4).rung == "time" and 2 <= len(calls) <= 4
    assert check.conv1d_backward(slow, seconds=60).passed


def test_a_timer_that_was_running_goes_on():
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 60)
        assert check.conv1d_backward(cnnlab.conv1d_backward).passed
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_wrong_result_with_a_modified_argument_names_both():
    def f(dy, x, w, **options):
        result = cnnlab.conv1d_backward(dy, x, w, **options)[1]
        dy *= 2
        return -result

    assert check.conv1d_backward(f, returns="dw").misconceptions == ("wrong-sign", "argument-modified")


def test_random_results_are_caught_and_not_named():
    rng = np.random.default_rng(0)

    def f(dy, x, w, **options):
        return cnnlab.conv1d_backward(dy, x, w, **options)[1] + (rng.random() > 0.5)

    report = check.conv1d_backward(f, returns="dw")
    assert not report.passed and "state-kept" not in report.misconceptions


# What a report shows.


def test_the_first_wrong_entry_and_its_terms_are_shown():
    def f(dy, x, w):
        return np.array([x[m] * dy[0] for m in range(len(w))])

    report = check.conv1d_backward(f, returns="dw", stride=False, padding=False, plain=True)
    dy, x, w = report.arguments
    right = [float(x[m : m + len(dy)] @ dy) for m in range(len(w))]
    assert report.expected.tolist() == right
    assert f"dw[0] should be {right[0]:g}, got {x[0] * dy[0]:g}" in report.message
    assert "dw[0] = x[0] × dy[0] + x[1] × dy[1]" in report.message
    assert report.misconceptions == ("first-position-only",)


def test_a_name_that_does_not_explain_every_call_is_not_given():
    def f(dy, x, w, **options):
        dw = cnnlab.conv1d_backward(dy, x, w, **options)[1]
        return -dw if len(x) == 1 else dw + 0.5

    report = check.conv1d_backward(f, returns="dw")
    assert not report.passed and report.misconceptions == ()
    assert "No mistake that this book knows" in report.message


def test_a_joint_mistake_is_named_only_if_it_shows_everywhere():
    formulas = dict(matrix_of_checks.misconceptions_of("conv.dx"))
    report = check.conv2d_backward(student("conv2d_backward", {"dx": formulas["kernel-not-rotated"]}))
    assert report.misconceptions == ("kernel-not-rotated", "kernel-rotated-twice")
    both = {
        part: dict(matrix_of_checks.misconceptions_of(f"conv.{part}"))["true-convolution"]
        for part in ("dx", "dw")
    }
    assert check.conv2d_backward(student("conv2d_backward", both)).misconceptions[0] == "true-convolution"


def test_where_it_is_right_is_said():
    def f(dy, x, w, *, stride=1, padding=0):
        dw = cnnlab.conv1d_backward(dy, x, w, stride=stride, padding=padding)[1]
        return dw + (padding > 0) * 0.5

    assert "all of those without padding" in check.conv1d_backward(f, returns="dw").message


def test_a_dtype_is_a_remark():
    def f(dy, x, w, **options):
        return cnnlab.conv1d_backward(dy, x, w, **options)[1].astype(np.float32)

    report = check.conv1d_backward(f, returns="dw")
    assert report.passed and "float32" in report.message


def test_split_ties_are_called_a_valid_subgradient():
    formula = dict(matrix_of_checks.misconceptions_of("pool.dx"))["pool-split-ties"]
    report = check.max_pool2d_backward(student("max_pool2d_backward", {"dx": formula}))
    assert not report.passed
    assert "A valid subgradient, another convention" in report.message
    assert check.max_pool2d_backward(student("max_pool2d_backward", {"dx": formula}), ties=False).passed


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_reports_are_well_formed_escaped_and_the_same_every_time():
    def f(dy, x, w, **options):
        raise ValueError(f"<b>x & y</b> at {hex(id(object()))} `*_")

    first, second = check.conv1d_backward(f), check.conv1d_backward(f)
    assert repr(first) == repr(second) and first._repr_html_() == second._repr_html_()
    page = Tags()
    page.feed(first._repr_html_())
    assert page.open == [] and "<b>x & y</b>" in "".join(page.text)
    assert "&lt;b&gt;x &amp; y" in first._repr_html_()
    assert re.search(r"0x[0-9a-f]", repr(first)) is None
    wrong = check.conv2d_backward(student("conv2d_backward", {"dw": lambda dy, x, w, **_: w}))
    page = Tags()
    page.feed(wrong._repr_html_())
    assert page.open == [] and "first wrong entry" in wrong._repr_html_()
    # No color of its own: it takes the page's, and the palette's for what is wrong.
    markup = wrong._repr_html_()
    assert paint("wrong") in markup and "#" not in re.sub(r"&#?\w+;", "", markup.replace(paint("wrong"), ""))


def test_a_function_of_ones_own_is_checked_against_a_right_one():
    def right(x, y):
        return x * y

    calls = [(np.array([1.0, 2, 3]), np.array([4.0, 5, 7])), ((np.array([2.0]), np.array([5.0])), {})]
    assert check.against(lambda x, y: y * x, right, calls).passed
    report = check.against(
        lambda x, y: x + y, right, calls, misconceptions={"sum-for-product": lambda x, y: x + y}
    )
    assert report.misconceptions == ("sum-for-product",) and "sum for product" in report.message
    assert check.against(lambda x, y: x - y, right, calls).misconceptions == ()
    with pytest.raises(ValueError, match="at least one call"):
        check.against(right, right, [])


def test_the_gradient_checker_of_the_library_passes():
    def checker(loss, gradient, x):
        from cnnlab.gradcheck import gradcheck

        return gradcheck(loss, [x], [gradient]).passed

    assert check.gradient_checker(checker).passed


def test_what_a_gradient_checker_gets_and_has_to_say():
    assert "Expected: f(loss, gradient, x) returns True or False" in check.gradient_checker(None).message
    report = check.gradient_checker(lambda loss, gradient, x: 0.3)
    assert "It was given a right gradient.\n    It said 0.3, expected True or False." in report.message


def test_a_sandboxed_call_tells_what_happened():
    outcome = sandbox.call(lambda x: print("hello") or x, {"x": np.ones(2)}, {}, 1.0)
    assert outcome.kind == "value" and outcome.printed and outcome.changed == ()
