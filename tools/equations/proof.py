"""Each equation of a page is evaluated, or it is declared with a reason. Anything else is a problem for its author.

What an author says about the equations of a cell stands in its metadata under `formulas`, or between the dashes at the
top of a Markdown page:

    about      the setting they belong to, or several: names of `tools.equations.settings`
    declared   {how an equation begins: why it is not evaluated}

Without `about`, the ordinary settings are tried; the first that knows all letters counts. Some need no word: arithmetic,
which is computed; `w = 3`, which gives a value; and in sentences `j = i + m`, which names an index, or `z > 0`, a condition.
"""

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from tools.equations import evaluate, find, grammar, notation, settings
from tools.equations.world import World

_NUMBER = r"-?\d+(?:\.\d+)?"
_LETTER = r"(?:\\[a-zA-Z]+(?:\{\w+\})?|d?[a-zA-Z])(?:'|[_^](?:\w|\{[^{}]*\}))*"
_ENTRIES = r"-?[\w.]+(?:,(?:\\[,;])?\s*-?[\w.]+)*"
_VALUE = re.compile(
    rf"{_LETTER}\s*=\s*(?:\\begin\{{bmatrix\}}.*|{_NUMBER}(?:\s*/\s*\d+)?|{_NUMBER}(?:,\s*{_NUMBER})+|[\[(]\s*{_ENTRIES}\s*[\])])",
    re.DOTALL,
)
INDEXES = {name + prime for name in "ijmnpqrsuvlkc" for prime in ("", "'")}
NOTHING = World({})


@dataclass
class Judged:
    """What became of one equation: it was evaluated, or it was declared, or it has a problem."""

    equation: find.Equation
    about: str = ""  # the setting in which it was evaluated, "numbers" for arithmetic
    reason: str = ""  # why it was not
    problem: str = ""  # what is wrong with it
    times: int = 0  # how many entries were compared
    declared: bool = False  # whether the reason is the author's own

    @property
    def evaluated(self):
        """Whether both sides were computed and agree."""
        return bool(self.about) and not self.problem


@cache
def world(name, seed):
    """A world is drawn once, for all equations about it."""
    return settings.draw(name, seed)


def page(path):
    """The outcome for each equation of a page."""
    return [
        outcome for where, text, said in find.cells(path) for outcome in cell(path.stem, where, text, said)
    ]


def cell(name, where, text, said):
    """The outcomes for the equations of one piece of text, and a problem for each word about none of them."""
    declared = dict(said.get("declared", {}))
    about = said.get("about", settings.ORDINARY)
    about = (about,) if isinstance(about, str) else tuple(about)
    outcomes, used = [], set()
    unknown = [one for one in about if one not in settings.SETTINGS]
    for equation in find.equations(name, where, text):
        start = next((start for start in declared if _plain(equation.tex).startswith(_plain(start))), None)
        if start is not None:
            used.add(start)
            outcomes.append(Judged(equation, reason=declared[start], declared=True))
        elif unknown:
            outcomes.append(Judged(equation, problem=f"there is no setting {unknown[0]!r}"))
        else:
            outcomes.append(one(equation, about))
    for start in declared.keys() - used:
        lost = find.Equation(name, where, start, False)
        outcomes.append(
            Judged(lost, problem="declared, but no equation of the cell begins so; take it out or mend it")
        )
    return outcomes


def one(equation, about):
    """Evaluate one equation, in the first setting that knows its letters."""
    if reason := _needs_no_word(equation):
        return Judged(equation, reason=reason)
    try:
        front, count, plain = _cut(equation.tex)
        times = arithmetic(plain, equation.tex)
        if times and count < 2:
            return Judged(equation, "numbers", times=times)
        name, compared = proved(front if plain and count > 1 else equation.tex, about)
        return Judged(equation, name, times=times + compared)
    except (grammar.NotRead, evaluate.Wrong) as error:
        return Judged(equation, problem=str(error))


def proved(tex, about):
    """(setting, entries compared) of an equation that holds; raises otherwise."""
    reasons = []
    for name in about:
        try:
            times = sum(evaluate.check(tex, world(name, seed)) for seed in settings.draws(name))
        except evaluate.Unknown as error:
            reasons.append(f"{name}: {error}")
            continue
        unlisted = letters(tex) - notation.read().letters
        if unlisted:
            raise evaluate.Wrong(
                f"{tex}: {', '.join(sorted(unlisted))} stands in no table of the page Notation"
            )
        return name, times
    raise evaluate.Wrong("no setting knows all its letters. " + "\n    ".join(reasons))


def letters(tex):
    """The letters of an equation, without the d of a gradient, primes, words of functions, and the e of exp."""
    found = set()
    for token in grammar.tokens(grammar.read(tex)):
        if token.type in ("NAME", "GRADIENT"):
            text = token[1:].removeprefix(r"\,") if token.type == "GRADIENT" else token
            found.add(re.sub(r"\\text\{([\w ]+)\}", r"\1", text.rstrip("'")))
    return found - {"e", "T"}


def _cut(tex):
    """A chain as (the sides with letters, how many, the plain numbers at its end)."""
    sides = [side for side in grammar.read(tex).children[::2] if side.data not in ("clause", "over", "where")]
    lettered = [any(t.type in ("NAME", "GRADIENT") for t in grammar.tokens(side)) for side in sides]
    first = max((k + 1 for k, letter in enumerate(lettered) if letter), default=0)
    front = tex[: sides[first - 1].meta.end_pos] if first else ""
    return front, first, [grammar.source(side, tex) for side in sides[first:]]


def arithmetic(sides, tex):
    """How many neighbors among plain numbers were computed and are equal. The last one may be rounded."""
    for left, right in itertools.pairwise(sides):
        values = [evaluate.Formula(f"{side} = 0", NOTHING).number() for side in (left, right)]
        printed = re.fullmatch(r"-?\d+\.(\d+)", right.replace(" ", ""))
        slack = Fraction(1, 2 * 10 ** len(printed[1])) if printed else 0
        if abs(values[0] - values[1]) > slack:
            raise evaluate.Wrong(
                f"{tex}\n    left   {left} is {float(values[0]):.10g}\n    right  {right} is printed"
            )
    return max(len(sides) - 1, 0)


def _needs_no_word(equation):
    if _VALUE.fullmatch(equation.tex):
        return "gives a value: a field or the example's data prove the number"
    if equation.displayed:
        return ""
    try:
        tree = grammar.read(equation.tex)
    except grammar.NotRead:
        return ""
    names = {str(t) for t in grammar.tokens(tree) if t.type in ("NAME", "GRADIENT", "FUNCTION")}
    if names and names <= INDEXES and not list(tree.find_data("below")):
        return "names an index"
    if not {str(t) for t in tree.children[1::2]} & {"=", r"\leftarrow"}:
        return "states a condition"
    return ""


def counts(outcomes):
    """{"displayed, evaluated": how many, ...}"""
    found = Counter()
    for outcome in outcomes:
        ends = ["with a problem"] * bool(outcome.problem) + ["evaluated"] * outcome.evaluated
        end = (ends or ["declared" if outcome.declared else outcome.reason.partition(":")[0]])[0]
        found[f"{'displayed' if outcome.equation.displayed else 'in sentences'}, {end}"] += 1
    return dict(found)


def _plain(tex):
    return re.sub(r"\\[,;:! ]|\s|\{\}", "", tex)
