// Predict, then see: what answers a box stays folded until the reader has answered it, or asks. Find in page and links open it,
// too. On paper the answers stand at the end of the page. What was typed and opened is still there when the reader comes back.
{
  const folds = [...document.querySelectorAll(".predict")];
  const answerOf = (fold) => fold.querySelector(".answer");
  const kept = `cnnlab-answers:${location.pathname}`;

  function openFold(fold, isAsked = false) {
    fold.classList.add("open");
    answerOf(fold).removeAttribute("hidden");
    fold.querySelector(".show-answer").setAttribute("aria-expanded", "true");
    if (isAsked) answerOf(fold).focus({ preventScroll: true });
  }

  /** Open what answers the box that holds this element. */
  function openBehind(element) {
    const box = element.closest(".cnnlab-widget")?.dataset.model;
    for (const fold of folds) if (box && fold.dataset.box === box) openFold(fold);
  }

  /** Whoever follows a link into an answer wants to see it. */
  function openTarget() {
    const target = cnnlabTarget();
    const fold = target?.closest(".predict:not(.open)");
    if (!fold) return;
    openFold(fold);
    target.scrollIntoView();
  }

  for (const fold of folds) {
    answerOf(fold).setAttribute("hidden", "until-found");
    answerOf(fold).addEventListener("beforematch", () => openFold(fold));
    fold.querySelector(".show-answer").addEventListener("click", () => openFold(fold, true));
  }
  if (folds.length) {
    const all = document.createElement("button");
    all.type = "button";
    all.className = "show-all";
    all.textContent = "Open everything on this page";
    all.addEventListener("click", () => {
      folds.forEach((fold) => openFold(fold));
      document.querySelectorAll("article details").forEach((details) => (details.open = true));
      answerOf(folds[0]).focus({ preventScroll: true });
    });
    folds[0].querySelector(".ask .on-screen").append(" ", all);
    openTarget();
    addEventListener("hashchange", openTarget);
  }

  // A box says in its verdict that it was answered; its last hint, after which it offers no more, is the answer.
  document.addEventListener("click", ({ target }) => {
    const help = target.closest?.(".cnn-help");
    if (help?.hidden) openBehind(help);
  });

  const fieldOf = (place) => place.querySelector("[data-kind=answer-box] input");
  let before = {};
  try {
    before = JSON.parse(sessionStorage.getItem(kept)) ?? {};
  } catch {
    // Where nothing may be stored, nothing comes back.
  }
  for (const fold of folds) if (before.open?.includes(answerOf(fold).id)) openFold(fold);

  function comeBack(place) {
    const typed = before.typed?.[place.dataset.model];
    const field = typed && fieldOf(place);
    if (!field || field.value) return;
    field.value = typed.text;
    if (typed.checked) field.form.requestSubmit();
  }

  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if ("alive" in target.dataset) comeBack(target);
      else if (target.dataset.verdict === "right") openBehind(target);
    }
  }).observe(document.querySelector("article") ?? document.body, {
    subtree: true,
    attributes: true,
    attributeFilter: ["data-alive", "data-verdict"],
  });

  addEventListener("pagehide", () => {
    const filled = [...document.querySelectorAll(".cnnlab-widget")].filter((place) => fieldOf(place)?.value);
    const typed = filled.map((place) => {
      const checked = Boolean(place.querySelector("[data-verdict]"));
      return [place.dataset.model, { text: fieldOf(place).value, checked }];
    });
    // What was typed last time into a box that nobody has come near to since.
    const asleep = (model) => document.querySelector(`.cnnlab-widget[data-model="${model}"]:not([data-alive])`);
    typed.push(...Object.entries(before.typed ?? {}).filter(([model]) => asleep(model)));
    const open = folds.filter((fold) => fold.classList.contains("open")).map((fold) => answerOf(fold).id);
    try {
      sessionStorage.setItem(kept, JSON.stringify({ typed: Object.fromEntries(typed), open }));
    } catch {
      // The same.
    }
  });

  // On paper.
  let end;
  addEventListener("beforeprint", () => {
    if (!folds.length || end) return;
    end = document.createElement("section");
    end.className = "answers-at-the-end";
    end.append(Object.assign(document.createElement("h2"), { textContent: "Answers" }));
    for (const fold of folds) {
      const answer = answerOf(fold);
      answer.removeAttribute("hidden");
      end.append(Object.assign(document.createElement("h3"), { textContent: answer.getAttribute("aria-label") }), answer);
      fold.answer = answer;
    }
    document.querySelector("article").append(end);
  });
  addEventListener("afterprint", () => {
    if (!end) return;
    for (const fold of folds) {
      fold.append(fold.answer);
      if (!fold.classList.contains("open")) fold.answer.setAttribute("hidden", "until-found");
    }
    end.remove();
    end = undefined;
  });
}
