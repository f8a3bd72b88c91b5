"""Which submissions a person should see, and why."""

import collections
import hashlib
from typing import NamedTuple

from .. import reading
from ..points.problems import SETS
from . import feedback

NO_ID = "the folder's name is no id (UTF-8, at most 200 bytes, no dot in front); nothing in it was graded"
NO_PAGE = "the feedback page could not be made"
PERSONAL = ("hand", "agree")  # parts whose answers have each student's own numbers


class Noted(NamedTuple):
    """What is remembered of a result, of which a class has thousands."""

    status: str
    earned: float
    broken: tuple
    id_remark: str
    road: str
    fingerprint: str | None


BROKEN = {"ended the process", "malformed reply", "reply too large", "out of memory", "took too long"}


def seen(result, pristine):
    """What to remember of a result."""
    return Noted(
        status=result.status,
        earned=result.earned,
        broken=tuple(sorted(BROKEN & {part.status for part in result.parts})),
        id_remark=result.id_remark,
        road=result.road,
        fingerprint=fingerprint(result, pristine),
    )


def worth_a_look(results):
    """(student, why) of submissions that a person should see, sorted. results: {student: `Noted`}"""
    look = []
    for student, result in results.items():
        if result.status:
            look.append((student, result.status))
        elif result.earned == 0:
            look.append((student, "no points at all"))
        if result.broken:
            look.append((student, ", ".join(result.broken)))
    for group in alike({student: result.fingerprint for student, result in results.items()}):
        if len(group) > 1:
            look.append((", ".join(group), "the same code"))
    for group in alike({student: result.id_remark for student, result in results.items()}):
        remark = results[group[0]].id_remark
        look.append((", ".join(group), remark[0].lower() + remark[1:].rstrip(".")))
    return sorted(look)


def alike(marks):
    """Sorted groups of the students with the same mark; those without one are in none."""
    groups = collections.defaultdict(list)
    for student in sorted(marks):
        if marks[student]:
            groups[marks[student]].append(student)
    return list(groups.values())


def fingerprint(result, pristine):
    """A hash of the student's own code in the graded functions; None if there is nothing to compare."""
    solutions, outlines = reading.solution_cells(pristine), []
    for part in SETS[result.assignment].parts:
        source = result.sources.get(part.name)
        if part.name not in PERSONAL and not feedback.is_untouched(source, solutions[part.name]):
            outlines.append(f"{part.name} {result.outlines.get(part.name) or source}")
    return hashlib.sha256("\n".join(outlines).encode()).hexdigest() if outlines else None
