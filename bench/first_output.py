"""From the click to the first output, in the page and in JupyterLite: `python -m bench first_output`.

Chapter 2 in Chromium, the self-hosted book (`make site`) as `tools.serve` sends it: its first visible cell, and after it a
check, whose cells above run first. Cold is a browser that has nothing of the book, warm the same one, started again.
"""

import statistics
import tempfile
import threading
import time
from functools import partial
from importlib.metadata import version

from bench import machine, pages
from tools import chromium, serve
from tools.sphinx_ext.live import TEXT

SITE = pages.HTML.parent / "site"
CHAPTER = "one-dimension-by-hand"
ROUNDS = 3
STATES = ("cold", "warm")
PATIENCE = 240_000  # milliseconds
SENT = []  # bytes of each file that the server sent
PANEL = "jupyterapp.shell.currentWidget"


class Meter(serve.Handler):
    """The book's own server, which notes how much it sends."""

    def copyfile(self, source, outputfile):
        """Send a file, and note its bytes."""
        content = source.read()
        SENT.append(len(content))
        outputfile.write(content)


def chapter_page(browser, address):
    """The chapter's page, at rest."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/book/{CHAPTER}.html", wait_until="networkidle")
    return page


def in_the_page(browser, address):
    """Seconds from Run to the first output and from the next Run to a check's verdict, and the bytes before the first."""
    page = chapter_page(browser, address)
    cells = page.evaluate(f"fetch('../cells/{CHAPTER}.json').then((answer) => answer.json())")
    first = next(cell["id"] for cell in cells if not cell["tags"])
    solution = next(
        cell["id"] for cell in cells if "check." in cell["source"] and "hide-cell" in cell["tags"]
    )

    def seconds(id, output):
        place = page.locator(f'[data-cell="{id}"]')
        place.locator("summary").evaluate_all(
            "(folds) => folds.forEach((fold) => fold.parentElement.open = true)"
        )
        button = place.get_by_role("button", name="Run")
        button.click(trial=True)
        began = time.perf_counter()
        button.click()
        place.locator(f".own-run {output}").first.wait_for()
        return time.perf_counter() - began

    before = len(SENT)
    shown = seconds(first, "pre")
    sent = sum(SENT[before:])
    return {"first_output": shown, "bytes": sent, "verdict": seconds(solution, ".cnnlab-report")}


def in_jupyterlite(browser, address):
    """The same in the notebook that opens in JupyterLite: all cells are run, as the page runs those above."""
    page = chapter_page(browser, address)
    before, began = len(SENT), time.perf_counter()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=TEXT).first.click()
    notebook = opened.value
    notebook.set_default_timeout(PATIENCE)
    notebook.wait_for_function(
        f"window.jupyterapp && {PANEL}?.context?.isReady && {PANEL}.sessionContext?.session"
    )
    notebook.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs').then(() => null)")
    notebook.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    notebook.wait_for_selector(".jp-CodeCell .jp-OutputArea-output", state="attached")
    return {"first_output": time.perf_counter() - began, "bytes": sum(SENT[before:])}


WAYS = {"page": in_the_page, "JupyterLite": in_jupyterlite}


def measured(address, way):
    """{"cold": ..., "warm": ...} of one browser with a folder of its own."""
    found = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for state in STATES:
            with chromium.opened(folder) as browser:
                found[state] = WAYS[way](browser, address)
                time.sleep(2)  # what the browser keeps for later is written
    return found


def rows(rounds):
    """A row for each way and state: medians over the rounds, and the seconds of each."""
    made = []
    for way, found in rounds.items():
        for state in STATES:
            of = {key: [one[state][key] for one in found] for key in found[0][state]}
            row = {"way": way, "state": state, "bytes": max(of.pop("bytes"))}
            for key, seconds in of.items():
                row[key] = round(statistics.median(seconds), 2)
                row[f"all_{key}"] = [round(one, 2) for one in seconds]
            made.append(row)
    return made


def words(row):
    """A row for people."""
    verdict = f", a verdict {row['verdict']:.1f} s after the next click" if "verdict" in row else ""
    return (
        f"{row['way']:12}{row['state']}: {row['first_output']:5.1f} s, {row['bytes'] / 1e6:5.1f} MB{verdict}"
    )


def main():
    """Measure both ways in turns, print the medians and write the record."""
    if not (SITE / "live" / "python.json").is_file():
        raise SystemExit("No self-hosted book in _build/site: run `make site` first.")
    before, rounds = machine.load(), {way: [] for way in WAYS}
    with serve.Server(("127.0.0.1", 0), partial(Meter, directory=str(SITE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        for _ in range(ROUNDS):
            for way, found in rounds.items():
                found.append(measured(address, way))
        server.shutdown()
    here = machine.describe()
    found = rows(rounds)
    print(*map(words, found), sep="\n")
    machine.write(
        "first_output",
        {
            "about": "seconds from a click to the first output; bench/README.md explains the keys",
            "machine": {
                **{key: here[key] for key in ("cpu", "cores", "system", "python", "date")},
                "playwright": version("playwright"),
                "load_before": before,
                "idle": machine.idle(before),
            },
            "rounds": ROUNDS,
            "rows": found,
        },
    )


if __name__ == "__main__":
    main()
