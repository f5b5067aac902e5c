"""The lab's own source in the panel: read, edited, run apart from the built-in labs, put back, passed on as a link and as a file."""

import base64
import json
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Visit
from panel_driver import Panel
from playwright.sync_api import BrowserContext, Page, expect

from labs_py import __main__ as terminal
from labs_py import lab

LABS = {
    "hop_latency": {"placement": "value", "round_trip_ms": "2.5", "plan": "parallel"},
    "failure_isolation": {"victim": "redis", "mode": "hang", "defense": "timeout", "timeout_ms": "250"},
    "weakest_link": {"change": "replica", "service": "currency"},
}
LAB = "hop_latency"
OWN = '[services.a]\nservice_time = "5 ms"\n# it\'s \'own\' \\ text\n[endpoints.own]\nentry = "a"\n'
EDIT = ("waits for {trips} in a row", "waits {trips} long")


class Coder(Panel):
    """A panel whose Code is open."""

    def __init__(self, page: Page, lab_name: str = LAB) -> None:
        super().__init__(page, lab_name)
        expect(self.root).to_have_attribute("data-live", "")
        self.code = self.root.locator(".nh-code")
        self.said = self.code.locator(".nh-verdict")
        self.mark = self.root.locator(".nh-edited")
        self.content = self.code.locator(".cm-content")

    def open(self) -> str:
        """Open the Code, and return the lab's source."""
        if not self.code.evaluate("one => one.open"):
            self.code.locator("summary").click()
        self.content.wait_for()
        expect(self.content.locator(".cm-line").nth(3)).to_be_visible()
        return lab_source(self.root.get_attribute("name") or "")

    def edit(self, code: str) -> None:
        self.content.fill(code)

    def run_code(self) -> None:
        """Run what stands in the editor, and wait for the result."""
        self.forget()
        self.code.get_by_role("button", name="Run edited code").click()
        self.settled()

    def run_wrong(self) -> str:
        """Run code that breaks, and return what is said beside it."""
        self.code.get_by_role("button", name="Run edited code").click()
        self.refused()
        return self.said.inner_text()

    def takeaway(self) -> str:
        return self.output.locator(".nh-takeaway").inner_text().replace("\u00a0", " ")


def lab_source(name: str) -> str:
    return (Path(lab.__file__).parent / "labs" / f"{name}.py").read_text(encoding="utf-8")


def link(code: str, arguments: object) -> str:
    packer = zlib.compressobj(9, wbits=-15)
    text = json.dumps({"lab": LAB, "index": 0, "arguments": arguments, "code": code})
    packed = packer.compress(text.encode()) + packer.flush()
    return f"#lab=v1.{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


@pytest.fixture
def coder(open_page: Callable[..., Page], homes: dict[str, str]) -> Coder:
    return Coder(open_page(homes[LAB]))


def test_an_edit_changes_the_result_until_it_is_reset(coder: Coder) -> None:
    asked: list[str] = []
    coder.page.on("request", lambda request: asked.append(request.url))
    built = coder.takeaway()
    source = coder.open()
    coder.edit(source.replace(*EDIT))
    expect(coder.mark).to_be_hidden()
    coder.run_code()
    assert "waits 14 round trips long" in coder.takeaway()
    expect(coder.mark).to_contain_text("Result of your edited code.")
    assert "same result" not in coder.status.inner_text()
    coder.set({"plan": "parallel"})  # the controls follow the edited code
    assert "waits 2 round trips long" in coder.takeaway()
    coder.forget()
    coder.code.get_by_role("button", name="Reset to the lab’s code").click()
    coder.settled()
    expect(coder.mark).to_be_hidden()
    assert coder.takeaway() == lab.load(LAB).report({"plan": "parallel"}).takeaway
    coder.code.get_by_role("button", name="Undo the reset").click()
    coder.run_code()
    assert "waits 2 round trips long" in coder.takeaway()
    coder.forget()
    coder.mark.get_by_role("button", name="Back to the lab’s code").click()
    coder.settled()
    expect(coder.mark).to_be_hidden()
    assert "waits for 2 round trips in a row" in coder.takeaway()
    coder.run_code()
    expect(coder.mark).to_be_visible()
    coder.root.get_by_role("button", name="Reset", exact=True).click()
    expect(coder.mark).to_be_hidden()
    assert coder.takeaway() == built
    assert not [url for url in asked if url.endswith("python_stdlib.zip")]


def test_what_breaks_is_said_with_the_readers_line_and_the_last_result_stays(coder: Coder) -> None:
    source = coder.open()
    built = coder.takeaway()
    lines = source.splitlines()
    number = lines.index("    chosen = data[endpoint]") + 1
    head = next(index for index, line in enumerate(lines, 1) if line.startswith("def run("))
    for line, message in (
        ("    chosen = data[missing]", f"Line {number}: NameError: name 'missing' is not defined"),
        ("    chosen = data[endpoint", f"Line {number}: SyntaxError: '[' was never closed"),
        ("    return None", f"Line {head}: run must return a Report, got None"),
    ):
        coder.edit("\n".join([*lines[: number - 1], line, *lines[number:]]))
        assert coder.run_wrong().startswith(message)
        expect(coder.code.locator(".nh-blamed")).to_have_count(1)
        assert "of your code" in coder.refused()
        coder.error.evaluate("one => one.hidden = true")
    coder.code.get_by_role("button", name=f"Go to line {head}").click()
    expect(coder.content).to_be_focused()
    expect(coder.code.locator(".nh-blamed")).to_be_in_viewport()
    assert coder.takeaway() == built
    expect(coder.mark).to_be_hidden()


def test_an_endless_loop_in_a_lab_is_stopped_and_the_built_in_lab_is_not_touched(coder: Coder) -> None:
    coder.run()
    source = coder.open()
    coder.edit(source.replace("    chosen = data[endpoint]", "    while True: pass"))
    coder.code.get_by_role("button", name="Run edited code").click()
    stop = coder.root.locator(".nh-stop")
    expect(stop).to_be_visible(timeout=20_000)
    stop.click()
    expect(coder.status).to_contain_text("Stopped.")
    coder.code.get_by_role("button", name="Reset to the lab’s code").click()
    coder.settled()


def test_a_changed_signature_is_explained(coder: Coder) -> None:
    source = coder.open()
    begin, end = source.index("    round_trip_ms: Annotated["), source.index("    plan: Annotated[")
    edited = source[:begin] + "    extra: Annotated[int, Range('Extra', 1, 9)] = 3,\n" + source[end:]
    coder.edit(edited.replace("round_trip_ms / 1000", "0.001 * extra"))
    coder.run_code()
    expect(coder.mark).to_contain_text(
        "Your run does not take round_trip_ms; what is set above is not used. New: extra = 3."
    )
    coder.set({"placement": "value"})
    assert "at 3 ms each" in coder.takeaway()


def test_a_draft_is_still_there_after_a_reload_and_is_not_run(coder: Coder) -> None:
    page = coder.page
    source = coder.open()
    coder.edit(source.replace(*EDIT))
    page.wait_for_timeout(600)
    page.reload()
    again = Coder(page)
    again.open()
    expect(again.said).to_contain_text("Your code of an earlier visit")
    again.run()
    assert "in a row" in again.takeaway()
    again.run_code()
    assert "waits 14 round trips long" in again.takeaway()
    again.code.get_by_role("button", name="Reset to the lab’s code").click()
    page.reload()
    Coder(page).open()
    expect(again.said).to_have_text("")


def allow_clipboard(context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])


def test_a_link_carries_edited_code_and_what_it_brings_is_shown_and_not_run(
    open_page: Callable[..., Page], homes: dict[str, str]
) -> None:
    here = Coder(open_page(homes[LAB], allow_clipboard))
    here.edit(here.open().replace(*EDIT))
    here.run_code()
    here.set({"plan": "batched"})
    here.root.get_by_role("button", name="Copy link").click()
    expect(here.status).to_have_text("Link copied. It holds your code.")
    hash_ = here.page.evaluate("navigator.clipboard.readText()").partition("#")[2]
    page = open_page(f"{homes[LAB]}#{hash_}")
    there = Coder(page)
    expect(there.said).to_contain_text("has not been run: read it")
    there.content.wait_for()
    assert there.control("plan").input_value() == "batched"
    page.wait_for_timeout(1_000)
    assert there.takeaway() == lab.load(LAB).report({}).takeaway
    there.control("plan").select_option("parallel")  # that runs the lab's own code
    there.settled()
    assert there.takeaway() == lab.load(LAB).report({"plan": "parallel"}).takeaway
    there.run_code()
    assert "waits 2 round trips long" in there.takeaway()
    expect(there.mark).to_be_visible()
    page.goto(page.url.partition("#")[0])
    page.reload()
    Coder(page).open()
    expect(there.said).to_have_text("")  # a stranger's code is not kept as the reader's own


def test_code_too_long_for_a_link_is_refused(coder: Coder) -> None:
    source = coder.open()
    noise = f"# {random.Random(1).randbytes(20_000).hex()}\n"
    coder.edit(source.replace(*EDIT) + noise)
    coder.run_code()
    coder.root.get_by_role("button", name="Copy link").click()
    expect(coder.status).to_contain_text("Your code is too long for a link")


def test_the_editor_of_the_code_is_no_keyboard_trap(coder: Coder) -> None:
    coder.open()
    coder.code.locator("summary").focus()
    coder.page.keyboard.press("Tab")
    expect(coder.content).to_be_focused()
    coder.page.keyboard.press("Tab")
    expect(coder.code.get_by_role("button", name="Run edited code")).to_be_focused()


def test_a_page_that_is_only_read_fetches_no_source_and_no_editor(
    open_page: Callable[..., Page], homes: dict[str, str]
) -> None:
    asked: list[str] = []

    def listen(context: BrowserContext) -> None:
        context.on("request", lambda request: asked.append(request.url))

    page = open_page(homes[LAB], listen)
    Coder(page)
    page.wait_for_timeout(500)
    assert not [url for url in asked if "/labs/" in url or "editor.source" in url]


def saved(panel: Panel) -> tuple[str, str]:
    with panel.page.expect_download(timeout=40_000) as download:
        panel.root.locator('[data-take="py"]').click()
    return download.value.suggested_filename, Path(download.value.path()).read_text(encoding="utf-8")


def run_alone(folder: Path, text: str, *words: str) -> Any:
    """What a plain Python makes of a file, in a folder with nothing else."""
    file = folder / "alone.py"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", "-S", file.name, *words], cwd=folder, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("of", LABS)
def test_the_python_file_gives_what_the_panel_shows(
    of: str, visit: Visit, homes: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = Panel(visit.go(homes[of]), of)
    panel.run_with(LABS[of])
    name, text = saved(panel)
    assert name == f"{of}.py"
    words = [word for key, value in LABS[of].items() for word in (f"--{key}", value)]
    assert terminal.main(["run", of, *words]) == 0
    printed = run_alone(tmp_path, text)
    assert printed == capsys.readouterr().out
    assert printed.splitlines()[0] == panel.output.locator(".nh-takeaway").inner_text().replace("\u00a0", " ")
    panel.root.get_by_role("button", name="Reset").click()


def test_the_python_file_holds_the_readers_architecture_and_edited_code(coder: Coder, tmp_path: Path) -> None:
    source = coder.open()
    coder.edit(source.replace(*EDIT) + "odd = '''quoted'''\n")
    coder.control("architecture").select_option("@file")
    text = coder.root.locator("[data-text]")
    expect(text).not_to_have_value("", timeout=40_000)
    text.fill(OWN)
    coder.run_code()
    assert coder.takeaway().startswith("own calls no other service")
    coder.control("architecture").select_option("social_network")
    coder.settled()
    result = json.loads(run_alone(tmp_path, saved(coder)[1], "--json"))
    assert result["arguments"]["architecture"] == "social_network"
    assert "long: " in result["takeaway"]
    coder.control("architecture").select_option("@file")
    coder.settled()
    result = json.loads(run_alone(tmp_path, saved(coder)[1], "--json"))
    assert result["arguments"]["architecture"] == "my-architecture"
    assert result["takeaway"] == coder.takeaway()
