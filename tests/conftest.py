"""What all tests share: labs_py as the wheel holds it, and the built site, made once a run, as `make site` makes it."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import settings
from site_server import ADDRESS, SiteServer

from hooks.build_folder import kept
from hooks.labs_wheel import labs_wheel

ROOT = Path(__file__).parents[1]
# On every machine the same examples, and no clock: as Hypothesis does by itself where it sees that nobody is watching.
settings.load_profile("ci")


def installed_wheel() -> Path:
    """The folder that holds labs_py as an installation of the wheel would."""
    wheel = labs_wheel()

    def unpack(folder: Path) -> None:
        with ZipFile(wheel) as archive:
            archive.extractall(folder)

    return kept(ROOT / "build" / "installed" / wheel.parent.name, unpack)


# Before any test imports labs_py: what ships is tested, so a file that the wheel leaves out is missed here and not by a reader.
sys.path.insert(0, str(installed_wheel()))


def pages() -> list[str]:
    """The addresses of all pages, relative to the site's root: "" is the home page."""
    docs = ROOT / "docs"
    names = sorted(path.relative_to(docs).with_suffix("").as_posix() for path in docs.rglob("*.md"))
    return ["" if name == "index" else f"{name.removesuffix('/index')}/" for name in names]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "expects_errors: console errors and failed responses belong to the test")


# The files that last longest, the longest first, so that none of them is all that is left at the end. The second needs no site, which
# the process that has taken the first is building meanwhile.
LONGEST = (
    "test_live_panels",
    "test_add_a_module",
    "test_engines",
    "test_pages",
    "test_offline",
    "test_waking",
    "test_failures",
    "test_uploads",
    "test_tasks",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what lasts longest, then go on with the browser."""
    browser = Path(__file__).with_name("browser")

    def place(item: pytest.Item) -> tuple[int, bool]:
        name = item.path.stem
        return (LONGEST.index(name) if name in LONGEST else len(LONGEST), item.path.parent != browser)

    items.sort(key=place)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "address" in metafunc.fixturenames:
        metafunc.parametrize("address", pages(), ids=lambda address: address or "home")


def build(folder: Path) -> None:
    """Build the site strictly."""
    unfinished = folder.with_name("unfinished")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(unfinished)]
    environment = os.environ | {"SITE_URL": ADDRESS, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    unfinished.rename(folder)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built by the first process that wants it for all processes of a run; nobody writes into it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "site"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            build(folder)
    return folder


@pytest.fixture(scope="session")
def server(site: Path) -> Iterator[SiteServer]:
    """The site on 127.0.0.1 at a free port, at the root and under a sub-path."""
    with SiteServer(site) as running:
        # The theme follows links without loading a page anew only to addresses that the sitemap has, port and all.
        running.changes["sitemap.xml"] = lambda data: data.replace(ADDRESS.encode(), running.url.encode())
        yield running
