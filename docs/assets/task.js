/** What all kinds of tasks have in common: a live region, a record of what is done, hints and a solution that opens in its time. */

import { openIn } from "./opening.js";
import { progress } from "./progress.js";

let warned = false;

/** Where nothing can be kept, say so, once. @param {HTMLElement} place */
export function warnUnkept(place) {
  if (!progress.warning || warned) return;
  warned = true;
  const note = document.createElement("p");
  note.className = "nh-unkept";
  note.textContent = progress.warning;
  place.after(note);
}

export class Task {
  /** @param {HTMLElement} root @param {string} lab */
  constructor(root, lab) {
    this.root = root;
    this.lab = lab;
    this.name = root.dataset.task ?? "";
    /** Why the solution stays closed; empty when it may open. */
    this.locked = "";
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-act=show]"))) {
      button.addEventListener("click", () => {
        if (!openIn(lab, JSON.parse(button.dataset.settings ?? "{}"))) this.say("There is no panel of this lab on this page.");
      });
    }
    const answer = /** @type {HTMLDetailsElement} */ (root.querySelector(".nh-answer"));
    answer.querySelector("summary")?.addEventListener("click", (event) => {
      if (!this.locked || answer.open) return;
      event.preventDefault();
      this.say(this.locked);
    });
    // A search in the page opens what it finds.
    answer.addEventListener("toggle", () => this.locked && (answer.open = false));
  }

  /** Find an element of the task. @param {string} selector @returns {HTMLElement} */
  find(selector) {
    return /** @type {HTMLElement} */ (this.root.querySelector(selector));
  }

  /** What is kept of this task. */
  get kept() {
    return progress.of(this.lab, this.name);
  }

  /** Keep something of this task; where nothing can be kept, that is said once. @param {import("./progress.js").Change} change */
  keep(change) {
    progress.put(this.lab, this.name, change);
    warnUnkept(this.find(".nh-verdict"));
  }

  /** Say something in the live region. @param {string} words @param {string} [verdict] "right", "wrong" or nothing */
  say(words, verdict = "") {
    this.find(".nh-verdict").textContent = words;
    this.root.dataset.verdict = verdict;
  }

  /** Show what is kept; called again whenever the record changes. */
  refresh() {
    const met = this.root.querySelector(".nh-met");
    if (met) met.toggleAttribute("hidden", !this.kept?.done);
  }

  /** Hear of a run of the panel. @param {boolean} _reached whether it reaches this task @returns {boolean} whether that is new */
  ran(_reached) {
    return false;
  }

  /** Leave the page. */
  leave() {}
}

/** A goal to reach with the panel's settings. */
export class Reach extends Task {
  /** @param {HTMLElement} root @param {string} lab */
  constructor(root, lab) {
    super(root, lab);
    this.locked = "First try it: change the settings of the panel and run it, or open the hint.";
    root.querySelector(".nh-hint-text")?.addEventListener("toggle", () => (this.locked = ""));
  }

  /** @param {boolean} reached */
  ran(reached) {
    this.locked = "";
    if (!reached || this.kept?.done) return false;
    this.keep({ done: true });
    return true;
  }
}
