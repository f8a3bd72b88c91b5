"""One word for one thing: the words of the book, and the others that it does not use.

`remarks` finds the others in the text of a page. Code, addresses and quoted words are left alone. `strings` are what
people read of Python code: the catalogue of mistakes, replies, messages, labels.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXCEPT = "glossary"  # it names the others for who looks for them

WORDS = {
    "place": (r"positions?", "where a kernel lies on its input; each place has one output"),
    "turned": (r"rotat(?:e|es|ed|ing|ions?)|flip(?:s|ped|ping)?", "of a kernel, by 180 degrees"),
    "the turned kernel": (
        r"revers(?:ed?|ing) (?:the )?kernels?|kernels? (?:\w+ )?reversed",
        "in one dimension, too",
    ),
    "PyTorch, TensorFlow and JAX": (r"(?:every|all|most)\s+frameworks?", "some libraries do it otherwise"),
    "feature map": (r"activation maps?", "what one kernel puts out"),
    "receptive field": (r"fields? of view", "the inputs that one output sees"),
    "the Stack Exchange post": (r"the answer's", "the answer is what a reader types, or what is right"),
    "max-pooling": (r"maxpool(?:ing)?|max pooling", "with a hyphen"),
    "fully connected": (r"fully-connected|densely connected", "of a layer"),
}
"""The word of the book: a pattern for the others, and what is meant."""

LEFT_ALONE = re.compile(
    r"^(```+|~~~+)(?!\{).*?^\1|`[^`\n]*`|\]\([^)]*\)|<[^>\n]*>|^>.*?$|\"[^\"\n]*\"", re.MULTILINE | re.DOTALL
)
_OTHERS = {word: re.compile(rf"\b(?:{others})\b", re.IGNORECASE) for word, (others, _) in WORDS.items()}


def prose(text):
    """The text of a page with what is not its own prose blanked, so that places stay."""
    return LEFT_ALONE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def remarks(text):
    """What to say of the words of a Markdown text."""
    own = prose(text)
    for word, others in _OTHERS.items():
        for found in others.finditer(own):
            yield f"{found[0]!r}: this book says {word} ({WORDS[word][1]})"


def strings(source):
    """The strings of Python code that hold more than one word, docstrings apart: (line, text)."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else None
        if isinstance(text, str) and " " in text:
            yield node.lineno, text
