"""Problem sets of an instructor's own, from the folder `private/` beside the course's secret: `variant` begins one.

Each is a file that defines SET, LAYERS, WRONG, WORDS and EXAMPLES; `course/template/` has one with the meaning of each. The
sheet is in `private/source/`, where nbgrader finds it and nothing else that it could hand out.
"""

import importlib.util
import sys

from tools.live import sheets

NAMES = ("SET", "LAYERS", "WRONG", "WORDS", "EXAMPLES")


def load():
    """{name of the set: its module}. Raises ValueError, with the file and the line, for a file that cannot be used."""
    return {path.stem: module_of(path) for path in sorted(sheets.PRIVATE.glob("*.py"))}


def module_of(path):
    spec = importlib.util.spec_from_file_location(f"private_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # processes that grade find its functions by this name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        at, frame = getattr(error, "lineno", None), error.__traceback__
        while frame is not None:
            at = frame.tb_lineno if frame.tb_frame.f_code.co_filename == str(path) else at
            frame = frame.tb_next
        raise ValueError(f"{path}, line {at or '?'}: {type(error).__name__}: {error}") from error
    missing = [name for name in NAMES if not hasattr(module, name)]
    if missing:
        raise ValueError(
            f"{path} does not define {', '.join(missing)}; course/template/ shows what each of them is."
        )
    return module


def merge(table, new, whose):
    """Add entries to a table that all sets share. Raises ValueError for a name that means something else already."""
    for name, value in new.items():
        if name in table:
            raise ValueError(
                f"{whose} says what `{name}` is, which another set has said already: take another name."
            )
        table[name] = value
