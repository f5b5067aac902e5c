/** The reader's own architecture: a file that is read, or a text that is edited, in the browser and nowhere else. */

/** The limit of labs_py/model/architecture_file.py; a larger file is refused before it is read. */
const LARGEST_FILE = 1_000_000;
const OWN = "@file";
const ROW = `<div class="nh-bring"><button type="button" data-bring="paste">Paste</button><button type="button" data-bring="back" hidden>Back to the text before</button>
  <span>or drop a file anywhere on this panel. It stays in this browser.</span></div>`;

export class Upload {
  #select;
  #box;
  #text;
  #file;
  #name = "";
  #shipped;
  /** Whether the text came with a link and the reader has not run it. */
  #foreign = false;
  /** @type {HTMLElement} */
  #back;
  /** The reader's text that another has taken the place of. @type {File | undefined} */
  before;

  /** Take over the controls of one architecture. @param {HTMLSelectElement} select */
  constructor(select) {
    const control = /** @type {HTMLElement} */ (select.closest(".nh-control"));
    this.#select = select;
    this.#box = /** @type {HTMLElement} */ (control.querySelector(".nh-file"));
    this.#text = /** @type {HTMLTextAreaElement} */ (control.querySelector("[data-text]"));
    this.#file = /** @type {HTMLInputElement} */ (control.querySelector("[data-file]"));
    this.#shipped = select.value;
    this.#box.firstElementChild?.insertAdjacentHTML("afterend", ROW);
    this.#back = /** @type {HTMLElement} */ (this.#box.querySelector("[data-bring=back]"));
  }

  /** Whether a node stands in the controls of this architecture. @param {Node} node */
  holds(node) {
    return Boolean(this.#box.parentElement?.contains(node));
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

  /** What to do when there is nothing new to run. */
  get advice() {
    return "Edit the text, then Run. It stays in this browser.";
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
   * Act on a change of the select or of the file field, or on a file from elsewhere. Whoever brings a file starts from the text of the architecture shown before.
   * @param {EventTarget | File | null} target @param {(name: string) => Promise<string>} textOf
   * @returns {Promise<boolean>} whether there is something new to run
   * @throws {RangeError} the file is too large, no text or cannot be read; everything is as it was then
   */
  async changed(target, textOf) {
    if (target instanceof File) return this.#take(target);
    if (target === this.#file) {
      const file = this.#file.files?.[0];
      this.#file.value = ""; // so that choosing the same file again, after an edit, is a change
      return file ? this.#take(file) : false;
    }
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
    this.before = undefined;
    this.#back.hidden = true;
    this.#box.hidden = true;
  }

  /** Read a file into the text field. @param {File} file */
  async #take(file) {
    if (file.size > LARGEST_FILE) {
      throw new RangeError(`${file.name} must be at most ${LARGEST_FILE.toLocaleString("en")} bytes, got ${file.size.toLocaleString("en")}`);
    }
    const bytes = await file.arrayBuffer().catch(() => {
      throw new RangeError(`${file.name} must be a file that the browser can read; choose it again`);
    });
    const text = decoded(bytes);
    if (text === undefined) throw new RangeError(`${file.name} must be TOML, which is text in UTF-8, got a binary file or another encoding`);
    const own = this.#name && this.#text.value !== text;
    if (own) this.before = new File([this.#text.value], this.#name);
    this.#back.hidden = !this.before;
    this.#text.value = text;
    this.#name = file.name;
    this.#foreign = false;
    this.#select.value = OWN;
    this.#box.hidden = false;
    return true;
  }
}

/** Bytes as text; nothing if they are none. @param {ArrayBuffer} bytes */
function decoded(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
