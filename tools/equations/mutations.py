"""Change an equation the way a typist does, one slip at a time, in memory: each that changes the meaning must be noticed."""

import itertools
import re
from dataclasses import dataclass, field

from lark import Token, Tree

from tools.equations import evaluate, grammar, proof, settings

_TWINS = {
    "+": ["-"],
    "-": ["+"],
    "<": [r"\le "],
    r"\le": ["<"],
    r"\ge": [r"\le "],
    r"\ne": ["="],
    r"\odot": [r"\cdot "],
    r"\sigma'": [r"\sigma "],
    r"\sigma": [r"\sigma' "],
    r"\max": [r"\sum "],
}


@dataclass
class Slips:
    """What became of the slips in one equation, or in many."""

    tried: int = 0
    caught: int = 0
    equal: list = field(default_factory=list)  # they say the same: also in draws that the proof never sees
    missed: list = field(default_factory=list)  # further draws show a difference, and the proof did not

    def add(self, other):
        """Count the slips of another tally, too."""
        self.tried += other.tried
        self.caught += other.caught
        self.equal += other.equal
        self.missed += other.missed


def try_all(tex, about):
    """Make every slip in an equation about the setting `about`, and see what becomes of it."""
    tally = Slips()
    for slip in slips(tex):
        tally.tried += 1
        if not _holds(slip, about, settings.draws(about)):
            tally.caught += 1
        else:
            (tally.equal if _holds(slip, about, settings.draws(about, more=True)) else tally.missed).append(
                slip
            )
    return tally


def _holds(tex, about, seeds):
    try:
        for seed in seeds:
            evaluate.check(tex, proof.world(about, seed))
    except (grammar.NotRead, evaluate.Wrong):
        return False
    return True


def slips(tex):
    """Every equation that one slip makes of this one: a set, in order."""
    tree = grammar.read(tex)
    found = {}
    for start, end, new in [*_of_letters(tree), *_of_signs(tree), *_of_pieces(tree, tex)]:
        found.setdefault(tex[:start] + new + tex[end:])
    found.pop(tex, None)
    return list(found)


def _of_letters(tree):
    """A letter for another one of the equation, a d or a prime too much or too little."""
    letters = [token for token in grammar.tokens(tree) if token.type in ("NAME", "GRADIENT")]
    every = sorted({str(token) for token in letters})
    for token in letters:
        # A letter behind a command needs a space, and a prime must not be doubled.
        others = {other for other in every if other != token}
        if token.type == "GRADIENT":
            others.add(token[1:])
        if token.endswith("'"):
            others.add(token.rstrip("'"))
        for other in sorted(others):
            yield token.start_pos, token.end_pos, f"{other} " if re.search(r"[a-zA-Z]\Z", other) else other


def _of_signs(tree):
    """Plus for minus, less for at most, a number one too large or too small."""
    for token in grammar.tokens(tree):
        for new in _TWINS.get(str(token), ()):
            yield token.start_pos, token.end_pos, new
        if token.type == "NUMBER" and token.isdigit():
            for number in {int(token) + 1, max(int(token) - 1, 0)} - {int(token)}:
                yield token.start_pos, token.end_pos, str(number)


def _of_pieces(tree, tex):
    """A factor, a term, a condition, a script left out; neighbors in a list of indexes exchanged."""
    for part in tree.iter_subtrees():
        children = [child for child in part.children if isinstance(child, Tree)]
        if part.data == "times" and len(children) == 2:
            left, right = children
            yield left.meta.start_pos, right.meta.start_pos, ""
            yield left.meta.end_pos, right.meta.end_pos, ""
        if part.data in ("plus", "minus"):
            left, right = children
            yield left.meta.end_pos, right.meta.end_pos, ""
            yield left.meta.start_pos, right.meta.start_pos, ""
        if part.data in ("above", "power"):
            yield part.meta.start_pos, part.meta.end_pos, ""
        if part.data in ("where", "over"):
            yield part.meta.start_pos, part.meta.end_pos, ""
        if part.data == "conditions":
            for condition in children:
                yield from _loosened(condition, tex)
        if part.data == "over_all" and len(part.children) > 1:
            yield part.children[0].meta.end_pos, part.children[1].meta.end_pos, ""
        if part.data in ("below", "names"):
            entries = [_span(child) for child in part.children]
            for (a, b), (c, d) in itertools.pairwise(entries):
                yield a, d, tex[c:d] + tex[b:c] + tex[a:b]


def _loosened(condition, tex):
    """A condition such as 0 <= j - i < M without its first or its last relation."""
    sides = condition.children[::2]
    if len(sides) == 3:
        (first, _), (begin, end), (_, last) = (_span(side) for side in sides)
        yield first, begin, ""
        yield end, last, ""


def _span(piece):
    return (
        (piece.start_pos, piece.end_pos)
        if isinstance(piece, Token)
        else (piece.meta.start_pos, piece.meta.end_pos)
    )
