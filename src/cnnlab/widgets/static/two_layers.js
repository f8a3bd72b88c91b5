// The right sum of products and the wrong product of sums, one position after the other.

function draw({ trace, root, signal, model, memory }) {
  const { arrays } = trace;
  let chosen = memory.chosen ?? trace.first;
  let weight = null;
  let places = [];
  let table = [];
  let heads = [];

  const focused = (name, flat) => editor.aim(name, flat);
  const grid = (name, words, role, choose) => makeGrid({ name, words, array: arrays[name], role, choose, focused });
  const grids = {
    x: grid("x", "input", "input"),
    w1: grid("w1", "first kernel", "weight", choose),
    w2: grid("w2", "second kernel", "weight"),
    t: grid("t", "target", "input"),
  };
  const looks = {
    dy: grid("dy", "gradient at the output", "delta"),
    dh: grid("dh", "gradient of the hidden output", "delta"),
    dw1: grid("dw1", "gradient", "result", choose),
  };
  arrays.dw1.text.forEach((_, flat) => looks.dw1.write(flat, "·", `${indexText("dw1", flat, arrays.dw1.shape)}, not added up yet`));
  const stage = make(
    "div",
    { class: "cnn-stage" },
    make("div", { class: "cnn-side" }, grids.w1.el, looks.dw1.el),
    make("div", { class: "cnn-side" }, grids.x.el, looks.dh.el),
    make("div", { class: "cnn-side" }, grids.w2.el, looks.dy.el, grids.t.el),
  );
  const words = make("p", { class: "cnn-words" });
  const products = make("div", { class: "cnn-products" });
  const rightText = make("div", { class: "cnn-number cnn-long" });
  const wrongText = make("div", { class: "cnn-number cnn-long" });
  const sum = make("output", { "data-sum": "" });
  const wrongSum = make("output", { "data-wrong": "" });
  const player = makePlayer({ root, signal, show });
  const editor = makeEditor({ root, model, signal, grids, memory });
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title),
    words,
    stage,
    player.el,
    make("div", { class: "cnn-scroll" }, products),
    make(
      "div",
      { class: "cnn-two" },
      make("div", { class: "cnn-right" }, make("div", {}, "Right: add the products"), rightText, make("div", { class: "cnn-sum" }, sum)),
      make("div", { class: "cnn-false" }, make("div", {}, "Wrong: multiply the sums"), wrongText, make("div", { class: "cnn-sum" }, wrongSum)),
    ),
    player.spoken,
    editor.el,
  );

  function choose(flat, quietly = false) {
    chosen = memory.chosen = flat;
    weight = trace.weights[flat];
    for (const one of [...Object.values(grids), ...Object.values(looks)]) one.clear();
    const columns = arrays.x.shape[arrays.x.shape.length - 1];
    places = weight.inputs.map((index) => (index.length === 1 ? index[0] : index[0] * columns + index[1]));
    for (const place of places) grids.x.mark(place, "cnn-lit");
    places.forEach((_, n) => looks.dh.mark(n, "cnn-lit"));
    grids.w1.mark(chosen, "cnn-chosen");
    grids.w1.select(chosen);
    looks.dw1.mark(chosen, "cnn-chosen");
    drawTable();
    player.load(places.length, quietly);
  }

  /** Every x times every dh: a row for each x, a column for each dh. */
  function drawTable() {
    const n = places.length;
    const longest = Math.max(...weight.table.map((text) => text.length), ...arrays.x.text.map((text) => text.length), ...arrays.dh.text.map((text) => text.length));
    const cell = (text, kind, role) => make("div", { class: `cnn-cell cnn-quiet ${kind}`, role, "data-role": kind === "cnn-head-x" ? "input" : "delta" }, text);
    const row = (...cells) => make("div", { class: "cnn-row", role: "row" }, ...cells);
    table = weight.table.map((_, place) => make("div", { class: "cnn-cell cnn-quiet", role: "cell", "data-role": place % (n + 1) ? "wrong" : "result" }, "·"));
    heads = places.map((place, k) => [cell(arrays.x.text[place], "cnn-head-x", "rowheader"), cell(arrays.dh.text[k], "cnn-head-dy", "columnheader")]);
    const corner = make("div", { class: "cnn-corner", role: "columnheader" }, "x \\ dh");
    const body = make("div", { class: "cnn-cells", role: "table", "aria-label": "Every x times every dh; only the diagonal is right" }, row(corner, ...heads.map(([, head]) => head)));
    body.style.setProperty("--columns", n + 1);
    body.style.setProperty("--cell", `max(2.1rem, calc(${longest}ch + 0.7rem))`);
    heads.forEach(([head], i) => body.append(row(head, ...table.slice(i * n, i * n + n))));
    products.replaceChildren(body);
    // A table that is wider than the page can be scrolled by keyboard.
    const box = products.parentElement;
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }

  function show(k) {
    const n = places.length;
    table.forEach((cell, place) => {
      const [i, j] = [Math.floor(place / n), place % n];
      const seen = Math.max(i, j) < k;
      cell.textContent = seen ? weight.table[place] : "·";
      cell.classList.toggle("cnn-chosen", seen && i === j);
      cell.classList.toggle("cnn-wrong", seen && i !== j);
      cell.classList.toggle("cnn-now", Math.max(i, j) === k - 1 && i === j);
    });
    heads.forEach((pair, place) => {
      for (const head of pair) {
        head.classList.toggle("cnn-lit", place < k);
        head.classList.toggle("cnn-now", place === k - 1);
      }
    });
    places.forEach((place, at) => {
      const change = at === k - 1 ? "mark" : "unmark";
      grids.x[change](place, "cnn-now");
      looks.dh[change](at, "cnn-now");
    });
    const label = indexText("dw1", chosen, arrays.w1.shape);
    const right = k ? weight.right[k - 1] : "0";
    const wrong = k ? weight.wrong[k - 1] : "0";
    const xs = places.slice(0, k).map((place) => bracketed(arrays.x.text[place]));
    const deltas = arrays.dh.text.slice(0, k).map(bracketed);
    rightText.textContent = k ? weight.products.slice(0, k).map(bracketed).join(" + ") : "nothing yet";
    wrongText.textContent = k ? `(${xs.join(" + ")}) × (${deltas.join(" + ")}) = ${bracketed(weight.sums[0][k - 1])} × ${bracketed(weight.sums[1][k - 1])}` : "nothing yet";
    sum.textContent = right;
    wrongSum.textContent = wrong;
    const done = k === n;
    looks.dw1.write(chosen, k ? right : "·", done ? undefined : `${label}, so far ${right}`);
    root.dataset.apart = String(right !== wrong);
    if (!k) {
      words.textContent = `${indexText("w1", chosen, arrays.w1.shape)} is shared by ${n} connections. Each has its own input x and its own dh, which came back through the second kernel.`;
    } else if (k === 1) {
      words.textContent = `One connection: x × dh = ${weight.products[0]}. Both ways agree so far.`;
    } else {
      const verdict = right === wrong ? "Both ways agree." : `The sums now differ: ${right} and ${wrong}.`;
      words.textContent = `Connection ${k} adds ${weight.products[k - 1]} on the diagonal. Multiplying sums also adds the hatched products, which pair an x with the dh of another connection. ${verdict}`;
    }
    return `${k ? `Step ${k} of ${n}. ` : ""}${words.textContent}`;
  }

  choose(chosen, true);
  editor.refocus();
}

function render({ model, el }) {
  return mount(model, el, "two-layers", draw);
}

export default { render };
