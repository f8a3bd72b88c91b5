"""Every figure of the book has a caption: the question that it answers, and where to look. It is legible on a phone."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from cnnlab.widgets import still

BOOK = Path(__file__).resolve().parent.parent / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
LEGIBLE = 11.5  # pixels, on a phone of 390


def without_caption(html):
    """The figures in an output that have no caption; a widget's still gets words from the widget."""
    figures = BeautifulSoup(html, "html.parser").select("figure.cnnlab-figure:not(.cnnlab-still)")
    return [
        figure for figure in figures if not (figure.figcaption and figure.figcaption.get_text(strip=True))
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_has_a_caption(path):
    cells = nbformat.read(path, as_version=4).cells
    outputs = [(cell.id, output) for cell in cells for output in cell.get("outputs", ())]
    bare = {name for name, output in outputs if without_caption(output.get("data", {}).get("text/html", ""))}
    assert bare == set(), "cells whose figure has no caption: figure.captioned('...') writes one"


@pytest.mark.parametrize(
    ("html", "bare"),
    [
        ('<figure class="cnnlab-figure"><svg></svg></figure>', 1),
        ('<figure class="cnnlab-figure"><svg></svg><figcaption> </figcaption></figure>', 1),
        ('<figure class="cnnlab-figure"><svg></svg><figcaption>Which?</figcaption></figure>', 0),
        ('<figure class="cnnlab-figure cnnlab-still"><svg></svg></figure>', 0),
    ],
)
def test_a_figure_without_words_would_be_seen(html, bare):
    assert len(without_caption(html)) == bare


def letters(html):
    """The height of the smallest letters of each picture in an output, in pixels, in the column of a phone."""
    found = []
    for svg in BeautifulSoup(html, "html.parser").select("figure.cnnlab-figure svg"):
        width = float(svg["viewbox"].split()[2])
        natural = re.search(r"(?:^|;)width: ?([\d.]+)px", svg.get("style", "")) or re.match(
            r"(.*)", svg["width"]
        )
        styles = [
            (node.get("style", ""), node.get("font-size")) for node in [svg, *svg.find_all(["g", "text"])]
        ]
        sizes = [float(size) for _, size in styles if size]
        sizes += [
            float(size) for style, _ in styles for size in re.findall(r"font[^;]*?: *([\d.]+)px", style)
        ]
        found.append(min(sizes) * min(still.WIDTH, float(natural[1])) / width)
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_letters_of_every_picture_are_legible_on_a_phone(path):
    cells = nbformat.read(path, as_version=4).cells
    outputs = [(cell.id, output.get("data", {})) for cell in cells for output in cell.get("outputs", ())]
    small = {
        name: size for name, data in outputs for size in letters(data.get("text/html", "")) if size < LEGIBLE
    }
    assert small == {}, "give the figure the width of a phone's column, or fewer cells"


def test_letters_are_measured_as_a_phone_shows_them():
    drawn = '<figure class="cnnlab-figure"><svg viewBox="0 0 {}" {}><text style="font: 9px x">a</text></svg></figure>'
    assert letters(drawn.format("255 9", 'style="width:340px;max-width:100%"')) == [12]
    assert letters(drawn.format("510 9", 'style="width:680px;max-width:100%"')) == [6]
    assert letters(drawn.format("170 9", 'width="170"')) == [9], "a phone enlarges nothing"
