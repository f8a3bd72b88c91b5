"""What all widgets have in common: their module, their state, their still, and what Python answers."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnnlab import palette
from cnnlab.arrays import Array, as_floats
from cnnlab.formatting import number, settled
from cnnlab.geometry import positions
from cnnlab.widgets import still
from cnnlab.widgets.model import Model

WIDE = 12  # with more columns than this, a cell is too narrow for its number
STATIC = Path(__file__).parent / "static"
EDITABLE = (
    "arithmetic",
    "judgment",
    "stage",
    "alone",
    "numbers",
)  # what a widget with a reader's own numbers has


def module(*names: str) -> str:
    """The ES module of one widget: what all widgets begin with, the named shared files, and at last its own.

    It travels with every page, so comments and indentation are left out.
    """
    texts = [(STATIC / f"{name}.js").read_text(encoding="utf-8") for name in ("base", *names)]
    return re.sub(r"^ *((//|/\*\*|\*).*\n)?", "", "\n".join(texts), flags=re.MULTILINE)


def stepper(name: str) -> str:
    """The ES module of a widget whose numbers can be changed: it has the arithmetic with it."""
    return module(*EDITABLE, name)


def light(name: str) -> str:
    """The ES module of a picture in which one sum is lit at a time."""
    return module(*EDITABLE, "light", name)


class TraceWidget(Model):  # pyrefly: ignore[invalid-inheritance]
    """A widget whose whole state is `trace`: what is given, and the results that Python computed, as strings.

    A subclass passes its trace to `__init__`, and gives `still()` (HTML for readers without JavaScript) and
    `summary()` (its fixed repr). What comes between, the terms of each sum, and what a reader's own numbers give,
    its script computes with `static/arithmetic.js`. What JavaScript asks of a living Python arrives at `answer`.
    """

    _css = palette.style_sheet() + (STATIC / "stage.css").read_text(encoding="utf-8")

    def still(self) -> str:
        raise NotImplementedError

    def summary(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.summary()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)  # pyrefly: ignore[not-iterable]
        return {**data, "text/html": self.still()}, metadata


def plane(owner: str, name: str, array: ArrayLike) -> Array:
    """One channel of one example as (1, 1, *spatial): a copy, `settled`, one- or two-dimensional.

    Takes (L,), (H, W), (1, 1, L) or (1, 1, H, W). Raises ValueError for anything else: a widget shows one
    channel, and the gradient of one example among many would not be the gradient of the batch. Also for NaN and
    infinity, which JSON cannot hold.
    """
    array = np.array(as_floats(owner, name, array))
    if not np.isfinite(array).all():
        raise ValueError(f"{owner}: {name} must hold finite numbers only; a widget shows no nan or inf.")
    array = np.array([settled(value) for value in array.ravel()]).reshape(array.shape)
    if array.ndim in (1, 2):
        array = array[None, None]
    if array.ndim not in (3, 4) or array.shape[:2] != (1, 1):
        raise ValueError(
            f"{owner}: {name} must be one channel of one example, of shape (1, 1, L) or (1, 1, H, W); "
            f"got {array.shape}. Slice it, as in {name}[:1, :1]."
        )
    return array


def given(array: Array) -> dict:
    """An array for the scripts to compute with: its spatial shape and its entries, row by row."""
    values = [int(value) if value.is_integer() else value for value in array.ravel().tolist()]
    state = {"shape": list(array.shape[2:]), "values": values}
    return state | {"small": True} if array.shape[-1] > WIDE else state


def strings(array: ArrayLike, digits: int = 6) -> list[str]:
    """Every entry as the book displays it, row by row."""
    return [number(value, digits) for value in np.asarray(array).ravel()]


def grid(array: Array, digits: int = 6) -> dict:
    """An array for a still: its spatial shape and strings; shades 0 to 9 where cells are too narrow for numbers."""
    spatial = array.shape[2:]
    state = {"shape": list(spatial), "text": strings(array, digits)}
    return state | {"shade": shades(array)} if spatial[-1] > WIDE else state


def shades(array: ArrayLike) -> list[int]:
    """Every entry as a shade from 0 to 9 by its size, row by row."""
    sizes = np.abs(np.asarray(array)).ravel()
    return [int(v) for v in np.rint(sizes / (sizes.max() or 1.0) * 9)]


def index_text(name: str, index: Sequence[int]) -> str:
    """An entry as the widgets write it, such as ``x[1, 2]``."""
    return f"{name}[{', '.join(map(str, index))}]"


def index_of(owner: str, words: str, array: Array, index: Sequence[int] | None) -> tuple[int, ...]:
    """A spatial index into an array, the first one if None; raises ValueError if there is no such place."""
    sizes = array.shape[2:]
    found = tuple(index) if index is not None else (0,) * len(sizes)
    if len(found) != len(sizes) or not all(0 <= i < n for i, n in zip(found, sizes, strict=True)):
        raise ValueError(f"{owner}: {words} must be an index into the shape {sizes}; got {found}.")
    return found


def check_geometry(
    owner: str,
    x: Array,
    kernel: Sequence[int],
    dy: Array,
    *,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> None:
    """Raise ValueError unless a kernel (or window) of this shape gives x as many places as dy has."""
    rank = len(kernel)
    if not x.ndim == dy.ndim == rank + 2:
        raise ValueError(
            f"{owner}: all arrays must be one-dimensional or all be two-dimensional; x has {x.ndim - 2} spatial "
            f"axes, dy {dy.ndim - 2}, the kernel or window {rank}."
        )
    right = len(stride) == len(padding) == len(dilation) == rank
    if not right or min(*stride, *dilation, *kernel) < 1 or min(padding) < 0:
        raise ValueError(
            f"{owner}: sizes, strides and dilations must be at least 1 and padding at least 0, one int or one for each "
            f"of the {rank} axes; got size {kernel}, stride {stride}, padding {padding} and dilation {dilation}."
        )
    expected = positions(x.shape[2:], kernel, stride=stride, padding=padding, dilation=dilation)
    if min(expected) < 1:
        raise ValueError(f"{owner}: size {tuple(kernel)} is larger than the padded input {x.shape[2:]}.")
    if dy.shape[2:] != expected:
        raise ValueError(
            f"{owner}: dy must have one entry for each place, shape {expected}; got {dy.shape[2:]}."
        )


def blocks(grids: dict, labels: dict, marks: dict) -> list[still.Block]:
    """The blocks of a still: `grid` states by name, with their labels and marked cells."""
    result = []
    for name, state in grids.items():
        shade = state.get("shade")
        result.append(
            still.Block(
                labels[name],
                still.rows(state["text"], state["shape"]),
                marks[name],
                shade=still.rows(shade, state["shape"]) if shade else None,
            )
        )
    return result
