// What every widget of the book shares. Python puts this in front of a widget's own file, in one module.
// Nothing here computes a gradient: numbers arrive as finished strings.

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

/** A flat place in an array of this shape as an index: 7 in [3, 5] is [1, 2]. */
function unflatten(flat, shape) {
  return shape.length === 1 ? [flat] : [Math.floor(flat / shape[1]), flat % shape[1]];
}

function indexText(name, flat, shape) {
  return `${name}[${unflatten(flat, shape).join(", ")}]`;
}

function bracketed(text) {
  return text.startsWith("-") ? `(${text})` : text;
}

let gridCount = 0;

/**
 * A grid of numbers that the arrow keys walk through; Enter, Space or a click chooses a cell.
 * `array` is {shape, text, shade?}; without `choose` the grid is for looking only.
 */
function makeGrid({ name, words, array, role, choose, focused }) {
  const { shape, text, shade } = array;
  const columns = shape[shape.length - 1];
  const count = text.length;
  const small = columns > 12;
  const id = `cnn-grid-${++gridCount}`;
  const longest = Math.max(...text.map((t) => t.length));
  const cells = [];
  let current = 0;

  const body = make("div", { class: "cnn-cells", role: choose ? "grid" : "table", "aria-labelledby": id });
  body.style.setProperty("--columns", columns);
  body.style.setProperty(
    "--cell",
    small ? `max(7px, min(14px, calc((100cqw - ${columns + 8}px) / ${columns})))` : `max(2.1rem, calc(${longest}ch + 0.2rem))`,
  );
  for (let start = 0; start < count; start += columns) {
    const row = make("div", { class: "cnn-row", role: "row" });
    for (let flat = start; flat < start + columns; flat++) {
      const cell = make("div", { class: "cnn-cell", role: choose ? "gridcell" : "cell", "data-role": role }, text[flat]);
      cell.setAttribute("aria-label", `${indexText(name, flat, shape)} = ${text[flat]}`);
      if (choose) cell.tabIndex = flat === 0 ? 0 : -1;
      else cell.classList.add("cnn-quiet");
      if (shade) cell.style.setProperty("--shade", shade[flat]);
      cell.dataset.flat = flat;
      cells.push(cell);
      row.append(cell);
    }
    body.append(row);
  }

  function walk(flat) {
    cells[current].tabIndex = -1;
    current = flat;
    cells[current].tabIndex = 0;
  }
  if (choose) {
    body.addEventListener("click", (event) => {
      const cell = event.target.closest(".cnn-cell");
      if (cell) {
        walk(Number(cell.dataset.flat));
        cell.focus({ preventScroll: true });
        choose(current);
      }
    });
    body.addEventListener("focusin", (event) => focused?.(name, Number(event.target.dataset.flat)));
    body.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const column = current % columns;
      const to = {
        ArrowLeft: column > 0 ? current - 1 : current,
        ArrowRight: column < columns - 1 ? current + 1 : current,
        ArrowUp: current >= columns ? current - columns : current,
        ArrowDown: current + columns < count ? current + columns : current,
        Home: current - column,
        End: current - column + columns - 1,
      }[event.key];
      if (to !== undefined) {
        walk(to);
        cells[to].focus();
      } else if (event.key === "Enter" || event.key === " ") choose(current);
      else return;
      event.preventDefault();
    });
  }

  let marked = [];
  return {
    el: make(
      "div",
      { class: small ? "cnn-grid cnn-small" : "cnn-grid" },
      make("span", { class: "cnn-label", id }, `${words} `, make("b", {}, name)),
      body,
    ),
    shape,
    cells,
    focus(flat) {
      walk(flat);
      cells[flat].focus();
    },
    /** Write a cell; `words` is what a screen reader says instead of the text. */
    write(flat, value, words) {
      cells[flat].textContent = value;
      cells[flat].setAttribute("aria-label", words ?? `${indexText(name, flat, shape)} = ${value}`);
    },
    mark(flat, ...classes) {
      cells[flat].classList.add(...classes);
      marked.push(flat);
    },
    unmark(flat, ...classes) {
      cells[flat].classList.remove(...classes);
    },
    select(flat) {
      walk(flat);
      for (const cell of cells) cell.removeAttribute("aria-selected");
      cells[flat].setAttribute("aria-selected", "true");
    },
    clear() {
      for (const flat of marked) cells[flat].classList.remove("cnn-lit", "cnn-done", "cnn-chosen", "cnn-now", "cnn-wrong");
      for (const cell of cells) cell.removeAttribute("aria-selected");
      marked = [];
    },
  };
}

/**
 * Back, Step, Play and Reset. `show(k)` draws the state after k of the steps and returns words for it.
 * Under reduced motion Play shows the last state at once. Paper shows the last state, too.
 */
function makePlayer({ root, signal, show }) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const paper = matchMedia("print");
  let at = 0;
  let count = 0;
  let timer = 0;
  let beforePaper = null;

  const back = make("button", { type: "button", onclick: () => (pause(), go(at - 1)) }, "Back");
  const step = make("button", { type: "button", class: "cnn-main", onclick: () => (pause(), go(at + 1)) }, "Step");
  const play = make("button", { type: "button", onclick: () => (timer ? pause(true) : start()) }, "Play");
  const reset = make("button", { type: "button", onclick: () => (pause(), go(0)) }, "Reset");
  const place = make("span", { class: "cnn-place" });
  const spoken = make("div", { class: "cnn-spoken", role: "status", "aria-live": "polite" });
  const el = make("div", { class: "cnn-controls", role: "group", "aria-label": "Steps" }, step, back, play, reset, place);

  function label() {
    play.textContent = timer ? "Pause" : calm.matches ? "Show all" : "Play";
    for (const [button, dead] of [[back, at === 0], [reset, at === 0], [step, at === count], [play, at === count]]) {
      button.setAttribute("aria-disabled", String(dead));
    }
    place.textContent = count ? `step ${at} of ${count}` : "";
    root.dataset.step = at;
    root.dataset.steps = count;
  }
  function go(to, quietly = false) {
    at = Math.max(0, Math.min(count, to));
    const words = show(at);
    label();
    if (!quietly && !timer) spoken.textContent = words;
    return words;
  }
  function pause(aloud = false) {
    clearInterval(timer);
    timer = 0;
    if (aloud) go(at);
    label();
  }
  function start() {
    if (at === count) return;
    if (calm.matches) return void go(count);
    timer = setInterval(
      () => {
        const last = at + 1 >= count;
        if (last) pause();
        go(at + 1);
      },
      Math.max(250, Math.min(1000, 12000 / count)),
    );
    label();
  }
  function print() {
    if (paper.matches && beforePaper === null) {
      beforePaper = at;
      pause();
      go(count, true);
    } else if (!paper.matches && beforePaper !== null) {
      go(beforePaper, true);
      beforePaper = null;
    }
  }
  calm.addEventListener("change", label, { signal });
  paper.addEventListener("change", print, { signal });
  signal.addEventListener("abort", () => clearInterval(timer));

  return {
    el,
    spoken,
    /** Begin again with this many steps. */
    load(steps, quietly = false) {
      pause();
      count = steps;
      go(0, quietly);
    },
    go,
    say(words) {
      spoken.textContent = words;
    },
  };
}

/**
 * A line below the widget that offers to change a number once Python has answered, and before that says how
 * to get there. `names` are the arrays that can be changed.
 */
function makeEditor({ root, model, names, labelFor, replied }) {
  const note = make("p", { class: "cnn-note" });
  const address = root.closest("[data-live-url]")?.dataset.liveUrl;
  if (address) note.append("To change the numbers, ", make("a", { href: address }, "open this page with Python"), ".");
  else note.append("The numbers can be changed where Python runs: open this page as a notebook.");
  const field = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", size: "8" });
  const label = make("label", {}, "");
  const error = make("p", { class: "cnn-error", role: "alert", hidden: "" });
  const form = make("form", { class: "cnn-edit", hidden: "" }, label, make("button", { type: "submit" }, "Change"), error);
  let target = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (target) model.send({ edit: [target.name, target.flat, field.value] });
  });
  const el = make("div", {}, note, form);

  function receive(message) {
    if (message.live) {
      note.hidden = true;
      form.hidden = false;
    }
    error.hidden = !message.error;
    if (message.error) error.textContent = message.error;
    replied?.(message);
  }
  model.on("msg:custom", receive);
  // On a page without Python the model has no way to send, and nothing answers.
  model.send?.({ hello: true });

  return {
    el,
    /** The cell that has the focus can be changed next. */
    aim(name, flat) {
      if (!names.includes(name)) return;
      target = { name, flat };
      const { words, value } = labelFor(name, flat);
      label.replaceChildren(`${words} = `, field);
      field.value = value;
    },
    /** A digit typed on a cell goes to the field. */
    type(key) {
      if (form.hidden || !target) return;
      field.focus();
      field.value = key;
    },
    stop() {
      model.off("msg:custom", receive);
    },
  };
}

/** Draw again when the trace changes, and clean up when the view goes. */
function mount(model, el, kind, draw) {
  const root = make("div", { class: "cnn", role: "group", "data-kind": kind });
  el.append(root);
  let stop = () => {};
  function redraw() {
    stop();
    const ended = new AbortController();
    root.replaceChildren();
    const close = draw(model.get("trace"), root, ended.signal);
    stop = () => {
      ended.abort();
      close?.();
    };
  }
  redraw();
  model.on("change:trace", redraw);
  return () => {
    model.off("change:trace", redraw);
    stop();
  };
}
