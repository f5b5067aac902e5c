"""One browser for all tests, and pages that fail a test on any console error or any request to another host."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from site_server import SiteServer
from tools.browser import launch_options

from labs_py import lab

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# A name that is not this machine's cannot even be looked up.
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lab_name" in metafunc.fixturenames:
        metafunc.parametrize("lab_name", lab.names())


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    options = launch_options()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=options["executable_path"], args=[*options["args"], NOWHERE])
        yield chromium
        chromium.close()


class Watch:
    """What went wrong in a context: errors, failed responses and foreign requests."""

    def __init__(self, context: BrowserContext, server: SiteServer) -> None:
        self.problems: list[str] = []
        context.on("request", lambda request: self._foreign(request.url, server.url))
        context.on("response", lambda response: response.status >= 400 and self.problems.append(f"HTTP {response.status} {response.url}"))
        context.on("console", lambda message: message.type == "error" and self.problems.append(message.text))
        context.on("weberror", lambda error: self.problems.append(str(error.error)))

    def _foreign(self, url: str, ours: str) -> None:
        if not url.startswith((ours, f"blob:{ours}", "data:")):
            self.problems.append(f"foreign request: {url}")

    def check(self, expected: tuple[str, ...] = ()) -> None:
        """Fail on what was not expected, and start afresh."""
        problems = [problem for problem in self.problems if not any(text in problem for text in expected)]
        self.problems.clear()
        assert not problems


@pytest.fixture
def open_page(browser: Browser, server: SiteServer, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens pages in contexts of their own, with empty caches; options are Playwright's of a context."""
    marker = request.node.get_closest_marker("expects_errors")
    contexts: list[tuple[BrowserContext, Watch]] = []

    def opened(address: str, prepare: Callable[[BrowserContext], None] | None = None, **options: Any) -> Page:
        context = browser.new_context(**({"viewport": WIDE} | options))
        context.set_default_timeout(20_000)
        contexts.append((context, Watch(context, server)))
        if prepare:
            prepare(context)
        page = context.new_page()
        page.goto(server.url + address)
        return page

    yield opened
    for context, watch in contexts:
        context.close()
        watch.check(marker.args if marker else ())


class Visit:
    """One long visit of a reader: a page that goes from lab to lab without loading anew, so that Python starts once."""

    def __init__(self, context: BrowserContext, server: SiteServer) -> None:
        self.context, self.server = context, server
        self.watch = Watch(context, server)
        self.workers: list[str] = []
        self.page = context.new_page()
        self.page.on("worker", lambda worker: self.workers.append(worker.url))
        self.page.goto(server.url)
        self.page.evaluate("window.sameVisit = true")

    def go(self, address: str) -> Page:
        """Follow a link to a page of the site."""
        url = self.server.url + address
        self.page.evaluate(
            "url => document.querySelector('article').insertAdjacentHTML('beforeend', `<a class='visit' href='${url}'>on</a>`)"
            " ?? document.querySelector('.visit:last-of-type').click()",
            url,
        )
        self.page.wait_for_url(url)
        self.page.wait_for_function("url => document.querySelector('link[rel=canonical]').href === url && !document.querySelector('.visit')", arg=url)
        return self.page


@pytest.fixture(scope="session")
def _visit(browser: Browser, server: SiteServer) -> Iterator[Visit]:
    context = browser.new_context(viewport=WIDE)
    context.set_default_timeout(20_000)
    yield Visit(context, server)
    context.close()


@pytest.fixture
def visit(_visit: Visit, request: pytest.FixtureRequest) -> Iterator[Visit]:
    yield _visit
    marker = request.node.get_closest_marker("expects_errors")
    _visit.watch.check(marker.args if marker else ())
