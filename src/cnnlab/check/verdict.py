"""From what a function did on the probes to what is right, what is wrong, and the mistake that explains it.

Nothing here runs a student's code: `judge` sees only the outcomes. A name is given to a wrong array only if the wrong
formula of the catalogue gives the same numbers in the same shape on every probe.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import numpy as np

from cnnlab import formatting
from cnnlab.arrays import Array
from cnnlab.check.answers import Returned, agree, agreeing
from cnnlab.check.duties import Duty
from cnnlab.check.sandbox import Outcome
from cnnlab.misconceptions import CATALOGUE, Change, attempt
from cnnlab.tasks import Probe

Arrays = Sequence[Array]


@dataclass(frozen=True)
class Finding:
    """What is wrong with one part.

    part      its name, such as "dw"
    probe     number of the first probe on which it is wrong
    piece     which array of it, if the part is a sequence of arrays
    got       what came
    right     what was expected
    index     the first wrong entry in row-major order, or None if the shape is wrong
    names     ids of the mistakes that give exactly this, several if they cannot be told apart
    together  True if the names are two mistakes made at once
    """

    part: str
    probe: int
    piece: int
    got: Array
    right: Array
    index: tuple[int, ...] | None
    names: tuple[str, ...] = ()
    together: bool = False

    def told(self, name: str, *, expected: bool = True, quote: str = "") -> str:
        """One sentence on what is wrong.

        name      of the array
        expected  whether the sentence may say which number is right
        quote     put before and after the entry's name
        """
        if self.index is None:
            return f"{quote}{name}{quote} has shape {self.got.shape}, expected {self.right.shape}."
        entry = f"{name}[{', '.join(map(str, self.index))}]" if self.index else name
        right, got = _two(self.right[self.index], self.got[self.index])
        return f"{quote}{entry}{quote} {f'should be {right}' if expected else 'is wrong'}, got {got}."


@dataclass(frozen=True)
class Verdict:
    """The judgement over all probes.

    rung      how far the function got: "missing", "error", "time", "type", "shape", "value", "state", "argument",
              "passed"
    probe     number of the probe that decides the rung
    findings  one for each wrong part
    names     ids of the mistakes, most likely first
    wrong_on  numbers of the probes that went wrong
    """

    rung: str
    probe: int = 0
    findings: tuple[Finding, ...] = ()
    names: tuple[str, ...] = ()
    wrong_on: tuple[int, ...] = ()
    problem: str = ""
    remarks: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return self.rung == "passed"


def judge(duty: Duty, outcomes: list[Outcome], again: Outcome | None = None) -> Verdict:
    """Judge the outcomes of the probes, in order. `again` is a second call on the first probe.

    The list may be shorter than the probes if the function ran out of time.
    """
    right = [[duty.right(part, probe) for part in duty.returns] for probe in duty.probes]
    for number, outcome in enumerate(outcomes):
        if outcome.kind != "value":
            names = ("integer-zeros",) if _refused_fractions(outcome) else ()
            return Verdict(outcome.kind, probe=number, names=names, wrong_on=_failing(outcomes, right))
        problem = _problem(outcome.value)
        if problem:
            return Verdict("type", probe=number, wrong_on=_failing(outcomes, right), problem=problem)
    answers = [[tuple(a.array for a in part) for part in outcome.value.parts] for outcome in outcomes]
    remarks = _remarks(outcomes)
    findings = tuple(
        finding
        for position, part in enumerate(duty.returns)
        if (finding := _finding(part, [a[position] for a in answers], [r[position] for r in right]))
    )
    changed = next((n for n, outcome in enumerate(outcomes) if outcome.changed), None)
    if again is not None and _all_agree(answers[0], right[0]) and not _same_again(again, outcomes[0]):
        names = ("state-kept",) if _accumulated(again, right[0]) else ()
        return Verdict("state", names=names, wrong_on=(0,), remarks=remarks)
    if findings:
        findings, names = _named(duty, findings, answers, right)
        first = min(finding.probe for finding in findings)
        leading = [f for f in findings if f.probe == first]
        rung = "shape" if all(f.index is None for f in leading) else "value"
        wrong_on = tuple(n for n in range(len(answers)) if not _all_agree(answers[n], right[n]))
        if changed is not None:
            names = (*names, "argument-modified")
        return Verdict(rung, probe=first, findings=findings, names=names, wrong_on=wrong_on, remarks=remarks)
    if changed is not None:
        return Verdict(
            "argument", probe=changed, names=("argument-modified",), wrong_on=(changed,), remarks=remarks
        )
    return Verdict("passed", remarks=remarks)


def _failing(outcomes: Sequence[Outcome], right: Sequence[Sequence[Arrays]]) -> tuple[int, ...]:
    """Numbers of the probes that did not end in a right result."""
    return tuple(
        number
        for number, (outcome, expected) in enumerate(zip(outcomes, right, strict=False))
        if outcome.kind != "value"
        or _problem(outcome.value)
        or not _all_agree([tuple(a.array for a in part) for part in outcome.value.parts], expected)
    )


def _refused_fractions(outcome: Outcome) -> bool:
    """Whether NumPy would not add fractions to an array of integers, as it does for whole arrays but not for one entry."""
    return bool(re.search(r"from dtype\('float\d+'\) to dtype\('u?int\d+'\)", outcome.error))


def _two(right: Any, got: Any) -> tuple[str, ...]:
    """Two numbers as texts that differ, with more digits where six do not show it."""
    if np.asarray(got).dtype.kind == "b":
        return formatting.number(float(right)), str(bool(got))
    texts = [tuple(formatting.number(float(v), digits) for v in (right, got)) for digits in (6, 9, 15)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[-1])


def _problem(returned: Returned) -> str:
    if returned.problem:
        return returned.problem
    return next((a.problem for part in returned.parts for a in part if a.array is None), "")


def _remarks(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    found = [a.remark for outcome in outcomes for part in outcome.value.parts for a in part if a.remark]
    found += [f"It warned: {outcome.warned}" for outcome in outcomes if outcome.warned]
    return tuple(dict.fromkeys(found))


def _all_agree(answers: Sequence[Arrays], right: Sequence[Arrays]) -> bool:
    return all(_same(g, r) for g, r in zip(answers, right, strict=True))


def _finding(part: str, got: list, right: list) -> Finding | None:
    """The first wrong entry of one part over all probes."""
    for number, (answer, expected) in enumerate(zip(got, right, strict=False)):
        for piece, (g, r) in enumerate(zip(answer, expected, strict=True)):
            if g.shape != r.shape:
                return Finding(part=part, probe=number, piece=piece, got=g, right=r, index=None)
            wrong = ~agreeing(g, r)
            if wrong.any():
                index = tuple(int(i) for i in np.argwhere(wrong)[0])
                return Finding(part=part, probe=number, piece=piece, got=g, right=r, index=index)
    return None


def _named(
    duty: Duty,
    findings: tuple[Finding, ...],
    answers: Sequence[Sequence[Arrays]],
    right: Sequence[Sequence[Arrays]],
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Give names to findings; returns them and the ids of all, most likely first."""
    order = _order(answers, right)
    if order:
        findings = tuple(replace(f, names=("wrong-order",)) for f in findings)
        return findings, ("wrong-order",)
    candidates = {}
    for finding in findings:
        position = duty.returns.index(finding.part)
        got = [a[position] for a in answers]
        candidates[finding.part] = _explaining(duty, finding, got)
    named = []
    for finding in findings:
        position = duty.returns.index(finding.part)
        got, expected = [a[position] for a in answers], [r[position] for r in right]
        names = [id for id in candidates[finding.part] if _consistent(duty, id, candidates)]
        shared = {id: sum(id in ids for ids in candidates.values()) for id in names}
        names.sort(key=lambda id: -shared[id])  # a stable sort: the order of the table decides between equals
        together = False
        if not names and _only_reshaped(got, expected):
            names = ["wrong-shape"]
        if not names:
            names = _pair(duty, finding, got)
            together = bool(names)
        named.append(replace(finding, names=tuple(names), together=together))
    counted = {}
    for finding in named:
        for rank, id in enumerate(finding.names):
            best, votes = counted.get(id, (rank, 0))
            counted[id] = (min(best, rank), votes + 1)
    ids = sorted(counted, key=lambda id: (counted[id][0], -counted[id][1]))
    return tuple(named), tuple(ids)


def _explaining(duty: Duty, finding: Finding, got: list) -> list[str]:
    """Ids of all mistakes that give what came, on every probe. The first wrong probe is tried first."""
    found = []
    for id, formula in duty.misconceptions(finding.part):
        if id not in found and _explains(duty, finding, formula, got):
            found.append(id)
    return found


def _explains(duty: Duty, finding: Finding, formula: Callable, got: list) -> bool:
    numbers = [finding.probe, *(n for n in range(len(got)) if n != finding.probe)]
    return all(_predicts(duty, finding.part, formula, duty.probes[n], got[n]) for n in numbers)


def _predicts(duty: Duty, part: str, formula: Callable, probe: Probe, got: tuple) -> bool:
    result = attempt(formula, **probe.arguments, **probe.options)
    return result is not None and _same(got, duty.shown(part, result))


def _consistent(duty: Duty, id: str, candidates: dict) -> bool:
    """A joint mistake must show in every part that it touches."""
    misconception = CATALOGUE.get(id)
    if misconception is None or not misconception.joint:
        return True
    return all(
        id in candidates.get(part, ()) for part in duty.returns if misconception.variants(duty.target(part))
    )


def _pair(duty: Duty, finding: Finding, got: list) -> list[str]:
    """Two mistakes of which one alters the result or the arguments of the other, tried in the order of the table.

    All pairs are tried on the first wrong probe, and those that fit it on the others. A formula is evaluated once for
    each way to alter its arguments; what only alters its result is then cheap.
    """
    target, probe, answer = duty.target(finding.part), duty.probes[finding.probe], got[finding.probe]
    given = {**probe.arguments, **probe.options}
    changes = [
        (misconception.id, variant)
        for misconception in CATALOGUE.values()
        for variant in misconception.variants(target)
        if isinstance(variant, Change)
    ]
    if not all(np.isfinite(array).all() for array in answer):
        return []
    altered = [(id, c, attempt(c.before, given) if c.before else given) for id, c in changes]
    for inner, formula in duty.misconceptions(finding.part):
        plain = attempt(formula, **given)
        for outer, change, arguments in altered:
            if inner == outer or arguments is None:
                continue
            result = attempt(formula, **arguments) if change.before else plain
            if result is None:
                continue
            predicted = attempt(change.after, result, given) if change.after else result
            fits = predicted is not None and _same(duty.shown(finding.part, predicted), answer)
            if fits and _explains(duty, finding, change(formula), got):
                return [inner, outer]
    return []


def _same(got: Arrays, predicted: Arrays) -> bool:
    return len(got) == len(predicted) and all(agree(g, p) for g, p in zip(got, predicted, strict=True))


def _order(answers: Sequence[Sequence[Arrays]], right: Sequence[Sequence[Arrays]]) -> bool:
    """Whether the right arrays came in another order."""
    count = len(right[0])
    for order in list(permutations(range(count)))[1:]:
        if all(_all_agree([a[i] for i in order], r) for a, r in zip(answers, right, strict=False)):
            return True
    return False


def _only_reshaped(got: list, right: list) -> bool:
    return all(
        len(g) == len(r)
        and all(a.size == b.size and agree(a.ravel(), b.ravel()) for a, b in zip(g, r, strict=True))
        for g, r in zip(got, right, strict=False)
    )


def _same_again(again: Outcome, before: Outcome) -> bool:
    if again.kind != "value" or _problem(again.value):
        return False
    return all(
        agree(a.array, b.array)
        for now, then in zip(again.value.parts, before.value.parts, strict=True)
        for a, b in zip(now, then, strict=True)
    )


def _accumulated(again: Outcome, right: list) -> bool:
    """Whether the second call gave the right answer twice over, as a sum over calls does, in some array at least."""
    if again.kind != "value" or _problem(again.value):
        return False
    now = [a.array for part in again.value.parts for a in part]
    then = [a for part in right for a in part]
    return all(
        n.shape == t.shape and (agree(n, 2 * t) or agree(n, t)) for n, t in zip(now, then, strict=True)
    )
