"""The course as files: the same bytes each time, an EPUB whose parts are all there, an archive that is the site."""

import io
import posixpath
import re
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from lxml import etree

from hooks import precache
from hooks.archive import packed, unpacked
from hooks.book import About, BookPage, colors, made
from hooks.downloads import ELEMENT, FOLDER, NAME, offer

TOKENS = """:root { --nh-paper: #ffffff; --nh-ok: #000000; --nh-tint: 10%; }
@media screen { :root { --nh-ok: #ffffff; } }
:root { --nh-ok-soft: color-mix(in srgb, var(--nh-ok) var(--nh-tint), var(--nh-paper)); }"""
DRAWING = (
    '<svg class="nh-wide" aria-hidden="true" class="marks" viewBox="0 0 9 9"><path fill="var(--nh-ok-soft)"/></svg>'
)
PAGE = f"""<h1 id="t">Lab<a class="headerlink" href="#t">#</a></h1>
<lab-panel name="x">
<form class="nh-form"><div class="nh-control"><label for="a">Rate</label><input name="a" value="3">
<span class="nh-unit">ms</span></div></form>
<figure><div role="img" aria-label="A picture">{DRAWING}</div><figcaption>Shown</figcaption>
<details class="nh-twin"><summary>Table</summary><p>9</p></details></figure>
<button>Run</button></lab-panel>
<p><a href="../other/#fn:1">Over there</a> <a href="../progress/">not here</a> <a href="https://example.org/">far</a><br><input type="radio"></p>"""
ABOUT = About("A & B", "A course.", "CC BY 4.0", "")


def book(about: About = ABOUT) -> dict[str, bytes]:
    pages = [
        BookPage("labs/", "Lab", "Part", PAGE, [("t", "A section")]),
        BookPage("other/", "Other", "", '<p id="fn:1">Here</p>', []),
    ]
    return unpacked(made(about, pages, colors(TOKENS)))


def test_colors_are_the_light_ones_and_soft_ones_are_mixed() -> None:
    assert colors(TOKENS) == {"--nh-paper": "#ffffff", "--nh-ok": "#000000", "--nh-ok-soft": "#e6e6e6"}


def test_a_page_becomes_a_chapter_with_results_figures_and_settings_in_words() -> None:
    files = book()
    chapter = files["EPUB/labs.xhtml"].decode()
    assert "Computed with: Rate: 3 ms." in chapter
    assert re.search(
        r'<img src="images/\w+\.svg" alt="A picture"/>\s*<figcaption>Shown</figcaption>\s*</figure>\s*<div class="nh-twin',
        chapter,
    )
    assert 'href="other.xhtml#fn-1"' in chapter
    assert "<span>not here</span>" in chapter
    assert 'href="https://example.org/"' in chapter
    assert not re.search(r"<(button|input|form|lab-panel)|headerlink", chapter)
    (drawing,) = (data.decode() for name, data in files.items() if name.endswith(".svg"))
    assert 'fill="#e6e6e6"' in drawing
    assert drawing.count("class=") == 1


def test_links_out_of_the_book_lead_to_the_site_if_it_has_an_address() -> None:
    chapter = book(About("A", "", "", "https://example.org/course/"))["EPUB/labs.xhtml"].decode()
    assert 'href="https://example.org/course/progress/"' in chapter


def test_the_same_pages_make_the_same_book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert packed(book()) == packed(book())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert b"2023-11-14T22:13:20Z" in book()["EPUB/content.opf"]


def test_archives_of_the_same_files_are_the_same() -> None:
    files = {"b": b"2" * 500, "a": b"1", "c.woff2": b"3" * 500}
    data = packed(files, first="b")
    assert data == packed(dict(reversed(files.items())), first="b")
    assert unpacked(data) == files
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["b", "a", "c.woff2"]
        assert archive.getinfo("b").compress_type == archive.getinfo("c.woff2").compress_type == ZIP_STORED


@pytest.fixture(scope="module")
def epub(site: Path) -> dict[str, bytes]:
    data = (site / FOLDER / f"{NAME}.epub").read_bytes()
    # The first bytes say what it is, where programs look for it.
    assert data[30:58] == b"mimetypeapplication/epub+zip"
    return unpacked(data)


def test_every_part_of_the_book_is_well_formed_and_listed(epub: dict[str, bytes]) -> None:
    trees = {
        name: etree.fromstring(data)
        for name, data in epub.items()
        if name.endswith((".xhtml", ".svg", ".opf", ".ncx", ".xml"))
    }
    package = trees["EPUB/content.opf"]
    items = package.findall(".//{*}manifest/{*}item")
    assert {f"EPUB/{item.get('href')}" for item in items} == {
        name for name in epub if name.startswith("EPUB/") and name != "EPUB/content.opf"
    }
    idents = [item.get("id") for item in items]
    assert len(idents) == len(set(idents))
    order = [item.get("idref") for item in package.findall(".//{*}spine/{*}itemref")]
    assert order[:2] == ["page-title", "nav"]
    assert set(order) <= set(idents)
    assert order.index("page-foundations") < order.index("page-foundations-hop-latency") < order.index("page-glossary")
    assert b"CC BY 4.0" in epub["EPUB/title.xhtml"]


def test_every_address_in_the_book_leads_somewhere_and_nothing_comes_from_elsewhere(epub: dict[str, bytes]) -> None:
    idents = {
        name: set(re.findall(r' id="([^"]+)"', data.decode())) for name, data in epub.items() if name.endswith(".xhtml")
    }
    lost = []
    for name in idents:
        for kind, address in re.findall(r' (href|src)="([^"]*)"', epub[name].decode()):
            if kind == "href" and re.match(r"(https?|mailto):", address):
                continue
            path, _, fragment = address.partition("#")
            target = posixpath.normpath(posixpath.join("EPUB", path)) if path else name
            if target not in epub or (fragment and fragment not in idents[target]):
                lost.append((name, address))
    assert lost == []


def test_drawings_in_the_book_need_no_stylesheet_and_results_are_there(epub: dict[str, bytes]) -> None:
    drawings = [data.decode() for name, data in epub.items() if name.endswith(".svg")]
    assert len(drawings) > 20
    assert not [drawing for drawing in drawings if "var(" in drawing]
    for name, data in epub.items():
        if name.endswith(".xhtml") and 'class="lab-panel"' in data.decode():
            assert data.decode().count('class="nh-takeaway"') >= data.decode().count('class="lab-panel"')


def test_the_archive_is_the_site_with_a_list_of_its_own(site: Path, tmp_path: Path) -> None:
    with ZipFile(site / FOLDER / f"{NAME}.zip") as archive:
        archive.extractall(tmp_path)
    copy = tmp_path / NAME
    addresses = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    copied = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert {name for name in addresses - copied if not re.search(r"\.map$|/lunr/", name)} == {f"{FOLDER}/{NAME}.zip"}
    assert not copied - addresses
    differing = {name for name in copied if (site / name).read_bytes() != (copy / name).read_bytes()}
    assert differing == {"offline/index.html", "sw.js"}
    for folder in (site, copy):
        assert precache.manifest(folder) in (folder / "sw.js").read_text(encoding="utf-8")
    page = (copy / "offline" / "index.html").read_text(encoding="utf-8")
    assert f"{NAME}.epub" in page
    assert f"{NAME}.zip" not in page
    assert "unpacked from" in page


def test_the_page_names_the_files_with_their_sizes(site: Path) -> None:
    page = (site / "offline" / "index.html").read_text(encoding="utf-8")
    sizes = {kind: (site / FOLDER / f"{NAME}.{kind}").stat().st_size for kind in ("epub", "zip")}
    assert ELEMENT not in page
    assert offer("../", sizes) in page
    assert f"({sizes['zip'] / 1e6:.1f} MB)" in page


def test_while_an_author_serves_the_site_nothing_is_offered() -> None:
    assert "href" not in offer("../", {})
