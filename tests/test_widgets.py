"""The traces that widgets show, against the backend; their stills; what they answer; and how a page embeds them."""

import copy
import json
import math
import xml.etree.ElementTree as ElementTree
from itertools import product

import nbformat
import numpy as np
import pytest
from conftest import ROOT
from script import Script

from cnnlab import (
    activations,
    conv1d,
    conv1d_backward,
    conv2d,
    conv2d_backward,
    examples,
    geometry,
    losses,
    max_pool2d,
    max_pool2d_backward,
    network,
    trace,
)
from cnnlab.formatting import number
from cnnlab.palette import ROLES, paint
from cnnlab.practice.answers import rounding
from cnnlab.widgets import (
    AnswerBox,
    BackwardPass,
    DeltaSheet,
    PoolRouting,
    Practice,
    SlidingKernel,
    ThreeSums,
    Turn,
    TwoLayers,
    WeightSharing,
    still,
)
from cnnlab.widgets.convolution import PLACES
from tools.sphinx_ext import widgets as extension

SVG = "{http://www.w3.org/2000/svg}"


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(float)


def strings(array):
    return [number(value) for value in np.asarray(array).ravel()]


def weight_sharing(seed=0, x=(5, 6), w=(2, 3), **options):
    grid = geometry.positions(x, w, **options)
    arrays = integers(seed, 1, 1, *x), integers(seed + 1, 1, 1, *w), integers(seed + 2, 1, 1, *grid)
    return arrays, WeightSharing(*arrays, **options)


def small_network():
    conv = network.Conv2d(integers(1, 3, 1, 2, 2), integers(2, 3), padding=1)
    dense = network.Dense(integers(3, 2, 27) / 8, integers(4, 2))
    activation = network.Activation(activations.relu, activations.relu_backward)
    return network.Network([conv, activation, network.MaxPool2d(2), network.Flatten(), dense])


def one_of_each():
    two = examples.two_convolutions
    pooling = examples.pooling
    return [
        weight_sharing()[1],
        weight_sharing(x=(7,), w=(3,), stride=2, padding=1)[1],
        weight_sharing(x=(20, 20), w=(3, 3))[1],
        PoolRouting(pooling.x, pooling.dy, pooling.size, pooling.stride),
        PoolRouting([[1, 1, 0], [2, 0, 3]], [[5, 7]], (2, 2), 1, ties="split"),
        TwoLayers(two.x, two.w1, two.w2, two.t),
        BackwardPass(small_network(), integers(5, 6, 6), 1, channel=2),
        ThreeSums(*weight_sharing(x=(7,), w=(3,), stride=2, padding=1)[0], stride=2, padding=1),
        DeltaSheet(*weight_sharing()[0], weight=(1, 2)),
        Turn(*weight_sharing()[0]),
        SlidingKernel(
            *weight_sharing(x=(9,), w=(3,), stride=2, padding=1, dilation=2)[0], 2, 1, 2, lit="dx", place=3
        ),
        AnswerBox(
            "What is dw[0]?", 0.3, 3, [(0.15, "averaged", "mistakes.md"), (0.6, "twice", None)], "Yes."
        ),
        Practice(),
    ]


ONE_OF_EACH = one_of_each()


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"stride": 2},
        {"padding": 1},
        {"stride": (1, 2), "padding": (2, 1)},
        {"x": (7,), "w": (3,)},
        {"x": (8,), "w": (3,), "stride": 3, "padding": 2},
        {"x": (6, 5), "w": (3, 2), "stride": (2, 1), "padding": (0, 1)},
        {"x": (9, 6), "w": (3, 2), "stride": (2, 1), "padding": (1, 0), "dilation": (2, 3)},
    ],
)
def test_weight_sharing_shows_the_gradients_of_the_backend(case):
    (x, w, dy), widget = weight_sharing(**case)
    forward, backward = (conv1d, conv1d_backward) if x.ndim == 3 else (conv2d, conv2d_backward)
    options = {
        name: case[name][0] if x.ndim == 3 and isinstance(case[name], tuple) else case[name]
        for name in ("stride", "padding", "dilation")
        if name in case
    }
    dx, dw, _ = backward(dy, x, w, **options)
    results = {"dx": dx, "dw": dw, "y": forward(x, w, **options)}
    assert widget.trace["results"] == {name: strings(array) for name, array in results.items()}
    for name, array in {"x": x, "w": w, "dy": dy}.items():
        assert widget.trace["given"][name] == {
            "shape": list(array.shape[2:]),
            "values": array.ravel().tolist(),
        }


def test_weight_sharing_takes_plain_arrays_and_the_first_weight_asked_for():
    plain = WeightSharing([1, 2, 3], [0.3, 0.5], [-0.1, 0.2], weight=[1])
    full = WeightSharing(*(examples.one_dimension.__dict__[name] for name in ("x", "w", "dy")), weight=(1,))
    assert plain.trace == full.trace and plain.trace["first"] == 1
    assert plain.trace["results"]["dw"] == ["0.3", "0.4"]


def test_a_state_holds_what_is_given_and_the_results_and_no_terms():
    nine = examples.nine_neurons
    assert len(json.dumps(WeightSharing(nine.x, nine.w, nine.dy).trace)) < 900
    _, widget = weight_sharing(x=(28, 28), w=(5, 5))
    assert widget.trace["chunk"] == 24, "a step adds a whole row of outputs"
    assert len(json.dumps(widget.trace)) < 20_000
    assert len(widget.still()) < 100_000


def test_numbers_are_settled_before_anything_is_computed():
    """Python's last bits differ from machine to machine; what the scripts get is what Python computed with."""
    widget = WeightSharing([0.1 + 0.2, 1 / 3], [1.0], [1.0, 1.0])
    assert widget.trace["given"]["x"]["values"] == [0.3, 0.333333333333]
    assert widget.arrays["x"].ravel().tolist() == [0.3, 0.333333333333]


# What the scripts compute, against the traces.


@pytest.fixture(scope="module")
def scripts():
    steps = {name: Script("arithmetic", name) for name in ("weight_sharing", "pool_routing", "two_layers")}
    steps["backward_pass"] = Script("arithmetic", "network")
    lit = ("three_sums", "delta_sheet", "turn", "sliding_kernel")
    return steps | {name: Script("arithmetic", "judgment", "stage", "numbers", "light", name) for name in lit}


def array_of(given):
    """A given array of a state as (1, 1, *shape)."""
    return np.array(given["values"], float).reshape(1, 1, *given["shape"])


def places(array):
    return [(0, 0, *index) for index in np.ndindex(array.shape[2:])]


def factors_of(term, arrays):
    return [[f.name, int(np.ravel_multi_index(f.index, arrays[f.name].shape))] for f in term.factors]


def entries_of(state):
    """The given arrays of a convolution's state, and {sum: (the array with a place for it, the entry of an index)}."""
    arrays = {name: array_of(given) for name, given in state["given"].items()}
    x, w, dy = (arrays[name] for name in ("x", "w", "dy"))
    options = state["options"]
    return arrays, {
        "dw": (w, lambda index: trace.conv_dw(dy, x, w, index=index, **options)),
        "dx": (x, lambda index: trace.conv_dx(dy, x, w, index=index, **options)),
        "y": (dy, lambda index: trace.conv_y(x, w, index=index, **options)),
    }


def sharing_agrees(script, state):
    """Every step of every sum, and all three sums; the number of terms compared."""
    arrays, entry_of = entries_of(state)
    assert script.call("sumsWritten", state["given"], state) == state["results"]
    compared = 0
    for name, (of, entry) in entry_of.items():
        for place, index in enumerate(places(of)):
            expected = entry(index)
            steps = script.call("sharingSteps", state["given"], state, name, place)
            terms = [term for step in steps for term in step["terms"]]
            assert [term["factors"] for term in terms] == [
                factors_of(term, arrays) for term in expected.terms
            ]
            assert [term["product"] for term in terms] == [term.product for term in expected.terms]
            if name != "dw" or state["chunk"] == 1:
                assert [step["after"] for step in steps] == list(expected.running)
            elif steps:
                ends = np.cumsum([len(step["terms"]) for step in steps]) - 1
                assert [step["after"] for step in steps] == [expected.running[end] for end in ends]
                assert len(steps) <= -(-arrays["dy"].size // state["chunk"])
            assert zeros_reached(script, state, name, place) == padded_zeros(state, name, place)
            assert number(expected.total, state["digits"]) == state["results"][name][place]
            compared += len(terms)
    return compared


def zeros_reached(script, state, name, place):
    reached = script.call("reachedZeros", state["given"], state, name, place)
    assert all(reached.count(one) == 1 for one in reached) or name != "y"
    return sorted(reached)


def padded_zeros(state, name, place):
    """The indices in the border that a sum meets, from the places of all outputs and weights."""
    shape = {of: state["given"][of]["shape"] for of in ("x", "w", "dy")}
    options = [state["options"][of] for of in ("stride", "padding", "dilation")]
    found = []
    for i in np.ndindex(*shape["dy"]):
        for m in np.ndindex(*shape["w"]):
            met = tuple(i[k] * s - p + m[k] * d for k, (s, p, d) in enumerate(zip(*options, strict=True)))
            inside = all(0 <= at < n for at, n in zip(met, shape["x"], strict=True))
            own = {"y": (i, "dy"), "dw": (m, "w"), "dx": (met, "x")}[name]
            if not inside and name != "dx" and np.ravel_multi_index(own[0], shape[own[1]]) == place:
                found.append(",".join(map(str, met)))
    return sorted(found)


def routing_agrees(script, state):
    x, dy = (array_of(state["given"][name]) for name in ("x", "dy"))
    options = {"stride": state["stride"]}
    compared = 0
    for ties in ("first", "split", "all"):
        results = {"y": state["results"]["y"], "dx": state["results"]["dx"][ties]}
        assert script.call("routingResults", state["given"], state, ties) == results
        steps = script.call("routingSteps", state["given"], state, ties)
        assert len(steps) == dy.size
        for place, index in enumerate(places(x)):
            entry = trace.pool_dx(dy, x, state["size"], index=index, ties=ties, **options)
            mine = [
                (n, one) for n, step in enumerate(steps) for one in step["given"] if one["place"] == place
            ]
            windows = [int(np.ravel_multi_index(term.factors[0].index, dy.shape)) for term in entry.terms]
            assert [n for n, _ in mine] == windows
            assert [one["product"] for _, one in mine] == [term.product for term in entry.terms]
            assert [one["after"] for _, one in mine] == list(entry.running)
            assert number(entry.total, state["digits"]) == results["dx"][place]
            compared += len(mine)
        whole = np.cumsum([sum(one["product"] for one in step["given"]) for step in steps])
        assert [step["after"] for step in steps] == whole.tolist()
    return compared


def layers_agree(script, state):
    arrays = {name: array_of(given) for name, given in state["given"].items()}
    x, w1 = arrays["x"], arrays["w1"]
    held = state["dy"] and array_of(state["dy"])
    results = script.call("layersResults", state["given"], state)
    assert results == state["results"]
    between = script.call("twoLayers", {**state["given"], "dy": state["dy"]}, state["slope"])
    dh = array_of(between["dh"])
    assert held is None or strings(held) == results["dy"]
    compared = 0
    for place, index in enumerate(places(w1)):
        right = trace.conv_dw(dh, x, w1, index=index)
        wrong = trace.product_of_sums(dh, x, w1, index=index)
        made = script.call("layersSteps", {**state["given"], "dh": between["dh"]}, place)
        named = {"x": x, "dy": dh}
        assert [step["term"]["factors"] for step in made["steps"]] == [
            factors_of(t, named) for t in right.terms
        ]
        assert [step["right"] for step in made["steps"]] == list(right.running)
        n = len(right.terms)
        assert [step["wrong"] for step in made["steps"]] == [
            wrong.running[(k + 1) ** 2 - 1] for k in range(n)
        ]
        xs, deltas = zip(*(term.factors for term in right.terms), strict=True)
        assert made["table"] == [one.value * other.value for one in xs for other in deltas]
        sums = [np.cumsum([factor.value for factor in factors]).tolist() for factors in (xs, deltas)]
        assert [step["sums"] for step in made["steps"]] == [list(pair) for pair in zip(*sums, strict=True)]
        assert number(right.total, state["digits"]) == state["results"]["dw1"][place]
        compared += n * n
    return compared


def light_agrees(script, state):
    """Every sum that can be lit: its terms, its formula, its total."""
    arrays, entry_of = entries_of(state)
    assert script.call("sumsWritten", state["given"], state) == state["results"]
    compared = 0
    for name, (of, entry) in entry_of.items():
        for place, index in enumerate(places(of)):
            expected = entry(index)
            lit = script.call("litSum", state["given"], state, name, place)
            assert [term["factors"] for term in lit["terms"]] == [
                factors_of(term, arrays) for term in expected.terms
            ]
            assert lit["texts"] == [term.text(state["digits"]) for term in expected.terms]
            assert lit["total"] == number(expected.total, state["digits"]) == state["results"][name][place]
            compared += len(expected.terms)
    return compared


def turn_agrees(script, state):
    """Under the turned kernel lie the deltas that the terms of dx have, each with its weight; zeros elsewhere."""
    x, w, dy = (array_of(state["given"][name]) for name in ("x", "w", "dy"))
    for place, index in enumerate(places(x)):
        terms = trace.conv_dx(dy, x, w, index=index).terms
        met = script.call("turned", place, state["given"]["x"], state["given"]["w"], dy.shape[2:])
        found = {(one["weight"], one["output"]) for one in met if one["output"] is not None}
        named = {"w": w, "dy": dy}
        assert found == {tuple(flat for _, flat in factors_of(term, named)) for term in terms}
        assert [one["weight"] for one in met] == list(range(w.size))[::-1], (
            "read in order, the kernel is turned"
        )
    return light_agrees(script, state)


def sliding_agrees(script, state):
    """In the two upper rows of each view, just the factors of one product share a column; so do those of the still."""
    arrays, entry_of = entries_of(state)
    options = {name: value[0] for name, value in state["options"].items()}
    sizes = {name: array.size for name, array in arrays.items()}
    widget = SlidingKernel(*(arrays[name] for name in ("x", "w", "dy")), **options, sliders=())
    for name, (of, entry) in entry_of.items():
        for place, index in enumerate(places(of)):
            made = script.call("arrangement", name, place, sizes, options)
            assert made["rows"][2] == PLACES[name]
            upper, lower = made["rows"][:2]
            assert all(0 <= column < made["columns"] for row in (upper, lower) for column in made["at"][row])
            shared = {
                frozenset({(upper, a), (lower, b)})
                for a, one in enumerate(made["at"][upper])
                for b, other in enumerate(made["at"][lower])
                if one == other
            }
            terms = [frozenset(map(tuple, factors_of(term, arrays))) for term in entry(index).terms]
            assert shared == set(terms)
            frame = widget.frame(name, place)
            for row, array in enumerate(made["rows"]):
                assert {column for at, column in frame.ghosts if at == row} <= set(made["ghosts"][array])
                held = [
                    column
                    for column, text in enumerate(frame.rows[row])
                    if text is not None and (row, column) not in frame.ghosts
                ]
                assert held == sorted(made["at"][array])
    return light_agrees(script, state)


AGREE = {
    "SlidingKernel": ("sliding_kernel", sliding_agrees),
    "ThreeSums": ("three_sums", light_agrees),
    "DeltaSheet": ("delta_sheet", light_agrees),
    "Turn": ("turn", turn_agrees),
    "WeightSharing": ("weight_sharing", sharing_agrees),
    "PoolRouting": ("pool_routing", routing_agrees),
    "TwoLayers": ("two_layers", layers_agree),
    "BackwardPass": ("backward_pass", lambda *both: backward_agrees(*both)),
}


def stored_states():
    """The state of every widget that a page of the book shows, with its class."""
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        widgets = nbformat.read(path, as_version=4).metadata.get("widgets", {})
        for model in widgets.get(extension.STATE, {}).get("state", {}).values():
            yield model["state"]["_anywidget_id"].rpartition(".")[2], model["state"]["trace"]


def test_every_step_of_every_widget_of_the_book_agrees_with_the_trace(scripts, record_property):
    compared, seen = 0, set()
    for kind, state in stored_states():
        if kind in AGREE:
            name, agrees = AGREE[kind]
            compared += agrees(scripts[name], state)
            seen.add(kind)
    assert seen == set(AGREE) and compared > 500
    record_property("agreed", f"{compared} terms of the book's widgets")


def test_every_step_of_other_widgets_agrees_with_the_trace(scripts):
    sharing = [
        {},
        {"stride": 2},
        {"stride": (1, 2), "padding": (2, 1)},
        {"x": (9,), "w": (3,), "dilation": 2},
    ]
    for case in [*sharing, {"x": (20, 20), "w": (3, 3)}, {"x": (8,), "w": (3,), "stride": 3, "padding": 2}]:
        assert sharing_agrees(scripts["weight_sharing"], weight_sharing(**case)[1].trace) > 10
    for size, stride in [(2, 1), ((2, 3), (1, 2)), (3, 1)]:
        x = integers(0, 5, 6)
        outputs = geometry.positions(x.shape, geometry.pair(size, 2), stride=stride)
        widget = PoolRouting(x, integers(1, *outputs), size, stride, ties="split")
        assert routing_agrees(scripts["pool_routing"], widget.trace) > 10
    x, w1, w2, t = (integers(k, *shape) for k, shape in enumerate([(4, 5), (2, 2), (2, 3), (2, 2)]))
    for loss in (losses.squared_error_backward, losses.half_sum_of_squares_backward, lambda y, t: 3 * y):
        assert layers_agree(scripts["two_layers"], TwoLayers(x, w1, w2, t, loss_backward=loss).trace) > 10


def test_every_sum_of_other_pictures_agrees_with_the_trace(scripts):
    for widget in ONE_OF_EACH:
        name, agrees = AGREE.get(type(widget).__name__, (None, None))
        if agrees in (light_agrees, turn_agrees, sliding_agrees):
            assert agrees(scripts[name], widget.trace) > 20


def test_a_kernel_slides_with_every_option_and_its_sliders_change_them_all(scripts):
    """Each setting that the sliders of a widget lead to: what stands in one column, and all sums, computed in the page."""
    script = scripts["sliding_kernel"]
    state = SlidingKernel(integers(0, 8), [1, -2, 3], integers(1, 8), padding=1).trace
    full = script.call("enough", state)
    seen = 0
    for stride, padding, dilation, size in product((1, 2, 3), (0, 1, 2), (1, 2, 3), (1, 2, 3)):
        options = {"stride": stride, "padding": padding, "dilation": dilation, "size": size}
        made = script.call("shaped", state, full, options)
        assert made["given"]["w"]["values"] == [1, -2, 3][:size]
        assert (
            len(made["given"]["dy"]["values"]) == made["given"]["dy"]["shape"][0] == len(made["results"]["y"])
        )
        seen += sliding_agrees(script, made)
    assert seen > 1000


def test_the_sheet_goes_where_the_hand_goes_and_stops_at_the_edge(scripts):
    def moved(weight, rows, columns):
        return scripts["delta_sheet"].call("slid", weight, [3, 4], [rows, columns])

    assert moved(5, 1, 1) == 10 and moved(5, -1, 0) == 1 and moved(5, 0, -9) == 4 and moved(5, 9, 9) == 11


def test_the_pictures_are_those_of_the_book_s_sketches():
    longer = examples.one_dimension_longer
    table = ThreeSums(longer.x, longer.w, longer.dy)
    assert table.trace["results"] == {
        "y": ["4", "8", "-3", "13"], "dw": ["12", "8", "11"], "dx": ["1", "-3", "7", "-4", "0", "9"],
    }  # fmt: skip
    assert "A diagonal: dx[2]" in table.still()
    nine = examples.nine_neurons
    sheet = DeltaSheet(nine.x, nine.w, nine.dy, weight=(1, 2))
    assert sheet.trace["results"]["dw"][5] == "8" and "add: 8." in sheet.trace["caption"]
    turn = Turn([[1, 0, 2], [3, -1, 1], [0, 2, -2]], [[1, 2], [3, 4]], [[1, -1], [2, 3]])
    assert turn.first == (1, 1) and turn.trace["results"]["dx"][4] == "8"
    assert "4 × 1 + 3 × (-1) + 2 × 2 + 1 × 3 = 8" in turn.still().replace("\n", " ")


def test_an_address_brings_numbers_and_nonsense_brings_words():
    script = Script("arithmetic", "judgment", "numbers")
    nine = examples.nine_neurons
    given = WeightSharing(nine.x, nine.w, nine.dy).trace["given"]
    name = script.call("slug", "Nine neurons: one kernel!")
    assert name == "nine-neurons-one-kernel"
    own = {name: {"w": "1,2,-3,0.5,0,0,0,0,9"}, "other": {"x": "1,2"}}
    address = script.call("writeAddress", own)
    assert address == "#numbers;nine-neurons-one-kernel/w=1,2,-3,0.5,0,0,0,0,9;other/x=1,2"
    assert script.call("readAddress", address) == own
    assert script.call("numbersAsked", own[name], given) == {
        "arrays": {"w": [1, 2, -3, 0.5, 0, 0, 0, 0, 9]}, "moved": {}, "words": "",
    }  # fmt: skip
    for nonsense, words in {
        "w=1,2": "w has 9 numbers",
        "w=1,2,3,4,5,6,7,8,many": "w has 9 numbers",
        "z=1": "there is no z",
        "constructor=1": "there is no constructor",
        "w": "w has 9 numbers",
        "%%%=%": "there is no %%%",
    }.items():
        asked = script.call("readAddress", f"#numbers;{name}/{nonsense}")
        found = script.call("numbersAsked", asked[name], given)
        assert found["arrays"] == {} and words in found["words"], nonsense
    alone = {name: {"x": "1,2", "alone": ""}}
    assert script.call("writeAddress", alone) == f"#numbers;{name}/x=1,2/alone"
    assert script.call("readAddress", f"#numbers;{name}/x=1,2/alone") == alone
    assert script.call("numbersAsked", {"alone": ""}, given) == {"arrays": {}, "moved": {}, "words": ""}
    for other in ("", "#the-check", "#numbers;", "#numbers;;/;=", "#numbers"):
        assert name not in script.call("readAddress", other)


def test_an_address_moves_sliders_as_far_as_they_go():
    script = Script("arithmetic", "judgment", "numbers")
    state = SlidingKernel(integers(0, 8), [1, -2, 3], integers(1, 8), padding=1).trace
    asked = {"stride": "2", "padding": "0", "dilation": "4", "size": "1,2", "w": "1"}
    found = script.call("numbersAsked", asked, state["given"], state["sliders"])
    assert found["moved"] == {"stride": 2, "padding": 0} and found["arrays"] == {}
    for words in ("dilation goes from 1 to 3", "size goes from 1 to 3", "w has 3 numbers"):
        assert words in found["words"]
    still_there = script.call("numbersAsked", {"stride": "1.5"}, state["given"], state["sliders"])
    assert still_there["moved"] == {} and "stride goes from 1 to 3" in still_there["words"]
    assert "there is no stride" in script.call("numbersAsked", {"stride": "2"}, state["given"])["words"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" 7,5 ", 7.5),
        ("\N{MINUS SIGN}1", -1),
        ("3/4", 0.75),
        *((text, None) for text in ("many", "", "1/0", "-")),
    ],
)
def test_what_a_reader_types_is_read(text, value):
    script = Script("judgment", "numbers")
    assert (
        script.call("(text) => { const n = readNumber(text); return Number.isFinite(n) ? n : null; }", text)
        == value
    )


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (
            lambda: WeightSharing(np.ones((2, 1, 4)), [1, 1], [1, 1, 1]),
            r"x must be one channel .* \(2, 1, 4\)",
        ),
        (lambda: WeightSharing(np.ones((1, 3, 4)), [1, 1], [1, 1, 1]), r"x\[:1, :1\]"),
        (lambda: WeightSharing([1, 2, 3], [1, 1], [1, 1, 1]), r"dy .* shape \(2,\); got \(3,\)"),
        (lambda: WeightSharing([1, 2, 3], [[1, 1]], [1, 1]), "all be two-dimensional"),
        (lambda: WeightSharing([1, 2], [1, 1, 1], [1]), "larger than the padded input"),
        (lambda: WeightSharing([1, 2], [1, 1], [1], stride=0), "strides and dilations must be at least 1"),
        (
            lambda: WeightSharing([1, 2], [1, 1], [1], weight=(2,)),
            r"weight must be an index into the shape \(2,\)",
        ),
        (lambda: WeightSharing([1, np.nan], [1], [1, 1]), "finite numbers only"),
        (lambda: ThreeSums(np.ones((3, 3)), np.ones((2, 2)), np.ones((2, 2))), "1 spatial axes"),
        (lambda: Turn([1, 2, 3], [1, 1], [1, 1]), "2 spatial axes"),
        (lambda: SlidingKernel([1, 2, 3], [1, 1], [1, 1], lit="dz"), "lit must be one of y, dw, dx"),
        (lambda: SlidingKernel([1, 2, 3], [1, 1], [1, 1], sliders=("speed",)), "sliders some of stride"),
        (
            lambda: SlidingKernel([1, 2, 3], [1, 1], [1, 1]),
            "2 weights with dilation 3 do not fit into 3 inputs",
        ),
        (lambda: PoolRouting([1, 2], [1], 2, ties="last"), "first, split, all; got 'last'"),
        (lambda: PoolRouting([1, 2], [1, 2], 2), r"shape \(1,\); got \(2,\)"),
        (
            lambda: TwoLayers(np.ones((6, 6)), np.ones((2, 2)), np.ones((2, 2)), np.ones((4, 4))),
            "here are 25",
        ),
        (lambda: TwoLayers([1, 2, 3], [1, 1], [1, 1], [1, 1]), r"shape \(1,\); got \(2,\)"),
        (lambda: TwoLayers([1, 2, 3], [1, 1], [1, 1], [1], weight=(5,)), "weight must be an index"),
        (lambda: BackwardPass(small_network(), np.ones((2, 1, 6, 6)), 0), "one channel of one example"),
        (lambda: BackwardPass(small_network(), np.ones((6, 6)), 2), "label below 2; got 0 and 2"),
        (lambda: BackwardPass(small_network(), np.ones((6, 6)), 0, channel=3), "channel must be below 3"),
        (lambda: AnswerBox("?", float("nan")), "answer must be a finite number"),
        (lambda: AnswerBox("?", 1.0, digits=0), "digits at least 1"),
        (lambda: AnswerBox("?", 5.0, terms=[2, 2]), "the terms add up to 4, the answer is 5"),
    ],
)
def test_errors_say_what_to_do(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_pool_routing_shows_the_gradient_of_the_backend():
    x, dy = integers(0, 1, 1, 5, 6), integers(1, 1, 1, 4, 5)
    results = PoolRouting(x, dy, 2, 1).trace["results"]
    assert results["dx"]["first"] == strings(max_pool2d_backward(dy, x, 2, stride=1))
    assert results["y"] == strings(max_pool2d(x, 2, stride=1))


def test_overlapping_windows_add_up_in_one_cell():
    pooling = examples.pooling
    results = PoolRouting(pooling.x, pooling.dy, pooling.size, pooling.stride).trace["results"]
    assert results["dx"]["first"] == ["0", "10", "101", "0"]


def test_the_rules_for_ties_give_their_own_numbers():
    gradients = PoolRouting([[4, 4, 1], [0, 4, 4]], [[6]], (2, 3), 1).trace["results"]["dx"]
    assert gradients["first"] == ["6", "0", "0", "0", "0", "0"]
    assert gradients["split"] == ["1.5", "1.5", "0", "0", "1.5", "1.5"]
    assert gradients["all"] == ["6", "6", "0", "0", "6", "6"]


@pytest.mark.parametrize("shapes", [((4, 5), (2, 2), (2, 3), (2, 2)), ((6,), (3,), (2,), (3,))])
def test_two_layers_shows_the_right_gradient_and_the_wrong_one(shapes):
    x, w1, w2, t = (integers(k, 1, 1, *shape) for k, shape in enumerate(shapes))
    forward, backward = (conv2d, conv2d_backward) if len(shapes[0]) == 2 else (conv1d, conv1d_backward)
    widget = TwoLayers(x, w1, w2, t, loss_backward=losses.half_sum_of_squares_backward)
    h = forward(x, w1)
    y = forward(h, w2)
    dh, _, _ = backward(y - t, h, w2)
    _, dw1, _ = backward(dh, x, w1)
    expected = {"h": h, "y": y, "dy": y - t, "dh": dh, "dw1": dw1}
    assert widget.trace["results"] == {name: strings(array) for name, array in expected.items()}
    assert widget.trace["slope"] == 1 and widget.trace["dy"] is None
    window = np.lib.stride_tricks.sliding_window_view(x[0, 0], h.shape[2:])
    sums = window.reshape(dw1.size, -1).sum(axis=1) * dh.sum()
    assert [widget.wrong(index).total for index in np.ndindex(w1.shape[2:])] == sums.tolist()


def test_two_layers_has_the_question_s_own_loss():
    two = examples.two_convolutions
    trace = TwoLayers(two.x, two.w1, two.w2, two.t).trace
    assert trace["results"]["dy"] == [number(2 * (float(trace["results"]["y"][0]) - two.t.item()))]
    assert trace["slope"] == 2


def test_zero_covariance_leaves_the_product_of_sums_four_times_too_large():
    flat = examples.zero_covariance
    widget = TwoLayers(flat.i, [1], [1], np.zeros(4), loss_backward=lambda y, t: flat.d.reshape(1, 1, 4))
    assert (widget.right((0,)).total, widget.wrong((0,)).total) == (20, 80)
    assert widget.trace["dy"]["values"] == [3, 1, 1, 3] and "t" not in widget.trace["given"]


def rounded(net):
    """A copy of a network with the digits that a widget carries."""
    made = copy.deepcopy(net)
    for layer in (made.layers[0], made.layers[-1]):
        layer.params = [np.vectorize(lambda value: float(f"{value:.4g}"))(array) for array in layer.params]
    return made


def test_backward_pass_shows_the_network_s_own_gradients():
    net, x = small_network(), integers(5, 1, 1, 6, 6)
    widget = BackwardPass(net, x, 1, channel=2, digits=6)
    assert net.layers[0].grads == [], "the network was changed"
    same = rounded(net)
    loss, (dw, db, dv, _) = same.loss_and_gradients(x, np.array([1]))
    results = widget.trace["results"]
    assert results["loss"] == [number(loss)]
    assert results["dw"] == strings(dw[2, 0]) and results["db"] == strings(db[2:])
    assert results["dv"] == strings(dv[1].reshape(3, 3, 3)[2])
    ds = same.loss_backward(same.forward(x), np.array([1]))
    assert results["ds"] == strings(ds) and results["dx"] == strings(same.backward(ds))
    dense, flatten, pool, activation = same.layers[:0:-1]
    dp = flatten.backward(dense.backward(ds))
    assert results["dp"] == strings(dp[0, 2])
    assert results["dz"] == strings(activation.backward(pool.backward(dp))[0, 2])


def parts_of(script, state, **changed):
    """The network of a map as the page has it: an array for each kernel, each bias, and each class and kernel of v."""
    arrays = script.call("parametersOf", state["net"])
    for name, values in changed.items():
        arrays[name]["values"] = list(values)
    return script.call("networkOf", arrays, state["net"])


def backward_agrees(script, state):
    """Every number of the map for every kernel and class, and what is behind each; the number of terms."""
    compared = 0
    net, x = parts_of(script, state), state["given"]["x"]
    conv = network.Conv2d(
        np.array([np.reshape(kernel["values"], (1, *kernel["shape"])) for kernel in net["w"]]),
        np.ravel([bias["values"] for bias in net["b"]]),
        padding=state["options"]["padding"],
        stride=state["options"]["stride"],
    )
    v = [np.ravel([one["values"] for one in of_class]) for of_class in net["v"]]
    dense = network.Dense(np.array(v), np.array(net["c"]))
    pool = network.MaxPool2d(state["pool"]["size"], stride=state["pool"]["stride"])
    activation = network.Activation(activations.relu, activations.relu_backward)
    made = network.Network([conv, activation, pool, network.Flatten(), dense])
    for kernel in range(len(net["w"])):
        widget = BackwardPass(made, array_of(x), state["label"], channel=kernel, digits=state["digits"])
        shown = script.call("networkShown", x, net, state, kernel, state["label"])
        written = {
            name: [number(value, state["digits"]) for value in one["values"]] for name, one in shown.items()
        }
        assert written == widget.trace["results"]
        if kernel == state["kernel"]:
            assert written == state["results"]
        for name in set(shown) - {"loss", "x", "w", "b", "v", "s"}:
            for place, value in enumerate(shown[name]["values"]):
                found = script.call("behind", shown, net, state, kernel, state["label"], name, place)
                total = sum(term["product"] for term in found["terms"]) + found["rest"]
                assert total == pytest.approx(value, abs=1e-9), (name, place)
                for term in found["terms"]:
                    # Of a fully connected layer the weight that is meant may belong to another class.
                    factors = [
                        term["weight"] if of == "v" else shown[of]["values"][at] for of, at in term["factors"]
                    ]
                    if name not in ("a", "q", "dz"):
                        assert math.prod(factors) == pytest.approx(term["product"], abs=1e-9)
                compared += len(found["terms"])
        way = script.call("followed", shown, state)
        at = lambda name, way=way, shown=shown: shown[name]["values"][way[name]]  # noqa: E731
        assert at("da") == at("dp") and (at("dz") == at("da") or shown["z"]["values"][way["dz"]] <= 0)
    return compared


@pytest.mark.parametrize("kernel", [0, 2])
def test_a_changed_parameter_of_the_map_changes_what_it_changes_in_python(scripts, kernel):
    """A kernel, a bias, and the weights of a class at one kernel, each under the name that the page's address has for it."""
    state = BackwardPass(small_network(), integers(5, 6, 6), 1, digits=6).trace
    net = rounded(small_network())
    conv, dense = net.layers[0], net.layers[-1]
    of_class = np.arange(9) - 4.5
    changed = {f"w{kernel}": [1, -2, 3, 0.5], f"b{kernel}": [-1.5], f"v0.{kernel}": of_class}
    conv.params[0][kernel, 0] = [[1, -2], [3, 0.5]]
    conv.params[1][kernel] = -1.5
    dense.params[0][0].reshape(3, 9)[kernel] = of_class
    for other in range(3):
        made = BackwardPass(net, integers(5, 6, 6), 1, channel=other, digits=6)
        parts = parts_of(scripts["backward_pass"], state, **changed)
        shown = scripts["backward_pass"].call("networkShown", state["given"]["x"], parts, state, other, 1)
        assert set(shown) == set(made.arrays)
        for name, array in made.arrays.items():
            assert shown[name]["values"] == pytest.approx(array.ravel().tolist(), abs=1e-9), name
        assert (shown["w"]["values"] == [1, -2, 3, 0.5]) == (other == kernel)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda net: net.layers.pop(1), "map is of a convolution"),
        (lambda net: setattr(net, "loss", losses.half_sum_of_squares), "softmax and cross-entropy"),
        (lambda net: setattr(net.layers[1], "function", activations.sigmoid), "must be relu; got sigmoid"),
    ],
)
def test_backward_pass_is_the_map_of_one_form_of_network(change, words):
    net = small_network()
    change(net)
    with pytest.raises(ValueError, match=words):
        BackwardPass(net, np.ones((6, 6)), 0)


@pytest.mark.parametrize(
    ("value", "digits", "within"),
    [(0.3, 3, 0.0005), (-0.044606, 3, 0.00005), (18, 2, 0.5), (0, 2, 0.05), (1234.5, 2, 50)],
)
def test_an_answer_is_forgiven_its_rounding(value, digits, within):
    assert rounding(value, digits) == pytest.approx(within, rel=1e-6)


def test_answer_box_tells_mistakes_apart_or_names_them_together():
    wrong = [
        (0.15, "averaged", "mistakes.md#average"),
        (0.30001, "cannot be told from the answer", None),
        (0.15001, "halved", None),
        (float("inf"), "has no value", None),
        (-0.3, "wrong sign", "notation.md"),
    ]
    trace = AnswerBox("What is dw[0]?", 0.3, 3, wrong).trace
    known = {one["text"]: [reply["words"] for reply in one["replies"]] for one in trace["wrong"]}
    assert known == {"0.15": ["averaged", "halved"], "-0.3": ["wrong sign"]}
    assert trace["wrong"][0]["replies"][0]["link"] == "mistakes.md#average"


def test_answer_box_links_to_files():
    wrong = [
        (1, "one", "two-convolutions"),
        (2, "two", "two-convolutions#right"),
        (3, "three", None),
    ]
    trace = AnswerBox("?", 5, 1, wrong).trace
    links = [mistake["replies"][0]["link"] for mistake in trace["wrong"]]
    assert links == ["two-convolutions.ipynb", "two-convolutions.ipynb#right", None]


def test_answer_box_knows_the_answer_with_too_few_digits():
    assert AnswerBox("?", 0.04461, 3).trace["shorter"] == ["0.04", "0.045"]
    assert AnswerBox("?", 3, 3).trace["shorter"] == AnswerBox("?", 0.0446, 3).trace["shorter"] == []


@pytest.mark.parametrize("widget", ONE_OF_EACH, ids=repr)
def test_state_is_small_fixed_and_plain(widget):
    state = widget.get_state()
    public = {name for name in state if not name.startswith("_")}
    assert public == {"trace", "tabbable", "tooltip"}, "no layout model, nothing that is not needed"
    assert "export default" in state["_esm"] and state["_css"]
    assert json.loads(json.dumps(state["trace"])) == state["trace"]
    again = one_of_each()[ONE_OF_EACH.index(widget)]
    assert again.trace == widget.trace and again.still() == widget.still() and repr(again) == repr(widget)
    assert "0x" not in repr(widget), "looks like an address"


@pytest.mark.parametrize("widget", ONE_OF_EACH, ids=repr)
def test_the_output_carries_a_still_of_the_same_trace(widget):
    data, _ = widget._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"] == repr(widget)
    root = ElementTree.fromstring(data["text/html"])
    if isinstance(widget, AnswerBox):
        assert root.find("details/summary").text == "Show the answer"
        assert "0.3" in "".join(root.itertext()) and "averaged" in "".join(root.itertext())
        return
    if isinstance(widget, Practice):
        worked = ["".join(item.itertext()) for item in root.findall("ol/li")]
        assert len(worked) == 14 and all("the answer is" in text for text in worked)
        return
    svg = root.find(f"{SVG}svg")
    alt = svg.get("aria-label")
    assert svg.get("role") == "img" and widget.trace["title"] in alt and len(alt.split()) > 20
    assert svg.get("fill") == "currentColor"
    assert svg.find(f".//{SVG}text") is not None
    styles = {rect.get("style") for rect in svg.iter(f"{SVG}rect")}
    assert styles <= {None, *(f"fill:{paint(role)};stroke:{paint(role)}" for role in ROLES)}


def test_a_still_draws_its_numbers_from_the_trace():
    _, widget = weight_sharing()
    svg = ElementTree.fromstring(widget.still()).find(f"{SVG}svg")
    shown = [text.text for text in svg.iter(f"{SVG}text")]
    for name in ("x", "w", "dy", "dw"):
        texts = strings((widget.arrays | widget.results)[name])
        assert any(shown[k : k + len(texts)] == texts for k in range(len(shown))), name


PICTURES = [widget for widget in ONE_OF_EACH if not isinstance(widget, (AnswerBox, Practice))]


@pytest.mark.parametrize("widget", PICTURES, ids=repr)
def test_a_still_is_as_wide_as_a_phone_s_column_and_holds_all_its_words(widget):
    svg = ElementTree.fromstring(widget.still()).find(f"{SVG}svg")
    _, _, width, height = map(float, svg.get("viewBox").split())
    assert width == still.WIDTH
    for node in svg.iter(f"{SVG}text"):
        long = len(node.text or "") * still.CHARACTER
        left = float(node.get("x")) - (long / 2 if node.get("text-anchor") else 0)
        assert left >= 0 and left + long <= width and float(node.get("y")) <= height, node.text


def test_the_still_of_a_pool_begins_with_the_first_window_and_shows_where_deltas_add():
    pooling = examples.pooling  # 1 5 7 2 in windows of 2: the last two share the 7
    widget = PoolRouting(pooling.x, pooling.dy, pooling.size, pooling.stride)
    assert widget.key_windows() == [0, 2]
    x, dy, dx = widget.frame(0)
    assert (x.label, dx.rows) == ("x, window of y[0]", [["0", "10", "0", "0"]])
    assert x.marks == {(0, 0): ("input", False), (0, 1): ("input", True)}
    assert dy.marks == {(0, 0): ("delta", True)} and dx.marks == {(0, 1): ("result", True)}
    *_, dx = widget.frame(2)
    assert dx.rows == [widget.trace["results"]["dx"]["first"]]
    assert dx.marks == {(0, 1): ("result", False), (0, 2): ("result", True)}
    assert PoolRouting([[1, 2]], [[3]], (1, 2)).key_windows() == [], "one window is no strip"


@pytest.mark.parametrize("widget", ONE_OF_EACH, ids=repr)
def test_a_module_asks_for_nothing_from_elsewhere(widget):
    for words in ("import ", "import(", "fetch(", "http://", "https://", "eval("):
        assert words not in widget.get_state()["_esm"].replace("http://www.w3.org/2000/svg", "")
    assert "url(http" not in widget.get_state()["_css"] and "@import" not in widget.get_state()["_css"]


def states_of(widgets):
    return {f"m{k}": {"state": widget.get_state()} for k, widget in enumerate(widgets)}


def test_a_page_embeds_each_module_once_and_only_what_is_shown():
    states = states_of(ONE_OF_EACH)
    packed = extension.pack(states, ["m1", "m0", "m3", "m1"])
    assert list(packed["models"]) == ["m1", "m0", "m3"]
    assert packed["models"]["m0"]["module"] == packed["models"]["m1"]["module"] == 0
    assert len(packed["modules"]) == 2 and len(packed["styles"]) == 1
    texts = ["\n".join(packed["parts"][place] for place in places) for places in packed["modules"]]
    assert texts == [ONE_OF_EACH[k].get_state()["_esm"] for k in (1, 3)]
    assert len(set(packed["parts"])) == len(packed["parts"]), "what modules share travels once"
    light = extension.pack(states, ["m1", "m0", "m3", "m1"], extension.shared())
    assert light["parts"] == light["styles"] == [] and light["worn"] == [0]
    known = extension.shared()["parts"]
    assert ["\n".join(known[place] for place in places) for places in light["modules"]] == texts
    assert packed["models"]["m3"]["state"]["trace"] == ONE_OF_EACH[3].trace
    assert not any(name.startswith("_") for name in packed["models"]["m3"]["state"])
    with pytest.raises(KeyError):
        extension.pack(states, ["unknown"])


@pytest.mark.parametrize("widget", ONE_OF_EACH, ids=repr)
def test_a_page_knows_each_kind_of_widget_by_the_name_of_its_module(widget):
    """A reader's code makes widgets that the page did not have before."""
    known = extension.shared()
    kind = known["named"][type(widget).__module__.rpartition(".")[2]]
    assert "\n".join(known["parts"][place] for place in kind["parts"]) == widget.get_state()["_esm"]
    assert known["styles"][kind["style"]] == widget.get_state()["_css"]


def test_no_text_of_a_widget_ends_its_script_element():
    box = AnswerBox("Is </script><script>alert(1)</script> or <!-- a number?", 1)
    html = extension.embed(extension.pack(states_of([box]), ["m0"]))
    assert html.count("</script>") == 2 and "<!--" not in html
    text = html[html.index(">") + 1 : html.index("</script>")]
    assert json.loads(text)["models"]["m0"]["state"]["trace"] == box.trace


def test_the_view_that_myst_nb_writes_is_read():
    view = nbformat.from_dict({"model_id": "000a", "version_major": 2, "version_minor": 0})
    written = f'<script type="{extension.VIEW}">{json.dumps(view)}</script>'
    assert extension.view_model(written) == "000a"
    assert (
        extension.view_model(f'<script type="{extension.VIEW}">{json.dumps(json.dumps(view))}</script>')
        == "000a"
    )


def test_a_box_about_an_entry_knows_the_catalogued_mistakes():
    one = examples.one_dimension
    box = AnswerBox.about("dw[1]?", "conv.dw", (0, 0, 1), one.dy, one.x, one.w)
    assert box.answer_text == "0.4"
    known = {mistake["text"]: mistake["replies"] for mistake in box.trace["wrong"]}
    assert "averaged" in known["0.2"][0]["words"]
    assert all(len(replies) <= 2 for replies in known.values())
    few = AnswerBox.about("?", "conv.dw", (0, 0, 1), one.dy, one.x, one.w, ids=["averaged-positions"])
    assert [mistake["text"] for mistake in few.trace["wrong"]] == ["0.2"]
