/** The element `<lab-panel>`: the form and result that the build wrote become live; the latest settings win. */

import { Activity } from "./activity.js";
import { Code } from "./code.js";
import { givesDocuments, offerDocuments } from "./document.js";
import { receives } from "./drop.js";
import { foresee, forget } from "./intent.js";
import { answerOf } from "./long-run.js";
import { opensLinks } from "./opening.js";
import { offerPlayback } from "./playback.js";
import { expectFigures, prepared, show } from "./result.js";
import { NoAnswer, runtime } from "./runtime.js";
import { Settings } from "./settings.js";
import { TakeAway } from "./takeaway.js";
import { markReached } from "./tasks.js";
import { inTurn, leaveTurn } from "./turns.js";

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
  /** @type {Code | undefined} */
  #code;
  /** The nodes of the built-in result. @type {Node[]} */
  #built = [];
  /** Aborted when the panel leaves the page or is reset: answers to what was asked before are then ignored. */
  #turn = new AbortController();
  #wanted = false;
  #busy = false;
  /** Aborted to end the replications that are under way. */
  #halt = new AbortController();
  #typing = 0;
  /** The arguments of the request made last, as JSON text. */
  #asked = "";
  /** What is to be said with the next result, though the one it is about has been overtaken. */
  #news = "";

  /** Come to life, once, when it is this panel's turn: the browser calls this whenever the element enters a page. */
  connectedCallback() {
    this.#turn = new AbortController();
    if (!this.#form) return;
    foresee(this, this.#form);
    if (!this.#settings) inTurn(this, () => this.#comeToLife());
  }

  /** Take over what the build has written. */
  #comeToLife() {
    if (!this.#form) return;
    this.#built = [...this.#output.childNodes];
    this.#error.id ||= `nh-error-${++panels}`;
    this.#settings = new Settings(this.#form);
    this.#activity = new Activity(this, this.#find(".nh-status"), () => this.#stop(), () => this.#offerRestart());
    this.#listen(this.#form);
    this.#code = new Code(this, () => this.#form?.requestSubmit());
    this.#takeAway = new TakeAway(this, this.#built, {
      changes: () => this.#settings?.changes ?? {},
      settings: () => this.#settings?.arguments ?? {},
      code: () => this.#code?.shown ?? "",
      say: (word) => this.#activity?.say(word),
      builtIn: () => this.#askBuiltIn(),
    });
    offerDocuments(this.#built);
    offerPlayback(this.#built, this.#output);
    givesDocuments(this, (word) => this.#activity?.say(word));
    this.toggleAttribute("data-live", true);
    opensLinks(this, { open: (values, code) => this.#open(values, code), complain: (message) => this.#complain(message) });
  }

  /** Forget what is under way: the browser calls this when the element leaves its page. */
  disconnectedCallback() {
    forget(this);
    leaveTurn(this);
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
    if (!this.#settings?.uploads.size) return;
    receives(this, { bring: (file, place) => this.#receive(file, place), refuse: (error) => this.#refuse(error) });
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

  /** Take a file that was dropped or pasted. @param {File | undefined} file nothing stands for the text before @param {Node} place where */
  #receive(file, place) {
    const [name, upload] = /** @type {Settings} */ (this.#settings).uploadAt(place);
    this.#bring(name, upload, file ?? upload.before ?? null);
  }

  /** Change to another architecture, or to the reader's own. @param {string} name @param {import("./upload.js").Upload | import("./trace-file.js").TraceFile} upload @param {EventTarget | File | null} target */
  async #bring(name, upload, target) {
    const { signal } = this.#turn;
    this.#activity?.begin();
    try {
      const fresh = await upload.changed(target, async (shipped) => (await runtime.ask({ text_of: shipped }, signal)).text);
      if (signal.aborted) return;
      if (!fresh) return this.#activity?.end(upload.advice);
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
    this.#halt.abort();
    if (!this.#busy) this.#work();
  }

  /** Ask, show, and again as long as the settings have changed meanwhile. */
  async #work() {
    this.#busy = true;
    while (this.#wanted) {
      this.#wanted = false;
      this.#activity?.begin(this.#code?.python);
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
      const { answer, of, count } = await this.#answer(request, asked, signal);
      if (signal.aborted) return;
      if (!answer) return this.#halted(of, count);
      if (answer.error !== undefined) return this.#explain(answer.error);
      const { report, warning } = await prepared(answer, this.#output);
      if (signal.aborted) return;
      settings.adopt(asked, answer);
      this.#show([...report.childNodes], answer);
      if (markReached(this.getAttribute("name") ?? "", answer.reached)) this.#news = " You have reached the goal.";
      if (warning) this.#complain(warning);
      else this.#content();
      if (this.#wanted) return;
      this.#activity?.end(`Updated in ${duration(performance.now() - begun)}.${this.#verdict(answer.stamp)}`, `${this.#find(".nh-takeaway").textContent}${this.#news}`);
      this.#news = "";
    } catch (error) {
      if (!signal.aborted) this.#refuse(error);
    }
  }

  /** Ask for an answer; of a long run, show partial ones meanwhile. @param {{lab: string | null, arguments: import("./settings.js").Arguments}} request @param {import("./settings.js").Arguments} asked @param {AbortSignal} signal */
  #answer(request, asked, signal) {
    this.#halt = new AbortController();
    /** @type {import("./long-run.js").Ears} */
    const ears = {
      halt: this.#halt.signal,
      sent: () => this.#activity?.sent(),
      tell: (progress) => this.#activity?.progress(progress),
      show: async (partial, _, over) => {
        const { report } = await prepared(partial, this.#output);
        if (over.aborted) return false;
        this.#settings?.adopt(asked, partial);
        this.#show([...report.childNodes], partial);
        return true;
      },
    };
    return this.#code?.running ? this.#code.ask(request, signal, ears) : answerOf(runtime, request, signal, ears);
  }

  /** Say how far a long run came that was ended, unless other settings ended it. @param {number} of @param {number} count */
  #halted(of, count) {
    if (this.#wanted) return;
    this.#activity?.end(of ? `Stopped after ${of} of ${count} replications; the result is of these. Run goes on from there.` : "Stopped. The last result stays.");
  }

  /** End what is under way: the replications if there are any, or else the Python that is busy. */
  #stop() {
    this.#halt.abort();
    if (!this.#activity?.long) this.#code?.python.stop();
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
    if (kind === "failed" || kind === "memory") return this.#complain(message, "Try again", () => this.#form?.requestSubmit());
    this.#complain(kind === "broken" ? `This lab broke on these settings (${message}). That is a mistake of ours, not of yours.` : message);
  }

  /** Say that a run lasts very long, and offer to end it. */
  #offerRestart() {
    this.#complain("There has been no answer for 60 s. It may still come; or stop Python and start it anew.", "Stop and restart", () => this.#stop());
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
    this.#code?.leave();
    this.#content();
    this.#show(this.#built);
    this.#activity?.end("As built.");
  }

  /** Show a result, with what can be taken away from it. @param {Node[]} report @param {import("./takeaway.js").Answer} [answer] what it was made of, unless it is the page's own */
  #show(report, answer) {
    this.#takeAway?.prepare(report, answer);
    offerDocuments(report);
    offerPlayback(report, this.#output);
    this.#code?.shows(answer);
    show(this.#output, report);
  }

  /** Ask Python for what the page's own result was made of. */
  async #askBuiltIn() {
    this.#activity?.begin();
    try {
      const request = { lab: this.getAttribute("name"), arguments: JSON.parse(this.dataset.arguments ?? "{}") };
      return (await answerOf(runtime, request, this.#turn.signal, { sent: () => this.#activity?.sent() })).answer;
    } finally {
      this.#activity?.end("");
    }
  }

  /** Set the form to what a link says, and run it; a text or code that came with the link waits for the reader. @param {import("./settings.js").Arguments} values @param {string} code */
  #open(values, code) {
    this.#reset();
    const refused = this.#settings?.put(values);
    this.scrollIntoView();
    if (refused) {
      this.#reset();
      return this.#complain(`This link sets ${refused} to something that this lab does not offer. The result shown is the built-in one.`);
    }
    if (!code) return this.#want(true);
    this.#code?.open(code);
    this.#activity?.end("The code came with the link and has not been run: read it, then run it.");
  }
}

/** A time for people. @param {number} milliseconds */
function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

customElements.define("lab-panel", LabPanel);
