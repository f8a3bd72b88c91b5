// Outputs of a cell, drawn as the book's own are: text, HTML, pictures, Markdown, widgets, and errors.

const STATIC = new URL(".", import.meta.url);
const WIDGET = "application/vnd.cnnlab.widget+json";

function make(tag, classes, content = {}) {
  return Object.assign(document.createElement(tag), { className: classes, ...content });
}

/** A box of plain text with the classes that the book's have. */
function textBox(kind, text) {
  const box = make("div", `output ${kind} highlight-myst-ansi notranslate`);
  const around = make("div", "highlight");
  around.append(make("pre", "", { textContent: text }));
  box.append(around);
  return box;
}

function htmlBox(kind, html) {
  const box = make("div", `output ${kind}`, { innerHTML: html });
  // Code that writes a link names a notebook; here that is a page.
  for (const link of box.querySelectorAll("a[href]")) {
    const written = link.getAttribute("href");
    if (/^[\w-]+\.ipynb(#|$)/.test(written)) link.setAttribute("href", written.replace(".ipynb", ".html"));
  }
  // The report of a check, which may stand anywhere, only names places of the book.
  for (const told of box.querySelectorAll("[data-read]")) {
    const href = told.dataset.read.replace(/(?=#|$)/, ".html");
    told.replaceWith(make("a", "", { href, textContent: told.textContent }));
  }
  return box;
}

const scripts = new Map();

/** Load a script of the page's once. */
function load(address, type = "") {
  if (!scripts.has(address)) {
    const loaded = new Promise((done, refuse) => {
      const script = make("script", "", { src: address, type, onload: done, onerror: () => refuse(new Error(`${address} did not arrive`)) });
      document.head.append(script);
    });
    scripts.set(address, loaded);
  }
  return scripts.get(address);
}

async function markdownBox(text) {
  if (!globalThis.katex) await load(new URL("katex.min.js", STATIC).href);
  const { html } = await import("./markdown.js");
  return htmlBox("text_markdown", html(text));
}

async function widgetBox({ esm, state }) {
  if (!globalThis.cnnlabDraw) await load(new URL("widget_host.js", STATIC).href, "module");
  const box = make("div", "output own-widget");
  await cnnlabDraw(box, esm, state);
  return box;
}

/** The box of what a cell shows, in the richest form that there is. */
async function richBox(data) {
  const text = (kind) => [data[kind]].flat().join("");
  if (data[WIDGET]) {
    try {
      return await widgetBox(data[WIDGET]);
    } catch (error) {
      console.error(error); // Its still or its name is shown in its place.
    }
  }
  if (data["text/html"]) return htmlBox("text_html", text("text/html"));
  if (data["image/svg+xml"]) return htmlBox("text_html", text("image/svg+xml"));
  if (data["image/png"]) {
    const box = make("div", "output");
    box.append(make("img", "", { src: `data:image/png;base64,${text("image/png").trim()}`, alt: text("text/plain") }));
    return box;
  }
  if (data["text/markdown"]) {
    try {
      return await markdownBox(text("text/markdown"));
    } catch (error) {
      console.error(error);
      return textBox("text_plain", text("text/markdown"));
    }
  }
  return textBox("text_plain", text("text/plain"));
}

/** Outputs go into `place` in the order in which they come, also where one takes its time to be drawn. */
export class Outputs {
  #before = Promise.resolve();

  constructor(place) {
    this.place = place;
  }

  /** Draw one more output. */
  add(output) {
    this.#before = this.#before.then(() => this.#draw(output));
    return this.#before;
  }

  /** A promise that everything stands. */
  get drawn() {
    return this.#before;
  }

  async #draw({ output_type, name, text, data, ename, evalue, traceback }) {
    if (output_type === "clear") return this.place.replaceChildren();
    if (output_type === "stream") {
      const last = this.place.lastElementChild;
      const kind = name === "stderr" ? "stderr" : "stream";
      const written = [text].flat().join("");
      if (last?.classList.contains(kind)) last.querySelector("pre").append(written);
      else this.place.append(textBox(kind, written));
    } else if (output_type === "error") {
      const lines = traceback?.length ? traceback : [evalue ? `${ename}: ${evalue}` : ename];
      this.place.append(textBox("own-error", lines.join("\n")));
    } else {
      this.place.append(await richBox(data));
    }
  }
}
