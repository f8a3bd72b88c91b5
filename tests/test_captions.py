"""Every figure of the book has a caption: the question that it answers, and where to look."""

from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

BOOK = Path(__file__).resolve().parent.parent / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))


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
