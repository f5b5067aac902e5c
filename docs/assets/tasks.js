/** Tasks beside a panel: an answer opens only after a prediction, and a goal that a run reaches is marked. Pages may come and go. */

/** The prediction that stands in a task. @param {Element} task */
function chosen(task) {
  return /** @type {HTMLInputElement | null} */ (task.querySelector("input[type=radio]:checked"));
}

/** Say something in a task, in a live region after its options. @param {Element} task @param {string} words @param {string} [verdict] "right" or "wrong" */
function say(task, words, verdict = "") {
  const said = task.querySelector(".nh-verdict") ?? document.createElement("p");
  if (!said.isConnected) {
    said.className = "nh-verdict";
    said.setAttribute("role", "status");
    task.querySelector("fieldset")?.after(said);
  }
  said.textContent = words;
  task.setAttribute("data-verdict", verdict);
}

document.addEventListener("click", (event) => {
  const summary = event.target instanceof Element && event.target.closest(".nh-predict > .nh-answer > summary");
  const task = summary && summary.closest(".nh-predict");
  if (!task) return;
  const choice = chosen(task);
  if (!choice) {
    event.preventDefault();
    return say(task, "Choose an answer first: a prediction that turns out wrong is what you remember.");
  }
  const right = choice.value === /** @type {HTMLElement} */ (task).dataset.right;
  say(task, right ? "Right." : "Not so.", right ? "right" : "wrong");
  task.querySelector("fieldset")?.setAttribute("disabled", "");
});

/** Mark the goals that a run has reached; a mark stays. @param {string} lab @param {string[]} reached names of tasks @returns {boolean} whether a mark is new */
export function markReached(lab, reached) {
  let news = false;
  for (const name of reached) {
    for (const mark of document.querySelectorAll(`.nh-tasks[data-lab="${CSS.escape(lab)}"] [data-task="${CSS.escape(name)}"] .nh-met[hidden]`)) {
      mark.removeAttribute("hidden");
      news = true;
    }
  }
  return news;
}
