"""Panels in a long visit: the live result is the built one, follows the controls, and can be reached by keyboard."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Visit
from panel_driver import Panel
from PIL import Image, ImageChops
from playwright.sync_api import Locator, expect

from labs_py import lab
from labs_py.exercise import Reach, Task
from labs_py.parameter import Range

ASSETS = Path(__file__).parents[2] / "docs" / "assets"


@pytest.fixture
def panel(visit: Visit, homes: dict[str, str], lab_name: str) -> Panel:
    return Panel(visit.go(homes[lab_name]), lab_name)


def picture(plot: Locator) -> Image.Image:
    plot.page.mouse.move(0, 0)
    # What is above may still move, or have become a fraction of a pixel taller, and lines between two pixels look otherwise.
    # In the middle, where the theme's header does not cover it.
    plot.evaluate("element => element.scrollIntoView({ block: 'center', behavior: 'instant' })")
    place = -1.0
    while place != (place := plot.evaluate("element => element.getBoundingClientRect().y + scrollY")):
        plot.page.wait_for_timeout(100)
    plot.evaluate("""element => {
      element.style.cssText = "position: relative; top: 0";
      const { y } = element.getBoundingClientRect();
      element.style.top = `${Math.ceil(y) - y}px`;
    }""")
    return Image.open(io.BytesIO(plot.screenshot(animations="disabled"))).convert("RGB")


# The result without what the page adds to it, and what the lab says in Python, each as HTML.
SAME = """(output, html) => {
  const [live, built] = [output.cloneNode(true), new DOMParser().parseFromString(html, 'text/html').body];
  live.querySelectorAll('.nh-take').forEach(row => row.remove());
  live.querySelectorAll('.nh-player').forEach(player => player.replaceChildren());
  live.querySelectorAll('.nh-plot').forEach(plot => plot.replaceChildren());
  return [live.innerHTML, built.innerHTML];
}"""


def test_a_panel_in_a_readers_hands(panel: Panel, visit: Visit, lab_name: str) -> None:
    """In one visit, because to go to a page costs as much as most of what is done there."""
    the_live_answer_at_the_built_in_settings_is_the_built_one(panel, lab_name)
    every_control_is_reached_by_keyboard_and_left_again(panel)
    a_changed_control_changes_the_result_and_reset_brings_the_built_one_back(panel)
    an_arrow_key_on_a_slider_moves_the_number_and_the_result_and_keeps_focus(panel)
    a_goal_is_marked_when_a_run_reaches_it_and_not_before(panel, lab_name)
    assert visit.page.evaluate("window.sameVisit")


def the_live_answer_at_the_built_in_settings_is_the_built_one(panel: Panel, lab_name: str) -> None:
    plots = panel.root.locator(".nh-plot")
    text, pictures = panel.text(), [picture(plot) for plot in plots.all()]
    panel.output.evaluate("element => element.firstElementChild.dataset.built = ''")
    panel.run()
    assert panel.root.locator("[data-built]").count() == 0
    assert panel.text() == text
    expect(panel.status).to_contain_text("Your machine got the same result as the build.")
    shown, said = panel.output.evaluate(SAME, lab.load(lab_name).report({}).html())
    assert shown == said
    live = [picture(plot) for plot in plots.all()]
    assert [image.size for image in live] == [image.size for image in pictures]
    for one, other in zip(pictures, live, strict=True):
        different = ImageChops.difference(one, other).convert("L").point(lambda value: 255 * (value > 48))
        assert different.histogram()[255] / (one.width * one.height) < 0.005


# For each figure, how many of its variants are seen and hold a drawing.
DRAWN = """output => [...output.querySelectorAll('.nh-plot')].map(plot => [...plot.querySelectorAll('svg')]
  .filter(svg => svg.checkVisibility() && svg.getBoundingClientRect().height > 50 && svg.querySelector('path, rect, line, text')).length)"""


def a_changed_control_changes_the_result_and_reset_brings_the_built_one_back(panel: Panel) -> None:
    built = panel.text()
    values = panel.root.locator("[name]").evaluate_all(
        "all => all.map(one => one.type === 'checkbox' ? one.checked : one.value)"
    )
    assert panel.try_other_values()
    assert set(panel.output.evaluate(DRAWN)) <= {1}
    panel.root.get_by_role("button", name="Reset").click()
    assert panel.text() == built
    assert (
        panel.root.locator("[name]").evaluate_all(
            "all => all.map(one => one.type === 'checkbox' ? one.checked : one.value)"
        )
        == values
    )


def named_tasks(lab_name: str) -> list[tuple[str, Task]]:
    item = lab.load(lab_name)
    return list(zip(item.task_names, item.tasks, strict=True))


def a_goal_is_marked_when_a_run_reaches_it_and_not_before(panel: Panel, lab_name: str) -> None:
    for name, task in named_tasks(lab_name):
        if isinstance(task, Reach):
            mark = panel.page.locator(f'.nh-tasks[data-lab="{lab_name}"] [data-task="{name}"] .nh-met')
            if not mark.count():
                continue  # a panel inside a lesson may stand without its tasks
            for settings, reached in ((task.wrong, False), (task.solution, True)):
                panel.root.get_by_role("button", name="Reset").click()
                panel.run_with(settings)
                expect(mark).to_be_visible(visible=reached)


FOCUSED = """panel => {
  const one = document.activeElement;
  return [panel.contains(one), one.name || one.textContent, getComputedStyle(one).outlineStyle];
}"""


def every_control_is_reached_by_keyboard_and_left_again(panel: Panel) -> None:
    wanted = set(
        panel.root.locator("[name]:visible, .nh-form button:visible, summary:visible").evaluate_all(
            "all => all.map(one => one.name || one.textContent)"
        )
    )
    panel.root.evaluate("element => { element.tabIndex = -1; element.focus(); }")
    reached = set()
    for _ in range(60):
        panel.page.keyboard.press("Tab")
        inside, name, outline = panel.root.evaluate(FOCUSED)
        if not inside:
            break
        reached.add(name)
        assert outline != "none", name
    assert not inside
    assert wanted <= reached


def an_arrow_key_on_a_slider_moves_the_number_and_the_result_and_keeps_focus(panel: Panel) -> None:
    sliders = panel.root.locator("input[type=range]")
    if not sliders.count():
        assert not panel.root.locator("input[type=number]").count()
        return
    slider = sliders.first
    field = panel.root.locator(f'[id="{slider.get_attribute("data-slider")}"]')
    before = field.input_value()
    panel.forget()
    slider.focus()
    at_end = slider.evaluate("element => element.value === element.max")
    panel.page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
    assert field.input_value() != before
    panel.settled()
    assert slider.evaluate("element => element === document.activeElement")
    assert slider.get_attribute("aria-valuetext", timeout=1000).startswith(field.input_value())  # type: ignore[union-attr]
    panel.root.get_by_role("button", name="Reset").click()


def test_a_machine_that_gets_another_result_than_the_build_says_so(visit: Visit, homes: dict[str, str]) -> None:
    panel = Panel(visit.go(homes["weakest_link"]), "weakest_link")
    panel.root.evaluate("element => element.dataset.stamp = element.dataset.stamp.split('').reverse().join('')")
    panel.run()
    expect(panel.status).to_contain_text("Your machine got another result than the build did")


def test_the_latest_of_many_quick_changes_wins(visit: Visit, homes: dict[str, str]) -> None:
    panel = Panel(visit.go(homes["tail_at_scale"]), "tail_at_scale")
    for value in (3, 30, 300, 7):
        panel.control("fan_out").evaluate(
            "(field, value) => { field.value = value; field.dispatchEvent(new Event('change', {bubbles: true})) }",
            value,
        )
    panel.settled()
    expected = lab.load("tail_at_scale").report({"fan_out": "7"})
    expect(panel.output.locator(".nh-takeaway")).to_have_text(expected.takeaway)


def test_a_number_outside_its_range_is_refused_beside_the_result_that_was_there(
    visit: Visit, homes: dict[str, str]
) -> None:
    panel = Panel(visit.go(homes["tail_at_scale"]), "tail_at_scale")
    built = panel.text()
    panel.control("fan_out").fill("0")
    assert "fan_out must be a whole number from 1 to 2000, got '0'" in panel.refused()
    assert panel.control("fan_out").get_attribute("aria-invalid") == "true"
    assert panel.text() == built
    panel.control("fan_out").fill("8")
    panel.settled()
    expect(panel.error).to_be_hidden()
    assert panel.control("fan_out").get_attribute("aria-invalid") is None


def test_open_tables_and_focus_survive_a_new_result(visit: Visit, homes: dict[str, str]) -> None:
    panel = Panel(visit.go(homes["tail_at_scale"]), "tail_at_scale")
    summary = panel.output.locator("summary").first
    summary.click()
    panel.forget()
    panel.control("fan_out").evaluate(
        "field => { field.value = 9; field.dispatchEvent(new Event('change', {bubbles: true})) }"
    )
    panel.settled()
    assert panel.output.locator("details").first.evaluate("element => element.open")
    assert summary.evaluate("element => element === document.activeElement")


STOPS = """const { stops } = await import(process.argv[1]);
const asked = JSON.parse(process.argv[2]);
console.log(JSON.stringify(asked.map(([low, high, scale, step, whole]) => stops(low, high, scale, step ?? undefined, whole).map(String))));
"""


def test_every_stop_of_a_slider_is_a_value_that_the_lab_accepts() -> None:
    """In Node, because the built site has no module of its own for it."""
    ranges = [
        (name, item) for name in lab.names() for item in lab.load(name).parameters if isinstance(item.kind, Range)
    ]
    asked = [[i.kind.low, i.kind.high, i.kind.scale, i.kind.step, i.whole] for _, i in ranges]
    node = Path(sys.executable).with_name("node")
    command = [node, "--input-type=module", "--eval", STOPS, (ASSETS / "slider.js").as_uri(), json.dumps(asked)]
    stops = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    for (name, item), texts in zip(ranges, stops, strict=True):
        values = [item.kind.parse(item.name, text, item.whole) for text in texts]
        assert values == sorted(set(values)), (name, item.name)
        assert (values[0], values[-1]) == (item.kind.low, item.kind.high), (name, item.name)
        assert len(values) <= 1001, (name, item.name)
