"""The browsers of other makers that the course is tried in: a stock Firefox, and WebKit by way of WebKitGTK.

Nothing is installed here, unlike Chromium by tools/browser.py: where one of them is missing, its tests say so and are skipped.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.browser import NoBrowserError, starts

FIREFOX_NAMES = ("firefox", "firefox-esr")
FIREFOX_ON_MAC = "/Applications/Firefox.app/Contents/MacOS/firefox"
FIREFOX_REMEDY = "install Firefox (Debian's package firefox-esr), or name one with NINES_FIREFOX=/path/to/firefox"
WEBKIT_REMEDY = "install Debian's packages webkit2gtk-driver and xvfb, or run `python -m playwright install webkit`"
# Where distributions keep what WebKitGTK brings along, which is on nobody's PATH.
WEBKIT_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/libexec")


@dataclass(frozen=True)
class WebKit:
    """What drives WebKitGTK: its driver, the small browser that comes with it, and a screen where there is none."""

    driver: Path
    browser: Path
    screen: Path | None


def firefox() -> Path:
    """The first Firefox on this machine that starts: NINES_FIREFOX, one on the PATH, an application.

    Raises:
        NoBrowserError: there is none, or NINES_FIREFOX names something else.
    """
    if named := os.environ.get("NINES_FIREFOX"):
        if not starts(Path(named), "Firefox"):
            raise NoBrowserError(f"NINES_FIREFOX must be a Firefox that starts, got {named}")
        return Path(named)
    for path in (*(Path(found) for name in FIREFOX_NAMES if (found := shutil.which(name))), Path(FIREFOX_ON_MAC)):
        if starts(path, "Firefox"):
            return path
    raise NoBrowserError(f"no Firefox on this machine: {FIREFOX_REMEDY}")


def webkit() -> WebKit:
    """WebKitGTK with its driver, and a virtual screen unless DISPLAY names one.

    Raises:
        NoBrowserError: a part of it is missing; the message names it.
    """
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    browser = next(mini_browsers(), None)
    lacking = [
        name
        for name, found in (
            ("WebKitWebDriver", driver),
            ("MiniBrowser", browser),
            ("Xvfb", screen or os.environ.get("DISPLAY")),
        )
        if not found
    ]
    if lacking or driver is None or browser is None:
        raise NoBrowserError(f"no {' and no '.join(lacking)} on this machine: {WEBKIT_REMEDY}")
    return WebKit(Path(driver), browser, None if os.environ.get("DISPLAY") else Path(str(screen)))


def mini_browsers() -> Iterator[Path]:
    """Where WebKitGTK's MiniBrowser may be, the newest library first."""
    for folder in map(Path, WEBKIT_FOLDERS):
        for pattern in ("webkit2gtk-4.*", "webkitgtk-*", "*/webkit2gtk-4.*", "*/webkitgtk-*"):
            for path in sorted(folder.glob(f"{pattern}/MiniBrowser"), reverse=True):
                if os.access(path, os.X_OK):
                    yield path
