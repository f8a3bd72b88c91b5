"""Peak memory of one call, measured from outside, the same way for every library.

Each call runs in a process of its own (a fork of this one, so that imports are shared): the system's record of its
largest resident size is reset before the call and read after it. Linux with the
GNU C library only; elsewhere there is no result.
"""

import ctypes
import os
import struct
from pathlib import Path

CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def peak_bytes(make, warm):
    """Bytes that `make()()` adds at its peak to what the process held before the call; None if not to be known.

    `warm()` runs before, so that what a library loads at its first call does not count.
    """
    if not (CLEAR.exists() and hasattr(ctypes.CDLL(None), "malloc_trim")):
        return None
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            warm()
            function = make()
            # Pages that the allocator keeps for later would hide what the call needs.
            ctypes.CDLL(None).malloc_trim(0)
            CLEAR.write_text("5")
            before = _status("VmRSS")
            result = function()
            os.write(write, struct.pack("q", _status("VmHWM") - before))
            del result
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return struct.unpack("q", answer)[0] if answer else None


def _status(key):
    for line in STATUS.read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{STATUS} has no {key}; peak memory needs Linux 4.0 or newer.")
