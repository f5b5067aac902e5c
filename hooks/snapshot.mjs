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
const SCRIPT = "before_snapshot";

/** Boot, import, picture; returns the picture and what the labs answered before. */
async function take({ loadPyodide }, options) {
  const python = await loadPyodide({ ...options, _makeSnapshot: true });
  const site = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir: site });
  python.FS.writeFile(`${site}/${SCRIPT}.py`, readFileSync(new URL(`${SCRIPT}.py`, import.meta.url)));
  const answers = python.pyimport(`${SCRIPT}.prepare`)();
  clean(python._module);
  return { picture: python.makeMemorySnapshot(), answers };
}

/** Fill what is free in the heap with zeros, which cost nothing to download. */
function clean(module) {
  const end = module._sbrk(0);
  const held = [];
  for (let size = 1 << 16; size >= 8; size -= size > 512 ? size / 2 : 8) {
    for (;;) {
      const at = module._malloc(size);
      held.push(at);
      if (at + size > end) break; // the heap has grown: no free stretch of this size was left
      module.HEAPU8.fill(0, at, at + size); // not a copy of HEAPU8: memory that grows is another one
    }
  }
  for (const at of held) module._free(at);
}

/** The picture's file. Of each stretch of memory, the zeros at its end are left out. */
async function pack(picture, lock) {
  const start = new Uint32Array(picture.buffer)[1]; // the second number in Pyodide's own header is the header's length
  const exports = await fresh();
  const [[, still], [heap]] = stretches(exports);
  differ(picture.subarray(start), exports);
  const parts = [[0, start + still], [start + heap, picture.length]].map(([at, end]) => {
    while (picture[end - 1] === 0) end--;
    const params = { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_checksumFlag]: 1 };
    return { at, length: end - at, frame: zstdCompressSync(picture.subarray(at, end), { params, pledgedSrcSize: end - at }) };
  });
  return Buffer.concat(packed({ build, lock, start, size: picture.length - start }, parts));
}

/** The exports of an instance of Pyodide's WebAssembly module in which nothing runs. */
async function fresh() {
  const module = await WebAssembly.compile(readFileSync(join(folder, "pyodide.asm.wasm")));
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = kind === "global" ? new WebAssembly.Global({ value: "i32", mutable: true }, 0) : () => 0;
  }
  return (await WebAssembly.instantiate(module, imports)).exports;
}

/** Wake a file's picture as a browser does; returns what the labs answer then. */
async function wake({ loadPyodide }, options, bytes) {
  const python = await loadPyodide({ ...options, stdLibURL: devNull, ...new Snapshot(bytes, build).options(options.createPyodideModule) });
  python.pyimport(`${SCRIPT}.wake`)(() => {
    throw new Error("a lab imports a module when it runs, got none of the standard library's archive");
  });
  return python.pyimport(`${SCRIPT}.answers`)();
}

async function main() {
  const load = (name) => import(pathToFileURL(join(folder, name)).href);
  const { info } = JSON.parse(readFileSync(join(folder, "pyodide-lock.json"), "utf8"));
  const options = {
    indexURL: `${folder}/`,
    env: { PYTHONHASHSEED: "0" },
    createPyodideModule: (await load("pyodide.asm.mjs")).default,
    lockFileContents: { info, packages: {} }, // its hundreds of packages would be in the picture
  };
  const loader = await load("pyodide.mjs");
  const { picture, answers } = await take(loader, options);
  const bytes = await pack(picture, options.lockFileContents);
  if ((await wake(loader, options, bytes)) !== answers) throw new Error("the labs must answer the same when woken as before");
  writeFileSync(file, bytes);
}

try {
  await main();
  process.exit(0); // Python's event loop would keep Node alive
} catch (error) {
  console.error(error instanceof Error ? error.message : error); // not the source line too: Pyodide's is a megabyte long
  process.exit(1);
}
