/** A file that a reader drops on a panel, or a text that is pasted into it: one goes on to be read, anything else is refused with a reason. */

/** `bring` without a file means the text that stood there before. @typedef {{bring: (file: File | undefined, place: Node) => void, refuse: (error: Error) => void}} Receiver */

const PASTED = "pasted.toml";
/** The panels that take files. */
const RECEIVING = "lab-panel[data-receives]";

/** Let a panel take files and texts. @param {HTMLElement} panel @param {Receiver} receiver */
export function receives(panel, receiver) {
  panel.toggleAttribute("data-receives", true);
  panel.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    attempt(receiver, event.target, () => only(event.dataTransfer));
  });
  panel.addEventListener("paste", (event) => {
    const { target, clipboardData } = event;
    if (clipboardData?.files.length) {
      event.preventDefault();
      return attempt(receiver, target, () => only(clipboardData));
    }
    const field = target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement ? target : undefined;
    const text = clipboardData?.getData("text/plain") ?? "";
    // In a field that holds something, a paste is an edit like any other.
    if (!text.trim() || (field && !(field.matches("[data-text]") && fills(field)))) return;
    event.preventDefault();
    attempt(receiver, target, () => new File([text], PASTED));
  });
  panel.addEventListener("click", async ({ target }) => {
    const button = target instanceof Element && target.closest("[data-bring]");
    if (!(button instanceof HTMLElement)) return;
    if (button.dataset.bring === "back") return receiver.bring(undefined, button);
    const text = await navigator.clipboard?.readText().catch(() => undefined);
    attempt(receiver, button, () => {
      if (text === undefined) throw new RangeError("The browser does not let a page read the clipboard. Empty the field below, and paste into it with Ctrl+V or ⌘V.");
      if (!text.trim()) throw new RangeError("The clipboard must hold the text of an architecture, got nothing that is text. Copy it first.");
      return new File([text], PASTED);
    });
  });
}

/** Pass on what is there, or why it is refused. @param {Receiver} receiver @param {EventTarget | null} place @param {() => File} find */
function attempt(receiver, place, find) {
  try {
    receiver.bring(find(), /** @type {Node} */ (place));
  } catch (error) {
    receiver.refuse(/** @type {Error} */ (error));
  }
}

/** The one file that was dropped or pasted. @param {DataTransfer | null} data @returns {File} @throws {RangeError} there are several, or none, or it is a folder */
function only(data) {
  const files = [...(data?.files ?? [])];
  if (files.length !== 1) throw new RangeError(`One file must be dropped at a time, got ${files.length}. Drop the one file that this lab is to read.`);
  const folder = [...(data?.items ?? [])].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
  if (folder) throw new RangeError(`${files[0].name} must be a file, got a folder. Drop the one file that this lab is to read.`);
  return files[0];
}

/** Whether a paste into this field leaves nothing of what it holds. @param {HTMLTextAreaElement | HTMLInputElement} field */
function fills(field) {
  return field.value.trim() === "" || (field.selectionStart === 0 && field.selectionEnd === field.value.length);
}

/** Whether files are being dragged, and not text or a link. @param {DragEvent} event */
function holdsFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

/** Show where a file can be dropped. @param {EventTarget | null} over what the pointer is over; nothing when the dragging has ended */
function point(over) {
  for (const panel of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(RECEIVING))) {
    if (over) panel.dataset.drop = panel.contains(/** @type {Node} */ (over)) ? "over" : "near";
    else delete panel.dataset.drop;
  }
}

for (const kind of /** @type {const} */ (["dragenter", "dragover"])) {
  window.addEventListener(kind, (event) => {
    if (!holdsFiles(event) || !document.querySelector(RECEIVING)) return;
    point(event.target);
    // A file that misses the panel would take the place of the page, and of all that the reader has done in it.
    event.preventDefault();
    const over = event.target instanceof Element && event.target.closest(RECEIVING);
    if (event.dataTransfer) event.dataTransfer.dropEffect = over ? "copy" : "none";
  });
}
window.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget === null && point(null));
window.addEventListener("drop", () => point(null), true);
