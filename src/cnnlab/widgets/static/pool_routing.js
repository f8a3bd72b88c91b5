// Each window's upstream gradient goes to the window's winner, and is added to what is there.

const RULES = {
  first: "the first takes all",
  split: "they share it",
  all: "each takes all",
};

/** The steps of a pooling, one a window, as {given: [{place, product, after}], after}: who gets what, has what, and all of dx. */
function routingSteps({ x, dy }, { size, stride }, ties) {
  const held = zeros(x.shape).values;
  let after = 0;
  return poolRoutes(dy, x, size, stride, ties).map((route) => {
    const given = route.map(({ place, product }) => ({ place, product, after: (held[place] += product) }));
    after += given.reduce((sum, { product }) => sum + product, 0);
    return { given, after };
  });
}

/** y and dx as the widget writes them. */
function routingResults({ x, dy }, { size, stride, digits }, ties) {
  const written = ({ values }) => values.map((value) => number(value, digits));
  return { y: written(poolY(x, size, stride)), dx: written(poolDx(dy, x, size, stride, ties)) };
}

function draw({ trace, root, signal, memory }) {
  const numbers = makeNumbers({ root, trace, signal, memory, say: (words) => player.say(words), changed });
  const { arrays } = numbers;
  const write = (value) => number(value, trace.digits);
  const windows = poolWindows(arrays.x.shape, trace.size, trace.stride);
  let ties = memory.ties ?? trace.first;
  let steps = [];
  let winners = [];
  let results = null;
  let shown = 0;

  const text = (array) => array.values.map(write);
  const grid = (name, words, role, parts, choose) =>
    makeGrid({ name, words, role, shape: arrays[name].shape, small: trace.given[name].small, parts, numbers, choose });
  const part = (name, role, texts) => ({ name, role, text: texts });
  const grids = {
    x: grid("x", label("input", "x", "over", "dx"), "input", [part("x", "input", text(arrays.x)), part("dx", "result", arrays.x.values.map(() => "0"))], explain),
    dy: grid("dy", label("output", "y", "over", "dy"), "delta", [part("y", "result", trace.results.y), part("dy", "delta", text(arrays.dy))], (flat) => player.go(flat + 1)),
  };
  const words = make("p", { class: "cnn-words" });
  const stage = make("div", { class: arrays.x.shape.length === 1 ? "cnn-stage cnn-rows" : "cnn-stage" }, grids.x.el, grids.dy.el);
  const wires = makeWires(stage, signal, grids.x.el, grids.dy.el);
  const rules = make("select", { "aria-label": "On a tie", onchange: () => switchTo(rules.value) });
  for (const [name, meaning] of Object.entries(RULES)) rules.append(make("option", { value: name }, `${name}: ${meaning}`));
  rules.value = ties;
  const choice = make("label", { class: "cnn-choice" }, "On a tie ", rules);
  const formula = make("div", { class: "cnn-number cnn-long" });
  const code = makeCode();
  const player = makePlayer({ root, signal, show, adds: (k) => steps[k - 1].given.some(({ product }) => product !== 0) });
  numbers.el.append(player.skip);
  const sum = make("output", { "data-sum": "", "aria-live": "off" });
  const state = make("span", { class: "cnn-state" });
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title, numbers.badge),
    player.el,
    numbers.el,
    choice,
    words,
    stage,
    formula,
    code.el,
    make("div", { class: "cnn-sum" }, make("span", {}, "all of dx adds up to"), sum, state),
    numbers.footer,
    player.spoken,
  );

  function load() {
    steps = routingSteps(arrays, trace, ties);
    winners = windows.map((window) => poolWinners(arrays.x, window));
    results = numbers.own() ? routingResults(arrays, trace, ties) : { y: trace.results.y, dx: trace.results.dx[ties] };
  }
  function switchTo(name) {
    ties = memory.ties = name;
    load();
    player.go(shown);
  }
  function changed() {
    load();
    return player.again(steps.length);
  }

  /** What an input has been given after k windows, the present window's part lit. */
  function sumAt(place, k) {
    return steps.slice(0, k).flatMap(({ given }, n) => given.filter((one) => one.place === place).map(({ product }) => ({ text: signed(product, trace.digits), now: n === k - 1 })));
  }
  /** The line of code that gives the present window's delta to its winner. */
  function line(now, window) {
    const [place] = now.map((one) => one.place);
    const shared = ties === "split" ? " / number_of_winners" : "";
    if (now.length !== 1) return [`dx[${ties === "first" ? "winner" : "each winner"}] += dy[window]${shared}`];
    return [[indexText("dx", place, arrays.x.shape), "result"], " += ", [indexText("dy", window, arrays.dy.shape), "delta"], shared && " / 1"];
  }
  /** The words for an input: the windows it wins, and what they bring. */
  function explain(flat) {
    const from = steps.flatMap(({ given }) => given.filter(({ place }) => place === flat).map(({ product }) => signed(product, trace.digits)));
    const seen = windows.filter((window) => window.includes(flat)).length;
    const at = (name) => indexText(name, flat, arrays.x.shape);
    const many = seen === 1 ? "1 window" : `${seen} windows`;
    words.textContent = from.length
      ? `${at("x")} lies in ${many} and is chosen in ${from.length}: ${at("dx")} = ${from.join(" + ")}${from.length > 1 ? ` = ${results.dx[flat]}` : ""}.`
      : `${at("x")} lies in ${many} and is chosen in none, so ${at("dx")} = 0.`;
    player.say(words.textContent);
  }

  function show(k) {
    shown = k;
    const held = new Map(steps.slice(0, k).flatMap(({ given }) => given.map(({ place, after }) => [place, after])));
    const later = new Set(steps.slice(k).flatMap(({ given }) => given.map(({ place }) => place)));
    arrays.x.values.forEach((_, place) => {
      const value = later.has(place) ? write(held.get(place) ?? 0) : results.dx[place];
      grids.x.write("dx", place, value, { open: later.has(place) });
    });
    results.y.forEach((value, place) => grids.dy.write("y", place, value));
    const now = k ? steps[k - 1].given : [];
    const window = k - 1;
    const marks = new Map();
    for (const place of windows[window] ?? []) marks.set(place, winners[window].includes(place) ? "cnn-lit cnn-chosen" : "cnn-lit");
    for (const place of held.keys()) marks.set(`${place} dx`, "cnn-lit");
    for (const { place } of now) marks.set(`${place} dx`, "cnn-lit cnn-now");
    grids.x.paint(marks);
    formula.replaceChildren(...now.flatMap(({ place }, n) => [n ? "; " : "", `${indexText("dx", place, arrays.x.shape)} = `, ...termNodes(sumAt(place, k))]));
    code.show(...line(now, window));
    grids.dy.paint(new Map([...Array(k).keys()].flatMap((n) => (n === window ? [[n, "cnn-lit"], [`${n} dy`, "cnn-now"]] : [[n, "cnn-done"]]))));
    wires.join(now.map(({ place }) => [grids.dy.cells[window], grids.x.cells[place]]));
    const upstream = arrays.dy.values.reduce((a, b) => a + b, 0);
    const whole = k ? steps[k - 1].after : 0;
    const done = k === steps.length;
    const kept = Math.abs(whole - upstream) <= 1e-8 + 1e-5 * Math.abs(upstream);
    sum.textContent = write(whole);
    root.toggleAttribute("data-open", !done);
    const compared = kept ? "as much as dy: nothing was lost or made" : `but dy adds up to ${write(upstream)}: gradient was made`;
    state.textContent = done ? compared : `so far, of ${write(upstream)} in dy`;
    if (!k) {
      words.textContent = "Each window passes its delta to its largest input. On a tie a rule decides.";
      return words.textContent;
    }
    const at = (name, place) => indexText(name, place, arrays.x.shape);
    const [first, ...others] = winners[window];
    const largest = write(arrays.x.values[first]);
    const named = indexText("y", window, arrays.dy.shape);
    const lead = others.length
      ? `Window of ${named}: ${winners[window].map((place) => at("x", place)).join(", ")} tie at ${largest}.`
      : `Window of ${named}: the largest is ${at("x", first)} = ${largest}.`;
    const told = now.map(({ place, product, after }) =>
      after === product ? `${at("dx", place)} = ${write(product)}` : `${at("dx", place)} grows by ${write(product)} to ${write(after)}`,
    );
    words.textContent = `${lead} ${indexText("dy", window, arrays.dy.shape)} = ${write(arrays.dy.values[window])} goes there: ${told.join(", ")}.`;
    return `${words.textContent} All of dx: ${sum.textContent}, ${state.textContent}.`;
  }

  load();
  player.load(steps.length, steps.length, true);
  numbers.attach(grids, ["x", 0]);
}

function render({ model, el }) {
  return mount(model, el, "pool-routing", draw);
}

export default { render };
