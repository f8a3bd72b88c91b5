"""Problem set SHEET: OLD_SHEET with the part `seesaw` in the place of `OLD_PART`. All that is new stands in this file.

Change it from top to bottom until it is your own problem, and its three cells in source/SHEET/SHEET.ipynb. Then

    .venv/bin/python -m course.grader examples
    .venv/bin/python -m pytest tests/course -m "not slow" -k "SHEET or seesaw"

writes what the students' check knows, and says what does not fit yet. When all of it passes, the set is released, collected
and graded like any other.
"""

import numpy as np

from course.grader.points.problems import SETS
from course.grader.points.questions import Part, ProblemSet, compared
from course.grader.points.words import Words

# 1. What is right. Write it in the plainest way there is: it has to be true, not fast, and it should share no line with the
# solution in the notebook. Convolution means cross-correlation, arrays are float64, and nothing here has to be checked.


def seesaw(x, a, b):
    """x (L,), scalars a and b -> y (L - 2,) = a x[o] + b x[o + 1] - a x[o + 2]."""
    return np.array([a * x[o] + b * x[o + 1] - a * x[o + 2] for o in range(len(x) - 2)])


def seesaw_backward(dy, x, a, b):
    """-> dx (L,), da, db: one partial derivative for each connection, added up where connections share something."""
    dx, da, db = np.zeros(len(x)), 0.0, 0.0
    for o in range(len(dy)):
        dx[o : o + 3] += dy[o] * np.array([a, b, -a])
        da += dy[o] * x[o] - dy[o] * x[o + 2]
        db += dy[o] * x[o + 1]
    return dx, da, db


# The test compares these with the definition of a derivative: forward, backward, how to draw arguments, and to which of the
# arguments what `backward` returns belongs.
LAYERS = {"seesaw": (seesaw, seesaw_backward, lambda draw: (draw.whole(6), 2.0, -3.0), (0, 1, 2))}

# 2. Wrong versions, each under the name of its mistake. Take a name of the book's catalogue where the mistake is there.


def sign_forgotten(dy, x, a, b):
    dx, _, db = seesaw_backward(dy, x, a, b)
    return dx, sum(dy[o] * (x[o] + x[o + 2]) for o in range(len(dy))), db


def place_forgotten(dy, x, a, b):
    dx, _, db = seesaw_backward(dy, x, a, b)
    return dx, sum(dy[o] * x[o] for o in range(len(dy))), db


def turned(dy, x, a, b):
    """The kernel forgotten to be turned on the way back."""
    _, da, db = seesaw_backward(dy, x, a, b)
    return seesaw_backward(dy, x, -a, b)[0], da, db


WRONG = {
    "seesaw_backward": {
        "seesaw-sign-forgotten": sign_forgotten,
        "twin-forgotten": place_forgotten,
        "kernel-not-rotated": turned,
    }
}

# 3. Words for the mistakes that only this set has: what was done, a hint that does not give the solution, and the section of
# the book to read, as in the address of its page.
WORDS = {
    "seesaw-sign-forgotten": Words(
        "the two places of the shared weight added with one sign",
        "Which factor does the weight have at each place where it stands?",
        section="one-weight-many-connections#the-smallest-case-one-weight-used-twice",
    )
}

# 4. An example to publish for each function: its arguments, and the names of what it returns. The check before handing in
# shows it with the right answer, so take small numbers that the grader does not draw.
EXAMPLES = {
    "seesaw": ({"x": np.array([1.0, 2.0, 4.0, 8.0]), "a": 2.0, "b": 3.0}, ("y",)),
    "seesaw_backward": (
        {"dy": np.array([1.0, -1.0]), "x": np.array([1.0, 2.0, 4.0, 8.0]), "a": 2.0, "b": 3.0},
        ("dx", "da", "db"),
    ),
}

# 5. What is asked, and for how many points. What an item earns is shared equally by what the function returns.


def questions(draw):
    cases = [(draw.whole(n), *map(float, draw.whole(2))) for n in (7, 4)]
    backward = [(draw.whole(len(x) - 2), x, a, b) for x, a, b in cases]
    return [
        compared("forward", 1, seesaw, ("y",), cases),
        compared("backward", POINTS - 1, seesaw_backward, ("dx", "da", "db"), backward),
    ]


# 6. The set: OLD_SHEET with one part changed. Change others in the same way; the sheet's cells follow this order.
POINTS = 4
PART = Part("seesaw", POINTS, ("seesaw", "seesaw_backward"), questions)
SET = ProblemSet(
    tuple(PART if part.name == "OLD_PART" else part for part in SETS["OLD_SHEET"].parts),
    SETS["OLD_SHEET"].written,
)
