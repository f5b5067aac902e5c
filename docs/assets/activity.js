/** What a panel says while it works: nothing at first, then the stage, the megabytes, and a way to stop. */

import { runtime } from "./runtime.js";

const QUIET = 250;
const STOPPABLE = 1_000;
const PATIENT = 3_000;
const LONG = 60_000;

const STAGES = { idle: "", failed: "", downloading: "Fetching Python", starting: "Starting Python", ready: "Computing" };
const MORE = { idle: "", failed: "", downloading: ", once for all labs", starting: ", a few seconds once a visit", ready: ", and not done yet" };

export class Activity {
  #panel;
  #status;
  #meter;
  #stop;
  /** @type {number[]} */
  #timers = [];
  #shown = false;
  #patient = false;
  #update = () => this.#tell();

  /** Take over the status line of a panel. @param {HTMLElement} panel @param {HTMLElement} status @param {() => void} onstop @param {() => void} onlong called when a run lasts very long */
  constructor(panel, status, onstop, onlong) {
    this.#panel = panel;
    this.#status = status;
    this.onlong = onlong;
    this.#meter = document.createElement("div");
    this.#meter.className = "nh-meter";
    this.#meter.hidden = true;
    this.#meter.innerHTML = '<progress aria-label="Download of Python"></progress><span aria-hidden="true"></span>';
    this.#stop = document.createElement("button");
    this.#stop.type = "button";
    this.#stop.className = "nh-stop";
    this.#stop.textContent = "Stop";
    this.#stop.hidden = true;
    this.#stop.addEventListener("click", onstop);
    const line = document.createElement("div");
    line.className = "nh-line";
    status.before(line);
    line.append(status, this.#meter, this.#stop);
  }

  /** Begin: something new has been asked for. */
  begin() {
    this.#clear();
    runtime.addEventListener("state", this.#update);
    this.#after(QUIET, () => {
      this.#shown = true;
      this.#panel.querySelector(".nh-output")?.setAttribute("aria-busy", "true");
      this.#panel.toggleAttribute("data-busy", true);
      this.#tell();
    });
    this.#after(PATIENT, () => {
      this.#patient = true;
      this.#tell();
    });
  }

  /** Go on: the request has been sent to Python, which is there. */
  sent() {
    this.#after(STOPPABLE, () => (this.#stop.hidden = false));
    this.#after(LONG, this.onlong);
    this.#tell();
  }

  /** End, with a last word. @param {string} word @param {string} [spoken] said to screen readers before it */
  end(word, spoken = "") {
    this.#clear();
    const hidden = document.createElement("span");
    hidden.className = "nh-spoken";
    hidden.textContent = spoken ? `${spoken} ` : "";
    this.#status.replaceChildren(hidden, word);
  }

  /** Say something beside what is under way. @param {string} word */
  say(word) {
    this.#status.textContent = word;
  }

  /** Stop all timers and take everything back. */
  #clear() {
    if (this.#stop === document.activeElement) this.#panel.querySelector("button")?.focus();
    runtime.removeEventListener("state", this.#update);
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    this.#shown = this.#patient = false;
    this.#stop.hidden = this.#meter.hidden = true;
    this.#panel.removeAttribute("data-busy");
    this.#panel.querySelector(".nh-output")?.removeAttribute("aria-busy");
  }

  /** Do something later, unless the request ends before. @param {number} milliseconds @param {() => void} act */
  #after(milliseconds, act) {
    this.#timers.push(setTimeout(act, milliseconds));
  }

  /** Say where the runtime is; the live region changes with the stage, not with each megabyte. */
  #tell() {
    if (!this.#shown) return;
    const { state } = runtime;
    const text = STAGES[state.stage] + (this.#patient ? MORE[state.stage] : "");
    const line = text ? `${text} …` : "";
    if (this.#status.textContent !== line) this.#status.textContent = line;
    const known = state.stage === "downloading" && state.total > 0;
    this.#meter.hidden = !known;
    if (!known) return;
    const [bar, label] = /** @type {[HTMLProgressElement, HTMLElement]} */ ([...this.#meter.children]);
    bar.max = state.total;
    bar.value = state.loaded;
    label.textContent = `${megabytes(state.loaded)} of ${megabytes(state.total)} MB`;
  }
}

/** Bytes as megabytes with one decimal. @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
