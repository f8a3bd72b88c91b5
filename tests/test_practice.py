"""The bank of questions: each recomputed, no mistake gives the answer, and people can do them with a pencil."""

import html
import json
import math
import re
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import numpy as np
import pytest
from script import Script

from cnnlab import misconceptions
from cnnlab.conv import conv1d_backward, conv2d_backward
from cnnlab.practice import SKILLS, bank, skill_of
from cnnlab.practice.answers import shown
from cnnlab.practice.draw import DIGITS
from cnnlab.practice.sheet import chosen, moodle, worksheet
from tools import practice as command

ROOT = Path(__file__).resolve().parent.parent
IDS = [skill.id for skill in SKILLS]


def arrays(question):
    """What is given, as arrays and numbers, by name."""
    return {
        item["name"]: np.array([float(text) for text in item["text"]]).reshape(item["shape"])
        for item in question["given"]
    }


def index(question):
    return tuple(
        int(digit) for digit in re.search(r"What is d?\w*\[([\d, ]+)\]", question["ask"])[1].split(",")
    )


def test_there_are_fourteen_skills_with_fifty_questions_each():
    assert len(SKILLS) == 14
    for skill in SKILLS:
        made = bank(skill.id)
        assert len(made["questions"]) >= 50 and len(made["turned"]) >= 2, skill.id
        texts = {json.dumps([q["ask"], q["given"]]) for q in made["questions"]}
        assert len(texts) == len(made["questions"]), skill.id
        assert (ROOT / "book" / f"{skill.chapter}.ipynb").exists() and skill_of(skill.beside)


@pytest.mark.parametrize(
    ("id", "options"),
    [
        ("dw-1d", {}),
        ("dx-1d", {}),
        ("stride", {"stride": 2}),
        ("padding", {"padding": 1}),
        ("dilation", {"dilation": 2}),
    ],
)
def test_answers_in_one_dimension_are_the_backends(id, options):
    for question in bank(id)["questions"]:
        given = {name: value[None, None] for name, value in arrays(question).items()}
        dx, dw, db = conv1d_backward(given["dy"], given["x"], given["w"], **options)
        if "db" in question["ask"]:
            assert question["answer"]["value"] == db[0]
            continue
        expected = (dx if "dx[" in question["ask"] else dw)[0, 0, *index(question)]
        assert question["answer"]["value"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("id", ["dw-2d", "dx-2d"])
def test_answers_in_two_dimensions_are_the_backends(id):
    for question in bank(id)["questions"]:
        given = {name: value[None, None] for name, value in arrays(question).items()}
        dx, dw, _ = conv2d_backward(given["dy"], given["x"], given["w"])
        expected = (dx if id == "dx-2d" else dw)[0, 0, *index(question)]
        assert question["answer"]["value"] == expected


def test_answers_with_channels_and_groups_are_the_backends():
    for question in bank("channels")["questions"]:
        given = arrays(question)
        groups = 2 if "groups" in question["ask"] else 1
        dx, _, _ = conv1d_backward(given["dy"][None], given["x"][None], given["w"], groups=groups)
        assert question["answer"]["value"] == dx[0, *index(question)]


def test_the_other_answers_by_hand():
    """Written out once more, without the backend."""
    for question in bank("sizes")["questions"]:
        given = {name: int(value) for name, value in arrays(question).items()}
        if "parameters" in question["ask"]:
            expected = sum(
                given["channels"] * given["height"] * given["width"] + 1 for _ in range(given["kernels"])
            )
        elif "connections" in question["ask"]:
            expected = sum(1 for start in range(given["L"] - given["M"] + 1) for _ in range(given["M"]))
        else:
            starts = range(-given["padding"], given["L"] + given["padding"] - given["M"] + 1, given["stride"])
            expected = len(starts)
        assert question["answer"]["value"] == expected
    for question in bank("softmax")["questions"]:
        given, right = arrays(question), "the right class" in question["ask"]
        assert question["answer"]["value"] == pytest.approx((given["p"] - right) / given["examples"])
    for question in bank("layers")["questions"]:
        given = arrays(question)
        if "sigmoid" in question["ask"]:
            expected = given["da"] * given["a"] * (1 - given["a"])
        else:
            (at,) = index(question)
            z = given["z"][0]
            window = [max(value, 0) for value in z[at // 2 * 2 : at // 2 * 2 + 2]]
            wins = z[at] > 0 and window.index(max(window)) == at % 2
            expected = given["dp"][0, at // 2] if wins else 0
        assert question["answer"]["value"] == pytest.approx(expected)
    for question in bank("step")["questions"]:
        given = arrays(question)
        rate, momentum = (
            float(text.rstrip(".")) for text in re.findall(r"(?:Rate|momentum) ([\d.]+)", question["ask"])
        )
        velocity = momentum * given["velocity"][0] + given["gradients"].sum()
        assert question["answer"]["value"] == pytest.approx(given["w"][0] - rate * velocity)
    for question in bank("two-layers")["questions"]:
        given = arrays(question)
        (at,), w2, dy, x = index(question), given["w2"], given["dy"], given["x"]
        dh = [sum(w2[j - i] * dy[i] for i in range(2) if 0 <= j - i < 2) for j in range(3)]
        assert question["answer"]["value"] == sum(dh[j] * x[j + at] for j in range(3))


def test_routes_by_hand():
    for question in bank("routing")["questions"]:
        given, at = arrays(question), (0, *index(question))[-2:]
        x, dy = given["x"], given["dy"]
        total = 0
        for place, delta in np.ndenumerate(dy):
            if "stride 1" in question["ask"]:
                window = [(0, place[1]), (0, place[1] + 1)]
            else:
                window = [(row, 2 * place[1] + column) for row in range(2) for column in range(2)]
            total += delta * (max(window, key=lambda cell: (x[cell], -window.index(cell))) == at)
        assert question["answer"]["value"] == total


@pytest.mark.parametrize("id", IDS)
def test_no_mistake_gives_the_answer_and_mistakes_are_told_apart(id):
    for question in bank(id)["questions"]:
        answer, wrong = question["answer"], question["wrong"]
        assert len({item["text"] for item in wrong}) == len(wrong) >= 3
        for item in wrong:
            assert abs(item["value"] - answer["value"]) > answer["within"]
            assert shown(item["value"], DIGITS) == item["text"]
            assert all(mistake in bank(id)["mistakes"] for mistake in item["ids"])
        assert answer["value"] != 0 and float(answer["text"]) == answer["value"]
        assert not question["terms"] or sum(question["terms"]) == pytest.approx(answer["value"])


@pytest.mark.parametrize("id", IDS)
def test_a_person_can_do_it_with_a_pencil(id):
    for question in bank(id)["questions"]:
        numbers = [text for item in question["given"] for text in item["text"]]
        assert len(numbers) <= 30 and len(question["terms"]) <= 6
        assert all(len(text.lstrip("-").replace(".", "")) <= 2 for text in numbers)
        assert len(question["answer"]["text"]) <= 6 and abs(question["answer"]["value"]) < 500
        assert question["lines"] and len(question["ask"]) < 160


@pytest.mark.parametrize("id", IDS)
def test_a_turned_question_hides_a_mistake_that_a_change_shows(id):
    for item in bank(id)["turned"]:
        shows = [right != mistaken for right, mistaken in item["changes"]]
        assert any(shows) and not all(shows)
        assert len(shows) == sum(len(given["text"]) for given in item["given"])


def test_a_turned_question_says_what_the_catalogue_says():
    (item,) = [item for item in bank("dw-1d")["turned"] if "dw" in item["ask"]][:1]
    given = {name: value[None, None] for name, value in arrays(item).items()}
    place = 0
    for array in ("dy", "x", "w"):
        for at in range(given[array].size):
            now = {name: value.copy() for name, value in given.items()}
            now[array].flat[at] += 1
            right, found = misconceptions.values(
                "conv1d_backward.dw", (0, 0, *index(item)), now["dy"], now["x"], now["w"]
            )
            assert item["changes"][place] == [
                shown(right, DIGITS),
                shown(found.get(item["mistake"], right), DIGITS),
            ]
            place += 1


def test_a_draw_in_which_a_mistake_gives_the_answer_is_no_question():
    form, _ = SKILLS[0].forms[0]
    random = Random("refused")
    refused = [draw for draw in (form(random) for _ in range(40)) if draw.answers() is None]
    assert refused
    for draw in refused:
        right, wrong = draw.right(draw.given), dict(draw.wrong(draw.given))
        values = [round(wrong[id], 9) for id in draw.apart if id in wrong]
        assert right == 0 or right in wrong.values() or len(set(values)) < len(draw.apart)


def test_a_sheet_is_the_same_for_its_seed_and_ends_with_its_key():
    sheet = worksheet(["dw-1d", "dx-1d"], 6, 3)
    assert sheet == worksheet(["dw-1d", "dx-1d"], 6, 3) != worksheet(["dw-1d", "dx-1d"], 6, 4)
    questions, key = sheet.split('<section class="key">')[1:]
    assert questions.count("<li>") == key.count("<li>") == 6
    for _, question in chosen(["dw-1d", "dx-1d"], 6, 3):
        assert html.escape(question["ask"]) in questions
        assert f"<b>{question['answer']['text']}</b>" in key
    assert 'name="viewport" content="width=device-width' in sheet
    personal = worksheet([], 3, 1, ["Ada <A>", "Emmy"])
    assert personal.count("<h1>") == 4 and "Ada &lt;A&gt;" in personal
    with pytest.raises(ValueError, match="ask for 1 to 50 questions of dx-1d"):
        worksheet(["dx-1d"], 51, 1)
    with pytest.raises(KeyError, match="no skill 'dz'; there are dw-1d"):
        worksheet(["dz"], 1, 1)


def test_moodle_gets_numerical_questions_that_name_the_mistake():
    """The structure of docs.moodle.org, "Moodle XML format", as Moodle's importer reads it."""
    quiz = ElementTree.fromstring(moodle(["dw-1d", "sizes"]))
    kinds = [node.get("type") for node in quiz]
    assert (
        kinds.count("category") == 2
        and kinds.count("numerical") == sum(len(bank(id)["questions"]) for id in ("dw-1d", "sizes"))
        and set(kinds) == {"category", "numerical"}
    )
    assert quiz[0].findtext("category/text").startswith("$course$/top/")
    names = set()
    for node, question in zip(
        quiz.findall("question[@type='numerical']"), bank("dw-1d")["questions"], strict=False
    ):
        names.add(node.findtext("name/text"))
        assert node.find("questiontext").get("format") == "html"
        assert html.escape(question["ask"]) in node.findtext("questiontext/text")
        answers = node.findall("answer")
        assert (
            answers[0].get("fraction") == "100" and answers[0].findtext("text") == question["answer"]["text"]
        )
        assert answers[-1].findtext("text") == "*"
        assert {answer.get("fraction") for answer in answers[1:]} == {"0"}
        for answer, wrong in zip(answers[1:-1], question["wrong"], strict=True):
            tolerance = float(answer.findtext("tolerance"))
            assert abs(float(answer.findtext("text")) - wrong["value"]) <= 1e-9
            # Moodle takes the first answer that fits: no mistake may hide another or the answer.
            assert abs(wrong["value"] - question["answer"]["value"]) > tolerance
            why = bank("dw-1d")["mistakes"][wrong["ids"][0]][1]
            assert html.escape(why) in answer.findtext("feedback/text")
    assert len(names) == 55


def test_the_page_judges_as_the_bank_does():
    """The right number is right, each wrong one is known with its reason, and off by less than the last digit, too."""
    page = Script("judgment", "box", "practice")
    for id in IDS:
        made = bank(id)
        for question in made["questions"][:5]:
            box = page.call("boxTrace", question, made)
            assert page.call("judge", box, question["answer"]["text"])["verdict"] == "right"
            for wrong in question["wrong"]:
                last = 10.0 ** (math.floor(math.log10(abs(wrong["value"]) or 1)) - DIGITS + 1)
                for typed in (wrong["text"], repr(wrong["value"] + 0.4 * last)):
                    said = page.call("judge", box, typed)
                    assert (said["verdict"], said["mistake"]["text"]) == ("known", wrong["text"])
                why = [made["mistakes"][slip][1] for slip in wrong["ids"]]
                told = [reply["words"] for reply in said["mistake"]["replies"]]
                assert all(words in one for words, one in zip(why, told, strict=True))


def test_the_command_writes_both_and_refuses_what_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "BUILD", tmp_path / "_build")
    names = tmp_path / "names.txt"
    names.write_text("Ada\n\nEmmy\n", encoding="utf-8")
    command.main(["worksheet", "--skills", "dw-1d", "--count", "2", "--names", str(names)])
    command.main(["quiz", "--skills", "dw-1d"])
    assert "worksheet.html" in (said := capsys.readouterr().out) and "quiz.xml" in said
    assert (tmp_path / "_build/worksheet.html").read_text(encoding="utf-8").count("<h1>") == 4
    with pytest.raises(SystemExit, match="no skill 'no'"):
        command.main(["quiz", "--skills", "no"])
    with pytest.raises(SystemExit, match="ask for 1 to"):
        command.main(["worksheet", "--count", "0"])


RECORDS = [{"id": id, "beside": skill_of(id).beside} for id in IDS]


@pytest.fixture(scope="module")
def schedule():
    return Script("schedule")


def practise(schedule, records, day, outcomes, focus=None):
    """Go through a session; `outcomes(item, n)` says what comes of each item. Returns the records and the items."""
    session = schedule.call("startSession", RECORDS, records, day, focus)
    for n in range(50):
        # The engine gets and gives copies, so what a session learns of new skills is taken from the page's own call.
        item = schedule.call("stepOf", RECORDS, records, session, day)
        session = item["session"]
        if item["item"] is None:
            return records, session["items"]
        outcome = "seen" if item["item"]["kind"] == "worked" else outcomes(item["item"], n)
        session["items"].append({**item["item"], "outcome": outcome})
        records = schedule.call("afterItem", records, item["item"], outcome, day)
    raise AssertionError("a session without end")


@pytest.fixture(scope="module", autouse=True)
def _step(schedule):
    schedule.context.eval(
        "function stepOf(skills, records, session, day) { const item = nextItem(skills, records, session, day); "
        "return { item, session: { ...session, items: [...session.items] } }; }"
    )


def test_a_skill_opens_worked_then_to_complete_then_whole(schedule):
    _, items = practise(schedule, {}, 100, lambda item, n: "unaided", focus="stride")
    kinds = [item["kind"] for item in items if item["skill"] == "stride"]
    assert kinds == ["worked", "blank", "whole", "whole"]
    assert items[0]["skill"] == "stride" and len(items) <= 12
    assert [item["skill"] for item in items[:6]] == ["stride"] * 3 + ["dilation"] * 3


def test_two_unaided_answers_apart_make_a_skill_rest_and_it_comes_back(schedule):
    records, items = practise(schedule, {}, 100, lambda item, n: "unaided", focus="dw-1d")
    whole = [n for n, item in enumerate(items) if item["skill"] == "dw-1d" and item["kind"] == "whole"]
    assert len(whole) == 2 and whole[1] - whole[0] > 1
    assert records["dw-1d"]["level"] == 0 and records["dw-1d"]["due"] == 101
    day, gaps = 101, []
    for _ in range(6):
        assert schedule.call("statusOf", records["dw-1d"], day) == "due"
        assert schedule.call("statusOf", records["dw-1d"], day - 1) == "resting"
        records = schedule.call("afterItem", records, {"skill": "dw-1d", "kind": "whole"}, "unaided", day)
        gaps.append(records["dw-1d"]["due"] - day)
        day = records["dw-1d"]["due"]
    assert gaps == [3, 7, 20, 60, 60, 60]


def test_help_does_not_count_and_a_miss_goes_back_one_step(schedule):
    record = {"stage": 2, "good": 2, "level": 2, "due": 100, "next": 5, "turned": 0}
    item = {"skill": "dw-1d", "kind": "whole"}
    after = {
        o: schedule.call("afterItem", {"dw-1d": record}, item, o, 100)["dw-1d"] for o in ("aided", "miss")
    }
    assert (after["aided"]["level"], after["aided"]["due"]) == (2, 100)
    assert (after["miss"]["level"], after["miss"]["due"]) == (1, 103)
    learning = {"dw-1d": {**record, "level": -1, "good": 1}}
    assert schedule.call("afterItem", learning, item, "aided", 100)["dw-1d"]["good"] == 1
    assert schedule.call("afterItem", learning, item, "miss", 100)["dw-1d"]["good"] == 0


def test_after_a_miss_another_question_comes_after_three_others(schedule):
    known = {id: {"stage": 2, "good": 0, "level": -1, "due": None, "next": 7, "turned": 0} for id in IDS[:6]}
    _, items = practise(schedule, known, 100, lambda item, n: "miss" if n == 0 else "unaided")
    missed = items[0]
    again = next(n for n, item in enumerate(items[1:], 1) if item["skill"] == missed["skill"])
    assert again > 3 and items[again]["place"] != missed["place"]
    assert len(items) <= 12


def test_a_review_puts_what_is_confused_side_by_side_and_turns_some_questions(schedule):
    due = {
        id: {"stage": 2, "good": 2, "level": n % 2, "due": 90 + n, "next": 3, "turned": 0}
        for n, id in enumerate(IDS)
    }
    _, items = practise(schedule, due, 120, lambda item, n: "unaided")
    assert len(items) == 12
    asked = [item["skill"] for item in items]
    assert asked.index("dx-1d") == asked.index("dw-1d") + 1
    assert {item["kind"] for item in items} == {"whole", "turned"}


def test_a_day_on_which_all_rests_has_no_session(schedule):
    rest = {id: {"stage": 2, "good": 2, "level": 1, "due": 130, "next": 3, "turned": 0} for id in IDS}
    assert practise(schedule, rest, 120, lambda item, n: "unaided")[1] == []


def test_only_a_file_of_progress_is_read(schedule):
    record = {"stage": 2, "good": 2, "level": 1, "due": 130, "next": 3, "turned": 0}
    file = {"kind": "cnnlab practice", "records": {"dw-1d": record, "gone": record}}
    assert schedule.call("readKept", json.dumps(file), RECORDS) == {"dw-1d": record}
    for bad in (
        "",
        "{",
        "[]",
        "null",
        json.dumps({"records": {}}),
        json.dumps({**file, "records": {"dw-1d": {**record, "level": 9}}}),
    ):
        assert schedule.call("readKept", bad, RECORDS) is None


def test_reviews_go_into_a_calendar_once_a_day(schedule):
    records = {
        id: {"stage": 2, "good": 2, "level": 1, "due": 20000 + n // 2, "next": 3, "turned": 0}
        for n, id in enumerate(IDS[:4])
    }
    schedule.context.eval(
        "function reviews(records) { return calendar(records, (day) => `D${day}`, 'here'); }"
    )
    file = schedule.call("reviews", records)
    assert (
        file.count("BEGIN:VEVENT") == 2
        and "DTSTART;VALUE=DATE:D20001" in file
        and file.endswith("END:VCALENDAR\r\n")
    )
