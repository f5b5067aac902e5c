/** Python in a worker: fetches the runtime, starts it, then answers one request after another. Only JSON text goes in and out. */

import { Downloads, NOT_WHOLE, fetched, integrity } from "./download.js";
import { mount, tameReading, telling } from "./own-files.js";
import { waking } from "./snapshot.js";

/** @typedef {import("./download.js").RuntimeFile} RuntimeFile */
/** @typedef {RuntimeFile & import("./snapshot.js").Contents & {code: Record<string, string>}} Picture `code`: the address of each lab's */
/** @typedef {{index: string, files: RuntimeFile[], wheel: string, build: string, snapshot: Picture | null}} Manifest as hooks/pyodide_folder.py writes it */

/** The page names the worker by its address, since one that was made from a blob has none. */
const FOLDER = new URL("./pyodide/", self.name);

const GLUE = "from labs_py.desk import respond; respond";

let failed = false;

/** Send one message to the page. @param {import("./engine.js").Message} message */
function say(message) {
  self.postMessage(message);
}

/** Report why Python cannot run; only the first cause counts, what follows are its consequences. @param {string} cause */
function fail(cause) {
  if (!failed) say({ kind: "failed", cause });
  failed = true;
}

/**
 * Compile Python's WebAssembly as it arrives, once for all attempts to start it. Pyodide itself would wait for ever if that failed.
 * @param {Promise<Response>} response
 */
function compile(response) {
  const module = WebAssembly.compileStreaming(response);
  /** @param {unknown} error */
  const failing = (error) => {
    fail(`Python's WebAssembly could not be started (${firstLine(error)}). ${NOT_WHOLE}`);
    throw error;
  };
  module.catch(failing).catch(() => {});
  WebAssembly.instantiateStreaming = async (_, imports) => {
    const compiled = await module;
    return { module: compiled, instance: await WebAssembly.instantiate(compiled, imports).catch(failing) };
  };
}

/** @typedef {{FS: any, respond: (request: string, tell?: (done: number, total: number, requests: number) => void) => string}} Answering */

/** Fetch and start Python with the labs, from the snapshot if that works. @returns {Promise<Answering & {boot: "snapshot" | "plain"}>} */
async function start() {
  /** @type {Manifest} */
  const manifest = await (await fetched("manifest.json", new URL("manifest.json", FOLDER), { cache: "no-cache" })).json();
  const index = new URL(manifest.index, FOLDER);
  const downloads = new Downloads(index, say, fail);
  /** Look up a file of the manifest. @param {string} name */
  const listed = (name) => {
    const file = manifest.files.find((item) => item.name === name);
    if (!file) throw new Error(`manifest.json does not list ${name}. ${NOT_WHOLE}`);
    return file;
  };
  const wasm = listed("pyodide.asm.wasm");
  const modules = Promise.all([downloads.module(listed("pyodide.mjs")), downloads.module(listed("pyodide.asm.mjs"))]);
  compile(downloads.begin(wasm));
  modules.catch((error) => fail(error.message));

  /** Load Pyodide, in one way or the other. @param {(create: import("./snapshot.js").Create) => object} options */
  const load = async (options) => {
    const [{ loadPyodide }, { default: createPyodideModule }] = await modules;
    downloads.spare(new URL(wasm.name, index));
    return await loadPyodide({ indexURL: index.href, env: { PYTHONHASHSEED: "0" }, createPyodideModule, ...options(createPyodideModule) });
  };

  /** Wake the snapshot. It has what most labs need; the code of a lab is fetched when one is asked for, the rest when a module is imported. @param {Picture} picture */
  const wake = async (picture) => {
    const file = downloads.begin(picture, { fault: () => {} }).then(async (response) => new Uint8Array(await response.arrayBuffer()));
    file.catch(() => {}); // whoever waits for it hears of it
    const nothing = new URL("none", index);
    downloads.spare(nothing);
    const pyodide = await load((create) => ({ stdLibURL: nothing.href, ...waking(picture, file, create) }));
    pyodide.pyimport("before_snapshot.wake")(
      () => now(new URL("python_stdlib.zip", index)),
      (/** @type {string} */ lab) => now(new URL(picture.code[lab], index)),
      (/** @type {string} */ extractDir, /** @type {string} */ why) => {
        console.info(`Python fetches all sources of the labs: ${why}.`);
        pyodide.unpackArchive(now(new URL(manifest.wheel, index)), "wheel", { extractDir });
      },
    );
    return { FS: pyodide.FS, respond: pyodide.runPython(GLUE) };
  };

  /** Start from nothing. */
  const boot = async () => {
    downloads.begin(listed("python_stdlib.zip"));
    const lock = await (await downloads.begin(listed("pyodide-lock.json"), { query: `?${manifest.build}` })).json();
    /** @type {{file_name: string, sha256: string}[]} */
    const packages = Object.values(lock.packages);
    for (const { file_name: name, sha256 } of packages) downloads.begin(listed(name), { init: { integrity: integrity(sha256) } });
    const pyodide = await load(() => ({ packageBaseUrl: index.href, lockFileContents: lock }));
    await pyodide.loadPackage(Object.keys(lock.packages), { messageCallback: () => {}, errorCallback: fail });
    return { FS: pyodide.FS, respond: pyodide.runPython(GLUE) };
  };

  if (manifest.snapshot) {
    try {
      return { boot: "snapshot", ...(await wake(manifest.snapshot)) };
    } catch (error) {
      console.info(`Python starts without its snapshot: ${firstLine(error)}.`);
    }
  }
  return { boot: "plain", ...(await boot()) };
}

/** Fetch bytes while Python waits. @param {URL} url */
function now(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${url.pathname} could not be downloaded: the server answered ${request.status}`);
  return new Uint8Array(request.response);
}
/** The first line of an error's message; of a Python traceback, the last, which names the error. @param {unknown} error */
function firstLine(error) {
  const lines = String(error instanceof Error ? error.message : error).trim().split("\n");
  return error instanceof Error && error.name === "PythonError" ? lines[lines.length - 1] : lines[0];
}

/** Hold a lock for as long as this worker lives, so that the page notices at once when it dies; resolves when the page has been told, which must be its first word. */
function live() {
  if (!navigator.locks) return say({ kind: "alive", lock: "" });
  const lock = `nines-and-hops ${crypto.randomUUID()}`;
  return new Promise((told) => {
    navigator.locks.request(lock, () => {
      say({ kind: "alive", lock });
      told(undefined);
      return new Promise(() => {});
    });
  });
}

/**
 * Take from the labs what they do not need: code that a stranger has edited could use it to start a worker that is under no policy, or
 * to write into what the site keeps in the browser.
 */
function disarm() {
  for (const name of ["Worker", "SharedWorker", "BroadcastChannel", "caches", "indexedDB"]) {
    for (let scope = self; scope; scope = Object.getPrototypeOf(scope)) Reflect.deleteProperty(scope, name);
  }
  for (const name of ["storage", "serviceWorker"]) Reflect.deleteProperty(Object.getPrototypeOf(navigator), name);
}

disarm();
await live();
try {
  const { boot, FS, respond } = await start();
  tameReading(FS);
  self.onmessage = ({ data: { id, request, files } }) => {
    try {
      say({ kind: "reply", id, text: mount(FS, files) ? respond(request, telling(id, say)) : respond(request) });
    } catch (error) {
      const known = error instanceof Error && error.name === "PythonError";
      if (known) say({ kind: "fault", id, text: firstLine(error), traceback: error.message });
      else fail(`Python stopped (${firstLine(error)}).`);
    }
  };
  say({ kind: "ready", boot });
} catch (error) {
  fail(error instanceof Error && error.name === "Error" ? firstLine(error) : `Python could not start (${firstLine(error)}). ${NOT_WHOLE}`);
}
