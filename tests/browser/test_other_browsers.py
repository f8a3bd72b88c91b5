"""Firefox and WebKit show what Chromium shows: every page once, its widgets and answer boxes by keyboard and by hand.

In some chapters a page's own Python shows there what is committed.
"""

import json

import browsers
import pytest
from inpage_outputs import differences, in_a_page

from tools.live.site import BOOK

DESK = (1280, 900)
ENTER = "\ue007"
EVERYWHERE = [pytest.param(name, marks=pytest.mark.needs(name)) for name in browsers.BROWSERS]
COMPUTED = ("before-you-start", "one-dimension-by-hand", "max-pooling-routes")


def look(browser, address):
    """What one page looks like and how it answers, asked by `page_checks.js`."""
    browser.open(address)
    browser.resize(*DESK)
    browser.ask("pageChecks.ready()")
    seen = {"desk": browser.ask("pageChecks.layout()"), "counts": browser.ask("pageChecks.counts()")}
    seen["stuck"] = [n for n in range(seen["counts"]["steppers"]) if not steps(browser, n)]
    numbers = range(seen["counts"]["editable"])
    seen["fixed"] = [n for n in numbers if not typed_over(browser, n) or not raised(browser, n, "mouse")]
    seen["silent"] = [n for n in range(seen["counts"]["boxes"]) if not replies(browser, n)]
    browser.resize(browser.narrow, DESK[1])
    seen["phone"] = browser.ask("pageChecks.layout()")
    seen["fixed"] += [n for n in numbers if not raised(browser, n, browser.hand)]
    seen["complaints"] = browser.ask("pageChecks.complaints()")
    return seen


def steps(browser, number):
    """Whether a widget goes one step at the press of a key: from its last one, where it begins, to the first."""
    browser.ask(f"pageChecks.focusStep({number})")
    browser.type(ENTER)
    first = browser.ask(f"pageChecks.step({number})")
    browser.type(ENTER)
    # A sum of one term begins again at its only step.
    second = min(2, browser.ask(f"pageChecks.lastStep({number})"))
    return first == 1 and browser.ask(f"pageChecks.step({number})") == second


def typed_over(browser, number):
    """Whether a widget's number can be typed over and put back, by keys alone."""
    before = browser.ask(f"pageChecks.numberOf({number})")
    browser.ask(f"pageChecks.focusNumber({number})")
    browser.type("-8" + ENTER)
    own = browser.ask(f"pageChecks.numberOf({number})")
    browser.ask(f"pageChecks.focusReset({number})")
    browser.type(ENTER)
    return own == ["-8", True] and browser.ask(f"pageChecks.numberOf({number})") == before


def raised(browser, number, hand):
    """Whether a number that is chosen by a mouse or a finger goes up by one at a button, and back at another."""
    before = browser.ask(f"pageChecks.numberOf({number})")
    for more in ("false", "true"):
        browser.press(*browser.ask(f"pageChecks.placeOf({number}, {more})"), hand)
    own = browser.ask(f"pageChecks.numberOf({number})")
    browser.press(*browser.ask(f"pageChecks.placeOfReset({number})"), hand)
    larger = own[1] and abs(float(own[0]) - float(before[0]) - 1) < 1e-3
    return larger and browser.ask(f"pageChecks.numberOf({number})") == before


def replies(browser, number):
    """Whether a box takes the right answer."""
    answer = browser.ask(f"pageChecks.focusBox({number})")
    browser.type(answer + ENTER)
    return browser.ask(f"pageChecks.verdict({number})") == "right"


@pytest.fixture(scope="module")
def address(book):
    """Where the book is served with the checks in its pages."""
    with browsers.serve(book) as served:
        yield served


@pytest.fixture(scope="module")
def in_chromium(open_page, pages, address):
    """What stands on every page, counted in Chromium."""
    counts = {}
    for path in pages:
        page = open_page(path, address)
        page.evaluate("pageChecks.ready()")
        counts[path] = page.evaluate("pageChecks.counts()")
        page.context.close()
    assert sum(count["formulas"] for count in counts.values()) > 500
    assert sum(count["boxes"] for count in counts.values()) > 20
    assert sum(count["steppers"] for count in counts.values()) > 5
    assert sum(count["editable"] for count in counts.values()) > 10
    return counts


@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_page_is_the_same_in_another_browser(name, in_chromium, address, tmp_path):
    browser = browsers.BROWSERS[name](tmp_path)
    faults = {}
    try:
        for path, counts in in_chromium.items():
            seen = look(browser, f"{address}/{path}")
            good = {"counts": counts, "stuck": [], "fixed": [], "silent": [], "complaints": []}
            found = {kind: seen[kind] for kind in good if seen[kind] != good[kind]}
            for place in ("desk", "phone"):
                lost = [box for box in seen[place]["outOfSight"] if place == "desk" or not box["cue"]]
                found |= {f"{place}: out of sight": lost} if lost else {}
                for kind in ("wider", "cutNumbers", "badFormulas"):
                    found |= {f"{place}: {kind}": seen[place][kind]} if seen[place][kind] else {}
            if found:
                faults[path] = found
    finally:
        browser.close()
    assert faults == {}


@pytest.mark.parametrize("name", EVERYWHERE)
def test_python_shows_in_another_browser_what_is_committed(name, site, tmp_path):
    browser, faults = browsers.BROWSERS[name](tmp_path), {}
    try:
        with browsers.serve(site) as served:
            for chapter in COMPUTED:
                browser.open(f"{served}/book/{chapter}.html")
                notebook = json.loads((BOOK / f"{chapter}.ipynb").read_text(encoding="utf-8"))
                if found := differences(notebook, in_a_page(browser.ask, notebook)):
                    faults[chapter] = found
    finally:
        browser.close()
    assert faults == {}
