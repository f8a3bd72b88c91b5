// What a reader typed, read as a teacher would, and compared with what Python worked out before. Nothing here draws.

const NUMBER = /^(\d[\d,.'\u2019\u00a0\u202f_ ]*|[.,]\d+)(e[-+]?\d+)?/i;

/**
 * The values that a written number without a sign can have, the likelier first. "55,296" is both a number of thousands
 * and one with a decimal comma, "55,296.5" and "1 000" only the first, "0,3" only the second.
 */
function numberValues(text) {
  const [, digits, exponent = ""] = text.match(/^(.*?)(e[-+]?\d+)?$/i);
  const values = [];
  if (/^\d{1,3}([,'\u2019\u00a0\u202f_ ]\d{3})+(\.\d+)?$/.test(digits)) values.push(digits.replace(/[^\d.]/g, ""));
  if (/^(\d+[.,]?\d*|[.,]\d+)$/.test(digits)) values.push(digits.replace(",", "."));
  return values.map((value) => Number(value + exponent)).filter(Number.isFinite);
}

/**
 * A typed sum, product or quotient: {value, terms, plain}, where `terms` are the values between plus and minus signs,
 * and `plain` is true for a number alone. Several readings where a comma can be read in two ways, none if it is no number.
 */
function readings(text) {
  const found = [];
  for (const thousands of [0, 1]) {
    const read = readSum(text, thousands);
    if (read && !found.some((other) => other.value === read.value)) found.push(read);
  }
  return found;
}

function readSum(text, reading) {
  let rest = text
    .trim()
    .replaceAll("\u2212", "-")
    .replaceAll("\u2013", "-")
    .replace(/^=\s*/, "");
  let plain = true;
  const take = (pattern) => {
    const match = rest.match(pattern);
    if (match) rest = rest.slice(match[0].length).trimStart();
    return match?.[0];
  };
  /** A number or a sum in brackets, with its signs. */
  function factor() {
    if (take(/^[-]/)) return -factor();
    if (take(/^\+/)) return factor();
    if (take(/^\(/)) {
      const terms = sum();
      return take(/^\)/) ? terms.reduce((a, b) => a + b, 0) : NaN;
    }
    const written = take(NUMBER);
    if (written === undefined) return NaN;
    const values = numberValues(written.trim());
    return values[Math.min(reading, values.length - 1)] ?? NaN;
  }
  function term() {
    let value = factor();
    for (;;) {
      if (take(/^[*\u00d7\u00b7x]/i)) value *= factor();
      else if (take(/^[/:\u00f7]/)) value /= factor();
      else return value;
      plain = false;
    }
  }
  function sum() {
    const terms = [term()];
    for (let sign = take(/^[-+]/); sign; sign = take(/^[-+]/)) {
      terms.push(sign === "-" ? -term() : term());
      plain = false;
    }
    return terms;
  }
  const terms = sum();
  const value = Number(terms.reduce((a, b) => a + b, 0).toPrecision(12));
  return rest === "" && Number.isFinite(value) ? { value, terms, plain } : null;
}

function same(a, b) {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

/** Each typed term as {value, right}, and how many of the answer's are missing; null if there is nothing to compare. */
function compareTerms(typed, terms) {
  if (typed.length < 2 || !terms.length) return null;
  const left = [...terms];
  const compared = typed.map((value) => {
    const place = left.findIndex((term) => same(term, value));
    if (place >= 0) left.splice(place, 1);
    return { value, right: place >= 0 };
  });
  return { compared, missing: left.length };
}

/**
 * What a text is in the light of a trace: {verdict, read, mistake?, terms?}. Verdicts: "right", "known" (a mistake gives it),
 * "short" (the answer with too few digits), "close" (near an answer that must be met exactly), "unknown", "unread".
 */
function judge(trace, text) {
  const found = readings(text).map((read) => ({ read, ...judgeValue(trace, read.value) }));
  const order = ["right", "known", "short", "close", "unknown"];
  found.sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  if (!found.length) return { verdict: "unread" };
  return { ...found[0], terms: compareTerms(found[0].read.terms, trace.terms) };
}

function judgeValue({ answer, wrong, shorter, digits }, typed) {
  const distance = (known) => Math.abs(typed - known.value);
  if (distance(answer) <= answer.within) return { verdict: "right" };
  const [mistake] = wrong.filter((known) => distance(known) <= known.within).sort((a, b) => distance(a) - distance(b));
  if (mistake) return { verdict: "known", mistake };
  if (shorter.some((short) => Number(short) === typed)) return { verdict: "short" };
  const size = Math.abs(answer.value) || 1;
  return { verdict: distance(answer) < 0.5 * size * 10 ** (1 - Math.min(digits, 2)) ? "close" : "unknown" };
}
