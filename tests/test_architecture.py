"""ARCHITECTURE.md: what it names exists, nothing is left out, and imports run the way its picture says."""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PICTURE = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)[1]
# Folders of imports, each of which may use only those that stand before it.
PARTS = ("cnnlab", "tools", "course", "bench")
SOURCE = {"cnnlab": ROOT / "src" / "cnnlab"}


def files(part):
    """The modules of a part as {dotted name: path}."""
    folder = SOURCE.get(part, ROOT / part)
    found = {}
    for path in sorted(folder.rglob("*.py")):
        names = [part, *path.relative_to(folder).with_suffix("").parts]
        found[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    return found


MODULES = {part: files(part) for part in PARTS}
EVERY = {name for part in MODULES.values() for name in part}


@functools.cache
def imported(name, path):
    """The modules of the project that a module imports, at its top or inside a function."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in EVERY else base for alias in node.names
            }
    return found


def picture():
    """The modules of `cnnlab` in the picture, from the ground up, each line from left to right."""
    lines = [re.sub(r"^.*?  +", "", line) for line in PICTURE.splitlines() if line.strip()]
    return [name for line in reversed(lines) for name in re.findall(r"\w+", line)]


def top(name):
    """`cnnlab.check.runner` -> `check`"""
    return name.split(".")[1]


def test_every_module_of_the_backend_is_in_the_picture_once():
    assert sorted(picture()) == sorted({top(name) for name in MODULES["cnnlab"] if "." in name})


@pytest.mark.parametrize("name", sorted(name for name in MODULES["cnnlab"] if "." in name))
def test_a_module_imports_only_what_stands_below_it_in_the_picture_or_left_of_it(name):
    place = {module: number for number, module in enumerate(picture())}
    used = {other for other in imported(name, MODULES["cnnlab"][name]) if other.startswith("cnnlab.")}
    upwards = {other for other in used if place[top(other)] > place[top(name)]}
    assert not upwards, f"{name} imports {sorted(upwards)}, which stand above it"


def test_parts_import_each_other_in_one_direction_only():
    for number, part in enumerate(PARTS):
        for name, path in MODULES[part].items():
            used = {other.split(".")[0] for other in imported(name, path)}
            later = used & {*PARTS[number + 1 :], "tests"}
            assert not later, f"{name} imports {sorted(later)}"


def test_no_circle():
    """No module of the project imports itself by way of others."""
    graph = {name: imported(name, path) & EVERY for part in MODULES.values() for name, path in part.items()}
    left = dict(graph)
    while ready := [name for name, used in left.items() if not (used - {name}) & left.keys()]:
        for name in ready:
            del left[name]
    assert not left, f"these import each other: {sorted(left)}"


@pytest.mark.parametrize(("package", "owner"), [("matplotlib", "figures"), ("anywidget", "widgets")])
def test_one_package_of_the_backend_imports_a_library_that_the_core_lacks(package, owner):
    users = {
        top(name)
        for name, path in MODULES["cnnlab"].items()
        if package in {other.split(".")[0] for other in imported(name, path)}
    }
    assert users == {owner}


def test_what_is_named_exists():
    paths = [
        name for name in re.findall(r"`([\w./*-]+)`", TEXT) if "/" in name or name.endswith((".md", ".py"))
    ]
    made = [name for name in paths if name.startswith(("_build/", ".cache/"))]
    missing = [name for name in paths if name not in made and not list(ROOT.glob(name.rstrip("/")))]
    assert paths and not missing
    dotted = [name for name in re.findall(r"`([a-z_]+(?:\.\w+)+)`", TEXT) if name.split(".")[0] in PARTS]
    assert dotted
    for name in dotted:
        # A module, or something in a module.
        module = name if name in EVERY else name.rpartition(".")[0]
        assert module in EVERY, f"{name} does not exist"
        text = (MODULES[name.split(".")[0]][module]).read_text(encoding="utf-8")
        assert module == name or re.search(rf"\b{name.rpartition('.')[2]}\b", text), f"{name} does not exist"


def test_every_folder_of_code_is_named():
    named = {name.rstrip("/") for name in re.findall(r"`([\w./-]+/)`", TEXT)}
    # The packages inside `cnnlab` stand in the picture.
    inside = [path.parent for part in PARTS[1:] for path in (ROOT / part).glob("*/__init__.py")]
    folders = {path.relative_to(ROOT).as_posix() for path in inside}
    assert folders | {"book", "src/cnnlab", "tests", "tests_torch", "tools/sphinx_ext", *PARTS[1:]} <= named
