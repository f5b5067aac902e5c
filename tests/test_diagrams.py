"""The drawings are sound files in one hand, their numbers and arrows are right, and pages take them in whole."""

import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from mkdocs.exceptions import PluginError

from hooks.diagrams import DiagramError, inline, on_page_content
from labs_py.model.places import PLACES

DOCS = Path("docs")
DIAGRAMS = sorted(DOCS.glob("**/diagrams/*.svg"))
WIDE = [path for path in DIAGRAMS if not path.stem.endswith("-narrow")]
DRAWINGS = [*DIAGRAMS, DOCS / "assets" / "favicon.svg"]
SVG = "{http://www.w3.org/2000/svg}"
SHOWN_WIDE, SHOWN_NARROW = 688, 350  # px: the text column of a laptop, and of a phone 390 px wide

drawing = pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
diagram = pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)


def root(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()  # noqa: S314 (a file of this repository)


def words(name: str, module: str = "foundations") -> str:
    """All text of one drawing, a line a text element."""
    return "\n".join("".join(text.itertext()) for text in root(DOCS / module / "diagrams" / name).iter(f"{SVG}text"))


MODULES = {
    "foundations": {
        "cap-partition",
        "consistency-models",
        "failure-isolation",
        "latency-propagation",
        "monolith-distributed",
        "pacelc",
        "shared-fate",
    },
    "networking": {"dns-way", "handshakes", "l4-l7", "protocols", "retry-amplification"},
}


def test_every_diagram_of_the_modules_is_here() -> None:
    for module, drawn in MODULES.items():
        assert {path.stem for path in WIDE if module in path.parts} == drawn
    assert {path.stem for path in DIAGRAMS} - {path.stem for path in WIDE} == {f"{path.stem}-narrow" for path in WIDE}


@drawing
def test_no_drawing_asks_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"//|@import|<script|<image|<foreignObject", text)


@drawing
def test_colors_are_the_themes_with_a_fallback_for_the_file_alone(path: Path) -> None:
    text = re.sub(r"var\(--nh-[a-z-]+, #[0-9a-f]{6}\)", "var", path.read_text(encoding="utf-8"))
    painted = re.findall(r'\b(?:fill|stroke|color|stop-color|background)(?:: |=")([^;"]+)', text)
    assert set(painted) <= {"var", "none", "currentColor"}
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", re.sub(r"url\(#[\w-]+\)", "", text))


@diagram
def test_text_can_be_read_at_the_width_it_is_shown(path: Path) -> None:
    width = float(root(path).get("viewBox", "").split()[2])
    shown = min(width, SHOWN_NARROW if path.stem.endswith("-narrow") else SHOWN_WIDE)
    text = path.read_text(encoding="utf-8")
    assert "scale(" not in text
    sizes = {float(size) for size in re.findall(r"font-size: ([\d.]+)px", text)}
    assert sizes == {13, 15}
    assert len(re.findall("font-size", text)) == len(re.findall(r"font-size: [\d.]+px", text))
    assert min(sizes) * shown / width >= 12.5


@diagram
def test_a_diagram_tells_its_title_and_its_content(path: Path) -> None:
    title, desc = root(path).findtext(f"{SVG}title"), root(path).findtext(f"{SVG}desc")
    assert title
    assert desc
    assert len(desc) > len(title)


@diagram
def test_every_reference_inside_a_diagram_leads_somewhere(path: Path) -> None:
    ids = [element.get("id") for element in root(path).iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([\w-]+)\)", path.read_text(encoding="utf-8"))) == set(ids)


def test_all_diagrams_share_one_style_sheet_and_one_corner() -> None:
    assert len({root(path).findtext(f"{SVG}style") for path in DIAGRAMS}) == 1
    assert re.findall(r"stroke-width: ([\d.]+)", root(WIDE[0]).findtext(f"{SVG}style") or "").count("1.5") == 4
    for path in DIAGRAMS:
        boxes = [rect for rect in root(path).iter(f"{SVG}rect") if float(rect.get("height", 0)) > 24]
        tall = {rect.get("rx") for rect in boxes if float(rect.get("width", 0)) > 24 and rect.get("class") != "band"}
        assert tall <= {"6", "8", "4"}, path


@pytest.mark.parametrize("path", WIDE, ids=lambda path: path.stem)
def test_wide_and_narrow_say_the_same(path: Path) -> None:
    narrow = path.with_name(f"{path.stem}-narrow.svg")
    assert root(path).findtext(f"{SVG}desc") == root(narrow).findtext(f"{SVG}desc")
    assert root(path).findtext(f"{SVG}title") == root(narrow).findtext(f"{SVG}title")


@pytest.mark.parametrize("name", ["shared-fate.svg", "shared-fate-narrow.svg"])
def test_shared_fate_shows_the_availabilities_it_draws(name: str) -> None:
    part = 0.99
    naive = 1 - (1 - part * part) ** 2
    exact = (1 - (1 - part) ** 2) * part
    shown = words(name)
    assert f"= {naive:.6f}" in shown
    assert f"= {exact:.6f}" in shown
    assert f"about {(1 - naive) * 8760:.1f} hours down a year" in shown
    assert f"about {(1 - exact) * 8760:.0f} hours down a year" in shown


@pytest.mark.parametrize("name", ["latency-propagation.svg", "latency-propagation-narrow.svg"])
def test_five_round_trips_cost_five_times_one(name: str) -> None:
    shown = words(name)
    each = [float(text) for text in re.findall(r"([\d.]+) ms each", shown)]
    total = [float(text) for text in re.findall(r"^([\d.]+) ms$", shown, re.MULTILINE)]
    assert each == [round(1000 * PLACES[name].round_trip, 6) for name in ("one_zone", "across_zones", "two_regions")]
    assert all(math.isclose(5 * one, all_) for one, all_ in zip(each, total, strict=True))


@pytest.mark.parametrize("name", ["latency-propagation.svg", "latency-propagation-narrow.svg"])
def test_the_sorted_wait_is_drawn_to_the_scale_of_the_chain(name: str) -> None:
    rects = list(root(DOCS / "foundations/diagrams" / name).iter(f"{SVG}rect"))
    wait = next(rect for rect in rects if rect.get("class") == "box waits")
    work = [float(rect.get("height", 0)) for rect in rects if rect.get("class") == "box work" and rect.get("rx") == "2"]
    bars = {kind: next(float(r.get("width", 0)) for r in rects if r.get("class") == kind and r.get("rx") == "4")
            for kind in ("box network", "box work")}  # fmt: skip
    drawn = sum(work) / float(wait.get("height", 0))
    assert len(work) == 5
    assert bars["box work"] / sum(bars.values()) == pytest.approx(drawn, abs=0.01)


# Jepsen, "Consistency Models", https://jepsen.io/consistency
IMPLIES = {
    "Strict serializable": {"Serializable", "Linearizable"},
    "Serializable": {"Repeatable read", "Snapshot isolation"},
    "Repeatable read": {"Cursor stability", "Monotonic atomic view"},
    "Snapshot isolation": {"Monotonic atomic view"},
    "Cursor stability": {"Read committed"},
    "Monotonic atomic view": {"Read committed"},
    "Read committed": {"Read uncommitted"},
    "Linearizable": {"Sequential"},
    "Sequential": {"Causal"},
    "Causal": {"Writes follow reads", "PRAM"},
    "PRAM": {"Monotonic reads", "Monotonic writes", "Read your writes"},
}
UNAVAILABLE_FROM = {"Cursor stability", "Snapshot isolation", "Sequential"}
STICKY_FROM = {"Read your writes"}


def stronger(models: set[str]) -> set[str]:
    """These models and all that imply one of them."""
    found = models | {model for model, implied in IMPLIES.items() if implied & models}
    return found if found == models else stronger(found)


@pytest.mark.parametrize("name", ["consistency-models.svg", "consistency-models-narrow.svg"])
def test_the_map_of_consistency_models_is_that_of_jepsen(name: str) -> None:
    """Reads the drawing: a model is the text inside a box, an arrow runs from the box it leaves to the one it reaches."""
    svg = root(DOCS / "foundations/diagrams" / name)
    texts = [(float(t.get("x", 0)), float(t.get("y", 0)), t.text or "") for t in svg.iter(f"{SVG}text")]
    boxes: dict[str, tuple[float, float, float, float]] = {}
    for rect in svg.iter(f"{SVG}rect"):
        x, y, width, height = (float(rect.get(key, 0)) for key in ("x", "y", "width", "height"))
        inside = [text for tx, ty, text in texts if x + 14 < tx < x + width and y + 12 < ty < y + height]
        boxes[" ".join(inside)] = (x, y, width, height)

    def box_at(x: float, y: float) -> str:
        return next(n for n, (bx, by, w, h) in boxes.items() if bx <= x <= bx + w and by <= y <= by + h)

    arrows: dict[str, set[str]] = {}
    for path in svg.iter(f"{SVG}path"):
        if path.get("marker-end"):
            x1, y1, x2, y2 = (float(number) for number in re.findall(r"-?[\d.]+", path.get("d", "")))
            arrows.setdefault(box_at(x1, y1), set()).add(box_at(x2, y2 + 6))
    assert arrows == IMPLIES

    unavailable = stronger(UNAVAILABLE_FROM)
    sticky = stronger(STICKY_FROM) - unavailable
    for model, (x, y, _, _) in boxes.items():
        sign = next(text for tx, ty, text in texts if abs(tx - x) < 8 and abs(ty - y) < 10)
        assert sign == ("U" if model in unavailable else "S" if model in sticky else "T"), model


@pytest.mark.parametrize("name", ["handshakes.svg", "handshakes-narrow.svg"])
def test_each_handshake_counts_the_round_trips_that_it_draws(name: str) -> None:
    panels = [
        group
        for group in root(DOCS / "networking/diagrams" / name).iter(f"{SVG}g")
        if group.find(f"{SVG}rect") is not None
    ]
    expected = {
        "TCP + TLS 1.2": 4,
        "TCP + TLS 1.3": 3,
        "QUIC (TLS 1.3)": 2,
        "QUIC, 0-RTT": 1,
    }  # RFC 9293, 5246, 8446, 9001
    for panel, (title, trips) in zip(panels, expected.items(), strict=True):
        shown = [text.text for text in panel.iter(f"{SVG}text")]
        arrows = [path.get("d", "") for path in panel.iter(f"{SVG}path") if path.get("marker-end")]
        assert shown[0] == title
        assert len(arrows) == 2 * trips
        assert [text for text in shown if text and text.isdigit()] == [str(k + 1) for k in range(trips)]
        assert f"{trips} round trip{'s' * (trips > 1)}" in shown
        assert f"{trips * 1000 * PLACES['two_regions'].round_trip:.0f} ms" in shown


@pytest.mark.parametrize("name", ["retry-amplification.svg", "retry-amplification-narrow.svg"])
def test_amplified_retries_are_drawn_one_by_one_and_to_scale(name: str) -> None:
    svg = root(DOCS / "networking/diagrams" / name)
    badges = [
        badge for kind in ("circle", "rect") for badge in svg.iter(f"{SVG}{kind}") if badge.get("class") == "badge"
    ]
    assert len(badges) == sum(4**layer for layer in range(4))
    shown = words(name, "networking").splitlines()
    assert [str(4**layer) in shown for layer in range(4)] == [True] * 4
    assert [f"{100 * 1.1**layer:.4g}" in shown for layer in range(4)] == [True] * 4
    width = {kind: [float(r.get("width", 0)) for r in svg.iter(f"{SVG}rect") if r.get("class") == f"box {kind}"]
             for kind in ("network", "degraded", "fails", "ok")}  # fmt: skip
    assert [extra / width["network"][0] for extra in width["degraded"]] == pytest.approx([0.1, 0.21, 0.331], abs=1e-3)
    assert width["ok"][0] / width["fails"][0] == pytest.approx(1.1**3 / 4**3, rel=0.01)


@pytest.mark.parametrize("name", ["dns-way.svg", "dns-way-narrow.svg"])
def test_the_life_of_an_old_address_is_the_sum_of_its_caches(name: str) -> None:
    shown = words(name, "networking")
    parts = [int(seconds) for seconds in re.findall(r"^(\d+) s: ", shown, re.MULTILINE)]
    assert f"for up to {sum(parts)} s" in shown
    bars = [
        float(r.get("width", 0))
        for r in root(DOCS / "networking/diagrams" / name).iter(f"{SVG}rect")
        if r.get("height") == "30"
    ]
    assert [bar / sum(bars) for bar in bars] == pytest.approx([60 / 95, 5 / 95, 30 / 95], abs=1e-3)
    assert sorted(parts) == [5, 30, 60]


@pytest.mark.parametrize("name", ["protocols.svg", "protocols-narrow.svg"])
def test_one_lost_packet_holds_back_what_the_protocol_orders_behind_it(name: str) -> None:
    """Packets of four answers in rows A to D, slots 1 to 6; the second of B is lost and comes again in slot 5."""
    panels = [
        g
        for g in root(DOCS / "networking/diagrams" / name).iter(f"{SVG}g")
        if (g.findtext(f"{SVG}text") or "").startswith("HTTP")
    ]
    behind = {"HTTP/1.1": "BB", "HTTP/2": "AABBCCCDDD", "HTTP/3": "BB"}
    for panel, (title, letters) in zip(panels, behind.items(), strict=True):
        texts = [(float(t.get("x", 0)), float(t.get("y", 0)), t.text or "") for t in panel.iter(f"{SVG}text")]
        assert texts[0][2] == title
        held = []
        for rect in panel.iter(f"{SVG}rect"):
            x, y, width, height = (float(rect.get(key, 0)) for key in ("x", "y", "width", "height"))
            if "waits" in (rect.get("class") or ""):
                held += [text for tx, ty, text in texts if x < tx < x + width and y < ty < y + height]
        assert "".join(sorted(held)) == letters


DRAWN = (
    '<svg xmlns="http://www.w3.org/2000/svg" class="nh-d" viewBox="0 0 9 9"><title>T</title><desc>D</desc>'
    '<style>.nh-d { color: red; }</style><defs><marker id="tip"/></defs>'
    '<path id="way" marker-end="url(#tip)" d="M0 0H9"/><use href="#way"/><text>a <tspan>b</tspan> c</text></svg>'
)


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    (tmp_path / "diagrams").mkdir()
    (tmp_path / "diagrams" / "x.svg").write_text(DRAWN, encoding="utf-8")
    return tmp_path / "page"


def test_an_image_of_its_own_paragraph_becomes_a_named_figure(page_dir: Path) -> None:
    html = inline(
        '<h1>A</h1>\n<p><img alt="Two &amp; &quot;three&quot;" src="../diagrams/x.svg"></p>\n<p>B</p>', page_dir
    )
    assert html.startswith(
        '<h1>A</h1>\n<figure class="nh-diagram"><div role="img" aria-label="Two &amp; &quot;three&quot;"'
    )
    assert html.endswith("</svg></div></figure>\n<p>B</p>")
    assert 'aria-describedby="diagram-1-desc"' in html
    assert '<desc id="diagram-1-desc">D</desc>' in html
    assert 'aria-hidden="true"' in html
    assert "<title>" not in html
    assert "<text>a <tspan>b</tspan> c</text>" in html


def test_ids_and_references_are_unique_on_the_page(page_dir: Path) -> None:
    html = inline(
        '<p><img alt="one" src="../diagrams/x.svg"></p><p><img alt="two" src="../diagrams/x.svg"></p>', page_dir
    )
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert sorted(ids) == sorted(f"diagram-{n}-{name}" for n in (1, 2) for name in ("desc", "tip", "way"))
    for n in (1, 2):
        assert f'marker-end="url(#diagram-{n}-tip)"' in html
        assert f'href="#diagram-{n}-way"' in html
    assert html.count("<style>") == 1


def test_a_narrow_drawing_joins_the_figure_without_a_second_announcement(page_dir: Path) -> None:
    (page_dir.parent / "diagrams" / "x-narrow.svg").write_text(DRAWN, encoding="utf-8")
    html = inline('<p><img alt="one" src="../diagrams/x.svg"></p>', page_dir)
    assert re.findall(r'class="nh-d (nh-\w+)"', html) == ["nh-wide", "nh-narrow"]
    assert html.count("<figure") == html.count("role=") == html.count("aria-label=") == 1
    assert html.count('aria-hidden="true"') == 2


def test_an_empty_alternative_marks_decoration_and_a_title_becomes_the_caption(page_dir: Path) -> None:
    html = inline('<p><img alt="" src="../diagrams/x.svg" title="After A &amp; B"></p>', page_dir)
    assert '<div aria-hidden="true"><svg' in html
    assert "role=" not in html
    assert html.endswith("</div><figcaption>After A &amp; B</figcaption></figure>")


@pytest.mark.parametrize(
    "html",
    [
        '<p>text <img alt="a photo" src="photo.png"></p>',
        '<p><img alt="a badge" src="https://example.org/badge.svg"></p>',
        '<p><img alt="from the root" src="/x.svg"></p>',
        "<p><code>&lt;img alt=\"\" src=\"x.svg\"&gt;</code></p>",
    ],
)  # fmt: skip
def test_other_images_stay_as_they_are(html: str, page_dir: Path) -> None:
    assert inline(html, page_dir) == html


@pytest.mark.parametrize(
    ("html", "message"),
    [
        ('<p><img alt="a" src="../diagrams/none.svg"></p>', "diagram must be a file of the site, got ../diagrams/none.svg"),
        ('<p><img src="../diagrams/x.svg"></p>', "diagram must have a text alternative, got none for ../diagrams/x.svg"),
        ('<p>See <img alt="a" src="../diagrams/x.svg"></p>',
         "diagram must stand in a paragraph of its own, got something beside ../diagrams/x.svg"),
        ('<p><img alt="a" src="../diagrams/bad.svg"></p>', "diagram must be well-formed SVG, got ../diagrams/bad.svg: "),
    ],
)  # fmt: skip
def test_a_bad_diagram_is_refused_with_its_reason(html: str, message: str, page_dir: Path) -> None:
    (page_dir.parent / "diagrams" / "bad.svg").write_text("<svg>", encoding="utf-8")
    with pytest.raises(DiagramError) as refused:
        inline(html, page_dir)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("", "diagrams/x.svg"),
        ("lesson/", "../diagrams/x.svg"),
        ("lesson.html", "diagrams/x.svg"),
        ("a%20b/c/", "../../diagrams/x.svg"),
    ],
)
def test_the_hook_starts_from_the_pages_own_address(url: str, source: str, page_dir: Path) -> None:
    page: Any = SimpleNamespace(url=url, file=SimpleNamespace(src_uri="lesson.md"))
    config: Any = SimpleNamespace(docs_dir=str(page_dir.parent))
    files: Any = None
    assert "<figure" in on_page_content(f'<p><img alt="a" src="{source}"></p>', page, config, files)
    with pytest.raises(PluginError, match=r"^lesson\.md: diagram must be a file of the site, got none\.svg$"):
        on_page_content('<p><img alt="a" src="none.svg"></p>', page, config, files)
