/** Vega-Lite specifications to SVG. This file is imported when a live figure is first drawn, with its libraries, which are large. */

import { Error as ErrorsOnly, logger, parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";

/** A specification holds its own data: one that names an address comes from edited code. */
const refused = () => Promise.reject(new Error("a figure must load nothing"));
const NOTHING = /** @type {any} */ ({ load: refused, sanitize: refused, http: refused, file: refused });

let drawn = 0;

/**
 * Draw a specification `width` pixels wide, as the build does. Expressions are interpreted, so that no policy must allow `eval`.
 * @param {object} spec
 * @param {number} width
 * @returns {Promise<string>} an SVG element
 */
export async function svg(spec, width) {
  const sized = /** @type {import("vega-lite").TopLevelSpec} */ ({ ...spec, width });
  // What Vega-Lite warns of, the build has drawn all the same.
  const dataflow = parse(compile(sized, { logger: logger(ErrorsOnly) }).spec, undefined, /** @type {any} */ ({ ast: true }));
  const view = new View(dataflow, { expr: expressionInterpreter, renderer: "none", loader: NOTHING, logLevel: ErrorsOnly });
  try {
    // Vega numbers its clip paths anew in each drawing; on one page their names must differ.
    const prefix = `live-${++drawn}-`;
    return (await view.toSVG()).replace(/\bid="/g, `id="${prefix}`).replace(/url\(#/g, `url(#${prefix}`);
  } finally {
    view.finalize();
  }
}
