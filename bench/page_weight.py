"""What each page of the built book transfers, as `tools.serve` sends it: `python -m bench page_weight`.

Every page is opened in a browser that has nothing of the book yet, and once more in one that has just read the landing
page. Build the book first.
"""

import gzip
import statistics
from functools import partial

from bs4 import BeautifulSoup

from bench import pages
from tools import chromium

LANDING = "book/index.html"


def without_widgets(html):
    """A page's HTML without the widgets' stills, states, modules and host."""
    soup = BeautifulSoup(html, "html.parser")
    for node in soup.select(".cnnlab-widget, #cnnlab-widgets, #cnnlab-widgets + script"):
        node.decompose()
    return str(soup)


def widget_bytes(html):
    """What the widgets add to a page, after gzip."""
    whole, rest = str(BeautifulSoup(html, "html.parser")), without_widgets(html)
    return len(gzip.compress(whole.encode(), 6)) - len(gzip.compress(rest.encode(), 6))


def visit(page, address):
    """Open an address and wait until it is at rest: {address of a file: bytes sent for it, headers included}.

    What the browser had kept was not sent and is not listed, nor what the page makes itself (blob addresses).
    """
    finished = []

    def note(request):
        finished.append(request)

    page.on("requestfinished", note)
    page.goto(address, wait_until="networkidle")
    page.remove_listener("requestfinished", note)
    sent = {}
    for request in finished:
        if request.url.startswith("http"):
            sizes = request.sizes()
            sent[request.url] = sizes["responseHeadersSize"] + sizes["responseBodySize"]
    return {url: size for url, size in sent.items() if size}


def weigh(browser, address, path):
    """A row of the record for one page."""
    with browser.new_context() as context:
        page = context.new_page()
        first = visit(page, f"{address}/{path}")
        html = page.request.get(f"{address}/{path}").text()
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/{LANDING}")
        second = visit(page, f"{address}/{path}")
    return {
        "requests": len(first),
        "bytes": sum(first.values()),
        "second_page_requests": len(second),
        "second_page_bytes": sum(second.values()),
        "widgets": html.count('class="cnnlab-widget"'),
        "widget_bytes": widget_bytes(html),
    }


def words(row):
    """A row for people."""
    return (
        f"{row['bytes'] / 1e3:6.0f} kB in {row['requests']:2} requests; as a second page "
        f"{row['second_page_bytes'] / 1e3:3.0f} kB; {row['widgets']:2} widgets: {row['widget_bytes'] / 1e3:3.0f} kB"
    )


def main():
    """Weigh all pages, print them and write the record."""
    with chromium.opened() as browser:
        about = "bytes sent for each page of the built book"
        rows = pages.record("page_weight", about, partial(weigh, browser), words)
    widgets = [row["widget_bytes"] for row in rows if row["widgets"]]
    if widgets:
        print(f"widgets add {statistics.median(widgets) / 1e3:.0f} kB to a page that has some (gzip, median)")


if __name__ == "__main__":
    main()
