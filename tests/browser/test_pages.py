"""Every page of the built book: quiet, reachable for everybody, and no wider than a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}


def faults(page):
    """What axe-core calls serious or critical, as (rule, selector) pairs."""
    violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return {
        (violation["id"], " ".join(map(str, node["target"])))
        for violation in violations
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    }


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


def test_every_page_is_quiet(open_page, pages):
    complaints = {}
    for path in pages:
        page = open_page(path)
        assert page.title(), path
        if page.complaints:
            complaints[path] = page.complaints
        page.context.close()
    assert complaints == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page, pages, scheme):
    found = {}
    for path in pages:
        page = open_page(path, color_scheme=scheme)
        assert page.locator("html").get_attribute("data-theme") == scheme
        if new := faults(page):
            found[path] = sorted(new)
        page.context.close()
    assert found == {}


def test_axe_would_find_a_fault(open_page, pages):
    page = open_page(pages[0])
    page.evaluate("document.querySelector('article, main').append(document.createElement('button'))")
    assert any(rule == "button-name" for rule, _ in faults(page))


def test_no_page_is_wider_than_a_phone(open_page, pages):
    wide = {}
    for path in pages:
        page = open_page(path, **PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["viewport"]["width"]:
            wide[path] = width
        page.context.close()
    assert wide == {}


def test_every_picture_says_what_it_shows(open_page, pages):
    silent = {}
    for path in pages:
        page = open_page(path)
        texts = page.eval_on_selector_all(
            "article img, article svg[role=img]",
            "(all) => all.map((one) => one.getAttribute('alt') ?? one.getAttribute('aria-label') ?? '')",
        )
        # myst-nb's default is the path of a file, which axe accepts.
        bad = [text for text in texts if len(text.split()) < 4 or "/_images/" in text]
        if bad:
            silent[path] = bad
        page.context.close()
    assert silent == {}


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
