"""How a cell of a sheet runs outside Jupyter, and how what it made becomes plain arrays.

The grader copies this file into its sandbox, and the check before handing in imports it: both do the same. It needs the
standard library and NumPy, and imports nothing of `cnnlab`.
"""

import ast
import inspect
import numbers
import re

import numpy as np

# A magic or shell command, alone or behind a name: ``%timeit f(x)``, ``!ls``, ``files = !ls``. Help: ``np.pad?``, ``?np``.
COMMAND = re.compile(r"^\s*(?:(?P<names>[\w, ]+?)\s*=\s*)?(?:%{1,2}[A-Za-z]|!)")
HELP = re.compile(r"^\s*(?:\?{1,2}[\w.]+|[\w.]+\?{1,2})\s*$")


class ComplexNumbers(TypeError):
    """The result has an imaginary part that is not zero."""


def runnable(source: str) -> str:
    """The source itself where it is Python; else without the notebook commands that Python stumbles over.

    In the place of a command stands `pass`, or None for the names that it was assigned to, so every line keeps its number.
    """
    lines = source.split("\n")
    for _ in lines:
        try:
            ast.parse("\n".join(lines))
            break
        except (SyntaxError, ValueError) as error:
            number = getattr(error, "lineno", None) or 0
            if not 0 < number <= len(lines) or not is_command(lines[number - 1]):
                return "\n".join(map(without_command, source.split("\n")))
            lines[number - 1] = without_command(lines[number - 1])
    return "\n".join(lines)


def is_command(line: str) -> bool:
    """Whether a line looks like a notebook command."""
    return bool(COMMAND.match(line) or HELP.match(line))


def without_command(line: str) -> str:
    """The line, or what stands in the place of a command."""
    if not is_command(line):
        return line
    found = COMMAND.match(line)
    names = found["names"] if found else None
    indent = line[: len(line) - len(line.lstrip())]
    targets = [name.strip() for name in (names or "").split(",") if name.strip().isidentifier()]
    return indent + (" = ".join([*targets, "None"]) if targets else "pass")


class Jupyter:
    """Stands for what `get_ipython()` gives: every method may be called and does nothing."""

    def __getattr__(self, name: str) -> object:
        return lambda *arguments, **options: None


def namespace() -> dict:
    """What every sheet may use before its first cell has run."""
    return {
        "__name__": "__main__",
        "np": np,
        "display": lambda *objects, **options: None,
        "get_ipython": Jupyter,
    }


def run(source: str, name: str, scope: dict) -> None:
    """Run one cell in a namespace. `await` at its top level works as long as nothing has to be waited for."""
    code = compile(runnable(source), name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if not code.co_flags & inspect.CO_COROUTINE:
        exec(code, scope)
        return
    waiting = eval(code, scope)
    try:
        while True:
            waiting.send(None)
    except StopIteration:
        return


def plain(result: object) -> np.ndarray:
    """A float64 copy of what a submission made. Raises TypeError where it is not real numbers.

    Fractions and decimals become floats. A complex array whose imaginary part is zero, up to rounding, as after two
    Fourier transforms, counts as its real part; another one raises ComplexNumbers.
    """
    array = np.asarray(result)
    if array.dtype.kind == "O" and all(isinstance(each, numbers.Number) for each in array.ravel()):
        kind = complex if any(isinstance(each, complex) for each in array.ravel()) else float
        array = np.array([kind(each) for each in array.ravel()]).reshape(array.shape)
    if array.dtype.kind == "c":
        if np.abs(array.imag).max(initial=0) > 1e-9 * max(1.0, np.abs(array.real).max(initial=0)):
            raise ComplexNumbers("the result is complex")
        array = array.real
    if array.dtype.kind not in "biuf":
        raise TypeError("the result is not an array of real numbers")
    return np.array(array, dtype=np.float64, subok=False)


def arrays(result: object, count: int) -> list[np.ndarray] | int:
    """The arrays of a result that should be `count` of them, or how many things came instead."""
    if count == 1 and not (isinstance(result, tuple) and len(result) == 1):
        return [plain(result)]
    results = result if isinstance(result, tuple | list) else [result]
    return [plain(each) for each in results] if len(results) == count else len(results)
