"""The course stored on the reader's device: it works without a network, a newer version replaces it whole, and failures leave nothing behind."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import PHONE, WIDE, Watch
from panel_driver import Panel
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from site_server import SUB_PATH, SiteServer
from test_accessibility import faults

from hooks import precache

KEPT = "async () => [(await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]"
ADDRESSES = """async () => {
  const all = await Promise.all((await caches.keys()).map(name => caches.open(name)));
  return (await Promise.all(all.map(one => one.keys()))).flat().map(({url}) => url);
}"""
SMALL = """() => [...document.querySelectorAll('course-offline button, .nh-newer button')]
  .filter(one => one.getBoundingClientRect().height < 44).length"""
LAB = "foundations/weakest-link/"


class Reader:
    """A browser of their own, before a site that may change under them."""

    def __init__(self, context: BrowserContext, server: SiteServer) -> None:
        self.context, self.server = context, server
        self.page = context.new_page()

    def go(self, address: str, page: Page | None = None) -> Page:
        page = page or self.page
        page.goto(self.server.url + address)
        return page

    def store(self, root: str = "") -> None:
        """Press the button, and wait until all is stored."""
        self.go(f"{root}offline/")
        self.press("Store the course")
        self.says("is stored on this device and works without a connection")

    def press(self, name: str) -> None:
        self.page.locator("course-offline").get_by_role("button", name=name).click()

    def says(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator(".nh-offline-state")).to_contain_text(text, timeout=60_000)

    def cut(self, *, off: bool = True) -> None:
        self.context.set_offline(off)

    def publish(self, folder: Path) -> None:
        """The site is published anew, for connections that are open already too."""
        link = self.server.folder.with_name("next")
        link.symlink_to(folder)
        link.replace(self.server.folder)

    @property
    def kept(self) -> list[int]:
        """How many caches and service workers there are."""
        numbers: list[int] = self.page.evaluate(KEPT)
        return numbers


@pytest.fixture
def reader(browser: Browser, site: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    served = tmp_path / "served"
    served.symlink_to(site)
    with SiteServer(served) as server:
        context = browser.new_context(viewport=WIDE)
        context.set_default_timeout(20_000)
        watch = Watch(context, server)
        yield Reader(context, server)
        context.close()
        watch.check(request)


@pytest.fixture
def edited(site: Path, tmp_path: Path) -> Callable[[Callable[[Path], None]], Path]:
    """Makes another build of the site: a copy in which something is edited, with a service worker of its own."""

    def make(edit: Callable[[Path], None], *, empty: bool = False) -> Path:
        folder = shutil.copytree(site, tmp_path / "site")
        edit(folder)
        script = (site / "sw.js").read_text(encoding="utf-8")
        template = script.replace(manifest_of(script), precache.PLACE)
        precache.fill(folder, template, empty=empty)
        return folder

    return make


def manifest_of(script: str) -> str:
    """The list of files in a service worker."""
    start = script.index('{"build":')
    return script[
        start : start + len(json.dumps(json.JSONDecoder().raw_decode(script, start)[0], separators=(",", ":")))
    ]


def replaced(page: str, old: str, new: str) -> Callable[[Path], None]:
    """An edit of one page."""

    def edit(folder: Path) -> None:
        html = (folder / page).read_text(encoding="utf-8")
        assert old in html
        (folder / page).write_text(html.replace(old, new), encoding="utf-8")

    return edit


@pytest.mark.expects_errors  # an address that does not exist answers 404, offline too
def test_after_one_press_the_course_works_without_a_network(reader: Reader) -> None:
    page = reader.go("offline/")
    expect(page.get_by_role("button", name=re.compile(r"^Store the course: about \d+ MB$"))).to_be_visible()
    page.wait_for_timeout(500)
    assert reader.kept == [0, 0], "nothing is stored before the button is pressed"
    assert not [address for address in reader.server.asked if address.endswith("sw.js")]
    reader.store()
    words: list[str] = []
    page.on("console", lambda message: words.append(message.text))
    before = len(reader.server.asked)
    reader.cut()
    for _ in range(2):
        page.reload()
        reader.says("is stored on this device")
    panel = Panel(reader.go(LAB), "weakest_link")
    built = panel.text()
    panel.run()
    assert panel.text() == built
    assert not [word for word in words if "without its snapshot" in word]
    assert "Content-Security-Policy" in page.content()
    page.get_by_role("textbox", name="Search").press_sequentially("availability")
    expect(page.locator(".md-search-result__item").first).to_be_visible(timeout=20_000)
    page.goto(f"{reader.server.url}no/such/page/")
    expect(page.get_by_role("heading", name=re.compile("404"))).to_be_visible(timeout=20_000)
    page.goto(f"{reader.server.url}glossary")
    expect(page).to_have_url(f"{reader.server.url}glossary/")
    assert set(reader.server.asked[before:]) == {"/sw.js"}, (
        "only the browser itself asks, whether there is a newer version"
    )


def test_a_site_under_a_sub_path_without_a_snapshot_works_without_a_network(
    reader: Reader, edited: Callable[..., Path]
) -> None:
    def without_snapshot(folder: Path) -> None:
        manifest = folder / "assets" / "pyodide" / "manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"snapshot": None}))
        for file in folder.rglob("*.snapshot"):
            file.unlink()

    reader.publish(edited(without_snapshot))
    reader.store(SUB_PATH)
    reader.cut()
    page = reader.go(SUB_PATH + LAB)
    page.reload()
    panel = Panel(page, "weakest_link")
    built = panel.text()
    panel.run()
    assert panel.text() == built
    assert all(address.startswith(f"{reader.server.url}{SUB_PATH}") for address in page.evaluate(ADDRESSES))


def test_a_newer_version_waits_until_it_is_accepted_and_then_shows_in_all_tabs(
    reader: Reader, edited: Callable[..., Path]
) -> None:
    reader.store()
    version = reader.page.locator(".nh-offline-more").inner_text()
    other = reader.go("glossary/", reader.context.new_page())
    before = len(reader.server.asked)
    reader.publish(edited(replaced("index.html", "</h1>", " anew</h1>")))
    page = reader.go("")
    newer = page.get_by_role("complementary", name="Newer version")
    expect(newer).to_contain_text("A newer version of the course is here.", timeout=20_000)
    assert len({address for address in reader.server.asked[before:] if "pyodide" in address}) == 0, (
        "only what changed is fetched"
    )
    page.reload()
    expect(newer).to_be_visible()
    expect(page.locator("h1")).not_to_contain_text("anew")
    for tab in (page, other):
        tab.evaluate("document.documentElement.dataset.old = 'yes'")
    newer.get_by_role("button").click()
    expect(page.locator("h1")).to_contain_text("anew", timeout=20_000)
    expect(newer).to_have_count(0)
    expect(other.locator("html[data-old]")).to_have_count(0, timeout=20_000)
    manifest = json.loads(manifest_of((reader.server.folder / "sw.js").read_text()))
    wanted = {
        item["url"] + (f"?__WB_REVISION__={item['revision']}" if item["revision"] else "")
        for item in manifest["entries"]
    } | {f"about?{manifest['build']}"}
    assert {address.removeprefix(reader.server.url) for address in page.evaluate(ADDRESSES)} == wanted
    reader.cut()
    reader.go("offline/")
    reader.says("is stored on this device")
    expect(page.locator(".nh-offline-more")).to_contain_text(manifest["build"])
    assert page.locator(".nh-offline-more").inner_text() != version


@pytest.mark.parametrize("room", [5_000_000, None], ids=["known beforehand", "found on the way"])
@pytest.mark.expects_errors
def test_a_full_device_is_told_and_nothing_stays(reader: Reader, site: Path, room: int | None) -> None:
    page = reader.go("offline/")
    # What is kept takes a little more than the files: a quota of just their size passes the first look and is too small.
    quota = room or precache.size(site).space + 2_000
    reader.context.new_cdp_session(page).send(
        "Storage.overrideQuotaForOrigin", {"origin": reader.server.url, "quotaSize": quota}
    )
    reader.press("Store the course")
    reader.says(
        re.compile(r"not enough room: \d+ MB are needed, and this browser has [\d.]+ MB left.*Nothing was kept")
    )
    assert reader.kept == [0, 0]
    reader.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", {"origin": reader.server.url})
    reader.press("Try again")
    reader.says("works without a connection")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            "caches.keys = caches.open = async () => { throw new DOMException('', 'SecurityError') }",
            "does not let this site keep anything",
        ),
        ("delete Navigator.prototype.serviceWorker", "has no service workers"),
        ("Object.defineProperty(window, 'isSecureContext', {value: false})", "only over https://"),
        (
            "navigator.serviceWorker.register = async () => { throw new DOMException('', 'SecurityError') }",
            "does not let this site keep anything",
        ),
    ],
)
def test_a_browser_that_cannot_store_is_told_so(reader: Reader, broken: str, message: str) -> None:
    reader.context.add_init_script(broken)
    reader.go("offline/")
    expect(reader.page.locator(".nh-offline-state")).not_to_be_empty()
    if "cannot" not in reader.page.locator(".nh-offline-state").inner_text():
        reader.press("Store the course")
    reader.says(message)


def test_what_is_removed_is_gone_and_can_be_stored_again(reader: Reader) -> None:
    reader.store()
    reader.page.reload()
    reader.says("is stored on this device")
    reader.press("Remove from this device")
    reader.says("not stored on this device")
    expect(reader.page.get_by_role("button", name="Store the course")).to_be_focused()
    assert reader.kept == [0, 0]
    reader.page.evaluate("fetch('../glossary/')")
    assert reader.kept == [0, 0], "a page that was open must not bring it back"
    reader.press("Store the course")
    reader.says("works without a connection")
    reader.cut()
    reader.go("glossary/")


def test_canceling_leaves_nothing_behind(reader: Reader) -> None:
    def never(_: bytes) -> bytes:
        raise TimeoutError

    reader.go("offline/")
    with reader.server.changed("python_stdlib.zip", never):
        reader.press("Store the course")
        reader.says("% is here")
        assert reader.page.locator("progress").get_attribute("value") not in (None, "0")
        expect(reader.page.get_by_role("button", name="Cancel")).to_be_focused()
        reader.press("Cancel")
        reader.says("not stored on this device")
    assert reader.kept == [0, 0]


@pytest.mark.expects_errors
def test_a_lost_connection_can_be_gone_on_from(reader: Reader) -> None:
    def never(_: bytes) -> bytes:
        raise TimeoutError

    reader.go("offline/")
    with reader.server.changed("python_stdlib.zip", never):
        reader.press("Store the course")
        reader.says("% is here")
        reader.cut()
        reader.says("The connection was lost")
    reader.cut(off=False)
    before = len(reader.server.asked)
    reader.page.reload()
    reader.says("interrupted")
    reader.press("Go on")
    reader.says("works without a connection")
    assert "/glossary/index.html" not in reader.server.asked[before:], "what has come need not come again"


@pytest.mark.expects_errors
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: None, "weakest-link/index.html is missing"),
        (lambda html: html + b" ", "is not the file that belongs"),
    ],
)
def test_a_site_that_is_not_whole_is_not_stored(
    reader: Reader, change: Callable[[bytes], bytes | None], message: str
) -> None:
    reader.go("offline/")
    with reader.server.changed("weakest-link/index.html", change):
        reader.press("Store the course")
        reader.says(message)
    assert reader.kept == [0, 0]


@pytest.mark.expects_errors
def test_a_newer_version_that_is_not_whole_leaves_the_stored_one_in_use(
    reader: Reader, edited: Callable[..., Path]
) -> None:
    reader.store()
    before = set(reader.page.evaluate(ADDRESSES))
    folder = edited(replaced("index.html", "</h1>", " anew</h1>"))
    (folder / "index.html").write_text("something else", encoding="utf-8")
    reader.publish(folder)
    reader.page.reload()
    reader.says("A newer version could not be stored, and the stored one stays")
    assert set(reader.page.evaluate(ADDRESSES)) == before
    expect(reader.go("").locator("h1")).to_be_visible()


def test_where_an_author_serves_the_site_a_stored_course_removes_itself(
    reader: Reader, edited: Callable[..., Path]
) -> None:
    reader.store()
    reader.publish(edited(lambda _: None, empty=True))
    reader.go("")
    for _ in range(100):
        with suppress(Error):  # the page loads anew meanwhile
            if reader.kept == [0, 0]:
                break
        reader.page.wait_for_timeout(100)
    assert reader.kept == [0, 0]
    expect(reader.go("glossary/").locator("h1")).to_be_visible()


def test_without_javascript_the_page_says_what_is_needed(reader: Reader, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{reader.server.url}offline/")
    expect(page.locator("course-offline")).to_contain_text(re.compile(r"about \d+ MB"))
    assert "turn on JavaScript" in page.locator("course-offline noscript").inner_text()
    expect(page.locator("course-offline button")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_where_a_newer_version_is_offered(
    reader: Reader, edited: Callable[..., Path], scheme: str
) -> None:
    reader.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    reader.store()
    reader.publish(edited(replaced("index.html", "</h1>", " anew</h1>")))
    reader.page.reload()
    expect(reader.page.locator(".nh-newer")).to_contain_text("is here", timeout=20_000)
    reader.page.set_viewport_size(PHONE)
    assert (faults(reader.page), reader.page.evaluate(SMALL)) == ([], 0)
