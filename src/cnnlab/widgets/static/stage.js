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
 * A grid of numbers that the arrow keys walk through; Enter, Space or a click chooses a cell.
 * `array` is {shape, text, shade?, columns?}; `longest` makes room for longer texts to come; without `choose` the grid is
 * for looking only.
 */
function makeGrid({ name, words, array, role, longest = 1, choose, focused }) {
  const { shape, text, shade } = array;
  const columns = array.columns ?? shape[shape.length - 1];
  const count = text.length;
  const small = Boolean(shade);
  const id = freshId("grid");
  const characters = Math.max(longest, ...text.map((t) => t.length));
  const cells = [];
  let current = 0;

  const body = make("div", { class: "cnn-cells", "aria-labelledby": id });
  body.style.setProperty("--columns", columns);
  body.style.setProperty(
    "--cell",
    small ? `max(6px, min(${columns > 12 ? "14px" : "var(--most)"}, calc((100cqw * var(--share) - ${columns + 8}px) / ${columns})))` : `max(2.1rem, calc(${characters}ch + 0.7rem))`,
  );
  for (let start = 0; start < count; start += columns) {
    const row = make("div", { class: "cnn-row", role: "row" });
    for (let flat = start; flat < Math.min(start + columns, count); flat++) {
      const cell = make("div", { class: "cnn-cell", "data-role": role }, text[flat]);
      cell.setAttribute("aria-label", `${indexText(name, flat, shape)} = ${text[flat]}`);
      if (shade) {
        cell.style.setProperty("--shade", shade[flat]);
        cell.classList.toggle("cnn-negative", text[flat].startsWith("-"));
      }
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
  /** Cells that can be chosen or changed are reached by keyboard; others are a table to read. */
  function reach(reached) {
    body.setAttribute("role", reached ? "grid" : "table");
    for (const cell of cells) {
      cell.setAttribute("role", reached ? "gridcell" : "cell");
      cell.classList.toggle("cnn-quiet", !reached);
      if (reached) cell.tabIndex = -1;
    }
    if (reached) walk(current);
  }
  reach(Boolean(choose));
  body.addEventListener("click", (event) => {
    const cell = event.target.closest(".cnn-cell:not(.cnn-quiet)");
    if (!cell) return;
    walk(Number(cell.dataset.flat));
    cell.focus({ preventScroll: true });
    choose?.(current);
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
      End: Math.min(current - column + columns, count) - 1,
    }[event.key];
    if (to !== undefined) {
      walk(to);
      cells[to].focus();
    } else if (event.key === "Enter" || event.key === " ") choose?.(current);
    else return;
    event.preventDefault();
  });

  let marked = [];
  let painted = new Map();
  let selected = null;
  return {
    el: make(
      "div",
      { class: small ? "cnn-grid cnn-small" : "cnn-grid" },
      make("span", { class: "cnn-label", id }, `${words} `, make("b", {}, name)),
      body,
    ),
    shape,
    cells,
    reach,
    focus(flat) {
      walk(flat);
      cells[flat].focus();
    },
    /** Write a cell; `words` is what a screen reader says instead of the text. */
    write(flat, value, words = `${indexText(name, flat, shape)} = ${value}`) {
      if (cells[flat].textContent !== value) cells[flat].textContent = value;
      if (cells[flat].getAttribute("aria-label") !== words) cells[flat].setAttribute("aria-label", words);
    },
    mark(flat, ...classes) {
      cells[flat].classList.add(...classes);
      marked.push(flat);
    },
    /** Mark cells as `marks` says, {flat: class}, and unmark all others; only what changed is touched. */
    paint(marks) {
      for (const [flat, mark] of painted) if (marks.get(flat) !== mark) cells[flat].classList.remove(mark);
      for (const [flat, mark] of marks) if (painted.get(flat) !== mark) cells[flat].classList.add(mark);
      painted = marks;
    },
    unmark(flat, ...classes) {
      cells[flat].classList.remove(...classes);
    },
    select(flat) {
      walk(flat);
      selected?.removeAttribute("aria-selected");
      selected = cells[flat];
      selected.setAttribute("aria-selected", "true");
    },
    clear() {
      for (const flat of marked) cells[flat].classList.remove("cnn-lit", "cnn-done", "cnn-chosen", "cnn-now", "cnn-wrong");
      selected?.removeAttribute("aria-selected");
      marked = [];
    },
  };
}

/** Lines between pairs of cells of one stage, which pass under all other cells. */
function makeLines() {
  const create = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const id = freshId("mask");
  const el = create("svg", { class: "cnn-lines", "aria-hidden": "true" });
  let paths = [];
  return {
    el,
    /** Lines as [step, from, to] between cells; all the `cells` are passed under. */
    draw(lines, cells) {
      const stage = el.getBoundingClientRect();
      const place = (cell) => {
        const { left, top, width, height } = cell.getBoundingClientRect();
        return { x: left - stage.left, y: top - stage.top, width, height };
      };
      const mask = create("mask", { id, maskUnits: "userSpaceOnUse", x: 0, y: 0, width: stage.width, height: stage.height });
      mask.append(create("rect", { width: "100%", height: "100%", fill: "white" }));
      if (lines.length) mask.append(...cells.map((cell) => create("rect", { ...place(cell), rx: 7, fill: "black" })));
      paths = lines.map(([step, a, b]) => {
        const [from, to] = [place(a), place(b)];
        const middle = ({ x, y, width, height }) => `${x + width / 2} ${y + height / 2}`;
        return [step, create("path", { d: `M${middle(from)}L${middle(to)}` })];
      });
      const group = create("g", { mask: `url(#${id})` });
      group.append(...paths.map(([, path]) => path));
      el.replaceChildren(mask, group);
    },
    now(step) {
      for (const [n, path] of paths) path.classList.toggle("cnn-now", n === step);
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
 * to get there. `grids` are the grids that can be changed, by name.
 */
function makeEditor({ root, model, signal, grids, memory, replied }) {
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
    replied?.(message);
  }
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => model.off("msg:custom", receive));
  const [firstGrid] = Object.keys(grids);
  aim(memory.aim?.name ?? firstGrid, memory.aim?.flat ?? 0);
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

/** Lines follow when the layout changes. */
function keepLines(stage, signal, redraw) {
  const watch = new ResizeObserver(redraw);
  watch.observe(stage);
  signal.addEventListener("abort", () => watch.disconnect());
}

/**
 * Draw a widget, again when its trace changes, and clean up when the view goes. `memory` keeps what was chosen;
 * an edited cell keeps the focus.
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
    memory.typing = root.querySelector(".cnn-edit input")?.matches(":focus") ?? false;
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
