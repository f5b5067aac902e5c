/** A panel's Code: the lab's own source to read and to edit. What the reader edits runs in a worker of its own, and its result is marked as such. */

import { Editor, Reset } from "./editor.js";
import { answerOf } from "./long-run.js";
import { sourceOf } from "./one-file.js";
import { progress } from "./progress.js";
import { NoAnswer, ownRuntime, runtime } from "./runtime.js";
import { tell } from "./verdict.js";

const HELD = "This code came with the link and has not been run: read it, then run it.";
const KEPT = "Your code of an earlier visit. The panel shows the lab's own result until you run it.";
const OPEN = "This browser lets code that runs here reach other hosts: run only what you have read.";
const PAUSE = 400;

export class Code {
  #panel;
  #run;
  #details;
  #editor;
  #reset;
  /** The lab's own source, once it is there. */
  #source = "";
  /** The edited code that the panel runs, and the one that its result is made of; empty for the lab's own. */
  #running = "";
  #shown = "";
  #renewed = "";
  /** Whether the code in the editor came with a link: it is not kept as the reader's own. */
  #foreign = false;
  #draft = 0;
  /** @type {Promise<void> | undefined} */
  #opening;

  /** Take over the Code of a panel. @param {HTMLElement} panel @param {() => void} run asks the panel to run */
  constructor(panel, run) {
    this.#panel = panel;
    this.#run = run;
    this.#details = /** @type {HTMLDetailsElement} */ (panel.querySelector(".nh-code"));
    const area = /** @type {HTMLTextAreaElement} */ (this.#details.querySelector("textarea"));
    this.#editor = new Editor(area, { onedit: () => this.#edited(), onsubmit: () => this.#runIt() });
    this.#reset = new Reset(this.#find("[data-act=reset]"), () => this.#source, this.#editor, () => this.#wasReset());
    this.#find("[data-act=run]").addEventListener("click", () => this.#runIt());
    this.#details.addEventListener("toggle", () => this.#details.open && this.#open());
  }

  /** Find an element of the Code. @param {string} selector @returns {HTMLElement} */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.#details.querySelector(selector));
  }

  get #lab() {
    return this.#panel.getAttribute("name") ?? "";
  }

  /** The edited code that the result shown is made of; empty for the lab's own. */
  get shown() {
    return this.#shown;
  }

  /** The Python that the panel's next result comes from. */
  get python() {
    return this.#running ? ownRuntime : runtime;
  }

  /** Whether the panel runs edited code. */
  get running() {
    return this.#running !== "";
  }

  /** Ask Python for the result of the edited code. @param {{lab: string | null, arguments: object}} request @param {AbortSignal} signal @param {import("./long-run.js").Ears} ears @returns {Promise<import("./long-run.js").Outcome>} */
  async ask({ lab, arguments: values }, signal, ears) {
    const code = this.#running;
    if (code !== this.#renewed) ownRuntime.renew(); // what an earlier version has defined must not help this one
    this.#renewed = code;
    const show = async (/** @type {any} */ partial, /** @type {number} */ of, /** @type {AbortSignal} */ over) => ears.show?.({ ...partial, code }, of, over) ?? false;
    const asked = answerOf(ownRuntime, { lab, arguments: values, code }, signal, { ...ears, show });
    const { answer, of, count } = await asked.catch((error) => {
      if (!(error instanceof NoAnswer) || error.kind !== "broken") throw error;
      return { answer: { error: error.message }, of: 0, count: 0 }; // a replication broke, and the code is the reader's
    });
    if (!answer) return { answer, of, count };
    if (!signal.aborted) {
      tell(this.#say(""), answer, this.#editor);
      this.#details.dataset.verdict = answer.error === undefined ? "" : "wrong";
    }
    const where = answer.line ? { error: `Line ${answer.line} of your code: ${answer.error}` } : {};
    return { answer: { reached: [], ...answer, code, ...where }, of, count };
  }

  /** Mark the result that is about to be shown, if it is made of edited code. @param {any} [answer] nothing for the page's own result */
  shows(answer) {
    this.#shown = answer?.code ?? "";
    const mark = /** @type {HTMLElement} */ (this.#panel.querySelector(".nh-edited"));
    mark.hidden = !this.#shown;
    if (!this.#shown) return mark.replaceChildren();
    const title = document.createElement("strong");
    title.textContent = "Result of your edited code.";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Back to the lab’s code";
    button.addEventListener("click", () => {
      this.leave();
      this.#run();
    });
    mark.replaceChildren(title, ` ${answer?.word ?? ""} `, button);
  }

  /** Let the panel run the lab's own code again; the edited one stays in the editor. */
  leave() {
    this.#running = "";
  }

  /** Show code that came with a link. @param {string} code */
  async open(code) {
    this.#details.open = true;
    ownRuntime.start(); // to say, before the reader runs it, whether it is confined
    await this.#open();
    this.#foreign = true;
    this.#editor.text = code;
    this.#reset.forget();
    this.#say(HELD);
  }

  /** Fetch the source, once, and put it or the reader's draft into the editor. */
  #open() {
    if (!this.#opening) this.#listen();
    this.#editor.enrich();
    this.#opening ??= sourceOf(this.#lab).then(
      (source) => {
        const draft = progress.of(this.#lab, "code")?.code ?? "";
        this.#source = source;
        this.#editor.text = draft || source;
        this.#say(draft && draft !== source ? KEPT : "");
      },
      (error) => {
        this.#opening = undefined;
        this.#say(error.message);
      },
    );
    return this.#opening;
  }

  #edited() {
    this.#reset.forget();
    this.#editor.mark(null);
    clearTimeout(this.#draft);
    this.#draft = setTimeout(() => this.#keep(), PAUSE);
  }

  /** Keep the reader's own code, or forget it where it is the lab's again. */
  #keep() {
    clearTimeout(this.#draft);
    if (this.#foreign || !this.#source) return;
    const code = this.#editor.text === this.#source ? "" : this.#editor.text;
    if (code === (progress.of(this.#lab, "code")?.code ?? "")) return;
    progress.put(this.#lab, "code", { code });
    if (progress.warning) this.#say(progress.warning);
  }

  #runIt() {
    if (!this.#source) return;
    this.#keep();
    this.#running = this.#editor.text === this.#source ? "" : this.#editor.text;
    this.#say(this.#running ? "" : "This is the lab's own code.");
    if (this.#running) ownRuntime.retry();
    this.#run();
  }

  #wasReset() {
    this.#foreign = false;
    this.#keep();
    this.#say("");
    if (!this.#running || this.#editor.text !== this.#source) return;
    this.leave();
    this.#run();
  }

  /** Say something below the editor. @param {string} words */
  #say(words) {
    const region = this.#find(".nh-verdict");
    this.#details.dataset.verdict = "";
    region.textContent = words;
    return region;
  }

  /** Hear of the Python that the reader's code runs in, for as long as the panel is in the page. */
  #listen() {
    const hear = () => {
      if (!this.#details.isConnected) return ownRuntime.removeEventListener("state", hear);
      this.#warn();
    };
    ownRuntime.addEventListener("state", hear);
    this.#warn();
  }

  /** Say it where code is not held to the page's policy. */
  #warn() {
    const open = [ownRuntime, runtime].some(({ state }) => state.stage === "ready" && !state.confined);
    const told = this.#details.querySelector(".nh-unconfined");
    if (!open) return told?.remove();
    if (told) return;
    const note = document.createElement("p");
    note.className = "nh-unconfined";
    note.textContent = OPEN;
    this.#find(".nh-acts").after(note);
  }
}
