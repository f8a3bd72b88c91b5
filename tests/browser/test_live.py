"""The live book: every chapter, opened through its button, run in the browser, compared with what is printed.

The self-hosted site is served by a plain static server to a Chromium whose proxy refuses every other host.
"""

import json
import time
from pathlib import Path

import live_book as live
import nbformat
import pytest
from axe import faults
from playwright.sync_api import expect
from test_python_page import DAMAGED, GONE, NOT_THERE

from tools.live import runtime
from tools.live import site as built
from tools.live.__main__ import size_of
from tools.numbers.normalise import clean

pytestmark = pytest.mark.slow
# All chapters run in the page's own Python (test_python_page.py). Two show that JupyterLite runs them as well.
CHAPTERS = ["one-dimension-by-hand", "whole-network"]
FIRST = "one-dimension-by-hand"


class Summary:
    """Prints at the end what was compared, fetched and measured."""

    def __init__(self):
        self.numbers, self.outputs, self.chapters, self.lines = {}, 0, 0, []

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.write_sep("-", "the live book")
        kinds = ", ".join(f"{count} in {kind}" for kind, count in sorted(self.numbers.items()))
        terminalreporter.write_line(
            f"{self.chapters} chapters run in the browser, {self.outputs} outputs, "
            f"{sum(self.numbers.values())} numbers compared ({kinds or 'none'})"
        )
        for line in self.lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def summary(request):
    """Collects what is printed after the tests."""
    made = Summary()
    request.config.pluginmanager.register(made)
    return made


@pytest.fixture(scope="session")
def context(playwright, proxy, tmp_path_factory, summary, site):
    """One browser for all chapters; at the end, nothing must have been asked of another host."""
    port, asked = proxy
    with live.chromium(playwright, tmp_path_factory.mktemp("profile"), port) as opened:
        yield opened
    summary.lines.append(f"{len(live.outside(asked))} requests to other hosts")
    summary.lines.append(
        f"self-hosted site: {size_of(site) / 1e6:.1f} MB, of which live: {size_of(site / 'live') / 1e6:.1f} MB"
    )
    assert live.outside(asked) == []


def committed(name):
    """The notebook of a chapter as it is committed."""
    return nbformat.read(built.BOOK / f"{name}.ipynb", as_version=4)


def in_storage(page):
    """The stored copies in the browser, by path."""
    copies = page.evaluate(
        "async () => (await import(new URL('/live/storage.js', location).href)).allCopies('"
        + built.STORAGE
        + "')"
    )
    return {copy["path"]: copy for copy in copies}


def change_first_cell(chapter, text):
    """Type into the first code cell whose code is not folded, and wait until the browser has stored it."""
    page = chapter.page
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)
    wait_until_stored(page, text.strip())


def wait_until_stored(page, text):
    """Wait until a stored copy holds a text; the book saves every three seconds."""
    deadline = time.monotonic() + 60
    while text not in json.dumps(in_storage(page)):
        assert time.monotonic() < deadline, "the browser did not store what was typed"
        page.wait_for_timeout(200)


def test_a_request_to_another_host_would_be_refused_and_seen(fresh, proxy, address):
    _, asked = proxy
    page = fresh.new_page()
    page.goto(f"{address}/book/index.html")
    for probe in ("http://outside.invalid/plain", "https://outside.invalid/secure"):
        answer = page.evaluate("(url) => fetch(url).then((r) => r.status, () => 'failed')", probe)
        assert answer in (403, "failed")
    from_worker = page.evaluate(
        """() => new Promise((resolve) => {
          const asking = "fetch('http://outside.invalid/worker')";
          const code = `${asking}.then((answer) => postMessage(answer.status), () => postMessage("failed"))`;
          new Worker(URL.createObjectURL(new Blob([code]))).onmessage = (event) => resolve(event.data);
        })"""
    )
    assert from_worker in (403, "failed")
    seen = [request for request in asked if "outside.invalid" in request]
    assert len(seen) >= 3
    for request in seen:
        asked.remove(request)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_number_of_a_chapter_is_the_same_in_the_browser(context, address, summary, name):
    own = committed(name)
    chapter = live.LiveChapter(live.open_by_button(context, address, name))
    chapter.run_all()
    refreshed = chapter.refreshed(own, name)
    assert [str(difference) for difference in refreshed.differences] == []

    shown = chapter.shown()
    code = [cell for cell in own.cells if cell.cell_type == "code"]
    assert len(shown) == len(code)
    for cell, texts in zip(code, shown, strict=True):
        if "needs-python" in cell.metadata.get("tags", []):
            continue  # committed without outputs, because they would be dead on the page
        assert len(texts) == len(cell.outputs), cell.source
        for output, text in zip(cell.outputs, texts, strict=True):
            data = output.get("data", {})
            if "application/vnd.jupyter.widget-view+json" in data or "text/markdown" in data:
                assert text.strip(), cell.source
            elif "text/html" in data:
                assert text.split() == chapter.text_of(data["text/html"]).split(), cell.source
            elif output.output_type == "error":
                assert output.evalue in text
            else:
                printed = output.get("text") or data["text/plain"]
                assert clean(text).rstrip("\n") == printed.rstrip("\n")
            summary.outputs += 1
    for kind, count in live.count_numbers(own, refreshed).items():
        summary.numbers[kind] = summary.numbers.get(kind, 0) + count
    summary.chapters += 1
    chapter.page.close()


def test_a_changed_output_would_be_noticed(context, address):
    own = committed(FIRST)
    chapter = live.LiveChapter(live.open_by_button(context, address, FIRST))
    chapter.python(
        "import cnnlab, cnnlab.formatting as _written\n"
        "_number, _conv1d = _written.number, cnnlab.conv1d\n"
        "_written.number = lambda x, *rest: _number(x * 1.001, *rest)\n"
        "cnnlab.conv1d = lambda *rest, **options: _conv1d(*rest, **options) * 1.001"
    )
    chapter.run_all()
    assert chapter.refreshed(own, FIRST).differences
    chapter.page.close()


def test_check_names_a_mistake_and_stops_an_endless_loop(context, address):
    chapter = live.LiveChapter(live.open_by_button(context, address, FIRST))
    wrong = """
from cnnlab import check, conv1d_backward
def halved(dy, x, w, *, stride=1, padding=0):
    dx, dw, db = conv1d_backward(dy, x, w, stride=stride, padding=padding)
    return dx, dw[..., ::-1], db
report = check.conv1d_backward(halved)
print(report.passed, report.misconceptions, report.message)
"""
    printed = chapter.python(wrong)
    assert printed.startswith("False (") and "()" not in printed.split(")")[0] + ")", printed
    endless = """
def endless(dy, x, w, *, stride=1, padding=0):
    while True:
        pass
print(check.conv1d_backward(endless).message)
"""
    assert "time" in chapter.python(endless) or "loop" in chapter.python(endless)
    right = "print(check.conv1d_backward(conv1d_backward).passed)"
    assert chapter.python(right) == "True\n"
    chapter.page.close()


def test_a_reload_keeps_a_changed_cell(fresh, address):
    chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
    change_first_cell(chapter, "\n# written by a reader")
    chapter.page.reload()
    again = live.LiveChapter(chapter.page)
    kept = [cell.source for cell in again.notebook().cells if cell.source.endswith("# written by a reader")]
    assert len(kept) == 1

    again.page.get_by_role("button", name="Start over").click()
    again.page.get_by_role("button", name="Delete my copy and start over").click()
    anew = live.LiveChapter(again.page)
    sources = [cell.source for cell in anew.notebook().cells]
    assert sources == [cell.source for cell in committed(FIRST).cells]


def test_what_is_typed_while_a_save_runs_is_saved_too(fresh, address):
    chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
    chapter.page.evaluate(
        """() => {
          const contents = jupyterapp.serviceManager.contents;
          const save = contents.save.bind(contents);
          window.saves = 0;
          contents.save = async (...what) => {
            window.saves += 1;
            await new Promise((resolve) => setTimeout(resolve, 1500));
            return save(...what);
          };
        }"""
    )
    chapter.page.locator(".jp-CodeCell .cm-content").first.click()
    chapter.page.keyboard.press("Control+End")
    chapter.page.keyboard.type("\n# before the save")
    chapter.page.wait_for_function("window.saves === 1")
    chapter.page.keyboard.type(" and while it ran")
    wait_until_stored(chapter.page, "# before the save and while it ran")


def test_a_new_edition_asks_before_it_takes_the_place_of_a_changed_copy(fresh, address):
    chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
    change_first_cell(chapter, "\n# written by a reader")
    make_old = """async ([store, path]) => {
      const {copyOf} = await import(new URL('/live/storage.js', location).href);
      const copy = await copyOf(store, path);
      copy.content.metadata.cnnlab_live.edition = "00000000";
      const database = await new Promise((done) => {
        indexedDB.open(store).onsuccess = (event) => done(event.target.result);
      });
      await new Promise((done) => {
        const transaction = database.transaction("files", "readwrite");
        transaction.objectStore("files").put(copy, path);
        transaction.oncomplete = done;
      });
      database.close();
    }"""
    aside = fresh.new_page()
    aside.goto(f"{address}/live/open.html")
    chapter.page.close()
    aside.evaluate(make_old, [built.STORAGE, f"{FIRST}.ipynb"])
    aside.close()

    page = live.open_by_button(fresh, address, FIRST)
    expect(page.get_by_role("heading")).to_have_text("This chapter has a new edition")
    assert faults(page, "main") == []
    page.get_by_role("button", name="Open my copy").click()
    old = live.LiveChapter(page)
    assert "# written by a reader" in json.dumps(old.notebook())
    expect(page.locator("#live-edition")).to_contain_text("your copy of an earlier edition")
    assert faults(page, "#live-bar") == []
    page.close()

    page = live.open_by_button(fresh, address, FIRST)
    page.get_by_role("button", name="Open the new edition").click()
    new = live.LiveChapter(page)
    assert [cell.source for cell in new.notebook().cells] == [cell.source for cell in committed(FIRST).cells]
    kept = [copy for path, copy in in_storage(page).items() if path.startswith(f"{FIRST}, my copy of ")]
    assert len(kept) == 1 and "# written by a reader" in json.dumps(kept[0])

    page.goto(f"{address}/live/open.html")
    expect(page.get_by_role("link", name=kept[0]["path"])).to_be_visible()
    assert faults(page, "main") == []
    page.get_by_role("link", name=kept[0]["path"]).click()
    assert "# written by a reader" in json.dumps(live.LiveChapter(page).notebook())


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("delete window.WebAssembly", "This browser has no WebAssembly"),
        (
            "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }",
            "keeps nothing for this page",
        ),
        # Firefox, where its preferences switch the storage off.
        ("Object.defineProperty(window, 'localStorage', { value: null })", "keeps nothing for this page"),
    ],
)
def test_where_it_cannot_work_a_sentence_leads_back_to_the_page(fresh, address, missing, sentence):
    fresh.add_init_script(missing)
    page = live.open_by_button(fresh, address, FIRST)
    expect(page.get_by_role("heading")).to_have_text("This chapter cannot run live here")
    expect(page.locator("main")).to_contain_text(sentence)
    page.get_by_role("link", name="The page of this chapter").click()
    page.wait_for_url(f"{address}/book/{FIRST}.html")
    if "keeps" in sentence:  # and where the notebook is opened by its own address
        page.goto(f"{address}/live/notebooks/index.html?path={FIRST}.ipynb")
        expect(page.locator("#live-state")).to_contain_text(sentence)


def test_a_first_visit_shows_progress_and_a_broken_one_says_so(fresh, address):
    fresh.route("**/pyodide.asm.wasm", lambda route: route.abort())
    page = live.open_by_button(fresh, address, FIRST)
    expect(page.get_by_role("heading")).to_have_text(
        "This chapter could not be opened", timeout=live.PATIENCE * 1000
    )
    fresh.unroute("**/pyodide.asm.wasm")
    fresh.route("**/python_stdlib.zip", lambda route: None)  # never answered: the page waits
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator("main")).to_contain_text("This is needed once")
    expect(page.locator("main")).to_contain_text(" MB of ")
    assert faults(page, "main") == []
    page.close()


def test_what_does_not_come_is_told_with_the_right_reason(fresh, address):
    page = fresh.new_page()
    said = page.locator("main")

    def opening(file, answer):
        fresh.route(f"**/{file}", answer)
        page.goto(f"{address}/live/open.html?chapter={FIRST}")
        expect(page.get_by_role("heading")).to_have_text("This chapter could not be opened", timeout=60_000)
        fresh.unroute(f"**/{file}")

    opening("chapters.json", NOT_THERE[0])
    expect(said).to_contain_text(f"{NOT_THERE[1]} chapters.json")
    opening("jedi-*.whl", DAMAGED[0])
    expect(said).to_contain_text(DAMAGED[1])

    # The notebook itself, whose kernel says nothing when it fails, and waits for ever for its machine code.
    page.goto(f"{address}/live/open.html")
    state = page.locator("#live-state")
    for file, (answer, words) in {
        "pyodide.asm.wasm": GONE,
        "python_stdlib.zip": NOT_THERE,
        "numpy-*.whl": NOT_THERE,
    }.items():
        fresh.route(f"**/{file}", answer)
        page.goto(f"{address}/live/notebooks/index.html?path={FIRST}.ipynb")
        expect(state).to_contain_text(words, timeout=60_000)
        fresh.unroute(f"**/{file}")
    page.reload()
    live.LiveChapter(page)


def test_the_default_build_takes_python_from_its_distribution_and_only_after_the_click(fresh, book, site):
    distribution = runtime.LIST["distribution"]
    files = runtime.fetch()
    asked = []

    def answer(route):
        asked.append(route.request.url)
        path = files / route.request.url.removeprefix(distribution)
        headers = {"Access-Control-Allow-Origin": "*"}
        if path.suffix in (".mjs", ".wasm"):
            headers["Content-Type"] = {".mjs": "text/javascript", ".wasm": "application/wasm"}[path.suffix]
        route.fulfill(body=path.read_bytes(), headers=headers)

    fresh.route(f"{distribution}**", answer)
    with live.serve(book) as address:
        page = fresh.new_page()
        page.goto(f"{address}/book/{FIRST}.html", wait_until="networkidle")
        assert asked == []
        page.close()
        chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
        assert any(url.endswith("/pyodide.asm.wasm") for url in asked)
        chapter.run_all()
        assert chapter.refreshed(committed(FIRST), FIRST).differences == []


def test_time_from_the_click_to_the_first_output(playwright, proxy, address, tmp_path, summary):
    profile = Path(tmp_path, "profile")
    seconds = []
    for _ in ("cold", "warm"):
        with live.chromium(playwright, profile, proxy[0]) as browser:
            seconds.append(live.first_output(browser, address, FIRST))
    summary.lines.append(f"click to first output: cold {seconds[0]:.1f} s, warm {seconds[1]:.1f} s")


def run_below(page, code):
    """Run code in a new cell below all others."""
    page.evaluate(
        """async (code) => {
          const notebook = jupyterapp.shell.currentWidget.content;
          notebook.activeCellIndex = notebook.widgets.length - 1;
          await jupyterapp.commands.execute("notebook:insert-cell-below");
          notebook.activeCell.model.sharedModel.setSource(code);
          await jupyterapp.commands.execute("notebook:run-cell");
        }""",
        code,
    )


def test_a_number_of_a_widget_is_changed_where_python_runs(fresh, address):
    chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
    page = chapter.page
    code = """import numpy as np
from cnnlab.widgets import WeightSharing
stepping = WeightSharing(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, -1.0]), np.array([1.0, 2.0, 3.0]))
stepping"""
    run_below(page, code)
    widget = page.locator(".cnn").last
    gradient = widget.locator("[data-sum]")
    expect(gradient).to_have_text("14", timeout=live.PATIENCE * 1000)  # 1 * 1 + 2 * 2 + 3 * 3
    widget.get_by_role("grid", name="input x over dx", exact=True).get_by_role("gridcell").first.click()
    page.keyboard.type("10")
    page.keyboard.press("Enter")
    widget.get_by_role("grid", name="kernel w over dw", exact=True).get_by_role("gridcell").first.click()
    expect(gradient).to_have_text("23")  # 10 * 1 + 2 * 2 + 3 * 3
    expect(widget.get_by_text("your numbers", exact=True)).to_be_visible()
    assert "#numbers" not in page.url, "the address is JupyterLab's own"
    assert chapter.python("print(stepping.trace['results']['dw'][0])") == "14\n", (
        "the document's own numbers stay"
    )


def test_an_endless_cell_can_be_stopped_from_the_bar_and_the_text_stays(fresh, address):
    chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
    page = chapter.page
    before = [cell.source for cell in chapter.notebook().cells]
    page.evaluate(
        """async () => {
          const session = jupyterapp.shell.currentWidget.sessionContext.session;
          session.kernel.requestExecute({code: "while True: pass"});
        }"""
    )
    expect(page.locator("#live-state")).to_contain_text("restart Python", timeout=live.PATIENCE * 1000)
    page.get_by_role("button", name="Restart Python").click()
    chapter.wait_until_ready()
    assert chapter.python("print(1 + 1)") == "2\n"
    assert [cell.source for cell in chapter.notebook().cells] == before


def run_first_visible_cell(page):
    """Run the first code cell whose code is not folded; returns the text of its outputs."""
    return page.evaluate(
        """async () => {
          const notebook = jupyterapp.shell.currentWidget.content;
          const folded = ({ model }) => model.getMetadata("jupyter")?.source_hidden;
          const at = notebook.widgets.findIndex((cell) => cell.model.type === "code" && !folded(cell));
          notebook.activeCellIndex = at;
          notebook.widgets[at].model.outputs.clear();
          await jupyterapp.commands.execute("notebook:run-cell");
          return JSON.stringify(notebook.widgets[at].model.outputs.toJSON());
        }"""
    )


def test_the_first_visible_cell_runs_before_python_is_ready_and_without_what_is_folded_above(fresh, address):
    page = live.open_by_button(fresh, address, FIRST)
    page.wait_for_selector("#live-bar a", timeout=live.PATIENCE * 1000)
    assert page.locator("#live-state").text_content().startswith("Python is starting")
    counts = page.evaluate(
        "[...jupyterapp.shell.currentWidget.content.model.cells].map((cell) => cell.executionCount ?? null)"
    )
    assert set(counts) == {None}
    outputs = json.loads(run_first_visible_cell(page))
    assert [output["output_type"] for output in outputs] == ["stream"]
    live.LiveChapter(page)  # and the bar says that Python is ready


def test_a_restart_runs_the_imports_again(fresh, address):
    chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
    chapter.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.restartKernel().then(() => null)")
    outputs = json.loads(run_first_visible_cell(chapter.page))
    assert [output["output_type"] for output in outputs] == ["stream"]


# Whether raw Markdown was ever in sight: asked in each frame.
RAW = """(() => {
  window.raw = 0;
  const look = () => {
    window.raw += [...document.querySelectorAll(".jp-MarkdownCell .jp-InputArea-editor")].filter((editor) => {
      const { top, bottom, height } = editor.getBoundingClientRect();
      return height > 0 && bottom > 0 && top < innerHeight && getComputedStyle(editor).visibility !== "hidden";
    }).length;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
# What a page has fetched of JupyterLab's own files: Python's come in the opening page and in the worker.
FETCHED = """performance.getEntriesByType("resource").reduce(
  (sum, { transferSize, encodedBodySize }) => sum + (transferSize && encodedBodySize), 0)"""


def test_a_first_visit_weighs_what_was_said_shows_no_raw_text_and_fits_a_phone(fresh, address, site):
    fresh.add_init_script(RAW)
    chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
    page = chapter.page
    assert page.evaluate("window.raw") == 0
    said = json.loads((site / "live" / "chapters.json").read_text(encoding="utf-8"))["lab"]
    assert abs(page.evaluate(FETCHED) - said) < said / 50

    page.set_viewport_size({"width": 390, "height": 844})
    parts = page.locator("#live-bar :is(button, a, span):visible")
    assert parts.count() >= 5
    for box in parts.evaluate_all("parts => parts.map((part) => part.getBoundingClientRect().toJSON())"):
        assert box["left"] >= 0 and box["right"] <= 390
    height = page.locator("#live-bar").evaluate("bar => bar.offsetHeight")
    expect(page.locator("#main")).to_have_css("top", f"{height}px")
    assert faults(page, "#live-bar") == []


def opened(page):
    """A page whose notebook is there, with or without Python."""
    page.wait_for_selector("#live-bar a", timeout=live.PATIENCE * 1000)
    return page


def test_a_saved_widget_shows_its_still_and_says_what_to_do(fresh, address):
    chapter = live.LiveChapter(live.open_by_button(fresh, address, FIRST))
    page = chapter.page
    run_below(page, "widgets.AnswerBox('How many?', 2)")
    expect(page.locator(".cnn", has_text="How many?")).to_be_visible(timeout=live.PATIENCE * 1000)
    # The book saves by itself; to await a save of one's own has no limit in time.
    page.wait_for_function(
        "!jupyterapp.shell.currentWidget.context.model.dirty", timeout=live.PATIENCE * 1000
    )
    page.reload()
    opened(page)
    still = page.locator(".cnnlab-still", has_text="How many?")
    still.scroll_into_view_if_needed()
    expect(still).to_be_visible()
    assert "Run this cell" in still.evaluate("(still) => getComputedStyle(still, '::after').content")


def text_of_notebook(page):
    """What the open notebook says, saved or not."""
    return page.evaluate("JSON.stringify(jupyterapp.shell.currentWidget.context.model.toJSON())")


def write_below(page, text):
    """Type at the end of the last cell of a page that is open."""
    page.evaluate(
        """(text) => {
          const { cells } = jupyterapp.shell.currentWidget.context.model;
          const { sharedModel } = cells.get(cells.length - 1);
          sharedModel.setSource(sharedModel.getSource() + text);
        }""",
        text,
    )


def happens(page, event):
    """As if the reader left the window, or came back."""
    page.evaluate("(event) => { dispatchEvent(new Event(event)); }", event)


def test_two_tabs_keep_to_one_copy_and_what_was_typed_last_is_not_lost(fresh, address):
    first = opened(live.open_by_button(fresh, address, FIRST))
    write_below(first, "\n# typed just before a reload")
    first.reload()
    assert "# typed just before a reload" in text_of_notebook(opened(first))
    wait_until_stored(first, "# typed just before a reload")
    expect(first.locator("#live-twice")).to_be_empty()

    second = opened(live.open_by_button(fresh, address, FIRST))
    for page in (first, second):
        expect(page.locator("#live-twice")).to_contain_text("open in another tab", timeout=30_000)
    write_below(first, "\n# typed in the first tab")
    happens(first, "blur")
    wait_until_stored(first, "# typed in the first tab")
    happens(second, "focus")
    second.wait_for_function(
        "JSON.stringify(jupyterapp.shell.currentWidget.context.model.toJSON()).includes('typed in the first tab')"
    )

    # Both change it, and one goes before it has saved.
    write_below(second, "\n# never saved")
    second.close(run_before_unload=True)
    expect(first.locator("#live-twice")).to_be_empty(timeout=30_000)
    write_below(first, "\n# saved later")
    wait_until_stored(first, "# saved later")
    first.reload()
    assert "# never saved" not in text_of_notebook(opened(first))
    first.locator("#live-said a").click()
    first.wait_for_url("**not*saved*")
    kept = text_of_notebook(opened(first))
    assert "# never saved" in kept and "# saved later" not in kept
