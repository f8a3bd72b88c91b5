"""Compute both sides of a formula from what is printed.

An index runs over the entries of the array at which it stands alone: that is the rule of the page *Notation*, for sums
and for the indexes on the left alike. A condition that is printed leaves some of them out. An index that leaves its
array is an error. A layer runs over all layers that have the arrays of the equation.
"""

import math
import operator
from fractions import Fraction

import numpy as np
from lark import Token, Tree

from cnnlab.activations import sigmoid, sigmoid_backward, softmax, tanh, tanh_backward
from tools.equations import grammar
from tools.equations.world import COST

CLOSE = 1e-9
COSTS = (COST, "E")
RELATIONS = {
    "=": operator.eq,
    r"\leftarrow": operator.eq,
    r"\ne": operator.ne,
    r"\le": operator.le,
    r"\ge": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
FUNCTIONS = {
    r"\sigma": sigmoid,
    r"\sigma'": lambda x: sigmoid_backward(np.ones_like(x), x),
    "f": tanh,  # any smooth function
    "f'": lambda x: tanh_backward(np.ones_like(x), x),
    r"\operatorname{softmax}": softmax,
    r"\operatorname{cov}": lambda a, b: np.mean(a * b) - np.mean(a) * np.mean(b),
    r"\operatorname{flat}": lambda x: x.reshape(len(x), -1),
    r"\max": np.max,
}
SMOOTH = {r"\sigma", r"\sigma'", "f", "f'", r"\operatorname{softmax}"}


class Wrong(ValueError):
    """A formula says something that is not so, or nothing at all; the message is for its author."""


class Unknown(Wrong):
    """A letter, or a letter with so many indexes, that means nothing in this world."""


def check(tex, world):
    """Compute the sides of a formula for every value of its free indexes and compare. Returns how often; raises Wrong."""
    try:
        return Formula(tex, world).check()
    except (Wrong, grammar.NotRead):
        raise
    except (ArithmeticError, IndexError, TypeError, ValueError) as error:
        raise Wrong(f"{tex}: cannot be computed as printed ({error})") from None


class Formula:
    """One formula in one world."""

    def __init__(self, tex, world):
        self.tex, self.world = tex, world
        self.tree = grammar.read(tex)
        clause = next((c for c in self.tree.children if _is(c, "clause", "over", "where")), None)
        self.chain = [child for child in self.tree.children if child is not clause]
        self.only, self.over = [], {}
        if _is(clause, "where"):
            self.only = clause.children[-1].children
        elif _is(clause, "over"):
            name = next(c for c in clause.children if isinstance(c, Token) and c.type == "NAME")
            self.over = {str(name): clause.children[-1].children}

    def check(self):
        """Compare all sides, for all values of the free indexes."""
        times = 0
        for indexes in self._every(sorted(self._free(self.tree)), self.chain[::2], self.only, {}):
            sides = [None if _is_relation(side) else side for side in self.chain]
            self._compare(sides, indexes)
            times += 1
        if not times:
            raise Wrong(f"{self.tex}: no index fulfils its conditions ({self.world.sizes()})")
        unused = [name for name in self.over if name not in self._summed(self.tree)]
        if unused:
            raise Wrong(f"{self.tex}: a range is printed for {unused[0]}, which is not summed")
        return times

    def number(self):
        """The first side, where it has no letters."""
        return self.value(self.chain[0], {})

    def _compare(self, sides, indexes):
        values = [None if side is None else self.value(side, indexes) for side in sides]
        for k in range(1, len(sides), 2):
            relation = str(self.chain[k])
            left, right = values[k - 1], values[k + 1]
            if relation == r"\leftarrow":
                left = self._after(sides[k - 1])
            if not _holds(relation, left, right):
                raise Wrong(self._report(sides[k - 1], relation, sides[k + 1], left, right, indexes))

    def _report(self, left_side, relation, right_side, left, right, indexes):
        def say(tree):
            return grammar.source(tree, self.tex)

        terms = "".join(
            f"\n    term   {sign}{say(term)} = {_text(self.value(term, indexes))}"
            for sign, term in _terms(right_side)
        )
        where = ", ".join([*(f"{name} = {value}" for name, value in indexes.items()), self.world.sizes()])
        return (
            f"{self.tex}\n    at     {where}\n    left   {say(left_side)} is {_text(left)}"
            f"\n    right  {say(right_side)} is {_text(right)}, and not {relation} it as printed{terms}"
        )

    def _after(self, side):
        letter = str(side.children[0]) if _is(side, "symbol") and len(side.children) == 1 else None
        if letter not in self.world.after:
            raise Unknown(f"{self.tex}: nothing is known about an update of {grammar.source(side, self.tex)}")
        return self.world.exactly(self.world.after[letter])

    # Indexes: which there are, and over what they run.

    def _free(self, tree, bound=frozenset()):
        """Letters that mean nothing in the world and are not summed over: the indexes on the left."""
        if not isinstance(tree, Tree):
            return set()
        if _is(tree, "big"):
            bound = bound | set(_names(tree.children[1]))
        if _is(tree, "over"):
            bound = bound | set(self.over)
        found = set()
        if _is(tree, "symbol") and tree.children[0].type == "NAME":
            name = str(tree.children[0])
            if len(tree.children) == 1 and name not in bound and not self._meaning(name):
                found.add(name)
        if _is(tree, "above", "below") and isinstance(tree.children[0], Token):
            name = str(tree.children[0])
            number = tree.children[0].type == "NUMBER"
            if not (number or name in bound or self._meaning(name) or (name == "T" and _is(tree, "above"))):
                found.add(name)
        return found.union(*(self._free(child, bound) for child in tree.children))

    def _summed(self, tree):
        return {name for big in tree.find_data("big") for name in _names(big.children[1])}

    def _meaning(self, name):
        """Whether a letter alone is a number or an array of the world."""
        return name in self.world.values or bool(self.world.layers(name)) or name in (r"\delta", "e")

    def _every(self, names, trees, conditions, indexes):
        """All values of the indexes `names` that fulfil the conditions; layers first, as sizes may depend on them."""
        if not names:
            if all(self._true(condition, indexes) for condition in conditions):
                yield indexes
            return
        for name in sorted(names, key=lambda n: not self._is_layer(n, trees)):
            rest = [other for other in names if other != name]
            values = self._range(name, [*trees, *conditions], indexes, rest)
            if values is None:
                continue
            for value in values:
                now = {**indexes, name: value}
                # A condition that is decided already keeps later indexes from leaving their arrays.
                if all(self._true(c, now) for c in conditions if not self._names_in(c) & set(rest)):
                    yield from self._every(rest, trees, conditions, now)
            return
        raise Unknown(
            f"{self.tex}: {names[0]} means nothing here, and as an index it stands alone at no array: print its range"
        )

    def _is_layer(self, name, trees):
        return any(_alone(script) == name for tree in trees for script in tree.find_data("above"))

    def _names_in(self, tree):
        return {str(t) for t in tree.scan_values(lambda t: isinstance(t, Token) and t.type == "NAME")}

    def _range(self, name, trees, indexes, unknown):
        """The values of an index: the entries of the array at which it stands alone. None if that depends on others."""
        found, layers = {}, []
        for symbol in (s for tree in trees for s in tree.find_data("symbol")):
            letter = _base(symbol)
            above, below = _scripts(symbol)
            letter = self.world.delta if letter == r"\delta" else letter
            if above is not None and _alone(above) == name and self.world.layers(letter):
                layers.append(set(self.world.layers(letter)))
            for axis, entry in enumerate(below.children if below else ()):
                if _alone(entry) != name:
                    continue
                if above is not None and self._names_in(above) & {*unknown, name}:
                    continue
                key = self._key(symbol, letter, above, indexes)
                value = self.world.values[key]
                self._same_rank(symbol, below, value)
                start = self.world.starts.get(key, 0)
                count = len(value) if isinstance(value, tuple) else np.shape(value)[axis]
                found[range(start, start + count)] = grammar.source(symbol, self.tex)
        if layers:
            common = sorted(set.intersection(*layers))
            return [layer for layer in common if self._all_there({**indexes, name: layer}, trees)]
        if len(found) > 1:
            raise Wrong(
                f"{self.tex}: {name} stands alone at "
                + " and at ".join(f"{source} ({len(values)} entries)" for values, source in found.items())
                + "; print its range"
            )
        return next(iter(found), None)

    def _all_there(self, indexes, trees):
        """Whether there is every array whose layer depends on nothing but these indexes."""
        for symbol in (s for tree in trees for s in tree.find_data("symbol")):
            letter = self.world.delta if symbol.children[0] == r"\delta" else _base(symbol)
            above, _ = _scripts(symbol)
            layers = self.world.layers(letter)
            if (
                above is None
                or not layers
                or not {n for n in self._names_in(above) if not self._meaning(n)} <= {*indexes}
            ):
                continue
            if self._script(above.children[0], indexes) not in layers:
                return False
        return True

    # Values.

    def _true(self, condition, indexes):
        sides = [None if _is_relation(side) else side for side in condition.children]
        for k in range(1, len(sides), 2):
            relation = str(condition.children[k])
            left, right = (self.value(sides[k + step], indexes) for step in (-1, 1))
            if relation == r"\in":
                if not isinstance(right, tuple):
                    raise Wrong(f"{self.tex}: {grammar.source(sides[k + 1], self.tex)} is no set")
                holds = left in right
            elif relation == r"\text{ wins window }":
                holds = self.world.wins(int(left), int(right))
            else:
                holds = _holds(relation, left, right)
            if not holds:
                return False
        return True

    def value(self, tree, indexes):
        """The number or the array that a part of the formula stands for."""
        return getattr(self, f"_{tree.data}")(tree, indexes)

    def _number(self, tree, indexes):
        return Fraction(str(tree.children[0]))

    def _group(self, tree, indexes):
        value = self.value(tree.children[0], indexes)
        return self._raised(value, tree.children[1].children[0], indexes) if len(tree.children) > 1 else value

    def _raised(self, value, exponent, indexes):
        if isinstance(exponent, Token) and exponent == "T":
            if np.ndim(value) not in (1, 2):
                raise Wrong(f"{self.tex}: what is transposed must be a vector or a matrix")
            return np.transpose(np.atleast_2d(value) if np.ndim(value) == 2 else value[:, None])
        power = self._script(exponent, indexes)
        if np.ndim(value):
            raise Unknown(f"{self.tex}: an array has no power, and this one has no layers")
        return value**power

    def _negative(self, tree, indexes):
        return -self.value(tree.children[1], indexes)

    def _plus(self, tree, indexes):
        left, _, right = tree.children
        return self._added(self.value(left, indexes), self.value(right, indexes))

    def _minus(self, tree, indexes):
        left, _, right = tree.children
        return self._added(self.value(left, indexes), -self.value(right, indexes))

    def _added(self, left, right):
        if np.ndim(left) and np.ndim(right) and np.shape(left)[-1] != np.shape(right)[-1]:
            raise Wrong(
                f"{self.tex}: arrays of shapes {np.shape(left)} and {np.shape(right)} cannot be added"
            )
        if isinstance(left, tuple) or isinstance(right, tuple):
            raise Wrong(f"{self.tex}: a set cannot be added")
        return left + right

    def _times(self, tree, indexes):
        first, sign, last = (
            tree.children if len(tree.children) == 3 else (tree.children[0], None, tree.children[1])
        )
        left, right = self.value(first, indexes), self.value(last, indexes)
        if sign is not None and sign.type == "ODOT":
            if np.shape(left) != np.shape(right) or not np.ndim(left):
                raise Wrong(
                    f"{self.tex}: {chr(0x2299)} needs two arrays of one shape, "
                    f"got {np.shape(left)} and {np.shape(right)}"
                )
            return left * right
        if isinstance(left, tuple) or isinstance(right, tuple):
            raise Wrong(f"{self.tex}: a set cannot be multiplied")
        if sign is not None and sign.type == "AST":
            if np.ndim(left) != 1 or np.ndim(right) != 1 or len(left) > len(right):
                raise Wrong(f"{self.tex}: * slides a kernel over a longer signal")
            return np.correlate(right.astype(float), left.astype(float), "valid")
        if not np.ndim(left) or not np.ndim(right):
            return left * right
        if np.ndim(left) == 1 and np.ndim(right) == 2 and len(right) == 1:
            return np.outer(left, right[0])
        if np.shape(left)[-1] != np.shape(right)[0] or (
            np.ndim(left) == np.ndim(right) == 1 and sign is None
        ):
            raise Wrong(
                f"{self.tex}: {grammar.source(first, self.tex)} {np.shape(left)} times "
                f"{grammar.source(last, self.tex)} {np.shape(right)} is no product of matrices"
            )
        return left @ right

    def _over_(self, tree, indexes):
        top, bottom = tree.children
        if all(_is(side, "symbol") and side.children[0].type == "GRADIENT" for side in (top, bottom)):
            return self._slope(top, bottom, indexes)
        divisor = self.value(bottom, indexes)
        if np.ndim(divisor) or divisor == 0:
            raise Wrong(f"{self.tex}: divided by an array or by zero")
        value = self.value(top, indexes)
        return value / (Fraction(divisor) if isinstance(divisor, int) else divisor)

    def _fraction(self, tree, indexes):
        return self._over_(Tree("over_", tree.children[1:], tree.meta), indexes)

    def _derivative(self, tree, indexes):
        top, bottom = (child for child in tree.children if isinstance(child, Tree))
        if "GRADIENT" in (top.children[0].type, bottom.children[0].type):
            raise Wrong(
                f"{self.tex}: {grammar.source(tree, self.tex)}: a d too much behind the sign of the derivative"
            )
        return self._slope(top, bottom, indexes)

    def _slope(self, top, bottom, indexes):
        parts = []
        for symbol in (top, bottom):
            letter, (above, below) = _base(symbol), _scripts(symbol)
            key = self._key(symbol, letter, above, indexes)
            parts.append((key, self._at(symbol, key, below, indexes)))
        (of, at), (by, to) = parts
        slopes = self.world.exactly(self.world.slopes(of, by))
        if at is None and np.ndim(self.world.values[of]):
            raise Wrong(f"{self.tex}: {grammar.source(top, self.tex)} has many entries; say which")
        entry = slopes[at] if at else slopes
        return entry[to] if to else entry

    def _nabla(self, tree, indexes):
        _, letter, cost = tree.children
        cost = str(cost.children[0]) if _is(cost, "symbol") and len(cost.children) == 1 else ""
        if cost not in COSTS or cost not in self.world.values:
            raise Unknown(f"{self.tex}: the gradient is that of the cost, {' or '.join(COSTS)}")
        layers = self.world.layers(str(letter))
        key = (str(letter), layers[-1]) if layers else str(letter)
        if key not in self.world.values:
            raise Unknown(f"{self.tex}: {letter} means nothing here")
        return self.world.exactly(self.world.slopes(cost, key))

    def _floor(self, tree, indexes):
        return Fraction(math.floor(self.value(tree.children[1], indexes)))

    def _inner(self, tree, indexes):
        left, right = (self.value(child, indexes) for child in tree.children if isinstance(child, Tree))
        if np.shape(left) != np.shape(right):
            raise Wrong(f"{self.tex}: an inner product of shapes {np.shape(left)} and {np.shape(right)}")
        return np.sum(left * right)

    def _call(self, tree, indexes):
        name, *arguments = tree.children
        if str(name) not in FUNCTIONS:
            raise Unknown(f"{self.tex}: the function {name} is not known")
        values = [self.value(argument, indexes) for argument in arguments]
        if name in SMOOTH:
            values = [np.asarray(value, float) for value in values]
        try:
            value = FUNCTIONS[str(name)](*values)
        except (TypeError, ValueError, IndexError) as error:
            raise Wrong(f"{self.tex}: {grammar.source(tree, self.tex)}: {error}") from None
        return value[()] if isinstance(value, np.ndarray) else value

    def _braced(self, tree, indexes):
        return self.value(tree.children[1], indexes)

    def _bracket(self, tree, indexes):
        conditions = tree.children[0].children
        if len(conditions) == 1 and len(conditions[0].children) == 3:  # entry by entry, if a side is an array
            left, relation, right = conditions[0].children
            if str(relation) in RELATIONS:
                values = [self.value(side, indexes) for side in (left, right)]
                if any(np.ndim(value) for value in values):
                    return RELATIONS[str(relation)](*values).astype(int)
        return Fraction(all(self._true(condition, indexes) for condition in conditions))

    def _row(self, tree, indexes):
        return np.array([self.value(child, indexes) for child in tree.children], object)

    def _big(self, tree, indexes):
        sign, limits, body = tree.children
        names = _names(limits)
        taken = [name for name in names if name in indexes or self._meaning(name)]
        if taken:
            raise Wrong(f"{self.tex}: {taken[0]} is summed over and has another meaning already")
        if limits.data == "from_to":
            name, _, low, high = limits.children
            low, high = (self._script(bound, indexes) for bound in (low, high))
            every = ({**indexes, str(name): value} for value in range(int(low), int(high) + 1))
        else:
            conditions = (
                limits.children[1].children if len(limits.children) > 1 and limits.data == "over_all" else []
            )
            if limits.data == "related":
                conditions = [Tree("condition", [_symbol(limits.children[0]), *limits.children[1:]])]
            conditions = [*conditions, *(c for name in names for c in self.over.get(name, ()))]
            every = self._every(names, [body], conditions, indexes)
        values = [self.value(body, now) for now in every]
        if sign.type == "SUM":
            return sum(values[1:], values[0]) if values else Fraction(0)
        if not values:
            raise Wrong(f"{self.tex}: the maximum of nothing")
        return max(values)

    def _symbol(self, tree, indexes):
        head, name = tree.children[0], str(tree.children[0])
        above, below = _scripts(tree)
        if head.type == "NAME" and name in indexes:
            if len(tree.children) > 1:
                raise Wrong(f"{self.tex}: the index {name} has an index")
            return indexes[name]
        if name == "e" and "e" not in self.world.values:
            exponent = above.children[0] if above else Tree("number", ["1"])
            return math.exp(
                self.value(_symbol(exponent) if isinstance(exponent, Token) else exponent, indexes)
            )
        gradient = head.type == "GRADIENT" or name == r"\delta"
        letter = self.world.delta if name == r"\delta" else _base(tree)
        layered = bool(self.world.layers(letter))
        key = self._key(tree, letter, above if layered else None, indexes)
        value = self.world.slopes(COST, key) if gradient else self.world.values[key]
        at = self._at(tree, key, below, indexes)
        entry = self.world.exactly(
            value if at is None else value[at[0]] if isinstance(value, tuple) else value[at]
        )
        if above is not None and not layered:
            entry = self._raised(entry, above.children[0], indexes)
        return entry

    def _key(self, symbol, letter, above, indexes):
        """The key of a letter in the world, with its layer where it has one."""
        layers = self.world.layers(letter)
        if not layers:
            if letter not in self.world.values:
                raise Unknown(f"{self.tex}: {grammar.source(symbol, self.tex)}: {letter} means nothing here")
            return letter
        if above is None:
            raise Unknown(
                f"{self.tex}: {grammar.source(symbol, self.tex)}: {letter} needs its layer, written above"
            )
        layer = self._script(above.children[0], indexes)
        if layer not in layers:
            raise Wrong(
                f"{self.tex}: {grammar.source(symbol, self.tex)}: there is no {letter} in layer {layer}, "
                f"at {indexes}; print the range"
            )
        return (letter, int(layer))

    def _at(self, symbol, key, below, indexes):
        """The entry that indexes point at, counted from 0; None for the whole array."""
        if below is None:
            return None
        value, start = self.world.values[key], self.world.starts.get(key, 0)
        shape = self._same_rank(symbol, below, value)
        at = tuple(int(self._script(entry, indexes)) - start for entry in below.children)
        source = grammar.source(symbol, self.tex)
        for entry, size in zip(at, shape, strict=True):
            if not 0 <= entry < size:
                where = ", ".join(f"{name} = {value}" for name, value in indexes.items())
                raise Wrong(
                    f"{self.tex}: the index {entry + start} of {source} leaves the array of {size} entries, at {where} "
                    f"({self.world.sizes()}); print the range"
                )
        return at

    def _same_rank(self, symbol, below, value):
        """The shape of an array whose entries have as many indexes as are printed."""
        shape = (len(value),) if isinstance(value, tuple) else np.shape(value)
        letter = self.world.delta if symbol.children[0] == r"\delta" else _base(symbol)
        if letter in self.world.rows and len(below.children) == 1:
            return shape[:1]
        if len(below.children) != len(shape):
            raise Unknown(
                f"{self.tex}: {grammar.source(symbol, self.tex)} has {len(below.children)} indexes, "
                f"and the array has {len(shape)} axes"
            )
        return shape

    def _script(self, entry, indexes):
        """The value of what stands above or below: an integer."""
        if isinstance(entry, Token):
            if entry.type == "NUMBER":
                if len(entry) > 1:
                    raise Wrong(f"{self.tex}: {entry} without braces; TeX takes its first digit only")
                return int(entry)
            entry = _symbol(entry)
        value = self.value(entry, indexes)
        if np.ndim(value) or isinstance(value, tuple) or value != int(value):
            raise Wrong(
                f"{self.tex}: {grammar.source(entry, self.tex)} is no integer, and stands as an index"
            )
        return int(value)


def _is(tree, *kinds):
    return isinstance(tree, Tree) and tree.data in kinds


def _is_relation(child):
    return isinstance(child, Token) and child.type == "RELATION"


def _symbol(token):
    tree = Tree("symbol", [token])
    tree.meta.start_pos, tree.meta.end_pos = token.start_pos, token.end_pos
    return tree


def _base(symbol):
    """The letter of a symbol, without the d of a gradient."""
    head = symbol.children[0]
    return str(head)[1:].removeprefix(r"\,") if head.type == "GRADIENT" else str(head)


def _scripts(symbol):
    """What stands above and what stands below; twice the same is an error of TeX as well."""
    above = [script for script in symbol.children[1:] if script.data == "above"]
    below = [script for script in symbol.children[1:] if script.data == "below"]
    if len(above) > 1 or len(below) > 1:
        raise Wrong(f"{symbol.children[0]} has two scripts at one place")
    return above[0] if above else None, below[0] if below else None


def _alone(entry):
    """The letter that an index consists of, if it is one letter."""
    if _is(entry, "above", "below"):
        entry = entry.children[0]
    if _is(entry, "symbol") and len(entry.children) == 1:
        entry = entry.children[0]
    return str(entry) if isinstance(entry, Token) and entry.type == "NAME" else None


def _names(limits):
    first = limits.children[0]
    if _is(first, "names"):
        return [str(name) for name in first.children]
    both = limits.data == "related" and limits.children[1] == r"\ne"  # a sum over p and q, which are unequal
    return [str(first), *([_alone(limits.children[2])] if both else [])]


def _terms(side, sign=""):
    """The terms of a sum with two or more of them, with their signs."""
    if _is(side, "plus", "minus"):
        left, middle, right = side.children
        return [*(_terms(left) or [("", left)]), (f"{middle} ", right)]
    return []


def _holds(relation, left, right):
    if relation not in RELATIONS:
        raise Wrong(f"{relation} between these two has no meaning")
    if isinstance(left, tuple) or isinstance(right, tuple) or np.shape(left) != np.shape(right):
        return False
    pairs = list(zip(np.ravel(left), np.ravel(right), strict=True))
    near = [_near(a, b) for a, b in pairs]
    if relation in ("=", r"\leftarrow"):
        return all(near)
    if relation == r"\ne":
        return not all(near)
    inclusive = relation in (r"\le", r"\ge")
    return all(
        inclusive if same else RELATIONS[relation](a, b) for same, (a, b) in zip(near, pairs, strict=True)
    )


def _near(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE)
    return a == b


def _text(value):
    if np.ndim(value):
        return f"an array of shape {np.shape(value)}: {[_text(entry) for entry in np.ravel(value)[:6]]}"
    return f"{float(value):.10g}" if isinstance(value, float) else str(value)
