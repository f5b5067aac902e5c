"""MkDocs hook: what machines read of a page: the card for links, JSON-LD of the course and its parts, the feed, and the day of change."""

import json
import subprocess
from html import escape
from pathlib import Path
from urllib.parse import urljoin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from hooks.cards import HEIGHT, WIDTH, card
from hooks.feed import FEED
from hooks.linked_data import linked_data, title_of
from hooks.remembered import remembered

_days: dict[str, str] = {}
_pages: list[Page] = []


def days(root: Path) -> dict[str, str]:
    """Return the day of the last commit that touched each file below a folder; nothing where git or its history, or a part of it, is missing."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(root), *words]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout

    try:
        # In a shallow clone, the oldest commit that is there seems to have made every file.
        if git("rev-parse", "--is-shallow-repository").strip() == "true":
            return {}
        log = git("log", "--format=%x00%cs", "--name-only", "--relative", "--", ".")
    except (OSError, subprocess.CalledProcessError):
        return {}
    found: dict[str, str] = {}
    for commit in log.split("\0")[1:]:
        day, *names = commit.split("\n")
        for name in filter(None, names):
            found.setdefault(name, day)
    return found


def card_address(page: Page) -> str:
    """Return where a page's card is, from the site's root."""
    return f"assets/cards/{page.url.strip('/').replace('/', '-') or 'home'}.png"


def head(page: Page, config: MkDocsConfig) -> str:
    """Return what goes into a page's head."""
    root = config.site_url or ""
    title, description = title_of(page), str(page.meta.get("description", config.site_description))
    properties = {
        "og:site_name": config.site_name,
        "og:type": "website" if page.is_homepage else "article",
        "og:title": title,
        "og:description": description,
        "og:url": page.canonical_url or "",
        "og:image": urljoin(root, card_address(page)),
        "og:image:width": WIDTH,
        "og:image:height": HEIGHT,
        "og:image:alt": f"{title} – {config.site_name}",
    }
    tags = [f'<meta property="{name}" content="{escape(str(text))}">' for name, text in properties.items()]
    tags.append('<meta name="twitter:card" content="summary_large_image">')
    feed = get_relative_url(FEED, page.url)
    tags.append(
        f'<link rel="alternate" type="application/atom+xml" title="Changes of {escape(config.site_name)}" href="{feed}">'
    )
    if data := linked_data(page, _pages, config):
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        tags.append(f'<script type="application/ld+json">{text}</script>')
    return "".join(tags)


def on_pre_build(config: MkDocsConfig) -> None:
    """MkDocs: a build begins."""
    _days.clear()
    _days.update(days(Path(config.docs_dir)))


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """MkDocs: the pages are known."""
    _pages[:] = nav.pages
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """MkDocs: the sitemap says of each page when it was changed; where nobody knows, when the site was built."""
    if day := _days.get(page.file.src_uri):
        page.update_date = page.meta["changed"] = day
    return markdown


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """MkDocs: called with each finished page."""
    path = Path(config.site_dir, card_address(page))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(remembered(card, config.site_name, title_of(page), str(page.meta.get("description", ""))))
    return output.replace("</head>", f"{head(page, config)}</head>", 1)
