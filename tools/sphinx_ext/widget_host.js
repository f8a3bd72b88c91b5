// The part of a widget manager that the book's widgets need: each gets a model with its stored state,
// draws itself and takes the place of its still. Works from the disk, too: nothing is fetched.

class Model {
  #state;
  #listeners = new Map();

  constructor(state) {
    this.#state = state;
  }
  get(name) {
    return this.#state[name];
  }
  set(name, value) {
    if (this.#state[name] === value) return;
    this.#state[name] = value;
    for (const event of [`change:${name}`, "change"]) {
      for (const listener of this.#listeners.get(event) ?? []) listener();
    }
  }
  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }
  off(event, listener) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((known) => known !== listener));
  }
  // There is no Python to write to or to ask.
  save_changes() {}
  send() {}
}

// Made when the first widget starts: the page is read before, and much of it without any.
let stock;

/** The page's widgets, and a promise of each module that they need. */
function unpack() {
  const nothing = '{ "models": {}, "modules": [], "worn": [], "parts": [], "styles": [] }';
  const { models, modules, worn, parts, styles, live } = JSON.parse(document.getElementById("cnnlab-widgets")?.textContent ?? nothing);
  // What all pages share stands in a file of its own, which the browser keeps.
  const shared = globalThis.cnnlabShared ?? { parts: [], styles: [], named: {} };
  const [allParts, allStyles] = [[...shared.parts, ...parts], [...shared.styles, ...styles]];
  // Widgets of one title are told apart in the page's address by a number.
  const seen = {};
  for (const { dataset } of document.querySelectorAll(".cnnlab-widget")) {
    const { title } = models[dataset.model].state.trace;
    if (!title) continue; // an answer box writes no address
    seen[title] = (seen[title] ?? 0) + 1;
    if (seen[title] > 1) dataset.nth = seen[title];
  }
  const wearing = new Set();
  function wear(place) {
    if (wearing.has(place)) return;
    wearing.add(place);
    document.head.append(Object.assign(document.createElement("style"), { textContent: allStyles[place] }));
  }
  worn.forEach(wear);
  // Widgets tell readers where they can change the numbers.
  if (live) document.body.dataset.liveUrl = live;
  function load(places) {
    const text = places.map((place) => allParts[place]).join("\n");
    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    return import(address).finally(() => URL.revokeObjectURL(address));
  }
  const loading = modules.map(load);
  const byName = {};
  function named(name) {
    wear(shared.named[name].style);
    return (byName[name] ??= load(shared.named[name].parts));
  }
  return { models, loading, named, living: new Map() };
}

/** Draw a widget that a reader's own code has made: its kind by name, and its state. */
globalThis.cnnlabDraw = async (el, name, state) => {
  const { default: widget } = await (stock ??= unpack()).named(name);
  await widget.render({ model: new Model(state), el });
};

async function start(place) {
  const id = place.dataset.model;
  const still = [...place.childNodes];
  const el = document.createElement("div");
  try {
    const { models, loading, living } = (stock ??= unpack());
    const { module, state } = models[id];
    if (!living.has(id)) living.set(id, new Model(state));
    const { default: widget } = await loading[module];
    place.append(el);
    await widget.render({ model: living.get(id), el });
    for (const node of still) node.remove();
    place.dataset.alive = "";
    if (still.some((node) => node.querySelector?.("svg") ?? false)) onPaper(place, el, still);
  } catch (error) {
    // The still stays.
    el.remove();
    console.error(error);
  }
}

/** On paper a picture is its still, the strip of its key frames, as long as its numbers are the book's. */
function onPaper(place, el, still) {
  const paper = matchMedia("print");
  paper.addEventListener("change", () => {
    const strip = paper.matches && !el.querySelector("[data-own]");
    el.hidden = strip;
    if (strip) place.prepend(...still);
    else for (const node of still) node.remove();
  });
}

// A widget starts when it is less than a screen away, and only one at a time, so that a hand on the page never waits long.
const waiting = new Set(document.querySelectorAll(".cnnlab-widget"));
let before = Promise.resolve();
function call(place) {
  if (!waiting.delete(place)) return;
  near.unobserve(place);
  before = before.then(() => new Promise((done) => setTimeout(done))).then(() => start(place));
}
const near = new IntersectionObserver(
  (seen) => seen.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => call(target)),
  { rootMargin: "100%" },
);
for (const place of waiting) near.observe(place);
// From a still the Tab key would go on to whatever follows, so whoever uses keys gets all widgets.
addEventListener("keydown", () => [...waiting].forEach(call), { once: true });
// An address that asks something of a widget may mean any of them.
function asked() {
  if (location.hash.startsWith("#numbers;")) [...waiting].forEach(call);
}
addEventListener("hashchange", asked);
asked();
