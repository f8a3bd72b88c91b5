"""A world: one draw of every array that a formula may speak of, and the forward pass that ties them together.

What is drawn are small integers of unequal sizes. A derivative is taken of the forward pass itself: one entry is moved by
four small steps, all that depends on it is computed again, and the quotient

    (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / (12 h),    h = 1/1024,

is exact for polynomials up to degree four. With small integers and a power of two nothing is rounded, so a gradient of a
convolution comes out exactly; behind a sigmoid it is right to ten digits.
"""

from fractions import Fraction

import numpy as np

STEP = 2.0**-10
COST = "C"


class World:
    """Values by letter, and how those that are computed follow from those that are drawn.

    given    {letter: number, array, or tuple of windows}; a letter with layers has keys such as ("w", 1)
    steps    [(letter, function of all values before it)], in order
    starts   {letter: first index}, where it is not 0
    after    {letter: what an update turns it into}
    delta    the letter whose gradient is called delta
    wins     says whether input j wins window i
    rows     letters that may be written with one index for a whole row
    smooth   whether exp takes part: then numbers are compared to nine digits, and otherwise exactly
    """

    def __init__(
        self, given, steps=(), *, starts=None, after=None, delta="z", wins=None, rows="", smooth=False
    ):
        self.given, self.steps, self.starts = given, list(steps), starts or {}
        self.after, self.delta, self.wins, self.smooth = after or {}, delta, wins, smooth
        self.rows = rows
        self.values = self._run({})
        self._slopes = {}

    def _run(self, held):
        values = {**self.given, **held}
        for letter, function in self.steps:
            if letter not in held:
                values[letter] = function(values)
        return values

    def layers(self, letter):
        """The numbers of the layers that have this letter; none if it is written without a layer."""
        return sorted(key[1] for key in self.values if isinstance(key, tuple) and key[0] == letter)

    def slopes(self, of, by):
        """The derivative of every entry of `of` with respect to every entry of `by`, of the shape of both in a row."""
        if (of, by) not in self._slopes:
            base = np.asarray(self.values[by], float)
            columns = [self._slope(of, by, base, at) for at in np.ndindex(base.shape)]
            self._slopes[of, by] = np.stack(columns, -1).reshape(np.shape(self.values[of]) + base.shape)
        return self._slopes[of, by]

    def _slope(self, of, by, base, at):
        def moved(steps):
            array = base.copy()
            array[at] += steps * STEP
            return np.asarray(self._run({by: array})[of], float)

        return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * STEP)

    def value(self, key):
        """The number or the array that a letter stands for."""
        return self.exactly(self.values[key])

    def exactly(self, value):
        """The same value in fractions, or in floats where exp takes part."""
        if isinstance(value, (tuple, int)):
            return value
        if self.smooth:
            return float(value) if np.ndim(value) == 0 else np.asarray(value, float)
        if np.ndim(value) == 0:
            return Fraction(float(value))
        array = np.empty(np.shape(value), object)
        for at in np.ndindex(array.shape):
            array[at] = Fraction(float(value[at]))
        return array

    def sizes(self):
        """What an error says about the draw."""
        return ", ".join(f"{key} = {value}" for key, value in self.values.items() if isinstance(value, int))
