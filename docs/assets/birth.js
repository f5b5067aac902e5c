/**
 * How a worker comes to life. One made from an address has the policy of its own response, which on a plain host is none; one made
 * from a blob has the page's, so that code that runs in it can reach no other host. Where the latter is refused or stays silent for
 * long, one from the address is started as well; even then the other is waited for a little longer, since a busy device is slow with both.
 */

/**
 * @typedef {{worker: Worker, confined: boolean, lock: string, said: any[]}} Alive `confined`: under the page's policy; `lock`: held while it
 *   lives, if not empty; `said`: what it has said since its first word
 */

const WORKER = new URL("./worker.js", import.meta.url);
const SILENCE = 8_000;
const GRACE = 3_000;
const KEY = "nh-worker-by-address";

/** The address of the blob, made once. @type {string | undefined} */
let blob;

/** Make a blob of the worker's text. */
async function copied() {
  if (blob) return blob;
  const response = await fetch(WORKER, { cache: "no-cache" });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (blob = URL.createObjectURL(new Blob([await response.text()], { type: "text/javascript" })));
}

/** Start a worker; resolves once it has said its first word. What it says afterwards is kept until somebody else listens. @param {AbortSignal} signal ends it @returns {Promise<Alive>} */
export async function born(signal) {
  /** @type {Worker[]} */
  const started = [];
  /** Start one. @param {string | URL} url @param {boolean} confined @returns {Promise<Alive>} */
  const start = (url, confined) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      // A worker from a blob does not know where the site is, so its name says it.
      const worker = new Worker(url, { type: "module", name: WORKER.href });
      signal.addEventListener("abort", () => worker.terminate());
      started.push(worker);
      /** @type {any[]} */
      const said = [];
      worker.onmessage = ({ data }) => (data.kind === "alive" ? resolve({ worker, confined, lock: data.lock, said }) : said.push(data));
      worker.onerror = ({ message }) => reject(new Error(message || "no reason was given"));
    });

  const inside = openly() ? Promise.reject(new Error("it did not start before")) : copied().then((url) => start(url, true));
  const outside = late(inside, SILENCE)
    .then(() => start(WORKER, false))
    .then(async (alive) => {
      await late(inside, GRACE);
      return alive;
    });
  try {
    const alive = await Promise.any([inside, outside]);
    for (const worker of started) if (worker !== alive.worker) worker.terminate();
    if (!alive.confined) openly(true);
    return alive;
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}

/** Wait until a worker has been silent for too long, or has failed; for ever if neither happens. @param {Promise<Alive>} born @param {number} patience in milliseconds @returns {Promise<void>} */
function late(born, patience) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience);
    born.then(() => clearTimeout(timer), () => resolve());
  });
}

/** Whether only a worker from the address starts in this browser; what has been found out is kept for the visit. @param {boolean} [found] */
function openly(found) {
  try {
    if (found) sessionStorage.setItem(KEY, "true");
    return sessionStorage.getItem(KEY) === "true";
  } catch {
    return false; // nothing may be kept here: each worker finds it out again
  }
}
