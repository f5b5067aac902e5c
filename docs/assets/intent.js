/**
 * What is made ready before the reader asks for it.
 *
 * A page that nobody touches fetches nothing of Python and starts none: its 300 kB are for reading. Once the reader moves in the page
 * and a panel is near, Python's files come into the browser's cache, at low priority. Whoever points at a panel's controls, or comes to
 * them by key, is about to use them: Python starts and imports the lab, and what draws figures is fetched. A browser that has run Python
 * here before has the files, most likely, so there it starts as soon as a panel is near. Where data is dear or the line slow, all waits
 * for the click.
 */

import { expectFigures } from "./result.js";
import { runtime } from "./runtime.js";

const MANIFEST = new URL("./pyodide/manifest.json", import.meta.url);
const KEY = "nh-has-run-python";
/** Signs of a reader; scrolling is none, since browsers do that by themselves when a page is opened. */
const SIGNS = ["pointermove", "pointerdown", "wheel", "touchmove", "keydown"];
/** Milliseconds between the first sign and the download: a reader who goes straight to a panel starts Python itself. */
const CALM = 1_500;

/** The panels within a screen of what is seen. @type {Set<Element>} */
const near = new Set();
let here = false;
let begun = false;

const watch = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) near[isIntersecting ? "add" : "delete"](target);
    consider();
  },
  { rootMargin: "100% 0px" },
);

for (const sign of SIGNS) addEventListener(sign, arrive, { once: true, passive: true, capture: true });
runtime.addEventListener("state", () => runtime.state.stage === "ready" && remember());

/** Make ready for a panel what its reader will need. @param {HTMLElement} panel @param {HTMLElement} controls */
export function foresee(panel, controls) {
  watch.observe(panel);
  for (const hint of ["pointerenter", "focusin"]) controls.addEventListener(hint, () => free() && start([panel]), { once: true });
}

/** A panel has left the page. @param {HTMLElement} panel */
export function forget(panel) {
  watch.unobserve(panel);
  near.delete(panel);
}

/** The reader is here. */
function arrive() {
  if (here) return;
  here = true;
  setTimeout(consider, CALM);
}

/** Begin to make ready, if it is time. */
function consider() {
  if (begun || !here || !near.size || runtime.state.stage !== "idle" || !free()) return;
  begun = true;
  if (remembered()) start(near);
  else if (document.readyState === "complete") prefetch();
  else addEventListener("load", () => prefetch());
}

/** Whether the reader's connection leaves room for what may not be needed. */
function free() {
  const { connection } = /** @type {{connection?: {saveData?: boolean, effectiveType?: string}}} */ (navigator);
  return !connection?.saveData && !/^(slow-)?[23]g$/.test(connection?.effectiveType ?? "");
}

/** Start Python for the labs of panels, and fetch what draws figures. @param {Iterable<Element>} panels */
function start(panels) {
  begun = true;
  for (const lab of labsOf(panels)) runtime.expect(lab);
  expectFigures();
}

/** The names of the labs of panels. @param {Iterable<Element>} panels */
function labsOf(panels) {
  return Array.from(panels, (panel) => panel.getAttribute("name") ?? "");
}

/** Bring the files of Python into the browser's cache. What fails here will be tried again, and said, when it is needed. */
async function prefetch() {
  try {
    const { index, files, snapshot } = await (await fetch(MANIFEST, { cache: "no-cache" })).json();
    /** @type {{name: string}[]} */
    const listed = files.filter((/** @type {{name: string}} */ { name }) => /^pyodide(\.asm)?\.(mjs|wasm)$/.test(name));
    const code = snapshot ? labsOf(near).map((lab) => ({ name: snapshot.code[lab] })) : [];
    const wanted = [...listed, ...(snapshot ? [snapshot] : []), ...code];
    for (const { name } of wanted) {
      if (runtime.state.stage !== "idle") return; // what is left is on its way already
      const response = await fetch(new URL(name, new URL(index, MANIFEST)), /** @type {RequestInit} */ ({ priority: "low" }));
      await response.body?.pipeTo(new WritableStream());
    }
  } catch {
    return;
  }
}

/** Whether Python has run in this browser before. */
function remembered() {
  try {
    return localStorage.getItem(KEY) === "true";
  } catch {
    return false;
  }
}

/** Note that it has. */
function remember() {
  try {
    localStorage.setItem(KEY, "true");
  } catch {
    // Nothing may be kept here: the next visit begins like the first.
  }
}
