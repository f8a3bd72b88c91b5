"""The page on which readers practise: questions on new numbers until they make no mistake."""

from html import escape

from cnnlab import palette
from cnnlab.practice import SKILLS, bank, skill_of
from cnnlab.practice.answers import file_of
from cnnlab.widgets.base import STATIC, TraceWidget, module


class Practice(TraceWidget):
    """The skills, a session of questions, and what is kept on the reader's device.

    The state names the skills only. Their questions come from `cnnlab.practice.bank`: on the built page from a file for each
    skill, in a notebook from Python.
    """

    _esm = module("judgment", "box", "schedule", "practice")
    _css = (
        palette.style_sheet()
        + (STATIC / "stage.css").read_text(encoding="utf-8")
        + (STATIC / "practice.css").read_text(encoding="utf-8")
    )

    def __init__(self) -> None:
        skills = [
            {"id": skill.id, "title": skill.title, "chapter": file_of(skill.chapter), "beside": skill.beside}
            for skill in SKILLS
        ]
        super().__init__({"skills": skills})

    def answer(self, message: dict) -> dict | None:
        if "bank" in message:
            id = skill_of(message["bank"]).id
            return {"id": id, "bank": bank(id)}
        return super().answer(message)

    def still(self) -> str:
        """One worked question of each skill; an address that begins a skill leads to it, where no script runs."""
        items = "".join(
            f'<li id="skill={skill.id}">'
            f"<b>{escape(skill.title)}.</b> {_worked(bank(skill.id)['questions'][0])}</li>"
            for skill in SKILLS
        )
        return f'<div class="cnnlab-still cnnlab-practice"><ol>{items}</ol></div>'

    def summary(self) -> str:
        return f"Practice({len(SKILLS)} skills)"


def _worked(question: dict) -> str:
    given = ", ".join(f"{item['name']} = {_listed(item)}" for item in question["given"])
    lines = "; ".join([*question["lines"], f"the answer is {question['answer']['text']}"])
    return f"Given {escape(given)}. {escape(question['ask'])} {escape(lines)}."


def _listed(item: dict) -> str:
    """An array as one line, its rows behind slashes."""
    if not item["shape"]:
        return item["text"][0]
    columns = item["shape"][-1]
    rows = [" ".join(item["text"][start : start + columns]) for start in range(0, len(item["text"]), columns)]
    return f"[{' / '.join(rows)}]"
