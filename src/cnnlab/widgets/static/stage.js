// What the widgets that step through a sum share: grids of numbers, the wire of the present term, and the steps.

function indexText(name, place, shape) {
  return `${name}[${unflatten(place, shape).join(", ")}]`;
}

/**
 * A grid that the arrow keys walk through; Enter, Space or a click chooses a cell.
 *
 * A cell shows one number or, one above the other, two that belong to one place: what goes forward, and its gradient.
 * `parts` is a list of {name, role, text}. `columns` is how many stand in a row, `small` paints shades in the place of numbers,
 * `longest` makes room for texts to come. Without `choose` the grid is for looking only. `numbers` makes the part `name` a number
 * that the reader can change. `padding` is how many zeros stand around it along each axis; `rim` finds them by their index.
 */
function makeGrid({ name, words, shape, parts, role, columns = shape.at(-1), small = false, longest = 1, choose, focused, numbers, padding = [0] }) {
  const count = parts[0].text.length;
  const id = freshId("grid");
  const cells = [];
  const nodes = parts.map(() => []);
  const mine = numbers ? parts.findIndex((part) => part.name === name) : -1;
  let current = 0;
  let pressed = false; // whether the cell had the focus before it was pressed
  let painted = new Map();
  let selected = null;
  let fitted = 0;
  let room = longest;
  const written = new Map(); // what each node was told last
  const shades = [];

  const rim = new Map();
  const [above, beside] = small ? [0, 0] : padding.length === 1 ? [0, padding[0]] : padding;
  const zero = (...index) => {
    const node = make("div", { class: "cnn-rim", "aria-hidden": "true" }, "0");
    rim.set(String(index.slice(-shape.length)), node);
    return node;
  };
  const zeroRow = (row) => Array.from({ length: columns + 2 * beside }, (_, n) => zero(row, n - beside));

  const body = make("div", { class: "cnn-cells", "aria-labelledby": id });
  body.style.setProperty("--columns", columns + 2 * beside);
  for (let n = above; n > 0; n--) body.append(...zeroRow(-n));
  const most = `calc((100cqw * var(--share) - ${columns + 8}px) / ${columns})`;
  if (small) body.style.setProperty("--cell", `max(6px, min(${columns > 12 ? "14px" : "var(--most)"}, ${most}))`);
  for (let start = 0; start < count; start += columns) {
    const row = make("div", { class: "cnn-row", role: "row" });
    for (let place = start; place < Math.min(start + columns, count); place++) {
      const cell = make("div", { class: "cnn-cell", "data-role": role, "data-flat": place });
      parts.forEach((part, n) => {
        // The first part is labelled with the names and numbers of all, and so names the cell.
        const hearing = n ? { "aria-hidden": "true" } : { role: "img" };
        const node = make("span", { class: "cnn-part", "data-role": part.role, ...hearing }, part.text[place]);
        if (n === mine) node.dataset.edit = "";
        nodes[n].push(node);
        if (!small || n === 0) cell.append(node);
      });
      cells.push(cell);
      row.append(cell);
    }
    const ends = Array.from({ length: beside }, (_, n) => n);
    row.prepend(...ends.map((n) => zero(start / columns, n - beside)));
    row.append(...ends.map((n) => zero(start / columns, columns + n)));
    body.append(row);
  }
  for (let n = 0; n < above; n++) body.append(...zeroRow(count / columns + n));
  if (parts.length > 1 && !small) body.classList.add("cnn-double");

  /** Room for the longest text that a cell has to hold, or will have to: what was said last of that holds. */
  function fit(least = room) {
    if (small) return;
    room = least;
    const characters = Math.max(room, ...parts.flatMap((_, n) => nodes[n].map((node) => node.firstChild.data.length)));
    if (characters !== fitted) body.style.setProperty("--characters", characters);
    fitted = characters;
  }
  function describe(place, words) {
    const said = words ?? parts.map((part, n) => `${indexText(part.name, place, shape)} = ${nodes[n][place].firstChild.data}`).join(", ");
    const own = mine >= 0 && "own" in nodes[mine][place].dataset ? ", your number" : "";
    const label = nodes[0][place];
    if (label.getAttribute("aria-label") !== said + own) label.setAttribute("aria-label", said + own);
    if (!small) return;
    cells[place].classList.toggle("cnn-negative", nodes[0][place].firstChild.data.startsWith("-"));
    cells[place].classList.toggle("cnn-own", own !== "");
  }
  function shade() {
    if (!small) return;
    const sizes = nodes[0].map((node) => Math.abs(Number(node.firstChild.data)));
    const top = Math.max(...sizes) || 1;
    sizes.forEach((size, place) => {
      const shade = Math.round((size / top) * 9);
      if (shade !== shades[place]) cells[place].style.setProperty("--shade", shade);
      shades[place] = shade;
    });
  }

  function walk(place) {
    cells[current].tabIndex = -1;
    current = place;
    cells[current].tabIndex = 0;
  }
  /** Cells that can be chosen or changed are reached by keyboard; others are a table to read. */
  function reach(reached) {
    body.setAttribute("role", reached ? "grid" : "table");
    for (const cell of cells) {
      cell.setAttribute("role", reached ? "gridcell" : "cell");
      cell.toggleAttribute("data-quiet", !reached);
      if (reached) cell.tabIndex = -1;
    }
    if (reached) walk(current);
  }

  body.addEventListener("pointerdown", (event) => {
    pressed = event.target.closest(".cnn-cell") === document.activeElement;
  });
  body.addEventListener("click", (event) => {
    const cell = event.target.closest(".cnn-cell:not([data-quiet])");
    if (!cell || event.target.tagName === "INPUT") return;
    walk(Number(cell.dataset.flat));
    cell.focus({ preventScroll: true });
    if (mine >= 0 && pressed) edit(current);
    else choose?.(current);
  });
  body.addEventListener("focusin", (event) => {
    const cell = event.target.closest(".cnn-cell");
    walk(Number(cell.dataset.flat));
    focused?.(name, Number(cell.dataset.flat));
    if (mine >= 0) numbers.aim(name, Number(cell.dataset.flat));
  });
  body.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "INPUT") return;
    const column = current % columns;
    const to = {
      ArrowLeft: column > 0 ? current - 1 : current,
      ArrowRight: column < columns - 1 ? Math.min(current + 1, count - 1) : current,
      ArrowUp: current >= columns ? current - columns : current,
      ArrowDown: current + columns < count ? current + columns : current,
      Home: current - column,
      End: Math.min(current - column + columns, count) - 1,
    }[event.key];
    if (to !== undefined) {
      walk(to);
      cells[to].focus();
    } else if (event.key === "Enter" || event.key === " ") choose?.(current);
    else if (mine >= 0 && event.key === "F2") edit(current);
    else if (mine >= 0 && /^[-0-9.,]$/.test(event.key)) edit(current, event.key);
    else return;
    event.preventDefault();
  });

  /** A field in the cell: what is typed counts at once, arrows change it by one, Escape takes it back. */
  function edit(place, typed) {
    const before = numbers.value(name, place);
    const label = indexText(name, place, shape);
    const field = make("input", { class: "cnn-field", type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": label });
    const cell = cells[place];
    field.value = typed ?? nodes[mine][place].firstChild.data;
    let open = true;
    function close(taken) {
      if (!open) return;
      open = false;
      const value = readNumber(field.value);
      const typing = document.activeElement === field;
      field.remove();
      if (!taken) numbers.set(name, place, before);
      else if (Number.isFinite(value)) numbers.settle(name, place, value);
      else numbers.refuse(name, place, before, field.value);
      if (typing) cell.focus({ preventScroll: true });
    }
    field.addEventListener("input", () => {
      const value = readNumber(field.value);
      if (Number.isFinite(value)) numbers.set(name, place, value);
    });
    field.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.isComposing) return;
      if (by) {
        numbers.set(name, place, numbers.value(name, place) + by);
        field.value = nodes[mine][place].firstChild.data;
      } else if (event.key === "Enter" || event.key === "Escape") close(event.key === "Enter");
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    field.addEventListener("blur", () => close(true));
    cell.append(field);
    field.focus({ preventScroll: true });
    if (typed === undefined) field.select();
    else if (Number.isFinite(readNumber(typed))) numbers.set(name, place, readNumber(typed));
  }

  // The label is the legend: each name wears the color and the line of its role.
  const roles = Object.fromEntries(parts.map((part) => [part.name, part.role]));
  const names = words.map((word) => (word.nodeType ? make("b", { "data-role": roles[word.textContent] }, word.textContent) : word));
  cells.forEach((_, place) => describe(place));
  shade();
  fit();
  reach(Boolean(choose) || mine >= 0);
  return {
    el: make("div", { class: small ? "cnn-grid cnn-small" : "cnn-grid", "data-name": name }, make("span", { class: "cnn-label", id }, ...names), body),
    shape,
    small,
    cells,
    rim,
    reach,
    fit,
    /** Write one number of a cell; an unfinished sum is `open`, `words` is what a screen reader says instead. */
    write(part, place, text, { open = false, own, words } = {}) {
      const node = nodes[parts.findIndex(({ name }) => name === part)][place];
      const told = [text, open, own, words].join("\n");
      if (written.get(node) === told) return;
      written.set(node, told);
      if (node.firstChild.data !== text) node.firstChild.data = text;
      node.toggleAttribute("data-open", open);
      if (own !== undefined) node.toggleAttribute("data-own", own);
      describe(place, words);
    },
    shade,
    /** Mark cells and parts of cells as `marks` says, {place or "place part": classes}, and nothing else. */
    paint(marks) {
      const node = (key) => {
        const [place, part] = String(key).split(" ");
        return part ? nodes[parts.findIndex(({ name }) => name === part)][place] : cells[place];
      };
      for (const [key, classes] of painted) if (marks.get(key) !== classes) node(key).classList.remove(...classes.split(" "));
      for (const [key, classes] of marks) if (painted.get(key) !== classes) node(key).classList.add(...classes.split(" "));
      painted = marks;
    },
    select(place) {
      walk(place);
      selected?.removeAttribute("aria-selected");
      selected = cells[place];
      selected.setAttribute("aria-selected", "true");
    },
  };
}

/**
 * The line of code that makes a number, its names in the colors of their roles. `show` takes the pieces of the line: text, or
 * [text, role] for what is lit in the picture, too.
 */
function makeCode() {
  const el = make("code", { class: "cnn-code" });
  return {
    el,
    show(...pieces) {
      el.replaceChildren(...pieces.map((one) => (Array.isArray(one) ? make("b", { "data-role": one[1] }, one[0]) : one)));
    },
  };
}

/** Terms one after the other, the last ones of them lit: [{text, now}]. */
function termNodes(terms) {
  return terms.flatMap(({ text, now }, n) => [n ? " + " : "", now ? make("b", { class: "cnn-now" }, text) : text]);
}

/** The label of a grid: words with names in bold, as in label("input", "x"). */
function label(...words) {
  return words.map((word, n) => (n % 2 ? make("b", {}, word) : ` ${word} `));
}

/** Wires between pairs of cells of two grids of one stage, above the cells, from edge to edge. */
function makeWires(stage, signal, upper, lower) {
  const create = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const el = create("svg", { class: "cnn-wires", "aria-hidden": "true" });
  let pairs = [];
  function draw() {
    // Where one grid stands under the other, its label goes below it, so that no wire crosses it.
    lower.classList.toggle("cnn-below", lower.getBoundingClientRect().top >= upper.getBoundingClientRect().bottom - 8);
    const corner = el.getBoundingClientRect();
    const nodes = pairs.flatMap(([a, b]) => {
      const [from, to] = [a, b].map((cell) => cell.getBoundingClientRect());
      const middle = ({ left, top, width, height }) => [left + width / 2, top + height / 2];
      const [x, y] = middle(from);
      const [dx, dy] = middle(to).map((end, axis) => end - [x, y][axis]);
      // As much of the way from middle to middle as lies inside a cell is left out.
      const inside = ({ width, height }) => Math.min(width / 2 / Math.abs(dx || 1e-9), height / 2 / Math.abs(dy || 1e-9), 0.5);
      const at = (part) => [x + dx * part - corner.left, y + dy * part - corner.top];
      const [start, end] = [at(inside(from)), at(1 - inside(to))];
      return [create("path", { d: `M${start}L${end}` }), ...[start, end].map(([cx, cy]) => create("circle", { cx, cy, r: 3.5 }))];
    });
    el.replaceChildren(...nodes);
  }
  const watch = new ResizeObserver(draw);
  watch.observe(stage);
  signal.addEventListener("abort", () => watch.disconnect());
  stage.append(el);
  return {
    join(cells) {
      pairs = cells;
      draw();
    },
  };
}

const SPEEDS = { slow: 2, normal: 1, fast: 0.3 };

/**
 * Step, Back and Play. `show(k)` draws the state after k of the steps and returns words for it. A widget begins with its last
 * step; from there Step and Play begin again. Under reduced motion Play shows the last state at once, and so does paper.
 * Where `adds(k)` says whether step k adds anything but zero, `skip` is a box to pass over those that do not.
 */
function makePlayer({ root, signal, show, adds = () => true }) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const paper = matchMedia("print");
  let at = 0;
  let count = 0;
  let timer = 0;
  let beforePaper = null;

  const step = make("button", { type: "button", class: "cnn-main", onclick: () => (pause(), go(next(1))) }, "Step");
  const back = make("button", { type: "button", onclick: () => (pause(), go(next(-1))) }, "Back");
  const play = make("button", { type: "button", onclick: () => (timer ? pause(true) : start()) }, "Play");
  const speed = make("select", { "aria-label": "Speed of Play" }, ...Object.keys(SPEEDS).map((name) => make("option", { value: name }, name)));
  speed.value = "normal";
  const place = make("span", { class: "cnn-place" });
  const spoken = make("div", { class: "cnn-spoken", role: "status", "aria-live": "polite" });
  const el = make("div", { class: "cnn-controls", role: "group", "aria-label": "Steps" }, step, back, play, speed, place);
  const skipping = make("input", { type: "checkbox" });
  const skip = make("label", { class: "cnn-skip" }, skipping, "skip zeros");

  /** The step to go to: from the last one on to the first, and on over those that add zero, if they are skipped. */
  function next(by) {
    let to = (by > 0 && at === count ? 0 : at) + by;
    while (skipping.checked && to > 0 && to < count && !adds(to)) to += by;
    return to;
  }

  function tell() {
    setText(step, at === count && count ? "Again" : "Step");
    setText(play, timer ? "Pause" : calm.matches ? "Show all" : "Play");
    for (const [button, dead] of [[back, at === 0], [step, count === 0], [play, count === 0]]) {
      button.setAttribute("aria-disabled", String(dead));
    }
    setText(place, count ? `${at} of ${count}` : "");
    root.dataset.step = at;
    root.dataset.steps = count;
    skip.toggleAttribute("data-idle", Array.from({ length: count }, (_, k) => adds(k + 1)).every(Boolean));
  }
  function go(to, quietly = false) {
    at = Math.max(0, Math.min(count, to));
    const words = show(at);
    tell();
    if (!quietly && !timer) spoken.textContent = words;
    return words;
  }
  function pause(aloud = false) {
    clearTimeout(timer);
    timer = 0;
    if (aloud) go(at);
    tell();
  }
  function start() {
    if (!count) return;
    if (calm.matches) return void go(count);
    const walk = () => {
      timer = setTimeout(walk, Math.max(250, Math.min(1000, 12000 / count)) * SPEEDS[speed.value]);
      const to = next(1);
      if (to >= count) pause();
      go(to);
    };
    walk();
    tell();
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
  calm.addEventListener("change", tell, { signal });
  paper.addEventListener("change", print, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));

  return {
    el,
    skip,
    spoken,
    /** Take this many steps, and stand at `to`. */
    load(steps, to = steps, quietly = false) {
      count = steps;
      pause();
      go(to, quietly);
    },
    /** The same step again, after a number was changed; whoever was at the end stays at the end. */
    again(steps) {
      const end = at === count;
      count = steps;
      return go(end ? count : at, true);
    },
    go,
    say(words) {
      spoken.textContent = words;
    },
  };
}
