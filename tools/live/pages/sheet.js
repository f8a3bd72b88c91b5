// What a problem set has besides: a file of the student's own comes in, a copy to hand in goes out, and before that it is
// checked, by Python, as the grader will read it.

import { copyOf, download, editionOf, keepAs } from "./storage.js";

const LIVE_KERNEL = { name: "python", display_name: "Python (Pyodide)", language: "python" };
const USUAL_KERNEL = { name: "python3", display_name: "Python 3", language: "python" };

function sourceOf(cell) {
  return Array.isArray(cell?.source) ? cell.source.join("") : String(cell?.source ?? "");
}

/** The name of the set that a notebook belongs to, or undefined: its set-up cell says it, whatever became of the rest. */
export function setOf(notebook, sets) {
  const named = notebook.metadata?.cnnlab?.sheet;
  const setups = notebook.cells.map((cell) => sourceOf(cell).match(/f"(\w+) \{STUDENT\} /)?.[1]);
  return [named, ...setups].find((name) => sets.includes(name));
}

/** The notebook in a file. Throws with a sentence if there is none. */
export function notebookIn(text, fileName) {
  let notebook = null;
  try {
    notebook = JSON.parse(text);
  } catch {
    throw new Error(`${fileName} is no notebook: its text is not JSON.`);
  }
  if (!Array.isArray(notebook?.cells) || notebook.nbformat !== 4) {
    throw new Error(`${fileName} is no notebook of version 4, which Jupyter, VS Code and Colab save.`);
  }
  return { ...notebook, metadata: notebook.metadata ?? {} };
}

/** The notebook as this site runs it, and the path where it is kept. */
export function asLive(notebook, fileName, chapters) {
  const name = setOf(notebook, Object.keys(chapters).filter((each) => chapters[each].sheet));
  const metadata = { ...notebook.metadata, kernelspec: LIVE_KERNEL };
  if (name) metadata.cnnlab_live = { edition: chapters[name].edition, ...metadata.cnnlab_live, chapter: name };
  const own = fileName.replace(/[/\\:]/g, "-").replace(/(\.ipynb)?$/i, ".ipynb");
  return { path: name ? `${name}.ipynb` : own, content: { ...notebook, metadata } };
}

/** The notebook as other programs run it. */
export function asHandedIn(notebook) {
  const metadata = { ...notebook.metadata, kernelspec: USUAL_KERNEL };
  delete metadata.cnnlab_live;
  return { ...notebook, metadata };
}

function button(text, action) {
  const element = document.createElement("button");
  element.textContent = text;
  element.addEventListener("click", action);
  return element;
}

/** Keep what is in the browser under this path, unless nobody wrote into it, and put a notebook in its place. */
async function put(app, storage, path, content) {
  const copy = await copyOf(storage, path);
  if (copy && copy.content?.metadata?.cnnlab_live?.edition !== editionOf(copy.content)) {
    const day = new Date(copy.last_modified).toLocaleDateString("en-CA");
    await keepAs(storage, path, path.replace(/\.ipynb$/, `, my copy of ${day}.ipynb`));
  }
  await app.serviceManager.contents.save(path, { type: "notebook", format: "json", content });
}

/** Add the buttons for files to the bar, and take files that are dropped on the page. `say` shows a sentence. */
export function addFiles({ bar, app, panel, known, say }) {
  const openFile = async (file) => {
    try {
      const { path, content } = asLive(notebookIn(await file.text(), file.name), file.name, known.chapters);
      if (panel.context.model.dirty) await panel.context.save();
      await put(app, known.storage, path, content);
      location.href = `index.html?path=${encodeURIComponent(path)}`;
    } catch (error) {
      say(error.message);
    }
  };
  const chooser = document.createElement("input");
  chooser.type = "file";
  chooser.accept = ".ipynb";
  chooser.hidden = true;
  chooser.addEventListener("change", () => chooser.files.length && openFile(chooser.files[0]));
  const save = async () => {
    if (panel.context.model.dirty) await panel.context.save();
    const content = panel.context.model.toJSON();
    const name = setOf(content, Object.keys(known.chapters));
    const file = name ? `${name}.ipynb` : panel.context.path;
    download({ name: file, content: asHandedIn(content) });
    say(`${file} is among your downloads: that is the file to hand in.`);
  };
  bar.append(button("Save a copy to hand in", save), button("Open my file", () => chooser.click()), chooser);
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(
      kind,
      (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        event.stopPropagation();
        if (kind === "drop" && event.dataTransfer.files.length) openFile(event.dataTransfer.files[0]);
      },
      true,
    );
  }
}

/** What Python prints for some code, run beside the cells. */
async function printed(kernel, code) {
  const future = kernel.requestExecute({ code, store_history: false, silent: false });
  let text = "";
  future.onIOPub = (message) => {
    if (message.header.msg_type === "stream" && message.content.name === "stdout") text += message.content.text;
  };
  const reply = await future.done;
  if (reply.content.status !== "ok") throw new Error(reply.content.evalue ?? "Python stopped");
  return text;
}

/** Add the button that checks the sheet before it is handed in, and the dialog that shows what was seen. */
export function addCheck({ bar, panel }) {
  const dialog = document.createElement("dialog");
  dialog.id = "live-check";
  const title = document.createElement("h2");
  title.textContent = "Before you hand in";
  const seen = document.createElement("div");
  seen.setAttribute("role", "status");
  dialog.append(title, seen, button("Close", () => dialog.close()));
  document.body.append(dialog);
  bar.append(
    button("Check before you hand in", async () => {
      seen.textContent = "The answers are run from top to bottom, as the grader does it. This may take a minute.";
      if (!dialog.open) dialog.showModal();
      // Twice as JSON: the notebook as text, and that text as a string of Python.
      const text = JSON.stringify(JSON.stringify(asHandedIn(panel.context.model.toJSON())));
      const code = `print(__import__("cnnlab.handin.told", fromlist=["told"]).answer(${text}))`;
      try {
        seen.innerHTML = await printed(panel.sessionContext.session.kernel, code);
      } catch (error) {
        seen.textContent = `The check did not work here (${error.message}). Restart Python and try again.`;
      }
    }),
  );
}
