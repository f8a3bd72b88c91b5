// Markdown that a cell makes, as Jupyter reads it: tables and formulas between dollars. KaTeX is the page's own copy.

import markdownIt from "markdown-it";
import dollarmath from "markdown-it-dollarmath";

const reader = markdownIt({ html: true, linkify: false });
reader.use(dollarmath.default ?? dollarmath, {
  renderer: (tex, { displayMode }) => katex.renderToString(tex, { displayMode, throwOnError: false }),
});

export const html = (markdown) => reader.render(markdown);
