"""How long Run takes from the click to the new result, and how much is downloaded until then, next to a page that only boots Python.

Run it with `make bench`, or with `python tests/bench/bench_boot.py`, in about three minutes. The yardstick, "bare", is a page
whose module worker does nothing but `loadPyodide()` and `1+1`. Both sides are timed in turn, in one Chromium; a ratio is the
median of the ratios within the rounds. Bytes are counted on a page of each module besides, on that whose lab has the most code.
It prints a table and JSON, and fails when a ratio is over its budget.

Run is pressed as a reader presses it: the pointer comes from the page onto the button, over the panel's controls, in 0.4 s, and then
presses. Time counts from the press. Python starts when the pointer is over the controls, so with a mouse part of the boot is out of
sight. A finger gives no such notice, so beside each figure stands that of a press without any, which no budget holds.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from paced_server import PacedServer
from playwright.sync_api import Browser, Page, sync_playwright
from table import ROOT, build_site

from tools.browser import launch_options

LABS = {name: f"foundations/{name.replace('_', '-')}/" for name in ("hop_latency", "failure_isolation", "weakest_link")}
ROUNDS, SLOW_ROUNDS = 6, 3
MEGABIT = 1_000_000 / 8
BARE_WORKER = """
import { loadPyodide } from "/pyodide/pyodide.mjs";
const pyodide = await loadPyodide({ indexURL: "/pyodide/" });
postMessage(pyodide.runPython("1+1"));
"""
BARE_PAGE = '<!doctype html><meta charset="utf-8"><title>Bare</title><link rel="icon" href="data:,"><p>Nothing</p>'
BARE = """() => new Promise((resolve) => {
  const clicked = performance.now();
  new Worker("/bare/worker.mjs", { type: "module" }).onmessage = () => resolve(performance.now() - clicked);
})"""
# Another setting than the page's own if there is a choice, so that the figures are new as well.
EXPECT = """() => {
  const choice = document.querySelector("lab-panel select[name]:not([name=architecture])");
  if (choice) choice.selectedIndex = (choice.selectedIndex + 1) % choice.options.length;
  const output = document.querySelector("lab-panel .nh-output");
  let pressed = 0;
  addEventListener("click", () => (pressed = performance.now()), { capture: true, once: true });
  window.taken = new Promise((resolve) => {
    new MutationObserver(() => resolve(performance.now() - pressed)).observe(output, { childList: true });
  });
}"""
POINTING = 0.4  # seconds from where the pointer comes to the controls to the press


def mouse(page: Page) -> float:
    """Point at Run and press it; returns milliseconds from the press to the result."""
    page.evaluate(EXPECT)
    button = page.locator("lab-panel button[type=submit]").first
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, box["y"] - 30)  # over the control above the button
    page.wait_for_timeout(POINTING * 1000)
    page.mouse.click(x, y)
    return float(page.evaluate("window.taken"))


def finger(page: Page) -> float:
    """Press Run without a sign before."""
    page.evaluate(EXPECT)
    page.evaluate("document.querySelector('lab-panel button[type=submit]').click()")
    return float(page.evaluate("window.taken"))


def bare_boot(page: Page) -> float:
    return float(page.evaluate(BARE))


@dataclass(frozen=True)
class Row:
    """One line of the table; `ours` and `bare` are medians, in `unit`."""

    what: str
    unit: str
    ours: float
    bare: float
    ratio: float
    budget: float | None

    @property
    def met(self) -> bool:
        return self.budget is None or self.ratio <= self.budget


@dataclass(frozen=True)
class Visit:
    """Two visits of a page in a browser that had never been there: milliseconds from click to result, and bytes."""

    first: float
    second: float
    page_bytes: int
    all_bytes: int


def visit(
    browser: Browser, server: PacedServer, address: str, run: Callable[[Page], float], *, twice: bool = True
) -> Visit:
    """Open a page with an empty cache, run it, and once more in a new tab."""
    context = browser.new_context()

    def opened() -> Page:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(server.url + address, wait_until="load")
        page.evaluate("document.fonts.ready.then(() => 0)")
        page.wait_for_timeout(300)
        return page

    server.link.sent = 0
    page = opened()
    page_bytes = server.link.sent
    first = run(page)
    page.wait_for_timeout(200)
    done = Visit(first, 0.0, page_bytes, server.link.sent)
    if twice:
        page.close()
        done = Visit(first, run(opened()), page_bytes, done.all_bytes)
    context.close()
    return done


def row(what: str, unit: str, pairs: list[tuple[float, float]], budget: float | None = None) -> Row:
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Row(what, unit, ours, bare, statistics.median(one / other for one, other in pairs), budget)


def heaviest(site: Path) -> dict[str, str]:
    """Of each module, the address of the page of the lab whose code is largest, by the module's folder."""
    (manifest,) = site.rglob("manifest.json")
    found = json.loads(manifest.read_text())
    sizes = {}
    for lab, code in found["snapshot"]["code"].items():
        size = (manifest.parent / found["index"] / code).stat().st_size
        for page in site.glob(f"*/{lab.replace('_', '-')}/index.html"):
            sizes[page.parent.relative_to(site)] = size
    return {page.parts[0]: f"{page.as_posix()}/" for page in sorted(sizes, key=lambda page: sizes[page])}


def bytes_of_modules(browser: Browser, server: PacedServer, pages: dict[str, str]) -> list[Row]:
    """Bytes until the first result on one page of each module; they are the same in every round."""
    bare = visit(browser, server, "bare/", bare_boot, twice=False).all_bytes / 1e3
    taken = {
        page: visit(browser, server, page, finger, twice=False).all_bytes / 1e3 for _, page in sorted(pages.items())
    }
    return [row(f"bytes, {page}", "kB", [(ours, bare)], 1.25) for page, ours in taken.items()]


def measure(browser: Browser, server: PacedServer) -> list[Row]:
    """Time both sides in turn, on loopback and on a slow link."""

    def timed(count: int, *, twice: bool) -> list[tuple[Visit, Visit, Visit]]:
        rounds = []
        for number in range(count):
            address = list(LABS.values())[number % len(LABS)]
            sides = [(address, mouse), ("bare/", bare_boot), (address, finger)]
            taken = {
                run: visit(browser, server, at, run, twice=twice) for at, run in (sides if number % 2 else sides[::-1])
            }
            rounds.append((taken[mouse], taken[bare_boot], taken[finger]))
            print(".", end="", file=sys.stderr, flush=True)
        return rounds

    quick = timed(ROUNDS, twice=True)
    server.link.rate, server.link.trip = 10 * MEGABIT, 0.040
    slow = timed(SLOW_ROUNDS, twice=False)
    print(file=sys.stderr)
    most = max(ours.page_bytes for ours, _, _ in quick)
    return [
        row("click to result, empty cache", "ms", [(ours.first, bare.first) for ours, bare, _ in quick], 0.30),
        row("… by finger", "ms", [(ours.first, bare.first) for _, bare, ours in quick]),
        row("click to result, second visit", "ms", [(ours.second, bare.second) for ours, bare, _ in quick], 0.20),
        row("… by finger", "ms", [(ours.second, bare.second) for _, bare, ours in quick]),
        row("click to result, 10 Mbit/s and 40 ms", "ms", [(ours.first, bare.first) for ours, bare, _ in slow], 1.0),
        row("… by finger", "ms", [(ours.first, bare.first) for _, bare, ours in slow]),
        row(
            "bytes until the first result",
            "kB",
            [(ours.all_bytes / 1e3, bare.all_bytes / 1e3) for ours, bare, _ in quick],
            1.25,
        ),
        Row("bytes of a page before a lab is touched", "kB", most / 1e3, 300, most / 300e3, 1.0),
    ]


def main() -> int:
    """Print the table and return whether a budget is broken."""
    options = launch_options()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        site, bare = Path(name, "site"), Path(name, "bare")
        bare.mkdir()
        (bare / "index.html").write_text(BARE_PAGE)
        (bare / "worker.mjs").write_text(BARE_WORKER)
        with PacedServer({"bare/": bare, "pyodide/": ROOT / "node_modules" / "pyodide", "": site}) as server:
            build_site(site, server.url)
            browser = playwright.chromium.launch(executable_path=options["executable_path"], args=options["args"])
            for address, run in ((LABS["hop_latency"], finger), ("bare/", bare_boot)):
                visit(
                    browser, server, address, run
                )  # the first of all warms up the machine, and the server compresses each file
            rows = [*bytes_of_modules(browser, server, heaviest(site)), *measure(browser, server)]
            browser.close()
    print(f"{'':40} {'ours':>9} {'bare':>9} {'ratio':>6} {'budget':>6}")
    for item in rows:
        verdict = "" if item.met else "  MISSED"
        budget = "" if item.budget is None else f"{item.budget:.2f}"
        print(
            f"{item.what:40} {item.ours:6,.0f} {item.unit:2} {item.bare:6,.0f} {item.unit:2} {item.ratio:6.2f} {budget:>6}{verdict}"
        )
    print(json.dumps([asdict(item) | {"met": item.met} for item in rows]))
    return int(not all(item.met for item in rows))


if __name__ == "__main__":
    sys.exit(main())
