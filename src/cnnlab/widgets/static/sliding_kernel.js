// A kernel slides along a row: where stride, padding and dilation put its windows, and the same places on the way back.

const OPTIONS = { stride: ["stride", "s"], padding: ["padding", "p"], dilation: ["dilation", "d"], size: ["number of weights", "M"] };
const TABS = { y: "forward: y", dw: "dw", dx: "back: dx", matrix: "matrix", transpose: "transposed" };

/**
 * The column in which each entry stands while the sum `name` at `place` is lit, so that factors of one product share a column:
 * {columns, rows, at, ghosts}. `rows` names the arrays from top to bottom, `ghosts` has the columns of zeros and holes.
 */
function arrangement(name, place, { x, w, dy }, { stride: s, padding: p, dilation: d }) {
  const reach = d * (w - 1);
  const columns = Math.max(0, reach - p) + x + 2 * p;
  // The turned kernel of the first inputs begins before the padded row does.
  const left = name === "dx" ? Math.max(0, reach - p) : 0;
  const each = (count, column) => Array.from({ length: count }, (_, n) => column(n));
  const at = {
    x: each(x, (j) => left + p + j),
    w: each(w, (m) => ({ y: s * place + d * m, dw: d * m, dx: left + p + place - d * m })[name]),
    dy: each(dy, (i) => ({ y: s * i + Math.floor(reach / 2), dw: s * i + d * place, dx: left + s * i })[name]),
  };
  const free = (taken, from, to) => each(Math.max(0, to - from + 1), (n) => from + n).filter((column) => !taken.includes(column));
  const between = (taken) => free(taken, Math.min(...taken), Math.max(...taken));
  const ghosts = {
    x: free(at.x, left, left + x + 2 * p - 1),
    w: name === "dw" ? [] : between(at.w),
    dy: { y: [], dw: between(at.dy), dx: free(at.dy, 0, columns - 1) }[name],
  };
  return { columns, rows: { y: ["x", "w", "dy"], dw: ["x", "dy", "w"], dx: ["dy", "w", "x"] }[name], at, ghosts };
}

/** The trace with other options: as many of the numbers in `full` as there is room for, and their sums. */
function shaped(trace, full, { stride, padding, dilation, size }) {
  const options = { stride: [stride], padding: [padding], dilation: [dilation] };
  const length = full.x.length;
  const sizes = { x: length, w: size, dy: positions([length], [size], options)[0] };
  const given = Object.fromEntries(Object.entries(sizes).map(([name, n]) => [name, { shape: [n], values: full[name].slice(0, n) }]));
  const first = Math.min(trace.first, sizes[trace.at] - 1);
  return { ...trace, given, options, first, results: sumsWritten(given, { ...trace, options }) };
}

/** Numbers for the most outputs that the sliders allow: the given deltas, again from the first where they end. */
function enough({ given: { x, w, dy }, options, sliders }) {
  const most = x.values.length + 2 * (sliders.padding?.[1] ?? options.padding[0]);
  return { x: [...x.values], w: [...w.values], dy: Array.from({ length: most }, (_, n) => dy.values[n % dy.values.length]) };
}

/** Let nodes move to where `change` puts them, unless motion is not wanted. */
function glide(nodes, change) {
  const places = () => nodes.map((node) => node.getBoundingClientRect());
  const still = !nodes[0].isConnected || matchMedia("(prefers-reduced-motion: reduce)").matches;
  const before = still ? null : places();
  change();
  if (still) return;
  places().forEach(({ left, top }, n) => {
    const by = [before[n].left - left, before[n].top - top];
    if (by.some(Boolean)) nodes[n].animate([{ transform: `translate(${by[0]}px, ${by[1]}px)` }, { transform: "none" }], { duration: 250, easing: "ease-out" });
  });
}

function draw({ trace, root, signal, memory }) {
  const book = { stride: trace.options.stride[0], padding: trace.options.padding[0], dilation: trace.options.dilation[0], size: trace.given.w.values.length };
  const full = enough(trace);
  memory.options ??= slidersAsked(root, trace, book) ?? { ...book };
  memory.full ??= enough(trace);
  memory.table ??= "strip";
  let ended = null;
  signal.addEventListener("abort", () => ended?.abort());
  addEventListener("hashchange", follow, { signal });

  const sliders = Object.entries(trace.sliders).map(([name, [min, max]]) => {
    const words = make("span", { class: "cnn-number" });
    const [long, letter] = OPTIONS[name];
    const range = make("input", {
      type: "range", min, max, "aria-label": `${long} ${letter}`, style: "width: 5rem; accent-color: currentColor",
      oninput() {
        take({ ...memory.options, [name]: Number(range.value) }).keep();
      },
    });
    const tell = () => {
      range.value = memory.options[name];
      setText(words, `${letter} = ${range.value}`);
    };
    return { el: make("label", { class: "cnn-skip", title: long }, words, range), tell };
  });
  const bar = make("div", { class: "cnn-controls", role: "group", "aria-label": "Options" }, ...sliders.map(({ el }) => el));
  root.append(bar);
  rebuild();

  /** Move the sliders as a new address asks. */
  function follow() {
    const asked = slidersAsked(root, trace, book);
    if (asked) take(asked, false);
  }
  /** Move the sliders, and draw what they give; returns its numbers. They are the reader's, or those of a new address. */
  function take(options, kept = true) {
    memory.options = options;
    memory.heard = kept;
    return rebuild();
  }
  function rebuild() {
    ended?.abort();
    ended = new AbortController();
    for (const { tell } of sliders) tell();
    const same = Object.keys(book).every((name) => book[name] === memory.options[name]);
    const now = same ? trace : { ...shaped(trace, full, memory.options), moved: slidersMoved(memory.options, book) };
    if (memory.arrays) {
      for (const [name, { values }] of Object.entries(memory.arrays)) memory.full[name].splice(0, values.length, ...values);
      memory.arrays = shaped(trace, memory.full, memory.options).given;
    }
    if (memory.lit) memory.lit[1] = Math.min(memory.lit[1], now.given[GIVEN[memory.lit[0]]].values.length - 1);
    // The sliders stay where they are: one of them may be in the reader's hand.
    for (const node of [...root.children]) if (node !== bar) node.remove();
    const numbers = drawLight({ trace: now, root, signal: ended.signal, memory }, trace.at, (parts) => build(now, memory, parts));
    root.prepend(root.querySelector(".cnn-title"));
    return numbers;
  }
}

/** The grids, the tabs above them, and how they stand for the sum that is lit. */
function build(trace, memory, { numbers, arrays, results, light }) {
  const write = (value) => number(value, trace.digits);
  const sizes = Object.fromEntries(Object.entries(arrays).map(([name, { values }]) => [name, values.length]));
  const [s, p, d] = [trace.options.stride[0], trace.options.padding[0], trace.options.dilation[0]];
  const links = connections(arrays.x.shape, arrays.w.shape, trace.options);
  const part = (name, role, text) => ({ name, role, text });
  const given = (name, role) => part(name, role, arrays[name].values.map(write));
  const grid = (name, role, parts) =>
    makeGrid({ name, words: label("", name), role, shape: arrays[name].shape, parts, numbers, choose: (flat) => light(SUM_AT[name], flat) });
  const grids = {
    x: grid("x", "input", [given("x", "input"), part("dx", "result", results.dx)]),
    w: grid("w", "weight", [given("w", "weight"), part("dw", "result", results.dw)]),
    dy: grid("dy", "delta", [part("y", "result", results.y), given("dy", "delta")]),
  };
  const zeros = make("div", { class: "cnn-links", "aria-hidden": "true" });
  const table = make("div", { class: "cnn-table", style: "overflow-x: auto; padding: 3px" }, zeros, ...Object.values(grids).map(({ el }) => el));
  const tabs = Object.entries(TABS).map(([tab, words]) =>
    make("button", { type: "button", "data-tab": tab, onclick: () => turnTo(tab) }, words),
  );
  const next = (by, words, text) => make("button", { type: "button", "aria-label": words, onclick: () => move(by) }, text);
  const el = make(
    "div",
    {},
    make("div", { class: "cnn-controls", role: "group", "aria-label": "View" }, ...tabs, next(-1, "Place before", "\u2190"), next(1, "Next place", "\u2192")),
    table,
  );

  function turnTo(tab) {
    memory.table = tab in GIVEN ? "strip" : tab;
    const name = { matrix: "y", transpose: "dx" }[tab] ?? tab;
    light(name, name === memory.lit[0] ? memory.lit[1] : 0);
  }
  function move(by) {
    const [name, place] = memory.lit;
    const count = sizes[GIVEN[name]];
    light(name, (place + by + count) % count);
  }
  const put = (node, row, column) => (node.style.gridArea = `${row} / ${column}`);
  const cell = (row, column, text, { kind = "", lit = "", style } = {}) => {
    const node = make("div", { class: `cnn-link ${kind}`, "data-lit": lit, style }, text);
    put(node, row, column);
    return node;
  };
  const heading = (row, ...words) => {
    const node = make("span", { class: "cnn-corner", style: "text-align: left" }, ...label(...words));
    node.style.gridArea = `${row} / 1 / ${row} / -1`;
    return node;
  };
  const TITLES = {
    y: { x: ["input", "x", p ? "between zeros, over" : "over", "dx"], w: ["kernel", "w", "over", "dw"], dy: ["output", "y", "over", "dy"] },
    dw: { x: ["input", "x", p ? "between zeros, over" : "over", "dx"], w: ["kernel", "w", "over", "dw"], dy: ["the deltas on the input:", "y", "over", "dy"] },
    dx: { x: ["input", "x", "over", "dx"], w: ["turned kernel", "w", "over", "dw"], dy: ["deltas among zeros:", "y", "over", "dy"] },
  };

  function strip(name, place) {
    const { columns, rows, at, ghosts } = arrangement(name, place, sizes, { stride: s, padding: p, dilation: d });
    const lit = rows.slice(0, 2);
    const used = new Set(at[lit[1]]);
    const drawn = rows.flatMap((array, n) => {
      const row = 2 * n + 2;
      grids[array].cells.forEach((node, flat) => put(node, row, at[array][flat] + 1));
      return [
        heading(row - 1, ...TITLES[name][array]),
        ...ghosts[array].map((column) => {
          const met = n === 0 && used.has(column) ? "border-width: 2px; border-color: currentColor" : null;
          return cell(row, column + 1, array === "x" && name === "dx" ? "" : "0", { kind: "cnn-padding", style: met });
        }),
      ];
    });
    return { columns, drawn };
  }
  function matrix(name, place, turned) {
    const [across, down] = turned ? ["dy", "x"] : ["x", "dy"];
    const [to, from] = turned ? ["output", "input"] : ["input", "output"];
    grids[across].cells.forEach((node, n) => put(node, 2, n + 1));
    grids[down].cells.forEach((node, n) => put(node, n + 3, sizes[across] + 1));
    const held = new Map(links.map((link) => [`${link[from]} ${link[to]}`, link]));
    const at = SUMS[name].at;
    const drawn = [];
    for (let row = 0; row < sizes[down]; row++) {
      for (let column = 0; column < sizes[across]; column++) {
        const link = held.get(`${row} ${column}`);
        const text = link ? write(arrays.w.values[link.weight]) : "";
        drawn.push(cell(row + 3, column + 1, text, { lit: link?.[at] === place ? name : "", style: "height: 1.6rem" }));
      }
    }
    const above = turned ? ["a column for each", "y", "over", "dy"] : ["a column for each", "x", "over", "dx"];
    return { columns: sizes[across] + 1, drawn: [heading(1, ...above), ...drawn] };
  }
  function fit(columns) {
    const shown = [...table.querySelectorAll(".cnn-part")].map((node) => node.firstChild.data.length);
    const least = `${0.47 * Math.max(2, ...shown) + 0.3}rem`;
    table.style.setProperty("--weights", columns - 2);
    table.style.setProperty("--cell", `clamp(${least}, calc((100cqw - 8px) / ${columns} - 3px), 2.5rem)`);
  }
  function words(name, place) {
    const label = indexText(GIVEN[name], place, [1]);
    if (name === "dx" && !links.some(({ input }) => input === place)) return `No window reaches ${label} with a weight. Its gradient is 0, whatever the deltas are.`;
    const line = { matrix: { y: "row", dx: "column" }, transpose: { y: "column", dx: "row" } }[memory.table]?.[name];
    if (memory.table === "matrix") return `The matrix has the kernel in each row, ${s} further right in each, and takes x to y. Its ${line} ${place} is lit: the weights of ${label}.`;
    if (memory.table === "transpose") return `Rows and columns changed places: this one takes dy to dx. Its ${line} ${place} is lit, the weights of ${label}.`;
    const lost = name === "dx" ? 0 : links.filter((link) => link[SUMS[name].at] === place).length - (name === "y" ? sizes.w : sizes.dy);
    const zero = lost ? ` ${-lost} meet${lost === -1 ? "s" : ""} padding and add${lost === -1 ? "s" : ""} nothing.` : "";
    return {
      y: `The window of y[${place}] begins ${s} × ${place} places from the left end. Its weights stand ${d} apart.${zero}`,
      dw: `The deltas stand ${s} apart and lie on the inputs that ${label} met; the next weight's lie ${d} further right.${zero}`,
      dx: `The deltas stand ${s} apart, the weights of the turned kernel ${d} apart; it ends above ${label}. A weight under a delta makes a product.`,
    }[name];
  }

  function paint({ name, place, terms }, written) {
    glide(Object.values(grids).flatMap(({ cells }) => cells), () => {
      const { columns, drawn } = memory.table === "strip" ? strip(name, place) : matrix(name, place, memory.table === "transpose");
      zeros.replaceChildren(...drawn);
      grids.w.el.hidden = memory.table !== "strip";
      for (const { cells } of Object.values(grids)) for (const node of cells) node.style.height = memory.table === "strip" ? "" : "1.6rem";
      fit(columns);
    });
    for (const [key, one] of Object.entries(grids)) {
      written[SUM_AT[key]].forEach((text, flat) => one.write(SUM_AT[key], flat, text));
      const marks = new Map(terms.flatMap(({ factors }) => factors.filter(([of]) => of === key).map(([, flat]) => [flat, "cnn-lit"])));
      if (key === GIVEN[name]) marks.set(place, "cnn-chosen").set(`${place} ${name}`, "cnn-sum-cell");
      one.paint(marks);
    }
    grids[GIVEN[name]].select(place);
    const tab = memory.table === "strip" ? name : memory.table;
    for (const one of tabs) {
      one.setAttribute("aria-pressed", String(one.dataset.tab === tab));
      one.classList.toggle("cnn-main", one.dataset.tab === tab);
    }
    return words(name, place);
  }
  return { grids, el, paint };
}

function render({ model, el }) {
  return mount(model, el, "sliding-kernel", draw);
}

export default { render };
