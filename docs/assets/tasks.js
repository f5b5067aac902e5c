/** The element `<nh-tasks>`: the tasks that the build has written come to life, with what is kept of them. Pages may come and go. */

import { Predict } from "./predict.js";
import { progress } from "./progress.js";
import { Reach } from "./task.js";
import { inTurn, leaveTurn } from "./turns.js";
import { Write } from "./write.js";

const KINDS = { predict: Predict, reach: Reach, write: Write };

class Tasks extends HTMLElement {
  /** @type {import("./task.js").Task[]} */
  #tasks = [];
  #refresh = () => this.#tasks.forEach((task) => task.refresh());

  /** Come to life, once, when it is their turn: the browser calls this whenever the element enters a page. */
  connectedCallback() {
    progress.addEventListener("change", this.#refresh);
    if (this.#tasks.length) this.#refresh();
    else inTurn(this, () => this.#comeToLife());
  }

  /** Take over what the build has written. */
  #comeToLife() {
    for (const root of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-task]"))) {
      const kind = /** @type {keyof typeof KINDS} */ ((root.dataset.task ?? "").split("-")[0]);
      this.#tasks.push(new KINDS[kind](root, this.lab));
    }
    this.toggleAttribute("data-live", true);
    this.#refresh();
  }

  disconnectedCallback() {
    leaveTurn(this);
    progress.removeEventListener("change", this.#refresh);
    for (const task of this.#tasks) task.leave();
  }

  get lab() {
    return /** @type {HTMLElement | null} */ (this.querySelector(".nh-tasks"))?.dataset.lab ?? "";
  }

  /** Hear of a run of the panel. @param {string[]} reached names of tasks @returns {boolean} whether one of them is new */
  ran(reached) {
    return this.#tasks.map((task) => task.ran(reached.includes(task.name))).some(Boolean);
  }
}

/** Mark the goals that a run has reached; a mark stays. @param {string} lab @param {string[]} reached names of tasks @returns {boolean} whether a mark is new */
export function markReached(lab, reached) {
  const lists = /** @type {Tasks[]} */ ([...document.querySelectorAll("nh-tasks")]);
  return lists.filter((list) => list.lab === lab).map((list) => list.ran(reached)).some(Boolean);
}

customElements.define("nh-tasks", Tasks);
