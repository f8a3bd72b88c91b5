// Answers for the book where the network does not. A page registers it when a reader's first Run has brought Python, so that
// code runs without a network, too. The network always comes first: nobody sees an old page while it is there.
// JupyterLite, in live/, looks after itself; only Python's files, which it shares with the pages, are kept.

const KEPT = "cnnlab book";
const FOLDER = new URL("./", location.href).href;
const LIVE = `${FOLDER}live/`;
const PYTHON = [`${LIVE}static/pyodide/`, `${LIVE}python.json`];

/** Whether an address is the book's, or Python's. */
function isOurs(address) {
  return address.startsWith(FOLDER) && (!address.startsWith(LIVE) || PYTHON.some((start) => address.startsWith(start)));
}

async function answer(request) {
  try {
    const fresh = await fetch(request);
    if (fresh.status === 200) (await caches.open(KEPT)).put(request, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await caches.match(request);
    if (kept) return kept;
    throw error;
  }
}

async function keep(addresses) {
  const cache = await caches.open(KEPT);
  for (const address of new Set(addresses)) {
    if (isOurs(address) && !(await cache.match(address))) await cache.add(address).catch(() => {});
  }
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("message", (event) => event.waitUntil(keep(event.data.keep)));
addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && isOurs(url)) event.respondWith(answer(event.request));
});
