"""The questions of each skill, made from fixed seeds: the same on every machine, in every build."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from random import Random

import numpy as np

from cnnlab import misconceptions
from cnnlab.formatting import number, settled
from cnnlab.practice.answers import allowed, file_of, rounding, shown
from cnnlab.practice.draw import DIGITS, Drawn
from cnnlab.practice.skills import SKILLS, Skill

MOST_DRAWS, TURNING_DRAWS = 4000, 300
TURNED = 6
"""Questions of a skill that are asked the other way round."""
Form = Callable[[Random], Drawn]


@cache
def bank(id: str) -> dict:
    """All questions of one skill, ready for JSON.

    digits     significant digits of an answer
    mistakes   {id: [name, why, link]} of all that some question knows
    questions  each with ask, given, answer, wrong, lines and terms; see `question`
    turned     questions the other way round; see `turned`
    Raises RuntimeError if a form of the skill cannot fill its number.
    """
    skill = skill_of(id)
    questions, around = [], []
    for form, count in skill.forms:
        random, seen = Random(f"{id} {form.__name__}"), set()
        for _ in range(MOST_DRAWS):
            draw = form(random)
            key = draw.ask + written(draw.given)
            found = None if key in seen else draw.answers()
            if found:
                seen.add(key)
                questions.append(question(draw, *found))
                if len(seen) == count:
                    break
        else:
            raise RuntimeError(f"{id}: {form.__name__} made {len(seen)} of {count} questions")
    for form in skill.around or [form for form, _ in skill.forms]:
        around += turned(form, Random(f"{id} {form.__name__} turned"))
    Random(id).shuffle(questions)
    Random(id).shuffle(around)
    used = dict.fromkeys(slip for item in questions for wrong in item["wrong"] for slip in wrong["ids"])
    used |= dict.fromkeys(item["mistake"] for item in around)
    return {
        "digits": DIGITS,
        "mistakes": {slip: explained(skill, slip) for slip in used},
        "questions": questions,
        "turned": around[:TURNED],
    }


def skill_of(id: str) -> Skill:
    """A skill by its id. Raises KeyError with the known ones."""
    for skill in SKILLS:
        if skill.id == id:
            return skill
    raise KeyError(f"no skill {id!r}; there are {', '.join(skill.id for skill in SKILLS)}")


def explained(skill: Skill, id: str) -> list[str]:
    """What was done, why it is wrong, and where to read about it."""
    if id in skill.own:
        own = skill.own[id]
        return ["", own.words, file_of(own.link)]
    entry = misconceptions.CATALOGUE[id]
    return [entry.name, entry.why, file_of(f"mistakes#mistake-{id}")]


def question(draw: Drawn, answer: float, found: Mapping[str, float]) -> dict:
    """One question: its sentence, its numbers, the answer, the values of the mistakes, the solution.

    Mistakes of one value stand together, those that must be told apart in front; of others at most two are named.
    """
    groups: dict[str, dict] = {}
    order = [*draw.apart, *(id for id in found if id not in draw.apart)]
    for id in order:
        text = shown(found[id], DIGITS)
        known = {"text": text, "value": found[id], "within": rounding(found[id], DIGITS), "ids": []}
        group = groups.setdefault(text, known)
        if len(group["ids"]) < 2 and not (group["ids"] and group["ids"][0] in draw.apart):
            group["ids"].append(id)
    solution = draw.explain(draw.given)
    return {
        "ask": draw.ask,
        "given": given(draw.given),
        "answer": {
            "text": shown(answer, DIGITS),
            "value": answer,
            "within": allowed(answer, DIGITS),
            "exact": True,
        },
        "wrong": list(groups.values()),
        "lines": list(solution.lines),
        "terms": [settled(term) for term in solution.terms],
    }


def turned(form: Form, random: Random) -> Iterator[dict]:
    """Questions the other way round: here a mistake hides behind the right answer; which number shows it, if it is changed?

    Of each number is told what the answer and the mistake would be with a step more there. Some of them show the
    mistake, some do not.
    """
    wanted = TURNED
    for _ in range(TURNING_DRAWS):
        draw = form(random)
        right = settled(draw.right(draw.given))
        hidden = [id for id in draw.apart if abs(slipped(draw, id, draw.given) - right) < 1e-9]
        if not right or not hidden:
            continue
        changes = [changed(draw, hidden[0], name, place) for name, place in places(draw.given)]
        shows = [answer != other for answer, other in changes]
        if any(shows) and not all(shows):
            yield {
                "ask": draw.ask,
                "given": given(draw.given),
                "answer": shown(right, DIGITS),
                "mistake": hidden[0],
                "changes": changes,
            }
            wanted -= 1
            if not wanted:
                return


def slipped(draw: Drawn, id: str, values: Mapping) -> float:
    """What one mistake gives; the right answer where it changes nothing."""
    return settled(next((value for _, value in draw.wrong(values, id)), draw.right(values)))


def places(given: Mapping) -> Iterator[tuple[str, int | None]]:
    """Every number that is given: its name, and its place in an array."""
    for name, value in given.items():
        if isinstance(value, np.ndarray):
            yield from ((name, place) for place in range(value.size))
        else:
            yield name, None


def changed(draw: Drawn, id: str, name: str, place: int | None) -> list[str]:
    """The right answer and that of one mistake, as text, with a step more at a place: 1, or 0.1 of a fraction."""
    value = draw.given[name]
    if place is None:
        value = round(value + (1 if float(value).is_integer() else 0.1), 10)
    else:
        value = value.copy()
        value.flat[place] += 1
    now = {**draw.given, name: value}
    return [shown(settled(draw.right(now)), DIGITS), shown(slipped(draw, id, now), DIGITS)]


def given(values: Mapping) -> list[dict]:
    """What is given, for the page: name, shape and numbers as text."""
    return [
        {
            "name": name,
            "shape": list(np.shape(value)),
            "text": [number(settled(entry)) for entry in np.ravel(value)],
        }
        for name, value in values.items()
    ]


def written(values: Mapping) -> str:
    """The same as one text, to tell two questions apart."""
    return " ".join(f"{item['name']}={item['text']}" for item in given(values))
