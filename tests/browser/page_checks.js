// What can be said of a page from inside it. It runs first in every page; drivers of browsers only open, type and press.

globalThis.pageChecks = (() => {
  const complaints = [];
  for (const level of ["error", "warn"]) {
    const usual = console[level];
    console[level] = (...words) => {
      complaints.push(words.map(String).join(" "));
      usual.apply(console, words);
    };
  }
  // Errors of scripts, and files that did not come: the latter do not bubble.
  addEventListener("error", ({ message, target }) => complaints.push(message ?? `not loaded: ${target.src ?? target.href}`), true);
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));

  // The text of the page; the search page has no article.
  const text = () => document.querySelector("article") ?? document.querySelector("main");
  const all = (selector, root = text()) => [...root.querySelectorAll(selector)];
  const start = (element) => element.textContent.trim().replace(/\s+/g, " ").slice(0, 80);
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const frames = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)));

  // Waits a few seconds at most, or as many as are given; whoever asks then sees what is missing.
  async function until(holds, seconds = 5) {
    for (let tries = 0; !holds() && tries < 20 * seconds; tries++) await pause(50);
  }

  // What waits until a reader comes near is seen as by one who has been there: everything is laid out, all widgets live.
  async function ready() {
    if (document.readyState !== "complete") await new Promise((done) => addEventListener("load", done));
    await document.fonts.ready;
    const near = document.createElement("style");
    near.textContent = "article :not([hidden]) { content-visibility: visible !important }";
    document.head.append(near);
    dispatchEvent(new KeyboardEvent("keydown", { key: "Shift" }));
    await until(() => !document.querySelector(".cnnlab-widget:not([data-alive])"));
    await frames();
  }

  function kind(element) {
    if (element.closest(".katex-display")) return "formula";
    const code = element.closest(".cell_input, [class*=highlight-]:not(.highlight-text, .highlight-default, .cell_output *)");
    return code ? "code" : element.closest("table") || element.querySelector("table") ? "table" : "text";
  }

  // What is wider than its box; `cue` says whether one sees that there is more.
  function outOfSight() {
    const isCut = (element) => getComputedStyle(element).overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
    const boxes = all("*").filter((element) => element.clientWidth > 1 && isCut(element));
    return boxes.map((element) => ({
      kind: kind(element),
      cue: getComputedStyle(element).maskImage.includes("gradient"),
      text: start(element),
    }));
  }

  // Numbers whose digits stand on two lines.
  function cutNumbers() {
    const texts = document.createTreeWalker(text(), NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    const cut = [];
    while (texts.nextNode()) {
      const node = texts.currentNode;
      for (const { 0: number, index } of node.data.matchAll(/\d[\d.,]*\d/g)) {
        range.setStart(node, index);
        range.setEnd(node, index + number.length);
        const lines = new Set([...range.getClientRects()].filter((box) => box.width).map((box) => Math.round(box.top)));
        if (lines.size > 1) cut.push(`${number} in: ${start(node.parentElement)}`);
      }
    }
    return cut;
  }

  // Each formula has a size, in its own font, and its brackets are as high as what they hold.
  function badFormulas() {
    const height = (element) => element.getBoundingClientRect().height;
    const isLow = (fence) => height(fence) < 0.85 * height(fence.parentElement.querySelector(".mtable"));
    // The name of a column is in its cells for the cards of a phone alone.
    const isMeant = (formula) => formula.closest(".column")?.getClientRects().length !== 0;
    return all(".katex")
      .filter((formula) => formula.closest("details:not([open])") === null && isMeant(formula))
      .filter((formula) => {
        const drawn = formula.querySelector(".katex-html");
        const fences = all(".minner > .mopen, .minner > .mclose", drawn).filter((one) => one.parentElement.querySelector(".mtable"));
        const font = getComputedStyle(drawn).fontFamily.split(",")[0];
        return !drawn.getBoundingClientRect().width || !document.fonts.check(`16px ${font}`) || fences.some(isLow);
      })
      .map(start);
  }

  function silentPictures() {
    const says = (picture) => picture.getAttribute("alt") ?? picture.getAttribute("aria-label") ?? "";
    const texts = all("img, svg[role=img]").map(says);
    return texts.filter((text) => text.split(/\s+/).length < 4 || text.includes("/_images/"));
  }

  // With everything unfolded, as far as width is concerned.
  async function layout() {
    await frames();
    const folded = all("details:not([open])");
    folded.forEach((details) => (details.open = true));
    const answers = all(".predict:not(.open)");
    answers.forEach((fold) => {
      fold.classList.add("open");
      fold.querySelector(".answer").removeAttribute("hidden");
    });
    // The cue of a box comes some frames after its size.
    await until(() => outOfSight().every(({ cue }) => cue));
    const found = {
      wider: Math.max(0, document.documentElement.scrollWidth - innerWidth),
      outOfSight: outOfSight(),
      cutNumbers: cutNumbers(),
      badFormulas: badFormulas(),
    };
    folded.forEach((details) => (details.open = false));
    answers.forEach((fold) => {
      fold.classList.remove("open");
      fold.querySelector(".answer").setAttribute("hidden", "until-found");
    });
    return found;
  }

  // Runs a cell, { id, source }, in the page's own Python, which the first one starts; returns its outputs. `seconds` is the
  // time that this may take.
  let python;
  async function runCell(cell, seconds) {
    const at = (path) => new URL(`../${path}`, location.href).href;
    if (!python) {
      const { Python } = await import(at("_static/run-python.js"));
      python = new Python({ script: at("_static/python-worker.js"), live: at("live/"), progress() {} });
    }
    let outputs = [];
    const show = (output) => (outputs = output.output_type === "clear" ? [] : [...outputs, output]);
    const late = pause(1000 * seconds).then(() => Promise.reject(new Error(`cell ${cell.id} runs longer than ${seconds} s`)));
    await Promise.race([python.run(cell, show), late]);
    return outputs;
  }

  const widgets = () => all(".cnnlab-widget[data-alive]");
  const trace = (place) => JSON.parse(document.getElementById("cnnlab-widgets").textContent).models[place.dataset.model].state.trace;
  const boxes = () => widgets().filter((place) => trace(place).answer);
  const root = (place) => place.querySelector(".cnn");
  const steppers = () => widgets().filter((place) => "step" in root(place).dataset);
  const editable = () => widgets().filter((place) => place.querySelector("[data-edit]"));
  const cell = (number) => editable()[number].querySelector(".cnn-cell:has(> [data-edit]):not([data-quiet])");
  const resetOf = (number) => all("button", editable()[number]).find((button) => button.textContent === "Reset");
  // A widget that shows its last step goes back to the first one: its button says "Again".
  const stepOf = (number) => all("button", steppers()[number]).find((button) => /^(Step|Again)$/.test(button.textContent));
  // Where it stands still and under nothing else, in the middle of the window: for a mouse or a finger, which do not wait for it.
  async function middle(node) {
    const place = () => {
      const { left, top, width, height } = node.getBoundingClientRect();
      return [Math.round(left + width / 2), Math.round(top + height / 2)];
    };
    const isReached = () => node.contains(document.elementFromPoint(...place()));
    let before;
    for (let tries = 0; (String(before) !== String(place()) || !isReached()) && tries < 100; tries++) {
      node.scrollIntoView({ block: "center", behavior: "instant" });
      before = place();
      await new Promise(requestAnimationFrame);
    }
    return place();
  }
  const codeCell = (id) => document.querySelector(`[data-cell="${id}"]`);
  const lines = (id) => all(".cm-line", codeCell(id));
  // Whether the answer to a question is this one, soon.
  async function becomes(question, wanted) {
    const holds = () => JSON.stringify(question()) === JSON.stringify(wanted);
    await until(holds);
    return holds();
  }

  return {
    ready,
    until,
    becomes,
    layout,
    runCell,
    complaints: () => complaints,
    silentPictures,
    counts: () => ({
      formulas: all(".katex-html").length,
      mathml: all(".katex-mathml math").length,
      pictures: all("img, svg").length,
      widgets: all(".cnnlab-widget").length,
      living: widgets().length,
      steppers: steppers().length,
      editable: editable().length,
      boxes: boxes().length,
      words: text().textContent.split(/\s+/).length,
    }),
    focusStep: (number) => stepOf(number).focus(),
    placeOfStep: (number) => middle(stepOf(number)),
    step: (number) => Number(root(steppers()[number]).dataset.step),
    lastStep: (number) => Number(root(steppers()[number]).dataset.steps),
    // Focus on the first number that can be changed, and on the button that puts all back.
    focusNumber: (number) => cell(number).focus(),
    focusReset: (number) => resetOf(number).focus(),
    placeOf: (number) => middle(cell(number)),
    placeOfMore: (number) => middle(editable()[number].querySelector("[aria-label='One more']")),
    placeOfReset: (number) => middle(resetOf(number)),
    // The number, and whether it is marked as the reader's own.
    numberOf: (number) => [cell(number).querySelector("[data-edit]").firstChild.data, root(editable()[number]).hasAttribute("data-own")],
    // Puts the cursor into an answer box and returns the right answer.
    focusBox(number) {
      boxes()[number].querySelector("input").focus();
      return trace(boxes()[number]).answer.text;
    },
    verdict: (number) => root(boxes()[number]).dataset.verdict,
    // A code cell: where a button of it stands, and a line of its editor; such a line, and what it shows within some seconds.
    async placeOfButton(id, name) {
      const found = () => all("button:not([hidden])", codeCell(id)).find((button) => button.textContent === name);
      await until(found);
      return middle(found());
    },
    async placeOfLine(id, number) {
      await until(() => lines(id)[number]);
      return middle(lines(id)[number]);
    },
    lineOf: (id, number) => lines(id)[number]?.textContent.trim(),
    async shownBy(id, selector, seconds) {
      const found = () => codeCell(id).querySelector(selector);
      await until(found, seconds);
      return (found() ?? codeCell(id)).textContent;
    },
  };
})();
