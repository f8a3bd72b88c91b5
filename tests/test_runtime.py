"""The browser's Python: its list, how it is fetched, and what the live site is told. No network."""

import hashlib
import http.server
import json
import re
import socket
import threading
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.live import runtime, site

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = runtime.LOCK["packages"]


def digest(content):
    return hashlib.sha256(content).hexdigest()


def wanted(**files):
    return {name: digest(content) for name, content in files.items()}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Place:
    """Has some files, or fails, and remembers what it was asked for."""

    def __init__(self, error=None, **files):
        self.error, self.files, self.asked = error, files, []

    def __call__(self, names, folder):
        self.asked.append(sorted(names))
        for name in self.files.keys() & set(names):
            (folder / name).write_bytes(self.files[name])
        if self.error:
            raise runtime.RuntimeRefused(self.error)


def pinned():
    """{name: versions} of requirements.txt."""
    versions = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line)
        if match:
            versions.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return versions


@pytest.mark.parametrize("name", ["numpy", "matplotlib", "ipywidgets", "anywidget", "comm", "psygnal"])
def test_the_browser_and_requirements_txt_agree_on_a_version(name):
    assert pinned()[name] == {PACKAGES[name]["version"]}


def test_every_listed_file_has_one_place_a_hash_and_a_size():
    own, index, kernel = runtime.pyodides_own(), runtime.from_the_index(), runtime.with_the_kernel()
    names = [*own, *index, *kernel]
    assert sorted(names) == sorted({*runtime.LIST["core"], *(p["file_name"] for p in PACKAGES.values())})
    hashes = [*own.values(), *(package["sha256"] for package in PACKAGES.values())]
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in hashes)
    assert own.keys() == runtime.LIST["sizes"].keys() and min(runtime.LIST["sizes"].values()) > 0


def test_the_kernel_brings_the_wheels_that_the_lock_expects_of_it():
    listed = {package["file_name"]: package["sha256"] for package in PACKAGES.values()}
    brought = runtime.with_the_kernel()
    assert {re.match("[a-z_]+", name)[0] for name in brought} == {
        "ipykernel",
        "piplite",
        "pyodide_kernel",
        "widgetsnbextension",
    }
    assert {name: runtime.sha256(path) for name, path in brought.items()} == {
        name: listed[name] for name in brought
    }


def test_the_list_names_packages_and_no_registry():
    folder = Path(runtime.__file__).parent
    text = "".join(
        (folder / name).read_text() for name in ("runtime.json", "pyodide-lock.json", "runtime.py")
    )
    version = runtime.LIST["version"]
    assert re.findall(r"https?://[^\s\"']+", text) == [f"https://cdn.jsdelivr.net/pyodide/v{version}/full/"]
    assert re.fullmatch(r"[a-z-]+==[\d.]+", runtime.LIST["elsewhere"]["requirement"])


def test_a_file_with_another_hash_is_refused_and_never_used(tmp_path):
    with pytest.raises(runtime.RuntimeRefused) as refused:
        runtime.fill(tmp_path, wanted(a=b"original"), [Place(a=b"tampered")])
    message = str(refused.value)
    assert digest(b"original") in message and digest(b"tampered") in message and "deleted" in message
    assert contents(tmp_path) == {}


def test_the_next_place_is_tried(tmp_path, capsys):
    places = [Place(a=b"tampered"), Place("no such host", b=b"b"), Place(), Place(a=b"original", b=b"b")]
    runtime.fill(tmp_path, wanted(a=b"original", b=b"b"), places)
    assert contents(tmp_path) == {"a": b"original", "b": b"b"}
    assert [place.asked for place in places] == [[["a", "b"]], [["a", "b"]], [["a"]], [["a"]]]
    assert "no such host" in capsys.readouterr().err


def test_what_is_there_is_used_again_and_what_is_broken_is_fetched_again(tmp_path):
    for name, content in {"kept": b"kept", "cut": b"cu", "flipped": b"flippeD"}.items():
        (tmp_path / name).write_bytes(content)
    good = {"kept": b"kept", "cut": b"cut", "flipped": b"flipped"}
    place = Place(**good)
    runtime.fill(tmp_path, wanted(**good), [place])
    assert place.asked == [["cut", "flipped"]]
    assert contents(tmp_path) == good
    # A folder that was carried to a machine without a network needs no place at all.
    runtime.fill(tmp_path, wanted(**good), [])


def test_a_run_that_fails_half_way_keeps_what_it_had(tmp_path):
    away = Place("the network went away", a=b"a")
    with pytest.raises(runtime.RuntimeRefused, match=r"(?s)incomplete: b\n.*the network went away"):
        runtime.fill(tmp_path, wanted(a=b"a", b=b"b"), [away])
    again = Place(b=b"b")
    runtime.fill(tmp_path, wanted(a=b"a", b=b"b"), [again])
    assert again.asked == [["b"]]


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder that stands in for Pyodide's distribution."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        use_distribution(monkeypatch, f"http://127.0.0.1:{server.server_port}/", a=1, b=1)
        yield folder
        server.shutdown()


def use_distribution(monkeypatch, address, **sizes):
    monkeypatch.setitem(runtime.LIST, "distribution", address)
    monkeypatch.setitem(runtime.LIST, "sizes", sizes)


def test_the_distribution_is_asked_first_and_the_other_place_has_the_rest(served, tmp_path):
    (served / "a").write_bytes(b"a")
    other = Place(b=b"b")
    runtime.fill(tmp_path / "out", wanted(a=b"a", b=b"b"), [runtime.distribution, other])
    assert contents(tmp_path / "out") == {"a": b"a", "b": b"b"}
    assert other.asked == [["b"]]


def test_a_distribution_that_is_out_of_reach_or_silent_is_given_up_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for address in (f"http://127.0.0.1:{port}/", "http://127.0.0.1:1/", "http://outside.invalid/"):
            use_distribution(monkeypatch, address, a=1)
            started = time.monotonic()
            with pytest.raises(runtime.RuntimeRefused, match=f"{address}a did not come"):
                runtime.distribution(["a"], tmp_path)
            assert time.monotonic() - started < 5


def a_wheel(folder, **files):
    """A wheel `big` 1.0 with files in its folder `inside`; returns its hash."""
    path = folder / "big-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"inside/{name}", content)
        archive.writestr("big-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: big\nVersion: 1.0\n")
        archive.writestr("big-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("big-1.0.dist-info/RECORD", "")
    return runtime.sha256(path)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes for its only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_files_are_taken_out_of_a_wheel(index, tmp_path, monkeypatch, capsys):
    sha256 = a_wheel(index, **{"a.wasm": b"one", "b.whl": b"two"})
    elsewhere = {"requirement": "big==1.0", "sha256": sha256, "size": 3e6, "folder": "inside"}
    monkeypatch.setitem(runtime.LIST, "elsewhere", elsewhere)
    out = tmp_path / "out"
    runtime.fill(out, wanted(**{"a.wasm": b"one", "b.whl": b"two"}), [runtime.inside_a_wheel])
    assert contents(out) == {"a.wasm": b"one", "b.whl": b"two"}
    said = capsys.readouterr().err
    assert "big==1.0" in said and "3 MB" in said


def test_pip_refuses_another_hash_and_what_is_not_there(index, tmp_path):
    sha256 = a_wheel(index)
    out = tmp_path / "out"
    for requirement, expected in (("big==1.0", "0" * 64), ("big==2.0", sha256)):
        with pytest.raises(runtime.RuntimeRefused, match=re.escape(requirement)):
            runtime.pip_download({requirement: expected}, out)
        assert not list(out.glob("*"))


def test_the_default_build_fetches_only_what_the_distribution_does_not_have(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(runtime, "FOLDER", tmp_path)
    monkeypatch.setattr(runtime, "fill", lambda folder, wanted, places: asked.append((wanted, places)))
    runtime.fetch(own=False)
    assert [places for _, places in asked] == [[runtime.python_index]]
    assert asked[0][0] and not asked[0][0].keys() & runtime.LIST["sizes"].keys()
    assert not any("wasm32" in name for name in asked[0][0])
    runtime.fetch()
    assert asked[-1] == (runtime.pyodides_own(), [runtime.distribution, runtime.inside_a_wheel])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The `cnnlab` wheel of this tree."""
    return site.build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_is_pure_and_brings_the_data_and_the_widgets(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package_files = [path for path in (ROOT / "src").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert {path.relative_to(ROOT / "src").as_posix() for path in package_files} <= names


def test_the_lock_names_the_wheel_of_this_tree_and_what_it_needs(wheel):
    entry = site.served_lock(wheel, "")["packages"]["cnnlab"]
    sha256 = runtime.sha256(wheel)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["figures"], *extras["widgets"]]
    assert entry["depends"] == sorted(Requirement(line).name for line in needed)
    assert entry["version"] == project["version"] and entry["sha256"] == sha256
    assert entry["file_name"] == f"{sha256[:12]}/{wheel.name}"


def test_the_self_hosted_lock_names_what_stands_beside_it(wheel):
    packages = site.served_lock(wheel, "")["packages"]
    assert {name: packages[name] for name in PACKAGES} == PACKAGES


def test_the_default_lock_takes_from_the_distribution_what_it_has_in_this_form(wheel):
    packages = site.served_lock(wheel, "https://away/")["packages"]
    for name, package in PACKAGES.items():
        file = package["file_name"]
        address = f"https://away/{file}" if file in runtime.pyodides_own() else file
        assert packages[name] == {**package, "file_name": address}
    assert packages["numpy"]["file_name"].startswith("https://away/numpy-")
    assert packages["ipython"]["file_name"].startswith("ipython-")


def test_every_package_of_the_lock_needs_only_such(wheel):
    packages = site.served_lock(wheel, "")["packages"]
    names = {canonicalize_name(name) for name in packages}
    assert {canonicalize_name(other) for p in packages.values() for other in p["depends"]} <= names
    assert set(site.PRELOADED) <= names


@pytest.mark.parametrize("self_hosted", [True, False])
def test_a_first_visit_fetches_every_file_of_the_lock_once(tmp_path, monkeypatch, wheel, self_hosted):
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    for name in {*runtime.LIST["core"], *(package["file_name"] for package in PACKAGES.values())}:
        (fetched / name).write_bytes(b"12345")
    monkeypatch.setattr(runtime, "fetch", lambda own: fetched)
    visit, in_page = site.write_runtime(tmp_path / "made", wheel, self_hosted)
    lock = json.loads((tmp_path / "made" / "pyodide-lock.json").read_text(encoding="utf-8"))
    names = [*runtime.LIST["core"], *(package["file_name"] for package in lock["packages"].values())]
    assert sorted(file["url"].rpartition("/")[2] for file in visit) == sorted(
        n.rpartition("/")[2] for n in names
    )
    for file in visit:
        if file["url"].startswith("https://"):
            assert not self_hosted
            assert file["size"] == runtime.LIST["sizes"][file["url"].rpartition("/")[2]]
        else:
            path = tmp_path / "made" / file["url"].removeprefix("static/pyodide/")
            assert path.stat().st_size == file["size"]
    assert visit[0]["url"].endswith("/pyodide.mjs")
    assert_a_page_can_begin(in_page, visit, lock)


def assert_a_page_can_begin(told, visit, lock):
    """What a page's Python is told: files of the same visit, with the hashes of the same lock."""
    files = {file["url"]: file["size"] for file in visit}
    assert [files[file["url"]] for file in told["core"]] == [file["size"] for file in told["core"]]
    assert len(told["core"]) == len(runtime.LIST["core"])
    for package in told["packages"]:
        assert files[package["url"]] == package["size"]
        assert package["sha256"] == lock["packages"][package["name"]]["sha256"]
    assert [package["name"] for package in told["packages"] if package["first"]] == ["numpy", "cnnlab"]
    brought = {name for package in told["packages"] for name in package["imports"]}
    assert {"numpy", "matplotlib", "six", "kiwisolver", "cnnlab"} <= brought
    assert not brought & {"IPython", "ipywidgets", "anywidget", "traitlets", "micropip"}
