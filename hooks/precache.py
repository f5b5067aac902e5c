"""The list of files that the service worker stores on a reader's device: every file of the built site that somebody may need offline."""

import gzip
import hashlib
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hooks.build_folder import BuildError

WORKER = "sw.js"
PLACE = "self.__WB_MANIFEST"
"""What Workbox's own tools replace by the list."""

# For search engines, feed readers, links on other sites and debuggers, to be taken along, and the theme's word lists for other languages.
# The sitemap is needed: the theme reads it to tell which links stay on the site.
_NOT_NEEDED = re.compile(
    r"sw\.js|downloads/.*|sitemap\.xml\.gz|feed\.xml|assets/cards/.*|robots\.txt|CNAME|.*\.map|assets/javascripts/lunr/.*|(.*/)?\.[^/]*"
)
# A checksum in the name, as the theme, esbuild and our own folders write it: what has such a name never changes.
_HASHED = re.compile(r"\.[0-9a-f]{8}\.|-[0-9A-Z]{8}\.|/[0-9a-f]{12}/")
_PACKED_BY_HOSTS = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".txt", ".wasm", ".xml"}


@dataclass(frozen=True)
class Size:
    """`download` is what comes over the network where the host compresses text and WebAssembly with gzip; `space` is what is kept. In bytes."""

    download: int
    space: int


def files(site: Path) -> list[str]:
    """The addresses below the root of the built `site`: pages first, then what they are made of, and last what runs Python."""
    found = (path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())

    def rank(address: str) -> tuple[int, str]:
        return (0 if address.endswith(".html") else 2 if address.startswith("assets/pyodide/") else 1, address)

    return sorted((address for address in found if not _NOT_NEEDED.fullmatch(address)), key=rank)


def size(site: Path) -> Size:
    """What storing the built `site` takes."""
    contents = [(Path(address).suffix, (site / address).read_bytes()) for address in files(site)]
    packed = (
        len(gzip.compress(data, mtime=0)) if suffix in _PACKED_BY_HOSTS else len(data) for suffix, data in contents
    )
    return Size(sum(packed), sum(len(data) for _, data in contents))


def entries(site: Path) -> list[dict[str, Any]]:
    """The list in Workbox's form. With the checksums, a reader who stores while the site is published anew cannot get a mixture."""
    return [_entry(address, (site / address).read_bytes()) for address in files(site)]


def _entry(address: str, data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data)
    return {
        "url": quote(address),
        "revision": None if _HASHED.search(address) else digest.hexdigest()[:12],
        "integrity": f"sha256-{b64encode(digest.digest()).decode()}",
        "bytes": len(data),
    }


def manifest(site: Path, *, empty: bool = False) -> str:
    """What stands in the service worker of the built `site`: a name for this build, and the list, or an empty one."""
    listed = [] if empty else entries(site)
    build = hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:8]
    return json.dumps({"build": build, "entries": listed}, separators=(",", ":"))


def fill(site: Path, script: str, *, empty: bool = False) -> None:
    """Write the service worker of the built `site`: `script` with the list in it, or with an empty one.

    Raises:
        BuildError: the script has no place, or several, for the list.
    """
    if script.count(PLACE) != 1:
        raise BuildError(
            f"{WORKER} must name {PLACE} once, got {script.count(PLACE)}: docs/assets/sw.source.js reads its list there"
        )
    (site / WORKER).write_text(script.replace(PLACE, manifest(site, empty=empty)), encoding="utf-8")
