"""The browser's Python: its list, how it is assembled, and what the live site is told. No network."""

import hashlib
import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

import nbformat
import pytest

from tools import lite, runtime

ROOT = Path(__file__).resolve().parent.parent
VERSION, ENTRIES, PACKAGES = runtime.read_list()


def digest(content):
    return hashlib.sha256(content).hexdigest()


def entry(name, content, *places):
    return runtime.Entry(name, digest(content), len(content), places)


def pinned():
    """{name: versions} of requirements.txt."""
    versions = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line)
        if match:
            versions.setdefault(lite.normalized(match[1]), set()).add(match[2])
    return versions


@pytest.mark.parametrize("name", ["numpy", "matplotlib", "ipywidgets", "anywidget", "comm", "psygnal"])
def test_the_browser_and_requirements_txt_agree_on_a_version(name):
    listed = {
        lite.normalized(e.name.split("-")[0]): e.name.split("-")[1]
        for e in ENTRIES
        if e.name.endswith(".whl")
    }
    assert pinned()[name] == {listed[name]}


def test_every_listed_file_has_a_known_place_a_hash_and_a_size():
    assert len({e.name for e in ENTRIES}) == len(ENTRIES)
    for e in ENTRIES:
        assert e.places and all(place in PACKAGES for place in e.places)
        assert re.fullmatch("[0-9a-f]{64}", e.sha256) and e.size > 0


def test_the_list_names_packages_and_no_registry():
    text = runtime.LIST.read_text(encoding="utf-8") + Path(runtime.__file__).read_text(encoding="utf-8")
    addresses = re.findall(r"https?://[^\s\"']+", text)
    assert addresses == [f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"]
    for package in PACKAGES.values():
        assert re.fullmatch(r"[A-Za-z0-9._-]+[=@]=?[\w.]+", package.requirement)


def a_wheel(path, files, folder):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}", content)


def a_tarball(path, files, folder):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


class Registry:
    """Hands out archives in the place of pip and npm, and remembers what it was asked for."""

    def __init__(self, archives):
        self.archives, self.asked = archives, []

    def __call__(self, package, folder, on_bytes):
        self.asked.append(package.name)
        make = self.archives[package.name]
        if isinstance(make, Exception):
            raise make
        path = folder / "archive"
        make(path)
        on_bytes(package.size)
        return path


def package(name, folder="inside", registry="pip"):
    return runtime.Package(name, registry, f"{name}==1", folder, "0" * 64, 10)


def assemble(target, entries, registry, *packages, folders=()):
    return runtime.assemble(
        target, entries, {p.name: p for p in packages}, folders, fetch=registry, progress=False
    )


@pytest.mark.parametrize("make", [a_wheel, a_tarball])
def test_files_are_taken_out_of_an_archive(tmp_path, make):
    good = {"a.wasm": b"one", "b.whl": b"two"}
    registry = Registry({"big": lambda path: make(path, good, "inside")})
    entries = [entry(name, content, "big") for name, content in good.items()]
    made = assemble(tmp_path / "out", entries, registry, package("big"))
    assert {path.name: path.read_bytes() for path in made.iterdir()} == good
    assert registry.asked == ["big"]


def test_a_file_with_another_hash_is_refused_and_never_used(tmp_path):
    registry = Registry({"big": lambda path: a_wheel(path, {"a": b"tampered"}, "inside")})
    with pytest.raises(runtime.RuntimeRefused) as refused:
        assemble(tmp_path / "out", [entry("a", b"original", "big")], registry, package("big"))
    message = str(refused.value)
    assert digest(b"original") in message and digest(b"tampered") in message and "deleted" in message
    assert list((tmp_path / "out").iterdir()) == []


def test_the_next_place_is_tried(tmp_path, capsys):
    registry = Registry(
        {
            "broken": lambda path: a_wheel(path, {"a": b"tampered"}, "inside"),
            "gone": runtime.RuntimeRefused("no such package"),
            "not-an-archive": lambda path: path.write_bytes(b"<html>"),
            "without-it": lambda path: a_tarball(path, {"z": b""}, "inside"),
            "good": lambda path: a_tarball(path, {"a": b"original"}, "inside"),
        }
    )
    places = list(registry.archives)
    made = assemble(
        tmp_path / "out", [entry("a", b"original", *places)], registry, *(package(name) for name in places)
    )
    assert (made / "a").read_bytes() == b"original"
    assert registry.asked == places
    assert "tampered" not in capsys.readouterr().err


def test_what_is_there_is_used_again_and_what_is_broken_is_fetched_again(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "kept").write_bytes(b"kept")
    (target / "cut").write_bytes(b"cu")
    (target / "flipped").write_bytes(b"flippeD")
    (target / "half.partial").write_bytes(b"ha")
    (target / "fetching-abc").mkdir()
    good = {"cut": b"cut", "flipped": b"flipped"}
    registry = Registry({"big": lambda path: a_wheel(path, good, "inside"), "own": None})
    entries = [entry("kept", b"kept", "own"), *(entry(n, c, "big") for n, c in good.items())]
    assemble(target, entries, registry, package("big"), package("own"))
    assert registry.asked == ["big"]
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {"kept": b"kept", **good}
    assemble(target, entries, Registry({}), package("big"), package("own"))


def test_a_run_that_fails_half_way_keeps_what_it_had(tmp_path):
    target = tmp_path / "out"
    entries = [entry("a", b"a", "first"), entry("b", b"b", "second")]
    archives = {
        "first": lambda path: a_wheel(path, {"a": b"a"}, "inside"),
        "second": runtime.RuntimeRefused("the network went away"),
    }
    with pytest.raises(runtime.RuntimeRefused, match=r"(?s)incomplete: b\b.*the network went away"):
        assemble(target, entries, Registry(archives), package("first"), package("second"))
    archives["second"] = lambda path: a_wheel(path, {"b": b"b"}, "inside")
    registry = Registry(archives)
    assemble(target, entries, registry, package("first"), package("second"))
    assert registry.asked == ["second"]


def test_a_folder_serves_a_machine_without_a_network(tmp_path):
    source = tmp_path / "stick"
    source.mkdir()
    (source / "a").write_bytes(b"a")
    (source / "b").write_bytes(b"not b")
    entries = [entry("a", b"a", "big"), entry("b", b"b", "big")]
    registry = Registry({"big": lambda path: a_wheel(path, {"a": b"a", "b": b"b"}, "inside")})
    made = assemble(tmp_path / "out", entries, registry, package("big"), folders=[source])
    assert (made / "a").read_bytes() == b"a" and (made / "b").read_bytes() == b"b"


def write_client(folder, name, body):
    """A program that stands in for a registry's client."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("printf good > file.tgz", None),
        ("printf evil > file.tgz", "expected sha256"),
        ("printf goo > file.tgz; exit 1", "failed"),
        ("echo 'the registry is away' >&2; exit 1", "the registry is away"),
        ("exit 0", "no archive came"),
    ],
)
def test_a_download_is_refused_unless_the_client_ends_well_and_the_hash_fits(
    tmp_path, monkeypatch, body, expected
):
    client = write_client(tmp_path, "client", body)
    monkeypatch.setattr(runtime, "npm_command", lambda requirement, folder: [str(client)])
    wanted = runtime.Package("p", "npm", "p@1", "inside", digest(b"good"), 4)
    folder = tmp_path / "downloads"
    folder.mkdir()
    heard = []
    if expected is None:
        assert runtime.download(wanted, folder, heard.append).read_bytes() == b"good"
        assert sum(heard) == 4
    else:
        with pytest.raises(runtime.RuntimeRefused, match=expected):
            runtime.download(wanted, folder, heard.append)


def test_a_missing_client_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "npm_command", lambda requirement, folder: [str(tmp_path / "absent")])
    with pytest.raises(runtime.RuntimeRefused, match="absent is needed"):
        runtime.download(package("p", registry="npm"), tmp_path)


ORIGINAL = {
    "info": {"python": "3.14.0"},
    "packages": {
        "same": {"name": "same", "file_name": "same.whl", "sha256": "s", "depends": []},
        "rebuilt": {"name": "rebuilt", "file_name": "rebuilt.whl", "sha256": "r", "depends": ["same"]},
    },
}
SERVED = {"same.whl": "s", "rebuilt.whl": "other"}


def test_the_self_hosted_lock_names_what_stands_beside_it():
    packages = lite.lock(ORIGINAL, SERVED, [])["packages"]
    assert {n: (p["file_name"], p["sha256"]) for n, p in packages.items()} == {
        "same": ("same.whl", "s"),
        "rebuilt": ("rebuilt.whl", "other"),
    }


def test_the_default_lock_takes_from_the_distribution_what_it_has_in_this_form():
    packages = lite.lock(ORIGINAL, SERVED, [], "https://away/")["packages"]
    assert {n: (p["file_name"], p["sha256"]) for n, p in packages.items()} == {
        "same": ("https://away/same.whl", "s"),
        "rebuilt": ("rebuilt.whl", "other"),
    }


def test_the_default_build_fetches_only_what_the_distribution_does_not_have():
    files = {e.name: e.sha256 for e in ENTRIES}
    original = json.loads(lite.LOCK.read_text(encoding="utf-8"))
    fetched = lite.not_distributed(original, files)
    assert lite.not_distributed(ORIGINAL, {**SERVED, "added.whl": "a", "core.wasm": "c"}) == {
        "rebuilt.whl",
        "added.whl",
    }
    assert not any("wasm32" in name for name in fetched)
    assert sum(e.size for e in ENTRIES if e.name in fetched) < 6e6


def test_every_package_of_the_lock_is_listed_and_needs_only_such():
    packages = json.loads(lite.LOCK.read_text(encoding="utf-8"))["packages"]
    assert {package["file_name"] for package in packages.values()} <= {e.name for e in ENTRIES}
    names = {lite.normalized(name) for name in packages}
    assert {lite.normalized(other) for package in packages.values() for other in package["depends"]} <= names


def test_the_wheel_is_pure_and_brings_the_data_and_the_widgets(tmp_path):
    wheel = lite.build_wheel(tmp_path)
    assert wheel.name.endswith("-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    package_files = [path for path in (ROOT / "src").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.relative_to(ROOT / "src").as_posix() for path in package_files} <= names
    entry = lite.locked(wheel)
    assert entry["name"] == "cnnlab" and entry["imports"] == ["cnnlab"]
    assert entry["sha256"] == digest(wheel.read_bytes())


def test_needed_follows_dependencies_once():
    packages = {
        "a": {"depends": ["b_x", "c"]},
        "b-x": {"depends": ["c"]},
        "c": {"depends": []},
        "d": {"depends": []},
    }
    assert lite.needed(packages, ["a"]) == ["a", "b-x", "c"]


def notebook(*cells):
    return json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=list(cells))))


def test_the_live_notebook_folds_what_the_page_folds_and_changes_nothing_else():
    cells = [
        nbformat.v4.new_markdown_cell("# A title"),
        nbformat.v4.new_code_cell("1", metadata={"tags": ["hide-cell"]}),
        nbformat.v4.new_code_cell("2", metadata={"tags": ["hide-input"]}),
        nbformat.v4.new_code_cell("3", metadata={"tags": ["hide-output"]}),
        nbformat.v4.new_code_cell("4"),
    ]
    printed = notebook(*cells)
    before = json.dumps(printed)
    made = lite.live_notebook(printed, "name")
    assert json.dumps(printed) == before
    folded = [cell["metadata"].get("jupyter") for cell in made["cells"]]
    assert folded == [
        None,
        {"source_hidden": True, "outputs_hidden": True},
        {"source_hidden": True},
        {"outputs_hidden": True},
        None,
    ]
    assert [cell["source"] for cell in made["cells"]] == [cell["source"] for cell in printed["cells"]]
    assert made["metadata"]["cnnlab_live"] == {"chapter": "name", "edition": lite.edition(printed)}
    assert lite.title_of(printed) == "A title"


def test_a_live_widget_shows_its_still_until_its_cell_runs():
    view = "application/vnd.jupyter.widget-view+json"
    shown = nbformat.v4.new_output("display_data", {view: {"model_id": "1"}, "text/html": "<p>still</p>"})
    plain = nbformat.v4.new_output("stream", text="2")
    printed = notebook(nbformat.v4.new_code_cell("w", outputs=[shown, plain]))
    printed["metadata"]["widgets"] = {"state": {}}
    made = lite.live_notebook(printed, "name")
    assert [output.get("data") for output in made["cells"][0]["outputs"]] == [
        {"text/html": ["<p>still</p>"]},
        None,
    ]
    assert "widgets" not in made["metadata"] and "widgets" in printed["metadata"]


def test_an_edition_changes_with_the_text_and_not_with_a_run():
    printed = notebook(nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_markdown_cell("Größe"))
    run = json.loads(json.dumps(printed))
    run["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    run["cells"][0]["execution_count"] = 7
    lines = json.loads(json.dumps(printed))
    lines["cells"][0]["source"] = ["1 ", "+ 1"]
    assert lite.edition(run) == lite.edition(lines) == lite.edition(printed) == "51b50df3"
    run["cells"][0]["source"] = "1 + 2"
    assert lite.edition(run) != lite.edition(printed)
