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

/** Draw the figures of a report into its plots: at once for the room that there is, and later for another. @param {DocumentFragment} report @param {object[]} specs @param {number} room in pixels */
async function draw(report, specs, room) {
  const [{ svg }] = await Promise.all([
    import("./charts.source.js"),
    // Labels are placed by their width, so the type must be there before they are measured.
    Promise.all(["400 12px", "600 12px"].map((style) => document.fonts.load(`${style} "IBM Plex Sans"`))).catch(() => []),
  ]);
  const plots = [.../** @type {NodeListOf<HTMLElement>} */ (report.querySelectorAll(".nh-plot"))];
  /** Add one variant to a plot. @param {HTMLElement} plot @param {Variant} variant */
  const add = async (plot, { name, width }) => {
    const drawn = drawing(await svg(specs[Number(plot.dataset.figure)], width));
    for (const [key, value] of [["class", name], ["aria-hidden", "true"], ["focusable", "false"]]) drawn.setAttribute(key, value);
    plot[name === WIDE.name ? "prepend" : "append"](drawn);
  };
  const [shown, other] = room > LITTLE ? [WIDE, NARROW] : [NARROW, WIDE];
  for (const plot of plots) await add(plot, shown);
  setTimeout(async () => {
    for (const plot of plots) if (plot.isConnected) await add(plot, other);
  }, LATER);
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
    await draw(report, answer.figures, output.querySelector(".nh-figure")?.clientWidth ?? output.clientWidth);
    return { report, warning: "" };
  } catch (error) {
    for (const twin of report.querySelectorAll("details")) twin.open = true;
    return { report, warning: `The figures could not be drawn (${error instanceof Error ? error.message : error}); their tables are open instead. Reload the page to try again.` };
  }
}

/** Put a report in the place of the one shown: open tables stay open, scrolled ones scrolled, and focus stays where it was. @param {HTMLElement} output @param {Node[]} report */
export function show(output, report) {
  const before = landmarks(output);
  const focused = before.findIndex((element) => element === document.activeElement);
  const kept = before.map((element) => ({ tag: element.tagName, open: element.parentElement?.hasAttribute("open"), left: element.scrollLeft }));
  output.replaceChildren(...report);
  landmarks(output).forEach((element, index) => {
    const old = kept[index];
    if (old?.tag !== element.tagName) return;
    if (old.open) element.parentElement?.setAttribute("open", "");
    element.scrollLeft = old.left;
    if (index === focused) element.focus({ preventScroll: true });
  });
}

/** What a reader can focus, open or scroll in a report. @param {HTMLElement} output @returns {HTMLElement[]} */
function landmarks(output) {
  return [...output.querySelectorAll("summary, .nh-table, button")].map((element) => /** @type {HTMLElement} */ (element));
}
