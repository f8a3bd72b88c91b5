"""How long the widgets take to draw one step, in Chromium: `python -m bench widget_steps`.

A step is taken at the beginning of a frame; its time ends when the main thread has run the script and done style,
layout and paint for that frame. A frame of 60 in a second has 16.7 ms for it. The page is made of the widgets alone,
with the host of the built book.
"""

import json
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bench import machine, pages
from cnnlab import datasets, examples, network, widgets
from tools.sphinx_ext import widgets as extension

ROUNDS = 5
FRAME = 16.7

# Reset, then every step to the end, each at the beginning of a frame; [milliseconds of the frame's work, ...].
MEASURE = """async (place) => {
  const button = (name) => [...place.querySelectorAll("button")].find((one) => one.textContent === name);
  const root = place.querySelector(".cnn");
  const frame = (act) => new Promise((done) => requestAnimationFrame(() => {
    const started = performance.now();
    act();
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(performance.now() - started);
    port2.postMessage(0);
  }));
  await frame(() => button("Reset").click());
  const times = [];
  while (root.dataset.step !== root.dataset.steps) times.push(await frame(() => button("Step").click()));
  return times;
}"""
# Until every widget of the page is drawn, from the beginning of the navigation.
ALIVE = "performance.now()"


def subjects():
    """The widgets that are measured, by name: those of the book's examples, and large ones."""
    nine, pooling, two = examples.nine_neurons, examples.pooling, examples.two_convolutions
    rng = np.random.default_rng(0)
    split = datasets.digits()
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
    }


def page_of(widget):
    """A page with one widget, as the built book has it."""
    packed = extension.pack({"one": {"state": widget.get_state()}}, ["one"])
    place = f'<div class="cnnlab-widget" data-model="one">{widget.still()}</div>'
    return f'<!DOCTYPE html><html lang="en"><title>widget</title><body>{place}{extension.embed(packed)}</body></html>'


def measure(page, folder, widget):
    """Milliseconds of every step of every round, milliseconds until the widget lives, and bytes of its trace."""
    file = folder / "page.html"
    file.write_text(page_of(widget), encoding="utf-8")
    steps, alive = [], []
    for _ in range(ROUNDS):
        page.goto(file.as_uri())
        page.wait_for_selector(".cnnlab-widget[data-alive]")
        alive.append(page.evaluate(ALIVE))
        steps += page.locator(".cnnlab-widget").evaluate(MEASURE)
    return steps, alive, len(json.dumps(widget.trace))


def main():
    """Measure, print and write the record."""
    before, rows = machine.load(), []
    with tempfile.TemporaryDirectory() as folder, pages.chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for name, widget in subjects().items():
            steps, alive, size = measure(page, Path(folder), widget)
            median, worst = statistics.median(steps), max(steps)
            rows.append(
                {
                    "widget": name,
                    "steps": len(steps) // ROUNDS,
                    "milliseconds": {
                        "median": round(median, 2),
                        "p95": round(float(np.quantile(steps, 0.95)), 2),
                        "max": round(worst, 2),
                    },
                    "alive_after_milliseconds": round(statistics.median(alive)),
                    "trace_bytes": size,
                }
            )
            print(
                f"{name:28} median {median:5.2f} ms, largest {worst:6.2f} ms, alive after {statistics.median(alive):4.0f} ms"
            )
        chromium = browser.version
    described = machine.describe()
    about = {key: described[key] for key in ("cpu", "cores", "system", "python", "date")}
    machine.write(
        "widget_steps",
        {
            "about": "drawing one step of a widget in Chromium, main thread; bench/README.md explains the keys",
            "machine": {
                **about,
                "chromium": chromium,
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
