// What every widget of the book begins with. Python puts these files in front of a widget's own, in one module.

/** An element with attributes, handlers (names that start with "on") and children. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Write a text where another one stands: a frame pays for every node that is touched. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** An id that no other widget of the document has; a page loads this module more than once. */
function freshId(name) {
  const key = Symbol.for("cnnlab.ids");
  document[key] = (document[key] ?? 0) + 1;
  return `cnn-${name}-${document[key]}`;
}

/** A text field whose Enter sends its form; JupyterLab keeps a browser's own Enter from doing so. */
function makeField(attributes) {
  return make("input", {
    type: "text",
    autocomplete: "off",
    ...attributes,
    onkeydown(event) {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      event.target.form.requestSubmit();
    },
  });
}

/**
 * Draw a widget, again when its trace changes, and clean up when the view goes. `memory` keeps what was chosen.
 */
function mount(model, el, kind, draw) {
  // Without the last attribute JupyterLab would take arrows, digits and Enter for its own shortcuts.
  const root = make("div", { class: "cnn", role: "group", "data-kind": kind, "data-lm-suppress-shortcuts": "true" });
  el.append(root);
  const memory = {};
  let ended = null;
  function redraw() {
    ended?.abort();
    ended = new AbortController();
    root.replaceChildren();
    draw({ trace: model.get("trace"), root, signal: ended.signal, model, memory });
  }
  redraw();
  model.on("change:trace", redraw);
  return () => {
    model.off("change:trace", redraw);
    ended.abort();
  };
}
