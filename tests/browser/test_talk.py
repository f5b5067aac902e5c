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
# What stands below or beside its slide, or is cut off in it; the bar at the bottom has the last 44 of 720 units. On a screen, and only
# there, what is in a box that scrolls is within reach.
OUTSIDE = """printed => [...document.querySelectorAll('.nh-slide')].flatMap(slide => {
  const box = slide.getBoundingClientRect();
  const unit = box.height / 720;
  const cuts = one => {
    const {overflowX, overflowY} = getComputedStyle(one);
    const [wide, tall] = [one.scrollWidth > one.clientWidth + 1, one.scrollHeight > one.clientHeight + 1];
    return wide && overflowX !== 'visible' ? overflowX : tall && overflowY !== 'visible' ? overflowY : '';
  };
  const inReach = one => one !== slide && (/auto|scroll/.test(cuts(one)) || inReach(one.parentElement));
  return [...slide.querySelectorAll('*')].filter(one => {
    const {width, bottom, right} = one.getBoundingClientRect();
    if (!width || one.parentElement.closest('svg') || one.matches('.nh-spoken, option')) return false;
    if (printed && cuts(one)) return true;
    return (bottom > box.top + 676.5 * unit || right > box.right + 0.5) && (printed || !inReach(one.parentElement));
  }).slice(0, 1).map(one => [slide.closest('section').id, one.outerHTML.slice(0, 120)]);
})"""

# Figures without a drawing of nearly their own size; those of a panel that are not printed come after one that is.
NOT_DRAWN = """() => [...document.querySelectorAll('.nh-plot, .nh-diagram')].filter(one => {
  const isDrawn = svg => svg.clientHeight >= Math.min(100, 0.9 * svg.viewBox.baseVal.height);
  return ![...one.querySelectorAll('svg')].some(isDrawn) && !(one.closest('.nh-figure ~ .nh-figure') && !one.checkVisibility());
}).map(one => one.closest('section').id)"""


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
def test_every_slide_fits_and_prints_whole_on_a_page_of_its_own(
    talk: Callable[..., Page], server: SiteServer, slides: str
) -> None:
    page = talk("?print-pdf", slides, color_scheme="dark")
    expect(page.locator("lab-panel:not([data-live])")).to_have_count(0)
    count = page.locator(".nh-slide").count()
    expect(page.locator(".pdf-page")).to_have_count(count)
    assert page.evaluate(OUTSIDE, True) == []
    assert page.evaluate(NOT_DRAWN) == []
    panels = page.locator(".nh-slide-panel").count()
    for part in (".nh-takeaway", ".nh-rest", ".nh-rest a"):
        expect(page.locator(f".nh-slide-panel {part}").filter(visible=True)).to_have_count(panels)
    lesson = slides.removesuffix("slides/")
    sources = page.locator(".nh-rest a").evaluate_all(
        "all => all.map(one => [one.getAttribute('href'), one.textContent])"
    )
    ids = set(re.findall(r' id="([^"]+)"', (server.folder / lesson / "index.html").read_text(encoding="utf-8")))
    for target, written in sources:
        assert target.removeprefix("../#") in ids
        assert written.endswith(f"/{lesson}{target.removeprefix('../')}")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == count
    expect(page.locator(".pdf-page").first).to_have_css("background-color", "rgb(252, 251, 248)")


@pytest.mark.parametrize("slides", ALL)
def test_a_panel_on_a_slide_is_large_and_nothing_of_it_is_out_of_reach(talk: Callable[..., Page], slides: str) -> None:
    page = talk(slides=slides)
    expect(page.locator("lab-panel:not([data-live])")).to_have_count(0)
    for ident in page.locator("section:has(> .nh-slide-panel)").evaluate_all("all => all.map(one => one.id)"):
        page.evaluate("ident => location.hash = `#/${ident}`", ident)
        panel = page.locator(f"section.present#{ident} lab-panel")
        expect(panel).to_be_visible()
        assert page.evaluate(OUTSIDE, False) == []
        size, scrolls = panel.evaluate(
            "one => [Number(getComputedStyle(one).zoom), one.scrollHeight > one.clientHeight && getComputedStyle(one).overflowY]"
        )
        assert size >= 1
        assert scrolls in (False, "auto"), ident


@pytest.mark.parametrize("slides", ALL)
def test_the_first_slide_loads_little_and_keys_lead_on(
    talk: Callable[..., Page], server: SiteServer, slides: str
) -> None:
    server.asked.clear()
    page = talk(slides=slides)
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
    assert page.evaluate(OUTSIDE, False) == []
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
