"""What all tests share: labs_py as the wheel holds it, and the built site, made once, as `make site` makes it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import settings
from site_server import SiteServer

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "address" in metafunc.fixturenames:
        metafunc.parametrize("address", pages(), ids=lambda address: address or "home")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """The site, built strictly, on 127.0.0.1 at a free port, at the root and under a sub-path."""
    folder = tmp_path_factory.mktemp("site")
    with SiteServer(folder) as running:
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
        environment = os.environ | {"SITE_URL": running.url, "NO_MKDOCS_2_WARNING": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        yield running


@pytest.fixture(scope="session")
def site(server: SiteServer) -> Path:
    """The folder of the built site."""
    return server.folder
