import nbformat
import numpy as np
import pytest

from tools.numbers import execute, fields, in_kernel

SCOPE = {
    "y": np.array([1.3, 2.1]),
    "W": np.array([[1.0, -0.5], [0.25, 3.0]]),
    "loss": 0.123456789,
    "m": -0.25,
    "h": 1.2e-5,
    "n": 7,
    "zero": -0.00001,
    "table": {"a": [0.75]},
    "word": "seven",
    "signed": lambda value: f"({value})" if value < 0 else f"{value}",
}


def displays(*texts):
    return in_kernel.evaluate([field for text in texts for field in fields.FIELD.findall(text)], SCOPE)


def rendered(text):
    return fields.render(text, displays(text))


def edited(template, source):
    """The template of a source that shows a rendered template after an edit, or with other values."""
    before = fields.render(template, displays(template))
    return fields.unrendered(source, fields.slots(before, source))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("y[0]", "1.3"),
        ("loss", "0.123457"),
        ("loss:.2f", "0.12"),
        ("n", "7"),
        ("n:03d", "007"),
        ("zero:.2f", "0.00"),
        ("h", "1.2e-05"),
        ("h:tex", r"1.2 \times 10^{-5}"),
        ("h:.2e:tex", r"1.20 \times 10^{-5}"),
        ('table["a"][0]', "0.75"),
        ("{1: 0.5}[1]", "0.5"),
        ("loss:.{n - 5}f", "0.12"),
    ],
)
def test_fields_are_displayed_as_in_an_f_string(field, text):
    result = rendered(f"a {{= {field} =}} b")
    assert (result.text, result.problems) == (f"a {text} b", {})
    assert result.spans == [(2, 2 + len(text), field)]


def test_every_field_stands_where_its_number_is_and_integers_may_be_free():
    result = rendered("chapter 2 has 3 and {= y[0] =}, then {= n =} of 9")
    assert result.text == "chapter 2 has 3 and 1.3, then 7 of 9"
    assert [(result.text[a:b], field) for a, b, field in result.spans] == [("1.3", "y[0]"), ("7", "n")]
    assert result.unbound == []


def test_a_vector_and_a_matrix_are_displayed_entry_by_entry():
    result = rendered(r"[{= y =}] \begin{bmatrix} {= W:.2f =} \end{bmatrix} {= y - 1 =} {= [y, [0.5, 2]] =}")
    assert result.text == (
        r"[1.3, 2.1] \begin{bmatrix} 1.00 & -0.50 \\ 0.25 & 3.00 \end{bmatrix} 0.3, 1.1 1.3 & 2.1 \\ 0.5 & 2"
    )
    assert (result.problems, result.unbound) == ({}, [])


def test_a_display_may_put_brackets_around_its_number():
    text = r"2 \cdot {= signed(m) =} + {= signed(-m) =} or {= 0.125:.1% =}"
    result = rendered(text)
    assert result.text == r"2 \cdot (-0.25) + 0.25 or 12.5%"
    assert fields.unrendered(result.text, result.spans) == text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{= missing =}", "NameError"),
        ("{= y[ =}", "not a Python expression"),
        ("{= word =}", "exactly one number"),
        ("{= float('nan') =}", "exactly one number"),
        ("3{= m =}", "read as part of something else"),
        ("= -{= n =}", "read as part of something else"),
        ("1{= n =}", "read as part of something else"),
        ("a{= n =}", "read as part of something else"),
        ("{= np.zeros((2, 2, 2)) =}", "NameError"),
        ("{= W[None] =}", "index it down"),
    ],
)
def test_a_field_that_cannot_be_displayed_is_a_problem(source, words):
    (problem,) = rendered(source).problems.values()
    assert words in problem


def test_unbound_decimals_are_listed():
    assert [token.text for token in rendered("3 and 0.75 and {= n =} and 0.5").unbound] == ["0.75", "0.5"]


SENTENCE = "3 cells: {= y[0] =} and {= y[1] =} of 4, loss {= loss =}"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("3 cells: 1.3 and 2.1 of 4, loss 0.123457", SENTENCE),
        (
            "3 cells, 2 rows: 1.3 (not 0.75) and 2.1 of 4, loss 0.123457",
            "3 cells, 2 rows: {= y[0] =} (not 0.75) and {= y[1] =} of 4, loss {= loss =}",
        ),
        ("loss 0.123457", "loss {= loss =}"),
        ("1.3 and {= n =}, loss 0.123457", "{= y[0] =} and {= n =}, loss {= loss =}"),
        ("3 cells: 1.3 and {= 1 / 8 =} of 4, loss 0.123457", SENTENCE.replace("y[1]", "1 / 8")),
        (
            "4 cells: 1.4 and 2.1 of 4, loss 0.5",
            "4 cells: {= y[0] =} and {= y[1] =} of 4, loss {= loss =}",
        ),
        ("Once more: 1.4 and 2.1, loss -0.5!", "Once more: {= y[0] =} and {= y[1] =}, loss {= loss =}!"),
        ("3 cells: 2.1 and 1.3 of 4, loss 0.123457", SENTENCE),
        (
            "The loss, 0.123457, comes first. Then there are 3 cells: 1.3 and 2.1 of 4",
            "The loss, {= loss =}, comes first. Then there are 3 cells: {= y[0] =} and {= y[1] =} of 4",
        ),
        ("3 cells: (1.3) and **2.1** of 4, loss 0.123457", SENTENCE.replace("{= y[0] =}", "({= y[0] =})")
         .replace("{= y[1] =}", "**{= y[1] =}**")),
        ("3 cells: one and 2.1 of 4, loss 0.123457", SENTENCE.replace("{= y[0] =}", "one")),
        ("3 cells: 1.35 1.36 and 2.1 of 4, loss 0.123457", SENTENCE.replace("{= y[0] =}", "1.35 {= y[0] =}")),
    ],
)  # fmt: skip
def test_fields_follow_their_numbers_when_text_is_edited(source, text):
    assert edited(SENTENCE, source) == text


def test_two_fields_that_display_the_same_move_to_two_places():
    text = "First {= y[0] =}, {= y[0] =} again.\n\nThen the rest of the text follows, which stays as it is."
    moved = "Then the rest of the text follows, which stays as it is.\n\nFirst {= y[0] =}, {= y[0] =} again."
    assert edited(text, rendered(moved).text) == moved


def test_a_run_that_yields_the_same_numbers_in_another_order_moves_no_field():
    text = "The pad takes {= y[0] =}, the first tap {= y[1] =}; [{= y =}], {= loss =} and {= signed(m) =}"
    shown = "The pad takes 2.1, the first tap 1.3; [2.1, 1.3], -0.25 and 0.123457"
    assert edited(text, shown) == text
    new = text.replace("pad", "padding").replace("signed(m)", "m")
    assert edited(text.replace("signed(m)", "m"), shown.replace("pad", "padding")) == new


def test_a_long_table_of_numbers_is_looked_through_quickly():
    text = "numbers " + " | ".join(["{= y[0] =}"] * 60) + " end"
    shown = rendered(text).text.replace("1.3", "1.4")
    assert edited(text, shown) == text
    assert edited(text, shown + " and more") == text + " and more"


def test_an_array_keeps_its_field_when_its_values_or_its_length_change():
    text = r"so [{= y =}] \begin{bmatrix} {= W =} \end{bmatrix} and {= signed(m) =}"
    assert edited(text, r"so [0.3, 2.1, 9.5] \begin{bmatrix} 1 & 2 \\ 0.25 & 4 \end{bmatrix} and 0.5") == text
    assert edited(text, r"now [1.3, 2.1] \begin{bmatrix} 1 & -0.5 \\ 0.25 & 3 \end{bmatrix} and (-0.25)") == (
        text.replace("so", "now")
    )


def test_a_cell_keeps_its_template_and_shows_it_without_a_kernel():
    cell = nbformat.v4.new_markdown_cell("old", metadata={"cnnlab": {"template": ["gone"]}, "tags": ["a"]})
    fields.store(cell, "one\n{= n =}", "one\n7")
    assert cell.metadata == {"cnnlab": {"template": ["one\n", "{= n =}"]}, "tags": ["a"]}
    assert (cell.source, fields.template(cell), fields.as_written(cell)) == ("one\n7", *["one\n{= n =}"] * 2)
    cell.source = "one\n8"
    assert fields.as_written(cell) == "one\n{= n =}", "which number it is, only a run can say"
    cell.source = "two\n7"
    assert fields.as_written(cell) is None
    fields.store(cell, "no field", "no field")
    assert cell.metadata == {"tags": ["a"]} and fields.as_written(cell) == "no field"


BOUND = [
    pytest.param(cell, id=f"{path.stem}-{cell.id}")
    for path in execute.find()
    for cell in execute.read(path).cells
    if "cnnlab" in cell.metadata
]


@pytest.mark.parametrize("cell", BOUND)
def test_the_books_own_texts_keep_all_fields_when_their_words_or_their_values_change(cell):
    """The values are invented here: each field displays a number of its own."""
    text = fields.as_written(cell)
    assert text == fields.template(cell)
    expressions = fields.FIELD.findall(text)
    shown = {
        e: {"text": f"{n}.{n:03d}", "entries": [f"{n}.{n:03d}"]}
        for n, e in enumerate(dict.fromkeys(expressions), 11)
    }
    before = fields.render(text, shown)
    words = [
        ("the ", "this "),
        ("The ", "Now the "),
        (" is ", " was once "),
        (". ", ". And so on. "),
        (" and ", ", "),
    ]
    source, wanted = before.text, text
    for old, new in words:
        source, wanted = source.replace(old, new), wanted.replace(old, new)
    assert fields.unrendered(source, fields.slots(before, source)) == wanted
    other = {e: {"text": f"-{d['text']}5", "entries": [f"-{d['text']}5"]} for e, d in shown.items()}
    permuted = dict(zip(shown, [*list(shown.values())[1:], *list(shown.values())[:1]], strict=True))
    for values in (other, permuted):
        assert fields.unrendered(before.text, fields.slots(fields.render(text, values), before.text)) == text


def test_integers_and_latex_braces_without_fields_stay_as_they_are():
    text = r"a{=}b and \mathbf{x} in 2026"
    result = rendered(text)
    assert (result.text, result.problems, result.spans) == (text, {}, [])


def test_proposals_display_the_token():
    offers = in_kernel.propose(["1.3", "0.12", "0.25", "-0.5", "0.75", "0.99", r"1.2 \times 10^{-5}"], SCOPE)
    assert offers["1.3"] == ["y[0]"]
    assert offers["0.12"] == ["loss:.2f"]
    assert offers["0.25"] == ["W[1, 0]", "-m"]
    assert offers["-0.5"] == ["W[0, 1]"]
    assert offers["0.75"] == ["table['a'][0]"]
    assert offers["0.99"] == []
    assert offers[r"1.2 \times 10^{-5}"] == ["h:tex"]


def test_evaluating_leaves_the_notebook_s_names_alone():
    scope = dict(SCOPE)
    in_kernel.evaluate(["(fresh := 1.5)"], scope)
    assert scope.keys() == SCOPE.keys()
