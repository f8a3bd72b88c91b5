"""Quizzes on paper: a sheet of their own for each student of the roster, which nobody can print in advance."""

import re

import pytest

from course.grader import quiz, roster

ROSTER = "id,name\nann,Ann <Berg>\nbob,\nzoe,Zoe D'Arc\n"


class Folder:
    """What a quiz needs of a course."""

    def __init__(self, root, text=ROSTER, secret="s" * 40):
        self.root, self.secret_path = root, root / "secret"
        root.mkdir()
        self.secret_path.write_text(secret)
        if text:
            (root / "roster.csv").write_text(text)

    def roster(self):
        return roster.read(self.root / "roster.csv")


def sections(course, *words):
    """{who: questions or answers} of the sheets and of the keys."""
    made = []
    for path in quiz.write(course, *words):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"<section.*?<p>(.*?)</p><ol>(.*?)</ol></section>", text)
        assert len(found) == text.count("<section")
        made.append(dict(found))
    return made


def test_everybody_has_a_sheet_and_a_key_and_no_key_is_among_the_sheets(tmp_path):
    papers, keys = sections(Folder(tmp_path / "course"), "week1", ["dw-1d", "dx-1d"], 4)
    assert list(papers) == list(keys) == ["Ann &lt;Berg&gt; (ann)", "bob", "Zoe D&#x27;Arc (zoe)"]
    assert all(text.count("<li>") == 4 for text in [*papers.values(), *keys.values()])
    assert len(set(papers.values())) == 3
    assert not any("<b>" in text for text in papers.values())


def test_questions_need_the_secret_the_name_and_the_id(tmp_path):
    course = Folder(tmp_path / "course")
    first = sections(course, "week1", [], 4)[0]
    assert sections(course, "week1", [], 4)[0] == first
    assert sections(course, "week2", [], 4)[0] != first
    other = sections(Folder(tmp_path / "other", secret="t" * 40), "week1", [], 4)[0]
    assert all(other[who] != first[who] for who in first)


def test_without_a_roster_one_sentence_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"roster\.csv: a quiz needs a roster"):
        quiz.write(Folder(tmp_path / "course", text=""), "week1", [], 4)


def test_the_command_says_what_is_wrong_in_one_line(tmp_path, capsys):
    from course.grader.__main__ import main

    Folder(tmp_path / "course")
    (tmp_path / "course" / "source").mkdir()
    base = ["--course", str(tmp_path / "course"), "quiz"]
    assert main([*base, "a/b"]) == 2 and "letters, digits and hyphens" in capsys.readouterr().err
    assert main([*base, "w", "--skills", "dz"]) == 2 and "no skill 'dz'" in capsys.readouterr().err
    assert main([*base, "w", "--count", "2"]) == 0 and "quiz-w-key.html" in capsys.readouterr().out
