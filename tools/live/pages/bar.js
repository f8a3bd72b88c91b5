// The bar above a live notebook: whether Python is ready, what becomes of the reader's changes, and the
// way back to the page.

import { addCheck, addFiles } from "./sheet.js";
import { copyOf } from "./storage.js";

const LONG = 10000; // milliseconds after which a running cell may be an endless loop
const PATIENCE = 180000; // milliseconds after which Python is said not to start

const bar = document.createElement("section");
bar.id = "live-bar";
bar.setAttribute("aria-label", "This live chapter");
const state = document.createElement("span");
state.id = "live-state";
state.setAttribute("role", "status");
state.textContent = "Python is starting. This takes some seconds.";
bar.append(state);

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

/** Say what Python does, from now on. */
async function follow(session, restart) {
  let timer = 0;
  const ready = async () => {
    state.textContent = "Python is starting. This takes some seconds.";
    restart.hidden = true;
    try {
      // Unlike the kernel's status, an answer to this shows that Python itself is there.
      await within(PATIENCE, session.session.kernel.requestIsComplete({ code: "1" }));
      state.textContent = "Python is ready. Shift+Enter runs a cell.";
    } catch (error) {
      state.textContent = `Python did not start (${error?.message ?? error}). Reload this page to try again.`;
    }
  };
  session.statusChanged.connect((_, status) => {
    clearTimeout(timer);
    restart.hidden = true;
    if (status === "busy") {
      timer = setTimeout(() => {
        state.textContent = "A cell is still running. If it never ends, restart Python: the text you typed stays.";
        restart.hidden = false;
      }, LONG);
    } else if (status === "idle" && !state.textContent.startsWith("Python is starting")) {
      state.textContent = "Python is ready. Shift+Enter runs a cell.";
    }
  });
  session.kernelChanged.connect((_, change) => change.newValue && ready());
  await until(() => session.session?.kernel);
  await ready();
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
  const known = await (await fetch("../chapters.json")).json();
  const app = await until(() => window.jupyterapp);
  const panel = await until(() => {
    const widget = app.shell.currentWidget;
    return widget?.sessionContext && widget.context?.isReady ? widget : null;
  });
  keepWhatIsTypedDuringASave(panel.context);
  const live = panel.context.model.getMetadata("cnnlab_live") ?? {};
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
  bar.append(said);
  await follow(panel.sessionContext, restart);
}

main().catch((error) => {
  state.textContent = `This bar does not work here (${error.message}). The notebook does.`;
});
