"""The Chromium that the browser tests drive: found on this machine, or else installed, then remembered in build/browser.txt.

`python -m tools.browser` does so and prints its path; `launch_options()` is what tests pass to Playwright.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

RECORD = Path(__file__).parents[1] / "build" / "browser.txt"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PACKAGE_MANAGERS = (
    (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]),
    (["dnf", "install", "-y", "-q", "chromium"],),
    (["apk", "add", "--quiet", "chromium"],),
)
QUIET_NETWORK = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)


class LaunchOptions(TypedDict):
    """Arguments of Playwright's `chromium.launch`."""

    executable_path: str
    args: list[str]


class NoBrowserError(Exception):
    """No Chromium is there and none can be installed; the message says what was tried and what to do."""


def launch_options() -> LaunchOptions:
    """The recorded browser, with no traffic of its own and, for the superuser, without the sandbox that refuses to start.

    Raises:
        NoBrowserError: none is recorded or to be found.
    """
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": str(recorded() or find()), "args": [*QUIET_NETWORK, *sandbox]}


def recorded() -> Path | None:
    """The browser that an earlier run found, if it is still there and NINES_CHROMIUM does not name one."""
    if "NINES_CHROMIUM" in os.environ or not RECORD.is_file():
        return None
    path = Path(RECORD.read_text().strip())
    return path if os.access(path, os.X_OK) else None


def find() -> Path:
    """The first Chromium on this machine that starts: NINES_CHROMIUM, one on the PATH, an application, Playwright's own.

    Raises:
        NoBrowserError: there is none, or NINES_CHROMIUM names something else.
    """
    if named := os.environ.get("NINES_CHROMIUM"):
        if not starts(Path(named)):
            raise NoBrowserError(f"NINES_CHROMIUM must be a Chromium that starts, got {named}")
        return Path(named)
    for path in candidates():
        if starts(path):
            return path
    raise NoBrowserError("no Chromium on this machine")


def candidates() -> Iterator[Path]:
    """Where a Chromium may be, the likely places first."""
    yield from (Path(path) for name in NAMES if (path := shutil.which(name)))
    yield from (Path(path) for path in MAC_APPLICATIONS)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  it takes half a second, and is rarely needed

    with sync_playwright() as playwright:
        yield Path(playwright.chromium.executable_path)


def starts(path: Path, name: str = "Chrom") -> bool:
    """Whether the file is a browser whose version line has this in its name, and its libraries are there too."""
    try:
        done = subprocess.run([str(path), "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and name in done.stdout


def install() -> Path:
    """A Chromium newly installed: Playwright's download, else the system's package manager.

    Raises:
        NoBrowserError: neither worked.
    """
    failures = []
    for name, commands in installers():
        print(f"Installing Chromium with {name} …", file=sys.stderr, flush=True)
        try:
            for command in commands:
                # 15 s for a connection (the download tries three hosts in turn), 10 minutes for the transfer.
                environment = os.environ | {
                    "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "15000",
                    "DEBIAN_FRONTEND": "noninteractive",
                }
                subprocess.run(command, env=environment, capture_output=True, timeout=600, check=True)
            return find()
        except (OSError, subprocess.SubprocessError, NoBrowserError) as error:
            failures.append(f"{name} ({error})")
    raise NoBrowserError(
        f"The browser tests need Chromium; none was found, and installing failed with {' and '.join(failures)}: "
        "install Chromium or Chrome, or name one with NINES_CHROMIUM=/path/to/chromium"
    )


def installers() -> Iterator[tuple[str, list[list[str]]]]:
    """Ways to install Chromium that this machine and this user have."""
    yield "playwright", [[sys.executable, "-m", "playwright", "install", "chromium"]]
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not shutil.which("sudo"):
        return
    for commands in PACKAGE_MANAGERS:
        if shutil.which(commands[0][0]):
            yield commands[0][0], [[*prefix, *command] for command in commands]


def main() -> int:
    """Finds or installs the browser and records it; an error is one line and exit code 2."""
    path = recorded()
    if path is None:
        try:
            try:
                path = find()
            except NoBrowserError:
                if "NINES_CHROMIUM" in os.environ:
                    raise
                path = install()
        except NoBrowserError as error:
            print(error, file=sys.stderr)
            return 2
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(f"{path}\n")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
