r"""Read the TeX of a formula. What is not read raises; nothing is passed over but spaces and the size of brackets.

The grammar knows the notation of this book: entries of arrays, sums with what is printed below and above them, products,
derivatives, brackets with a condition, and the relations between sides. A formula becomes a `lark.Tree` of these.
"""

import re
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

GRAMMAR = r"""
equation: side (RELATION side)+ clause?
clause: LABEL
      | LABEL? OVER NAME WITH conditions -> over
      | LABEL? FOR conditions -> where
conditions: condition ("," condition)*
condition: side (RELATION side)+

?side: term
     | MINUS term -> negative
     | side PLUS term -> plus
     | side MINUS term -> minus
?term: factor
     | big
     | factor [CDOT | ODOT | AST] term -> times
?factor: atom
       | factor "/" atom -> over_
       | PARTIAL symbol "/" PARTIAL symbol -> derivative
?atom: symbol
     | number
     | "(" side ")" power? -> group
     | "[" conditions "]" -> bracket
     | "[" side ("," side)+ "]" -> row
     | FRAC "{" side "}" "{" side "}" -> fraction
     | FRAC "{" PARTIAL symbol "}" "{" PARTIAL symbol "}" -> derivative
     | LFLOOR side RFLOOR -> floor
     | LANGLE side "," side RANGLE -> inner
     | FUNCTION "(" side ("," side)* ")" -> call
     | MAX "(" side ")" -> call
     | NABLA NAME symbol -> nabla
     | UNDERBRACE "{" side "}" "_" "{" LABEL "}" -> braced
number: NUMBER
big: (SUM | MAX) limits term
limits: "_" NAME -> over_all
      | "_" "{" names (":" conditions)? "}" -> over_all
      | "_" "{" NAME RELATION side "}" -> related
      | "_" "{" NAME RELATION side "}" "^" upper -> from_to
names: NAME ("," NAME)*
?upper: "{" side "}" | symbol_alone | number
symbol_alone: NAME -> symbol
symbol: (NAME | GRADIENT) script*
script: "_" (NAME | NUMBER) -> below
      | "_" "{" side ("," side)* "}" -> below
      | "^" (NAME | NUMBER) -> above
      | "^" "{" side "}" -> above
power: "^" (NAME | NUMBER) | "^" "{" side "}"

RELATION.3: /=|<|>|\\(?:leftarrow|le|ge|ne|in)(?![a-zA-Z])|\\text\{ wins window \}/
PLUS: "+"
MINUS: "-"
CDOT: "\\cdot" | "\\times"
ODOT: "\\odot"
AST: "*" | "\\ast"
PARTIAL: "\\partial"
FRAC.2: "\\frac" | "\\tfrac"
LFLOOR: "\\lfloor"
RFLOOR: "\\rfloor"
LANGLE: "\\langle"
RANGLE: "\\rangle"
SUM: "\\sum"
MAX: "\\max"
UNDERBRACE: "\\underbrace"
NABLA: "\\nabla_"
OVER.3: /\\text\{,? ?over those \}/
WITH.3: "\\text{ with }"
FOR.3: /\\text\{,? ?for \}/
FUNCTION.2: "\\sigma'" | "\\sigma" | /f'?(?=\()/ | /\\operatorname\{[a-z]+\}/
GRADIENT.2: /d(?:[a-zA-Z](?![a-zA-Z'])|\\bar [a-z]|\\theta(?![a-zA-Z])|\\,\\text\{[a-z]+\})/
NAME: /[a-zA-Z]'*|\\bar [a-z]|\\(?:theta|eta|mu|delta)(?![a-zA-Z])|\\text\{[a-z]+(?: [a-z]+)?\}/
LABEL: /\\text\{[^{}]*\}/
NUMBER: /\d+(?:\.\d+)?/

SPACE: /(?:\\[,;:! ]|\\q?quad(?![a-zA-Z])|~|\{\}|&|\s)+/
SIZE: /\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z])/
%ignore SPACE
%ignore SIZE
"""


class NotRead(ValueError):
    """The formula is not in the notation that the grammar knows."""


@cache
def _parser():
    return Lark(GRAMMAR, start="equation", parser="lalr", propagate_positions=True)


@cache
def read(tex):
    """The tree of an equation, or NotRead with the place where it ends."""
    try:
        return _parser().parse(tex)
    except UnexpectedInput as error:
        at = getattr(error, "pos_in_stream", None)
        rest = tex[at:] if isinstance(at, int) and at >= 0 else ""
        raise NotRead(
            f"{tex!r} cannot be read from {rest[:30]!r} on" if rest else f"{tex!r} ends too early"
        ) from None


def tokens(tree):
    """The tokens of a tree, from left to right; signs that only hold it together, such as commas, are not among them."""
    return sorted(tree.scan_values(lambda t: isinstance(t, Token)), key=lambda token: token.start_pos)


def source(tree, tex):
    """The piece of the formula that a part of its tree was read from."""
    if not isinstance(tree, Tree):
        return str(tree)
    return re.sub(r"\s+", " ", tex[tree.meta.start_pos : tree.meta.end_pos])
