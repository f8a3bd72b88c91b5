"""Where a student's numbers come from: public ones from the id, hidden ones from the id, the submission and a secret.

The hidden inputs cannot be computed in advance, although all of this is public, because nobody but the instructor knows
the secret. They also depend on the submission itself: whatever a student finds out about the inputs of one submission is
worth nothing in the next. The same submission always meets the same inputs, so grading it twice gives the same grade.
"""

import hashlib
import hmac
import math
import os
from pathlib import Path

import numpy as np


def read_secret(path):
    """The course's secret; made on first use, readable by its owner only."""
    path = Path(path)
    if not path.exists():
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(32).hex() + "\n")
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another run was faster; its secret is the one
        finally:
            os.unlink(temporary)
    secret = path.read_text().strip()
    if len(secret) < 32:
        raise ValueError(
            f"{path} holds {len(secret)} characters, a secret needs at least 32. Delete it to get a new one."
        )
    return secret


def own_numbers(sheet, student, name, *shape):
    """Whole numbers from 1 to 9 that belong to an id: the function `own` of every sheet, at most 32 numbers."""
    digest = hashlib.sha256(f"{sheet} {student} {name}".encode()).digest()
    return np.array([1 + byte % 9 for byte in digest[: math.prod(shape)]], dtype=float).reshape(shape)


class Draw:
    """The numbers for one part of one submission."""

    def __init__(self, sheet, student, part, submission, secret, numbers=""):
        self.sheet, self.id = sheet, numbers or student
        words = "\0".join((sheet, student, part, submission)).encode()
        seed = hmac.new(secret.encode(), words, hashlib.sha256).digest()
        self.rng = np.random.default_rng(int.from_bytes(seed, "big"))

    def own(self, name, *shape):
        return own_numbers(self.sheet, self.id, name, *shape)

    def whole(self, *shape, most=5):
        """Whole numbers from -most to most without zero: sums of products stay exact in float64."""
        return self.rng.integers(1, most + 1, shape) * self.rng.choice([-1.0, 1.0], shape)

    def distinct(self, *shape):
        """Numbers without a tie anywhere."""
        return self.rng.permutation(math.prod(shape)).reshape(shape) - math.prod(shape) // 2 + 0.5

    def tied(self, *shape):
        """Few different numbers, so that most windows hold a tie."""
        return self.rng.integers(0, 3, shape).astype(float)

    def real(self, *shape, scale=1.0):
        return self.rng.normal(0, scale, shape)
