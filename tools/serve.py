"""Serve the built book on this machine, as a good static host would: `python -m tools.serve [--port 8000]`."""

import argparse
import errno
import gzip
import io
import os
import re
import sys
from functools import lru_cache, partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent / "_build" / "html"
TEXT = re.compile(r"text/|application/(json|wasm|javascript)|image/svg|application/xml")
# A name with a hash of the content in it: another content has another name.
HASHED = re.compile(r"\.[0-9a-f]{8,}\.\w+$")


@lru_cache(maxsize=512)
def packed(path, changed):
    """A file as gzip; `changed` is its time of change, so that a new file is packed again."""
    return gzip.compress(Path(path).read_bytes(), 6, mtime=0)


class Handler(SimpleHTTPRequestHandler):
    """Serves files packed, with a tag, and with the types that browsers insist on, whatever this machine's table says."""

    protocol_version = "HTTP/1.1"  # one connection for many files
    disable_nagle_algorithm = True
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".css": "text/css",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
        ".woff2": "font/woff2",
    }

    def send_head(self):
        """Send the headers of a file and return its bytes; what is no file is left to Python's own server."""
        path = self.translate_path(self.path)
        if path.endswith("/") and os.path.isfile(path + "index.html"):
            path += "index.html"
        if not os.path.isfile(path):
            return super().send_head()
        kind = self.guess_type(path)
        pack = bool(TEXT.match(kind)) and "gzip" in self.headers.get("Accept-Encoding", "")
        changed = os.stat(path).st_mtime_ns
        tag = f'"{changed:x}{"-gzip" if pack else ""}"'
        known = tag in self.headers.get("If-None-Match", "")
        content = b""
        if not known:
            content = packed(path, changed) if pack else Path(path).read_bytes()
        self.send_response(HTTPStatus.NOT_MODIFIED if known else HTTPStatus.OK)
        if not known:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if pack:
                self.send_header("Content-Encoding", "gzip")
        self.send_header("ETag", tag)
        self.send_header("Vary", "Accept-Encoding")
        forever = HASHED.search(path)
        # Everything else is asked for again, so that a rebuilt book is seen at once.
        self.send_header("Cache-Control", "public, max-age=31536000, immutable" if forever else "no-cache")
        self.end_headers()
        return io.BytesIO(content)

    def log_message(self, format, *args):
        """Say nothing of requests that went well."""

    def log_error(self, format, *args):
        """Report what was asked for and not found."""
        print(f"{self.path}: {format % args}", file=sys.stderr)


class Server(ThreadingHTTPServer):
    """A server that notices when another one has the port, on Windows too."""

    allow_reuse_address = os.name != "nt"
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Report what went wrong, but say nothing of a browser that left before it had everything."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


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
