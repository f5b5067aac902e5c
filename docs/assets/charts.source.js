/** Vega-Lite specifications to SVG. esbuild makes charts.js of this file and of the libraries it imports. */

import { Error as ErrorsOnly, logger, parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";

let drawn = 0;

/**
 * Draw a specification `width` pixels wide, as the build does. Expressions are interpreted, so that no policy must allow `eval`.
 * @param {import("vega-lite").TopLevelSpec} spec
 * @param {number} width
 * @returns {Promise<string>} an SVG element
 */
export async function svg(spec, width) {
  const sized = /** @type {import("vega-lite").TopLevelSpec} */ ({ ...spec, width });
  // What Vega-Lite warns of, the build has drawn all the same.
  const dataflow = parse(compile(sized, { logger: logger(ErrorsOnly) }).spec, undefined, /** @type {any} */ ({ ast: true }));
  const view = new View(dataflow, { expr: expressionInterpreter, renderer: "none", logLevel: ErrorsOnly });
  try {
    // Vega numbers its clip paths anew in each drawing; on one page their names must differ.
    const prefix = `live-${++drawn}-`;
    return (await view.toSVG()).replace(/\bid="/g, `id="${prefix}`).replace(/url\(#/g, `url(#${prefix}`);
  } finally {
    view.finalize();
  }
}
