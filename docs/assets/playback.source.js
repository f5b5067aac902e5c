/** The player of a run: it shows the rows of the run's table, one after another, in the still that Python wrote. */

/** Milliseconds from one moment to the next; and where motion is not wanted, so that each can be looked at as a picture. */
const PACE = 100;
const CALM = 600;
const CONTROLS = `<button type="button" data-step="-1" aria-label="One moment back">◂</button>
  <button type="button" data-play>Play</button>
  <button type="button" data-step="1" aria-label="One moment on">▸</button>
  <input type="range" min="0" step="1" aria-label="Moment of the run">`;

/** Bring the controls to a run that has none yet. @param {HTMLElement} box */
export function player(box) {
  const place = box.querySelector(".nh-player");
  if (place && !place.hasChildNodes()) new Player(box, /** @type {HTMLElement} */ (place));
}

class Player {
  #moment;
  #play;
  #slider;
  #timer = 0;

  /** @param {HTMLElement} box @param {HTMLElement} place of the controls */
  constructor(box, place) {
    this.box = box;
    const [head, ...moments] = [.../** @type {NodeListOf<HTMLTableRowElement>} */ (box.querySelectorAll(".nh-twin tr"))].map(texts);
    this.moments = moments;
    const rows = /** @type {NodeListOf<HTMLTableRowElement>} */ (box.querySelectorAll(":scope > .nh-table tbody tr"));
    this.gauges = [...rows].map((row) => new Gauge(row, head.map(plain)));
    place.innerHTML = CONTROLS;
    this.#moment = /** @type {HTMLElement} */ (box.querySelector(".nh-moment"));
    this.#play = /** @type {HTMLButtonElement} */ (place.querySelector("[data-play]"));
    this.#slider = /** @type {HTMLInputElement} */ (place.querySelector("input"));
    this.#slider.max = String(moments.length - 1);
    this.#play.addEventListener("click", () => (this.#timer ? this.#pause() : this.#start()));
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-step]"))) {
      button.addEventListener("click", () => this.#pause(this.#slider.valueAsNumber + Number(button.dataset.step)));
    }
    this.#slider.addEventListener("input", () => this.#pause(this.#slider.valueAsNumber));
    this.#pause(Number(box.dataset.still));
  }

  /** Show a moment. @param {number} number it is brought into the run */
  #show(number) {
    const at = Math.min(Math.max(number, 0), this.moments.length - 1);
    const [time, event] = this.moments[at];
    this.#moment.textContent = `${time}: ${event}`;
    this.#slider.value = String(at);
    this.#slider.setAttribute("aria-valuetext", time);
    this.#slider.style.setProperty("--nh-at", `${(100 * at) / (this.moments.length - 1)}%`);
    for (const gauge of this.gauges) gauge.show(this.moments[at]);
  }

  /** Play from here, or from the beginning when this is the end. */
  #start() {
    this.#moment.removeAttribute("role"); // nobody could listen to so many moments
    this.#play.textContent = "Pause";
    const last = this.moments.length - 1;
    if (this.#slider.valueAsNumber === last) this.#show(0);
    const pace = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM : PACE;
    this.#timer = setInterval(() => {
      if (!this.box.isConnected || this.#slider.valueAsNumber + 1 >= last) this.#pause(last);
      else this.#show(this.#slider.valueAsNumber + 1);
    }, pace);
  }

  /** Stop where it is, or at a moment. @param {number} [number] */
  #pause(number = this.#slider.valueAsNumber) {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#play.textContent = "Play";
    this.#moment.setAttribute("role", "status");
    this.#show(number);
  }
}

/** One row of the still. */
class Gauge {
  /** @param {HTMLTableRowElement} row @param {string[]} head of the run's table */
  constructor(row, head) {
    const name = plain(row.cells[0].textContent);
    this.row = row;
    this.column = head.indexOf(name, 2);
    this.states = [...row.querySelectorAll(".nh-state")].map((state) => {
      const callee = plain(state.textContent).replace(/: \w+$/, "");
      return { state, callee, column: head.indexOf(`${name}: ${callee}`, 2) };
    });
  }

  /** Show the numbers of a moment. @param {string[]} moment */
  show(moment) {
    const [busy, waiting = "0"] = moment[this.column].split(" + ");
    const [taken, queue] = this.row.querySelectorAll("meter");
    const [ofTaken, ofQueue] = this.row.querySelectorAll(".nh-number");
    taken.value = Number(busy);
    queue.value = Number(waiting.replace(",", ""));
    ofTaken.textContent = `${busy} of ${taken.max}`;
    ofQueue.textContent = waiting;
    for (const { state, callee, column } of this.states) state.textContent = `${callee}: ${moment[column]}`;
  }
}

/** The texts of a row's cells. @param {HTMLTableRowElement} row */
function texts(row) {
  return [...row.cells].map((cell) => cell.textContent ?? "");
}

/** A text with plain spaces: numbers are tied to their units in a row, and not in a head. @param {string | null} text */
function plain(text) {
  return (text ?? "").replaceAll("\u00a0", " ");
}
