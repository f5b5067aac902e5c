"""The journey of a reader through every lab in the engines that this machine has beside Chromium: Firefox, WebKit.

In Chromium, test_live_panels makes it, and test_waking sees how Python starts.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from conftest import WIDE
from engine_drivers import Driver, PlaywrightDriver, firefox_driver, webkit_driver
from playwright.sync_api import Browser, Playwright
from site_server import ADDRESS, SiteServer

from tools import engines
from tools.browser import NoBrowserError

PATIENCE = 60  # seconds, for Python to start and answer; it takes three
PANEL = 'lab-panel[name="{}"]'

GO = """address => {
  const link = document.createElement("a");
  link.href = new URL(address, document.baseURI).href;
  document.querySelector("article").append(link);
  link.click();
}"""
# Without the buttons beside it, and only when each figure has its variant for the other width too.
RESULT = """panel => {
  const output = document.querySelector(panel + " .nh-output");
  if ([...output.querySelectorAll(".nh-plot")].some(plot => plot.querySelectorAll("svg").length === 1)) return null;
  const copy = output.cloneNode(true);
  for (const button of copy.querySelectorAll(".nh-take")) button.remove();
  return copy.textContent;
}"""
SAID = """panel => ["status", "error"].map(part => document.querySelector(`${panel} .nh-${part}`).textContent)"""
FORGET = """panel => { document.querySelector(panel + " .nh-status").textContent = "" }"""
DRAWN = """panel => [...document.querySelectorAll(panel + " .nh-plot")].map(plot => [...plot.querySelectorAll("svg")]
  .filter(svg => svg.checkVisibility() && svg.getBoundingClientRect().height > 50 && svg.querySelector("path, rect, line, text")).length)"""
CONTROLS = """panel => [...document.querySelectorAll(panel + " .nh-form [name]")].map(({ name, type, checked, value, min, max, options }) =>
  ({ name, type, value: type === "checkbox" ? checked : value, min, max, options: [...(options ?? [])].map(({ value }) => value) }))"""
SET = """(panel, name, value) => {
  const control = document.querySelector(`${panel} .nh-form [name="${name}"]`);
  if (control.type === "checkbox") control.checked = value;
  else control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
}"""


class Journey:
    """One visit of the site in one engine, from lab to lab without loading a page anew."""

    def __init__(self, driver: Driver, server: SiteServer) -> None:
        self.driver, self.server = driver, server
        self.before = len(server.asked)
        driver.open(server.url)
        driver.ask("() => { window.sameVisit = true }")

    def until(self, function: str, *values: object, seconds: float = 10) -> Any:
        """What a function answers as soon as that is something."""
        end = time.monotonic() + seconds
        while not (answer := self.driver.ask(function, *values)):
            assert time.monotonic() < end, (function, values, self.driver.troubles())
            time.sleep(0.05)
        return answer

    def go(self, address: str) -> None:
        url = self.server.url + address
        if self.driver.ask("() => location.href.split('#')[0]") != url:
            self.driver.ask(GO, url)
        self.until("url => document.querySelector('link[rel=canonical]').href === url", ADDRESS + address)

    def settled(self, panel: str) -> str:
        """The text of the result that Python has answered with."""
        end = time.monotonic() + PATIENCE
        while True:
            status, error = self.driver.ask(SAID, panel)
            assert not error, error
            if "Updated in" in status:
                break
            assert time.monotonic() < end, (status, self.driver.troubles())
            time.sleep(0.05)
        return self.result(panel)

    def result(self, panel: str) -> str:
        return str(self.until(RESULT, panel))

    def other_values(self, panel: str) -> Iterator[tuple[str, object]]:
        """For each control, a value that it does not have."""
        for control in self.driver.ask(CONTROLS, panel):
            value = control["value"]
            if control["type"] == "checkbox":
                yield control["name"], not value
            elif control["type"] == "number":
                yield control["name"], control["min"] if control["min"] != value else control["max"]
            else:
                others = [option for option in control["options"] if option not in (value, "@file")]
                yield from ((control["name"], other) for other in others[:1])


def opened(engine: str, playwright: Playwright, stack: ExitStack) -> Driver:
    """A page in an engine.

    Raises:
        NoBrowserError: this machine has none.
    """
    if engine == "firefox":
        return stack.enter_context(firefox_driver(engines.firefox()))
    if not Path(playwright.webkit.executable_path).exists():
        return stack.enter_context(webkit_driver(engines.webkit()))
    browser = stack.enter_context(playwright.webkit.launch())
    return PlaywrightDriver(stack.enter_context(browser.new_context(viewport=WIDE)).new_page())


@pytest.fixture(scope="module", params=["firefox", "webkit"])
def journey(request: pytest.FixtureRequest, playwright: Playwright, server: SiteServer) -> Iterator[Journey]:
    with ExitStack() as stack:
        try:
            driver = opened(request.param, playwright, stack)
        except NoBrowserError as error:
            pytest.skip(str(error))
        yield Journey(driver, server)


def test_the_journey_through_a_lab(journey: Journey, homes: dict[str, str], lab_name: str) -> None:
    driver, panel = journey.driver, PANEL.format(lab_name)
    journey.go(homes[lab_name])
    journey.until("panel => document.querySelector(panel)?.dataset.live !== undefined", panel)
    built = journey.result(panel)
    figures = driver.ask(DRAWN, panel)
    assert len(built) > 100
    assert set(figures) <= {1}

    driver.ask(FORGET, panel)
    driver.press(f"{panel} .nh-form [type=submit]")
    assert journey.settled(panel) == built
    assert driver.ask(DRAWN, panel) == figures

    for name, value in journey.other_values(panel):
        driver.ask(FORGET, panel)
        driver.ask(SET, panel, name, value)
        if journey.settled(panel) != built:
            break
    else:
        pytest.fail("no setting changes the result")
    assert set(driver.ask(DRAWN, panel)) <= {1}

    driver.press(f"{panel} .nh-form [type=reset]")
    assert journey.result(panel) == built
    assert driver.ask(DRAWN, panel) == figures
    assert driver.ask("() => window.sameVisit")
    assert driver.troubles() == []


def test_python_wakes_from_its_snapshot(journey: Journey, homes: dict[str, str]) -> None:
    name, address = next(iter(homes.items()))
    panel = PANEL.format(name)
    journey.go(address)
    journey.until("panel => document.querySelector(panel)?.dataset.live !== undefined", panel)
    journey.driver.ask(FORGET, panel)
    journey.driver.press(f"{panel} .nh-form [type=submit]")
    journey.settled(panel)
    asked = journey.server.asked[journey.before :]
    assert any(path.endswith("python.snapshot") for path in asked)
    assert not any(path.endswith("python_stdlib.zip") for path in asked)
    assert journey.driver.troubles() == []


def test_run_pressed_before_the_scripts_are_there_leaves_the_page_as_it_is(
    browser: Browser, server: SiteServer, homes: dict[str, str]
) -> None:
    with browser.new_context() as context, server.changed("assets/course.js", lambda _: None):
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(server.url + homes["tail_at_scale"])
        number = page.locator("lab-panel .nh-form [type=number]").first
        number.fill("7")
        page.locator("lab-panel .nh-form [type=submit]").first.click()
        page.wait_for_timeout(300)
        assert page.url.partition("#")[0] == server.url + homes["tail_at_scale"]
        assert number.input_value() == "7"
        assert [text for text in said if "form-action" in text] == []  # not even tried
