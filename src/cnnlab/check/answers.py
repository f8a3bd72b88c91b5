"""Turn what a student's function returned into arrays, or into a sentence on why that cannot be done."""

import inspect
from dataclasses import dataclass

import numpy as np

from cnnlab.arrays import Array

LARGEST = 10**7  # entries; nothing that a probe asks for comes near


@dataclass(frozen=True)
class Answer:
    """One array of a returned value.

    array    the numbers, or None if there are none
    problem  why there are none
    remark   something harmless, such as another dtype
    shape    the shape that came, also if the numbers could not be used
    """

    array: Array | None
    problem: str = ""
    remark: str = ""
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Returned:
    """What a call returned, taken apart: for each part the answers, one or several; or a problem with the whole."""

    parts: tuple[tuple[Answer, ...], ...] = ()
    problem: str = ""


def read(value: object, names: tuple[str, ...], several: tuple[int, ...]) -> Returned:
    """Take a returned value apart.

    names    of the parts that were asked for
    several  for each part the number of arrays if it is a sequence of arrays, else 0
    """
    wanted = _wanted(names)
    if value is None:
        return Returned(problem=f"It returned None, expected {wanted}. Does it end with a return?")
    if value is Ellipsis:
        return Returned(problem=f"It returned ..., expected {wanted}.")
    if inspect.isgenerator(value) or inspect.iscoroutine(value):
        if inspect.iscoroutine(value):
            value.close()
        return Returned(
            problem=f"It returned a {type(value).__name__}, expected {wanted}. Use return, not yield or async."
        )
    if callable(value) and not hasattr(value, "__array__"):
        return Returned(problem=f"It returned a function, expected {wanted}. Is a pair of brackets missing?")
    if len(names) == 1:
        pieces = (value,)
        if (
            isinstance(value, tuple)
            and not several[0]
            and any(np.ndim(v) for v in value if isinstance(v, np.ndarray))
        ):
            if len(value) != 1:
                return Returned(problem=miscounted(len(value), names))
            pieces = value
    elif not isinstance(value, (tuple, list)):
        return Returned(
            problem=f"It returned one {type(value).__name__}, expected {len(names)} arrays: {wanted}, in this order."
        )
    elif len(value) != len(names):
        return Returned(problem=miscounted(len(value), names))
    else:
        pieces = tuple(value)
    return Returned(tuple(_part(v, name, many) for v, name, many in zip(pieces, names, several, strict=True)))


def read_judgment(value: object) -> Returned:
    """Take apart what a function returned that has to say True or False; a number in its place is read as one."""
    returned = read(value, ("True or False",), (0,))
    answer = None if returned.problem else returned.parts[0][0]
    if answer is None or (answer.array is not None and answer.array.size == 1):
        return returned
    if not answer.shape:
        return Returned(problem=f"It returned a {type(value).__name__}, expected True or False.")
    return Returned(
        problem=f"It returned an array of shape {answer.shape}, expected one True or False. "
        "np.all says whether all of its entries are true."
    )


def _wanted(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def miscounted(count: int, names: tuple[str, ...]) -> str:
    """The sentence for so many returned things in place of the named ones."""
    returned = f"It returned {count} thing{'' if count == 1 else 's'}"
    if len(names) == 1:
        return f"{returned}, expected {names[0]} alone."
    return f"{returned}, expected {len(names)} arrays: {_wanted(names)}, in this order."


def _part(value: object, name: str, many: int) -> tuple[Answer, ...]:
    if not many:
        return (_answer(value, name),)
    if not isinstance(value, (tuple, list)) or len(value) != many:
        got = f"{len(value)} things" if isinstance(value, (tuple, list)) else f"one {type(value).__name__}"
        return tuple(
            Answer(None, f"{name} is {got}, expected a sequence of {many} arrays.") for _ in range(many)
        )
    return tuple(_answer(v, f"{name}[{i}]") for i, v in enumerate(value))


def _answer(value: object, name: str) -> Answer:
    kind = type(value).__name__
    if value is None:
        return Answer(None, f"{name} is None, expected an array.")
    if isinstance(value, (str, bytes, dict, set)):
        return Answer(None, f"{name} is a {kind}, expected an array.")
    if hasattr(value, "detach"):  # a tensor that records its gradient has to be taken out of the graph first
        value = value.detach()
    try:
        array = np.asarray(value)
    except Exception:
        return Answer(
            None, f"{name} is a {kind} that NumPy cannot make an array of, perhaps rows of unequal length."
        )
    shape = array.shape
    if array.size > LARGEST:
        return Answer(None, f"{name} has shape {shape}, far more than was asked for.", shape=shape)
    if array.dtype.kind == "O":
        try:
            array = array.astype(float)
        except Exception:
            return Answer(None, f"{name} holds objects that are not numbers.", shape=shape)
    if array.dtype.kind == "c":
        largest = np.max(np.abs(array), initial=0.0)
        if np.max(np.abs(array.imag), initial=0.0) > 1e-6 * max(1.0, float(largest)):
            return Answer(None, f"{name} holds complex numbers, expected real ones.", shape=shape)
        return Answer(
            np.array(array.real),
            remark=f"{name} is complex with an imaginary part of 0; take .real.",
            shape=shape,
        )
    if array.dtype.kind not in "biuf":
        return Answer(None, f"{name} has dtype {array.dtype}, expected numbers.", shape=shape)
    remark = f"{name} has dtype {array.dtype}." if array.dtype not in (np.float64, np.bool_) else ""
    return Answer(np.array(array), remark=remark, shape=shape)


def agree(got: Array, right: Array) -> bool:
    """Equal in shape, and in every number up to what rounding can do in the dtype that came."""
    return got.shape == right.shape and bool(np.all(agreeing(got, right)))


def agreeing(got: Array, right: Array, *, relative: float = 1e-6, unit: float = 0.0) -> Array:
    """Where two arrays of one shape agree: NaN with NaN, infinity with itself, numbers within `tolerance`."""
    with np.errstate(all="ignore"):
        near = np.abs(np.asarray(got, float) - right) <= tolerance(got, right, relative=relative, unit=unit)
        return near | (got == right) | (np.isnan(got) & np.isnan(right))


def tolerance(got: Array, right: Array, *, relative: float = 1e-6, unit: float = 0.0) -> Array:
    """How far each number may be off: a part of the largest right number, because terms as large may have cancelled.

    In float64 (and in whole numbers) it is never more than eight times that part of the number itself, so that no number
    passes that is off by one part in 100,000; a right number below 1e-9 of the largest counts as 0. A coarser dtype is
    allowed eight of its own roundings of the largest. Give `got` in the dtype in which it came.

    relative  the part
    unit      size of the terms that were added up, where they are real numbers that may all but cancel: rounding is
              then measured against them, or the largest number, whatever the number itself is
    """
    size = np.abs(np.where(np.isfinite(right), right, 0))
    largest = max(unit, float(size.max(initial=0.0)))
    coarse = float(np.finfo(got.dtype).eps) if got.dtype.kind == "f" else 0.0
    allowed = max(relative, 8 * coarse) * largest + 1e-12
    if unit or coarse > np.finfo(np.float64).eps:
        return np.full(size.shape, allowed)
    return np.where(size > 1e-9 * largest, np.minimum(allowed, 8 * relative * size), allowed)
