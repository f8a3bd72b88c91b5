"""The statements of the documents: their verdicts, and what a verdict rests on. The numbers are tested in test_examples."""

import numpy as np
import pytest

from cnnlab import sources
from cnnlab.misconceptions import CHAPTERS
from cnnlab.sources import statements, verdict

ALL = [(document, s) for document in range(1, 6) for s in statements(document)]

EXPECTED = {
    1: "right right right right loose loose missing right loose",
    2: "right wrong right right right right wrong wrong loose right loose right loose wrong missing",
    3: "right right rounded right differs cut_off right differs differs right right right right wrong loose loose wrong "
    "missing",
    4: "right right right loose loose right right wrong missing",
    5: "wrong loose right wrong loose right right right missing right right",
}


@pytest.mark.parametrize("document", EXPECTED)
def test_every_statement_has_its_verdict(document):
    found = [s.verdict.replace(" ", "_") for s in statements(document)]
    assert found == EXPECTED[document].split()


@pytest.mark.parametrize(("document", "s"), ALL, ids=[f"{d}-{i}" for i, (d, _) in enumerate(ALL)])
def test_a_verdict_fits_its_numbers(document, s):
    assert s.verdict in sources.VERDICTS and s.chapter in CHAPTERS
    assert bool(s.off) == (s.verdict != "right"), "what is not right says by how much"
    assert s.says and s.found
    if s.stated is not None:
        equal = np.allclose(s.stated, s.recomputed, rtol=1e-12, atol=1e-15)
        assert equal == (s.verdict == "right") or s.verdict == "loose"


@pytest.mark.parametrize(
    ("stated", "recomputed", "expected"),
    [
        (0.25, 0.2491, "rounded"),
        (0.0467, 0.04675125, "cut off"),
        (-0.0681, -0.06818625, "cut off"),
        ([0.0467, -0.0682], [0.04675125, -0.06818625], "wrong"),
        (0.0468, 0.04675125, "rounded"),
        (0.3, 0.1 + 0.2, "right"),
        ([3, 3], (3, 3), "right"),
        (0.26, 0.2491, "wrong"),
        (0.24, 0.2491, "cut off"),
        (0.25, 0.2551, "cut off"),
        (0.2501, 0.2491, "wrong"),
    ],
)
def test_verdicts_on_numbers(stated, recomputed, expected):
    assert verdict(stated, recomputed) == expected


def test_verdict_says_that_shapes_differ():
    with pytest.raises(ValueError, match=r"stated has shape \(2,\), recomputed \(3,\)"):
        verdict([1, 2], [1, 2, 3])


def test_an_unknown_document_is_no_document():
    with pytest.raises(KeyError):
        statements(6)
