"""What is made ready before the reader asks: nothing for who only opens a page, and more the nearer a run comes."""

from collections.abc import Callable

import pytest
from conftest import keep_workers
from panel_driver import Panel
from playwright.sync_api import BrowserContext, Page
from site_server import SiteServer

LAB = "weakest_link"
FILES = {"manifest.json", "pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python.snapshot", f"{LAB}.code"}
DEAR = "Object.defineProperty(navigator, 'connection', {value: {saveData: true, effectiveType: '4g'}})"


@pytest.fixture
def panel_at(open_page: Callable[..., Page], homes: dict[str, str]) -> Callable[..., Panel]:
    def opened(script: str = "") -> Panel:
        def prepare(context: BrowserContext) -> None:
            keep_workers(context)
            if script:
                context.add_init_script(script)

        return Panel(open_page(homes[LAB], prepare), LAB)

    return opened


def fetched(server: SiteServer) -> set[str]:
    return {address.rpartition("/")[2] for address in server.asked if "/pyodide/" in address}


def pythons(panel: Panel) -> int:
    return int(panel.page.evaluate("workers.length"))


def wait_for(panel: Panel, there: Callable[[], bool]) -> None:
    for _ in range(200):
        if there():
            return
        panel.page.wait_for_timeout(50)
    raise AssertionError("it did not come about within 10 s")


def test_a_page_that_nobody_touches_fetches_nothing_of_python(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    server.asked.clear()
    panel = panel_at()
    panel.page.wait_for_timeout(3_000)
    assert (fetched(server), pythons(panel)) == (set(), 0)


def test_a_reader_who_moves_near_a_panel_gets_the_files_and_no_python(
    panel_at: Callable[..., Panel], server: SiteServer
) -> None:
    server.asked.clear()
    panel = panel_at()
    panel.page.mouse.move(5, 5)
    wait_for(panel, lambda: fetched(server) == FILES)
    assert pythons(panel) == 0


def test_who_points_at_the_controls_or_comes_to_them_by_key_finds_python_started(
    panel_at: Callable[..., Panel],
) -> None:
    panel = panel_at()
    panel.control("to").hover()
    wait_for(panel, lambda: pythons(panel) == 1)
    panel = panel_at()
    panel.control("to").focus()
    wait_for(panel, lambda: pythons(panel) == 1)


def test_the_lab_is_imported_before_anything_is_asked_of_it(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    server.asked.clear()
    panel = panel_at()
    panel.control("to").hover()
    wait_for(panel, lambda: f"{LAB}.code" in fetched(server))
    built = panel.text()
    panel.run()
    assert panel.text() == built
    assert len([address for address in server.asked if address.endswith(f"{LAB}.code")]) == 1


def test_a_browser_that_has_run_python_here_starts_it_when_the_reader_comes_back(
    panel_at: Callable[..., Panel],
) -> None:
    panel = panel_at()
    panel.run()
    panel.page.reload()
    assert pythons(panel) == 0
    panel.page.mouse.move(5, 5)
    wait_for(panel, lambda: pythons(panel) == 1)


def test_where_data_is_dear_all_waits_for_the_click(panel_at: Callable[..., Panel], server: SiteServer) -> None:
    server.asked.clear()
    panel = panel_at(DEAR)
    panel.page.mouse.move(5, 5)
    panel.control("to").hover()
    panel.page.wait_for_timeout(2_500)
    assert (fetched(server), pythons(panel)) == (set(), 0)
    panel.run()
    panel.page.wait_for_timeout(2_500)
    assert pythons(panel) == 1
