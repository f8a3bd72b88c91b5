// The sheet of deltas: dy lies on the pixels that one weight met; slid over the input, it gives one entry of dw at each place.

/** The weight whose sheet moves the least when it is dragged by so many rows and columns, or the same one at an edge. */
function slid(weight, shape, by) {
  const [row, column] = unflatten(weight, shape).map((at, axis) => Math.max(0, Math.min(shape[axis] - 1, at + by[axis])));
  return flatten([row, column], shape);
}

function draw(view) {
  const { trace, memory } = view;
  drawLight(view, "w", ({ numbers, arrays, results, light }) => {
    const write = (value) => number(value, trace.digits);
    const part = (name, role, text) => ({ name, role, text });
    const given = (name, role) => part(name, role, arrays[name].values.map(write));
    const grid = (name, words, role, parts, choose) => makeGrid({ name, words, role, shape: arrays[name].shape, parts, numbers, choose });
    const place = () => (memory.lit[0] === "dw" ? memory.lit[1] : trace.first);
    const visited = (memory.visited ??= new Set());
    const grids = {
      x: grid("x", label("input", "x", "times", "dy"), "input", [given("x", "input"), part("product", "delta", arrays.x.values.map(() => ""))]),
      w: grid("w", label("kernel", "w", "over", "dw"), "weight", [given("w", "weight"), part("dw", "result", results.dw.map(() => "·"))], (flat) => light("dw", flat)),
      dy: grid("dy", label("the sheet", "dy", "under", "y"), "delta", [part("y", "result", results.y), given("dy", "delta")]),
    };
    const cells = grids.x.cells;
    let held = null; // the pixel that the hand holds, and the weight of the sheet then
    cells.forEach((cell, flat) => {
      cell.addEventListener("pointerdown", (event) => {
        if (!cell.classList.contains("cnn-sheet") || event.target.tagName === "INPUT") return;
        held = { flat, weight: place() };
        cell.setPointerCapture(event.pointerId);
      });
      cell.addEventListener("pointermove", (event) => {
        if (!held) return;
        const under = document.elementFromPoint(event.clientX, event.clientY)?.closest(".cnn-cell");
        const to = cells.indexOf(under);
        if (to < 0) return;
        const [from, now] = [held.flat, to].map((at) => unflatten(at, arrays.x.shape));
        const next = slid(held.weight, arrays.w.shape, now.map((at, axis) => at - from[axis]));
        if (next !== place()) light("dw", next);
      });
      for (const end of ["pointerup", "pointercancel"]) cell.addEventListener(end, () => (held = null));
    });
    const el = make("div", { class: "cnn-stage" }, grids.x.el, grids.dy.el, grids.w.el);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    let before = null; // the entries of dw as they were drawn last

    /** An edit reaches the entries whose sheet lies on the number: where one changed, its cell lights up once. */
    function flash(now) {
      const changed = now.flatMap((text, flat) => (before && before[flat] !== text && visited.has(flat) ? [flat] : []));
      before = now;
      if (calm.matches) return;
      const color = "color-mix(in srgb, var(--cnnlab-result) 70%, transparent)";
      for (const flat of changed) grids.w.cells[flat].animate([{ backgroundColor: color, boxShadow: `0 0 0 4px ${color}` }, {}], 700);
    }

    function paint({ place, terms }, written) {
      visited.add(place);
      const products = new Map(terms.map(({ factors, product }) => [factors[0][1], write(product)]));
      cells.forEach((_, flat) => grids.x.write("product", flat, products.get(flat) ?? "", { words: said(flat, products) }));
      written.dw.forEach((text, flat) => {
        const known = visited.has(flat);
        grids.w.write("dw", flat, known ? text : "·", { words: known ? undefined : unknown(flat) });
      });
      written.y.forEach((text, flat) => grids.dy.write("y", flat, text));
      flash(written.dw);
      grids.x.paint(new Map([...products.keys()].map((flat) => [flat, "cnn-lit cnn-sheet"])));
      grids.dy.paint(new Map(terms.map(({ factors }) => [factors[1][1], "cnn-lit"])));
      grids.w.paint(new Map([[place, "cnn-chosen"], [`${place} dw`, "cnn-sum-cell"]]));
      grids.w.select(place);
      grids.x.fit();
      grids.w.fit();
      const label = indexText("w", place, arrays.w.shape);
      return `The sheet lies on the ${terms.length} pixels that ${label} met. Pixel times delta, added up: ${written.dw[place]}.`;
    }
    function said(flat, products) {
      const pixel = `${indexText("x", flat, arrays.x.shape)} = ${write(arrays.x.values[flat])}`;
      return products.has(flat) ? `${pixel}, times its delta ${products.get(flat)}` : pixel;
    }
    function unknown(flat) {
      const at = (name) => indexText(name, flat, arrays.w.shape);
      return `${at("w")} = ${write(arrays.w.values[flat])}, ${at("dw")} not added up yet`;
    }
    return { grids, el, paint };
  });
}

function render({ model, el }) {
  return mount(model, el, "delta-sheet", draw);
}

export default { render };
