// Run, change and check code where it stands. `book.js` loads this when a reader first asks for it, or comes back to something
// that was typed here before. A cell is run in the state that the cells above it leave, so that nobody meets the name
// of something that "has not been defined": what stands above and has not run is run first, without a word.

import { Cell } from "./run-cell.js";
import { Kept } from "./run-kept.js";
import { fetchJson, NotArrived, STILL_NOTHING } from "./python-files.js";
import { Failure, Python } from "./run-python.js";

const options = JSON.parse(document.getElementById("cnnlab-run").textContent);
const STATIC = new URL(".", import.meta.url);
const at = (address) => new URL(address, location.href).href;

document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("run.css", STATIC).href }));

// Said to who does not see it; what is seen stands at the cell.

const live = Object.assign(document.createElement("p"), { className: "run-said" });
live.setAttribute("role", "status");
document.querySelector("article").append(live);

// Once Python has run, the book's files are kept for when there is no network.

let isKept = false;
async function keepForLater(files) {
  if (isKept || !navigator.serviceWorker) return;
  isKept = true;
  try {
    await navigator.serviceWorker.register(new URL("../offline.js", STATIC));
    const { active } = await navigator.serviceWorker.ready;
    const here = performance.getEntriesByType("resource").map(({ name }) => name);
    const later = ["python-worker.js", "python-kept.js", "unzip.js", "editor.js", "markdown.js", "katex.min.js", "widget_host.js"].map((name) => new URL(name, STATIC).href);
    active.postMessage({ keep: [location.href.split("#")[0], ...here, ...later, ...files] });
  } catch {
    // Where nothing is kept, the network is needed each time.
  }
}

// The code of all cells

let fetched;

/** The cells of the notebook in order: { id, source, tags }. */
function notebook() {
  fetched ??= fetchJson(options.cells);
  fetched.catch(() => (fetched = undefined));
  return fetched;
}

// Running

let asked; // the cell for which Python starts or fetches something
let quarter = 0;
let isStarting = false;

/** Say how far Python has come; aloud only at each quarter. */
function sayProgress({ words, loaded, total }) {
  const sizes = total ? `: ${Math.round(loaded / 1e6)} of ${Math.round(total / 1e6)} MB` : "";
  const reached = total ? Math.floor((4 * loaded) / total) : 0;
  asked?.say(`${isStarting ? "Python is starting" : `${words} is on its way`}${sizes}`, { quiet: reached === quarter });
  quarter = reached;
}

const python = new Python({
  script: new URL("python-worker.js", STATIC).href,
  live: at(options.live),
  progress: sayProgress,
  quiet: () => asked?.say(STILL_NOTHING),
});

// What has run in the Python that is there now, in the order of the page and without a gap: { text, isGood }.
let ran = [];
let queue = Promise.resolve();
const jobs = new Set();

/** How many of the cells that ran before place `k` are still as they were. If one is not, or if what stands below has run, none. */
function stillGood(k, texts) {
  const good = ran.slice(0, k).every(({ text }, n) => text === texts[n]) && ran.length <= k + 1;
  return good ? Math.min(ran.length, k) : 0;
}

/** Run a cell when those before it in the queue have ended. */
function run(cell) {
  if (cell.job) return;
  const job = (cell.job = { isRunning: false, isCalledOff: false });
  jobs.add(job);
  showStop(cell, true);
  cell.say("Waiting for the cell that runs", { quiet: true });
  queue = queue.then(async () => {
    job.isRunning = true;
    try {
      if (job.isCalledOff) cell.say("");
      else await runNow(cell);
    } catch (error) {
      ran = [];
      const isSaid = error instanceof Failure || error instanceof NotArrived;
      if (!isSaid) console.error(error);
      cell.say(isSaid ? error.message : `This did not work: ${error.message}`, { bad: error.reason !== "stopped" });
    } finally {
      cell.job = undefined;
      jobs.delete(job);
      showStop(cell, false);
    }
  });
}

function showStop(cell, isRunning) {
  cell.runButton.textContent = isRunning ? "Stop" : "Run";
  cell.runButton.setAttribute("aria-label", `${isRunning ? "Stop" : "Run"} ${cell.label}`);
}

async function runNow(cell) {
  asked = cell;
  isStarting = !python.isAlive;
  if (isStarting) {
    ran = [];
    cell.say("Python is starting");
  }
  const ready = python.start();
  ready.catch(() => {}); // told below, when it is waited for
  const all = await notebook();
  const onPage = new Map(cells.map((one) => [one.id, one]));
  const texts = all.map(({ id, source }) => (onPage.get(id)?.isOwn ? onPage.get(id).text : source));
  const k = all.findIndex(({ id }) => id === cell.id);
  const { files = [] } = await ready;
  isStarting = false;

  const good = stillGood(k, texts);
  if (good === 0 && ran.length) {
    python.forget();
    ran = [];
  }
  const above = all.map((one, n) => ({ ...one, n })).slice(good, k);
  for (const [done, { id, tags, n }] of above.entries()) {
    const which = above.length === 1 ? "the cell above" : `the ${above.length} cells above`;
    cell.say(`Running ${which}${done ? `: ${done} ${done === 1 ? "has" : "have"} run` : ""}`, { quiet: done > 0 });
    const one = onPage.get(id);
    // What the reader wrote or ran shows what it does now; the rest is the book's.
    const { ok } = await execute(id, texts[n], one && !one.isUntouched ? one : undefined);
    ran[n] = { text: texts[n], isGood: ok || tags.includes("raises-exception") };
  }
  cell.say("Running", { quiet: true });
  ran.length = k;
  const { ok, seconds } = await execute(cell.id, texts[k], cell);
  ran[k] = { text: texts[k], isGood: ok };
  keepForLater(files);
  const time = `${seconds < 0.1 ? "less than 0.1" : seconds.toFixed(1)} s`;
  const broken = ok ? undefined : all.find((_, n) => n < k && !ran[n].isGood);
  const note = broken ? ` Before that, ${onPage.get(broken.id)?.label ?? "a cell"} above ended with an error, too.` : "";
  cell.say(`${ok ? `Done in ${time}.` : `An error, after ${time}.`}${note}`, { bad: !ok, shown: cell.shownText() });
}

/** Run one cell; what it shows goes to the page if `cell` is given. Without, it runs quietly, and only an error is shown. */
async function execute(id, text, cell) {
  const quiet = !cell;
  const shown = (cell ?? cells.find((one) => one.id === id))?.begin();
  let isShown = !quiet;
  const ended = await python.run({ id, source: text, quiet }, (output) => {
    isShown = true;
    shown?.add(output);
  });
  if (isShown) await shown?.end();
  return ended;
}

/** Call off a cell that waits; to stop the one that runs is to end Python, and then none that waits shall start it again. */
function stop(job) {
  job.isCalledOff = true;
  if (!job.isRunning) return;
  for (const one of jobs) one.isCalledOff = true;
  python.stop();
}

/** The book's code and outputs everywhere on this page, and no variables; asked for at one of its cells. */
function startPageOver(here) {
  for (const cell of cells) {
    if (cell.isOwn) cell.startOver();
    cell.showBook();
  }
  ran = [];
  python.forget();
  here.say("The whole page is the book's again, and Python has forgotten what ran.");
}

// What the page has

const kept = new Kept();
const cells = [];
const page = {
  kept,
  run,
  startOver: startPageOver,
  hear: (words) => (live.textContent = words),
  /** To start the whole page over is offered where a reader was, if that is more than one cell. */
  offerWhole() {
    const touched = cells.filter((cell) => !cell.isUntouched);
    for (const cell of cells) cell.whole.hidden = cell.isUntouched || touched.length < 2;
  },
};
[...document.querySelectorAll("[data-cell]")]
  .filter((element) => element.querySelector(".run-bar"))
  .forEach((element, n) => cells.push(new Cell(element, n + 1, page)));
const cellOf = (element) => cells.find((cell) => cell.element.contains(element));

for (const id of kept.ids()) cells.find((cell) => cell.id === id)?.restore();
kept.watch((id, text) => {
  const cell = cells.find((one) => one.id === id);
  if (cell?.text === (text ?? cell?.book)) kept.takeOver(id);
  else cell?.ask();
});

/** A button of the page was pressed: Run, Stop or Edit. */
export function press(pressed) {
  const cell = cellOf(pressed);
  if (pressed === cell.editButton) cell.edit();
  else if (cell.job) stop(cell.job);
  else run(cell);
}
