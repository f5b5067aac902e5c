/** A function to complete: checked by Python in a worker of its own, which an endless loop cannot keep. */

import { Editor, Reset } from "./editor.js";
import { NoAnswer, ownRuntime } from "./runtime.js";
import { Task } from "./task.js";
import { tell } from "./verdict.js";

/** Milliseconds that a check may take; ours take a small part of one second. */
const LIMIT = 10_000;
const LATE = "Stopped after 10 s: your code does not come to an end, or takes far too long. Look for a loop whose condition never changes.";
/** Milliseconds without an edit after which a draft is kept. */
const PAUSE = 400;

export class Write extends Task {
  #editor;
  #reset;
  #turn = new AbortController();
  #busy = false;
  #draft = 0;

  /** @param {HTMLElement} root @param {string} lab */
  constructor(root, lab) {
    super(root, lab);
    const area = /** @type {HTMLTextAreaElement} */ (root.querySelector("textarea"));
    area.value = this.kept?.code ?? area.defaultValue;
    this.#editor = new Editor(area, { onedit: () => this.#edited(), onsubmit: () => this.#check() });
    this.#reset = new Reset(this.find("[data-act=reset]"), () => area.defaultValue, this.#editor, () => {
      this.say("");
      this.#keepDraft();
    });
    this.find("[data-act=check]").addEventListener("click", () => this.#check());
    this.find("[data-act=stop]").addEventListener("click", () => ownRuntime.stop());
    if (!this.kept?.done) this.locked = "First try it: write something, then check it.";
  }

  #edited() {
    this.#reset.forget();
    this.#editor.mark(null);
    clearTimeout(this.#draft);
    this.#draft = setTimeout(() => this.#keepDraft(), PAUSE);
  }

  #keepDraft() {
    clearTimeout(this.#draft);
    this.#draft = 0;
    this.keep({ code: this.#editor.text });
  }

  leave() {
    if (this.#draft) this.#keepDraft();
    this.#turn.abort();
  }

  async #check() {
    if (this.#busy) return;
    this.#work(true);
    this.#keepDraft();
    this.#editor.mark(null);
    this.say("Starting Python …");
    const { signal } = this.#turn;
    let late = false;
    let limit = 0;
    ownRuntime.retry();
    ownRuntime.renew(); // what an earlier version has defined must not help this one
    const request = { lab: this.lab, task: this.name, code: this.#editor.text };
    try {
      const answer = await ownRuntime.ask(request, signal, () => {
        this.say("Checking …");
        limit = setTimeout(() => {
          late = true;
          ownRuntime.stop();
        }, LIMIT);
      });
      this.#tell(answer);
    } catch (error) {
      const stopped = error instanceof NoAnswer && error.kind === "stopped";
      this.say(stopped ? (late ? LATE : "Stopped.") : error instanceof Error ? error.message : String(error), "wrong");
    } finally {
      clearTimeout(limit);
      this.locked = "";
      this.#work(false);
    }
  }

  /** Show whether a check is under way. @param {boolean} busy */
  #work(busy) {
    const stop = this.find("[data-act=stop]");
    if (stop === document.activeElement) this.find("[data-act=check]").focus();
    stop.hidden = !busy;
    this.#busy = busy;
  }

  /** Show what Python says. @param {import("./verdict.js").Answer & {passed?: boolean, says?: string}} answer */
  #tell(answer) {
    if (answer.passed) {
      this.keep({ done: true });
      this.say(`Done. ${this.find(".nh-because").textContent}`, "right");
    } else {
      this.say(answer.says ?? "", "wrong");
    }
    tell(this.find(".nh-verdict"), answer, this.#editor);
  }
}
