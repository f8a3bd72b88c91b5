// A map of the network; a step goes back by one layer and shows its equations and arrays.

function draw({ trace, root, signal, model, memory }) {
  const { boxes, stages } = trace;
  const readout = make("p", { class: "cnn-words cnn-number" });
  const read = (name, flat, array) => {
    readout.textContent = `${indexText(name, flat, array.shape)} = ${array.text[flat]}`;
  };
  const picture = (array) =>
    makeGrid({
      name: array.name,
      words: array.words,
      array,
      role: array.role,
      choose: (flat) => read(array.name, flat, array),
      focused: (name, flat) => read(name, flat, array),
    });

  const input = makeGrid({
    name: "x",
    words: "input",
    array: trace.x,
    role: "input",
    choose: (flat) => read("x", flat, trace.x),
    focused: (name, flat) => {
      read("x", flat, trace.x);
      editor.aim("x", flat);
    },
  });
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
  const sum = make("output", { "data-sum": "" });
  const editor = makeEditor({ root, model, signal, grids: { x: input }, memory });
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title),
    map,
    player.el,
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

  player.load(stages.length, true);
  editor.refocus();
}

function render({ model, el }) {
  return mount(model, el, "backward-pass", draw);
}

export default { render };
