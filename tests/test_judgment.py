"""How an answer box reads and judges what a reader types: its script, run in an embedded JavaScript engine."""

import json
from pathlib import Path

import nbformat
import pytest
from script import Script

from cnnlab import examples
from cnnlab.widgets import AnswerBox

STATE = "application/vnd.jupyter.widget-state+json"
BOOK = Path(__file__).parent.parent / "book"


@pytest.fixture(scope="module")
def script():
    return Script("judgment")


def judged(script, box, text):
    """The verdict, and what else is said."""
    answer = script.call("judge", json.loads(json.dumps(box.trace)), text)
    return answer.pop("verdict"), answer


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3", [3]),
        (" \N{MINUS SIGN}0.5 ", [-0.5]),
        ("0,3", [0.3]),
        (".5", [0.5]),
        ("+4", [4]),
        ("1e-3", [0.001]),
        ("= 7", [7]),
        ("55,296", [55296, 55.296]),
        ("55 296", [55296]),
        ("1,234,567", [1234567]),
        ("1,234.5", [1234.5]),
        ("-2+20", [18]),
        ("-2 \N{MINUS SIGN} -20", [18]),
        ("3x4", [12]),
        ("3 × (-4)", [-12]),
        ("3·4 + 2*(1 - 5)/4", [10]),
        ("8/3", [2.66666666667]),
        ("0.1 + 0.2", [0.3]),
        ("2(3)", []),
        ("1.2.3", []),
        ("1,23,4", []),
        ("", []),
        ("-", []),
        ("3 +", []),
        ("(3", []),
        ("3)", []),
        ("1/0", []),
        ("NaN", []),
        ("Infinity", []),
        ("three", []),
    ],
)
def test_a_reply_is_read_as_a_teacher_would_read_it(script, text, values):
    assert [read["value"] for read in script.call("readings", text)] == pytest.approx(values)


def test_a_whole_answer_is_met_exactly(script):
    box = AnswerBox("How many?", 24, 2, [(8 / 3, "not rounded down", None), (48, "twice", None)])
    assert (
        judged(script, box, "24")[0]
        == judged(script, box, "24.0")[0]
        == judged(script, box, "4x6")[0]
        == "right"
    )
    assert judged(script, box, "23.9")[0] == judged(script, box, "24.01")[0] == "close"
    for text in ("2.67", "8/3", "2.7"):
        verdict, said = judged(script, box, text)
        assert verdict == "known" and said["mistake"]["replies"][0]["words"] == "not rounded down", text
    for text in ("0.04", "1.05", "-24"):
        assert judged(script, box, text)[0] == "unknown", text


def test_a_rounded_answer_is_forgiven_its_rounding(script):
    box = AnswerBox("?", 0.0364957, 3, [(0.0364182, "rounded before", None)])
    assert judged(script, box, "0.0365")[0] == judged(script, box, "0.0364957")[0] == "right"
    assert judged(script, box, "0.0364")[0] == "known"
    assert judged(script, box, "0.036")[0] == "short"
    assert judged(script, box, "0.0355")[0] == "close"


def test_the_page_reads_its_own_numbers_with_thousands(script):
    box = AnswerBox("How many?", 55296, 6, [(18432, "one channel", None)])
    assert judged(script, box, "55,296")[0] == "right" and judged(script, box, "18,432")[0] == "known"
    small = AnswerBox("How much?", 55.296, 5)
    assert judged(script, small, "55,296")[0] == "right"


def test_a_typed_sum_is_compared_term_by_term(script):
    one = examples.one_dimension
    box = AnswerBox.about("dw[1]?", "conv.dw", (0, 0, 1), one.dy, one.x, one.w)
    assert box.trace["hints"] == ["dw[1] = x[1] × dy[0] + x[2] × dy[1]", "2 × (-0.1) + 3 × 0.2"]
    verdict, said = judged(script, box, "-0.2 + 3*0.5")
    assert verdict == "unknown" and said["read"]["value"] == 1.3
    assert [term["right"] for term in said["terms"]["compared"]] == [True, False] and said["terms"][
        "missing"
    ] == 1
    assert judged(script, box, "2*(-0.1) + 3*0.2")[0] == "right"
    assert judged(script, box, "0.4")[1]["terms"] is None


def test_a_lost_sign_is_named_before_other_mistakes_of_its_value():
    one = examples.one_dimension
    box = AnswerBox.about("dx[1]?", "conv.dx", (0, 0, 1), one.dy, one.x, one.w)
    replies = next(known["replies"] for known in box.trace["wrong"] if known["text"] == "-0.01")
    assert [reply["link"].partition("#mistake-")[2] for reply in replies] == [
        "wrong-sign",
        "kernel-already-updated",
    ]


def test_a_box_asks_nothing_that_a_mistake_answers_right():
    one = examples.one_dimension
    with pytest.raises(ValueError, match=r"the right answer is also what .*product-of-sums.* gives"):
        AnswerBox.about("dw[0]?", "conv.dw", (0, 0, 0), one.dy, one.x, one.w)
    blind = ["product-of-sums", "upstream-summed", "index-not-shifted"]
    assert (
        AnswerBox.about("dw[0]?", "conv.dw", (0, 0, 0), one.dy, one.x, one.w, blind=blind).answer_text
        == "0.3"
    )


def boxes():
    for path in sorted(BOOK.glob("*.ipynb")):
        states = nbformat.read(path, as_version=4).metadata.get("widgets", {}).get(STATE, {}).get("state", {})
        for state in states.values():
            if state["state"].get("_anywidget_id", "").endswith(".AnswerBox"):
                yield path.stem, state["state"]["trace"]


@pytest.mark.parametrize(("page", "trace"), list(boxes()))
def test_every_box_of_the_book_knows_its_answer_and_its_mistakes(script, page, trace):
    def verdict(text):
        return script.call("judge", trace, text)["verdict"]

    assert verdict(trace["answer"]["text"]) == verdict(str(trace["answer"]["value"])) == "right"
    for mistake in trace["wrong"]:
        assert verdict(mistake["text"]) == verdict(str(mistake["value"])) == "known", mistake["text"]
        assert abs(mistake["value"] - trace["answer"]["value"]) > trace["answer"]["within"]
    assert verdict("no number") == "unread"
