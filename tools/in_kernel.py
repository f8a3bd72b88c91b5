"""Evaluate bound expressions. The source of this module is sent to a notebook's kernel and run there.

It is kept apart from the notebook's names, and imports nothing but the standard library, NumPy and cnnlab.
"""

import ast
import dataclasses
import itertools
import numbers

import numpy as np

from cnnlab.formatting import number

TOO_MANY = 5000  # entries of one array that a proposal still looks through


def split(field):
    """Take apart the contents of an f-string's replacement field: (expression, conversion, format) trees."""
    try:
        tree = ast.parse('f"""{ ' + field + '}"""', mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"not a Python expression: {error.msg}") from None
    if not (isinstance(tree, ast.JoinedStr) and len(tree.values) == 1):
        raise ValueError("write one expression, with an optional format as in an f-string")
    return tree.values[0]


def written(value, conversion=-1, spec=None):
    """How one value is displayed under a format; without one, `cnnlab.formatting.number` decides."""
    if conversion != -1:
        value = {"r": repr, "s": str, "a": ascii}[chr(conversion)](value)
    as_tex = spec is not None and (spec == "tex" or spec.endswith(":tex"))
    if as_tex:
        spec = spec[: -len(":tex")] or None
    if isinstance(value, str) and not spec:
        return value
    if spec is None:
        return _with_power_of_ten(number(value)) if as_tex else number(value)
    text = format(value, spec)
    if text.startswith("-") and not any(c in "123456789" for c in text):
        text = text[1:]  # -0.00
    return _with_power_of_ten(text) if as_tex else text


def _with_power_of_ten(text):
    mantissa, e, exponent = text.partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if e else text


def evaluate(fields, namespace):
    """Display every field. Returns {field: {"text": ...} or {"rows": ..., "matrix": ...} or {"error": ...}}.

    The rows of an array hold [field, text] pairs.
    """
    return {field: _evaluate_one(field, dict(namespace)) for field in fields}


def _evaluate_one(field, namespace):
    try:
        part = split(field)
        value = eval(compile(ast.Expression(part.value), "<bound number>", "eval"), namespace)
        spec = None
        if part.format_spec is not None:
            spec = eval(compile(ast.Expression(part.format_spec), "<format>", "eval"), namespace)
        if isinstance(value, (np.ndarray, list, tuple)) and np.ndim(value) > 0:
            return {"rows": _rows(part, value, spec), "matrix": np.ndim(value) == 2}
        return {"text": written(value, part.conversion, spec)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _rows(part, value, spec):
    shape = np.shape(value)
    if len(shape) > 2:
        raise ValueError(f"an array of shape {shape}; index it down to a vector or a matrix")
    base = ast.unparse(part.value)
    if not isinstance(part.value, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)):
        base = f"({base})"
    nested = not isinstance(value, np.ndarray)
    conversion = "" if part.conversion == -1 else "!" + chr(part.conversion)
    ending = conversion + ("" if spec is None else ":" + spec)

    def entry(index):
        inner = "][".join(map(str, index)) if nested else ", ".join(map(str, index))
        item = value
        for i in index:
            item = item[i]
        return [f"{base}[{inner}]{ending}", written(item, part.conversion, spec)]

    if len(shape) == 1:
        return [[entry((i,)) for i in range(shape[0])]]
    return [[entry((i, j)) for j in range(shape[1])] for i in range(shape[0])]


def propose(tokens, namespace, most=3):
    """For each displayed decimal, the fields that would display exactly it: {token: [field, ...]}."""
    leaves = [
        leaf
        for name, value in reversed(list(namespace.items()))
        if not name.startswith("_") and name not in ("In", "Out")
        for leaf in _leaves(name, value)
    ]
    return {token: _fields_that_show(token, leaves)[:most] for token in tokens}


def _fields_that_show(token, leaves):
    plain = token.replace("\u2212", "-").replace("{,}", ".").lstrip("+")
    digits = (
        len(plain.partition(".")[2]) if "." in plain and plain[-1].isdigit() and "e" not in plain else None
    )
    found = {0: [], 1: [], 2: [], 3: []}
    for path, value in leaves:
        if number(value) == plain:
            found[0].append(path)
        elif number(-value) == plain:
            found[1].append("-" + path)
        elif "\\" in plain and written(value, spec="tex") == plain:
            found[0].append(path + ":tex")
        elif digits is not None and format(value, f".{digits}f") == plain:
            found[2].append(f"{path}:.{digits}f")
        elif digits is not None and format(-value, f".{digits}f") == plain:
            found[3].append(f"-{path}:.{digits}f")
    return list(dict.fromkeys(itertools.chain(*found.values())))


def _leaves(path, value, depth=0):
    if isinstance(value, (bool, np.bool_)):
        return
    if isinstance(value, numbers.Real):
        if np.isfinite(value):
            yield path, value
    elif isinstance(value, np.ndarray):
        if value.size <= TOO_MANY and value.dtype.kind in "iuf":
            for index in np.ndindex(value.shape):
                if np.isfinite(value[index]):
                    yield (f"{path}[{', '.join(map(str, index))}]" if index else path), value[index]
    elif depth < 3:
        if isinstance(value, dict):
            for key, item in itertools.islice(value.items(), TOO_MANY):
                if isinstance(key, (str, int)):
                    yield from _leaves(f"{path}[{key!r}]", item, depth + 1)
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            for key in value._fields:
                yield from _leaves(f"{path}.{key}", getattr(value, key), depth + 1)
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value[:TOO_MANY]):
                yield from _leaves(f"{path}[{i}]", item, depth + 1)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            for key in value.__dataclass_fields__:
                yield from _leaves(f"{path}.{key}", getattr(value, key), depth + 1)
