"""Firefox and WebKit show what Chromium shows: every page once, its widgets and answer boxes by keyboard and by hand.

In some chapters a page's own Python shows there what is committed, and a reader solves an exercise with it.
"""

import json

import browsers
import pytest
from inpage_outputs import differences, in_a_page

from tools.live.site import BOOK

DESK = (1280, 900)
BACKSPACE, ENTER, SHIFT, END = "\ue003", "\ue007", "\ue008", "\ue010"
EVERYWHERE = [pytest.param(name, marks=pytest.mark.needs(name)) for name in browsers.BROWSERS]
COMPUTED = ("before-you-start", "one-dimension-by-hand", "max-pooling-routes")
RIGHT = "return np.correlate(x, dy)"
SWAPPED = "return np.correlate(dy, x)"
SECOND_LINE = "lineOf('c51', 1)"  # of the exercise's cell, asked of a page


def look(browser, address):
    """What one page looks like and how it answers, asked by `page_checks.js`."""
    browser.open(address)
    browser.resize(*DESK)
    browser.ask("pageChecks.ready()")
    counts = browser.ask("pageChecks.counts()")
    silent = [n for n in range(counts["boxes"]) if not replies(browser, n)]
    seen = {"counts": counts, "silent": silent, "stuck": [], "fixed": []}
    for place, width in (("desk", DESK[0]), ("phone", browser.narrow)):
        browser.resize(width, DESK[1])
        seen[place] = browser.ask("pageChecks.layout()")
        for way in ("keys", *browser.hands):
            change = typed_over if way == "keys" else raised
            seen["stuck"] += [
                (place, way, n) for n in range(counts["steppers"]) if not steps(browser, n, way)
            ]
            seen["fixed"] += [
                (place, way, n) for n in range(counts["editable"]) if not change(browser, n, way)
            ]
    seen["complaints"] = browser.ask("pageChecks.complaints()")
    return seen


def press(browser, what, number, way):
    """Press a button of a widget by its key, or at its place with a mouse or a finger."""
    if way == "keys":
        browser.ask(f"pageChecks.focus{what}({number})")
        browser.type(ENTER)
    else:
        browser.press(*browser.ask(f"pageChecks.placeOf{what}({number})"), way)


def becomes(browser, question, wanted):
    """Whether the page soon answers a question with this."""
    return browser.ask(f"pageChecks.becomes(() => pageChecks.{question}, {json.dumps(wanted)})")


def steps(browser, number, way):
    """Whether a widget goes a step: from its last one, where it begins, it goes to the first."""
    before, last = (browser.ask(f"pageChecks.{name}({number})") for name in ("step", "lastStep"))
    press(browser, "Step", number, way)
    return becomes(browser, f"step({number})", before % last + 1)


def typed_over(browser, number, way):
    """Whether a widget's number can be typed over and put back, by keys alone."""
    number_of = f"numberOf({number})"
    before = browser.ask(f"pageChecks.{number_of}")
    browser.ask(f"pageChecks.focusNumber({number})")
    browser.type("-8" + ENTER)
    changed = becomes(browser, number_of, ["-8", True])
    press(browser, "Reset", number, way)
    return changed and becomes(browser, number_of, before)


def raised(browser, number, way):
    """Whether a number that is chosen by a mouse or a finger goes up by one at a button, and back at another."""
    number_of = f"numberOf({number})"
    before = browser.ask(f"pageChecks.{number_of}")
    for what in ("", "More"):
        press(browser, what, number, way)
    browser.ask(f"pageChecks.until(() => pageChecks.{number_of}[1])")
    text, own = browser.ask(f"pageChecks.{number_of}")
    press(browser, "Reset", number, way)
    larger = own and abs(float(text) - float(before[0]) - 1) < 1e-3
    return larger and becomes(browser, number_of, before)


def replies(browser, number):
    """Whether a box takes the right answer."""
    answer = browser.ask(f"pageChecks.focusBox({number})")
    browser.type(answer + ENTER)
    return becomes(browser, f"verdict({number})", "right")


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


@pytest.fixture(scope="module")
def whole(site):
    """Where the self-hosted book is served with the checks in its pages."""
    with browsers.serve(site) as served:
        yield served


@pytest.fixture(scope="module", params=EVERYWHERE)
def opened(request, tmp_path_factory):
    """Another browser, for all that its Python is asked."""
    browser = browsers.BROWSERS[request.param](tmp_path_factory.mktemp(request.param))
    yield browser
    browser.close()


def test_python_shows_in_another_browser_what_is_committed(opened, whole):
    faults = {}
    for chapter in COMPUTED:
        opened.open(f"{whole}/book/{chapter}.html")
        notebook = json.loads((BOOK / f"{chapter}.ipynb").read_text(encoding="utf-8"))
        if found := differences(notebook, in_a_page(opened.ask, notebook)):
            faults[chapter] = found
    assert faults == {}


def test_a_reader_solves_an_exercise_in_another_browser(opened, whole):
    """At a desk by keys and on a phone by hand: a wrong answer, the reply, the right one, which is there afterwards."""
    address, hand = f"{whole}/book/one-dimension-by-hand.html", opened.hands[-1]
    opened.open(address)
    opened.resize(*DESK)
    opened.ask("pageChecks.ready()")
    press_button(opened, "Edit", "mouse")
    solve(opened, "mouse", lambda: opened.type(ENTER, held=SHIFT))
    opened.resize(opened.narrow, DESK[1])
    solve(opened, hand, lambda: press_button(opened, "Run", hand))
    for come_back in (opened.open, opened.reopen):
        come_back(address)
        opened.ask("pageChecks.ready()")
        assert becomes(opened, SECOND_LINE, RIGHT)
    press_button(opened, "Run", hand)
    assert "passed" in opened.ask("pageChecks.shownBy('c51', '.cnnlab-report-passed', 60)")
    press_button(opened, "Start this cell over", hand)
    assert becomes(opened, SECOND_LINE, "raise NotImplementedError")


def press_button(browser, name, hand):
    """Press a button of the exercise's cell."""
    browser.press(*browser.ask(f"pageChecks.placeOfButton('c51', '{name}')"), hand)


def solve(browser, hand, run):
    """Write a wrong answer into the exercise's cell, and mend it after the reply."""
    write(browser, SWAPPED, hand)
    run()
    reply = browser.ask("pageChecks.shownBy('c51', '.own-run .cnnlab-report-not-passed', 60)")
    assert "the weight gradient turned" in reply
    write(browser, RIGHT, hand)
    run()
    assert "passed" in browser.ask("pageChecks.shownBy('c51', '.cnnlab-report-passed', 60)")


def write(browser, answer, hand):
    """Replace what the exercise's function does."""
    browser.press(*browser.ask("pageChecks.placeOfLine('c51', 1)"), hand)
    before = browser.ask(f"pageChecks.{SECOND_LINE}")
    browser.type(END + BACKSPACE * len(before) + answer)
    assert becomes(browser, SECOND_LINE, answer)
