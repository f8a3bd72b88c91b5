"""Find the numbers that a reader sees in a piece of Markdown.

A *token* is one displayed number: ``3``, ``-0.03``, ``1,000``, ``0{,}5`` (a decimal comma in LaTeX), ``1.2e-05``
or ``1.2 \\times 10^{-5}``. Three rules settle the doubtful cases.

Sign. A ``-`` or ``+`` that touches the digits belongs to the number unless it is binary, which it is when a
digit, a letter or a closing bracket stands directly before it. So ``= -0.5``, ``(-0.5)``, ``&-0.5`` and ``a -0.5``
hold the number -0.5; ``3-0.5``, ``x_{1}-0.5``, ``f(x)-0.5`` and ``3 - 0.5`` hold 0.5.

Words. Digits that touch a letter before them are part of a name and no number: ``conv1d``, ``BP1``, ``x_1``.
After a LaTeX command they are a number: ``\\cdot0.5``. A decimal is a number even after a letter (``3x0.5``),
unless a longer word carries it: ``python3.11``, ``v1.2``.

Not numbers at all (`NOT_NUMBERS`): versions and section numbers ("Python 3.11", "chapter 2.1", anything with two
points), the targets of links, URLs, DOIs, names of files, lengths of layout, HTML tags apart from their alt texts.
Code spans and code blocks are displayed, so they follow the same rules as sentences.
"""

import re
from dataclasses import dataclass

_NAMED = (
    "Python|CPython|NumPy|SciPy|PyTorch|Matplotlib|Jupyter|JupyterLab|JupyterLite|Jupyter Book|Pyodide|nbval|"
    "nbgrader|MathJax|Chromium|CC BY|CC BY-SA|versions?|releases?|"
    "chapters?|sections?|figures?|tables?|equations?|exercises?"
)
_TAG = (
    r"a|abbr|b|br|button|caption|code|defs|details|div|em|figcaption|figure|g|h[1-6]|hr|i|img|input|kbd|label|li|"
    r"line|mark|ol|option|p|path|pre|rect|script|section|select|small|span|strong|style|sub|summary|sup|svg|table|"
    r"tbody|td|text|th|thead|title|tr|tspan|u|ul|use"
)
_LENGTH = r"[-+]?(?:\d+\.?\d*|\.\d+)\s*(?:em|ex|pt|px|mm|cm|in|mu)"

NOT_NUMBERS = re.compile(
    r"<!--(?s:.*?)-->"
    rf"|</?(?:{_TAG})(?:\s+[\w:-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[\w.#%-]+))?)*\s*/?>"
    r"|https?://[^\s)>\]]+"
    r"|\]\(\s*<?[^\s)>]*"
    r"|^\s*\[[^\]\n]+\]:\s*\S+"
    r"|\b10\.\d{4,9}/[^\s)>\]]+"
    r"|\barXiv:\s*\d{4}\.\d{4,5}(?:v\d+)?"
    r"|&(?:#\d+|#x[0-9a-fA-F]+|[A-Za-z]+);"
    r"|^\s*:(?:width|height|name|class|label|align|figwidth|scale|target|open):.*$"
    rf"|\\\\\[\s*{_LENGTH}\s*\]"
    rf"|\\(?:hspace|vspace|hskip|vskip|kern|mkern|mskip|mspace|raisebox|rule)\*?\s*\{{?\s*{_LENGTH}\s*\}}?"
    rf"|\b(?i:{_NAMED})[\s~]+\d+(?:\.\d+)+"
    r"|(?<![\d.])\d+(?:\.\d+){2,}(?!\d)"
    r"|(?<![\w.])\d+(?:\.\d+)+\.(?:py|npz|npy|csv|json|svg|png|ipynb|md|txt|whl|gz|zip)\b"
    r"|(?<![\\A-Za-z_])(?:[A-Za-z_]{2,}|v)\d+(?:\.\d+)+"
    r"|\b[\w-]+[-_]\d+(?:\.\d+)+\.(?:py|npz|npy|csv|json|svg|png|ipynb|md|txt|whl|gz|zip)\b",
    re.MULTILINE,
)
_SPOKEN = re.compile(r"\b(?:alt|title|aria-label)\s*=\s*(\"[^\"]*\"|'[^']*')")

_NUMBER = re.compile(
    r"(?:[1-9]\d{0,2}(?:,\d{3})+(?![\d])(?:\.\d+)?|\d+(?:\.\d+|\{,\}\d+)?|\.\d+)"
    r"(?:[eE][-+\u2212]?\d+(?![A-Za-z0-9])|\s*\\(?:times|cdot)\s*10\s*\^\s*(?:\{\s*[-+\u2212]?\d+\s*\}|\d))?"
)
_SIGNS = "-+\u2212"
_WORD_BEFORE = re.compile(r"(\\?)[^\W\d]+\Z")


@dataclass(frozen=True)
class Token:
    """One displayed number: where it stands in the text, and how it is written."""

    start: int
    end: int
    text: str

    @property
    def span(self):
        """Where it begins and ends."""
        return self.start, self.end

    @property
    def is_decimal(self):
        """True if it has a point, a decimal comma or an exponent: such a number must be bound."""
        return any(mark in self.text for mark in (".", "{,}", "e", "E", "\\"))


def blank(text, spans):
    """The text with the given (start, end) spans overwritten, every other character where it was."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = "\0" * (end - start)
    return "".join(characters)


def hidden_spans(text):
    """The (start, end) spans of `text` that hold no number a reader is shown, by the rules above."""
    spans = []
    for match in NOT_NUMBERS.finditer(text):
        start, end = match.span()
        if match.group().startswith("<"):
            for spoken in _SPOKEN.finditer(match.group()):
                spans.append((start, match.start() + spoken.start(1)))
                start = match.start() + spoken.end(1)
        spans.append((start, end))
    return spans


def find(text):
    """All numbers that a reader of this Markdown text sees, in order."""
    text = blank(text, hidden_spans(text))
    tokens = []
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        word = _WORD_BEFORE.search(text, max(0, start - 60), start)
        in_a_word = word is not None and not word.group(1)
        if text[start] == "." and (in_a_word or text[start - 1 : start] == "."):
            start += 1  # "Fig.5" and "1...5": a full stop, then an integer
        token = Token(start, end, text[start:end])
        if in_a_word and not token.is_decimal and match.start() == start:
            continue
        if start and text[start - 1] in _SIGNS and not _ends_an_operand(text[: start - 1]):
            start -= 1
        tokens.append(Token(start, end, text[start:end]))
    return tokens


def _ends_an_operand(before):
    return bool(before) and (before[-1].isalnum() or before[-1] in ")]}%'!")


def around(text, start, end, margin=24):
    """A piece of text with what stands around it, on one line."""
    a, b = max(0, start - margin), min(len(text), end + margin)
    piece = " ".join(text[a:b].split())
    return ("..." if a else "") + piece + ("..." if b < len(text) else "")
