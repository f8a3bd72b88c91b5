"""Due dates, extensions and penalties: words, rules, and a graded class in which they change."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bench import course_corpus as corpus
from course.grader import dates, run
from course.grader.__main__ import main
from course.grader.course import Course
from course.grader.penalty import LatePenalty

BERLIN = dates.Policy(zone="Europe/Berlin", grace=15, percent=10, most=50)
DUE = datetime(2027, 3, 5, 17, 0)  # 18:00 in Berlin


def test_a_date_is_read_and_told_in_the_courses_time_zone():
    assert dates.due("2027-03-05 18:00", BERLIN) == DUE
    assert dates.due("2027-07-05T18:00", BERLIN) == datetime(2027, 7, 5, 16, 0)  # summer
    assert dates.due("2027-03-05 18:00+00:00", BERLIN) == datetime(2027, 3, 5, 18, 0)
    assert dates.told(DUE, BERLIN) == "Friday, 5 March 2027, 18:00 (Europe/Berlin)"
    with pytest.raises(ValueError, match="2027-03-05 18:00"):
        dates.due("next Friday", BERLIN)
    with pytest.raises(ValueError, match="like Europe/Berlin"):
        dates.Policy(zone="Berlin")


def test_each_day_begun_costs_a_share_after_the_grace_period_up_to_the_most():
    day = 86400
    shares = [BERLIN.share(seconds) for seconds in (0, 15 * 60, 15 * 60 + 1, day, day + 1, 9 * day)]
    assert shares == [0, 0, 0.1, 0.1, 0.2, 0.5]
    assert dates.Policy().share(9 * day) == 0  # nothing is taken off unless it is set
    plugin = LatePenalty(grace=15, percent=10, most=50)
    assert plugin.late_submission_penalty("ann", 16.0, 2 * day) == pytest.approx(3.2)
    assert plugin.late_submission_penalty("ann", 16.0, 60) is None


@pytest.mark.parametrize(
    ("words", "ps1", "ps2"),
    [
        ("", 0, 0),
        ("2 days", 48, 48),
        ("3", 72, 72),
        ("ps1: 3 days; ps2: 12 hours", 72, 12),
        ("12h, ps2=1d", 12, 24),
    ],
)
def test_what_the_rosters_extension_says(words, ps1, ps2):
    assert dates.extension(words, "ps1") == timedelta(hours=ps1)
    assert dates.extension(words, "ps2") == timedelta(hours=ps2)


def test_lengths_of_time_in_words():
    told = [dates.amount(timedelta(minutes=m)) for m in (0, 0.5, 61, 1440, 1500, 2881)]
    assert told == ["0 minutes", "1 minute", "1 hour 1 minute", "1 day", "1 day 1 hour", "2 days"]


def test_the_sheet_says_when_and_what_lateness_costs_and_forgets_it_again():
    head = corpus.reading.text(corpus.released("ps1")["cells"][0])
    once = dates.dated(head, DUE, BERLIN)
    assert (
        "by **Friday, 5 March 2027, 18:00 (Europe/Berlin)**. 15 minutes more cost nothing. After that" in once
    )
    assert "costs 10% of the points earned, at most 50%." in once
    later = dates.dated(once, DUE + timedelta(days=7), dates.Policy())
    assert "by **Friday, 12 March 2027, 17:00 (UTC)**.\n" in later and "5 March" not in later
    assert dates.dated(later, None, BERLIN) == head


@pytest.mark.slow
@pytest.mark.needs("worker")
def test_a_class_whose_dates_change(tmp_path, capsys):
    """Extension, grace, a late mark without a time, a changed penalty: scores, pages and tables stay true throughout."""
    from test_class import FAST, hand_in, make_course

    course = make_course(tmp_path / "course")
    words = ["--course", str(course.root)]
    assert main([*words, "late", "--zone", "Europe/Berlin", "--grace", "15", "--percent", "10"]) == 0
    assert main([*words, "due", "ps1", "2027-03-05 18:00"]) == 0
    assert "ps1 is due Friday, 5 March 2027, 18:00 (Europe/Berlin)." in capsys.readouterr().out
    (course.root / "roster.csv").write_text(
        "id,name,extension\nann,Ann,\nbob,Bob,ps1: 2 days\ncleo,Cleo,\ndan,Dan,\n"
    )
    times = {
        "ann": "2027-03-06 18:00:00 UTC",
        "bob": "2027-03-06 18:00:00 UTC",
        "cleo": "2027-03-05 17:10:00 UTC",
    }
    for student, time in times.items():
        (hand_in(course, student, corpus.source("ps1")) / "timestamp.txt").write_text(time)
    hand_in(course, "dan", corpus.source("ps1"))
    (course.root / "collected").mkdir()
    (course.root / "collected" / "ps1.json").write_text(
        '{"dan": {"platform": "canvas", "number": "4", "place": "dan_LATE_4_5_ps1.ipynb", "late": true}}'
    )
    course = Course(course.root)
    run.grade(course, "ps1", replace(FAST, feedback=True))

    def penalties():
        with course.gradebook() as book:
            return {
                each.student.id: each.late_submission_penalty for each in book.assignment_submissions("ps1")
            }

    def page(student):
        return (course.folder("feedback", student, "ps1") / "ps1.html").read_text()

    # Ann is a day and an hour late: two days have begun. Bob has longer, Cleo is within the grace. Dan's platform says late.
    assert penalties() == {"ann": 4, "bob": 0, "cleo": 0, "dan": 0}
    assert "**Friday, 5 March 2027, 18:00 (Europe/Berlin)**" in course.released("ps1").read_text()
    assert "16 of 20 points (4 taken off for lateness)" in page(
        "ann"
    ) and "1 day 1 hour after the due date" in page("ann")
    assert "20 of 20 points." in page("bob") and "handed in Saturday, 6 March 2027, 19:00" in page("bob")
    assert "due Sunday, 7 March 2027, 18:00 (Europe/Berlin), which was 2 days later for you" in page("bob")
    assert "<p>dan, due Friday, 5 March 2027, 18:00 (Europe/Berlin)</p>" in page("dan")
    assert "Ann,,,ann,,16" in (course.root / "ps1-canvas.csv").read_text()
    assert main([*words, "late", "--grace", "0", "--percent", "5"]) == 0
    assert penalties() == {"ann": 2, "bob": 0, "cleo": 1, "dan": 1}
    assert "18 of 20 points (2 taken off" in page("ann") and "19 of 20 points (1 taken off" in page("dan")
    assert "Cleo,,,cleo,,19" in (course.root / "ps1-canvas.csv").read_text()
    assert main([*words, "due", "ps1", "2027-03-05 18:30"]) == 0
    assert penalties()["cleo"] == 0 and "20 of 20 points." in page("cleo")
    course = Course(course.root)
    assert run.grade(course, "ps1", FAST).graded == 0  # another date grades nobody again
    assert main([*words, "due", "ps1", "none"]) == 0
    assert penalties() == {"ann": 0, "bob": 0, "cleo": 0, "dan": 1}
    assert "by the date that your course gives" in course.released("ps1").read_text()
    (
        course.folder("submitted", "ann", "ps1") / "timestamp.txt"
    ).unlink()  # as `collect` does for another notebook
    assert run.grade(course, "ps1", FAST).graded == 0
    with course.gradebook() as book:
        assert book.find_submission("ps1", "ann").timestamp is None
        assert book.find_submission("ps1", "bob").timestamp is not None
    assert main([*words, "due", "ps1", "2027-03-05 18:00"]) == 0
    capsys.readouterr()
    assert main([*words, "late", "--zone", "UTC"]) == 0
    assert "ps1 is due Friday, 5 March 2027, 17:00 (UTC): the same moment" in capsys.readouterr().out
    assert main([*words, "late", "--zone", "Mars"]) == 2
    assert "like Europe/Berlin" in capsys.readouterr().err
