"""Predict, then see: an answer waits below its box until the reader has answered or asks for it."""

import pytest

WITH_ANSWERS = 'class="predict"'


@pytest.fixture(scope="module")
def chapter(book, pages):
    """A page with folded answers."""
    found = [path for path in pages if WITH_ANSWERS in (book / path).read_text(encoding="utf-8")]
    assert found, "no page folds an answer"
    return found[0]


@pytest.fixture
def page(open_page, chapter):
    """Such a page, its widgets alive."""
    page = open_page(chapter)
    page.keyboard.press("Shift")  # a key starts all of them
    page.locator(".cnnlab-widget[data-alive]").first.wait_for(state="attached")
    yield page
    assert page.complaints == []


def visible(page):
    """Which answers are seen."""
    return page.locator(".predict > .answer").evaluate_all("(all) => all.map((one) => one.checkVisibility())")


def box_of(page):
    """The box above the first fold, and which folds wait for it."""
    boxes = page.locator(".predict").evaluate_all("(all) => all.map((one) => one.dataset.box)")
    box = page.locator(f'.cnnlab-widget[data-model="{boxes[0]}"]')
    box.scroll_into_view_if_needed()
    return box, [name == boxes[0] for name in boxes]


def right_answer(page, box):
    """The right answer, which the page's stored state knows."""
    return page.evaluate(
        "(id) => JSON.parse(document.getElementById('cnnlab-widgets').textContent).models[id].state.trace.answer.value",
        box.get_attribute("data-model"),
    )


def test_a_right_reply_opens_the_answers_of_its_box_alone(page):
    box, waiting = box_of(page)
    assert visible(page) == [False] * len(waiting)
    box.get_by_role("textbox").fill("123456")
    box.get_by_role("button", name="Check").click()
    assert visible(page) == [False] * len(waiting)
    box.get_by_role("textbox").fill(repr(right_answer(page, box)))
    box.get_by_role("textbox").press("Enter")
    page.locator(".predict.open").first.wait_for()
    assert visible(page) == waiting


def test_the_last_hint_opens_them_too(page):
    box, waiting = box_of(page)
    help = box.locator(".cnn-help")
    while help.is_visible():
        assert not any(visible(page))
        help.click()
    assert visible(page) == waiting


def test_show_me_by_keyboard_leads_into_the_answer(page):
    button = page.get_by_role("button", name="Show me").first
    button.focus()
    page.keyboard.press("Enter")
    assert visible(page)[0] and not any(visible(page)[1:])
    assert page.evaluate("document.activeElement.className") == "answer"


def test_everything_opens_at_once(page):
    page.get_by_role("button", name="Open everything").click()
    assert all(visible(page))
    assert page.locator("article details:not([open])").count() == 0


def test_find_in_page_and_links_open_them(page, open_page, chapter):
    answers = page.locator(".predict > .answer")
    assert set(answers.evaluate_all("(all) => all.map((one) => one.getAttribute('hidden'))")) == {
        "until-found"
    }
    answers.last.evaluate("(one) => one.dispatchEvent(new Event('beforematch', { bubbles: true }))")
    assert visible(page)[-1]
    page.evaluate("location.hash = '#answer-1'")
    page.locator(".predict.open").first.wait_for()
    assert visible(page)[0]
    linked = open_page(f"{chapter}#answer-1")
    linked.locator(".predict.open").first.wait_for()
    assert visible(linked)[0]


def test_without_scripts_the_answers_stand_there(open_page, chapter):
    page = open_page(chapter, java_script_enabled=False)
    assert page.locator(".predict > .answer").first.is_visible()
    assert not page.locator(".predict > .ask").first.is_visible()


PRINTED = """() => addEventListener("beforeprint", () => {
  const answers = [...document.querySelectorAll(".answers-at-the-end .answer")];
  window.printed = answers.filter((one) => one.checkVisibility()).length;
})"""


def test_on_paper_the_answers_stand_at_the_end(page):
    count = len(visible(page))
    page.evaluate(PRINTED)
    page.pdf()
    assert page.evaluate("printed") == count > 0
    assert visible(page) == [False] * count
    assert page.locator(".predict > .answer").count() == count


def test_what_was_typed_and_opened_is_there_when_one_comes_back(page):
    box, _ = box_of(page)
    box.get_by_role("textbox").fill("123456")
    box.get_by_role("button", name="Check").click()
    verdict = box.locator(".cnn-reply").text_content()
    page.get_by_role("button", name="Show me").first.click()
    page.evaluate("scrollTo(0, 0)")
    page.reload(wait_until="networkidle")
    page.reload(wait_until="networkidle")  # without having been near the box
    box.scroll_into_view_if_needed()
    box.locator("[data-verdict]").wait_for()
    assert box.get_by_role("textbox").input_value() == "123456"
    assert box.locator(".cnn-reply").text_content() == verdict
    assert visible(page)[0]
