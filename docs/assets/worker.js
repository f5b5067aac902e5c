/** Python in a worker: fetches the runtime, starts it, then answers one request after another. Only JSON text goes in and out. */

/** @typedef {{name: string, bytes: number}} RuntimeFile */
/** @typedef {{index: string, files: RuntimeFile[], build: string}} Manifest as hooks/pyodide_folder.py writes it */

const FOLDER = new URL("./pyodide/", import.meta.url);
const WASM_MAGIC = [0x00, 0x61, 0x73, 0x6d];
const NOT_WHOLE = "The site was not published whole, or the browser's cache holds an old copy: reload the page with Shift held.";
const UNREACHABLE = "Check the connection.";

const GLUE = `
import json
from labs_py.lab import answer
from labs_py.model.architecture_file import text_of

def respond(request):
    asked = json.loads(request)
    return json.dumps({"text": text_of(asked["text_of"])}) if "text_of" in asked else answer(request)

respond
`;

const network = self.fetch.bind(self);
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

/** Bytes of all files of the manifest, and how many have arrived. */
class Download {
  #loaded = 0;
  #total;
  #told = 0;

  /** Expect the bytes of `files`. @param {RuntimeFile[]} files */
  constructor(files) {
    this.#total = files.reduce((sum, file) => sum + file.bytes, 0);
  }

  /** Count bytes, and tell the page at most every 50 ms. @param {number} bytes */
  add(bytes) {
    this.#loaded += bytes;
    const done = this.#loaded >= this.#total;
    if (!done && performance.now() - this.#told < 50) return;
    this.#told = performance.now();
    say(done ? { kind: "starting" } : { kind: "downloading", loaded: this.#loaded, total: this.#total });
  }
}

/** Fetch a file that must be there. @param {string} name @param {URL} url @param {RequestInit} [init] @returns {Promise<Response>} */
async function fetched(name, url, init) {
  let response = await network(url, init).catch(() => undefined);
  if (!response && init?.integrity) {
    // A wrong checksum, a missing file and a lost connection are one and the same error; a second look tells them apart.
    response = await network(url).catch(() => undefined);
    if (response?.ok) throw new Error(`${name} is not the file that this site was built with. ${NOT_WHOLE}`);
  }
  if (!response) throw new Error(`${name} could not be downloaded. ${UNREACHABLE}`);
  if (!response.ok) throw new Error(`${name} could not be downloaded: the server answered ${response.status}. ${NOT_WHOLE}`);
  return response;
}

/**
 * Fetch a file of the runtime; resolves when its first bytes are there and are the right ones, and goes on counting a copy.
 * The response itself is handed on, because the browser keeps compiled code only for a real one.
 * @param {RuntimeFile} file @param {URL} url @param {Download} download @param {RequestInit} [init]
 */
async function counted(file, url, download, init) {
  const name = file.name.replace(/^.*\//, "");
  const response = await fetched(name, url, init);
  const copy = response.clone().body?.getReader();
  let part = await copy?.read();
  const isWasm = name.endsWith(".wasm");
  if (isWasm && WASM_MAGIC.some((byte, index) => part?.value?.[index] !== byte)) throw new Error(`${name} is not WebAssembly. ${NOT_WHOLE}`);
  const rest = async () => {
    let bytes = 0;
    for (; copy && part && !part.done; part = await copy.read()) {
      bytes += part.value.length;
      download.add(part.value.length);
    }
    if (bytes !== file.bytes) fail(`${name} must have ${file.bytes.toLocaleString("en")} bytes, got ${bytes.toLocaleString("en")}. ${NOT_WHOLE}`);
  };
  rest().catch(() => fail(`The download of ${name} broke off. ${UNREACHABLE}`));
  const mislabeled = isWasm && response.headers.get("content-type") !== "application/wasm";
  return mislabeled ? new Response(response.body, { headers: { "content-type": "application/wasm" } }) : response;
}

/** The `integrity` of a fetch for a SHA-256 in hexadecimal digits. @param {string} hexadecimal */
function integrity(hexadecimal) {
  const bytes = hexadecimal.match(/../g)?.map((pair) => parseInt(pair, 16)) ?? [];
  return `sha256-${btoa(String.fromCharCode(...bytes))}`;
}

/** Make failures of `WebAssembly.instantiateStreaming` known: Pyodide only warns about them and then waits for ever. */
function watchInstantiation() {
  const instantiate = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (/** @type {Parameters<typeof instantiate>} */ ...given) => {
    try {
      return await instantiate(...given);
    } catch (error) {
      fail(`Python's WebAssembly could not be started (${firstLine(error)}). ${NOT_WHOLE}`);
      throw error;
    }
  };
}

/** Fetch and start Python with the labs; returns the function that answers. @returns {Promise<(request: string) => string>} */
async function start() {
  /** @type {Manifest} */
  const manifest = await (await fetched("manifest.json", new URL("manifest.json", FOLDER), { cache: "no-cache" })).json();
  const index = new URL(manifest.index, FOLDER);
  const download = new Download(manifest.files);
  /** @type {Map<string, Promise<Response>>} */
  const begun = new Map();
  /** Begin the download of one file of the manifest. @param {string} name @param {URL} url @param {RequestInit} [init] */
  const begin = (name, url, init) => {
    const file = manifest.files.find((item) => item.name === name);
    if (!file) throw new Error(`manifest.json does not list ${name}. ${NOT_WHOLE}`);
    const response = counted(file, url, download, init);
    begun.set(url.href, response);
    response.catch((error) => fail(error.message));
    return response;
  };
  /** Import a module of the runtime. @param {string} name */
  const imported = async (name) => {
    try {
      const module = await import(new URL(name, index).href);
      download.add(manifest.files.find((item) => item.name === name)?.bytes ?? 0);
      return module;
    } catch (error) {
      throw new Error(`${name} could not be loaded (${firstLine(error)}). ${NOT_WHOLE}`);
    }
  };
  /** Read the lock file and begin the download of the labs, checked against it. @returns {Promise<{packages: Record<string, {file_name: string, sha256: string}>}>} */
  const locked = async () => {
    const lock = await (await begin("pyodide-lock.json", new URL(`pyodide-lock.json?${manifest.build}`, index))).json();
    for (const { file_name: name, sha256 } of Object.values(lock.packages)) begin(name, new URL(name, index), { integrity: integrity(sha256) });
    return lock;
  };
  for (const name of ["pyodide.asm.wasm", "python_stdlib.zip"]) begin(name, new URL(name, index));
  // What Pyodide fetches is on its way already; each response can be read once.
  self.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : new URL(input, self.location.href).href;
    const response = begun.get(url);
    begun.delete(url);
    return response ?? network(input, init);
  };
  watchInstantiation();
  const [lockFileContents, { loadPyodide }, { default: createPyodideModule }] = await Promise.all([locked(), imported("pyodide.mjs"), imported("pyodide.asm.mjs")]);
  const pyodide = await loadPyodide({
    indexURL: index.href,
    packageBaseUrl: index.href,
    lockFileContents,
    createPyodideModule,
    env: { PYTHONHASHSEED: "0" },
  });
  await pyodide.loadPackage(Object.keys(lockFileContents.packages), { messageCallback: () => {}, errorCallback: fail });
  return pyodide.runPython(GLUE);
}

/** The first line of an error's message; of a Python traceback, the last, which names the error. @param {unknown} error */
function firstLine(error) {
  const lines = String(error instanceof Error ? error.message : error).trim().split("\n");
  return error instanceof Error && error.name === "PythonError" ? lines[lines.length - 1] : lines[0];
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

live();
try {
  const respond = await start();
  self.onmessage = ({ data: { id, request } }) => {
    try {
      say({ kind: "reply", id, text: respond(request) });
    } catch (error) {
      const known = error instanceof Error && error.name === "PythonError";
      if (known) say({ kind: "fault", id, text: firstLine(error), traceback: error.message });
      else fail(`Python stopped (${firstLine(error)}).`);
    }
  };
  say({ kind: "ready" });
} catch (error) {
  fail(error instanceof Error && error.name === "Error" ? firstLine(error) : `Python could not start (${firstLine(error)}). ${NOT_WHOLE}`);
}
