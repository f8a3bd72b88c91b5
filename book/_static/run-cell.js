// One cell on the page: its text and its editor, its buttons, and what the reader's run shows in the place of the book's output.

import { Outputs } from "./run-outputs.js";

function button(text, press, attributes = {}) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, onclick: press });
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Do something that may change what stands above an element, and leave the element where it is on the screen. */
function holdStill(element, change) {
  const before = element.getBoundingClientRect().top;
  change();
  scrollBy({ top: element.getBoundingClientRect().top - before, behavior: "instant" });
}

export class Cell {
  #editor;
  #own;

  /** `page`: { kept, hear(words), run(cell), startOver(cell), offerWhole() }. */
  constructor(element, number, page) {
    Object.assign(this, { element, page });
    this.id = element.dataset.cell;
    this.label = `cell ${number}`;
    this.code = element.querySelector(".cell_input");
    this.bar = this.code.querySelector(".run-bar");
    this.book = this.code.querySelector("pre").textContent.replace(/\n$/, "");
    this.text = this.book;
    this.runButton = this.bar.querySelector(".run");
    this.editButton = this.bar.querySelector(".edit");
    this.status = Object.assign(document.createElement("span"), { className: "run-status" });
    this.over = button("Start this cell over", () => this.startOver(), { class: "over" });
    this.whole = button("Start the whole page over", () => page.startOver(this), { class: "whole" });
    this.back = button("Bring my text back", () => this.bringBack(), { class: "bring-back" });
    this.question = Object.assign(document.createElement("p"), { className: "run-question", hidden: true });
    this.question.setAttribute("role", "alert");
    this.bar.append(this.status, this.over, this.whole, this.back);
    this.bar.after(this.question);
    this.offer();
  }

  /** Whether the text is not the book's. */
  get isOwn() {
    return this.text !== this.book;
  }

  get hasOutput() {
    return this.#own !== undefined;
  }

  get isUntouched() {
    return !this.isOwn && !this.hasOutput;
  }

  /** Show the buttons that have something to do. */
  offer() {
    this.over.hidden = !this.isOwn;
    this.back.hidden = this.before === undefined || this.isOwn;
    if (!this.isUntouched || this.#editor) this.bar.classList.add("asked");
    this.page.offerWhole();
  }

  /** Say what is going on: at the cell, and to who listens, with what is shown. `quiet` keeps what only counts from being read. */
  say(words, { bad = false, quiet = false, shown = "" } = {}) {
    this.bar.classList.add("asked");
    this.status.textContent = words;
    this.status.classList.toggle("bad", bad);
    if (words && !quiet) this.page.hear(`${this.label}: ${words} ${shown}`);
  }

  /** The beginning of what the reader's run shows. */
  shownText() {
    const shown = this.#own?.lastElementChild;
    // What is not laid out, because it is far from the window, has no innerText.
    return (shown?.innerText || shown?.textContent || "").replace(/\s+/g, " ").slice(0, 300);
  }

  /** Open the editor, once; what was typed before is in it. */
  async edit() {
    if (!this.#editor) {
      let edit;
      try {
        ({ edit } = await import("./editor.js"));
      } catch {
        return this.say("The editor did not arrive. Is the network there?", { bad: true });
      }
      if (!this.#editor) this.#open(edit);
    }
    this.#editor.focus();
  }

  #open(edit) {
    const shown = this.code.querySelector("[class*=highlight-]");
    const parent = Object.assign(document.createElement("div"), { className: "run-editor highlight" });
    holdStill(this.bar, () => {
      shown.after(parent);
      shown.hidden = true;
      this.#editor = edit({
        parent,
        text: this.text,
        label: `${this.label}, Python. Shift and Enter run it, Escape leaves it.`,
        run: () => this.page.run(this),
        leave: () => this.runButton.focus(),
        changed: (text) => this.#typed(text),
      });
      this.editButton.hidden = true;
      this.offer();
    });
    this.#warn();
  }

  #typed(text) {
    this.text = text;
    this.offer();
    if (!this.question.hidden) return;
    if (!this.page.kept.keep(this.id, this.#entry())) this.ask();
    this.#warn();
  }

  #entry() {
    return this.isOwn ? { text: this.text, book: this.book } : undefined;
  }

  /** Put another text into the cell. */
  async set(text) {
    this.text = text;
    if (this.#editor) this.#editor.set(text);
    else if (this.isOwn) await this.#showText();
    this.offer();
  }

  /** The reader's text in an editor, without taking the focus; where the editor does not arrive, as it is. */
  async #showText() {
    try {
      const { edit } = await import("./editor.js");
      if (!this.#editor) this.#open(edit);
    } catch {
      this.code.querySelector("pre").textContent = this.text;
    }
  }

  /** Take up what was typed when this page was open before. */
  async restore() {
    const { text, book } = this.page.kept.of(this.id);
    await this.set(text);
    const output = this.#bookOutput() ? " The output is still the book's; Run shows yours." : "";
    const changed = book !== this.book ? " The book's code has changed since; Start over shows it." : "";
    this.say(`This is your text from before.${output}${changed}`, { quiet: true });
  }

  /** Another tab has written this cell: which text is to stay? */
  ask() {
    const answer = (decide) => () => {
      this.question.hidden = true;
      decide();
      this.runButton.focus();
    };
    this.question.replaceChildren(
      "Another tab has changed this cell. ",
      button("Keep what stands here", answer(() => this.page.kept.insist(this.id, this.#entry()))),
      " ",
      button("Take the other tab's", answer(() => this.set(this.page.kept.takeOver(this.id)?.text ?? this.book))),
    );
    this.question.hidden = false;
  }

  startOver() {
    this.before = this.isOwn ? this.text : this.before;
    if (!this.page.kept.keep(this.id, undefined)) return this.ask();
    holdStill(this.bar, () => {
      this.set(this.book);
      this.showBook();
    });
    this.say("This is the book's code again.");
    (this.back.hidden ? this.runButton : this.back).focus({ preventScroll: true });
  }

  async bringBack() {
    await this.set(this.before);
    if (!this.page.kept.keep(this.id, this.#entry())) this.ask();
    this.say("This is your text again.");
    this.runButton.focus({ preventScroll: true });
  }

  // Outputs

  /** A place for what the cell shows now. It takes the place of the last one, or of the book's, with the first output. */
  begin() {
    const place = Object.assign(document.createElement("div"), { className: "cell_output docutils container" });
    const outputs = new Outputs(place);
    let isShown = false;
    const show = () => {
      if (isShown) return;
      isShown = true;
      holdStill(this.bar, () => this.#replace(place));
    };
    return {
      add: (output) => {
        show();
        return outputs.add(output);
      },
      /** The cell has ended; if it showed nothing, then that is its output. */
      end: async () => {
        await outputs.drawn;
        if (!place.hasChildNodes() && (this.#own || this.#bookOutput())) {
          place.append(Object.assign(document.createElement("p"), { className: "own-nothing", textContent: "Nothing was shown." }));
        }
        if (place.hasChildNodes()) show();
        this.offer();
      },
    };
  }

  /** What the book shows for this cell, or null. */
  #bookOutput() {
    return this.element.querySelector(".cell_output:not(.own-run .cell_output)");
  }

  #replace(place) {
    if (this.#own) return this.#own.lastElementChild.replaceWith(place);
    const book = this.#bookOutput();
    this.#own = Object.assign(document.createElement("div"), { className: "own-run" });
    this.#own.setAttribute("role", "group");
    this.#own.setAttribute("aria-label", `Your run of ${this.label}`);
    const head = Object.assign(document.createElement("p"), { className: "own-head" });
    head.append(Object.assign(document.createElement("b"), { textContent: "Your run" }));
    if (book) head.append(" ", button("Show the book's output again", () => this.bookAgain()));
    this.#own.append(head, place);
    (book ?? this.code).after(this.#own);
    if (book) book.hidden = true;
    this.offer();
  }

  bookAgain() {
    holdStill(this.bar, () => this.showBook());
    this.say("");
    this.page.hear(`${this.label}: the book's output again`);
    this.runButton.focus({ preventScroll: true });
  }

  /** Take the reader's output away. */
  showBook() {
    this.#own?.remove();
    this.#own = undefined;
    const book = this.#bookOutput();
    if (book) book.hidden = false;
    this.offer();
  }

  /** Where nothing can be kept, the reader learns it when there is something to lose. */
  #warn() {
    if (this.page.kept.works || this.page.isWarned) return;
    this.page.isWarned = true;
    this.say("This browser keeps nothing for this page: what you type is lost when you leave it. Everything else works.");
  }
}
