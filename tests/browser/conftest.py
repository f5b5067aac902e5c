"""One browser for all tests, and pages that fail a test on any console error or any request to another host."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from site_server import ADDRESS, SiteServer

from labs_py import lab
from tools import lab_pages
from tools.browser import launch_options

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# Playwright's own 5 s are little on a machine with other work, and what comes at once costs nothing more.
expect.set_options(timeout=20_000)
# A name that is not this machine's cannot even be looked up.
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
# The workers that run Python, each with what it has said.
KEEP_WORKERS = """window.workers = [];
  window.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      if (!options?.name?.endsWith('/worker.js')) return;
      workers.push(this);
      this.said = [];
      this.addEventListener('message', ({ data }) => this.said.push(data));
    }
  };"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a test of this folder try once more: on a machine with other work a page can come late for reasons that are not ours."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lab_name" in metafunc.fixturenames:
        metafunc.parametrize("lab_name", lab.names())


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    options = launch_options()
    chromium = playwright.chromium.launch(executable_path=options["executable_path"], args=[*options["args"], NOWHERE])
    yield chromium
    chromium.close()


def keep_workers(context: BrowserContext) -> None:
    """Let the pages of a context hold their workers in `workers`."""
    context.add_init_script(KEEP_WORKERS)


class Watch:
    """What went wrong in a context: foreign requests, and errors of every kind."""

    def __init__(self, context: BrowserContext, server: SiteServer) -> None:
        self.foreign: list[str] = []
        self.errors: list[str] = []
        ours = (server.url, f"blob:{server.url}", "data:")
        context.on("request", lambda request: request.url.startswith(ours) or self.foreign.append(request.url))
        context.on("response", lambda response: response.status >= 400 and self.errors.append(response.url))
        context.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def check(self, request: pytest.FixtureRequest) -> None:
        """Fail on anything that the test does not expect, and start afresh."""
        errors = [] if request.node.get_closest_marker("expects_errors") else list(self.errors)
        foreign = list(self.foreign)
        self.errors.clear()
        self.foreign.clear()
        assert (errors, foreign) == ([], [])


@pytest.fixture
def open_page(browser: Browser, server: SiteServer, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens pages in contexts of their own, with empty caches; options are Playwright's of a context."""
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
        watch.check(request)


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
        """Follow a link to a page of the site, by way of another one if the page is there already."""
        url = self.server.url + address
        if self.page.url.partition("#")[0] == url:  # the theme writes the heading in view into the address
            self.go("glossary/" if address == "" else "")
        self.page.evaluate(
            "url => document.querySelector('article').insertAdjacentHTML('beforeend', `<a class='visit' href='${url}'>on</a>`)"
            " ?? document.querySelector('.visit:last-of-type').click()",
            url,
        )
        self.page.wait_for_url(url)
        # Polled from here: a function to wait for would be evaluated in the page, which its policy forbids.
        expect(self.page.locator("link[rel=canonical]")).to_have_attribute("href", ADDRESS + address, timeout=20_000)
        expect(self.page.locator(".visit")).to_have_count(0)
        # Panels come alive one after another, and what they add moves what is below them.
        expect(self.page.locator("lab-panel:not([data-live])")).to_have_count(0, timeout=20_000)
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
    _visit.watch.check(request)


@pytest.fixture(scope="session")
def homes(server: SiteServer) -> dict[str, str]:
    """The address of the page where each lab has its own panel."""
    return lab_pages.homes(server.folder)
