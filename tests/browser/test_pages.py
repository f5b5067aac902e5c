"""Every page: loads cleanly, reads without scripts, fits a phone, and has no fault that axe-core can find, light and dark."""

from collections.abc import Callable, Iterator

import pytest
from conftest import PHONE, WIDE, Watch
from playwright.sync_api import Browser, Page
from site_server import SiteServer
from test_accessibility import SCHEMES, faults_unfolded

OVERFLOW = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const outside = [...document.querySelectorAll('article *')].filter(element => {
    const box = element.getBoundingClientRect();
    const scrolls = element.closest('pre, .nh-table, [class*=scrollwrap], textarea, svg');
    return box.width && box.right > document.documentElement.clientWidth + 1 && !scrolls && !element.matches('.nh-spoken');
  });
  return [wide, outside.slice(0, 3).map(element => element.outerHTML.slice(0, 120))];
}"""


@pytest.fixture(scope="module")
def page_without_scripts(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def reader(browser: Browser, server: SiteServer) -> Iterator[tuple[Page, Watch]]:
    """A page that is loaded anew for every address, with what the browser keeps from page to page."""
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    context.add_init_script("localStorage.clear()")  # where the theme keeps the scheme that it found first
    yield context.new_page(), Watch(context, server)
    context.close()


def test_a_page_loads_without_errors_fits_a_phone_and_has_no_fault_that_axe_finds(
    reader: tuple[Page, Watch], server: SiteServer, address: str, request: pytest.FixtureRequest
) -> None:
    page, watch = reader
    for scheme, expected in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        page.goto(server.url + address)
        assert page.locator("body").get_attribute("data-md-color-scheme") == expected
        for size in (PHONE, WIDE):
            page.set_viewport_size(size)
            assert page.evaluate(OVERFLOW) == [0, []], (scheme, size)
        assert faults_unfolded(page) == [], scheme
        page.set_viewport_size(PHONE)
    watch.check(request)


def test_panels_are_filled_before_any_script_runs(page_without_scripts: Page, server: SiteServer, address: str) -> None:
    if "<lab-panel" not in (server.folder / address / "index.html").read_text(encoding="utf-8"):
        return
    page = page_without_scripts
    page.goto(server.url + address)
    for panel in page.locator("lab-panel").all():
        assert panel.locator(".nh-takeaway").inner_text()
        assert panel.locator(".nh-form [name]").count() > 0
        assert panel.locator("noscript").inner_html()
        for plot in panel.locator(".nh-plot").all():
            assert plot.locator("svg:visible").count() == 1
            assert plot.locator("svg:visible").bounding_box()["height"] > 50  # type: ignore[index]


def test_every_lab_has_a_panel_on_a_page(lab_name: str, homes: dict[str, str]) -> None:
    assert lab_name in homes


def test_no_python_is_fetched_before_a_lab_is_touched(
    open_page: Callable[..., Page], server: SiteServer, homes: dict[str, str]
) -> None:
    server.asked.clear()
    page = open_page(next(iter(homes.values())))
    page.wait_for_load_state("networkidle")
    assert not [
        address for address in server.asked if "/pyodide/" in address or "charts" in address or "worker.js" in address
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colors_of_text_have_enough_contrast(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page("", color_scheme=scheme)
    luminance = """names => {
      const probe = document.body.appendChild(document.createElement('i'));
      const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
      const found = names.map(name => {
        probe.style.color = `var(${name})`;
        canvas.fillStyle = getComputedStyle(probe).color;
        canvas.fillRect(0, 0, 1, 1);
        const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(c => linear(c / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      });
      probe.remove();
      return found;
    }"""
    colors = ["accent", "network", "work", "ok", "degraded", "fails", "neutral"]
    pairs = [(color, ground) for color in ("ink", "muted", *colors) for ground in ("paper", "raised")]
    pairs += [(color, f"{color}-soft") for color in colors] + [("ink", f"{color}-soft") for color in colors]
    pairs += [("accent-ink", "accent")]
    names = sorted({name for pair in pairs for name in pair} | {"edge"})
    bright = dict(zip(names, page.evaluate(luminance, [f"--nh-{name}" for name in names]), strict=True))

    def contrast(one: str, other: str) -> float:
        low, high = sorted((bright[one], bright[other]))
        return (high + 0.05) / (low + 0.05)

    assert {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5} == {}
    assert contrast("edge", "paper") >= 3
