"""Run the cells of a page one after the other, and tell what they show."""

import ast
import io
import linecache
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from cnnlab.inpage.shown import Shown, bundle, open_figures

MOST = 200_000
"""Characters that one cell may print. A loop that never stops printing would fill the reader's memory."""
SOON = 0.1  # seconds for which printed text may wait for more of it
CALLS = 6  # frames of one error that are shown
DRAWING = ("cnnlab.figures", "cnnlab.widgets")  # what these make is only looked at


class PageSession:
    """Cells that share their names, as in a notebook.

    tell   called with each output as it comes, in the form of a notebook's outputs: {"output_type": "stream", ...},
           "display_data", "execute_result" or "error"; and {"output_type": "clear"} when all of the cell's outputs go

    The last expression of a cell is shown unless it is None or a semicolon follows.
    """

    def __init__(self, tell: Callable[[dict], None]) -> None:
        self.tell = tell
        self.cells: dict[str, str] = {}  # file names by which Python knows the cells that ran
        self.quiet = False
        self.forget()

    def forget(self) -> None:
        """Begin again with no names."""
        self.main = ModuleType("__main__")
        self.main.__dict__["display"] = self.display

    def run(self, source: str, quiet: bool = False) -> bool:
        """Run one cell; return whether it came to its end without an error.

        quiet   only for what the cell leaves to later ones: nothing but an error is told, and a figure or widget that the
                cell would show is not made; what is given to it is computed all the same.
        """
        name = f"<cell {len(self.cells) + 1}>"
        self.cells[name] = source
        linecache.cache[name] = (len(source), None, [f"{line}\n" for line in source.split("\n")], name)
        self.quiet = quiet
        with self._taken_down():
            try:
                self._execute(source, name)
            except BaseException as error:  # SystemExit, too: a cell ends, the page's Python does not
                self._flush()
                self.tell(self._told(error, name))
                return False
        return True

    def display(self, *values: object, display_id: object = None, **ignored: object) -> Shown | None:
        """Show values below the cell, as IPython's `display` does."""
        for value in values:
            self._show("display_data", value)
        return Shown(self.display, self.clear_output) if display_id else None

    def clear_output(self, wait: bool = False) -> None:
        """Take away what the cell has shown so far."""
        self._pending, self._printed = [], 0
        if not self.quiet:
            self.tell({"output_type": "clear"})

    def _execute(self, source: str, name: str) -> None:
        tree = ast.parse(source, name)
        last = tree.body[-1].value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        tree.body = tree.body if last is None else tree.body[:-1]
        names = self.main.__dict__
        exec(compile(tree, name, "exec", dont_inherit=True), names)
        if last is None:
            return
        if self.quiet and (given := _given(last, names)) is not None:
            last = ast.copy_location(given, last)
        value = eval(compile(ast.Expression(last), name, "eval", dont_inherit=True), names)
        if value is not None and not _hidden(source, last):
            self._show("execute_result", value)
        for figure in open_figures():
            self._show("display_data", figure)

    def _show(self, kind: str, value: object) -> None:
        if not self.quiet:
            data = bundle(value)
            self._flush()
            self.tell({"output_type": kind, "data": data, "metadata": {}})

    @contextmanager
    def _taken_down(self) -> Iterator[None]:
        """For one cell: what is printed becomes an output, and `__main__` is where the cell's names are."""
        before = sys.stdout, sys.stderr, sys.stdin, sys.modules["__main__"]
        self._pending: list[tuple[str, str]] = []
        self._printed, self._flushed = 0, time.monotonic()
        sys.stdout, sys.stderr, sys.stdin = _Printer(self, "stdout"), _Printer(self, "stderr"), _Nobody()
        sys.modules["__main__"] = self.main
        try:
            yield
            self._flush()
        finally:
            sys.stdout, sys.stderr, sys.stdin, sys.modules["__main__"] = before

    def write(self, name: str, text: str) -> None:
        """Take down what was printed to stdout or stderr."""
        if self.quiet or self._printed > MOST:
            return
        self._printed += len(text)
        if self._printed > MOST:
            text += f"\n... the cell prints more than {MOST:,} characters; the rest is left out.\n"
        self._pending.append((name, text))
        if self._printed > MOST or time.monotonic() - self._flushed > SOON:
            self._flush()

    def _flush(self) -> None:
        pending, self._pending, self._flushed = self._pending, [], time.monotonic()
        for name in dict.fromkeys(name for name, _ in pending):
            text = "".join(text for of, text in pending if of == name)
            self.tell({"output_type": "stream", "name": name, "text": text})

    def _told(self, error: BaseException, name: str) -> dict:
        """An error as an output: the lines of the reader's own cells, and at last what went wrong."""
        kind = "MemoryError" if isinstance(error, MemoryError) else type(error).__name__
        words = _words(error)
        if isinstance(error, ModuleNotFoundError):
            words += ". A page has Python's own modules, NumPy, matplotlib and cnnlab"
        lines = [] if isinstance(error, SyntaxError) else self._calls(error, name)
        if isinstance(error, SyntaxError) and error.filename in self.cells:
            words = error.msg or words
            code = (error.text or "").rstrip("\n")
            lines = [f"line {error.lineno}:", f"    {code}", " " * (3 + (error.offset or 1)) + "^"]
            if code.lstrip().startswith(("%", "!")):
                words += ". Lines that begin with % or ! are commands of Jupyter, which pages do not have"
        return {
            "output_type": "error",
            "ename": kind,
            "evalue": words,
            "traceback": [*lines, f"{kind}: {words}" if words else kind],
        }

    def _calls(self, error: BaseException, name: str) -> list[str]:
        """Where the reader's own code was, from the cell down; before that, the error that it was handling."""
        earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        lines = []
        if earlier is not None and earlier is not error:
            last = f"{type(earlier).__name__}: {_words(earlier)}"
            lines = [*self._calls(earlier, name), last, "and then:"]
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in self.cells]
        left = len(frames) - CALLS
        for number, frame in enumerate(frames):
            if left > 0 and number == CALLS // 2:
                lines.append(f"... {left} more calls ...")
            if left > 0 and CALLS // 2 <= number < CALLS // 2 + left:
                continue
            inside = "" if frame.name == "<module>" else f" in {frame.name}"
            other = "" if frame.filename == name else ", in a cell that ran before"
            lines += [f"line {frame.lineno}{inside}{other}:", f"    {frame.line or ''}"]
        return lines


class _Printer(io.TextIOBase):
    """A stream whose text becomes an output of the cell."""

    encoding = "utf-8"

    def __init__(self, session: PageSession, name: str) -> None:
        self.session, self.name = session, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.session.write(self.name, str(text))
        return len(text)


class _Nobody(io.TextIOBase):
    """A keyboard that nobody sits at."""

    def readline(self, size: int | None = -1, /) -> str:  # pyrefly: ignore[bad-override]
        raise EOFError(
            "A page cannot ask while a cell runs. Write the value into the cell instead of input()."
        )


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as inner:  # the message may be the reader's own code
        return f"its message raised {type(inner).__name__}"


def _hidden(source: str, last: ast.expr) -> bool:
    """Whether a semicolon follows the last expression. Behind it stand only brackets and remarks."""
    lines = source.split("\n")[(last.end_lineno or 1) - 1 :]
    lines[0] = lines[0].encode()[last.end_col_offset or 0 :].decode()
    return "".join(line.partition("#")[0].rstrip() for line in lines).endswith(";")


def _given(expression: ast.expr, names: dict[str, Any]) -> ast.Tuple | None:
    """What is given to a figure or widget, if that is what the expression makes; None for any other expression."""
    given: list[ast.expr] = []
    node = expression
    while isinstance(node, (ast.Call, ast.Attribute)):
        if isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords), *given]
            node = node.func
        else:
            node = node.value
    if not isinstance(node, ast.Name) or node is expression:
        return None
    root = names.get(node.id)
    module = root.__name__ if isinstance(root, ModuleType) else getattr(root, "__module__", "")
    if not str(module).startswith(DRAWING):
        return None
    return ast.fix_missing_locations(ast.Tuple(given, ast.Load()))
