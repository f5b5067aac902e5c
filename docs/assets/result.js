/** The result area of a panel: a new report takes the place of the old one only when all of its figures are drawn. */

/** Widths in pixels as in labs_py/chart.py; the stylesheet shows the one that fits. @type {[string, number][]} */
const WIDTHS = [["nh-wide", 640], ["nh-narrow", 340]];
const CHARTS = new URL("./charts.js", import.meta.url);

/** Begin to fetch what draws figures: it is wanted as soon as Python has answered. */
export function expectFigures() {
  import(CHARTS.href).catch(() => {});
}

/** Draw the figures of a report into its plots. @param {DocumentFragment} report @param {object[]} specs */
async function draw(report, specs) {
  /** @type {[{svg: (spec: object, width: number) => Promise<string>}, unknown]} */
  const [{ svg }] = await Promise.all([
    import(CHARTS.href),
    // Labels are placed by their width, so the type must be there before they are measured.
    Promise.all(["400 12px", "600 12px"].map((style) => document.fonts.load(`${style} "IBM Plex Sans"`))).catch(() => []),
  ]);
  for (const plot of /** @type {NodeListOf<HTMLElement>} */ (report.querySelectorAll(".nh-plot"))) {
    const spec = specs[Number(plot.dataset.figure)];
    const drawn = await Promise.all(WIDTHS.map(async ([name, width]) => (await svg(spec, width)).replace("<svg ", `<svg class="${name}" aria-hidden="true" focusable="false" `)));
    plot.innerHTML = drawn.join("");
  }
}

/**
 * Make a report's HTML ready to be shown. Where figures cannot be drawn their tables are open.
 * @param {{html: string, figures: object[]}} answer
 * @returns {Promise<{report: DocumentFragment, warning: string}>} `warning` is empty when all is drawn
 */
export async function prepared(answer) {
  const template = document.createElement("template");
  template.innerHTML = answer.html;
  const report = template.content;
  if (!answer.figures.length) return { report, warning: "" };
  try {
    await draw(report, answer.figures);
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
  return [...output.querySelectorAll("summary, .nh-table")].map((element) => /** @type {HTMLElement} */ (element));
}
