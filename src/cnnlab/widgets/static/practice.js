// The page Practice: an overview of the skills, a session of at most twelve items, and what is kept on the device.

const KEPT = "cnnlab-practice";

/** Days since 1970 by the reader's own calendar. */
function today() {
  const now = new Date();
  return Math.floor(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) / 86_400_000);
}

function dateOf(day) {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

/** The questions of a skill: a file beside the page, or from Python where there is one. Asked for once. */
function bankOf(model, id) {
  const banks = (globalThis.cnnlabBanks ??= {});
  banks[id] ??= new Promise((resolve, reject) => {
    if (!document.querySelector(".cnnlab-widget")) {
      const listen = (message) => {
        if (message.id !== id) return;
        model.off("msg:custom", listen);
        resolve(message.bank);
      };
      model.on("msg:custom", listen);
      model.send({ bank: id });
      return;
    }
    const root = document.documentElement.dataset.content_root ?? "./";
    const receive = (globalThis.cnnlabBank ??= new Map());
    receive.set(id, resolve);
    const script = make("script", { src: `${root}_static/practice/${id}.js`, onerror: () => reject(new Error("The questions did not arrive.")) });
    document.head.append(script);
  }).catch((error) => {
    delete banks[id];
    throw error;
  });
  return banks[id];
}

function load(skills) {
  try {
    return readKept(localStorage.getItem(KEPT) ?? "", skills) ?? {};
  } catch {
    return {};
  }
}

function written(records) {
  return JSON.stringify({ kind: "cnnlab practice", records });
}

/** Whether it could be kept. */
function save(records) {
  try {
    localStorage.setItem(KEPT, written(records));
    return true;
  } catch {
    return false;
  }
}

function offer(name, type, text) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The given numbers as small tables; `pick` makes each a button. */
function tables(given, pick) {
  let place = 0;
  const table = ({ name, shape, text }) => {
    const columns = shape.at(-1) ?? 1;
    const rows = [];
    for (let start = 0; start < text.length; start += columns) {
      const cells = text.slice(start, start + columns).map((number) => {
        const at = place++;
        const shown = told(number);
        return make("td", {}, pick ? make("button", { type: "button", "aria-label": `${name}: ${shown}`, onclick: () => pick(at) }, shown) : make("span", {}, shown));
      });
      rows.push(make("tr", {}, ...cells));
    }
    return make("table", {}, make("caption", {}, name), make("tbody", {}, ...rows));
  };
  return make("div", { class: "cnn-given" }, ...given.map(table));
}

/** A question of a bank as an answer box takes it. */
function boxTrace(question, { mistakes, digits }) {
  const replies = (text, ids) =>
    ids.map((id) => {
      const [name, why, link] = mistakes[id];
      return { words: name ? `${told(text)} is what this mistake gives: ${name}. ${why}` : `${told(text)}: ${why}`, link };
    });
  return {
    question: question.ask,
    digits,
    answer: question.answer,
    shorter: [],
    wrong: question.wrong.map(({ ids, ...known }) => ({ ...known, replies: replies(known.text, ids) })),
    right: "Right.",
    hints: question.lines,
    terms: question.terms,
  };
}

/** The solution without its last product, for who completes it. */
function withoutLast({ lines, terms }) {
  const products = lines.at(-1).split(" + ");
  return terms.length > 1 && products.length === terms.length ? [...lines.slice(0, -1), [...products.slice(0, -1), "\u2026"].join(" + ")] : lines.slice(0, 1);
}

function drawPractice({ trace, root, signal, model }) {
  const { skills } = trace;
  let records = load(skills);
  root.setAttribute("aria-label", "Practice");
  root.classList.add("cnn-practice");
  const status = make("p", { role: "status", "aria-live": "polite" });
  const stage = make("div");
  root.append(status, stage);

  function overview(words = "", isOver = false) {
    status.textContent = words;
    const day = today();
    const told = {
      new: () => "not begun",
      learning: ({ good }) => (good ? "one right so far" : "begun"),
      resting: ({ due }) => `rests until ${dateOf(due)}`,
      due: () => "to review today",
    };
    const rows = skills.map((skill) => {
      const record = recordOf(records, skill.id);
      const now = statusOf(record, day);
      const name = linkTo(skill.chapter);
      name.textContent = skill.title;
      const go = make("button", { type: "button", "aria-label": `Practise: ${skill.title}`, onclick: () => begin(skill.id) }, "Practise");
      return make("tr", { "data-skill": skill.id, "data-status": now }, make("td", {}, name), make("td", {}, told[now](record)), make("td", {}, go));
    });
    const due = rows.filter((row) => row.dataset.status === "due").length;
    const first = make("button", { type: "button", class: "cnn-main", onclick: () => begin() }, due ? `Review (${due} due)` : "Practise a mix");
    stage.replaceChildren(first, make("table", { class: "cnn-skills" }, make("tbody", {}, ...rows)), keeping(isOver));
    return first;
  }

  function keeping(isOpen) {
    const file = make("input", { type: "file", accept: ".json,application/json", hidden: "" });
    file.addEventListener(
      "change",
      async () => {
        const read = readKept(await file.files[0].text(), skills);
        if (!read) return void (status.textContent = "That file holds no progress of this page. Nothing was changed.");
        records = read;
        save(records);
        overview("Your progress was read from the file.");
      },
      { signal },
    );
    const button = (words, act) => make("button", { type: "button", onclick: act }, words);
    const erase = button("Erase", () => {
      if (!confirm("Erase your progress on this device?")) return;
      records = {};
      try {
        localStorage.removeItem(KEPT);
      } catch {}
      overview("Your progress was erased.");
    });
    return make(
      "details",
      isOpen ? { open: "" } : {},
      make("summary", {}, "What is kept, and where"),
      make("p", {}, "Your progress stays in this browser. There is no account, and nothing is sent. Safari may erase it after seven days without a visit: export it now and then."),
      make(
        "p",
        {},
        button("Export", () => offer("practice.json", "application/json", written(records))),
        " ",
        button("Import", () => file.click()),
        " ",
        erase,
        " ",
        button("Reviews as a calendar file", () => offer("reviews.ics", "text/calendar", calendar(records, (day) => dateOf(day).replaceAll("-", ""), location.href))),
        file,
      ),
    );
  }

  function begin(focus = null) {
    step(startSession(skills, records, today(), focus));
  }

  async function step(session) {
    const item = nextItem(skills, records, session, today());
    if (!item) return end(session);
    const skill = skills.find(({ id }) => id === item.skill);
    let bank;
    try {
      bank = await bankOf(model, item.skill);
    } catch (error) {
      return overview(`${error.message} Check the connection and try again; your progress is kept.`).focus();
    }
    status.textContent = `${session.items.length + 1} of at most ${MOST_ITEMS}: ${skill.title}`;
    const list = item.kind === "turned" ? bank.turned : bank.questions;
    const question = list[item.place % list.length];
    const next = make("button", { type: "button", class: "cnn-main", hidden: "" }, "Next");
    const after = make("div", { class: "cnn-lines", role: "status", "aria-live": "polite" });
    const stop = make("button", { type: "button", onclick: () => overview().focus() }, "Stop");
    let outcome = null;
    /** The first thing that happens to an item decides what it counts. */
    function settle(result) {
      outcome ??= result;
    }
    function solved() {
      after.replaceChildren(...question.lines.map((line) => make("p", {}, told(line))), make("p", {}, `= ${told(question.answer.text)}`));
      next.hidden = false;
    }
    next.addEventListener("click", () => {
      session.items.push({ ...item, outcome });
      records = afterItem(records, item, outcome, today());
      const kept = save(records);
      step(session).then(() => kept || (status.textContent += " (This browser keeps nothing: your progress will be gone when you leave.)"));
    });

    if (item.kind === "turned") {
      const [name, why] = bank.mistakes[question.mistake];
      const ask = make("p", { class: "cnn-title" }, `${question.ask} The answer is ${told(question.answer)}, and one mistake gives it, too: ${name || why} Which number shows the mistake if it becomes larger by 1, or by 0.1 if it is a fraction?`);
      const pick = (at) => {
        const [right, slipped] = question.changes[at];
        const shows = right !== slipped;
        settle(shows ? "unaided" : "miss");
        after.textContent = shows ? `\u2713 Now the answer is ${told(right)}, and the mistake gives ${told(slipped)}.` : `\u2717 Then both give ${told(right)}. Try another one.`;
        next.hidden = !shows && next.hidden;
      };
      stage.replaceChildren(ask, tables(question.given, pick), after, next, stop);
    } else if (item.kind === "worked") {
      settle("seen");
      stage.replaceChildren(make("p", { class: "cnn-title" }, `Worked: ${question.ask}`), tables(question.given), after, next, stop);
      solved();
    } else {
      const begun = item.kind === "blank" ? make("div", { class: "cnn-lines" }, ...withoutLast(question).map((line) => make("p", {}, told(line)))) : "";
      const box = make("div", { class: "cnn", "data-kind": "answer-box" });
      stage.replaceChildren(tables(question.given), begun, box, after, next, stop);
      drawBox({ trace: boxTrace(question, bank), root: box, signal });
      new MutationObserver(() => {
        if (box.querySelector(".cnn-hints > p")) settle("aided");
        const shown = box.querySelectorAll(".cnn-hints > p").length > question.lines.length;
        if (box.dataset.verdict === "right") settle("unaided");
        else if (box.dataset.verdict && box.dataset.verdict !== "unread") settle("miss");
        if (box.dataset.verdict === "right" || shown) solved();
      }).observe(box, { attributes: true, childList: true, subtree: true });
      box.querySelector("input").focus({ preventScroll: true });
    }
    if (item.kind !== "whole" && item.kind !== "blank") (next.hidden ? stage.querySelector("button") : next).focus({ preventScroll: true });
  }

  async function end(session) {
    const good = session.items.filter(({ outcome }) => outcome === "unaided").length;
    const asked = session.items.filter(({ outcome }) => outcome !== "seen").length;
    // A browser that was asked keeps more firmly what is stored.
    const firm = await navigator.storage?.persist?.().catch(() => false);
    const advice = firm ? "" : " This browser may erase what it keeps; an export is safe.";
    overview(asked ? `${good} of ${asked} right without help.${advice}` : "Everything rests today.", asked > 0).focus();
  }

  overview();
  const wanted = new URLSearchParams(location.hash.slice(1)).get("skill");
  if (skills.some(({ id }) => id === wanted)) begin(wanted);
}

function render({ model, el }) {
  return mount(model, el, "practice", drawPractice);
}

export default { render };
