"""A visit from page to page, and a site that does not stand at the root of its host."""

from collections.abc import Callable

from conftest import Visit, Watch
from panel_driver import Panel
from playwright.sync_api import Browser, Page
from site_server import SUB_PATH, SiteServer

from labs_py import lab
from labs_py.replications import Replications


def python_workers(visit: Visit) -> int:
    return sum(url.startswith("blob:") for url in visit.workers)


def test_one_python_serves_the_whole_visit(visit: Visit, homes: dict[str, str]) -> None:
    before = python_workers(visit)
    for name in ("weakest_link", "hop_latency", "tail_at_scale", "failure_isolation"):
        assert not isinstance(lab.load(name).begun({}), Replications)  # those may use one for each processor
        Panel(visit.go(homes[name]), name).run()
    assert visit.page.evaluate("window.sameVisit")
    assert python_workers(visit) - before <= 2  # with the spare, which waits beside it


def test_an_answer_to_a_panel_that_has_gone_is_ignored(visit: Visit, homes: dict[str, str]) -> None:
    one, other = list(homes)[:2]
    panel = Panel(visit.go(homes[one]), one)
    panel.run_button.click()
    panel = Panel(visit.go(homes[other]), other)
    built = panel.text()
    visit.page.wait_for_timeout(500)
    assert panel.text() == built
    panel.run()
    assert panel.text() == built


def test_the_guard_of_these_tests_sees_what_pages_and_workers_do(
    browser: Browser, server: SiteServer, homes: dict[str, str]
) -> None:
    name, address = next(iter(homes.items()))
    context = browser.new_context(bypass_csp=True)
    watch = Watch(context, server)
    page = context.new_page()
    reach_out = b"fetch('http://192.0.2.1/worker').catch(() => console.error('from the worker'));"
    with server.changed("assets/worker.js", lambda script: reach_out + script):
        page.goto(server.url + address)
        page.evaluate("fetch('http://192.0.2.1/page').catch(() => console.error('from the page'))")
        Panel(page, name).run()
    context.close()
    assert {"http://192.0.2.1/page", "http://192.0.2.1/worker"} <= set(watch.foreign)
    assert {"from the page", "from the worker"} <= set(watch.errors)


def test_a_site_under_a_sub_path_works(open_page: Callable[..., Page], homes: dict[str, str]) -> None:
    name, address = next(iter(homes.items()))
    panel = Panel(open_page(SUB_PATH + address), name)
    built = panel.text()
    panel.run()
    assert panel.text() == built
