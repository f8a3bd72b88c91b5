import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import lint
from tools.numbers import execute
from tools.numbers.normalise import VIEW


def template(text):
    return {"cnnlab": {"template": [text]}}


def remarks(*cells):
    return " | ".join(map(str, lint.notebook_remarks(new_notebook(cells=list(cells)))))


def code(source="x", outputs=(), **metadata):
    return new_code_cell(source, outputs=list(outputs), execution_count=1, metadata=metadata)


def output(**data):
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {k.replace("_", "/"): v for k, v in data.items()},
    }


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (new_markdown_cell("# T\nabout 0.5"), "the decimal in '# T about 0.5' is not bound"),
        (new_markdown_cell("# T\n{= y =}"), "not filled in"),
        (new_markdown_cell("# T\nnow 0.5", metadata=template("# T\nso {= y =}")), "was edited"),
        (
            new_markdown_cell("# T\n0.5 and 0.7", metadata=template("# T\n{= y =}")),
            "the decimal in '# T 0.5 and 0.7'",
        ),
        (new_markdown_cell("# T\n![](a.svg)"), "no alt text"),
        (new_markdown_cell("# T\nsee {cite}`a`"), "stays raw"),
        (new_markdown_cell("# T\n### U"), "level 3 follows one of level 1"),
        (new_markdown_cell("## T"), "begin with a title"),
        (new_markdown_cell("# T\n# U"), "2 titles"),
        (new_code_cell("x = 1"), "was not run"),
        (code("x = 1  # 0.5 of it"), "the comment '# 0.5 of it' states 0.5"),
        (code("print('loss is 0.5')"), "states 0.5; format a value"),
        (code("f()\ng();"), "';'"),
        (code("y = f(" + "x, " * 30 + ")"), "has 97 characters; 79 fit the page"),
        (code("time.perf_counter()"), "shows a time"),
        (code("from tqdm.auto import tqdm"), "shows a time"),
        (code("for step in tqdm(steps): pass"), "disable=None"),
        (code("interact(f, x=1)"), "needs-python"),
        (code("clear_output()"), "cannot compare"),
        (code("AnswerBox('one for each position')"), "this book says place"),
        (code(tags=["skip-execution"]), "skip-execution"),
        (code(mystnb={"image": {"alt": "at 0.5"}}), "holds a decimal"),
        (code(outputs=[output(image_png="iVBO")]), "image/png"),
        (code(outputs=[output(text_html="<svg width='1'>")]), "no aria-label"),
        (code(outputs=[output(text_html="<img src='a'>")]), "<img> has no alt text"),
        (code(outputs=[output(text_markdown="$$x$$")]), "$$"),
        (code(outputs=[output(text_markdown="{ref}`x`")]), "a role"),
        (code(outputs=[{"output_type": "display_data", "metadata": {}, "data": {VIEW: {}}}]), "no still"),
    ],
)
def test_lint_sees(cell, words):
    assert words in remarks(cell)


def test_lint_has_nothing_to_say_about_a_clean_page():
    prose = new_markdown_cell("# T\n## U\nsee Python 3.11 and 7", metadata={"cnnlab": {}})
    bound = new_markdown_cell("so 0.25", metadata=template("so {= dw[0] =}"))
    plain = code("print(f'{loss:.4f} and {x:0.3g}', format(x, '.2f'), 0.5)  # see chapter 2")
    assert remarks(prose, bound, plain) == ""


def test_lint_finds_the_decimals_typed_into_the_code_of_the_trial(trial):
    texts = [remark.text for remark in lint.notebook_remarks(execute.read(trial))]
    typed = [text.split(";")[0].split(" states ")[1] for text in texts if " states " in text]
    assert typed == ["2.1", "0.9", "2.1", "-0.1", "-0.1", "-0.1", "-0.1", "0.2", "0.4", "0.5", "0.7"]


def test_lint_proposes_what_is_bound_elsewhere():
    known = new_markdown_cell("# T\n0.25", metadata=template("# T\n{= dw[0] =}"))
    assert "write {= dw[0] =}, as elsewhere" in remarks(known, new_markdown_cell("so 0.25"))


def test_lint_looks_for_linked_files(tmp_path):
    (tmp_path / "there.ipynb").touch()
    text = "# T\n[a](there.ipynb#x) [b](gone.ipynb) [c](#x) [d](https://a.org)\n```\n[e](code)\n```\n"
    (remark,) = lint.page_remarks(text, folder=tmp_path)
    assert "gone.ipynb leads nowhere" in remark.text


def test_lint_allows_no_decimal_on_a_page_without_a_kernel():
    (remark,) = lint.page_remarks("# T\nthe loss is 0.5")
    assert "recomputed by nothing" in remark.text


def test_folded_code_may_be_long_because_it_wraps():
    assert "characters" not in remarks(
        new_markdown_cell("# T"), code("y = f(" + "x, " * 30 + ")", tags=["hide-input"])
    )


def test_the_words_of_the_package_are_looked_at(tmp_path):
    (tmp_path / "mistakes.py").write_text(
        'def f():\n    """By position."""\n    return "the kernel rotated"\n'
    )
    assert [str(remark).partition(": this")[0] for remark in lint.package_remarks(tmp_path)] == [
        "mistakes.py, line 3: 'rotated'"
    ]
