"""From clone to page: configuration, set-up, strict builds, serving, and what the built pages ask for."""

import ast
import gzip
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from unittest.mock import Mock
from urllib.robotparser import RobotFileParser

import nbformat
import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from packaging.requirements import Requirement
from packaging.version import Version
from PIL import Image, ImageColor

from tools import book, environment, serve
from tools.sphinx_ext import docstrings

ROOT = Path(__file__).resolve().parent.parent
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")


# Configuration


def test_the_table_of_contents_names_every_page_and_only_pages_that_exist():
    written = {f"book/{path.stem}" for path in (ROOT / "book").iterdir() if path.suffix in book.SUFFIXES}
    listed = book.toc_pages(TOC)
    assert sorted(listed) == sorted(written)


def test_a_chapter_is_called_by_the_number_that_the_table_of_contents_gives_it():
    numbered = [c["file"] for part in TOC["parts"] if part.get("numbered") for c in part["chapters"]]
    called = [
        link
        for path in (ROOT / "book").iterdir()
        if path.suffix in book.SUFFIXES
        for link in re.findall(r"\[[Cc]hapter (\d+)\]\(([a-z-]+)\.ipynb\)", path.read_text(encoding="utf-8"))
    ]
    assert called
    for number, name in called:
        assert numbered.index(f"book/{name}") == int(number) - 1, f"chapter {number} leads to {name}"


def test_no_file_name_carries_a_number():
    assert not [page for page in book.toc_pages(TOC) if re.search(r"\d", page)]


def test_what_the_configuration_names_exists():
    settings = CONFIG["sphinx"]["config"]
    static = ROOT / settings["html_static_path"][0]
    for name in settings["html_css_files"] + settings["html_js_files"]:
        assert (static / name).is_file()
    for name, folder in CONFIG["sphinx"]["local_extensions"].items():
        assert (ROOT / folder / f"{name}.py").is_file()
    for name in CONFIG["bibtex_bibfiles"]:
        assert (ROOT / name).is_file()


def test_no_two_test_files_have_one_name():
    """pytest would take one for the other, and refuse both in one run."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_no_package_index_is_written_into_the_project():
    for name in ("pyproject.toml", "requirements.txt", "Makefile"):
        assert "index-url" not in (ROOT / name).read_text(encoding="utf-8")


# Pins


def pins():
    """The pinned versions by name; a package may have several, for several Pythons."""
    found = {}
    for line in REQUIREMENTS.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement = Requirement(line)
            found.setdefault(requirement.name.lower().replace("_", "-"), []).append(requirement)
    return found


def test_every_requirement_is_pinned():
    for requirements in pins().values():
        for requirement in requirements:
            assert [s.operator for s in requirement.specifier] == ["=="], str(requirement)
            assert requirement.url is None


def test_the_pins_satisfy_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    for text in project["dependencies"] + extras:
        wanted = Requirement(text)
        found = pins().get(wanted.name.lower().replace("_", "-"))
        assert found, f"{wanted.name} is not in requirements.txt; run: make lock"
        for pinned in found:
            version = next(iter(pinned.specifier)).version
            assert wanted.specifier.contains(version), f"{text} is pinned to {version}; run: make lock"


def test_all_supported_pythons_get_the_same_numpy_and_matplotlib():
    for name in ("numpy", "matplotlib"):
        assert len(pins()[name]) == 1
        assert pins()[name][0].marker is None


def test_the_project_and_the_setup_agree_on_the_pythons():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = Requirement(f"python{project['requires-python']}").specifier
    for minor in range(9, 18):
        assert environment.is_supported((3, minor)) == allowed.contains(Version(f"3.{minor}")), minor


# Set-up


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 13), (3, 15, 0), (4, 0, 0)])
def test_another_python_is_refused(version, monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", version)
    monkeypatch.setattr(environment, "suitable_interpreters", lambda: [])
    with pytest.raises(SystemExit) as stop:
        environment.main()
    message = str(stop.value)
    assert "3.11" in message and "3.14" in message
    assert ".".join(map(str, version)) in message
    assert "make book PYTHON=" in message


def test_the_refusal_names_a_python_that_is_there():
    message = environment.refusal((3, 10, 1), "/usr/bin/python3", ["python3.13", "python3.11"])
    assert message.endswith("make book PYTHON=python3.13")


@pytest.mark.parametrize("module", ["tools/__init__.py", "tools/environment.py"])
def test_an_old_python_can_read_the_refusal(module):
    source = (ROOT / module).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    imported = re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names


def test_an_environment_of_an_unsupported_python_is_recognized(tmp_path):
    assert environment.venv_version(tmp_path) is None
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.10.13\n")
    assert environment.venv_version(tmp_path) == (3, 10)
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.12.1\n")
    assert environment.venv_version(tmp_path) == (3, 12)


def test_the_uv_that_the_setup_fetches_is_the_pinned_one():
    assert environment.pinned("uv", REQUIREMENTS) == str(pins()["uv"][0])
    with pytest.raises(LookupError, match="make lock"):
        environment.pinned("not-there", REQUIREMENTS)


def test_the_setup_runs_again_when_the_requirements_change(tmp_path):
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text("a")
    before = environment.digest(tmp_path)
    assert environment.digest(tmp_path) == before
    (tmp_path / "requirements.txt").write_text("b")
    assert environment.digest(tmp_path) != before


# Targets


def targets():
    return re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)


def test_help_and_make_without_a_word_list_every_target():
    help_, nothing = (
        subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for words in (["help"], [])
    )
    assert nothing == help_, "make without a word does not list what can be made"
    assert re.findall(r"^  make (\S+)", help_, re.MULTILINE) == targets()
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE).group(1).split()
    assert sorted(phony) == sorted(targets())


def test_the_readme_names_every_target_and_the_commands_behind_them():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in set(targets()) - {"help"}:
        assert f"`make {target}`" in readme, target
    for name in ("book", "html", "test", "lab", "refresh", "lint"):
        recipe = re.search(rf"^{name}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE).group(1)
        for line in recipe.splitlines():
            command = (
                line.strip()
                .lstrip("@")
                .removeprefix("$(PY) ")
                .replace(" --port $(PORT)", "")
                .partition(" #")[0]
            )
            if "ruff format" not in command:
                assert f".venv/bin/python {command}" in readme, command


# Serving


@pytest.fixture
def site(tmp_path):
    (tmp_path / "index.html").write_text("<title>book</title>")
    (tmp_path / "module.mjs").write_text("export {}")
    (tmp_path / "python.wasm").write_bytes(b"\0asm")
    return tmp_path


def test_a_busy_port_is_noticed_and_the_next_one_taken(site):
    with serve.listen(site, 0) as first:
        taken = first.server_address[1]
        with serve.listen(site, taken) as second:
            assert taken < second.server_address[1] < taken + 50


def test_no_free_port_is_an_error_that_says_what_to_do(site):
    with (
        serve.listen(site, 0) as first,
        pytest.raises(OSError, match="--port"),
    ):
        serve.listen(site, first.server_address[1], tries=1)


def test_the_reader_is_told_about_the_other_port(site, capsys, monkeypatch):
    monkeypatch.setattr(serve.Server, "serve_forever", lambda self: None)
    with serve.listen(site, 0) as first:
        taken = first.server_address[1]
        serve.main(["--port", str(taken), "--folder", str(site)])
    printed = capsys.readouterr().out
    assert f"Port {taken} is busy" in printed
    assert re.search(r"http://localhost:(\d+)/", printed).group(1) != str(taken)


def test_without_a_book_there_is_nothing_to_serve(tmp_path):
    with pytest.raises(SystemExit, match="make html"):
        serve.main(["--folder", str(tmp_path)])


@pytest.fixture
def ask(site):
    """ask(name, **headers) fetches a file from the served site: (status, headers, content)."""

    def fetch(name, **headers):
        wanted = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request("GET", f"/{name}", headers=wanted)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    with serve.listen(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1])
        yield fetch
        connection.close()
        server.shutdown()


def test_files_are_served_with_the_types_that_browsers_insist_on(ask):
    assert ask("module.mjs")[1]["Content-Type"] == "text/javascript"
    assert ask("python.wasm")[1]["Content-Type"] == "application/wasm"
    assert ask("")[2] == ask("index.html")[2] == b"<title>book</title>"
    assert ask("missing.html")[0] == 404


def test_text_is_served_packed_to_who_can_unpack_it(ask):
    status, headers, content = ask("index.html", Accept_Encoding="gzip, br")
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(content) == b"<title>book</title>"
    assert ask("index.html")[1]["Content-Encoding"] is None


def test_a_file_is_sent_again_only_after_it_changed(ask, site):
    tag = ask("index.html", Accept_Encoding="gzip")[1]["ETag"]
    again = {"Accept_Encoding": "gzip", "If_None_Match": tag}
    status, headers, content = ask("index.html", **again)
    assert (status, content, headers["Cache-Control"]) == (304, b"", "no-cache")
    (site / "index.html").write_text("<title>rebuilt</title>")
    os.utime(site / "index.html", ns=(1, 1))
    status, _, content = ask("index.html", **again)
    assert status == 200 and gzip.decompress(content) == b"<title>rebuilt</title>"


def test_a_file_whose_name_tells_its_content_is_asked_for_once(ask, site):
    (site / "book.0123abcd.css").write_text("p {}")
    assert "immutable" in ask("book.0123abcd.css")[1]["Cache-Control"]
    assert ask("module.mjs")[1]["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(("wrong", "reported"), [(None, ""), (ValueError("a defect"), "a defect")])
def test_only_a_browser_that_leaves_early_is_passed_over(site, capsys, monkeypatch, wrong, reported):
    (site / "large.bin").write_bytes(bytes(20_000_000))
    ended = threading.Event()
    monkeypatch.setattr(
        serve.Server, "shutdown_request", lambda self, request: (request.close(), ended.set())
    )
    if wrong:
        monkeypatch.setattr(serve.Handler, "send_head", Mock(side_effect=wrong))
    with serve.listen(site, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with socket.create_connection(server.server_address) as connection:
            connection.sendall(b"GET /large.bin HTTP/1.1\r\n\r\n")
            connection.recv(1)
        assert ended.wait(10)
        server.shutdown()
    said = capsys.readouterr().err
    assert reported in said if reported else said == ""


# Building

PAGE = """# A page

Math $x_i$, `code`, and a [link](other.md).

$$
\\sum_i \\delta_i x_{i+m}
$$

```python
x = 1
```
"""


def project(folder, page):
    """A small book with the project's own configuration and tools."""
    for name in ("tools", "book/_static"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_config.yml", "pyproject.toml", "requirements.txt", "book/references.bib"):
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "book" / "first.md").write_text(page)
    (folder / "book" / "other.md").write_text("# Another page\n\nText.\n")
    (folder / "book" / "stray.md").write_text("# In no table of contents\n")
    stored = nbformat.v4.new_output("stream", text="what the last run printed")
    notebook = nbformat.v4.new_notebook(
        metadata={"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    )
    notebook.cells.append(nbformat.v4.new_markdown_cell("# A notebook"))
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0", outputs=[stored]))
    nbformat.write(notebook, folder / "book" / "stored.ipynb")
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/first\nparts:\n  - chapters:\n      - file: book/other\n      - file: book/stored\n"
    )
    return folder


def run_build(folder, *options):
    command = [sys.executable, "-m", "tools.book", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    folder = project(tmp_path_factory.mktemp("project"), PAGE)
    result = run_build(folder)
    assert result.returncode == 0, result.stderr
    return folder / "_build" / "html"


LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
RELATIONS = {"stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch", "manifest"}


class Loaded(HTMLParser):
    """What a page loads by itself: (element, address), and the text of its inline scripts."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.scripts, self._inline = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in LOADS and attrs.get(LOADS[tag]):
            self.addresses.append(attrs[LOADS[tag]])
        if tag == "link" and set((attrs.get("rel") or "").split()) & RELATIONS:
            self.addresses.append(attrs["href"])
        self._inline = tag == "script" and not attrs.get("src")

    def handle_endtag(self, tag):
        self._inline = False

    def handle_data(self, data):
        if self._inline:
            self.scripts.append(data)


def test_the_collector_sees_what_a_page_loads():
    loaded = Loaded(
        '<script src="//a/b.js"></script><link rel="stylesheet" href="c.css"><script>x</script><a href="d">'
    )
    assert loaded.addresses == ["//a/b.js", "c.css"]
    assert loaded.scripts == ["x"]


def test_built_pages_load_nothing_from_elsewhere(built):
    pages = sorted(built.rglob("*.html"))
    assert {"first.html", "other.html", "index.html", "search.html", "genindex.html"} <= {
        p.name for p in pages
    }
    for page in pages:
        if "_static" in page.parts:
            continue
        loaded = Loaded(page.read_text(encoding="utf-8"))
        for address in loaded.addresses:
            assert not address.startswith(("http:", "https:", "//")), f"{page.name} loads {address}"
            assert (page.parent / address.split("?")[0]).exists(), (
                f"{page.name} loads {address}, which is not there"
            )
        for script in loaded.scripts:
            assert not re.search(r"""(import|fetch|src)\W{0,4}(https?:)?//""", script), page.name
            assert "THEBE_JS_URL" not in script and "kernelName" not in script, page.name


def test_style_sheets_load_nothing_from_elsewhere(built):
    for sheet in (built / "_static").rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"""(@import|url\()\s*["']?(https?:)?//""", text), sheet.name


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_formulas_are_in_the_page_and_nothing_draws_them_there(built):
    page, other = soup(built / "book" / "first.html"), soup(built / "book" / "other.html")
    drawn = [formula.text for formula in page.select("article .katex annotation")]
    assert drawn[0] == "x_i" and "\\sum_i" in drawn[1]
    assert len(page.select("article .katex-html")) == len(drawn) == 2
    fonts = [link["href"] for link in page.select('link[rel="preload"][as="font"]')]
    assert len(fonts) == 2 and not other.select('link[as="font"]')
    for html in (page, other):
        loaded = [name for name in Loaded(str(html)).addresses if name.endswith((".js", ".css"))]
        assert sorted(name.rpartition(".")[2] for name in loaded) == ["css", "js"]
    assert not list(built.rglob("*athjax*")) and not list(built.rglob("fontawesome*"))


def test_a_formula_keeps_the_comma_behind_it(built):
    together = soup(built / "book" / "first.html").select_one(".together")
    assert together.select_one("annotation").text == "x_i" and together.text.endswith(",")


def test_a_page_says_what_it_is_about(built):
    """Whoever finds it in a search sees prose; without a published address no page claims one."""
    said = soup(built / "book" / "other.html").select_one('meta[name="description"]')["content"]
    assert said == "Text."
    for path in (built / "search.html", built / "genindex.html"):
        assert soup(path).select_one('meta[name="description"]')["content"]
    assert not soup(built / "book" / "other.html").select('link[rel="canonical"], meta[property^="og:"]')


def test_a_published_book_names_its_address_and_a_picture_for_shared_links(tmp_path):
    folder = project(tmp_path, PAGE)
    config = (folder / "_config.yml").read_text(encoding="utf-8")
    (folder / "_config.yml").write_text(config.replace('baseurl: ""', "baseurl: https://example.org/book/"))
    result = run_build(folder)
    assert result.returncode == 0, result.stderr
    # A second build with nothing changed but the style sheet brings the new one.
    with (folder / "book" / "_static" / "book.css").open("a") as styles:
        styles.write("p { orphans: 77 }")
    assert run_build(folder).returncode == 0
    (sheet,) = (folder / "_build" / "html" / "_static").glob("book.*.css")
    assert "orphans: 77" in sheet.read_text(encoding="utf-8")
    page = soup(folder / "_build" / "html" / "book" / "other.html")
    address = "https://example.org/book/book/other.html"
    assert page.select_one('link[rel="canonical"]')["href"] == address
    shared = {tag["property"]: tag["content"] for tag in page.select('meta[property^="og:"]')}
    assert shared["og:url"] == address and shared["og:description"] == "Text."
    picture = shared["og:image"].removeprefix("https://example.org/book/")
    with Image.open(folder / "_build" / "html" / picture) as image:
        assert image.width > image.height > 300


def test_the_search_index_has_no_formulas(built):
    index = (built / "searchindex.js").read_text(encoding="utf-8")
    terms = json.loads(index[index.index("(") + 1 : index.rindex(")")])["terms"]
    assert "link" in terms and "code" in terms
    assert not {"sum_i", "delta_i", "x_i"} & set(terms)


def test_a_formula_that_cannot_be_drawn_fails_the_build(tmp_path):
    result = run_build(project(tmp_path, PAGE.replace("x_i", "\\nonsense")))
    assert result.returncode != 0
    assert "nonsense" in result.stderr and "first.md" in result.stderr


def test_pages_show_committed_outputs_and_only_those_of_the_table_of_contents(built):
    text = (built / "book" / "stored.html").read_text(encoding="utf-8")
    assert "what the last run printed" in text and "ZeroDivisionError" not in text
    assert not (built / "book" / "stray.html").exists()


def test_the_books_own_address_leads_to_its_first_page(built):
    text = (built / "index.html").read_text(encoding="utf-8")
    assert 'lang="en"' in text and "book/first.html" in text


def test_search_engines_read_the_book_and_not_its_live_pages(built):
    robots = RobotFileParser()
    robots.parse((built / "robots.txt").read_text(encoding="utf-8").splitlines())
    assert robots.can_fetch("*", "/book/first.html") and not robots.can_fetch("*", "/live/lab/index.html")


def test_every_page_names_the_icon_and_the_root_has_one(built):
    """A browser asks the root for favicon.ico where a page names no icon, and where it shows a file that is no page."""
    for page in built.rglob("*.html"):
        if "_static" not in page.parts:
            assert re.search(r'<link [^>]*rel="(shortcut )?icon"', page.read_text(encoding="utf-8")), (
                page.name
            )
    named = re.findall('fill="(#[0-9A-F]+)"', (ROOT / "book/_static/favicon.svg").read_text(encoding="utf-8"))
    with Image.open(built / "favicon.ico") as icon:
        drawn = [color for _, color in icon.convert("RGBA").getcolors() if color[3] > 250]
    for color in map(ImageColor.getrgb, named):
        assert any(np.allclose(color, other[:3], atol=2) for other in drawn), color


@pytest.mark.parametrize(
    "changed", ["src/cnnlab/widgets/static/stage.js", "tools/sphinx_ext/widgets.py", "book/_static/book.css"]
)
def test_what_all_pages_share_builds_them_all_again(changed, tmp_path, monkeypatch):
    for name in ("_config.yml", "_toc.yml", "requirements.txt", changed):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before", encoding="utf-8")
    monkeypatch.setattr(book, "ROOT", tmp_path)
    before = book.fingerprint(tmp_path / "_toc.yml")
    (tmp_path / changed).write_text("after", encoding="utf-8")
    assert book.fingerprint(tmp_path / "_toc.yml") != before


def test_a_warning_fails_the_build_and_fails_it_again(tmp_path):
    folder = project(tmp_path, PAGE.replace("other.md", "missing.md"))
    for _ in range(2):
        result = run_build(folder)
        assert result.returncode != 0
        assert "missing.md" in result.stderr
    # A draft shows the same warning and goes on; a page that is not written is left out.
    with (folder / "_toc.yml").open("a") as toc:
        toc.write("      - file: book/unwritten\n")
    result = run_build(folder, "--draft")
    assert result.returncode == 0, result.stderr
    assert "missing.md" in result.stderr
    assert (folder / "_build" / "draft" / "html" / "book" / "first.html").is_file()


def test_a_draft_leaves_out_pages_and_parts_that_are_not_written(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "b.md").write_text("# B")
    toc = {
        "format": "jb-book",
        "root": "book/a",
        "parts": [{"chapters": [{"file": "book/b"}, {"file": "book/c"}]}, {"chapters": [{"file": "book/d"}]}],
    }
    short = book.without_missing(toc, tmp_path)
    assert short == {"format": "jb-book", "root": "book/b", "parts": [{"chapters": [{"file": "book/b"}]}]}


def test_each_page_says_at_its_foot_which_edition_it_is(built):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    for page in (built / "book").glob("*.html"):
        foot = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select_one("footer .edition")
        assert f"Version {version}" in foot.text


def test_every_work_is_cited_where_it_is_used():
    book_folder = ROOT / "book"
    listed = set(
        re.findall(
            r"^@\w+\{([\w-]+),", (book_folder / "references.bib").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    text = "".join(path.read_text(encoding="utf-8") for path in book_folder.glob("*.md"))
    cited = {key.strip() for keys in re.findall(r"\{cite\}`([^`]+)`", text) for key in keys.split(",")}
    assert listed == cited


# The page made from docstrings


def test_docstrings_keep_their_formulas_and_lose_accidental_markup():
    text = docstrings.as_restructuredtext(
        [
            "Sum *args of the *whole* `x`.",
            "",
            "dw[k] = sum over i of a * b",
            "db[k] = sum over i",
            "    of b",
            "",
            "    indented  = text_",
            "",
            "name    meaning of the name_",
            "    and more of it",
            "other, one  meaning",
            "",
            "one line    of a table",
            "with another below",
        ]
    )
    assert text == [
        "Sum \\*args of the *whole* ``x``.",
        "",
        "| dw[k] = sum over i of a × b",
        "| db[k] = sum over i of b",
        "",
        ".. code-block:: text",
        "",
        "        indented  = text_",
        "",
        "``name``",
        "    meaning of the name\\_ and more of it",
        "``other, one``",
        "    meaning",
        "",
        ".. code-block:: text",
        "",
        "    one line    of a table",
        "    with another below",
        "",
    ]


def test_the_reference_has_a_section_for_every_module():
    page = (ROOT / "book" / "backend-reference.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"automodule:: cnnlab\.(\w+)", page))
    modules = {
        path.stem for path in (ROOT / "src" / "cnnlab").iterdir() if path.suffix == ".py" or path.is_dir()
    }
    assert listed == {name for name in modules if not name.startswith("_")} - {"data"}
