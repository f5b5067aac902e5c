"""Slides in a browser: each fits, panels on them are live, keys go where they are meant to, and the page prints and reads without scripts."""

import gzip
import re
from collections.abc import Callable

import pytest
from conftest import PHONE
from panel_driver import Panel
from playwright.sync_api import Page, expect
from site_server import SUB_PATH, SiteServer
from test_accessibility import faults

SLIDES = "foundations/slides/"
ALL = [SLIDES, "networking/slides/"]
SCREEN = {"width": 1280, "height": 720}
PANEL = "#/nines-are-minutes-2"
# What stands below or beside its slide; the bar at the bottom has the last 44 of 720 units. A tall panel scrolls by itself.
OUTSIDE = """() => [...document.querySelectorAll('.nh-slide')].flatMap(slide => {
  const box = slide.getBoundingClientRect();
  return [...slide.querySelectorAll('*')].filter(one => {
    const {width, bottom, right} = one.getBoundingClientRect();
    const inner = one.parentElement.closest('svg, .nh-table, lab-panel') || one.matches('.nh-spoken, option');
    return width && !inner && (bottom > box.top + 676 || right > box.right);
  }).slice(0, 1).map(one => [slide.closest('section').id, one.outerHTML.slice(0, 120)]);
})"""

NOT_DRAWN = """() => [...document.querySelectorAll('.nh-plot, .nh-diagram')]
  .filter(one => ![...one.querySelectorAll('svg')].some(svg => svg.clientHeight > 20)).length"""


@pytest.fixture
def talk(open_page: Callable[..., Page]) -> Callable[..., Page]:
    def opened(where: str = "", slides: str = SLIDES, **options: object) -> Page:
        page = open_page(f"{slides}{where}", **({"viewport": SCREEN, "reduced_motion": "reduce"} | options))
        expect(page.locator(".nh-deck.ready")).to_have_count(1)
        return page

    return opened


def number(page: Page) -> int:
    """Which slide is shown."""
    return int(page.locator(".slide-number-a").inner_text())


@pytest.mark.parametrize("slides", ALL)
def test_every_slide_fits_and_prints_whole_on_a_page_of_its_own(talk: Callable[..., Page], slides: str) -> None:
    page = talk("?print-pdf", slides, color_scheme="dark")
    expect(page.locator("lab-panel:not([data-live])")).to_have_count(0)
    slides = page.locator(".nh-slide").count()
    expect(page.locator(".pdf-page")).to_have_count(slides)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(NOT_DRAWN) == 0
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == slides
    expect(page.locator(".pdf-page").first).to_have_css("background-color", "rgb(252, 251, 248)")


def test_the_first_slide_loads_little_and_keys_lead_on(talk: Callable[..., Page], server: SiteServer) -> None:
    server.asked.clear()
    page = talk()
    page.wait_for_load_state("networkidle")
    files = {server.folder / address.lstrip("/") for address in server.asked}
    loaded = [(file / "index.html" if file.is_dir() else file).read_bytes() for file in files]
    assert sum(len(gzip.compress(data)) for data in loaded) < 300_000
    assert not [address for address in server.asked if "pyodide" in address or "javascripts" in address]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert number(page) == 3
    page.get_by_role("button", name="Notes").press("Space")
    assert number(page) == 3, "a focused button keeps its own keys"
    expect(page.locator("div.speaker-notes")).to_be_visible()


def test_a_panel_on_a_slide_is_live_and_keeps_its_keys(talk: Callable[..., Page]) -> None:
    page = talk(PANEL)
    panel = Panel(page, "nines_ladder")
    here = number(page)
    before = panel.text()
    slider = panel.root.locator("input[type=range]")
    slider.focus()
    panel.forget()
    page.keyboard.press("ArrowRight")
    panel.settled()
    assert panel.text() != before
    page.keyboard.press("Space")
    assert number(page) == here
    assert page.evaluate(OUTSIDE) == []
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert number(page) == here + 1


def test_the_speaker_has_notes_in_a_window_that_goes_along(talk: Callable[..., Page]) -> None:
    page = talk()
    page.keyboard.press("ArrowRight")
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    expect(speaker.locator("div.speaker-notes")).to_contain_text("The directory was DNS")
    page.keyboard.press("ArrowRight")
    expect(speaker.locator(".slide-number-a")).to_have_text("3")
    speaker.keyboard.press("ArrowLeft")
    expect(page.locator(".slide-number-a")).to_have_text("2")
    expect(page.locator("div.speaker-notes")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_slides(talk: Callable[..., Page], open_page: Callable[..., Page], scheme: str) -> None:
    page = talk(color_scheme=scheme)
    found = faults(page)
    page.keyboard.press("t")
    for where in (PANEL, "#/why-this-matters-2", "#/trade-offs"):
        page.evaluate("hash => location.hash = hash", where)
        expect(page.locator("section.present:not(.stack)").last).to_have_id(where.removeprefix("#/"))
        found += faults(page)
    phone = open_page(SLIDES, viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    expect(phone.locator("lab-panel:not([data-live])")).to_have_count(0)
    assert found + faults(phone) == []


@pytest.mark.parametrize("scripts", [True, False])
def test_without_room_or_scripts_it_is_a_document(open_page: Callable[..., Page], *, scripts: bool) -> None:
    page = open_page(SLIDES, viewport=PHONE, java_script_enabled=scripts)
    expect(page.locator(".nh-slide").last).to_be_visible()
    expect(page.locator("aside.notes").last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    if scripts:
        page.set_viewport_size(SCREEN)
        expect(page.locator(".nh-deck.ready")).to_have_count(1)
        page.set_viewport_size(PHONE)
        expect(page.locator(".nh-deck.reveal")).to_have_count(0)
        expect(page.locator(".nh-slide").last).to_be_visible()


def test_a_lesson_leads_to_its_slides_and_back(open_page: Callable[..., Page], server: SiteServer) -> None:
    page = open_page(f"{SUB_PATH}foundations/")
    page.get_by_role("link", name="Slides of this module").click()
    expect(page).to_have_url(re.compile(f"{SUB_PATH}{SLIDES}"))
    expect(page.locator(".nh-deck.ready")).to_have_count(1)
    page.get_by_role("link", name="Back to the lesson").click()
    expect(page).to_have_url(f"{server.url}{SUB_PATH}foundations/")
