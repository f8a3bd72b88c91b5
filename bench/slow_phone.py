"""When a page's first words and its formulas stand on a slow phone: `python -m bench slow_phone`.

Chromium, with a processor that is four times slower, 1.6 Mbit/s, answers that take 150 ms more, and a window of 390 pixels;
each page several times, with nothing kept from the last one. Build the book first.
"""

import statistics
from functools import partial

from bench import pages
from tools import chromium

ROUNDS = 3
BYTES_A_SECOND = 1.6e6 / 8
# When the number of drawn formulas changed last, whether KaTeX or MathJax drew them.
WATCH = """(() => {
  globalThis.formulasSince = 0;
  let count = -1;
  const look = () => {
    const now = document.querySelectorAll(".katex-html, mjx-container").length;
    if (now !== count) formulasSince = performance.now();
    count = now;
    requestAnimationFrame(look);
  };
  look();
})()"""
SEEN = """() => {
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return { first_words: paint.startTime, formulas: Math.max(paint.startTime, formulasSince) };
}"""


def visit(browser, address):
    """Milliseconds to the first words and to the last formula of a page."""
    with browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True) as context:
        page = context.new_page()
        phone = context.new_cdp_session(page)
        network = {"latency": 150, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
        phone.send("Network.enable")
        phone.send("Network.emulateNetworkConditions", {"offline": False, **network})
        phone.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.add_init_script(WATCH)
        page.goto(address, wait_until="networkidle", timeout=180_000)
        page.wait_for_timeout(1000)
        return page.evaluate(SEEN)


def look(browser, address, path):
    """The medians of several visits of a page."""
    seen = [visit(browser, f"{address}/{path}") for _ in range(ROUNDS)]
    return {name: round(statistics.median(one[name] for one in seen)) for name in seen[0]}


def words(row):
    """A row for people."""
    return f"first words {row['first_words']:6} ms  formulas {row['formulas']:6} ms"


def main():
    """Measure all pages, print the medians and write the record."""
    with chromium.opened() as browser:
        about = "milliseconds until a page is read on a slow phone"
        pages.record("slow_phone", about, partial(look, browser), words)


if __name__ == "__main__":
    main()
