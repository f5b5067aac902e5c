/** One worker from its birth to its death: its stages, and a watchdog for each. */

/**
 * @typedef {{kind: "alive", lock: string} | {kind: "downloading", loaded: number, total: number} | {kind: "starting"} | {kind: "ready", boot: Boot}
 *   | {kind: "failed", cause: string} | {kind: "reply", id: number, text: string} | {kind: "fault", id: number, text: string, traceback: string}} Message
 */
/** @typedef {"snapshot" | "plain"} Boot how Python has started */
/** @typedef {{stage: "downloading", loaded: number, total: number} | {stage: "starting"} | {stage: "ready", boot: Boot} | {stage: "failed", cause: string}} Stage */
/** @typedef {{id: number, text: string, traceback?: string}} Reply `traceback` is there when the lab itself broke. */

const WORKER = new URL("./worker.js", import.meta.url);

/** How many milliseconds may pass without a word in each stage. */
const PATIENCE = { loading: 30_000, downloading: 30_000, starting: 90_000 };

const SILENT = {
  loading: "The worker that runs Python did not begin within 30 s.",
  downloading: "The download of Python has stood still for 30 s. Check the connection.",
  starting: "Python did not start within 90 s. This device may be short of memory: close other tabs.",
};

export class Engine {
  /** @type {Worker | undefined} */
  #worker;
  #timer = 0;
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

  /** Send a request; its reply carries the same `id`. @param {number} id @param {string} request JSON text */
  post(id, request) {
    this.#worker?.postMessage({ id, request });
  }

  /** End the worker, whatever it does; nothing is heard of it afterwards. */
  terminate() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#death.abort();
    this.#worker?.terminate();
  }

  #begin() {
    if (this.#over) return;
    if (typeof WebAssembly !== "object") {
      return this.#fail("This browser has no WebAssembly, or it is switched off, and Python needs it. Use another browser, or switch it on.");
    }
    this.#watch("loading");
    try {
      this.#worker = new Worker(WORKER, { type: "module" });
    } catch (error) {
      return this.#fail(`This browser refused to start the worker that runs Python (${error}).`);
    }
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (event) => {
      const why = event.message ? ` (${event.message})` : "";
      this.#fail(`The worker that runs Python could not be loaded${why}. Check the connection, or reload the page with Shift held.`);
    };
  }

  /** Act on one message of the worker. @param {Message} message */
  #hear(message) {
    if (this.#over) return;
    if (message.kind === "reply" || message.kind === "fault") return this.#onreply(message);
    if (message.kind === "failed") return this.#fail(message.cause);
    if (message.kind === "alive") return this.#awaitDeath(message.lock);
    if (message.kind === "ready") {
      clearTimeout(this.#timer);
      return this.#onstage({ stage: "ready", boot: message.boot });
    }
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
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(SILENT[stage]), PATIENCE[stage]);
  }

  /** End with a cause. @param {string} cause */
  #fail(cause) {
    if (this.#over) return;
    this.terminate();
    this.#onstage({ stage: "failed", cause });
  }
}
