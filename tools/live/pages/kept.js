// What else is kept of an open notebook: what was typed last, if its page goes before the next save; and two tabs with one
// notebook keep to one copy.

import { copyOf, freePath } from "./storage.js";

const WORDS = "cnnlab live last words";
const TWICE = "This notebook is open in another tab, too. Both keep to one copy: write in one at a time.";
const LOOK = 2000; // milliseconds between two looks at the other tabs

/** What a notebook's unsaved text was added to: a copy that was saved, of an edition. */
function base(context) {
  return `${context.contentsModel.last_modified} ${context.model.getMetadata("cnnlab_live")?.edition}`;
}

/**
 * Keep what a notebook says when its page is hidden or goes before all is saved, and take up what an earlier page left.
 * Where the notebook was saved since, that becomes a copy of its own. Returns the paths of such copies.
 */
export async function keepLastWords(context, contents, storage) {
  const prefix = `${WORDS} ${context.path} `;
  const pending = [`${prefix}${Date.now()}`];
  const aside = [];
  for (const key of Object.keys(localStorage).filter((each) => each.startsWith(prefix))) {
    const { added, content } = JSON.parse(localStorage.getItem(key));
    if (added === base(context) && !context.model.dirty) {
      context.model.fromJSON(content);
      context.model.dirty = true;
      pending.push(key);
    } else {
      const path = await freePath(storage, context.path.replace(/\.ipynb$/, ", not saved in its tab.ipynb"));
      await contents.save(path, { type: "notebook", format: "json", content });
      localStorage.removeItem(key);
      aside.push(path);
    }
  }
  const keep = () => {
    if (!context.model.dirty) return;
    try {
      localStorage.setItem(pending[0], JSON.stringify({ added: base(context), content: context.model.toJSON() }));
    } catch {
      // More than the browser keeps: what was saved before stays.
    }
  };
  addEventListener("pagehide", keep);
  document.addEventListener("visibilitychange", () => document.hidden && keep());
  context.saveState.connect((_, state) => {
    if (state.startsWith("completed") && !context.model.dirty) pending.forEach((key) => localStorage.removeItem(key));
  });
  return aside;
}

/** Save when the reader leaves this tab, show what another tab saved when the reader comes back, and say that there is another. */
export function keepToOneCopy(context, storage, { say, shown }) {
  const left = () => context.model.dirty && context.save().catch(() => {}); // JupyterLab says why
  const back = async () => {
    const stored = await copyOf(storage, context.path);
    if (context.model.dirty || !stored || stored.last_modified === context.contentsModel.last_modified) return;
    await context.revert();
    shown();
  };
  addEventListener("blur", left);
  addEventListener("focus", back);
  document.addEventListener("visibilitychange", () => (document.hidden ? left() : back()));
  if (!navigator.locks) return; // an old browser, or an address without https
  const name = `cnnlab live ${context.path}`;
  navigator.locks.request(name, { mode: "shared" }, () => new Promise(() => {}));
  const look = async () => {
    const { held } = await navigator.locks.query();
    say(held.filter((lock) => lock.name === name).length > 1 ? TWICE : "");
  };
  look();
  setInterval(look, LOOK);
}
