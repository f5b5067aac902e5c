"""The built site, made once for all tests that look at it, as `make site` makes it but at the address of the tests' own server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_server import SiteServer

ROOT = Path(__file__).parents[1]


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
