// What Python leaves on the device so that it starts faster the next time. Where nothing can be kept, it starts as the first time.

const NAME = "cnnlab python";
const EDITION = "X-Edition";
const addressOf = (name) => new URL(`kept-${name}`, import.meta.url).href; // nobody fetches it

/** What was kept under a name for this edition of what it belongs to, as a response, or null. */
export async function kept(name, edition) {
  try {
    const found = await (await caches.open(NAME)).match(addressOf(name));
    return found?.headers.get(EDITION) === edition ? found : null;
  } catch {
    return null;
  }
}

/** Keep bytes for this edition in the place of those of any other. */
export async function keep(name, edition, bytes) {
  try {
    await (await caches.open(NAME)).put(addressOf(name), new Response(bytes, { headers: { [EDITION]: edition } }));
  } catch {
    // The next start takes as long as this one.
  }
}
