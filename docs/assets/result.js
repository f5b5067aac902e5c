/** The result area of a panel: a new report takes the place of the old one only when all of its figures are drawn. */

import { drawing, report as harmless } from "./harmless.js";

/** Widths in pixels as in labs_py/chart.py; the stylesheet shows the one that fits. @typedef {{name: string, width: number}} Variant */
const WIDE = { name: "nh-wide", width: 640 };
const NARROW = { name: "nh-narrow", width: 340 };
/** Up to how many pixels of room the stylesheet shows the narrow one. */
const LITTLE = 500;
/** After how many milliseconds the figures that are not shown are drawn too: not between two moves of a slider. */
const LATER = 1_000;
const TRIFLE = { data: { values: [{ x: 1 }] }, mark: "bar", encoding: { x: { field: "x", type: "quantitative" } } };

/** Drawings that are kept for each result area: those of a report of four figures, of both widths, and of a few before. */
const MOST = 24;
/** By width and specification, the one used last at the end. @type {WeakMap<HTMLElement, Map<string, Element>>} */
const kept = new WeakMap();

let expected = false;

/** Fetch what draws figures, and let it draw a first, small one: both would cost time when Python has answered. */
export async function expectFigures() {
  if (expected) return;
  expected = true;
  try {
    const { svg } = await import("./charts.source.js");
    await svg(TRIFLE, NARROW.width);
  } catch {
    // The first real figure will say why.
  }
}

/**
 * Draw the figures of a report into its plots: at once those that the reader will see, and in the width that there is room for; the others
 * as soon as the report is shown, and the other width later. Most moves of a control change one figure of several, so what has been drawn
 * before is not drawn again.
 * @param {DocumentFragment} report @param {object[]} specs @param {HTMLElement} output
 */
async function draw(report, specs, output) {
  const [{ svg }] = await Promise.all([
    import("./charts.source.js"),
    // Labels are placed by their width, so the type must be there before they are measured.
    Promise.all(["400 12px", "600 12px"].map((style) => document.fonts.load(`${style} "IBM Plex Sans"`))).catch(() => []),
  ]);
  const drawings = kept.get(output) ?? new Map();
  kept.set(output, drawings);
  const room = output.querySelector(".nh-figure")?.clientWidth ?? output.clientWidth;
  const [shown, other] = room > LITTLE ? [WIDE, NARROW] : [NARROW, WIDE];
  const before = [...output.querySelectorAll(".nh-plot")].map((plot) => plot.getBoundingClientRect());
  const plots = [.../** @type {NodeListOf<HTMLElement>} */ (report.querySelectorAll(".nh-plot"))].map((plot, index) => {
    const spec = specs[Number(plot.dataset.figure)];
    return { plot, spec, text: JSON.stringify(spec), place: before[index] };
  });
  /** Add one variant to a plot. @param {typeof plots[0]} one @param {Variant} variant @param {Element} [known] */
  const add = async ({ plot, spec, text }, { name, width }, known = drawings.get(width + text)) => {
    const drawn = known ? /** @type {Element} */ (known.cloneNode(true)) : drawing(await svg(spec, width));
    for (const [key, value] of [["class", name], ["aria-hidden", "true"], ["focusable", "false"]]) drawn.setAttribute(key, value);
    plot[name === WIDE.name ? "prepend" : "append"](drawn);
    drawings.delete(width + text);
    drawings.set(width + text, drawn);
    if (drawings.size > MOST) drawings.delete([...drawings.keys()][0]);
  };
  /** @type {typeof plots} */
  const waiting = [];
  for (const one of plots) {
    if (isSeen(one.place) || drawings.has(shown.width + one.text)) await add(one, shown);
    else waiting.push(one);
  }
  for (const one of plots) if (drawings.has(other.width + one.text)) await add(one, other);
  for (const { plot, place } of waiting) {
    plot.style.minHeight = `${place.height}px`;
    plot.setAttribute("aria-busy", "true");
  }
  const drawNext = async () => {
    // Of a report that has been replaced, a part that is the same in the next one is still there.
    const one = waiting.find(({ plot }) => plot.isConnected);
    if (!one) return;
    waiting.splice(0, waiting.indexOf(one) + 1);
    try {
      await add(one, shown);
    } catch {
      one.plot.closest("figure")?.querySelector("details")?.setAttribute("open", "");
    }
    for (const name of ["style", "aria-busy"]) one.plot.removeAttribute(name);
    setTimeout(drawNext);
  };
  setTimeout(drawNext);
  setTimeout(async () => {
    for (const one of plots) if (one.plot.isConnected && one.plot.childElementCount < 2) await add(one, other).catch(() => {}); // the table is there
  }, LATER);
}

/** Whether the reader sees a figure that stands here; of a new one nobody knows yet where it will stand. @param {DOMRect | undefined} place */
function isSeen(place) {
  return !place || (place.bottom > 0 && place.top < innerHeight);
}

/**
 * Make a report's HTML ready to be shown. Where figures cannot be drawn their tables are open.
 * @param {{html: string, figures: object[]}} answer @param {HTMLElement} output where it will be shown
 * @returns {Promise<{report: DocumentFragment, warning: string}>} `warning` is empty when all is drawn
 */
export async function prepared(answer, output) {
  const report = harmless(answer.html);
  if (!answer.figures.length) return { report, warning: "" };
  try {
    await draw(report, answer.figures, output);
    return { report, warning: "" };
  } catch (error) {
    for (const twin of report.querySelectorAll("details")) twin.open = true;
    return { report, warning: `The figures could not be drawn (${error instanceof Error ? error.message : error}); their tables are open instead. Reload the page to try again.` };
  }
}

/**
 * Put a report in the place of the one shown: open tables stay open, scrolled ones scrolled, and focus stays where it was. Of a part that is
 * the same as before, the old one stays, since the browser has laid it out already.
 * @param {HTMLElement} output @param {Node[]} report
 */
export function show(output, report) {
  const before = landmarks(output);
  const focused = before.findIndex((element) => element === document.activeElement);
  const was = before.map((element) => {
    // To ask a closed table how far it is scrolled would make the browser lay it out.
    const left = element.closest("details:not([open])") ? 0 : element.scrollLeft;
    return { tag: element.tagName, open: element.parentElement?.hasAttribute("open"), left };
  });
  const shown = [...output.childNodes];
  if (shown.length !== report.length) output.replaceChildren(...report);
  // The first part, the sentence, is always the new one: who watches the result sees that it has been renewed.
  else report.forEach((part, index) => (index && shown[index].isEqualNode(part)) || shown[index].replaceWith(part));
  const after = landmarks(output);
  // Opened first, scrolled afterwards, and only what was: a place that is set makes the browser lay out all that has changed.
  const same = was.flatMap((old, index) => (after[index]?.tagName === old.tag ? [{ ...old, element: after[index], focused: index === focused }] : []));
  for (const { element, open } of same) if (open) element.parentElement?.setAttribute("open", "");
  for (const { element, left } of same) if (left) element.scrollLeft = left;
  for (const { element, focused } of same) if (focused) element.focus({ preventScroll: true });
}

/** What a reader can focus, open or scroll in a report. @param {HTMLElement} output @returns {HTMLElement[]} */
function landmarks(output) {
  return [...output.querySelectorAll("summary, .nh-table, button")].map((element) => /** @type {HTMLElement} */ (element));
}
