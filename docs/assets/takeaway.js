/** What a reader can take away from a panel: a link to its settings, the data of its result, the lab as a file, its figures. */

import { pngOf, svgOf } from "./drawing.js";
import { hashOf } from "./link.js";
import { oneFile } from "./one-file.js";
import { panelsOf } from "./opening.js";

/** @typedef {import("./settings.js").Arguments} Arguments */
/** @typedef {{data: object, arguments: Record<string, string>}} Answer */
/**
 * @typedef {{changes: () => Arguments, settings: () => Arguments, code: () => string, say: (word: string) => void, builtIn: () => Promise<Answer>}} Source
 *   what a panel lends: `changes` of the page's `settings`, the edited `code` of the result, if it is; `builtIn` asks Python for the page's own result
 */

const ROW = `<button type="button" data-take="link">Copy link</button>
  <span>Data <button type="button" data-take="csv" aria-label="CSV file of the tables">CSV</button><button type="button" data-take="json" aria-label="JSON file of the result">JSON</button></span>
  <span>Lab <button type="button" data-take="py" aria-label="Python file of the lab, with these settings">Python</button></span>
  <span class="nh-said" aria-hidden="true"></span>`;
const FIGURE = `Figure <button type="button" data-take="svg" aria-label="SVG file of the figure">SVG</button><button type="button" data-take="png" aria-label="PNG file of the figure">PNG</button>`;

export class TakeAway {
  #panel;
  #source;
  #said;
  /** What the shown result was made of; nothing for the page's own. @type {Answer | undefined} */
  #answer;

  /** Add the actions to a panel. @param {HTMLElement} panel @param {Node[]} built the nodes of its result @param {Source} source */
  constructor(panel, built, source) {
    this.#panel = panel;
    this.#source = source;
    const row = group(ROW, "Take away");
    this.#said = /** @type {HTMLElement} */ (row.querySelector(".nh-said"));
    panel.querySelector(".nh-output")?.after(row);
    panel.addEventListener("click", (event) => {
      const button = event.target instanceof Element && event.target.closest("[data-take]");
      if (button instanceof HTMLElement) this.#take(button);
    });
    this.prepare(built);
  }

  /** Make a result that is about to be shown ready to be taken away. @param {Node[]} report @param {Answer} [answer] */
  prepare(report, answer) {
    this.#answer = answer;
    this.#said.textContent = "";
    for (const figure of report) {
      if (!(figure instanceof HTMLElement) || !figure.matches(".nh-figure") || figure.querySelector(".nh-take")) continue;
      figure.querySelector(".nh-twin")?.before(group(FIGURE, "Take the figure away"));
    }
  }

  /** Do what a button stands for, and say so. @param {HTMLElement} button */
  async #take(button) {
    try {
      this.#say(await this.#done(button));
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  /** Do what a button stands for. @param {HTMLElement} button @returns {Promise<string>} what has been done */
  async #done(button) {
    const figures = [...this.#panel.querySelectorAll(".nh-figure")];
    const figure = button.closest(".nh-figure");
    const number = figure ? `-figure-${figures.indexOf(figure) + 1}` : "";
    const file = `nines-and-hops-${this.#lab}${number}.${button.dataset.take}`;
    if (button.dataset.take === "link") return this.#copyLink();
    if (button.dataset.take === "py") return save(`${this.#lab}.py`, await this.#python(), "text/x-python");
    if (button.dataset.take === "csv") return save(file, csvOf(this.#panel), "text/csv");
    if (button.dataset.take === "json") return save(file, await this.#json(), "application/json");
    const svg = svgOf(/** @type {Element} */ (figure));
    return button.dataset.take === "svg" ? save(file, svg, "image/svg+xml") : save(file, await pngOf(svg), "image/png");
  }

  get #lab() {
    return this.#panel.getAttribute("name") ?? "";
  }

  /** Put a link to the settings on the clipboard or, where that is refused, into the address bar. */
  async #copyLink() {
    const changed = Object.entries(this.#source.changes());
    // What Python reads where it is cannot be in a link.
    const left = changed.filter(([, value]) => typeof value === "object" && "path" in value).map(([name]) => name);
    const of = (/** @type {string} */ name) => /** @type {HTMLElement | null} */ (this.#panel.querySelector(`[name="${name}"]`))?.dataset.dependsOn ?? "";
    const values = Object.fromEntries(changed.filter(([name]) => !left.includes(name) && !left.includes(of(name))));
    const code = this.#source.code();
    const hash = await hashOf({ lab: this.#lab, index: panelsOf(this.#lab).indexOf(this.#panel), arguments: values, ...(code && { code }) });
    const held = [Object.values(values).some((value) => typeof value !== "string") && "the text of your architecture", code && "your code"].filter(Boolean);
    const own = (held.length ? ` It holds ${held.join(" and ")}.` : "") + (left.length ? " It does not hold your file: pass that on beside it." : "");
    try {
      await navigator.clipboard.writeText(new URL(hash, location.href).href);
      return `Link copied.${own}`;
    } catch {
      history.replaceState(history.state, "", hash);
      return `The browser does not allow copying. The link is in the address bar: copy it there.${own}`;
    }
  }

  /** The result as `python -m labs_py run LAB --json` prints it. */
  async #json() {
    const takeaway = plain(this.#panel.querySelector(".nh-takeaway"));
    if (!this.#answer) this.#said.textContent = "Asking Python …";
    const { arguments: used, data } = this.#answer ?? (await this.#source.builtIn());
    return `${JSON.stringify({ lab: this.#lab, arguments: used, takeaway, data }, null, 2)}\n`;
  }

  /** The lab as a file, with the settings as they are and, if the result is that of edited code, with this code. */
  #python() {
    const title = this.#panel.querySelector(".nh-title")?.textContent ?? "";
    return oneFile(this.#lab, title, this.#source.settings(), this.#source.code());
  }

  /** Say a word in the panel's live region, and beside the buttons, which may be far from it. @param {string} word */
  #say(word) {
    this.#source.say(word);
    this.#said.textContent = word;
  }
}

/** A row of actions. @param {string} html @param {string} label */
function group(html, label) {
  const row = document.createElement("div");
  row.className = "nh-take";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", label);
  row.innerHTML = html;
  return row;
}

/** Save a file. @param {string} name @param {string | Blob} content @param {string} type @returns {string} what has been done */
export function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return `Saved ${name}.`;
}

/** The text of an element as Python wrote it: only HTML ties a number to its unit. @param {Element | null} element */
function plain(element) {
  return (element?.textContent ?? "").replaceAll("\u00a0", " ");
}

/** All tables of a result, each after its caption, with an empty line between them. @param {HTMLElement} panel */
function csvOf(panel) {
  const all = [...panel.querySelectorAll(".nh-output table")].filter((table) => !table.closest(".nh-playback > .nh-table")); // the still of a run is one row of its table
  const tables = all.map((table) => {
    const caption = plain(table.querySelector("caption") ?? table.closest("figure, .nh-playback")?.querySelector("figcaption, .nh-playback-title") ?? null);
    const rows = [...table.querySelectorAll("tr")].map((row) => [...row.children].map((cell) => quoted(plain(cell))).join(","));
    return [...(caption ? [`# ${caption.replace(/\s+/g, " ")}`] : []), ...rows].map((line) => `${line}\r\n`).join("");
  });
  return tables.join("\r\n");
}

/** A cell of a CSV file (RFC 4180). @param {string} text */
function quoted(text) {
  return /[",\r\n]|^#/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
