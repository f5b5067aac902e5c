/** A link to a panel's settings: a hash that holds them whole, so that no server has to keep them or gets to see them. */

/** @typedef {import("./settings.js").Arguments} Arguments */
/** @typedef {{lab: string, index: number, arguments: Arguments, code?: string}} Link `index` counts the panels of this lab on the page; `code` is the lab's source as edited */

const OURS = "#lab=";
const VERSION = "v1.";
/** Bytes after compression, enough for the edited source of a lab; much longer addresses are cut by programs that pass them on. */
const LARGEST = 12 * 1024;

/** Write a link's hash. @param {Link} link @returns {Promise<string>} @throws {RangeError} the settings are too long for an address */
export async function hashOf(link) {
  const bytes = await piped(new TextEncoder().encode(JSON.stringify(link)), new CompressionStream("deflate-raw"));
  if (bytes.length > LARGEST) {
    const what = link.code ? "Your code" : "Your architecture";
    throw new RangeError(`${what} is too long for a link: ${(bytes.length / 1024).toFixed(1)} kB compressed, and ${LARGEST / 1024} kB is the most. Pass its file on instead.`);
  }
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `${OURS}${VERSION}${base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;
}

/** Whether a hash is meant for a panel; all others belong to the page. @param {string} hash */
export function isOurs(hash) {
  return hash.startsWith(OURS);
}

/** Read a hash of ours. @param {string} hash @returns {Promise<Link>} @throws {RangeError} it says nothing that a panel could be set to */
export async function linkIn(hash) {
  const text = hash.slice(OURS.length);
  if (!text.startsWith(VERSION)) throw new RangeError("This link was made for another version of this site, so its settings cannot be read.");
  const base64 = text.slice(VERSION.length);
  try {
    // What is short stays small: deflate makes at most a thousand bytes of one.
    if (base64.length > LARGEST * 1.4) throw new RangeError("too long");
    const binary = atob(base64.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = await piped(Uint8Array.from(binary, (letter) => letter.charCodeAt(0)), new DecompressionStream("deflate-raw"));
    return checked(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    throw new RangeError("The settings in this link cannot be read; it may have been cut off on its way.");
  }
}

/** Take from what a stranger may have written only what has the right form. @param {any} found @returns {Link} */
function checked(found) {
  if (typeof found.lab !== "string" || !Number.isInteger(found.index) || typeof found.arguments !== "object") throw new TypeError("link");
  const values = Object.entries(found.arguments).map(([name, value]) => {
    if (typeof value === "string") return [name, value];
    if (typeof value.file === "string" && typeof value.text === "string") return [name, { file: value.file, text: value.text }];
    throw new TypeError(name);
  });
  if (found.code !== undefined && typeof found.code !== "string") throw new TypeError("code");
  return { lab: found.lab, index: found.index, arguments: Object.fromEntries(values), ...(found.code && { code: found.code }) };
}

/** Send bytes through a stream. @param {Uint8Array<ArrayBuffer>} bytes @param {CompressionStream | DecompressionStream} stream */
async function piped(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}
