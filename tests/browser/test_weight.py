"""Pages stay light: what opening one sends, as `tools.serve` sends it, and what it waits for."""

import pytest

from bench import page_weight
from bench import pages as built

# Kilobytes: a page that is somebody's first, the landing page, and any page after another one.
FIRST, LANDING, SECOND = 200, 130, 90
REQUESTS = 25


@pytest.fixture(scope="module")
def rows(browser, book, pages):
    """What each page weighs, by its path."""
    with built.served(book) as address:
        return {path: page_weight.weigh(browser, address, path) for path in pages}


def test_every_page_keeps_its_budget(rows):
    heavy = {}
    for path, row in rows.items():
        first = LANDING if path == page_weight.LANDING else FIRST
        if (
            row["bytes"] > 1000 * first
            or row["second_page_bytes"] > 1000 * SECOND
            or row["requests"] > REQUESTS
        ):
            heavy[path] = row
    assert heavy == {}


def test_the_weight_is_that_of_what_was_sent(rows, book):
    """A page's own text, packed, is sent each time, and the style sheet once."""
    for path, row in rows.items():
        if path != page_weight.LANDING:
            html = (book / path).stat().st_size
            assert html / 20 < row["second_page_bytes"] < html
            assert row["bytes"] > row["second_page_bytes"] + 10_000
            assert row["second_page_requests"] < row["requests"]


def test_words_and_formulas_stand_before_any_script_has_run(open_page):
    page = open_page("book/two-dimensions.html", java_script_enabled=False)
    assert page.locator("article p").first.is_visible()
    drawn = page.locator(".katex-html")
    assert drawn.count() == page.locator(".katex-mathml math").count() > 50
    assert drawn.first.is_visible()


def test_search_comes_when_it_is_wanted(open_page, pages):
    page = open_page(pages[0])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Control+k")
    page.wait_for_function("document.activeElement.matches('[type=search]')")
    page.wait_for_load_state("networkidle")
    assert {url.rpartition("/")[2] for url in asked} >= {"searchindex.js", "searchtools.js"}
    page.keyboard.type("upstream gradient")
    page.keyboard.press("Enter")
    results = page.locator("#search-results .search li")
    results.first.wait_for()
    page.wait_for_load_state("networkidle")
    assert page.complaints == []
    found = results.all_inner_texts()
    assert len(found) > 3
    assert not [text for text in found if "\\" in text or "$" in text]
