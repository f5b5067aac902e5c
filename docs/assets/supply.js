/** Where engines come from: one spare waits, started, for whoever needs one next, so that to stop Python costs no boot. */

import { Engine } from "./engine.js";

/** @typedef {import("./engine.js").Stage} Stage */
/** @typedef {import("./engine.js").Reply} Reply */

/** Gigabytes of memory below which a browser is not asked to hold a Python that nobody uses. */
const ROOM = 4;
/** Milliseconds after which a spare is made even if the page is never idle. */
const SOON = 2_000;

/** One engine, who listens to it, and the last that it has said of itself. */
export class Python {
  /** @type {Stage} */
  stage = { stage: "downloading", loaded: 0, total: 0 };
  /** @type {(stage: Stage) => void} */
  onstage = () => {};
  /** @type {(reply: Reply) => void} */
  onreply = () => {};
  #engine = new Engine(
    (stage) => this.onstage((this.stage = stage)),
    (reply) => this.onreply(reply),
  );

  /** Send a request; its reply carries the same `id`. @param {number} id @param {string} request JSON text @param {Record<string, File>} files that it speaks of, by path */
  post(id, request, files) {
    this.#engine.post(id, request, files);
  }

  /** End it, whatever it does. */
  terminate() {
    this.#engine.terminate();
  }
}

/** @type {Python | undefined} */
let spare;
let expected = false;
/** Whether this device has refused a second Python: it is not asked again. */
let refused = false;

/** Whether this device may hold more than one Python. What they are made of comes from the cache, but it may be one that forgets. */
export function roomy() {
  const { deviceMemory = ROOM, connection } = /** @type {{deviceMemory?: number, connection?: {saveData?: boolean}}} */ (navigator);
  return deviceMemory >= ROOM && !connection?.saveData && !refused;
}

/** Take the spare, or a new one that has yet to start. */
export function take() {
  const taken = spare ?? new Python();
  spare = undefined;
  return taken;
}

/** Have a spare, started when the page has nothing else to do. */
export function prepare() {
  if (spare || expected || !roomy()) return;
  expected = true;
  whenIdle(() => {
    expected = false;
    if (spare || !roomy()) return;
    spare = new Python();
    spare.onstage = ({ stage }) => {
      if (stage !== "failed") return;
      spare = undefined;
      refused = true;
    };
  });
}

/** Do something when the page is idle. @param {() => void} act */
function whenIdle(act) {
  if ("requestIdleCallback" in window) requestIdleCallback(act, { timeout: SOON });
  else setTimeout(act, SOON);
}
