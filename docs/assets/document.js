/** Files in a result: shown folded, to copy or to save. */

import { save } from "./takeaway.js";

const BUTTONS = `<button type="button" data-document="copy">Copy</button><button type="button" data-document="save">Save</button>`;

/** Add the buttons to the files of a result that is about to be shown. @param {Node[]} report */
export function offerDocuments(report) {
  for (const box of report) {
    if (!(box instanceof HTMLElement) || !box.matches(".nh-document") || box.querySelector(".nh-take")) continue;
    const row = document.createElement("div");
    row.className = "nh-take";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", `Take ${box.dataset.name} away`);
    row.innerHTML = BUTTONS;
    box.querySelector("summary")?.after(row);
  }
}

/** Act on these buttons. @param {HTMLElement} panel @param {(word: string) => void} say a word in the panel's live region */
export function givesDocuments(panel, say) {
  panel.addEventListener("click", async ({ target }) => {
    const button = target instanceof Element && target.closest("[data-document]");
    const box = button && button.closest(".nh-document");
    if (!(button instanceof HTMLElement) || !(box instanceof HTMLElement)) return;
    const name = box.dataset.name || "architecture.toml"; // harmless.js lets no name through that might be an address
    const text = box.querySelector("pre")?.textContent ?? "";
    if (button.dataset.document === "save") return say(save(name, text, "application/toml"));
    const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    say(copied ? `Copied ${name}.` : "The browser does not allow copying. Save the file, or mark its text.");
  });
}
