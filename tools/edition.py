"""What each page says of itself at its foot: version, date, commit, and where to report an error.

Sphinx's pages have an empty mark there (`tools.sphinx_ext.foot`), which `stamp` fills after the build: a new commit then
changes no page but its foot. `python -m tools.edition` packs the built book into one archive. The landing page then offers
it, and what `tools.paper` makes.
"""

import re
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import yaml

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "_build" / "html"
LANDING = "book/index"
ARCHIVE = "cnnlab-book.zip"
HOW_TO_READ = """Backpropagation in convolutional networks. {edition}.

Open index.html in a browser: the pages, their pictures and their search work from a disk, without a network.
Running code, the button "Open as a notebook" and the problem sets need a web server. Call one in this folder,

    python -m http.server

and open http://localhost:8000 in a browser. The first time they also need the internet: Python comes from
cdn.jsdelivr.net, and the browser keeps it.
"""
# Files to take away, and what the landing page calls them; it offers those that were made.
OFFERED = {
    "cnnlab-book.pdf": "The book for paper, PDF",
    "cnnlab-book.epub": "The book for e-readers, EPUB",
    ARCHIVE: "The whole book as one archive",
}
MARK = '<div class="edition" data-page="{page}"></div>'
_MARK = re.compile(r'<div class="edition" data-page="([^"]*)">.*?</div>', re.DOTALL)


@dataclass(frozen=True)
class Edition:
    """Which state of the book this is; without git there is a version alone."""

    version: str
    day: date | None = None
    commit: str = ""
    is_changed: bool = False

    def __str__(self):
        commit = f"commit {self.commit}{' with changes' if self.is_changed else ''}" if self.commit else ""
        day = f"{self.day.day} {self.day:%B %Y}" if self.day else ""
        return ", ".join(filter(None, [f"Version {self.version}", day, commit]))


def git(*words):
    """What git says, or nothing where there is no git or no repository."""
    try:
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def edition():
    """The edition of this working tree."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    commit, _, day = git("log", "-1", "--format=%h %cs").partition(" ")
    if not commit:
        return Edition(version)
    changed = bool(git("status", "--porcelain", "--untracked-files=no"))
    return Edition(version, date.fromisoformat(day), commit, changed)


def report_address(repository, page, said):
    """Where an error on a page is reported: a new issue that names the page and the edition."""
    body = f"Page: {page}\nEdition: {said}\n\nWhat is wrong, and what would be right:\n"
    return f"{repository}/issues/new?{urlencode({'title': f'Error on the page {page}', 'body': body})}"


def foot(page, said, repository="", offered=()):
    """The foot of one page, as HTML.

    repository  its address, "" if none is known: then nothing can be reported
    offered     the files to offer, each one of `OFFERED`
    """
    parts = [escape(f"{said}.")]
    if repository:
        address = escape(report_address(repository, page, said))
        parts.append(f'<a href="{address}">Report an error on this page</a>.')
    for file in offered:
        size = file.stat().st_size / 1e6
        parts.append(
            f'<a href="../{file.name}" download>{OFFERED[file.name]}</a> ({size:.{0 if size >= 10 else 1}f} MB).'
        )
    return f"<p>{' '.join(parts)}</p>"


def stamp(built):
    """Fill in the foot of every page; the landing page offers the files to take away that were made."""
    made = [built / name for name in OFFERED if (built / name).exists()]
    said = str(edition())
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    repository = (config.get("repository") or {}).get("url", "").rstrip("/")

    def filled(found):
        page = found[1]
        offered = made if page == LANDING else ()
        return MARK.format(page=page).replace("></div>", f">{foot(page, said, repository, offered)}</div>")

    for path in sorted(built.rglob("*.html")):
        if "live" in path.relative_to(built).parts:
            continue
        text = path.read_text(encoding="utf-8")
        new = _MARK.sub(filled, text)
        if new != text:
            path.write_text(new, encoding="utf-8")


def pack(built):
    """Write all of a built book into one archive beside its pages; the same pages give the same bytes."""
    archive = built / ARCHIVE
    archive.unlink(missing_ok=True)
    stamp(built)
    files = {
        path.relative_to(built).as_posix(): path.read_bytes()
        for path in sorted(built.rglob("*"))
        if path.is_file()
    }
    files["READ ME.txt"] = HOW_TO_READ.format(edition=edition())
    write_zip(archive, {f"cnnlab-book/{name}": content for name, content in files.items()})
    stamp(built)
    return archive


def write_zip(target, files, stored=()):
    """Write files into an archive, {name: content}; the same files give the same bytes. Those in `stored` are not packed."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, content)


def main():
    """Pack the built book, and say where the archive is."""
    if not (BUILT / "index.html").exists():
        sys.exit("There is no built book in _build/html. Run `make html` first.")
    archive = pack(BUILT)
    print(f"{archive.relative_to(ROOT)}, {archive.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
