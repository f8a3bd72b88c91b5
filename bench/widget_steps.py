"""How long the widgets take to draw a step and to follow a changed number, in Chromium: `python -m bench widget_steps`.

A step or a change is made at the beginning of a frame; its time ends when the main thread has run the script and done style,
layout and paint for that frame. A frame of 60 in a second has 16.7 ms for it. The page is made of the widgets alone,
with the host of the built book.
"""

import json
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bench import machine
from cnnlab import datasets, examples, network, widgets
from tools import chromium
from tools.sphinx_ext import widgets as extension

ROUNDS = 5
EDITS = 20
FRAME = 16.7

# Back to the start and every step to the end; then one more on the number that is aimed at, again and again. Each at the
# beginning of a frame; {steps, edits} as milliseconds of the frame's work.
MEASURE = """async (place, count) => {
  const button = (name) => [...place.querySelectorAll("button")].find((one) => one.textContent === name);
  const root = place.querySelector(".cnn");
  const frame = (act) => new Promise((done) => requestAnimationFrame(() => {
    const started = performance.now();
    act();
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(performance.now() - started);
    port2.postMessage(0);
  }));
  const [steps, edits] = [[], []];
  if (button("Again")) {
    button("Again").click();
    await frame(() => button("Back").click());
    while (root.dataset.step !== root.dataset.steps) steps.push(await frame(() => button("Step").click()));
  }
  const more = place.querySelector("[aria-label='One more']");
  for (let n = 0; n < count; n++) edits.push(await frame(() => more.click()));
  return { steps, edits };
}"""
# Until every widget of the page is drawn, from the beginning of the navigation.
ALIVE = "performance.now()"


def subjects():
    """The widgets that are measured, by name: those of the book's examples, and large ones."""
    nine, pooling, two = examples.nine_neurons, examples.pooling, examples.two_convolutions
    rng = np.random.default_rng(0)
    split = datasets.digits()
    longer = examples.one_dimension_longer
    return {
        "weight sharing, 5x5": widgets.WeightSharing(nine.x, nine.w, nine.dy),
        "weight sharing, 28x28": widgets.WeightSharing(
            rng.integers(0, 9, (28, 28)), rng.integers(-2, 3, (5, 5)), rng.integers(-2, 3, (24, 24))
        ),
        "pool routing, 4": widgets.PoolRouting(pooling.x, pooling.dy, pooling.size, pooling.stride),
        "pool routing, 28x28": widgets.PoolRouting(
            rng.integers(0, 9, (28, 28)), rng.integers(-2, 3, (14, 14)), 2
        ),
        "two layers, 3x3": widgets.TwoLayers(two.x, two.w1, two.w2, two.t),
        "backward pass, 8x8 digit": widgets.BackwardPass(
            network.digits_network(), split.test_images[:1], int(split.test_labels[0])
        ),
        "sheet of deltas, 5x5": widgets.DeltaSheet(nine.x, nine.w, nine.dy),
        "three sums, 6": widgets.ThreeSums(longer.x, longer.w, longer.dy),
        "turn, 5x5": widgets.Turn(nine.x, nine.w, nine.dy),
        "sliding kernel, 6": widgets.SlidingKernel(longer.x, longer.w, longer.dy, sliders=()),
    }


def page_of(*shown):
    """A page with these widgets and nothing else, with the host of the built book."""
    names = [str(n) for n, _ in enumerate(shown)]
    states = {name: {"state": widget.get_state()} for name, widget in zip(names, shown, strict=True)}
    places = "".join(
        f'<div class="cnnlab-widget" data-model="{name}">{widget.still()}</div>'
        for name, widget in zip(names, shown, strict=True)
    )
    embedded = extension.embed(extension.pack(states, names))
    return f'<!DOCTYPE html><html lang="en"><title>widgets</title><body>{places}{embedded}</body></html>'


def measure(page, folder, widget):
    """Milliseconds of the steps and of the changes of every round, until the widget lives, and bytes of its trace."""
    file = folder / "page.html"
    file.write_text(page_of(widget), encoding="utf-8")
    steps, edits, alive = [], [], []
    for _ in range(ROUNDS):
        page.goto(file.as_uri())
        page.wait_for_selector(".cnnlab-widget[data-alive]")
        alive.append(page.evaluate(ALIVE))
        times = page.locator(".cnnlab-widget").evaluate(MEASURE, EDITS)
        steps += times["steps"]
        edits += times["edits"]
    return steps, edits, alive, len(json.dumps(widget.trace))


def described(times):
    """The median, what 95 of 100 keep to, and the worst of some milliseconds; None where there are none."""
    if not times:
        return None
    median, p95 = statistics.median(times), float(np.quantile(times, 0.95))
    return {"median": round(median, 2), "p95": round(p95, 2), "max": round(max(times), 2)}


def main():
    """Measure, print and write the record."""
    before, rows = machine.load(), []
    with tempfile.TemporaryDirectory() as folder, chromium.opened() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for name, widget in subjects().items():
            steps, edits, alive, size = measure(page, Path(folder), widget)
            rows.append(
                {
                    "widget": name,
                    "steps": len(steps) // ROUNDS,
                    "milliseconds": described(steps),
                    "edit_milliseconds": described(edits),
                    "alive_after_milliseconds": round(statistics.median(alive)),
                    "trace_bytes": size,
                }
            )
            print(f"{name:28} step {rows[-1]['milliseconds']}, edit {rows[-1]['edit_milliseconds']}")
        version_of_chromium = browser.version
    here = machine.describe()
    about = {key: here[key] for key in ("cpu", "cores", "system", "python", "date")}
    machine.write(
        "widget_steps",
        {
            "about": "a step of a widget, and what follows a changed number, in Chromium; bench/README.md explains the keys",
            "machine": {
                **about,
                "chromium": version_of_chromium,
                "playwright": version("playwright"),
                "load_before": before,
                "idle": machine.idle(before),
            },
            "rounds": ROUNDS,
            "frame_milliseconds": FRAME,
            "widgets": rows,
        },
    )


if __name__ == "__main__":
    main()
