"""How fast a panel that has started Python follows a control, and how fast it stops; and what memory a Python takes.

Run it with `make bench`, or with `python tests/bench/bench_panel.py`, in about eight minutes. A slider is moved stop by stop, a choice
from option to option, and each time is measured in the page: from the input or change event to the first frame after the new result has
taken the place of the old one. Stop is measured from the click to the word "Stopped" in the status line, while a lab of replications
runs, and while code that was edited to loop for ever does. Memory is what the page's process holds (its proportional set size, from
/proc) before Python, with Python and a drawn figure, and when the spare Python waits beside it. It prints a table and JSON, and fails
when a time is over its budget of 100 ms.
"""

import os
import re
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from paced_server import PacedServer
from playwright.sync_api import Browser, Page, sync_playwright
from table import Row, build_site, concluded

from tools.browser import launch_options
from tools.lab_pages import homes

# For each lab the controls that readers move: a slider by its number field, or a choice. Labs of replications are not among them: their
# figures grow while they run. The last one stands in a lesson.
CONTROLS = {
    "hop_latency": ["round_trip_ms", "placement", "endpoint", "plan"],
    "failure_isolation": ["victim", "defense", "timeout_ms", "restart_s"],
    "weakest_link": ["to", "change", "service"],
    "connection_cost": ["rate", "place", "loss"],
    "wire_format": ["items", "message"],
    "stale_dns": ["ttl_s", "kept", "connection_s"],
    "deadlines": ["slow_s", "slow", "limits"],
    "retry_storm": ["rate", "jitter", "attempts"],
    "retry_sums": ["failing", "budget"],
}
MOVES = 30
BUDGET = 100.0
STOPS = 8
# Before the first figure of a browser everything is compiled for the first time; a reader has that behind them after a few moves.
WARM_UP = 8
FOLLOW = """([name, control]) => new Promise((resolve, reject) => {
  const panel = document.querySelector(`lab-panel[name="${name}"]`);
  const output = panel.querySelector('.nh-output');
  let begun = 0;
  const start = () => (begun ||= performance.now());
  panel.addEventListener('input', start, { once: true, capture: true });
  panel.addEventListener('change', start, { once: true, capture: true });
  const shown = new MutationObserver(() => {
    shown.disconnect();
    // The frame that shows it begins now; what comes after the next turn of the loop has been painted.
    requestAnimationFrame(() => {
      const turn = new MessageChannel();
      turn.port1.onmessage = () => resolve(performance.now() - begun);
      turn.port2.postMessage(0);
    });
  });
  shown.observe(output, { childList: true });
  setTimeout(() => reject(new Error(`${name}: ${control} brought no new result`)), 20000);
  const field = panel.querySelector(`[name="${control}"]`);
  const slider = field.id && panel.querySelector(`[data-slider="${field.id}"]`);
  if (slider) {
    slider.direction ??= 1;
    if (slider.valueAsNumber + slider.direction > Number(slider.max) || slider.valueAsNumber + slider.direction < 0) slider.direction *= -1;
    slider.valueAsNumber += slider.direction;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  } else {
    field.selectedIndex = (field.selectedIndex + 1) % [...field.options].filter((option) => option.value !== '@file').length;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
})"""
STOP = """(panel) => new Promise((resolve) => {
  const status = panel.querySelector('.nh-status');
  let begun = 0;
  const said = new MutationObserver(() => {
    if (status.textContent.includes('Stopped')) { said.disconnect(); resolve(performance.now() - begun); }
  });
  said.observe(status, { childList: true, characterData: true, subtree: true });
  begun = performance.now();
  panel.querySelector('.nh-stop').click();
})"""


def opened(browser: Browser, url: str) -> Page:
    """A page in a context of its own, where one panel has brought a result."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.goto(url, wait_until="load")
    return page


def run(page: Page, name: str) -> None:
    page.locator(f'lab-panel[name="{name}"] button[type=submit]').click()
    wait(page, lambda: "Updated" in status(page, name))


def status(page: Page, name: str) -> str:
    return page.locator(f'lab-panel[name="{name}"] .nh-status').inner_text()


def wait(page: Page, there: Callable[[], bool]) -> None:
    """Wait, for up to a minute: the page's policy forbids to evaluate a text there again and again."""
    for _ in range(1_200):
        if there():
            return
        page.wait_for_timeout(50)
    raise TimeoutError("the page did not come to where it was to be within 60 s")


def row(what: str, times: list[float]) -> Row:
    ordered = sorted(times)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    return Row(what, {"p50 ms": statistics.median(ordered), "p95 ms": p95, "max ms": ordered[-1]}, "p95 ms", BUDGET)


def following(browser: Browser, url: str, name: str) -> Row:
    """Move each control of a lab."""
    page = opened(browser, url)
    run(page, name)
    times: list[float] = []
    for number, control in enumerate(CONTROLS[name]):
        for move in range(MOVES + (WARM_UP if number == 0 else 2)):
            taken = page.evaluate(FOLLOW, [name, control])
            page.wait_for_timeout(350)  # the variant for another width is drawn meanwhile
            if move >= (WARM_UP if number == 0 else 2):
                times.append(taken)
    page.context.close()
    return row(f"{name}: input to new figure", times)


def stopping_replications(browser: Browser, url: str) -> Row:
    """Stop a long run, again and again."""
    page = opened(browser, url)
    panel = page.locator('lab-panel[name="sampling"]')
    times = []
    for _ in range(STOPS):
        panel.locator('[name="samples"]').fill("100000000")
        wait(page, lambda: panel.locator(".nh-stop").is_visible())
        page.wait_for_timeout(700)
        times.append(panel.evaluate(STOP))
        run_small(page)
    page.context.close()
    return row("Stop, replications under way", times)


def run_small(page: Page) -> None:
    panel = page.locator('lab-panel[name="sampling"]')
    panel.locator('[name="samples"]').fill("1000")
    wait(page, lambda: "Updated" in status(page, "sampling"))


def stopping_own_code(browser: Browser, url: str, name: str) -> tuple[Row, Row]:
    """Stop an endless loop in edited code, again and again, and run the lab's own code after it."""
    page = opened(browser, url)
    panel = page.locator(f'lab-panel[name="{name}"]')
    run(page, name)
    panel.locator(".nh-code summary").first.click()
    wait(page, lambda: panel.locator(".nh-code .cm-content").count() > 0)
    times, after = [], []
    for number in range(STOPS):
        panel.locator(".nh-code .cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(f"\nnumber = {number}\nwhile True: pass\n")
        panel.locator(".nh-code [data-act=run]").click()
        wait(page, lambda: panel.locator(".nh-stop").is_visible())
        times.append(panel.evaluate(STOP))
        begun = page.evaluate("performance.now()")
        panel.locator(".nh-code [data-act=reset]").click()
        wait(page, lambda: "Updated" in status(page, name))
        after.append(page.evaluate("performance.now()") - begun)
    page.context.close()
    return row("Stop, an endless loop in edited code", times), Row(
        "… to the next result of the lab's own code",
        {"p50 ms": statistics.median(after), "max ms": max(after)},
        "p50 ms",
    )


def resident() -> float:
    """Megabytes that the pages of this program's browser hold, shared ones counted in proportion."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int(re.sub(r"^.*\)", "", (folder / "stat").read_text()).split()[1])

    def ours(process: int) -> bool:
        return process == os.getpid() or (process in parents and ours(parents[process]))

    total = 0
    for process in filter(ours, parents):
        with suppress(OSError):
            if b"type=renderer" in Path(f"/proc/{process}/cmdline").read_bytes():
                found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
                total += int(found[1]) if found else 0
    return total / 1000


def memory(browser: Browser, url: str, name: str) -> Row:
    """Measure a tab before Python, with one, and with its spare."""
    page = opened(browser, url)
    page.wait_for_timeout(1_000)
    before = resident()  # nothing else is open: the contexts of the other measurements are closed
    run(page, name)
    with_one = resident()
    page.wait_for_timeout(4_000)
    with_spare = resident()
    page.context.close()
    return Row(
        "memory (proportional set size of the renderer)",
        {"page MB": before, "with Python MB": with_one, "with a spare MB": with_spare},
        "with a spare MB",
    )


def main() -> int:
    """Print the table and return whether a budget is broken."""
    options = launch_options()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        site = Path(name)
        with PacedServer({"": site}) as server:
            build_site(site, server.url)
            browser = playwright.chromium.launch(executable_path=options["executable_path"], args=options["args"])
            urls = {lab: server.url + address for lab, address in homes(site).items()}
            rows = [memory(browser, urls["weakest_link"], "weakest_link")]
            for lab in CONTROLS:
                rows.append(following(browser, urls[lab], lab))
                print(".", end="", file=sys.stderr, flush=True)
            rows.append(stopping_replications(browser, urls["sampling"]))
            rows.extend(stopping_own_code(browser, urls["tail_at_scale"], "tail_at_scale"))
            print(file=sys.stderr)
            browser.close()
    return concluded(rows)


if __name__ == "__main__":
    sys.exit(main())
