/** Vega-Lite specifications to SVG. This file is imported when a live figure is first drawn, with its libraries, which are large. */

import { Error as ErrorsOnly, logger, parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";
import { apart, withSignals } from "./figure-form.js";

/** @typedef {{runtime: import("vega").Runtime, tables: string[]}} Program what Vega runs, and the tables that it has use for */

/** A specification holds its own data: one that names an address comes from edited code. */
const refused = () => Promise.reject(new Error("a figure must load nothing"));
const NOTHING = /** @type {any} */ ({ load: refused, sanitize: refused, http: refused, file: refused });

/** Forms that are kept: a lab has up to four figures, of two widths, and a few forms of each. */
const MOST = 32;

/** Programs by the text of their form, the one used last at the end. @type {Map<string, Program>} */
const programs = new Map();
let drawn = 0;

/**
 * Draw a specification `width` pixels wide, as the build does. Expressions are interpreted, so that no policy must allow `eval`.
 * @param {object} spec
 * @param {number} width
 * @returns {Promise<string>} an SVG element
 */
export async function svg(spec, width) {
  const sized = { ...spec, width };
  const parts = apart(sized);
  const known = program(parts);
  const { runtime, tables } = known ?? made(sized);
  const view = new View(runtime, { expr: expressionInterpreter, renderer: "none", loader: NOTHING, logLevel: ErrorsOnly });
  try {
    for (const name of tables) view.data(name, parts.tables.get(name) ?? []);
    if (known) for (const [name, { value }] of parts.domains) view.signal(name, value);
    // Vega numbers its clip paths anew in each drawing; on one page their names must differ.
    const prefix = `live-${++drawn}-`;
    return (await view.toSVG()).replace(/\bid="/g, `id="${prefix}`).replace(/url\(#/g, `url(#${prefix}`);
  } finally {
    view.finalize();
  }
}

/** The program of a form, made once; undefined where numbers cannot be told from form. @param {import("./figure-form.js").Parts} parts */
function program({ form, tables, domains }) {
  const key = JSON.stringify(form);
  let found = programs.get(key);
  if (!found) {
    const vega = withSignals(compiled(form), domains);
    if (!vega) return;
    const used = vega.data.map((/** @type {{name: string}} */ { name }) => name);
    found = { ...running(vega), tables: [...tables.keys()].filter((name) => used.includes(name)) };
  }
  programs.delete(key);
  programs.set(key, found);
  if (programs.size > MOST) programs.delete([...programs.keys()][0]);
  return found;
}

/** The program of a specification with its numbers in it. @param {object} spec @returns {Program} */
function made(spec) {
  return running(compiled(spec));
}

/** Compile; what Vega-Lite warns of, the build has drawn all the same. @param {any} spec */
function compiled(spec) {
  return compile(spec, { logger: logger(ErrorsOnly) }).spec;
}

/** Parse. @param {any} vega @returns {Program} */
function running(vega) {
  return { runtime: parse(vega, undefined, /** @type {any} */ ({ ast: true })), tables: [] };
}
