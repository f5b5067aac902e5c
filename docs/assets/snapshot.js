/**
 * A picture of Python's memory with the labs already imported. hooks/snapshot.mjs takes and packs it, the worker unpacks and wakes it.
 *
 * The file is made of frames, one after another: a frame is a stretch of the picture, packed by Zstandard with a checksum. Of the
 * constants that the WebAssembly module itself puts into memory, only the difference is kept (exclusive or). Zstandard is what the
 * module holds anyway, so nothing else has to be downloaded.
 */

/** @typedef {{at: number, length: number, packed: number}} Frame first byte in the picture, bytes in the picture, bytes in the file */
/** @typedef {{length: number, start: number, lock: object, frames: Frame[]}} Contents bytes in the picture, and how many come before memory */
/** @typedef {Record<string, any> & {memory: WebAssembly.Memory}} Exports of Pyodide's WebAssembly module */
/** @typedef {(instance: WebAssembly.Instance, module: WebAssembly.Module) => void} Done */
/** @typedef {{instantiateWasm: (imports: WebAssembly.Imports, done: Done) => object}} Settings of Emscripten */
/** @typedef {(settings: Settings) => Promise<object>} Create what pyodide.asm.mjs exports */

const BLOCK = 65_536;

/**
 * What `loadPyodide` needs to wake a picture. Pyodide copies the picture into memory late, so it may still be on its way: it is unpacked
 * as soon as there is fresh memory to compare with.
 * @param {Contents} contents @param {Promise<Uint8Array>} file @param {Create} createPyodideModule
 */
export function waking({ length, start, lock, frames }, file, createPyodideModule) {
  const picture = new Uint8Array(length);
  return {
    lockFileContents: lock,
    _loadSnapshot: picture,
    /** @type {Create} */
    createPyodideModule: (settings) =>
      new Promise((resolve, reject) => {
        const instantiate = settings.instantiateWasm;
        /** @type {Exports} */
        let exports;
        file.catch(reject);
        settings.instantiateWasm = (imports, done) =>
          instantiate(imports, async (instance, module) => {
            try {
              exports = /** @type {Exports} */ (instance.exports);
              unpack(await file, frames, picture, exports);
              differ(picture.subarray(start), exports);
              done(instance, module);
            } catch (error) {
              reject(error);
            }
          });
        createPyodideModule(settings)
          .then((pyodide) => {
            keepTrampoline(picture.subarray(start), exports);
            return pyodide;
          })
          .then(resolve, reject);
      }),
  };
}

/**
 * Unpack frames into a picture, in an instance in which nothing has run yet. This needs no heap: the state and the frame lie where the
 * stack will be, what comes out where the heap will be. Memory is left as it was, though there may be more of it.
 * @param {Uint8Array} file @param {Frame[]} frames @param {Uint8Array} picture @param {Exports} exports @throws {Error} the file is damaged, or another
 */
function unpack(file, frames, picture, exports) {
  const expected = frames.reduce((sum, frame) => sum + frame.packed, 0);
  if (file.length !== expected) throw new Error(`the snapshot must have ${expected} bytes, got ${file.length}`);
  const lacking = Math.floor((picture.length - exports.memory.buffer.byteLength) / BLOCK);
  if (lacking > 0) exports.memory.grow(lacking);
  const memory = new Uint8Array(exports.memory.buffer);
  const place = (constants(exports) + 15) & ~15;
  const room = exports.ZSTD_estimateDCtxSize();
  const state = exports.ZSTD_initStaticDCtx(place, room);
  const output = exports.__heap_base.value;
  let from = 0;
  for (const { at, length, packed } of frames) {
    memory.set(file.subarray(from, (from += packed)), place + room);
    if (exports.ZSTD_decompressDCtx(state, output, length, place + room, packed) !== length) throw new Error("the snapshot is damaged");
    picture.set(memory.subarray(output, output + length), at);
  }
  memory.fill(0, place, output + Math.max(...frames.map((frame) => frame.length)));
}

/**
 * Put into a picture of memory where the function stands through which Python calls others: each browser adds it to the table of functions
 * itself, and WebKit at another place than the engine that made the picture.
 * @param {Uint8Array} picture @param {Exports} exports
 */
function keepTrampoline(picture, exports) {
  const memory = new Int32Array(exports.memory.buffer);
  const at = (exports._PyRuntime.value + memory[exports._PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET.value >> 2]) >> 2;
  new Int32Array(picture.buffer, picture.byteOffset)[at] = memory[at];
}

/** Where the constants of a module end, and its stack begins. @param {Exports} exports */
function constants(exports) {
  return exports.__stack_low.value;
}

/** Exchange a picture of memory and its difference from fresh memory: doing so twice changes nothing. @param {Uint8Array} picture @param {Exports} exports */
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
