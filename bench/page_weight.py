"""What each page of the built book transfers, with and without its widgets: `python -m bench page_weight`.

Every page is opened in a browser without a cache. Bytes are counted as the files are, and as gzip makes them, which is
how most hosts send text. Build the book first.
"""

import gzip
import statistics
import threading
from pathlib import Path

from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright

from bench import machine
from bench.widget_steps import CHROMIUM, FLAGS
from tools import programs
from tools.serve import listen

HTML = Path(__file__).resolve().parent.parent / "_build" / "html"
COMPRESSED = (".woff", ".woff2", ".png", ".jpg", ".gz", ".zip", ".whl")


def sizes(files):
    """(bytes, bytes after gzip) of files by their address."""
    packed = (
        len(body) if address.endswith(COMPRESSED) else len(gzip.compress(body, 6))
        for address, body in files.items()
    )
    return sum(map(len, files.values())), sum(packed)


def without_widgets(html):
    """A page's HTML without the widgets' stills, states, modules and host."""
    soup = BeautifulSoup(html, "html.parser")
    for node in soup.select(".cnnlab-widget, #cnnlab-widgets, #cnnlab-widgets + script"):
        node.decompose()
    return str(soup).encode()


def weigh(browser, address):
    """A row of the record for one page."""
    page = browser.new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(address, wait_until="networkidle")
    count = page.locator(".cnnlab-widget").count()
    files = {answer.url: answer.body() for answer in answers if answer.ok}
    page.close()
    html = files[address]
    plain = files | {address: without_widgets(html)}
    same = files | {address: str(BeautifulSoup(html, "html.parser")).encode()}
    total, packed = sizes(files)
    more, more_packed = (a - b for a, b in zip(sizes(same), sizes(plain), strict=True))
    return {
        "page": Path(address).stem,
        "widgets": count,
        "files": len(files),
        "bytes": total,
        "gzip_bytes": packed,
        "without_widgets_bytes": total - more,
        "without_widgets_gzip_bytes": packed - more_packed,
    }


def main():
    """Weigh all pages, print them and write the record."""
    programs.main(["chromium"])
    pages = sorted((HTML / "book").glob("*.html"))
    if not pages:
        raise SystemExit("No built pages in _build/html/book: run `make html` first.")
    rows, before = [], machine.load()
    server = listen(HTML, 8000)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    with server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for path in pages:
            row = weigh(browser, f"{address}/book/{path.name}")
            rows.append(row)
            print(
                f"{row['page']:32} {row['widgets']:2} widgets  {row['gzip_bytes'] / 1e3:6.0f} kB, without widgets "
                f"{row['without_widgets_gzip_bytes'] / 1e3:6.0f} kB (gzip)"
            )
        browser.close()
        server.shutdown()
    widgets = [row["gzip_bytes"] - row["without_widgets_gzip_bytes"] for row in rows if row["widgets"]]
    if widgets:
        print(f"widgets add {statistics.median(widgets) / 1e3:.0f} kB to a page that has some (gzip, median)")
    machine.write(
        "page_weight",
        {
            "about": "bytes of each page of the built book, first visit; bench/README.md explains the keys",
            "machine": machine.describe() | {"load_before": before, "idle": machine.idle(before)},
            "pages": rows,
        },
    )


if __name__ == "__main__":
    main()
