/** The element `<course-offline>`, and on every page the notice of a newer version, for readers who have stored the course. Until they have, nothing more is loaded. */

import { OfflinePanel } from "./offline-panel.js";

/** Where the site stands; its service worker is there too. */
const ROOT = new URL("../", import.meta.url);

customElements.define("course-offline", OfflinePanel);

/** Keep an eye on what is stored, if something is. */
async function watch() {
  if (!window.isSecureContext || !navigator.serviceWorker) return;
  const found = await navigator.serviceWorker.getRegistration(ROOT.href);
  if (found?.scope !== ROOT.href) return; // none, or a worker of the host's own, among whose pages the course stands
  const { course } = await import("./stored-course.source.js");
  if (course.state.stage === "looking") await course.look();
}

watch().catch(() => {}); // where nothing may be stored, nothing is; the page "Offline" says so
