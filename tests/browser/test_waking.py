"""Python wakes from the snapshot, and boots plainly whenever that is not possible, with the same results."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import keep_workers
from panel_driver import Panel, first
from playwright.sync_api import Page
from site_server import SiteServer, without_snapshot

LAB = "tail_at_scale"
SNAPSHOT = "python.snapshot"


def flipped(data: bytes) -> bytes:
    """One bit in the middle."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode(), 1)

    return change


REFUSALS: dict[str, tuple[str, Callable[[bytes], bytes | None], str]] = {
    "missing": (SNAPSHOT, lambda _: None, "the server answered 404"),
    "a page": (SNAPSHOT, lambda _: b"<!doctype html><title>Not found</title>", "the snapshot must have"),
    "cut short": (SNAPSHOT, lambda data: data[:1_000_000], "the snapshot must have"),
    "damaged": (SNAPSHOT, flipped, "the snapshot is damaged"),
    "of another build": (SNAPSHOT, lambda data: data[:-8], "the snapshot must have"),
    "of another Pyodide": (
        "pyodide.mjs",
        lambda data: re.sub(rb'"[0-9a-f]{64}"', b'"' + 64 * b"0" + b'"', data),
        "Snapshot build id mismatch",
    ),
    "refused by the browser": (
        "pyodide.asm.mjs",
        replaced("Module.HEAP8.set(t)", "(() => { throw new RangeError('too large') })()"),
        "too large",
    ),
    "breaks when it wakes": ("worker.js", replaced("before_snapshot.wake", "before_snapshot.sleep"), "before_snapshot"),
}


@pytest.fixture
def panel_at(open_page: Callable[..., Page], homes: dict[str, str]) -> Callable[[], Panel]:
    return lambda: Panel(open_page(homes[LAB], keep_workers), LAB)


def boot(page: Page) -> str:
    """How Python has started, in each worker that is ready."""
    (way,) = page.evaluate(
        "[...new Set(workers.flatMap(({ said }) => said.filter(({ kind }) => kind === 'ready').map(({ boot }) => boot)))]"
    )
    return str(way)


def test_python_wakes_from_the_snapshot_and_fetches_nothing_else(
    panel_at: Callable[[], Panel], server: SiteServer
) -> None:
    panel = panel_at()
    built = panel.text()
    server.asked.clear()
    panel.run()
    assert boot(panel.page) == "snapshot"
    assert panel.text() == built
    fetched = {Path(address).name for address in server.asked if "/pyodide/" in address}
    assert fetched == {"manifest.json", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.mjs", SNAPSHOT, f"{LAB}.code"}


@pytest.mark.expects_errors
@pytest.mark.parametrize("refusal", REFUSALS)
def test_python_boots_plainly_when_the_snapshot_is_of_no_use(
    panel_at: Callable[[], Panel], server: SiteServer, refusal: str
) -> None:
    ending, change, reason = REFUSALS[refusal]
    panel = panel_at()
    built = panel.text()
    told: list[str] = []
    panel.page.context.on("console", lambda message: told.append(message.text))
    server.asked.clear()
    with server.changed(ending, change):
        panel.run()
    assert boot(panel.page) == "plain"
    assert panel.text() == built
    assert any("without its snapshot" in line and reason in line for line in told), told
    workers = panel.page.evaluate("workers.length")
    assert len([address for address in server.asked if address.endswith(".wasm")]) <= workers


def test_a_site_without_a_snapshot_boots_plainly(panel_at: Callable[[], Panel], server: SiteServer) -> None:
    """As an author sees it, for whom none is made."""
    with server.changed("manifest.json", without_snapshot):
        panel = panel_at()
        built = panel.text()
        panel.run()
    assert boot(panel.page) == "plain"
    assert panel.text() == built


def test_modules_that_no_lab_imports_are_fetched_once_when_they_are_wanted(
    panel_at: Callable[[], Panel], server: SiteServer
) -> None:
    with server.changed("worker.js", first("import wave, xml.dom.minidom")):
        panel = panel_at()
        server.asked.clear()
        panel.set({"fan_out": "20"})
        panel.set({"fan_out": "21"})
    assert boot(panel.page) == "snapshot"
    assert len([address for address in server.asked if address.endswith("python_stdlib.zip")]) == 1


def test_the_wheel_is_fetched_once_when_a_module_of_ours_is_wanted_that_the_lab_does_not_import(
    panel_at: Callable[[], Panel], server: SiteServer
) -> None:
    with server.changed("worker.js", first("import labs_py.__main__, labs_py.recordings.social_network")):
        panel = panel_at()
        server.asked.clear()
        panel.set({"fan_out": "20"})
        panel.set({"fan_out": "21"})
    assert boot(panel.page) == "snapshot"
    assert len([address for address in server.asked if address.endswith(".whl")]) == 1


@pytest.mark.expects_errors
@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_lab_whose_code_is_of_no_use_comes_from_the_wheel(
    panel_at: Callable[[], Panel], server: SiteServer, harm: str
) -> None:
    with server.changed(f"{LAB}.code", flipped if harm == "damaged" else lambda _: None):
        panel = panel_at()
        built = panel.text()
        server.asked.clear()
        with panel.page.context.expect_event("console", lambda message: "Python fetches all sources" in message.text):
            panel.run()
    assert boot(panel.page) == "snapshot"
    assert panel.text() == built
    assert len([address for address in server.asked if address.endswith(".whl")]) == 1


def test_a_lab_of_another_module_runs_in_the_same_visit_with_its_code_alone(
    panel_at: Callable[[], Panel], homes: dict[str, str], server: SiteServer
) -> None:
    module, other = homes[LAB].partition("/")[0], "wire_format"
    assert homes[other].partition("/")[0] != module
    panel = panel_at()
    panel.run()
    panel.page.evaluate("window.sameVisit = true")
    server.asked.clear()
    panel.page.locator(
        f'.md-nav--primary a[href$="{homes[other].rpartition("/")[0].rpartition("/")[2]}/"]'
    ).first.evaluate("link => link.click()")
    panel = Panel(panel.page, other)
    built = panel.text()
    panel.run()
    assert panel.page.evaluate("window.sameVisit")
    assert panel.text() == built
    assert {Path(address).name for address in server.asked if "/pyodide/" in address} >= {f"{other}.code"}
    assert not [address for address in server.asked if address.endswith((".whl", ".zip"))]


def test_a_lab_with_recordings_runs_with_its_code_alone(
    open_page: Callable[..., Page], homes: dict[str, str], server: SiteServer
) -> None:
    panel = Panel(open_page(homes["critical_path"], keep_workers), "critical_path")
    built = panel.text()
    server.asked.clear()
    panel.run()
    assert boot(panel.page) == "snapshot"
    assert panel.text() == built
    assert {Path(address).suffix for address in server.asked if "/pyodide/" in address} & {".whl", ".zip"} == set()


@pytest.mark.expects_errors
@pytest.mark.parametrize(
    ("breaking", "file", "function"),
    [
        ("import labs_py.lab; labs_py.lab.value_at(None, 3)", "lab.py", "value_at"),
        (f"import labs_py.labs.{LAB} as it; it.run(fan_out='?')", f"labs/{LAB}.py", "run"),
    ],
    ids=["in the picture", "in a lab's own code"],
)
def test_errors_point_at_lines_of_ours(
    panel_at: Callable[[], Panel], server: SiteServer, breaking: str, file: str, function: str
) -> None:
    with server.changed("worker.js", first(breaking)):
        panel = panel_at()
        with panel.page.context.expect_event("console", lambda message: "Traceback" in message.text) as caught:
            panel.run_button.click()
        panel.refused()
    assert boot(panel.page) == "snapshot"
    found = re.search(rf'labs_py/{file}", line (\d+), in {function}\n +(.+)\n', caught.value.text)
    assert found, caught.value.text
    source = (Path(__file__).parents[2] / "labs_py" / file).read_text().splitlines()
    assert source[int(found[1]) - 1].strip() == found[2]
