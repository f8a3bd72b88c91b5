"""The narrow channel between the grader and the worker: frames of a small JSON header and plain float64 arrays.

A frame is a 4-byte length, a JSON header and the arrays' bytes, little endian, in row-major order. The header lists the
shapes under "arrays". Nothing is ever unpickled, and every size is checked before anything is allocated. The worker
runs the student's code, so the student may write anything into it: whatever is no well-formed frame that carries the tag
of the question is an error with a name, and a well-formed one is only arrays, to be compared with what the grader knows.

This module runs on both sides; it needs NumPy and the standard library only.
"""

import json
import math
import os
import select
import struct
import time

import numpy as np

HEADER_LIMIT = 64 * 1024
REPLY_LIMIT = 4 * 1024 * 1024
MOST_ARRAYS = 16
MOST_AXES = 6
MOST_ENTRIES = 1 << 40  # axes of length 0 counted as 1; what takes bytes is limited by REPLY_LIMIT


class ChannelError(Exception):
    """The channel cannot be used any longer; `status` names the reason."""

    status = "malformed reply"


class Malformed(ChannelError):
    status = "malformed reply"


class TooLarge(ChannelError):
    status = "reply too large"


class TooLate(ChannelError):
    status = "took too long"


class Ended(ChannelError):
    status = "ended the process"


def pack(header, arrays=()):
    """A frame as bytes. header: a dict for JSON; arrays: anything NumPy can turn into float64."""
    arrays = [np.asarray(array, dtype="<f8", order="C") for array in arrays]
    text = json.dumps({**header, "arrays": [list(array.shape) for array in arrays]}).encode()
    return struct.pack(">I", len(text)) + text + b"".join(array.tobytes() for array in arrays)


def send(fd, frame, deadline=None):
    """Write the whole frame. With a deadline (time.monotonic) the descriptor must be non-blocking."""
    view = memoryview(frame)
    while view:
        wait(fd, deadline, write=True)
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            continue
        except OSError as error:
            raise Ended("the other side is gone") from error


def receive(fd, deadline=None, limit=REPLY_LIMIT, header_limit=HEADER_LIMIT):
    """Read one frame: (header, arrays). Raises a ChannelError that says what is wrong with it."""
    (length,) = struct.unpack(">I", read_exactly(fd, 4, deadline))
    if length > header_limit:
        raise TooLarge("the header is longer than the channel allows")
    try:
        header = json.loads(read_exactly(fd, length, deadline).decode())
    except (ValueError, RecursionError) as error:
        raise Malformed("the header is not JSON") from error
    shapes = checked_shapes(header)
    if 8 * sum(math.prod(shape) for shape in shapes) > limit:
        raise TooLarge("the arrays are larger than the channel allows")
    arrays = []
    for shape in shapes:
        data = read_exactly(fd, 8 * math.prod(shape), deadline)
        arrays.append(np.frombuffer(data, dtype="<f8").reshape(shape).astype(np.float64))
    return header, arrays


def checked_shapes(header):
    """The header's list of shapes, or Malformed."""
    shapes = header.get("arrays") if isinstance(header, dict) else None
    if not isinstance(shapes, list) or len(shapes) > MOST_ARRAYS:
        raise Malformed("the header has no list of shapes")
    for shape in shapes:
        whole = isinstance(shape, list) and len(shape) <= MOST_AXES and all(type(n) is int for n in shape)
        # Beside an axis of length 0 a huge one takes no bytes, but NumPy cannot make it.
        if (
            not whole
            or not all(n >= 0 for n in shape)
            or (0 in shape and math.prod(n or 1 for n in shape) > MOST_ENTRIES)
        ):
            raise Malformed("a shape is not a short list of whole numbers")
    return shapes


def read_exactly(fd, count, deadline):
    parts = []
    while count:
        wait(fd, deadline)
        try:
            part = os.read(fd, min(count, 1 << 16))
        except BlockingIOError:
            continue
        if not part:
            raise Ended("the channel is closed")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def wait(fd, deadline, write=False):
    if deadline is None:
        return
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(fd, select.POLLOUT if write else select.POLLIN)
    if left <= 0 or not poll.poll(math.ceil(left * 1000)):
        raise TooLate("no answer in time")
