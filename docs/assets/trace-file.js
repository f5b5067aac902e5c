/** The reader's own traces: a file that Python reads where it is, a piece at a time. It is never held as a whole, and leaves the browser never. */

const OWN = "@file";
/** Where the worker finds the files (worker.js). */
const FOLDER = "/own";
/** Larger files are for the terminal: a browser takes minutes for this much. */
const LARGEST_FILE = 500_000_000;
const PASTED = "pasted.toml"; // as drop.js calls it
const ROW = `<div class="nh-bring"><button type="button" data-bring="paste">Paste</button>
  <span>or drop a file anywhere on this panel. It stays in this browser.</span></div>`;

/** The files that requests speak of, by their paths. @type {Map<string, File>} */
const files = new Map();
let count = 0;

/** The files that a request speaks of, by their paths. @param {{arguments?: object}} request @returns {Record<string, File>} */
export function filesOf(request) {
  const paths = Object.values(request.arguments ?? {}).map((value) => value?.path);
  return Object.fromEntries([...files].filter(([path]) => paths.includes(path)));
}

/** Stands where an Upload does for an architecture. */
export class TraceFile {
  #select;
  #box;
  #file;
  #chosen;
  #shipped;
  #name = "";
  #path = "";
  /** There is no text to go back to. @type {undefined} */
  before;

  /** Take over the controls of one recording. @param {HTMLSelectElement} select */
  constructor(select) {
    const control = /** @type {HTMLElement} */ (select.closest(".nh-control"));
    this.#select = select;
    this.#box = /** @type {HTMLElement} */ (control.querySelector(".nh-file"));
    this.#file = /** @type {HTMLInputElement} */ (control.querySelector("[data-file]"));
    this.#chosen = /** @type {HTMLElement} */ (control.querySelector("[data-chosen]"));
    this.#shipped = select.value;
    this.#box.firstElementChild?.insertAdjacentHTML("afterend", ROW);
  }

  /** Whether a node stands in the controls of this recording. @param {Node} node */
  holds(node) {
    return Boolean(this.#box.parentElement?.contains(node));
  }

  /** The argument for a request: the name of a shipped recording, or where Python finds the file. @returns {string | {file: string, path: string}} */
  get value() {
    return this.#path && this.#select.value === OWN ? { file: this.#name, path: this.#path } : this.#shipped;
  }

  /** Whether the reader means to bring traces and has none yet. */
  get lacking() {
    return this.#select.value === OWN && !this.#path;
  }

  /** A link brings no traces. */
  get held() {
    return false;
  }

  release() {}

  /** Take over what a link says, which can only be a shipped recording. @param {string | object} value */
  put(value) {
    if (typeof value !== "string" || value === OWN) return;
    this.#select.value = value;
    this.#shipped = this.#select.value;
    this.#box.hidden = true;
  }

  /** Whether a change of this element means other traces. @param {EventTarget | null} target */
  owns(target) {
    return target === this.#select || target === this.#file;
  }

  /** The field that an error message is about, if it is about the reader's file. @param {string} message */
  blamed(message) {
    return this.#name && this.#select.value === OWN && message.startsWith(this.#name) ? this.#file : undefined;
  }

  /**
   * Act on a change of the select or of the file field, or on a file from elsewhere.
   * @param {EventTarget | File | null} target @returns {Promise<boolean>} whether there is something new to run
   * @throws {RangeError} the file is too large; everything is as it was then
   */
  async changed(target) {
    if (target instanceof File) return this.#take(target);
    if (target === this.#file) {
      const file = this.#file.files?.[0];
      this.#file.value = ""; // so that choosing the same file again is a change
      return file ? this.#take(file) : false;
    }
    this.#box.hidden = this.#select.value !== OWN;
    if (this.#select.value !== OWN) this.#shipped = this.#select.value;
    return !this.lacking;
  }

  /** What to do when there is nothing new to run. */
  get advice() {
    return "Choose a file of traces, or drop it here. It stays in this browser.";
  }

  /** Go back to the recording of the page, after the form has been reset. */
  reset() {
    this.#shipped = this.#select.value;
    this.#forget();
    this.#box.hidden = true;
  }

  #forget() {
    files.delete(this.#path);
    this.#name = this.#path = this.#chosen.textContent = "";
  }

  /** Let requests speak of a file. @param {File} file */
  #take(file) {
    if (file.size > LARGEST_FILE) {
      const size = (/** @type {number} */ bytes) => `${Math.round(bytes / 1e6).toLocaleString("en")} MB`;
      const command = `python -m labs_py run ${this.#select.form?.closest("lab-panel")?.getAttribute("name")} --${this.#select.name} ${file.name}`;
      throw new RangeError(`${file.name} must have at most ${size(LARGEST_FILE)} in a browser, got ${size(file.size)}. In a terminal it may be larger: ${command}`);
    }
    this.#forget();
    this.#name = file.name === PASTED ? "pasted.json" : file.name;
    this.#path = `${FOLDER}/${++count}/${this.#name}`;
    files.set(this.#path, file);
    this.#chosen.textContent = `${this.#name}, ${(file.size / 1e6).toFixed(1)} MB`;
    this.#select.value = OWN;
    this.#box.hidden = false;
    return true;
  }
}
