"""Slides made of a lesson's own text: nothing is lost, nothing is written twice, and long things go on to the next slide."""

import re
from collections import Counter
from html import unescape
from pathlib import Path

import pytest

from hooks import deck, paper
from hooks.blocks import blocks, text

LESSON = """<h1 id="m">Module</h1><p class="nh-times">Reading 3 min.</p>
<h2 id="a">First<a class="headerlink" href="#a">&para;</a></h2>
<p>It begins here.
It goes on.
A <strong>term</strong> is defined.<sup id="fnref:x"><a class="footnote-ref" href="#fn:x">1</a></sup></p>
<p><strong>Run in.</strong>
The next sentence comes along.
The third does not.</p>
<p>Three things follow.</p>
<ul><li>one</li><li>two</li></ul>
<h2 id="b">Second</h2>
<h3 id="c">Below</h3>
<p>Only notes.</p>
<figure class="nh-diagram"><svg viewBox="0 0 1 1"><use href="#d"></use></svg></figure>
<p>After the <a href="other/">figure</a>.</p>
<lab-panel name="x"><span class="nh-title">The panel</span></lab-panel>
<h3 id="d">Beside</h3><p>Short.</p>
<h2 id="e" class="no-slide">Left out</h2><p>A <strong>word</strong>.</p><h3 id="f">With this</h3><p>Too.</p>
<h2 id="g">Last</h2><p class="slide">All.
Of it.</p><p class="no-slide">None <strong>of it</strong>.</p>"""


def made(html: str) -> dict[str, deck.Slide]:
    return {slide.ident: slide for stack in deck.stacks(html) for slide in stack}


def words(parts: list[str]) -> list[str]:
    return [text(part) for part in parts]


def test_key_sentences_stand_on_the_slide_and_the_others_in_its_notes() -> None:
    slides = made(LESSON)
    assert not any("Reading" in part for slide in slides.values() for part in slide.body + slide.notes)
    slide = slides["a"]
    assert slide.title == "First"
    assert words(slide.body) == [
        "It begins here.",
        "A term is defined.1",
        "Run in. The next sentence comes along.",
        "Three things follow.one",
        "two",
    ]
    assert words(slide.notes) == ["It goes on.", "The third does not."]


def test_a_figure_and_a_panel_have_slides_of_their_own() -> None:
    slides = made(LESSON)
    assert [ident for ident in slides if ident.startswith("c")] == ["c", "c-2"]
    assert (slides["c"].kind, slides["c"].above) == ("figure", "Second")
    assert words(slides["c"].body) == ["Only notes.", ""]
    assert (slides["c-2"].kind, slides["c-2"].title, slides["c-2"].above) == ("panel", "The panel", "Below")


def test_a_section_of_sections_shows_what_is_below_it() -> None:
    assert made(LESSON)["b"].body == [
        '<ul class="nh-agenda"><li><a href="#/c">Below</a></li><li><a href="#/d">Beside</a></li></ul>'
    ]


def test_a_list_of_one_section_is_not_a_slide() -> None:
    slides = made('<h1 id="m">M</h1><h2 id="a">Alone</h2><h3 id="b">Inside</h3><p>It is.</p>')
    assert {ident: slide.above for ident, slide in slides.items()} == {"b": "Alone"}


def test_authors_marks_are_obeyed() -> None:
    slides = made(LESSON)
    assert not {"e", "f"} & set(slides)
    assert (words(slides["g"].body), words(slides["g"].notes)) == (["All.", "Of it."], ["None of it."])


def test_addresses_lead_out_of_the_folder_of_slides_and_drawings_keep_theirs() -> None:
    html = "".join(part for slide in made(LESSON).values() for part in [*slide.body, *slide.notes])
    assert 'href="../#fn:x"' in html
    assert 'href="../other/"' in html
    assert '<use href="#d">' in html
    assert "fnref" not in html


def test_a_long_table_goes_on_with_the_same_head_and_a_long_list_with_its_number() -> None:
    rows = "".join(f"<tr><td>{number}</td><td>{'words ' * 30}</td></tr>" for number in range(8))
    items = "".join(f"<li>{number} {'words ' * 30}</li>" for number in range(8))
    html = f"<h1 id='m'>M</h1><h2 id='t'>T</h2><table><thead><tr><th>No.</th><th>What</th></tr></thead><tbody>{rows}</tbody></table>"
    slides = list(made(f"{html}<h2 id='l'>L</h2><p>All:</p><ol>{items}</ol>").values())
    tables = [slide for slide in slides if "<table" in slide.body[0]]
    assert len(tables) > 1
    assert all("<th>No.</th>" in slide.body[0] for slide in tables)
    assert sum(slide.body[0].count("<td>") for slide in tables) == 16
    assert [slide.part for slide in tables][:2] == [f"1 of {len(tables)}", f"2 of {len(tables)}"]
    lists = [part for slide in slides for part in slide.body if "<ol" in part]
    assert [re.search(r'start="(\d)"', part)[1] for part in lists[1:]] == [str(number) for number in range(2, 9)]  # type: ignore[index]
    assert all(slide.lines <= deck.ROOM for slide in slides)


def figure(height: int, caption: str = "A caption") -> str:
    twin = '<details class="nh-twin"><div class="nh-table"></div></details>'
    drawing = f'<svg class="nh-wide" viewBox="0 0 640 {height}"></svg><svg class="nh-narrow" viewBox="0 0 340 {height}"></svg>'
    return f'<figure class="nh-figure">{drawing}<figcaption>{caption}</figcaption>{twin}</figure>'


@pytest.mark.parametrize(
    ("result", "figures", "scale", "rest"),
    [
        (figure(240), 1, 1.175, False),  # as wide as its place
        (figure(240) + figure(200), 2, 1.159, False),
        (figure(240) + figure(200) + figure(50), 2, 1.159, True),
        (figure(400) + figure(240), 1, 1.175, True),  # of two, the letters would be too small
        (figure(1104), 1, 0.5, False),  # higher than its place: 594 less 42 for the caption
        (figure(1080, "words " * 16), 1, 0.491, False),  # and the caption has two lines
        (figure(240) + '<div class="nh-table"></div>', 1, 1.175, True),
        ('<div class="nh-table"></div>', 0, 1.175, True),
        ("", 0, 1.175, False),
    ],
)
def test_of_a_panel_is_printed_what_fits_whole(result: str, figures: int, scale: float, *, rest: bool) -> None:
    panel = (
        f'<lab-panel><form></form><div class="nh-output"><p class="nh-takeaway">It fits.</p>{result}</div></lab-panel>'
    )
    assert paper.shown(panel) == paper.Shown(figures, scale, rest)


def test_every_sentence_of_the_lesson_is_in_its_slides_once(site: Path) -> None:
    page = (site / "foundations" / "index.html").read_text(encoding="utf-8")
    article = page[page.index("<h1") : page.index("</article>")]
    slides = (site / "foundations" / "slides" / "index.html").read_text(encoding="utf-8")
    shown = unescape(text(slides))
    counts: Counter[str] = Counter()
    left_out = False
    for block in blocks(re.sub(r"<svg\b.*?</svg>", "", article, flags=re.DOTALL)):
        if block.tag == "h2":
            left_out = "no-slide" in block.classes
        if block.tag != "p" or left_out or {"nh-to-slides", "nh-times"} & set(block.classes):
            continue
        for sentence in filter(str.strip, block.inner.split("\n")):
            counts[unescape(text(sentence))] += 1
    assert len(counts) > 200
    assert {sentence: shown.count(sentence) for sentence in counts if shown.count(sentence) != counts[sentence]} == {}


def test_slides_are_not_for_search_engines_and_load_nothing_of_the_theme(site: Path) -> None:
    slides = (site / "foundations" / "slides" / "index.html").read_text(encoding="utf-8")
    assert '<meta name="robots" content="noindex">' in slides
    assert "foundations/slides" not in (site / "sitemap.xml").read_text(encoding="utf-8")
    assert "foundations/slides" not in (site / "search" / "search_index.json").read_text(encoding="utf-8")
    assert "assets/javascripts" not in slides
    assert "stylesheets/main" not in slides
    assert "Content-Security-Policy" in slides
    assert '"foundations/slides/index.html"' in (site / "sw.js").read_text(encoding="utf-8")
