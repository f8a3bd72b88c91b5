// The bar above a live notebook: whether Python is ready, what becomes of the reader's changes, and the
// way back to the page.

import { fault, fetchJson, NotArrived, STILL_NOTHING, whenQuiet } from "../_static/python-files.js";
import { keepLastWords, keepToOneCopy } from "./kept.js";
import { addCheck, addFiles } from "./sheet.js";
import { copyOf, NOTHING_KEPT, storageWorks } from "./storage.js";

const VIEW = "application/vnd.jupyter.widget-view+json";
const LONG = 10000; // milliseconds after which a running cell may be an endless loop
const PATIENCE = 180000; // milliseconds after which Python is said not to start
const SLOW = 10000; // milliseconds after which its own files are looked at
const RENDERED = 8000; // milliseconds after which raw text is shown, if nothing better came
const STARTING = "Python is starting. This takes some seconds; what you run waits for it.";

const bar = document.createElement("section");
bar.id = "live-bar";
bar.setAttribute("aria-label", "This live chapter");
const state = document.createElement("span");
state.id = "live-state";
state.setAttribute("role", "status");
state.textContent = STARTING;
bar.append(state);
const coming = whenQuiet(() => {
  state.textContent = `${STILL_NOTHING} If it never does, reload this page.`;
});

function button(text, action) {
  const element = document.createElement("button");
  element.textContent = text;
  element.addEventListener("click", action);
  return element;
}

function link(text, href) {
  const element = document.createElement("a");
  element.textContent = text;
  element.href = href;
  return element;
}

async function until(condition) {
  for (;;) {
    const value = condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The promise's value, or an error after some milliseconds. */
function within(milliseconds, promise) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("it took too long")), milliseconds);
  });
  return Promise.race([promise, late]);
}

/** The code of the chapter's imports, which stand folded in its first cell; a sheet's first cell is the student's. */
function imports(model) {
  const first = [...model.cells].find((cell) => cell.type === "code");
  return first?.getMetadata("tags")?.includes("hide-input") ? first.sharedModel.getSource() : "";
}

/** Whatever asks for a run, a key, a button or a menu, waits until `ready()` has come true. */
function runWhenReady(commands, ready) {
  const execute = commands.execute.bind(commands);
  commands.execute = async (id, options) => {
    if (/^(notebook|runmenu):(.*-)?run/.test(id)) await ready();
    return execute(id, options);
  };
}

/** A saved widget has no model any more: its still is shown until its cell runs. To show it is no change of the reader's. */
function showStills(model) {
  const { dirty } = model;
  for (const cell of model.cells) {
    for (let n = 0; cell.type === "code" && n < cell.outputs.length; n += 1) {
      const { data, ...rest } = cell.outputs.get(n).toJSON();
      if (!data?.[VIEW] || !data["text/html"]) continue;
      const { [VIEW]: _, ...still } = data;
      cell.outputs.set(n, { ...rest, data: still });
    }
  }
  model.dirty = dirty;
}

/** Whether the text of all cells on the screen stands there as it is meant to be read. */
function rendered({ widgets }) {
  const there = widgets.filter(({ node }) => node.isConnected);
  const full = there.length === widgets.length || there.at(-1)?.node.getBoundingClientRect().top > innerHeight;
  return full && there.every(({ model, node }) => model.type !== "markdown" || node.querySelector(".myst, .jp-MarkdownOutput"));
}

/**
 * A promise that fails when one of Python's files is not as it should be. Where the kernel cannot start it says so to nobody, and without
 * its machine code it waits for ever: so the files are looked at when a promise of its own failed, and when it takes long.
 */
function lost(files, over) {
  return new Promise((_, refuse) => {
    const look = async (some) => {
      const found = await fault(some);
      if (found) refuse(new NotArrived(found));
    };
    addEventListener("unhandledrejection", () => look(files), { signal: over });
    const slow = setTimeout(() => look(files.filter(({ url }) => !url.endsWith(".whl"))), SLOW);
    over.addEventListener("abort", () => clearTimeout(slow));
  });
}

/** Say what Python does, from now on; returns a function that waits until it can run cells. */
function follow(session, model, restart, files) {
  let timer = 0;
  let [waiting, begun] = [null, null];
  const anew = () => {
    if (!begun) waiting = new Promise((resolve) => (begun = resolve));
  };
  const ready = async () => {
    state.textContent = STARTING;
    coming.alive();
    restart.hidden = true;
    const over = new AbortController();
    try {
      const { kernel } = session.session;
      // Unlike the kernel's status, an answer to this shows that Python itself is there.
      await Promise.race([within(PATIENCE, kernel.requestIsComplete({ code: "1" })), lost(files, over.signal)]);
      const reply = await kernel.requestExecute({ code: imports(model), silent: true, store_history: false }).done;
      const found = reply.content.status === "ok" ? null : await fault(files);
      if (found) throw new NotArrived(found);
      state.textContent = "Python is ready. Shift+Enter runs a cell.";
      begun?.();
      begun = null;
    } catch (error) {
      const reason = error instanceof NotArrived ? error.message : `Python did not start (${error?.message ?? error}).`;
      state.textContent = `${reason} What you wrote stays. Reload this page to try again.`;
    } finally {
      over.abort();
      coming.over();
    }
  };
  anew();
  session.statusChanged.connect((_, status) => {
    if (status === "restarting" || status === "autorestarting") {
      anew();
      ready();
    }
    clearTimeout(timer);
    restart.hidden = true;
    if (status === "busy") {
      timer = setTimeout(() => {
        state.textContent = "A cell is still running. If it never ends, restart Python: the text you typed stays.";
        restart.hidden = false;
      }, LONG);
    } else if (status === "idle" && !begun) {
      state.textContent = "Python is ready. Shift+Enter runs a cell.";
    }
  });
  session.kernelChanged.connect((_, change) => {
    anew();
    if (change.newValue) ready();
  });
  until(() => session.session?.kernel).then(ready);
  return () => waiting;
}

/**
 * JupyterLab takes a notebook for saved when a save ends, also if something was typed meanwhile, and then
 * never saves that. So what changes during a save leaves the notebook unsaved.
 */
function keepWhatIsTypedDuringASave({ model, saveState }) {
  let changed = false;
  model.contentChanged.connect(() => {
    changed = true;
  });
  saveState.connect((_, state) => {
    if (state === "started") changed = false;
    else if (changed) model.dirty = true;
  });
}

async function main() {
  document.body.prepend(bar);
  document.body.dataset.opening = ""; // raw text is not shown until `rendered`
  new ResizeObserver(() => {
    document.body.style.setProperty("--bar", `${bar.offsetHeight}px`);
    dispatchEvent(new Event("resize"));
  }).observe(bar);
  if (!(await storageWorks())) throw new Error(NOTHING_KEPT);
  const known = await fetchJson(new URL("chapters.json", import.meta.url));
  const files = known.files.map((file) => ({ ...file, url: new URL(file.url, import.meta.url).href }));
  coming.alive();
  const app = await until(() => window.jupyterapp);
  const panel = await until(() => {
    const widget = app.shell.currentWidget;
    return widget?.sessionContext && widget.context?.isReady ? widget : null;
  });
  const { context } = panel;
  keepWhatIsTypedDuringASave(context);
  const aside = await keepLastWords(context, app.serviceManager.contents, known.storage).catch(() => []);
  showStills(context.model);
  const live = context.model.getMetadata("cnnlab_live") ?? {};
  const chapter = known.chapters[live.chapter];

  const restart = button("Restart Python", () => panel.sessionContext.restartKernel());
  restart.hidden = true;
  const kept = document.createElement("span");
  kept.textContent = "Your changes stay in this browser.";
  bar.append(restart, kept);
  const said = document.createElement("span");
  said.id = "live-said";
  said.setAttribute("role", "alert");
  if (chapter?.sheet) {
    const say = (text) => {
      said.textContent = text;
    };
    addCheck({ bar, panel });
    addFiles({ bar, app, panel, known, say });
  } else {
    bar.append(button("Download my copy", () => app.commands.execute("docmanager:download")));
  }
  if (chapter) {
    bar.append(
      button("Start over", async () => {
        if (panel.context.model.dirty) await panel.context.save();
        location.href = `../open.html?chapter=${encodeURIComponent(live.chapter)}&over=1`;
      }),
      link("Back to the page", `../${chapter.page}`),
    );
    const copy = await copyOf(known.storage, panel.context.path);
    if (copy && live.edition !== chapter.edition) {
      const note = document.createElement("span");
      note.id = "live-edition";
      note.append(
        "This is your copy of an earlier edition. ",
        link("See the new one", `../open.html?chapter=${encodeURIComponent(live.chapter)}`),
      );
      bar.append(note);
    }
  }
  const twice = document.createElement("span");
  twice.id = "live-twice";
  twice.setAttribute("role", "alert");
  bar.append(said, twice);
  for (const path of aside) {
    said.append("Another tab had not saved this: ", link(path, `index.html?path=${encodeURIComponent(path)}`), " ");
  }
  keepToOneCopy(context, known.storage, {
    say: (text) => {
      if (twice.textContent !== text) twice.textContent = text;
    },
    shown: () => showStills(context.model),
  });
  runWhenReady(app.commands, follow(panel.sessionContext, context.model, restart, files));
  await within(RENDERED, until(() => rendered(panel.content))).catch(() => {});
  delete document.body.dataset.opening;
}

main().catch((error) => {
  delete document.body.dataset.opening;
  state.textContent = error.message;
});
