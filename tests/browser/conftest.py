"""Browser tests look at the built book in Chromium, behind a proxy that refuses every other host.

The book is built first, unless the environment variable CNNLAB_BUILT_BOOK names a folder that holds it.
"""

import os
import subprocess
import sys
from pathlib import Path

import live_book
import pytest
from playwright.sync_api import sync_playwright

from tools import programs
from tools.live.__main__ import SITE

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Browser tests are slow ones: `make test` leaves them to `make test-browser`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def chromium():
    """Before anything is built: there is a browser to look with."""
    missing = programs.explanation("chromium")
    if missing:
        pytest.exit(missing, returncode=2)


@pytest.fixture(scope="session")
def book():
    """The folder of the built book."""
    given = os.environ.get("CNNLAB_BUILT_BOOK")
    if given:
        return Path(given)
    subprocess.run([sys.executable, "-m", "tools.book"], cwd=ROOT, check=True)
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def pages(book):
    """The built pages of the book's own text, as paths below the folder of the book."""
    found = sorted(path.relative_to(book).as_posix() for path in (book / "book").glob("*.html"))
    assert found, f"no pages in {book / 'book'}"
    return found


@pytest.fixture(scope="session")
def served(book):
    """Where the book is served."""
    with live_book.serve(book) as address:
        yield address


@pytest.fixture(scope="session")
def playwright():
    """Playwright, started once."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def proxy():
    """The port of the refusing proxy, and what it was asked."""
    with live_book.refusing_proxy() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright, proxy):
    """One Chromium for all pages; at the end, nothing must have been asked of another host."""
    port, asked = proxy
    opened = playwright.chromium.launch(
        executable_path=live_book.CHROMIUM,
        # Chromium itself would ask how to fill in the text fields of a page.
        args=[*live_book.FLAGS, "--disable-features=AutofillServerCommunication"],
        proxy={"server": f"http://127.0.0.1:{port}", "bypass": "127.0.0.1"},
    )
    yield opened
    opened.close()
    assert live_book.outside(asked) == []


@pytest.fixture(scope="module")
def open_page(browser, served):
    """open_page(path, **options of the browser context) opens a page and waits until it is at rest.

    `scripts` are files that run in the page before its own.

    What the page writes to the console as a warning or an error, and what it throws, is in `page.complaints`.
    """
    contexts = []

    def open_(path, address=None, scripts=(), **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        for script in scripts:
            context.add_init_script(path=script)
        page = context.new_page()
        page.complaints = []
        page.on(
            "console",
            lambda m: (
                m.type in ("error", "warning") and page.complaints.append(f"{m.text} {m.location['url']}")
            ),
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("requestfailed", lambda request: page.complaints.append(f"not loaded: {request.url}"))
        page.goto(f"{address or served}/{path}", wait_until="networkidle")
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def site(book):
    """The self-hosted book, built if it is not up to date."""
    for options in ([], ["--self-hosted"]):
        command = [sys.executable, "-m", "tools.live", "--book", str(book), *options]
        subprocess.run(command, cwd=ROOT, check=True)
    return SITE


@pytest.fixture(scope="session")
def address(site):
    """Where the self-hosted book is served."""
    with live_book.serve(site) as served:
        yield served


@pytest.fixture
def fresh(playwright, proxy, tmp_path):
    """A browser with an empty profile."""
    with live_book.chromium(playwright, tmp_path, proxy[0]) as opened:
        yield opened
