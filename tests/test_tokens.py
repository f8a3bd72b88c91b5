import pytest

from tools.numbers import tokens


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
