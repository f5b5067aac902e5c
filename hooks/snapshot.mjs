/**
 * Takes the snapshot: boots Pyodide in Node, imports the labs, pictures its memory, packs the picture, and wakes it to see that it works.
 * node hooks/snapshot.mjs PYODIDE WHEEL FOLDER writes labs.snapshot and, for the manifest, contents.json
 */

import { readFileSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, zstdCompressSync } from "node:zlib";
import { differ, stretches, waking } from "../docs/assets/snapshot.js";

const [folder, wheel, output] = process.argv.slice(2);
const SCRIPT = "before_snapshot";
// The lock file's facts about the runtime; its hundreds of packages would all be in the picture.
const lock = { info: JSON.parse(readFileSync(join(folder, "pyodide-lock.json"), "utf8")).info, packages: {} };

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

/** The picture's file and what it contains. Of each stretch of memory, the zeros at its end are left out. */
async function pack(picture) {
  const start = new Uint32Array(picture.buffer)[1]; // the second number in Pyodide's own header is the header's length
  const exports = await fresh();
  const [[, still], [heap]] = stretches(exports);
  differ(picture.subarray(start), exports);
  const params = { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_checksumFlag]: 1 };
  const packed = [[0, start + still], [start + heap, picture.length]].map(([at, end]) => {
    while (picture[end - 1] === 0) end--;
    return { at, length: end - at, bytes: zstdCompressSync(picture.subarray(at, end), { params, pledgedSrcSize: end - at }) };
  });
  const frames = packed.map(({ at, length, bytes }) => ({ at, length, packed: bytes.length }));
  return { file: Buffer.concat(packed.map(({ bytes }) => bytes)), contents: { length: picture.length, start, lock, frames } };
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

/** Wake a picture as a browser does; returns what the labs answer then. */
async function wake({ loadPyodide }, options, { file, contents }) {
  const woken = waking(contents, Promise.resolve(file), options.createPyodideModule);
  const python = await loadPyodide({ ...options, stdLibURL: devNull, ...woken });
  let whole = false;
  python.pyimport(`${SCRIPT}.wake`)(
    () => {
      throw new Error("a lab imports a module when it runs, got none of the standard library's archive");
    },
    (extractDir) => {
      python.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir });
      whole = true;
    },
  );
  const answers = python.pyimport(`${SCRIPT}.answers`)();
  if (whole) throw new Error("a lab imports a module of ours when it runs for the second time only");
  python.pyimport(`${SCRIPT}.answers_of_the_left`)();
  return answers;
}

async function main() {
  const load = (name) => import(pathToFileURL(join(folder, name)).href);
  const options = {
    indexURL: `${folder}/`,
    env: { PYTHONHASHSEED: "0" },
    createPyodideModule: (await load("pyodide.asm.mjs")).default,
    lockFileContents: lock,
  };
  const loader = await load("pyodide.mjs");
  const { picture, answers } = await take(loader, options);
  const made = await pack(picture);
  if ((await wake(loader, options, made)) !== answers) throw new Error("the labs must answer the same when woken as before");
  writeFileSync(join(output, "labs.snapshot"), made.file);
  writeFileSync(join(output, "contents.json"), JSON.stringify(made.contents));
}

try {
  await main();
  process.exit(0); // Python's event loop would keep Node alive
} catch (error) {
  console.error(error instanceof Error ? error.message : error); // not the source line too: Pyodide's is a megabyte long
  process.exit(1);
}
