"""Evaluate fields. The source of this module is sent to a notebook's kernel and run there.

It is kept apart from the notebook's names, and imports nothing but the standard library, NumPy and cnnlab.
"""

import ast
import dataclasses
import itertools
import numbers

import numpy as np

from cnnlab.formatting import number

TOO_MANY = 5000  # entries of one collection that a proposal still looks through


def evaluate(fields, namespace):
    """Display every field: {field: {"text": ..., "entries": [...]} or {"error": ...}}; an array has many entries."""
    return {field: _evaluate_one(field, dict(namespace)) for field in fields}


def _evaluate_one(field, namespace):
    try:
        part = _parsed(field)
        value = eval(compile(ast.Expression(part.value), "<field>", "eval"), namespace)
        spec = None
        if part.format_spec is not None:
            spec = eval(compile(ast.Expression(part.format_spec), "<format>", "eval"), namespace)
        if not isinstance(value, (np.ndarray, list, tuple)) or np.ndim(value) == 0:
            entries = [written(value, part.conversion, spec)]
            return {"text": entries[0], "entries": entries}
        if np.ndim(value) > 2:
            raise ValueError(f"an array of shape {np.shape(value)}; index it down to a vector or a matrix")
        rows = [[written(entry, part.conversion, spec) for entry in np.atleast_1d(row)] for row in value]
        joined = [" & ".join(row) for row in rows]
        text = ", ".join(joined) if np.ndim(value) == 1 else r" \\ ".join(joined)
        return {"text": text, "entries": list(itertools.chain(*rows))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _parsed(field):
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
    if isinstance(value, str) and not spec:
        return value
    kind, _, end = (spec or "").rpartition(":")
    as_tex = end == "tex"
    text = number(value) if spec is None or spec == "tex" else format(value, kind if as_tex else spec)
    if text.startswith("-") and not any(c in "123456789" for c in text):
        text = text[1:]  # -0.00
    mantissa, e, exponent = text.partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if as_tex and e else text


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
    formats = [("", None)]
    if "\\" in plain:
        formats.append((":tex", "tex"))
    elif "e" not in plain:
        digits = len(plain.partition(".")[2])
        formats.append((f":.{digits}f", f".{digits}f"))
    found = {}
    for (ending, spec), sign in itertools.product(formats, ("", "-")):
        for path, value in leaves:
            if path not in found and written(-value if sign else value, spec=spec) == plain:
                found[path] = sign + path + ending
    return list(found.values())


def _leaves(path, value, depth=0):
    """The numbers in a value, each with the expression that leads to it."""
    if isinstance(value, (bool, np.bool_)):
        return
    if isinstance(value, numbers.Real):
        if np.isfinite(value):
            yield path, value
        return
    if isinstance(value, np.ndarray):
        small = value.size <= TOO_MANY and value.dtype.kind in "iuf"
        inside = [
            (f"[{', '.join(map(str, i))}]" if i else "", value[i]) for i in np.ndindex(value.shape) if small
        ]
    elif isinstance(value, dict):
        inside = [(f"[{key!r}]", item) for key, item in value.items() if isinstance(key, (str, int))]
    elif hasattr(value, "_fields") and isinstance(value, tuple):
        inside = [(f".{key}", getattr(value, key)) for key in value._fields]
    elif isinstance(value, (list, tuple)):
        inside = [(f"[{i}]", item) for i, item in enumerate(value)]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = [(f".{key}", getattr(value, key)) for key in value.__dataclass_fields__]
    else:
        return
    if depth < 3:
        for step, item in itertools.islice(inside, TOO_MANY):
            yield from _leaves(path + step, item, depth + 1)
