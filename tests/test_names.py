"""One name for one thing, over the whole house: classes, the word for a misconception, arguments of constructors."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for folder in ("src", "tools", "course", "bench")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
MANY = 4  # more arguments than these cannot be told apart by their places


def twice(trees: dict) -> dict:
    """The classes that stand in more than one module, with the modules."""
    found = defaultdict(list)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path)
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def identifiers(tree: ast.AST) -> set[str]:
    """Every name that a module gives to something, or uses: no words in strings and comments."""
    return {
        name
        for node in ast.walk(tree)
        for field in ("id", "attr", "arg", "name", "asname")
        if isinstance(name := getattr(node, field, None), str)
    }


def long_calls(trees: dict) -> list[str]:
    """Where an object of one of these classes is made of many arguments that only their places tell apart."""
    classes = {n.name for tree in trees.values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
    return [
        f"{path}:{node.lineno} {node.func.id}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in classes
        and len([a for a in node.args if not isinstance(a, ast.Starred)]) > MANY
    ]


def test_no_two_classes_have_one_name():
    assert twice(TREES) == {}


@pytest.mark.parametrize("path", TREES)
def test_code_has_one_word_for_a_misconception(path):
    """Readers are told of mistakes; in code the catalogue, its rows and a report's list are misconceptions."""
    assert [name for name in sorted(identifiers(TREES[path])) if "mistake" in name.lower()] == []


def test_many_arguments_of_a_constructor_are_named():
    assert long_calls(TREES) == []


def test_what_these_tests_look_for_is_found():
    one = ast.parse("class Row:\n    mistakes: int\nrow = Row(1, 2, 3, 4, 5)")
    assert twice({"a.py": one, "b.py": ast.parse("class Row: pass")}) == {"Row": ["a.py", "b.py"]}
    assert "mistakes" in identifiers(one)
    assert long_calls({"a.py": one}) == ["a.py:3 Row"]
