// Why the kernel turns: the windows that used a pixel, each with the one weight that lay on it, and the same products as a
// turned kernel that lies on dy.

/** The border of zeros around dy, and where dy's entries lie in it: {shape, places}, place by place, null in the border. */
function bordered(dyShape, kernel) {
  const shape = dyShape.map((n, axis) => n + 2 * (kernel[axis] - 1));
  const places = zeros(shape).values.map((_, at) => {
    const index = unflatten(at, shape).map((one, axis) => one - (kernel[axis] - 1));
    return index.every((one, axis) => one >= 0 && one < dyShape[axis]) ? flatten(index, dyShape) : null;
  });
  return { shape, places };
}

/** What lies on each place of the turned kernel when pixel `flat` is asked for: {at, weight, output}, output null in the border. */
function turned(flat, x, w, dyShape) {
  const { shape, places } = bordered(dyShape, w.shape);
  const corner = unflatten(flat, x.shape);
  return w.values.map((_, n) => {
    const at = flatten(unflatten(n, w.shape).map((one, axis) => one + corner[axis]), shape);
    return { at, weight: w.values.length - 1 - n, output: places[at] };
  });
}

function draw(view) {
  const { trace } = view;
  drawLight(view, "x", ({ numbers, arrays, results, light }) => {
    const write = (value) => number(value, trace.digits);
    const part = (name, role, text) => ({ name, role, text });
    const given = (name, role) => part(name, role, arrays[name].values.map(write));
    const grid = (name, words, role, parts, choose) => makeGrid({ name, words, role, shape: arrays[name].shape, parts, numbers, choose });
    const grids = {
      x: grid("x", label("pixels", "x", "over", "dx"), "input", [given("x", "input"), part("dx", "result", results.dx)], (flat) => light("dx", flat)),
      w: grid("w", label("kernel", "w"), "weight", [given("w", "weight")]),
      dy: grid("dy", label("delta", "dy", "under", "y"), "delta", [part("y", "result", results.y), given("dy", "delta")]),
    };
    const border = bordered(arrays.dy.shape, arrays.w.shape);
    const board = (columns, words, cells) => {
      const body = make("div", { class: "cnn-cells" }, ...cells);
      body.style.setProperty("--columns", columns);
      body.style.setProperty("--characters", 6);
      return make("div", { class: "cnn-board", role: "img", "aria-label": words }, make("span", { class: "cnn-label" }, words), body);
    };
    const tile = () => make("div", { class: "cnn-tile" });
    const ground = border.places.map(tile);
    const windows = arrays.w.values.map(() => arrays.w.values.map(tile));
    const frames = windows.map((cells, n) => board(arrays.w.shape[1], `window ${n + 1}`, cells));
    const right = board(border.shape[1], "dy in a border of zeros, under the turned kernel", ground);
    const el = make(
      "div",
      { class: "cnn-stage" },
      grids.x.el,
      grids.w.el,
      grids.dy.el,
      make("div", { class: "cnn-turn" }, make("div", { class: "cnn-windows" }, ...frames), right),
    );
    let held = false;
    grids.x.el.style.touchAction = "none"; // a finger moves the pixel and not the page
    grids.x.el.addEventListener("pointerdown", () => (held = true));
    grids.x.el.addEventListener("pointermove", (event) => {
      const under = document.elementFromPoint(event.clientX, event.clientY)?.closest(".cnn-cell");
      const flat = grids.x.cells.indexOf(under);
      if (held && event.buttons && flat >= 0 && under.getAttribute("aria-selected") !== "true") light("dx", flat);
    });
    addEventListener("pointerup", () => (held = false), { signal: view.signal });

    function paint({ place, terms }, written) {
      written.dx.forEach((text, flat) => grids.x.write("dx", flat, text));
      written.y.forEach((text, flat) => grids.dy.write("y", flat, text));
      grids.x.paint(new Map([[place, "cnn-chosen"], [`${place} dx`, "cnn-sum-cell"]]));
      grids.x.select(place);
      const met = turned(place, arrays.x, arrays.w, arrays.dy.shape);
      const fill = (node, text, mark = "", badge = "") => {
        setText(node, text);
        if (node.dataset.mark !== mark) node.dataset.mark = mark;
        if (node.dataset.badge !== badge) node.dataset.badge = badge;
      };
      ground.forEach((node, at) => {
        const output = border.places[at];
        fill(node, output === null ? "0" : write(arrays.dy.values[output]), output === null ? "border" : "");
      });
      met.forEach(({ at, weight, output }, n) => {
        const delta = output === null ? "0" : write(arrays.dy.values[output]);
        fill(ground[at], `${write(arrays.w.values[weight])}×${delta}`, output === null ? "lost" : "lit", String(n + 1));
        windows[n].forEach((node, m) => {
          const lies = output !== null && m === weight;
          fill(node, lies ? write(arrays.w.values[weight]) : "", lies ? "lit" : "");
        });
        const words = output === null ? `${n + 1}: none` : `${n + 1}: dy ${write(arrays.dy.values[output])}`;
        setText(frames[n].firstChild, words);
        frames[n].toggleAttribute("data-gone", output === null);
        frames[n].setAttribute("aria-label", output === null ? words : `window ${words}, the pixel lies on its weight ${write(arrays.w.values[weight])}`);
      });
      const wrong = met.reduce((sum, { output }, n) => sum + (output === null ? 0 : arrays.w.values[n] * arrays.dy.values[output]), 0);
      const label = indexText("x", place, arrays.x.shape);
      return `${terms.length === 1 ? "1 window" : `${terms.length} windows`} used ${label}. Under the turned kernel stand the same products. Not turned it would give ${write(wrong)}.`;
    }
    return { grids, el, paint };
  });
}

function render({ model, el }) {
  return mount(model, el, "turn", draw);
}

export default { render };
