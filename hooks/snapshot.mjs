/**
 * Makes what Python wakes from. PYODIDE is the unpacked npm package, FOLDER takes what is made.
 * node hooks/snapshot.mjs split PYODIDE WHEEL FOLDER takes the labs apart (split_labs.py says into what)
 * node hooks/snapshot.mjs picture PYODIDE SPLIT FOLDER writes python.snapshot and, for the manifest, contents.json
 * node hooks/snapshot.mjs check PYODIDE SPLIT PICTURED FOLDER wakes the picture as a browser does and runs every lab
 */

import { readFileSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, zstdCompressSync } from "node:zlib";
import { differ, stretches, waking } from "../docs/assets/snapshot.js";

const [step, folder, ...paths] = process.argv.slice(2);
const PICTURE = "python.snapshot";
// The lock file's facts about the runtime; its hundreds of packages would all be in the picture.
const lock = { info: JSON.parse(readFileSync(join(folder, "pyodide-lock.json"), "utf8")).info, packages: {} };

/** The bytes of a file. @param {string[]} path */
const bytes = (...path) => new Uint8Array(readFileSync(join(...path)));
/** The JSON in a file. @param {string[]} path */
const json = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));

/** Boot with an archive of ours unpacked, and import a script of this folder. */
async function booted({ loadPyodide }, options, archive, script) {
  const python = await loadPyodide(options);
  const site = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(bytes(archive), "zip", { extractDir: site });
  python.FS.writeFile(`${site}/${script}.py`, readFileSync(new URL(`${script}.py`, import.meta.url)));
  return { python, script: python.pyimport(script) };
}

/** Take the labs apart. */
async function split(loader, options, wheel, output) {
  const { python, script } = await booted(loader, options, wheel, "split_labs");
  python.FS.mkdir("/split");
  python.FS.mount(python.FS.filesystems.NODEFS, { root: output }, "/split");
  script.split("/split");
}

/** Import the house, and picture it. */
async function picture(loader, options, source, output) {
  const { python, script } = await booted(loader, { ...options, _makeSnapshot: true }, join(source, "house.zip"), "before_snapshot");
  script.prepare(readFileSync(join(source, "house.json"), "utf8"));
  script.destroy();
  clean(python._module);
  const { file, contents } = await pack(python.makeMemorySnapshot());
  writeFileSync(join(output, PICTURE), file);
  writeFileSync(join(output, "contents.json"), JSON.stringify(contents));
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

/** Wake the picture as a browser does: the labs must answer as they did, with nothing but their own code. */
async function check({ loadPyodide }, options, source, pictured) {
  const woken = waking(json(pictured, "contents.json"), Promise.resolve(bytes(pictured, PICTURE)), options.createPyodideModule);
  const python = await loadPyodide({ ...options, stdLibURL: devNull, ...woken });
  const lacking = (what) => {
    throw new Error(`a lab must run with its own code and the picture, got one that wants more: ${what}`);
  };
  const script = python.pyimport("before_snapshot");
  script.wake(() => lacking("the standard library's archive"), (lab) => bytes(source, "code", `${lab}.code`), (_, why) => lacking(why));
  for (const [lab, answer] of Object.entries(json(source, "answers.json"))) {
    if (script.answer(lab) !== answer) throw new Error(`${lab} must answer the same when woken as before`);
  }
}

try {
  const load = (name) => import(pathToFileURL(join(folder, name)).href);
  const options = {
    indexURL: `${folder}/`,
    env: { PYTHONHASHSEED: "0" },
    createPyodideModule: (await load("pyodide.asm.mjs")).default,
    lockFileContents: lock,
  };
  await { split, picture, check }[step](await load("pyodide.mjs"), options, ...paths);
  process.exit(0); // Python's event loop would keep Node alive
} catch (error) {
  console.error(error instanceof Error ? error.message : error); // not the source line too: Pyodide's is a megabyte long
  process.exit(1);
}
