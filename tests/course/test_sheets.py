"""The source notebooks and what nbgrader releases of them."""

import ast
import json
import re

import pytest

from bench import course_corpus as corpus
from cnnlab import check
from cnnlab.handin import checking
from course.grader import reading
from course.grader.output.feedback import POINTS
from course.grader.points import examples
from course.grader.points.drawing import own_numbers
from course.grader.points.problems import OWN, SETS
from tools.live import sheets

HOURS = {"ps1": 4, "ps2": 4, "ps3": 6, "ps4": 5, "ps5": 8}
HOURS |= {name: sheets.sheet(sheets.path_of(name)).hours for name in OWN}


def marks(notebook):
    return {
        reading.mark(cell)["grade_id"]: reading.mark(cell) for cell in notebook["cells"] if reading.mark(cell)
    }


def prose(notebook):
    return "\n\n".join(reading.text(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


@pytest.mark.parametrize("assignment", SETS)
def test_cells_and_points_are_those_of_the_grader(assignment):
    found = marks(corpus.source(assignment))
    for part in SETS[assignment].parts:
        assert found[part.name]["solution"] and not found[part.name]["grade"]
        assert found[part.name + POINTS]["points"] == part.points
        assert found[part.name + POINTS]["locked"] and found[part.name + POINTS]["grade"]
        assert set(part.asks_for) <= reading.defined(corpus.text(corpus.source(assignment), part.name))
    for name, points in SETS[assignment].written:
        assert found[name]["points"] == points and found[name]["solution"] and found[name]["grade"]
    assert sum(mark.get("points", 0) for mark in found.values()) == SETS[assignment].points


@pytest.mark.parametrize("assignment", SETS)
def test_the_sheet_states_points_hours_and_rules(assignment):
    text = prose(corpus.released(assignment))
    assert f"About {HOURS[assignment]} hours, {SETS[assignment].points} points." in text
    table = [int(points) for points in re.findall(r"^\| \d\. .* \| (\d+) \|$", text, re.M)]
    assert sum(table) == SETS[assignment].points
    for word in ("10 seconds", "120 seconds", "1 GB", "uses the library", "`cnnlab`", "Type your student id"):
        assert word in text


@pytest.mark.parametrize("assignment", SETS)
def test_nothing_was_run(assignment):
    for cell in corpus.source(assignment)["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


def secret_lines(assignment):
    """Lines of the solutions: between the markers, longer than a few characters and not in the rest of the sheet."""
    inside, outside = [], []
    for cell in corpus.source(assignment)["cells"]:
        secret = False
        for line in reading.text(cell).split("\n"):
            if "BEGIN SOLUTION" in line or "END SOLUTION" in line:
                secret = "BEGIN" in line
            else:
                (inside if secret else outside).append(line.strip())
    stated = "\n".join(outside)  # the sheet itself says some lines, as part of a sentence
    return [line for line in inside if len(line) > 12 and line not in stated]


@pytest.mark.parametrize("assignment", SETS)
def test_the_release_contains_no_solution(assignment):
    secrets = secret_lines(assignment)
    assert len(secrets) > 20
    notebook = corpus.released(assignment)
    everything = "\n".join(reading.text(cell) for cell in notebook["cells"])
    everything += json.dumps([cell["metadata"] for cell in notebook["cells"]]) + json.dumps(
        notebook["metadata"]
    )
    assert [line for line in secrets if line in everything] == []
    assert "SOLUTION" not in everything
    assert all(not cell.get("outputs") and not cell.get("attachments") for cell in notebook["cells"])


@pytest.mark.parametrize("assignment", SETS)
def test_the_release_equals_the_source_outside_the_blanks(assignment):
    def without(text):
        text = re.sub(r"[ ]*### BEGIN SOLUTION.*?### END SOLUTION", "BLANK", text, flags=re.S)
        return re.sub(
            r"[ ]*# Write your code here\.\n\s*raise NotImplementedError|Write your answer here\.",
            "BLANK",
            text,
        )

    for before, after in zip(
        corpus.source(assignment)["cells"], corpus.released(assignment)["cells"], strict=True
    ):
        assert without(reading.text(before)) == without(reading.text(after))


@pytest.mark.parametrize("assignment", SETS)
def test_every_blank_raises(assignment):
    notebook = corpus.released(assignment)
    for part in SETS[assignment].parts:
        assert "raise NotImplementedError" in corpus.text(notebook, part.name)


@pytest.mark.parametrize("assignment", SETS)
def test_the_sheets_numbers_are_the_graders(assignment):
    scope = {"STUDENT": "ann-17"}
    exec(corpus.text(corpus.source(assignment), "setup"), scope)
    for name, shape in (("x", (5,)), ("start", (1,)), ("big", (4, 8))):
        assert scope["own"](name, *shape).tolist() == own_numbers(assignment, "ann-17", name, *shape).tolist()
    assert (
        own_numbers(assignment, "ann-17", "x", 5).tolist()
        != own_numbers(assignment, "ann-18", "x", 5).tolist()
    )


@pytest.mark.parametrize("assignment", SETS)
def test_the_visible_checks_pass_on_the_solutions_and_fail_on_the_blanks(assignment):
    """Run the sheet from top to bottom as a student does, with and without answers."""
    for notebook, works in ((corpus.source(assignment), True), (corpus.released(assignment), False)):
        scope, failures = {}, []
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                try:
                    exec(compile(reading.text(cell), "sheet", "exec"), scope)
                except (NotImplementedError, NameError, AssertionError):
                    failures.append(reading.mark(cell).get("grade_id"))
        names = {part.name + POINTS for part in SETS[assignment].parts}
        assert (names & set(failures) == set()) if works else names <= set(failures)


@pytest.mark.parametrize("assignment", SETS)
def test_practice_comes_before_the_first_points_and_earns_none(assignment):
    notebook = corpus.source(assignment)
    order = list(marks(notebook))
    practice = [name for name in order if name.startswith("practice_")]
    assert practice and order.index(practice[-1]) < order.index("hand")
    text = "\n".join(reading.text(cell) for cell in notebook["cells"])
    for name in practice:
        function = name.removeprefix("practice_")
        assert f"check.{function}({function})" in text
        assert isinstance(ast.parse(corpus.text(notebook, name)).body[0], ast.FunctionDef)


@pytest.mark.parametrize("assignment", SETS)
def test_the_practice_solutions_pass_cnnlabs_check(assignment):
    notebook, scope = corpus.source(assignment), {}
    exec(corpus.text(notebook, "setup"), scope)
    for name in marks(notebook):
        if name.startswith("practice_"):
            exec(corpus.text(notebook, name), scope)
            function = name.removeprefix("practice_")
            report = getattr(check, function)(scope[function])
            assert report.passed, report.message


def test_what_is_published_is_what_the_sheets_say():
    """`python -m course.grader examples` writes the file again."""
    assert examples.FILE.read_text(encoding="utf-8") == examples.everything(), (
        "run: python -m course.grader examples"
    )


@pytest.mark.parametrize("assignment", SETS)
def test_the_solutions_have_nothing_to_mend_before_handing_in(assignment):
    notebook = corpus.source(assignment)
    for cell in notebook["cells"]:
        cell["source"] = reading.text(cell).replace('"your-id"', '"ann"')
    assert assignment in checking.sheets(), "run: python -m course.grader examples"
    checked = checking.check(corpus.as_bytes(notebook))
    assert checked.sheet == assignment and checked.typed_id == "ann"
    assert [(part.name, part.lines) for part in checked.parts if part.state != "ready"] == []
    assert checked.remarks == []


def test_every_function_that_is_asked_for_has_one_published_example():
    for problem_set in SETS.values():
        for part in problem_set.parts:
            named = [name for name in part.asks_for if name in examples.EXAMPLES]
            assert named == list(part.asks_for) or part.name in ("hand", "agree")


def test_the_teachers_guide_names_what_the_book_has():
    """Every link leads to a chapter, and every section in italics is in one."""
    guide = (sheets.COURSE / "teaching.md").read_text(encoding="utf-8")
    chapters = sorted(set(re.findall(r"\]\(\.\./(book/[\w-]+\.ipynb)\)", guide)))
    assert len(chapters) >= 8
    headings = set()
    for name in [*chapters, "book/mistakes.ipynb"]:
        cells = json.loads((sheets.ROOT / name).read_text(encoding="utf-8"))["cells"]
        headings |= {
            line.lstrip("# ")
            for cell in cells
            for line in reading.text(cell).splitlines()
            if line.startswith("#")
        }
    tables = guide[guide.index("## Two lectures") : guide.index("## Mistakes to expect")]
    named = re.findall(r"(?<!\*)\*([^*\n]+)\*", tables.replace("*before*", ""))
    assert len(named) > 12 and [name for name in named if name not in headings] == []
