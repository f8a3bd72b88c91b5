"""Sphinx extension: what the page *Problem sets* says of the sets, read from the sheets themselves.

    ```{problem-sets}
    ```

makes a table with a link that opens each set in the browser, and one that downloads it.

    ```{install-line}
    ```

makes the line that installs `cnnlab` from the wheel that this site serves. The book's script puts the site's address in.
"""

import json

from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from tools.live import sheets
from tools.live.notebooks import title_of

SHEETS = "../live/sheets"


class ProblemSets(SphinxDirective):
    """The table of the sets."""

    def run(self):
        paths = sheets.paths()
        for path in paths:
            self.env.note_dependency(path)
        lines = ["| Set | Read first | Hours | Points | Work on it |", "| --- | --- | --- | --- | --- |"]
        lines += [row(sheets.sheet(path)) for path in paths]
        return self.parse(lines)

    def parse(self, lines):
        return self.parse_text_to_nodes(StringList(lines, self.get_source_info()[0]))


def row(sheet):
    """One row of the table, in Markdown."""
    chapters = "<br>".join(f"[{title(name)}]({name}.ipynb)" for name in sheet.chapters)
    links = (
        f'<a href="../live/open.html?chapter={sheet.name}">Open&nbsp;as&nbsp;a&nbsp;notebook</a><br>'
        f'<a href="{SHEETS}/{sheet.name}.ipynb" download>Download&nbsp;{sheet.name}.ipynb</a>'
    )
    return f"| {sheet.title.removeprefix('Problem set ')} | {chapters} | {sheet.hours} | {sheet.points} | {links} |"


def title(chapter):
    path = sheets.ROOT / "book" / f"{chapter}.ipynb"
    return title_of(json.loads(path.read_text(encoding="utf-8")))


class InstallLine(ProblemSets):
    """The command for a terminal, and the file that it fetches."""

    def run(self):
        self.env.note_dependency(sheets.ROOT / "pyproject.toml")
        wheel = sheets.wheel_name()
        address = f"{SHEETS}/{wheel}"
        command = f'python -m pip install <span data-address="{address}">{wheel}</span>'
        return self.parse(
            [
                f'<div class="highlight-text"><div class="highlight"><pre>{command}</pre></div></div>',
                "",
                f'The same file for a machine without a network: <a href="{address}" download>{wheel}</a>.',
            ]
        )


def setup(app):
    """Make the two directives known."""
    app.add_directive("problem-sets", ProblemSets)
    app.add_directive("install-line", InstallLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
