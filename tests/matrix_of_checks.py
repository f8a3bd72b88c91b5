"""Wrong functions made from the catalogue, and the matrix of catalogue x checks that the terminal summary prints."""

import numpy as np

from cnnlab.misconceptions import CATALOGUE, RIGHT, Change, attempt, formulas
from cnnlab.tasks import TASKS


def student(name, wrong=None, returns=None):
    """A function that does what a task asks for, with wrong formulas, by returned array, in the place of right ones."""
    task = TASKS[name]
    parts = {part: task.part(part) for part in returns or task.returns} | (wrong or {})

    def function(*arguments, **options):
        given = dict(zip(task.takes, arguments, strict=False))
        results = tuple(formula(**given, **options) for formula in parts.values())
        return results if len(results) > 1 else results[0]

    return function


def computable(task, formula):
    """Whether a wrong formula says anything at all on the task's probes: some are about matrices only."""
    probe = task.probes()[0]
    try:
        formula(**probe.arguments, **probe.options)
    except ValueError as error:
        return "a vector has" not in str(error)
    return True


def asked(name, wrong):
    """The keywords with which a check must be told to ask for more, for formulas that are right otherwise."""
    task = TASKS[name]
    probes = [probe for probe in task.probes() if not probe.tags & set(task.asked)]
    for part, formula in wrong.items():
        for probe in probes if task.asked else ():
            given = {**probe.arguments, **probe.options}
            got = attempt(formula, **given)
            if got is None or not np.array_equal(got, task.part(part)(**given)):
                return {}
    return dict.fromkeys(task.asked, True)


def misconceptions_of(target):
    """The first formula of each mistake of one target, as (id, formula)."""
    return list(reversed(dict(reversed(formulas(target))).items()))


def cases():
    """Every (check, id, label, wrong formulas by part): each variant of each mistake, on each check it applies to."""
    for task in TASKS.values():
        for mistake in CATALOGUE.values():
            concrete = {}
            for part in task.returns:
                target = f"{task.group}.{part}"
                found = [v(RIGHT[target]) if isinstance(v, Change) else v for v in mistake.variants(target)]
                if found := [formula for formula in found if computable(task, formula)]:
                    concrete[part] = found
            if mistake.joint and concrete:
                yield task.name, mistake.id, "all", {part: found[0] for part, found in concrete.items()}
            elif not mistake.joint:
                for part, found in concrete.items():
                    for number, formula in enumerate(found):
                        yield task.name, mistake.id, f"{part}{number}", {part: formula}


def write(terminalreporter):
    """Print the matrix, if its tests ran: a row for each mistake, a column for each check."""
    cells, students = {}, []
    for reports in terminalreporter.stats.values():
        for report in reports:
            properties = dict(getattr(report, "user_properties", ()))
            if getattr(report, "when", "") == "call" and "mistake" in properties:
                check, id, caught, named = properties["mistake"]
                cells.setdefault((id, check), []).append((caught, named))
            if getattr(report, "when", "") == "call" and "student" in properties:
                students.append(properties["student"])
    if cells:
        _write_cells(terminalreporter, cells)
    if students:
        caught, named = sum(c for c, _ in students), sum(n for _, n in students)
        terminalreporter.write_sep("-", "wrong gradients from students' questions")
        terminalreporter.write_line(f"{len(students)} tried, {caught} caught, {named} named")


def _write_cells(terminalreporter, cells):
    ids = [id for id in CATALOGUE if any(id == row for row, _ in cells)]
    checks = [check for check in TASKS if any(check == column for _, column in cells)]
    terminalreporter.write_sep("-", "catalogue x checks")
    terminalreporter.write_line(
        "A cell has the number of variants; N named alone, t within a stated tie, ! not."
    )
    for number, check in enumerate(checks):
        terminalreporter.write_line(f"  column {chr(ord('a') + number)}: {check}")
    width = max(map(len, ids))
    terminalreporter.write_line(" " * width + "".join(f"{chr(ord('a') + n):>4}" for n in range(len(checks))))
    for id in ids:
        row = ""
        for check in checks:
            tried = cells.get((id, check), [])
            marks = {named for _, named in tried}
            mark = (
                "!"
                if not all(caught for caught, _ in tried) or "!" in marks
                else "t"
                if "t" in marks
                else "N"
            )
            row += f"{len(tried)}{mark}".rjust(4) if tried else "   ."
        terminalreporter.write_line(id.ljust(width) + row)
    every = [result for found in cells.values() for result in found]
    caught = sum(c for c, _ in every)
    alone, tied = sum(n == "N" for _, n in every), sum(n == "t" for _, n in every)
    terminalreporter.write_line(
        f"{len(every)} wrong functions ({len(ids)} mistakes): caught {caught}, named alone {alone}, within a tie {tied}"
    )
