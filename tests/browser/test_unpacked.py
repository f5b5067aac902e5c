"""The archive of the site, unpacked elsewhere, is the course: pages, live labs, and storing it for use without a network."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import WIDE, Watch
from panel_driver import Panel
from playwright.sync_api import Browser, expect
from site_server import SUB_PATH, SiteServer

from hooks.downloads import FOLDER, NAME


def test_an_unpacked_archive_works_at_any_path(
    browser: Browser, site: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with ZipFile(site / FOLDER / f"{NAME}.zip") as archive:
        archive.extractall(tmp_path)
    with SiteServer(tmp_path / NAME) as server:
        context = browser.new_context(viewport=WIDE)
        context.set_default_timeout(20_000)
        watch = Watch(context, server)
        page = context.new_page()
        page.goto(f"{server.url}{SUB_PATH}offline/")
        expect(page.get_by_role("link", name="The lessons as an EPUB")).to_have_attribute("href", re.compile("epub$"))
        page.locator("course-offline").get_by_role("button", name="Store the course").click()
        expect(page.locator(".nh-offline-state")).to_contain_text("works without a connection", timeout=60_000)
        context.set_offline(True)
        page.goto(f"{server.url}{SUB_PATH}foundations/")
        panel = Panel(page, "nines_ladder")
        built = panel.text()
        panel.run()
        assert panel.text() == built
        page.goto(f"{server.url}{SUB_PATH}foundations/slides/")
        expect(page.locator(".nh-deck.ready")).to_have_count(1)
        context.close()
        watch.check(request)
