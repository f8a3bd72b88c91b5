"""Run a function on the probes of a duty, have it judged, and tell the result."""

import dis
import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import CodeType

import numpy as np

from cnnlab.check.answers import Returned, agreeing, read, read_judgment
from cnnlab.check.duties import Duty, explained
from cnnlab.check.report import Picture, Report, Section, misconception_sections, picture
from cnnlab.check.sandbox import Outcome, call
from cnnlab.check.verdict import Finding, Verdict, judge
from cnnlab.misconceptions import CATALOGUE, CHAPTERS
from cnnlab.tasks import SPECIAL, Probe

LEAST = 0.01  # seconds for a call when the time of all calls is nearly over
HINTS = {
    "UnboundLocalError": (
        "Make it first, inside the function and before the loop; for the gradient of w: dw = np.zeros(w.shape)."
    ),
    "IndexError: index": "An index runs past the end. Compare your ranges with the shapes in the call.",
    "core dimension": "The inner sizes of a matrix product must agree: look at the shapes on both sides of @.",
    "could not be broadcast": "Arrays of different shapes meet in this line. Compare them with the shapes in the call.",
}
"""What to look at, by words in an error that say little to a beginner."""


def run(function: Callable, duty: Duty, seconds: float) -> Report:
    """Check one function, for so many seconds at most; never raises because of it."""
    if function is None or function is Ellipsis:
        return _not_written(duty, "There is no function yet.")
    if not callable(function):
        return _failed(
            f"{duty.name}: expected a function, got a {type(function).__name__}.",
            "missing",
            Section("What to do", (f"Give the function itself, without brackets: check.{duty.name}(f).",)),
        )
    refused, problem = _signature(function, duty)
    if problem:
        return _failed(
            f"{duty.name}: your function cannot be called as it should be.",
            "signature",
            Section("Problem", (problem,)),
            Section("Expected", (_call_form(duty),)),
        )
    if refused:
        return _without(function, duty, refused, seconds)
    outcomes, again = _outcomes(function, duty, seconds)
    report = told(duty, judge(duty, outcomes, again), outcomes)
    outside = () if report.passed or report.rung == "missing" else _read_from_outside(function)
    if not outside:
        return report
    names = f"{' and '.join(outside)}, {'a variable' if len(outside) == 1 else 'variables'}"
    also = Section("Also", (f"It reads {names} from outside the function. Was an argument meant?",))
    return replace(report, sections=(*report.sections, also))


def _read_from_outside(function: Callable) -> tuple[str, ...]:
    """Names of numbers and arrays that a function reads and that are neither its arguments nor made in it."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    names = getattr(function, "__globals__", {})
    read_names = dict.fromkeys(_global_names(code)) if code else ()
    return tuple(
        name for name in read_names if isinstance(names.get(name), (np.ndarray, np.number, int, float))
    )


def _global_names(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            yield instruction.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _global_names(inner)


def _failed(headline: str, rung: str, *sections: Section) -> Report:
    return Report(passed=False, misconceptions=(), headline=headline, rung=rung, sections=sections)


def _outcomes(function: Callable, duty: Duty, seconds: float) -> tuple[list[Outcome], Outcome | None]:
    """One outcome for each probe, and one of a second call on the first; none after a call that ran out of time.

    All calls together have `seconds`.
    """
    end = time.monotonic() + seconds
    outcomes: list[Outcome] = []
    again: Outcome | None = None
    several = tuple(_count(duty, part) for part in duty.returns)

    def finish(value: object) -> Returned:
        return read_judgment(value) if duty.task.group == "checker" else read(value, duty.returns, several)

    def tried(probe: Probe) -> Outcome:
        left = max(end - time.monotonic(), LEAST)
        return call(function, duty.arguments(probe), _options(function, duty, probe), left, finish)

    for probe in duty.probes:
        outcomes.append(tried(probe))
        if again is None:
            again = tried(probe)
        if outcomes[-1].kind == "time" or again.kind == "time":
            break
    return outcomes, again


def _count(duty: Duty, part: str) -> int:
    right = duty.right(part, duty.probes[0])
    return len(right) if len(right) > 1 else 0


def _options(function: Callable, duty: Duty, probe: Probe) -> dict:
    """The keywords of a call. One that has its default value is left out where the function has a default of its own."""
    try:
        parameters = inspect.signature(function).parameters
    except (ValueError, TypeError):
        return probe.options
    return {
        name: value
        for name, value in probe.options.items()
        if name not in duty.defaults
        or value != duty.defaults[name]
        or name not in parameters
        or parameters[name].default is inspect.Parameter.empty
    }


def _signature(function: Callable, duty: Duty) -> tuple[tuple[str, ...], str]:
    """Options that the function does not accept, and what else is wrong with its signature."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return (), ""
    parameters = signature.parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        refused = ()
    else:
        refused = tuple(
            o
            for o in duty.options
            if o not in parameters or parameters[o].kind is parameters[o].POSITIONAL_ONLY
        )
    accepted = {option: None for option in duty.options if option not in refused}
    try:
        signature.bind(*duty.takes, **accepted)
    except TypeError as error:
        return refused, f"Called with {', '.join(duty.takes)}: {error}."
    return refused, ""


def _call_form(duty: Duty) -> str:
    keywords = [f"{o}=..." for o in duty.options]
    returned = "True or False" if duty.task.group == "checker" else ", ".join(duty.returns)
    return f"f({', '.join([*duty.takes, *keywords])}) returns {returned}"


def _without(function: Callable, duty: Duty, refused: tuple[str, ...], seconds: float) -> Report:
    """The function lacks some keyword: say so, and say whether it is right where it does not need it."""
    unavoidable = [o for o in refused if o not in duty.defaults]
    names = " and ".join(refused)
    arguments = ", ".join(f"{name}=False" for name in refused)
    headline = f"{duty.name}: your function does not take {names}."
    expected = Section("Expected", (_call_form(duty),))
    if unavoidable:
        return _failed(headline, "signature", expected)
    narrow = replace(
        duty,
        options=tuple(o for o in duty.options if o not in refused),
        probes=tuple(
            replace(p, options={k: v for k, v in p.options.items() if k not in refused})
            for p in duty.probes
            if all(p.options.get(o, duty.defaults[o]) == duty.defaults[o] for o in refused)
        ),
    )
    report = run(function, narrow, seconds)
    if report.passed:
        advice = Section(
            "What to do",
            (
                f"Without {names} it is right. Add what is missing, or, if your exercise does not ask for it, "
                f"check.{duty.name}(f, {arguments}).",
            ),
        )
        return _failed(headline, "signature", expected, advice)
    advice = Section(
        "Also",
        (
            f"It does not take {names}. If your exercise does not ask for that: check.{duty.name}(f, {arguments}).",
        ),
    )
    return replace(report, sections=(*report.sections, advice))


def _not_written(duty: Duty, sentence: str, advice: str = "") -> Report:
    return _failed(
        f"{duty.name}: not written yet.",
        "missing",
        Section("Now", (sentence,)),
        *([Section("What to do", (advice,))] if advice else []),
        Section("Expected", (_call_form(duty),)),
    )


def _blank(duty: Duty, place: str) -> Report:
    """The report on a NotImplementedError: the stub's own, or that of a function that the student's calls."""
    if place and "NotImplementedError" not in place:
        advice = (
            "It calls a function that raises NotImplementedError. Write that one first, and run its cell."
        )
        return _not_written(duty, place, advice)
    advice = "Put your own lines in the place of this one, and run the cell again."
    return _not_written(duty, place or "It raises NotImplementedError.", advice if place else "")


def told(duty: Duty, verdict: Verdict, outcomes: list) -> Report:
    """The report of a verdict."""
    remarks = [Section("Remark", (remark,)) for remark in verdict.remarks]
    printed = next((o.printed for o in outcomes[verdict.probe :] if o.printed), "")
    if printed:
        remarks.append(Section("It printed", tuple(printed.split("\n"))))
    if verdict.passed:
        tried = f"{len(duty.probes)} of {len(duty.probes)} calls are right in every entry."
        headline = f"{duty.name}: passed. {tried}"
        return Report(
            passed=True, misconceptions=(), headline=headline, rung="passed", sections=tuple(remarks)
        )
    if verdict.rung == "missing":
        return _blank(duty, outcomes[verdict.probe].place)
    probe = duty.probes[verdict.probe]
    sections, pictures, expected, got = [], (), None, None
    outcome = outcomes[verdict.probe]
    if verdict.rung == "error":
        headline = f"{duty.name}: your function raised an error."
        sections.append(Section("Error", tuple(filter(None, (outcome.error, outcome.place)))))
        sections += [Section("Hint", (hint,)) for words, hint in HINTS.items() if words in outcome.error]
    elif verdict.rung == "time":
        headline = f"{duty.name}: your function did not come to an end in time and was stopped."
        sections.append(
            Section("Hint", ("Look for a loop that never ends, or that ends much later than it needs to.",))
        )
    elif verdict.rung == "type":
        headline = f"{duty.name}: it returned something that cannot be used."
        sections.append(Section("Problem", (verdict.problem,)))
        if outcome.printed and "returned None" in verdict.problem:
            sections.append(Section("Hint", ("print only shows a number. return hands it back.",)))
    elif verdict.rung == "state":
        headline = f"{duty.name}: two calls with the same arguments gave two different results."
    elif verdict.rung == "argument":
        headline = f"{duty.name}: the result is right, but an argument was modified."
        sections.append(Section("Modified", (", ".join(outcome.changed),)))
    else:
        wrong = ", ".join(f.part for f in verdict.findings)
        headline = f"{duty.name}: {wrong} {'is' if len(verdict.findings) == 1 else 'are'} wrong."
        if duty.task.group == "checker":
            headline = f"{duty.name}: it judges some gradients wrongly."
        leading = next(f for f in verdict.findings if f.probe == verdict.probe)
        expected, got = leading.right, leading.got
        for finding in verdict.findings:
            sections += _wrong_part(duty, finding, shown=finding is leading)
        pictures = _pictures(leading)
    sections.append(Section("Call", (probe.label if not duty.plain else _plain_label(duty, probe),)))
    sections += _named(duty, verdict)
    right = _where_right(duty, verdict) if len(outcomes) == len(duty.probes) else ""
    if right:
        sections.append(Section("Seen", (right,)))
    return Report(
        passed=False,
        misconceptions=verdict.names,
        headline=headline,
        rung=verdict.rung,
        sections=(*sections, *remarks),
        pictures=pictures,
        arguments=tuple(duty.arguments(probe).values()),
        options=dict(probe.options),
        expected=expected,
        got=got,
    )


def _plain_label(duty: Duty, probe: Probe) -> str:
    return replace(probe, arguments=duty.arguments(probe)).label


def _label(finding: Finding, duty: Duty) -> str:
    several = _count(duty, finding.part) > 1
    return f"{finding.part}[{finding.piece}]" if several else finding.part


def _wrong_part(duty: Duty, finding: Finding, *, shown: bool) -> list[Section]:
    name = _label(finding, duty)
    probe = duty.probes[finding.probe]
    if finding.index is None:
        return [Section("Shape", (finding.told(name), *_why_this_shape(duty, finding)))]
    if duty.task.group == "checker":
        got = finding.got[finding.index]
        answers = {1: "It said that the gradient is right.", 0: "It said that the gradient is wrong."}
        said = answers.get(got, f"It said {got:g}, expected True or False.")
        return [Section("First wrong answer", (probe.story, said))]
    lines = [finding.told(name)]
    if shown and not _count(duty, finding.part):
        lines += explained(duty, finding.part, finding.index, probe)
    return [Section("First wrong entry", tuple(lines))]


def _why_this_shape(duty: Duty, finding: Finding) -> tuple[str, ...]:
    of = finding.part.removeprefix("d")
    if finding.part != of and of in duty.probes[finding.probe].arguments:
        return (f"It is the gradient of {of}, so it has the shape of {of}.",)
    return () if finding.right.shape else ("The shape () is that of a single number.",)


def _pictures(finding: Finding) -> tuple[Picture, ...]:
    got, right = finding.got, finding.right
    if finding.index is None or not right.shape:
        return ()
    wrong = ~agreeing(got, right)
    return (
        picture(f"your {finding.part}", got, finding.index, wrong),
        picture(f"right {finding.part}", right, finding.index),
    )


def _named(duty: Duty, verdict: Verdict) -> list[Section]:
    """The mistakes by name, what is said of them, where to read; or that there is no name."""
    sections, several = [], len(duty.returns) > 1
    for finding in verdict.findings:
        if finding.names:
            part = finding.part if several else ""
            sections += misconception_sections(finding.names, finding.together, part)
    unnamed = [finding for finding in verdict.findings if not finding.names]
    if unnamed:
        parts = " and ".join(finding.part for finding in unnamed)
        sections += misconception_sections((), part=parts if several else "")
        sections += _next_step(duty, verdict, unnamed[0])
    if verdict.rung in ("state", "argument", "error") and verdict.names:
        sections += misconception_sections(verdict.names, False, "")
    elif "argument-modified" in verdict.names:
        sections.append(Section("Also", ("It modified an argument.",)))
    joined = []
    for section in sections:  # several parts with the same mistake are told once
        if section not in joined:
            joined.append(section)
    known = [CATALOGUE[id] for id in verdict.names if id in CATALOGUE]
    read_at = {CHAPTERS[m.chapter]: f"{m.chapter}#{m.section}" for m in reversed(known)}
    if not known and verdict.findings and duty.task.chapter:
        read_at = {CHAPTERS[duty.task.chapter]: duty.task.chapter}
    links = tuple(reversed(read_at.items()))
    return [*joined, Section("Read", (", ".join(title for title, _ in links),), links)] if links else joined


def _next_step(duty: Duty, verdict: Verdict, finding: Finding) -> list[Section]:
    """What to do about a wrong array that no known mistake gives."""
    got, right = finding.got, finding.right
    if finding.index is None or duty.task.group == "checker":
        return []
    wrong = ~agreeing(got, right)
    if not got[wrong].any() and right[~wrong].any():
        advice = (
            "Each wrong entry is 0, as if nothing had been put there. "
            "Does a return stand inside a loop, or does a range end too early?"
        )
    elif finding.probe == verdict.probe and explained(
        duty, finding.part, finding.index, duty.probes[finding.probe]
    ):
        advice = (
            "Compute this one entry with your own lines, step by step, and compare it with the lines above."
        )
    else:
        return []
    return [Section("What to do", (advice,))]


def _where_right(duty: Duty, verdict: Verdict) -> str:
    """What the calls that went wrong have in common, if the others do not have it."""
    total, wrong = len(duty.probes), set(verdict.wrong_on)
    if verdict.rung not in ("value", "shape", "error", "type") or not wrong or len(wrong) == total:
        return ""
    if duty.task.group == "checker":
        return f"{total - len(wrong)} of {total} gradients were judged rightly."
    sentence = f"{total - len(wrong)} of {total} calls are right"
    tagged = {tag: {n for n, probe in enumerate(duty.probes) if tag in probe.tags} for tag in SPECIAL}
    common = [tag for tag, numbers in tagged.items() if wrong <= numbers]
    if not common:
        return f"{sentence}."
    return f"{sentence}, all of those without {SPECIAL[min(common, key=lambda tag: len(tagged[tag]))]}."
