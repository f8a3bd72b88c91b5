"""The page Practice as a reader uses it: every mistake made once and named, progress that stays, and what is kept."""

import json

import pytest

from cnnlab.practice import SKILLS, bank

MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def practice(open_page):
    page = open_page("book/practice.html")
    page.wait_for_selector(".cnn-practice table.cnn-skills")
    return page


def keep(page, records):
    """Let the page open with this progress."""
    page.evaluate(
        "(text) => localStorage.setItem('cnnlab-practice', text)",
        json.dumps({"kind": "cnnlab practice", "records": records}),
    )


def begin(page, id):
    page.goto(page.url.partition("#")[0] + f"#skill={id}")
    page.reload()
    page.wait_for_selector(".cnn-practice .cnn-given")


def reply(page, text):
    page.get_by_role("textbox").fill(text)
    page.get_by_role("button", name="Check", exact=True).click()
    return page.locator(".cnn-reply").inner_text()


def covering(id):
    """Places of questions that together show every mistake the skill's questions know."""
    questions, missing, places = bank(id)["questions"], None, []
    known = {slip for question in questions for wrong in question["wrong"] for slip in wrong["ids"]}
    missing = set(known)
    while missing:
        shows = [
            {slip for wrong in question["wrong"] for slip in wrong["ids"]} & missing for question in questions
        ]
        best = max(range(len(questions)), key=lambda place: len(shows[place]))
        places.append(best)
        missing -= shows[best]
    return places, known


@pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.id)
def test_each_mistake_made_once_is_named(practice, skill):
    page, seen = practice, set()
    places, known = covering(skill.id)
    for place in places:
        record = {"stage": 2, "good": 0, "level": -1, "due": None, "next": place, "turned": 0}
        keep(page, {skill.id: record})
        begin(page, skill.id)
        question = bank(skill.id)["questions"][place]
        assert page.locator(".cnn-given td").all_inner_texts() == [
            text.replace("-", MINUS) for item in question["given"] for text in item["text"]
        ]
        for wrong in question["wrong"]:
            words = reply(page, wrong["text"])
            for slip in wrong["ids"]:
                assert bank(skill.id)["mistakes"][slip][1] in words, (slip, wrong["text"])
                seen.add(slip)
        assert "Right." in reply(page, question["answer"]["text"])
    assert seen == known
    # Going to the next question may stop the icon's way here.
    assert [complaint for complaint in page.complaints if "favicon" not in complaint] == []


def test_each_skill_is_reached_from_its_chapter(open_page):
    for skill in SKILLS:
        page = open_page(f"book/{skill.chapter}.html")
        # By keyboard: while the end of a chapter comes near, what is laid out there still moves a mouse's target.
        page.get_by_role("link", name=skill.title, exact=True).last.press("Enter")
        page.wait_for_url(f"**/practice.html#skill={skill.id}")
        page.wait_for_selector(".cnn-practice .cnn-given")
        assert skill.title in page.locator(".cnn-practice > [role=status]").inner_text()
        page.close()


def test_a_skill_is_learned_and_rests(practice):
    page = practice
    row = page.locator("tr[data-skill='dw-1d']")
    assert row.get_attribute("data-status") == "new"
    page.get_by_role("button", name="Practise: The gradient of a weight, one dimension").click()
    for n in range(12):
        page.wait_for_selector(".cnn-practice .cnn-given")
        title = page.locator(".cnn-practice > [role=status]").inner_text()
        assert title.startswith(f"{n + 1} of at most 12")
        if page.get_by_role("textbox").count():
            ask = page.locator(".cnn-title").inner_text()
            given = [text.replace(MINUS, "-") for text in page.locator(".cnn-given td").all_inner_texts()]
            answers = {
                question["answer"]["text"]
                for made in SKILLS
                for question in bank(made.id)["questions"]
                if question["ask"] == ask
                and [text for item in question["given"] for text in item["text"]] == given
            }
            assert len(answers) == 1
            assert "Right." in reply(page, answers.pop())
        page.get_by_role("button", name="Next", exact=True).click()
        page.wait_for_function(
            "(next) => document.querySelector('.cnn-skills') || "
            "document.querySelector('.cnn-practice > [role=status]').textContent.startsWith(next)",
            arg=f"{n + 2} of",
        )
        if page.locator("table.cnn-skills").count():
            break
    page.wait_for_selector("table.cnn-skills")
    assert "right without help" in page.locator(".cnn-practice > [role=status]").inner_text()
    assert row.get_attribute("data-status") == "resting"
    assert page.get_by_role("button", name="Export", exact=True).is_visible(), (
        "a session ends with the offer to export"
    )
    page.reload()
    assert page.locator("tr[data-skill='dw-1d']").get_attribute("data-status") == "resting", (
        "progress is kept"
    )
    with page.expect_download() as file:
        page.locator("summary", has_text="What is kept").click()
        page.get_by_role("button", name="Export", exact=True).click()
    kept = json.loads(file.value.path().read_text(encoding="utf-8"))
    assert kept["records"]["dw-1d"]["level"] == 0
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Erase", exact=True).click()
    assert page.locator("tr[data-skill='dw-1d']").get_attribute("data-status") == "new"
    page.locator("summary", has_text="What is kept").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "x.json", "mimeType": "application/json", "buffer": b"{}"}
    )
    page.get_by_text("Nothing was changed").wait_for()
    page.locator("input[type=file]").set_input_files(
        {"name": "x.json", "mimeType": "application/json", "buffer": json.dumps(kept).encode()}
    )
    page.get_by_text("was read from the file").wait_for()
    assert page.locator("tr[data-skill='dw-1d']").get_attribute("data-status") == "resting"


def test_a_turned_question_says_what_a_change_does(practice):
    page = practice
    keep(page, {"dw-1d": {"stage": 2, "good": 2, "level": 1, "due": 1, "next": 0, "turned": 0}})
    begin(page, "dw-1d")
    question = bank("dw-1d")["turned"][0]
    cells = page.locator(".cnn-given button")
    same = next(n for n, (right, slipped) in enumerate(question["changes"]) if right == slipped)
    cells.nth(same).click()
    assert "Then both give" in page.locator(".cnn-lines").inner_text()
    assert not page.get_by_role("button", name="Next", exact=True).is_visible()
    shows = next(n for n, (right, slipped) in enumerate(question["changes"]) if right != slipped)
    cells.nth(shows).press("Enter")
    right, slipped = (text.replace("-", MINUS) for text in question["changes"][shows])
    assert (
        f"Now the answer is {right}, and the mistake gives {slipped}."
        in page.locator(".cnn-lines").inner_text()
    )
    page.get_by_role("button", name="Next", exact=True).click()
    kept = json.loads(page.evaluate("localStorage.getItem('cnnlab-practice')"))["records"]["dw-1d"]
    assert kept["level"] == 0, "a first miss goes back one step, whatever comes after it"
