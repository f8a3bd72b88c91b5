"""One submission at a time: right ones keep their points, forged ones earn none, broken ones end in a named status.

The submissions are our own, so they are graded on the best road of the machine, without walls if it has none.
"""

import functools
import json

import numpy as np
import pytest
import roads

from bench import course_corpus as corpus
from course.grader import roster
from course.grader.output import feedback
from course.grader.points import scoring
from course.grader.points import variants as v
from course.grader.points.drawing import own_numbers
from course.grader.points.problems import SETS
from course.grader.points.questions import Call
from course.grader.reading import Handed
from course.grader.sandbox import outside as sandbox

pytestmark = pytest.mark.needs("worker")

LIMITS = sandbox.Limits(memory=1 << 29, part_seconds=5, notebook_seconds=40)
SECRET = "s" * 40


def grade(assignment, notebook, student="ann", limits=LIMITS, road=None, numbers="", **handed):
    data = notebook if isinstance(notebook, bytes) else corpus.as_bytes(notebook)
    options = {"road": road, "limits": limits, "numbers": numbers}
    return scoring.score(task(assignment, student, Handed(data, **handed), **options))


def task(assignment, student, handed, **options):
    pristine = json.dumps(corpus.released(assignment))
    return scoring.Job(assignment, student, handed, pristine, SECRET, allow_unsealed=True, **options)


def parts(result):
    return {part.name: part for part in result.parts}


@functools.cache
def solved(assignment):
    return grade(assignment, corpus.source(assignment), limits=sandbox.USUAL)


@pytest.mark.parametrize("assignment", SETS)
def test_solutions_earn_everything(assignment):
    result = solved(assignment)
    assert {part.name: part.status for part in result.parts} == {
        part.name: "right" for part in SETS[assignment].parts
    }
    written = sum(points for _, points in SETS[assignment].written)
    assert result.earned == SETS[assignment].points - written
    assert result.restarts == 0


@pytest.mark.slow
@pytest.mark.parametrize("assignment", SETS)
def test_solutions_hold_for_other_students(assignment):
    for student in ("bob", "student-0042", "Zoë"):
        result = grade(assignment, corpus.source(assignment), student, limits=sandbox.USUAL)
        assert [part.status for part in result.parts] == ["right"] * len(result.parts), student


@pytest.mark.parametrize("assignment", SETS)
def test_the_empty_sheet_earns_nothing(assignment):
    result = grade(assignment, corpus.released(assignment))
    assert result.earned == 0
    assert {part.status for part in result.parts} == {"not attempted"}


@pytest.mark.parametrize("name", corpus.FORGERIES)
def test_forgeries_earn_nothing(name):
    result = grade("ps1", corpus.with_cells("ps1", base="released", palindrome=corpus.FORGERIES[name]))
    assert result.earned == 0, [feedback.report(part) for part in result.parts]


@pytest.mark.slow
@pytest.mark.parametrize("name", corpus.FORGERIES)
def test_the_grader_survives_forgeries_after_honest_answers(name):
    result = grade("ps1", corpus.appended("ps1", "agree", corpus.FORGERIES[name]))
    assert {part.status for part in result.parts} <= set(scoring.STATUSES) - {"grader failed"}
    assert parts(result)["hand"].earned in (0, 3)


@pytest.mark.slow
@pytest.mark.needs("system call filter")  # without it and without walls they would harm this machine
@pytest.mark.parametrize("name", corpus.TROUBLES)
def test_troubles_end_in_a_named_status(name):
    code, status = corpus.TROUBLES[name]
    result = grade("ps1", corpus.with_cells("ps1", palindrome=code))
    assert parts(result)["palindrome"].status == status, feedback.report(parts(result)["palindrome"])
    assert parts(result)["palindrome"].earned == 0
    others = {part.name: part.status for part in result.parts if part.name != "palindrome"}
    assert set(others.values()) == {"right"}, others


@pytest.mark.parametrize("road", roads.SEALED)
@pytest.mark.parametrize(
    "name", ["fork bomb", "files filled", "network", "kills everything", "os._exit in a call"]
)
def test_troubles_on_both_roads(road, name):
    code, status = corpus.TROUBLES[name]
    result = grade("ps1", corpus.with_cells("ps1", palindrome=code), road=road)
    assert parts(result)["palindrome"].status == status
    assert result.earned == SETS["ps1"].points - 4


NOISE = """
import sys
import warnings
print("working", file=sys.stderr)
print("x" * 100_000)
warnings.warn("be careful")
np.float64(1) / 0
sys.stderr.write("more\\n" * 10_000)
"""


def test_noise_costs_nothing():
    result = grade("ps1", corpus.appended("ps1", "palindrome", NOISE))
    assert result.earned == 20


def test_notebook_commands_cost_nothing():
    notebook = corpus.source("ps1")
    cell = corpus.find(notebook, "palindrome")
    cell["source"] = (
        "%matplotlib inline\n!pip list\n" + corpus.text(notebook, "palindrome") + "\npalindrome?\n"
    )
    assert grade("ps1", notebook).earned == 20


def test_dtype_does_not_matter():
    notebook = corpus.appended(
        "ps1",
        "circular",
        "exact = circular_backward\n\n\ndef circular_backward(dy, x, w):\n"
        "    return tuple(np.asarray(g).astype(np.float32) for g in exact(dy, x, w))\n",
    )
    assert grade("ps1", notebook).earned == 20


def test_a_list_is_an_array_too():
    notebook = corpus.appended(
        "ps1",
        "palindrome",
        "array = palindrome\n\n\ndef palindrome(x, a, b):\n    return [float(value) for value in array(x, a, b)]\n",
    )
    assert grade("ps1", notebook).earned == 20


def test_arguments_are_copies():
    """A function that changes its arguments spoils nothing but its own answer."""
    notebook = corpus.appended(
        "ps1",
        "palindrome",
        "clean = palindrome\n\n\ndef palindrome(x, a, b):\n    y = clean(x, a, b)\n    x[:] = 0\n    return y\n",
    )
    assert grade("ps1", notebook).earned == 20


def test_partial_credit_and_the_mistake_by_name():
    code = corpus.text(corpus.source("ps1"), "palindrome").replace("dy @ (x[:-2] + x[2:])", "dy @ x[:-2]")
    part = parts(grade("ps1", corpus.with_cells("ps1", palindrome=code)))["palindrome"]
    assert (part.earned, part.status, part.misconceptions) == (3, "partly right", ["twin-forgotten"])
    report = "\n".join(feedback.report(part))
    assert "`da` should be" in report
    assert "in da: one of the two places of the shared weight left out (twin-forgotten)." in report


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "part", "function", "number", "identifier"), corpus.catalogue())
def test_every_catalogued_mistake_is_named_in_the_report(assignment, part, function, number, identifier):
    """Handed in, run in the sandbox, and named: the whole way."""
    result = grade(assignment, corpus.wrong(assignment, part, function, number), limits=sandbox.USUAL)
    found = parts(result)[part]
    assert found.earned < found.points
    assert identifier in found.misconceptions
    assert f"({identifier})" in "\n".join(feedback.report(found))


def test_steps_of_the_two_dimensional_set():
    """A slip with the stride costs the points of the stride only."""
    code = corpus.text(corpus.source("ps3"), "separable").replace(
        "dx, dw, db = conv2d_backward(dy, x, w, stride=stride, padding=padding)",
        "dx, dw, db = conv2d_backward(dy, x, w, stride=1, padding=padding)",
    )
    part = parts(grade("ps3", corpus.with_cells("ps3", separable=code)))["separable"]
    earned = {title: points for title, points, *_ in part.items}
    assert earned["backward, padding"] == earned["backward, a single image"] == 3
    assert earned["backward, stride"] < 3
    assert part.status == "partly right"


def test_accuracy_counts_only_with_right_gradients():
    code = corpus.text(corpus.source("ps5"), "network").replace("* (1 - a * a)", "")
    found = parts(grade("ps5", corpus.with_cells("ps5", network=code), limits=sandbox.USUAL))
    assert found["network"].misconceptions[0] == "derivative-forgotten"
    assert found["training"].status == "waits for another part"
    assert found["training"].earned == 0


def test_untrained_network_earns_nothing():
    code = "def train(x, labels, w, b, v, c):\n    return w, b, v, c\n"
    assert (
        parts(grade("ps5", corpus.with_cells("ps5", training=code), limits=sandbox.USUAL))["training"].earned
        == 0
    )


def test_the_numbers_are_those_of_the_id_that_counts():
    x, a, b = (
        own_numbers("ps1", "ann@x.edu", name, *shape)
        for name, shape in (("x", (5,)), ("a", (1,)), ("b", (1,)))
    )
    dx, da, db = v.palindrome_backward(own_numbers("ps1", "ann@x.edu", "dy", 3) * [1, -1, 1], x, a[0], b[0])
    answers = f"hand_da, hand_db, hand_dx = {da}, {db}, {dx.tolist()}"
    notebook = corpus.with_cells("ps1", hand=answers)
    assert parts(grade("ps1", notebook))["hand"].earned < 3
    assert parts(grade("ps1", notebook, numbers="ann@x.edu"))["hand"].earned == 3


ROSTER = roster.Roster(
    (roster.Person("ann", "Ann Berg", "ann.berg@x.edu", "17"), roster.Person("bob", "Bob Ruiz"))
)


@pytest.mark.parametrize(
    ("said", "numbers", "remark"),
    [
        ("ann", "ann", ""),
        (" Ann ", " Ann ", ""),
        ("ann.berg@x.edu", "ann.berg@x.edu", ""),
        ("17", "17", ""),
        ("amn", "amn", "nobody's"),
        ("bob", "ann", "not yours"),
        ("BOB ", "ann", "not yours"),
        ("example", "ann", "not yours"),
        ("your-id", "your-id", "No id was typed"),
        (None, "your-id", "No id was typed"),
        ("  ", "your-id", "No id was typed"),
    ],
)
def test_whose_numbers_count(said, numbers, remark):
    found, told = roster.numbers_of(said, "ann", ROSTER, set())
    assert found == numbers and (remark in told if remark else not told)


def test_whose_numbers_count_without_a_roster_and_where_marking_is_blind():
    assert roster.numbers_of("bob", "ann", roster.Roster(), {"ann", "bob"})[0] == "ann"
    assert roster.numbers_of("berg", "annberg_17", roster.Roster(), {"annberg_17"})[0] == "berg"
    assert roster.numbers_of("ann", "participant_5", ROSTER, {"participant_5"}) == ("ann", "")


def test_another_students_numbers_earn_nothing():
    numbers = "hand_da, hand_db, hand_dx = {}, {}, {}"

    def answer(student):
        x, a, b = (
            own_numbers("ps1", student, "x", 5),
            *own_numbers("ps1", student, "a", 1),
            *own_numbers("ps1", student, "b", 1),
        )
        dx, da, db = v.palindrome_backward(own_numbers("ps1", student, "dy", 3) * [1, -1, 1], x, a, b)
        return numbers.format(da, db, dx.tolist())

    assert parts(grade("ps1", corpus.with_cells("ps1", hand=answer("ann"))))["hand"].earned == 3
    wrong = parts(grade("ps1", corpus.with_cells("ps1", hand=answer("bob"))))["hand"]
    assert wrong.earned == 0
    assert wrong.lines and all("should be" not in line for line in wrong.lines)


AGREE = {
    "rules broken: equal entries": "agree_x, agree_dy = [start, 20, 20, 30, 40], [1, 2, -2]",
    "rules broken: too small": "agree_x, agree_dy = [start, 1e-300, 20, 30, 40], [1, 2, -2]",
    "rules broken: zeros": "agree_x, agree_dy = [start, 0, 20, 30, 40], [1, 2, -2]",
    "rules broken: infinite": "agree_x, agree_dy = [start, np.inf, 20, 30, 40], [1, 2, -2]",
    "rules broken: another start": "agree_x, agree_dy = [start + 0.5, 10.5, 20, 30, 40], [1, 2, -2]",
    "rules broken: shape": "agree_x, agree_dy = [start, 10.5, 20, 30], [1, 2]",
    "it differs": "agree_x, agree_dy = [start, 10.5, 20, 30, 40], [1, 2, 3]",
}


@pytest.mark.parametrize("name", AGREE)
def test_an_input_that_does_not_agree(name):
    code = corpus.text(corpus.source("ps1"), "agree") + "\n" + AGREE[name]
    assert parts(grade("ps1", corpus.with_cells("ps1", agree=code)))["agree"].earned == 0


def test_agreeing_without_differing_earns_two_thirds():
    code = corpus.text(corpus.source("ps1"), "agree") + "\ndiffer_x, differ_dy = agree_x, agree_dy"
    assert parts(grade("ps1", corpus.with_cells("ps1", agree=code)))["agree"].earned == 2


@pytest.mark.parametrize("always", ["True", "False"])
def test_a_check_without_a_check_earns_nothing(always):
    code = (
        corpus.text(corpus.source("ps1"), "gradient_check")
        + f"\n\n\ndef is_right(f, x, dy, dx):\n    return {always}\n"
    )
    assert parts(grade("ps1", corpus.with_cells("ps1", gradient_check=code)))["gradient_check"].earned == 3


def test_the_books_functions_earn_nothing():
    """The backend's own functions, pasted under the names that the sheets ask for."""
    import inspect

    from cnnlab import conv, pool

    pasted = inspect.getsource(conv) + "\n\n" + inspect.getsource(pool)
    pasted = "\n".join(
        line for line in pasted.split("\n") if "import" not in line and not line.startswith("__all__")
    )
    pairs = {
        "ps1": {"palindrome": ("conv1d", "palindrome"), "circular": ("conv1d", "circular")},
        "ps2": {
            "ring": ("max_pool2d", "wrap_pool"),
            "range": ("max_pool2d", "range_pool"),
            "maxout": ("max_pool2d", "maxout"),
        },
        "ps3": {"separable": ("conv2d", "separable2d"), "tiled": ("conv2d", "tiled2d")},
        "ps5": {"mirror": ("conv2d", "mirror_conv"), "blend": ("max_pool2d", "blend_pool")},
    }
    for assignment, answers in pairs.items():
        sources = {
            part: f"{pasted}\n{asked} = {name}\n{asked}_backward = {name}_backward\n"
            for part, (name, asked) in answers.items()
        }
        result = grade(
            assignment, corpus.with_cells(assignment, base="released", **sources), limits=sandbox.USUAL
        )
        assert result.earned == 0, [feedback.report(part) for part in result.parts]


LEAK = """
def palindrome(x, a, b):
    raise ValueError(repr(x.tolist()))


def palindrome_backward(dy, x, a, b):
    raise type("Leak" + "_".join(str(int(n)).replace("-", "m") for n in x), (Exception,), {})(x)
"""


TAKEN_OVER = """
import sys
sys._getframe().f_back.f_globals["describe"] = lambda error, request: {
    "type": "ValueError", "line": ["cell palindrome", 3], "message": str(error)
}
"""


@pytest.mark.parametrize("hostile", ["", TAKEN_OVER])
def test_the_report_shows_no_hidden_input(hostile):
    result = grade("ps1", corpus.with_cells("ps1", palindrome=LEAK + hostile))
    part = next(part for part in SETS["ps1"].parts if part.name == "palindrome")
    draw = scoring.Draw("ps1", "ann", "palindrome", result.digest, SECRET)
    shown = feedback.autograded(corpus.released("ps1"), result)
    for item in part.items(draw):
        for question in item.questions:
            assert isinstance(question, Call)
            for array in question.args:
                if np.ndim(array):
                    assert repr(np.asarray(array).tolist()) not in shown
    assert "raised ValueError in line 3" in shown
    assert "Leak" not in shown.replace('Leak\\" + ', "")
    assert SECRET not in shown


@pytest.mark.parametrize("submission", ["1792", "2476"])
def test_a_function_that_returns_zeros_is_right_by_no_chance(submission):
    """With these submissions the first draw's db is 0 in both cases, and would be a gift."""
    part = next(part for part in SETS["ps1"].parts if part.name == "palindrome")
    backward = {}
    for drawn in (part.build, part.items):
        backward[drawn.__name__] = drawn(scoring.Draw("ps1", "ann", part.name, submission, "s" * 32))[1]
    given = {
        name: [(dy @ x[1:-1]).item() for dy, x, *_ in (call.args for call in item.questions)]
        for name, item in backward.items()
    }
    assert given[part.build.__name__] == [0, 0]
    assert any(given["items"])


def test_the_same_submission_gets_the_same_report():
    notebook = corpus.with_cells("ps1", palindrome=corpus.WRONG)
    first, second = grade("ps1", notebook), grade("ps1", notebook)
    pristine = corpus.released("ps1")
    assert feedback.autograded(pristine, first) == feedback.autograded(pristine, second)
    first.seconds = second.seconds = 0
    assert first.to_json() == second.to_json()
    assert scoring.Result.from_json(first.to_json()).to_json() == first.to_json()


def test_the_whole_notebook_has_a_limit():
    """Nine seconds in every answer end at the notebook's limit, not after all of them."""
    slow = "import time\n\n\ndef {0}(*args):\n    time.sleep(1.5)\n    return 0\n"
    sources = {"palindrome": slow.format("palindrome"), "circular": slow.format("circular")}
    limits = sandbox.Limits(memory=1 << 29, part_seconds=2, notebook_seconds=4)
    result = grade("ps1", corpus.with_cells("ps1", **sources), limits=limits)
    assert parts(result)["hand"].status == "right"
    assert parts(result)["agree"].status == "took too long"
    assert "whole notebook" in " ".join(parts(result)["agree"].lines)


def test_a_cell_that_keeps_the_parser_busy_costs_its_own_part_only():
    fields = "f'" + "{x}" * 60_000 + "'\n"
    limits = sandbox.Limits(memory=1 << 29, part_seconds=2, notebook_seconds=20)
    found = parts(grade("ps1", corpus.appended("ps1", "palindrome", fields), limits=limits))
    assert {found[name].status for name in ("hand", "circular", "agree")} == {"right"}


SCRIPT = "Dear asker <script>steal()</script> <img src=x onerror=steal()> ![p](http://a/b) [c](javascript:steal()) $a<b$"
URLS = " https://a.example/steal <http://b.example> "
MATH = r"$\require{html}\href{x}{y} \let\h\style \csname href\endcsname \sum_i \classic$"


def test_written_answers_cannot_run_in_the_instructors_browser():
    result = grade("ps4", corpus.with_cells("ps4", letter=SCRIPT + URLS + MATH), limits=sandbox.USUAL)
    import nbformat
    from nbconvert.exporters import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(
        nbformat.reads(feedback.autograded(corpus.released("ps4"), result), as_version=4)
    )
    answer = page[page.index("Dear asker") :].partition("</p>")[0]
    for live in ("<script", "<img", "href=", r"\require", r"\href", r"\let", r"\style", r"\csname"):
        assert live not in answer
    assert "https://a.example/steal" in answer and r"\sum_i \classic" in answer
    assert "steal()" in answer and "$a&lt; b$" in answer


def test_statuses_have_words():
    assert {status for _, status in corpus.TROUBLES.values()} <= set(scoring.STATUSES)
    assert set(scoring.BREAKS) <= set(scoring.STATUSES)


LYING_WORKER = """
import sys

worker = sys._getframe().f_back.f_globals
honest = worker["answer"]


def lying(namespace, request, arrays):
    if request["do"] == {do!r} and request["name"] == {name!r}:
        return {{"error": {error!r}}}, []
    return honest(namespace, request, arrays)


worker["answer"] = lying
"""

LIES = {
    "the type is a list": ("call", "palindrome", {"type": []}),
    "the line is a list": ("call", "palindrome", {"type": "ValueError", "line": [[], 3]}),
    "a count for a variable": ("value", "hand_da", {"type": "WrongCount", "count": 3}),
    "an enormous count": ("call", "palindrome", {"type": "WrongCount", "count": "HUGE"}),
    "an enormous line": ("call", "palindrome", {"type": "ValueError", "line": ["cell palindrome", "HUGE"]}),
    "a count for a cell": ("cell", "cell circular", {"type": "WrongCount", "count": 3}),
}


@pytest.mark.parametrize("name", LIES)
def test_a_forged_description_of_an_error_does_not_break_the_grader(name):
    do, asked, error = LIES[name]
    code = LYING_WORKER.format(do=do, name=asked, error=error).replace("'HUGE'", "10**400")
    notebook = corpus.with_cells(
        "ps1", base="released", practice_conv1d=code, palindrome="palindrome = 1", hand="x = 1"
    )
    result = grade("ps1", notebook)
    assert result.status == "" and result.earned == 0


def test_one_part_again_brings_the_parts_that_it_needs():
    handed = Handed(corpus.as_bytes(corpus.source("ps5")))
    result = scoring.score(task("ps5", "ann", handed, parts=("training",)))
    assert {part.name: part.status for part in result.parts} == dict.fromkeys(
        ("mirror", "blend", "network", "training"), "right"
    )


JUPYTER = """%matplotlib inline
display(1)
t = %timeit -o 1
!ls
np?
z = (10
     % 3)
import asyncio
await asyncio.sleep(0)
"""


def test_how_honest_students_write_costs_nothing():
    """Each of these lost points once: what Jupyter has and Python has not, fractions, zero imaginary parts, split cells."""
    solved = corpus.text(corpus.source("ps1"), "circular")
    fourier = """
def circular(x, w):
    kernel = np.zeros(len(x))
    kernel[: len(w)] = w
    return np.fft.ifft(np.fft.fft(x) * np.conj(np.fft.fft(kernel)))
"""
    backward = solved[solved.index("def circular_backward") :]
    fractions = "from fractions import Fraction\nhand_da = Fraction(int(hand_da))\n"
    notebook = corpus.with_cells("ps1", circular=JUPYTER + fourier, palindrome="")
    corpus.find(notebook, "hand")["source"] = corpus.text(notebook, "hand") + "\n" + fractions
    at = notebook["cells"].index(corpus.find(notebook, "circular"))
    half = {**notebook["cells"][at], "id": "half", "source": backward}
    own = {
        "cell_type": "code",
        "id": "own",
        "metadata": {},
        "source": corpus.text(corpus.source("ps1"), "palindrome"),
    }
    notebook["cells"][at + 1 : at + 1] = [half, own]
    result = grade("ps1", notebook)
    assert result.earned == 20, [feedback.report(part) for part in result.parts]


def test_names_that_later_cells_use_for_something_else_cost_nothing():
    """Each part is asked when its own cell has run; a helper that stands further down is found all the same."""
    result = grade("ps1", corpus.names_used_twice())
    assert result.earned == 20 and result.restarts == 0, [feedback.report(part) for part in result.parts]
    solved = corpus.text(corpus.source("ps1"), "palindrome")
    below = corpus.appended("ps1", "circular", "def zeros(count):\n    return np.zeros(count)\n")
    corpus.find(below, "palindrome")["source"] = solved.replace("np.zeros", "zeros")
    assert grade("ps1", below).earned == 20


def test_a_helper_in_another_cell_is_named():
    notebook = corpus.with_cells("ps1", palindrome="y = helper()")
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": "def helper():\n    return 1"})
    report = " ".join(feedback.report(parts(grade("ps1", notebook))["palindrome"]))
    assert "`helper` stands in a cell that is not graded" in report and "in line 1" in report
