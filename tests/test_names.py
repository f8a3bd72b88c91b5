"""Habits of the whole house: one name for one thing, many arguments by name, type hints in src and nowhere else."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def trees(*folders):
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


TREES = trees("src", "tools", "course", "bench")
WITHOUT_HINTS = trees("tools", "course", "bench", "tests", "tests_torch")
MANY = 4  # more arguments than these cannot be told apart by their places


def twice(modules):
    """The classes that stand in more than one module, with the modules."""
    found = defaultdict(list)
    for path, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path)
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def identifiers(tree):
    """Every name that a module gives to something, or uses: no words in strings and comments."""
    return {
        name
        for node in ast.walk(tree)
        for field in ("id", "attr", "arg", "name", "asname")
        if isinstance(name := getattr(node, field, None), str)
    }


def long_calls(modules):
    """Where an object of one of these classes is made of many arguments that only their places tell apart."""
    classes = {n.name for tree in modules.values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
    return [
        f"{path}:{node.lineno} {node.func.id}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in classes
        and len([a for a in node.args if not isinstance(a, ast.Starred)]) > MANY
    ]


def hinted(tree):
    """The functions of a module that have a type hint."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and (node.returns or any(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg)))
    ]


def test_no_two_classes_have_one_name():
    assert twice(TREES) == {}


@pytest.mark.parametrize("path", TREES)
def test_code_has_one_word_for_a_misconception(path):
    """Readers are told of mistakes; in code the catalogue, its rows and a report's list are misconceptions."""
    assert [name for name in sorted(identifiers(TREES[path])) if "mistake" in name.lower()] == []


def test_many_arguments_of_a_constructor_are_named():
    assert long_calls(TREES) == []


@pytest.mark.parametrize("path", WITHOUT_HINTS)
def test_type_hints_stand_in_src_alone(path):
    """There make lint checks them, all of them. Half of them elsewhere, unchecked, would say what nobody proves."""
    assert hinted(WITHOUT_HINTS[path]) == []


def test_what_these_tests_look_for_is_found():
    one = ast.parse("class Row:\n    mistakes: int\nrow = Row(1, 2, 3, 4, 5)")
    assert twice({"a.py": one, "b.py": ast.parse("class Row: pass")}) == {"Row": ["a.py", "b.py"]}
    assert "mistakes" in identifiers(one)
    assert long_calls({"a.py": one}) == ["a.py:3 Row"]
    assert hinted(ast.parse("def f(x): ...\ndef g(x, *, y: int): ...\ndef h() -> str: ...")) == ["g", "h"]
