"""The catalogue: every row complete, every formula wrong, every pair told apart or listed as a tie."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from cnnlab import check, examples, misconceptions
from cnnlab.check.sandbox import copied
from cnnlab.misconceptions import (
    CATALOGUE,
    CHAPTERS,
    GROUPS,
    RIGHT,
    TIES,
    attempt,
    formulas,
    numbers,
    page,
    tie_of,
    values,
)
from cnnlab.tasks import TASKS
from tools import reading
from tools.numbers import execute


def targets_of(task):
    return [f"{task.group}.{part}" for part in task.returns]


TARGET_PROBES = {
    target: [p for task in TASKS.values() for p in task.probes() if target in targets_of(task)]
    for target in RIGHT
}


def results(formula, target):
    """Everything that a formula gives on the probes of its target, in a form that can be compared."""
    found = []
    for probe in TARGET_PROBES[target]:
        given = attempt(formula, **probe.arguments, **probe.options)
        if given is None:
            found.append("no array")
            continue
        arrays = given if isinstance(given, tuple) else (given,)
        found.append(tuple((np.shape(a), np.round(np.asarray(a, float), 6).tobytes()) for a in arrays))
    return found


def test_every_target_has_probes_and_at_least_one_mistake():
    assert set(TARGET_PROBES) == set(RIGHT)
    assert all(formulas(target) for target in RIGHT)


def test_ids_are_unique_short_and_stable_in_form():
    ids = [mistake.id for group in GROUPS.values() for mistake in group]
    assert len(ids) == len(set(ids)) == len(CATALOGUE)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", id) and len(id) <= 32 for id in ids)


@pytest.mark.parametrize("id", CATALOGUE)
def test_a_row_is_complete(id):
    mistake = CATALOGUE[id]
    assert set(mistake.wrong) <= set(RIGHT)
    assert mistake.wrong or mistake.conduct
    assert mistake.chapter in CHAPTERS
    assert mistake.name and not mistake.name.endswith(".")
    for sentence in (mistake.tempting, mistake.why, mistake.hint, mistake.hides):
        assert sentence.strip() == sentence and sentence[-1] in ".?"


def test_every_formula_is_wrong_somewhere():
    right_somewhere = [
        (target, id)
        for target in RIGHT
        for id, formula in formulas(target)
        if results(formula, target) == results(RIGHT[target], target)
    ]
    assert right_somewhere == []


@pytest.mark.parametrize("target", RIGHT)
def test_every_pair_is_told_apart_or_listed_as_a_tie(target):
    by_result = {}
    for id, formula in formulas(target):
        by_result.setdefault(str(results(formula, target)), set()).add(id)
    found = {frozenset(ids) for ids in by_result.values() if len(ids) > 1}
    assert found == set(TIES.get(target, ()))


def test_formulas_do_not_modify_their_arguments():
    for target in RIGHT:
        for id, formula in formulas(target):
            for probe in TARGET_PROBES[target]:
                given = {name: copied(value) for name, value in probe.arguments.items()}
                attempt(formula, **given, **probe.options)
                for name, value in given.items():
                    np.testing.assert_equal(value, probe.arguments[name], err_msg=f"{target} {id} {name}")


def test_values_of_the_one_dimensional_example():
    e = examples.one_dimension
    right, wrong = values("conv1d_backward.dw", (0, 0, 0), e.dy, e.x, e.w)
    assert right == pytest.approx(0.3)
    assert "product-of-sums" not in wrong  # (1 + 2) (-0.1 + 0.2) is 0.3 too: right by accident
    right, wrong = values("conv1d_backward.dw", (0, 0, 1), e.dy, e.x, e.w)
    assert right == pytest.approx(0.4)
    assert wrong["product-of-sums"] == pytest.approx(0.5)
    assert wrong["averaged-positions"] == pytest.approx(0.2)
    assert wrong["index-read-literally"] == pytest.approx(1.2)
    assert not any(np.isclose(value, right) for value in wrong.values())


def test_values_where_neurons_are_nulled():
    e = examples.pooling
    x, dy = e.x.reshape(1, 1, 1, 4), e.dy.reshape(1, 1, 1, 3)
    right, wrong = values("max_pool2d_backward.dx", (0, 0, 0, 1), dy, x, (1, 2), stride=(1, 1))
    assert right == 10
    assert wrong["pool-neurons-nulled"] == 110


def test_numbers_leave_out_what_is_right_here():
    e = examples.one_dimension
    right, wrong = numbers("conv.dw", dy=e.dy, x=e.x, w=e.w)
    assert "stride-ignored" not in wrong and "batch-averaged" not in wrong
    assert all(a.shape != right.shape or not np.allclose(a, right) for a in wrong.values())


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(KeyError, match=r"conv1d_backward\.dz.*conv\.dw"):
        values("conv1d_backward.dz", 0, 1, 2, 3)


def test_ties_name_known_mistakes_that_apply():
    for target, ties in TIES.items():
        for tie in ties:
            assert len(tie) > 1
            assert all(target in CATALOGUE[id].wrong for id in tie)
    assert tie_of("conv.dx", "kernel-not-rotated") == ("kernel-rotated-twice", "true-convolution")
    assert tie_of("conv.db", "wrong-sign") == ()


@pytest.mark.parametrize("id", CATALOGUE)
def test_the_page_shows_every_formula_on_an_example_where_it_is_wrong(id):
    mistake = CATALOGUE[id]
    found = page.comparison(mistake)
    if mistake.conduct:
        assert found is None
    else:
        assert page.written(found.right) != page.written(found.wrong)
        assert "e-1" not in page.written(found.wrong)  # no rounding noise


def test_the_page_has_the_numbers_of_the_documents():
    found = page.comparison(CATALOGUE["product-of-sums"])
    assert (page.written(found.right), page.written(found.wrong)) == ("[0.3, 0.4]", "[0.3, 0.5]")
    found = page.comparison(CATALOGUE["index-read-literally"])
    assert page.written(found.wrong) == "[-0.6, 1.2]"
    found = page.comparison(CATALOGUE["pool-neurons-nulled"])
    assert (page.written(found.right), page.written(found.wrong)) == ("[0, 10, 101, 0]", "[0, 110, 101, 0]")


@pytest.mark.parametrize("group", GROUPS)
def test_a_listing_shows_each_mistake_once(group):
    shown = page.listing(group)
    as_html, as_text = shown._repr_html_(), repr(shown)
    for mistake in GROUPS[group]:
        assert as_html.count(f"id='mistake-{mistake.id}'") == 1
        assert as_text.count(f"({mistake.id})") == 1


@pytest.mark.parametrize("chapter", sorted({mistake.chapter for mistake in CATALOGUE.values()}))
def test_each_mistake_leads_to_a_section_that_exists(chapter):
    sections = reading.sections(execute.read(execute.BOOK / f"{chapter}.ipynb"))
    lost = {m.id: m.section for m in CATALOGUE.values() if m.chapter == chapter and m.section not in sections}
    assert lost == {}


def test_a_mistake_is_shown_where_it_shows_alone():
    shown = {
        id: page.comparison(CATALOGUE[id]).wrong.tolist()
        for id in ("last-position-only", "first-position-missed")
    }
    assert shown["last-position-only"] != shown["first-position-missed"]


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("the wrong sign", "The wrong sign"),
        ("x[p:-p] with p = 0", "x[p:-p] with p = 0"),
        ("p (1 - p) after", "p (1 - p) after"),
    ],
)
def test_a_formula_keeps_its_small_letter(name, heading):
    assert page.heading(name) == heading


def test_chapters_are_called_by_their_titles():
    book = Path(__file__).parent.parent / "book"
    titles = {path.stem: re.search(r"^# (.+)", _text(path), re.MULTILINE)[1] for path in book.glob("*.ipynb")}
    assert titles
    assert {stem: title for stem, title in CHAPTERS.items() if titles.get(stem, title) != title} == {}


def _text(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def test_the_catalogue_stands_on_the_ground():
    source = Path(misconceptions.__file__).parent
    for file in source.glob("*.py"):
        assert not re.search(
            r"cnnlab\.(check|trace|figures|widgets)", file.read_text().replace("`cnnlab.check`", "")
        )
    assert check.conv1d.__doc__
