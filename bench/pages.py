"""What the benchmarks of the built book share: the server, the round over all pages, and the record."""

import contextlib
import threading
from pathlib import Path

from bench import machine
from tools.serve import listen

HTML = Path(__file__).resolve().parent.parent / "_build" / "html"


@contextlib.contextmanager
def served(folder, port=8000):
    """Serve a folder as a good static host would; yields its address."""
    with listen(folder, port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def record(name, about, look, words):
    """Look at each page of the built book, print what was found and write the record; returns its rows.

    look   function of (address of the book, path of a page) that returns what was found, as a dictionary
    words  function of what was found that returns a line for people
    Exits with words for people if no book has been built.
    """
    found = sorted((HTML / "book").glob("*.html"))
    if not found:
        raise SystemExit("No built pages in _build/html/book: run `make html` first.")
    rows, before = [], machine.load()
    with served(HTML) as address:
        for path in found:
            seen = look(address, path.relative_to(HTML).as_posix())
            rows.append({"page": path.stem, **seen})
            print(f"{path.stem:32} {words(seen)}", flush=True)
    machine.write(
        name,
        {
            "about": f"{about}; bench/README.md explains the keys",
            "machine": machine.describe() | {"load_before": before, "idle": machine.idle(before)},
            "pages": rows,
        },
    )
    return rows
