"""A check told to a student: as text for a terminal, as HTML for the browser."""

import html

from cnnlab.handin.checking import Checked, check

STATES = {"ready": "found, nothing to mend", "look": "look at this", "empty": "not begun"}
PROMISE = (
    "Points are not decided here: the grader asks with other inputs, and more of them. What is named above would cost "
    "points; a part without a remark may still be wrong."
)


def summary(checked: Checked) -> str:
    """The first sentence: how many parts are ready, and which need a look."""
    by_state = {state: [p.name for p in checked.parts if p.state == state] for state in STATES}
    told = f"{len(by_state['ready'])} of {len(checked.parts)} parts are ready."
    if by_state["look"]:
        told += f" Look at: {', '.join(by_state['look'])}."
    if by_state["empty"]:
        told += f" Not begun: {', '.join(by_state['empty'])}."
    return told


def as_text(checked: Checked) -> str:
    """All of it for a terminal."""
    lines = [f"{checked.sheet}, with the id {checked.typed_id}", summary(checked), ""]
    lines += [f"! {remark}" for remark in checked.remarks]
    for part in checked.parts:
        lines.append(f"{part.name}: {STATES[part.state]}")
        lines += [f"    {line}" for line in part.lines]
    return "\n".join([*lines, "", PROMISE])


def as_html(checked: Checked) -> str:
    """All of it for the page; nothing of the student's text is live in it."""
    parts = "".join(
        f'<section class="{part.state}"><h3>{code(part.name)}: {STATES[part.state]}</h3>{items(part.lines)}</section>'
        for part in checked.parts
    )
    head = f"<p>The id is {code(f'`{checked.typed_id}`')}. {code(summary(checked))}</p>"
    return f"{head}{items(checked.remarks)}{parts}<p>{PROMISE}</p>"


def items(lines: list[str]) -> str:
    """Lines as a list, or nothing."""
    return f"<ul>{''.join(f'<li>{code(line)}</li>' for line in lines)}</ul>" if lines else ""


def code(line: str) -> str:
    """A line as HTML, with what stands between backticks set as code."""
    pieces = html.escape(line).split("`")
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))


def answer(notebook: str) -> str:
    """What the page shows for the text of a notebook, also where there is nothing to check."""
    try:
        return as_html(check(notebook))
    except ValueError as error:
        return f"<p>{code(str(error))}</p>"
