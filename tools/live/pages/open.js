// What a reader sees between the button of a chapter and the live notebook: why it takes a moment, what
// becomes of an earlier copy, or which sentence applies where it cannot work.

import { fault, fetchJson, isWhole, NotArrived, STILL_NOTHING, whenQuiet } from "../_static/python-files.js";
import { allCopies, copyOf, download, editionOf, forget, keepAs, NOTHING_KEPT, storageWorks } from "./storage.js";

const main = document.getElementById("live-main");
const FETCHED = "cnnlab live book fetched";

function show(title, ...parts) {
  const heading = document.createElement("h1");
  heading.textContent = title;
  heading.tabIndex = -1;
  main.replaceChildren(heading, ...parts);
  document.title = title;
  heading.focus();
}

function paragraph(...parts) {
  const element = document.createElement("p");
  element.append(...parts);
  return element;
}

function link(text, href) {
  const element = document.createElement("a");
  element.textContent = text;
  element.href = href;
  return element;
}

function button(text, action) {
  const element = document.createElement("button");
  element.textContent = text;
  element.addEventListener("click", action);
  return element;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function day(date) {
  return new Date(date).toLocaleDateString("en-CA");
}

function start(path) {
  location.replace(`notebooks/index.html?path=${encodeURIComponent(path)}`);
}

/** What a reader calls it: a chapter, or the sheet of a problem set. */
function kind(chapter) {
  return chapter.sheet ? "sheet" : "chapter";
}

function wayBack(chapter) {
  if (chapter.sheet) {
    return paragraph(link("The page of the problem sets", chapter.page), " has the sheet as a file, for JupyterLab, VS Code or Colab.");
  }
  return paragraph(
    link("The page of this chapter", chapter.page),
    " has everything that the live chapter has, except Python: text, figures, widgets and solutions.",
  );
}

/** The reason why no live chapter can run here, or null. */
async function obstacle() {
  if (typeof WebAssembly !== "object" || typeof Worker !== "function") {
    return "This browser has no WebAssembly, which Python needs here. It may be too old, or it may be switched off.";
  }
  if (!(await storageWorks())) {
    return NOTHING_KEPT;
  }
  return null;
}

/** Fetch a file into the browser's cache, and count its bytes while they come. Throws NotArrived. */
async function fetchWhole(file, count) {
  let content = new ArrayBuffer();
  try {
    const pieces = [];
    const reader = (await fetch(file.url)).body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      pieces.push(piece.value);
      count(piece.value.length);
    }
    content = await new Blob(pieces).arrayBuffer();
  } catch {
    // It is asked for once more, below.
  }
  if (await isWhole(content, file)) return;
  const found = await fault([file]);
  if (found) throw new NotArrived(found);
}

/** Fetch what Python needs into the browser's cache, so that the wait is explained and is needed once. */
async function fetchRuntime(known, name, chapter) {
  if (localStorage.getItem(FETCHED) === known.runtime) return;
  const total = known.files.reduce((sum, file) => sum + file.size, 0);
  const bar = document.createElement("progress");
  bar.max = total;
  bar.value = 0;
  bar.setAttribute("aria-label", "fetched so far");
  const state = paragraph(`0.0 MB of ${megabytes(total)}`);
  show(
    `Opening "${chapter.title}"`,
    paragraph(
      `Python is coming to your browser, with NumPy and Matplotlib: ${megabytes(total)}, ` +
        `and after it the notebook's own ${megabytes(known.lab)}. This is needed once. Next time the ${kind(chapter)} opens faster, because your browser keeps the files.`,
    ),
    bar,
    state,
    paragraph(link("Back to the page", chapter.page)),
  );
  const queue = [...known.files].sort((a, b) => b.size - a.size);
  const coming = whenQuiet(() => {
    state.textContent = STILL_NOTHING;
  });
  const count = (bytes) => {
    coming.alive();
    bar.value += bytes;
    state.textContent = `${megabytes(Math.min(bar.value, total))} of ${megabytes(total)}`;
  };
  const fetchNext = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) await fetchWhole(file, count);
  };
  coming.alive();
  await Promise.all(Array.from({ length: 6 }, fetchNext)).finally(coming.over);
  localStorage.setItem(FETCHED, known.runtime);
}

/** Let the reader choose between a changed copy of an earlier edition and the chapter as it is now. */
function chooseEdition(known, path, chapter, copy) {
  const kept = path.replace(/\.ipynb$/, `, my copy of ${day(copy.last_modified)}.ipynb`);
  show(
    `This ${kind(chapter)} has a new edition`,
    paragraph(
      `On ${day(copy.last_modified)} you changed "${chapter.title}" here. ` +
        `The ${chapter.sheet ? "sheet" : "book"} has changed since then. ` +
        "Your copy is still in this browser, and it stays until you delete it.",
    ),
    paragraph(
      button("Open my copy", () => run(() => open(known, path, chapter))),
      button("Open the new edition", () =>
        run(async () => {
          await keepAs(known.storage, path, kept);
          await open(known, path, chapter);
        }),
      ),
      button("Download my copy", () => download(copy)),
    ),
    paragraph(`With the new edition, your copy is kept as "${kept}". The `, link("list of your copies", "open.html"), " shows it."),
    paragraph(link("Back to the page", chapter.page)),
  );
}

/** Ask before a changed copy is deleted. */
function startOver(known, path, chapter, copy) {
  show(
    `Start this ${kind(chapter)} over?`,
    paragraph(`Your copy of "${chapter.title}" in this browser is deleted, and the ${kind(chapter)} opens as the book has it.`),
    paragraph(
      button("Delete my copy and start over", () =>
        run(async () => {
          await forget(known.storage, path);
          await open(known, path, chapter);
        }),
      ),
      button("Download my copy first", () => download(copy)),
      button("Keep my copy", () => run(() => open(known, path, chapter))),
    ),
  );
}

/** A list of links that open what is listed. */
function openers(entries) {
  const list = document.createElement("ul");
  for (const [name, chapter] of entries) {
    const item = document.createElement("li");
    item.append(link(chapter.title || name, `open.html?chapter=${encodeURIComponent(name)}`));
    list.append(item);
  }
  return list;
}

/** List the chapters and the problem sets, and the copies that are kept in this browser. */
async function listAll(known) {
  const all = Object.entries(known.chapters);
  const sets = document.createElement("h2");
  sets.textContent = "Problem sets";
  const parts = [
    paragraph("Each chapter opens in your browser, with Python in it."),
    openers(all.filter(([, chapter]) => !chapter.sheet)),
    sets,
    openers(all.filter(([, chapter]) => chapter.sheet)),
  ];
  const copies = await allCopies(known.storage).catch(() => []);
  if (copies.length) {
    const heading = document.createElement("h2");
    heading.textContent = "Your copies in this browser";
    const list = document.createElement("ul");
    for (const copy of copies) {
      const item = document.createElement("li");
      item.append(
        link(copy.path, `notebooks/index.html?path=${encodeURIComponent(copy.path)}`),
        ` changed on ${day(copy.last_modified)} `,
        button("Download", () => download(copy)),
        button("Delete", () =>
          run(async () => {
            if (!confirm(`Delete your copy "${copy.path}"?`)) return;
            await forget(known.storage, copy.path);
            await listAll(known);
          }),
        ),
      );
      list.append(item);
    }
    parts.push(heading, list);
  }
  show("The live chapters", ...parts);
}

async function open(known, path, chapter) {
  const name = path.replace(/\.ipynb$/, "");
  await fetchRuntime(known, name, chapter);
  show(`Opening "${chapter.title}"`, paragraph("Python is starting."), paragraph(link("Back to the page", chapter.page)));
  start(path);
}

async function decide() {
  const known = await fetchJson("chapters.json");
  const asked = new URLSearchParams(location.search);
  const name = asked.get("chapter");
  if (!Object.hasOwn(known.chapters, name)) return listAll(known);
  const chapter = known.chapters[name];
  const path = `${name}.ipynb`;
  const reason = await obstacle();
  if (reason) return show(`This ${kind(chapter)} cannot run live here`, paragraph(reason), wayBack(chapter));
  const copy = await copyOf(known.storage, path);
  if (copy && asked.has("over")) return startOver(known, path, chapter, copy);
  const made = copy?.content?.metadata?.cnnlab_live?.edition;
  if (copy && made !== chapter.edition) {
    // A copy whose cells say what its own edition said was run, but not changed.
    if (made === editionOf(copy.content)) await forget(known.storage, path);
    else return chooseEdition(known, path, chapter, copy);
  }
  return open(known, path, chapter);
}

/** Why something failed, in words. */
function whyNot(error) {
  if (error.name === "SecurityError" || error.name === "QuotaExceededError") return NOTHING_KEPT;
  return error instanceof NotArrived ? error.message : `The browser said: ${error.message}.`;
}

/** Do what the reader asked for; where it fails, say so and lead back. */
async function run(action) {
  try {
    await action();
  } catch (error) {
    show(
      "This chapter could not be opened",
      paragraph(whyNot(error)),
      paragraph(button("Try again", () => location.reload())),
      paragraph("The page that you came from has everything that the live chapter has, except Python. Your browser's Back button leads there."),
    );
  }
}

run(decide);
