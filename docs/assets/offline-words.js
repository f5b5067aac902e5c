/** What is said about storing the course. */

/** @typedef {import("./sw.source.js").Message} Message */
/** @typedef {Extract<import("./stored-course.source.js").State, {stage: "failed"}>["failed"]} Failure */

const DENIED = "The course cannot be stored: this browser does not let this site keep anything, as in some private windows. Allow it to keep site data, or use an ordinary window.";

/** What the button says. @param {string} [download] in MB */
export function button(download) {
  return `Store the course: about ${download} MB`;
}

/** Bytes as MB: one decimal where it tells something. @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** Why storing has failed, and what to do. @param {Failure} failure */
export function failure(failure) {
  if (failure.why === "denied") return DENIED;
  if (failure.why === "network") return "The connection was lost while the course was being stored. What has come so far is still here.";
  const nothing = "Nothing was kept.";
  if (failure.why === "full") return `There is not enough room: ${megabytes(failure.need)} are needed, and this browser has ${megabytes(failure.free)} left for this site. ${nothing} Free some storage, then try again.`;
  if (failure.why === "missing") return `The course could not be stored: ${failure.name} is missing on the server. ${nothing} Try again later.`;
  if (failure.why === "changed") return `The course could not be stored: ${failure.name} is not the file that belongs to this version. The site is being published anew, or something on the way has changed it. ${nothing} Try again in some minutes.`;
  return `The course could not be stored (${failure.text}). ${nothing}`;
}

/** How it goes with a newer version, while the stored one is in use. @param {Extract<Message, {kind: "storing" | "failed"}>} message */
export function updated(message) {
  if (message.kind === "storing") return "The course is stored on this device. A newer version is being stored.";
  if (message.why === "network") return "The course is stored on this device. A newer version is there, but the connection was lost before it had come; it is tried again when you open a page.";
  return `The course is stored on this device. A newer version could not be stored, and the stored one stays. ${failure(message)}`;
}

/** Facts about what is stored. @param {import("./sw.source.js").About} about */
export async function stored({ when, build, files, bytes }) {
  const { usage } = (await navigator.storage?.estimate?.()) ?? {};
  const date = new Date(when).toLocaleDateString("en", { day: "numeric", month: "long", year: "numeric" });
  const counted = usage ? ` The browser counts ${megabytes(usage)} for this site.` : "";
  const kept = (await navigator.storage?.persisted?.()) ? "The files stay until you remove them." : "The browser may remove the files when the device runs out of room.";
  return `Version ${build}, stored on ${date}: ${files} files, ${megabytes(bytes)}.${counted} ${kept}`;
}
