"""Three questions about a student's own hand-in, with the answers to expect: `make oral ASSIGNMENT=ps1 STUDENT=ann`.

One asks for the products behind an entry of the computation by hand, on the student's own numbers. One names a change of the
task and asks which of the student's own lines change with it. One shows what a mistake makes of the student's numbers and
asks what was done: the mistake that the grader recognized, if there is one. The same hand-in gets the same questions.
"""

import functools
import hashlib
import re
from dataclasses import dataclass

import numpy as np

from cnnlab.formatting import number
from cnnlab.handin.checking import shown
from cnnlab.handin.reading import parsed

from . import reading
from .output import kept
from .points import variants as v
from .points import wrong_variants
from .points.drawing import own_numbers
from .points.words import WORDS
from .roster import numbers_of, same, visible


@dataclass(frozen=True)
class Question:
    """What to ask, what to expect, and what to have before one: lines of the hand-in."""

    asked: str
    expected: str
    shown: tuple = ()


@dataclass(frozen=True)
class Plan:
    """What there is to ask in one set.

    entries   own -> (name of an entry, [(product in words, its value)]) of the computation by hand
    part      the solution cell whose lines are asked about; change: the change; lines: a pattern of those that change
    function  the backward function of which mistakes are known; arguments: own -> its arguments; returns: its outputs
    """

    entries: object
    part: str
    change: str
    lines: str
    function: str
    arguments: object
    returns: tuple


def ps1_numbers(own):
    return own("dy", 3) * [1, -1, 1], own("x", 5), own("a", 1)[0], own("b", 1)[0]


def ps1_entries(own):
    dy, x, a, b = ps1_numbers(own)
    kernel = ("a", a), ("b", b), ("a", a)
    yield "hand_da", [(f"dy[{i}] x[{i + p}]", dy[i] * x[i + p]) for i in range(3) for p in (0, 2)]
    yield "hand_db", [(f"dy[{i}] x[{i + 1}]", dy[i] * x[i + 1]) for i in range(3)]
    for j in range(5):
        met = [i for i in range(3) if 0 <= j - i < 3]
        yield f"hand_dx[{j}]", [(f"dy[{i}] {kernel[j - i][0]}", dy[i] * kernel[j - i][1]) for i in met]


def ps2_numbers(own):
    x = own("x", 6)
    x[3] = x[4] = 9
    return (own("dy", 3) * [1, -1, 1]).reshape(1, 1, 3), x.reshape(1, 1, 6), 3, 2


def ps2_entries(own):
    dy, x, size, stride = ps2_numbers(own)
    windows = v.wrap_windows(6, size, stride)
    winners = [window[next(iter(wrong_variants.last(x[0, 0, window])))] for window in windows]
    for j in sorted(set(winners)):
        yield f"hand_dx[{j}]", [(f"dy[{o}]", dy[0, 0, o]) for o in range(3) if winners[o] == j]


def ps3_numbers(own):
    dy = own("dy", 2, 2) * [[1, -1], [-1, 1]]
    return dy[None, None], own("x", 3, 3)[None, None], own("u", 2)[None, None], own("v", 2)[None, None]


def ps3_entries(own):
    dy, x, u, w = (array[0, 0] for array in ps3_numbers(own))
    for name, other, factor in (("du", "v", w), ("dv", "u", u)):
        for k in range(2):
            products = []
            for i, j, m in np.ndindex(2, 2, 2):
                row, column = (i + k, j + m) if name == "du" else (i + m, j + k)
                words = f"dy[{i}, {j}] x[{row}, {column}] {other}[{m}]"
                products.append((words, dy[i, j] * x[row, column] * factor[m]))
            yield f"hand_{name}[{k}]", products


def ps4_numbers(own):
    return 1 + own("x", 3, 3) % 3, 1 + own("w", 2, 2) % 3, own("t", 1, 1)


def ps4_entries(own):
    x, w, t = ps4_numbers(own)
    z = v.plane(x, w)
    error = (v.plane(z, w) - t)[0, 0]
    for p, q in np.ndindex(2, 2):
        yield f"hand_second[{p}, {q}]", [(f"(y - t) z[{p}, {q}]", error * z[p, q])]
        met = [(i, j) for i, j in np.ndindex(2, 2)]
        yield (
            f"hand_first[{p}, {q}]",
            [(f"(y - t) w[{i}, {j}] x[{i + p}, {j + q}]", error * w[i, j] * x[i + p, j + q]) for i, j in met],
        )


def ps5_numbers(own):
    return 8 * own("dy", 2, 2)[None, None], own("x", 4, 4)[None, None]


def ps5_entries(own):
    dy, x = (array[0, 0] for array in ps5_numbers(own))
    for i, j in np.ndindex(4, 4):
        r, c = i // 2, j // 2
        window = x[2 * r : 2 * r + 2, 2 * c : 2 * c + 2]
        products = [(f"dy[{r}, {c}] / 8, the mean's share", dy[r, c] / 8)]
        if divmod(int(window.argmax()), 2) == (i % 2, j % 2):
            products.append((f"dy[{r}, {c}] / 2, the maximum's share", dy[r, c] / 2))
        yield f"hand_dx[{i}, {j}]", products


SHIFTED = r"range\(|\[[^\]]*(?:\w *[:+-]|[:+-] *\w)[^\]]*\]"  # where a line says which place meets which
HELPED, UNWRITTEN = "helped", "Write here."  # the cell's id, and what the sheet has in it
PLANS = {
    "ps1": Plan(
        entries=ps1_entries,
        part="circular",
        change="The ring gets a stride of 2, so that `y[i]` begins at `x[2 i]`",
        lines=rf"roll|%|{SHIFTED}",
        function="palindrome_backward",
        arguments=ps1_numbers,
        returns=("dx", "da", "db"),
    ),
    "ps2": Plan(
        entries=ps2_entries,
        part="ring",
        change="On a tie the first maximum counts, no longer the last",
        lines=r"arg|max|==|>|sort|where",
        function="wrap_pool_backward",
        arguments=ps2_numbers,
        returns=("dx",),
    ),
    "ps3": Plan(
        entries=ps3_entries,
        part="tiled",
        change="The kernels move two columns at a time, so that `y[i, j]` begins at `x[i, 2 j]`",
        lines=SHIFTED,
        function="separable2d_backward",
        arguments=ps3_numbers,
        returns=("dx", "du", "dv", "db"),
    ),
    "ps4": Plan(
        entries=ps4_entries,
        part="tied",
        change="The error loses its factor one half: `E = sum (y - t)^2`",
        lines=r"-\s*t\b",
        function="tied_gradient",
        arguments=ps4_numbers,
        returns=("dw",),
    ),
    "ps5": Plan(
        entries=ps5_entries,
        part="blend",
        change="The output of a window becomes `max + mean`, without the division by 2",
        lines=r"/|0?\.\d|\*",
        function="blend_pool_backward",
        arguments=ps5_numbers,
        returns=("dx",),
    ),
}


def ask(course, assignment, student):
    """What to ask about a hand-in: a list of `Question`. ValueError where there is nothing to ask."""
    if assignment not in PLANS:
        raise ValueError(f"Questions are known for {', '.join(PLANS)}, not for {assignment}.")
    known = kept.load(course, assignment, student)
    if student not in course.students(assignment):
        raise ValueError(
            f"There is no {assignment} of {student} in {course.root / 'submitted'}, whose folders are the ids."
        )
    if known is None:
        raise ValueError(f"{student} has no graded {assignment}. First: make grade ASSIGNMENT={assignment}")
    handed = reading.fetch(course.folder("submitted", student, assignment), assignment)
    numbers, asked = "", []
    if handed.data is not None:
        asked = on_help(handed.data)
        others = {same(name) for name in course.students(assignment)}
        numbers, _ = numbers_of(reading.typed(handed.data), student, course.roster(), others)
    return asked + questions(assignment, numbers or student, kept.counting(course, known.result))


def questions(assignment, numbers, result):
    """The questions on one result. numbers: the id whose numbers the sheet has."""
    plan, own = PLANS[assignment], functools.partial(own_numbers, assignment, numbers)
    seed = hashlib.sha256(f"oral {assignment} {numbers} {result.digest}".encode()).digest()
    draw = np.random.default_rng(int.from_bytes(seed, "big"))
    return [
        on_products(plan, own, result, draw),
        on_lines(plan, result),
        on_a_misconception(plan, own, result, draw),
    ]


def on_help(data):
    """What the student wrote into the cell *What helped me*, to begin with; nothing if nothing."""
    cells, _ = parsed(data)
    said = [reading.text(cell).strip() for cell in cells if cell.get("id") == HELPED]
    if not said or said[0] in ("", UNWRITTEN):
        return []
    return [
        Question(
            "You wrote what helped you. How did it?", "No answer is wrong here.", tuple(said[0].splitlines())
        )
    ]


def on_products(plan, own, result, draw):
    entries = list(plan.entries(own))
    longest = max(len(products) for _, products in entries)
    entries = [entry for entry in entries if len(entry[1]) >= min(2, longest)]
    name, products = entries[draw.integers(len(entries))]
    listed = "; ".join(f"{words}: {number(value)}" for words, value in products)
    pattern = rf"^.*\b{name.partition('[')[0]}\b.*$"
    lines = re.findall(pattern, result.sources.get("hand") or "", re.MULTILINE)
    return Question(
        f"Which products add up to `{name}`, and why these?",
        f"{listed}. Together {number(sum(value for _, value in products))}.",
        tuple(line for line in lines if not line.lstrip().startswith("#")),
    )


def on_lines(plan, result):
    source = result.sources.get(plan.part)
    asked = f"{plan.change}. Which of your lines in `{plan.part}` change, and how?"
    begun = not any(part.name == plan.part and part.status == "not attempted" for part in result.parts)
    if not source or not begun:
        return Question(asked, f"The part `{plan.part}` was not handed in: ask how one would begin it.")
    lines = source.splitlines()
    code = [(i, line.partition("#")[0]) for i, line in enumerate(lines, start=1) if not described(line)]
    hit = [str(i) for i, line in code if re.search(plan.lines, line)]
    told = f"Most likely line {', '.join(hit)}." if hit else "No line of it stands out."
    return Question(asked, told, tuple(f"{i:3}  {line}" for i, line in enumerate(lines, start=1)))


def described(line):
    """Whether a line only describes or names a function."""
    return line.lstrip().startswith(('"""', "'''", "def ", "#"))


def on_a_misconception(plan, own, result, draw):
    arguments = plan.arguments(own)
    right = wrong_variants.as_tuple(getattr(v, plan.function)(*arguments))
    made = [each for part in result.parts for each in part.misconceptions]
    shows = []
    for identifier, function in wrong_variants.wrong_functions(plan.function):
        came = wrong_variants.as_tuple(function(*arguments))
        for name, ours, theirs in zip(plan.returns, right, came, strict=True):
            if np.shape(ours) != np.shape(theirs) or not np.allclose(ours, theirs):
                shows.append((identifier not in made, identifier, name, np.asarray(ours), np.asarray(theirs)))
                break
    first = [each for each in shows if not each[0]] or shows
    recognized, identifier, name, ours, theirs = first[draw.integers(len(first))]
    words = WORDS[identifier]
    yours = "" if recognized else " (the grader recognized it in this hand-in)"
    return Question(
        f"With your numbers of the part by hand, somebody gets `{name}` = {shown(theirs)} and not {shown(ours)}. "
        "What was done?",
        f"{words.name}{yours}. {words.hint}",
    )


def as_text(assignment, student, asked):
    """The questions for a terminal or a printer."""
    lines = [f"{assignment}: questions for {student}"]
    for i, question in enumerate(asked, start=1):
        lines += [
            "",
            f"{i}. {question.asked}",
            *(f"   | {visible(line)}" for line in question.shown),
            f"   Expected: {question.expected}",
        ]
    return "\n".join(lines).replace("`", "")
