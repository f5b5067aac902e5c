/** A field for code: the page's plain text field, and CodeMirror in its place once the reader turns to it. Who uses it need not know which. */

/** @typedef {ReturnType<typeof import("./editor.source.js").make>} Rich */

export class Editor {
  #area;
  #onedit;
  #onsubmit;
  #begun = false;
  /** @type {Rich | undefined} */
  #rich;

  /** Take over a text field. @param {HTMLTextAreaElement} area @param {{onedit: () => void, onsubmit: () => void}} heard `onedit` hears of the reader's edits only, `onsubmit` of Ctrl + Enter */
  constructor(area, { onedit, onsubmit }) {
    this.#area = area;
    this.#onedit = onedit;
    this.#onsubmit = onsubmit;
    area.addEventListener("input", onedit);
    area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      onsubmit();
    });
    for (const turn of ["focusin", "pointerenter", "pointerdown"]) area.addEventListener(turn, () => this.enrich(), { once: true });
  }

  get text() {
    return this.#rich?.text ?? this.#area.value;
  }

  set text(text) {
    if (this.#rich) this.#rich.text = text;
    else this.#area.value = text;
  }

  /** Put CodeMirror in the place of the text field; where it cannot be loaded the field stays. */
  async enrich() {
    if (this.#begun) return;
    this.#begun = true;
    const module = await import("./editor.source.js").catch(() => undefined);
    const area = this.#area;
    if (!module || !area.isConnected) return;
    const focused = area === document.activeElement;
    const { value, selectionStart, selectionEnd, id } = area;
    const describedBy = area.getAttribute("aria-describedby") ?? "";
    const rich = module.make({ text: value, labelledBy: `${id}-label`, describedBy, onedit: this.#onedit, onsubmit: this.#onsubmit });
    area.after(rich.dom);
    area.hidden = true;
    document.getElementById(`${id}-label`)?.addEventListener("click", () => rich.focus());
    this.#rich = rich;
    if (!focused) return;
    rich.select(selectionStart, selectionEnd);
    rich.focus();
  }

  /** Mark the line that an error is about. @param {number | null} line nothing for none */
  mark(line) {
    this.#rich?.mark(line ?? 0);
    if (this.#rich) this.#rich.invalid = line !== null;
    else if (line === null) this.#area.removeAttribute("aria-invalid");
    else this.#area.setAttribute("aria-invalid", "true");
  }

  /** Move the cursor to a line, and the reader to the editor. @param {number} line */
  goTo(line) {
    const lines = this.text.split("\n");
    const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const to = from + (lines[line - 1] ?? "").length;
    if (this.#rich) this.#rich.select(from, to);
    else this.#area.setSelectionRange(from, to);
    (this.#rich ?? this.#area).focus();
  }
}

/** A button that puts a text back into an editor and, pressed again before the next edit, takes that back. */
export class Reset {
  #button;
  #label;
  #before = "";

  /** Take over a button. @param {HTMLElement} button @param {() => string} original @param {Editor} editor @param {() => void} onchange called after each press */
  constructor(button, original, editor, onchange) {
    this.#button = button;
    this.#label = button.textContent;
    button.addEventListener("click", () => {
      const undo = this.#before;
      if (!undo && editor.text === original()) return;
      this.#set(undo ? "" : editor.text);
      editor.text = undo || original();
      editor.mark(null);
      onchange();
    });
  }

  /** Forget what was there before: the reader goes on from what is there now. */
  forget() {
    this.#set("");
  }

  /** Keep a text to go back to. @param {string} before */
  #set(before) {
    this.#before = before;
    this.#button.textContent = before ? "Undo the reset" : this.#label;
  }
}
