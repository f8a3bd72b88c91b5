"""Serve the built book on this machine: `python -m tools.serve [--port 8000]`."""

import argparse
import errno
import os
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent / "_build" / "html"


class Handler(SimpleHTTPRequestHandler):
    """Serves files with the types that browsers insist on, whatever this machine's own table says."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".css": "text/css",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
    }

    def end_headers(self):
        """Let the browser ask whether a page changed, so that a rebuilt book is seen at once."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format, *args):
        """Say nothing of requests that went well."""

    def log_error(self, format, *args):
        """Report what was asked for and not found."""
        print(f"{self.path}: {format % args}", file=sys.stderr)


class Server(ThreadingHTTPServer):
    """A server that notices when another one has the port, on Windows too."""

    allow_reuse_address = os.name != "nt"
    daemon_threads = True


def listen(folder, port, tries=50):
    """Open a server for a folder on the wanted port, or on the next one that is free.

    Raises OSError when none of the ports from `port` on is free.
    """
    handler = partial(Handler, directory=str(folder))
    for candidate in range(port, port + tries):
        try:
            return Server(("127.0.0.1", candidate), handler)
        except OSError as error:
            # 10013 is how Windows says that somebody else holds the port.
            if error.errno not in (errno.EADDRINUSE, errno.EACCES, 10013):
                raise
    raise OSError(
        errno.EADDRINUSE, f"no free port between {port} and {port + tries - 1}; name one: --port 9000"
    )


def main(argv=None):
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tools.serve", description="Serve the built book.")
    parser.add_argument("--port", type=int, default=8000, help="the port to try first (default: 8000)")
    parser.add_argument("--folder", type=Path, default=BOOK, help="what to serve (default: _build/html)")
    options = parser.parse_args(argv)
    if not (options.folder / "index.html").exists():
        sys.exit(f"There is no book in {options.folder}. Build it first: make html, or python -m tools.book")
    try:
        server = listen(options.folder, options.port)
    except (OSError, OverflowError) as error:
        sys.exit(f"Cannot serve: {error}")
    port = server.server_address[1]
    if port != options.port:
        print(f"Port {options.port} is busy, so the book is served on port {port}.")
    print(f"The book is at http://localhost:{port}/  (Ctrl-C stops the server)", flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
