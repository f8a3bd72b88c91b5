// Formulas, tables and outputs that are wider than the page scroll inside themselves.
// The keyboard can only scroll what it can reach, so exactly those get a tab stop.

const WIDE = 'mjx-container[display="true"], .output.text_html, .output.text_markdown, .output pre, pre';

function mark(element) {
  const wide = element.scrollWidth > element.clientWidth + 1;
  if (wide && !element.hasAttribute("tabindex")) {
    element.tabIndex = 0;
    element.dataset.scrolls = "";
  } else if (!wide && "scrolls" in element.dataset) {
    element.removeAttribute("tabindex");
    delete element.dataset.scrolls;
  }
}

async function watch() {
  await window.MathJax?.startup?.promise;
  const observer = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
  document.querySelectorAll(WIDE).forEach((element) => {
    mark(element);
    observer.observe(element);
  });
}

window.addEventListener("load", watch);
