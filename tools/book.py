"""Build the web book into `_build/html`, strictly: `python -m tools.book`.

A warning is an error, and so is a reference that leads nowhere. `--draft` is for authors: it leaves out
the pages that are in _toc.yml but not yet written, shows warnings without failing, and builds into
`_build/draft`.
"""

import argparse
import hashlib
import shutil
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import yaml
from PIL import Image, ImageDraw

from tools import edition, light

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
SUFFIXES = (".ipynb", ".md")

REDIRECT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={page}">
<link rel="icon" href="_static/favicon.svg" type="image/svg+xml">
<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
<p><a href="{page}">Open the book</a></p>
</main>
</body>
</html>
"""


def page_file(name, root=ROOT):
    """The source file of an entry in _toc.yml, or None if it is not written."""
    paths = [root / (name + suffix) for suffix in SUFFIXES]
    return next((path for path in paths if path.exists()), None)


def toc_pages(toc):
    """All pages of a table of contents, in reading order."""
    chapters = [c["file"] for part in toc.get("parts", []) for c in part["chapters"]]
    return [toc["root"], *chapters]


def without_missing(toc, root=ROOT):
    """A table of contents that names only pages that are written."""
    parts = []
    for part in toc.get("parts", []):
        chapters = [c for c in part["chapters"] if page_file(c["file"], root)]
        if chapters:
            parts.append({**part, "chapters": chapters})
    written = [page for page in toc_pages(toc) if page_file(page, root)]
    if not written:
        raise FileNotFoundError(f"none of the pages of _toc.yml is written below {root}")
    head = toc["root"] if toc["root"] in written else written[0]
    return {"format": toc["format"], "root": head, **({"parts": parts} if parts else {})}


def read(path):
    """The text of a file, or None if there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else None


def digest(paths):
    """One number for the contents of files and of all files in folders, names included."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts and ".ipynb_checkpoints" not in file.parts:
                total.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return total.hexdigest()


def fingerprint(toc_path):
    """What every page depends on; when it changes, all pages are built again.

    Static files are among it, because Sphinx copies them only where some page changed; and the widgets, because all pages
    share one file of their scripts.
    """
    folders = ("tools/sphinx_ext", "tools/katex", "book/_static", "src/cnnlab/widgets")
    parts = [ROOT / folder for folder in folders]
    return digest([ROOT / "_config.yml", toc_path, ROOT / "requirements.txt", *parts])


def contents(toc_path):
    """Everything that the book is built from; when it is the same as last time, nothing has to be done."""
    folders = ("book", "src", "course/source", "tools/light", "tools/paper", "tools/edition.py")
    parts = digest([*(ROOT / folder for folder in folders), Path(__file__)])
    return f"{fingerprint(toc_path)}{parts}{edition.edition()}"


def build(output, toc_path, strict=True, jobs=1):
    """Run Sphinx as Jupyter Book configures it, and publish what it made; return whether it went well."""
    from jupyter_book.sphinx import build_sphinx

    overrides = {"external_toc_path": toc_path.as_posix(), "nitpicky": strict, "latex_individualpages": False}
    doctrees = output.parent / ".doctrees"
    built = output.parent / ".built"
    stamp = output.parent / ".inputs"
    inputs = fingerprint(toc_path)
    fresh = read(stamp) != inputs
    if fresh:
        # Pages that left the table of contents must not stay behind.
        shutil.rmtree(built, ignore_errors=True)
        stamp.unlink(missing_ok=True)
    status = build_sphinx(
        ROOT,
        built,
        noconfig=True,
        path_config=ROOT / "_config.yml",
        confoverrides=overrides,
        doctreedir=doctrees,
        freshenv=fresh,
        force_all=fresh,
        warningiserror=strict,
        keep_going=True,
        quiet=True,
        jobs=jobs,
    )
    if status != 0:
        # A page that warned is not read again by the next build, which would then find nothing wrong.
        (doctrees / "environment.pickle").unlink(missing_ok=True)
        return False
    stamp.write_text(inputs, encoding="utf-8")
    light.publish(built, output)
    for name in edition.OFFERED:  # they hold the pages of before
        (output / name).unlink(missing_ok=True)
    edition.stamp(output)
    return True


def write_redirect(output, page, title):
    """Let the book's own address lead to its first page."""
    (output / "index.html").write_text(REDIRECT.format(page=f"{page}.html", title=title), encoding="utf-8")


def write_robots(output):
    """Tell search engines, which ask for this file, that they may read the book; its live pages show the same again."""
    (output / "robots.txt").write_text("User-agent: *\nDisallow: /live/\n", encoding="utf-8")


def icon(side, source=ROOT / "book" / "_static" / "favicon.svg"):
    """The rectangles of the book's icon as a picture of this many pixels a side."""
    drawing = ElementTree.parse(source).getroot()
    scale = side / float(drawing.get("viewBox").split()[2])
    image = Image.new("RGBA", (side, side))
    brush = ImageDraw.Draw(image)

    def draw(element, fill):
        fill = element.get("fill", fill)
        if element.tag.endswith("rect"):
            x, y, width, height, radius = (
                scale * float(element.get(name)) for name in ("x", "y", "width", "height", "rx")
            )
            brush.rounded_rectangle((x, y, x + width, y + height), radius, fill)
        for child in element:
            draw(child, fill)

    draw(drawing, None)
    return image


def write_icon(output):
    """Write the book's icon as favicon.ico, for browsers that ask the root of the site for it."""
    icon(128).save(output / "favicon.ico", sizes=[(32, 32), (16, 16)])


def main(argv=None):
    """Build, and say where the result is."""
    parser = argparse.ArgumentParser(prog="python -m tools.book", description="Build the web book.")
    parser.add_argument(
        "--draft", action="store_true", help="build the pages that exist; warnings do not fail"
    )
    options = parser.parse_args(argv)
    started = time.perf_counter()
    toc_path = ROOT / "_toc.yml"
    toc = yaml.safe_load(toc_path.read_text(encoding="utf-8"))
    output = BUILD / "html"
    if options.draft:
        output = BUILD / "draft" / "html"
        output.mkdir(parents=True, exist_ok=True)
        toc = without_missing(toc)
        toc_path = BUILD / "draft" / "_toc.yml"
        toc_path.write_text(yaml.safe_dump(toc, sort_keys=False), encoding="utf-8")
    count = len(toc_pages(toc))
    where = f"{output.relative_to(ROOT)}/index.html"
    complete, wanted = output.parent / ".complete", contents(toc_path)
    if not options.draft and (output / "index.html").exists() and read(complete) == wanted:
        print(f"{count} pages in {where} (up to date)")
        return
    complete.unlink(missing_ok=True)
    if not build(output, toc_path, strict=not options.draft):
        sys.exit("The book was not built: every warning above is an error.")
    title = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["title"]
    write_redirect(output, toc["root"], title)
    write_robots(output)
    write_icon(output)
    complete.write_text(wanted, encoding="utf-8")
    seconds = time.perf_counter() - started
    print(f"{count} pages in {where} ({seconds:.0f} s)")


if __name__ == "__main__":
    main()
