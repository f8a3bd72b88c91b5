// One table, three sums: rows are outputs, columns weights, anti-diagonals inputs; each connection is one cell.

function draw(view) {
  const { trace, root, signal } = view;
  drawLight(view, "w", ({ numbers, arrays, results, light }) => {
    const write = (value) => number(value, trace.digits);
    const [outputs, weights] = [arrays.dy.values.length, arrays.w.values.length];
    const links = connections(arrays.x.shape, arrays.w.shape, trace.options);
    const grid = (name, role, parts, columns) =>
      makeGrid({ name, words: label("", name), role, shape: arrays[name].shape, columns, parts, numbers, choose: (flat) => light(SUM_AT[name], flat) });
    const part = (name, role, text) => ({ name, role, text });
    const given = (name, role) => part(name, role, arrays[name].values.map(write));
    const sum = (name) => part(name, "result", results[name]);
    const grids = {
      w: grid("w", "weight", [given("w", "weight"), sum("dw")]),
      x: grid("x", "input", [given("x", "input"), sum("dx")], 1),
      dy: grid("dy", "delta", [sum("y"), given("dy", "delta")], 1),
    };
    const cells = links.map(() => make("div", { class: "cnn-link" }));
    const corner = (text, row, column) => {
      const node = make("span", { class: "cnn-corner cnn-label" }, ...label(...text));
      for (const name of node.querySelectorAll("b")) name.dataset.role = { x: "input", w: "weight", dy: "delta" }[name.textContent] ?? "result";
      node.style.gridArea = `${row} / ${column}`;
      return node;
    };
    const empty = [];
    for (let i = 0; i < outputs; i++) {
      for (let m = 0; m < weights; m++) {
        if (links.some(({ output, weight }) => output === i && weight === m)) continue;
        const node = make("div", { class: "cnn-link cnn-padding" }, "0");
        node.style.gridArea = `${i + 2} / ${m + 2}`;
        empty.push(node);
      }
    }
    grids.w.cells.forEach((cell, m) => (cell.style.gridArea = `1 / ${m + 2}`));
    grids.dy.cells.forEach((cell, i) => (cell.style.gridArea = `${i + 2} / ${weights + 2}`));
    links.forEach(({ output, weight }, n) => (cells[n].style.gridArea = `${output + 2} / ${weight + 2}`));
    // An input's gradient stands where its diagonal ends: below and left of the last cell that shows the input.
    grids.x.cells.forEach((cell, j) => {
      const last = links.findLast(({ input }) => input === j);
      if (last) cell.style.gridArea = `${last.output + 3} / ${last.weight + 1}`;
      else cell.hidden = true;
    });
    const connected = make("div", { class: "cnn-links", "aria-hidden": "true" }, ...cells, ...empty);
    connected.addEventListener("click", (event) => {
      const n = cells.indexOf(event.target.closest(".cnn-link"));
      if (n >= 0) light("dx", links[n].input);
    });
    const el = make(
      "div",
      { class: "cnn-table" },
      corner(["", "x", "over", "dx"], outputs + 2, weights + 2),
      corner(["", "w", "over", "dw"], 1, 1),
      corner(["", "y", "over", "dy"], 1, weights + 2),
      grids.w.el,
      grids.dy.el,
      connected,
      grids.x.el,
    );
    el.style.setProperty("--weights", weights);
    /** Room for a product in every cell, so that nothing moves when another sum is lit. */
    function fit() {
      const longest = ({ values }) => Math.max(...values.map((value) => write(value).length));
      const product = longest(arrays.x) + Math.max(longest(arrays.w), longest(arrays.dy)) + 1;
      const shown = [...el.querySelectorAll(".cnn-part")].map((node) => node.firstChild.data.length);
      el.style.setProperty("--characters", Math.max(product, ...shown));
    }

    function paint({ name, place, terms }, written) {
      for (const [key, one] of Object.entries(grids)) written[SUM_AT[key]].forEach((text, flat) => one.write(SUM_AT[key], flat, text));
      const at = SUMS[name].at;
      const mine = links.map((link, n) => (link[at] === place ? n : -1)).filter((n) => n >= 0);
      cells.forEach((cell, n) => {
        const nth = mine.indexOf(n);
        cell.textContent = nth < 0 ? write(arrays.x.values[links[n].input]) : terms[nth].factors.map(([of, flat]) => write(arrays[of].values[flat])).join("×");
        cell.dataset.lit = nth < 0 ? "" : name;
      });
      for (const [key, one] of Object.entries(grids)) {
        const marks = new Map(terms.flatMap(({ factors }) => factors.filter(([of]) => of === key).map(([, flat]) => [flat, "cnn-lit"])));
        if (key === GIVEN[name]) marks.set(place, "cnn-chosen").set(`${place} ${name}`, "cnn-sum-cell");
        one.paint(marks);
      }
      grids[GIVEN[name]].select(place);
      fit();
      const label = indexText(GIVEN[name], place, arrays[GIVEN[name]].shape);
      const order = terms.map(({ factors }) => factors[0][1]).join(", ");
      return {
        dw: `A column: the connections of ${label}. Each brings the input it sees times the delta of its output.`,
        dx: `A diagonal: the connections of ${label}. Downwards its weights come in the order ${order}: the kernel, turned.`,
        y: `A row: the connections of the output ${indexText("y", place, arrays.dy.shape)}. Each brings a weight times an input.`,
      }[name];
    }
    return { grids, el, paint };
  });
}

function render({ model, el }) {
  return mount(model, el, "three-sums", draw);
}

export default { render };
