"""The page *Problem sets*: every sheet opens in the browser, is saved there, goes out as a file and comes back."""

import json

import live_book as live
import pytest
from axe import faults
from playwright.sync_api import expect

from tools.live import sheets
from tools.live import site as built

pytestmark = pytest.mark.slow
NAMES = [path.stem for path in sheets.paths()]
WRITTEN = "def palindrome(x, a, b):\n    return a * (x[:-2] + x[2:]) + b * x[1:-1]\n"


def released(name):
    return json.loads(sheets.released(sheets.path_of(name)))


def sources(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"]]


def open_sheet(context, address, name):
    """From the page to the live sheet."""
    page = context.new_page()
    page.goto(f"{address}/book/problem-sets.html")
    page.locator(f'a[href$="open.html?chapter={name}"]').click()
    return live.LiveChapter(page)


def handed_in(page):
    """The name and the content of the file that the button gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a copy to hand in").click()
    return download.value.suggested_filename, json.loads(download.value.path().read_text(encoding="utf-8"))


def edited(notebook, text):
    """The notebook with a text in the cell `palindrome`, without what other programs take away."""
    copy = json.loads(json.dumps(notebook))
    for cell in copy["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "palindrome":
            cell["source"] = text
    copy["metadata"] = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return copy


def test_every_sheet_opens_with_all_that_its_practice_needs(fresh, address):
    for name in NAMES:
        chapter = open_sheet(fresh, address, name)
        assert [cell.source for cell in chapter.notebook().cells] == sources(released(name))
        assert chapter.python("import numpy\nfrom cnnlab import check\nprint('there')") == "there\n"
        chapter.page.close()


def test_the_files_of_the_page_are_there(fresh, address):
    page = fresh.new_page()
    page.goto(f"{address}/book/problem-sets.html")
    for name in NAMES:
        link = page.locator(f"a[download][href$='{name}.ipynb']")
        answer = page.request.get(link.evaluate("link => link.href"))
        assert answer.ok and answer.json() == released(name)
    wheel = page.locator("[data-address]").inner_text()
    assert wheel.startswith(address) and page.request.get(wheel).body()[:2] == b"PK"


def test_work_is_kept_goes_out_as_a_file_and_comes_back(fresh, address, tmp_path):
    chapter = open_sheet(fresh, address, "ps1")
    page = chapter.page
    name, saved = handed_in(page)
    assert (name, sources(saved)) == ("ps1.ipynb", sources(released("ps1")))
    assert saved["metadata"]["kernelspec"]["name"] == "python3" and "cnnlab_live" not in saved["metadata"]

    # A file from another machine, which has lost the sheet's own metadata.
    file = tmp_path / "my work (2).ipynb"
    file.write_text(json.dumps(edited(saved, WRITTEN)), encoding="utf-8")
    with page.expect_file_chooser() as chooser, page.expect_navigation():
        page.get_by_role("button", name="Open my file").click()
        chooser.value.set_files(file)
    again = live.LiveChapter(page)
    assert WRITTEN in [cell.source for cell in again.notebook().cells]
    page.reload()
    assert WRITTEN in [cell.source for cell in live.LiveChapter(page).notebook().cells]
    name, saved = handed_in(page)
    assert name == "ps1.ipynb" and WRITTEN in sources(saved)

    # A second file is dropped: the first one stays beside it.
    drop = """(text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "other.ipynb", { type: "application/json" }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    with page.expect_navigation():
        page.evaluate(drop, json.dumps(edited(saved, "# dropped")))
    assert "# dropped" in [cell.source for cell in live.LiveChapter(page).notebook().cells]
    page.goto(f"{address}/live/open.html")
    expect(page.get_by_role("link", name="ps1, my copy of")).to_be_visible()


def test_a_file_that_is_no_notebook_changes_nothing(fresh, address, tmp_path):
    chapter = open_sheet(fresh, address, "ps2")
    file = tmp_path / "notes.ipynb"
    file.write_text("no JSON", encoding="utf-8")
    with chapter.page.expect_file_chooser() as chooser:
        chapter.page.get_by_role("button", name="Open my file").click()
    chooser.value.set_files(file)
    expect(chapter.page.locator("#live-said")).to_contain_text("notes.ipynb is no notebook")
    assert [cell.source for cell in chapter.notebook().cells] == sources(released("ps2"))
    assert built.STORAGE in json.dumps(chapter.page.evaluate("indexedDB.databases()"))


def test_the_check_says_what_the_grader_will_see(fresh, address):
    chapter = open_sheet(fresh, address, "ps1")
    page = chapter.page
    page.evaluate(
        """(text) => {
          const cells = jupyterapp.shell.currentWidget.context.model.cells;
          for (let i = 0; i < cells.length; i += 1) {
            const cell = cells.get(i);
            if (cell.getMetadata("nbgrader")?.grade_id === "palindrome") cell.sharedModel.setSource(text);
          }
        }""",
        f"{WRITTEN}\n\ndef palindrome_backward(dy, x, a, b):\n    return helper(x), 0, 0\n",
    )
    page.get_by_role("button", name="Check before you hand in").click()
    dialog = page.locator("#live-check")
    expect(dialog).to_contain_text("0 of 5 parts are ready", timeout=live.PATIENCE * 1000)
    expect(dialog).to_contain_text("Your id is missing")
    expect(dialog).to_contain_text("palindrome is right")
    expect(dialog).to_contain_text("NameError in line 6 of the cell palindrome")
    assert faults(page, "#live-check") == []
    page.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    assert chapter.python("print('helper' in dir(), 'palindrome' in dir())") == "False False\n"


def test_on_a_phone_every_button_is_within_reach_and_the_sheet_begins_below_them(fresh, address):
    page = open_sheet(fresh, address, "ps1").page
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("Check before you hand in", "Save a copy to hand in", "Open my file", "Start over"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("link", name="Back to the page")).to_be_in_viewport(ratio=1)
    page.wait_for_function(
        """() => {
          const [bar, sheet] = ["live-bar", "main"].map((id) => document.getElementById(id).getBoundingClientRect());
          return bar.height > 60 && bar.height < innerHeight / 4 && Math.abs(sheet.top - bar.bottom) < 1;
        }"""
    )
    handed_in(page)
    expect(page.locator("#live-said")).to_have_text(
        "ps1.ipynb is among your downloads: that is the file to hand in."
    )
