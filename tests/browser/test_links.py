"""Every link within the built book leads somewhere: those of the text, of lists made by code, and of replies."""

import json
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup


@pytest.fixture(scope="module")
def parsed(book):
    """The built pages by their path below the folder of the book."""
    paths = [*sorted((book / "book").glob("*.html")), book / "genindex.html"]
    return {path.resolve(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in paths}


def links(page):
    """Where the text of a page leads, and where the replies of its boxes do."""
    yield from (link["href"] for link in page.select("article a[href]"))
    for script in page.select("#cnnlab-widgets"):
        for model in json.loads(script.string)["models"].values():
            trace = model["state"].get("trace") or {}
            for known in trace.get("wrong", []) if "question" in trace else []:
                links = (reply["link"] for reply in known["replies"])
                yield from (link.replace(".ipynb", ".html") for link in links if link)


def lost(path, href, parsed):
    """Whether a link leads to no file, or to no element of a page."""
    target = urlsplit(href)
    if target.scheme or target.netloc or not (target.path or target.fragment):
        return False
    file = (path.parent / unquote(target.path)).resolve() if target.path else path
    if "live" in file.parts or not target.fragment:
        return not file.exists() and "live" not in file.parts
    if not file.exists():
        return True
    page = parsed.get(file)
    return page is not None and page.find(id=unquote(target.fragment)) is None


def test_every_link_leads_somewhere(parsed):
    found = {
        (path.name, href) for path, page in parsed.items() for href in links(page) if lost(path, href, parsed)
    }
    assert found == set()


def test_a_lost_link_would_be_seen(parsed):
    path, page = next(iter(parsed.items()))
    for href in ("nowhere.html", "#nowhere", f"{path.name}#nowhere"):
        assert lost(path, href, {path: page})
    assert not lost(path, path.name, {path: page})
