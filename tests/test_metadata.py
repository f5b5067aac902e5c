"""What machines read: a description, a card and an address of its own for every page, and the course as linked data."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from PIL import Image

from hooks.cards import HEIGHT, WIDTH, drawing, width, wrapped
from hooks.metadata import days


def tag(html: str, name: str) -> str:
    (content,) = re.findall(rf'<meta (?:name|property)="{name}" content="([^"]*)">', html)
    return unescape(content)


def linked_data(html: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)]


def test_every_page_has_a_description_a_card_and_an_address_of_its_own(site: Path) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in site.rglob("index.html")}
    pages = {path: html for path, html in texts.items() if 'content="noindex' not in html}  # slides are the lesson's
    assert len(pages) > 20
    for names in ("description", "og:title", "og:url", "og:image"):
        assert len({tag(html, names) for html in pages.values()}) == len(pages), names
    for path, html in pages.items():
        root = tag(html, "og:url").removesuffix(f"{path.parent.relative_to(site).as_posix()}/".removeprefix("./"))
        assert f'<link rel="canonical" href="{tag(html, "og:url")}">' in html
        assert 40 <= len(tag(html, "description")) <= 200, path
        with Image.open(site / tag(html, "og:image").removeprefix(root)) as card:
            assert card.size == (WIDTH, HEIGHT)


def test_no_page_takes_its_description_from_the_site() -> None:
    for path in Path("docs").rglob("*.md"):
        assert re.match(r"---\n(.*\n)*?description: .+\n(.*\n)*?---\n", path.read_text(encoding="utf-8")), path


def test_no_page_loads_its_card(site: Path) -> None:
    assert not [
        path for path in site.rglob("*.html") if re.search(r'(src|href)="[^"]*assets/cards', path.read_text("utf-8"))
    ]


def test_the_course_lists_its_parts_and_each_part_names_the_course(site: Path) -> None:
    (course,) = linked_data((site / "index.html").read_text(encoding="utf-8"))
    assert course["@type"] == "Course"
    assert course["isAccessibleForFree"] is True
    assert course["inLanguage"] == "en"
    assert re.fullmatch(r"PT\d+H\d+M", course["hasCourseInstance"]["courseWorkload"])
    root = course["url"]
    parts = {part["url"] for part in course["hasPart"]}
    assert f"{root}foundations/" in parts
    found = set()
    for path in site.rglob("index.html"):
        for data in linked_data(path.read_text(encoding="utf-8")):
            if data["@type"] == "LearningResource":
                assert data["isPartOf"]["@id"] == course["@id"]
                assert data["license"] == course["license"]
                found.add(data["url"])
    assert found == parts


def test_a_card_keeps_long_words_within_its_sides() -> None:
    lines = wrapped("A description that is far too long for the card " * 9, 32, 400, 4)
    assert len(lines) == 4
    assert lines[-1].endswith(" …")
    assert all(width(line, 32, 400) <= 1020 for line in lines)
    assert "A &lt; B" in drawing("N", "A < B", "c")


def test_the_sitemap_says_when_a_page_was_changed(site: Path) -> None:
    known = days(Path("docs"))
    dated = re.findall(r"<loc>[^<]*/glossary/</loc>\s*<lastmod>([^<]*)", (site / "sitemap.xml").read_text("utf-8"))
    assert dated == ([known["glossary.md"]] if known else [])
