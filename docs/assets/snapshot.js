/**
 * A picture of Python's memory with the labs already imported. hooks/snapshot.mjs takes and packs it, the worker unpacks and wakes it.
 *
 * The file is: the letters NHS1; two little-endian 32-bit numbers, the length and the checksum of a JSON header; the header; its parts,
 * one after another.
 * A part is a stretch of the picture as one Zstandard frame with a checksum of its own. Where the WebAssembly module itself puts constants, only
 * the difference to those is kept (exclusive or). Zstandard is what the module holds anyway, so nothing else has to be downloaded.
 */

/** @typedef {{at: number, length: number, packed: number}} Part first byte in the picture, bytes in the picture, bytes in the file */
/** @typedef {{build: string, lock: object, start: number, size: number, parts: Part[]}} Header `start` is where memory begins in the picture */
/** @typedef {Record<string, any> & {memory: WebAssembly.Memory}} Exports of Pyodide's WebAssembly module */
/** @typedef {{instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void) => object}} Settings */
/** @typedef {(settings: Settings) => Promise<object>} Create what pyodide.asm.mjs exports */

const MAGIC = "NHS1";
const PREFIX = 12;
const BLOCK = 65_536;

/** One snapshot, read once and woken once. */
export class Snapshot {
  /** @type {Header} */
  #header;
  #packed;
  #picture;

  /**
   * Read a file's header.
   * @param {Uint8Array} file @param {string} build the build that the snapshot must have been made for
   * @throws {Error} it is not a snapshot, not whole, or made for something else
   */
  constructor(file, build) {
    const prefix = new DataView(file.buffer, file.byteOffset, file.byteLength);
    if (file.length < PREFIX || text(file.subarray(0, 4)) !== MAGIC) throw new Error("it is not a snapshot");
    const end = PREFIX + prefix.getUint32(4, true);
    const header = file.subarray(PREFIX, end);
    if (checksum(header) !== prefix.getUint32(8, true)) throw new Error("its header is damaged");
    this.#header = JSON.parse(text(header));
    if (this.#header.build !== build) throw new Error(`it must be of build ${build}, got ${this.#header.build}`);
    this.#packed = file.subarray(end);
    const wanted = this.#header.parts.reduce((sum, part) => sum + part.packed, 0);
    if (this.#packed.length !== wanted) throw new Error(`its parts must have ${wanted} bytes, got ${this.#packed.length}`);
    this.#picture = new Uint8Array(this.#header.start + this.#header.size);
  }

  /** What `loadPyodide` needs to wake the picture. @param {Create} createPyodideModule */
  options(createPyodideModule) {
    return {
      lockFileContents: this.#header.lock,
      _loadSnapshot: this.#picture,
      // Pyodide copies the picture into memory after this, so it may be unpacked as late as here, where there is fresh memory to compare with.
      createPyodideModule: (/** @type {Settings} */ settings) =>
        new Promise((resolve, reject) => {
          const instantiate = settings.instantiateWasm;
          settings.instantiateWasm = (imports, done) =>
            instantiate(imports, (instance, module) => {
              try {
                this.#unpack(/** @type {Exports} */ (instance.exports));
                done(instance, module);
              } catch (error) {
                reject(error);
              }
            });
          createPyodideModule(settings).then(resolve, reject);
        }),
    };
  }

  /** Fill the picture. @param {Exports} exports of an instance in which nothing has run yet; its memory is left as it was, or grown */
  #unpack(exports) {
    const { start, size, parts } = this.#header;
    if (exports.memory.buffer.byteLength < size) exports.memory.grow((size - exports.memory.buffer.byteLength) / BLOCK);
    const memory = new Uint8Array(exports.memory.buffer);
    const { input, output, unpack } = unpacker(exports);
    let [from, longest] = [0, 0];
    for (const { at, length, packed } of parts) {
      memory.set(this.#packed.subarray(from, (from += packed)), input);
      if (unpack(output, length, input, packed) !== length) throw new Error("it is damaged");
      this.#picture.set(memory.subarray(output, output + length), at);
      longest = Math.max(longest, length);
    }
    memory.fill(0, constants(exports), output + longest);
    differ(this.#picture.subarray(start), exports);
  }
}

/** @param {Uint8Array} bytes */
function text(bytes) {
  return new TextDecoder().decode(bytes);
}

/** @param {Uint8Array} bytes */
function checksum(bytes) {
  return bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 0);
}

/** Where the constants of a module end, and the stack begins. @param {Exports} exports */
function constants(exports) {
  return exports.__stack_low.value;
}

/** Exchange a picture of memory and its difference to fresh memory: each is the other's difference. @param {Uint8Array} picture @param {Exports} exports */
export function differ(picture, exports) {
  const words = constants(exports) >> 2;
  const fresh = new Uint32Array(exports.memory.buffer, 0, words);
  const changed = new Uint32Array(picture.buffer, picture.byteOffset, words);
  for (let index = 0; index < words; index++) changed[index] ^= fresh[index];
}

/** The stretches of memory that a picture must hold: constants, and the heap. The stack between them is empty while Python waits. @param {Exports} exports @returns {[number, number][]} */
export function stretches(exports) {
  return [[0, constants(exports)], [exports.__heap_base.value, exports.memory.buffer.byteLength]];
}

/**
 * The Zstandard of an instance in which nothing has run yet. It works without the heap: its state and what goes in lie on the unused stack,
 * what comes out lies where the heap will be.
 * @param {Exports} exports
 */
function unpacker(exports) {
  const room = exports.ZSTD_estimateDCtxSize();
  const place = (constants(exports) + 15) & ~15;
  const state = exports.ZSTD_initStaticDCtx(place, room);
  if (!state) throw new Error("this Python cannot unpack it");
  return {
    input: place + room,
    output: exports.__heap_base.value,
    /** @type {(to: number, capacity: number, from: number, length: number) => number} */
    unpack: (...given) => exports.ZSTD_decompressDCtx(state, ...given),
  };
}

/** The pieces of a snapshot's file. @param {Omit<Header, "parts">} about @param {{at: number, length: number, frame: Uint8Array}[]} parts */
export function packed(about, parts) {
  const listed = parts.map(({ at, length, frame }) => ({ at, length, packed: frame.length }));
  const header = new TextEncoder().encode(JSON.stringify({ ...about, parts: listed }));
  const prefix = new Uint8Array(PREFIX);
  prefix.set(new TextEncoder().encode(MAGIC));
  new DataView(prefix.buffer).setUint32(4, header.length, true);
  new DataView(prefix.buffer).setUint32(8, checksum(header), true);
  return [prefix, header, ...parts.map((part) => part.frame)];
}
