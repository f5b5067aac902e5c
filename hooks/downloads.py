"""MkDocs hook: the course as files to take along, an EPUB of its pages and an archive of the whole site, made when the site is built."""

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import CombinedEvent, event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from hooks import precache
from hooks.archive import packed
from hooks.book import About, BookPage, colors, made

ELEMENT = "<course-downloads></course-downloads>"
FOLDER = "downloads"
NAME = "nines-and-hops"
# What is about the site, and not of the course.
_NOT_IN_THE_BOOK = re.compile(r"index\.md|progress\.md|offline\.md|about/.*")
_NOT_IN_THE_ARCHIVE = re.compile(r".*\.map|assets/javascripts/lunr/.*")
_TOKENS = Path(__file__).parents[1] / "docs" / "assets" / "stylesheets" / "tokens.css"
_UNPACKED = "The whole site as a ZIP archive, which this copy was unpacked from"
_SERVED = "<p>The files are made by <code>make site</code>, not while an author serves the site.</p>"
_pages: list[Page] = []
serving = False


def offer(root: str, sizes: dict[str, int]) -> str:
    """Return the HTML that offers the files: `sizes` are theirs in bytes, by kind, and `root` is where the site begins."""

    def link(kind: str, words: str) -> str:
        return f'<a href="{root}{FOLDER}/{NAME}.{kind}" download>{words}</a> ({sizes[kind] / 1e6:.1f} MB)'

    if not sizes:
        return _SERVED
    book = link("epub", "The lessons as an EPUB")
    site = link("zip", "The whole site as a ZIP archive") if "zip" in sizes else _UNPACKED
    return (
        f"<ul><li>{book}: lessons and labs with their results and figures, and the glossary, for an e-reader.</li>"
        f"<li>{site}: unpack it into a folder of any web server that serves files, at any path.</li></ul>"
    )


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """MkDocs: called once. An author who saves a page must not wait for archives."""
    global serving  # noqa: PLW0603  MkDocs says it here and nowhere else
    serving = command == "serve"


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """MkDocs: a build begins, with these pages."""
    _pages[:] = nav.pages
    return nav


def _book(config: MkDocsConfig) -> bytes:
    site = config.site_url or ""
    reachable = site if urlsplit(site).hostname not in (None, "localhost", "127.0.0.1") else ""
    about = About(config.site_name, config.site_description or "", config.copyright or "", reachable)
    pages = [
        BookPage(
            page.url,
            str(page.title),
            str(page.parent.title) if page.parent else "",
            page.content or "",
            [(item.id, item.title) for top in page.toc for item in top.children],
        )
        for page in _pages
        if not _NOT_IN_THE_BOOK.fullmatch(page.file.src_uri)
    ]
    return made(about, pages, colors(_TOKENS.read_text(encoding="utf-8")))


# The pages that offer the files, and what each says now in the place of the element.
_offers: dict[Path, str] = {}


def _fill(site: Path, sizes: dict[str, int]) -> None:
    for page, said in _offers.items():
        html = offer("../" * (len(page.relative_to(site).parts) - 1), sizes)
        page.write_text(page.read_text(encoding="utf-8").replace(said, html), encoding="utf-8")
        _offers[page] = html


@event_priority(-90)
def _before_the_list(config: MkDocsConfig) -> None:
    """Write the book. Until the archive is made, the page says what it shall say in the archive's own copy."""
    site = Path(config.site_dir)
    _offers.clear()
    _offers.update({page: ELEMENT for page in site.rglob("*.html") if ELEMENT in page.read_text(encoding="utf-8")})
    sizes = {}
    if _offers and not serving:
        book = _book(config)
        sizes["epub"] = len(book)
        (site / FOLDER).mkdir(exist_ok=True)
        (site / FOLDER / f"{NAME}.epub").write_bytes(book)
    _fill(site, sizes)


@event_priority(-110)
def _after_the_list(config: MkDocsConfig) -> None:
    """Make the archive of the finished site. Then the page names its size, and the list of what is stored offline has the page anew."""
    if serving or not _offers:
        return
    site = Path(config.site_dir)
    listed = precache.manifest(site)
    files = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    archive = packed(
        {f"{NAME}/{name}": path.read_bytes() for name, path in files.items() if not _NOT_IN_THE_ARCHIVE.fullmatch(name)}
    )
    (site / FOLDER / f"{NAME}.zip").write_bytes(archive)
    _fill(site, {"epub": (site / FOLDER / f"{NAME}.epub").stat().st_size, "zip": len(archive)})
    worker = site / precache.WORKER
    worker.write_text(worker.read_text(encoding="utf-8").replace(listed, precache.manifest(site)), encoding="utf-8")


on_post_build = CombinedEvent(_before_the_list, _after_the_list)
