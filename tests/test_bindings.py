import nbformat
import numpy as np
import pytest

from tools import bindings, in_kernel, tokens


def found(text):
    return [token.text for token in tokens.find(text)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("y = [1.3, 2.1]", ["1.3", "2.1"]),
        ("the end is 0.5.", ["0.5"]),
        ("about 0.333... of it", ["0.333"]),
        ("between .5 and 5.", [".5", "5"]),
        ("1,000 and 60,000.5", ["1,000", "60,000.5"]),
        ("1.2e-5, 3E6 and 1e-07", ["1.2e-5", "3E6", "1e-07"]),
        (r"$1.2 \times 10^{-5}$", [r"1.2 \times 10^{-5}"]),
        (r"$3\cdot 10^4$", [r"3\cdot 10^4"]),
        (r"$0{,}5$", ["0{,}5"]),
        (r"\frac{1}{3} + x_{0,0} + x_1", ["1", "3", "0", "0"]),
        (r"a & -0.5 \\ 0.25&-1.5", ["-0.5", "0.25", "-1.5"]),
        (r"2\cdot0.5\times.25", ["2", "0.5", ".25"]),
        ("12.5% and 12.5\\%", ["12.5", "12.5"]),
        ("`w = 0.5`", ["0.5"]),
        ("```\nw = 0.5\n```", ["0.5"]),
        ("3x0.5", ["3", "0.5"]),
        ("lr=0.5", ["0.5"]),
    ],
)
def test_numbers_are_found(text, numbers):
    assert found(text) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("= -0.5", ["-0.5"]),
        ("(-0.5)", ["-0.5"]),
        ("&-0.5", ["-0.5"]),
        ("a -0.5", ["-0.5"]),
        ("-0.5", ["-0.5"]),
        ("\N{MINUS SIGN}0.5", ["\N{MINUS SIGN}0.5"]),
        ("+0.5", ["+0.5"]),
        ("3-0.5", ["3", "0.5"]),
        ("3 - 0.5", ["3", "0.5"]),
        ("x-0.5", ["0.5"]),
        ("x_{1}-0.5", ["1", "0.5"]),
        ("f(x)-0.5", ["0.5"]),
        ("y[0]-0.5", ["0", "0.5"]),
        ("pages 12-15", ["12", "15"]),
    ],
)
def test_a_sign_belongs_to_the_number_unless_it_is_binary(text, numbers):
    assert found(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "Python 3.11",
        "NumPy 2.4.3 and a.b 1.2.3",
        "chapter 2.1",
        "Section~4.2",
        "CC BY 4.0",
        "v1.2 of python3.11",
        "conv1d, BP, x_a",
        "https://a.org/1.5/x",
        "see [it](page-1.5.html)",
        "10.1000/abc.5",
        "arXiv:1301.35571",
        "data-1.5.csv",
        '<div style="width: 0.5em">',
        r"\\[0.5em] \hspace{1.5em}",
        ":width: 4.6in",
        "&#8722;",
        "<!-- 0.5\n0.6 -->",
    ],
)
def test_what_is_no_number(text):
    assert found(text) == []


def test_alt_texts_and_titles_are_read():
    assert found('<img width="0.5em" alt="a slope of 0.25">') == ["0.25"]
    assert found("![a slope of 0.25](a-1.5.svg)") == ["0.25"]


def test_directive_options_end_with_their_line():
    assert found(":class: note\n0.5") == ["0.5"]


def test_a_comparison_is_no_tag():
    assert found("0.1 <x and y> 0.2") == ["0.1", "0.2"]


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


def rendered(source, numbers=()):
    cell = nbformat.v4.new_markdown_cell(source)
    cell.metadata["cnnlab"] = {"numbers": list(numbers)}
    fields = bindings.fields(nbformat.v4.new_notebook(cells=[cell]))
    return bindings.render(source, list(numbers), in_kernel.evaluate(fields, SCOPE))


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
    assert (result.source, result.problems) == (f"a {text} b", [])
    assert result.numbers == [field]


def test_every_number_of_the_text_has_one_entry():
    result = rendered("chapter 2 has 3 and {= y[0] =}, then {= n =} of 9")
    assert result.source == "chapter 2 has 3 and 1.3, then 7 of 9"
    assert result.numbers == [None, None, "y[0]", "n", None]


def test_a_vector_and_a_matrix_are_bound_entry_by_entry():
    result = rendered(r"[{= y =}] \begin{bmatrix} {= W:.2f =} \end{bmatrix} {= y - 1 =}")
    assert result.source == r"[1.3, 2.1] \begin{bmatrix} 1.00 & -0.50 \\ 0.25 & 3.00 \end{bmatrix} 0.3, 1.1"
    assert result.numbers[:2] == ["y[0]", "y[1]"]
    assert result.numbers[2:6] == ["W[0, 0]:.2f", "W[0, 1]:.2f", "W[1, 0]:.2f", "W[1, 1]:.2f"]
    assert result.numbers[6:] == ["(y - 1)[0]", "(y - 1)[1]"]


def test_a_display_may_put_brackets_around_its_number():
    result = rendered(r"2 \cdot {= signed(m) =} + {= signed(-m) =}")
    assert result.source == r"2 \cdot (-0.25) + 0.25"
    assert result.numbers == [None, "signed(m)", "signed(-m)"]
    again = rendered(result.source, result.numbers)
    assert (again.source, again.numbers, again.changes) == (result.source, result.numbers, [])
    text = bindings.unrender(result.source, result.numbers)
    assert rendered(text).source == result.source


def test_a_percent_sign_is_written_once():
    result = rendered("{= 0.125:.1% =} and {= 0.125:.1% =}%")
    assert result.source == "12.5% and 12.5%"


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
    (problem,) = rendered(source).problems
    assert words in problem


def test_a_wrong_number_is_rewritten_and_reported():
    result = rendered("y is 1.4 and 7", ["y[0]", None])
    assert (result.source, result.changes) == ("y is 1.3 and 7", [("1.4", "1.3", "y[0]")])


def test_unbound_decimals_are_listed():
    result = rendered("3 and 0.75 and {= n =} and 0.5")
    assert result.unbound == [1, 3]


def test_expressions_follow_their_numbers_when_text_is_edited():
    numbers = [None, "y[0]", "y[1]", None, "loss"]
    shown = "3 cells: 1.3 and 2.1 of 4, loss 0.123457"
    assert rendered(shown, numbers).numbers == numbers
    inserted = rendered("3 cells, 2 rows: 1.3 (not 0.75) and 2.1 of 4, loss 0.123457", numbers)
    assert inserted.numbers == [None, None, "y[0]", None, "y[1]", None, "loss"]
    assert inserted.unbound == [3]
    assert rendered("loss 0.123457", numbers).numbers == ["loss"]
    assert rendered("1.3 and {= n =}, loss 0.123457", numbers).numbers == ["y[0]", "n", "loss"]
    swapped = rendered("3 cells: 2.1 and 1.3 of 4, loss 0.123457", numbers)
    assert (swapped.source, swapped.numbers[1:3]) == (
        "3 cells: 2.1 and 1.3 of 4, loss 0.123457",
        ["y[1]", "y[0]"],
    )


def test_unrender_gives_the_fields_back():
    result = rendered("chapter 2: {= y[0] =}, ${= h:tex =}$ and {= n =}")
    assert (
        bindings.unrender(result.source, result.numbers) == "chapter 2: {= y[0] =}, ${= h:tex =}$ and {= n =}"
    )
    with pytest.raises(ValueError, match="4 numbers and its metadata has 1"):
        bindings.unrender("1 2 3 4", ["n"])


def test_integers_and_latex_braces_without_fields_stay_as_they_are():
    text = r"a{=}b and \mathbf{x} in 2026"
    result = rendered(text)
    assert (result.source, result.problems) == (text, [])


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
