// Formulas, tables and outputs that are wider than the page scroll inside themselves, and fade where more is to be seen.
// The keyboard can only scroll what it can reach, so exactly those get a tab stop.

const WIDE = ".katex-display, .pst-scrollable-table-container, .output.text_html, .output.text_markdown, pre";

const measure = (element) => ({ left: element.scrollLeft, hidden: element.scrollWidth - element.clientWidth });

function fade(element, { left, hidden }) {
  element.classList.toggle("more-left", left > 1);
  element.classList.toggle("more-right", left < hidden - 1);
}

function mark(element, sizes) {
  const { hidden } = sizes;
  fade(element, sizes);
  if (hidden > 1 && !element.hasAttribute("tabindex")) {
    element.tabIndex = 0;
    element.dataset.scrolls = "";
  } else if (hidden <= 1 && "scrolls" in element.dataset) {
    element.removeAttribute("tabindex");
    delete element.dataset.scrolls;
  }
}

window.addEventListener("load", () => {
  // First all questions, then all changes: a question after a change would have the page laid out once more.
  const look = (elements) => {
    const sizes = elements.map(measure);
    elements.forEach((element, n) => mark(element, sizes[n]));
  };
  const observer = new ResizeObserver((entries) => requestAnimationFrame(() => look(entries.map(({ target }) => target))));
  document.querySelectorAll(WIDE).forEach((element) => {
    observer.observe(element);
    element.addEventListener("scroll", () => fade(element, measure(element)), { passive: true });
  });
});

// Solutions are on paper, too; the book's other folded boxes open by themselves.
let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details.hide:not([open], .behind)")];
  for (const solution of unfolded) solution.open = true;
});
window.addEventListener("afterprint", () => {
  for (const solution of unfolded) solution.open = false;
});

// The theme's menus and tooltips are Bootstrap's. Reading needs neither, so it is fetched when a hand comes near one.
const MENU = '[data-bs-toggle="dropdown"]';
let bootstrapLoaded;

function loadBootstrap() {
  bootstrapLoaded ??= new Promise((loaded) => {
    const script = document.createElement("script");
    script.src = `${document.documentElement.dataset.content_root}_static/scripts/bootstrap.js`;
    script.onload = loaded;
    document.head.append(script);
  });
  return bootstrapLoaded;
}

for (const event of ["pointerover", "focusin"]) {
  document.addEventListener(event, ({ target }) => target.closest?.("[data-bs-toggle]") && loadBootstrap());
}
document.addEventListener("click", async ({ target }) => {
  const menu = target.closest(MENU);
  if (!menu || window.bootstrap) return;
  await loadBootstrap();
  menu.click();
});

// In the theme this comes with Bootstrap.
const toTop = document.getElementById("pst-back-to-top");
let before = 0;
window.addEventListener(
  "scroll",
  () => {
    toTop.style.display = scrollY < before && scrollY > 64 ? "block" : "none";
    before = scrollY;
  },
  { passive: true },
);
toTop?.addEventListener("click", () => scrollTo(0, 0));

// The search page shows where a word stands. That is prose: a formula counts as it is drawn, code and widgets do not.
const NO_PROSE = "script, style, .headerlink, .cell_input, .cell_output, pre, details, .katex-mathml";
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(NO_PROSE).forEach((element) => element.remove());
    page.querySelectorAll(".katex-display").forEach((formula) => formula.replaceWith("…"));
    const place = anchor && page.getElementById(anchor.slice(1));
    return (place || page.querySelector("article")).textContent;
  };
});

// Whoever comes to the search field will need these on the next page.
document.querySelector("#pst-search-dialog input")?.addEventListener(
  "focus",
  () => {
    for (const file of ["_static/searchtools.js", "_static/language_data.js", "searchindex.js"]) {
      const link = document.createElement("link");
      link.rel = "prefetch";
      link.href = document.documentElement.dataset.content_root + file;
      document.head.append(link);
    }
  },
  { once: true },
);

// Addresses on this site that a reader types elsewhere, in full. Without this script their last part stands there.
for (const place of document.querySelectorAll("[data-address]")) {
  place.textContent = new URL(place.dataset.address, location.href).href;
}

/** What the page's address leads to, or null. Nonsense behind the # leads nowhere, and stops nothing. */
globalThis.cnnlabTarget = () => {
  let name = location.hash.slice(1);
  try {
    name = decodeURIComponent(name);
  } catch {
    // It is looked for as it stands.
  }
  return document.getElementById(name);
};

// Code runs where it stands. All that this needs is fetched when a reader asks, or has typed into this page's code before.
const runnable = document.getElementById("cnnlab-run");
if (runnable) {
  let loading;
  const load = () => (loading ??= import(`${new URL(document.documentElement.dataset.content_root, location.href)}_static/run.js`));

  document.querySelectorAll("[data-cell] .cell_input").forEach((code, n) => {
    const bar = document.createElement("div");
    bar.className = "run-bar";
    bar.innerHTML = `<button type="button" class="run" aria-label="Run cell ${n + 1}">Run</button>
      <button type="button" class="edit" aria-label="Edit cell ${n + 1}">Edit</button>`;
    // An exercise: here the reader writes.
    bar.classList.toggle("asked", code.textContent.includes("raise NotImplementedError"));
    code.append(bar);
  });
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.(".run-bar > :is(.run, .edit)");
    if (!button) return;
    const old = button.parentElement.querySelector(".run-status[role=alert]");
    try {
      const { press } = await load();
      old?.remove();
      press(button);
    } catch (error) {
      loading = undefined;
      console.error(error);
      const isFile = location.protocol === "file:";
      const textContent = isFile
        ? "This page was opened as a file. Code runs only on pages that a web server sends."
        : "What runs the code did not arrive. Is the network there? If it is, reload this page.";
      const word = Object.assign(document.createElement("span"), { className: "run-status", textContent });
      word.setAttribute("role", "alert");
      old?.remove();
      button.parentElement.append(word);
    }
  });
  try {
    if (localStorage.getItem(`cnnlab-code:${location.pathname}`)) load();
  } catch {
    // Where nothing may be stored, nothing comes back.
  }
}
