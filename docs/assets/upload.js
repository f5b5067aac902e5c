/** The reader's own architecture: a file that is read, or a text that is edited, in the browser and nowhere else. */

/** The limit of labs_py/model/architecture_file.py; a larger file is refused before it is read. */
const LARGEST_FILE = 1_000_000;
const OWN = "@file";

export class Upload {
  #select;
  #box;
  #text;
  #file;
  #name = "";
  #shipped;
  /** Whether the text came with a link and the reader has not run it. */
  #foreign = false;

  /** Take over the controls of one architecture. @param {HTMLSelectElement} select */
  constructor(select) {
    const control = /** @type {HTMLElement} */ (select.closest(".nh-control"));
    this.#select = select;
    this.#box = /** @type {HTMLElement} */ (control.querySelector(".nh-file"));
    this.#text = /** @type {HTMLTextAreaElement} */ (control.querySelector("[data-text]"));
    this.#file = /** @type {HTMLInputElement} */ (control.querySelector("[data-file]"));
    this.#shipped = select.value;
  }

  /** The argument for a request: the name of a shipped architecture, or a file. @returns {string | {file: string, text: string}} */
  get value() {
    return this.#name && this.#select.value === OWN ? { file: this.#name, text: this.#text.value } : this.#shipped;
  }

  /** Whether the reader means to bring an architecture and has none yet. */
  get lacking() {
    return this.#select.value === OWN && !this.#name;
  }

  /** Whether the text is a stranger's that the reader has not run yet. */
  get held() {
    return this.#foreign && this.#select.value === OWN;
  }

  /** Let the text be run: the reader has asked for it. */
  release() {
    this.#foreign = false;
  }

  /** Take over what a link says; a text is only shown. @param {string | {file: string, text: string}} value */
  put(value) {
    if (value === OWN) return;
    this.#select.value = typeof value === "string" ? value : OWN;
    if (typeof value === "string") {
      this.#shipped = this.#select.value;
    } else {
      this.#name = value.file;
      this.#text.value = value.text;
      this.#foreign = true;
    }
    this.#box.hidden = this.#select.value !== OWN;
  }

  /** Whether a change of this element means another architecture. @param {EventTarget | null} target */
  owns(target) {
    return target === this.#select || target === this.#file;
  }

  /** The field that an error message is about, if it is about the reader's file. @param {string} message */
  blamed(message) {
    return this.#name && this.#select.value === OWN && message.startsWith(this.#name) ? this.#text : undefined;
  }

  /**
   * Act on a change of the select or of the file field. Whoever brings a file starts from the text of the architecture shown before.
   * @param {EventTarget | null} target @param {(name: string) => Promise<string>} textOf
   * @returns {Promise<boolean>} whether there is something new to run
   * @throws {RangeError} the file is too large or cannot be read
   */
  async changed(target, textOf) {
    if (target === this.#file) return this.#read();
    this.#box.hidden = this.#select.value !== OWN;
    if (this.#select.value !== OWN) {
      this.#shipped = this.#select.value;
      return true;
    }
    if (!this.#name) {
      const text = await textOf(this.#shipped);
      if (!this.#name) {
        this.#name = "my-architecture.toml";
        this.#text.value = text;
      }
      return false;
    }
    return true;
  }

  /** Go back to the architecture of the page, after the form has been reset. */
  reset() {
    this.#shipped = this.#select.value;
    this.#name = "";
    this.#foreign = false;
    this.#box.hidden = true;
  }

  /** Read the chosen file into the text field. */
  async #read() {
    const file = this.#file.files?.[0];
    this.#file.value = ""; // so that choosing the same file again, after an edit, is a change
    if (!file) return false;
    if (file.size > LARGEST_FILE) {
      throw new RangeError(`${file.name} must be at most ${LARGEST_FILE.toLocaleString("en")} bytes, got ${file.size.toLocaleString("en")}`);
    }
    this.#text.value = await file.text().catch(() => {
      throw new RangeError(`${file.name} must be a file that the browser can read; choose it again`);
    });
    this.#name = file.name;
    this.#foreign = false;
    return true;
  }
}
