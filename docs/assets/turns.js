/** What a page's elements do to come to life, one at a time, so that the browser can answer the reader in between. */

import { begins, settles } from "./arrival.js";

/** What a reader does who is about to use an element; the element is then alive before it hears of it. */
const TOUCHES = ["pointerover", "pointerdown", "focusin", "keydown", "input", "change", "submit", "toggle"];

/** What has not had its turn yet, in the order of asking. @type {Map<Element, () => void>} */
const waiting = new Map();
let running = false;

/** Do something for an element in its turn, or as soon as the reader comes to it. @param {Element} element @param {() => void} act */
export function inTurn(element, act) {
  const touched = () => take(element);
  waiting.set(element, () => {
    for (const touch of TOUCHES) element.removeEventListener(touch, touched, true);
    act();
  });
  for (const touch of TOUCHES) element.addEventListener(touch, touched, { capture: true, passive: true });
  if (running) return;
  running = true;
  begins();
  setTimeout(next);
}

/** An element has left the page before its turn. @param {Element} element */
export function leaveTurn(element) {
  waiting.delete(element);
}

/** Give all that wait their turn now: something is about to be looked for among them. */
export function takeAll() {
  for (const element of [...waiting.keys()]) take(element);
}

/** Give an element its turn. @param {Element} element */
function take(element) {
  const act = waiting.get(element);
  waiting.delete(element);
  act?.();
}

/** Give the first its turn, and go on after a pause. */
function next() {
  const [first] = waiting.keys();
  running = first !== undefined;
  if (!first) return settles();
  setTimeout(next);
  take(first);
}
