/** Python for the whole visit: started on first need, asked one thing at a time, replaced when it is stopped or dies. */

import { prepare, take } from "./supply.js";
import { filesOf } from "./trace-file.js";

/** @typedef {{stage: "idle"} | import("./engine.js").Stage} State */
/** @typedef {{request: object, onsent: () => void, resolve: (answer: any) => void, reject: (error: Error) => void}} Job */

/** How many milliseconds a run that nobody waits for any more may keep Python busy. */
const ABANDONED = 1_000;
/** After how many milliseconds a run may well be stopped, so that a spare should be there by then. */
const LASTING = 500;
/** The number of a request whose answer nobody reads. */
const UNREAD = 0;
const NO_MEMORY = "Python ran out of memory on this. It has been started anew: choose smaller settings, or close other tabs, and run again.";

/** Why a request has no answer: Python failed, lacked memory or was stopped, the lab broke on it, or nobody wants it any more. */
export class NoAnswer extends Error {
  /** @param {"failed" | "stopped" | "memory" | "broken" | "unwanted"} kind @param {string} message */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

export class Runtime extends EventTarget {
  /** @type {State} */
  state = { stage: "idle" };
  /** @type {import("./supply.js").Python | undefined} */
  #python;
  /** @type {Job[]} */
  #queue = [];
  /** @type {Job | undefined} */
  #current;
  #id = UNREAD;
  /** Labs to import as soon as Python is there. @type {string[]} */
  #expected = [];
  /** Whether the Python that is there has been asked anything. */
  #used = false;

  /**
   * Ask Python; resolves to the parsed answer. Aborting the signal takes the request back.
   * @param {object} request @param {AbortSignal} signal @param {() => void} [onsent] called when the request's turn has come
   * @returns {Promise<any>}
   * @throws {NoAnswer}
   */
  async ask(request, signal, onsent = () => {}) {
    if (this.state.stage === "failed") throw new NoAnswer("failed", this.state.cause);
    if (signal.aborted) throw new NoAnswer("unwanted", "Not wanted any more.");
    const { promise, resolve, reject } = settleable();
    const job = { request, onsent, resolve, reject };
    const takeBack = () => this.#takeBack(job);
    signal.addEventListener("abort", takeBack);
    this.#queue.push(job);
    this.start();
    this.#next();
    return promise.finally(() => signal.removeEventListener("abort", takeBack));
  }

  /** Drop a request, or end the run that works on it if it lasts. @param {Job} job */
  #takeBack(job) {
    this.#queue = this.#queue.filter((other) => other !== job);
    job.reject(new NoAnswer("unwanted", "Not wanted any more."));
    if (this.#current === job) setTimeout(() => this.#current === job && this.stop(), ABANDONED);
  }

  /** Start Python unless it runs, starts, or has failed. */
  start() {
    if (this.#python || this.state.stage === "failed") return;
    const python = (this.#python = take());
    python.onstage = (stage) => this.#become(stage);
    python.onreply = (reply) => this.#hear(reply);
    this.#become(python.stage);
  }

  /** Start Python, and let it import a lab that will be asked for. @param {string} lab */
  expect(lab) {
    this.#expected.push(lab);
    this.start();
    this.#import();
  }

  /** Import what is expected, if Python is there. */
  #import() {
    if (this.state.stage !== "ready") return;
    for (const lab of this.#expected.splice(0)) this.#python?.post(UNREAD, JSON.stringify({ lab }), {});
  }

  /** End what runs at once and have another Python; what waits is asked afterwards. */
  stop() {
    const stopped = this.#end();
    this.start();
    stopped?.reject(new NoAnswer("stopped", "Stopped. The last result stays."));
  }

  /** Let the next request find a Python that has been asked nothing yet. */
  renew() {
    if (!this.#used && this.state.stage !== "failed") return;
    this.letGo();
    this.dispatchEvent(new Event("renewed"));
    if (this.#queue.length) this.start();
  }

  /** Need Python no more, until the next request. */
  letGo() {
    this.#end()?.reject(new NoAnswer("unwanted", "Not wanted any more."));
  }

  /** Try again after a failure. */
  retry() {
    if (this.state.stage === "failed") this.stop();
  }

  /** End Python. @returns what it was working on */
  #end() {
    this.#python?.terminate();
    const ended = this.#current;
    this.#python = this.#current = undefined;
    this.#used = false;
    this.state = { stage: "idle" };
    return ended;
  }

  /** Take over a new state, tell who listens, and do what follows from it. @param {State} state */
  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
    if (state.stage === "ready") {
      this.#next();
      this.#import();
    }
    if (state.stage !== "failed") return;
    const lost = [...(this.#current ? [this.#current] : []), ...this.#queue];
    this.#python = this.#current = undefined;
    this.#queue = [];
    for (const job of lost) job.reject(new NoAnswer("failed", state.cause));
  }

  /** Send the next request, if Python is free. */
  #next() {
    if (this.state.stage !== "ready" || this.#current) return;
    const job = (this.#current = this.#queue.shift());
    if (!job) return;
    this.#used = true;
    this.#python?.post(++this.#id, JSON.stringify(job.request), filesOf(job.request));
    job.onsent();
    setTimeout(() => this.#current === job && prepare(), LASTING);
  }

  /** Settle the request that was sent last. @param {import("./engine.js").Reply} reply */
  #hear(reply) {
    const job = this.#current;
    if (!job || reply.id !== this.#id) return;
    if (reply.reading) return void this.dispatchEvent(new CustomEvent("reading", { detail: reply.reading }));
    this.#current = undefined;
    if (reply.traceback && /^MemoryError/.test(reply.text)) {
      // Memory that WebAssembly has taken it never gives back, so the next run needs another.
      this.stop();
      job.reject(new NoAnswer("memory", NO_MEMORY));
    } else if (reply.traceback) {
      console.error(reply.traceback);
      job.reject(new NoAnswer("broken", reply.text));
    } else {
      job.resolve(JSON.parse(reply.text));
    }
    this.#next();
    if (!this.#current) prepare();
  }
}

/** A promise that is settled from outside. @returns {{promise: Promise<any>, resolve: (value: any) => void, reject: (error: Error) => void}} */
function settleable() {
  /** @type {any} */
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

/** What the built-in labs ask. */
export const runtime = new Runtime();

/** What the reader's own code runs in: a worker of its own, so that it can neither change nor stop the built-in labs. */
export const ownRuntime = new Runtime();
