/** Whoever follows a link to a place in a page stays there, though what is above it grows while it comes to life. */

/** What says that the reader has moved on. */
const MOVES = ["wheel", "touchmove", "keydown", "pointerdown"];

let moved = false;
/**
 * Whether the page begins as one that the reader has been at: the browser or the theme scrolls to where he or she was, which is mostly below the
 * heading that the theme has written into the address.
 */
let again = ["reload", "back_forward"].includes(/** @type {PerformanceNavigationTiming | undefined} */ (performance.getEntriesByType("navigation")[0])?.type ?? "");

// A link within the page gives this event too, but without a state. Who goes back and stays on the page then begins none.
addEventListener("popstate", ({ state }) => (again = state !== null));
addEventListener("click", () => (again = false), true);
for (const move of MOVES) addEventListener(move, () => (moved = true), { passive: true, capture: true });

/**
 * What a newly opened page has put off laying out has its true height before the reader goes to another place: the place is then where it will
 * be when he or she comes back to it (site.css, hooks/quick_start.py).
 */
const unfold = () => document.documentElement.classList.remove("nh-folded");
addEventListener("popstate", unfold, true);
addEventListener("click", ({ target }) => target instanceof Element && target.closest("a[href]") && unfold(), true);

/** A page begins to come to life. */
export function begins() {
  moved = again;
  again = false;
}

/** A page has come to life: show the place that its address names, unless the reader sees it or has moved. */
export function settles() {
  const place = moved || !location.hash ? null : document.querySelector(":target");
  if (!place) return;
  const { top, bottom } = place.getBoundingClientRect();
  if (bottom < 0 || top > innerHeight) place.scrollIntoView();
}
