/** The files that Python is made of, on their way into the worker: begun early, counted as they arrive, refused if they are the wrong ones. */

/** @typedef {{name: string, bytes: number}} RuntimeFile */
/** @typedef {(cause: string) => void} Fault hears why a download is of no use */

const WASM_MAGIC = [0x00, 0x61, 0x73, 0x6d];
export const NOT_WHOLE = "The site was not published whole, or the browser's cache holds an old copy: reload the page with Shift held.";
const UNREACHABLE = "Check the connection.";

const network = self.fetch.bind(self);

/** Fetch a file that must be there. @param {string} name @param {URL} url @param {RequestInit} [init] @returns {Promise<Response>} */
export async function fetched(name, url, init) {
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

/** The `integrity` of a fetch for a SHA-256 in hexadecimal digits. @param {string} hexadecimal */
export function integrity(hexadecimal) {
  const bytes = hexadecimal.match(/../g)?.map((pair) => parseInt(pair, 16)) ?? [];
  return `sha256-${btoa(String.fromCharCode(...bytes))}`;
}

/** All downloads of one worker. What Pyodide fetches later is answered by what has begun here. */
export class Downloads {
  #index;
  #tell;
  #fault;
  #loaded = 0;
  #total = 0;
  #told = 0;
  /** @type {Map<string, Promise<Response>>} */
  #begun = new Map();

  /** Stand between Pyodide and the network. @param {URL} index where the runtime is @param {(message: import("./engine.js").Message) => void} tell @param {Fault} fault */
  constructor(index, tell, fault) {
    this.#index = index;
    this.#tell = tell;
    this.#fault = fault;
    self.fetch = (input, init) => {
      const url = input instanceof Request ? input.url : new URL(input, index).href;
      const response = this.#begun.get(url);
      this.#begun.delete(url); // each response can be read once
      return response ?? network(input, init);
    };
  }

  /** Begin one file. @param {RuntimeFile} file @param {{query?: string, init?: RequestInit, fault?: Fault}} [options] @returns {Promise<Response>} */
  begin(file, { query = "", init, fault = this.#fault } = {}) {
    const url = new URL(file.name + query, this.#index);
    this.#total += file.bytes;
    const response = this.#counted(file, url, init, fault);
    this.#begun.set(url.href, response);
    response.catch((error) => {
      this.#total -= file.bytes;
      fault(error.message);
    });
    return response;
  }

  /** Begin a module of the runtime. @param {RuntimeFile} file @returns {Promise<any>} */
  async module(file) {
    this.#total += file.bytes;
    try {
      const module = await import(new URL(file.name, this.#index).href);
      this.#add(file.bytes);
      return module;
    } catch (error) {
      throw new Error(`${file.name} could not be loaded (${error instanceof Error ? error.message : error}). ${NOT_WHOLE}`);
    }
  }

  /** Let the next fetch of an address bring nothing. @param {URL} url */
  spare(url) {
    this.#begun.set(url.href, Promise.resolve(new Response()));
  }

  /**
   * Fetch a file; resolves when its first bytes are there and are the right ones, and goes on counting a copy.
   * The response itself is handed on, because the browser keeps compiled code only for a real one.
   * @param {RuntimeFile} file @param {URL} url @param {RequestInit | undefined} init @param {Fault} fault
   */
  async #counted(file, url, init, fault) {
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
        this.#add(part.value.length);
      }
      if (bytes !== file.bytes) fault(`${name} must have ${file.bytes.toLocaleString("en")} bytes, got ${bytes.toLocaleString("en")}. ${NOT_WHOLE}`);
    };
    rest().catch(() => fault(`The download of ${name} broke off. ${UNREACHABLE}`));
    const mislabeled = isWasm && response.headers.get("content-type") !== "application/wasm";
    return mislabeled ? new Response(response.body, { headers: { "content-type": "application/wasm" } }) : response;
  }

  /** Count bytes, and tell of them at most every 50 ms. @param {number} bytes */
  #add(bytes) {
    this.#loaded += bytes;
    const done = this.#loaded >= this.#total;
    if (!done && performance.now() - this.#told < 50) return;
    this.#told = performance.now();
    this.#tell(done ? { kind: "starting" } : { kind: "downloading", loaded: this.#loaded, total: this.#total });
  }
}
