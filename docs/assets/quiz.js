/**
 * The element `<nh-quiz>`: a question that the build has written. What it does is done by the script of mkdocs-quiz, which comes when a
 * question is near and serves all of the page. It keeps answers by page in localStorage; what it gets in place of that is our record.
 */

import { progress } from "./progress.js";
import { warnUnkept } from "./task.js";

/** @typedef {{answered: true, correct: boolean, selectedValues: string[]}} Answered what the script keeps of a question */

/** Whether a change of the record comes from here. */
let ours = false;
/** What the script was last told, or has told. */
let known = "";

// Where the script does not come, whoever answers is told so.
const near = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && begin().catch(() => {}), { rootMargin: "100% 0px" });

/** The questions of the page. @param {string} [which] */
function quizzes(which = "") {
  return /** @type {Quiz[]} */ ([...document.querySelectorAll(`nh-quiz${which}`)]);
}

/** In place of localStorage. */
const record = {
  getItem: () => (known = answers()),
  removeItem: () => {},
  /** @param {string} _key @param {string} text */
  setItem: (_key, text) => {
    /** @type {Record<string, Answered>} */
    const kept = JSON.parse(text);
    ours = true;
    for (const quiz of quizzes()) quiz.keep(kept[quiz.id]);
    ours = false;
    known = answers();
  },
};

/** All that is kept of this page's questions, as the script would have written it. */
function answers() {
  const kept = quizzes().map((quiz) => [quiz.id, quiz.kept]);
  return JSON.stringify(Object.fromEntries(kept.filter(([, answer]) => answer)));
}

/** Bring the page's questions to life. */
async function begin() {
  // @ts-expect-error hooks/bundles.py makes this module of the plugin's script
  const script = await import("mkdocs-quiz");
  const waiting = quizzes(":not([data-live])");
  for (const quiz of waiting) quiz.toggleAttribute("data-live", true);
  if (waiting.length) script.begin(record);
  for (const quiz of quizzes()) quiz.toggleAttribute("data-answered", Boolean(quiz.kept));
}

/** Another tab, or a file, has brought other answers: begin again with these. */
function again() {
  if (ours || !quizzes("[data-live]").length || answers() === known) return;
  for (const quiz of quizzes()) quiz.renew();
  begin();
}

class Quiz extends HTMLElement {
  #written = "";

  /** The browser calls this whenever the element enters a page. */
  connectedCallback() {
    this.#written ||= this.innerHTML;
    near.observe(this);
    this.addEventListener("submit", this.#submitted, true);
  }

  disconnectedCallback() {
    near.unobserve(this);
    this.removeEventListener("submit", this.#submitted, true);
  }

  get #name() {
    return (this.dataset.task ?? "").slice("quiz/".length);
  }

  /** The answer that is kept. @returns {Answered | undefined} */
  get kept() {
    const choice = progress.of("quiz", this.#name)?.choice;
    const chosen = this.querySelector(`input[value="${choice}"]`);
    return chosen ? { answered: true, correct: chosen.hasAttribute("data-correct"), selectedValues: [String(choice)] } : undefined;
  }

  /** Keep an answer; a question that is tried again keeps the last one until there is another. @param {Answered | undefined} answer */
  keep(answer) {
    this.toggleAttribute("data-answered", Boolean(answer));
    if (!answer) return;
    progress.put("quiz", this.#name, { choice: Number(answer.selectedValues[0]), ...(answer.correct && { done: true }) });
    warnUnkept(this);
  }

  /** Be as the build has written it. */
  renew() {
    this.innerHTML = this.#written;
    this.removeAttribute("data-live");
  }

  /** Before the script hears of it: no answer is not a wrong one, and it may still be on its way. @param {Event} event */
  #submitted = async (event) => {
    const chosen = this.querySelector("input:checked");
    if (this.hasAttribute("data-live") && chosen) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!chosen) return this.#say("Choose an answer first.");
    await begin().catch(() => this.#say("The answer cannot be checked now: a part of this page did not load. Try again when you are connected."));
    if (this.hasAttribute("data-live")) this.querySelector("form")?.requestSubmit();
  };

  /** Say something where the verdict will stand. @param {string} words */
  #say(words) {
    const feedback = /** @type {HTMLElement} */ (this.querySelector(".quiz-feedback"));
    feedback.setAttribute("role", "status");
    feedback.classList.remove("hidden");
    feedback.textContent = words;
  }
}

progress.addEventListener("change", again);
customElements.define("nh-quiz", Quiz);
