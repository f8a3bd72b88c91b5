// Choose a weight, an input or an output; its products appear one after the other and add up.

const RESULT = {
  w: { name: "dw", words: "gradient", factors: ["x", "dy"] },
  x: { name: "dx", words: "gradient", factors: ["w", "dy"] },
  y: { name: "y", words: "output", factors: ["w", "x"] },
};

/** Every connection as [output, weight, input], in the order in which Python lists the terms. */
function connections(trace) {
  const two = trace.x.shape.length === 2;
  const pair = (values) => (two ? values : [1, values[0]]);
  const [height, width] = pair(trace.x.shape);
  const [p, q] = pair(trace.w.shape);
  const [rows, columns] = pair(trace.dy.shape);
  const [down, right] = two ? trace.stride : [1, trace.stride[0]];
  const [above, left] = two ? trace.padding : [0, trace.padding[0]];
  const found = [];
  for (let output = 0; output < rows * columns; output++) {
    for (let weight = 0; weight < p * q; weight++) {
      const i = Math.floor(output / columns) * down + Math.floor(weight / q) - above;
      const j = (output % columns) * right + (weight % q) - left;
      if (i >= 0 && i < height && j >= 0 && j < width) found.push([output, weight, i * width + j]);
    }
  }
  return found;
}

function draw({ trace, root, signal, model, memory }) {
  const all = connections(trace);
  const two = trace.x.shape.length === 2;
  const name = { w: "w", x: "x", y: "dy" };
  const asked = new Map();
  let terms = []; // one a step: [[flat in the first factor, flat in the second], ...]
  let sums = null; // [what each step adds, the sum after it]
  let kind = memory.kind ?? "w";
  let chosen = memory.chosen ?? trace.first;
  let result = null;
  let lines = [];
  let shown = 0;

  const title = make("p", { class: "cnn-title" }, trace.title);
  const words = make("p", { class: "cnn-words" });
  const focused = (array, flat) => editor.aim(array, flat);
  const grids = {
    w: makeGrid({ name: "w", words: "kernel", array: trace.w, role: "weight", choose: (flat) => choose("w", flat), focused }),
    x: makeGrid({ name: "x", words: "input", array: trace.x, role: "input", choose: (flat) => choose("x", flat), focused }),
    dy: makeGrid({ name: "dy", words: "upstream gradient", array: trace.dy, role: "delta", choose: (flat) => choose("y", flat), focused }),
  };
  const results = {};
  for (const key of ["w", "x", "y"]) {
    const array = trace[RESULT[key].name];
    const longest = Math.max(...(trace.sums[key] ?? []).flatMap(([, running]) => running.map((text) => text.length)), 1);
    results[key] = makeGrid({ ...RESULT[key], array, role: "result", longest, choose: (flat) => choose(key, flat) });
    // A sum is shown once it was added up.
    for (const flat of (trace.sums[key] ?? []).keys()) {
      results[key].write(flat, "·", `${indexText(RESULT[key].name, flat, array.shape)}, not added up yet`);
    }
  }
  // The sum that is being made stands beside the array whose entry was chosen.
  const slots = { w: make("div", {}), x: make("div", {}), y: make("div", {}) };
  const lineBox = makeLines();
  const pair = two
    ? [make("div", { class: "cnn-side" }, grids.x.el, slots.x), make("div", { class: "cnn-side" }, grids.dy.el, slots.y)]
    : [slots.x, grids.x.el, grids.dy.el, slots.y];
  if (!two) grids.dy.el.classList.add("cnn-below");
  const stage = make(
    "div",
    { class: "cnn-stage" },
    make("div", { class: "cnn-side" }, grids.w.el, slots.w),
    make("div", { class: two ? "cnn-pair" : "cnn-pair cnn-column" }, ...pair),
    lineBox.el,
  );
  const list = make("div", { class: "cnn-terms" });
  const sum = make("output", { "data-sum": "" });
  const sumName = make("span", { class: "cnn-number" });
  const state = make("span", { class: "cnn-state" });
  const player = makePlayer({ root, signal, show });
  const editor = makeEditor({
    root,
    model,
    signal,
    grids,
    memory,
    replied(message) {
      if (!message.entry) return;
      asked.set(message.entry.join(), message.sums);
      if (message.entry[0] === kind && message.entry[1] === chosen) choose(kind, chosen, true);
    },
  });
  root.setAttribute("aria-label", trace.title);
  root.append(
    title,
    words,
    stage,
    player.el,
    list,
    make("div", { class: "cnn-sum" }, sumName, sum, state),
    player.spoken,
    editor.el,
  );

  function choose(newKind, flat, quietly = false) {
    for (const grid of [...Object.values(grids), ...Object.values(results)]) grid.clear();
    if (newKind !== kind || !result) {
      slots[kind].replaceChildren();
      slots[newKind].replaceChildren(results[newKind].el);
    }
    [kind, chosen, result] = [newKind, flat, results[newKind]];
    [memory.kind, memory.chosen] = [kind, chosen];
    sums = (trace.sums[kind] ?? [])[chosen] ?? asked.get(`${kind},${chosen}`) ?? null;
    const mine = all.filter((link) => link[{ y: 0, w: 1, x: 2 }[kind]] === chosen);
    const factors = mine.map(([output, weight, input]) => ({ w: [input, output], x: [weight, output], y: [weight, input] })[kind]);
    const steps = new Map();
    mine.forEach(([output], n) => {
      const step = kind === "w" ? Math.floor(output / trace.chunk) : n;
      steps.set(step, [...(steps.get(step) ?? []), factors[n]]);
    });
    terms = [...steps.values()];

    const [first, second] = RESULT[kind].factors;
    for (const [a, b] of factors) {
      grids[first].mark(a, "cnn-lit");
      grids[second].mark(b, "cnn-lit");
    }
    grids[name[kind]].mark(chosen, "cnn-chosen");
    grids[name[kind]].select(chosen);
    result.mark(chosen, "cnn-chosen");
    const label = indexText(kind, chosen, trace[kind].shape);
    const many = factors.length === 1 ? "1 connection" : `${factors.length} connections`;
    words.textContent = {
      w: `${label} is shared by ${many}. Each brings the input it sees times the upstream gradient of its output.`,
      x: `${label} feeds ${many}. Each sends back the upstream gradient of its output, times the weight on the way.`,
      y: `${label} sees ${many}: its receptive field. Each brings a weight times an input.`,
    }[kind];
    sumName.textContent = `${indexText(RESULT[kind].name, chosen, trace[kind].shape)} =`;
    list.replaceChildren(...(sums && terms.length === factors.length ? factors.map(termNode) : []));
    lines = mine.length > 40 ? [] : mine.map(([output, , input], n) => [n, grids.x.cells[input], grids.dy.cells[output]]);
    lineBox.draw(lines, [...grids.x.cells, ...grids.dy.cells, ...result.cells]);
    if (!sums) model.send({ entry: [kind, chosen] });
    player.load(sums ? terms.length : 0, quietly);
    if (!quietly) player.say(`${words.textContent} ${state.textContent}`);
  }

  function termNode([a, b]) {
    const [first, second] = RESULT[kind].factors;
    return make("span", { class: "cnn-term cnn-later" }, `${bracketed(trace[first].text[a])} × ${bracketed(trace[second].text[b])}`);
  }

  /** The picture after k steps; returns what to say. */
  function show(k) {
    const [first, second] = RESULT[kind].factors;
    const before = terms[shown - 1] ?? [];
    for (const [a, b] of before) {
      grids[first].unmark(a, "cnn-now");
      grids[second].unmark(b, "cnn-now");
    }
    const now = terms[k - 1] ?? [];
    for (const [a, b] of now) {
      grids[first].mark(a, "cnn-now");
      grids[second].mark(b, "cnn-now");
    }
    [...list.children].forEach((node, n) => {
      node.classList.toggle("cnn-later", n >= k);
      node.classList.toggle("cnn-now", n === k - 1);
    });
    lineBox.now(k - 1);
    shown = k;

    const total = trace[RESULT[kind].name].text[chosen];
    const label = indexText(RESULT[kind].name, chosen, trace[kind].shape);
    if (!sums) {
      sum.textContent = total;
      state.textContent = "The single products are listed where Python runs.";
      return `${label} = ${total}`;
    }
    const value = k ? sums[1][k - 1] : "0";
    const done = k === terms.length;
    sum.textContent = done ? total : value;
    state.textContent = done ? (terms.length ? "the whole sum" : "nothing reaches it") : k ? "so far" : "nothing added yet";
    result.write(chosen, done ? total : k ? value : "·", done ? undefined : `${label}, so far ${value}`);
    if (!k) return `${label}: nothing added yet`;
    const what =
      now.length === 1
        ? `${indexText(first, now[0][0], trace[first].shape)} × ${indexText(second, now[0][1], trace[second].shape)} = ` +
          `${bracketed(trace[first].text[now[0][0]])} × ${bracketed(trace[second].text[now[0][1]])} = ${sums[0][k - 1]}`
        : `${now.length} products, together ${sums[0][k - 1]}`;
    if (!done) state.textContent = `so far; last: ${what}`;
    return `Step ${k} of ${terms.length}: ${what}. ${done ? `${label} = ${total}` : `So far ${value}`}.`;
  }

  choose(kind, chosen, true);
  editor.refocus();
  keepLines(stage, signal, () => {
    lineBox.draw(lines, [...grids.x.cells, ...grids.dy.cells, ...result.cells]);
    lineBox.now(shown - 1);
  });
}

function render({ model, el }) {
  return mount(model, el, "weight-sharing", draw);
}

export default { render };
