"""Where the labs are in a built site, for tests and benchmarks that go there."""

import re
from pathlib import Path

_PANEL = re.compile(r'<lab-panel name="(\w+)" data-arguments="\{\}"')


def homes(site: Path) -> dict[str, str]:
    """Return the address of the page where each lab has its own panel: a page of its own, or else the first that shows it."""
    found: dict[str, str] = {}
    for path in sorted(site.rglob("index.html"), key=lambda path: (path == site / "index.html", path.as_posix())):
        address = path.parent.relative_to(site).as_posix()
        for name in _PANEL.findall(path.read_text(encoding="utf-8")):
            own = address.endswith(name.replace("_", "-"))
            if own or name not in found:
                found[name] = "" if address == "." else f"{address}/"
    return found
