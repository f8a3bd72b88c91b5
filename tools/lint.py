"""Look at the pages without running them.

    python -m tools.lint                 all pages of the book, and the sentences in the code of cnnlab
    python -m tools.lint two-dimensions  only the notebooks named

Every remark is a failure, and says what to do.
"""

import argparse
import ast
import io
import itertools
import re
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path

from tools import words
from tools.numbers import execute, fields, proof, tokens
from tools.numbers.normalise import VIEW


@dataclass(frozen=True)
class Remark:
    """Something to mend on a page."""

    page: str
    where: str
    text: str

    def __str__(self):
        return f"{self.page}, {self.where}: {self.text}"


PACKAGE = words.ROOT / "src" / "cnnlab"
LINE = 79  # characters of code that fit the column of a page; what is folded wraps

_HEADING = re.compile(r"^(#{1,6})\s+\S", re.MULTILINE)
_FENCE = re.compile(r"^(```+|~~~+).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^\s)>]+)")
_EMPTY_ALT = re.compile(r"!\[\s*\]\(")
_ROLE = re.compile(r"\{(?:cite|cite:[pt]|ref|numref|eq|doc|glue|glue:\w+|eval|term|download)\}`")
_TIME = re.compile(
    r"\btime\.(?:time|perf_counter|process_time|monotonic|strftime|ctime)\b|\bperf_counter\(|%%?time(?:it)?\b"
    r"|\btimeit\b|\bdatetime\.(?:now|today|utcnow)\b|\bdate\.today\b|\btqdm\.(?:auto|notebook)\b"
)
_UNSTEADY = re.compile(r"\b(clear_output|update_display)\b|\bOutput\(\)")
_BAR = re.compile(r"\b(?:tqdm|trange)\((?!.*\bdisable=None\b)")
_INTERACT = re.compile(r"@interact\b|\binteract\(|\binteractive\(|\binteract_manual\b|\binteractive_output\(")
_SVG = re.compile(r"<svg\b[^>]*>")
_IMG = re.compile(r"<img\b[^>]*>")


def notebook_remarks(notebook, page="page", folder=None):
    """All remarks on one notebook. Links to files are looked up in `folder`, if one is given."""
    remarks = []
    known = _displayed_elsewhere(notebook)
    for index, cell in enumerate(notebook.cells):
        where = execute.label(notebook, index)
        texts = _code_remarks(cell) if cell.cell_type == "code" else _text_remarks(cell, known, folder)
        texts = [
            *texts,
            *(
                f"metadata {key!r} holds a decimal: {near}; let the code that draws the figure write this text"
                for key, near in proof.unbound_in_metadata(cell.metadata)
            ),
        ]
        remarks += [Remark(page, where, text) for text in texts]
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return remarks + [Remark(page, "headings", text) for text in heading_remarks(prose)]


def page_remarks(text, page="page", folder=None):
    """All remarks on a page that is plain Markdown: it has no kernel, so it may hold no decimal."""
    texts = [
        f"the decimal {tokens.around(text, token.start, token.end)!r} is recomputed by nothing; "
        "move the sentence to a notebook, or write it without the number"
        for token in tokens.find(text)
        if token.is_decimal
    ]
    texts += [f"{match.group()} is filled in only in notebooks" for match in fields.FIELD.finditer(text)]
    texts += _link_remarks(text, folder)
    texts += words.remarks(text) if page != words.EXCEPT else []
    if _EMPTY_ALT.search(text):
        texts.append("an image has no alt text")
    return [Remark(page, "text", t) for t in [*texts, *heading_remarks(text)]]


def _displayed_elsewhere(notebook):
    texts = [cell for cell in notebook.cells if cell.cell_type != "code"]
    return {cell.source[a:b]: expression for cell in texts for a, b, expression in _fields_shown(cell)}


def _fields_shown(cell):
    return fields.slots(fields.render(fields.template(cell), {}), cell.source)


def _text_remarks(cell, known, folder):
    source = cell.source
    for match in fields.FIELD.finditer(source):
        yield f"{match.group()} is not filled in; run python -m tools.refresh"
    if fields.as_written(cell) is None:
        yield "its text was edited since its numbers were computed; run python -m tools.refresh"
    for token in tokens.find(tokens.blank(source, [(a, b) for a, b, _ in _fields_shown(cell)])):
        if token.is_decimal:
            offer = known.get(token.text)
            advice = f"write {{= {offer} =}}, as elsewhere, or" if offer else "write {= EXPRESSION =}, or"
            near = tokens.around(source, token.start, token.end)
            yield f"the decimal in {near!r} is not bound; {advice} let python -m tools.refresh propose"
    for match in _ROLE.finditer(source):
        yield f"{match.group()} stays raw in JupyterLab; write a Markdown link"
    if _EMPTY_ALT.search(source):
        yield "an image has no alt text"
    if cell.cell_type == "raw":
        yield "a raw cell is not shown everywhere; make it Markdown"
    if cell.get("attachments"):
        yield "attachments are not shown on the page; put the file in book/_static"
    yield from words.remarks(source)
    yield from _link_remarks(source, folder)


def _link_remarks(text, folder):
    if folder is None:
        return
    for match in _LINK.finditer(_FENCE.sub("", text)):
        target = match.group(1)
        if re.match(r"[a-zA-Z][\w+.-]*:|#|//", target):
            continue
        path = target.split("#")[0].split("?")[0]
        if not (Path(folder) / path).exists():
            yield f"the link to {target} leads nowhere; there is no such file"


def _code_remarks(cell):
    source, tags = cell.source, cell.metadata.get("tags", [])
    yield from _texts_in_code(source)
    if source.strip() and cell.execution_count is None:
        yield "it was not run; run python -m tools.refresh"
    longest = max(source.splitlines(), key=len, default="")
    if len(longest) > LINE and "hide-input" not in tags:
        yield f"the line {longest.strip()!r} has {len(longest)} characters; {LINE} fit the page"
    if source.rstrip().endswith(";"):
        yield "nbval does not see the ';' at its end; assign the value to _ instead"
    if "skip-execution" in tags:
        yield "it is tagged skip-execution; a cell that does not run proves nothing"
    for match in _TIME.finditer(source):
        yield f"{match.group()} shows a time, which differs in every run; quote a benchmark record"
    for match in _UNSTEADY.finditer(source):
        yield f"{match.group()} leaves outputs that nbval cannot compare; display once"
    if _BAR.search(source):
        yield "a progress bar leaves a stream that nbval cannot compare; pass disable=None, so that it needs a terminal"
    if _INTERACT.search(source) and "needs-python" not in tags:
        yield "interact needs a live kernel; tag the cell needs-python and put a still beside it"
    for output in cell.outputs:
        yield from _output_remarks(output, cell, "needs-python" in tags)


def _texts_in_code(source):
    try:
        comments = [
            token
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT
        ]
        tree = ast.parse(source)
    except (SyntaxError, tokenize.TokenError):
        return  # a magic or an unfinished exercise: nothing here that Python could read
    for comment in comments:
        for found in tokens.find(comment.string):
            if found.is_decimal:
                yield f"the comment {comment.string!r} states {found.text}, which nothing recomputes"
    for text in _texts(tree):
        for found in tokens.find(text):
            if found.is_decimal:
                yield f"the text {tokens.around(text, found.start, found.end)!r} states {found.text}; format a value"
    for _, text in words.strings(source):
        yield from words.remarks(text)


def _texts(node):
    """The string constants of a syntax tree, formats of f-strings apart."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
        return
    if isinstance(node, ast.FormattedValue):
        yield from _texts(node.value)
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "format":
        node = ast.Tuple(node.args[:1])
    for child in ast.iter_child_nodes(node):
        yield from _texts(child)


def _output_remarks(output, cell, needs_python):
    data = output.get("data", {})
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            yield f"its output is {kind}, which nbval does not compare; show the figure as SVG"
    if VIEW in data and needs_python:
        yield "the view of a widget that needs Python is stored; run python -m tools.refresh"
    if VIEW in data and "text/html" not in data:
        yield "its widget has no still (text/html) beside the view"
    if "image/svg+xml" in data and not cell.metadata.get("mystnb", {}).get("image", {}).get("alt"):
        yield "its figure has no alt text; return a cnnlab.figures figure"
    markup = data.get("text/html", "")
    for tag in _SVG.findall(markup):
        if not re.search(r"aria-label=(\"[^\"]+\"|'[^']+')", tag) and "aria-hidden" not in tag:
            yield "an <svg> has no aria-label, so no alt text"
    for tag in _IMG.findall(markup):
        if not re.search(r"\balt=(\"[^\"]+\"|'[^']+')", tag):
            yield "an <img> has no alt text"
    text = data.get("text/markdown", "")
    if "$$" in text:
        yield "its Markdown output holds $$, which the page shows wrongly; use $...$"
    if re.search(r"\{[\w:]+\}`", text):
        yield "its Markdown output holds a role, which stays raw; use a link"


def heading_remarks(text):
    """Remarks on the headings of a page: one title, first, and no level left out."""
    levels = [len(match.group(1)) for match in _HEADING.finditer(_FENCE.sub("", text))]
    if not levels or levels[0] != 1:
        return ["the page must begin with a title (# ...)"]
    found = []
    if levels.count(1) > 1:
        found.append(f"the page has {levels.count(1)} titles (# ...); one is right")
    for above, below in itertools.pairwise(levels):
        if below > above + 1:
            found.append(f"a heading of level {below} follows one of level {above}")
    return found


def book_remarks(names=()):
    """All remarks on the named notebooks, or on all pages of the book."""
    remarks = []
    for path in execute.find(names):
        remarks += notebook_remarks(execute.read(path), path.stem, path.parent)
    for path in [] if names else sorted(execute.BOOK.glob("*.md")):
        remarks += page_remarks(path.read_text(encoding="utf-8"), path.stem, path.parent)
    return remarks


def package_remarks(folder=PACKAGE):
    """Remarks on the words of the package: the catalogue of mistakes, replies, messages, labels of figures."""
    return [
        Remark(str(path.relative_to(folder)), f"line {line}", remark)
        for path in sorted(folder.rglob("*.py"))
        for line, text in words.strings(path.read_text(encoding="utf-8"))
        for remark in words.remarks(text)
    ]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.lint", description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="notebooks; all pages if none is named")
    names = parser.parse_args(arguments).names
    remarks = book_remarks(names) + ([] if names else package_remarks())
    for remark in remarks:
        print(remark)
    print(f"{len(remarks)} remarks" if remarks else "no remarks")
    return 1 if remarks else 0


if __name__ == "__main__":
    sys.exit(main())
