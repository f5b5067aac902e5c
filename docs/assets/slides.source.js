/** A lesson's slides: reveal.js shows them where there is room; on a narrow screen, and without scripts, the page is a document. */

/*! reveal.js, Copyright (C) 2011-2026 Hakim El Hattab, http://hakim.se, and reveal.js contributors, MIT license */
import Reveal from "reveal.js";
import "reveal.js/reveal.css";
import "./stylesheets/slides.source.css";

/** Above this width and in landscape there is room for a slide. */
const ROOM = matchMedia("(min-width: 44em), (min-width: 30em) and (orientation: landscape)");
/** How large a panel may be beside its size in the lesson, and how large it is if it has to scroll. */
const SIZES = [1.25, 1.2, 1.15, 1.1, 1.05, 1];
const SCROLLING = 1.1;
const query = new URLSearchParams(location.search);
const printing = query.has("print-pdf");
const main = /** @type {HTMLElement} */ (document.querySelector(".nh-deck"));
const bar = /** @type {HTMLElement} */ (document.querySelector(".nh-deck-bar"));
/** What two windows with the same slides say to each other: the speaker's has the notes. */
const channel = new BroadcastChannel(`nines-and-hops slides ${query.get("with") ?? (crypto.randomUUID?.() ?? Math.random())}`);
const name = channel.name.split(" ").pop() ?? "";
/** @type {import("reveal.js").RevealApi | undefined} */
let deck;
let noted = query.has("with");
/** Whether a move comes from the other window, so that it is not told back. */
let told = false;

/** Show the slides. */
async function start() {
  main.classList.add("reveal");
  const started = (deck = new Reveal(main, {
    width: 1280,
    height: 720,
    margin: 0,
    center: false,
    hash: true,
    navigationMode: "linear",
    controlsTutorial: false,
    controlsLayout: "edges",
    slideNumber: "c/t",
    showSlideNumber: "all",
    transition: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "fade",
    transitionSpeed: "fast",
    showNotes: /** @type {any} */ (printing ? query.has("notes") && "separate-page" : noted),
    pdfMaxPagesPerSlide: 1,
    keyboardCondition: /** @type {any} */ (isForSlides),
  }));
  started.addKeyBinding({ keyCode: 84, key: "T", description: "Text of the notes, beside the slide" }, toggleNotes);
  started.addKeyBinding({ keyCode: 83, key: "S", description: "Speaker window, with notes" }, openNotes);
  started.addKeyBinding({ keyCode: 68, key: "D", description: "Dark or light" }, toggleScheme);
  await started.initialize();
  started.on("slidechanged", () => {
    enlarge();
    if (!told) tell();
  });
  enlarge();
  channel.postMessage("here");
}

/** Show the page as a document. */
function stop() {
  deck?.destroy();
  deck = undefined;
  main.classList.remove("reveal");
}

/** Show the panel of this slide as large as it can be without scrolling; one that scrolls anyway is only somewhat larger than in the lesson. */
function enlarge() {
  const panel = /** @type {HTMLElement | null | undefined} */ (deck?.getCurrentSlide()?.querySelector("lab-panel"));
  const fits = SIZES.some((size) => {
    panel?.style.setProperty("--nh-size", String(size));
    return !panel || panel.scrollHeight <= panel.clientHeight;
  });
  if (!fits) panel?.style.setProperty("--nh-size", String(SCROLLING));
}

/** Whether a key is meant for the slides: what has the focus may need it itself. @param {KeyboardEvent} event */
function isForSlides(event) {
  const focused = document.activeElement;
  if (focused?.closest("lab-panel")) {
    if (event.key === "Escape") /** @type {HTMLElement} */ (focused).blur();
    return false;
  }
  return !(focused?.matches("a, button") && ["Enter", " "].includes(event.key));
}

/** Show or hide the notes beside the slide. */
function toggleNotes() {
  noted = !noted;
  deck?.configure({ showNotes: noted });
  deck?.layout();
  bar.querySelector("[data-act=notes]")?.setAttribute("aria-pressed", String(noted));
}

/** Open the same slides with notes in another window; the two go on together. */
function openNotes() {
  const address = new URL(location.href);
  address.search = `?with=${name}`;
  open(address, name, "popup,width=1280,height=800");
}

/** Change between light and dark, for this talk. */
function toggleScheme() {
  const { dataset } = document.body;
  dataset.mdColorScheme = dataset.mdColorScheme === "slate" ? "default" : "slate";
}

/** Add a button to the bar. @param {string} label @param {string} title @param {() => void} act */
function button(label, title, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.title = title;
  made.addEventListener("click", act);
  bar.append(made);
  return made;
}

/** Add a link to the bar. @param {string} label @param {string} address */
function link(label, address) {
  const made = document.createElement("a");
  made.textContent = label;
  made.href = address;
  bar.append(made);
}

/** Tell the other window where this one is. */
function tell() {
  if (deck) channel.postMessage(deck.getIndices());
}

channel.addEventListener("message", ({ data }) => {
  if (data === "here") return tell();
  told = true;
  deck?.slide(data.h, data.v);
  told = false;
});
if (printing) {
  document.body.dataset.mdColorScheme = "default"; // paper is light
  link("Back to the slides", "./");
  link(query.has("notes") ? "Without notes" : "With notes", query.has("notes") ? "?print-pdf" : "?print-pdf&notes");
  button("Print", "Print, or save as PDF", () => print());
} else {
  const notes = button("Notes", "Key: T", toggleNotes);
  notes.dataset.act = "notes";
  notes.setAttribute("aria-pressed", String(noted));
  button("Speaker window", "Notes in a window of their own; the two go on together. Key: S", openNotes);
  button("Dark or light", "Key: D", toggleScheme);
  button("Keys", "All keys. Key: ?", () => deck?.toggleHelp());
  link("Print", "?print-pdf");
}
const settle = () => (printing || ROOM.matches ? deck ?? start() : stop());
ROOM.addEventListener("change", settle);
if (!printing) {
  // Without the print view, what is printed is the document: it has the notes too.
  addEventListener("beforeprint", stop);
  addEventListener("afterprint", settle);
}
settle();
