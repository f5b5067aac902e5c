/** The element `<nh-done>`: a quiet mark in the navigation that says how many tasks of a page, or of a module, are done. */

import { progress } from "./progress.js";

class DoneMark extends HTMLElement {
  #text = "";
  #update = () => this.#show();

  /** The theme puts a new navigation into the page at each turn: the browser calls this for each of its marks. */
  connectedCallback() {
    progress.addEventListener("change", this.#update);
    if (this.dataset.here) progress.visit(this.dataset.here);
    this.#show();
  }

  disconnectedCallback() {
    progress.removeEventListener("change", this.#update);
  }

  /** Say how many are done, once one is. */
  #show() {
    const names = (this.dataset.tasks ?? "").split(" ");
    const done = names.filter((name) => progress.isDone(name)).length;
    const text = done ? `${done} of ${names.length}` : "";
    if (text === this.#text) return;
    this.#text = text;
    const spoken = document.createElement("span");
    spoken.className = "nh-spoken";
    spoken.textContent = " tasks done";
    this.replaceChildren(...(text ? [text, spoken] : []));
    this.toggleAttribute("data-all", done === names.length);
  }
}

customElements.define("nh-done", DoneMark);
