// Choose a weight, an input or an output; its products appear one after the other and add up.

/**
 * The steps of one sum, as {terms, added, after}: what comes in, what that adds, and the sum then. A step is one term; with
 * many connections it is what a row of outputs (`chunk` of them) brings to a weight.
 */
function sharingSteps(arrays, { options, chunk }, name, place) {
  const terms = convTerms(name, place, arrays, options);
  const after = running(terms.map(({ product }) => product));
  const groups = new Map();
  terms.forEach((term, n) => {
    const key = name === "dw" && chunk > 1 ? Math.floor(term.factors[1][1] / chunk) : n;
    const { terms: before = [], added = 0 } = groups.get(key) ?? {};
    groups.set(key, { terms: [...before, term], added: added + term.product, after: after[n] });
  });
  return [...groups.values()];
}

/** The indices in the border of zeros that a sum's connections reach, as texts: what padding adds. */
function reachedZeros(arrays, { options }, name, place) {
  const { stride, padding, dilation } = options;
  if (name === "dx") return [];
  const shape = arrays.x.shape.map((n, axis) => n + 2 * padding[axis]);
  return connections(shape, arrays.w.shape, { stride, dilation })
    .filter((connection) => connection[SUMS[name].at] === place)
    .map(({ input }) => unflatten(input, shape).map((at, axis) => at - padding[axis]))
    .filter((index) => index.some((at, axis) => at < 0 || at >= arrays.x.shape[axis]))
    .map(String);
}

const ROLE_OF = { x: "input", w: "weight", dy: "delta", y: "result", dw: "result", dx: "result" };

/** The line of code that adds one term of a sum, for any output i and weight m. */
function sumLine(name, { stride, padding, dilation }) {
  const other = (sizes, usual) => sizes.some((size) => size !== usual);
  const met = `i${other(stride, 1) ? " * stride" : ""} + m${other(dilation, 1) ? " * dilation" : ""}${other(padding, 0) ? " - padding" : ""}`;
  const [of, first, second] = { y: ["y[i]", "w[m]", `x[${met}]`], dw: ["dw[m]", `x[${met}]`, "dy[i]"], dx: [`dx[${met}]`, "w[m]", "dy[i]"] }[name];
  return `${of} += ${first} * ${second}`;
}

function draw({ trace, root, signal, memory }) {
  const numbers = makeNumbers({ root, trace, signal, memory, say: (words) => player.say(words), changed });
  const { arrays } = numbers;
  const write = (value) => number(value, trace.digits);
  const finished = { y: new Set(arrays.dy.values.keys()), dw: new Set(), dx: new Set() };
  let results = trace.results;
  let name = memory.name ?? "dw";
  let place = memory.place ?? trace.first;
  let steps = [];
  let terms = [];
  let shown = 0;

  const text = (array) => array.values.map(write);
  const grid = (key, words, role, parts) =>
    makeGrid({
      name: key,
      words,
      role,
      shape: arrays[key].shape,
      small: trace.given[key].small,
      parts,
      numbers,
      padding: key === "x" ? trace.options.padding : undefined,
      choose: (flat) => choose(SUM_AT[key], flat),
    });
  const over = (key, role) => [
    { name: key, role, text: text(arrays[key]) },
    { name: SUM_AT[key], role: "result", text: results[SUM_AT[key]].map(() => "·") },
  ];
  const grids = {
    x: grid("x", label("input", "x", "over", "dx"), "input", over("x", "input")),
    w: grid("w", label("kernel", "w", "over", "dw"), "weight", over("w", "weight")),
    dy: grid("dy", label("output", "y", "over", "dy"), "delta", [
      { name: "y", role: "result", text: results.y },
      { name: "dy", role: "delta", text: text(arrays.dy) },
    ]),
  };
  const words = make("p", { class: "cnn-words" });
  const pair = make("div", { class: arrays.x.shape.length === 1 ? "cnn-pair cnn-rows" : "cnn-pair" }, grids.x.el, grids.dy.el);
  const padded = arrays.x.shape.length > 1 && grids.x.rim.size > 0;
  const stage = make("div", { class: padded ? "cnn-stage cnn-padded" : "cnn-stage" }, grids.w.el, pair);
  const wires = makeWires(stage, signal, grids.x.el, grids.dy.el);
  const list = make("div", { class: "cnn-terms", role: "group", tabindex: "0", "aria-label": "Terms" });
  const sum = make("output", { "data-sum": "", "aria-live": "off" });
  const sumName = make("span", { class: "cnn-number" });
  const state = make("span", { class: "cnn-state" });
  const code = makeCode();
  const player = makePlayer({ root, signal, show, adds: (k) => steps[k - 1].added !== 0 });
  numbers.el.append(player.skip);
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title, numbers.badge),
    player.el,
    numbers.el,
    words,
    stage,
    list,
    code.el,
    make("div", { class: "cnn-sum" }, sumName, sum, state),
    numbers.footer,
    player.spoken,
  );

  /** Take another sum; the reader sees it whole at first, and steps through it from there. */
  function choose(newName, flat) {
    [name, place] = [memory.name, memory.place] = [newName, flat];
    load();
    player.load(steps.length);
  }
  function load() {
    steps = sharingSteps(arrays, trace, name, place);
    terms = steps.length > 40 || trace.chunk > 1 ? [] : steps.flatMap((step) => step.terms);
    const nodes = terms.map(({ factors: [a, b], product }) =>
      make("span", { class: product ? "cnn-term" : "cnn-term cnn-zero" }, `${factor(a)} × ${factor(b)}`),
    );
    list.replaceChildren(...nodes);
    const many = steps.length === 1 ? "1 connection" : `${steps.flatMap((step) => step.terms).length} connections`;
    const label = indexText({ dw: "w", dx: "x", y: "y" }[name], place, arrays[GIVEN[name]].shape);
    words.textContent = {
      dw: `${label} is shared by ${many}. Each brings the input it sees times the delta of its output.`,
      dx: `${label} feeds ${many.replace("connection", "output")}. Each sends back its delta, times the weight on the way.`,
      y: `${label} sees ${many.replace("connection", "input")}: its receptive field. Each brings a weight times an input.`,
    }[name];
    sumName.textContent = `${indexText(name, place, arrays[GIVEN[name]].shape)} =`;
    for (const [key, one] of Object.entries(grids)) if (key === GIVEN[name]) one.select(place);
  }
  function factor([of, at]) {
    return signed(arrays[of].values[at], trace.digits);
  }
  /** A number was changed: the same step again, and every sum that is shown. */
  function changed() {
    results = numbers.own() ? sumsWritten(arrays, trace) : trace.results;
    load();
    return player.again(steps.length);
  }

  /** The picture after k steps; returns what to say. */
  function show(k) {
    const now = k ? steps[k - 1] : null;
    const done = k === steps.length;
    shown = k;
    if (done) finished[name].add(place);
    const value = done ? results[name][place] : k ? write(now.after) : "0";
    for (const [key, one] of Object.entries(grids)) {
      const result = SUM_AT[key];
      results[result].forEach((total, flat) => {
        const open = result === name && flat === place && !done;
        one.write(result, flat, open ? (k ? value : "·") : finished[result].has(flat) ? total : "·", {
          open,
          words: open || finished[result].has(flat) ? undefined : said(key, flat),
        });
      });
      one.paint(marks(key, now));
    }
    const current = new Set(now?.terms.map(({ factors }) => String(factors)));
    [...list.children].forEach((node, n) => {
      const lit = current.has(String(terms[n].factors));
      node.classList.toggle("cnn-now", lit);
      node.classList.toggle("cnn-later", !lit && steps.slice(k).some((step) => step.terms.some((one) => String(one.factors) === String(terms[n].factors))));
      if (lit) list.scrollTop = node.offsetTop - list.offsetTop - 30;
    });
    wires.join(now?.terms.length === 1 ? [ends(now.terms[0])] : []);
    const zeros = reachedZeros(arrays, trace, name, place);
    for (const [index, node] of grids.x.rim) node.classList.toggle("cnn-lit", zeros.includes(index));
    code.show(...line(now));
    sum.textContent = value;
    root.toggleAttribute("data-open", !done);
    const label = indexText(name, place, arrays[GIVEN[name]].shape);
    state.textContent = done ? (steps.length ? "the whole sum" : "nothing reaches it") : k ? "so far" : "nothing added yet";
    if (!k) return `${label}: nothing added yet`;
    const what =
      now.terms.length === 1
        ? `${now.terms[0].factors.map(([of, at]) => indexText(of, at, arrays[of].shape)).join(" × ")} = ${now.terms[0].factors.map(factor).join(" × ")} = ${write(now.added)}`
        : `${now.terms.length} products, together ${write(now.added)}`;
    return `Step ${k} of ${steps.length}: ${what}. ${done ? `${label} = ${value}` : `So far ${value}`}.`;
  }
  /** The line of code that adds the present term, or any. */
  function line(now) {
    if (now?.terms.length !== 1) return [sumLine(name, trace.options)];
    const at = ([key, flat]) => [indexText(key, flat, arrays[key].shape), ROLE_OF[key]];
    const [a, b] = now.terms[0].factors;
    return [[indexText(name, place, arrays[GIVEN[name]].shape), "result"], " += ", at(a), " * ", at(b)];
  }
  function said(key, flat) {
    const { shape } = arrays[key];
    return `${indexText(key, flat, shape)} = ${write(arrays[key].values[flat])}, ${indexText(SUM_AT[key], flat, shape)} not added up yet`;
  }
  function marks(key, now) {
    const found = new Map();
    const put = (at, mark) => found.set(at, found.has(at) ? `${found.get(at)} ${mark}` : mark);
    const used = new Set(steps.flatMap((step) => step.terms).flatMap(({ factors }) => factors.filter(([of]) => of === key).map(([, at]) => at)));
    for (const at of used) put(at, "cnn-lit");
    if (key === GIVEN[name]) put(place, "cnn-chosen");
    for (const { factors } of now?.terms ?? []) for (const [of, at] of factors) if (of === key) put(`${at} ${of}`, "cnn-now");
    if (key === GIVEN[name]) put(`${place} ${name}`, "cnn-sum-cell");
    return found;
  }
  /** The input and the output that a term's connection joins. */
  function ends({ factors }) {
    const at = { ...Object.fromEntries(factors), [GIVEN[name]]: place };
    return [grids.x.cells[at.x], grids.dy.cells[at.dy]];
  }

  load();
  player.load(steps.length, steps.length, true);
  numbers.attach(grids, ["w", trace.first]);
}

function render({ model, el }) {
  return mount(model, el, "weight-sharing", draw);
}

export default { render };
