/** Runs that can be played: their player is fetched when a result has one. */

/** @type {typeof import("./playback.source.js").player | undefined} */
let player;

/**
 * Put the controls into a run that is about to be shown. If it is the one that is shown already, that one stays, with whoever plays it.
 * @param {Node[]} report its runs may be exchanged @param {HTMLElement} output
 */
export function offerPlayback(report, output) {
  for (const [index, box] of report.entries()) {
    if (!(box instanceof HTMLElement) || !box.matches(".nh-playback")) continue;
    const shown = output.querySelector(".nh-playback");
    if (shown && shown !== box && course(shown) === course(box)) report[index] = shown;
    else if (player) player(box);
    else import("./playback.source.js").then((made) => (player = made.player)(box), () => {}); // without it there is the still, and the table
  }
}

/** All that a run says, moment by moment. @param {Element} box */
function course(box) {
  return box.querySelector(".nh-twin")?.textContent;
}
