/**
 * The service worker: one whole version of the course on the reader's device, kept by Workbox. The build puts the list of files in
 * (hooks/precache.py); without files, as in `mkdocs serve`, the worker removes itself and what an earlier one has kept.
 */

import { clientsClaim } from "workbox-core";
import { PrecacheController, PrecacheRoute, cleanupOutdatedCaches } from "workbox-precaching";

/** @typedef {{url: string, revision: string | null, integrity: string, bytes: number}} Entry */
/**
 * @typedef {{kind: "storing", done: number, total: number, files: number, of: number, name: string, update: boolean}
 *   | {kind: "failed", why: "full" | "network" | "changed" | "missing" | "stopped" | "other", name: string, text: string, update: boolean, need: number, free: number}
 *   | {kind: "stored"} | {kind: "removed"}} Message what is said on the channel; sizes are in bytes
 */
/** @typedef {{build: string, files: number, bytes: number, when: number}} About the version that is kept; `when` is in milliseconds since 1970 */

const worker = /** @type {any} */ (self); // the checker takes it for a page
/** @type {{build: string, entries: Entry[]}} */
const { build, entries } = /** @type {any} */ (self).__WB_MANIFEST;
/** @type {string} */
const scope = worker.registration.scope;
const notes = `nines-and-hops-notes-${scope}`;
const note = `about?${build}`;
const channel = new BroadcastChannel(`nines-and-hops ${scope}`);
let stopping = new AbortController();

const keeper = new PrecacheController({
  plugins: [
    {
      requestWillFetch: async ({ request, event }) => {
        if (event?.type === "install") tell((current = request.url.slice(scope.length)));
        return request;
      },
      // While the course is in use nothing is put in, so that what the reader has removed does not come back.
      cacheWillUpdate: async ({ response, event }) => (event.type === "install" && response.status === 200 ? response : null),
      cacheDidUpdate: async ({ request }) => {
        added.push(request.url);
        count(request.url);
      },
    },
  ],
});
keeper.addToCacheList(entries);
const keys = [...keeper.getURLsToCacheKeys().values()];
const sizes = new Map(keys.map((key, index) => [key, entries[index].bytes]));
const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
const route = new PrecacheRoute(keeper, { directoryIndex: "index.html", cleanURLs: false, ignoreURLParametersMatching: [/./] });

/** The file that was asked for last. */
let current = "";
let done = 0;
let files = 0;
/** The addresses of what has been put in. @type {string[]} */
let added = [];
/** Whether this version was in use already, and its files have been removed. */
let refilling = false;

/** @param {Message} message */
function say(message) {
  channel.postMessage(message);
}

/** Whether an older version is in use while this one is stored. */
function isUpdate() {
  return Boolean(worker.registration.active) && !refilling;
}

/** Tell the pages how far it is. @param {string} name the file that is fetched now, from the site's root */
function tell(name) {
  say({ kind: "storing", done, total, files, of: entries.length, name, update: isUpdate() });
}

/** @param {string} key */
function count(key) {
  done += sizes.get(key) ?? 0;
  files += 1;
}

/** Put every file of the list in; after a failure that trying again cannot mend, take out what was put in. @param {any} event */
async function install(event) {
  [done, files, added] = [0, 0, []];
  stopping = new AbortController();
  keeper.strategy.fetchOptions = { signal: stopping.signal };
  const cache = await caches.open(keeper.strategy.cacheName);
  const before = new Set((await cache.keys()).map(({ url }) => url));
  for (const key of keys) if (before.has(key)) count(key);
  const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  const room = { need: total - done, free: Math.max(0, quota - usage) };
  try {
    if (room.need > room.free) throw new DOMException("", "QuotaExceededError");
    tell("");
    await keeper.install(event);
    await (await caches.open(notes)).put(note, Response.json({ build, files: entries.length, bytes: total, when: Date.now() }));
    say({ kind: "stored" });
  } catch (error) {
    const why = await reason(error);
    if (why !== "network") await Promise.all(added.map((key) => cache.delete(key)));
    say({ kind: "failed", why, name: current, text: String(error), update: isUpdate(), ...room });
    throw error;
  }
}

/** What has gone wrong. @param {any} error @returns {Promise<Extract<Message, {kind: "failed"}>["why"]>} */
async function reason(error) {
  if (stopping.signal.aborted) return "stopped";
  if (error.name === "QuotaExceededError") return "full";
  if (error.name === "bad-precaching-response") return "missing";
  if (!(error instanceof TypeError)) return "other";
  // A lost connection, a missing file and a wrong checksum are one and the same error; a second look tells them apart.
  try {
    const again = await fetch(new URL(current, scope), { cache: "no-store" });
    await again.arrayBuffer();
    return again.ok ? "changed" : "missing";
  } catch {
    return "network";
  }
}

/** Store everything again: a browser that is asked to bring back a worker that was just removed brings back the same one. @param {any} event */
async function refill(event) {
  refilling = true;
  // Workbox puts in only what an installation asks for.
  await install({ type: "install", waitUntil: event.waitUntil.bind(event) }).catch(() => {});
  refilling = false;
}

/** Take over, and throw away what belongs to older versions. */
async function activate() {
  const cache = await caches.open(notes);
  for (const { url } of await cache.keys()) if (!url.endsWith(note)) await cache.delete(url);
  if (entries.length) return;
  const ours = (await caches.keys()).filter((name) => name.endsWith(`-${scope}`));
  await Promise.all(ours.map((name) => caches.delete(name)));
  await worker.registration.unregister();
}

/** Answer the navigation to a page that is not kept: from the network, or else as a host would. @param {Request} request */
async function visit(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const url = new URL(request.url);
    if (await keeper.matchPrecache(`${url.origin}${url.pathname}/index.html`)) return Response.redirect(`${url.pathname}/${url.search}`);
    const page = await keeper.matchPrecache("404.html");
    if (!page) throw error;
    return new Response(page.body, { status: 404, headers: page.headers });
  }
}

worker.addEventListener("install", (/** @type {any} */ event) => {
  if (entries.length) event.waitUntil(install(event));
  else worker.skipWaiting();
});
worker.addEventListener("activate", (/** @type {any} */ event) => {
  keeper.activate(event);
  event.waitUntil(activate());
});
cleanupOutdatedCaches();
clientsClaim();
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(scope)) return;
  const sameOrigin = true;
  const params = /** @type {any} */ (route.match({ url, request, event, sameOrigin }));
  if (params) event.respondWith(keeper.strategy.handle({ event, request, params }));
  else if (request.mode === "navigate") event.respondWith(visit(request));
});
worker.addEventListener("message", (/** @type {any} */ event) => {
  const { type } = event.data;
  if (type === "SKIP_WAITING") worker.skipWaiting();
  if (type === "STOP") stopping.abort();
  if (type === "REFILL") event.waitUntil(refill(event));
  if (type === "ABOUT") event.waitUntil(caches.match(note, { cacheName: notes }).then(async (kept) => event.ports[0].postMessage(await kept?.json())));
});
