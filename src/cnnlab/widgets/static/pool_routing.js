// Each window's upstream gradient goes to the window's winner, and is added to what is there.

const RULES = {
  first: "the first takes all",
  split: "they share it",
  all: "each takes all",
};

/** The flat places of x that one window sees. */
function windowOf(trace, flat) {
  const corner = unflatten(flat, trace.dy.shape).map((position, axis) => position * trace.stride[axis]);
  const [height, width] = trace.size.length === 2 ? trace.size : [1, trace.size[0]];
  const [top, left] = corner.length === 2 ? corner : [0, corner[0]];
  const columns = trace.x.shape[trace.x.shape.length - 1];
  const places = [];
  for (let i = 0; i < height; i++) for (let j = 0; j < width; j++) places.push((top + i) * columns + left + j);
  return places;
}

function draw({ trace, root, signal, model, memory }) {
  const two = trace.x.shape.length === 2;
  const count = trace.dy.text.length;
  const tied = Boolean(trace.rules.all);
  let ruleName = trace.rules[memory.rule] ? memory.rule : trace.rules[trace.first] ? trace.first : "first";
  let rule = trace.rules[ruleName];
  let shown = 0;
  let reached = rule.dx.text.keys(); // the places of dx that may show something else than 0

  const focused = (name, flat) => editor.aim(name, flat);
  const grids = {
    x: makeGrid({ name: "x", words: "input", array: trace.x, role: "input", choose: explain, focused }),
    dy: makeGrid({ name: "dy", words: "upstream gradient", array: trace.dy, role: "delta", choose: (flat) => player.go(flat + 1), focused }),
  };
  const longest = Math.max(...Object.values(trace.rules).flatMap(({ dx }) => dx.text.map((text) => text.length)));
  const dx = makeGrid({ name: "dx", words: "gradient", array: rule.dx, role: "result", longest, choose: explain });
  const words = make("p", { class: "cnn-words" });
  const lineBox = makeLines();
  if (!two) dx.el.classList.add("cnn-below");
  const stage = make(
    "div",
    { class: "cnn-stage" },
    make("div", { class: two ? "cnn-pair" : "cnn-pair cnn-column" }, grids.x.el, grids.dy.el, dx.el),
    lineBox.el,
  );
  const choice = make("fieldset", { class: "cnn-choice" }, make("legend", {}, "On a tie"));
  const group = freshId("rule");
  for (const name of Object.keys(RULES).filter((rule) => trace.rules[rule])) {
    const radio = make("input", { type: "radio", name: group, value: name, onchange: () => switchTo(name) });
    radio.checked = name === ruleName;
    choice.append(make("label", {}, radio, ` ${name}: ${RULES[name]}`));
  }
  const player = makePlayer({ root, signal, show });
  const sum = make("output", { "data-sum": "" });
  const state = make("span", { class: "cnn-state" });
  const editor = makeEditor({ root, model, signal, grids, memory });
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title),
    words,
    stage,
    tied ? choice : make("p", { class: "cnn-note" }, "No window has a tie here, so every rule for ties gives the same."),
    player.el,
    make("div", { class: "cnn-sum" }, make("span", {}, "all of dx adds up to"), sum, state),
    player.spoken,
    editor.el,
  );

  function switchTo(name) {
    ruleName = memory.rule = name;
    rule = trace.rules[name];
    connect();
    player.go(shown);
  }

  /** The words for an input: the windows it wins, and what they bring. */
  function explain(flat) {
    const from = rule.steps.flatMap((step) => step.filter(([place]) => place === flat).map(([, given]) => bracketed(given)));
    const seen = trace.winners.filter((_, n) => windowOf(trace, n).includes(flat)).length;
    const label = indexText("x", flat, trace.x.shape);
    const windows = seen === 1 ? "1 window" : `${seen} windows`;
    words.textContent = from.length
      ? `${label} lies in ${windows} and is chosen in ${from.length}: ${indexText("dx", flat, trace.x.shape)} = ${from.join(" + ")}${from.length > 1 ? ` = ${rule.dx.text[flat]}` : ""}.`
      : `${label} lies in ${windows} and is chosen in none, so ${indexText("dx", flat, trace.x.shape)} = 0.`;
    player.say(words.textContent);
  }

  function show(k) {
    shown = k;
    const held = new Map();
    for (const step of rule.steps.slice(0, k)) for (const [place, , after] of step) held.set(place, after);
    for (const place of reached) if (!held.has(place)) dx.write(place, "0");
    for (const [place, after] of held) dx.write(place, after);
    reached = [...held.keys()];
    const window = k - 1;
    const marks = (places, mark) => places.map((place) => [place, mark]);
    const now = k ? rule.steps[window].map(([place]) => place) : [];
    const winners = k ? trace.winners[window] : [];
    grids.x.paint(new Map([...marks(k ? windowOf(trace, window) : [], "cnn-lit"), ...marks(winners, "cnn-chosen")]));
    grids.dy.paint(new Map([...marks([...Array(k).keys()], "cnn-done"), ...marks(k ? [window] : [], "cnn-now")]));
    dx.paint(new Map([...marks(reached, "cnn-lit"), ...marks(now, "cnn-now")]));
    lineBox.now(k - 1);
    sum.textContent = k ? rule.running[k - 1] : "0";
    const compared = rule.kept ? "as much as dy: nothing was lost or made" : `but dy adds up to ${trace.upstream}: gradient was made`;
    state.textContent = k === count ? compared : `of ${trace.upstream} in dy`;
    if (!k) {
      words.textContent = "Each window passes its upstream gradient to its largest input, and to no other.";
      return words.textContent;
    }
    const at = (place) => indexText("x", place, trace.x.shape);
    const delta = `${indexText("dy", window, trace.dy.shape)} = ${trace.dy.text[window]}`;
    const value = trace.x.text[winners[0]];
    const holders = winners.map(at).join(", ");
    const lead = winners.length > 1 ? `Window ${k}: ${holders} tie at ${value}.` : `Window ${k}: the largest is ${at(winners[0])} = ${value}.`;
    const given = rule.steps[window].map(([place, part, after]) => {
      const target = indexText("dx", place, trace.x.shape);
      return after === part ? `${target} = ${part}` : `${target} grows by ${part} to ${after}`;
    });
    words.textContent = `${lead} ${delta} goes there: ${given.join(", ")}.`;
    return `${words.textContent} All of dx: ${sum.textContent}, ${state.textContent}.`;
  }

  function connect() {
    const lines = rule.steps.flatMap((step, n) => step.map(([place]) => [n, grids.dy.cells[n], dx.cells[place]]));
    lineBox.draw(lines.length > 40 ? [] : lines, [...grids.x.cells, ...grids.dy.cells, ...dx.cells]);
    lineBox.now(shown - 1);
  }

  player.load(count, true);
  connect();
  editor.refocus();
  keepLines(stage, signal, connect);
}

function render({ model, el }) {
  return mount(model, el, "pool-routing", draw);
}

export default { render };
