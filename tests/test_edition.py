"""The foot of the pages, the archive, and versions that agree."""

import re
import tomllib
import zipfile
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml
from packaging.version import Version

from tools import edition

ROOT = Path(__file__).resolve().parent.parent
THIS = edition.Edition("2.0", date(2026, 3, 4), "abc1234")


def test_an_edition_says_what_it_knows():
    assert str(THIS) == "Version 2.0, 4 March 2026, commit abc1234"
    assert str(edition.Edition("2.0")) == "Version 2.0"
    assert str(edition.Edition("2.0", THIS.day, "abc1234", True)).endswith("abc1234 with changes")


def test_an_error_is_reported_with_page_and_edition():
    assert "Report" not in edition.foot("book/notation", "Version 2")
    html = edition.foot("book/notation", "Version 2, commit <x>", "https://example.org/book")
    address = re.search(r'href="([^"]+)"', html)[1].replace("&amp;", "&")
    assert address.startswith("https://example.org/book/issues/new?")
    asked = parse_qs(urlsplit(address).query)
    assert "book/notation" in asked["title"][0]
    assert {"Page: book/notation", "Edition: Version 2, commit <x>"} <= set(asked["body"][0].splitlines())
    assert "<x>" not in html


def built(folder):
    """A book of two pages."""
    for page in (edition.LANDING, "book/notation"):
        path = folder / f"{page}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<p>text</p>{edition.MARK.format(page=page)}", encoding="utf-8")
    return folder


def test_the_archive_is_offered_by_the_landing_page_alone_and_is_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(edition, "edition", lambda: THIS)
    pages = built(tmp_path)
    archive = edition.pack(pages)
    first = archive.read_bytes()
    landing, other = ((pages / f"{page}.html").read_text() for page in (edition.LANDING, "book/notation"))
    assert edition.ARCHIVE in landing and edition.ARCHIVE not in other
    assert str(THIS) in landing and str(THIS) in other
    with zipfile.ZipFile(archive) as packed:
        assert len(packed.namelist()) == 3
        assert str(THIS) in packed.read("cnnlab-book/READ ME.txt").decode()
        assert str(THIS) in packed.read("cnnlab-book/book/notation.html").decode()
        assert edition.ARCHIVE not in packed.read(f"cnnlab-book/{edition.LANDING}.html").decode()
    assert edition.pack(pages).read_bytes() == first


def test_files_to_take_away_are_offered_with_their_sizes_where_they_were_made(tmp_path, monkeypatch):
    monkeypatch.setattr(edition, "edition", lambda: THIS)
    pages = built(tmp_path)
    (pages / "cnnlab-book.pdf").write_bytes(bytes(2_340_000))
    edition.stamp(pages)
    landing, other = ((pages / f"{page}.html").read_text() for page in (edition.LANDING, "book/notation"))
    assert re.search(r'href="../cnnlab-book.pdf"[^>]*>[^<]*PDF</a> \(2.3 MB\)', landing)
    assert "epub" not in landing and "pdf" not in other


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(cited["version"]) == project["version"]
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    # Between two editions the version names the next one, and the list of changes says that it is not released.
    assert Version(project["version"]).is_devrelease == heading.startswith("Unreleased")
    assert heading.startswith("Unreleased") or heading == project["version"]
