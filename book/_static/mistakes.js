// The page of mistakes is an index: words that are typed narrow it, and a link to a mistake opens it.
{
  const entries = [...document.querySelectorAll(".cnnlab-mistake")];
  const texts = entries.map((entry) => entry.textContent.toLowerCase());
  const groups = [...new Set(entries.map((entry) => entry.closest("section")))];

  function openTarget() {
    const target = cnnlabTarget();
    const entry = target?.closest(".cnnlab-mistake");
    if (!entry) return;
    entry.open = true;
    entry.hidden = false;
    entry.closest("section").hidden = false;
    entry.scrollIntoView();
  }

  function narrow(asked, status) {
    const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
    entries.forEach((entry, n) => (entry.hidden = !words.every((word) => texts[n].includes(word))));
    for (const group of groups) group.hidden = !group.querySelector(".cnnlab-mistake:not([hidden])");
    const left = entries.filter((entry) => !entry.hidden).length;
    status.textContent = `${left} of ${entries.length} mistakes`;
  }

  if (entries.length) {
    const field = Object.assign(document.createElement("input"), { type: "search", id: "mistake-filter", autocomplete: "off" });
    const label = Object.assign(document.createElement("label"), {
      htmlFor: field.id,
      textContent: "Find a mistake: a word, the name of a function, or a number that you got",
    });
    const status = document.createElement("p");
    status.setAttribute("role", "status");
    const filter = document.createElement("div");
    filter.className = "mistake-filter";
    filter.append(label, field, status);
    groups[0].before(filter);
    field.addEventListener("input", () => narrow(field.value, status));
    narrow("", status);
    openTarget();
    addEventListener("hashchange", openTarget);
  }
}
