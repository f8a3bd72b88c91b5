"""Formulas are typeset while the book is built: for the eye, for a screen reader, and for whoever copies them."""

import re

import pytest
from bs4 import BeautifulSoup

from tools.sphinx_ext import formulas


def typeset(tex, display=False):
    return BeautifulSoup(formulas.typeset(tex, display), "html.parser")


def test_a_formula_is_drawn_read_aloud_and_copied():
    html = typeset(r"\delta_i x_{i+m} < 3", display=True)
    assert html.select_one("math annotation").text == r"\delta_i x_{i+m} < 3"
    assert html.select_one("math msub mi").text == "δ"
    assert html.select_one(".katex-html")["aria-hidden"] == "true"
    assert html.select_one(".katex-display")


@pytest.mark.parametrize("tex", [r"\unknown{x}", r"\frac{1}{", "x_i_j", "größe"])
def test_what_katex_does_not_know_is_refused_with_its_reason(tex):
    with pytest.raises(formulas.Refused, match=r"\w{4}"):
        formulas.typeset(tex)


def test_the_style_sheet_is_that_of_the_same_version():
    css = (formulas.KATEX / "katex.min.css").read_text(encoding="utf-8")
    script = (formulas.KATEX / "katex.min.js").read_text(encoding="utf-8")
    version = re.search(r'katex-version:+after{content:"([\d.]+)"', css)[1]
    assert f'"{version}"' in script
    named = re.findall(r"url\((fonts/[\w-]+\.woff2)\)", css)
    assert named and all((formulas.KATEX / name).is_file() for name in named)
