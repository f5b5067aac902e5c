"""Long runs: progress, partial results and Stop; workers that share the work, die, or run out of memory; and the spare that waits."""

import re
from collections.abc import Callable

import pytest
from conftest import keep_workers
from panel_driver import Panel, first
from playwright.sync_api import BrowserContext, Page, expect
from site_server import SiteServer

from labs_py import lab

LAB = "sampling"
SLOW = first("'replication' in asked and __import__('time').sleep(0.3)")
TEN = {"samples": "2500000"}
EACH = 250_000
STATUSES = """panel => {
  panel.heard = [];
  const status = panel.querySelector('.nh-status');
  new MutationObserver(() => panel.heard.push(status.textContent)).observe(status, {childList: true, characterData: true, subtree: true});
}"""


@pytest.fixture
def panel_at(open_page: Callable[..., Page], homes: dict[str, str]) -> Callable[..., Panel]:
    def opened(processors: int = 3) -> Panel:
        def prepare(context: BrowserContext) -> None:
            keep_workers(context)
            context.add_init_script(f"Object.defineProperty(navigator, 'hardwareConcurrency', {{value: {processors}}})")

        return Panel(open_page(homes[LAB], prepare), LAB)

    return opened


def begin(panel: Panel) -> None:
    """Begin ten slow replications, and wait until a first part of the result is there."""
    panel.control("samples").fill(TEN["samples"])
    expect(panel.output.locator(".nh-takeaway")).to_contain_text(
        re.compile("After (250|500|750),000 requests"), timeout=40_000
    )


def requests_shown(panel: Panel) -> int:
    found = re.match(r"After ([\d,]+) requests", panel.output.locator(".nh-takeaway").inner_text())
    assert found
    return int(found[1].replace(",", ""))


def whole(panel: Panel) -> None:
    """Assert that the panel shows what plain Python gets, tables included."""
    panel.settled()
    report = lab.load(LAB).report(TEN)
    assert panel.output.locator(".nh-takeaway").inner_text().replace("\u00a0", " ") == report.takeaway
    cells = panel.output.locator(".nh-twin td, .nh-twin th[scope=row]").all_text_contents()
    rows = [cell for figure in report.figures for row in figure.table.rows for cell in row]
    assert [cell.replace("\u00a0", " ") for cell in cells] == rows


@pytest.mark.parametrize(("processors", "workers"), [(1, 1), (2, 2), (5, 5)])
def test_the_result_does_not_depend_on_how_many_share_the_work(
    panel_at: Callable[..., Panel], server: SiteServer, processors: int, workers: int
) -> None:
    with server.changed("assets/worker.js", SLOW):
        panel = panel_at(processors)
        begin(panel)
        whole(panel)
        worked = "workers.filter(({said}) => said.some(({kind, text}) => kind === 'reply' && text.includes('result'))).length"
        assert panel.page.evaluate(worked) == workers


def test_while_it_runs_progress_and_partial_results_are_shown_and_few_words_said(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    with server.changed("assets/worker.js", SLOW):
        panel = panel_at(2)
        panel.root.evaluate(STATUSES)
        begin(panel)
        bar = panel.root.get_by_role("progressbar", name="Replications done")
        expect(bar).to_be_visible()
        assert bar.get_attribute("max") == "10"
        expect(panel.root.locator(".nh-meter")).to_contain_text(re.compile(r"\d of 10, \d+ s left"))
        first_part = requests_shown(panel)
        seen = set()
        while panel.root.locator(".nh-meter").is_visible():
            seen.add(requests_shown(panel))
            panel.page.wait_for_timeout(50)
        whole(panel)
    assert first_part % EACH == 0
    assert len(seen) >= 2
    assert all(part % EACH == 0 for part in seen)
    assert len(panel.root.evaluate("panel => panel.heard")) <= 8


def test_stop_keeps_the_partial_result_says_of_what_it_is_and_run_goes_on(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    with server.changed("assets/worker.js", SLOW):
        panel = panel_at()
        begin(panel)
        panel.root.get_by_role("button", name="Stop").click()
        expect(panel.status).to_contain_text("Stopped after")
        found = re.search(r"Stopped after (\d+) of 10 replications; the result is of these", panel.status.inner_text())
        assert found
        panel.page.wait_for_timeout(1_500)
        assert requests_shown(panel) == int(found[1]) * EACH
        expect(panel.root.locator(".nh-meter")).to_be_hidden()
        before = panel.page.evaluate("performance.now()")
        panel.run()
        assert panel.page.evaluate("performance.now()") > before
        whole(panel)


def test_newer_settings_end_a_long_run_at_once(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    with server.changed("assets/worker.js", SLOW):
        panel = panel_at()
        begin(panel)
        panel.control("samples").fill("1000")
        expect(panel.output.locator(".nh-takeaway")).to_contain_text("After 1,000 requests")
        panel.settled()
        panel.page.wait_for_timeout(1_500)
        assert requests_shown(panel) == 1_000


def test_the_work_of_a_worker_that_dies_is_done_by_another(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    with server.changed("assets/worker.js", SLOW):
        panel = panel_at()
        begin(panel)
        expect_workers(panel, 3)
        panel.page.evaluate("workers[1].terminate()")
        whole(panel)
    expect(panel.error).to_be_hidden()


def expect_workers(panel: Panel, count: int) -> None:
    """Wait until so many Pythons have started."""
    ready = "workers.filter(({said}) => said.some(({kind}) => kind === 'ready')).length"
    for _ in range(400):
        if panel.page.evaluate(ready) >= count:
            return
        panel.page.wait_for_timeout(50)
    raise AssertionError(f"{panel.page.evaluate(ready)} workers, {count} expected")


def test_when_all_that_share_the_work_have_died_the_panel_says_so_and_goes_on_when_asked(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    with server.changed("assets/worker.js", SLOW):
        panel = panel_at()
        begin(panel)
        expect_workers(panel, 3)
        panel.page.evaluate("workers.slice(1).forEach(worker => worker.terminate())")
        assert "The browser ended Python" in panel.refused()
        assert requests_shown(panel) >= EACH
        panel.error.get_by_role("button", name="Try again").click()
        whole(panel)
    expect(panel.error).to_be_hidden()


def test_the_death_of_the_worker_that_sums_up_costs_nothing(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    with server.changed("assets/worker.js", SLOW):
        panel = panel_at()
        begin(panel)
        expect_workers(panel, 3)
        panel.page.evaluate("workers[0].terminate()")
        whole(panel)


def test_memory_that_runs_out_is_said_and_the_next_run_has_a_fresh_python(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    hungry = first("if asked.get('arguments', {}).get('samples') == '7000': raise MemoryError")
    with server.changed("assets/worker.js", hungry):
        panel = panel_at()
        panel.set({"samples": "2000"})
        shown = panel.text()
        panel.control("samples").fill("7000")
        assert "Python ran out of memory" in panel.refused()
        assert panel.text() == shown
        expect(panel.error.get_by_role("button", name="Try again")).to_be_visible()
        panel.set({"samples": "3000"})
    expect(panel.error).to_be_hidden()
    assert requests_shown(panel) == 3_000


def test_after_stop_the_spare_answers_and_nothing_is_started_first(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    endless = first("while asked.get('arguments', {}).get('samples') == '7000': pass")
    with server.changed("assets/worker.js", endless):
        panel = panel_at()
        panel.set({"samples": "2000"})
        expect_workers(panel, 2)
        panel.control("samples").fill("7000")
        panel.root.get_by_role("button", name="Stop").click()
        expect(panel.status).to_contain_text("Stopped")
        panel.set({"samples": "3000"})
        # Requests without a number import a lab ahead of its first use, as often as somebody points at its controls.
        replies = "workers.map(({said}) => said.filter(({kind, id}) => kind === 'reply' && id).length)"
        assert panel.page.evaluate(replies)[1] == 3  # how many replications, the one, and the sum of it


def test_little_memory_gets_no_second_python(open_page: Callable[..., Page], homes: dict[str, str]) -> None:
    def prepare(context: BrowserContext) -> None:
        keep_workers(context)
        context.add_init_script("Object.defineProperty(navigator, 'deviceMemory', {value: 2})")

    panel = Panel(open_page(homes[LAB], prepare), LAB)
    panel.set({"samples": "2000"})
    panel.page.wait_for_timeout(3_000)
    assert panel.page.evaluate("workers.length") == 1
