// Python for a page: Pyodide in a worker. It runs cells with `cnnlab.inpage`, one after the other, and tells what they show.
//
// In:  {do: "start", live}, the address of the folder that `tools.live` builds; {do: "run", run, source, quiet}; {do: "forget"}
// Out: {progress: {words, loaded, total}}, {ready, version, files}, {failed: {reason, words}}, and of a run {run, output} and
//      {run, done, ok, seconds}. An output is one of a notebook's, or {output_type: "clear"}.

import { fault, fetchJson, isWhole, NotArrived } from "./python-files.js";
import { keep, kept } from "./python-kept.js";
import { unzip } from "./unzip.js";

const WORDS = {
  "no-wasm": "This browser has no WebAssembly, which Python needs here. It may be too old, or it may be switched off.",
  absent: "This copy of the book was built without Python.",
  memory: "Python ran out of memory and has ended. What you typed is still here; the variables are gone.",
  other: "Python ended.",
};
const NETWORK = /fetch|network|load failed|importing/i; // what browsers say where a file does not come
const MEMORY = /memory|allocat/i;
const WORTH_A_WORD = 5e5; // bytes: what is smaller is here at once
const RUNS = (name) => !/\.(pyi|h|a|c|pxd)$/.test(name); // of a wheel's files; the others are for whoever compiles

// What NumPy, cnnlab and the session import of Python's own, and what it looks up for them.
const AT_FIRST = `import ctypes, datetime, gzip, hashlib, html, importlib.resources, numbers, pickle, platform, shutil, sysconfig, unicodedata, zipfile
sysconfig.get_path("purelib")`;

const whenIdle = []; // called when Python has had nothing to do for a second
let session = null;
let ended = false;
let awaited = []; // files without which Python does not start

class Failed extends Error {
  constructor(reason, more = "") {
    super(`${WORDS[reason]} ${more}`.trim());
    this.reason = reason;
  }
}

/** Any error as one with a reason. While Python starts, most come from one of its files: they are asked for. */
async function reasonOf(error) {
  if (error instanceof Failed || error instanceof NotArrived) return error;
  const said = String(error?.message ?? error);
  // First of all: Firefox calls machine code that broke off an end of memory.
  const found = await fault(awaited);
  if (found) return new NotArrived(found);
  if (MEMORY.test(said)) return new Failed("memory");
  if (error instanceof WebAssembly.CompileError) return new Failed("no-wasm");
  if (NETWORK.test(said) || !navigator.onLine) return new NotArrived({ reason: "no-network" });
  return new Failed("other", `It said: ${said.trim().split("\n").at(-1).slice(0, 200)}`);
}

async function fail(error) {
  ended = true;
  session = null;
  const failed = await reasonOf(error);
  const kept = failed instanceof NotArrived ? " What you typed is still here." : "";
  postMessage({ failed: { reason: failed.reason, words: `${failed.message}${kept}` } });
}

/** Tells how much of some files has come, as often as a reader can follow. */
function counter(words, total) {
  let [loaded, told] = [0, 0];
  return (bytes) => {
    loaded = Math.min(loaded + bytes, total);
    if (loaded < total && performance.now() - told < 100) return;
    told = performance.now();
    postMessage({ progress: { words, loaded, total } });
  };
}

/** Count the bytes of a response while they come, and compare them. It stays as it is, so that the browser can keep its compiled code. */
async function countIn(response, file, count) {
  const pieces = [];
  const copy = response.clone().body.getReader();
  for (let piece = await copy.read(); !piece.done; piece = await copy.read()) {
    pieces.push(piece.value);
    count(piece.value.length);
  }
  const content = await new Blob(pieces).arrayBuffer();
  if (!(await isWhole(content, file))) throw new NotArrived({ reason: "damaged", url: file.url });
}

/**
 * Pyodide fetches its own files: have those that it does not import as scripts counted and compared on their way. Gives a promise
 * that fails with what is wrong, for Pyodide waits for ever for machine code that does not come or is none (its change 6296).
 */
function watched(core, count) {
  const byUrl = new Map(core.filter(({ url }) => !url.endsWith(".mjs")).map((file) => [file.url, file]));
  const plain = self.fetch;
  const compile = WebAssembly.instantiateStreaming;
  const arrived = [];
  const wrong = new Promise((_, refuse) => {
    self.fetch = async (resource, options) => {
      const answer = await plain(resource, options);
      const file = byUrl.get(answer.url);
      if (answer.ok && file) {
        const whole = countIn(answer, file, count);
        whole.catch(refuse);
        arrived.push(whole);
      }
      return answer;
    };
    WebAssembly.instantiateStreaming = async (...given) => {
      try {
        return await compile.apply(WebAssembly, given);
      } catch (error) {
        refuse(error);
        throw error;
      }
    };
  });
  const done = async () => {
    self.fetch = plain;
    WebAssembly.instantiateStreaming = compile;
    await Promise.all(arrived);
  };
  return { wrong, done };
}

/** The list of Python's files, from the network or, without one, as the browser has kept it. */
async function listed(live) {
  const fromAnywhere = (url, options) => fetch(url, options).catch(() => fetch(url, { cache: "force-cache" }));
  const { core, packages, ...rest } = await fetchJson(new URL("python.json", live), fromAnywhere).catch((error) => {
    throw error.status === 404 ? new Failed("absent") : error;
  });
  for (const file of [...core, ...packages]) file.url = new URL(file.url, live).href;
  return { core, packages, ...rest };
}

/** The files of a wheel that is needed from the start; the browser compares its hash. */
async function wheel({ url, size, sha256 }, count) {
  const bytes = sha256.match(/../g).map((pair) => parseInt(pair, 16));
  const answer = await fetch(url, { integrity: `sha256-${btoa(String.fromCharCode(...bytes))}` });
  if (!answer.ok) throw new NotArrived({ reason: "missing", url });
  const content = await answer.arrayBuffer();
  count(size);
  return unzip(new Uint8Array(content), RUNS);
}

/** Put the files of a wheel into a folder. Python could do this, too, ten times as slowly. */
function unpack(FS, files, folder) {
  const made = new Set();
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    const place = path.slice(0, path.lastIndexOf("/"));
    if (!made.has(place)) FS.mkdirTree(place);
    made.add(place);
    if (!path.endsWith("/")) FS.writeFile(path, content, { canOwn: true });
  }
}

/** A wheel that running code imports. The code waits, so this does, too; null if it does not come. */
function wheelNow({ name, url, size }) {
  const tell = (loaded) => {
    if (size < WORTH_A_WORD) return;
    postMessage({ progress: { words: name[0].toUpperCase() + name.slice(1), loaded, total: size } });
  };
  tell(0);
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.responseType = "arraybuffer";
  try {
    request.send();
  } catch {
    return null;
  }
  if (request.status !== 200) return null;
  tell(size);
  return new Uint8Array(request.response);
}

/**
 * Pyodide itself. Most of its first start goes into modules of Python's own, which come as source. So the interpreter's memory is
 * kept on the device when these are there, and later starts begin with it: `memory` is what was kept, or null.
 */
async function interpreter(loadPyodide, options, memory, edition) {
  if (memory) {
    try {
      const pyodide = await loadPyodide({ ...options, _loadSnapshot: memory.arrayBuffer() });
      pyodide.runPython("import random; random.seed()"); // or each start would draw the same numbers
      return pyodide;
    } catch (error) {
      console.info(`Python's memory was kept in vain, and Python starts without it: ${error}`);
    }
  }
  const pyodide = await loadPyodide({ ...options, _makeSnapshot: true });
  pyodide.runPython(AT_FIRST);
  let bytes = pyodide.makeMemorySnapshot();
  whenIdle.push(() => {
    if (bytes) keep("memory", edition, bytes);
    bytes = null;
  });
  return pyodide;
}

/** Have the code of modules kept, too; `folder` is where packages are. */
function rememberCode(pyodide, folder, before, edition) {
  const names = pyodide.toPy({});
  const script = pyodide.FS.readFile(`${folder}/cnnlab/inpage/compiled.py`, { encoding: "utf8" });
  pyodide.runPython(script, { globals: names });
  const known = names.get("remember")(pyodide.toPy(before));
  whenIdle.push(() => {
    const code = known();
    if (code.length) keep("code", edition, code.toJs());
    code.destroy();
  });
}

async function start({ live }) {
  if (typeof WebAssembly !== "object") throw new Failed("no-wasm");
  const { core, packages, info } = await listed(live);
  const first = packages.filter(({ first }) => first);
  awaited = [...core, ...first];
  const total = [...core, ...first].reduce((sum, { size }) => sum + size, 0);
  const count = counter("Python", total);
  const wheels = Promise.all(first.map((one) => wheel(one, count)));
  wheels.catch(() => {}); // told below, when it is waited for
  const editions = { memory: JSON.stringify([info, core, AT_FIRST]), code: JSON.stringify([info, packages]) };
  const memory = kept("memory", editions.memory);
  const code = kept("code", editions.code).then((found) => found?.arrayBuffer());

  const arrival = watched(core, count);
  const script = core.find(({ url }) => url.endsWith("/pyodide.mjs")).url;
  const { loadPyodide } = await import(script);
  const options = {
    indexURL: new URL(".", script).href,
    lockFileContents: JSON.stringify({ info, packages: {} }),
    env: { HOME: "/home/pyodide", MPLBACKEND: "svg" },
  };
  const begun = interpreter(loadPyodide, options, await memory, editions.memory);
  const pyodide = await Promise.race([begun, arrival.wrong]);
  await arrival.done();
  for (const { url, size } of core) if (url.endsWith(".mjs")) count(size);

  const folder = pyodide.runPython("import sys, sysconfig; sys.path_importer_cache.clear(); sysconfig.get_path('purelib')");
  for (const files of await wheels) unpack(pyodide.FS, files, folder);
  rememberCode(pyodide, folder, new Uint8Array((await code) ?? []), editions.code);
  postMessage({ progress: { words: "Python is starting", loaded: total, total } });
  const byName = Object.fromEntries(packages.map((one) => [one.name, one]));
  session = pyodide.pyimport("cnnlab.inpage.begin").begin(
    JSON.stringify(packages),
    (name) => wheelNow(byName[name]),
    (output) => postMessage({ run: running, output: JSON.parse(output) }),
  );
  const files = performance.getEntriesByType("resource").map(({ name }) => name);
  awaited = [];
  postMessage({ ready: true, version: pyodide.runPython("import platform; platform.python_version()"), files });
}

let running = 0;
let pause;

function run({ run, source, quiet }) {
  running = run;
  const began = performance.now();
  const ok = session.run(source, Boolean(quiet));
  postMessage({ run, done: true, ok, seconds: (performance.now() - began) / 1000 });
  clearTimeout(pause);
  pause = setTimeout(() => whenIdle.forEach((act) => act()), 1000);
}

const DO = { start, run, forget: () => session.forget() };
let before = Promise.resolve();
addEventListener("message", ({ data }) => {
  before = before.then(() => (ended ? undefined : DO[data.do](data))).catch(fail);
});
