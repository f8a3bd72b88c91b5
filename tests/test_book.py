"""Every notebook of the book, run once: all of it is confirmed, and every changed digit is noticed."""

import pytest

from tools import execute, guard, lint, mutations

NOTEBOOKS = execute.find()
PAGES = sorted(execute.BOOK.glob("*.md"))


def notebooks(function):
    return pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])(function)


@notebooks
def test_a_fresh_run_confirms_the_whole_notebook(path, runs):
    found = guard.examine(runs(path))
    assert not found, "\n".join([f"{path.stem}: {len(found)} differences", *map(str, found)])


@notebooks
def test_every_changed_digit_is_caught(path, runs, record_property):
    run = runs(path)
    before = guard.examine(run)
    tally = mutations.try_all(run.committed, run.fresh, run.values)
    record_property(
        "guard",
        {
            "numbers": tally.numbers,
            "tried": tally.tried,
            "missed": len(tally.missed),
            "kinds": tally.by_kind,
            "passed_over": tally.passed_over,
        },
    )
    assert not tally.missed, "\n".join(tally.missed)
    assert guard.examine(run) == before, "the mutations were not all taken back"


@notebooks
def test_the_notebook_has_nothing_to_remark(path):
    remarks = lint.notebook_remarks(execute.read(path), path.stem, path.parent)
    assert not remarks, "\n".join(map(str, remarks))


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_pages_without_a_kernel_have_nothing_to_remark(path):
    remarks = lint.page_remarks(path.read_text(encoding="utf-8"), path.stem, path.parent)
    assert not remarks, "\n".join(map(str, remarks))
