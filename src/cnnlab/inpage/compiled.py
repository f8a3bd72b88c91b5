"""The code of modules, kept from one Python to the next: to compile a module takes about as long as to run it.

A worker's script runs this file before anything of `cnnlab` or NumPy is imported, so it needs nothing but Python.
"""

import marshal
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any


def remember(kept: bytes | memoryview) -> Callable[[], bytes]:
    """Take the code of modules from what is kept, and what is not there from their files, as always.

    kept   what the function that is returned gave in an earlier Python with the same files, or nothing

    The function gives all code that is known, or nothing if no module had to be compiled since it was last asked.
    """
    try:
        known: dict[str, bytes] = marshal.loads(kept)
    except (EOFError, ValueError, TypeError):
        known = {}
    fresh: list[str] = []
    usual = SourceFileLoader.source_to_code

    def source_to_code(
        loader: SourceFileLoader, data: Any, path: Any, *rest: Any, **options: Any
    ) -> CodeType:
        if path in known:
            return marshal.loads(known[path])
        code = usual(loader, data, path, *rest, **options)
        known[path] = marshal.dumps(code)
        fresh.append(path)
        return code

    def code() -> bytes:
        if not fresh:
            return b""
        fresh.clear()
        return marshal.dumps(known)

    SourceFileLoader.source_to_code = source_to_code  # pyrefly: ignore[bad-assignment]
    return code
