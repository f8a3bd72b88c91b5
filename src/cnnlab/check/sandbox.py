"""Run a student's function so that nothing it does stops the check.

What is caught: exceptions of every kind, exits, prints, warnings, changed arguments, endless loops. The time limit is
a timer signal where there is one (the main thread on Linux and macOS). Elsewhere, so on Windows, in the browser and in
other threads, Python reports each call and each turn of a loop, and once the time is over each of them raises, so that no
`except` goes on for long. Python 3.11 cannot report these; there a trace function looks at the clock before each line, which
makes code a good deal slower. The signal and the trace function stop a loop that catches every exception between its `try`
blocks, but not two such loops in two functions. A call into compiled code that never returns cannot be stopped at all.
"""

import contextlib
import dis
import inspect
import io
import linecache
import os
import re
import signal
import sys
import sysconfig
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import CodeType, FrameType
from typing import Any

import numpy as np

TraceFunction = Callable[[FrameType, str, Any], Any]

PRINTED = 200  # characters of one line of a student's output that a report repeats
LINES = 12  # and lines


class OutOfTime(BaseException):
    """Raised inside the student's code when its time is over; no `except Exception` catches it."""


@dataclass(frozen=True)
class Outcome:
    """What one call did.

    kind       "value", "missing" (raised NotImplementedError), "error" or "time"
    value      what was returned, for "value"
    error      "TypeError: ...", for "error"
    place      the student's own line, such as ``in my_dw, line 3: dw += x * dy``, for "error" and "missing"
    printed    what it wrote, the beginning of it
    warned     the first warning, or ""
    changed    names of the arguments that are not what they were
    """

    kind: str
    value: Any = None
    error: str = ""
    place: str = ""
    printed: str = ""
    warned: str = ""
    changed: tuple[str, ...] = ()


def call(
    function: Callable, arguments: dict, options: dict, seconds: float, finish: Callable | None = None
) -> Outcome:
    """Call `function(*arguments.values(), **options)` with copies of the arguments and report what happened.

    finish   a function applied to the returned value under the same protection, such as a conversion to arrays,
             which may run the student's code too
    """
    given = {name: copied(value) for name, value in arguments.items()}
    written = io.StringIO()
    kind, value, error, place = "error", None, "", ""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            with (
                contextlib.redirect_stdout(written),
                contextlib.redirect_stderr(written),
                _time_limit(seconds),
            ):
                value = function(*given.values(), **options)
                value = finish(value) if finish else value
            kind = "value"
        except OutOfTime:
            kind = "time"
        except NotImplementedError as caught:
            kind, place = "missing", _own_line(caught, function)
        except KeyboardInterrupt:
            error = "KeyboardInterrupt: stopped from the keyboard"
        except BaseException as caught:  # SystemExit and whatever a student derives from BaseException
            error, place = _describe(caught), _own_line(caught, function)
    changed = tuple(
        name for name in given if kind == "value" and not _unchanged(given[name], arguments[name])
    )
    warning = f"{warned[0].category.__name__}: {_plain(warned[0].message)}" if warned else ""
    return Outcome(
        kind=kind,
        value=value,
        error=error,
        place=place,
        printed=_beginning(written.getvalue()),
        warned=warning,
        changed=changed,
    )


def copied(value: Any) -> Any:
    """A copy that may be written to, of an array or a sequence of arrays; anything else as it is."""
    if isinstance(value, (list, tuple)) and any(isinstance(v, np.ndarray) for v in value):
        return [copied(v) for v in value]
    return np.array(value) if isinstance(value, np.ndarray) else value


def _unchanged(now: Any, before: Any) -> bool:
    """Whether an argument still is what it was. Rounding of an entry that was moved and put back is forgiven."""
    if isinstance(before, (list, tuple)):
        return len(now) == len(before) and all(map(_unchanged, now, before))
    if not isinstance(before, np.ndarray):
        return True
    return (
        now.shape == before.shape
        and now.dtype == before.dtype
        and np.allclose(now, before, rtol=1e-9, atol=1e-9, equal_nan=True)
    )


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    has_signal = (
        hasattr(signal, "setitimer")
        and sys.platform != "emscripten"
        and threading.current_thread() is threading.main_thread()
    )
    watched = _by_turns if hasattr(sys, "monitoring") else _by_trace
    with _by_signal(seconds) if has_signal else watched(seconds):
        yield


@contextlib.contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    stopper = _Stopper()

    def ring(number: int, frame: FrameType | None) -> None:
        stopper.ring(frame)

    started, before = time.monotonic(), sys.gettrace()
    handler = signal.signal(signal.SIGALRM, ring)
    # Rings again and again, for code that catches everything and goes on.
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        yield
    finally:
        while True:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
                break
            except OutOfTime:  # it rang once more before it was off
                continue
        sys.settrace(before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(1e-3, left - (time.monotonic() - started)), interval)


@contextlib.contextmanager
def _by_turns(seconds: float) -> Iterator[None]:
    """A loop turns by a jump, and a recursion by a call; after the end each of them raises, in handlers, too."""
    monitoring = sys.monitoring  # pyrefly: ignore[missing-attribute]
    events = monitoring.events
    end, thread = time.monotonic() + seconds, threading.get_ident()
    libraries = (*_libraries(), __file__)

    def look(code: CodeType, *place: object) -> object:
        if code.co_filename.startswith(libraries):
            return monitoring.DISABLE
        if time.monotonic() > end and threading.get_ident() == thread:
            raise OutOfTime
        return None

    tool = next(number for number in range(3, 6) if monitoring.get_tool(number) is None)
    monitoring.use_tool_id(tool, "cnnlab.check")
    for event in (events.PY_START, events.JUMP):
        monitoring.register_callback(tool, event, look)
    monitoring.set_events(tool, events.PY_START | events.JUMP)
    try:
        yield
    finally:
        monitoring.set_events(tool, 0)
        for event in (events.PY_START, events.JUMP):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)


def _libraries() -> tuple[str, ...]:
    """How the names of files begin that are not a student's: Python's own, which may be an archive, and packages."""
    paths = sysconfig.get_paths()
    return (
        *(paths[key] for key in ("stdlib", "purelib", "platlib")),
        os.path.dirname(os.__file__),
        # In a browser the standard library runs from an archive, which none of these names.
        os.path.dirname(contextlib.contextmanager.__code__.co_filename),
        "<frozen ",
    )


@contextlib.contextmanager
def _by_trace(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    stopper = _Stopper()
    libraries = _libraries()

    def trace(frame: FrameType, event: str, argument: object) -> TraceFunction | None:
        if frame.f_code.co_filename.startswith(libraries):
            return None
        if time.monotonic() > end:
            stopper.watch(frame)
            return stopper.trace(frame, event, argument)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


class _Stopper:
    """Raises OutOfTime in running code, if it can where no `except` of that code would catch it.

    It follows the code instruction by instruction until none of its frames stands inside a `try`. If that does not
    come about, it raises where the code happens to be.
    """

    PATIENCE = 0.5

    def __init__(self) -> None:
        self.since: float | None = None

    def ring(self, frame: FrameType | None) -> None:
        """The time is over, or over again."""
        if self.since is None or time.monotonic() - self.since < self.PATIENCE:
            self.watch(frame)
            sys.settrace(self.trace)
        else:
            self.since = None
            raise OutOfTime

    def watch(self, frame: FrameType | None) -> None:
        """Have every instruction of the student's frames reported."""
        self.since = time.monotonic() if self.since is None else self.since
        for below in _frames(frame):
            below.f_trace, below.f_trace_opcodes = self.trace, True

    def trace(self, frame: FrameType, event: str, argument: object) -> TraceFunction:
        frame.f_trace_opcodes = True
        late = self.since is not None and time.monotonic() - self.since > self.PATIENCE
        if late or not any(map(_inside_try, _frames(frame))):
            raise OutOfTime
        return self.trace


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames from this one down to the one that the check called."""
    while frame is not None and frame.f_code.co_filename != __file__:
        yield frame
        frame = frame.f_back


def _inside_try(frame: FrameType) -> bool:
    return any(entry.start <= frame.f_lasti < entry.end for entry in _protected(frame.f_code))


@cache
def _protected(code: CodeType) -> tuple:
    return tuple(dis.Bytecode(code).exception_entries)  # pyrefly: ignore[missing-attribute]


def _beginning(text: str) -> str:
    """The first lines of what was printed, and not too long ones."""
    lines = text.strip("\n").split("\n")
    kept = [line if len(line) <= PRINTED else f"{line[:PRINTED]} ..." for line in lines[:LINES]]
    return "\n".join([*kept, *["..."][: len(lines) - LINES]])


def _describe(caught: BaseException) -> str:
    try:
        text = str(caught)
    except BaseException:  # the message is the student's code too
        text = ""
    return f"{type(caught).__name__}: {_plain(text)}".removesuffix(": ")


def _plain(text: object) -> str:
    """One line of text without memory addresses."""
    text = re.sub(r"\s*0x[0-9a-fA-F]+", " 0x...", str(text))
    text = " ".join(text.split())
    return text if len(text) <= PRINTED else text[:PRINTED] + " ..."


def _own_line(caught: BaseException, function: object) -> str:
    """The deepest line of the file or cell in which the function stands."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    if code is None:
        return ""
    frames = [f for f in traceback.extract_tb(caught.__traceback__) if f.filename == code.co_filename]
    if not frames:
        return ""
    frame = frames[-1]
    line = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
    return f"in {frame.name}, line {frame.lineno}" + (f": {line}" if line else "")
