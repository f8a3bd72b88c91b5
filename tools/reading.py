"""What a reader meets in a chapter: visible words, answer boxes, goals, and answers that stand too early.

    python -m tools.reading                 all chapters, as a table
    python -m tools.reading two-dimensions  only the chapters named

Visible are the words of Markdown cells, the answers to boxes among them, but not what is folded or stands in the margin, and
no code. A formula in a sentence counts as one word, a displayed one as none.
"""

import argparse
import ast
import re
import sys
from dataclasses import dataclass

import yaml
from docutils.nodes import make_id
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.numbers import execute, tokens
from tools.numbers.normalise import VIEW

WORDS, BOXES, GOALS = 2000, 4, range(3, 6)  # what a chapter may have
FOLDED = {"dropdown", "margin", "math", "figure", "image", "code", "code-block", "bibliography", "contents"}
BOX = "cnnlab-answer"  # the class of an answer box's still
STATE = "application/vnd.jupyter.widget-state+json"

_MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin).use(colon_fence_plugin)
_DIRECTIVE = re.compile(r"^\{([\w:-]+)\}")
_OPTION = re.compile(r"^:[\w-]+:.*\n?", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_ASKED = re.compile(r"\b([A-Za-z]\w*)(?=\[[^\]]*\]\s*[?,.]|\?)")


def visible_words(text):
    """How many words of a Markdown text are read without unfolding anything."""
    count = 0
    for token in _MARKDOWN.parse(text):
        if token.type in ("fence", "colon_fence"):
            count += _words_in_directive(token)
        elif token.type == "inline":
            count += sum(_words_in(child) for child in token.children)
    return count


def _words_in(token):
    if token.type in ("text", "code_inline"):
        return len(_WORD.findall(token.content))
    return token.type == "math_inline"


def _words_in_directive(token):
    name = _DIRECTIVE.match(token.info.strip())
    folds = re.search(r"^:class:.*\b(?:dropdown|toggle)\b", token.content, re.MULTILINE)
    if not name or name[1] in FOLDED or folds:
        return 0
    title = token.info.strip()[name.end() :]
    return len(_WORD.findall(title)) + visible_words(_OPTION.sub("", token.content))


def goals(notebook):
    """The items of the first list before the first section, as Markdown."""
    head = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            before, section, _ = ("\n" + cell.source).partition("\n## ")
            head.append(before)
            if section:
                break
    items, depth = [], 0
    for token in _MARKDOWN.parse("\n\n".join(head)):
        depth += token.type in ("bullet_list_open", "ordered_list_open")
        if token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
            if not depth:
                break
        if depth == 1 and token.type == "inline":
            items.append(token.content)
    return items


def sections(notebook, anchor=make_id):
    """The anchors of a notebook's sections, as the built page has them; those of Markdown links with `default_slugify`."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return anchors(text, anchor)


def anchors(text, anchor=make_id):
    """The anchors of the sections of a Markdown text."""
    return set(titles(text, anchor))


def titles(text, anchor=make_id):
    """{anchor: title} of the sections of a Markdown text, without marks of emphasis, code and formulas."""
    found = (re.sub(r"[*`$]", "", title) for title in re.findall(r"^##+ (.+)", text, re.MULTILINE))
    return {anchor(title): title for title in found}


@dataclass(frozen=True)
class Box:
    """An answer box: the place of its cell, what it asks, the answer as it is written, where its replies lead, its hints."""

    index: int
    question: str
    answer: str
    links: tuple
    hints: tuple


def boxes(notebook):
    """The answer boxes of a notebook, from the widgets' stored state."""
    states = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    found = []
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if VIEW in data and BOX in data.get("text/html", ""):
                trace = states[data[VIEW]["model_id"]]["state"]["trace"]
                links = [reply["link"] for known in trace["wrong"] for reply in known["replies"]]
                answer = trace["answer"]["text"]
                box = Box(
                    index,
                    trace["question"],
                    answer,
                    links=tuple(filter(None, links)),
                    hints=tuple(trace["hints"]),
                )
                found.append(box)
    return found


def printed(cell):
    """What a code cell shows as text."""
    texts = (
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", [])
    )
    return "\n".join(texts)


def _assigned(source):
    return {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _used_later(notebook, index):
    """Names that visible code below a cell uses; what a later cell assigns anew counts, too, if it reads it."""
    used = set()
    for cell in notebook.cells[index + 1 :]:
        if cell.cell_type == "code" and "hide-input" not in cell.metadata.get("tags", []):
            names = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]
            own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
            used |= {node.id for node in names if isinstance(node.ctx, ast.Load)} - own
    return used


def _code_above(notebook, index):
    """The code cell that a reader sees last before a cell, if no section begins between them and it is no answer."""
    for cell in reversed(notebook.cells[:index]):
        if cell.cell_type == "code":
            return None if "answer" in cell.metadata.get("tags", []) else cell
        if "\n## " in "\n" + cell.source:
            return None
    return None


def answers_early(notebook):
    """Remarks on what gives a box's answer away, and on cells tagged `answer` that the page cannot fold.

    The code right above a box may neither compute and show the array that it asks for nor print its answer, unless the
    answer is a whole number below 10, which stands everywhere.
    """
    asked = boxes(notebook)
    below = "move it below, into a cell tagged answer"
    for box in asked:
        for name in sorted(_assigned(notebook.cells[box.index].source) & _used_later(notebook, box.index)):
            yield f"the box {box.question!r} assigns {name} for later code, but the page shows no box's code"
        above = _code_above(notebook, box.index)
        if above is None or not above.outputs:
            continue
        for name in sorted(set(_ASKED.findall(box.question)) & _assigned(above.source)):
            yield f"the code above the box {box.question!r} shows {name}; {below}"
        values = {token.text for token in tokens.find(printed(above))}
        if box.answer in values and not re.fullmatch(r"-?\d", box.answer):
            yield f"the output above the box {box.question!r} shows {box.answer}; {below}"
    yield from _misplaced(notebook, asked)


def _misplaced(notebook, asked):
    first = asked[0].index if asked else len(notebook.cells)
    for index, cell in enumerate(notebook.cells):
        if "answer" not in cell.metadata.get("tags", []):
            continue
        where = execute.label(notebook, index)
        if index < first:
            yield f"{where} is tagged answer, but no box stands above it"
        if cell.cell_type == "markdown" and re.search(r"^#{1,6} ", cell.source, re.MULTILINE):
            yield f"{where} is tagged answer and holds a heading; only the lines with the answer may fold"


def chapters():
    """The names of the numbered chapters, in their order."""
    toc = yaml.safe_load((execute.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [part for part in toc["parts"] if part.get("numbered")]
    return [chapter["file"].removeprefix("book/") for part in parts for chapter in part["chapters"]]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.reading", description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="chapters; all numbered ones if none is named")
    print(f"{'chapter':32}{'words':>7}{'of them answers':>17}{'boxes':>7}{'goals':>7}{'linked':>8}")
    for path in execute.find(parser.parse_args(arguments).names or chapters()):
        notebook = execute.read(path)
        text = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
        words = sum(visible_words(cell.source) for cell in text)
        folded = sum(visible_words(cell.source) for cell in text if "answer" in cell.metadata.get("tags", []))
        aims = goals(notebook)
        linked = sum("](" in aim for aim in aims)
        print(f"{path.stem:32}{words:7}{folded:17}{len(boxes(notebook)):7}{len(aims):7}{linked:8}")
        for remark in answers_early(notebook):
            print(f"    {remark}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
