/** The element `<lab-panel>`: the form and result that the build wrote become live; the latest settings win. */

import { Activity } from "./activity.js";
import { expectFigures, prepared, show } from "./result.js";
import { NoAnswer, runtime } from "./runtime.js";
import { Settings } from "./settings.js";
import { opensLinks, TakeAway } from "./takeaway.js";
import { markReached } from "./tasks.js";

const TYPING = 120;
const HELD = "The architecture came with the link and has not been run: read it, then Run.";
let panels = 0;

class LabPanel extends HTMLElement {
  /** @type {Settings | undefined} */
  #settings;
  /** @type {Activity | undefined} */
  #activity;
  /** @type {TakeAway | undefined} */
  #takeAway;
  /** The nodes of the built-in result. @type {Node[]} */
  #built = [];
  /** Aborted when the panel leaves the page or is reset: answers to what was asked before are then ignored. */
  #turn = new AbortController();
  #wanted = false;
  #busy = false;
  #typing = 0;
  /** The arguments of the request made last, as JSON text. */
  #asked = "";

  /** Come to life, once: the browser calls this whenever the element enters a page. */
  connectedCallback() {
    this.#turn = new AbortController();
    if (this.#settings || !this.#form) return;
    this.#built = [...this.#output.childNodes];
    this.#error.id ||= `nh-error-${++panels}`;
    this.#settings = new Settings(this.#form);
    this.#activity = new Activity(this, this.#find(".nh-status"), () => runtime.stop(), () => this.#offerRestart());
    this.#listen(this.#form);
    this.#takeAway = new TakeAway(this, this.#built, {
      changes: () => this.#settings?.changes ?? {},
      say: (word) => this.#activity?.say(word),
      builtIn: () => this.#askBuiltIn(),
    });
    this.toggleAttribute("data-live", true);
    opensLinks(this, { open: (values) => this.#open(values), complain: (message) => this.#complain(message) });
  }

  /** Forget what is under way: the browser calls this when the element leaves its page. */
  disconnectedCallback() {
    this.#turn.abort();
    clearTimeout(this.#typing);
  }

  /** Find an element of the panel. @param {string} selector @returns {HTMLElement} */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }

  get #form() {
    return /** @type {HTMLFormElement | null} */ (this.querySelector(".nh-form"));
  }

  get #output() {
    return this.#find(".nh-output");
  }

  get #error() {
    return this.#find(".nh-error");
  }

  /** Hear of every change. @param {HTMLFormElement} form */
  #listen(form) {
    form.addEventListener("input", ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return;
      if (target.type === "range") this.#want();
      if (target.type === "number" && target.value !== "") this.#wantSoon();
    });
    form.addEventListener("change", ({ target }) => this.#changed(target));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      runtime.retry();
      for (const upload of this.#settings?.uploads.values() ?? []) upload.release();
      const lacking = [...(this.#settings?.uploads ?? [])].find(([, upload]) => upload.lacking);
      if (lacking) this.#bring(...lacking, null);
      else this.#want(true);
    });
    this.#find(".nh-form [type=reset]").addEventListener("click", (event) => {
      event.preventDefault();
      this.#reset();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
  }

  /** Act on a control that has a new value. @param {EventTarget | null} target */
  async #changed(target) {
    const settings = this.#settings;
    for (const [name, upload] of settings?.uploads ?? []) {
      if (upload.owns(target)) return this.#bring(name, upload, target);
    }
    if (target instanceof HTMLSelectElement) settings?.forget(target.name);
    if (target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === "range")) return;
    this.#want();
  }

  /** Change to another architecture, or to the reader's own. @param {string} name @param {import("./upload.js").Upload} upload @param {EventTarget | null} target */
  async #bring(name, upload, target) {
    const { signal } = this.#turn;
    this.#activity?.begin();
    try {
      const fresh = await upload.changed(target, async (shipped) => (await runtime.ask({ text_of: shipped }, signal)).text);
      if (signal.aborted) return;
      if (!fresh) return this.#activity?.end("Edit the text, then Run. It stays in this browser.");
      this.#settings?.forget(name);
      this.#want(true);
    } catch (error) {
      if (!signal.aborted) this.#refuse(error);
    }
  }

  /** Ask for a result a little later, when the reader has stopped typing. */
  #wantSoon() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#want(), TYPING);
  }

  /** Ask for the result of the settings as they are now, right after what is being asked; nothing new is asked `again` only on purpose. */
  #want(again = false) {
    clearTimeout(this.#typing);
    if (this.#settings?.held) return this.#activity?.end(HELD);
    if (!again && JSON.stringify(this.#settings?.arguments) === this.#asked) return;
    this.#wanted = true;
    if (!this.#busy) this.#work();
  }

  /** Ask, show, and again as long as the settings have changed meanwhile. */
  async #work() {
    this.#busy = true;
    while (this.#wanted) {
      this.#wanted = false;
      this.#activity?.begin();
      await this.#ask(this.#turn.signal);
    }
    this.#busy = false;
  }

  /** Ask once and show what comes back, unless it is no longer wanted. @param {AbortSignal} signal */
  async #ask(signal) {
    const settings = /** @type {Settings} */ (this.#settings);
    const asked = settings.arguments;
    this.#asked = JSON.stringify(asked);
    const begun = performance.now();
    if (this.#find(".nh-plot")) expectFigures();
    try {
      const builtIn = Object.keys(settings.changes).length === 0;
      const request = { lab: this.getAttribute("name"), arguments: asked, stamp: builtIn };
      const answer = await runtime.ask(request, signal, () => this.#activity?.sent());
      if (signal.aborted) return;
      if (answer.error !== undefined) return this.#explain(answer.error);
      const { report, warning } = await prepared(answer, this.#output);
      if (signal.aborted) return;
      settings.adopt(asked, answer);
      this.#show([...report.childNodes], answer);
      const goals = markReached(this.getAttribute("name") ?? "", answer.reached);
      if (warning) this.#complain(warning);
      else this.#content();
      const spoken = `${this.#find(".nh-takeaway").textContent}${goals ? " You have reached the goal." : ""}`;
      if (!this.#wanted) this.#activity?.end(`Updated in ${duration(performance.now() - begun)}.${this.#verdict(answer.stamp)}`, spoken);
    } catch (error) {
      if (!signal.aborted) this.#refuse(error);
    }
  }

  /** Say whether this machine got the result that the build got. @param {string | undefined} stamp hash of the result, if the settings are the page's */
  #verdict(stamp) {
    if (!stamp) return "";
    if (stamp === this.dataset.stamp) return " Your machine got the same result as the build.";
    return " Your machine got another result than the build did: please report it, with the name of your browser.";
  }

  /** Show why the lab refuses these settings, unless newer ones are waiting. @param {string} message */
  #explain(message) {
    const settings = /** @type {Settings} */ (this.#settings);
    if (this.#wanted) return;
    if (settings.forgetBlamed(message)) return void (this.#wanted = true);
    this.#complain(message);
    settings.mark(message, this.#error.id);
    this.#activity?.end("The result is the last one that worked.");
  }

  /** Show why there is no answer at all. @param {unknown} error */
  #refuse(error) {
    const message = error instanceof Error ? error.message : String(error);
    const kind = error instanceof NoAnswer ? error.kind : "";
    this.#activity?.end(kind === "stopped" ? message : "The result is the last one that worked.");
    if (kind === "stopped") return this.#content();
    if (kind === "failed") return this.#complain(message, "Try again", () => this.#form?.requestSubmit());
    this.#complain(kind === "broken" ? `This lab broke on these settings (${message}). That is a mistake of ours, not of yours.` : message);
  }

  /** Say that a run lasts very long, and offer to end it. */
  #offerRestart() {
    this.#complain("There has been no answer for 60 s. It may still come; or stop Python and start it anew.", "Stop and restart", () => runtime.stop());
  }

  /** Show a message, with a button where something can be done. @param {string} message @param {string} [label] @param {() => void} [act] */
  #complain(message, label, act) {
    this.#settings?.unmark();
    // The same message stays as it is: its button may be under the reader's finger.
    if (!this.#error.hidden && this.#error.dataset.message === message) return;
    this.#error.dataset.message = message;
    this.#error.replaceChildren(message);
    if (label && act) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => {
        this.#content();
        act();
      });
      this.#error.append(" ", button);
    }
    this.#error.hidden = false;
  }

  /** Take the message away. */
  #content() {
    if (this.#error.contains(document.activeElement)) this.#form?.querySelector("button")?.focus();
    this.#error.hidden = true;
    this.#error.replaceChildren();
    this.#settings?.unmark();
  }

  /** Go back to the settings and the result of the page; this needs no Python. */
  #reset() {
    this.#turn.abort();
    this.#turn = new AbortController();
    this.#wanted = false;
    this.#asked = "";
    clearTimeout(this.#typing);
    this.#settings?.reset();
    this.#content();
    this.#show(this.#built);
    this.#activity?.end("As built.");
  }

  /** Show a result, with what can be taken away from it. @param {Node[]} report @param {import("./takeaway.js").Answer} [answer] what it was made of, unless it is the page's own */
  #show(report, answer) {
    this.#takeAway?.prepare(report, answer);
    show(this.#output, report);
  }

  /** Ask Python for what the page's own result was made of. */
  async #askBuiltIn() {
    this.#activity?.begin();
    try {
      return await runtime.ask({ lab: this.getAttribute("name"), arguments: JSON.parse(this.dataset.arguments ?? "{}") }, this.#turn.signal, () => this.#activity?.sent());
    } finally {
      this.#activity?.end("");
    }
  }

  /** Set the form to what a link says, and run it; a text that came with the link waits for the reader. @param {import("./settings.js").Arguments} values */
  #open(values) {
    this.#reset();
    const refused = this.#settings?.put(values);
    this.scrollIntoView();
    if (refused) {
      this.#reset();
      return this.#complain(`This link sets ${refused} to something that this lab does not offer. The result shown is the built-in one.`);
    }
    this.#want(true);
  }
}

/** A time for people. @param {number} milliseconds */
function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

customElements.define("lab-panel", LabPanel);
