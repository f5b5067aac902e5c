/** What sets a panel from outside: the link in the address, or a task of the page. */

import { isOurs, linkIn } from "./link.js";
import { takeAll } from "./turns.js";

/** @typedef {import("./settings.js").Arguments} Arguments */
/** @typedef {{open: (values: Arguments, code: string) => void, complain: (message: string) => void}} Opener `code` is empty for the lab's own */

/** @type {WeakMap<Element, Opener>} */
const openers = new WeakMap();
/** The link that each page, known by its first panel, has opened. @type {WeakMap<Element, string>} */
const opened = new WeakMap();

/** The panels of a lab on this page. @param {string} lab @returns {Element[]} */
export function panelsOf(lab) {
  return [...document.querySelectorAll("lab-panel")].filter((panel) => panel.getAttribute("name") === lab);
}

/** Let a panel open links that are about it, the one in the address first. @param {Element} panel @param {Opener} opener */
export function opensLinks(panel, opener) {
  openers.set(panel, opener);
  openLink();
}

/** Set the first panel of a lab on this page, run it, and take the reader there. @param {string} lab @param {Arguments} values @returns {boolean} whether there is one */
export function openIn(lab, values) {
  takeAll();
  const panel = panelsOf(lab).find((one) => openers.has(one));
  if (!panel) return false;
  openers.get(panel)?.open(values, "");
  /** @type {HTMLElement | null} */ (panel.querySelector("[type=submit]"))?.focus({ preventScroll: true });
  return true;
}

/** Open the link in the address, if it is one of ours and has not been opened yet. */
async function openLink() {
  const { hash } = location;
  const first = document.querySelector("lab-panel");
  if (!first || (isOurs(hash) && opened.get(first) === hash)) return;
  opened.set(first, hash);
  if (!isOurs(hash)) return;
  try {
    const link = await linkIn(hash);
    takeAll();
    const panel = panelsOf(link.lab)[link.index];
    if (!panel) throw new RangeError("The lab that this link is about is not on this page.");
    openers.get(panel)?.open(link.arguments, link.code ?? "");
  } catch (error) {
    openers.get(first)?.complain(`${error instanceof Error ? error.message : error} The result shown is the built-in one.`);
  }
}

window.addEventListener("hashchange", openLink);
