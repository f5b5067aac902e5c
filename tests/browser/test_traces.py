"""The reader's own traces: chosen, dropped, pasted, read in pieces with progress, stopped, refused, and never sent anywhere."""

import json
import re
from pathlib import Path

import pytest
from conftest import Visit
from panel_driver import Panel
from playwright.sync_api import Locator, expect

from labs_py import lab
from labs_py.model import recording

SPANS = [("1", "", "web", "GET /", 0, 100), ("2", "1", "cart", "Get", 10, 40), ("3", "1", "price", "Convert", 40, 90)]
LARGE = 20_000_000


def line(number: int) -> str:
    """One request as Jaeger's JSON, about a kilobyte."""
    spans = [
        {
            "traceID": f"T{number}",
            "spanID": ident,
            "operationName": name,
            "references": [{"refType": "CHILD_OF", "traceID": f"T{number}", "spanID": parent}] if parent else [],
            "startTime": number * 1000 + start,
            "duration": end - start,
            "tags": [{"key": "padding", "type": "string", "value": "x" * 200}],
            "process": {"serviceName": service},
        }
        for ident, parent, service, name, start, end in SPANS
    ]
    return json.dumps({"data": [{"traceID": f"T{number}", "spans": spans}]})


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 20 MB, one request a line."""
    file = tmp_path_factory.mktemp("traces") / "large.json"
    one = line(0)
    with file.open("w") as lines:
        for number in range(LARGE // len(one)):
            lines.write(one.replace("T0", f"T{number}") + "\n")
    return file


@pytest.fixture
def panel(visit: Visit, homes: dict[str, str]) -> Panel:
    """A panel whose reader has chosen to bring traces."""
    panel = Panel(visit.go(homes["critical_path"]), "critical_path")
    panel.control("trace").select_option("@file")
    expect(panel.status).to_contain_text("Choose a file of traces", timeout=40_000)
    return panel


def choose(panel: Panel, file: Path | str) -> None:
    """Choose a file, or one with this text."""
    panel.forget()
    given = (
        file
        if isinstance(file, Path)
        else {"name": "mine.json", "mimeType": "application/json", "buffer": file.encode()}
    )
    panel.root.locator("[data-file]").set_input_files(given)  # type: ignore[arg-type]


def drop(place: Locator, text: str) -> None:
    """Drop a file with this text."""
    place.evaluate(
        "(place, text) => { const dataTransfer = new DataTransfer(); dataTransfer.items.add(new File([text], 'dropped.json'));"
        " place.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer })); }",
        text,
    )


def test_a_file_is_read_and_another_what_if_does_not_read_it_again(panel: Panel, visit: Visit, large: Path) -> None:
    requests: list[str] = []
    visit.page.on("request", lambda request: requests.append(request.method))
    choose(panel, large)
    expect(panel.root.locator(".nh-chosen")).to_have_text(re.compile(r"^large\.json, 20\.\d MB$"))
    expect(panel.root.locator(".nh-meter progress")).to_have_attribute("aria-label", "File read", timeout=60_000)
    expect(panel.root.locator(".nh-meter span")).to_have_text(re.compile(r"^[\d.]+ of 20\.\d MB(, [\d,]+ requests)?$"))
    expect(panel.status).to_have_text("Reading your file …")
    for _ in range(10):  # the page lives meanwhile
        assert (
            visit.page.evaluate(
                "new Promise(done => { const t = performance.now(); setTimeout(() => done(performance.now() - t)) })"
            )
            < 1_000
        )
    expect(panel.status).to_contain_text("Updated in", timeout=200_000)
    count = LARGE // len(line(0))
    assert f"{count:,} requests waited" in panel.text()
    assert [panel.control("service").locator("option").all_inner_texts()] == [["price", "cart", "web"]]
    panel.forget()
    panel.control("service").select_option("cart")
    panel.settled()
    seconds = float(re.search(r"Updated in ([\d.]+) (m?s)", panel.status.inner_text())[1])  # type: ignore[index]
    assert "ms" in panel.status.inner_text() or seconds < 10
    assert "cart's own work" in panel.text()
    assert set(requests) <= {"GET"}, "traces must not leave the browser"


def test_what_the_page_shows_is_what_the_terminal_says(panel: Panel) -> None:
    text = line(1) + line(2)
    choose(panel, text)
    panel.settled()
    expected = lab.load("critical_path").report({"trace": {"file": "mine.json", "text": text}})
    assert panel.output.locator(".nh-takeaway").inner_text().replace("\xa0", " ") == expected.takeaway
    [document] = expected.documents
    assert panel.output.locator(".nh-document pre").text_content() == document.text


def test_reading_can_be_stopped_and_begun_again(panel: Panel, large: Path) -> None:
    before = panel.text()
    choose(panel, large)
    expect(panel.root.locator(".nh-meter span")).to_contain_text("of 20.", timeout=60_000)
    panel.root.get_by_role("button", name="Stop", exact=True).click()
    expect(panel.status).to_contain_text("Stopped. The last result stays.")
    assert panel.text() == before
    choose(panel, line(3))
    panel.settled()
    assert "1 request waited" in panel.text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mine.json must hold at least one request, got none"),
        ("<html>", "mine.json must be JSON: Expecting value at character 1"),
        (line(1)[:-30], "mine.json must be JSON"),
        ("[" * 100_000, "mine.json must be JSON: nested too deep"),
        (line(1).replace('"duration":', '"duration": NaN, "was":', 1), "must be a whole number, at least 0, got nan"),
        (line(1).replace('"duration":', f'"duration": {"9" * 5_000}, "was":', 1), "a number has too many digits"),
        ('{"traceID": "1", "spans": []}', "Export button"),
    ],
)
def test_a_bad_file_gives_one_message_and_leaves_the_result(panel: Panel, text: str, message: str) -> None:
    before = panel.text()
    choose(panel, text)
    assert message in panel.refused()
    assert panel.page.locator(".nh-error:visible").count() == 1
    assert panel.text() == before


def test_a_file_is_dropped_or_pasted(panel: Panel, visit: Visit) -> None:
    panel.forget()
    drop(panel.root.locator(".nh-title"), line(1))
    panel.settled()
    expect(panel.root.locator(".nh-chosen")).to_contain_text("dropped.json")
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.page.evaluate("text => navigator.clipboard.writeText(text)", line(1) + line(2))
    panel.forget()
    panel.root.get_by_role("button", name="Paste").click()
    panel.settled()
    expect(panel.root.locator(".nh-chosen")).to_contain_text("pasted.json")
    assert "2 requests waited" in panel.text()


def test_the_architecture_can_be_copied_and_saved(visit: Visit, homes: dict[str, str]) -> None:
    panel = Panel(visit.go(homes["critical_path"]), "critical_path")
    text = recording.load("online_boutique").summary.architecture.services
    box = panel.output.locator(".nh-document")
    box.locator("summary").click()
    with visit.page.expect_download() as saved:
        box.get_by_role("button", name="Save").click()
    assert saved.value.suggested_filename == "online_boutique.learned.toml"
    assert all(f'[services."{name}"]' in Path(saved.value.path()).read_text() for name in text)
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    box.get_by_role("button", name="Copy").click()
    expect(panel.status).to_have_text("Copied online_boutique.learned.toml.")
    assert visit.page.evaluate("navigator.clipboard.readText()") == box.locator("pre").text_content()


def test_a_link_says_that_it_does_not_hold_the_file(panel: Panel, visit: Visit) -> None:
    choose(panel, line(1))
    panel.settled()
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.root.get_by_role("button", name="Copy link").click()
    expect(panel.status).to_contain_text("It does not hold your file")
    assert "mine.json" not in visit.page.evaluate("navigator.clipboard.readText()")


def test_reset_goes_back_to_the_page(panel: Panel) -> None:
    choose(panel, line(1))
    panel.settled()
    panel.root.get_by_role("button", name="Reset", exact=True).click()
    expect(panel.control("trace")).to_have_value("online_boutique")
    expect(panel.root.locator(".nh-file")).to_be_hidden()
    assert lab.load("critical_path").report({}).takeaway in panel.text().replace("\xa0", " ")
