"""What a reader meets in a chapter: counted words, goals, and answers that wait below their box."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from myst_parser.mdit_to_docutils.base import default_slugify
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import reading
from tools.numbers import execute
from tools.numbers.normalise import VIEW
from tools.sphinx_ext.moved import moved


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Two words\n\nand *three* [more ones](a.md).", 6),
        ("A formula $x + y$ is one.\n\n$$\ny = w x\n$$\n", 5),
        ("| a | b |\n| --- | --- |\n| c | d |\n", 4),
        ("Code `dw[0]`\n\n```python\nprint(x)\n```\n", 3),
        ("```{dropdown} Second reading\nNot counted.\n```\nyes", 1),
        ("```{margin}\nNot counted.\n```\n", 0),
        (":::{note}\n:class: dropdown\nNot counted.\n:::\n", 0),
        ("::::{note}\n:name: here\nIt is\n\n:::{margin}\nnot\n:::\n::::\n", 2),
        ("It's 0.25 and 1,000 of them", 6),
    ],
)
def test_words_that_are_seen_without_unfolding_are_counted(text, words):
    assert reading.visible_words(text) == words


def notebook(*cells, answer="0.4", question="What is dw[1]?"):
    """A notebook with a box among these cells: None stands for the box."""
    still = f'<div class="{reading.BOX}"></div>'
    box = new_code_cell("widgets.AnswerBox(1)", metadata={"tags": ["hide-input"]})
    box.outputs = [new_output("display_data", {VIEW: {"model_id": "m"}, "text/html": still})]
    trace = {"question": question, "answer": {"text": answer}, "wrong": [], "hints": []}
    made = new_notebook(cells=[box if cell is None else cell for cell in cells])
    made.metadata["widgets"] = {reading.STATE: {"state": {"m": {"state": {"trace": trace}}}}}
    return made


def code(source, text="", **metadata):
    """A code cell that printed something."""
    outputs = [new_output("stream", text=text)] if text else []
    return new_code_cell(source, outputs=outputs, metadata=metadata)


ANSWER = {"tags": ["answer"]}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([code("print(x)", "[1 2]"), None, code("dw = x * dy", "[0.3 0.4]", **ANSWER)], None),
        ([code("dw = x * dy"), None], None),
        ([code("dw = x * dy\ndw[0]", "0.3"), None], "shows dw"),
        ([code("dx, dw, db = backward(dy)\nprint(dw)", "0.3"), None], "shows dw"),
        ([code("print(dw == right)", "True"), None], None),
        ([code("print(both)", "[0.3 0.4]"), new_markdown_cell("Now:"), None], "shows 0.4"),
        ([code("print(both)", "[0.3 0.4]"), new_markdown_cell("## Next\n"), None], None),
        ([new_markdown_cell("So.", metadata=ANSWER), None], "no box stands above"),
        ([None, new_markdown_cell("So.\n\n## Next\n", metadata=ANSWER)], "holds a heading"),
    ],
)
def test_an_answer_that_stands_too_early_is_seen(cells, said):
    found = list(reading.answers_early(notebook(*cells)))
    assert [said in remark for remark in found] == ([True] if said else [])


def test_what_a_box_assigns_and_the_page_does_not_show_is_seen():
    cells = notebook(None, code("print(step)"))
    cells.cells[0].source = "step = 1\nwidgets.AnswerBox(step)"
    assert ["assigns step" in remark for remark in reading.answers_early(cells)] == [True]


def test_a_digit_stands_everywhere_and_gives_nothing_away():
    assert not list(
        reading.answers_early(notebook(code("print(x)", "[2 3]"), None, answer="2", question="How many?"))
    )


def test_goals_are_the_first_list_before_the_first_section():
    text = "# Title\n\nAfter it you can\n\n- add ([1](#a))\n- turn\n  - and more\n\n- - no\n\n## One\n\n- not this\n"
    assert reading.goals(nbformat.v4.new_notebook(cells=[new_markdown_cell(text)]))[:2] == [
        "add ([1](#a))",
        "turn",
    ]


BOOK = {path.stem: path for path in execute.find()}


@pytest.mark.parametrize("name", BOOK)
def test_a_reply_leads_to_the_section_that_explains(name):
    lost = {}
    for box in reading.boxes(execute.read(BOOK[name])):
        for link in box.links:
            page, _, section = link.partition(".ipynb#")
            if not (section.startswith("mistake-") or section in reading.sections(execute.read(BOOK[page]))):
                lost[link] = box.question
    assert lost == {}


@pytest.mark.parametrize("name", BOOK)
def test_who_does_not_know_an_answer_gets_a_hint_before_it(name):
    assert [box.question for box in reading.boxes(execute.read(BOOK[name])) if not box.hints] == []


@pytest.mark.parametrize("name", reading.chapters())
def test_no_answer_stands_above_its_box(name):
    assert list(reading.answers_early(execute.read(BOOK[name]))) == []


@pytest.mark.parametrize("name", reading.chapters())
def test_a_chapter_is_no_longer_than_one_sitting(name):
    notebook = execute.read(BOOK[name])
    text = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert sum(map(reading.visible_words, text)) <= reading.WORDS
    assert 1 <= len(reading.boxes(notebook)) <= reading.BOXES


@pytest.mark.parametrize("name", reading.chapters())
def test_a_chapter_begins_with_goals_that_lead_to_their_exercises(name):
    notebook = execute.read(BOOK[name])
    aims = reading.goals(notebook)
    assert len(aims) in reading.GOALS
    for aim in aims:
        linked = re.findall(r"\]\(#([\w-]+)\)", aim)
        assert linked and set(linked) <= reading.sections(notebook, default_slugify), aim


FIRST_EDITION = json.loads(Path(__file__).with_name("anchors-1.0.0.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FIRST_EDITION)
def test_links_into_the_first_edition_lead_to_the_second(name):
    if name in BOOK:
        now = reading.sections(execute.read(BOOK[name]))
    else:
        now = reading.anchors((execute.BOOK / f"{name}.md").read_text(encoding="utf-8"))
    led = moved().get(name, {})
    assert set(FIRST_EDITION[name]) <= now | set(led)
    assert set(led.values()) <= now
