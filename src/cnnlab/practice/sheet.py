"""Questions for others to use: a sheet on paper with its key, and a question bank for Moodle."""

from collections.abc import Iterable, Sequence
from html import escape
from random import Random
from xml.etree import ElementTree

from cnnlab.practice.bank import bank, skill_of
from cnnlab.practice.skills import SKILLS

PAPER = """
@page { size: A4; margin: 18mm; }
body { font: 11pt/1.4 sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; overflow-wrap: break-word; }
li { break-inside: avoid; margin-bottom: 1.4em; }
table { border-collapse: collapse; display: inline-table; margin: 0.3em 1.4em 0.3em 0; vertical-align: top; }
caption { font-family: monospace; text-align: left; }
td { border: 1px solid; height: 2em; min-width: 2.4em; padding: 0 0.4em; text-align: center; }
.room { border-bottom: 1px solid; height: 4.5em; }
.key { break-before: page; }
@media print { body { margin: 0; padding: 0; } }
"""


def chosen(skills: Iterable[str], count: int, seed: int | str) -> list[tuple[str, dict]]:
    """`count` questions as (skill, question), the skills in turn, none twice; the same for the same seed.

    skills  ids; empty for all. Raises KeyError for an unknown one, ValueError for more questions than there are.
    """
    ids = [skill_of(id).id for id in skills] or [skill.id for skill in SKILLS]
    random = Random(f"sheet {seed}")
    piles = {id: random.sample(bank(id)["questions"], len(bank(id)["questions"])) for id in ids}
    most = len(ids) * min(map(len, piles.values()))
    if not 0 < count <= most:
        raise ValueError(f"ask for 1 to {most} questions of {', '.join(ids)}; got {count}")
    return [(ids[n % len(ids)], piles[ids[n % len(ids)]][n // len(ids)]) for n in range(count)]


def worksheet(skills: Iterable[str], count: int, seed: int | str, names: Sequence[str] = ("",)) -> str:
    """An HTML page to print: questions with room to write for each name, and a key on a page of its own.

    Each name has questions of its own, made from the seed and the name.
    """
    title, skills, parts = f"sheet {seed}", list(skills), []
    for name in names:
        questions = chosen(skills, count, f"{seed} {name}" if name else seed)
        parts += [paper(f"Practice, {title}", name, questions), key(f"Key to {title}", name, questions)]
    return printable(f"Practice, {title}", parts)


def paper(title: str, name: str, questions: list[tuple[str, dict]]) -> str:
    """Questions with room to write, as a section that begins a new page."""
    items = "".join(f'<li>{asked(question)}<div class="room"></div></li>' for _, question in questions)
    return _section(title, name, items)


def key(title: str, name: str, questions: list[tuple[str, dict]]) -> str:
    """The answers, how they come about, and what the commonest wrong ones say, as a section."""
    items = "".join(
        f"<li><b>{escape(question['answer']['text'])}</b> &nbsp; {escape('; '.join(question['lines']))}"
        f"{slips(id, question)}</li>"
        for id, question in questions
    )
    return _section(title, name, items)


def _section(title: str, name: str, items: str) -> str:
    to = f"<p>{escape(name)}</p>" if name else ""
    return f'<section class="key"><h1>{escape(title)}</h1>{to}<ol>{items}</ol></section>'


def printable(title: str, sections: Iterable[str]) -> str:
    """An HTML page to print, each section on pages of its own."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{PAPER}</style></head><body>{''.join(sections)}</body></html>\n"
    )


def asked(question: dict) -> str:
    """A question as HTML: its sentence and its numbers."""
    return f"<p>{escape(question['ask'])}</p>{''.join(map(table, question['given']))}"


def table(item: dict) -> str:
    """One given array, or number, as an HTML table."""
    columns = item["shape"][-1] if item["shape"] else 1
    cells = [f"<td>{escape(text)}</td>" for text in item["text"]]
    rows = ["".join(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><caption>{escape(item['name'])}</caption>{body}</table>"


def slips(id: str, question: dict) -> str:
    """What the commonest wrong answers say, for who marks the sheet."""
    known = bank(id)["mistakes"]
    words = [f"{wrong['text']}: {escape(said(known, wrong['ids'][0]))}" for wrong in question["wrong"][:4]]
    return f"<br><small>{'; '.join(words)}</small>"


def said(known: dict, id: str) -> str:
    """A mistake in a few words."""
    name, why, _ = known[id]
    return name or why


def moodle(skills: Iterable[str]) -> str:
    """A question bank in Moodle's XML format: numerical questions in which each mistake's value is an answer with 0 %.

    Moodle takes the first answer that fits, so the right one stands first. A last answer, *, takes everything else.
    Source: docs.moodle.org, "Moodle XML format".
    """
    quiz = ElementTree.Element("quiz")
    for id in [skill_of(id).id for id in skills] or [skill.id for skill in SKILLS]:
        skill = skill_of(id)
        category = ElementTree.SubElement(quiz, "question", type="category")
        _text(category, "category", f"$course$/top/Backpropagation in convolutional networks/{skill.title}")
        for number, question in enumerate(bank(id)["questions"], 1):
            quiz.append(_numerical(skill.id, number, question))
    ElementTree.indent(quiz)
    return ElementTree.tostring(quiz, encoding="unicode", xml_declaration=True) + "\n"


def _numerical(id: str, number: int, question: dict) -> ElementTree.Element:
    known = bank(id)["mistakes"]
    node = ElementTree.Element("question", type="numerical")
    _text(node, "name", f"{id} {number:02}")
    # Moodle's pages bring no style of their own for plain tables.
    shown = asked(question).replace("<td>", '<td style="border:1px solid;padding:0 0.5em;text-align:center">')
    shown = shown.replace("<table>", '<table style="display:inline-table;margin-right:1em">')
    _text(node, "questiontext", shown, format="html")
    _text(node, "generalfeedback", f"<p>{escape('; '.join(question['lines']))}</p>", format="html")
    for name, value in (
        ("defaultgrade", "1"),
        ("penalty", "0.3333333"),
        ("hidden", "0"),
        ("idnumber", f"cnnlab-{id}-{number:02}"),
    ):
        ElementTree.SubElement(node, name).text = value
    _answer(node, 100, question["answer"]["text"], "Right.")
    for wrong in question["wrong"]:
        words = " Or: ".join(
            f"{name}. {why}" if name else why for name, why, _ in (known[i] for i in wrong["ids"])
        )
        _answer(
            node, 0, repr(wrong["value"]) if "." in wrong["text"] else wrong["text"], words, wrong["value"]
        )
    _answer(node, 0, "*", "No mistake that the book knows gives this number.")
    for name, value in (
        ("unitgradingtype", "0"),
        ("unitpenalty", "0.1"),
        ("showunits", "3"),
        ("unitsleft", "0"),
    ):
        ElementTree.SubElement(node, name).text = value
    return node


def _answer(node: ElementTree.Element, fraction: int, value: str, words: str, near: float = 0) -> None:
    """One answer; a value with decimals may be rounded to three digits."""
    answer = ElementTree.SubElement(node, "answer", fraction=str(fraction), format="moodle_auto_format")
    ElementTree.SubElement(answer, "text").text = value
    _text(answer, "feedback", f"<p>{escape(words)}</p>", format="html")
    tolerance = 0 if float(near).is_integer() else 0.005 * abs(near)
    ElementTree.SubElement(answer, "tolerance").text = f"{tolerance:.6g}"


def _text(node: ElementTree.Element, name: str, text: str, **attributes: str) -> None:
    ElementTree.SubElement(ElementTree.SubElement(node, name, attributes), "text").text = text
