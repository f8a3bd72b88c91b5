// When which skill is asked, and in which form. Nothing here draws, and nothing here knows what time it is.

const MOST_ITEMS = 12;
const REST_DAYS = [1, 3, 7, 20, 60];
const APART_AFTER_MISS = 3;

/**
 * What is kept of a skill: `stage` 0 shows a worked question, 1 leaves its last product blank, 2 asks; `good` counts the
 * unaided answers since then; `level` is the place in REST_DAYS, -1 while the skill is new; `due` is the day of the next
 * review, `next` the next question.
 */
function recordOf(records, id) {
  return { stage: 0, good: 0, level: -1, due: null, next: 0, turned: 0, ...records[id] };
}

/** "new", "learning", "resting" or "due". */
function statusOf(record, day) {
  if (record.level >= 0) return day >= record.due ? "due" : "resting";
  return record.stage ? "learning" : "new";
}

/** A session: the skills that may be asked. With a focus it begins there, and takes the skill beside it. */
function startSession(skills, records, day, focus = null) {
  const of = (...wanted) => skills.map(({ id }) => id).filter((id) => wanted.includes(statusOf(recordOf(records, id), day)));
  const due = of("due").sort((a, b) => records[a].due - records[b].due);
  const beside = skills.find(({ id }) => id === focus)?.beside;
  const active = [focus, beside, ...due, ...of("learning")].filter(Boolean);
  const fresh = of("new").filter((id) => !active.includes(id));
  while (new Set(active).size < 2 && fresh.length) active.push(fresh.shift());
  return { active: [...new Set(active)], waiting: fresh, items: [], focus };
}

/** How many items ago a skill was asked, 1 for the last one, and what came of it. */
function lastAsked(session, id) {
  const place = session.items.findLastIndex((item) => item.skill === id);
  return place < 0 ? { ago: Infinity } : { ago: session.items.length - place, outcome: session.items[place].outcome };
}

/** The next item as {skill, kind, place}, or null at the end. Kinds: "worked", "blank", "whole", "turned". */
function nextItem(skills, records, session, day) {
  if (session.items.length >= MOST_ITEMS) return null;
  const last = session.items.at(-1);
  const stateOf = (id) => recordOf(records, id);
  const asks = (id) => (session.items.length === 0 && id === session.focus) || statusOf(stateOf(id), day) !== "resting";
  const ready = (id) => {
    const { ago, outcome } = lastAsked(session, id);
    return asks(id) && ago > (outcome === "miss" ? APART_AFTER_MISS : 1);
  };
  // A worked question is followed by one of the same skill to complete, and that by a whole one.
  const opening = last && last.outcome !== "miss" && ["worked", "blank"].includes(last.kind);
  let pool = opening ? [last.skill] : session.active.filter(ready);
  if (!pool.length && session.waiting.length) {
    session.active.push(session.waiting.shift());
    pool = session.active.filter(ready);
  }
  if (!pool.length) return null;
  const beside = skills.find(({ id }) => id === last?.skill)?.beside;
  const skill = pool.find((id) => id === beside) ?? pool[0];
  const record = stateOf(skill);
  const turned = record.level >= 0 && record.level % 2 === 1;
  const kind = record.stage < 2 ? ["worked", "blank"][record.stage] : turned ? "turned" : "whole";
  return { skill, kind, place: turned && kind === "turned" ? record.turned : record.next };
}

/** The records after an item. Outcomes: "seen" (worked), "unaided", "aided" (after a hint), "miss". */
function afterItem(records, item, outcome, day) {
  const record = recordOf(records, item.skill);
  record[item.kind === "turned" ? "turned" : "next"] += 1;
  if (item.kind === "worked") record.stage = 1;
  else if (item.kind === "blank") record.stage = outcome === "miss" ? 1 : 2;
  else if (record.level < 0) {
    if (outcome === "unaided") record.good += 1;
    if (outcome === "miss") record.good = 0;
    if (record.good >= 2) Object.assign(record, { level: 0, due: day + REST_DAYS[0] });
  } else if (outcome === "unaided") {
    record.level = Math.min(record.level + 1, REST_DAYS.length - 1);
    record.due = day + REST_DAYS[record.level];
  } else if (outcome === "miss") {
    record.level -= 1;
    if (record.level >= 0) record.due = day + REST_DAYS[record.level];
    else Object.assign(record, { good: 0, due: null });
  }
  return { ...records, [item.skill]: record };
}

/** The days on which reviews are due, as an iCalendar file. `dateOf` writes a day as 20261121. */
function calendar(records, dateOf, address) {
  const days = [...new Set(Object.values(records).filter((record) => record.level >= 0).map((record) => record.due))].sort((a, b) => a - b);
  const events = days.flatMap((day) => [
    "BEGIN:VEVENT",
    `UID:practice-${day}@cnnlab`,
    `DTSTAMP:${dateOf(day)}T000000Z`,
    `DTSTART;VALUE=DATE:${dateOf(day)}`,
    "SUMMARY:Practise backpropagation",
    `DESCRIPTION:${address}`,
    "END:VEVENT",
  ]);
  return ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//cnnlab//practice//EN", ...events, "END:VCALENDAR", ""].join("\r\n");
}

/** What a file of kept progress says, or null if it is none: only known skills and sensible numbers. */
function readKept(text, skills) {
  let kept;
  try {
    kept = JSON.parse(text);
  } catch {
    return null;
  }
  if (kept?.kind !== "cnnlab practice" || typeof kept.records !== "object" || kept.records === null) return null;
  const count = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
  const good = (r) => count(r?.stage, 0, 2) && count(r.good, 0, 1e6) && count(r.level, -1, REST_DAYS.length - 1) && count(r.next, 0, 1e6) && count(r.turned, 0, 1e6) && (r.level < 0 || count(r.due, 0, 1e6));
  const entries = skills.map(({ id }) => [id, kept.records[id]]).filter(([, record]) => record !== undefined);
  return entries.every(([, record]) => good(record)) ? Object.fromEntries(entries) : null;
}
