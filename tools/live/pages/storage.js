// A reader's changed copies. JupyterLite keeps them in IndexedDB: database `name`, store "files", one
// contents model for each path. Nothing here creates the database: that is JupyterLite's.

const FILES = "files";
export const NOTHING_KEPT =
  "This browser keeps nothing for this page, perhaps because the window is private or storage is blocked. " +
  "The notebook needs that. Open the page in an ordinary window.";

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Open the database, or give null if JupyterLite has not made it yet. Rejects where storage is refused. */
function openStore(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    let missing = false;
    request.onupgradeneeded = () => {
      missing = true;
      request.transaction.abort();
    };
    request.onsuccess = () => {
      const database = request.result;
      if (database.objectStoreNames.contains(FILES)) {
        resolve(database);
      } else {
        database.close();
        resolve(null);
      }
    };
    request.onerror = () => (missing ? resolve(null) : reject(request.error));
  });
}

async function withStore(name, mode, fallback, work) {
  const database = await openStore(name);
  if (!database) return fallback;
  try {
    const transaction = database.transaction(FILES, mode);
    const finished = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    const result = await work(transaction.objectStore(FILES));
    await finished;
    return result;
  } finally {
    database.close();
  }
}

/** The stored model of a path, or null. */
export function copyOf(name, path) {
  return withStore(name, "readonly", null, async (files) => (await settled(files.get(path))) ?? null);
}

/** The models of all stored notebooks. */
export function allCopies(name) {
  return withStore(name, "readonly", [], async (files) =>
    (await settled(files.getAll())).filter((model) => model?.type === "notebook"),
  );
}

/** Delete the stored copy of a path: the chapter is then as the book has it. */
export function forget(name, path) {
  return withStore(name, "readwrite", null, (files) => settled(files.delete(path)));
}

/** A path that no stored copy has: the wanted one, or one with a number. */
async function freeOf(files, wanted) {
  const taken = new Set(await settled(files.getAllKeys()));
  let free = wanted;
  for (let count = 2; taken.has(free); count += 1) free = wanted.replace(/\.ipynb$/, ` (${count}).ipynb`);
  return free;
}

/** The same, of the database `name`. */
export function freePath(name, wanted) {
  return withStore(name, "readonly", wanted, (files) => freeOf(files, wanted));
}

/** Give a stored copy another path, without touching one that is already there; return the new path. */
export function keepAs(name, path, newPath) {
  return withStore(name, "readwrite", null, async (files) => {
    const model = await settled(files.get(path));
    const free = await freeOf(files, newPath);
    await settled(files.put({ ...model, name: free, path: free }, free));
    await settled(files.delete(path));
    return free;
  });
}

/** Whether this browser lets this page keep anything. */
export function storageWorks() {
  return new Promise((resolve) => {
    try {
      localStorage.setItem("cnnlab storage check", "");
      localStorage.removeItem("cnnlab storage check");
      const request = indexedDB.open("cnnlab storage check");
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase("cnnlab storage check");
        resolve(true);
      };
      request.onerror = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}

/**
 * A short name of what the cells of a notebook say: FNV-1a over their types and texts, as `edition` in
 * tools/live/notebooks.py computes it. Outputs do not count.
 */
export function editionOf(notebook) {
  let hash = 0x811c9dc5;
  for (const cell of notebook.cells) {
    const source = Array.isArray(cell.source) ? cell.source.join("") : cell.source;
    for (const byte of new TextEncoder().encode(`${cell.cell_type}\0${source}\x01`)) {
      hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    }
  }
  return hash.toString(16).padStart(8, "0");
}

/** Save a notebook of the browser's storage as a file on the reader's machine. */
export function download(model) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(model.content, null, 1)], { type: "application/json" }));
  link.download = model.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
