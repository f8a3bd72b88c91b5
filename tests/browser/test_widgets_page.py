"""Every widget of every page, stepped to its end by mouse and by keyboard, against the numbers of the notebook."""

import contextlib
import functools
import re

import nbformat
import numpy as np
import pytest
from conftest import ROOT
from playwright.sync_api import TimeoutError as Late
from playwright.sync_api import expect

from bench import widget_steps
from cnnlab import geometry, network, widgets
from cnnlab import trace as traces_of
from cnnlab.activations import softmax
from cnnlab.formatting import number, settled

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))


def traces(path):
    """The traces of a notebook's widgets, in the order of the page: what Python computed."""
    notebook = nbformat.read(path, as_version=4)
    states = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    shown = [
        output.data[VIEW]["model_id"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        and not {"remove-cell", "remove-output"} & set(cell.metadata.get("tags", []))
        for output in cell.outputs
        if VIEW in output.get("data", {})
    ]
    return [states[model]["state"] for model in shown]


def kind(state):
    """The class of a widget, as its state names it."""
    return state["_anywidget_id"].rpartition(".")[2]


def stepped(state):
    """Whether a widget has steps; an answer box and a picture of one sum have none."""
    return kind(state) in ("WeightSharing", "PoolRouting", "TwoLayers", "BackwardPass")


def widgets_of(page, states):
    """The living widgets of a page, each with its state."""
    # A key, for which those start that are far away, too. On a busy machine the browser may drop a real one that comes
    # before the page was painted.
    page.evaluate("dispatchEvent(new KeyboardEvent('keydown', { key: 'Shift' }))")
    with contextlib.suppress(Late):
        page.wait_for_function("!document.querySelector('.cnnlab-widget:not([data-alive])')")
    still = page.locator(".cnnlab-widget:not([data-alive])")
    assert not still.count(), f"{still.count()} of {len(states)} widgets did not start: {page.complaints}"
    places = page.locator(".cnnlab-widget[data-alive]").all()
    assert len(places) == len(states), "not every widget of the notebook lives on the page"
    return list(zip(places, states, strict=True))


def by_mouse(widget, name):
    widget.get_by_role("button", name=name, exact=True).click()


def by_keyboard(widget, name):
    widget.get_by_role("button", name=name, exact=True).press("Enter")


LOOK = """(place) => {
  const root = place.querySelector(".cnn");
  return [Number(root.dataset.step), Number(root.dataset.steps), place.querySelector("[data-sum]").textContent];
}"""


def position(widget):
    """(step, steps) of a widget."""
    return tuple(widget.evaluate(LOOK)[:2])


MARKED = """(place, [mark, part]) => {
  const found = {};
  for (const grid of place.querySelectorAll(".cnn-grid")) {
    const names = [...grid.querySelectorAll(".cnn-label b")].map((one) => one.textContent);
    for (const cell of grid.querySelectorAll(".cnn-cell")) {
      const nodes = part ? [...cell.querySelectorAll(".cnn-part")] : [cell];
      nodes.forEach((node, n) => node.classList.contains(mark) && (found[names[n]] ??= []).push(Number(cell.dataset.flat)));
    }
  }
  return found;
}"""


def marked(widget, mark, part=False):
    """The marked cells by grid, {name: flat places}; or the marked numbers in them, by their own names."""
    return widget.evaluate(MARKED, [mark, part])


def arrays_of(trace):
    """The given arrays of a trace as (1, 1, *shape), by name."""
    return {
        name: np.array(given["values"], float).reshape(1, 1, *given["shape"])
        for name, given in trace["given"].items()
    }


def to_the_start(widget, act):
    """Back to where nothing has been added yet: Again leads to the first step, and Back before it."""
    step, steps = position(widget)
    if step == steps:
        act(widget, "Again")
    while position(widget)[0]:
        act(widget, "Back")


def running(widget, act, after_each=lambda step: None):
    """Step a widget from its start to its end; the sum it shows after each step."""
    seen = []
    to_the_start(widget, act)
    step, steps = position(widget)
    while step < steps:
        act(widget, "Step")
        step, _, shown = widget.evaluate(LOOK)
        seen.append(shown)
        after_each(step)
    assert len(seen) == steps
    return seen


def some(count):
    """All of a few places; of many the first, the middle and the last."""
    return range(count) if count <= 4 else (0, count // 2, count - 1)


def choose(widget, label, flat, act):
    """Choose a cell of the grid with this label: by mouse, or with the arrow keys and Enter."""
    grid = widget.get_by_role("grid", name=label, exact=True)
    cells = grid.get_by_role("gridcell")
    if act is by_mouse:
        cells.nth(flat).click()
        return cells.nth(flat)
    rows = grid.get_by_role("row")
    columns = cells.count() // rows.count()
    grid.locator("[tabindex='0']").focus()
    page = widget.page
    for key in (
        ["ArrowUp"] * rows.count()
        + ["Home"]
        + ["ArrowDown"] * (flat // columns)
        + ["ArrowRight"] * (flat % columns)
    ):
        page.keyboard.press(key)
    assert cells.nth(flat).evaluate("(cell) => cell === document.activeElement")
    page.keyboard.press("Enter")
    return cells.nth(flat)


def shown_in(widget, label, part):
    """The numbers that a grid shows: the upper one of each cell (0), or the one below (1)."""
    cells = widget.get_by_role("grid", name=label, exact=True).get_by_role("gridcell")
    return cells.evaluate_all("(all, part) => all.map((one) => one.children[part].textContent)", part)


LABELS = {"w": "kernel w over dw", "x": "input x over dx", "dy": "output y over dy"}


def entries_of(arrays, options):
    """{sum: (where it is chosen, its array, the entry of a spatial index)} for a convolution."""
    x, w, dy = (arrays[name] for name in ("x", "w", "dy"))
    return {
        "dw": ("w", w, lambda index: traces_of.conv_dw(dy, x, w, index=index, **options)),
        "dx": ("x", x, lambda index: traces_of.conv_dx(dy, x, w, index=index, **options)),
        "y": ("dy", dy, lambda index: traces_of.conv_y(x, w, index=index, **options)),
    }


def step_weight_sharing(widget, trace, act):
    arrays = arrays_of(trace)
    write = functools.partial(number, digits=trace["digits"])
    for name, (grid, of, entry_of) in entries_of(arrays, trace["options"]).items():
        for flat in some(of.size):
            cell = choose(widget, LABELS[grid], flat, act)
            entry = entry_of(np.unravel_index(flat, of.shape))
            assert widget.locator("[data-sum]").inner_text() == trace["results"][name][flat]

            def lights_the_factors(step, entry=entry):
                found = {place: set(flats) for place, flats in marked(widget, "cnn-now", part=True).items()}
                factors = entry.terms[step - 1].factors
                assert found == {
                    f.name: {int(np.ravel_multi_index(f.index, arrays[f.name].shape))} for f in factors
                }
                assert widget.locator(".cnn-wires path").count() == 1, "one wire, that of the present term"
                assert widget.locator(".cnn-term.cnn-now").count() == 1

            def looks_unfinished(step, entry=entry, cell=cell):
                lights_the_factors(step, entry)
                done = step == len(entry.terms)
                assert widget.locator(".cnn[data-open]").count() == (not done)
                assert cell.locator("[data-open]").count() == (not done)

            assert running(widget, act, looks_unfinished) == [write(value) for value in entry.running]
        parts = [0, 1] if name != "y" else [1, 0]
        below = shown_in(widget, LABELS[grid], parts[1])
        finished = [k for k, text in enumerate(below) if text != "·"]
        assert [below[k] for k in finished] == [trace["results"][name][k] for k in finished]
        assert len(finished) >= min(of.size, 3), "what was added up stays"


def step_pool_routing(widget, trace, act):
    arrays = arrays_of(trace)
    x, dy = arrays["x"], arrays["dy"]
    rules = widget.get_by_label("On a tie")
    for rule, totals in trace["results"]["dx"].items():
        rules.select_option(rule)
        after = np.zeros(dy.size)
        for place in np.ndindex(x.shape[2:]):
            entry = traces_of.pool_dx(
                dy, x, trace["size"], index=(0, 0, *place), stride=trace["stride"], ties=rule
            )
            for term in entry.terms:
                after[np.ravel_multi_index(term.factors[0].index, dy.shape) :] += term.product

        def lights_the_window(step):
            index = np.unravel_index(step - 1, dy.shape)
            window = traces_of.pool_window(x, trace["size"], index=index, stride=trace["stride"])
            assert sorted(marked(widget, "cnn-lit")["x"]) == [
                np.ravel_multi_index(at, x.shape) for at in window
            ]
            said = widget.locator(".cnn-words").inner_text()
            assert said.startswith(f"Window of y[{', '.join(map(str, index[2:]))}]")
            now = marked(widget, "cnn-now", part=True)
            assert now["dy"] == [step - 1]
            assert len(now["dx"]) == widget.locator(".cnn-wires path").count()

        seen = running(widget, act, lights_the_window)
        assert [float(text) for text in seen] == pytest.approx(after, rel=1e-3)
        assert shown_in(widget, LABELS["x"], 1) == totals
    assert shown_in(widget, LABELS["dy"], 0) == trace["results"]["y"]


def step_two_layers(widget, trace, act):
    results = trace["results"]
    arrays = arrays_of(trace)
    dh = np.array([float(text) for text in results["dh"]]).reshape(
        1, 1, *(n - m + 1 for n, m in zip(arrays["x"].shape[2:], arrays["w1"].shape[2:], strict=True))
    )
    for flat, index in enumerate(np.ndindex(arrays["w1"].shape[2:])):
        choose(widget, "w1 over dw1", flat, act)
        right = traces_of.conv_dw(dh, arrays["x"], arrays["w1"], index=(0, 0, *index))
        wrong = traces_of.product_of_sums(dh, arrays["x"], arrays["w1"], index=(0, 0, *index))
        assert running(widget, act) == [number(value) for value in right.running]
        assert widget.locator("[data-wrong]").inner_text() == number(wrong.total)
        table = widget.get_by_role("table", name="Every x times every dh")
        products = [a.factors[0].value * b.factors[1].value for a in right.terms for b in right.terms]
        assert table.get_by_role("cell").all_inner_texts() == [number(value) for value in products]
    assert shown_in(widget, "w1 over dw1", 1) == results["dw1"]


MARGINS = {
    "ThreeSums": {"dw": "w", "dx": "x", "y": "dy"},
    "DeltaSheet": {"dw": "w"},
    "Turn": {"dx": "x"},
    "SlidingKernel": {"dw": "w", "dx": "x", "y": "dy"},
}


def light_each(name, widget, trace, act):
    """Light every sum of a picture: the formula is that of the trace."""
    arrays = arrays_of(trace)
    entries = entries_of(arrays, trace["options"])
    for sum_name, of in MARGINS[name].items():
        _, array, entry_of = entries[sum_name]
        grid = widget.locator(f".cnn-grid[data-name='{of}']")
        for flat, index in enumerate(np.ndindex(array.shape)):
            cell = grid.get_by_role("gridcell").nth(flat)
            cell.click(trial=True)  # until it stands still: the page is still being laid out
            cell.click() if act is by_mouse else cell.press("Enter")
            entry = entry_of(index)
            text = entry.text(trace["digits"]) if entry.terms else "0 = 0"
            formula = f"{sum_name}[{', '.join(map(str, index[2:]))}] = {text}"
            assert widget.locator("[data-formula]").inner_text() == formula
            lit = widget.locator("[data-lit]:not([data-lit=''])" if name == "ThreeSums" else ".cnn-sum-cell")
            assert lit.count() == (len(entry.terms) if name == "ThreeSums" else 1)
        shown = grid.get_by_role("gridcell").evaluate_all("(all) => all.map((one) => one.innerText)")
        assert all(result in text for result, text in zip(trace["results"][sum_name], shown, strict=True))


def step_backward_pass(widget, trace, act):
    """Each step brings the gradients of one layer; any number shows its own, and lights what is behind it."""
    results = trace["results"]

    def veiled():
        """The gradients that the way back has not reached yet."""
        grids = widget.locator(".cnn-grid[data-veiled]")
        return set(grids.evaluate_all("(all) => all.map((one) => one.dataset.name)"))

    hidden = [{"ds", "dv", "dp", "da", "dz", "dx"}]
    for brought in ({"ds"}, {"dv", "dp"}, {"da"}, {"dz"}, {"dx"}):
        hidden.append(hidden[-1] - brought)
    to_the_start(widget, act)
    assert veiled() == hidden[0] and results["loss"][0] in widget.locator(".cnn-words").inner_text()
    seen = running(
        widget, act, lambda step: veiled() == hidden[step] or pytest.fail(f"step {step}: {veiled()}")
    )
    assert seen[0] == results["ds"][trace["label"]] and seen[-1] in results["dw"]
    for name, part in [("x", 0), ("dx", 0), ("dz", 0), ("da", 0), ("dp", 0), ("z", 0), ("w", 1), ("b", 1)]:
        grid = widget.locator(f".cnn-grid[data-name='{name}']")
        of = {"w": "dw", "b": "db"}.get(name, name)
        said = grid.locator(f".cnn-part:nth-child({part + 1})").all_text_contents()
        assert said == results[of], of
        place = len(said) - 1
        cell = grid.get_by_role("gridcell").nth(place)
        cell.click() if act is by_mouse else cell.press("Enter")
        if name != "x":  # a pixel is given, and nothing is behind it
            assert widget.locator("[data-sum]").inner_text() == results[of][place]
            assert widget.locator(".cnn-lit").count() > 0, of
    kernels = widget.get_by_label("Kernel", exact=True)
    kernels.select_option("1")
    assert widget.locator(".cnn-grid[data-name='w'] .cnn-part:nth-child(1)").all_text_contents() == [
        number(value, trace["digits"]) for value in trace["net"]["w"][1]["values"]
    ]
    kernels.select_option(str(trace["kernel"]))


def step_answer_box(widget, trace, act):
    field, root = widget.get_by_role("textbox"), widget.locator(".cnn")

    def reply(text):
        field.fill(text)
        by_mouse(widget, "Check") if act is by_mouse else field.press("Enter")
        return root.get_attribute("data-verdict"), widget.locator(".cnn-reply").inner_text()

    verdict, words = reply(trace["answer"]["text"])
    assert verdict == "right" and trace["right"] in words
    for mistake in trace["wrong"]:
        verdict, words = reply(mistake["text"])
        assert verdict == "known", mistake["text"]
        assert all(one["words"] in words for one in mistake["replies"])
        links = widget.locator(".cnn-reply").get_by_role("link").all()
        assert len(links) == len([one for one in mistake["replies"] if one["link"]])
        for link in links:
            target = link.evaluate("(one) => one.href")
            answer = widget.page.request.get(target)
            assert answer.ok, target
            _, mark, place = target.partition("#")
            assert not mark or re.search(f"id=[\"']{re.escape(place)}[\"']", answer.text()), target
    assert reply("no number")[0] == "unread"
    assert reply(f"{trace['answer']['text']} + 0")[0] == "right"
    field.press("0")
    assert root.get_attribute("data-verdict") is None, "a verdict stays while the reader types anew"
    for hint in trace["hints"]:
        by_mouse(widget, widget.locator("button.cnn-help").inner_text())
        assert widget.get_by_text(hint, exact=True).is_visible()
    by_mouse(widget, "Show the answer")
    assert widget.locator(".cnn-hints b").inner_text() == trace["answer"]["text"].replace(
        "-", "\N{MINUS SIGN}"
    )
    assert not widget.locator("button.cnn-help").is_visible()


def open_practice(widget, trace, act):
    """The overview names every skill; test_practice_page.py goes on from there."""
    rows = widget.locator("table.cnn-skills tr")
    assert [row.get_attribute("data-skill") for row in rows.all()] == [
        skill["id"] for skill in trace["skills"]
    ]


STEPPERS = {
    "WeightSharing": step_weight_sharing,
    "PoolRouting": step_pool_routing,
    "TwoLayers": step_two_layers,
    "BackwardPass": step_backward_pass,
    **{name: functools.partial(light_each, name) for name in MARGINS},
    "AnswerBox": step_answer_box,
    "Practice": open_practice,
}


def test_the_book_has_widgets():
    kinds = {kind(state) for path in NOTEBOOKS for state in traces(path)}
    assert kinds == set(STEPPERS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("act", [by_mouse, by_keyboard], ids=["mouse", "keyboard"])
def test_every_widget_ends_at_the_number_that_python_computed(open_page, path, act):
    page = open_page(f"book/{path.stem}.html")
    for widget, state in widgets_of(page, traces(path)):
        STEPPERS[kind(state)](widget, state["trace"], act)
    assert page.complaints == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_widgets_do_not_disturb_each_other(open_page, path):
    page = open_page(f"book/{path.stem}.html")
    living = [widget for widget, state in widgets_of(page, traces(path)) if stepped(state)]
    ends = [position(widget)[1] for widget in living]
    for moved, widget in enumerate(living):
        to_the_start(widget, by_mouse)
        assert [position(other)[0] for other in living] == [0] * (moved + 1) + ends[moved + 1 :]
    ids = page.eval_on_selector_all(".cnnlab-widget [id]", "(all) => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_play_shows_the_end_at_once_where_motion_is_not_wanted(open_page, path):
    page = open_page(f"book/{path.stem}.html", reduced_motion="reduce")
    for widget, state in widgets_of(page, traces(path)):
        assert widget.locator(".cnn").evaluate(
            "(root) => [...root.querySelectorAll('*')].every((one) => getComputedStyle(one).transitionDuration === '0s')"
        )
        if stepped(state):
            to_the_start(widget, by_mouse)
            by_mouse(widget, "Show all")
            step, steps = position(widget)
            assert step == steps > 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_play_walks_and_pauses(open_page, path):
    page = open_page(f"book/{path.stem}.html")
    page.clock.install()
    for widget, state in widgets_of(page, traces(path)):
        if not stepped(state):
            continue
        to_the_start(widget, by_mouse)
        by_mouse(widget, "Play")
        page.clock.run_for(100)
        step, steps = position(widget)
        assert step == 1 or steps == 1
        if steps > 1:
            by_mouse(widget, "Pause")
        page.clock.run_for(5000)
        assert position(widget) == (step, steps)


def wait_until_all_are_at(page, end):
    """Wait until every widget is at its last step or at its first: the browser tells of paper when it next draws."""
    page.wait_for_function(
        """(end) => [...document.querySelectorAll(".cnnlab-widget .cnn[data-step]")]
          .every(({ dataset }) => dataset.step === (end ? dataset.steps : "0"))""",
        arg=end,
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_paper_shows_the_last_state(open_page, path):
    page = open_page(f"book/{path.stem}.html")
    living = [pair for pair in widgets_of(page, traces(path)) if stepped(pair[1])]
    for widget, _ in living:
        to_the_start(widget, by_mouse)
    page.emulate_media(media="print")
    wait_until_all_are_at(page, end=True)
    for widget, _ in living:
        assert not widget.get_by_role("button", name="Play", exact=True).is_visible()
    page.emulate_media(media="screen")
    wait_until_all_are_at(page, end=False)


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}
WITH_NUMBERS = [
    path for path in NOTEBOOKS if any("given" in state.get("trace", {}) for state in traces(path))
]
TALLEST = 700

# Which grids of a card end outside the room that it has, or do not show all their cells.
CROWDED = """(card) => {
  const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
  const ends = (grid) => grid.getBoundingClientRect().right - parseFloat(getComputedStyle(grid).paddingRight);
  const crowds = (grid) => ends(grid) > edge + 1 || grid.scrollWidth > grid.clientWidth;
  return [...card.querySelectorAll(".cnn-padded .cnn-grid")].filter(crowds).map((grid) => grid.dataset.name);
}"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_widgets_hold_still_on_a_phone(open_page, path):
    """No step changes the height, none is taller than a phone or crowds its card, and the controls stay where they are."""
    page = open_page(f"book/{path.stem}.html", **PHONE)
    for widget, state in widgets_of(page, traces(path)):
        if "given" not in state["trace"]:
            continue
        root = widget.locator(".cnn")
        assert root.evaluate(CROWDED) == [], state["trace"]["title"]

        def places(root=root):
            """The height, and how far down the controls stand, in whole pixels."""
            top = "(one) => one.querySelector('.cnn-main').getBoundingClientRect().top - one.getBoundingClientRect().top"
            return round(root.bounding_box()["height"]), round(root.evaluate(top))

        if not stepped(state):
            assert root.bounding_box()["height"] <= TALLEST, (
                state["trace"]["title"],
                root.bounding_box()["height"],
            )
            continue
        tall, top = places()
        assert tall <= TALLEST, (state["trace"]["title"], tall)
        assert top < 80, "the controls stand on top"
        to_the_start(widget, by_mouse)
        step, steps = position(widget)
        while step < steps:
            assert places() == (tall, top), (state["trace"]["title"], step)
            by_mouse(widget, "Step")
            step, _ = position(widget)


def network_of(trace):
    """The network of a map, with the digits that the page carries."""
    net = trace["net"]
    made = network.digits_network(channels=len(net["w"]))
    v = np.array([float(value) for value in net["v"]["text"].split()]).reshape(net["v"]["shape"][0], -1)
    kernels = np.array([np.reshape(kernel["values"], (1, *kernel["shape"])) for kernel in net["w"]])
    made.set_parameters([kernels, np.array(net["b"]), v, np.array(net["c"])])
    return made


def editable(state):
    """The arrays that a reader can change as they are shown, by the names of their grids."""
    trace = state["trace"]
    arrays = arrays_of(trace)
    if kind(state) == "BackwardPass":
        conv, *_, dense = network_of(trace).layers
        (w, b), k = conv.params, trace["kernel"]
        shape = trace["net"]["v"]["shape"]
        v = dense.params[0].reshape(shape)[trace["label"], k]
        arrays |= {"w": w[k : k + 1].copy(), "b": b[None, None, k : k + 1].copy(), "v": v[None, None].copy()}
    return arrays


def results_of_map(trace, arrays):
    """What a map shows for these arrays, computed by the network with all its digits."""
    net, k, label = network_of(trace), trace["kernel"], trace["label"]
    conv, *_, dense = net.layers
    conv.params[0][k], conv.params[1][k] = arrays["w"][0], arrays["b"].item()
    dense.params[0].reshape(trace["net"]["v"]["shape"])[label, k] = arrays["v"][0, 0]
    scores = net.forward(arrays["x"])
    dx = net.backward(net.loss_backward(scores, np.array([label])))
    shown = {"w over dw": (1, conv.grads[0][k]), "dx": (0, dx), "q": (0, softmax(scores))}
    shown["b over db"] = (1, conv.grads[1][k : k + 1])
    shown[f"dv[{label}]"] = (0, dense.grads[0].reshape(trace["net"]["v"]["shape"])[label, k])
    return {
        name: (part, [number(settled(value), trace["digits"]) for value in array.ravel()])
        for name, (part, array) in shown.items()
    }


def results_for(state, arrays):
    """{label of a grid: (which number of its cells, what Python computes for the arrays)}."""
    trace = state["trace"]
    if kind(state) == "WeightSharing":
        made = widgets.WeightSharing(**arrays, **trace["options"], digits=trace["digits"])
        results = made.trace["results"]
        return {
            LABELS["dy"]: (0, results["y"]),
            LABELS["w"]: (1, results["dw"]),
            LABELS["x"]: (1, results["dx"]),
        }
    if kind(state) == "PoolRouting":
        made = widgets.PoolRouting(
            **arrays, size=trace["size"], stride=trace["stride"], digits=trace["digits"]
        )
        results = made.trace["results"]
        return {LABELS["dy"]: (0, results["y"]), LABELS["x"]: (1, results["dx"][trace["first"]])}
    if kind(state) == "TwoLayers":
        return {"w1 over dw1": (1, widgets.TwoLayers(**arrays).trace["results"]["dw1"])}
    if kind(state) == "BackwardPass":
        return results_of_map(trace, arrays)
    options = trace["options"] if kind(state) in ("ThreeSums", "SlidingKernel") else {}
    if kind(state) == "SlidingKernel":
        options = {**options, "sliders": ()}
    results = getattr(widgets, kind(state))(**arrays, **options).trace["results"]
    three = {"w": (1, results["dw"]), "x": (1, results["dx"]), "dy": (0, results["y"])}
    return {
        "ThreeSums": three,
        "SlidingKernel": three,
        "DeltaSheet": {LABELS["w"]: (1, results["dw"])},
        "Turn": {"pixels x over dx": (1, results["dx"])},
    }[kind(state)]


def agrees(widget, state, arrays):
    """Whether everything that is shown is what Python computes for these arrays; a sum that was not added up shows a dot."""
    for label, (part, expected) in results_for(state, arrays).items():
        shown = shown_in(widget, label, part)
        assert all(text in ("·", right) for text, right in zip(shown, expected, strict=True)), (
            label,
            shown,
            expected,
        )


@pytest.mark.parametrize("path", WITH_NUMBERS, ids=lambda path: path.stem)
@pytest.mark.parametrize("by", ["mouse", "keyboard", "touch"])
def test_numbers_can_be_changed_and_put_back(open_page, path, by):
    page = open_page(f"book/{path.stem}.html", **(PHONE if by == "touch" else {}))
    for widget, state in widgets_of(page, traces(path)):
        if "given" not in state["trace"]:
            continue
        trace = state["trace"]
        arrays = editable(state)
        before = widget.locator(".cnn").inner_text()
        badge = widget.get_by_text("your numbers", exact=True)
        assert not badge.is_visible()
        for name, array in arrays.items():
            grid = widget.locator(f".cnn-grid[data-name='{name}']")
            cell = grid.get_by_role("gridcell").nth(array.size - 1)
            place = (0, 0, *(n - 1 for n in array.shape[2:]))
            was = array[place]
            if by == "touch":
                # A finger waits until the page stands: what comes near is laid out, and may push.
                cell.evaluate("(one) => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
                page.wait_for_timeout(300)
                cell.tap()
                widget.get_by_role("button", name="One more").tap()
                array[place] = was + 1
            elif by == "mouse":
                cell.click()
                if not cell.get_by_role("textbox").count():  # a second click on a cell opens its field
                    cell.click()
                cell.get_by_role("textbox").fill("2.5")
                array[place] = 2.5
                agrees(widget, state, arrays)
                cell.get_by_role("textbox").press("Enter")
            else:
                cell.focus()
                page.keyboard.type("-7")
                page.keyboard.press("ArrowUp")
                page.keyboard.press("Enter")
                assert cell.evaluate("(one) => one === document.activeElement")
                array[place] = -6
            assert "your number" in cell.get_by_role("img").get_attribute("aria-label")
            agrees(widget, state, arrays)
            assert widget.locator(".cnn-spoken").inner_text().startswith(name), "a change is announced"
        assert badge.is_visible()

        shared = address_of(page)
        assert "#numbers;" in shared
        again = open_page(shared.partition("/book/")[2].join(["book/", ""]))
        other = dict_of(again, path)[trace["title"]]
        agrees(other, state, arrays)
        assert other.get_by_text("your numbers", exact=True).is_visible()
        again.context.close()

        reset = widget.get_by_role("button", name="Reset", exact=True)
        reset.tap() if by == "touch" else reset.click()
        assert not badge.is_visible() and "#numbers;" not in page.url
        arrays = editable(state)
        agrees(widget, state, arrays)
        assert before.split("\n")[0] == widget.locator(".cnn").inner_text().split("\n")[0]
        of_map = kind(state) == "BackwardPass"  # random pixels are no digit: only the kernel is drawn
        by_mouse(widget, "Random w" if of_map else "Random integers")
        for name in ["w"] if of_map else arrays:
            texts = widget.locator(f".cnn-grid[data-name='{name}'] [data-edit]").all_inner_texts()
            arrays[name] = np.array([int(text) for text in texts], float).reshape(arrays[name].shape)
            assert np.abs(arrays[name]).max() <= 4
        agrees(widget, state, arrays)
        reset.click()
    assert page.complaints == []


def test_a_slider_makes_another_convolution(open_page):
    """Moved by keyboard: what is shown then is what Python computes with these options, and as a matrix, too."""
    path = ROOT / "book/strides-padding-dilation.ipynb"
    page = open_page("book/strides-padding-dilation.html")
    for widget, state in widgets_of(page, traces(path)):
        if kind(state) != "SlidingKernel":
            continue
        given = {name: one["values"] for name, one in state["trace"]["given"].items()}
        options = {name: value[0] for name, value in state["trace"]["options"].items()}
        for name in set(state["trace"]["sliders"]) - {"size"}:
            widget.get_by_role("slider", name=name).press("ArrowRight")
            options[name] = int(widget.get_by_role("slider", name=name).input_value())
        sizes = geometry.positions((len(given["x"]),), (len(given["w"]),), **options)
        dy = np.resize(given["dy"], sizes)
        made = widgets.SlidingKernel(given["x"], given["w"], dy, **options, sliders=()).trace["results"]
        for label, part, sum_name in (("x", 1, "dx"), ("w", 1, "dw"), ("dy", 0, "y")):
            assert shown_in(widget, label, part) == made[sum_name]
        for tab in ("matrix", "transposed", "dw"):
            by_mouse(widget, tab)
            assert shown_in(widget, "dy", 0) == made["y"]
        assert not widget.get_by_text("your numbers", exact=True).is_visible()
    assert page.complaints == []


def test_a_link_brings_sliders_and_numbers(open_page):
    """What one reader moved and typed another one sees; so does who follows the link on a page that is open already."""
    path = ROOT / "book/strides-padding-dilation.ipynb"

    def sliding(page):
        return [one for one, state in widgets_of(page, traces(path)) if kind(state) == "SlidingKernel"]

    def state_of(widget):
        moved = [slider.input_value() for slider in widget.get_by_role("slider").all()]
        return moved, [shown_in(widget, name, part) for name in ("x", "w", "dy") for part in (0, 1)]

    page = open_page("book/strides-padding-dilation.html")
    before = [state_of(widget) for widget in sliding(page)]
    for widget in sliding(page):
        widget.locator(".cnn-grid[data-name='w']").get_by_role("gridcell").nth(0).click()
        widget.get_by_role("button", name="One more").click()
        widget.get_by_role("slider").first.press("ArrowLeft")
        assert widget.get_by_text("your numbers", exact=True).is_visible()
    shared, sent = address_of(page), [state_of(widget) for widget in sliding(page)]
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in zip(before, sent, strict=True))
    again = open_page(shared.partition("/book/")[2].join(["book/", ""]))
    assert [state_of(widget) for widget in sliding(again)] == sent
    pieces = [sorted(address.partition("#")[2].split(";")) for address in (shared, address_of(again))]
    assert pieces[0] == pieces[1], "the link stays as it came"
    sliding(page)[0].get_by_role("slider").first.press("ArrowRight")
    assert address_of(page) != shared and state_of(sliding(page)[0]) != sent[0]
    page.evaluate("(address) => { location.href = address; }", shared)
    page.wait_for_timeout(200)
    assert [state_of(widget) for widget in sliding(page)] == sent
    assert page.complaints == again.complaints == []


def test_a_link_brings_the_kernel_and_the_class_of_a_map_with_its_numbers(open_page):
    """A bias of another kernel and a weight of another class: the address names both, and goes back with them."""
    path = ROOT / "book/whole-network.ipynb"

    def the_map(page):
        return next(one for one, state in widgets_of(page, traces(path)) if kind(state) == "BackwardPass")

    def state_of(widget):
        names = ("w", "b", "v", "q", "dx")
        parts = widget.locator(", ".join(f".cnn-grid[data-name='{name}'] .cnn-part" for name in names))
        own = widget.locator("[data-own]").count()
        return widget.get_by_label("Kernel", exact=True).input_value(), parts.all_text_contents(), own

    page = open_page("book/whole-network.html")
    widget = the_map(page)
    book = state_of(widget)
    widget.get_by_label("Kernel", exact=True).select_option("5")
    widget.locator(".cnn-grid[data-name='q']").get_by_role("gridcell").nth(3).click()
    shown = state_of(widget)
    for name in ("b", "v"):
        widget.locator(f".cnn-grid[data-name='{name}']").get_by_role("gridcell").first.focus()
        page.keyboard.type("3")
        page.keyboard.press("Enter")
    shared, sent = address_of(page), state_of(widget)
    assert re.search(r"/kernel=5/class=3/b5=3/v3\.5=3,", shared)
    assert sent[0] == "5" and sent[1] != shown[1] and sent[2] > shown[2] == 0
    again = open_page(shared.partition("/book/")[2].join(["book/", ""]))
    assert (
        state_of(the_map(again)) == sent and address_of(again).partition("#")[2] == shared.partition("#")[2]
    )
    widget.get_by_role("button", name="Reset", exact=True).click()
    assert state_of(widget) == shown
    page.evaluate("(address) => { location.href = address; }", shared)
    expect(widget.get_by_text("your numbers", exact=True)).to_be_visible()
    assert state_of(widget) == sent != book
    assert page.complaints == again.complaints == []


def page_with(open_page, folder, *shown):
    """A page of these widgets alone, with the host of the built book."""
    (folder / "page.html").write_text(widget_steps.page_of(*shown), encoding="utf-8")
    page = open_page("page.html", address=folder.as_uri())
    page.wait_for_function(ALL_ALIVE)
    return page


ALL_ALIVE = "!document.querySelector('.cnnlab-widget:not([data-alive])')"


def test_two_widgets_of_one_title_have_addresses_of_their_own(open_page, tmp_path):
    """The second one's numbers are the second one's when the page is opened again."""
    pair = [widgets.ThreeSums([1, 2, 3], [1, 1], [1, 1], title="One title") for _ in range(2)]
    page = page_with(open_page, tmp_path, *pair)
    page.locator(".cnnlab-widget").last.get_by_role("button", name="One more").click()
    assert address_of(page).endswith("#numbers;one-title-2/w=2,1")
    page.reload()
    page.wait_for_function(ALL_ALIVE)
    shown = [shown_in(one, "w", 0) for one in page.locator(".cnnlab-widget").all()]
    assert shown == [["1", "1"], ["2", "1"]]
    assert page.complaints == []


def test_the_foot_says_what_can_be_typed_over(open_page, tmp_path):
    """Underlined are the numbers that stand in their cells; where there is no room for numbers there are shades."""
    wide = widgets.WeightSharing(np.arange(30), [1, 2], np.ones(29))
    page = page_with(open_page, tmp_path, widgets.ThreeSums([1, 2, 3], [1, 1], [1, 1]), wide)
    underlined = "Type over underlined numbers"
    shown = [f"{underlined}.", f"{underlined} or shades of x, dy."]
    assert page.locator(".cnn-foot").all_inner_texts() == shown
    assert page.locator(".cnn-small").count() == 2
    of_the_network = open_page("book/whole-network.html")
    pairs = widgets_of(of_the_network, traces(ROOT / "book/whole-network.ipynb"))
    widget = next(widget for widget, state in pairs if kind(state) == "BackwardPass")
    assert widget.locator(".cnn-foot").inner_text() == f"{underlined} or shades of x, v."


def address_of(page):
    """The page's address, once what was changed last has been drawn: it is written after that."""
    later = "(done) => requestAnimationFrame(() => setTimeout(() => setTimeout(() => done(location.href))))"
    return page.evaluate(f"() => new Promise({later})")


def dict_of(page, path):
    """The widgets of a page by their titles."""
    return {state["trace"].get("title"): widget for widget, state in widgets_of(page, traces(path))}


def test_what_is_no_number_is_refused_with_words(open_page):
    page = open_page("book/one-dimension-by-hand.html")
    widget = dict_of(page, ROOT / "book/one-dimension-by-hand.ipynb")["The napkin, term by term"]
    cell = widget.get_by_role("grid", name=LABELS["x"]).get_by_role("gridcell").nth(1)
    cell.focus()
    page.keyboard.type("5x")
    page.keyboard.press("Enter")
    assert shown_in(widget, LABELS["x"], 0) == ["1", "2", "3"]
    assert "“5x” is not a number" in widget.get_by_role("alert").inner_text()
    assert "x[1] stays 2" in widget.get_by_role("alert").inner_text()
    page.keyboard.type("6")
    page.keyboard.press("Escape")
    assert shown_in(widget, LABELS["x"], 0) == ["1", "2", "3"]
    page.keyboard.type("6")
    page.keyboard.press("Enter")
    assert not widget.get_by_role("alert").is_visible()
    assert shown_in(widget, LABELS["dy"], 0) == ["3.3", "3.3"]


def test_nonsense_in_the_address_is_left_out_with_a_word(open_page):
    page = open_page("book/one-dimension-by-hand.html#numbers;the-napkin-term-by-term/x=1,2/z=1/w=2,3;%%/=")
    widget = dict_of(page, ROOT / "book/one-dimension-by-hand.ipynb")["The napkin, term by term"]
    assert shown_in(widget, LABELS["w"], 0) == ["2", "3"]
    assert shown_in(widget, LABELS["x"], 0) == ["1", "2", "3"]
    assert "x has 3 numbers, there is no z" in widget.get_by_role("alert").inner_text()
    assert page.complaints == []


def test_steps_that_add_zero_can_be_skipped_and_play_has_a_speed(open_page):
    path = ROOT / "book/two-dimensions.ipynb"
    page = open_page("book/two-dimensions.html")
    widget = next(one for one, state in widgets_of(page, traces(path)) if kind(state) == "WeightSharing")
    assert position(widget) == (16, 16)
    widget.get_by_label("skip zeros").check()
    to_the_start(widget, by_mouse)
    telling = []
    while position(widget) != (16, 16):
        by_mouse(widget, "Step")
        telling.append(position(widget)[0])
    assert len(telling) in (4, 5), (
        "twelve of the sixteen deltas are zero; behind the last that is not comes the end"
    )
    page.clock.install()
    to_the_start(widget, by_mouse)
    widget.get_by_label("Speed of Play").select_option("fast")
    by_mouse(widget, "Play")
    page.clock.run_for(1200)
    assert position(widget) == (16, 16)
    widget.get_by_label("Speed of Play").select_option("slow")
    by_mouse(widget, "Play")
    page.clock.run_for(1200)
    assert position(widget)[0] == telling[0]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_without_javascript_there_is_a_still(open_page, path):
    states = traces(path)
    page = open_page(f"book/{path.stem}.html", java_script_enabled=False)
    places = page.locator(".cnnlab-widget").all()
    assert len(places) == len(states)
    for place, state in zip(places, states, strict=True):
        if kind(state) == "AnswerBox":
            place.get_by_text("Show the answer").click()
            assert place.locator("details[open] code").first.inner_text() == state["trace"]["answer"]["text"]
        elif kind(state) == "Practice":
            worked = place.locator("li").all_inner_texts()
            assert len(worked) == len(state["trace"]["skills"])
        else:
            picture = place.get_by_role("img")
            assert picture.is_visible()
            assert state["trace"]["title"] in picture.get_attribute("aria-label")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_widgets_live_on_a_page_opened_from_the_disk(open_page, book, path):
    states = traces(path)
    page = open_page(f"book/{path.stem}.html", address=book.resolve().as_uri())
    assert len(widgets_of(page, states)) == len(states)


def alive(page):
    """How many widgets of a page have taken the place of their stills, half a second from now."""
    page.wait_for_timeout(500)
    return page.locator(".cnnlab-widget[data-alive]").count()


@pytest.mark.parametrize("way", ["scroll", "key"])
def test_widgets_start_when_the_reader_comes_near_or_uses_a_key(open_page, way):
    page = open_page("book/two-dimensions.html", viewport={"width": 390, "height": 844})
    places = page.locator(".cnnlab-widget")
    last, count = places.last, places.count()
    assert alive(page) == 0 < 3 < count
    if way == "scroll":
        last.scroll_into_view_if_needed()
        page.wait_for_selector(".cnnlab-widget[data-alive]")
        assert last.get_attribute("data-alive") == ""
        assert 1 <= alive(page) < count
    else:
        page.keyboard.press("Tab")
        assert alive(page) == count
    assert page.complaints == []


ALONE = "Show alone, in the whole window"


@pytest.mark.parametrize("path", WITH_NUMBERS, ids=lambda path: path.stem)
def test_every_widget_stands_alone_by_its_own_address_and_goes_back(open_page, path):
    """By its button and by the address it fills a projector; Escape and the same button put it back where it was."""
    page = open_page(f"book/{path.stem}.html", viewport={"width": 1280, "height": 800})
    usual = page.evaluate("getComputedStyle(document.documentElement).fontSize")
    addresses = []
    for widget, state in widgets_of(page, traces(path)):
        if "given" not in state["trace"]:
            continue
        button = widget.get_by_role("button", name=ALONE)
        button.press("Enter")
        assert page.evaluate("document.querySelector('dialog.cnn-alone:modal .cnn') !== null")
        fits = page.locator("dialog.cnn-alone").evaluate(
            "(one) => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth"
        )
        assert fits, f"{state['trace']['title']} has to be scrolled on a projector"
        addresses.append((page.url, state["trace"]["title"]))
        assert page.url.endswith("/alone")
        if len(addresses) % 2:
            page.keyboard.press("Escape")
        else:
            widget.get_by_role("button", name="Back to the page").click()
        page.wait_for_function("!document.querySelector('dialog.cnn-alone')")
        assert "#numbers;" not in page.url and button.evaluate("(one) => one === document.activeElement")
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == usual
    address, title = addresses[-1]
    again = open_page(address.partition("/book/")[2].join(["book/", ""]))
    again.wait_for_selector("dialog.cnn-alone:modal .cnn")
    assert again.locator("dialog.cnn-alone .cnn-title").inner_text().startswith(title)
    again.keyboard.press("Escape")
    again.wait_for_function("!document.querySelector('dialog.cnn-alone')")
    assert page.complaints == again.complaints == []


def drag(page, way, by):
    """Drag from one place to another with a mouse, or with a finger."""
    if by == "mouse":
        page.mouse.move(*way[0])
        page.mouse.down()
        page.mouse.move(*way[1], steps=6)
        page.mouse.up()
        return
    session = page.context.new_cdp_session(page)
    points = [[a + (b - a) * n / 6 for a, b in zip(*way, strict=True)] for n in range(7)]
    for n, (x, y) in enumerate(points):
        kind = "touchMove" if n else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def middle(cell):
    """The middle of a cell in the window."""
    box = cell.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("by", ["mouse", "touch"])
@pytest.mark.parametrize(
    ("stem", "start", "end", "name"),
    [("index", 7, 6, "DeltaSheet"), ("two-dimensions", 4, 0, "Turn")],
)
def test_a_picture_follows_the_hand(open_page, by, stem, start, end, name):
    """The sheet goes one pixel to the left with the hand that holds it, the turned kernel to the corner."""
    path = ROOT / f"book/{stem}.ipynb"
    page = open_page(f"book/{stem}.html", **(PHONE if by == "touch" else {}))
    widget, state = next(pair for pair in widgets_of(page, traces(path)) if kind(pair[1]) == name)
    cells = widget.locator(".cnn-grid[data-name='x']").get_by_role("gridcell")
    cells.nth(start).evaluate("(one) => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
    cells.nth(start).click(trial=True)  # wait until it stands: what comes into view gets its real height
    drag(page, [middle(cells.nth(start)), middle(cells.nth(end))], by)
    trace = state["trace"]
    of, flat = ("dw", trace["first"] - 1) if name == "DeltaSheet" else ("dx", end)
    result = re.compile(re.escape(f"= {trace['results'][of][flat]}") + "$")
    expect(widget.locator("[data-formula]")).to_have_text(result)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_an_edit_lights_the_entries_that_it_changed_once(open_page, motion):
    page = open_page("book/index.html", reduced_motion=motion)
    pairs = widgets_of(page, traces(ROOT / "book/index.ipynb"))
    widget = next(widget for widget, state in pairs if kind(state) == "DeltaSheet")
    weights = widget.locator(".cnn-grid[data-name='w']").get_by_role("gridcell")
    for flat in range(weights.count()):
        weights.nth(flat).click()
    before = shown_in(widget, LABELS["w"], 1)
    page.evaluate(
        "() => { const usual = Element.prototype.animate; globalThis.lit = [];"
        "Element.prototype.animate = function (...all) {"
        "lit.push(Number(this.dataset.flat)); return usual.apply(this, all); }; }"
    )
    corner = widget.locator(".cnn-grid[data-name='x']").get_by_role("gridcell").nth(0)
    corner.focus()
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    after = shown_in(widget, LABELS["w"], 1)
    changed = [flat for flat, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert changed == [0], "the corner pixel lies under one sheet only"
    assert page.evaluate("lit") == (changed if motion == "no-preference" else [])


def test_paper_has_the_strip_of_key_frames_unless_the_numbers_are_the_reader_s(open_page):
    page = open_page("book/two-convolutions.html")
    pairs = widgets_of(page, traces(ROOT / "book/two-convolutions.ipynb"))
    widget = next(widget for widget, state in pairs if kind(state) == "TwoLayers")
    page.emulate_media(media="print")
    widget.locator("figure svg").wait_for()
    assert not widget.locator(".cnn").is_visible()
    page.emulate_media(media="screen")
    widget.locator("figure").wait_for(state="detached")
    widget.get_by_role("button", name="One more").click()
    page.emulate_media(media="print")
    page.wait_for_timeout(200)
    assert widget.locator(".cnn").is_visible() and widget.locator("figure").count() == 0
