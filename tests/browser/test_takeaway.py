"""What a reader takes away from a panel: a link to its settings, its data, its figures; and what a link does where it is opened."""

import base64
import csv
import io
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import PHONE, Visit
from panel_driver import Panel
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from labs_py import __main__ as terminal
from labs_py import lab

LAB = "hop_latency"
CHANGED = {"placement": "value", "round_trip_ms": "2.5"}
OWN = '[services.a]\nservice_time = "5 ms"\ncalls = ["b"]\n[services.b]\n[endpoints."GET /own"]\nentry = "a"\n'


@pytest.fixture
def panel(visit: Visit, homes: dict[str, str]) -> Panel:
    if "#" in visit.page.url:
        visit.go("glossary/")  # a link that was opened before is left with its page
    panel = Panel(visit.go(homes[LAB]), LAB)
    expect(panel.root).to_have_attribute("data-live", "")
    return panel


def link(arguments: object, lab_name: str = LAB, index: int = 0) -> str:
    """A link's hash, made by hand."""
    packer = zlib.compressobj(wbits=-15)
    text = json.dumps({"lab": lab_name, "index": index, "arguments": arguments})
    packed = packer.compress(text.encode()) + packer.flush()
    return f"#lab=v1.{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def saved(panel: Panel, kind: str) -> tuple[str, bytes]:
    """The name and the content of the file that the first button of this kind saves."""
    with panel.page.expect_download(timeout=40_000) as download:
        panel.root.locator(f'[data-take="{kind}"]').first.click()
    expect(panel.status).to_contain_text(f"Saved {download.value.suggested_filename}.")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def printed(arguments: dict[str, str], capsys: pytest.CaptureFixture[str]) -> object:
    """What the terminal prints as JSON."""
    words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
    assert terminal.main(["run", LAB, *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def plain(text: str | None) -> str:
    return (text or "").replace("\u00a0", " ")


def allow_clipboard(context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])


def test_a_copied_link_brings_the_same_settings_and_result_elsewhere(
    open_page: Callable[..., Page], homes: dict[str, str]
) -> None:
    panel = Panel(open_page(homes[LAB], allow_clipboard), LAB)
    panel.run_with(CHANGED)
    panel.root.get_by_role("button", name="Copy link").click()
    expect(panel.status).to_have_text("Link copied.")
    address = panel.page.evaluate("navigator.clipboard.readText()")
    _, hash_ = address.split("#")
    sent = zlib.decompress(base64.urlsafe_b64decode(hash_.removeprefix("lab=v1.") + "=="), wbits=-15)
    assert json.loads(sent) == {"lab": LAB, "index": 0, "arguments": CHANGED}
    there = Panel(open_page(f"{homes[LAB]}#{hash_}"), LAB)
    there.settled()
    for name, value in CHANGED.items():
        assert there.control(name).input_value() == value
    takeaway = there.output.locator(".nh-takeaway")
    assert takeaway.text_content() == panel.output.locator(".nh-takeaway").text_content()
    assert plain(takeaway.text_content()) == lab.load(LAB).report(CHANGED).takeaway
    assert 0 <= there.root.evaluate("element => element.getBoundingClientRect().top") < 200


def test_where_copying_is_refused_the_link_comes_into_the_address_bar(panel: Panel) -> None:
    deny = "() => { navigator.clipboard.writeText = () => { delete navigator.clipboard.writeText; return Promise.reject(new Error('denied')); }; }"
    panel.page.evaluate(deny)
    panel.run_with(CHANGED)
    panel.root.get_by_role("button", name="Copy link").click()
    expect(panel.status).to_contain_text("in the address bar")
    assert "#lab=v1." in panel.page.url


def test_a_link_brings_an_endpoint_of_another_architecture(panel: Panel) -> None:
    arguments = {"architecture": "social_network", "endpoint": "compose post"}
    panel.forget()
    panel.page.evaluate("hash => location.hash = hash", link(arguments))
    panel.settled()
    assert panel.control("endpoint").input_value() == "compose post"
    assert panel.control("endpoint").locator("option").count() > 1
    assert plain(panel.output.locator(".nh-takeaway").text_content()) == lab.load(LAB).report(arguments).takeaway


def test_an_architecture_that_came_with_a_link_is_shown_and_waits_for_run(panel: Panel) -> None:
    built = panel.text()
    arguments = {"architecture": {"file": "theirs.toml", "text": OWN}, "endpoint": "GET /own"}
    panel.page.evaluate("hash => location.hash = hash", link(arguments))
    expect(panel.status).to_contain_text("has not been run: read it, then Run.")
    assert panel.root.locator("[data-text]").input_value() == OWN
    expect(panel.root.locator("[data-text]")).to_be_visible()
    panel.control("round_trip_ms").fill("3")
    panel.control("round_trip_ms").blur()
    panel.page.wait_for_timeout(500)
    expect(panel.status).to_contain_text("has not been run")
    assert panel.text() == built
    panel.run()
    report = lab.load(LAB).report({**arguments, "round_trip_ms": "3"})
    assert plain(panel.output.locator(".nh-takeaway").text_content()) == report.takeaway


def test_an_architecture_too_long_for_a_link_is_refused_with_the_reason(panel: Panel) -> None:
    noise = "".join(f"# {zlib.crc32(str(number).encode()):08x}\n" for number in range(4000))
    panel.page.evaluate("hash => location.hash = hash", link({"architecture": {"file": "mine.toml", "text": OWN}}))
    expect(panel.root.locator("[data-text]")).to_be_visible()
    panel.root.locator("[data-text]").evaluate("(field, text) => field.value = text", OWN + noise)
    panel.root.get_by_role("button", name="Copy link").click()
    expect(panel.status).to_contain_text("too long for a link")
    expect(panel.status).to_contain_text("12 kB is the most")


BROKEN = [
    ("#lab=v1.AAAA", "cannot be read"),
    ("#lab=v1.%%%", "cannot be read"),
    (link(CHANGED)[:-9], "cannot be read"),
    (link("x" * 100_000), "cannot be read"),
    (link({"placement": 5}), "cannot be read"),
    ("#lab=v9.abc", "another version"),
    (link({}, "no_such_lab"), "not on this page"),
    (link({}, LAB, 7), "not on this page"),
    (link({"placement": "the_moon"}), "sets placement to something"),
    (link({"architecture": "@file"}), "sets architecture to something"),
    (link({"round_trip_ms": "much"}), "sets round_trip_ms to something"),
    (link({"__proto__": "x", "constructor": "y"}), "sets"),
]


def test_a_broken_link_gives_one_message_and_the_built_result_stays(panel: Panel) -> None:
    settings = "form => [...new FormData(form)].filter(([, value]) => typeof value === 'string').join()"
    built, before = panel.text(), panel.root.locator("form").evaluate(settings)
    for hash_, part in BROKEN:
        panel.page.evaluate("hash => location.hash = hash", hash_)
        assert part in panel.refused(), hash_
        assert panel.page.locator(".nh-error:visible").count() == 1
        assert panel.text() == built
        assert panel.root.locator("form").evaluate(settings) == before
        panel.root.get_by_role("button", name="Reset").click()
        expect(panel.error).to_be_hidden()


def test_other_hashes_stay_the_pages_own(panel: Panel) -> None:
    built = panel.text()
    anchor = panel.page.locator("h2[id]").last
    panel.page.evaluate("id => location.hash = id", anchor.get_attribute("id"))
    expect(anchor).to_be_in_viewport()
    expect(panel.error).to_be_hidden()
    assert panel.text() == built


def test_a_link_followed_inside_the_site_opens_once(visit: Visit, homes: dict[str, str]) -> None:
    page = visit.go("glossary/")
    address = visit.server.url + homes[LAB] + link(CHANGED)
    page.evaluate(
        "url => { const a = document.createElement('a'); a.href = url;"
        " document.querySelector('article').append(a); a.click(); }",
        address,
    )
    panel = Panel(page, LAB)
    panel.settled()
    assert page.evaluate("window.sameVisit")
    assert panel.control("placement").input_value() == CHANGED["placement"]
    panel.forget()
    page.wait_for_timeout(300)
    expect(panel.status).to_have_text("")


def tables(content: bytes) -> list[list[list[str]]]:
    """The sections of a CSV file: rows, the caption's line first."""
    found: list[list[list[str]]] = [[]]
    for row in csv.reader(io.StringIO(content.decode(), newline=""), strict=True):
        if row:
            found[-1].append(row)
        else:
            found.append([])
    return found


@pytest.mark.parametrize("settings", [{}, CHANGED], ids=["built", "live"])
def test_the_csv_file_has_every_table_of_the_result(panel: Panel, settings: dict[str, str]) -> None:
    if settings:
        panel.run_with(settings)
    name, content = saved(panel, "csv")
    assert name == f"nines-and-hops-{LAB}.csv"
    shown = panel.output.locator("table").evaluate_all(
        "all => all.map(table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent)))"
    )
    found = tables(content)
    assert all(section[0][0].startswith("# ") for section in found)
    assert [section[1:] for section in found] == [[[plain(cell) for cell in row] for row in table] for table in shown]


def test_cells_with_commas_quotes_and_line_breaks_survive(panel: Panel) -> None:
    hard = ['a, "b"', "two\nlines", "# no comment", "=1"]
    panel.output.locator("tbody tr").first.evaluate(
        "(row, texts) => row.replaceChildren(...texts.map(text => Object.assign(document.createElement('td'), {textContent: text})))",
        hard,
    )
    assert hard in [row for table in tables(saved(panel, "csv")[1]) for row in table]
    panel.root.get_by_role("button", name="Reset").click()


@pytest.mark.parametrize("settings", [{}, CHANGED], ids=["built", "live"])
def test_the_json_file_is_what_the_terminal_prints(
    panel: Panel, settings: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    if settings:
        panel.run_with(settings)
    name, content = saved(panel, "json")
    assert name == f"nines-and-hops-{LAB}.json"
    expected = printed(settings, capsys)
    found = json.loads(content)
    assert found == expected
    assert list(found) == list(expected)  # type: ignore[call-overload]


@pytest.mark.parametrize(("scheme", "viewport", "width"), [("light", None, 640), ("dark", PHONE, 340)])
def test_a_figure_is_saved_as_shown_with_all_it_needs(
    open_page: Callable[..., Page], homes: dict[str, str], scheme: str, viewport: dict[str, int] | None, width: int
) -> None:
    options = {"viewport": viewport} if viewport else {}
    panel = Panel(open_page(homes[LAB], color_scheme=scheme, **options), LAB)
    name, content = saved(panel, "svg")
    assert name == f"nines-and-hops-{LAB}-figure-1.svg"
    root = ElementTree.fromstring(content)  # noqa: S314  our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), b"var(" in content) == (str(width), False)
    drawn = panel.page.evaluate("getComputedStyle(document.body).getPropertyValue('--nh-paper')")
    paper = root.find("{http://www.w3.org/2000/svg}rect")
    assert paper is not None
    assert paper.get("fill") == drawn.strip()
    assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', content.decode())) <= {
        "none",
        "transparent",
        *re.findall(r"#[0-9a-f]{6}", content.decode()),
    }
    name, picture = saved(panel, "png")
    assert name == f"nines-and-hops-{LAB}-figure-1.png"
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    assert image.size == (2 * width, 2 * int(root.get("height", "0")))
    assert "#{:02x}{:02x}{:02x}".format(*image.getpixel((0, 0))) == drawn.strip()  # type: ignore[misc]
    assert len(image.getcolors(2**24) or []) > 20


def test_the_actions_take_no_place_in_print_and_are_large_enough_for_a_finger(
    open_page: Callable[..., Page], homes: dict[str, str]
) -> None:
    panel = Panel(open_page(homes[LAB], viewport=PHONE, has_touch=True), LAB)
    buttons = panel.root.locator("[data-take]")
    for box in buttons.evaluate_all("all => all.map(one => one.getBoundingClientRect().toJSON())"):
        assert min(box["width"], box["height"]) >= 43.9
        assert box["left"] >= 0
        assert box["right"] <= PHONE["width"]
    panel.page.emulate_media(media="print")
    assert not any(button.is_visible() for button in buttons.all())
