/** What `<course-offline>` shows: one button that stores the course, and what comes of it. */

import { button, failure, stored, updated } from "./offline-words.js";

/** @typedef {typeof import("./stored-course.source.js").course} Course */

const PANEL = `<p class="nh-offline-state" role="status" tabindex="-1"></p><p class="nh-offline-more"></p>
  <div class="nh-offline-bar" hidden><progress aria-label="Stored so far"></progress><span class="nh-offline-count"></span></div>
  <div class="nh-offline-buttons"></div>`;

const UNSUPPORTED = "This browser cannot store the course: it has no service workers, or allows none in a private window. Open the course in another browser, or in an ordinary window.";
const INSECURE = "The course cannot be stored from this address: browsers allow that only over https://, or on the device itself.";

export class OfflinePanel extends HTMLElement {
  #update = () => this.#show();
  /** @type {Course | undefined} */
  #course;
  /** Counts updates, so that one that had to wait is not shown over a later one. */
  #turn = 0;

  /** The browser calls this whenever the element enters a page. */
  async connectedCallback() {
    if ("serving" in this.dataset) return;
    if (!this.querySelector(".nh-offline-state")) this.insertAdjacentHTML("beforeend", PANEL);
    if (!window.isSecureContext) return this.#say(INSECURE);
    if (!navigator.serviceWorker || !("caches" in window)) return this.#say(UNSUPPORTED);
    const { course } = await import("./stored-course.source.js");
    this.#course = course;
    course.addEventListener("change", this.#update);
    if (course.state.stage === "looking") await course.look();
    else this.#show();
  }

  disconnectedCallback() {
    this.#course?.removeEventListener("change", this.#update);
  }

  /** Find an element of the panel. @param {string} selector @returns {HTMLElement} */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }

  /** Say something, once. @param {string} text @param {string} [more] what need not be read out at once */
  #say(text, more = "") {
    const state = this.#find(".nh-offline-state");
    if (state.textContent !== text) state.textContent = text;
    this.#find(".nh-offline-more").textContent = more;
  }

  /** Show the state of things. */
  async #show() {
    const course = this.#course;
    if (!course || course.state.stage === "looking") return;
    const { state } = course;
    const turn = ++this.#turn;
    const more = state.stage === "stored" ? await stored(state.about) : "";
    if (turn !== this.#turn) return;
    this.dataset.stage = state.stage;
    this.#find(".nh-offline-bar").hidden = state.stage !== "storing";
    const again = () => course.store();
    const remove = () => course.remove();
    if (state.stage === "storing") {
      this.#measure(state.progress);
      this.#offer({ Cancel: () => course.stop() });
    } else if (state.stage === "stored") {
      this.#say(state.update ? updated(state.update) : "The course is stored on this device and works without a connection.", more);
      this.#offer({ "Remove from this device": remove });
    } else if (state.stage === "part") {
      this.#say("Storing the course was interrupted. What has come so far is still here.");
      this.#offer({ "Go on": again, "Remove from this device": remove });
    } else if (state.stage === "failed") {
      this.#say(failure(state.failed));
      this.#offer(state.failed.why === "network" ? { "Go on": again, "Remove from this device": remove } : { "Try again": again });
    } else {
      this.#say("The course is not stored on this device.");
      this.#offer({ [button(this.dataset.download)]: again });
    }
  }

  /** Show how far it is; only each quarter is read out. @param {import("./stored-course.source.js").Storing} [progress] */
  #measure(progress) {
    const bar = /** @type {HTMLProgressElement} */ (this.#find("progress"));
    const share = progress ? progress.done / progress.total : 0;
    bar.value = share;
    const quarters = Math.floor(4 * share);
    this.#say(quarters ? `Storing the course: ${25 * quarters} % is here.` : "Storing the course.");
    this.#find(".nh-offline-count").textContent = progress ? `${progress.files} of ${progress.of} files` : "";
  }

  /** Put these buttons there. Focus stays in the panel if it was there. @param {Record<string, () => void>} actions */
  #offer(actions) {
    const place = this.#find(".nh-offline-buttons");
    const now = [...place.children].map(({ textContent }) => textContent).join();
    if (now === Object.keys(actions).join()) return;
    const focused = place.contains(document.activeElement);
    place.replaceChildren(
      ...Object.entries(actions).map(([text, act]) => {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = text;
        // The second click of a double click would fall on the next button.
        made.addEventListener("click", ({ detail }) => detail <= 1 && act());
        return made;
      }),
    );
    if (focused) /** @type {HTMLElement} */ (place.firstElementChild).focus();
  }
}
