/** The element `<nh-progress>`: the list of all tasks, marked with what the reader has done; and the record as a file, out, in and erased. */

import { progress } from "./progress.js";
import { save } from "./takeaway.js";

/** @typedef {import("./progress.js").Entry} Entry */

const TOOLS = `<p class="nh-sum"></p><p class="nh-next"></p><p class="nh-strange"></p>
  <div class="nh-notice" role="alert" hidden></div>
  <div class="nh-file-tools"><button type="button" data-do="export">Export</button><button type="button" data-do="import">Import</button><button type="button" data-do="erase">Erase</button>
  <input type="file" accept=".json,application/json" hidden></div>
  <div class="nh-ask" role="group" aria-label="Erase?" hidden><p></p><button type="button" data-do="confirm">Erase it</button><button type="button" data-do="keep">Keep it</button></div>
  <p class="nh-told" role="status"></p>`;

class ProgressPage extends HTMLElement {
  #update = () => this.#show();
  /** Brings back what was erased last. @type {(() => void) | undefined} */
  #undo;

  connectedCallback() {
    if (!this.querySelector(".nh-file-tools")) this.#furnish();
    progress.addEventListener("change", this.#update);
    this.#show();
  }

  disconnectedCallback() {
    progress.removeEventListener("change", this.#update);
  }

  /** Find an element of the page. @param {string} selector @returns {HTMLElement} */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }

  /** Add what only works with JavaScript. */
  #furnish() {
    this.insertAdjacentHTML("afterbegin", TOOLS);
    this.addEventListener("click", ({ target }) => {
      const button = target instanceof Element && target.closest("[data-do]");
      if (button instanceof HTMLElement) this.#do(button.dataset.do ?? "");
    });
    this.#find("[type=file]").addEventListener("change", ({ target }) => this.#import(/** @type {HTMLInputElement} */ (target)));
  }

  /** Do what a button stands for. @param {string} what */
  #do(what) {
    if (what === "export") this.#tell(save("nines-and-hops-progress.json", progress.exported(), "application/json"));
    if (what === "import") this.#find("[type=file]").click();
    if (what === "erase") this.#ask();
    if (what === "keep") this.#answered("Nothing was erased.");
    if (what === "confirm") {
      this.#undo = progress.erase();
      this.#answered("Erased. Until you leave this page it can be brought back.", "undo", "Undo");
    }
    if (what === "undo") {
      this.#undo?.();
      this.#undo = undefined;
      this.#tell("It is back.");
      this.#find("[data-do=import]").focus();
    }
  }

  /** Ask before erasing, and say what would go. */
  #ask() {
    const codes = [...progress.entries.values()].filter(({ code }) => code !== undefined).length;
    const what = [count(progress.entries.size, "task"), ...(codes ? [`the code you wrote for ${codes} of them`] : [])].join(", with ");
    this.#find(".nh-ask p").textContent = `Erase what this browser keeps (${what}, and the page you saw last)? A file that you exported stays.`;
    this.#find(".nh-ask").hidden = false;
    this.#find("[data-do=keep]").focus();
    this.#tell("");
  }

  /** Close the question. @param {string} word @param {string[]} button */
  #answered(word, ...button) {
    this.#find(".nh-ask").hidden = true;
    this.#tell(word, ...button);
    this.#find(button.length ? ".nh-told button" : "[data-do=erase]").focus();
  }

  /** Merge a file that the reader chose. @param {HTMLInputElement} field */
  async #import(field) {
    const file = field.files?.[0];
    field.value = "";
    if (!file) return;
    try {
      const { read, fresh } = await progress.imported(file);
      this.#tell(`${count(read, "task")} read, ${fresh || "none"} new. What was kept here before is still here.`);
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
    }
  }

  /** Say what has been done, with a button where it can be undone. @param {string} word @param {string} [what] @param {string} [label] */
  #tell(word, what, label) {
    const said = this.#find(".nh-told");
    said.textContent = word;
    if (what) said.insertAdjacentHTML("beforeend", ` <button type="button" data-do="${what}">${label}</button>`);
  }

  /** Mark everything with what is kept now. */
  #show() {
    const rows = /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-task]"));
    for (const row of rows) {
      const entry = progress.entries.get(row.dataset.task ?? "");
      row.toggleAttribute("data-done", progress.isDone(row.dataset.task ?? ""));
      const outcome = /** @type {HTMLElement} */ (row.querySelector(".nh-outcome"));
      outcome.textContent = entry ? outcomeOf(row, entry) : "";
    }
    for (const section of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-page]"))) {
      const title = /** @type {HTMLElement} */ (section.querySelector("h3"));
      const mark = title.querySelector(".nh-count") ?? title.appendChild(Object.assign(document.createElement("span"), { className: "nh-count" }));
      mark.textContent = ` ${section.querySelectorAll("[data-done]").length} of ${section.querySelectorAll("[data-task]").length} done`;
    }
    const empty = progress.entries.size === 0;
    this.#find(".nh-sum").textContent = empty ? "Nothing done yet." : this.#sum(rows);
    this.#next();
    const known = new Set([...rows].map((row) => row.dataset.task));
    const strange = [...progress.entries.keys()].filter((name) => !known.has(name) && !name.endsWith("/code")).length;
    this.#find(".nh-strange").textContent = strange ? `Your record also holds ${count(strange, "task")} that this edition of the course does not have. An export keeps them.` : "";
    this.#find("[data-do=export]").hidden = this.#find("[data-do=erase]").hidden = empty && !progress.last && !progress.faults.length;
    this.#notice();
  }

  /** All in one sentence or two. @param {NodeListOf<HTMLElement>} rows */
  #sum(rows) {
    const predicted = [...rows].filter((row) => row.dataset.right && progress.entries.get(row.dataset.task ?? "")?.choice !== undefined);
    const right = predicted.filter((row) => String(progress.entries.get(row.dataset.task ?? "")?.choice) === row.dataset.right).length;
    const wrong = predicted.length - right;
    return [
      `${this.querySelectorAll("[data-done]").length} of ${count(rows.length, "task")} done.`,
      predicted.length ? `Predictions: ${right} right${wrong ? `, ${wrong} not, and surprises are what one remembers` : ""}.` : "",
    ].join(" ");
  }

  /** Lead the reader to where he or she left off, or to the first page that has tasks. */
  #next() {
    const last = progress.last && this.querySelector(`[data-page="${CSS.escape(progress.last)}"] h3 a`);
    const link = last || this.querySelector("h3 a");
    const copy = link ? link.cloneNode(true) : "";
    this.#find(".nh-next").replaceChildren(last ? "The lab page you saw last: " : "Start here: ", copy);
  }

  /** Say why nothing can be kept, or what could not be read. */
  #notice() {
    const notice = this.#find(".nh-notice");
    const text = progress.warning || (progress.faults.length ? unreadable(progress.faults) : "");
    if (notice.textContent !== text) notice.textContent = text;
    notice.hidden = !text;
  }
}

/** What came of a task. @param {HTMLElement} row @param {Entry} entry */
function outcomeOf(row, { done, choice, when }) {
  const day = new Date(when).toLocaleDateString("en", { day: "numeric", month: "long", year: "numeric" });
  const options = JSON.parse(row.dataset.options ?? "[]");
  const mine = choice === undefined ? undefined : options[choice];
  if (row.dataset.task?.startsWith("quiz/")) return `${done ? "Answered" : "Not right yet"}, ${day}.`;
  if (mine === undefined) return done ? `Done, ${day}.` : `Begun, ${day}.`;
  if (String(choice) === row.dataset.right) return `Predicted, ${day}: “${mine}”. Right.`;
  return `Predicted, ${day}: “${mine}”. It is “${options[Number(row.dataset.right)]}”: worth remembering.`;
}

/** Why something was set aside. @param {string[]} faults */
function unreadable(faults) {
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  return `Some of what this browser had kept could not be read: ${faults[0]}${more}. It was set aside in this browser, not deleted; the rest is here. If you have an exported file, import it.`;
}

/** A number of things. @param {number} number @param {string} thing */
function count(number, thing) {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

customElements.define("nh-progress", ProgressPage);
