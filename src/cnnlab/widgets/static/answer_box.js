// Compare what a reader types with values that Python worked out before: the answer, and what each mistake gives.

/** The number in a text, or NaN: a comma may be the decimal point, a fraction such as 3/4 is read, too. */
function readNumber(text) {
  const cleaned = text.trim().replaceAll("\u2212", "-").replace(",", ".").replace(/\s+/g, "");
  const parts = cleaned.split("/");
  if (parts.length > 2 || parts.some((part) => !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(part))) return NaN;
  return parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
}

function judge(trace, text) {
  const typed = readNumber(text);
  if (!Number.isFinite(typed)) return { verdict: "unread" };
  const near = (known) => Math.abs(typed - known.value) <= known.within;
  if (near(trace.answer)) return { verdict: "right" };
  const distance = (known) => Math.abs(typed - known.value);
  const [mistake] = trace.wrong.filter(near).sort((a, b) => distance(a) - distance(b));
  if (mistake) return { verdict: "known", mistake };
  if (trace.shorter.some((short) => Number(short) === typed)) return { verdict: "short" };
  return { verdict: "unknown" };
}

function drawBox({ trace, root, signal }) {
  const id = freshId("answer");
  const field = makeField({ id, "aria-describedby": `${id}-hint` });
  const reply = make("div", { class: "cnn-reply", role: "status", "aria-live": "polite" });
  const digits = trace.digits === 1 ? "1 digit is enough" : `${trace.digits} digits are enough`;
  const form = make(
    "form",
    { class: "cnn-edit", novalidate: "" },
    field,
    make("button", { type: "submit", class: "cnn-main" }, "Check"),
    make("span", { class: "cnn-place", id: `${id}-hint` }, digits),
  );
  root.append(make("label", { class: "cnn-title", for: id }, trace.question), form, reply);
  root.setAttribute("aria-label", "A question with a number for an answer");

  form.addEventListener(
    "submit",
    (event) => {
      event.preventDefault();
      const { verdict, mistake } = judge(trace, field.value);
      root.dataset.verdict = verdict;
      const line = (mark, ...words) => make("p", {}, make("b", {}, `${mark} `), ...words);
      reply.replaceChildren(
        ...{
          unread: () => [line("Not a number.", "Type one such as 2, -0.5 or 3/4.")],
          right: () => [line("✓", trace.right)],
          short: () => [line("Almost.", `That is the answer with fewer digits. Give ${trace.digits}.`)],
          unknown: () => [line("✗ Not yet.", "This is not the answer, and none of the mistakes this book knows.")],
          known: () => [
            line("✗ Not yet.", mistake.replies.length > 1 ? "Several mistakes give this value:" : ""),
            ...mistake.replies.map(({ words, link }) =>
              make("p", {}, words, ...(link ? [" ", linkTo(link), "."] : [])),
            ),
          ],
        }[verdict](),
      );
    },
    { signal },
  );
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

function render({ model, el }) {
  return mount(model, el, "answer-box", drawBox);
}

export default { render };
