"""What is said of a page elsewhere, in search results and shared links, is prose."""

from docutils import nodes

from tools.sphinx_ext import prose


def page(*paragraphs):
    document = nodes.section("", nodes.title("", "A title"))
    for parts in paragraphs:
        document += nodes.paragraph("", "", *parts)
    return document


def test_no_formula_is_left_in_the_copy_and_none_is_lost_from_the_page():
    document = page([nodes.Text("The sum "), nodes.math("", r"\sum_i x_i"), nodes.Text(" grows.")])
    document += nodes.math_block("", r"\frac{1}{2}", nowrap=False, number=None)
    copy = prose.without_formulas(document)
    assert "\\" not in copy.astext() and "The sum" in copy.astext()
    assert document.astext().count("\\") == 2


def test_the_description_is_whole_sentences_and_none_with_a_formula():
    document = page([nodes.Text("Here "), nodes.math("", "x")], [nodes.Text("One thing. Another.")])
    assert prose.description(document) == "One thing. Another."
    long = "A sentence that is not short. " * 9
    assert prose.description(page([nodes.Text(long)])) == ("A sentence that is not short. " * 5).strip()
    endless = prose.description(page([nodes.Text("word " * 60)]))
    assert endless.endswith("word…") and len(endless) <= prose.LONGEST
    assert prose.description(page()) == ""
