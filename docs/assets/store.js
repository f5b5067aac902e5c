/** What a reader has done, as it is kept in this browser: one JSON text in localStorage, checked whenever it is read. Nothing of it is ever sent. */

/** @typedef {{done?: boolean, choice?: number, code?: string, when: string}} Entry `when` is the ISO date of the last change */
/** @typedef {{entries: Map<string, Entry>, last: string}} Kept entries by "lab/task", those of questions by "quiz/name"; `last` is the address of the lab page visited last, as seen from the site's root */

/** The host may serve other sites from this origin, hence the name; another form of the text would get another number. */
export const KEY = "nines-and-hops/progress/1";
/** What could not be read lies under this and the date. */
const ASIDE = "nines-and-hops/set-aside/";
const NAME = /^([a-z][a-z0-9_]*\/((predict|reach|write)-[1-9]\d*|code)|quiz\/[0-9a-f]{8})$/;
const PAGE = /^[a-z0-9-]+(\/[a-z0-9-]+)*\/$/;

/** Nothing done yet. @returns {Kept} */
export function nothing() {
  return { entries: new Map(), last: "" };
}

/** Take from a text what has the right form. @param {string} text @returns {{kept: Kept, faults: string[]}} the faults say what has not */
export function parse(text) {
  const kept = nothing();
  /** @type {any} */
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return { kept, faults: ["the text must be JSON, which it is not"] };
  }
  const tasks = found?.tasks;
  if (typeof tasks !== "object" || tasks === null || Array.isArray(tasks)) return { kept, faults: [`tasks must be an object, got ${shown(tasks)}`] };
  const faults = [];
  for (const [name, entry] of Object.entries(tasks)) {
    const fault = NAME.test(name) ? faultOf(entry) : 'its name must be a lab and a task, such as "hop_latency/reach-1"';
    if (fault) faults.push(`${shown(name)}: ${fault}`);
    else kept.entries.set(name, picked(entry));
  }
  if (typeof found.last === "string" && PAGE.test(found.last)) kept.last = found.last;
  else if (found.last !== undefined && found.last !== "") faults.push(`last must be the address of a page, got ${shown(found.last)}`);
  return { kept, faults };
}

/** Write what is kept as text. @param {Kept} kept */
export function textOf(kept) {
  return JSON.stringify({ tasks: Object.fromEntries([...kept.entries].sort(([a], [b]) => (a < b ? -1 : 1))), last: kept.last });
}

/** What is wrong with an entry; empty if nothing is. @param {any} entry */
function faultOf(entry) {
  if (typeof entry !== "object" || entry === null) return `must be an object, got ${shown(entry)}`;
  const { done, choice, code, when } = entry;
  if (done !== undefined && typeof done !== "boolean") return `done must be true or false, got ${shown(done)}`;
  if (choice !== undefined && !(Number.isInteger(choice) && choice >= 0)) return `choice must be a whole number from 0, got ${shown(choice)}`;
  if (code !== undefined && typeof code !== "string") return `code must be text, got ${shown(code)}`;
  if (typeof when !== "string" || Number.isNaN(Date.parse(when))) return `when must be a date, got ${shown(when)}`;
  return "";
}

/** The fields of an entry that we know, in one order, so that equal entries have equal texts. @param {any} entry @returns {Entry} */
export function picked({ done, choice, code, when }) {
  return { ...(done !== undefined && { done }), ...(choice !== undefined && { choice }), ...(code !== undefined && { code }), when: new Date(when).toISOString() };
}

/** A value for a message. @param {unknown} value */
function shown(value) {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** Put two entries of one task together: the newer one's fields over the older one's, and what was done once stays done. @param {Entry | undefined} one @param {Entry} other @returns {Entry} */
export function merged(one, other) {
  if (!one) return other;
  const [older, newer] = one.when < other.when ? [one, other] : [other, one];
  return picked({ ...older, ...newer, ...((one.done || other.done) && { done: true }) });
}

/** Read what this browser keeps. What is unreadable is set aside first. @returns {{kept: Kept, faults: string[]}} @throws {Error} storage is denied, or too full to set something aside */
export function read() {
  const text = localStorage.getItem(KEY);
  if (text === null) return { kept: nothing(), faults: [] };
  const result = parse(text);
  if (result.faults.length) setAside(text, textOf(result.kept));
  return result;
}

/** Move an unreadable text out of the way, with room for it only once. @param {string} text @param {string} readable what takes its place */
function setAside(text, readable) {
  localStorage.removeItem(KEY);
  try {
    localStorage.setItem(ASIDE + new Date().toISOString(), text);
  } catch (error) {
    localStorage.setItem(KEY, text);
    throw error;
  }
  localStorage.setItem(KEY, readable);
}

/** Keep this, in place of what was kept. @param {Kept} kept @throws {Error} storage is denied or full */
export function write(kept) {
  localStorage.setItem(KEY, textOf(kept));
}

/** Forget everything, that which was set aside too. @returns {() => void} puts back what was set aside @throws {Error} storage is denied */
export function erase() {
  const texts = Object.entries(localStorage).filter(([key]) => key.startsWith(ASIDE));
  for (const key of [KEY, ...texts.map(([key]) => key)]) localStorage.removeItem(key);
  return () => texts.forEach(([key, text]) => localStorage.setItem(key, text));
}
