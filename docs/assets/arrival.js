/** Whoever follows a link to a place in a page stays there, though what is above it grows while it comes to life. */

/** What says that the reader has moved on. */
const MOVES = ["wheel", "touchmove", "keydown", "pointerdown"];

let moved = false;

for (const move of MOVES) addEventListener(move, () => (moved = true), { passive: true, capture: true });

/** A page begins to come to life. */
export function begins() {
  moved = false;
}

/** A page has come to life: show the place that its address names, unless the reader sees it or has moved. */
export function settles() {
  const place = moved || !location.hash ? null : document.querySelector(":target");
  if (!place) return;
  const { top, bottom } = place.getBoundingClientRect();
  if (bottom < 0 || top > innerHeight) place.scrollIntoView();
}
