/** The element `<nh-resume>`: leads a reader who comes back to the lab page seen last. What stands in it is shown to everybody else. */

import { progress } from "./progress.js";

class Resume extends HTMLElement {
  #update = () => this.#show();

  connectedCallback() {
    progress.addEventListener("change", this.#update);
    this.#show();
  }

  disconnectedCallback() {
    progress.removeEventListener("change", this.#update);
  }

  /** Say where the reader was; the line is there already, so that nothing moves. */
  #show() {
    const page = progress.last && this.querySelector(`[hidden] [data-page="${CSS.escape(progress.last)}"]`);
    const line = this.querySelector("p");
    if (!(page instanceof HTMLElement) || !line) return;
    const names = (page.dataset.tasks ?? "").split(" ");
    const done = names.filter((name) => progress.isDone(name)).length;
    line.replaceChildren("You were last at ", page.cloneNode(true), done ? `, ${done} of ${names.length} tasks done.` : ".");
  }
}

customElements.define("nh-resume", Resume);
