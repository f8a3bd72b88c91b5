"""The list of the equations that are declared and not evaluated, as the page on proofs shows it."""

import nbformat

from tools.equations import find
from tools.numbers.normalise import dumps

_HEAD = "| where | equation | why it is not evaluated |\n| --- | --- | --- |\n"


def table(outcomes, titles):
    """The declared equations, in the order of the pages. titles: {page: (its title, its file)}"""
    rows = []
    for outcome in outcomes:
        if outcome.declared:
            title, file = titles[outcome.equation.page]
            tex = outcome.equation.tex.replace("&", "").strip()
            rows.append(f"| [{title}]({file}) | ${tex}$ | {outcome.reason} |\n")
    return (_HEAD + "".join(dict.fromkeys(rows))).rstrip("\n")


def titles(folder):
    """{page: (its first heading, its file)}"""
    found = {}
    for page, path in find.pages(folder).items():
        lines = "\n".join(text for _, text, _ in find.cells(path)).splitlines()
        found[page] = (next(line[2:] for line in lines if line.startswith("# ")), path.name)
    return found


def cell_of_list(folder):
    """(path, notebook, cell) of the one cell that holds the list."""
    for path in find.pages(folder).values():
        if path.suffix == ".ipynb" and f'"{find.LIST}"' in path.read_text(encoding="utf-8"):
            notebook = nbformat.read(path, as_version=4)
            for cell in notebook.cells:
                if find.LIST in cell.metadata.get(find.KEY, {}):
                    return path, notebook, cell
    raise LookupError(f"no cell has {find.KEY}: {{{find.LIST}: ...}} in its metadata")


def write(folder, outcomes):
    """Write the list into its cell; says whether anything changed."""
    path, notebook, cell = cell_of_list(folder)
    new = table(outcomes, titles(folder))
    changed = cell.source != new
    if changed:
        cell.source = new
        path.write_text(dumps(notebook), encoding="utf-8")
    return changed
