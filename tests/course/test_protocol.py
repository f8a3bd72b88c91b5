"""The channel: what goes in comes out, and everything else is an error with a name."""

import contextlib
import json
import os
import struct
import time

import numpy as np
import pytest

from course.grader.sandbox.inside import protocol


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    for fd in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(fd)


def soon():
    return time.monotonic() + 5


def framed(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + data


def test_round_trip(pipe):
    arrays = [
        np.arange(6.0).reshape(2, 3),
        np.float64(2.5),
        np.zeros((0, 4)),
        np.array([1, 2]),
        np.eye(2)[:, ::-1],
    ]
    os.write(pipe[1], protocol.pack({"tag": "a"}, arrays))
    header, received = protocol.receive(pipe[0], soon())
    assert header["tag"] == "a"
    for sent, got in zip(arrays, received, strict=True):
        assert got.dtype == np.float64 and got.shape == np.shape(sent)
        np.testing.assert_array_equal(got, sent)
        got[...] = 0  # writable


BROKEN = {
    "not JSON": (framed(b"hello"), protocol.Malformed),
    "not UTF-8": (framed(b"\xff\xfe"), protocol.Malformed),
    "deep JSON": (framed(b"[" * 60_000), protocol.Malformed),
    "no object": (framed([1, 2]), protocol.Malformed),
    "no shapes": (framed({"tag": "a"}), protocol.Malformed),
    "shapes are words": (framed({"arrays": ["abc"]}), protocol.Malformed),
    "negative": (framed({"arrays": [[-1]]}), protocol.Malformed),
    "booleans": (framed({"arrays": [[True]]}), protocol.Malformed),
    "an axis beyond NumPy's": (framed({"arrays": [[0, 10**30]]}), protocol.Malformed),
    "axes that multiply beyond NumPy's": (framed({"arrays": [[2**30, 0, 2**40]]}), protocol.Malformed),
    "fractions": (framed({"arrays": [[1.5]]}), protocol.Malformed),
    "too many arrays": (framed({"arrays": [[]] * 17}), protocol.Malformed),
    "too many axes": (framed({"arrays": [[1] * 7]}), protocol.Malformed),
    "too large": (framed({"arrays": [[10**6]]}), protocol.TooLarge),
    "too large together": (framed({"arrays": [[10**5]] * 10}), protocol.TooLarge),
    "absurdly large": (framed({"arrays": [[10**400]]}), protocol.TooLarge),
    "long header": (struct.pack(">I", 2**31) + b"x", protocol.TooLarge),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_frames(pipe, name):
    data, error = BROKEN[name]
    os.write(pipe[1], data)
    with pytest.raises(error):
        protocol.receive(pipe[0], soon())


def test_an_unfinished_frame_is_late_and_a_closed_channel_has_ended(pipe):
    os.write(pipe[1], framed({"arrays": [[2]]}, b"12345678"))
    with pytest.raises(protocol.TooLate):
        protocol.receive(pipe[0], time.monotonic() + 0.05)
    os.close(pipe[1])
    with pytest.raises(protocol.Ended):
        protocol.receive(pipe[0], soon())


def test_a_reader_that_does_not_read_cannot_hold_the_grader(pipe):
    os.set_blocking(pipe[1], False)
    with pytest.raises(protocol.TooLate):
        protocol.send(pipe[1], b"x" * 10_000_000, time.monotonic() + 0.05)
