// The right sum of products and the wrong product of sums, one position after the other.

/**
 * The steps for one weight of the first kernel, one a position: {term, right, wrong, sums}, where `right` is the sum of products so far,
 * `wrong` the product of sums, and `sums` the two sums; and `table`, every x times every dh, row by row.
 */
function layersSteps({ x, w1, dh }, place) {
  const arrays = { x, w: w1, dy: dh };
  const terms = convTerms("dw", place, arrays, {});
  const pairs = productOfSums(terms, arrays);
  const right = running(terms.map(({ product }) => product));
  const wrong = running(pairs.map(({ product }) => product));
  const sums = [0, 1].map((n) => running(terms.map(({ factors }) => term(arrays, [factors[n]]).product)));
  const table = [];
  for (const { row, column, product } of pairs) table[row * terms.length + column] = product;
  return {
    table,
    steps: terms.map((one, n) => ({ term: one, right: right[n], wrong: wrong[(n + 1) ** 2 - 1], sums: [sums[0][n], sums[1][n]] })),
  };
}

/** The arrays between the layers and the gradient of the first kernel, as the widget writes them. */
function layersResults(arrays, { slope, dy, digits }) {
  const found = twoLayers({ ...arrays, dy }, slope);
  return Object.fromEntries(Object.entries(found).map(([name, { values }]) => [name, values.map((value) => number(value, digits))]));
}

/** A table with a row for each x and a column for each dh, n of both: {body, cells, heads: [[of x, of dh], ...]}. */
function productTable(n) {
  const cell = (text, role, of) => make("div", { class: "cnn-cell", "data-quiet": "", role, "data-role": of }, text);
  const row = (...inside) => make("div", { class: "cnn-row", role: "row" }, ...inside);
  const cells = Array.from({ length: n * n }, (_, flat) => cell("·", "cell", flat % (n + 1) ? "wrong" : "result"));
  const heads = Array.from({ length: n }, () => [cell("", "rowheader", "input"), cell("", "columnheader", "delta")]);
  const corner = make("div", { class: "cnn-corner", role: "columnheader" }, "x\\dh");
  const body = make("div", { class: "cnn-cells", role: "table", "aria-label": "Every x times every dh; only the diagonal is right" }, row(corner, ...heads.map(([, head]) => head)));
  body.style.setProperty("--columns", n + 1);
  heads.forEach(([head], i) => body.append(row(head, ...cells.slice(i * n, i * n + n))));
  return { body, cells, heads };
}

function draw({ trace, root, signal, memory }) {
  const numbers = makeNumbers({ root, trace, signal, memory, say: (words) => player.say(words), changed });
  const { arrays } = numbers;
  const write = (value) => number(value, trace.digits);
  const signedText = (value) => signed(value, trace.digits);
  const between = () => twoLayers({ ...arrays, dy: trace.dy }, trace.slope);
  const finished = new Set();
  let results = trace.results;
  let place = memory.place ?? trace.first;
  let made = null;

  const shapes = Object.fromEntries(Object.entries(between()).map(([name, { shape }]) => [name, shape]));
  const part = (name, role, text) => ({ name, role, text });
  const given = (name, role) => part(name, role, arrays[name].values.map(write));
  const grid = (name, words, role, parts, choose) =>
    makeGrid({ name, words, role, shape: arrays[name]?.shape ?? shapes[name], parts, choose, numbers: arrays[name] && numbers });
  const grids = {
    x: grid("x", label("input", "x"), "input", [given("x", "input")]),
    w1: grid("w1", label("", "w1", "over", "dw1"), "weight", [given("w1", "weight"), part("dw1", "result", results.dw1.map(() => "·"))], choose),
    h: grid("h", label("hidden", "h", "over", "dh"), "delta", [part("h", "result", results.h), part("dh", "delta", results.dh)]),
    w2: grid("w2", label("", "w2"), "weight", [given("w2", "weight")]),
    y: grid("y", label("", "y", "over", "dy"), "delta", [part("y", "result", results.y), part("dy", "delta", results.dy)]),
    ...(trace.slope ? { t: grid("t", label("", "t"), "input", [given("t", "input")]) } : {}),
  };
  const ending = make("div", { class: "cnn-rows" }, grids.y.el, ...(grids.t ? [grids.t.el] : []));
  const stage = make("div", { class: "cnn-stage" }, grids.x.el, grids.w1.el, grids.h.el, grids.w2.el, ending);
  const words = make("p", { class: "cnn-words" });
  const { body, cells, heads } = productTable(shapes.h.reduce((a, b) => a * b, 1));
  const products = make("div", { class: "cnn-products" }, body);
  const scroll = make("div", { class: "cnn-scroll" }, products);
  const rightText = make("div", { class: "cnn-number cnn-long" });
  const wrongText = make("div", { class: "cnn-number cnn-long" });
  const sum = make("output", { "data-sum": "", "aria-live": "off" });
  const wrongSum = make("output", { "data-wrong": "", "aria-live": "off" });
  const code = makeCode();
  const player = makePlayer({ root, signal, show, adds: (k) => made.steps[k - 1].term.product !== 0 });
  numbers.el.append(player.skip);
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title, numbers.badge),
    player.el,
    numbers.el,
    words,
    stage,
    scroll,
    make(
      "div",
      { class: "cnn-two" },
      make("div", { class: "cnn-right" }, make("div", {}, "Right: add the products ", sum), rightText, code.el),
      make("div", { class: "cnn-false" }, make("div", {}, "Wrong: multiply the sums ", wrongSum), wrongText),
    ),
    numbers.footer,
    player.spoken,
  );

  // A table that is wider than the page can be scrolled by keyboard.
  const watch = new ResizeObserver(() => (scroll.scrollWidth > scroll.clientWidth ? (scroll.tabIndex = 0) : scroll.removeAttribute("tabindex")));
  for (const node of [scroll, body]) watch.observe(node);
  signal.addEventListener("abort", () => watch.disconnect());

  function choose(flat) {
    place = memory.place = flat;
    load();
    player.load(made.steps.length);
  }
  function load() {
    made = layersSteps({ ...arrays, dh: between().dh }, place);
    grids.w1.select(place);
    fillTable();
  }
  function changed() {
    results = numbers.own() ? layersResults(arrays, trace) : trace.results;
    for (const [name, of] of [["h", "h"], ["dh", "h"], ["y", "y"], ["dy", "y"]]) {
      results[name].forEach((text, flat) => grids[of].write(name, flat, text));
    }
    grids.h.fit();
    grids.y.fit();
    load();
    return player.again(made.steps.length);
  }

  /** The line of code that adds the present product. */
  function line(now) {
    if (!now) return ["dw1[m] += x[i + m] * dh[i]"];
    const [[, seen], [, of]] = now.factors;
    return [[indexText("dw1", place, arrays.w1.shape), "result"], " += ", [indexText("x", seen, arrays.x.shape), "input"], " * ", [indexText("dh", of, shapes.h), "delta"]];
  }
  /** Every x times every dh of the present weight: the numbers at the table's edges, and room for the products. */
  function fillTable() {
    const ends = made.steps.map(({ term: { factors } }) => [write(arrays.x.values[factors[0][1]]), results.dh[factors[1][1]]]);
    heads.forEach((pair, at) => pair.forEach((head, of) => setText(head, ends[at][of])));
    const texts = [...made.table.map(write), ...ends.flat()];
    body.style.setProperty("--characters", Math.max(4, ...texts.map((text) => text.length)));
  }

  function show(k) {
    const { steps, table } = made;
    const n = steps.length;
    const done = k === n;
    if (done) finished.add(place);
    cells.forEach((cell, flat) => {
      const [i, j] = [Math.floor(flat / n), flat % n];
      const seen = Math.max(i, j) < k;
      setText(cell, seen ? write(table[flat]) : "·");
      cell.classList.toggle("cnn-chosen", seen && i === j);
      cell.classList.toggle("cnn-wrong", seen && i !== j);
      cell.classList.toggle("cnn-now", seen && i === j && i === k - 1);
    });
    heads.forEach((pair, at) => {
      for (const head of pair) {
        head.classList.toggle("cnn-lit", at < k);
        head.classList.toggle("cnn-now", at === k - 1);
      }
    });
    const factors = steps.map(({ term }) => term.factors);
    const marks = (of, name) =>
      new Map(factors.flatMap((pair, at) => [[pair[of][1], "cnn-lit"], ...(at === k - 1 ? [[`${pair[of][1]} ${name}`, "cnn-now"]] : [])]));
    grids.x.paint(marks(0, "x"));
    grids.h.paint(marks(1, "dh"));
    grids.w1.paint(new Map([[place, "cnn-chosen"], [`${place} dw1`, "cnn-sum-cell"]]));
    const at = k ? steps[k - 1] : { right: 0, wrong: 0, sums: [0, 0] };
    results.dw1.forEach((total, flat) => {
      const open = flat === place && !done;
      grids.w1.write("dw1", flat, open ? (k ? write(at.right) : "·") : finished.has(flat) ? total : "·", { open });
    });
    const taken = steps.slice(0, k).map(({ term }) => term);
    const xs = taken.map(({ factors: [[, flat]] }) => signedText(arrays.x.values[flat]));
    const deltas = taken.map(({ factors: [, [, flat]] }) => (results.dh[flat].startsWith("-") ? `(${results.dh[flat]})` : results.dh[flat]));
    rightText.replaceChildren(...(k ? termNodes(taken.map(({ product }, n) => ({ text: signedText(product), now: n === k - 1 }))) : ["nothing yet"]));
    code.show(...line(taken.at(-1)));
    wrongText.textContent = k ? `(${xs.join(" + ")}) × (${deltas.join(" + ")}) = ${at.sums.map(signedText).join(" × ")}` : "nothing yet";
    sum.textContent = write(at.right);
    wrongSum.textContent = write(at.wrong);
    root.toggleAttribute("data-open", !done);
    if (!k) {
      words.textContent = `${indexText("w1", place, arrays.w1.shape)} is shared by ${n} connections. Each has its own x, and its own dh, which came back through w2.`;
    } else if (k === 1) {
      words.textContent = `One connection: x × dh = ${write(at.term.product)}. Both ways agree so far.`;
    } else {
      const verdict = sum.textContent === wrongSum.textContent ? "Both ways agree." : `The sums differ: ${sum.textContent} and ${wrongSum.textContent}.`;
      words.textContent = `Connection ${k} adds ${write(at.term.product)} on the diagonal; the hatched products pair an x with another's dh. ${verdict}`;
    }
    return `${k ? `Step ${k} of ${n}. ` : ""}${words.textContent}`;
  }

  load();
  player.load(made.steps.length, made.steps.length, true);
  numbers.attach(Object.fromEntries(Object.entries(grids).filter(([name]) => arrays[name])), ["w1", trace.first]);
}

function render({ model, el }) {
  return mount(model, el, "two-layers", draw);
}

export default { render };
