"""Every page of the built book: quiet, reachable for everybody, and nothing on it runs out of sight."""

from pathlib import Path

import pypdfium2
import pytest
from axe import faults

HERE = Path(__file__).resolve().parent
PHONE = {"width": 390, "height": 844}
MADE = ("genindex.html", "py-modindex.html", "search.html?q=kernel")  # pages that are Sphinx's own


def look(open_page, path):
    """Everything that is asked of one page, opened once."""
    page = open_page(path, scripts=[HERE / "page_checks.js"])
    page.evaluate("pageChecks.ready()")
    seen = {"title": page.title(), "pictures": page.evaluate("pageChecks.silentPictures()")}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("(wanted) => document.documentElement.dataset.theme === wanted", arg=scheme)
        if scheme == "dark":  # folded answers in light, open ones in dark and in what follows
            page.evaluate("document.querySelectorAll('.show-answer').forEach((button) => button.click())")
        page.wait_for_timeout(400)  # colors change within 150 ms
        seen[scheme] = faults(page)
    seen["desk"] = page.evaluate("pageChecks.layout()")
    page.set_viewport_size(PHONE)
    seen["phone"] = page.evaluate("pageChecks.layout()")
    seen["narrow"] = faults(page)
    seen["complaints"] = page.complaints
    page.context.close()
    return seen


@pytest.fixture(scope="module")
def looks(open_page, pages):
    """What was seen on every page."""
    return {path: look(open_page, path) for path in (*pages, *MADE)}


def where(looks, ask):
    """The pages with an answer, and their answers."""
    return {path: found for path, seen in looks.items() if (found := ask(seen))}


def test_a_request_to_another_host_would_be_refused_and_seen(open_page, pages, proxy):
    _, asked = proxy
    page = open_page(pages[0])
    answer = page.evaluate(
        "() => fetch('http://outside.invalid/probe').then((r) => r.status, () => 'failed')"
    )
    assert answer in (403, "failed")
    seen = [request for request in asked if "outside.invalid" in request]
    assert seen
    for request in seen:
        asked.remove(request)


def test_every_page_is_quiet(looks):
    assert all(seen["title"] for seen in looks.values())
    assert where(looks, lambda seen: seen["complaints"]) == {}


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_axe_finds_nothing_serious(looks, look):
    assert where(looks, lambda seen: seen[look]) == {}


@pytest.mark.parametrize("place", ["desk", "phone"])
def test_no_page_is_wider_than_the_screen(looks, place):
    assert where(looks, lambda seen: seen[place]["wider"]) == {}


@pytest.mark.parametrize("place", ["desk", "phone"])
def test_nothing_runs_out_of_sight(looks, place):
    """On a phone code and formulas may scroll, where one sees that there is more; nothing else may."""
    may_scroll = {"desk": (), "phone": ("code", "formula")}[place]

    def lost(seen):
        boxes = seen[place]["outOfSight"]
        return [box for box in boxes if box["kind"] not in may_scroll or not box["cue"]]

    assert where(looks, lost) == {}


@pytest.mark.parametrize("place", ["desk", "phone"])
def test_no_number_is_cut_and_every_formula_stands(looks, place):
    assert where(looks, lambda seen: seen[place]["cutNumbers"]) == {}
    assert where(looks, lambda seen: seen[place]["badFormulas"]) == {}


def test_every_picture_says_what_it_shows(looks, pages):
    """myst-nb's default is the path of a file, which axe accepts."""
    assert where({path: looks[path] for path in pages}, lambda seen: seen["pictures"]) == {}


SPOIL = """() => {
  const add = (html) => document.querySelector("article").insertAdjacentHTML("beforeend", html);
  add("<button></button>");
  add(`<pre style='white-space: pre'>${"long ".repeat(99)}</pre>`);
  add("<p style='width: 2em; word-break: break-all'>123456789</p>");
  add("<div style='width: 5000px'>wide</div>");
  document.querySelector(".katex-html").style.display = "none";
  console.error("spoiled");
  document.body.append(Object.assign(new Image(), { src: "missing.png" }));
}"""


def test_each_fault_would_be_seen(open_page):
    page = open_page("book/notation.html", scripts=[HERE / "page_checks.js"])
    page.evaluate("pageChecks.ready()")
    page.evaluate(SPOIL)
    assert any(fault.startswith("button-name") for fault in faults(page))
    page.wait_for_load_state("networkidle")
    seen = page.evaluate("pageChecks.layout()")
    assert seen["wider"] > 1000
    assert [(box["kind"], box["cue"]) for box in seen["outOfSight"]] == [("text", False)]
    assert [text.partition(" ")[0] for text in seen["cutNumbers"]] == ["123456789"]
    assert len(seen["badFormulas"]) == 1
    complaints = page.evaluate("pageChecks.complaints()")
    assert len(complaints) == 2 and "spoiled" in complaints[0] and "missing.png" in complaints[1]


COPY = """(formula) => {
  getSelection().selectAllChildren(formula);
  const copied = new DataTransfer();
  formula.dispatchEvent(new ClipboardEvent("copy", { clipboardData: copied, bubbles: true, cancelable: true }));
  return [copied.getData("text/plain"), formula.querySelector("annotation").textContent];
}"""


def test_copying_a_formula_gives_its_tex(open_page):
    page = open_page("book/notation.html")
    for formula in page.locator("article .katex").all()[:20]:
        copied, tex = formula.evaluate(COPY)
        assert copied.strip("$") == tex


@pytest.mark.parametrize("options", [{}, {"has_touch": True}], ids=["mouse", "touch"])
def test_the_menus_open_although_their_script_comes_late(open_page, options):
    page = open_page("book/two-dimensions.html", **options)
    button = page.locator(".dropdown-download-buttons > button")
    button.tap() if options else button.click()
    page.locator(".dropdown-download-buttons .dropdown-menu").wait_for(state="visible")
    page.locator("article h1").click()
    page.locator(".dropdown-download-buttons .dropdown-menu").wait_for(state="hidden")
    assert page.complaints == []


def test_a_page_is_dark_from_its_first_paint_where_the_reader_wants_dark(open_page):
    """The theme decides after the first paint; with all scripts of their own files held back, the page must be dark."""
    page = open_page("book/index.html", color_scheme="dark")
    page.route("**/*.js", lambda route: route.abort())
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


PRINTED = """() => addEventListener("beforeprint", () => {
  const isSeen = (one) => one.checkVisibility({ opacityProperty: true });
  const seen = (selector) => [...document.querySelectorAll(selector)].filter(isSeen).length;
  window.printed = {
    solutions: seen(".tag_hide-cell details.hide .cell_input pre"),
    folded: seen("details:not([open]) > summary"),
    buttons: seen("button, .headerlink, .behind, .tag_hide-input details"),
    titles: [...document.querySelectorAll(".tag_hide-cell details.hide > summary")]
      .map((one) => getComputedStyle(one, "::before").content),
  };
})"""


def test_paper_has_the_solutions_and_no_buttons(open_page):
    page = open_page("book/two-dimensions.html")
    count = page.locator(".tag_hide-cell details.hide").count()
    page.evaluate("scrollTo(0, 9000)")
    page.evaluate("scrollTo(0, 8000)")  # upwards: the theme's button to the top comes
    page.emulate_media(media="print")
    page.evaluate(PRINTED)
    page.pdf()
    printed = page.evaluate("printed")
    titles = printed.pop("titles")
    assert printed == {"solutions": count, "folded": 0, "buttons": 0}
    assert {'"Solution"', '"Second reading: the three chains, computed"'} <= set(titles)
    assert not [title for title in titles if "Show" in title or len(title) < len('"Times"')]
    page.emulate_media(media="screen")
    assert page.locator("details.hide[open]").count() == 0 < count
    assert page.get_by_text("Show the code").first.is_visible()


def sheets(page):
    """The letters on each sheet of a printed page."""
    with pypdfium2.PdfDocument(page.pdf()) as printed:
        return ["".join(one.get_textpage().get_text_bounded().split()) for one in printed]


def test_a_printed_page_begins_with_its_edition_and_does_not_end_with_an_empty_sheet(open_page, pages):
    wrong = {}
    for path in pages:
        page = open_page(path)
        said = "".join(page.locator(".edition").inner_text().split())
        printed = sheets(page)
        if said not in printed[0] or len(printed[-1]) < 40:
            wrong[path] = printed[-1]
        page.context.close()
    assert wrong == {}


LOWER = """(height) => {
  document.getElementById("lower")?.remove();
  document.querySelector("article").insertAdjacentHTML("afterbegin", `<div id="lower" style="height: ${height}px"></div>`);
}"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_space_at_a_page_s_end_has_a_sheet_of_its_own(open_page, width):
    """The text is moved down, until it fills its last sheet and goes on to the next."""
    page = open_page("book/references.html", viewport={"width": width, "height": 900})

    def last_of(height):
        page.evaluate(LOWER, height)
        printed = sheets(page)
        return len(printed), printed[-1]

    count, _ = last_of(0)
    fits, over = 0, 1100  # a sheet is lower than that
    while over - fits > 1:
        middle = (fits + over) // 2
        fits, over = (middle, over) if last_of(middle)[0] == count else (fits, middle)
    ends = [last_of(height) for height in range(fits, over + 12, 2)]
    assert {sheet for sheet, _ in ends} == {count, count + 1}
    assert all(len(text) >= 40 for _, text in ends)


def test_what_a_cell_shows_comes_before_its_folded_code(open_page):
    page = open_page("book/two-dimensions.html")
    behind = page.locator("details.hide.behind")
    assert behind.count() > 3
    for folded in behind.all():
        assert folded.evaluate("(one) => one.previousElementSibling.classList.contains('cell_output')")
    # Code that only asks for a widget is left out.
    assert "widgets.WeightSharing(" not in page.locator("article").text_content()


HEADINGS = """async () => {
  const tops = {};
  for (const section of document.querySelectorAll("article section section")) {
    location.hash = section.id;
    await new Promise((done) => setTimeout(done, 300));
    const atTheEnd = scrollY + innerHeight > document.documentElement.scrollHeight - 2;
    if (!atTheEnd) tops[section.id] = Math.round(section.getBoundingClientRect().top);
  }
  return tops;
}"""


def test_links_lead_to_their_headings_although_nothing_between_is_laid_out(open_page):
    page = open_page("book/two-dimensions.html")
    tops = page.evaluate(HEADINGS)
    assert len(tops) > 6
    assert {name: top for name, top in tops.items() if not 0 <= top <= 120} == {}
