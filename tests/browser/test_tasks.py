"""Tasks in the page: every solution is submitted, and a plausible wrong answer to each; nothing opens before its time, nothing hangs."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import PHONE
from panel_driver import Panel
from playwright.sync_api import BrowserContext, Locator, Page, expect

from labs_py import lab
from labs_py.exercise import Predict, Reach, Task, Write

LABS = ["hop_latency", "failure_isolation", "hang_under_load", "weakest_link"]
LAB = "hop_latency"
# The limit of ten seconds, sooner.
HURRY = """const later = window.setTimeout;
window.setTimeout = (act, time, ...rest) => later(act, time === 10_000 ? 300 : time, ...rest);"""


def named_tasks(lab_name: str) -> list[tuple[str, Task]]:
    item = lab.load(lab_name)
    return list(zip(item.task_names, item.tasks, strict=True))


def task_of(page: Page, name: str, of: str = LAB) -> Locator:
    return page.locator(f'nh-tasks[data-live] [data-lab="{of}"] [data-task="{name}"]')


def first_write(page: Page) -> tuple[Locator, Write]:
    name, task = next((name, task) for name, task in named_tasks(LAB) if isinstance(task, Write))
    return task_of(page, name), task


def put_code(root: Locator, code: str) -> None:
    """Replace what stands in an editor, as by pasting."""
    if root.locator("textarea:visible").count():
        root.locator("textarea").focus()
    content = root.locator(".cm-content")
    content.wait_for()
    content.fill(code)
    assert text_in(root) == code


def text_in(root: Locator) -> str:
    return "\n".join(root.locator(".cm-line").evaluate_all("lines => lines.map(line => line.textContent)"))


def check(root: Locator) -> str:
    """Check, and return what is said."""
    root.get_by_role("button", name="Check").click()
    return answered(root)


def answered(root: Locator) -> str:
    verdict = root.locator(".nh-verdict")
    expect(verdict).not_to_have_text("")
    for word in ("Starting Python …", "Checking …"):
        expect(verdict).not_to_have_text(word, timeout=40_000)
    expect(root.get_by_role("button", name="Stop")).to_be_hidden()
    return verdict.inner_text()


@pytest.mark.parametrize("of", LABS)
def test_every_task_refuses_a_wrong_answer_and_accepts_its_solution(
    of: str, open_page: Callable[..., Page], homes: dict[str, str]
) -> None:
    page = open_page(homes[of])
    panel = Panel(page, of)
    for name, task in named_tasks(of):
        root = task_of(page, name, of)
        if isinstance(task, Predict):
            predict(panel, root, task)
        elif isinstance(task, Reach):
            reach(panel, root, task)
        else:
            write(root, task)
    page.reload()  # what is done stays done
    panel.root.and_(page.locator("[data-live]")).wait_for()
    for name, task in named_tasks(of):
        root = task_of(page, name, of)
        if isinstance(task, Predict):
            expect(root.get_by_role("radio").first).to_be_disabled()
            expect(root.locator(".nh-wrong")).to_have_count(1)
            expect(root.locator(".nh-answer")).to_be_visible()
        else:
            expect(root.locator(".nh-met")).to_be_visible()
        if isinstance(task, Write):
            assert root.locator("textarea").input_value() == task.solution


def predict(panel: Panel, root: Locator, task: Predict) -> None:
    answer = root.locator(".nh-answer")
    verdict = root.locator(".nh-verdict")
    expect(answer).to_be_hidden()
    root.get_by_role("button", name="Commit").click()
    expect(verdict).to_contain_text("Choose an answer first")
    expect(answer).to_be_hidden()
    root.get_by_role("radio").nth((task.answer + 1) % len(task.options)).check()
    expect(verdict).to_have_text("")
    expect(answer).to_be_hidden()
    root.get_by_role("button", name="Commit").click()
    expect(verdict).to_contain_text(f"Not so: {task.options[task.answer]}", use_inner_text=True)
    expect(root.get_by_role("button", name="Commit")).to_be_hidden()
    expect(answer.locator("summary")).to_be_focused()
    panel.forget()
    answer.get_by_role("button", name="Show it in the panel").click()
    panel.settled()
    expect(panel.run_button).to_be_focused()
    report = lab.load(panel.root.get_attribute("name") or "").report(task.arguments)
    assert panel.output.locator(".nh-takeaway").inner_text().replace("\u00a0", " ") == report.takeaway


def reach(panel: Panel, root: Locator, task: Reach) -> None:
    met = root.locator(".nh-met")
    panel.root.get_by_role("button", name="Reset").click()
    panel.run_with(task.wrong)
    expect(met).to_be_hidden()
    root.locator(".nh-answer summary").click()
    panel.forget()
    root.get_by_role("button", name="Try the solution in the panel").click()
    panel.settled()
    expect(met).to_be_visible()
    expect(panel.status).to_contain_text("You have reached the goal.")


def test_a_goal_reached_by_keyboard_is_announced_once(open_page: Callable[..., Page]) -> None:
    page = open_page("networking/stale-dns/")
    panel = Panel(page, "stale_dns")
    name, task = next((name, task) for name, task in named_tasks("stale_dns") if isinstance(task, Reach))
    ((control, value),) = task.solution.items()
    panel.run()
    panel.forget()
    # Enter asks once more for what the change has asked for already.
    panel.control(control).fill(value)
    panel.control(control).press("Enter")
    expect(panel.status).to_contain_text("You have reached the goal.")
    expect(task_of(page, name, "stale_dns").locator(".nh-met")).to_be_visible()
    panel.run()
    expect(panel.status).not_to_contain_text("You have reached the goal.")


def write(root: Locator, task: Write) -> None:
    met = root.locator(".nh-met")
    root.locator(".nh-answer summary").click()
    expect(root.locator(".nh-verdict")).to_contain_text("First try it")
    assert not root.locator(".nh-answer").evaluate("one => one.open")
    put_code(root, task.wrong)
    assert f"{task.name}(" in check(root)
    expect(root).to_have_attribute("data-verdict", "wrong")
    expect(met).to_be_hidden()
    put_code(root, task.solution)
    assert check(root).startswith("Done. ")
    expect(root).to_have_attribute("data-verdict", "right")
    expect(met).to_be_visible()
    root.locator(".nh-answer summary").click()
    assert root.locator(".nh-answer pre").inner_text().strip() == task.solution.strip()


def test_a_right_prediction_is_told_so(open_page: Callable[..., Page], homes: dict[str, str]) -> None:
    page = open_page(homes[LAB])
    task = dict(named_tasks(LAB))["predict-1"]
    assert isinstance(task, Predict)
    root = task_of(page, "predict-1")
    root.get_by_role("radio").nth(task.answer).check()
    root.get_by_role("button", name="Commit").click()
    expect(root.locator(".nh-verdict")).to_have_text("Right.")
    expect(root.locator(".nh-mark")).to_have_count(1)


def test_the_solution_of_a_goal_opens_after_its_hint_or_a_try(
    open_page: Callable[..., Page], homes: dict[str, str]
) -> None:
    page = open_page(homes[LAB])
    first, second = task_of(page, "reach-1"), task_of(page, "reach-2")
    for root in (first, second):
        root.locator(".nh-answer summary").click()
        expect(root.locator(".nh-verdict")).to_contain_text("First try it")
        assert not root.locator(".nh-answer").evaluate("one => one.open")
    first.locator(".nh-hint-text summary").click()
    first.locator(".nh-answer summary").click()
    expect(first.locator(".nh-answer code")).to_be_visible()
    Panel(page, LAB).run()
    second.locator(".nh-answer summary").click()
    expect(second.locator(".nh-answer code")).to_be_visible()


def test_without_scripts_answers_are_folded_and_no_button_is_shown(
    open_page: Callable[..., Page], homes: dict[str, str]
) -> None:
    page = open_page(homes[LAB], java_script_enabled=False)
    root = page.locator('[data-task="predict-1"]')
    root.locator(".nh-answer summary").click()
    expect(root.locator(".nh-answer strong")).to_be_visible()
    assert page.locator(".nh-acts:visible, .nh-code:visible").count() == 0


@pytest.fixture
def writing(open_page: Callable[..., Page], homes: dict[str, str]) -> Locator:
    """A task to write, in a page of its own."""
    return first_write(open_page(homes[LAB]))[0]


def test_an_error_names_the_readers_line_and_marks_it(writing: Locator) -> None:
    task = first_write(writing.page)[1]
    put_code(writing, f"import math\nprint('here')\n{task.solution}\nx = missing\n")
    line = task.solution.count("\n") + 4
    said = check(writing)
    assert said.startswith(f"Line {line}: NameError: name 'missing' is not defined")
    expect(writing.locator(".cm-line.nh-blamed")).to_have_text("x = missing")
    writing.get_by_role("button", name=f"Go to line {line}").click()
    expect(writing.locator(".cm-content")).to_be_focused()
    expect(writing.locator(".cm-activeLine").first).to_have_text("x = missing")
    writing.page.keyboard.type("#")
    expect(writing.locator(".nh-blamed")).to_have_count(0)
    put_code(writing, f"print('here')\n{task.wrong}")
    assert "It printed:\nhere" in check(writing)


def test_an_endless_loop_is_stopped_by_the_reader_and_python_goes_on(writing: Locator) -> None:
    task = first_write(writing.page)[1]
    put_code(writing, task.wrong)
    check(writing)  # Python is there
    put_code(writing, "while True:\n    pass\n")
    writing.get_by_role("button", name="Check").click()
    stop = writing.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    expect(writing.locator(".nh-verdict")).to_have_text("Checking …", timeout=20_000)
    took = stop.evaluate("""async button => {
      const verdict = button.closest('li').querySelector('.nh-verdict');
      const begun = performance.now();
      button.click();
      while (verdict.textContent !== 'Stopped.') await new Promise(next => requestAnimationFrame(next));
      return performance.now() - begun;
    }""")
    assert took < 100
    expect(stop).to_be_hidden()
    put_code(writing, task.solution)
    assert check(writing).startswith("Done.")


def test_an_endless_loop_ends_by_itself(open_page: Callable[..., Page], homes: dict[str, str]) -> None:
    def hurried(context: BrowserContext) -> None:
        context.add_init_script(HURRY)

    root = first_write(open_page(homes[LAB], hurried))[0]
    put_code(root, "n = 1\nwhile n:\n    n += 1\n")
    assert check(root).startswith("Stopped after 10 s: your code does not come to an end")


def test_the_editor_is_no_keyboard_trap_and_says_how_its_keys_work(writing: Locator) -> None:
    page = writing.page
    writing.locator("textarea").focus()
    content = writing.locator(".cm-content")
    expect(content).to_be_focused()
    assert "Tab leaves the editor" in writing.locator(f"#{content.get_attribute('aria-describedby')}").inner_text()
    before = text_in(writing)
    page.keyboard.press("Tab")
    expect(writing.get_by_role("button", name="Check")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(content).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(content).not_to_be_focused()
    assert text_in(writing) == before
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("def latency(call):\nreturn missing")
    assert text_in(writing) == "def latency(call):\n    return missing"
    page.keyboard.press("ControlOrMeta+Enter")
    assert answered(writing).startswith("Line 2: NameError")


def test_a_reset_can_be_undone_and_a_draft_is_still_there_after_a_reload(writing: Locator) -> None:
    page, task = writing.page, first_write(writing.page)[1]
    put_code(writing, "x = 1\n")
    writing.get_by_role("button", name="Reset to the start").click()
    assert text_in(writing) == task.start
    writing.get_by_role("button", name="Undo the reset").click()
    assert text_in(writing) == "x = 1\n"
    expect(writing.get_by_role("button", name="Reset to the start")).to_be_visible()
    page.reload()
    expect(first_write(page)[0].locator("textarea")).to_have_value("x = 1\n")


@pytest.mark.expects_errors
def test_without_the_editors_code_the_plain_field_does_as_well(
    open_page: Callable[..., Page], homes: dict[str, str]
) -> None:
    def blocked(context: BrowserContext) -> None:
        context.route("**/editor.source*", lambda route: route.abort())

    root, task = first_write(open_page(homes[LAB], blocked))
    field = root.locator("textarea")
    field.fill(task.wrong)
    field.press("ControlOrMeta+Enter")
    assert f"{task.name}(" in answered(root)
    field.fill("x = 1\nx = missing\n")
    assert check(root).startswith("Line 2: NameError")
    root.get_by_role("button", name="Go to line 2").click()
    expect(field).to_be_focused()
    assert field.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)") == "x = missing"
    assert field.get_attribute("aria-invalid") == "true"
    field.fill(task.solution)
    assert check(root).startswith("Done.")


def test_where_nothing_can_be_kept_a_task_says_so_once(open_page: Callable[..., Page], homes: dict[str, str]) -> None:
    def denied(context: BrowserContext) -> None:
        context.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); }")

    page = open_page(homes[LAB], denied)
    for name in ("predict-1", "predict-2"):
        root = task_of(page, name)
        root.get_by_role("radio").first.check()
        root.get_by_role("button", name="Commit").click()
        expect(root.locator(".nh-answer")).to_be_visible()
    expect(page.locator(".nh-unkept")).to_have_count(1)
    expect(page.locator(".nh-unkept")).to_contain_text("will be lost")


SMALL = """() => [...document.querySelectorAll('nh-tasks button, nh-tasks summary, nh-tasks label:has(input), .nh-code button, .nh-code summary')]
  .filter(one => one.checkVisibility({visibilityProperty: true}) && one.getBoundingClientRect().height < 43.9)
  .map(one => one.outerHTML.slice(0, 100))"""


def test_tasks_fit_a_phone_and_a_finger(open_page: Callable[..., Page], homes: dict[str, str]) -> None:
    page = open_page(homes[LAB], viewport=PHONE, has_touch=True, is_mobile=True)
    root = first_write(page)[0]
    root.locator("textarea").tap()
    root.locator(".cm-content").wait_for()
    page.locator(".nh-code summary").first.tap()
    page.locator(".nh-code .cm-content").first.wait_for()
    sizes: Any = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert sizes[0] <= PHONE["width"]
    assert page.evaluate(SMALL) == []
