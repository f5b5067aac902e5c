"""MkDocs hook: gives every page of the built site one Content-Security-Policy, which lets it run and reach nothing foreign.

The policy stands in the page because a plain static host sets no headers. It is the same on all pages, since the theme goes from
page to page without loading anew: the first page's policy then holds for the inline scripts of the others.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig

# What has no rule of its own is the next page, which Firefox fetches beforehand. 'wasm-unsafe-eval' starts Python and allows no other
# code. Style attributes, of figures and of the editor, cannot be told from those that an attacker would add, so they are allowed; they
# can load nothing foreign. The worker of Python is made from a blob, because only then the policy holds in it too; the theme's search
# worker has an address.
_RULES = {
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'none'",
    "frame-src": "'none'",
    "object-src": "'none'",
}
# Browsers look for the charset in the first kilobyte, so it stays before the policy; it loads nothing.
_HEAD = re.compile(r"<head[^>]*>\s*(<meta charset=[^>]*>)?")
serving = False


class _Scripts(HTMLParser):
    """Collects the inline scripts of a page; what is not JavaScript does not run, and needs no permission."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = dict(attrs).get("type") or "text/javascript"
        self._inside = tag == "script" and "src" not in dict(attrs) and kind in ("text/javascript", "module")
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def inline_scripts(html: str) -> list[str]:
    """The texts of the scripts that stand in a page's HTML."""
    return _Scripts(html).found


def policy(scripts: Iterable[str]) -> str:
    """The policy that allows these inline scripts, and no other.

    >>> policy(["a()"]).split("; ")[1]
    "script-src 'self' 'wasm-unsafe-eval' 'sha256-qVpDBgj7bpq5hMAcGp3AOc79J3Y1Z4HvySTwKrWDoy4='"
    """
    hashes = sorted({b64encode(sha256(script.encode()).digest()).decode() for script in scripts})
    return _written(" ".join([_RULES["script-src"], *(f"'sha256-{digest}'" for digest in hashes)]))


def _written(script_source: str) -> str:
    return "; ".join(f"{name} {value}" for name, value in (_RULES | {"script-src": script_source}).items())


def guard(folder: Path, *, served: bool = False) -> None:
    """Put the policy into the head of every page below a folder, before anything that runs or loads.

    Where MkDocs serves the site to its author it adds a script of its own, each time another one: there inline scripts are allowed.

    Raises:
        ValueError: a page has no head.
    """
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.html"))}
    if served:
        content = _written(f"{_RULES['script-src']} 'unsafe-inline'")
    else:
        content = policy(script for html in pages.values() for script in inline_scripts(html))
    meta = f'<meta http-equiv="Content-Security-Policy" content="{content}">'
    for path, html in pages.items():
        head = _HEAD.search(html)
        if not head:
            raise ValueError(f"{path.relative_to(folder)} must have a head, got none: its policy stands there")
        if meta not in html:
            path.write_text(html[: head.end()] + meta + html[head.end() :], encoding="utf-8")


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """MkDocs: called once."""
    global serving  # noqa: PLW0603  MkDocs says it here and nowhere else
    serving = command == "serve"


def on_post_build(config: MkDocsConfig) -> None:
    """MkDocs: called when all files are written."""
    guard(Path(config.site_dir), served=serving)
