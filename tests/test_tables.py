"""Tables as Markdown and as text."""

import numpy as np
import pytest

from cnnlab.figures import source_table, table, verdict_table
from cnnlab.sources import VERDICTS, statements


def test_a_table_is_markdown_and_text():
    shown = table(["name", "value"], [["a", 0.1 + 0.2], ["b|c", np.array([1, 0.25])]], caption="Two rows.")
    assert shown._repr_markdown_() == (
        "Two rows.\n\n| name | value |\n| --- | --- |\n| a | 0.3 |\n| b\\|c | [1, 0.25] |"
    )
    assert repr(shown) == "Two rows.\nname | value\na | 0.3\nb|c | [1, 0.25]"


def test_digits_are_significant_digits():
    assert repr(table(["v"], [[0.044757279]], digits=3)) == "v\n0.0448"


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="every row must have 2 cells, one for each column; got 1"):
        table(["a", "b"], [["x"]])


@pytest.mark.parametrize("document", range(1, 6))
def test_the_sources_table_shows_every_statement_with_a_link(document):
    text = source_table(document)._repr_markdown_()
    rows = text.splitlines()[2:]
    assert len(rows) == len(statements(document))
    for row, s in zip(rows, statements(document), strict=True):
        assert f"**{s.verdict}**" in row and f"({s.chapter}.ipynb)" in row


def test_the_counts_add_up():
    *counts, together = verdict_table().rows
    assert [row[0].strip("*") for row in counts] == list(VERDICTS)
    for column, document in enumerate(range(1, 6), start=1):
        assert sum(int(row[column]) for row in counts) == int(together[column]) == len(statements(document))
