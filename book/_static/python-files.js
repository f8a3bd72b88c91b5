// What became of Python's files, in a reader's words: asked only where something did not work. A page's own Python and the live
// notebooks share it.

const PATIENCE = 15000; // milliseconds that an answer may take
const QUIET = 20000; // milliseconds without a sign of life after which a reader is told

const WORDS = {
  "no-network": () =>
    navigator.onLine
      ? "Python did not arrive. Is the network there?"
      : "Python did not arrive: there is no network, and this browser has not kept it from an earlier visit.",
  missing: (name) => `The network is there, but the book's server did not send ${name}, which Python needs. Whoever keeps this site can mend that.`,
  damaged: (name) =>
    `${name}, which Python needs, arrived damaged, or something else came in its place, such as a network's page for logging in. Try again.`,
};
export const STILL_NOTHING =
  "Nothing new for 20 seconds: the network is slow or gone, or this device is slow. It goes on by itself as soon as it can.";

/** A file that did not come, or not as it is: the message is for a reader. */
export class NotArrived extends Error {
  constructor({ reason, url = "", status }) {
    super(WORDS[reason](new URL(url, location.href).pathname.split("/").at(-1)));
    Object.assign(this, { reason, status });
  }
}

/** What a JSON file says; `fetched(url, options)` is the browser's fetch. Throws NotArrived. */
export async function fetchJson(url, fetched = fetch) {
  try {
    const answer = await fetched(url, { signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new NotArrived({ reason: "missing", url, status: answer.status });
    return await answer.json();
  } catch (error) {
    if (error instanceof NotArrived) throw error;
    throw new NotArrived({ reason: error instanceof SyntaxError ? "damaged" : "no-network", url });
  }
}

/** Whether some bytes are a file's. Its hash is compared where the browser offers that: not at an address without https. */
export async function isWhole(content, { size, sha256 }) {
  if (content.byteLength !== size) return false;
  if (!globalThis.crypto?.subtle) return true;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

async function faultOf(file, options) {
  const answer = await fetch(file.url, options);
  if (!answer.ok) return "missing";
  return (await isWhole(await answer.arrayBuffer(), file)) ? null : "damaged";
}

/**
 * What is wrong with the first of some files, { url, size, sha256 }, that is not as it should be: { reason, url }, or null.
 * The browser's own copy is asked first; if that one is damaged, it is renewed.
 */
export async function fault(files) {
  const signal = AbortSignal.timeout(PATIENCE);
  for (const file of files) {
    let reason;
    try {
      reason = await faultOf(file, { signal });
    } catch {
      reason = "no-network";
    }
    if (reason === "damaged") await faultOf(file, { signal, cache: "reload" }).catch(() => {});
    if (reason) return { reason, url: file.url };
  }
  return null;
}

/** Call `tell` when there was no sign of life for a while; gives { alive(), over() }. */
export function whenQuiet(tell) {
  let timer;
  const over = () => clearTimeout(timer);
  const alive = () => {
    over();
    timer = setTimeout(tell, QUIET);
  };
  return { alive, over };
}
