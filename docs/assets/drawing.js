/** A figure of the page as a file that needs the page no more: colors resolved, background and letters its own. */

/** Pixels of a PNG for one of the page. */
const SCALE = 2;
const FALLBACK = { "IBM Plex Sans": "system-ui, sans-serif", "IBM Plex Mono": "ui-monospace, monospace" };

/** The variant of a figure that the page shows, as the text of an SVG file. @param {Element} figure */
export function svgOf(figure) {
  const shown = [...figure.querySelectorAll("svg")].find((svg) => svg.getBoundingClientRect().width > 0);
  if (!shown) throw new Error("This figure has not been drawn.");
  const copy = /** @type {SVGSVGElement} */ (shown.cloneNode(true));
  for (const name of ["class", "aria-hidden", "focusable"]) copy.removeAttribute(name);
  const { width, height } = shown.viewBox.baseVal;
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.setAttribute("font-family", "IBM Plex Sans");
  const title = document.createElementNS(copy.namespaceURI, "title");
  title.textContent = figure.querySelector("figcaption")?.textContent ?? "";
  const paper = document.createElementNS(copy.namespaceURI, "rect");
  for (const [name, value] of [["width", "100%"], ["height", "100%"], ["fill", "var(--nh-paper)"]]) paper.setAttribute(name, value);
  copy.prepend(title, paper);
  let text = new XMLSerializer().serializeToString(copy);
  for (const [family, others] of Object.entries(FALLBACK)) text = text.replaceAll(`font-family="${family}"`, `font-family="'${family}', ${others}"`);
  const color = resolver(figure);
  return text.replace(/var\((--[\w-]+)[^()]*\)/g, (_, name) => color(name));
}

/** Draw the text of an SVG file as a PNG. @param {string} svg @returns {Promise<Blob>} */
export async function pngOf(svg) {
  const picture = new Image();
  // A picture may load nothing, so its letters must come within it.
  const style = `<style>${(await fontFaces(svg)).join("")}</style>`;
  picture.src = `data:image/svg+xml,${encodeURIComponent(svg.replace(/<title>/, `${style}<title>`))}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth * SCALE;
  canvas.height = picture.naturalHeight * SCALE;
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser could not make a PNG of this figure."))), "image/png"));
}

/** What gives the color of a CSS variable at a place, as #rrggbb: not every program knows what a browser computes. @param {Element} place */
function resolver(place) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  /** @type {Map<string, string>} */
  const known = new Map();
  /** Look a variable up. @param {string} name */
  return (name) => {
    if (known.has(name) || !pen) return known.get(name) ?? "black";
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    place.append(probe);
    pen.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
    const color = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
    known.set(name, color);
    return color;
  };
}

/** The page's upright faces of the families that a drawing names, each with its file inside. @param {string} svg */
async function fontFaces(svg) {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule instanceof CSSFontFaceRule);
  const wanted = rules.filter(({ style }) => svg.includes(family(style)) && style.getPropertyValue("font-style") !== "italic");
  return Promise.all(wanted.map(embedded)).catch(() => []); // without them the drawing has the system's letters
}

/** The name of a font face without its quotes. @param {CSSStyleDeclaration} style */
function family(style) {
  return style.getPropertyValue("font-family").replace(/["']/g, "");
}

/** A font face whose file stands in the rule. @param {CSSFontFaceRule} rule */
async function embedded(rule) {
  const [, address] = /url\("?([^")]+)/.exec(rule.style.getPropertyValue("src")) ?? [];
  const response = await fetch(new URL(address, rule.parentStyleSheet?.href ?? document.baseURI));
  const reader = new FileReader();
  const read = new Promise((resolve) => reader.addEventListener("load", resolve));
  reader.readAsDataURL(await response.blob());
  await read;
  const [weight, range] = ["font-weight", "unicode-range"].map((name) => rule.style.getPropertyValue(name));
  return `@font-face{font-family:"${family(rule.style)}";font-weight:${weight};src:url(${reader.result});unicode-range:${range}}`;
}
