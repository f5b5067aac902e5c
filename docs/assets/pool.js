/** Several Pythons for the replications of a long run, made when one needs them and let go a while after. */

import { Runtime } from "./runtime.js";
import { roomy } from "./supply.js";

/** Each costs about 100 MB, and a page must leave a processor to others. */
const MOST = 4;
/** After how many idle milliseconds they are let go. */
const REST = 30_000;

export class Pool {
  /** @type {Runtime[]} */
  #members = [];
  #users = 0;
  #timer = 0;
  #python;

  /** A pool beside a Python that is there anyway, and does the work itself where there is no room for more. @param {Runtime} python */
  constructor(python) {
    this.#python = python;
    python.addEventListener("renewed", () => this.#letGo());
  }

  /** Take those that share `count` pieces of work; `rest` gives them back. The first to work is the spare, if there is one. @param {number} count */
  take(count) {
    this.#users++;
    clearTimeout(this.#timer);
    const size = Math.min(MOST, (navigator.hardwareConcurrency || 2) - 1, count);
    if (!roomy() || size < 1) return [this.#python];
    while (this.#members.length < size) this.#members.push(new Runtime());
    for (const member of this.#members) if (member.state.stage === "failed") member.letGo();
    return this.#members.slice(0, size);
  }

  /** Give them back. */
  rest() {
    if (--this.#users > 0) return;
    this.#timer = setTimeout(() => this.#letGo(), REST);
  }

  #letGo() {
    for (const member of this.#members) member.letGo();
    this.#members = [];
  }
}
