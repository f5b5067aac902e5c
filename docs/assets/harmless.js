/**
 * What comes back from Python, as nodes that can do no harm. A reader may run a lab that a stranger has edited, so its HTML and its
 * drawings are taken apart, and only what labs_py/report.py writes and what Vega draws is let through: nothing that runs, loads,
 * leads elsewhere, or looks like another part of the page.
 */

const ATTRIBUTES = "role tabindex scope colspan min max low high optimum value data-figure data-name data-still aria-label aria-hidden aria-roledescription";
const ELEMENTS = "p div pre span b strong em i small br code sub sup dl dt dd ul ol li table caption thead tbody tr th td figure figcaption details summary meter";
const SHAPES = "svg g path line rect circle text tspan title desc defs clipPath linearGradient radialGradient stop";
const MEASURES =
  "d x y x1 y1 x2 y2 dx dy r rx ry cx cy fx fy width height viewBox version transform offset gradientUnits clip-path clip-rule display visibility opacity " +
  "fill fill-opacity fill-rule stroke stroke-opacity stroke-width stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit " +
  "stop-color stop-opacity font-family font-size font-style font-weight text-anchor dominant-baseline pointer-events role aria-label aria-hidden aria-roledescription";

const HTML = { elements: words(ELEMENTS), attributes: words(ATTRIBUTES) };
const SVG = { elements: words(SHAPES), attributes: words(MEASURES) };
const CLASSES = words("nh-takeaway nh-metrics nh-metric-note nh-number nh-table nh-figure nh-plot nh-twin nh-document nh-playback nh-playback-title nh-player nh-moment nh-taken nh-queue nh-state");
/** What charts.source.js names parts of a drawing, and how one part refers to another. */
const ID = /^live-[\w-]+$/;
const REFERENCE = /^url\(["']?#live-[\w-]+["']?\)$/;

/** The names in a text. @param {string} names */
function words(names) {
  return new Set(names.split(" "));
}

/** The report that a text of HTML describes. @param {string} html */
export function report(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html"); // a document of its own: nothing in it loads or runs
  clean(body, HTML);
  const fragment = document.createDocumentFragment();
  fragment.append(...body.childNodes);
  return fragment;
}

/** The drawing that a text of SVG describes. @param {string} svg @throws {Error} it is none */
export function drawing(svg) {
  const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  if (!(root instanceof SVGSVGElement)) throw new Error("a figure must be an SVG drawing");
  strip(root, SVG);
  clean(root, SVG);
  return root;
}

/** Remove what is not allowed below an element; what an element that goes had inside goes too. @param {Element} root @param {typeof HTML} allowed */
function clean(root, allowed) {
  for (const node of [...root.childNodes]) {
    if (node instanceof Text) continue;
    if (!(node instanceof Element) || node.namespaceURI !== root.namespaceURI || !allowed.elements.has(node.localName)) {
      node.remove();
      continue;
    }
    strip(node, allowed);
    clean(node, allowed);
  }
}

/** Remove the attributes of an element that are not allowed. @param {Element} element @param {typeof HTML} allowed */
function strip(element, allowed) {
  for (const { name, value } of [...element.attributes]) {
    if (!(name === "class" ? CLASSES.has(value) : name === "id" ? ID.test(value) : allowed.attributes.has(name) && leadsNowhere(name, value))) element.removeAttribute(name);
  }
}

/** Whether a value fetches nothing: a color or a clip path may be a reference, but to a part of the same drawing only. @param {string} name @param {string} value */
function leadsNowhere(name, value) {
  return name.startsWith("aria-") || REFERENCE.test(value) || !/url|image|src|\\/i.test(value);
}
