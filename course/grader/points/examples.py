"""What is published of the sets: `src/cnnlab/data/sheets.json`, which the check before handing in reads.

It holds the released cells, the names that each part asks for, and one example for each function with its right answer.
The examples stand here, in small numbers; nothing of what the grader draws for a submission is among them, and no
reference is written out. `python -m course.grader examples` writes the file; a test compares it with what this makes.
"""

import json
from pathlib import Path

import numpy as np

import cnnlab
from cnnlab.handin.checking import shown
from tools.live import sheets

from . import own_sets
from .drawing import Draw
from .problems import OWN, SETS, reference

FILE = Path(cnnlab.__file__).parent / "data" / "sheets.json"
ID = "example"  # whose numbers the published hand computation has; nobody's submission may count with them
SLOPE = "lambda x: x**3"


def counting(*shape, start=1):
    """Whole numbers of both signs, without a pattern that would hide a turned or swapped index."""
    size = int(np.prod(shape))
    return ((np.arange(size) * 7 + start * 3) % 11 - 5.0).reshape(shape)


def row(*values):
    return np.array(values, dtype=float)


RING = row(1, 4, 2, 8, 5).reshape(1, 1, 5)
PLANE = row(1, 4, 2, 6, 5, 3, 7, 0, 9, 8, -1, 2).reshape(1, 1, 3, 4)
CHANNELS = row(1, 5, 4, 2, 3, 3, 0, 7).reshape(1, 4, 2, 1)
IMAGE = counting(1, 1, 3, 4)
DOWN, ACROSS = row(1, 2).reshape(1, 1, 2), row(3, -1, 2).reshape(1, 1, 3)
MIRROR = counting(2, 1, 3, 2, start=2)
SMALL = {"x": counting(2, 1, 8, 8) / 5, "labels": row(1, 3)}
PICTURES = "np.cos(np.arange(60 * 64.0)).reshape(60, 1, 8, 8) ** 2"
NETWORK = {
    "w": counting(2, 1, 3, 2) / 10,
    "b": row(0.1, -0.2),
    "v": counting(32, 10) / 20,
    "c": counting(10) / 10,
}

# Function, names and values of its arguments, names of what it returns; the right answer is the reference's, or a function.
EXAMPLES = {
    "palindrome": ({"x": row(1, 2, 4, 8), "a": 2.0, "b": 3.0}, ("y",)),
    "palindrome_backward": ({"dy": row(1, -1), "x": row(1, 2, 4, 8), "a": 2.0, "b": 3.0}, ("dx", "da", "db")),
    "circular": ({"x": row(1, 2, 4, 8), "w": row(3, 5)}, ("y",)),
    "circular_backward": ({"dy": row(1, 0, -1, 2), "x": row(1, 2, 4, 8), "w": row(3, 5)}, ("dx", "dw")),
    "numerical_gradient": ({"f": SLOPE, "x": row(1, 2, -1), "dy": row(1, -1, 2)}, ("dx",)),
    "is_right": ({"f": SLOPE, "x": row(1, 2), "dy": row(1, -1), "dx": row(3, -12)}, ("verdict",)),
    "wrap_pool": ({"x": RING, "size": 3, "stride": 2}, ("y",)),
    "wrap_pool_backward": ({"dy": row(1, 2, 4).reshape(1, 1, 3), "x": RING, "size": 3, "stride": 2}, ("dx",)),
    "range_pool": ({"x": PLANE, "size": 2, "stride": 1}, ("y",)),
    "range_pool_backward": ({"dy": counting(1, 1, 2, 3), "x": PLANE, "size": 2, "stride": 1}, ("dx",)),
    "maxout": ({"x": CHANNELS, "group": 2}, ("y",)),
    "maxout_backward": ({"dy": row(1, 2, 3, 4).reshape(1, 2, 2, 1), "x": CHANNELS, "group": 2}, ("dx",)),
    "separable2d": ({"x": IMAGE, "u": DOWN, "v": ACROSS, "b": row(1)}, ("y",)),
    "separable2d_backward": (
        {"dy": counting(1, 1, 2, 2), "x": IMAGE, "u": DOWN, "v": ACROSS},
        ("dx", "du", "dv", "db"),
    ),
    "tiled2d": ({"x": counting(3, 4), "w": counting(2, 2, 2, start=2)}, ("y",)),
    "tiled2d_backward": (
        {"dy": counting(2, 3, start=3), "x": counting(3, 4), "w": counting(2, 2, 2, start=2)},
        ("dx", "dw"),
    ),
    "chain_gradient": (
        {
            "x": counting(4, 5) / 5,
            "w1": counting(2, 2) / 5,
            "w2": counting(1, 2) / 5,
            "w3": counting(2, 1) / 5,
            "t": counting(2, 3) / 5,
        },
        ("dw1", "dw2", "dw3"),
    ),
    "tied_gradient": ({"x": counting(3, 4), "w": row(1, -2).reshape(1, 2), "t": counting(3, 2)}, ("dw",)),
    "smooth_loss": ({"z": row(1, 0, -1, 2, 1, 0).reshape(2, 3), "labels": row(0, 2), "eps": 0.1}, ("loss", "dz")),
    "mirror_conv": ({"x": counting(1, 1, 2, 3), "w": MIRROR, "b": row(1, 2)}, ("y",)),
    "mirror_conv_backward": (
        {"dy": counting(1, 2, 2, 3, start=3), "x": counting(1, 1, 2, 3), "w": MIRROR},
        ("dx", "dw", "db"),
    ),
    "blend_pool": ({"x": PLANE[:, :, :2]}, ("y",)),
    "blend_pool_backward": ({"dy": row(8, 16).reshape(1, 1, 1, 2), "x": PLANE[:, :, :2]}, ("dx",)),
    "network_gradient": ({**SMALL, **NETWORK, "eps": 0.1}, ("loss", "dw", "db", "dv", "dc")),
    "train": ({"x": PICTURES, "labels": "np.arange(60.0) % 10", **NETWORK}, ("w", "b", "v", "c")),
}  # fmt: skip

for own, module in OWN.items():
    own_sets.merge(EXAMPLES, module.EXAMPLES, own)

# Inputs for the feedback pages, on which mistakes show that the examples above hide: ties, overlapping windows, a batch.
SHOWING = {
    "wrap_pool_backward": {
        "dy": row(1, 2, 4, 8, 16).reshape(1, 1, 5),
        "x": row(3, 3, 1, 2, 3).reshape(1, 1, 5),
        "size": 3,
        "stride": 1,
    },
    "maxout_backward": {"dy": row(3, 5).reshape(1, 1, 2, 1), "x": row(4, 1, 4, 2).reshape(1, 2, 2, 1), "group": 2},
    "separable2d_backward": {
        "dy": row(1, -1, 2, 3).reshape(2, 1, 2, 1),
        "x": row(1, 2, 3, 4, 5, 6, 7, 8).reshape(2, 1, 2, 2),
        "u": row(2).reshape(1, 1, 1),
        "v": row(1, 3).reshape(1, 1, 2),
    },
    "mirror_conv_backward": {
        "dy": row(1, -1, 2, 3).reshape(2, 1, 1, 2),
        "x": row(1, 2, 3, 4).reshape(2, 1, 1, 2),
        "w": counting(1, 1, 3, 2),
    },
}  # fmt: skip

# Right answers that no reference in `variants` gives; None: only the shapes of these arguments are compared.
ANSWERS = {
    "numerical_gradient": lambda f, x, dy: 3 * x**2 * dy,
    "is_right": lambda f, x, dy, dx: 1.0,
    "train": None,
}


# Where the usual tolerance or time is not right.
SPECIAL = {"numerical_gradient": {"tolerance": 1e-4}, "train": {"seconds": 90}}


def example(name):
    """One published example, as plain values."""
    arguments, returns = EXAMPLES[name]
    answer = ANSWERS.get(name, reference(name))
    if answer is None:
        right = [{"name": each, "shape": list(np.shape(arguments[each]))} for each in returns]
    else:
        results = answer(*arguments.values())
        results = results if isinstance(results, tuple) else (results,)
        right = [
            {"name": each, "shape": list(np.shape(value)), "values": written(value)}
            for each, value in zip(returns, results, strict=True)
        ]
    given = [
        {"name": key, "value": written(value) if isinstance(value, np.ndarray) else value}
        for key, value in arguments.items()
    ]
    made = {"call": name, "arguments": given, "options": {}, "returns": right, "told": told(arguments)}
    return {**made, **SPECIAL.get(name, {})}


def written(value):
    """Numbers with twelve digits: every platform rounds the last ones in its own way."""
    value = np.asarray(value, dtype=float)
    return np.array([float(f"{entry:.12g}") for entry in value.ravel()]).reshape(value.shape).tolist()


def told(arguments):
    """The arguments in words: small ones in full, of large ones the shape."""
    words = []
    for name, value in arguments.items():
        if not isinstance(value, np.ndarray):
            words.append(f"{name} = {value:g}" if isinstance(value, int | float) else f"{name} = {value}")
        elif value.size <= 12:
            words.append(f"{name} = {json.dumps(value.round(3).tolist())}")
        else:
            words.append(f"{name} of shape {value.shape}")
    return ", ".join(words).replace(".0,", ",").replace(".0]", "]")


def values(assignment, part):
    """The variables that a part asks for, and a sentence with the right ones for the id `example` if there are any."""
    draw = Draw(sheet=assignment, student=ID, part=part.name, submission="", secret="")
    item = part.items(draw)[0]
    right = "; ".join(
        f"`{each.name}` is {shown(each.right)}" for each in item.values if each.right is not None
    )
    asked = [
        {"name": each.name, "shape": list(each.shape), "rules": each.rules, "starts": each.starts}
        for each in item.values
    ]
    return asked, [f"For the id `{ID}`, {right}."] if right else []


def published(assignment, path):
    """What is published of one set."""
    notebook = json.loads(sheets.released(path))
    cells = [
        {
            "id": cell["id"],
            "cell_type": cell["cell_type"],
            "metadata": {"nbgrader": cell["metadata"]["nbgrader"]} if "nbgrader" in cell["metadata"] else {},
            "source": "".join(cell["source"]),
        }
        for cell in notebook["cells"]
    ]
    parts = []
    for part in SETS[assignment].parts:
        named = [name for name in part.asks_for if name in EXAMPLES]
        seen, words = ([], []) if named else values(assignment, part)
        parts.append(
            {
                "name": part.name,
                "asks_for": list(part.asks_for),
                "examples": [example(name) for name in named],
                "values": seen,
                "told": words,
            }
        )
    return {
        "notebook": {"cells": cells},
        "parts": parts,
        "written": [name for name, _ in SETS[assignment].written],
    }


def everything():
    """The text of the file."""
    made = {path.stem: published(path.stem, path) for path in sheets.paths() if path.stem in SETS}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"


def write():
    FILE.write_text(everything(), encoding="utf-8")
