// A map of the network; a step goes back by one layer and shows its equations and arrays. Its numbers come from Python, all of them.

/**
 * A line below the widget that offers to change a number once Python has answered, and before that says how
 * to get there. `grids` are the grids that can be changed, by name.
 */
function makeEditor({ root, model, signal, grids, memory }) {
  const note = make("p", { class: "cnn-note" });
  const address = root.closest("[data-live-url]")?.dataset.liveUrl;
  if (address) note.append("To change the numbers, ", make("a", { href: address }, "open this page with Python"), ".");
  else note.append("To change the numbers, run this cell with Python.");
  const field = makeField({ size: "8" });
  const label = make("label", {}, "");
  const error = make("p", { class: "cnn-error", role: "alert", hidden: "" });
  const form = make("form", { class: "cnn-edit", hidden: "" }, label, make("button", { type: "submit" }, "Change"), error);
  let target = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (target) model.send({ edit: [target.name, target.flat, field.value] });
  });
  const el = make("div", {}, note, form);
  // A digit typed on a cell goes to the field.
  root.addEventListener(
    "keydown",
    (event) => {
      if (form.hidden || !target || !event.target.classList.contains("cnn-cell") || !/^[-0-9.]$/.test(event.key)) return;
      event.preventDefault();
      field.focus();
      field.value = event.key;
    },
    { signal },
  );

  function live() {
    memory.live = true;
    note.hidden = true;
    form.hidden = false;
    for (const grid of Object.values(grids)) grid.reach(true);
  }
  function aim(name, flat) {
    if (!grids[name]) return;
    target = memory.aim = { name, flat };
    label.replaceChildren(`${indexText(name, flat, grids[name].shape)} = `, field);
    field.value = grids[name].cells[flat].textContent;
  }
  function receive(message) {
    if (message.live) live();
    error.hidden = !message.error;
    error.textContent = message.error ?? "";
      }
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => model.off("msg:custom", receive));
  aim("x", memory.aim?.flat ?? 0);
  if (memory.live) live();
  // On a page without Python nothing answers.
  else model.send({ hello: true });

  return {
    el,
    /** The cell that has the focus can be changed next. */
    aim,
    /** After a change the reader goes on where they were. */
    refocus() {
      if (memory.typing) field.focus();
    },
  };
}

function draw({ trace, root, signal, model, memory }) {
  const { boxes, stages } = trace;
  const readout = make("p", { class: "cnn-words cnn-number" });
  const read = (name, flat, array) => {
    readout.textContent = `${indexText(name, flat, array.shape)} = ${array.text[flat]}`;
  };
  const picture = (array, focused) =>
    makeGrid({
      name: array.name,
      words: label(array.words, array.name),
      role: array.role,
      shape: array.shape,
      columns: array.columns,
      small: array.small,
      parts: [array],
      choose: (flat) => read(array.name, flat, array),
      focused: (name, flat) => {
        read(name, flat, array);
        focused?.(name, flat);
      },
    });

  const input = picture(trace.x, (name, flat) => editor.aim(name, flat));
  // Stage k stands under box count - k: the loss first, the first layer last.
  const panels = stages.map((stage) =>
    make(
      "div",
      { class: "cnn-panel", hidden: "" },
      ...stage.equations.map((text) => make("div", { class: "cnn-number cnn-equation" }, text)),
      make("p", { class: "cnn-words" }, stage.words),
      make("div", { class: "cnn-stage" }, ...stage.arrays.map((array) => picture(array).el)),
    ),
  );
  const start = make(
    "div",
    { class: "cnn-panel" },
    make("p", { class: "cnn-words" }, "The forward pass is done. Step backwards from the loss, or choose a layer."),
    make("div", { class: "cnn-stage" }, input.el),
  );
  const map = make("ol", { class: "cnn-map" });
  const buttons = boxes.map((box, n) => {
    const inside = [make("b", {}, box.name), make("span", {}, box.shape)];
    const node = n ? make("button", { type: "button", onclick: () => player.go(boxes.length - n) }, ...inside) : make("div", { class: "cnn-box" }, ...inside);
    map.append(make("li", {}, node));
    return node;
  });
  const player = makePlayer({ root, signal, show });
  const name = make("span", { class: "cnn-number" });
  const sum = make("output", { "data-sum": "", "aria-live": "off" });
  const editor = makeEditor({ root, model, signal, grids: { x: input }, memory });
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title),
    player.el,
    map,
    start,
    ...panels,
    readout,
    make("div", { class: "cnn-sum" }, name, sum),
    player.spoken,
    editor.el,
  );

  function show(k) {
    start.hidden = k > 0;
    panels.forEach((panel, n) => {
      panel.hidden = n !== k - 1;
    });
    buttons.forEach((button, n) => {
      const stage = boxes.length - n;
      button.classList.toggle("cnn-passed", stage < k);
      if (stage === k) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    readout.textContent = k ? "Choose a cell to read its number. A bar marks a negative one." : "";
    const last = k === stages.length && trace.result;
    name.textContent = last ? `${trace.result.label} =` : "loss =";
    sum.textContent = last ? trace.result.text : trace.loss;
    if (!k) return `Forward pass done. Loss ${trace.loss}.`;
    const stage = stages[k - 1];
    return `Step ${k} of ${stages.length}: ${stage.name}. ${stage.words} ${stage.equations.join("; ")}.`;
  }

  player.load(stages.length, stages.length, true);
  editor.refocus();
}

function render({ model, el }) {
  return mount(model, el, "backward-pass", draw);
}

export default { render };
