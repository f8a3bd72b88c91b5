// A question, a field, a reply that names the mistake, and hints for who asks for them.

/** A number in a sentence. */
function told(value) {
  return String(value).replace("-", "\u2212");
}

function drawBox({ trace, root, signal }) {
  const id = freshId("answer");
  const field = makeField({ id, inputmode: "decimal", "aria-describedby": `${id}-hint` });
  const reply = make("div", { class: "cnn-reply", role: "status", "aria-live": "polite" });
  const hints = make("div", { class: "cnn-hints", role: "status", "aria-live": "polite" });
  const digits = trace.digits === 1 ? "1 significant digit" : `${trace.digits} significant digits`;
  const rule = trace.answer.exact ? "" : `Round to ${digits}.`;
  const help = make("button", { type: "button", class: "cnn-help", onclick: nextHint }, "");
  // The number pads of some phones have no minus sign.
  const signs = make(
    "span",
    { class: "cnn-signs", role: "group", "aria-label": "Signs" },
    ...["\u2212", "+", "\u00d7"].map((sign) => make("button", { type: "button", onclick: () => insert(sign) }, sign)),
  );
  const form = make(
    "form",
    { class: "cnn-edit", novalidate: "" },
    field,
    signs,
    make("button", { type: "submit", class: "cnn-main" }, "Check"),
    help,
    make("span", { class: "cnn-place", id: `${id}-hint` }, rule),
  );
  root.append(make("label", { class: "cnn-title", for: id }, trace.question), form, reply, hints);
  root.setAttribute("aria-label", "A question with a number for an answer");

  let given = 0;
  function nameHint() {
    help.hidden = given > trace.hints.length;
    help.textContent = given === trace.hints.length ? "Show the answer" : given ? "Another hint" : "A hint";
  }
  function nextHint() {
    const answer = () => make("p", {}, "The answer is ", make("b", {}, told(trace.answer.text)), ". ", trace.right.replace(/^Right[.:,]? */, ""));
    hints.append(given < trace.hints.length ? make("p", {}, trace.hints[given]) : answer());
    given += 1;
    nameHint();
  }
  function insert(sign) {
    field.setRangeText(sign, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    forget();
  }
  /** A reply belongs to what was typed; it goes when that changes. */
  function forget() {
    delete root.dataset.verdict;
    reply.replaceChildren();
  }
  nameHint();
  field.addEventListener("input", forget, { signal });
  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      const judged = judge(trace, field.value);
      root.dataset.verdict = judged.verdict;
      reply.replaceChildren(...sentences(trace, judged).map((parts) => make("p", {}, ...parts)));
    },
    { signal },
  );
}

/** The reply, as paragraphs of words and links. */
function sentences(trace, { verdict, read, mistake, terms }) {
  const mark = (text) => make("b", {}, `${text} `);
  const said = {
    unread: () => [[mark("Not a number."), "Type one such as 2, -0.5 or 3/4, or a sum such as 2*3 - 4."]],
    right: () => [[mark("\u2713"), trace.right]],
    short: () => [[mark("Almost."), `That is the answer with fewer digits. Give ${trace.digits} significant digits.`]],
    close: () => [[mark("\u2717 Not yet."), "That is near the answer, but not the answer: ", trace.answer.exact ? "here nothing has to be rounded." : "was something rounded on the way?"]],
    unknown: () => [[mark("\u2717 Not yet."), "No mistake that this book knows gives this number. A hint says how to begin."]],
    known: () => [
      [mark("\u2717 Not yet."), mistake.replies.length > 1 ? "Several mistakes give this number:" : ""],
      ...mistake.replies.map(({ words, link }) => [words, ...(link ? [" ", linkTo(link), "."] : [])]),
    ],
  }[verdict]();
  if (verdict === "unknown" && !trace.hints.length) said[0][1] = "No mistake that this book knows gives this number.";
  if (read && !read.plain) said[0].splice(1, 0, `You typed ${told(read.value)}. `);
  if (terms && verdict !== "right") said.push([termsText(terms)]);
  return said;
}

function termsText({ compared, missing }) {
  const list = (right) => compared.filter((term) => term.right === right).map(({ value }) => told(Number(value.toPrecision(6)))).join(", ");
  const parts = [];
  if (list(true)) parts.push(`Right in your sum: ${list(true)}.`);
  if (list(false)) parts.push(`Not among the terms: ${list(false)}.`);
  if (missing) parts.push(missing === 1 ? "One term is missing." : `${missing} terms are missing.`);
  return parts.join(" ");
}

/** Where a chapter is from here: on the built page an HTML file, in a notebook the notebook itself. */
function linkTo(chapter) {
  if (document.querySelector(".cnnlab-widget")) {
    return make("a", { href: chapter.replace(/\.(ipynb|md)(?=#|$)/, ".html") }, "Read about it");
  }
  const address = new URL(location.href);
  // JupyterLite has the open file in a parameter, JupyterLab in the path.
  if (address.searchParams.has("path")) address.searchParams.set("path", chapter.split("#")[0]);
  else address.href = new URL(chapter, address).href;
  return make("a", { href: address.href, target: "_blank", rel: "noopener" }, "Read about it");
}
