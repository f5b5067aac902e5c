"""The reader's own architecture: edited, read, refused, and never sent anywhere."""

import re

import pytest
from conftest import Visit
from panel_driver import Panel
from playwright.sync_api import expect

from labs_py import lab
from labs_py.model import architecture_file
from labs_py.parameter import Choice, Upload

LABS = [name for name in lab.names() if any(isinstance(item.kind, Upload) for item in lab.load(name).parameters)]
ENDPOINT = '[endpoints."GET /"]\nentry = "a"\n'
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
    "a picture": ("\udc89PNG\r\n\x1a\n\x00", ["must be TOML"]),
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


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_gives_one_message_and_leaves_the_result(panel: Panel, fault: str) -> None:
    built = panel.text()
    text, parts = BAD[fault]
    give(panel, text)
    message = panel.refused()
    assert message.startswith("mine.toml"), message
    assert [part for part in parts if part not in message] == [], message
    assert panel.root.page.locator(".nh-error:visible").count() == 1
    assert panel.text() == built
    if fault != "10 MB":
        assert panel.root.locator("[data-text]").get_attribute("aria-invalid") == "true"


def test_an_edited_text_gives_another_result_and_stays_in_the_browser(panel: Panel, visit: Visit) -> None:
    built = panel.text()
    field = panel.root.locator("[data-text]")
    shipped = panel.root.locator("select[data-upload]").evaluate("select => select.querySelector('[selected]').value")
    assert field.input_value() == architecture_file.text_of(shipped)
    give(panel, '[services.a]\nservice_time = "5 ms"\ncalls = ["b"]\n[services.b]\n' + ENDPOINT)
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
    assert visit.server.asked == []


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
