"""The order of what a cell shows, and which tables become cards on a phone."""

import pytest
from docutils import nodes

from tools.sphinx_ext import cells


@pytest.mark.parametrize(
    ("code", "says_nothing"),
    [
        ("figures.grids([[1]])", True),
        ('figures.grids([[1]]).captioned("Which one?")', True),
        ("import cnnlab\nfrom cnnlab import widgets\nwidgets.AnswerBox.about('What?', 2)", True),
        ("dw = conv1d_backward(dy, x, w)[1]\nfigures.grids([[dw]])", False),
        ("print(figures)", False),
        ('print(1).captioned("Which one?")', False),
        ("figures", False),
        ("%matplotlib inline", False),
    ],
)
def test_code_that_only_displays_says_nothing(code, says_nothing):
    assert cells.only_displays(code) == says_nothing


def test_a_table_is_as_wide_as_the_longest_words_of_its_columns():
    assert cells.least_width([["a", "to see"], ["three", ""]]) == len("three") + len("see") + 2


def test_a_card_names_a_column_by_its_words_and_formulas_without_links():
    link = nodes.reference("", "document", refuri="references.html")
    name = nodes.entry("", nodes.paragraph("", "the ", link, nodes.math("", "y_i")))
    spelled = list(cells.spelled(name))
    assert [type(node) for node in spelled] == [nodes.Text, nodes.Text, nodes.math]
    assert [node.astext() for node in spelled] == ["the ", "document", "y_i"]
