"""What the tests of the live book share: a plain static server, a proxy that refuses, and a live chapter."""

import contextlib
import json
import socketserver
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import nbformat

from tools import programs
from tools.chromium import FLAGS as QUIET
from tools.numbers import execute, mutations, proof
from tools.numbers.normalise import STATE
from tools.sphinx_ext.live import TEXT

CHROMIUM = programs.find("chromium")
FLAGS = ("--headless", *QUIET)
# The services of Google that Chromium itself calls, whatever page is open.
CHROMIUMS_OWN = (
    "accounts.google.com",
    "clients2.google.com",
    "content-autofill.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    "update.googleapis.com",
)
PATIENCE = 240  # seconds that one chapter may take


class Plain(SimpleHTTPRequestHandler):
    """Any static host: files with their types, and nothing else."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, format, *args):
        pass


def serve(folder):
    """Serve a folder; a context manager that yields its address."""
    return listening(folder, Plain)


@contextlib.contextmanager
def listening(folder, handler):
    """Serve a folder with a handler of requests; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextlib.contextmanager
def refusing_proxy():
    """A proxy that answers every request with a refusal; yields its port and the list of what was asked."""
    asked = []

    class Refuse(socketserver.StreamRequestHandler):
        def handle(self):
            asked.append(self.rfile.readline().decode("latin-1").strip())
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuse) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked
        server.shutdown()


def outside(asked):
    """The requests to other hosts that a page made."""
    return [request for request in asked if request and not any(host in request for host in CHROMIUMS_OWN)]


@contextlib.contextmanager
def chromium(playwright, profile, proxy_port, **options):
    """A browser with a folder of its own, where every host but this machine is behind the refusing proxy."""
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=CHROMIUM,
        args=list(FLAGS),
        proxy={"server": f"http://127.0.0.1:{proxy_port}", "bypass": "127.0.0.1"},
        viewport={"width": 1280, "height": 900},
        **options,
    )
    try:
        yield context
    finally:
        context.close()


_PANEL = "jupyterapp.shell.currentWidget"
_RUN = """async (code) => {
  const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(
    {code, store_history: false, stop_on_error: false});
  let printed = "";
  future.onIOPub = (message) => {
    if (message.header.msg_type === "stream") printed += message.content.text;
  };
  const reply = await future.done;
  return {status: reply.content.status, error: reply.content.evalue ?? "", printed};
}"""
_SHOWN = """() => [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")].map((cell) =>
  [...cell.querySelectorAll(".jp-OutputArea-output")].map((output) => output.textContent))"""
_TEXT_OF = """(html) => new DOMParser().parseFromString(html, "text/html").body.textContent"""


class LiveChapter:
    """A chapter that is open in the browser, with Python ready."""

    def __init__(self, page):
        self.page = page
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE * 1000)
        self.wait_until_ready()

    def wait_until_ready(self):
        """Wait until the bar says that Python is there."""
        self.page.wait_for_function(
            "document.getElementById('live-state')?.textContent.startsWith('Python is ready')",
            timeout=PATIENCE * 1000,
        )

    def command(self, name):
        """Run a command of the notebook and wait until it has ended."""
        self.page.evaluate("(name) => jupyterapp.commands.execute(name).then(() => null)", name)

    def wait_until_idle(self):
        """Wait until no cell runs or is going to."""
        self.page.wait_for_function(
            f"{_PANEL}.content.widgets.every((cell) => cell.model.type !== 'code' || "
            "(cell.model.executionState ?? 'idle') === 'idle')",
            timeout=PATIENCE * 1000,
        )

    def run_all(self):
        """Clear all outputs, check that they are gone, and run the chapter from top to bottom."""
        self.command("notebook:clear-all-cell-outputs")
        left = [cell for cell in self.notebook().cells if cell.get("outputs") or cell.get("execution_count")]
        assert not left, "outputs were left before the run"
        self.command("notebook:run-all-cells")
        self.wait_until_idle()

    def notebook(self):
        """The notebook as it stands in the browser."""
        return nbformat.from_dict(self.page.evaluate(f"{_PANEL}.context.model.toJSON()"))

    def python(self, code):
        """Run code beside the cells and return what it prints."""
        reply = self.page.evaluate(_RUN, code)
        assert reply["status"] == "ok", reply["error"]
        return reply["printed"]

    def ask(self, function, argument):
        """What the chapter's Python answers; see `tools.numbers.execute.question`."""
        return json.loads(self.python(f"print({execute.question(function, argument)})"))

    def widget_state(self):
        """The state of all widgets that live in the browser's Python, as a notebook stores it."""
        return json.loads(
            self.python(
                "import json as _json, ipywidgets as _w\nprint(_json.dumps(_w.Widget.get_manager_state()))"
            )
        )

    def refreshed(self, committed, name):
        """The committed notebook, refreshed from the run in the browser, and what differs."""
        fresh = self.notebook()
        fresh.metadata["widgets"] = nbformat.from_dict({STATE: self.widget_state()})
        for cell, own in zip(fresh.cells, committed.cells, strict=True):
            _drop_what_the_live_site_adds(cell, own)
        fresh.metadata.pop("cnnlab_live", None)
        return proof.refreshed(committed, fresh, self.ask, name)

    def shown(self):
        """The text of every output as the page shows it: a list for each code cell."""
        return self.page.evaluate(_SHOWN)

    def text_of(self, html):
        """The text that a piece of HTML shows."""
        return self.page.evaluate(_TEXT_OF, html)


def _drop_what_the_live_site_adds(cell, own):
    for output in cell.get("outputs", []):
        # Pyodide's kernel sends the class where others send its name; a reader sees the traceback, not this.
        if output.output_type == "error":
            output.ename = output.ename.removeprefix("<class '").removesuffix("'>").rpartition(".")[2]
    folded = cell.metadata.get("jupyter")
    if folded is not None and "jupyter" not in own.metadata:
        del cell.metadata["jupyter"]


def open_by_button(context, address, name):
    """Open a chapter's static page, click its button, and return the tab with the live chapter."""
    page = context.new_page()
    page.goto(f"{address}/book/{name}.html")
    with context.expect_page() as opened:
        page.get_by_role("link", name=TEXT).first.click()
    page.close()
    return opened.value


def first_output(context, address, name):
    """Seconds from the click on a chapter's button to the first output that its Python makes."""
    page = context.new_page()
    page.goto(f"{address}/book/{name}.html")
    started = time.perf_counter()
    with context.expect_page() as opened:
        page.get_by_role("link", name=TEXT).first.click()
    live = opened.value
    live.wait_for_function(
        f"window.jupyterapp && {_PANEL}?.context?.isReady && {_PANEL}.sessionContext?.session",
        timeout=PATIENCE * 1000,
    )
    live.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs').then(() => null)")
    live.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    live.wait_for_selector(".jp-CodeCell .jp-OutputArea-output", timeout=PATIENCE * 1000, state="attached")
    seconds = time.perf_counter() - started
    live.close()
    page.close()
    return seconds


def count_numbers(committed, refreshed):
    """How many displayed numbers a comparison covers, by kind."""
    counts = {}
    for place in mutations.places(committed, refreshed):
        original = place.holder[place.key]
        text = original if isinstance(original, str) else repr(original)
        spans, _ = mutations.spans_of_numbers(place, text, refreshed.displays)
        counts[place.kind] = counts.get(place.kind, 0) + len(spans)
    return counts
