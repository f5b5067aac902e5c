/**
 * The definition of a term at its link to the glossary, and a footnote at its number: on hover, on focus and on a tap; it can be pointed at, and Escape closes it
 * (WCAG 1.4.13). A definition is read from the glossary's own page, which is fetched for the first term and kept.
 */

/** Milliseconds: a pointer on its way elsewhere opens nothing, and one on its way to the definition does not close it. */
const OPENS = 250;
const CLOSES = 250;

/** The glossary by its address. @type {Map<string, Promise<Document>>} */
const pages = new Map();
const box = document.createElement("div");
box.className = "nh-definition md-typeset";
box.id = "nh-definition";
box.setAttribute("role", "tooltip");
box.popover = "manual";

/** The link whose definition is shown, or is about to be. @type {HTMLAnchorElement | undefined} */
let shown;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** What the reader has pointed with last: not in every browser does a click say it. */
let pointer = "";

/** The link to a term or a footnote that an event is about. @param {Event} event @returns {HTMLAnchorElement | null} */
function termOf({ target }) {
  return target instanceof Element ? target.closest("a.nh-term, a.footnote-ref") : null;
}

/** The nodes of what a link explains itself by. @param {HTMLAnchorElement} link */
function explanation(link) {
  return link.matches(".footnote-ref") ? note(link) : definition(link);
}

/** The nodes of a footnote. @param {HTMLAnchorElement} link */
async function note({ hash }) {
  const copy = document.getElementById(decodeURIComponent(hash.slice(1)))?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) return undefined;
  for (const back of copy.querySelectorAll(".footnote-backref")) back.remove();
  for (const link of copy.querySelectorAll("a")) link.replaceWith(...link.childNodes);
  return [...copy.childNodes];
}

/** The nodes of a term's definition, without its source. @param {HTMLAnchorElement} link @returns {Promise<Node[]>} */
async function definition({ href, hash }) {
  const address = href.slice(0, href.length - hash.length);
  if (!pages.has(address)) pages.set(address, load(address));
  const page = await /** @type {Promise<Document>} */ (pages.get(address));
  const title = page.getElementById(hash.slice(1));
  const name = document.createElement("strong");
  name.textContent = title?.firstChild?.textContent ?? "";
  const nodes = [name];
  for (let next = title?.nextElementSibling; next && next.tagName !== "H2"; next = next.nextElementSibling) {
    const copy = /** @type {HTMLElement} */ (document.importNode(next, true));
    copy.querySelector(".nh-source")?.remove();
    for (const link of copy.querySelectorAll("a")) link.replaceWith(...link.childNodes);
    nodes.push(copy);
  }
  return nodes;
}

/** Fetch a page; one that does not come is asked for again. @param {string} address */
async function load(address) {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch (error) {
    pages.delete(address);
    throw error;
  }
}

/** Show the definition of a term. Without a network the link remains. @param {HTMLAnchorElement} link @param {string} [hint] */
async function show(link, hint = "") {
  clearTimeout(timer);
  if (link === shown) return;
  hide();
  shown = link;
  const nodes = await explanation(link).catch(() => undefined);
  if (shown !== link) return;
  if (!nodes || !link.isConnected) return hide();
  const more = Object.assign(document.createElement("small"), { textContent: hint });
  box.replaceChildren(...nodes, ...(hint ? [more] : []));
  (link.closest("article") ?? document.body).append(box); // what stands outside is no part of the page's content
  box.showPopover?.(); // older browsers show it without
  place(link);
  link.setAttribute("aria-describedby", box.id);
}

/** Put the box below the link, or above where there is no room; it scrolls with the page. @param {HTMLAnchorElement} link */
function place(link) {
  const whole = link.getBoundingClientRect();
  const [first = whole] = link.getClientRects();
  const { bottom } = whole;
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(first.left, document.documentElement.clientWidth - width - 8));
  const top = bottom + height + 8 > innerHeight && first.top > height + 8 ? first.top - height : bottom;
  box.style.left = `${left + scrollX}px`;
  box.style.top = `${top + scrollY}px`;
}

/** Close it. */
function hide() {
  clearTimeout(timer);
  shown?.removeAttribute("aria-describedby");
  shown = undefined;
  if (box.isConnected) box.remove();
}

/** Close it soon, unless the pointer or the focus is where it belongs. */
function hideSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => shown?.matches(":focus-visible") || hide(), CLOSES);
}

document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  const link = termOf(event);
  if (link) {
    clearTimeout(timer);
    if (link !== shown) timer = setTimeout(() => show(link), OPENS);
  } else if (event.target instanceof Node && box.contains(event.target)) clearTimeout(timer);
  else if (shown) hideSoon();
  else clearTimeout(timer);
});
document.addEventListener("pointerdown", ({ pointerType }) => (pointer = pointerType), true);
document.addEventListener("focusin", (event) => {
  const link = termOf(event);
  if (link?.matches(":focus-visible")) show(link);
});
document.addEventListener("focusout", (event) => termOf(event) && hide());
document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
// Before the theme hears of it, which would go to the glossary.
window.addEventListener(
  "click",
  (event) => {
    const link = termOf(event);
    const { pointerType = pointer } = /** @type {Partial<PointerEvent>} */ (event);
    if (link && link !== shown && pointerType === "touch") {
      event.preventDefault();
      event.stopImmediatePropagation();
      show(link, link.matches(".footnote-ref") ? "Tap again to go to the note." : "Tap again to read it in the glossary, with its source.");
    } else if (!(event.target instanceof Node && box.contains(event.target))) hide();
  },
  true,
);
