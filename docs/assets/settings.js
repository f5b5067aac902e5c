/** The form of a panel: reads its controls as a request's arguments, and takes over what an answer says about them. */

import { bindSliders } from "./slider.js";
import { TraceFile } from "./trace-file.js";
import { Upload } from "./upload.js";

/** @typedef {HTMLInputElement | HTMLSelectElement} Control */
/** @typedef {Record<string, string | {file: string, text: string} | {file: string, path: string}>} Arguments */

export class Settings {
  #form;
  #syncSliders;
  /** @type {Map<string, Upload | TraceFile>} */
  uploads = new Map();
  /** Selects whose options depend on another control, with the options of the page. @type {Map<HTMLSelectElement, Node[]>} */
  #dependent = new Map();
  /** Dependent selects that show options of an architecture that has been left. @type {Set<string>} */
  #stale = new Set();
  /** The arguments of the page. @type {Record<string, string>} */
  #builtIn;

  /** Take over a form. @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    for (const select of /** @type {NodeListOf<HTMLSelectElement>} */ (form.querySelectorAll("select[data-upload]"))) this.uploads.set(select.name, new Upload(select));
    for (const select of /** @type {NodeListOf<HTMLSelectElement>} */ (form.querySelectorAll("select[data-traces]"))) this.uploads.set(select.name, new TraceFile(select));
    for (const select of /** @type {NodeListOf<HTMLSelectElement>} */ (form.querySelectorAll("select[data-depends-on]"))) {
      this.#dependent.set(select, [...select.options].map((option) => option.cloneNode(true)));
    }
    this.#builtIn = Object.fromEntries(this.#controls.map((control) => [control.name, builtIn(control)]));
    this.#syncSliders = bindSliders(form);
  }

  /** The controls that have a name. @returns {Control[]} */
  get #controls() {
    return /** @type {Control[]} */ ([...this.#form.elements].filter((element) => "name" in element && element.name));
  }

  /** The arguments of a request, without what would be asked of an architecture that has been left. @returns {Arguments} */
  get arguments() {
    const current = this.#controls.filter((control) => !this.#stale.has(control.name));
    return Object.fromEntries(current.map((control) => [control.name, this.#valueOf(control)]));
  }

  /** The arguments that differ from the page's, and those whose options depend on such a one. @returns {Arguments} */
  get changes() {
    const now = this.arguments;
    /** Whether an argument differs. @param {string | undefined} name */
    const differs = (name) => name !== undefined && JSON.stringify(now[name]) !== JSON.stringify(this.#builtIn[name]);
    const changed = this.#controls.filter(({ name, dataset }) => name in now && (differs(name) || differs(dataset.dependsOn)));
    return Object.fromEntries(changed.map(({ name }) => [name, now[name]]));
  }

  /** Whether the text of an architecture came with a link and waits for the reader to run it. */
  get held() {
    return [...this.uploads.values()].some((upload) => upload.held);
  }

  /** The upload whose controls hold a node, or else the first one, with its name. @param {Node} place */
  uploadAt(place) {
    const all = [...this.uploads];
    return all.find(([, upload]) => upload.holds(place)) ?? all[0];
  }

  /** Set controls that stand as in the page to what a link says. @param {Arguments} wanted @returns {string} the name of an argument that cannot be set so; empty if all are set */
  put(wanted) {
    const controls = this.#controls;
    const unknown = Object.keys(wanted).find((name) => !controls.some((control) => control.name === name));
    if (unknown !== undefined) return unknown;
    for (const control of controls) {
      const value = wanted[control.name];
      const parent = control.dataset.dependsOn;
      if (value === undefined) {
        if (parent && parent in wanted) this.#stale.add(control.name);
        continue;
      }
      const upload = this.uploads.get(control.name);
      if (upload) upload.put(/** @type {any} */ (value)); // links hold no paths
      else if (typeof value !== "string") return control.name;
      else if (control.type === "checkbox") /** @type {HTMLInputElement} */ (control).checked = value === "true";
      else {
        // Only Python knows what another architecture offers; its answer brings the other options.
        if (parent && parent in wanted) control.replaceChildren(new Option(value, value));
        control.value = value;
      }
      if (JSON.stringify(this.#valueOf(control)) !== JSON.stringify(value)) return control.name;
    }
    this.#syncSliders();
    return "";
  }

  /** Note that another control decides now what the dependent ones offer. @param {string} name */
  forget(name) {
    for (const select of this.#dependent.keys()) if (select.dataset.dependsOn === name) this.#stale.add(select.name);
  }

  /** Forget the dependent select that an error message is about; whether there was one. @param {string} message */
  forgetBlamed(message) {
    const blamed = [...this.#dependent.keys()].find((select) => message.startsWith(`${select.name} must be`) && !this.#stale.has(select.name));
    if (blamed) this.#stale.add(blamed.name);
    return blamed !== undefined;
  }

  /**
   * Offer what an answer offers, where the reader has not left its architecture since.
   * @param {Arguments} asked @param {{options: Record<string, [string, string][]>, arguments: Record<string, string>}} answer
   */
  adopt(asked, answer) {
    const now = this.arguments;
    for (const select of this.#dependent.keys()) {
      const parent = select.dataset.dependsOn ?? "";
      if (JSON.stringify(now[parent]) !== JSON.stringify(asked[parent])) continue;
      const offered = answer.options[select.name];
      if (!offered) continue; // edited code may have no such parameter
      if (JSON.stringify(offered.map(([value]) => value)) !== JSON.stringify([...select.options].map((option) => option.value))) {
        select.replaceChildren(...offered.map(([value, label]) => new Option(label, value)));
        this.#stale.add(select.name);
      }
      if (this.#stale.delete(select.name)) select.value = answer.arguments[select.name];
    }
  }

  /** Go back to the values of the page. */
  reset() {
    for (const [select, options] of this.#dependent) select.replaceChildren(...options.map((option) => option.cloneNode(true)));
    this.#stale.clear();
    this.#form.reset();
    for (const upload of this.uploads.values()) upload.reset();
    this.#syncSliders();
  }

  /** Mark the control that an error message is about. @param {string} message @param {string} describedBy id of the message's element */
  mark(message, describedBy) {
    this.unmark();
    const named = this.#controls.find((control) => message.startsWith(`${control.name} must be`));
    const field = [...this.uploads.values()].map((upload) => upload.blamed(message)).find(Boolean) ?? named;
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-describedby", describedBy);
  }

  /** Take the mark away. */
  unmark() {
    for (const field of this.#form.querySelectorAll("[aria-invalid]")) {
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    }
  }

  /** The argument that a control stands for. @param {Control} control */
  #valueOf(control) {
    const upload = this.uploads.get(control.name);
    if (upload) return upload.value;
    return control.type === "checkbox" ? String(/** @type {HTMLInputElement} */ (control).checked) : control.value;
  }
}

/** The value that a control has in the page; a reload may have brought back another. @param {Control} control */
function builtIn(control) {
  if (control instanceof HTMLSelectElement) return [...control.options].find((option) => option.defaultSelected)?.value ?? control.options[0]?.value ?? "";
  return control.type === "checkbox" ? String(control.defaultChecked) : control.defaultValue;
}
