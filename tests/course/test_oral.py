"""Questions about a student's own hand-in: their numbers add up, and their answers are about that student's code."""

import json
import re

import numpy as np
import pytest

from bench import course_corpus as corpus
from course.grader import oral
from course.grader.points.drawing import Draw, own_numbers
from course.grader.points.problems import SETS
from course.grader.points.scoring import PartResult, Result
from course.grader.points.words import WORDS


def by_hand(assignment, student):
    """{name: right array} of the computation by hand, as the grader has it."""
    part = next(part for part in SETS[assignment].parts if part.name == "hand")
    draw = Draw(sheet=assignment, student=student, part="hand", submission="", secret="")
    return {asked.name: asked.right for item in part.items(draw) for asked in item.values}


@pytest.mark.parametrize("assignment", oral.PLANS)
@pytest.mark.parametrize("student", ["ann", "bob@x.edu", "participant_7"])
def test_the_products_add_up_to_the_graders_own_numbers(assignment, student):
    right = by_hand(assignment, student)
    entries = dict(oral.PLANS[assignment].entries(lambda *words: own_numbers(assignment, student, *words)))
    for name, products in entries.items():
        array, _, index = name.partition("[")
        place = tuple(json.loads(f"[{index}")) if index else ()
        assert sum(value for _, value in products) == pytest.approx(np.asarray(right[array])[place]), name
    assert {name.partition("[")[0] for name in entries} <= set(right)


def handed_in(assignment, **changes):
    """The result of the instructor's notebook, with changes."""
    notebook = corpus.source(assignment)
    sources = {part.name: corpus.text(notebook, part.name) for part in SETS[assignment].parts}
    parts = [PartResult(part.name, part.points, part.points, "right") for part in SETS[assignment].parts]
    return Result(
        **{"assignment": assignment, "student": "ann", "parts": parts, "sources": sources, "remarks": []}
        | changes
    )


@pytest.mark.parametrize("assignment", oral.PLANS)
def test_every_set_has_three_questions_and_the_same_hand_in_gets_the_same(assignment):
    result = handed_in(assignment)
    products, lines, misconception = asked = oral.questions(assignment, "ann", result)
    assert asked == oral.questions(assignment, "ann", result)
    assert any(oral.questions(assignment, name, result) != asked for name in ("bob", "cleo"))
    name = re.search(r"`(hand_\w+)", products.asked)[1]
    assert any(name in line for line in products.shown) and "Together" in products.expected
    numbers = [int(number) for number in re.findall(r"\d+", lines.expected)]
    plan = oral.PLANS[assignment]
    assert numbers and all(re.search(plan.lines, lines.shown[number - 1]) for number in numbers)
    assert not any(lines.shown[number - 1].lstrip("0123456789 ").startswith("def ") for number in numbers)
    assert any(misconception.expected.startswith(words.name) for words in WORDS.values())


def test_the_mistake_is_the_one_that_was_recognized():
    result = handed_in("ps1")
    result.parts[1] = PartResult("palindrome", 4, 3.0, "partly right", misconceptions=["twin-averaged"])
    last = oral.questions("ps1", "ann", result)[-1]
    right = float(by_hand("ps1", "ann")["hand_da"])
    assert f"`da` = {right / 2:g} and not {right:g}." in last.asked
    assert last.expected.startswith(WORDS["twin-averaged"].name + " (the grader recognized it")


def test_what_was_not_handed_in_is_said():
    result = handed_in("ps1", sources={})
    assert "was not handed in" in oral.questions("ps1", "ann", result)[1].expected
    result = handed_in("ps1")
    result.parts[2] = PartResult("circular", 5, 0.0, "not attempted")
    assert "was not handed in" in oral.questions("ps1", "ann", result)[1].expected


def test_what_helped_is_asked_about_first_if_something_was_written():
    notebook = corpus.released("ps1")
    assert oral.on_help(corpus.as_bytes(notebook)) == [] == oral.on_help(b"{")
    next(cell for cell in notebook["cells"] if cell["id"] == oral.HELPED)["source"] = (
        "An assistant.\nAnd Bob."
    )
    assert oral.on_help(corpus.as_bytes(notebook))[0].shown == ("An assistant.", "And Bob.")


def test_the_text_is_for_a_terminal():
    result = handed_in("ps1")
    result.sources["circular"] = "def circular(x, w):\n    return x[\x1b[31m0:]\n"
    text = oral.as_text("ps1", "ann", oral.questions("ps1", "ann", result))
    assert text.startswith("ps1: questions for ann") and text.count("Expected:") == 3 and "\x1b" not in text


def test_without_a_graded_hand_in_one_line_says_so(tmp_path, capsys):
    from course.grader.__main__ import main

    (tmp_path / "source").mkdir()
    assert main(["--course", str(tmp_path), "oral", "ps1", "ann"]) == 2
    assert "There is no ps1 of ann in" in capsys.readouterr().err
    (tmp_path / "submitted" / "ann" / "ps1").mkdir(parents=True)
    assert main(["--course", str(tmp_path), "oral", "ps1", "ann"]) == 2
    assert capsys.readouterr().err == "ann has no graded ps1. First: make grade ASSIGNMENT=ps1\n"
