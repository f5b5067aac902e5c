"""The glossary: its rules, its terms in pages, and its entries drawn into them."""

import re
from pathlib import Path

import pytest

from hooks.terms import PAGE, drawn, faults, linked, read

DOCS = Path(__file__).parents[1] / "docs"
GLOSSARY = """# Glossary

## Round trip {#round-trip}

There and back; see [latency](#latency) and [the lesson](one/index.md#here).
Source: Somebody, 2020.

## Latency {#latency data-forms="latency, delay"}

A time.
Source: Somebody, 2021.
"""
TERMS = read(GLOSSARY)
LESSON = '# One\n\nThe **round trip** and its delay.\n\n**Lead.** More.\n\n<key-terms of="latency"></key-terms>\n'


def test_the_glossary_and_the_lessons_keep_its_rules() -> None:
    assert faults(DOCS) == []


@pytest.mark.parametrize(
    ("page", "change", "message"),
    [
        (PAGE, ("\nSource: Somebody, 2021.", ""), "glossary.md:8: Latency must have a source"),
        (PAGE, ("latency, delay", "latency, round trip"), 'Latency must be the only entry for "round trip"'),
        (PAGE, ("latency, delay", "lag"), "Latency must be used on some page"),
        (
            "one/index.md",
            ("**round trip**", "round trip of a **packet**"),
            'one/index.md:3: "packet" is in bold as a term',
        ),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_file_and_line(
    tmp_path: Path, page: str, change: tuple[str, str], message: str
) -> None:
    (tmp_path / "one").mkdir()
    texts = {PAGE: GLOSSARY, "one/index.md": LESSON}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert faults(tmp_path) == []
    assert change[0] in texts[page]
    (tmp_path / page).write_text(texts[page].replace(*change), encoding="utf-8")
    (found,) = faults(tmp_path)
    assert message in found


def link(name: str, text: str) -> str:
    return f'<a class="nh-term" href="../g/#{name}">{text}</a>'


def test_the_first_use_of_a_term_is_a_link_and_no_other() -> None:
    html = "<h2>Latency</h2><p><code>latency</code> <strong>Latency</strong>, delay, two round\ntrips; latency-free</p>"
    assert linked(html, TERMS, "../g/") == (
        f"<h2>Latency</h2><p><code>latency</code> <strong>{link('latency', 'Latency')}</strong>, delay, "
        f"two {link('round-trip', 'round\ntrips')}; latency-free</p>"
    )


def test_a_term_right_before_the_mark_of_a_note_waits_for_its_next_use() -> None:
    html = '<p>Latency<sup id="x">1</sup> <b>delay</b><sup id="y">2</sup></p><p>A '
    assert linked(f"{html}delay</p>", TERMS, "../g/") == f"{html}{link('latency', 'delay')}</p>"


def test_a_link_of_the_author_is_one_and_what_is_drawn_notes_and_questions_are_left_alone() -> None:
    html = (
        '<nh-quiz><p>A delay?</p></nh-quiz><p><a href="../g/#latency">slow</a> latency <a href="../h/#latency">x</a></p>'
        '<dl><dt><a href="../g/#round-trip">Round trip</a></dt></dl><div class="footnote"><p>a round trip</p></div>'
    )
    assert linked(html, TERMS, "../g/") == html.replace(
        '<a href="../g/#latency"', '<a class="nh-term" href="../g/#latency"'
    )


def test_an_entry_drawn_into_a_page_leads_where_it_led() -> None:
    assert drawn(TERMS[0], "two/index.md") == (
        "[Round trip](../glossary.md#round-trip)\n"
        ":   There and back; see [latency](../glossary.md#latency) and [the lesson](../one/index.md#here).\n"
    )


def test_the_lesson_draws_its_key_terms_and_links_terms_to_entries_that_are_there(site: Path) -> None:
    html = (site / "foundations/index.html").read_text(encoding="utf-8")
    glossary = (site / "glossary/index.html").read_text(encoding="utf-8")
    entries = set(re.findall(r'<h2 id="([\w-]+)"', glossary))
    used = re.findall(r'<a class="nh-term" href="\.\./glossary/#([\w-]+)">', html)
    assert len(set(used)) > 40
    assert set(used) <= entries
    drawn_terms = re.findall(r'<dt><a href="\.\./glossary/#([\w-]+)">[^<]+</a></dt>\s*<dd>', html)
    assert len(drawn_terms) == 10
    assert "<key-terms" not in html
    assert glossary.count('<span class="nh-source">Source: ') == len(entries)
