"""Code runs where it stands: what the page does for that, tried with a worker that only says what ran."""

import json
from pathlib import Path

import pytest
from axe import faults
from playwright.sync_api import expect

FAKE = Path(__file__).with_name("fake_worker.js")
CHAPTER = "book/one-dimension-by-hand.html"
PHONE = {"width": 390, "height": 844}
ABOVE = "Running the 10 cells above"
FETCHED_LATER = ("run.js", "editor.js", "python-worker.js", "unzip.js", ".json")


def faked(context):
    """Let a browser context's pages have the worker of the tests."""
    context.route(
        "**/python-worker.js",
        lambda route: route.fulfill(content_type="text/javascript", body=FAKE.read_text(encoding="utf-8")),
    )


@pytest.fixture
def opened(open_page):
    """opened(**options of the context) opens the chapter, with the tests' worker."""

    def open_(scripts=(), **options):
        page = open_page(CHAPTER, scripts=scripts, service_workers="block", **options)
        faked(page.context)
        return page

    return open_


@pytest.fixture
def page(opened):
    """The chapter; nothing on it may complain."""
    page = opened()
    yield page
    # The tests' worker would not come through a service worker.
    assert [words for words in page.complaints if "Service Worker" not in words] == []


def cell(page, id):
    """A code cell by its id in the notebook."""
    return page.locator(f'[data-cell="{id}"]')


def run(page, id):
    """Press a cell's Run, and wait until it has ended; its own output."""
    press(page, id, "Run")
    expect(cell(page, id).locator(".run-status")).to_contain_text("s.", timeout=15000)
    return own(page, id)


def press(page, id, name):
    """Press a button of a cell."""
    cell(page, id).locator(".cell_input").hover()
    cell(page, id).get_by_role("button", name=name).click()


def own(page, id):
    """What a cell shows as the reader's."""
    return cell(page, id).locator(".own-run")


def write(page, id, text):
    """Replace a cell's code."""
    if cell(page, id).get_by_role("button", name="Edit").is_visible():
        press(page, id, "Edit")
    field = cell(page, id).get_by_role("textbox")
    field.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def code(page, id):
    """The code that a cell's editor has."""
    return "\n".join(cell(page, id).locator(".cm-line").all_inner_texts())


def cells_of(page):
    """The cells of the chapter, as the page fetches them."""
    return page.evaluate("fetch('../cells/one-dimension-by-hand.json').then((answer) => answer.json())")


def test_nothing_is_fetched_before_it_is_asked_for(open_page):
    page = open_page(CHAPTER)
    asked = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert asked
    assert [url for url in asked if url.endswith(FETCHED_LATER)] == []


def test_the_first_visible_cell_runs_although_nothing_above_it_has(page):
    shown = run(page, "c4")
    expect(shown).to_contain_text("Your run")
    expect(shown.locator("pre")).to_have_text("ran c2 c4")
    assert not cell(page, "c4").locator("> .cell_output").is_visible()
    assert own(page, "c2").count() == 0
    shown.get_by_role("button", name="Show the book's output again").click()
    assert own(page, "c4").count() == 0
    expect(cell(page, "c4").locator("> .cell_output")).to_be_visible()


def test_above_runs_once_and_again_when_its_code_or_the_state_changed(page):
    ids = [one["id"] for one in cells_of(page)]
    everything = " ".join(["ran", *ids[: ids.index("c23") + 1]])
    between = " ".join(ids[ids.index("c23") + 1 : ids.index("c26") + 1])
    expect(run(page, "c23").locator("pre")).to_have_text(everything)
    # The same cell again: where it stands.
    expect(run(page, "c23").locator("pre")).to_have_text(f"{everything} c23")
    expect(run(page, "c26").locator("pre")).to_have_text(f"{everything} c23 {between}")
    # A cell above what has run: from the beginning, for what stands below has changed the names since.
    expect(run(page, "c4").locator("pre")).to_have_text("ran c2 c4")
    write(page, "c4", 'mine("changed")')
    expect(run(page, "c23").locator("pre")).to_have_text(everything)
    # What the reader changed shows what it does now.
    expect(own(page, "c4").locator("pre")).to_have_text("ran c2 c4\nchanged")


def test_a_mistake_is_shown_and_mended(page):
    write(page, "c51", 'raise ValueError("no such weight")')
    run(page, "c51")
    expect(own(page, "c51").locator(".own-error")).to_contain_text("ValueError: no such weight")
    expect(cell(page, "c51").locator(".run-status")).to_contain_text("An error")
    write(page, "c54", 'raise NameError("my_dw")')
    run(page, "c54")
    expect(cell(page, "c54").locator(".run-status")).to_contain_text("above ended with an error, too")
    write(page, "c51", 'mine("mended")')
    expect(run(page, "c51").locator("pre")).to_contain_text("mended")


def test_what_was_typed_is_there_after_a_reload_until_one_starts_over(page):
    write(page, "c51", 'mine("one")\nmine("two")')
    page.reload(wait_until="networkidle")
    expect(cell(page, "c51").locator(".cm-content")).to_be_visible()
    assert code(page, "c51") == 'mine("one")\nmine("two")'
    expect(cell(page, "c51").locator(".run-status")).to_contain_text("The output is still the book's")
    press(page, "c51", "Start this cell over")
    assert "NotImplementedError" in code(page, "c51")
    press(page, "c51", "Bring my text back")
    assert code(page, "c51").startswith('mine("one")')
    write(page, "c4", 'mine("three")')
    press(page, "c51", "Start the whole page over")
    assert "NotImplementedError" in code(page, "c51") and "mine" not in code(page, "c4")
    page.reload(wait_until="networkidle")
    assert page.locator(".cm-content").count() == 0


def test_of_two_tabs_the_later_one_asks_before_it_wins(page):
    other = page.context.new_page()
    other.goto(page.url, wait_until="networkidle")
    for tab in (page, other):
        press(tab, "c51", "Edit")
        expect(cell(tab, "c51").locator(".cm-content")).to_be_focused()
    write(other, "c51", 'mine("other")')
    write(page, "c51", 'mine("here")')
    question = cell(page, "c51").locator(".run-question")
    expect(question).to_contain_text("Another tab has changed this cell")
    assert "other" in page.evaluate("JSON.stringify(localStorage)")
    question.get_by_role("button", name="Keep what stands here").click()
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "here" in kept and "other" not in kept
    asked = cell(other, "c51").locator(".run-question")
    asked.get_by_role("button", name="Take the other tab's").click()
    assert code(other, "c51") == 'mine("here")'
    expect(question).to_be_hidden()


def test_stop_ends_python_and_the_next_run_begins_anew(page):
    write(page, "c51", "while True: pass")
    press(page, "c51", "Run")
    expect(cell(page, "c51").locator(".run-status")).to_have_text("Running")
    press(page, "c54", "Run")
    press(page, "c51", "Stop")
    expect(cell(page, "c51").locator(".run-status")).to_contain_text("variables are gone")
    expect(cell(page, "c54").get_by_role("button", name="Run")).to_be_visible()
    assert own(page, "c54").count() == 0
    expect(run(page, "c4").locator("pre")).to_have_text("ran c2 c4")


def test_the_end_of_memory_ends_python_and_not_the_page(page):
    write(page, "c51", 'fail("memory")')
    press(page, "c51", "Run")
    expect(cell(page, "c51").locator(".run-status")).to_contain_text("out of memory")
    assert code(page, "c51") == 'fail("memory")'
    expect(run(page, "c4").locator("pre")).to_have_text("ran c2 c4")


def test_by_keyboard_alone(page):
    cell(page, "c4").get_by_role("button", name="Run").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(cell(page, "c4").locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type('\nmine("typed")')
    page.keyboard.press("Shift+Enter")
    expect(own(page, "c4").locator("pre")).to_have_text("ran c2 c4\ntyped")
    page.keyboard.press("Escape")
    expect(cell(page, "c4").get_by_role("button", name="Run")).to_be_focused()
    cell(page, "c4").locator(".cm-content").focus()
    page.keyboard.press("Tab")
    assert not cell(page, "c4").locator(".cm-content").evaluate("(one) => one === document.activeElement")


def test_who_does_not_see_hears_what_happens(page):
    heard = page.evaluate_handle(
        """() => {
          const heard = [];
          const listen = () => {
            const place = document.querySelector(".run-said");
            if (!place) return setTimeout(listen, 1);
            new MutationObserver(() => heard.push(place.textContent)).observe(place, { childList: true });
          };
          listen();
          return heard;
        }"""
    )
    run(page, "c23")
    said = heard.json_value()
    assert any("Python is starting: 4 of 16 MB" in words for words in said)
    assert any(ABOVE in words for words in said)
    assert "Done in less than 0.1 s." in said[-1] and "c21 c23" in said[-1]


def test_how_far_the_cells_above_have_run_is_seen(page):
    seen = page.evaluate_handle(
        """() => {
          const seen = [];
          const place = document.querySelector('[data-cell="c23"]');
          const note = () => seen.push(place.querySelector(".run-status")?.textContent);
          new MutationObserver(note).observe(place, { childList: true, subtree: true });
          return seen;
        }"""
    )
    run(page, "c23")
    told = [
        words.removeprefix(f"{ABOVE}: ") for words in seen.json_value() if words and words.startswith(ABOVE)
    ]
    assert [*dict.fromkeys(told)] == [ABOVE, "1 has run", *(f"{n} have run" for n in range(2, 10))]


RICH = {
    "text/html": "<p>see <a href='glossary.ipynb#kernel'>kernel</a>"
    " and <span data-read='mistakes#mistake-wrong-sign'>wrong-sign</span></p>",
}


def test_pictures_links_markdown_and_widgets_are_drawn_as_the_books_are(page):
    write(page, "c4", f"show {json.dumps(RICH)}")
    shown = run(page, "c4")
    for words, place in (
        ("kernel", "glossary.html#kernel"),
        ("wrong-sign", "mistakes.html#mistake-wrong-sign"),
    ):
        assert shown.get_by_role("link", name=words).get_attribute("href") == place

    table = {"text/markdown": "| a | b |\n| --- | --- |\n| **x** | $\\frac{1}{2}$ |"}
    write(page, "c4", f"show {json.dumps(table)}")
    shown = run(page, "c4")
    expect(shown.locator("td b, td strong")).to_have_text("x")
    assert shown.locator("td .katex-mathml math").count() == 1

    state = page.evaluate(
        "Object.values(JSON.parse(document.getElementById('cnnlab-widgets').textContent).models)"
        ".map(({ state }) => state).find(({ trace }) => trace.question)"
    )
    box = {
        "application/vnd.cnnlab.widget+json": {"esm": "answer_box", "state": state},
        "text/plain": "a box",
    }
    write(page, "c4", f"show {json.dumps(box)}")
    shown = run(page, "c4")
    shown.get_by_role("textbox").fill("123456")
    shown.get_by_role("button", name="Check").click()
    expect(shown.locator(".cnn-reply")).to_contain_text("Not yet")


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        ("delete globalThis.WebAssembly", "no WebAssembly"),
        (
            "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); }",
            "keeps nothing",
        ),
        (
            "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name,"
            " { get() { throw new DOMException('no', 'SecurityError'); } });",
            "keeps nothing",
        ),
    ],
)
def test_where_something_is_missing_a_sentence_says_what(opened, tmp_path, obstacle, words):
    script = tmp_path / "obstacle.js"
    script.write_text(obstacle, encoding="utf-8")
    page = opened(scripts=[script])
    write(page, "c51", 'mine("typed")')
    if "keeps" not in words:
        press(page, "c51", "Run")
    expect(cell(page, "c51").locator(".run-status")).to_contain_text(words)
    assert code(page, "c51") == 'mine("typed")'


def test_without_a_network_and_without_python_it_says_so(opened, open_page):
    page = opened()
    write(page, "c51", 'mine("typed")')
    page.context.unroute("**/python-worker.js")
    page.context.route("**/python-worker.js", lambda route: route.abort())
    page.context.set_offline(True)
    press(page, "c51", "Run")
    expect(cell(page, "c51").locator(".run-status")).to_contain_text("no network")
    page.context.set_offline(False)
    page.context.unroute("**/python-worker.js")
    page.context.route("**/python-worker.js", lambda route: route.fulfill(status=404))
    press(page, "c51", "Run")
    expect(cell(page, "c51").locator(".run-status")).to_contain_text("built without Python")

    untouched = open_page(CHAPTER)
    untouched.context.set_offline(True)
    press(untouched, "c4", "Run")
    expect(cell(untouched, "c4").get_by_role("alert")).to_contain_text("Is the network there?")
    faked(untouched.context)
    untouched.context.set_offline(False)
    expect(run(untouched, "c4").locator("pre")).to_have_text("ran c2 c4")
    expect(cell(untouched, "c4").get_by_role("alert")).to_be_hidden()


def test_who_waits_for_what_does_not_come_is_told(opened):
    page = opened()
    page.context.route("**/python-worker.js", lambda route: None)  # never answered
    page.clock.install()
    # The clock would also end the patience with files that are just coming.
    page.evaluate("AbortSignal.timeout = () => new AbortController().signal")
    press(page, "c4", "Run")
    expect(cell(page, "c4").locator(".run-status")).to_have_text("Python is starting")
    page.clock.fast_forward(21_000)
    expect(cell(page, "c4").locator(".run-status")).to_contain_text("the network is slow or gone")
    press(page, "c4", "Stop")
    page.context.unroute("**/python-worker.js")
    faked(page.context)
    page.clock.resume()
    expect(run(page, "c4").locator("pre")).to_have_text("ran c2 c4")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_everything_is_within_reach(opened, scheme):
    page = opened(
        scripts=[Path(__file__).with_name("page_checks.js")],
        viewport=PHONE,
        has_touch=True,
        is_mobile=True,
        color_scheme=scheme,
    )
    button = cell(page, "c4").get_by_role("button", name="Run")
    expect(button).to_be_visible()
    assert button.bounding_box()["height"] >= 24
    button.tap()
    expect(own(page, "c4").locator("pre")).to_have_text("ran c2 c4")
    cell(page, "c51").get_by_role("button", name="Edit").tap()
    expect(cell(page, "c51").locator(".cm-content")).to_be_focused()
    page.keyboard.insert_text(
        "# a line that is much longer than a phone is wide, so that it goes on in the next one\n"
    )
    expect(cell(page, "c51").locator(".cm-content")).to_contain_text("in the next one")
    written = cell(page, "c51").locator(".cm-scroller")
    assert written.evaluate("(box) => box.scrollWidth - box.clientWidth") <= 0
    assert faults(page, '[data-cell="c4"]') == faults(page, '[data-cell="c51"]') == []
    assert page.evaluate("pageChecks.layout()")["wider"] <= 0


def test_the_code_stays_where_it_is_while_outputs_change(page):
    """Folded code stands below its output: when that grows, the reader's line stays under the eye."""
    folded = cell(page, "c49")
    folded.locator("summary").click()
    folded.locator(".cell_input").scroll_into_view_if_needed()
    before = folded.locator(".cell_input").bounding_box()["y"]
    run(page, "c49")
    assert abs(folded.locator(".cell_input").bounding_box()["y"] - before) < 2


def test_a_page_that_was_opened_as_a_file_says_why_nothing_runs(browser, book):
    page = browser.new_page()
    page.goto((book / CHAPTER).as_uri())
    press(page, "c4", "Run")
    expect(cell(page, "c4").get_by_role("alert")).to_contain_text("opened as a file")
    page.close()
