"""The reader's own architecture: chosen, dropped, pasted, edited, refused, and never sent anywhere."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Visit
from panel_driver import Panel
from playwright.sync_api import Locator, Page, expect

from labs_py import lab
from labs_py.model import architecture_file
from labs_py.parameter import Choice, Upload

LABS = [name for name in lab.names() if any(isinstance(item.kind, Upload) for item in lab.load(name).parameters)]
ENDPOINT = '[endpoints."GET /"]\nentry = "a"\n'
OWN = '[services.a]\nservice_time = "5 ms"\ncalls = ["b"]\n[services.b]\n' + ENDPOINT
# These are refused before they take the place of the text.
UNREAD = {"10 MB", "a picture", "another encoding"}
BAD = {
    "empty": ("", ["is empty"]),
    "10 MB": ("x" * 10_000_000, ["must be at most 1,000,000 bytes", "10,000,000"]),
    "not TOML": ("name = ", ["must be TOML: Invalid value"]),
    "cyclic": (
        '[services.a]\ncalls = ["b"]\n[services.b]\ncalls = ["a"]\n' + ENDPOINT,
        ["services.a.calls", "must not lead back to itself", "a → b → a"],
    ),
    "unknown key": (
        "[services.a]\navailabilty = 0.9\n" + ENDPOINT,
        ["services.a.availabilty", "not a known key", "did you mean 'availability'"],
    ),
    "impossible number": (
        "[services.a]\navailability = 1.5\n" + ENDPOINT,
        ["services.a.availability", "must be a number from 0 to 1", "got 1.5"],
    ),
    # Each of these once exhausted the stack of the browser's Python.
    "a key of 5,000 parts": ("x." * 5_000 + "y = 1", ["keys have at most 50 parts"]),
    "lists in lists": ("a = " + "[" * 100_000, ["nested at most 150 deep"]),
    "calls in calls": ('a = [{parallel = ["a", ' * 300 + '"a"' + "]}" * 300 + "]", ["must be TOML"]),
    "a picture": ("\udc89PNG\r\n\x1a\n\x00", ["must be TOML, which is text in UTF-8, got a binary file"]),
    "another encoding": ("# caf\udce9\n", ["must be TOML, which is text in UTF-8"]),
}


@pytest.fixture(params=LABS)
def panel(visit: Visit, homes: dict[str, str], request: pytest.FixtureRequest) -> Panel:
    """A panel whose reader has chosen to bring an architecture; the text of the one shown comes into the field."""
    panel = Panel(visit.go(homes[request.param]), request.param)
    panel.root.locator("select[data-upload]").select_option("@file")
    expect(panel.root.locator("[data-text]")).to_have_value(re.compile(r"\[services\."), timeout=40_000)
    return panel


def give(panel: Panel, text: str) -> None:
    """Choose a file with this text."""
    data = text.encode(errors="surrogateescape")
    panel.root.locator("[data-file]").set_input_files({"name": "mine.toml", "mimeType": "text/plain", "buffer": data})


def test_a_bad_file_gives_one_message_and_leaves_the_result(panel: Panel) -> None:
    """One after another; first those that are not read, and so leave the text that is there, with which nothing is wrong."""
    built = panel.text()
    shipped = panel.root.locator("[data-text]").input_value()
    for fault in sorted(BAD, key=lambda fault: fault not in UNREAD):
        text, parts = BAD[fault]
        panel.error.evaluate("element => { element.hidden = true; }")
        give(panel, text)
        message = panel.refused()
        assert message.startswith("mine.toml"), (fault, message)
        assert [part for part in parts if part not in message] == [], (fault, message)
        assert panel.root.page.locator(".nh-error:visible").count() == 1, fault
        assert panel.text() == built, fault
        marked = panel.root.locator("[data-text]").get_attribute("aria-invalid")
        assert marked == (None if fault in UNREAD else "true"), fault
    panel.forget()
    give(panel, shipped)
    panel.settled()
    expect(panel.error).to_be_hidden()
    assert panel.text() == built


def test_an_edited_text_gives_another_result_and_stays_in_the_browser(panel: Panel, visit: Visit) -> None:
    built = panel.text()
    field = panel.root.locator("[data-text]")
    shipped = panel.root.locator("select[data-upload]").evaluate("select => select.querySelector('[selected]').value")
    assert field.input_value() == architecture_file.text_of(shipped)
    give(panel, OWN)
    panel.settled()
    assert panel.text() != built
    first = panel.text()
    visit.server.asked.clear()
    field.fill(
        field.input_value().replace(
            "[services.b]", '[services.b]\ncalls = ["c"]\n[services.c]\nservice_time = "50 ms"\navailability = 0.5'
        )
    )
    panel.run()
    assert panel.text() != first
    # What checks the questions of a page comes when the reader is near one.
    assert [address for address in visit.server.asked if not re.search("favicon|/assets/mkdocs-quiz-", address)] == []


def test_another_architecture_brings_its_own_choices(panel: Panel) -> None:
    select = panel.root.locator("select[data-upload]")
    dependent = panel.root.locator("select[data-depends-on]")
    for name in architecture_file.names():
        panel.forget()
        select.select_option(name)
        panel.settled()
        values = {"architecture": architecture_file.load(name)}
        for choice in dependent.all():
            kind = next(
                item.kind
                for item in lab.load(panel.root.get_attribute("name") or "").parameters
                if item.name == choice.get_attribute("name")
            )
            assert isinstance(kind, Choice)
            offered = choice.locator("option").evaluate_all("all => all.map(one => one.value)")
            assert offered == list(kind.available(values))
            assert choice.input_value() in offered


def drag(place: Locator, kinds: list[str], *paths: Path) -> None:
    """Move files over an element, as a file manager does."""
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = place.page.context.new_cdp_session(place.page)
    for kind in kinds:
        session.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


def drop(place: Locator, *paths: Path) -> None:
    drag(place, ["dragEnter", "dragOver", "drop"], *paths)


@pytest.fixture
def closed(open_page: Callable[..., Page], homes: dict[str, str]) -> Panel:
    """A panel that shows a shipped architecture."""
    return Panel(open_page(homes["hop_latency"]), "hop_latency")


def test_a_file_dropped_anywhere_on_a_panel_is_run_there(closed: Panel, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(OWN, encoding="utf-8")
    built = closed.text()
    title = closed.root.locator(".nh-title")
    drag(title, ["dragEnter", "dragOver"], mine)
    shown = closed.root.evaluate("panel => getComputedStyle(panel, '::after').content")
    assert "It stays in this browser" in shown
    drag(title, ["dragCancel"], mine)
    drop(title, mine)
    closed.settled()
    assert closed.root.get_attribute("data-drop") is None
    assert closed.text() != built
    assert closed.control("architecture").input_value() == "@file"
    expect(closed.root.locator("[data-text]")).to_have_value(OWN)


def test_a_file_dropped_beside_the_panel_does_not_take_the_place_of_the_page(closed: Panel, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(OWN, encoding="utf-8")
    address = closed.page.url
    heading = closed.page.locator("h1")
    drag(heading, ["dragEnter", "dragOver"], mine)
    assert closed.root.get_attribute("data-drop") == "near"
    drag(heading, ["drop"], mine)
    closed.page.wait_for_timeout(300)
    assert closed.page.url == address
    expect(closed.root).not_to_have_attribute("data-drop", "near")
    assert closed.control("architecture").input_value() == "online_boutique"


def test_a_dropped_folder_picture_or_pile_gives_one_message_and_changes_nothing(closed: Panel, tmp_path: Path) -> None:
    built = closed.text()
    picture, one, folder = tmp_path / "me.png", tmp_path / "one.toml", tmp_path / "folder"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0")
    one.write_text(OWN, encoding="utf-8")
    folder.mkdir()
    for paths, words in (
        ([picture], "me.png must be TOML"),
        ([one, picture], "One file must be dropped at a time, got 2"),
        ([folder], "folder must be a file, got a folder"),
    ):
        drop(closed.root.locator(".nh-title"), *paths)
        expect(closed.error).to_contain_text(words)
        assert closed.page.locator(".nh-error:visible").count() == 1
        assert closed.control("architecture").input_value() == "online_boutique"
        assert closed.text() == built


def test_what_is_pasted_is_run_and_the_text_before_can_be_brought_back(panel: Panel, visit: Visit) -> None:
    field = panel.root.locator("[data-text]")
    first = field.input_value()
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.page.evaluate("text => navigator.clipboard.writeText(text)", OWN)
    panel.forget()
    panel.root.get_by_role("button", name="Paste").click()
    panel.settled()
    assert field.input_value() == OWN
    pasted = panel.text()
    panel.forget()
    panel.root.get_by_role("button", name="Back to the text before").click()
    panel.settled()
    assert field.input_value() == first
    assert panel.text() != pasted
    panel.forget()
    field.fill("")
    field.press("ControlOrMeta+v")
    panel.settled()
    assert (field.input_value(), panel.text()) == (OWN, pasted)
    field.press("End")
    field.press("ControlOrMeta+v")  # an edit like any other: it waits for Run
    assert field.input_value() == OWN * 2
    panel.page.evaluate("navigator.clipboard.writeText('')")
    panel.root.get_by_role("button", name="Paste").click()
    assert panel.refused().startswith("The clipboard must hold the text of an architecture, got nothing")
    visit.context.clear_permissions()


def test_a_clipboard_that_is_denied_leaves_a_way(closed: Panel) -> None:
    denied = "() => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    closed.page.evaluate(f"() => {{ navigator.clipboard.readText = {denied}; }}")
    closed.control("architecture").select_option("@file")
    closed.root.get_by_role("button", name="Paste").click()
    expect(closed.error).to_contain_text("paste into it with Ctrl+V")
