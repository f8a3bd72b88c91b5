"""The page on which written answers are marked: ticks are kept in the browser, and the button saves what `marks` enters."""

import json

import axe

from course.grader import letters

FOUND = [
    letters.Waiting("ann", "letter", "Dear asker,\n<b>add</b>."),
    letters.Waiting("bob", "letter", "x" * 400),
]


def test_boxes_are_kept_and_saved(browser, tmp_path):
    path = tmp_path / "ps4-letters.html"
    path.write_text(letters.page("ps4", FOUND), encoding="utf-8")
    context = browser.new_context(viewport={"width": 360, "height": 700}, accept_downloads=True)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    first = page.locator("section").nth(0)
    first.get_by_label("right expression").check()
    first.get_by_label("Comment").fill("Kindly put.")
    page.locator("section").nth(1).get_by_label("Read and marked").check()
    assert page.locator("output").inner_text() == "2 of 2 read"
    page.reload()  # what was ticked is still there
    page.locator("section").nth(1).get_by_label("Read and marked").uncheck()
    with page.expect_download() as saved:
        page.get_by_role("button").click()
    assert saved.value.suggested_filename == "ps4-marks.json"
    marks = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert marks["assignment"] == "ps4" and len(marks["marks"]) == 1
    mark = marks["marks"][0]
    assert (mark["student"], mark["answer"]) == ("ann", FOUND[0].digest)
    assert mark["met"] == [False, True, False] and mark["comment"] == "Kindly put."
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert axe.faults(page) == []
    assert complaints == []
    context.close()
