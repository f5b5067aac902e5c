/** A question to answer before the answer is shown. Who has committed cannot go back: a prediction that turns out wrong is what one remembers. */

import { Task } from "./task.js";

export class Predict extends Task {
  #shown = -1;

  /** @param {HTMLElement} root @param {string} lab */
  constructor(root, lab) {
    super(root, lab);
    this.find("[data-act=commit]").addEventListener("click", () => this.#commit());
    root.addEventListener("change", () => this.say(""));
  }

  #commit() {
    const chosen = /** @type {HTMLInputElement | null} */ (this.root.querySelector("input:checked"));
    if (!chosen) return this.say("Choose an answer first: a prediction that turns out wrong is what you remember.");
    const choice = Number(chosen.value);
    this.keep({ done: true, choice });
    this.#show(choice);
    const right = choice === Number(this.root.dataset.right);
    this.say(right ? "Right." : `Not so: ${this.#right}.`, right ? "right" : "wrong");
    const answer = /** @type {HTMLDetailsElement} */ (this.find(".nh-answer"));
    answer.open = true;
    answer.querySelector("summary")?.focus({ preventScroll: true });
  }

  /** The text of the right option. */
  get #right() {
    return this.find(`label:has([value="${this.root.dataset.right}"]) span`).textContent;
  }

  refresh() {
    const choice = this.kept?.choice ?? -1;
    if (choice !== this.#shown) this.#show(choice);
  }

  /** Show the task as committed to an option, or as new. @param {number} choice -1 for none */
  #show(choice) {
    this.#shown = choice;
    const right = Number(this.root.dataset.right);
    this.root.toggleAttribute("data-committed", choice >= 0);
    this.find("fieldset").toggleAttribute("disabled", choice >= 0);
    this.find("[data-act=commit]").parentElement?.toggleAttribute("hidden", choice >= 0);
    for (const [number, label] of [...this.root.querySelectorAll("label")].entries()) {
      const radio = /** @type {HTMLInputElement} */ (label.querySelector("input"));
      radio.checked = number === choice;
      label.querySelector(".nh-mark")?.remove();
      if (choice < 0 || (number !== choice && number !== right)) continue;
      const mark = document.createElement("span");
      mark.className = `nh-mark ${number === right ? "nh-right" : "nh-wrong"}`;
      mark.textContent = number === right ? "✓ right" : "✗ your prediction";
      label.append(mark);
    }
    if (choice < 0) {
      this.say("");
      /** @type {HTMLDetailsElement} */ (this.find(".nh-answer")).open = false;
    }
  }
}
