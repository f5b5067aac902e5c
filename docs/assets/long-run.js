/**
 * A long run: independent replications, spread over a pool, and the result of the first of them shown while others are under way.
 *
 * What is shown is always the result of replications 0, 1, 2 … without a gap, so it does not depend on who ran which, or how many ran.
 */

import { Pool } from "./pool.js";
import { NoAnswer } from "./runtime.js";

/** @typedef {import("./runtime.js").Runtime} Runtime */
/** @typedef {{done: number, count: number, left: number}} Progress replications, and the seconds that the others will take at this pace, NaN as long as there is none */
/** @typedef {(answer: any, of: number, signal: AbortSignal) => Promise<boolean>} Show shows a partial answer; whether it has */
/** @typedef {{answer: any, of: number, count: number}} Outcome without an answer, the run was ended when that of the first `of` of `count` replications was shown */

/** @typedef {{halt?: AbortSignal, sent?: () => void, tell?: (progress: Progress) => void, show?: Show}} Ears */

/** Work of fewer milliseconds than this is not worth more workers. */
const SHORT = 1_000;
/** Milliseconds until a first partial result, and from one to the next. */
const FIRST = 400;
const CALM = 500;

/** @type {WeakMap<Runtime, Pool>} */
const pools = new WeakMap();

/** The results of a run that was ended, so that the same one can go on. @type {{key: string, results: any[]} | undefined} */
let unfinished;

/**
 * Ask for a lab's result, and do the replications if that is what it is made of. Aborting `halt` ends these at once.
 * @param {Runtime} python @param {object} request @param {AbortSignal} signal takes the request back
 * @param {Ears} [ears]
 * @returns {Promise<Outcome>}
 * @throws {NoAnswer}
 */
export async function answerOf(python, request, signal, { halt = signal, sent, tell = () => {}, show = async () => false } = {}) {
  const answer = await python.ask(request, signal, sent);
  if (answer.replications === undefined) return { answer, of: 0, count: 0 };
  const run = new LongRun(python, request, answer.replications, tell, show);
  const end = () => run.end();
  for (const one of [signal, halt]) one.addEventListener("abort", end);
  if (halt.aborted) end();
  try {
    return await run.outcome();
  } catch (error) {
    if (!halt.aborted || !(error instanceof NoAnswer) || error.kind !== "unwanted") throw error;
    return { answer: undefined, of: run.shown, count: run.count };
  } finally {
    end();
    for (const one of [signal, halt]) one.removeEventListener("abort", end);
  }
}

class LongRun {
  /** How many replications the partial answer shown last was made of. */
  shown = 0;
  #over = new AbortController();
  #begun = performance.now();
  #last = -Infinity;
  #done = 0;
  #timer = 0;
  /** Those done when this run began, which tell nothing of its pace. */
  #old = 0;
  /** @type {Promise<void> | undefined} */
  #summing;
  /** @type {any[]} */
  #results = [];
  /** @type {number[]} */
  #waiting;
  /** @type {unknown} */
  #lost;

  /** @param {Runtime} python @param {object} request @param {number} count @param {(progress: Progress) => void} tell @param {Show} show */
  constructor(python, request, count, tell, show) {
    this.python = python;
    this.request = request;
    this.plain = { ...request, stamp: false };
    this.count = count;
    this.tell = tell;
    this.show = show;
    const key = JSON.stringify(this.plain);
    if (unfinished?.key === key) this.#results = unfinished.results;
    unfinished = { key, results: this.#results };
    this.#waiting = Array.from({ length: count }, (_, number) => number).filter((number) => !(number in this.#results));
    this.#done = this.#old = count - this.#waiting.length;
  }

  /** Give up what is under way. */
  end() {
    clearTimeout(this.#timer);
    this.#over.abort();
  }

  /** Run to the end. @returns {Promise<Outcome>} */
  async outcome() {
    this.#report();
    // The first is run where Python is warm: it brings an early result, and tells whether the others need more workers.
    await this.#work(this.python, 1);
    const pace = performance.now() - this.#begun;
    if (pace * this.#waiting.length < SHORT) await this.#work(this.python);
    else await this.#share();
    if (this.#waiting.length) throw this.#lost;
    await this.#summing;
    const answer = await this.#summary({ ...this.request, results: this.#results });
    unfinished = undefined;
    return { answer, of: this.count, count: this.count };
  }

  /** Spread what waits over a pool. Where one of its members dies, the others do its work. */
  async #share() {
    const pool = pools.get(this.python) ?? new Pool(this.python);
    pools.set(this.python, pool);
    let alive = pool.take(this.#waiting.length);
    try {
      while (this.#waiting.length && alive.length) {
        const lives = await Promise.all(alive.map((member) => this.#work(member)));
        alive = alive.filter((_, index) => lives[index]);
      }
    } finally {
      pool.rest();
    }
  }

  /** Let one Python do what waits, one after another. @param {Runtime} member @param {number} [most] @returns {Promise<boolean>} whether it still lives */
  async #work(member, most = Infinity) {
    for (let number; most > 0 && (number = this.#waiting.shift()) !== undefined; most--) {
      try {
        const { result, error } = await member.ask({ ...this.plain, replication: number }, this.#over.signal);
        if (error !== undefined) throw new NoAnswer("broken", error);
        this.#results[number] = result;
      } catch (error) {
        this.#waiting.unshift(number);
        this.#waiting.sort((a, b) => a - b);
        if (!(error instanceof NoAnswer) || error.kind === "broken" || error.kind === "unwanted") throw error;
        this.#lost = error;
        return false;
      }
      this.#done++;
      this.#report();
      this.#summarizeSoon();
    }
    return true;
  }

  /** Tell how far it is. */
  #report() {
    const pace = (performance.now() - this.#begun) / 1000 / (this.#done - this.#old || NaN);
    this.tell({ done: this.#done, count: this.count, left: pace * (this.count - this.#done) });
  }

  /** How many results there are without a gap. */
  get #prefix() {
    let length = this.shown;
    while (length in this.#results) length++;
    return length;
  }

  /** Show a partial result, unless one is on its way: the first early, and then at a calm rhythm. */
  #summarizeSoon() {
    clearTimeout(this.#timer);
    if (this.#summing) return;
    const wait = Math.max(this.#begun + FIRST, this.#last + CALM) - performance.now();
    this.#timer = setTimeout(() => {
      this.#summing = this.#summarize().finally(() => (this.#summing = undefined));
    }, wait);
  }

  async #summarize() {
    const of = this.#prefix;
    if (of === this.shown || of === this.count || this.#over.signal.aborted) return;
    try {
      const answer = await this.#summary({ ...this.plain, results: this.#results.slice(0, of) });
      if (answer.error === undefined && (await this.show(answer, of, this.#over.signal))) this.shown = of;
    } catch {
      return; // a partial result that cannot be had is no reason to end the run; the whole one will say why
    }
    this.#last = performance.now();
    if (this.#prefix > of) this.#timer = setTimeout(() => this.#summarizeSoon());
  }

  /** Ask for an answer, from another Python if that one has died meanwhile: what the replications have brought is here. @param {object} request */
  async #summary(request) {
    this.python.retry();
    return this.python.ask(request, this.#over.signal);
  }
}
