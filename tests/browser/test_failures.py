"""Sabotage: whatever breaks, the panel says what happened and what to do, and keeps the result that is there."""

import re
from collections.abc import Callable

import pytest
from conftest import keep_workers
from panel_driver import Panel, first
from playwright.sync_api import BrowserContext, Page, expect
from site_server import SiteServer, without_snapshot

LAB = "tail_at_scale"
ENDLESS = first("while asked.get('arguments', {}).get('fan_out') == '7': pass")
FAULTS: dict[str, tuple[str, Callable[[bytes], bytes | None], str]] = {
    "worker missing": ("assets/worker.js", lambda _: None, "The worker that runs Python could not be loaded"),
    "worker broken": ("assets/worker.js", lambda _: b"syntax error", "The worker that runs Python could not be loaded"),
    "manifest missing": (
        "pyodide/manifest.json",
        lambda _: None,
        "manifest.json could not be downloaded: the server answered 404",
    ),
    "loader missing": ("pyodide.mjs", lambda _: None, "pyodide.mjs could not be loaded"),
    "wasm missing": (
        "pyodide.asm.wasm",
        lambda _: None,
        "pyodide.asm.wasm could not be downloaded: the server answered 404",
    ),
    "wasm is a page": ("pyodide.asm.wasm", lambda _: b"<!doctype html>", "pyodide.asm.wasm is not WebAssembly"),
    "wasm cut short": ("pyodide.asm.wasm", lambda data: data[:100_000], "The site was not published whole"),
    "wasm garbled": (
        "pyodide.asm.wasm",
        lambda data: data[:8] + bytes(len(data) - 8),
        "WebAssembly could not be started",
    ),
}
PLAIN_FAULTS: dict[str, tuple[str, Callable[[bytes], bytes | None], str]] = {
    "library garbled": ("python_stdlib.zip", lambda data: bytes(len(data)), "Python could not start"),
    "lock missing": ("pyodide-lock.json", lambda _: None, "pyodide-lock.json could not be downloaded"),
    "wheel missing": (".whl", lambda _: None, ".whl could not be downloaded: the server answered 404"),
    "wheel garbled": (".whl", lambda data: data[:-1] + b"?", ".whl is not the file that this site was built with"),
}


@pytest.fixture
def panel_at(open_page: Callable[..., Page], homes: dict[str, str]) -> Callable[..., Panel]:
    def opened(prepare: Callable[[BrowserContext], None] | None = None) -> Panel:
        return Panel(open_page(homes[LAB], prepare), LAB)

    return opened


@pytest.mark.expects_errors
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_start_says_why_and_keeps_the_built_in_result(
    panel_at: Callable[..., Panel], server: SiteServer, fault: str
) -> None:
    ending, change, message = FAULTS[fault]
    panel = panel_at()
    built = panel.text()
    with server.changed(ending, change):
        panel.run_button.click()
        shown = panel.refused()
    assert message in shown
    assert re.search("reload the page|Check the connection", shown)
    assert panel.text() == built
    assert panel.output.get_attribute("aria-busy") is None


@pytest.mark.expects_errors
@pytest.mark.parametrize("fault", PLAIN_FAULTS)
def test_a_failed_start_without_a_snapshot_says_why_too(
    panel_at: Callable[..., Panel], server: SiteServer, fault: str
) -> None:
    ending, change, message = PLAIN_FAULTS[fault]
    panel = panel_at()
    with server.changed("manifest.json", without_snapshot), server.changed(ending, change):
        panel.run_button.click()
        assert message in panel.refused()


@pytest.mark.expects_errors
def test_after_a_failure_the_reader_can_try_again(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    panel = panel_at()
    with server.changed("pyodide.asm.wasm", lambda _: None):
        panel.run_button.click()
        panel.refused()
        panel.control("fan_out").fill("8")  # another change does not start another attempt by itself
        assert "404" in panel.refused()
    panel.error.get_by_role("button", name="Try again").click()
    panel.settled()
    expect(panel.error).to_be_hidden()


def test_without_webassembly_the_panel_says_so(panel_at: Callable[..., Panel]) -> None:
    panel = panel_at(lambda context: context.add_init_script("delete globalThis.WebAssembly"))
    panel.run_button.click()
    assert "no WebAssembly" in panel.refused()


def stall(_: bytes) -> bytes:
    raise TimeoutError


@pytest.mark.expects_errors
def test_a_download_that_stands_still_is_given_up(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    panel = panel_at(lambda context: context.clock.install())
    with server.changed("python.snapshot", stall):
        panel.run_button.click()
        panel.page.wait_for_timeout(1_000)
        panel.page.clock.run_for(31_000)
        assert "has stood still for 30 s" in panel.refused()


@pytest.mark.expects_errors
def test_a_computer_that_has_slept_is_not_taken_for_a_download_that_stands_still(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    panel = panel_at(lambda context: context.clock.install())
    with server.changed("python.snapshot", stall):
        panel.run_button.click()
        panel.page.wait_for_timeout(1_000)
        panel.page.clock.fast_forward(3_600_000)  # as if the lid had been closed for an hour
        panel.page.wait_for_timeout(500)
        expect(panel.error).to_be_hidden()
        panel.page.clock.run_for(31_000)
        assert "has stood still for 30 s" in panel.refused()


@pytest.mark.expects_errors
@pytest.mark.parametrize("ending", ["*", "*.wasm"])
def test_without_a_network_the_panel_says_so_and_goes_on_when_it_is_back(
    panel_at: Callable[..., Panel], ending: str
) -> None:
    """Gone before anything of Python is fetched, and gone while it is."""
    panel = panel_at()
    built = panel.text()
    panel.page.context.route(f"**/{ending}", lambda route: route.abort("internetdisconnected"))
    panel.run_button.click()
    assert "Check the connection" in panel.refused()
    assert panel.text() == built
    panel.page.context.unroute(f"**/{ending}")
    panel.error.get_by_role("button", name="Try again").click()
    panel.settled()
    expect(panel.error).to_be_hidden()


def test_a_worker_killed_while_it_starts_is_noticed_at_once(panel_at: Callable[..., Panel]) -> None:
    panel = panel_at(keep_workers)
    built = panel.text()
    panel.run_button.click()
    for _ in range(4_000):
        if panel.page.evaluate("window.workers[0]?.said.length"):
            break
        panel.page.wait_for_timeout(10)
    panel.page.evaluate("workers[0].terminate()")
    assert "The browser ended Python" in panel.refused()
    assert panel.text() == built
    panel.error.get_by_role("button", name="Try again").click()
    panel.settled()


def test_a_worker_killed_while_it_runs_is_noticed_at_once(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    with server.changed("assets/worker.js", ENDLESS):
        panel = panel_at(keep_workers)
        panel.set({"fan_out": "20"})
        shown = panel.text()
        panel.control("fan_out").fill("7")
        expect(panel.root.get_by_role("button", name="Stop")).to_be_visible()
        panel.page.evaluate("workers[0].terminate()")
        assert "The browser ended Python" in panel.refused()
    assert panel.text() == shown


def test_a_run_that_does_not_end_can_be_stopped(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    with server.changed("assets/worker.js", ENDLESS):
        panel = panel_at()
        panel.set({"fan_out": "20"})
        shown = panel.text()
        panel.control("fan_out").fill("7")
        panel.root.get_by_role("button", name="Stop").click()
        expect(panel.status).to_contain_text("Stopped")
        expect(panel.error).to_be_hidden()
        assert panel.text() == shown
        panel.set({"fan_out": "9"})
    assert panel.text() != shown


def test_a_run_without_an_answer_for_a_minute_offers_a_restart(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    with server.changed("assets/worker.js", ENDLESS):
        panel = panel_at(lambda context: context.clock.install())
        panel.set({"fan_out": "20"})
        panel.control("fan_out").fill("7")
        expect(panel.root.get_by_role("button", name="Stop")).to_be_visible()
        panel.page.clock.run_for(61_000)
        assert "no answer for 60 s" in panel.refused()
        panel.error.get_by_role("button", name="Stop and restart").click()
        expect(panel.status).to_contain_text("Stopped")


def test_a_run_abandoned_by_reset_does_not_block_the_next(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    with server.changed("assets/worker.js", ENDLESS):
        panel = panel_at()
        panel.set({"fan_out": "20"})
        panel.control("fan_out").fill("7")
        panel.page.wait_for_timeout(400)
        panel.root.get_by_role("button", name="Reset").click()
        panel.set({"fan_out": "30"})


def chart_code(server: SiteServer) -> str:
    (path,) = (server.folder / "assets").glob("charts.source-*.js")
    return path.name


@pytest.mark.expects_errors
def test_without_the_chart_code_the_tables_open(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    panel = panel_at()
    with server.changed(chart_code(server), lambda _: None):
        panel.control("fan_out").fill("7")
        assert "figures could not be drawn" in panel.refused()
    assert panel.output.locator("details").first.evaluate("element => element.open")
    assert panel.output.locator(".nh-table:visible").count() >= 1


@pytest.mark.expects_errors
def test_a_lab_that_breaks_is_reported_as_our_mistake(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    with server.changed("assets/worker.js", first("1 / 0")):
        panel = panel_at()
        built = panel.text()
        panel.run_button.click()
        message = panel.refused()
    assert "ZeroDivisionError" in message
    assert "a mistake of ours" in message
    assert panel.text() == built
