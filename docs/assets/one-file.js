/** A lab as one Python file that needs nothing else: its source and what it imports, in the frame of hooks/one_file.py, with the reader's settings. */

const FOLDER = new URL("./labs/", import.meta.url);

/** The source of a lab, as shipped. @param {string} lab @returns {Promise<string>} */
export async function sourceOf(lab) {
  return fetched(`${lab}.py`);
}

/** Write the file. @param {string} lab @param {string} title @param {import("./settings.js").Arguments} settings @param {string} code the edited source; empty for the lab's own */
export async function oneFile(lab, title, settings, code) {
  const [parts, source] = await Promise.all([fetched("parts.json"), code || sourceOf(lab)]);
  /** Of what is large, `files` has the address alone. @type {{frame: string, files: Record<string, string | null>}} */
  const { frame, files } = JSON.parse(parts);
  const values = Object.entries(settings).map(([name, value]) => `    ${JSON.stringify(name)}: ${literal(value)},\n`);
  const needs = needed(source, files).map(async (address) => `    ${JSON.stringify(address)}: ${text(files[address] ?? (await fetched(address)))},\n`);
  /** @type {Record<string, string>} */
  const filled = { NAME: lab, TITLE: title, ARGUMENTS: `{\n${values.join("")}}`, LAB: text(source), FILES: (await Promise.all(needs)).join("") };
  return frame.replace(/@(\w+)@/g, (_, place) => filled[place]);
}

/** The addresses of what a lab with this source needs; hooks/one_file.py finds it in the same way. @param {string} source @param {Record<string, string | null>} files */
function needed(source, files) {
  const found = new Set(Object.keys(files).filter((address) => /\/__(main|init)__\.py$|\.toml$/.test(address)));
  const waiting = [source, ...[...found].map((address) => files[address] ?? "")];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    for (const address of imported(one)) {
      if (!(address in files) || found.has(address)) continue;
      found.add(address);
      waiting.push(files[address] ?? "");
    }
  }
  return Object.keys(files).filter((address) => found.has(address));
}

/** The addresses of the modules that a source may import. @param {string} source */
function imported(source) {
  const statements = source.matchAll(/^[ \t]*(?:from (labs_py[\w.]*) import (?:\(([^)]*)\)|(.*))|import (labs_py[\w.]*))/gm);
  return [...statements].flatMap(([, from, listed, line, module]) => {
    const names = ((listed ?? line ?? "").match(/\w+/g) ?? []).map((name) => `${from}.${name}`);
    return [from ?? module, ...names].map((name) => `${name.replaceAll(".", "/")}.py`);
  });
}

/** A value as a Python literal; a file that was read where it is must lie beside. @param {import("./settings.js").Arguments[string]} value */
function literal(value) {
  if (typeof value === "object" && "path" in value) return `{"file": ${JSON.stringify(value.file)}, "path": ${JSON.stringify(value.file)}}`;
  return typeof value === "string" ? JSON.stringify(value) : `{"file": ${JSON.stringify(value.file)}, "text": ${text(value.text)}}`;
}

/** A long text as a Python literal that reads as the text itself, where that can be. @param {string} whole */
function text(whole) {
  const pieces = whole.split("'''");
  if (!pieces.some((piece) => /[\r\0]|['\\]$/.test(piece))) return pieces.map((piece) => `r'''${piece}'''`).join(` "'''" `);
  return `(\n${whole.split(/(?<=\n)/).map((line) => `    ${JSON.stringify(line)}\n`).join("")})`;
}

/** Fetch a text of the site. @param {string} name @returns {Promise<string>} */
async function fetched(name) {
  const response = await fetch(new URL(name, FOLDER), { cache: "no-cache" }).catch(() => undefined);
  if (!response?.ok) throw new Error(`${name} could not be fetched${response ? `: the server answered ${response.status}` : ""}. Check the connection and try again.`);
  return response.text();
}
