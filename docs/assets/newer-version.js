/** The notice that a newer version of the course is here. It stays while the reader goes from page to page. */

const NOTICE = `<p role="status"></p><button type="button">Reload to use it</button>`;

/** Show it, once. @param {() => void} renew called when the reader accepts */
export function offerNewer(renew) {
  if (document.querySelector(".nh-newer")) return;
  const notice = document.createElement("aside");
  notice.className = "nh-newer";
  notice.setAttribute("aria-label", "Newer version");
  notice.innerHTML = NOTICE;
  const button = /** @type {HTMLButtonElement} */ (notice.querySelector("button"));
  button.addEventListener("click", () => {
    button.disabled = true;
    renew();
  });
  document.body.append(notice);
  // A live region is read out when it changes, not when it comes.
  setTimeout(() => (/** @type {Element} */ (notice.querySelector("p")).textContent = "A newer version of the course is here."), 100);
}
