"""Every displayed equation is computed from what is printed, or declared with a reason; and each slip in one is noticed."""

import functools

import numpy as np
import pytest

from cnnlab import conv1d_backward, conv2d_backward
from cnnlab.activations import sigmoid_backward
from tools.equations import evaluate, find, grammar, listing, mutations, notation, proof, settings
from tools.equations.world import World
from tools.numbers import execute

RIGHT = r"dx_j = \sum_{i \,:\, 0 \le j - i < M} w_{j-i}\, dy_i"
IN_1D = "convolution in 1D"


def problem(tex, about=IN_1D):
    with pytest.raises((evaluate.Wrong, grammar.NotRead)) as raised:
        proof.proved(tex, [about])
    return str(raised.value)


@pytest.mark.parametrize(
    "tex",
    [
        r"y_i = b + \sum_m w_m x_{i+m} \;?",
        r"y_i = b + \sum_m^{M} w_m x_{i+m}",
        r"y_i = b \text{ more or less}",
        r"dw_m = \int x_{i+m} dy_i",
        r"y_i == b",
        r"\sum_m w_m",
        r"y_i = \sum_{m=0} w_m + ",
        "y_i = b § 2",
    ],
)
def test_what_is_not_read_is_refused(tex):
    assert repr(tex) in problem(tex) or "cannot be read" in problem(tex) or problem(tex).startswith(tex)


@pytest.mark.parametrize(
    "tex", ["y_{i}=b+\\sum_{m}w_{m}x_{i+m}", r"y_i &= b + \sum\limits_m w_m \; x_{i + m}"]
)
def test_spaces_do_not_matter_and_unknown_commands_do(tex):
    if "limits" in tex:
        assert "cannot be read" in problem(tex)
    else:
        assert proof.proved(tex, [IN_1D])[0] == IN_1D


def test_a_slope_of_a_convolution_is_that_of_the_backend_to_the_last_bit():
    world = settings.draw("stride", 0)
    upstream = world.slopes("C", "y")
    x, w = (world.values[letter][None, None] for letter in "xw")
    dx, dw, _ = conv1d_backward(upstream[None, None], x, w, stride=world.values["s"])
    np.testing.assert_array_equal(world.slopes("C", "x"), dx[0, 0])
    np.testing.assert_array_equal(world.slopes("C", "w"), dw[0, 0])
    world = settings.draw("convolution in 2D", 1)
    x, w = (world.values[letter][None, None] for letter in "xw")
    dx, dw, db = conv2d_backward(world.slopes("C", "y")[None, None], x, w)
    np.testing.assert_array_equal(world.slopes("C", "x"), dx[0, 0])
    np.testing.assert_array_equal(world.slopes("C", "w"), dw[0, 0])
    assert world.slopes("C", "b") == db[0]


def test_a_slope_behind_a_sigmoid_is_right_to_ten_digits():
    world = settings.draw("one neuron", 0)
    slope = sigmoid_backward(np.ones(()), world.values["z"])
    assert world.slopes("a", "z") == pytest.approx(slope, rel=1e-10)


def test_arrays_have_the_shapes_of_notation():
    world = settings.draw("convolution of a batch", 0)
    counts = {"N": 3, "C": 4} | world.values  # C is the cost there
    counts["C"] = world.values["w"].shape[1]
    for letter in "xwby":
        assert world.values[letter].shape == tuple(counts[size] for size in notation.read().shapes[letter][1])
    sizes = [counts[size] for size in "NCKLM"]
    assert len(set(sizes)) == len(sizes), "equal sizes hide transposed letters"


def test_notation_is_read_from_its_tables():
    text = (
        "## Arrays\n\n| formula | shape in 1D | shape in 2D |\n| --- | --- | --- |\n| $x$ | $(N, L)$ | $(N, H, W)$ |\n"
        "| $z$ | as $x$ | a number |\n\n## The documents' letters\n\n| a | b |\n| --- | --- |\n| $q$ | $x$ |\n"
    )
    page = notation.parse(text)
    assert page.letters == {"x", "z"}
    assert page.shapes == {
        "x": {1: ("N", "L"), 2: ("N", "H", "W")},
        "z": {1: ("N", "L"), 2: None},
    }


def test_a_letter_that_notation_does_not_have_is_a_problem(monkeypatch):
    real = notation.read()
    monkeypatch.setattr(
        notation, "read", lambda: type(real)(letters=real.letters - {"m"}, shapes=real.shapes)
    )
    assert "m stands in no table" in problem(r"dw_m = \sum_i x_{i+m}\, dy_i")


def test_an_error_says_which_equation_where_and_both_values():
    tex = r"y_i = b - \sum_m w_m\, x_{i+m}"
    world = settings.draw(IN_1D, 0)
    said = problem(tex)
    first = float(world.values["y"][0])
    assert said.startswith(tex) and "i = 0" in said and f"L = {world.values['L']}" in said
    assert f"y_i is {first:.0f}" in said
    bias = float(world.values["b"])
    assert f"= {bias - (first - bias):.0f}" in said.replace("is", "=") and f"term   b = {bias:.0f}" in said


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        (RIGHT.replace(r" \,:\, 0 \le j - i < M", ""), "leaves the array"),
        (RIGHT.replace("j - i < M", "j - i < L"), "leaves the array"),
        (r"dw_m = \sum_i x_{i+m}\, dy_m", "print its range"),
        (r"dw_m = \sum_i g_{i+m}\, dy_i", "g means nothing here"),
        (r"dw_m = \sum_i x_i\, dy_i", "print its range"),
        (r"dw_m = \sum_i x_{i+m,i}\, dy_i", "2 indexes"),
        (r"y_i = b + \sum_m w_m\, x_{i+m} \text{, for } i > L", "no index fulfils"),
        (r"y_j = y_j \text{, over those } i \text{ with } i < M", "which is not summed"),
    ],
)
def test_what_a_reader_would_stumble_over_is_said(tex, reason):
    assert reason in problem(tex)


def test_arithmetic_is_computed_and_the_last_number_may_be_rounded():
    def outcome(tex):
        return proof.one(find.Equation("page", "cell", tex, True), settings.ORDINARY)

    assert outcome(r"y_0 = 0.3 \cdot 1 + 0.5 \cdot 2 = 1.3").evaluated
    assert outcome(r"2 / 3 = 0.67").evaluated
    assert "is printed" in outcome(r"2 / 3 = 0.66").problem
    in_a_sentence = find.Equation("page", "cell", r"6 \cdot (2 - 3) = 6", False)
    assert "is printed" in proof.one(in_a_sentence, settings.ORDINARY).problem
    assert "is printed" in outcome(r"y_0 = 0.3 \cdot 1 - 0.5 \cdot 2 = 1.3").problem


def test_a_page_is_cut_into_equations():
    text = (
        "$$\n\\begin{aligned}\ny &= a \\\\\n&+ b \\\\\nz &= c\n\\end{aligned}\n$$\n\n"
        "With $x = 2$, not `$u = 1$`, $k$ and\n\n```python\n$w = 3$\n```\n\n$$p = q, \\qquad r = \\frac12 .$$\n"
    )
    found = [(e.tex, e.displayed) for e in find.equations("page", "cell", text)]
    assert found == [
        ("y &= a &+ b", True),
        ("z &= c", True),
        ("p = q", True),
        (r"r = \frac{1}{2}", True),
        ("x = 2", False),
    ]


def test_what_is_declared_must_be_there():
    said = {"declared": {"E = ": "a definition", "F = ": "nothing"}}
    outcomes = proof.cell("page", "cell", "$$E = § t$$", said)
    assert [o.reason for o in outcomes] == ["a definition", ""]
    assert "no equation of the cell begins so" in outcomes[1].problem


def test_a_wrong_number_in_a_world_is_noticed(monkeypatch):
    """The proof depends on the forward pass: with another one the same formula fails."""
    real = settings.SETTINGS[IN_1D]

    def reversed_kernel(rng):
        world = real(rng)
        steps = [(letter, lambda v, f=f: f({**v, "w": v["w"][::-1]})) for letter, f in world.steps]
        return World(world.given, steps, delta="y")

    monkeypatch.setitem(settings.SETTINGS, IN_1D, reversed_kernel)
    proof.world.cache_clear()
    try:
        assert "y_i is" in problem(r"y_i = b + \sum_m w_m\, x_{i+m}")
        assert problem(RIGHT)
    finally:
        proof.world.cache_clear()


def test_slips_are_those_of_a_typist():
    made = mutations.slips(RIGHT)
    for slip in [
        RIGHT.replace("w_{j-i}", "w_{j+i}"),
        RIGHT.replace(r"0 \le j", "0 < j"),
        RIGHT.replace("< M", r"< w "),
        RIGHT.replace(r" \,:\, 0 \le j - i < M", ""),
        RIGHT.replace(r"w_{j-i}\, dy_i", "dy_i"),
        RIGHT.replace("dy_i", "y _i"),
    ]:
        assert slip in made or slip.replace("y _i", "y_i") in made, slip
    assert len(made) > 60


def test_a_slip_that_is_not_noticed_is_counted_as_missed(monkeypatch):
    """A proof that draws nothing misses all that further draws see."""
    monkeypatch.setattr(settings, "draws", lambda name, more=False: range(3, 6) if more else range(0))
    tally = mutations.try_all(RIGHT, IN_1D)
    assert tally.caught == 0 and len(tally.missed) > 60


PAGES = find.pages(execute.BOOK)


@functools.cache
def outcomes(page):
    return proof.page(PAGES[page])


def every_outcome():
    return [outcome for page in PAGES for outcome in outcomes(page)]


@pytest.mark.parametrize("page", PAGES)
def test_each_equation_of_the_book_is_evaluated_or_declared(page, record_property):
    problems = [f"{o.equation}\n    {o.problem}" for o in outcomes(page) if o.problem]
    assert not problems, "\n" + "\n".join(problems)
    record_property("equations", proof.counts(outcomes(page)))


def test_nearly_all_displayed_equations_are_evaluated():
    displayed = [outcome for outcome in every_outcome() if outcome.equation.displayed]
    evaluated = [outcome for outcome in displayed if outcome.evaluated]
    assert len(displayed) > 35
    assert len(evaluated) >= 0.8 * len(displayed)


def test_each_setting_is_what_some_equation_is_about():
    assert {outcome.about for outcome in every_outcome()} - {"", "numbers"} == set(settings.SETTINGS)


def test_the_page_on_proofs_lists_what_is_declared():
    _, _, cell = listing.cell_of_list(execute.BOOK)
    shown = listing.table(every_outcome(), listing.titles(execute.BOOK))
    assert cell.source == shown, "python -m tools.equations --write brings the list up to date"


@pytest.mark.parametrize("page", PAGES)
def test_each_slip_that_changes_the_meaning_is_noticed(page, record_property):
    tally = mutations.Slips()
    for tex, about in dict.fromkeys((o.equation.tex, o.about) for o in outcomes(page) if o.evaluated):
        if about != "numbers":
            tally.add(mutations.try_all(tex, about))
    assert not tally.missed, "\n" + "\n".join(tally.missed)
    assert tally.tried == tally.caught + len(tally.equal)
    record_property(
        "slips", {"tried": tally.tried, "caught": tally.caught, "equal in meaning": len(tally.equal)}
    )


def test_a_markdown_page_says_it_at_its_top(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(
        "---\nformulas:\n  about: stride\n---\n# Page\n\n$$dw_m = \\sum_i x_{si+m}\\, dy_i$$\n",
        encoding="utf-8",
    )
    (outcome,) = proof.page(path)
    assert (outcome.about, outcome.problem) == ("stride", "")
    path.write_text(path.read_text(encoding="utf-8").replace("stride", "strides"), encoding="utf-8")
    assert "no setting 'strides'" in proof.page(path)[0].problem
