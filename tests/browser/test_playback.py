"""A run that can be played: by mouse and by keys, without motion, without scripts, and with settings of its own."""

import re

import pytest
from conftest import PHONE
from panel_driver import Panel
from playwright.sync_api import Browser, Locator, Page, expect

ADDRESS = "foundations/failure-isolation/"
LAB = "hang_under_load"


def box_of(page: Page) -> Locator:
    return page.locator(f'lab-panel[name="{LAB}"] .nh-playback')


def seconds(box: Locator) -> float:
    found = re.match(r"-?[\d.]+", box.locator(".nh-moment").inner_text())
    assert found
    return float(found[0])


def test_a_run_is_stepped_played_and_stopped(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit.go(ADDRESS)
    box = box_of(page)
    slider = box.get_by_role("slider", name="Moment of the run")
    row = box.locator(":scope > .nh-table tbody tr").first
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"20\.00\ss"))
    full = row.inner_text()
    assert "16 of 16" in full
    box.get_by_role("button", name="One moment back").click()
    assert seconds(box) == 19.75
    slider.focus()
    page.keyboard.press("Home")
    assert seconds(box) == -4.75
    expect(row).to_contain_text(re.compile(r"frontend\s*[0-9] of 16"))
    assert row.locator("meter").first.evaluate("meter => meter.value") < 10
    page.keyboard.press("ArrowRight")
    assert seconds(box) == -4.5
    box.get_by_role("button", name="Play").click()
    expect(box.locator(".nh-moment")).to_contain_text("email hangs", timeout=30_000)
    box.get_by_role("button", name="Pause").click()
    stopped = seconds(box)
    expect(box.get_by_role("button", name="Play")).to_be_visible()
    box.get_by_role("button", name="One moment on").click()
    assert seconds(box) == pytest.approx(stopped + 0.25)
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    box.get_by_role("button", name="One moment on").click()
    assert seconds(box) == 35


def test_another_run_can_be_played_and_the_table_says_the_same(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit.go(ADDRESS)
    panel = Panel(page, LAB)
    panel.run_with({"victim": "recommendation", "defense": "breaker", "runs": "2"})
    box = box_of(page)
    expect(box.get_by_role("button", name="Play")).to_be_visible(timeout=20_000)
    expect(box.locator(".nh-state")).to_have_text("recommendation: open")
    slider = box.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    expect(box.locator(".nh-state")).to_have_text("recommendation: closed")
    for key in ["PageUp"] * 3:
        page.keyboard.press(key)
    number = int(slider.input_value())
    cells = box.locator(".nh-twin tbody tr").nth(number).locator("th, td").all_text_contents()
    assert box.locator(".nh-moment").text_content() == f"{cells[0]}: {cells[1]}"
    busy, _, waiting = cells[2].partition(" + ")
    numbers = box.locator(":scope > .nh-table tbody tr").first.locator(".nh-number").all_inner_texts()
    assert numbers == [f"{busy} of 16", waiting or "0"]


def test_without_scripts_there_is_the_still(browser: Browser, server) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(server.url + ADDRESS)
    box = box_of(page)
    expect(box).to_contain_text("20.00 s: email hangs")
    expect(box.locator(".nh-player")).to_be_hidden()
    expect(box.locator("meter").first).to_be_visible()
    context.close()
