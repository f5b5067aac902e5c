/** What the reader has done, for all of the page: tasks put it here, the navigation and the page "Your progress" show it. */

import { KEY, erase, merged, nothing, parse, picked, read, textOf, write } from "./store.js";

/** @typedef {import("./store.js").Entry} Entry */
/** @typedef {{done?: boolean, choice?: number, code?: string}} Change */

const FULL = "What you do here will be lost when you leave: this browser's storage for this site is full. Export your progress on the page “Your progress”, or free storage in the browser's settings.";
const DENIED = "What you do here will be lost when you leave: this browser does not let this site store anything. Allow it to keep site data, or export your progress on the page “Your progress”.";
const LARGEST = 5_000_000;
const FORMAT = "Nines & Hops progress";

/** Dispatches "change" after every change, also one made in another tab. */
class Progress extends EventTarget {
  #kept = nothing();
  /** Whether something is known here that could not be written. */
  #unsaved = false;
  /** Whether what is kept can be read; what cannot must not be written over. */
  #readable = true;
  /** One sentence why nothing can be kept; empty if it can. */
  warning = "";
  /** What was set aside because it could not be read; empty if nothing was. @type {string[]} */
  faults = [];

  constructor() {
    super();
    this.#refresh();
    // A key of null says that another tab has cleared all.
    window.addEventListener("storage", ({ key }) => {
      if (key !== KEY && key !== null) return;
      this.#refresh();
      this.#tell();
    });
  }

  /** What is kept of a task. @param {string} lab @param {string} task such as "write-1" @returns {Entry | undefined} */
  of(lab, task) {
    return this.#kept.entries.get(`${lab}/${task}`);
  }

  /** Whether a task is done; a prediction is, once it is made. @param {string} name such as "hop_latency/write-1" */
  isDone(name) {
    const entry = this.#kept.entries.get(name);
    return Boolean(entry?.done || (name.includes("/predict-") && entry?.choice !== undefined));
  }

  /** All that is kept, by "lab/task". @returns {ReadonlyMap<string, Entry>} */
  get entries() {
    return this.#kept.entries;
  }

  /** The lab page visited last, as seen from the site's root. */
  get last() {
    return this.#kept.last;
  }

  /** Keep something of a task, merged over what is kept of it. @param {string} lab @param {string} task @param {Change} change */
  put(lab, task, change) {
    const name = `${lab}/${task}`;
    this.#refresh();
    const before = this.#kept.entries.get(name);
    const after = picked({ ...before, ...change, when: new Date().toISOString() });
    if (before && JSON.stringify({ ...after, when: before.when }) === JSON.stringify(before)) return;
    this.#kept.entries.set(name, after);
    this.#keep();
    this.#tell();
  }

  /** Remember the lab page that is visited. @param {string} page as seen from the site's root */
  visit(page) {
    this.#refresh();
    if (this.#kept.last === page) return;
    this.#kept.last = page;
    this.#keep();
    this.#tell();
  }

  /** All that is kept, as the text of a file. */
  exported() {
    return `${JSON.stringify({ format: FORMAT, version: 1, ...JSON.parse(textOf(this.#kept)) }, null, 2)}\n`;
  }

  /** Merge a file into what is kept. @param {File} file @returns {Promise<{read: number, fresh: number}>} how many tasks it holds, and how many of them change something @throws {RangeError} it is not such a file; nothing has changed then */
  async imported(file) {
    const remedy = "Choose a file that this page has exported; what is kept here has not changed.";
    if (file.size > LARGEST) throw new RangeError(`${file.name} must be at most 5 MB, got ${(file.size / 1e6).toFixed(1)} MB. ${remedy}`);
    const text = await file.text().catch(() => {
      throw new RangeError(`${file.name} must be a file that can be read, and this browser could not. ${remedy}`);
    });
    const { kept, faults } = parse(text);
    if (faults.length) throw new RangeError(`${file.name}: ${faults[0]}. ${remedy}`);
    const { format, version } = JSON.parse(text);
    if (format !== FORMAT || version !== 1) throw new RangeError(`${file.name}: format must be "${FORMAT}", version 1, got ${JSON.stringify(format)}, version ${JSON.stringify(version)}. ${remedy}`);
    return { read: kept.entries.size, fresh: this.#merge(kept) };
  }

  /** Forget everything, in this browser too. @returns {() => void} brings it all back */
  erase() {
    this.#refresh();
    const { faults } = this;
    const before = this.#kept;
    let restore = () => {};
    try {
      restore = erase();
    } catch {
      // Where nothing can be stored, nothing is to be erased but what is known here.
    }
    this.#kept = nothing();
    this.#unsaved = false;
    this.faults = [];
    this.#tell();
    return () => {
      try {
        restore();
      } catch (error) {
        this.#fail(error);
      }
      this.faults = faults;
      this.#merge(before);
    };
  }

  /** Take over what another record holds. @param {import("./store.js").Kept} other @returns {number} how many of its tasks change something */
  #merge(other) {
    this.#refresh();
    let fresh = 0;
    for (const [name, entry] of other.entries) {
      const before = this.#kept.entries.get(name);
      const after = merged(before, entry);
      if (JSON.stringify(after) !== JSON.stringify(before)) fresh += 1;
      this.#kept.entries.set(name, after);
    }
    this.#kept.last ||= other.last;
    this.#keep();
    this.#tell();
    return fresh;
  }

  /** Read what is kept now, in case another tab has written; what could not be written from here is merged over it. */
  #refresh() {
    try {
      const { kept, faults } = read();
      if (faults.length) this.faults = faults;
      if (this.#unsaved) {
        for (const [name, entry] of this.#kept.entries) kept.entries.set(name, merged(kept.entries.get(name), entry));
        kept.last = this.#kept.last || kept.last;
      }
      this.#kept = kept;
      this.#readable = true;
    } catch (error) {
      this.#readable = false;
      this.#fail(error);
    }
  }

  /** Write what is known. */
  #keep() {
    this.#unsaved = true;
    if (!this.#readable) return;
    try {
      write(this.#kept);
      this.#unsaved = false;
      this.warning = "";
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Say why nothing can be kept. @param {unknown} error */
  #fail(error) {
    this.warning = error instanceof DOMException && error.name.includes("Quota") ? FULL : DENIED;
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** The one record of the page. */
export const progress = new Progress();
