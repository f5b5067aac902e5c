/** The version of the course that this browser keeps: storing it, using a newer one, removing it. One for the page, and for its whole visit. */

import { Workbox, messageSW } from "workbox-window";
import { offerNewer } from "./newer-version.js";

/** @typedef {import("./sw.source.js").Message} Message */
/** @typedef {import("./sw.source.js").About} About */
/** @typedef {Extract<Message, {kind: "storing"}>} Storing */
/** @typedef {Extract<Message, {kind: "failed"}>} Failed */
/**
 * @typedef {{stage: "looking"} | {stage: "none"} | {stage: "part"} | {stage: "storing", progress?: Storing} | {stage: "stored", about: About, update?: Storing | Failed}
 *   | {stage: "failed", failed: Pick<Failed, "why" | "name" | "text" | "need" | "free"> | {why: "denied"}}} State
 *   "part": storing was interrupted, and what has come is still here
 */

const ROOT = new URL("../", import.meta.url).href;
/** How many milliseconds to wait for the last word of a service worker that has ended. */
const LAST_WORD = 1_000;

class StoredCourse extends EventTarget {
  /** @type {State} */
  state = { stage: "looking" };
  #channel = new BroadcastChannel(`nines-and-hops ${ROOT}`);
  /** @type {Workbox | undefined} */
  #workbox;
  /** How far the current attempt has come, in bytes, and how far the one before it. */
  #done = 0;
  #before = 0;
  #reloading = false;

  constructor() {
    super();
    this.#channel.onmessage = ({ data }) => this.#hear(data);
  }

  /** Find out what is here. */
  async look() {
    try {
      const registration = await this.#registration();
      if (registration) this.#attend();
      if (registration?.active) {
        /** @type {About | undefined} */
        const about = await messageSW(registration.active, { type: "ABOUT" });
        this.#become(about ? { stage: "stored", about } : { stage: "part" });
      } else if (registration?.installing) {
        this.#become({ stage: "storing" });
      } else {
        this.#become({ stage: (await this.#caches()).length ? "part" : "none" });
      }
    } catch {
      this.#become({ stage: "failed", failed: { why: "denied" } });
    }
  }

  /** Store the course, or go on with that. */
  async store() {
    this.#before = this.#done = 0;
    this.#become({ stage: "storing" });
    try {
      await caches.keys();
    } catch {
      return this.#become({ stage: "failed", failed: { why: "denied" } });
    }
    await this.#attempt();
  }

  /** Register the service worker, which then stores the course. */
  async #attempt() {
    this.#workbox = undefined;
    try {
      const registration = await this.#attend();
      if (registration?.active && !registration.installing) registration.active.postMessage({ type: "REFILL" });
    } catch (error) {
      const denied = error instanceof DOMException && error.name !== "AbortError";
      const why = denied ? "denied" : navigator.onLine ? "missing" : "network";
      this.#become({ stage: "failed", failed: { why, name: "sw.js", text: String(error), need: 0, free: 0 } });
    }
  }

  /** Give up storing; nothing of it stays. */
  async stop() {
    const registration = await this.#registration();
    const storing = registration?.installing ?? registration?.active;
    if (storing) storing.postMessage({ type: "STOP" });
    else await this.remove();
  }

  /** Remove what is stored, a part of it too. */
  async remove() {
    await (await this.#registration())?.unregister();
    await Promise.all((await this.#caches()).map((name) => caches.delete(name)));
    this.#workbox = undefined;
    this.#channel.postMessage({ kind: "removed" });
    this.#become({ stage: "none" });
  }

  /** Put the newer version in the place of the one in use; all pages that show the course then load anew. */
  renew() {
    this.#reloading = true;
    this.#workbox?.messageSkipWaiting();
  }

  /** Hear of what becomes of the service worker; this registers it if it is not yet. @returns {Promise<ServiceWorkerRegistration | undefined>} */
  async #attend() {
    if (this.#workbox) return;
    const workbox = (this.#workbox = new Workbox(`${ROOT}sw.js`, { scope: ROOT }));
    let controlled = Boolean(navigator.serviceWorker.controller);
    workbox.addEventListener("waiting", () => {
      offerNewer(() => this.renew());
      if (this.state.stage === "stored") this.#become({ stage: "stored", about: this.state.about });
    });
    workbox.addEventListener("controlling", () => {
      if (controlled || this.#reloading) location.reload();
      controlled = true; // only by the version that this page is from: it has just been stored
    });
    workbox.addEventListener("activated", async () => {
      await this.look();
      await navigator.storage?.persist?.();
      this.dispatchEvent(new Event("change"));
    });
    workbox.addEventListener("redundant", () => setTimeout(() => this.#ended(workbox), LAST_WORD));
    const registration = await workbox.register({ immediate: true });
    workbox.update().catch(() => {}); // no network: the next page tries again
    return registration;
  }

  /** A service worker has ended without a word while it stored: browsers give each a few minutes. Go on for as long as that helps. @param {Workbox} workbox */
  async #ended(workbox) {
    if (workbox !== this.#workbox || this.state.stage !== "storing") return;
    if (this.#done <= this.#before) return this.#become({ stage: "part" });
    this.#before = this.#done;
    await this.#attempt();
  }

  /** Hear a word of the service worker, or of another page. @param {Message} message */
  async #hear(message) {
    if (message.kind === "removed") {
      this.#workbox = undefined;
      this.#become({ stage: "none" });
    } else if (message.kind === "stored") {
      if ((await this.#registration())?.active) await this.look();
    } else if (message.update) {
      if (this.state.stage === "stored") this.#become({ ...this.state, update: message });
    } else if (message.kind === "storing") {
      this.#done = message.done;
      this.#become({ stage: "storing", progress: message });
    } else if (message.why === "network") {
      this.#become({ stage: "failed", failed: message });
    } else {
      await this.remove();
      if (message.why !== "stopped") this.#become({ stage: "failed", failed: message });
    }
  }

  async #registration() {
    const found = await navigator.serviceWorker.getRegistration(ROOT);
    return found?.scope === ROOT ? found : undefined;
  }

  /** The names of what is kept for this site, and not for another on the same host. */
  async #caches() {
    return (await caches.keys()).filter((name) => name.endsWith(`-${ROOT}`));
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}

export const course = new StoredCourse();
