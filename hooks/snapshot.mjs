/**
 * Takes the snapshot: boots Pyodide in Node, imports the labs, pictures its memory, packs the picture, and wakes it to see that it works.
 * node hooks/snapshot.mjs PYODIDE WHEEL BUILD FILE
 */

import { readFileSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, zstdCompressSync } from "node:zlib";
import { Snapshot, differ, packed, stretches } from "../docs/assets/snapshot.js";

const [folder, wheel, build, file] = process.argv.slice(2);
const load = async (name) => await import(pathToFileURL(join(folder, name)).href);
const { loadPyodide } = await load("pyodide.mjs");
const { default: createPyodideModule } = await load("pyodide.asm.mjs");
// Of the lock file only the facts about the runtime: its list of hundreds of packages would be in every picture.
const lock = { info: JSON.parse(readFileSync(join(folder, "pyodide-lock.json"), "utf8")).info, packages: {} };
const common = { indexURL: `${folder}/`, env: { PYTHONHASHSEED: "0" } };

/** Fill what is free in the heap with zeros: of what once was there, nothing needs to be downloaded. */
function clean({ _malloc, _free, _sbrk, HEAPU8 }) {
  const end = _sbrk(0);
  const held = [];
  for (let size = 1 << 18; size >= 8; size -= size > 512 ? size / 2 : 8) {
    for (;;) {
      const at = _malloc(size);
      held.push(at);
      if (at + size > end) break; // this one is new: no free stretch of this size is left
      HEAPU8.fill(0, at, at + size);
    }
  }
  for (const at of held) _free(at);
}

/** A fresh instance of Pyodide's WebAssembly module, in which nothing runs. */
async function fresh() {
  const module = await WebAssembly.compile(readFileSync(join(folder, "pyodide.asm.wasm")));
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = kind === "global" ? new WebAssembly.Global({ value: "i32", mutable: true }, 0) : () => 0;
  }
  return (await WebAssembly.instantiate(module, imports)).exports;
}

/** One stretch of the picture as a part of the file, without the zeros at its end. */
function part(picture, at, end) {
  while (end > at && picture[end - 1] === 0) end--;
  const bytes = picture.subarray(at, end);
  const params = { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_checksumFlag]: 1 };
  return { at, length: bytes.length, frame: zstdCompressSync(bytes, { params, pledgedSrcSize: bytes.length }) };
}

/** Boot, import, picture; returns the picture and what the labs answered before. */
async function take() {
  const python = await loadPyodide({ ...common, createPyodideModule, lockFileContents: lock, _makeSnapshot: true });
  python.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir: python.runPython("import site; site.getsitepackages()[0]") });
  python.runPython(readFileSync(new URL("before_snapshot.py", import.meta.url), "utf8"));
  const answers = python.runPython("ask_all()");
  python.runPython("prepare()");
  clean(python._module);
  return { picture: python.makeMemorySnapshot(), answers };
}

try {
  const { picture, answers } = await take();
  const start = new Uint32Array(picture.buffer)[1]; // Pyodide's own header comes first; its second number is its length
  const exports = await fresh();
  const [[, still], [heap]] = stretches(exports);
  differ(picture.subarray(start), exports);
  const parts = [part(picture, 0, start + still), part(picture, start + heap, picture.length)];
  const bytes = Buffer.concat(packed({ build, lock, start, size: picture.length - start }, parts));

  const python = await loadPyodide({ ...common, stdLibURL: devNull, ...new Snapshot(bytes, build).options(createPyodideModule) });
  python.globals.get("wake")(() => new Uint8Array(readFileSync(join(folder, "python_stdlib.zip"))));
  if (python.runPython("ask_all()") !== answers) throw new Error("the labs must answer the same after waking as before");
  writeFileSync(file, bytes);
  process.exit(0); // Python's event loop would keep Node alive
} catch (error) {
  console.error(error instanceof Error ? error.message : error); // not the whole of Pyodide, on one line, where it was thrown
  process.exit(1);
}
