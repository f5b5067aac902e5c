/** What Python says of the reader's code: an error with its line, and what the code has printed. */

/** @typedef {{error?: string, line?: number | null, printed?: string}} Answer */

/** Say it in a live region; the line is marked in the editor, and a button goes there. @param {HTMLElement} region what stands in it stays unless there is an error @param {Answer} answer @param {import("./editor.js").Editor} editor */
export function tell(region, { error, line, printed }, editor) {
  editor.mark(error === undefined ? null : (line ?? null));
  if (error !== undefined) region.replaceChildren(line ? `Line ${line}: ${error}` : error);
  if (error !== undefined && line) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `Go to line ${line}`;
    button.addEventListener("click", () => editor.goTo(line));
    region.append(" ", button);
  }
  if (!printed) return;
  const output = document.createElement("span");
  output.className = "nh-printed";
  output.textContent = printed;
  region.append(" It printed: ", output);
}
