// The map of a network: every array with its gradient below it. A step goes back by one layer; any number shows what is behind it.

/** The steps, from the loss back: which gradients each brings, and what it says. */
const LAYERS = [
  { brings: ["ds"], name: "softmax and cross-entropy", words: "The loss wants less of each class by its probability, and more of the right one." },
  { brings: ["dp", "dv"], name: "fully connected", words: "A pooled number feeds all classes, and adds up over them. Each weight has one product." },
  { brings: ["da"], name: "max-pooling", words: "Each window's delta goes to its winner (dot). All others get 0." },
  { brings: ["dz"], name: "ReLU", words: "Where z is not positive (hatched) the delta is lost; elsewhere it passes as it is." },
  { brings: ["dw", "db", "dx"], name: "convolution", words: "Each weight adds up over all places. dx adds up over all kernels, of which one is shown." },
];
const UNDER = { x: "dx", z: "dz", a: "da", p: "dp", v: "dv", w: "dw", b: "db" };
const CODE = {
  z: ["z[i]", " += ", ["w[m]", "weight"], " * ", ["x[i + m - padding]", "input"]],
  a: ["a[i]", " = max(0, ", ["z[i]", "input"], ")"],
  p: ["p[j]", " = max(", ["a[window]", "input"], ")"],
  q: ["q", " = softmax(", ["s", "input"], ")"],
  ds: ["ds", " = ", ["q", "input"], " - one_hot(label)"],
  dv: ["dv[n, j]", " = ", ["ds[n]", "delta"], " * ", ["p[j]", "input"]],
  dp: ["dp[j]", " += ", ["v[n, j]", "weight"], " * ", ["ds[n]", "delta"]],
  da: ["da[winner]", " += ", ["dp[window]", "delta"]],
  dz: ["dz[i]", " = ", ["da[i]", "delta"], " * (", ["z[i]", "input"], " > 0)"],
  dw: ["dw[m]", " += ", ["x[i + m - padding]", "input"], " * ", ["dz[i]", "delta"]],
  db: ["db", " += ", ["dz[i]", "delta"]],
  dx: ["dx[i + m - padding]", " += ", ["w[m]", "weight"], " * ", ["dz[i]", "delta"]],
};
const ROLE = { x: "input", z: "input", a: "input", p: "input", s: "input", q: "input", w: "weight", v: "weight", b: "weight", dw: "result", dv: "result", db: "result", dx: "result" };
const MOST = 4; // terms that are written out
const GRIDS = ["x", "w", "b", "v"]; // those whose numbers can be changed; all others follow from them

function draw({ trace: stored, root, signal, memory }) {
  const book = { kernel: stored.kernel, class: stored.label };
  const trace = {
    ...stored,
    given: { ...stored.given, ...parametersOf(stored.net) },
    // The address carries which kernel and class are shown, as it does the places of sliders.
    sliders: { kernel: [0, stored.net.w.length - 1], class: [0, stored.net.c.length - 1] },
    get moved() {
      return slidersMoved(at, book);
    },
  };
  const at = (memory.at ??= slidersAsked(root, trace, book) ?? { ...book });
  const holds = (name) => ({ w: `w${at.kernel}`, b: `b${at.kernel}`, v: `v${at.class}.${at.kernel}` })[name] ?? name;
  // Random pixels are no digit; a kernel has random numbers before it is trained.
  const random = { words: "Random w", of: ["w"] };
  const numbers = makeNumbers({ root, trace, signal, memory, say: (words) => player.say(words), changed, holds, label: called, random });
  const text = (value) => number(value, trace.digits);
  const net = networkOf(numbers.arrays, trace.net);
  let shown = compute();
  let texts = write(shown);
  let lit = memory.lit ?? null; // {of, place, step}: what the reader chose at a step; else one delta is followed

  function compute() {
    return networkShown(numbers.arrays.x, net, trace, at.kernel, at.class);
  }
  /** The texts of all arrays: Python's own for the book's numbers. */
  function write(arrays) {
    const own = numbers.own() || Object.keys(trace.moved).length > 0;
    return own ? Object.fromEntries(Object.entries(arrays).map(([name, { values }]) => [name, values.map(text)])) : trace.results;
  }
  const grid = (names, small, shape = shown[names[0]].shape) =>
    makeGrid({
      name: names[0],
      words: label("", ...names.flatMap((name, n) => (n ? ["over", name] : [name]))),
      shape,
      small,
      role: ROLE[names[0]] ?? "delta",
      parts: names.map((name) => ({ name, role: ROLE[name] ?? "delta", text: texts[name] })),
      numbers: GRIDS.includes(names[0]) ? numbers : undefined,
      choose: (place) => choose(names.at(-1), place),
    });
  const grids = { w: grid(["w", "dw"]), b: grid(["b", "db"]) };
  for (const name of ["x", "z", "a", "p", "v", "dx", "dz", "da", "dp", "dv", "q", "ds"]) grids[name] = grid([name], true);
  /** The grid that a number stands in. */
  const home = (name) => grids[{ dw: "w", db: "b" }[name] ?? name];
  const station = (name) => make("div", { class: "cnn-station" }, grids[name].el, grids[UNDER[name]].el);
  const key = (mark, words) => make("span", {}, make("span", { class: `cnn-key ${mark}` }), words);
  const keys = make("div", { class: "cnn-keys" }, key("cnn-negative", "negative"), key("cnn-winner", "winner"), key("cnn-dead", "ReLU off"), key("cnn-own", "yours"));
  const side = make("div", { class: "cnn-side" }, ...["p", "v"].map(station), keys);
  const map = make("div", { class: "cnn-net" }, ...["x", "z", "a"].map(station), side);
  map.style.setProperty("--across", ["x", "z", "a", "p", "v"].reduce((sum, name) => sum + shown[name].shape[1], 0));
  const classes = make("div", { class: "cnn-classes", "aria-hidden": "true" }, ...shown.s.values.map((_, n) => make(n === trace.label ? "b" : "span", {}, String(n))));
  classes.style.setProperty("--columns", shown.s.values.length);
  const scores = make("div", { class: "cnn-scores" }, grids.q.el, classes, grids.ds.el);
  const kernels = make("select", { "aria-label": "Kernel", onchange: () => take(Number(kernels.value)) });
  net.w.forEach((_, k) => kernels.append(make("option", { value: k }, k)));
  kernels.value = at.kernel;
  const choice = (...inside) => make("div", { class: "cnn-choice" }, ...inside);
  const lower = make("div", { class: "cnn-below-net" }, grids.w.el, make("div", { class: "cnn-rows" }, choice(kernels, `of ${net.w.length}`), choice(grids.b.el, numbers.chance)));
  const ramp = make("span", { class: "cnn-ramp" }, ...Array.from({ length: 10 }, (_, n) => {
    const node = make("i");
    node.style.setProperty("--shade", n);
    return node;
  }));
  const top = make("span", { class: "cnn-number" });
  const scale = make("p", { class: "cnn-scale" }, "0", ramp, top);
  const formula = make("span");
  const code = makeCode();
  const words = make("p", { class: "cnn-words" });
  const sum = make("output", { "data-sum": "", "aria-live": "off" });
  const player = makePlayer({ root, signal, show });
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title, numbers.badge),
    player.el,
    numbers.el,
    map,
    lower,
    scores,
    scale,
    make("p", { class: "cnn-formula cnn-number" }, formula, " = ", sum),
    code.el,
    words,
    numbers.footer,
    player.spoken,
  );

  /** The step at which a number is there. */
  function stepOf(of) {
    return LAYERS.findIndex(({ brings }) => brings.includes(of)) + 1;
  }
  function choose(of, place) {
    const ofClass = of === "ds" || of === "q";
    if (ofClass) turnTo({ class: place });
    const step = Math.max(Number(root.dataset.step), stepOf(of));
    lit = memory.lit = { of, place, step };
    player.go(step);
    if (ofClass) numbers.keep();
  }
  function take(kernel) {
    turnTo({ kernel });
    lit = memory.lit = null;
    player.go(Number(root.dataset.step));
    numbers.keep();
  }
  /** Show another kernel or another class. */
  function turnTo(there) {
    Object.assign(at, there);
    kernels.value = at.kernel;
    numbers.rewrite();
    refresh();
  }
  function follow() {
    const asked = slidersAsked(root, trace, book);
    if (!asked) return;
    turnTo(asked);
    player.go(Number(root.dataset.step));
  }
  function changed() {
    refresh();
    return player.again(LAYERS.length);
  }
  /** Compute all of it again, and write what changed. */
  function refresh() {
    shown = compute();
    texts = write(shown);
    for (const [name, grid] of Object.entries(grids)) {
      if (!GRIDS.includes(name)) texts[name].forEach((one, place) => grid.write(name, place, one));
      grid.shade();
    }
    // Room for the gradients that the last step brings.
    for (const name of ["w", "b"]) grids[name].fit(Math.max(...texts[`d${name}`].map((one) => one.length)));
    for (const name of ["v", "dv"]) setText(grids[name].el.querySelector(".cnn-label b"), `${name}[${at.class}]`);
  }

  function show(k) {
    const way = followed(shown, trace);
    const step = k ? LAYERS[k - 1] : null;
    const mine = lit?.step === k;
    const of = mine ? lit.of : step?.brings[0] ?? "q";
    const place = mine ? lit.place : (way[of] ?? trace.label);
    for (const [one, { el }] of Object.entries(grids)) el.toggleAttribute("data-veiled", /^d/.test(one) && stepOf(one) > k);
    for (const name of ["dw", "db"]) {
      texts[name].forEach((one, at) => home(name).write(name, at, k < LAYERS.length ? "·" : one));
    }
    const made = behind(shown, net, trace, at.kernel, at.class, of, place);
    mark(of, place, made);
    const total = texts[of][place];
    formula.textContent = explain(of, place, made);
    const [left, ...line] = CODE[of] ?? [of, " is given"];
    code.show([left, ROLE[of] ?? "delta"], ...line);
    words.textContent = mine || !step ? (step ? `Step ${k}: ${step.name}. Lit is what makes ${called(of, place)}.` : `The forward pass is done: loss ${texts.loss[0]}. Step backwards from it, or choose any number.`) : step.words;
    sum.textContent = total;
    const scaled = home(of).small ? of : "dz";
    top.textContent = `${text(Math.max(...shown[scaled].values.map(Math.abs)))} in ${scaled}`;
    ramp.dataset.role = ROLE[scaled] ?? "delta";
    return `${step ? `Step ${k} of ${LAYERS.length}: ${step.name}.` : "Forward pass."} ${called(of, place)} = ${total}. ${words.textContent}`;
  }

  function called(of, place) {
    if (["loss", "b", "db"].includes(of)) return of;
    if (of === "v" || of === "dv") return `${of}[${at.class}; ${unflatten(place, shown.dv.shape).join(", ")}]`;
    return indexText(of, place, shown[of].shape);
  }
  /** One number as a sum: its terms, those that are not 0, with what other kernels and biases bring. */
  function explain(of, place, { terms, rest, window }) {
    if (!terms.length) return called(of, place);
    const written = ({ factors, product, weight }) => {
      const [first, at] = factors[0];
      const value = signed(shown[first].values[at], trace.digits);
      if (of === "a") return `max(0, ${value})`;
      if (of === "q") return `exp(${value}) / all of them`;
      if (factors.length === 1) return of === "p" ? `the largest of ${window.length}` : value;
      if (of === "dz") return `${signed(shown.da.values[place], trace.digits)} × ${product || shown.z.values[place] > 0 ? 1 : 0}`;
      return factors.map(([one, at]) => signed(one === "v" ? weight : shown[one].values[at], trace.digits)).join(" × ");
    };
    const telling = terms.filter(({ product }) => product !== 0);
    const some = telling.length > MOST ? telling.slice(0, MOST - 1) : telling;
    const pieces = some.map((term) => written(term));
    if (telling.length > some.length) pieces.push(`… (${telling.length} terms that are not 0)`);
    const other = { z: "b", dx: "other kernels", ds: "right class" }[of];
    if (rest) pieces.push(`${signed(rest, trace.digits)} (${other})`);
    return `${called(of, place)} = ${pieces.join(" + ") || written(terms[0])}`;
  }
  /** Windows, winners and dead places; the number that is asked for, and what is behind it. */
  function mark(of, place, { terms, window = [] }) {
    const marks = Object.fromEntries(Object.keys(grids).map((one) => [one, new Map()]));
    const put = (one, at, mark) => {
      const grid = { dw: "w", db: "b", s: "q" }[one] ?? one;
      const before = marks[grid].get(at);
      marks[grid].set(at, before ? `${before} ${mark}` : mark);
    };
    const windows = poolWindows(shown.a.shape, trace.pool.size, trace.pool.stride);
    const apart = trace.pool.stride.every((by, axis) => by >= trace.pool.size[axis]);
    for (const one of ["a", "da"]) {
      windows.forEach((places) => put(one, poolWinners(shown.a, places)[0], "cnn-winner"));
      if (!apart) continue;
      shown.a.values.forEach((_, at) => {
        const [row, column] = unflatten(at, shown.a.shape);
        if (row % trace.pool.stride[0] === 0) put(one, at, "cnn-edge-top");
        if (column % trace.pool.stride[1] === 0) put(one, at, "cnn-edge-left");
      });
    }
    shown.z.values.forEach((value, at) => {
      if (value > 0) return;
      put("z", at, "cnn-dead");
      put("dz", at, "cnn-dead");
    });
    for (const [one, at] of terms.filter(({ product }) => product !== 0 || terms.length === 1).flatMap(({ factors }) => factors)) {
      if (one !== of || at !== place) put(one, at, "cnn-lit");
    }
    for (const at of window) put("a", at, "cnn-lit");
    put(of, place, "cnn-chosen");
    for (const [one, grid] of Object.entries(grids)) grid.paint(new Map([...marks[one]].map(([at, mark]) => [at, [...new Set(mark.split(" "))].join(" ")])));
    home(of).select(place);
  }

  refresh();
  player.load(LAYERS.length, LAYERS.length, true);
  addEventListener("hashchange", follow, { signal }); // before the numbers are read, which writes the address anew
  numbers.attach(Object.fromEntries(GRIDS.map((name) => [name, grids[name]])), ["x", 0]);
}

function render({ model, el }) {
  return mount(model, el, "backward-pass", draw);
}

export default { render };
