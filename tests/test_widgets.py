"""The traces that widgets show, against the backend; their stills; what they answer; and how a page embeds them."""

import json
import xml.etree.ElementTree as ElementTree

import nbformat
import numpy as np
import pytest

from cnnlab import (
    conv1d,
    conv1d_backward,
    conv2d,
    conv2d_backward,
    examples,
    losses,
    max_pool2d_backward,
    network,
)
from cnnlab.formatting import number
from cnnlab.palette import ROLES, paint
from cnnlab.widgets import AnswerBox, BackwardPass, PoolRouting, TwoLayers, WeightSharing
from cnnlab.widgets.answer_box import rounding
from tools.sphinx_ext import widgets as extension

SVG = "{http://www.w3.org/2000/svg}"


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(float)


def strings(array):
    return [number(value) for value in np.asarray(array).ravel()]


def weight_sharing(seed=0, x=(5, 6), w=(2, 3), stride=1, padding=0):
    rank = len(w)
    strides, pads = np.broadcast_to(stride, rank), np.broadcast_to(padding, rank)
    grid = [(n + 2 * p - m) // s + 1 for n, m, s, p in zip(x, w, strides, pads, strict=True)]
    arrays = integers(seed, 1, 1, *x), integers(seed + 1, 1, 1, *w), integers(seed + 2, 1, 1, *grid)
    return arrays, WeightSharing(*arrays, stride=stride, padding=padding)


def small_network():
    conv = network.Conv2d(integers(1, 3, 1, 2, 2), integers(2, 3), padding=1)
    dense = network.Dense(integers(3, 2, 27) / 8, integers(4, 2))
    return network.Network([conv, network.MaxPool2d(2), network.Flatten(), dense])


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
        BackwardPass(small_network(), integers(5, 5, 5), 1, channel=2),
        AnswerBox(
            "What is dw[0]?", 0.3, 3, [(0.15, "averaged", "mistakes.md"), (0.6, "twice", None)], "Yes."
        ),
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
    ],
)
def test_weight_sharing_shows_the_gradients_of_the_backend(case):
    (x, w, dy), widget = weight_sharing(**case)
    forward, backward = (conv1d, conv1d_backward) if x.ndim == 3 else (conv2d, conv2d_backward)
    geometry = {
        name: case[name][0] if x.ndim == 3 and isinstance(case[name], tuple) else case[name]
        for name in ("stride", "padding")
        if name in case
    }
    dx, dw, _ = backward(dy, x, w, **geometry)
    trace = widget.trace
    for name, array in {"x": x, "w": w, "dy": dy, "dx": dx, "dw": dw, "y": forward(x, w, **geometry)}.items():
        assert trace[name]["text"] == strings(array)
        assert trace[name]["shape"] == list(array.shape[2:])
    for kind, name in {"w": "dw", "x": "dx", "y": "y"}.items():
        ends = [running[-1] if running else "0" for _, running in trace["sums"][kind]]
        assert ends == trace[name]["text"]
        for products, running in trace["sums"][kind]:
            assert strings(np.cumsum([float(product) for product in products])) == running


def test_weight_sharing_takes_plain_arrays_and_the_first_weight_asked_for():
    plain = WeightSharing([1, 2, 3], [0.3, 0.5], [-0.1, 0.2], weight=[1])
    full = WeightSharing(*(examples.one_dimension.__dict__[name] for name in ("x", "w", "dy")), weight=(1,))
    assert plain.trace == full.trace and plain.trace["first"] == 1
    assert plain.trace["dw"]["text"] == ["0.3", "0.4"]
    assert plain.trace["sums"]["w"][1] == [["-0.2", "0.6"], ["-0.2", "0.4"]]


def test_a_large_input_is_stepped_by_rows_and_its_state_stays_small():
    (x, w, dy), widget = weight_sharing(x=(28, 28), w=(5, 5))
    _, dw, _ = conv2d_backward(dy, x, w)
    trace = widget.trace
    assert trace["chunk"] == 24 and list(trace["sums"]) == ["w"]
    assert [running[-1] for _, running in trace["sums"]["w"]] == strings(dw)
    for products, running in trace["sums"]["w"]:
        assert len(products) == 24
        assert strings(np.cumsum([float(product) for product in products])) == running
    assert len(json.dumps(trace)) < 60_000
    assert len(widget.still()) < 100_000
    sent = []
    widget.send = sent.append
    widget.receive({"entry": ["x", 30]})
    products, running = sent[0]["sums"]
    assert sent[0]["entry"] == ["x", 30] and len(products) == 2 * 3
    assert running[-1] == trace["dx"]["text"][30]


@pytest.mark.parametrize("shapes", [[(k * 20,) for k in (5, 10)], [(k, 20) for k in (30, 60)]])
def test_the_state_does_not_grow_with_the_square_of_the_input(shapes):
    kernel = (3,) * len(shapes[0])
    small, large = (len(json.dumps(weight_sharing(x=shape, w=kernel)[1].trace)) for shape in shapes)
    assert large < 2.5 * small


def test_an_edited_number_gives_a_new_trace():
    widget = WeightSharing([1, 2, 3], [0.3, 0.5], [-0.1, 0.2])
    sent = []
    widget.send = sent.append
    widget.receive({"hello": True})
    widget.receive({"edit": ["x", 1, " 7,5 "]})
    widget.receive({"edit": ["dy", 0, "\N{MINUS SIGN}1"]})
    widget.receive({"edit": ["w", 0, "many"]})
    assert sent[:3] == [{"live": True}, {"edited": ["x", 1]}, {"edited": ["dy", 0]}]
    assert '"many" is not a number' in sent[3]["error"]
    assert widget.trace["dw"]["text"] == strings([-1 * 1 + 0.2 * 7.5, -1 * 7.5 + 0.2 * 3])
    assert "dw[0] = 1 × (-1) + 7.5 × 0.2 = 0.5" in widget.still().replace("\N{NO-BREAK SPACE}", " ")


def test_an_example_is_not_modified_by_an_edit():
    widget = WeightSharing(*(getattr(examples.one_dimension, name) for name in ("x", "w", "dy")))
    widget.send = lambda reply: None
    widget.receive({"edit": ["x", 0, "9"]})
    assert examples.one_dimension.x[0, 0, 0] == 1 and widget.trace["x"]["text"][0] == "9"


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
        (lambda: WeightSharing([1, 2], [1, 1], [1], stride=0), "strides must be at least 1"),
        (
            lambda: WeightSharing([1, 2], [1, 1], [1], weight=(2,)),
            r"weight must be an index into the kernel \(2,\)",
        ),
        (lambda: PoolRouting([1, 2], [1], 2, ties="last"), "first, split, all; got 'last'"),
        (lambda: PoolRouting([1, 2], [1, 2], 2), r"shape \(1,\); got \(2,\)"),
        (
            lambda: TwoLayers(np.ones((6, 6)), np.ones((2, 2)), np.ones((2, 2)), np.ones((4, 4))),
            "here are 25",
        ),
        (lambda: TwoLayers([1, 2, 3], [1, 1], [1, 1], [1, 1]), r"shape \(1,\); got \(2,\)"),
        (lambda: TwoLayers([1, 2, 3], [1, 1], [1, 1], [1], weight=(5,)), "weight must be an index"),
        (lambda: BackwardPass(small_network(), np.ones((2, 1, 5, 5)), 0), "batch of 2"),
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
    widget = PoolRouting(x, dy, 2, 1)
    rules = widget.trace["rules"]
    assert rules["first"]["dx"]["text"] == strings(max_pool2d_backward(dy, x, 2, stride=1))
    for rule in rules.values():
        total = sum(float(text) for text in rule["dx"]["text"])
        assert float(rule["running"][-1]) == pytest.approx(total, abs=1e-4)  # thirds are shown rounded
        last = {}
        for step in rule["steps"]:
            last |= {place: after for place, _, after in step}
        assert [last.get(place, "0") for place in range(30)] == rule["dx"]["text"]
    assert rules["first"]["kept"] and rules["split"]["kept"] and not rules["all"]["kept"]


def test_overlapping_windows_add_up_in_one_cell():
    pooling = examples.pooling
    trace = PoolRouting(pooling.x, pooling.dy, pooling.size, pooling.stride).trace
    assert trace["rules"]["first"]["dx"]["text"] == ["0", "10", "101", "0"]
    assert trace["rules"]["first"]["steps"] == [[[1, "10", "10"]], [[2, "100", "100"]], [[2, "1", "101"]]]
    assert list(trace["rules"]) == ["first"], "without a tie there is one rule"


def test_the_rules_for_ties_give_their_own_numbers():
    rules = PoolRouting([[4, 4, 1], [0, 4, 4]], [[6]], (2, 3), 1).trace["rules"]
    assert rules["first"]["dx"]["text"] == ["6", "0", "0", "0", "0", "0"]
    assert rules["split"]["dx"]["text"] == ["1.5", "1.5", "0", "0", "1.5", "1.5"]
    assert rules["all"]["dx"]["text"] == ["6", "6", "0", "0", "6", "6"]
    assert [rules[name]["kept"] for name in ("first", "split", "all")] == [True, True, False]


@pytest.mark.parametrize("shapes", [((4, 5), (2, 2), (2, 3), (2, 2)), ((6,), (3,), (2,), (3,))])
def test_two_layers_shows_the_right_gradient_and_the_wrong_one(shapes):
    x, w1, w2, t = (integers(k, 1, 1, *shape) for k, shape in enumerate(shapes))
    forward, backward = (conv2d, conv2d_backward) if len(shapes[0]) == 2 else (conv1d, conv1d_backward)
    trace = TwoLayers(x, w1, w2, t, loss_backward=losses.half_sum_of_squares_backward).trace
    h = forward(x, w1)
    dh, _, _ = backward(forward(h, w2) - t, h, w2)
    _, dw1, _ = backward(dh, x, w1)
    assert trace["arrays"]["dh"]["text"] == strings(dh)
    assert trace["arrays"]["dw1"]["text"] == strings(dw1)
    assert [weight["right"][-1] for weight in trace["weights"]] == strings(dw1)
    window = np.lib.stride_tricks.sliding_window_view(x[0, 0], h.shape[2:])
    sums = window.reshape(dw1.size, -1).sum(axis=1) * dh.sum()
    assert [weight["wrong"][-1] for weight in trace["weights"]] == strings(sums)
    for weight in trace["weights"]:
        n = len(weight["products"])
        table = np.array(weight["table"], dtype=object).reshape(n, n)
        assert list(np.diag(table)) == weight["products"]
        for k in range(1, n + 1):
            assert number(sum(float(text) for text in table[:k, :k].ravel())) == weight["wrong"][k - 1]
            assert (
                number(float(weight["sums"][0][k - 1]) * float(weight["sums"][1][k - 1]))
                == weight["wrong"][k - 1]
            )


def test_two_layers_has_the_question_s_own_loss():
    two = examples.two_convolutions
    trace = TwoLayers(two.x, two.w1, two.w2, two.t).trace
    y, t = (float(trace["arrays"][name]["text"][0]) for name in ("y", "t"))
    assert trace["arrays"]["dy"]["text"] == [number(2 * (y - t))]


def test_zero_covariance_leaves_the_product_of_sums_four_times_too_large():
    flat = examples.zero_covariance
    trace = TwoLayers(flat.i, [1], [1], np.zeros(4), loss_backward=lambda y, t: flat.d.reshape(1, 1, 4)).trace
    assert (trace["weights"][0]["right"][-1], trace["weights"][0]["wrong"][-1]) == ("20", "80")


def test_backward_pass_shows_the_network_s_own_gradients():
    net, x = small_network(), integers(5, 1, 1, 5, 5)
    widget = BackwardPass(net, x, 1, channel=2, digits=6)
    assert net.layers[0].grads == [], "the network was changed"
    loss, grads = net.loss_and_gradients(x, np.array([1]))
    trace = widget.trace
    assert trace["loss"] == number(loss)
    assert [stage["name"] for stage in trace["stages"]] == [
        "softmax, cross-entropy", "fully connected", "flatten", "max-pooling", "convolution",
    ]  # fmt: skip
    last = {array["name"]: array for array in trace["stages"][-1]["arrays"]}
    assert last["dw"]["text"] == strings(grads[0][2, 0])
    assert last["db"]["text"] == strings(grads[1][2:])
    assert trace["result"] == {"label": "dw[2, 0, 0, 0]", "text": number(grads[0][2, 0, 0, 0])}
    dense = {array["name"]: array for array in trace["stages"][1]["arrays"]}
    assert dense["dw"]["text"] == strings(grads[2][:, 18:27])
    dy = net.loss_backward(net.forward(x), np.array([1]))
    assert dense["dy"]["text"] == strings(dy)
    dx = net.backward(dy)
    assert last["dx"]["text"] == strings(dx)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_backward_pass_follows_its_channel_through_an_input_of_several(channel):
    conv = network.Conv2d(integers(1, 3, 2, 2, 2), integers(2, 3))
    net = network.Network([conv, network.Flatten(), network.Dense(integers(3, 2, 27) / 8, integers(4, 2))])
    x = integers(5, 1, 2, 4, 4)
    trace = BackwardPass(net, x, 1, channel=channel, digits=6).trace
    _, grads = net.loss_and_gradients(x, np.array([1]))
    dx = net.backward(net.loss_backward(net.forward(x), np.array([1])))
    seen = min(channel, 1)  # the input has two channels, the third kernel is shown with the last of them
    shown = {array["name"]: array["text"] for array in trace["stages"][-1]["arrays"]}
    assert shown["x"] == strings(x[0, seen]) == trace["x"]["text"]
    assert shown["dx"] == strings(dx[0, seen])
    assert shown["w"] == strings(conv.params[0][channel, seen])
    assert shown["dw"] == strings(grads[0][channel, seen])
    assert trace["result"]["label"] == f"dw[{channel}, {seen}, 0, 0]"


def test_backward_pass_takes_another_loss_and_an_edit():
    net = small_network()
    net.loss, net.loss_backward = losses.half_sum_of_squares, losses.half_sum_of_squares_backward
    x, target = integers(5, 5, 5), np.array([[1.0, 2.0]])
    widget = BackwardPass(net, x, target, digits=6)
    widget.send = lambda reply: None
    widget.receive({"edit": ["x", 7, "2.5"]})
    x[1, 2] = 2.5
    loss, grads = net.loss_and_gradients(x[None, None], target)
    assert widget.trace["loss"] == number(loss)
    assert widget.trace["result"]["text"] == number(grads[0][0, 0, 0, 0])


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
        texts = widget.trace[name]["text"]
        assert any(shown[k : k + len(texts)] == texts for k in range(len(shown))), name


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
    assert packed["models"]["m3"]["state"]["trace"] == ONE_OF_EACH[3].trace
    assert not any(name.startswith("_") for name in packed["models"]["m3"]["state"])
    with pytest.raises(KeyError):
        extension.pack(states, ["unknown"])


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
