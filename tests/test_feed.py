"""The feed: made from CHANGELOG.md, well-formed, with an entry a line, and linked from every page."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hooks.feed import SOURCE, changes, feed

ATOM = "{http://www.w3.org/2005/Atom}"
LIST = "# Changes\n\n## 2026-11-24\n\n- A `<b>` & more,\n  on two lines.\n\n## 2026-11-22\n\n- Old.\n- Newer.\n"


def test_changes_come_newest_first() -> None:
    assert [(change.day, change.text) for change in changes(LIST)] == [
        ("2026-11-24", "A `<b>` & more, on two lines."),
        ("2026-11-22", "Newer."),
        ("2026-11-22", "Old."),
    ]


@pytest.mark.parametrize("text", ["# Changes\n\n## Soon\n\n- A.\n", "# Changes\n"])
def test_a_list_without_days_or_changes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        changes(text)


def test_an_entry_has_what_atom_requires_and_its_own_identity() -> None:
    root = ElementTree.fromstring(feed(changes(LIST), "https://example.org/c/", "N & H"))  # noqa: S314 (made here)
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}id") == "https://example.org/c/feed.xml"
    entries = root.findall(f"{ATOM}entry")
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries) == 3
    assert entries[0].findtext(f"{ATOM}updated") == "2026-11-24T00:00:00Z"
    assert entries[0].findtext(f"{ATOM}content") == "<p>A <code>&lt;b&gt;</code> &amp; more, on two lines.</p>"
    assert entries[0].findtext(f"{ATOM}title") == "A <b> & more, on two lines."
    assert [link.get("href") for link in entries[0].findall(f"{ATOM}link")] == [
        "https://example.org/c/about/changes/#2026-11-24"
    ]


def test_the_built_feed_holds_the_changes_and_every_page_leads_to_it(site: Path) -> None:
    entries = ElementTree.parse(site / "feed.xml").getroot().findall(f"{ATOM}entry")  # noqa: S314 (made here)
    assert len(entries) == min(50, len(changes(SOURCE.read_text(encoding="utf-8"))))
    page = (site / "about" / "changes" / "index.html").read_text(encoding="utf-8")
    for entry in entries:
        link = entry.find(f"{ATOM}link")
        assert link is not None
        assert f'id="{(link.get("href") or "").partition("#")[2]}"' in page
    for path in site.rglob("index.html"):
        (href,) = re.findall(
            r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]*)"', path.read_text("utf-8")
        )
        assert (path.parent / href).resolve() == site / "feed.xml"
