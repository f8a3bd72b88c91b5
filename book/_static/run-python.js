// The page's end of Python: a worker that is started when it is first needed, runs one cell after the other, and can be ended.
// A static host sends no headers that would allow to interrupt it, so to stop it is to end it.

import { NotArrived, whenQuiet } from "./python-files.js";

/** Why Python cannot run, or ended, in a reader's words. */
export class Failure extends Error {
  constructor(reason, said) {
    super(said ?? REASONS[reason] ?? REASONS.other);
    this.reason = reason;
  }
}

const REASONS = {
  "no-wasm": "This browser has no WebAssembly, which Python needs here. It may be too old, or it may be switched off.",
  absent: "This copy of the book was built without Python.",
  memory: "Python ran out of memory and has ended. What you typed is still here; the variables are gone.",
  stopped: "Stopped. Python's variables are gone. The next Run starts Python again and first runs what stands above.",
  other: "Python ended, and did not say why. What you typed is still here. Run starts it again.",
};

/** Why a worker ended by itself: it has a message only if its script arrived. If not, the script is asked for. */
async function failureOf({ message }, script) {
  if (message) return new Failure(/memory/i.test(message) ? "memory" : "other");
  const answer = await fetch(script).catch(() => null);
  if (answer && !answer.ok) return new Failure("absent");
  return new NotArrived({ reason: answer ? "damaged" : "no-network", url: script });
}

export class Python {
  #worker = null;
  #ready = null;
  #runs = new Map();
  #number = 0;
  #end = () => {};
  #coming;

  /** `script`: where the worker is; `live`: the folder with Python's files; `progress({ words, loaded, total })`; `quiet()`: nothing comes. */
  constructor({ script, live, progress, quiet }) {
    Object.assign(this, { script, live, progress });
    this.#coming = whenQuiet(quiet);
  }

  get isAlive() {
    return this.#worker !== null;
  }

  /** Have Python ready; a promise of what it says of itself, which fails with a Failure. */
  start() {
    this.#ready ??= this.#open();
    return this.#ready;
  }

  async #open() {
    if (typeof WebAssembly !== "object") throw this.#fail(new Failure("no-wasm"));
    const worker = new Worker(this.script, { type: "module" });
    this.#worker = worker;
    const ready = new Promise((done, refuse) => {
      this.#end = refuse;
      worker.addEventListener("message", ({ data }) => data.ready && done(data));
    });
    worker.addEventListener("message", ({ data }) => this.#hear(data));
    worker.addEventListener("error", async (event) => {
      event.preventDefault();
      const failure = await failureOf(event, this.script);
      if (worker === this.#worker) this.#fail(failure);
    });
    worker.postMessage({ do: "start", live: this.live });
    this.#coming.alive();
    return ready.finally(this.#coming.over);
  }

  /** Run one cell, { id, source, quiet }; `show(output)` gets each output, only errors if it is quiet. Gives { ok, seconds }. */
  async run(cell, show) {
    await this.start();
    const run = (this.#number += 1);
    const ended = new Promise((done, refuse) => this.#runs.set(run, { show, done, refuse }));
    this.#worker.postMessage({ do: "run", run, ...cell });
    return ended;
  }

  /** Take all variables away. */
  forget() {
    this.#worker?.postMessage({ do: "forget" });
  }

  /** End Python. */
  stop() {
    this.#fail(new Failure("stopped"));
  }

  #hear({ run, output, done, ok, seconds, progress, failed }) {
    if (progress) this.progress(progress);
    if (progress && !this.#runs.size) this.#coming.alive();
    if (failed) this.#fail(new Failure(failed.reason, failed.words));
    if (output) this.#runs.get(run)?.show(output);
    if (done) {
      this.#runs.get(run)?.done({ ok, seconds });
      this.#runs.delete(run);
    }
  }

  /** Whatever waits for Python learns why it will not come. */
  #fail(failure) {
    this.#worker?.terminate();
    this.#worker = this.#ready = null;
    const waiting = [...this.#runs.values()];
    this.#runs.clear();
    this.#end(failure);
    for (const { refuse } of waiting) refuse(failure);
    return failure;
  }
}
