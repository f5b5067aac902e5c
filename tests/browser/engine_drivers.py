"""One hand for three engines: opens a page, calls functions in it, presses what is there, and tells what went wrong."""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Page
from selenium.webdriver.common.by import By
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service
from selenium.webdriver.webkitgtk.webdriver import WebDriver

from tools.engines import WebKit

FIREFOX_DRIVER = Path(__file__).with_name("firefox_driver.mjs")


class Driver(Protocol):
    """A page of some browser."""

    def open(self, url: str) -> None:
        """Load a page."""

    def ask(self, function: str, *values: object) -> Any:
        """Call a function of JavaScript in the page; values and answer are JSON, a promise is awaited."""

    def press(self, selector: str) -> None:
        """Click in the middle of an element, as a reader does."""

    def troubles(self) -> list[str]:
        """Console errors, failed responses and foreign requests since the last time."""


class PlaywrightDriver:
    """WebKit, where Playwright has its own."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._home = ""
        self._troubles: list[str] = []
        page.context.on("console", lambda message: message.type == "error" and self._troubles.append(message.text))
        page.context.on("weberror", lambda error: self._troubles.append(str(error.error)))
        page.context.on(
            "response",
            lambda response: response.status >= 400 and self._troubles.append(f"{response.status} {response.url}"),
        )
        page.context.on(
            "request",
            lambda request: (
                request.url.startswith((self._home, f"blob:{self._home}", "data:"))
                or self._troubles.append(request.url)
            ),
        )

    def open(self, url: str) -> None:
        self._home = url
        self._page.goto(url)

    def ask(self, function: str, *values: object) -> Any:
        return self._page.evaluate(f"values => ({function})(...values)", list(values))

    def press(self, selector: str) -> None:
        self._page.locator(selector).first.click()

    def troubles(self) -> list[str]:
        found = list(self._troubles)
        self._troubles.clear()
        return found


class FirefoxDriver:
    """A stock Firefox behind a Node process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def _tell(self, command: str, *values: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps([command, *values])}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the driver of Firefox must answer, got nothing: {command} {values}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{answer['error']} in {command} {values}")
        return answer.get("value")

    def open(self, url: str) -> None:
        self._tell("open", url)

    def ask(self, function: str, *values: object) -> Any:
        return self._tell("ask", function, values)

    def press(self, selector: str) -> None:
        self._tell("press", selector)

    def troubles(self) -> list[str]:
        found: list[str] = self._tell("troubles")
        return found


class WebKitDriver:
    """WebKitGTK. Its driver tells nothing of the console, so the page listens to itself from when it is open."""

    LISTEN = """() => {
      window.troubles = [];
      const error = console.error;
      console.error = (...words) => { window.troubles.push(words.join(" ")); error.apply(console, words); };
      addEventListener("error", ({ message }) => window.troubles.push(message));
      addEventListener("unhandledrejection", ({ reason }) => window.troubles.push(String(reason)));
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => window.troubles.push(`${violatedDirective} ${blockedURI}`));
    }"""

    def __init__(self, remote: WebDriver) -> None:
        self._remote = remote

    def open(self, url: str) -> None:
        self._remote.get(url)
        self.ask(self.LISTEN)

    def ask(self, function: str, *values: object) -> Any:
        return self._remote.execute_script(f"return ({function})(...arguments)", *values)  # type: ignore[no-untyped-call]

    def press(self, selector: str) -> None:
        # It scrolls only as far as needed, and then the site's header lies above what is to be pressed.
        self.ask("selector => document.querySelector(selector).scrollIntoView({ block: 'center' })", selector)
        self._remote.find_element(By.CSS_SELECTOR, selector).click()

    def troubles(self) -> list[str]:
        found: list[str] = self.ask("() => window.troubles.splice(0)")
        return found


@contextmanager
def firefox_driver(path: Path) -> Iterator[FirefoxDriver]:
    node = Path(sys.executable).with_name("node")
    with subprocess.Popen(
        [str(node), str(FIREFOX_DRIVER), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield FirefoxDriver(process)
        process.communicate(timeout=20)  # the end of its commands is the end of the browser


@contextmanager
def screen(path: Path | None) -> Iterator[str]:
    """The number of a screen that nobody sees, or that of the one that is there."""
    if path is None:
        yield os.environ["DISPLAY"]
        return
    reading, writing = os.pipe()
    command = [str(path), "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        try:
            with os.fdopen(reading) as numbers:
                yield f":{numbers.readline().strip()}"
        finally:
            process.terminate()


@contextmanager
def webkit_driver(found: WebKit) -> Iterator[WebKitDriver]:
    options = Options()
    options.binary_location = str(found.browser)
    options.add_argument("--automation")
    with screen(found.screen) as display:
        service = Service(str(found.driver), log_output=subprocess.DEVNULL, env=os.environ | {"DISPLAY": display})
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # Selenium's own, of how this class of it makes its base
            remote = WebDriver(options, service)
        try:
            remote.set_window_size(1280, 900)
            yield WebKitDriver(remote)
        finally:
            remote.quit()
