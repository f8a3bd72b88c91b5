"""Notebook commands, which plain Python cannot run: %magic, !shell, name?.

This module runs inside the sandbox and imports the standard library only.
"""

import ast


def runnable(source):
    """The source itself where it is Python; else without its notebook commands."""
    try:
        ast.parse(source)
        return source
    except (SyntaxError, ValueError):
        return without_commands(source)


def without_commands(source):
    """The source with a `pass` in the place of each command, so that every line keeps its number."""
    lines = []
    for line in source.split("\n"):
        bare = line.strip()
        asks = "?" in (bare[:1], bare[-1:]) and bare.strip("?").replace(".", "").isidentifier()
        command = bare.startswith(("%", "!")) or asks
        lines.append(line[: len(line) - len(line.lstrip())] + "pass" if command else line)
    return "\n".join(lines)
