"""The copies of the chapters for Colab, and the addresses of the launch buttons."""

import re
import tomllib

import nbformat
import pytest
import yaml

from tools.live import colab
from tools.sphinx_ext import live

REPOSITORY = "https://host.invalid/someone/cnnlab"


def test_a_copy_installs_the_package_of_this_revision_and_keeps_the_chapter(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import cnnlab")])
    nbformat.write(notebook, tmp_path / "chapter.ipynb")
    before = (tmp_path / "chapter.ipynb").read_bytes()
    assert colab.write(tmp_path / "out", REPOSITORY, "abc123", tmp_path) == 1
    copy = nbformat.read(tmp_path / "out" / "chapter.ipynb", as_version=4)
    nbformat.validate(copy)
    first, *rest = copy.cells
    assert f'"cnnlab[figures,widgets] @ git+{REPOSITORY}@abc123"' in first.source
    assert [cell.source for cell in rest] == ["import cnnlab"]
    assert (tmp_path / "chapter.ipynb").read_bytes() == before


def test_the_install_line_names_extras_that_exist():
    project = tomllib.loads((colab.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = re.search(r"cnnlab\[([a-z,]+)\]", colab.CELL)[1].split(",")
    assert set(extras) <= set(project["optional-dependencies"])


def test_without_a_configured_repository_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(colab, "configured_repository", lambda: "")
    assert colab.main([str(tmp_path / "out")]) == 0
    assert not (tmp_path / "out").exists() and "nothing to write" in capsys.readouterr().out


def test_the_button_of_colab_leads_to_the_copy():
    address = "https://colab.invalid/github/someone/cnnlab/blob/main/book/two-dimensions.ipynb"
    expected = "https://colab.invalid/github/someone/cnnlab/blob/gh-pages/colab/two-dimensions.ipynb"
    assert live.colab_address(address, "main", "book/two-dimensions.ipynb") == expected
    with pytest.raises(ValueError, match="expected a Colab address"):
        live.colab_address(address, "other", "book/two-dimensions.ipynb")


def test_the_copies_are_published_on_the_branch_that_the_buttons_name():
    workflow = yaml.safe_load((colab.ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8"))
    steps = "\n".join(step.get("run", "") for step in workflow["jobs"]["publish"]["steps"])
    assert "tools.live.colab _build/html/colab" in steps
    assert re.search(rf"git push .* {live.COLAB_BRANCH}$", steps, re.MULTILINE)


def test_the_live_button_leads_to_its_own_chapter():
    button = live.live_button("two-dimensions", lambda path, resource: f"../{path}")
    assert button["url"] == "../live/open.html?chapter=two-dimensions"
