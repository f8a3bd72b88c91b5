"""Zips and folders as platforms make them, the roster that they are matched with, and the tables that go back."""

import csv
import json
import unicodedata
import zipfile

import pytest
from nbgrader.api import Gradebook

from bench import course_corpus as corpus
from course.grader import collect, dates, roster
from course.grader.output import export

ROSTER = """\
id,name,email,canvas,group
ann,Ann Berg,ann.berg@x.edu,101,A
bob,"Ruiz, Bob",bob@x.edu,102,A
vdb,Jan van der Berg,jan@x.edu,,B
li1,Li Wei,li.wei@x.edu,104,B
li2,Li Wei,l.wei@x.edu,105,B
@zoe,Zoë D'Arc,zoe@x.edu,,
"""


class Folder:
    """What `collect` needs of a course, without releasing a sheet."""

    policy = dates.Policy(zone="Europe/Berlin")

    def __init__(self, root, text=ROSTER):
        self.root = root
        if text:
            (root / "roster.csv").write_text(text, encoding="utf-8")

    def roster(self):
        return roster.read(self.root / "roster.csv")

    def folder(self, step, student, assignment):
        return self.root / step / student / assignment

    def students(self, assignment):
        return sorted(path.parent.parent.name for path in self.root.glob(f"submitted/*/{assignment}/*.ipynb"))

    def gradebook(self):
        return Gradebook(f"sqlite:///{self.root}/gradebook.db", "cnnlab")


@pytest.fixture
def course(tmp_path, monkeypatch):
    from course.grader.course import path_with_environment

    monkeypatch.setenv("PATH", path_with_environment())
    (tmp_path / "course").mkdir()
    return Folder(tmp_path / "course")


@pytest.fixture
def alone(tmp_path, monkeypatch, course):
    (course.root / "roster.csv").unlink()
    return course


def notebook(mark="", assignment="ps1"):
    made = corpus.released(assignment)
    made["metadata"]["mark"] = mark
    return corpus.as_bytes(made)


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for place, data in files.pop("files").items():
            archive.writestr(place, data)
    return path


def handed_in(course, student, assignment="ps1"):
    return (course.folder("submitted", student, assignment) / f"{assignment}.ipynb").read_bytes()


def test_canvas_names(course, tmp_path):
    """lastfirst_LATE_USER_FILE_name: the number decides, then a name that only one has; the latest attempt counts."""
    files = {
        "bergann_101_9001_ps1.ipynb": notebook("ann"),
        "ruizbob_LATE_102_9002_PS1.ipynb": notebook("bob 1"),
        "ruizbob_LATE_102_9009_ps1-1.ipynb": notebook("bob 2"),
        "vanderbergjan_103_9003_Untitled.ipynb": notebook("vdb"),
        "weili_104_9004_ps1 (2).ipynb": notebook("li1"),
        "weili_105_9005_ps1.ipynb": notebook("li2"),
        "darczo\u00eb_106_9006_ps1.ipynb": notebook("zoe"),
        "strangersam_999_9007_ps1.ipynb": notebook("sam"),
        "bergann_101_9008_notes.ipynb": notebook("other set", "ps2"),
        "bergann_101_9010_readme.txt": b"text",
    }
    seen = collect.collect(course, "ps1", [zipped(tmp_path / "canvas.zip", files=files)])
    assert set(seen.taken) == {"ann", "bob", "vdb", "li1", "li2", "@zoe"}
    assert handed_in(course, "ann") == files["bergann_101_9001_ps1.ipynb"]
    assert handed_in(course, "bob") == files["ruizbob_LATE_102_9009_ps1-1.ipynb"]
    assert handed_in(course, "li2") == files["weili_105_9005_ps1.ipynb"]
    assert seen.late == seen.unknown == ["bob"] and seen.absent == []
    assert (
        collect.remembered(course, "ps1")["bob"]["late"]
        and not collect.remembered(course, "ps1")["ann"]["late"]
    )
    why = dict(seen.unmatched)
    assert why["strangersam_999_9007_ps1.ipynb"] == "nobody of the roster"
    assert why["bergann_101_9008_notes.ipynb"] == "it is ps2"
    assert "later" in why["ruizbob_LATE_102_9002_PS1.ipynb"]
    with course.gradebook() as book:
        known = {
            student.id: (student.first_name, student.last_name, student.lms_user_id)
            for student in book.students
        }
    assert known["bob"] == ("Bob", "Ruiz", "102") and known["vdb"][1] == "Berg"


MOODLE = {
    "folders": "{name}_{number}_assignsubmission_file/ps1.ipynb",
    "folders with a bar": "{name}_{number}_assignsubmission_file_/ps1.ipynb",
    "flat": "{name}_{number}_assignsubmission_file_ps1.ipynb",
    "inside a folder": "CNN-Problem set 1-7/{name}_{number}_assignsubmission_file/sub/PS1.ipynb",
}


@pytest.mark.parametrize("form", MOODLE)
def test_moodle_zips(course, tmp_path, form):
    names = {"Ann Berg": 11, "Bob Ruiz": 12, "Jan van_der_Berg": 13, "Li Wei": 14}
    files = {MOODLE[form].format(name=name, number=number): notebook(name) for name, number in names.items()}
    path = zipped(tmp_path / "moodle.zip", files=files)
    seen = collect.collect(course, "ps1", [path])
    assert set(seen.taken) == {"ann", "bob", "vdb"} and seen.absent == ["@zoe", "li1", "li2"]
    assert [why for _, why in seen.unmatched] == [
        "it may be of li1 or li2; collect it with --worksheet and Moodle's grading worksheet"
    ]
    sheet = tmp_path / "worksheet.csv"
    sheet.write_text("Identifier,Full name,Email address,Grade\nParticipant 14,Li Wei,l.wei@x.edu,\n")
    assert set(collect.collect(course, "ps1", [path], sheet).taken) == {"ann", "bob", "vdb", "li2"}


def test_accents_that_a_mac_writes_as_letters_of_their_own(course, tmp_path):
    name = unicodedata.normalize("NFD", "Zoë D'Arc")
    path = zipped(tmp_path / "moodle.zip", files={f"{name}_15_assignsubmission_file/ps1.ipynb": notebook()})
    assert collect.collect(course, "ps1", [path]).taken.keys() == {"@zoe"}


def test_a_roster_without_emails_knows_the_worksheets_ids(course, tmp_path):
    """Canvas's export has none, and a department's e-mails usually begin with its ids."""
    (course.root / "roster.csv").write_text("id,name\nli1,Li Wei\nli2,Li Wei\n")
    files = {f"Li Wei_{n}_assignsubmission_file/ps1.ipynb": notebook(str(n)) for n in (14, 15)}
    path, sheet = zipped(tmp_path / "moodle.zip", files=files), tmp_path / "worksheet.csv"
    sheet.write_text("Identifier,Email address\nParticipant 14,li2@x.edu\nParticipant 15,w.li@x.edu\n")
    seen = collect.collect(course, "ps1", [path], sheet)
    assert set(seen.taken) == {"li2"}
    assert "write their e-mails into the roster's column `email`" in seen.unmatched[0][1]


def test_blind_participants_keep_their_numbers(course, tmp_path):
    files = {f"Participant_{n}_assignsubmission_file/ps1.ipynb": notebook(str(n)) for n in (7, 8)}
    seen = collect.collect(course, "ps1", [zipped(tmp_path / "blind.zip", files=files)])
    assert set(seen.taken) == {"participant_7", "participant_8"}


def test_without_a_roster_the_files_say_who(alone, tmp_path):
    files = {
        "doejane_1_2_ps1.ipynb": notebook("a"),
        "doejane_3_4_ps1.ipynb": notebook("b"),
        "x/Max_9_assignsubmission_file/a.ipynb": notebook("c"),
    }
    seen = collect.collect(alone, "ps1", [zipped(tmp_path / "canvas.zip", files=files)])
    assert set(seen.taken) == {"doejane_1", "doejane_3", "Max_9"} and seen.unmatched == []


def test_folders_files_and_timestamps(course, tmp_path):
    (tmp_path / "in" / "ann").mkdir(parents=True)
    (tmp_path / "in" / "ann" / "ps1.ipynb").write_bytes(notebook())
    (tmp_path / "in" / "ann" / "timestamp.txt").write_text("2027-03-05 10:00:00 UTC")
    (tmp_path / "bob@x.edu_ps1.ipynb").write_bytes(notebook())
    seen = collect.collect(course, "ps1", [tmp_path / "in", tmp_path / "bob@x.edu_ps1.ipynb"])
    assert set(seen.taken) == {"ann", "bob"}
    assert (course.folder("submitted", "ann", "ps1") / "timestamp.txt").read_text().startswith("2027-03-05")
    with pytest.raises(FileNotFoundError, match="no such zip"):
        collect.collect(course, "ps1", [tmp_path / "absent.zip"])


def submitted_at(course, student):
    path = course.folder("submitted", student, "ps1") / "timestamp.txt"
    return path.read_text() if path.exists() else None


def test_when_it_was_handed_in_comes_from_what_says_so_and_never_from_the_zips_own_dates(course, tmp_path):
    """Both platforms write the time of the download into their zips."""
    files = {
        "Ann Berg_11_assignsubmission_file/ps1.ipynb": notebook("ann"),
        "Bob Ruiz_12_assignsubmission_file/ps1.ipynb": notebook("bob"),
        "li1/ps1.ipynb": notebook("li1"),
        "li1/timestamp.txt": b"2027-03-05 10:00:00 UTC",
    }
    path, sheet = zipped(tmp_path / "moodle.zip", files=files), tmp_path / "worksheet.csv"
    assert collect.collect(course, "ps1", [path]).taken and submitted_at(course, "ann") is None
    sheet.write_text(
        "Identifier,Full name,Email address,Grade,Last modified (submission)\n"
        'Participant 11,Ann Berg,ann.berg@x.edu,,"Friday, 5 March 2027, 10:00 AM"\n'
        "Participant 12,Bob Ruiz,bob@x.edu,,vendredi\n"
    )
    collect.collect(course, "ps1", [path], sheet)  # the same notebooks: only the times are new
    assert submitted_at(course, "ann") == "2027-03-05 09:00:00 UTC"  # an hour earlier than in Berlin
    assert submitted_at(course, "bob") is None
    assert submitted_at(course, "li1") == "2027-03-05 10:00:00 UTC"
    again = zipped(
        tmp_path / "again.zip", files={"Ann Berg_11_assignsubmission_file/ps1.ipynb": notebook("new")}
    )
    collect.collect(course, "ps1", [again])
    assert submitted_at(course, "ann") is None  # the old time was that of another notebook


def test_folders_that_are_nobodys_are_named_and_blind_participants_are_not(course, tmp_path):
    for name in ("bergann_101", "ann", "participant_55"):
        course.folder("submitted", name, "ps1").mkdir(parents=True)
        (course.folder("submitted", name, "ps1") / "ps1.ipynb").write_bytes(notebook(name))
    (tmp_path / "bob_ps1.ipynb").write_bytes(notebook("bob"))
    seen = collect.collect(course, "ps1", [tmp_path / "bob_ps1.ipynb"])
    assert seen.strangers == ["bergann_101"] and "not in the roster: bergann_101." in str(seen)


def test_nothing_is_overwritten(course, tmp_path):
    for mark in ("first", "second", "second", "third"):
        path = zipped(tmp_path / "canvas.zip", files={"bergann_101_1_ps1.ipynb": notebook(mark)})
        seen = collect.collect(course, "ps1", [path])
    assert seen.earlier == ["ann"] and handed_in(course, "ann") == notebook("third")
    kept = sorted((course.root / "earlier" / "ann" / "ps1").iterdir())
    assert [path.read_bytes() for path in kept] == [notebook("first"), notebook("second")]


def test_a_hostile_zip_writes_nowhere_else(course, tmp_path):
    files = {
        "../../evil/ps1.ipynb": notebook(),
        "/etc/ps1.ipynb": notebook(),
        "..ipynb": notebook(),
        "a.ipynb": b"{" * 9,
    }
    seen = collect.collect(course, "ps1", [zipped(tmp_path / "evil.zip", files=files)])
    assert not seen.taken and len(seen.unmatched) == 4
    (course.root / "roster.csv").unlink()
    collect.collect(course, "ps1", [tmp_path / "evil.zip"])
    assert not (tmp_path / "evil").exists() and all(".." not in name for name in course.students("ps1"))


def test_rosters_of_platforms_and_spreadsheets(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_bytes("\ufeffID;Name;E-Mail\nann;Ann;a@x\n".encode())
    assert roster.read(path).people == (roster.Person("ann", "Ann", "a@x"),)
    path.write_text(
        'Student,ID,SIS User ID,SIS Login ID,Section,ps1 (5)\nPoints Possible,,,,,20\n"Berg, Ann",101,,ann,A,\n'
    )
    assert roster.read(path).people == (roster.Person("ann", "Berg, Ann", "", "101", "A"),)
    path.write_text("Identifier,Full name,Email address,Grade\nParticipant 7,Ann Berg,a@x,\n")
    assert roster.read(path).people == (roster.Person("a@x", "Ann Berg", "a@x"),)
    path.write_text("First name,Last name,ID number,Email address,Groups\nJan,van der Berg,ann,a@x,A\n")
    assert roster.read(path).people == (roster.Person("ann", "van der Berg, Jan", "a@x", "", "A"),)
    for text, words in {
        "name\nAnn\n": "column `id`",
        "id,name\nann,A\nANN,B\n": "line 3 has the id of line 2",
        "id,name\n,B\n": "line 2: the id is missing",
        "id\n../x\n": "cannot be the name",
        "": "column `id`",
        "id,extension\nann,\nbob,soon\n": "line 3: 'soon' is no extension",
    }.items():
        path.write_text(text)
        with pytest.raises(ValueError, match=words):
            roster.read(path)
    assert not roster.read(tmp_path / "absent.csv")


class Book:
    """Stands for nbgrader's gradebook, as far as the tables read it."""

    def __init__(self, ids):
        kind = type("Student", (), {"first_name": "", "last_name": "", "email": "", "lms_user_id": ""})
        self.students = [kind() for _ in ids]
        for student, id in zip(self.students, ids, strict=True):
            student.id = id

    def find_assignment(self, assignment):
        return type("Assignment", (), {"max_score": 20})


FOUND = {"ann": 17, "bob": None, "li2": 3, "@zoe": 0, "guest": 5}  # bob's letter is not marked yet


def test_the_table_for_canvas(course):
    path = course.root / "canvas.csv"
    export.canvas(Book(FOUND), "ps1", path, course.roster(), FOUND)
    rows = {row["Student"]: row for row in csv.DictReader(path.open(newline="", encoding="utf-8"))}
    assert rows["Points Possible"]["ps1"] == "20"
    assert (rows["Ann Berg"]["ID"], rows["Ann Berg"]["SIS Login ID"], rows["Ann Berg"]["ps1"]) == (
        "101",
        "",
        "17",
    )
    assert rows["Ruiz, Bob"]["ps1"] == "" and rows["Jan van der Berg"]["ps1"] == ""
    assert (rows["Zo\u00eb D'Arc"]["SIS Login ID"], rows["Zo\u00eb D'Arc"]["ps1"]) == ("@zoe", "0")
    assert rows["guest"]["ps1"] == "5"


def test_moodles_worksheet_comes_back_with_grades_and_nothing_else_changed(course, tmp_path):
    head = "Identifier,Full name,Email address,Status,Grade,Maximum Grade,"
    head += "Grade can be changed,Last modified (grade),Feedback comments"
    lines = [
        'Participant 11,"Ann Berg",ann.berg@x.edu,Submitted,,20.00,Yes,-,"old, words"',
        "Participant 12,Bob Ruiz,bob@x.edu,Submitted,,20.00,Yes,-,",
        "Participant 14,Li Wei,,Submitted,,20.00,Yes,-,",
        "Participant 15,Nobody Else,n@x.edu,No submission,,20.00,Yes,-,",
    ]
    given, path = tmp_path / "given.csv", tmp_path / "filled.csv"
    given.write_text("\ufeff" + "\r\n".join([head, *lines]), encoding="utf-8", newline="")
    collected = {"li2": {"platform": "moodle", "number": "14", "place": ""}}
    without = export.fill_worksheet(Book(FOUND), given, path, course.roster(), collected, FOUND)
    before = list(csv.DictReader(given.open(encoding="utf-8-sig", newline="")))
    after = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    assert [row.pop("Grade") for row in after] == ["17", "", "3", ""]
    assert all(row.pop("Grade") == "" for row in before) and after == before
    assert without == ["@zoe", "guest"]
    given.write_text("Username,Grade\n")
    with pytest.raises(ValueError, match="no grading worksheet"):
        export.fill_worksheet(Book(FOUND), given, path, course.roster(), collected, FOUND)


def test_what_was_collected_is_remembered(course, tmp_path):
    files = {"Ann Berg_11_assignsubmission_file/ps1.ipynb": notebook()}
    collect.collect(course, "ps1", [zipped(tmp_path / "moodle.zip", files=files)])
    collect.collect(
        course, "ps1", [zipped(tmp_path / "canvas.zip", files={"ruizbob_102_1_ps1.ipynb": notebook()})]
    )
    known = collect.remembered(course, "ps1")
    assert {student: (each["platform"], each["number"]) for student, each in known.items()} == {
        "ann": ("moodle", "11"),
        "bob": ("canvas", "102"),
    }
    path = course.root / "moodle.csv"
    export.moodle(Book(FOUND), "ps1", path, course.roster(), known, FOUND)
    rows = list(csv.DictReader(path.open(newline="", encoding="utf-8")))
    assert [(row["Identifier"], row["Grade"], row["Email address"]) for row in rows] == [
        ("Participant 11", "17", "ann.berg@x.edu")
    ]
    assert json.loads((course.root / "collected" / "ps1.json").read_text())["ann"]["place"].startswith(
        "Ann Berg"
    )
