/** One worker from its birth to its death: its stages, and a watchdog for each. */

import { born } from "./birth.js";
import { after } from "./patience.js";

/**
 * @typedef {{kind: "alive", lock: string} | {kind: "downloading", loaded: number, total: number} | {kind: "starting"} | {kind: "ready", boot: Boot}
 *   | {kind: "failed", cause: string} | {kind: "reply", id: number, text: string} | {kind: "fault", id: number, text: string, traceback: string} | {kind: "reading", id: number} & Reading} Message
 */
/** @typedef {"snapshot" | "plain"} Boot how Python has started */
/** @typedef {{stage: "ready", boot: Boot, confined: boolean}} Ready `confined`: what runs in the worker can reach no other host */
/** @typedef {{stage: "downloading", loaded: number, total: number} | {stage: "starting"} | Ready | {stage: "failed", cause: string}} Stage */
/** @typedef {{done: number, total: number, requests: number}} Reading bytes read of a file of the reader's, bytes in all, and requests in it so far */
/** @typedef {{id: number, text: string, traceback?: string, reading?: Reading}} Reply `traceback` is there when the lab itself broke, `reading` while it is at work. */

/** How many milliseconds may pass without a word in each stage. */
const PATIENCE = { loading: 30_000, downloading: 30_000, starting: 90_000 };

const SILENT = {
  loading: "The worker that runs Python did not begin within 30 s.",
  downloading: "The download of Python has stood still for 30 s. Check the connection.",
  starting: "Python did not start within 90 s. This device may be short of memory: close other tabs.",
};

export class Engine {
  /** Whether what runs in the worker can reach no other host: known when it lives. */
  confined = false;
  /** @type {Worker | undefined} */
  #worker;
  #patience = () => {};
  #over = false;
  #death = new AbortController();
  #onstage;
  #onreply;

  /** Start a worker; `onstage` hears of its progress and of its end, `onreply` of answers. @param {(stage: Stage) => void} onstage @param {(reply: Reply) => void} onreply */
  constructor(onstage, onreply) {
    this.#onstage = onstage;
    this.#onreply = onreply;
    queueMicrotask(() => this.#begin());
  }

  /** Send a request; its reply carries the same `id`. @param {number} id @param {string} request JSON text @param {Record<string, File>} files that it speaks of, by path */
  post(id, request, files) {
    this.#worker?.postMessage({ id, request, files });
  }

  /** End the worker, whatever it does; nothing is heard of it afterwards. */
  terminate() {
    this.#over = true;
    this.#patience();
    this.#death.abort();
    this.#worker?.terminate();
  }

  async #begin() {
    if (this.#over) return;
    if (typeof WebAssembly !== "object") {
      return this.#fail("This browser has no WebAssembly, or it is switched off, and Python needs it. Use another browser, or switch it on.");
    }
    this.#watch("loading");
    try {
      const { worker, confined, lock, said } = await born(this.#death.signal);
      this.#worker = worker;
      this.confined = confined;
      worker.onmessage = ({ data }) => this.#hear(data);
      worker.onerror = (event) => this.#fail(`The worker that runs Python broke (${event.message}). Reload the page with Shift held.`);
      this.#awaitDeath(lock);
      for (const message of said) this.#hear(message);
    } catch (error) {
      this.#fail(`The worker that runs Python could not be loaded (${error instanceof Error ? error.message : error}). Check the connection, or reload the page with Shift held.`);
    }
  }

  /** Act on one message of the worker, after its first. @param {Exclude<Message, {kind: "alive"}>} message */
  #hear(message) {
    if (this.#over) return;
    if (message.kind === "reply" || message.kind === "fault") return this.#onreply(message);
    if (message.kind === "reading") return this.#onreply({ id: message.id, text: "", reading: message });
    if (message.kind === "failed") return this.#fail(message.cause);
    if (message.kind === "ready") {
      this.#patience();
      return this.#onstage({ stage: "ready", boot: message.boot, confined: this.confined });
    }
    if (message.kind !== "starting" && message.kind !== "downloading") return; // edited code can say anything
    this.#watch(message.kind);
    this.#onstage(message.kind === "starting" ? { stage: "starting" } : { stage: "downloading", loaded: message.loaded, total: message.total });
  }

  /** Wait for the lock that the worker holds while it lives. @param {string} lock */
  #awaitDeath(lock) {
    if (!lock) return;
    navigator.locks
      .request(lock, { signal: this.#death.signal }, () => this.#fail("The browser ended Python, most likely because memory ran out. Close other tabs."))
      .catch(() => {});
  }

  /** Give the stage its time. @param {keyof typeof PATIENCE} stage */
  #watch(stage) {
    this.#patience();
    this.#patience = after(PATIENCE[stage], () => this.#fail(SILENT[stage]));
  }

  /** End with a cause. @param {string} cause */
  #fail(cause) {
    if (this.#over) return;
    this.terminate();
    this.#onstage({ stage: "failed", cause });
  }
}
