/** One Python for the whole visit: started on first need, asked one thing at a time, replaced when it is stopped or dies. */

import { Engine } from "./engine.js";

/** @typedef {{stage: "idle"} | import("./engine.js").Stage} State */
/** @typedef {{request: object, onsent: () => void, resolve: (answer: any) => void, reject: (error: Error) => void}} Job */

/** How many milliseconds a run that nobody waits for any more may keep Python busy. */
const ABANDONED = 1_000;

/** Why a request has no answer: Python failed or was stopped, the lab broke on it, or nobody wants it any more. */
export class NoAnswer extends Error {
  /** @param {"failed" | "stopped" | "broken" | "unwanted"} kind @param {string} message */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

class Runtime extends EventTarget {
  /** @type {State} */
  state = { stage: "idle" };
  /** @type {Engine | undefined} */
  #engine;
  /** @type {Job[]} */
  #queue = [];
  /** @type {Job | undefined} */
  #current;
  #id = 0;

  /**
   * Ask Python; resolves to the parsed answer. Aborting the signal takes the request back.
   * @param {object} request @param {AbortSignal} signal @param {() => void} [onsent] called when the request's turn has come
   * @returns {Promise<any>}
   * @throws {NoAnswer}
   */
  async ask(request, signal, onsent = () => {}) {
    if (this.state.stage === "failed") throw new NoAnswer("failed", this.state.cause);
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
    if (this.#engine || this.state.stage === "failed") return;
    this.#become({ stage: "downloading", loaded: 0, total: 0 });
    this.#engine = new Engine(
      (stage) => this.#become(stage),
      (reply) => this.#hear(reply),
    );
  }

  /** End what runs at once and start Python anew; what waits is asked afterwards. */
  stop() {
    this.#engine?.terminate();
    this.#engine = undefined;
    const stopped = this.#current;
    this.#current = undefined;
    this.state = { stage: "idle" };
    this.start();
    stopped?.reject(new NoAnswer("stopped", "Stopped. The last result stays."));
  }

  /** Try again after a failure. */
  retry() {
    if (this.state.stage === "failed") this.stop();
  }

  /** Take over a new state, tell who listens, and do what follows from it. @param {State} state */
  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
    if (state.stage === "ready") this.#next();
    if (state.stage !== "failed") return;
    const lost = [...(this.#current ? [this.#current] : []), ...this.#queue];
    this.#engine = this.#current = undefined;
    this.#queue = [];
    for (const job of lost) job.reject(new NoAnswer("failed", state.cause));
  }

  /** Send the next request, if Python is free. */
  #next() {
    if (this.state.stage !== "ready" || this.#current) return;
    this.#current = this.#queue.shift();
    if (!this.#current) return;
    this.#engine?.post(++this.#id, JSON.stringify(this.#current.request));
    this.#current.onsent();
  }

  /** Settle the request that was sent last. @param {import("./engine.js").Reply} reply */
  #hear(reply) {
    const job = this.#current;
    if (!job || reply.id !== this.#id) return;
    this.#current = undefined;
    if (reply.traceback) {
      console.error(reply.traceback);
      job.reject(new NoAnswer("broken", reply.text));
    } else {
      job.resolve(JSON.parse(reply.text));
    }
    this.#next();
  }
}

/** A promise that is settled from outside. @returns {{promise: Promise<any>, resolve: (value: any) => void, reject: (error: Error) => void}} */
function settleable() {
  /** @type {any} */
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

export const runtime = new Runtime();
