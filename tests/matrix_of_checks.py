"""Wrong functions made from the catalogue, and the matrix of catalogue x checks that the terminal summary prints."""

from cnnlab.check import probes
from cnnlab.misconceptions import CATALOGUE, RIGHT, Change, formulas

CHECKS = {
    "conv1d": ("conv", "y", "x w b"),
    "conv1d_backward": ("conv", "dx dw db", "dy x w"),
    "conv2d": ("conv", "y", "x w b"),
    "conv2d_backward": ("conv", "dx dw db", "dy x w"),
    "max_pool2d": ("pool", "y", "x size"),
    "max_pool2d_backward": ("pool", "dx", "dy x size"),
    "local1d_backward": ("local", "dx dw db", "dy x w"),
    "local2d_backward": ("local", "dx dw db", "dy x w"),
    "tie_gradients": ("tie", "dw db", "dw db"),
    "two_convolutions_backward": ("chain", "dw1 dw2", "dy x w1 w2"),
    "dense_backward": ("dense", "dx dw db", "dy x w"),
    "flatten_dense_backward": ("flatten", "dx dw db", "dy x w"),
    "sigmoid_backward": ("sigmoid", "dx", "dy x"),
    "relu_backward": ("relu", "dx", "dy x"),
    "sigmoid_max_pool2d_backward": ("sigmoidpool", "dx", "dy x size"),
    "softmax_cross_entropy": ("softmax", "loss", "x labels"),
    "softmax_cross_entropy_backward": ("softmax", "dx", "x labels"),
    "sgd": ("sgd", "params velocities", "params grads velocities"),
    "momentum_step": ("step", "w velocity", "w gradients velocity"),
    "gradient_checker": ("checker", "verdict", "f gradient x"),
}
"""By check: first word of its targets, returned arrays, arguments."""


IN_ONE_DIMENSION = ("conv1d", "conv1d_backward")


def computable(check: str, formula) -> bool:
    """Whether a wrong formula says anything on vectors, for the checks of one dimension."""
    if check not in IN_ONE_DIMENSION:
        return True
    probe = probes.conv(1, backward="backward" in check)[0]
    try:
        formula(**probe.arguments)
    except ValueError as error:
        return "a vector has" not in str(error)
    return True


def student(check: str, wrong=None):
    """A function that does what `check` asks for, with wrong formulas, by returned array, in the place of right ones."""
    group, returns, takes = CHECKS[check]
    formulas = {part: RIGHT[f"{group}.{part}"] for part in returns.split()} | (wrong or {})

    def function(*arguments, **options):
        given = dict(zip(takes.split(), arguments, strict=False))
        results = tuple(formula(**given, **options) for formula in formulas.values())
        return results if len(results) > 1 else results[0]

    return function


def misconceptions_of(target: str) -> list:
    """The first formula of each mistake of one target, as (id, formula)."""
    return list(reversed(dict(reversed(formulas(target))).items()))


def cases():
    """Every (check, id, label, wrong formulas by part): each variant of each mistake, on each check it applies to."""
    for check, (group, returns, _) in CHECKS.items():
        for mistake in CATALOGUE.values():
            variants = {part: mistake.variants(f"{group}.{part}") for part in returns.split()}
            concrete = {
                part: [v(RIGHT[f"{group}.{part}"]) if isinstance(v, Change) else v for v in found]
                for part, found in variants.items()
            }
            concrete = {
                part: wrong
                for part, found in concrete.items()
                if (wrong := [formula for formula in found if computable(check, formula)])
            }
            if mistake.joint and concrete:
                yield check, mistake.id, "all", {part: found[0] for part, found in concrete.items()}
            elif not mistake.joint:
                for part, found in concrete.items():
                    for number, formula in enumerate(found):
                        yield check, mistake.id, f"{part}{number}", {part: formula}


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
    checks = [check for check in CHECKS if any(check == column for _, column in cells)]
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
