/** What a panel says while it works: nothing at first, then the stage, the megabytes, and a way to stop. */

import { after } from "./patience.js";
import { runtime } from "./runtime.js";

const QUIET = 250;
const STOPPABLE = 1_000;
const PATIENT = 3_000;
const LONG = 60_000;
/** How many milliseconds lie between two words on how far a long run is: a screen reader reads each of them out. */
const RHYTHM = 10_000;

const STAGES = { idle: "", failed: "", downloading: "Fetching Python", starting: "Starting Python", ready: "Computing" };
const MORE = { idle: "", failed: "", downloading: ", once for all labs", starting: ", a few seconds once a visit", ready: ", and not done yet" };

export class Activity {
  #panel;
  #status;
  #meter;
  #stop;
  /** What calls off each thing that will be done later. @type {(() => void)[]} */
  #timers = [];
  #shown = false;
  #patient = false;
  #python = runtime;
  /** @type {import("./long-run.js").Progress | undefined} */
  #progress;
  #spoken = 0;
  #unanswered = () => {};
  #update = () => this.#tell();
  /** @type {import("./engine.js").Reading | undefined} */
  #reading;
  #read = (/** @type {Event} */ event) => {
    this.#reading = /** @type {CustomEvent} */ (event).detail;
    this.#expectAnswer();
    this.#tell();
  };

  /** Take over the status line of a panel. @param {HTMLElement} panel @param {HTMLElement} status @param {() => void} onstop @param {() => void} onlong called when a run lasts very long */
  constructor(panel, status, onstop, onlong) {
    this.#panel = panel;
    this.#status = status;
    this.onlong = onlong;
    this.#meter = document.createElement("div");
    this.#meter.className = "nh-meter";
    this.#meter.hidden = true;
    this.#meter.innerHTML = '<progress></progress><span aria-hidden="true"></span>';
    this.#stop = document.createElement("button");
    this.#stop.type = "button";
    this.#stop.className = "nh-stop";
    this.#stop.textContent = "Stop";
    this.#stop.hidden = true;
    this.#stop.addEventListener("click", onstop);
    status.after(this.#stop, this.#meter);
  }

  /** Begin: something new has been asked for. @param {import("./runtime.js").Runtime} [python] who has been asked */
  begin(python = runtime) {
    this.#clear();
    this.#python = python;
    python.addEventListener("state", this.#update);
    python.addEventListener("reading", this.#read);
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
    this.#expectAnswer();
    this.#tell();
  }

  /** Whether replications are under way. */
  get long() {
    return this.#progress !== undefined;
  }

  /** Show how far a long run is. @param {import("./long-run.js").Progress} progress */
  progress(progress) {
    if (!this.#progress) {
      this.#spoken = Date.now();
      this.#status.textContent = "";
    }
    this.#progress = progress;
    this.#expectAnswer();
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
    this.#python.removeEventListener("state", this.#update);
    this.#python.removeEventListener("reading", this.#read);
    this.#reading = undefined;
    this.#unanswered();
    for (const callOff of this.#timers) callOff();
    this.#timers = [];
    this.#progress = undefined;
    this.#shown = this.#patient = false;
    this.#stop.hidden = this.#meter.hidden = true;
    this.#panel.removeAttribute("data-busy");
    this.#panel.querySelector(".nh-output")?.removeAttribute("aria-busy");
  }

  /** Do something later, unless the request ends before. @param {number} milliseconds @param {() => void} act */
  #after(milliseconds, act) {
    this.#timers.push(after(milliseconds, act));
  }

  /** Notice when there is no answer for very long, from now on. */
  #expectAnswer() {
    this.#unanswered();
    this.#unanswered = after(LONG, this.onlong);
  }

  /** Say where Python is; the live region changes with the stage, not with each megabyte or replication. */
  #tell() {
    if (!this.#shown) return;
    if (this.#progress) return this.#tellProgress(this.#progress);
    if (this.#reading) return this.#tellReading(this.#reading);
    const { state } = this.#python;
    const text = STAGES[state.stage] + (this.#patient ? MORE[state.stage] : "");
    this.#word(text);
    if (state.stage !== "downloading" || !state.total) this.#meter.hidden = true;
    else this.#measure("Download of Python", state.loaded, state.total, `${megabytes(state.loaded)} of ${megabytes(state.total)} MB`);
  }

  /** Say how much of the reader's file has been read. @param {import("./engine.js").Reading} reading */
  #tellReading({ done, total, requests }) {
    this.#word("Reading your file");
    // None is whole as long as more of its spans may follow.
    const found = requests ? `, ${requests.toLocaleString("en")} requests` : "";
    this.#measure("File read", done, total, `${megabytes(done)} of ${megabytes(total)} MB${found}`);
  }

  /** Say how far a long run is. @param {import("./long-run.js").Progress} progress */
  #tellProgress({ done, count, left }) {
    this.#stop.hidden = false;
    if (done) this.#panel.removeAttribute("data-busy"); // what is shown is of these settings already
    const known = Number.isFinite(left) && done < count;
    if (!this.#status.textContent) this.#word("Computing");
    if (done && Date.now() - this.#spoken > RHYTHM) {
      this.#spoken = Date.now();
      this.#word(`Computing: ${done} of ${count} replications done${known ? `, about ${seconds(left)} left` : ""}`);
    }
    this.#measure("Replications done", done, count, `${done} of ${count}${known ? `, ${seconds(left)} left` : ""}`);
  }

  /** Say a word in the live region, if it is another one than before. @param {string} text */
  #word(text) {
    const line = text ? `${text} …` : "";
    if (this.#status.textContent !== line) this.#status.textContent = line;
  }

  /** Show the meter. @param {string} name @param {number} value @param {number} most @param {string} text */
  #measure(name, value, most, text) {
    const [bar, label] = /** @type {[HTMLProgressElement, HTMLElement]} */ ([...this.#meter.children]);
    bar.setAttribute("aria-label", name);
    bar.max = most;
    bar.value = value;
    label.textContent = text;
    this.#meter.hidden = false;
  }
}

/** Bytes as megabytes with one decimal. @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

/** A time to wait, as exact as a guess is. @param {number} time in seconds */
function seconds(time) {
  if (time >= 90) return `${Math.round(time / 60)} min`;
  return `${time > 20 ? Math.ceil(time / 5) * 5 : Math.max(1, Math.ceil(time))} s`;
}
