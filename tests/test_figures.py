"""The book's pictures: what they say, that they say it in text, and that they come out the same every time."""

import html
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from cnnlab import conv1d_backward, examples, figures
from cnnlab.figures import Grid, Node, Wire, svg
from cnnlab.figures.svg import Figure, canvas, finish
from cnnlab.palette import INK, ROLES, paint

NINE = examples.nine_neurons
ONE = examples.one_dimension_longer
PLANE = np.array([[[[1, 3, 2, 0], [4, 2, 1, 6], [0, 5, 7, 1], [2, 3, 1, 4]]]], float)
PLANE_DY = np.array([[[[3, -1], [2, 8]]]], float)
ROW, ROW_DY = examples.pooling.x[None, None], examples.pooling.dy[None, None]
KERNELS = np.array([[[[1, -4, 0], [0, 2, 0.25]]], [[[0, 0, 0], [0, 0, -1]]]], float)
FORK = {
    "x": Node((0, 0.5), "x", "input"),
    "a": Node((1, 0), "× 2"),
    "b": Node((1, 1), "× 5"),
    "y": Node((2, 0.5), "+"),
}
WIRES = [Wire("x", "a", 3, -2), Wire("x", "b", 3, 20), Wire("a", "y", 6, -1), Wire("b", "y", 15, 4)]
MATRIX = [[3, -2, 0, 0], [0, 3, -2, 0], [0, 0, 3, -2]]

PICTURES = {
    "nine_fields": lambda: figures.nine_fields(NINE),
    "weight_gradient, 1D": lambda: figures.weight_gradient(ONE.dy, ONE.x, ONE.w, 1),
    "weight_gradient, 2D": lambda: figures.weight_gradient(NINE.dy, NINE.x, NINE.w, (0, 2)),
    "connection_matrix": lambda: figures.connection_matrix(MATRIX, says="A kernel in rows.", title="M"),
    "grids": lambda: figures.grids(
        [[Grid([1, 2], "x", {1: "wrong"}), "=", Grid([[0.5], ["a"]])]], says="Two arrays."
    ),
    "grids, blocks": lambda: figures.grids([[Grid(np.eye(4), blocks=(2, 2))]], says="Blocks."),
    "curves": lambda: figures.curves({"right": [4, 2, 1], "wrong": [4, 3, 2.5]}, says="Two losses."),
    "curves, log": lambda: figures.curves(
        {"time": [1, 20, 300]},
        says="Growth.",
        x=[10, 100, 1000],
        log=True,
        logx=True,
        xlabel="neurons",
        ylabel="ms",
    ),
    "bars": lambda: figures.bars({"sum": 20, "product": 80}, says="Two results.", xlabel="gradient", mark=20),
    "dots": lambda: figures.dots(
        {"right": [1, 2], "wrong": [8, 9]}, says="Two seeds.", xlabel="loss", log=True
    ),
    "grids, joined": lambda: joined("result"),
    "pool_planes": lambda: figures.pool_planes(PLANE_DY, PLANE, 2),
    "pool_routes": lambda: figures.pool_routes(ROW_DY, ROW, 2, stride=1),
    "circuit": lambda: figures.circuit(FORK, WIRES, arrives={"x": 18}, says="A fork."),
    "corner": lambda: figures.corner(
        [-1, 0, 1], [4, 4, 5], {"flat": [4, 4, 4], "steep": [2, 4, 6]}, says="A corner.", xlabel="d"
    ),
    "moves": lambda: figures.moves(0.5, {"apart": [0.25, 1], "sum": [0, 0]}, says="Two copies.", xlabel="w"),
    "over_time": lambda: figures.over_time(
        [[1, 2], [3, -1]], [3, 2], [3, 3.5], names=["first", "second"], kept=0.5, says="Two sums."
    ),
    "kernels": lambda: figures.kernels(KERNELS.repeat(2, axis=0), says="Four kernels."),
    "pictures": lambda: figures.pictures(PLANE[0].repeat(3, axis=0), ["a 0", "a 1", "a 7"], says="Planes."),
    "pool_routes, neurons": lambda: figures.pool_routes(ROW_DY, ROW, 2, stride=1, nulled="neurons"),
}


def joined(role):
    """One weight above two inputs, joined with the second."""
    weight, inputs = Grid([3], "w", {0: "weight"}), Grid([5, 7], "x")
    join = figures.Join(weight, inputs, to=(0, 1), role=role)
    return figures.grids([[weight], [inputs]], says="A weight and the input that it meets.", joins=[join])


@pytest.fixture(params=PICTURES.values(), ids=PICTURES.keys())
def draw(request):
    return request.param


def texts(figure):
    """The text of a picture in the order in which it was drawn."""
    root = ElementTree.fromstring(figure.svg)
    return ["".join(node.itertext()).strip() for node in root.iter("{http://www.w3.org/2000/svg}text")]


def count(figure, color):
    return figure.svg.lower().count(color.lower())


def test_a_picture_is_the_same_every_time(draw):
    assert draw().svg == draw().svg


def test_it_carries_its_alt_text(draw):
    figure = draw()
    root = ElementTree.fromstring(figure.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == figure.alt
    assert f'aria-label="{html.escape(figure.alt)}"' in figure.svg
    assert len(figure.alt) > 20 and figure.alt.endswith(".")
    assert repr(figure) == f"Figure: {figure.alt}"


def test_it_shows_itself_inline(draw):
    markup = draw()._repr_html_()
    assert markup.startswith('<figure class="cnnlab-figure"><svg ')
    assert markup.endswith("</svg></figure>")


def test_its_text_is_text_in_the_color_of_the_page(draw):
    figure = draw()
    assert len(texts(figure)) >= 3
    assert "currentColor" in figure.svg
    assert INK not in figure.svg
    assert not re.search(r"#000\b|#000000|black|white|#ffffff", figure.svg)
    assert set(re.findall(r"font-family: ([^;\"]+)", figure.svg)) == {"sans-serif"}


def test_it_holds_nothing_of_the_machine_or_the_day(draw):
    assert not re.search(r"<metadata|matplotlib|dc:date|DejaVu|file:", draw().svg)


def test_every_reference_finds_its_id_and_no_id_is_twice(draw):
    content = draw().svg
    ids = re.findall(r'\bid="([^"]+)"', content)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', content))
    assert len(set(ids)) == len(ids)
    assert used == set(ids)


def test_it_is_as_wide_as_a_phone_at_most(draw):
    assert int(re.search(r'style="width:(\d+)px;max-width:100%', draw().svg).group(1)) <= round(
        svg.WIDTH * 96
    )


def test_two_pictures_share_no_ids():
    ids = [set(re.findall(r'\bid="([^"]+)"', draw().svg)) for draw in PICTURES.values()]
    assert sum(map(len, ids)) == len(set().union(*ids)) > 0


def test_a_picture_without_alt_text_is_refused():
    with pytest.raises(ValueError, match="alt text"):
        finish(canvas(1), "  ")


def test_a_caption_stands_below_the_picture_and_its_code_is_code():
    plain = finish(canvas(1), "a picture")
    shown = plain.captioned("Is `dw[0] < 1`? Look at the left & count.")
    assert plain.caption == "" and "<figcaption>" not in plain._repr_html_()
    below = ElementTree.fromstring(shown._repr_html_()).find("figcaption")
    assert "".join(below.itertext()) == "Is dw[0] < 1? Look at the left & count."
    assert below.find("code").text == "dw[0] < 1"
    with pytest.raises(ValueError, match="needs words"):
        plain.captioned(" ")


def test_alt_text_is_escaped():
    figure = finish(canvas(1), r'a < b & "c" \1')
    assert ElementTree.fromstring(figure.svg).get("aria-label") == r'a < b & "c" \1'


@pytest.mark.parametrize("says", ["The loss falls to 0.3.", "1.25 times"])
def test_decimals_in_what_a_picture_says_are_refused(says):
    with pytest.raises(ValueError, match="decimal number"):
        figures.grids([[Grid([1.0])]], says=says)
    with pytest.raises(ValueError, match="decimal number"):
        figures.connection_matrix(MATRIX, says=says)


def test_integers_in_what_a_picture_says_are_free():
    assert figures.grids([[Grid([1.0])]], says="A 3 by 3 kernel, page 12.").alt.startswith(
        "A 3 by 3 kernel, page 12."
    )


def test_grids_write_every_number_once_in_svg_and_alt():
    values = np.array([[0.1 + 0.2, -2], [1 / 3, 0]])
    figure = figures.grids(
        [[Grid(values, "x", {(0, 1): "weight"}), "→", Grid([7], "y")]], says="Arrays.", digits=3
    )
    assert texts(figure) == ["x", "0.3", "-2", "0.333", "0", "→", "y", "7"]
    assert figure.alt == "Arrays. x: 0.3 -2; 0.333 0; marked weight at (0, 1). y: 7."


def test_an_array_of_three_axes_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 2, 2\)"):
        figures.grids([[Grid(np.ones((1, 2, 2)))]], says="Cubes.")


def test_marks_differ_by_line_and_color():
    for mark in ROLES:
        plain = figures.grids([[Grid([1, 2, 3])]], says="Plain.")
        marked = figures.grids([[Grid([1, 2, 3], marks={1: mark})]], says="Marked.")
        assert count(plain, paint(mark)) == 0 < count(marked, paint(mark))
        assert f"marked {mark} at (0, 1)" in marked.alt


def test_a_wrong_cell_is_crossed_and_not_only_red():
    wrong = figures.grids([[Grid([1], marks={0: "wrong"})]], says="Wrong.")
    right = figures.grids([[Grid([1], marks={0: "input"})]], says="Right.")
    assert wrong.svg.count("<path") == right.svg.count("<path") + 1


def test_a_join_ends_at_its_cell_and_a_wrong_one_has_no_arrow():
    """A line from the middle of the upper cell to the middle of the second lower one; an arrow adds its head."""
    lines = {}
    for role in ("result", "wrong"):
        nodes = list(ElementTree.fromstring(joined(role).svg).iter())
        middle = {
            "".join(node.itertext()): float(node.get("x")) for node in nodes if node.tag.endswith("text")
        }
        drawn = [node.get("d") for node in nodes if paint(role) in node.get("style", "")]
        lines[role] = len(drawn)
        x_start, y_start, *_, x_end, y_end = map(float, re.findall(r"[\d.]+", drawn[0]))
        assert x_start == middle["3"] and abs(x_end - middle["7"]) < 1 and y_start < y_end
    assert lines == {"result": 2, "wrong": 1}


def test_dots_draw_every_value_and_wrong_ones_as_crosses():
    figure = figures.dots({"right": [1, 2], "wrong": [8, 9.5]}, says="Two seeds.", roles={"wrong": "wrong"})
    assert figure.alt == "Two seeds. right 1, 2; wrong 8, 9.5."
    assert {"right", "wrong"} <= set(texts(figure))
    assert figure.svg.count("<use ") >= 4
    assert paint("wrong") in figure.svg


def test_kernels_can_have_other_names():
    figure = figures.kernels(KERNELS, says="Two.", names=["before", "after"])
    assert texts(figure) == ["before", "after"] and "after: largest 0" in figure.alt


def test_blocks_are_set_off_and_leftovers_are_not():
    plain = figures.grids([[Grid(np.zeros((5, 4)))]], says="Cells.")
    blocks = figures.grids([[Grid(np.zeros((5, 4)), blocks=(2, 2))]], says="Cells.")
    assert blocks.svg.count("<path") == plain.svg.count("<path") + 4


def heavy_lines(figure):
    """Width and height of every heavier box."""
    drawn = re.findall(r'<path d="([^"]+)"[^>]*stroke-width: 1\.6', figure.svg)
    boxes = [np.array(re.findall(r"[ML] (-?[\d.]+) (-?[\d.]+)", path), float) for path in drawn]
    return [tuple(np.round(np.ptp(box, axis=0), 2)) for box in boxes]


def test_blocks_that_are_not_square_stand_as_the_windows_do():
    dy, x = np.ones((1, 1, 2, 2)), np.arange(24.0).reshape(1, 1, 4, 6)
    lying, standing = figures.pool_planes(dy, x, (2, 3)), figures.pool_planes(dy, x.swapaxes(2, 3), (3, 2))
    square = heavy_lines(figures.grids([[Grid(np.zeros((4, 6)), blocks=(2, 2))]], says="Square."))
    cell = square[0][0] / square[0][1]  # a cell may be wider than it is high
    assert len(heavy_lines(lying)) == len(heavy_lines(standing)) == 8
    for width, height in heavy_lines(lying):
        assert width / height == pytest.approx(cell * 3 / 2, rel=0.02)
    for width, height in heavy_lines(standing):
        assert width / height == pytest.approx(cell * 2 / 3, rel=0.02)


def test_nine_fields_name_the_pixels_of_each_neuron():
    figure = figures.nine_fields(NINE)
    shown = texts(figure)
    for name in NINE.names:
        assert shown.count(name) == 9 and f"neuron {name}" in shown
    assert "neuron A: A A A blank blank; A A A blank blank; A A A blank blank; blank" in figure.alt


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_weight_gradient_shows_the_backends_number(offset):
    figure = figures.weight_gradient(ONE.dy, ONE.x, ONE.w, offset)
    _, dw, _ = conv1d_backward(ONE.dy, ONE.x, ONE.w)
    total = f"{dw[0, 0, offset]:g}"
    cells = ["?"] * 3
    cells[offset] = total
    assert texts(figure)[-3:] == cells
    met = ", ".join(f"(0, {i + offset})" for i in range(4))
    assert f"x: 2 -1 0 3 1 4; marked input at {met}." in figure.alt
    assert f"dw: {' '.join(cells)}; marked result at (0, {offset})." in figure.alt


def test_weight_gradient_knows_stride_and_padding():
    dy = np.array([[[1.0, -1.0, 2.0]]])
    figure = figures.weight_gradient(dy, ONE.x, ONE.w, 0, stride=2, padding=1)
    assert "marked input at (0, 1), (0, 3)" in figure.alt  # offset 0 of the first position meets padding
    assert "marked delta at (0, 1), (0, 2)" in figure.alt


def test_connection_matrix_leaves_zeros_blank():
    figure = figures.connection_matrix(MATRIX, says="A kernel in rows.")
    assert [text for text in texts(figure) if text] == ["3", "-2"] * 3
    assert "3 -2 blank blank; blank 3 -2 blank; blank blank 3 -2" in figure.alt
    assert "marked weight at (0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3)" in figure.alt


def test_a_matrix_can_name_its_rows_and_columns():
    figure = figures.connection_matrix(
        [[1, 0], [5, 2]], says="A kernel.", rows=["y0", "y1"], columns=["x0", "x1"]
    )
    assert "blank x0 x1; y0 1 blank; y1 5 2; marked weight at (1, 1), (2, 1), (2, 2)" in figure.alt
    bare = figures.connection_matrix([[1, 0], [5, 2]], says="A kernel.")
    edges = [one.svg.count("<path") for one in (figure, bare)]
    assert edges[0] == edges[1], "names have no edge"


def test_the_largest_count_is_the_darkest():
    opacities = re.findall(
        r"fill-opacity: ?([\d.]+)|; opacity: ([\d.]+)",
        figures.grids([[Grid([1, 2, 4], heat=True)]], says="Counts.").svg,
    )
    shades = [float(one or other) for one, other in opacities]
    assert 0.4 in shades and shades.index(0.4) > 0


def test_curves_tell_their_ends_and_name_themselves():
    figure = figures.curves({"right": [4, 2, 1 / 3], "wrong": [4, 3, 2.5]}, says="Two losses.")
    assert figure.alt == "Two losses. right: from 4 to 0.3333. wrong: from 4 to 2.5."
    assert {"right", "wrong", "step", "loss"} <= set(texts(figure))
    assert "stroke-dasharray" in figure.svg
    assert not any(paint(role) in figure.svg for role in ROLES), "a curve means no role unless it is said"


def test_curves_and_bars_of_a_role_have_its_color():
    roles = {"mean": "wrong"}
    for draw, values in (
        (figures.curves, {"sum": [4, 1], "mean": [4, 3]}),
        (figures.bars, {"sum": 4, "mean": 3}),
    ):
        figure = draw(values, says="Two ways.", roles=roles)
        assert count(figure, paint("wrong")) and not count(figure, paint("result"))
        assert not count(draw(values, says="Two ways."), paint("wrong"))


def test_one_curve_needs_no_legend():
    assert "right" not in texts(figures.curves({"right": [4, 2]}, says="One loss."))


def test_logarithmic_ticks_are_plain_numbers():
    figure = PICTURES["curves, log"]()
    assert {"10", "100", "1000"} <= set(texts(figure))
    assert not any("^" in text or "10−" in text for text in texts(figure))


def test_a_logarithmic_axis_has_more_than_one_label():
    """With a single power of ten in sight, its twos and fives are written, too."""
    short, long = (
        texts(figures.curves({"loss": loss}, says="A loss.", log=True)) for loss in ([0.8, 0.04], [9, 0.02])
    )
    assert {"0.05", "0.1", "0.2", "0.5"} <= set(short)
    assert {"0.1", "1"} <= set(long) and "0.2" not in long
    sides = texts(figures.curves({"time": [1, 2, 3]}, x=[8, 24, 64], says="Times.", logx=True))
    assert {"10", "20", "50"} <= set(sides)


def test_bars_write_their_values():
    figure = figures.bars({"sum": 20, "product": 80.00004}, says="Two results.")
    assert {"sum", "product", "20", "80"} <= set(texts(figure))
    assert figure.alt == "Two results. sum 20; product 80."


def test_no_line_crosses_the_value_of_a_bar():
    values = {"small": 0.32, "just below": 0.871, "large": 1.13}
    figure = figures.bars(values, says="Times.", mark=1)
    nodes = list(ElementTree.fromstring(figure.svg).iter())
    written = {node.text: float(node.get("x")) for node in nodes if node.tag.endswith("}text")}
    columns = [written[str(value)] for value in values.values()]
    dashed = next(node for node in nodes if "dasharray" in node.get("style", ""))
    assert min(columns) == max(columns) > float(dashed.get("d").split()[1])


@pytest.mark.parametrize("value", [0.5, 0.09771, 1234.567])
def test_the_value_of_a_bar_fits_into_the_picture(value):
    figure = figures.bars({"one": value, "other": 1}, says="Times.", digits=7)
    nodes = ElementTree.fromstring(figure.svg).iter()
    start = next(float(node.get("x")) for node in nodes if node.text == str(value))
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', figure.svg)[1])
    dot, digit = 3.2, 6.4  # at 10 pixels, in the widest of the usual fonts
    assert start + dot + digit * (len(str(value)) - 1) <= width


def test_pool_planes_mark_winners_and_write_the_gradient():
    figure = figures.pool_planes(PLANE_DY, PLANE, 2)
    assert (
        "x: 1 3 2 0; 4 2 1 6; 0 5 7 1; 2 3 1 4; marked input at (1, 0), (1, 3), (2, 1), (2, 2)." in figure.alt
    )
    assert (
        "dx: 0 0 0 0; 3 0 0 -1; 0 2 8 0; 0 0 0 0; marked result at (1, 0), (1, 3), (2, 1), (2, 2)."
        in figure.alt
    )


def test_pool_planes_follow_the_rule_for_ties():
    x = np.array([[[[4, 4], [4, 1]]]], float)
    dy = np.array([[[[6]]]], float)
    said = {ties: figures.pool_planes(dy, x, 2, ties=ties).alt for ties in ("first", "split", "all")}
    assert "dx: 6 0; 0 0;" in said["first"]
    assert "dx: 2 2; 2 0;" in said["split"]
    assert "dx: 6 6; 6 0;" in said["all"]


def test_pool_planes_add_up_where_windows_overlap_and_set_no_windows_off():
    dy = np.array([[[[1, 20, 300]]]], float)
    overlapping = figures.pool_planes(dy, PLANE[:, :, 1:3], 2, stride=1)
    assert "dx: 0 0 0 0; 0 1 320 0;" in overlapping.alt
    apart = figures.pool_planes(dy[..., :2], PLANE[:, :, 1:3], 2)
    assert apart.svg.count("stroke-width: 1.6") == 4 and "stroke-width: 1.6" not in overlapping.svg


def test_pool_routes_tell_the_sums():
    figure = figures.pool_routes(ROW_DY, ROW, 2, stride=1)
    assert texts(figure) == ["dy", "x", "dx", "10", "100", "1", "1", "0", "5", "10", "7", "101", "2", "0"]
    assert figure.alt.endswith("dx 0: 0. dx 1: 10. dx 2: 100 + 1 = 101. dx 3: 0.")
    assert "Window 1 holds 5, 7." in figure.alt
    assert count(figure, paint("wrong")) == 0


def test_pool_routes_show_what_nulling_neurons_does():
    figure = figures.pool_routes(ROW_DY, ROW, 2, stride=1, nulled="neurons")
    assert figure.alt.endswith("dx 1: 10 + 100 = 110, which is wrong. dx 2: 100 + 1 = 101. dx 3: 0.")
    assert all(count(figure, paint(role)) for role in ("input", "delta", "result", "wrong"))


def test_nulling_neurons_is_drawn_right_where_windows_do_not_overlap():
    dy = np.array([[[3.0, 8.0]]])
    entries, neurons = (figures.pool_routes(dy, ROW, 2, nulled=word) for word in ("entries", "neurons"))
    assert entries.svg == neurons.svg and "wrong" not in neurons.alt


def test_pool_routes_refuse_another_word():
    with pytest.raises(ValueError, match="'matrix'"):
        figures.pool_routes(ROW_DY, ROW, 2, stride=1, nulled="matrix")


def test_figure_prints_its_alt_text():
    assert repr(Figure("<svg/>", "Two arrays.")) == "Figure: Two arrays."


def test_kernels_are_squares_whose_area_is_the_weight():
    figure = figures.kernels(KERNELS, says="Two kernels.")
    assert figure.alt == (
        "Two kernels. kernel 0: largest 2 at (1, 1), smallest -4 at (0, 1). "
        "kernel 1: largest 0 at (0, 0), smallest -1 at (1, 2)."
    )
    assert texts(figure) == ["kernel 0", "kernel 1"]
    filled, hollow = (figures.kernels(sign * KERNELS[:1] ** 2, says="One kernel.") for sign in (1, -1))
    assert f"fill: {paint('weight')}" in filled.svg and "fill: none; stroke: var" not in filled.svg
    assert (
        f"fill: none; stroke: {paint('weight')}" in hollow.svg
        and f"fill: {paint('weight')}" not in hollow.svg
    )


def test_the_key_names_every_role_that_marks_cells():
    figure = figures.key()
    assert [text for text in texts(figure) if text] == ["input", "weight", "delta", "result", "wrong"]
    assert all(count(figure, paint(role)) for role in texts(figure) if role)


def test_pictures_have_titles_and_ink_of_the_page():
    figure = figures.pictures(PLANE[0].repeat(2, axis=0), ["a 9", "a 1"], says="Misread.")
    assert texts(figure) == ["a 9", "a 1"]
    assert figure.alt == "Misread. a 9; a 1."
    cells = PLANE[PLANE > 0]
    assert figure.svg.count('style="fill: currentColor') == 2 * len(cells)


def test_pictures_need_a_title_each():
    with pytest.raises(ValueError, match="1 for 2 images"):
        figures.pictures(PLANE[0].repeat(2, axis=0), ["a 9"], says="Misread.")


def test_a_sheet_wider_than_the_page_is_refused():
    with pytest.raises(ValueError, match="fewer"):
        figures.kernels(KERNELS.repeat(4, axis=0), says="Kernels.", columns=8)


def test_whole_steps_have_whole_ticks():
    loss = [40, 20, 10]
    whole, halves = (texts(figures.curves({"loss": loss}, says="A loss.", x=x)) for x in (None, [0, 0.5, 1]))
    assert {"0", "1", "2"} <= set(whole) and not any("." in text for text in whole)
    assert any("." in text for text in halves)


def test_a_circuit_shows_values_forward_and_gradients_back_and_adds_what_arrives():
    figure = figures.circuit(FORK, WIRES, arrives={"x": 18}, says="A fork.")
    assert {"3", "← -2", "← 20", "6", "← -1", "15", "← 4", "-2 + 20 = 18"} <= set(texts(figure))
    assert "x to × 5: 3 forward, 20 back." in figure.alt and figure.alt.endswith("At x: -2 + 20 = 18.")
    asked = figures.circuit(FORK, WIRES, arrives={"x": None}, says="A fork.")
    assert "-2 + 20 = ?" in texts(asked) and "18" not in " ".join(texts(asked))


def test_a_circuit_whose_gradients_do_not_add_up_is_refused():
    with pytest.raises(ValueError, match="do not add up to 9"):
        figures.circuit(FORK, WIRES, arrives={"x": 9}, says="A fork.")


def test_a_steep_wire_has_both_numbers_beside_it():
    nodes = {"w": Node((0.5, 1), "w", "weight"), "a": Node((0, 0), "×"), "b": Node((1, 0), "×")}
    wires = [Wire("w", "a", 3, 6), Wire("w", "b", 3, 7)]
    assert {"↓ 6", "↓ 7", "6 + 7 = 13"} <= set(
        texts(figures.circuit(nodes, wires, arrives={"w": 13}, says="Twice."))
    )


def test_a_line_above_its_curve_is_wrong_and_one_that_touches_it_is_not():
    figure = PICTURES["corner"]()
    assert "flat: never above." in figure.alt and "steep: above the curve in places." in figure.alt
    assert count(figure, paint("wrong")) and count(figure, paint("result"))


def test_copies_that_end_at_one_place_are_named_once():
    assert sorted(texts(PICTURES["moves"]())) == ["0", "0.25", "1", "apart", "sum", "w 0.5"]


def test_the_sum_over_time_shows_every_term_of_both_sums():
    figure = PICTURES["over_time"]()
    assert texts(figure).count("3") == 3 and {"step 1", "step 2", "3.5", "-1", "× 0.5"} <= set(texts(figure))
    assert "dw: 3, 2. v: 3, 3.5." in figure.alt
