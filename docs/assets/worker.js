/** Python in a worker: fetches the runtime, starts it, then answers one request after another. Only JSON text goes in and out. */

import { Downloads, NOT_WHOLE, fetched, integrity } from "./download.js";
import { waking } from "./snapshot.js";

/** @typedef {import("./download.js").RuntimeFile} RuntimeFile */
/** @typedef {RuntimeFile & import("./snapshot.js").Contents} Picture */
/** @typedef {{index: string, files: RuntimeFile[], build: string, snapshot: Picture | null}} Manifest as hooks/pyodide_folder.py writes it */

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

  /** Wake the snapshot. It has the modules of the standard library that the labs need; the rest is fetched when one is imported. @param {Picture} picture */
  const wake = async (picture) => {
    const file = downloads.begin(picture, { fault: () => {} }).then(async (response) => new Uint8Array(await response.arrayBuffer()));
    file.catch(() => {}); // whoever waits for it hears of it
    const nothing = new URL("none", index);
    downloads.spare(nothing);
    const pyodide = await load((create) => ({ stdLibURL: nothing.href, ...waking(picture, file, create) }));
    pyodide.pyimport("before_snapshot.wake")(() => now(new URL("python_stdlib.zip", index)));
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

/** Milliseconds from one word on how far a file has been read to the next. */
const RHYTHM = 200;

/** The paths of the reader's files that Python sees. @type {Set<string>} */
const mounted = new Set();

/** Let Python see files of the reader's where they are, and let go of those that it no longer needs. @param {any} FS @param {Record<string, File>} files by path */
function mount(FS, files) {
  const folderOf = (/** @type {string} */ path) => path.slice(0, path.lastIndexOf("/"));
  for (const path of mounted) {
    if (path in files) continue;
    FS.unmount(folderOf(path));
    mounted.delete(path);
  }
  for (const [path, data] of Object.entries(files)) {
    if (mounted.has(path)) continue;
    const folder = folderOf(path);
    FS.mkdirTree(folder);
    FS.mount(FS.filesystems.WORKERFS, { blobs: [{ name: path.slice(folder.length + 1), data }] }, folder);
    mounted.add(path);
  }
}

/** Turn what the browser says of a file that it can read no more into what Python understands. @param {any} FS */
function tameReading(FS) {
  const { stream_ops: operations } = FS.filesystems.WORKERFS;
  const { read } = operations;
  const IO_ERROR = 29;
  operations.read = (/** @type {any[]} */ ...all) => {
    try {
      return read(...all);
    } catch {
      throw new FS.ErrnoError(IO_ERROR);
    }
  };
}

/** Tell the page now and then how far a file has been read. @param {number} id of the request */
function telling(id) {
  let said = 0;
  return (/** @type {number} */ done, /** @type {number} */ total, /** @type {number} */ requests) => {
    if (performance.now() - said < RHYTHM) return;
    said = performance.now();
    say({ kind: "reading", id, done, total, requests });
  };
}

/** Hold a lock for as long as this worker lives, so that the page notices at once when it dies. */
function live() {
  if (!navigator.locks) return say({ kind: "alive", lock: "" });
  const lock = `nines-and-hops ${crypto.randomUUID()}`;
  navigator.locks.request(lock, () => {
    say({ kind: "alive", lock });
    return new Promise(() => {});
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

live();
disarm();
try {
  const { boot, FS, respond } = await start();
  tameReading(FS);
  self.onmessage = ({ data: { id, request, files } }) => {
    try {
      mount(FS, files);
      say({ kind: "reply", id, text: mounted.size ? respond(request, telling(id)) : respond(request) });
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
