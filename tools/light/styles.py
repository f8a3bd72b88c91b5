"""A style sheet cut to the rules that can match something on a page.

As PurgeCSS does it: a selector stays if every class and id in it is a word that a page or a script of the book has. Scripts
add classes, so their words count; what a rule means in a browser does not have to be known. Then variables, animations
and faces go that nothing names any more.
"""

import re

import tinycss2

COMMENT = re.compile(r"/\*.*?\*/", re.S)
NOTICE = re.compile(r"/\*!.*?\*/", re.S)  # whose work it is, which must stay with it
GROUPS = ("media", "supports", "layer", "container")
# One of the selectors in these must be possible; what stands in :not() need not be there.
ALTERNATIVES = ("is", "where", "has")
# At-rules that do nothing until a rule names them: where their name stands.
ON_CALL = {"font-face": r"font-family:\s*[\"']?([^;}\"']+)", "keyframes": r"^\S+\s+([\w-]+)"}
VARIABLE = re.compile(
    r"""(?<=[{;])\s*(--[\w-]+)\s*:(?:"[^"]*"|'[^']*'|\([^()]*(?:\([^()]*\)[^()]*)*\)|[^;{}"'()])*(?:;|(?=}))"""
)


def split(tokens):
    """The parts of a list of selectors, at its commas."""
    parts = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def is_possible(selector, words):
    """Whether each class, id and alternative of one selector is among the words."""
    before = None
    for token in selector:
        if token.type == "ident" and before == "." and token.value not in words:
            return False
        if token.type == "hash" and token.value not in words:
            return False
        alternatives = token.type == "function" and token.lower_name in ALTERNATIVES
        if alternatives and not any(is_possible(part, words) for part in split(token.arguments)):
            return False
        before = token.value if token.type == "literal" else None
    return True


def rules(css, words, on_call):
    """The rules of a style sheet, as text, of which something can match; at-rules to be called go to `on_call`."""
    for rule in css:
        if rule.type == "qualified-rule":
            kept = [part for part in split(rule.prelude) if is_possible(part, words)]
            if kept:
                selectors = ",".join(tinycss2.serialize(part).strip() for part in kept)
                yield f"{selectors}{{{tinycss2.serialize(rule.content).strip()}}}"
        elif rule.type == "at-rule":
            keyword = rule.lower_at_keyword.removeprefix("-webkit-")
            if keyword in GROUPS and rule.content is not None:
                inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                text = "".join(rules(inner, words, on_call))
                if text:
                    yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude).rstrip()}{{{text}}}"
            elif keyword in ON_CALL:
                text = rule.serialize()
                on_call.append((re.search(ON_CALL[keyword], text)[1], text))
            elif keyword != "charset":
                yield rule.serialize()


def without_unused_variables(css, named):
    """Drop `--name: value` where neither the style sheet nor the text `named` asks for `--name`."""
    used = {*re.findall(r"var\(\s*(--[\w-]+)", css), *re.findall(r"--[\w-]+", named)}
    shorter = VARIABLE.sub(lambda found: found[0] if found[1] in used else "", css)
    # What only a dropped variable asked for is not used either.
    return css if shorter == css else without_unused_variables(shorter, named)


def cut(css, words, named=""):
    """A style sheet with the rules that can match something, and what these need.

    words  the classes and ids of all pages and the words of their scripts
    named  text of pages and scripts, for the variables that are named there
    """
    parsed = tinycss2.parse_stylesheet(COMMENT.sub("", css), skip_comments=True, skip_whitespace=True)
    on_call = []
    text = without_unused_variables("".join(rules(parsed, words, on_call)), named)
    called = "".join(rule for name, rule in on_call if name in text)
    notices = "".join(dict.fromkeys(NOTICE.findall(css)))
    return notices + re.sub(r"\s*\n\s*", "\n", called + text)
