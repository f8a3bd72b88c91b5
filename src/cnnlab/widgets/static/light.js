// What the pictures of one sum share: which sum is lit, its terms as a formula, and the reader's own numbers.

/** One sum in full: its terms, and the formula with its numbers. */
function litSum(arrays, { options, digits }, name, place) {
  const terms = convTerms(name, place, arrays, options);
  const factor = ([of, at]) => signed(arrays[of].values[at], digits);
  const total = running(terms.map(({ product }) => product)).at(-1) ?? 0;
  const texts = terms.map(({ factors }) => factors.map(factor).join(" × "));
  const label = indexText(name, place, arrays[GIVEN[name]].shape);
  return { terms, texts, label, total: number(total, digits) };
}

/**
 * A picture in which one sum is lit at a time. `build` makes its grids, given {numbers, arrays, results, light}, and returns
 * {grids, el, paint}: `paint(lit, results)` draws the sum that is lit and returns a sentence about it. Returns the numbers.
 */
function drawLight({ trace, root, signal, memory }, at, build) {
  const numbers = makeNumbers({ root, trace, signal, memory, say, changed: () => light(...memory.lit, true) });
  const { arrays } = numbers;
  memory.lit ??= [SUM_AT[at], trace.first];
  const words = make("p", { class: "cnn-words" });
  const formula = make("div", { class: "cnn-number cnn-formula", "data-formula": "" });
  const spoken = make("div", { class: "cnn-spoken", role: "status", "aria-live": "polite" });
  const { grids, el, paint } = build({ numbers, arrays, results: trace.results, light });
  root.setAttribute("aria-label", trace.title);
  root.append(
    make("p", { class: "cnn-title" }, trace.title, numbers.badge),
    numbers.el,
    el,
    formula,
    words,
    make("p", { class: "cnn-caption" }, trace.caption),
    numbers.footer,
    spoken,
  );

  function say(text) {
    spoken.textContent = text;
  }
  /** Light one sum; returns what to say. */
  function light(name, place, quietly = false) {
    memory.lit = [name, place];
    const results = numbers.own() ? sumsWritten(arrays, trace) : trace.results;
    const lit = { name, place, ...litSum(arrays, trace, name, place) };
    words.textContent = paint(lit, results);
    const total = make("b", {}, results[name][place]);
    formula.replaceChildren(`${lit.label} = ${lit.texts.join(" + ") || "0"} = `, total);
    const said = `${formula.textContent}.`;
    if (!quietly) say(said);
    return said;
  }
  numbers.attach(Object.fromEntries(Object.entries(grids).filter(([name]) => arrays[name])), [at, trace.first]);
  return numbers;
}
