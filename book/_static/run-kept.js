// What a reader typed into the cells of this page, kept on the device: { cell id: { text, book } }, where `book` is the code
// that the book had then. Nothing is overwritten that another tab wrote and this one has not seen.

const KEY = `cnnlab-code:${location.pathname}`;

function read() {
  return JSON.parse(localStorage.getItem(KEY)) ?? {};
}

export class Kept {
  #seen = {};
  /** Whether this browser keeps anything for this page. */
  works = true;

  constructor() {
    try {
      this.#seen = read();
      localStorage.setItem(`${KEY}?`, "");
      localStorage.removeItem(`${KEY}?`);
    } catch {
      this.works = false;
    }
  }

  /** The ids of all cells that have something kept. */
  ids() {
    return Object.keys(this.#seen);
  }

  /** What is kept of a cell as this tab knows it, or undefined. */
  of(id) {
    return this.#seen[id];
  }

  /** Keep a cell, or forget it if `entry` is undefined. False if another tab has written since: then nothing changes. */
  keep(id, entry) {
    if (!this.works) return true;
    try {
      const all = read();
      if (all[id]?.text !== this.#seen[id]?.text) return false;
      this.#write(all, id, entry);
    } catch {
      this.works = false;
    }
    return true;
  }

  /** Keep a cell over what another tab wrote: the reader was asked. */
  insist(id, entry) {
    this.#write(read(), id, entry);
  }

  /** What another tab has written of a cell, from now on known to this one. */
  takeOver(id) {
    const entry = read()[id];
    this.#know(id, entry);
    return entry;
  }

  /** Call `tell(id, text)` whenever another tab has written something else; without a text it has started the cell over. */
  watch(tell) {
    addEventListener("storage", ({ key }) => {
      if (key !== KEY && key !== null) return;
      const all = read();
      const ids = new Set([...Object.keys(all), ...Object.keys(this.#seen)]);
      for (const id of ids) if (all[id]?.text !== this.#seen[id]?.text) tell(id, all[id]?.text);
    });
  }

  #write(all, id, entry) {
    all[id] = entry;
    if (!entry) delete all[id];
    if (Object.keys(all).length) localStorage.setItem(KEY, JSON.stringify(all));
    else localStorage.removeItem(KEY);
    this.#know(id, entry);
  }

  #know(id, entry) {
    this.#seen = { ...this.#seen, [id]: entry };
    if (!entry) delete this.#seen[id];
  }
}
