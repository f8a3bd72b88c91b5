// A widget alone: it fills the window, after a button or by the page's address, as a lecturer shows it.

/**
 * A button that opens the widget alone, and Escape or the same button that puts it back. It stands in a dialog then, in letters
 * as large as all of it allows. `told` hears that it was opened or put back.
 */
function makeAlone({ root, signal, memory, told }) {
  const words = ["Show alone, in the whole window", "Back to the page"];
  const button = make("button", { type: "button", class: "cnn-expand", onclick: () => (dialog.open ? dialog.close() : show()) });
  const dialog = (memory.dialog ??= make("dialog", { class: "cnn-alone" }));
  dialog.setAttribute("aria-label", root.getAttribute("aria-label") ?? "");
  const page = document.documentElement;

  function tell() {
    button.textContent = dialog.open ? "\u2715" : "\u2922";
    button.title = words[Number(dialog.open)];
    button.setAttribute("aria-label", button.title);
  }
  /** The largest letters with which nothing has to be scrolled, and never smaller than the page's own. */
  function fit() {
    if (!dialog.open) return;
    let [fits, most] = [16, 40];
    while (most - fits > 0.5) {
      const size = (fits + most) / 2;
      page.style.fontSize = `${size}px`;
      if (dialog.scrollHeight <= dialog.clientHeight && dialog.scrollWidth <= dialog.clientWidth) fits = size;
      else most = size;
    }
    page.style.fontSize = `${fits}px`;
  }
  function show() {
    if (dialog.open) return;
    root.before(dialog);
    dialog.append(root);
    dialog.showModal();
    fit();
    tell();
    told();
  }
  dialog.addEventListener(
    "close",
    () => {
      page.style.fontSize = "";
      dialog.replaceWith(root);
      tell();
      told();
      root.scrollIntoView({ block: "nearest" });
      button.focus({ preventScroll: true });
    },
    { signal },
  );
  addEventListener("resize", fit, { signal });
  tell();
  return {
    button,
    isOpen: () => dialog.open,
    /** What the address says. */
    set(open) {
      if (open) show();
      else if (dialog.open) dialog.close();
    },
  };
}
