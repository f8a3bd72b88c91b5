"""Python in the page itself: every cell of a chapter shows what is committed, and a reader solves an exercise."""

import json
import re
import time

import browsers
import live_book as live
import pytest
from inpage_outputs import code_cells, differences, in_a_page
from playwright.sync_api import expect
from test_run_page import cell, own, press, write

from tools.live.site import BOOK

CHAPTERS = sorted(path.stem for path in BOOK.glob("*.ipynb"))
FIRST = "one-dimension-by-hand"


def committed(name):
    """A chapter's notebook as JSON."""
    return json.loads((BOOK / f"{name}.ipynb").read_text(encoding="utf-8"))


def numbers_in(shown):
    """How many numbers outputs display."""
    return len(re.findall(r"\d+(?:\.\d+)?", json.dumps(shown)))


class Counted:
    """Prints at the end how much was compared."""

    def __init__(self):
        self.chapters, self.cells, self.numbers = 0, 0, 0

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.write_line(
            f"Python in the page: {self.chapters} chapters, {self.cells} cells, {self.numbers} numbers compared"
        )


@pytest.fixture(scope="module")
def counted(request):
    made = Counted()
    request.config.pluginmanager.register(made)
    return made


@pytest.fixture(scope="module")
def reader(playwright, proxy, tmp_path_factory, address):
    """A browser that keeps Python's files from page to page; nothing is asked of another host."""
    port, asked = proxy
    with live.chromium(playwright, tmp_path_factory.mktemp("reader"), port) as opened:
        opened.set_default_timeout(live.PATIENCE * 1000)
        yield opened
    assert live.outside(asked) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_cell_of_a_chapter_shows_in_the_page_what_is_committed(reader, address, counted, name):
    page = reader.new_page()
    page.add_init_script(path=browsers.CHECKS)
    page.goto(f"{address}/book/{name}.html")
    shown = in_a_page(page.evaluate, committed(name))
    page.close()
    assert differences(committed(name), shown) == []
    counted.chapters += 1
    counted.cells += len(shown)
    counted.numbers += numbers_in(shown)


def test_a_changed_number_would_be_noticed():
    notebook = committed(FIRST)
    shown = {one["id"]: one["outputs"] for one in code_cells(notebook)}
    assert differences(notebook, shown) == []
    shown["c10"] = [{**shown["c10"][0], "text": "dw = [1]"}]
    assert [words.partition(":")[0] for words in differences(notebook, shown)] == ["c10"]


def finished(page, id):
    """Wait until a cell has run."""
    expect(cell(page, id).locator(".run-status")).to_contain_text(re.compile(r"\d s\."), timeout=60_000)


def test_an_exercise_is_solved_on_the_page(fresh, address):
    page = fresh.new_page()
    page.goto(f"{address}/book/{FIRST}.html")
    check = 'check.conv1d_backward(my_dw, returns="dw", stride=False, padding=False, plain=True)'
    turned = f"def my_dw(dy, x, w):\n    return np.array([x[m : m + len(dy)] @ dy for m in range(len(w))])[::-1]\n\n{check}"
    write(page, "c51", turned)
    press(page, "c51", "Run")
    finished(page, "c51")
    report = own(page, "c51").locator(".cnnlab-report")
    expect(report).to_contain_text("not")
    expect(report.locator("a, b").first).to_be_visible()
    write(page, "c51", turned.replace("[::-1]", ""))
    press(page, "c51", "Run")
    expect(own(page, "c51").locator(".cnnlab-report-passed")).to_be_visible(timeout=60_000)
    page.reload()
    expect(cell(page, "c51").locator(".cm-content")).to_contain_text("my_dw")
    assert "[::-1]" not in cell(page, "c51").locator(".cm-content").inner_text()


def test_an_error_names_the_readers_line_and_a_widget_is_drawn(reader, address):
    page = reader.new_page()
    page.goto(f"{address}/book/{FIRST}.html")
    write(page, "c51", "y = 2\nnothing + y")
    press(page, "c51", "Run")
    finished(page, "c51")
    expect(own(page, "c51").locator(".own-error")).to_contain_text("line 2:")
    expect(own(page, "c51").locator(".own-error")).to_contain_text("NameError")
    write(page, "c51", "widgets.ThreeSums(longer.x, longer.w, longer.dy)")
    press(page, "c51", "Run")
    finished(page, "c51")
    expect(own(page, "c51").locator(".cnn")).to_be_visible()
    page.close()


def until(page, question, arg):
    """Wait until a page says yes. (Playwright's own way takes the promise of an answer for a yes.)"""
    late = time.monotonic() + 60
    while not page.evaluate(question, arg):
        assert time.monotonic() < late, question
        page.wait_for_timeout(200)


KEPT = """async (names) => {
  const kept = await (await caches.open("cnnlab book")).keys();
  return names.every((name) => kept.some(({ url }) => url.includes(name)));
}"""


def test_it_works_without_a_network_once_it_has_worked(fresh, site):
    page = fresh.new_page()
    with live.serve(site) as served:
        page.goto(f"{served}/book/{FIRST}.html")
        press(page, "c4", "Run")
        finished(page, "c4")
        needed = ["run.js", "editor.js", "python-worker.js", "python.json", "pyodide.asm.wasm", "stdlib"]
        until(page, KEPT, [*needed, "numpy", "cnnlab-"])
    # Nobody answers at this address any more.
    page.reload()
    press(page, "c23", "Run")
    finished(page, "c23")
    expect(own(page, "c23").locator("pre")).to_contain_text("[")


KEEPING = "async (count) => (await (await caches.open('cnnlab python')).keys()).length === count"
SPOIL = """async () => {
  const cache = await caches.open("cnnlab python");
  for (const request of await cache.keys()) {
    const { headers } = await cache.match(request);
    await cache.put(request, new Response("no memory, and no code", { headers }));
  }
}"""


def hash_and_random(page):
    """A word's hash, another one in each Python that starts from nothing, and a random number, in the cell of the test."""
    press(page, "c51", "Run")
    finished(page, "c51")
    until(page, KEEPING, 2)
    return own(page, "c51").locator("pre").inner_text().split()


def test_python_begins_where_it_was_kept_and_anew_where_that_is_of_no_use(fresh, address):
    page = fresh.new_page()
    page.goto(f"{address}/book/{FIRST}.html")
    write(page, "c51", "import random\nprint(hash('kernel'), random.random())")
    word, number = hash_and_random(page)
    page.reload()
    same_word, other_number = hash_and_random(page)
    assert same_word == word and other_number != number
    page.evaluate(SPOIL)
    page.reload()
    assert hash_and_random(page)[0] != word


def damaged(route):
    """Send as many bytes as the file has, and not the same."""
    content = route.fetch().body()
    route.fulfill(body=b"\x15" + content[1:])


GONE = (lambda route: route.abort(), "Is the network there?")
NOT_THERE = (lambda route: route.fulfill(status=404), "the book's server did not send")
DAMAGED = (damaged, "arrived damaged")


@pytest.mark.parametrize(
    ("file", "answer", "words"),
    [
        ("pyodide.asm.wasm", *GONE),
        ("pyodide.asm.wasm", *NOT_THERE),
        ("pyodide.asm.wasm", *DAMAGED),
        ("python_stdlib.zip", *DAMAGED),
        ("numpy-*.whl", *DAMAGED),
        ("python-worker.js", *GONE),
    ],
)
def test_a_file_that_does_not_come_is_told_with_the_right_reason(fresh, address, file, answer, words):
    page = fresh.new_page()
    page.goto(f"{address}/book/{FIRST}.html")
    write(page, "c4", "print(6 * 7)")
    fresh.route(f"**/{file}", answer)
    press(page, "c4", "Run")
    expect(cell(page, "c4").locator(".run-status")).to_contain_text(words, timeout=60_000)
    fresh.unroute(f"**/{file}")
    press(page, "c4", "Run")
    expect(own(page, "c4").locator("pre")).to_have_text("42", timeout=60_000)
