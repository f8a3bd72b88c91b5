// The reader's own numbers. A document's numbers stay what they are: an edit happens on a copy, which says so, and which the
// page's address carries, so that it can be passed on; it also says which widget stands alone.

const HASH = "#numbers;";

/** The number in a text, or NaN: all that an answer box reads, sums and fractions too. */
function readNumber(text) {
  return readings(text)[0]?.value ?? NaN;
}

/** The parts of an address that belong to widgets, {name of the widget: {name of the array: text}}. */
function readAddress(hash) {
  const found = {};
  if (!hash.startsWith(HASH)) return found;
  for (const piece of hash.slice(HASH.length).replaceAll("%2C", ",").split(";")) {
    const [name, ...arrays] = piece.split("/");
    if (name) found[name] = Object.fromEntries(arrays.map((one) => one.split("=")).map(([array, text = ""]) => [array, text]));
  }
  return found;
}

function writeAddress(parts) {
  const written = ([array, text]) => (text ? `${array}=${text}` : array);
  const pieces = Object.entries(parts).map(([name, arrays]) => [name, ...Object.entries(arrays).map(written)].join("/"));
  return pieces.length ? HASH + pieces.join(";") : "";
}

/** A title as an address writes it. */
function slug(title) {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

/**
 * The name of a widget in its page's address: its title, and a number where the page has others of that title. Null where the
 * address is not the widget's to write: only a page of the book has one.
 */
function nameOf(root, { title }) {
  const place = root.closest(".cnnlab-widget");
  return place && [slug(title), place.dataset.nth].filter(Boolean).join("-");
}

/**
 * What an address asks for: the numbers of arrays, {name: values}, the positions of sliders, {name: value}, and a word about
 * what does not fit. `sliders` has the least and the largest value of each.
 */
function numbersAsked({ alone, ...asked }, given, sliders = {}) {
  const [arrays, moved] = [{}, {}];
  const wrong = [];
  for (const [name, text] of Object.entries(asked)) {
    const values = String(text).split(",").map(readNumber);
    if (Object.hasOwn(sliders, name)) {
      const [least, most] = sliders[name];
      if (values.length === 1 && Number.isInteger(values[0]) && values[0] >= least && values[0] <= most) moved[name] = values[0];
      else wrong.push(`${name} goes from ${least} to ${most}`);
      continue;
    }
    const count = Object.hasOwn(given, name) ? given[name].values.length : 0;
    if (count && values.length === count && values.every(Number.isFinite)) arrays[name] = values;
    else wrong.push(count ? `${name} has ${count} numbers` : `there is no ${name}`);
  }
  const words = wrong.length ? `The address asks for numbers that do not fit here: ${wrong.join(", ")}. They were left out.` : "";
  return { arrays, moved, words };
}

/** Where the address wants the sliders of a widget, which stand as in `book`, or null where it says nothing of the widget. */
function slidersAsked(root, trace, book) {
  const mine = readAddress(location.hash)[nameOf(root, trace)];
  return mine ? { ...book, ...numbersAsked(mine, {}, trace.sliders).moved } : null;
}

/** The sliders that do not stand as in `book`, as the address writes them. */
function slidersMoved(now, book) {
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => value !== book[name]).map(([name, value]) => [name, String(value)]));
}

/**
 * A copy of `trace.given` that can be changed: in the cells of the grids that are handed to `attach`, with buttons, and through
 * the address. `changed` draws what depends on it and returns words for it. A grid shows the array of its own name, unless `holds`
 * names another one; `label` is what one of its numbers is called; `random` has the words of a button, and the grids it is for.
 */
function makeNumbers({
  root, trace, signal, memory, say, changed,
  holds = (name) => name,
  label = (name, place) => indexText(name, place, trace.given[name].shape),
  random = { words: "Random integers", of: Object.keys(trace.given) },
}) {
  const { given, sliders } = trace;
  const arrays = Object.fromEntries(Object.entries(given).map(([name, { shape, values }]) => [name, { shape, values: [...values] }]));
  const page = nameOf(root, trace);
  let grids = {};
  let target = null;
  let late = false; // whether the address is behind

  const mark = make("span", { class: "cnn-badge", hidden: "" }, "your numbers");
  const alone = makeAlone({ root, signal, memory, told: keep });
  const note = make("p", { class: "cnn-note" });
  const error = make("p", { class: "cnn-error", role: "alert", hidden: "" });
  const by = (words, text, change) => make("button", { type: "button", "aria-label": words, onclick: () => nudge(change) }, text);
  const aimed = make("span", { class: "cnn-number cnn-aim" });
  const reset = make("button", { type: "button", onclick: () => replace((name) => given[name].values, "The book's numbers again.") }, "Reset");
  const chance = make("button", { type: "button", onclick: draw }, random.words);
  const el = make(
    "div",
    { class: "cnn-controls cnn-numbers", role: "group", "aria-label": "Numbers" },
    aimed,
    by("One less", "\u2212", (value) => value - 1),
    by("One more", "+", (value) => value + 1),
    by("Other sign", "\u00b1", (value) => -value),
    chance,
    reset,
  );

  const value = (name, place) => arrays[holds(name)].values[place];
  const text = (name, place) => number(value(name, place), trace.digits);
  const differs = (name, place) => value(name, place) !== given[holds(name)].values[place];
  const edited = () => Object.keys(given).filter((array) => given[array].values.some((one, place) => one !== arrays[array].values[place]));
  const own = () => edited().length > 0;

  function write(name, place) {
    grids[name].write(name, place, text(name, place), { own: differs(name, place) });
    if (target?.name === name && target.place === place) aim(name, place);
  }
  /** Write what all grids hold. */
  function rewrite() {
    for (const [name, { cells }] of Object.entries(grids)) cells.forEach((_, place) => write(name, place));
  }
  function redraw() {
    mark.hidden = !own();
    root.toggleAttribute("data-own", own());
    reset.setAttribute("aria-disabled", String(!own()));
    for (const grid of Object.values(grids)) grid.shade();
    const words = changed();
    for (const grid of Object.values(grids)) grid.fit();
    return words;
  }
  function tell(words = "") {
    error.hidden = !words;
    note.hidden = Boolean(words);
    error.textContent = words;
  }
  function keep() {
    if (!page) return;
    const mine = edited().map((array) => [array, arrays[array].values.map((one) => number(one, 12)).join(",")]);
    mine.unshift(...Object.entries(trace.moved ?? {}));
    if (alone.isOpen()) mine.push(["alone", ""]);
    const { [page]: _, ...others } = readAddress(location.hash);
    const hash = writeAddress(mine.length ? { ...others, [page]: Object.fromEntries(mine) } : others);
    if (hash || location.hash.startsWith(HASH)) history.replaceState(history.state, "", hash || location.pathname + location.search);
  }
  /** A browser takes milliseconds to change its address: the picture comes first. */
  function keepLater() {
    if (late) return;
    late = true;
    requestAnimationFrame(() =>
      setTimeout(() => {
        late = false;
        if (!signal.aborted) keep();
      }),
    );
  }
  function set(name, place, to) {
    if (value(name, place) === to) return "";
    arrays[holds(name)].values[place] = to;
    memory.arrays = arrays;
    write(name, place);
    return redraw();
  }
  function settle(name, place, to) {
    tell();
    const words = set(name, place, to) || changed();
    keepLater();
    say(`${label(name, place)} = ${text(name, place)}${differs(name, place) ? ", your number" : ""}. ${words}`);
  }
  function nudge(change) {
    if (target) settle(target.name, target.place, change(value(target.name, target.place)));
  }
  function replace(values, words) {
    for (const name of Object.keys(given)) arrays[name].values = [...values(name)];
    rewrite();
    memory.arrays = arrays;
    tell();
    const then = redraw();
    keep();
    say(`${words} ${then}`);
  }
  function draw() {
    const drawn = random.of.map(holds);
    const integers = (name) => given[name].values.map(() => Math.floor(Math.random() * 9) - 4);
    replace((name) => (drawn.includes(name) ? integers(name) : arrays[name].values), `${random.words}.`);
  }
  function aim(name, place) {
    target = { name, place };
    aimed.textContent = `${label(name, place)} = ${text(name, place)}`;
  }
  function read() {
    const asked = page && readAddress(location.hash)[page];
    const wanted = Boolean(asked && "alone" in asked);
    if (page && wanted !== alone.isOpen()) alone.set(wanted);
    if (!asked) return false;
    const { arrays: found, words } = numbersAsked(asked, given, sliders);
    if (own() || Object.keys(found).length) replace((name) => found[name] ?? given[name].values, "The numbers of the address.");
    tell(words);
    return true;
  }

  return {
    el,
    /** What stands behind the title: that the numbers are the reader's, and the button that shows the widget alone. */
    badge: make("span", {}, mark, alone.button),
    footer: make("div", { class: "cnn-foot" }, note, error),
    /** The button for random integers, where it has a better place. */
    chance,
    arrays,
    value,
    own,
    set,
    settle,
    keep,
    aim,
    rewrite,
    /** What was typed is no number: the one before stays, and the reader hears what was expected. */
    refuse(name, place, before, typed) {
      set(name, place, before);
      tell(`“${typed}” is not a number. Type one such as 2, -0.5 or 3/4. ${label(name, place)} stays ${text(name, place)}.`);
    },
    /** Show these grids, and take what an earlier drawing has; the address is heard once, and when it changes. */
    attach(shown, first) {
      grids = shown;
      const shaded = Object.entries(shown).filter(([, { small }]) => small).map(([name]) => name);
      const underlined = shaded.length < Object.keys(shown).length && "underlined numbers";
      const shades = shaded.length > 0 && `shades of ${shaded.join(", ")}`;
      note.textContent = `Type over ${[underlined, shades].filter(Boolean).join(" or ")}.`;
      aim(...first);
      if (memory.arrays) replace((name) => memory.arrays[name]?.values ?? given[name].values, "");
      else redraw();
      if (!memory.heard && read()) requestAnimationFrame(() => root.scrollIntoView({ block: "start" }));
      memory.heard = true;
      addEventListener("hashchange", read, { signal });
    },
  };
}
