"""Every widget of every page, stepped to its end by mouse and by keyboard, against the numbers of the notebook."""

import re

import nbformat
import numpy as np
import pytest
from conftest import ROOT

from cnnlab import trace as traces_of

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


def widgets_of(page, states):
    """The living widgets of a page, each with its state."""
    page.wait_for_function("!document.querySelector('.cnnlab-widget:not([data-alive])')")
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


MARKED = """(place, mark) => Object.fromEntries([...place.querySelectorAll(".cnn-grid")]
  .map((grid) => [grid.querySelector("b").textContent,
    [...grid.querySelectorAll(`.cnn-cell.${mark}`)].map((cell) => Number(cell.dataset.flat))])
  .filter(([, flats]) => flats.length))"""


def marked(widget, mark):
    """The marked cells, {name of the grid: flat places}."""
    return widget.evaluate(MARKED, mark)


def array(state):
    """An array of a trace as (1, 1, *shape)."""
    return np.array([float(text) for text in state["text"]]).reshape(1, 1, *state["shape"])


def running(widget, act, after_each=lambda step: None):
    """Step a widget to its end; the sum it shows after each step."""
    seen = []
    step, steps = position(widget)
    if step:
        act(widget, "Reset")
        step, _ = position(widget)
    assert step == 0
    while step < steps:
        act(widget, "Step")
        step, _, shown = widget.evaluate(LOOK)
        seen.append(shown)
        after_each(step)
    assert len(seen) == steps
    widget.get_by_role("button", name="Step", exact=True).press("Enter")
    assert position(widget) == (steps, steps), "there is a step beyond the end"
    return seen


def some(count):
    """All of a few places; of many the first, the middle and the last."""
    return range(count) if count <= 4 else (0, count // 2, count - 1)


def choose(widget, label, flat, act):
    """Choose a cell of the grid with this name: by mouse, or with the arrow keys and Enter."""
    grid = widget.get_by_role("grid", name=label, exact=True)
    cells = grid.get_by_role("gridcell")
    if act is by_mouse:
        cells.nth(flat).click()
        return
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


def step_weight_sharing(widget, trace, act):
    x, w, dy = (array(trace[name]) for name in ("x", "w", "dy"))
    geometry = {"stride": trace["stride"], "padding": trace["padding"]}
    entry_of = {
        "w": lambda index: traces_of.conv_dw(dy, x, w, index=index, **geometry),
        "x": lambda index: traces_of.conv_dx(dy, x, w, index=index, **geometry),
        "y": lambda index: traces_of.conv_y(x, w, index=index, **geometry),
    }
    grids = {"w": ("kernel w", "dw", w), "x": ("input x", "dx", x), "y": ("upstream gradient dy", "y", dy)}
    for name, (label, result, chosen) in grids.items():
        entries = trace["sums"].get(name, [])
        for flat in some(len(entries)):
            choose(widget, label, flat, act)
            entry = entry_of[name](np.unravel_index(flat, chosen.shape))
            of = {"x": x, "w": w, "dy": dy}

            def lights_the_factors(step, entry=entry, of=of):
                if trace["chunk"] == 1:
                    now = {
                        f.name: [np.ravel_multi_index(f.index, of[f.name].shape)]
                        for f in entry.terms[step - 1].factors
                    }
                    assert marked(widget, "cnn-now") == now

            assert running(widget, act, lights_the_factors) == entries[flat][1], (name, flat)
            if entries[flat][1]:
                assert widget.locator("[data-sum]").inner_text() == trace[result]["text"][flat]


def step_pool_routing(widget, trace, act):
    x, dy = array(trace["x"]), array(trace["dy"])
    for rule, numbers in trace["rules"].items():
        radio = widget.locator(f"input[value={rule}]")
        if radio.count():
            radio.click() if act is by_mouse else radio.press("Space")

        def lights_the_window(step, numbers=numbers):
            index = np.unravel_index(step - 1, dy.shape)
            window = traces_of.pool_window(x, trace["size"], index=index, stride=trace["stride"])
            seen = marked(widget, "cnn-lit").get("x", []) + marked(widget, "cnn-chosen")["x"]
            assert sorted(seen) == [np.ravel_multi_index(at, x.shape) for at in window]
            now = marked(widget, "cnn-now")
            assert now["dy"] == [step - 1]
            assert now["dx"] == [place for place, _, _ in numbers["steps"][step - 1]]

        assert running(widget, act, lights_the_window) == numbers["running"]
        shown = (
            widget.get_by_role("grid", name="gradient dx", exact=True)
            .get_by_role("gridcell")
            .all_inner_texts()
        )
        if "shade" not in numbers["dx"]:
            assert shown == numbers["dx"]["text"]


def step_two_layers(widget, trace, act):
    for flat, weight in enumerate(trace["weights"]):
        choose(widget, "first kernel w1", flat, act)
        assert running(widget, act) == weight["right"]
        assert widget.locator("[data-wrong]").inner_text() == weight["wrong"][-1]
        cells = (
            widget.get_by_role("table", name="Every x times every dh").get_by_role("cell").all_inner_texts()
        )
        assert cells == weight["table"]


def step_backward_pass(widget, trace, act):
    seen = running(widget, act)
    assert len(seen) == len(trace["stages"])
    assert seen[-1] == (trace["result"]["text"] if trace["result"] else trace["loss"])
    by_mouse(widget, "Reset")
    assert widget.locator("[data-sum]").inner_text() == trace["loss"]


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


STEPPERS = {
    "WeightSharing": step_weight_sharing,
    "PoolRouting": step_pool_routing,
    "TwoLayers": step_two_layers,
    "BackwardPass": step_backward_pass,
    "AnswerBox": step_answer_box,
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
    living = [widget for widget, state in widgets_of(page, traces(path)) if kind(state) != "AnswerBox"]
    for moved, widget in enumerate(living):
        by_mouse(widget, "Step")
        assert [position(other)[0] for other in living] == [1] * (moved + 1) + [0] * (len(living) - moved - 1)
    ids = page.eval_on_selector_all(".cnnlab-widget [id]", "(all) => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_play_shows_the_end_at_once_where_motion_is_not_wanted(open_page, path):
    page = open_page(f"book/{path.stem}.html", reduced_motion="reduce")
    for widget, state in widgets_of(page, traces(path)):
        assert widget.locator(".cnn").evaluate(
            "(root) => [...root.querySelectorAll('*')].every((one) => getComputedStyle(one).transitionDuration === '0s')"
        )
        if kind(state) != "AnswerBox":
            by_mouse(widget, "Show all")
            step, steps = position(widget)
            assert step == steps > 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_play_walks_and_pauses(open_page, path):
    page = open_page(f"book/{path.stem}.html")
    page.clock.install()
    for widget, state in widgets_of(page, traces(path)):
        if kind(state) == "AnswerBox":
            continue
        by_mouse(widget, "Play")
        page.clock.run_for(1000)
        by_mouse(widget, "Pause")
        step, steps = position(widget)
        assert 0 < step < steps or steps == 1
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
    living = [pair for pair in widgets_of(page, traces(path)) if kind(pair[1]) != "AnswerBox"]
    page.emulate_media(media="print")
    wait_until_all_are_at(page, end=True)
    for widget, _ in living:
        assert not widget.get_by_role("button", name="Step", exact=True).is_visible()
    page.emulate_media(media="screen")
    wait_until_all_are_at(page, end=False)


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
        else:
            picture = place.get_by_role("img")
            assert picture.is_visible()
            assert state["trace"]["title"] in picture.get_attribute("aria-label")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_widgets_live_on_a_page_opened_from_the_disk(open_page, book, path):
    states = traces(path)
    page = open_page(f"book/{path.stem}.html", address=book.resolve().as_uri())
    assert len(widgets_of(page, states)) == len(states)
