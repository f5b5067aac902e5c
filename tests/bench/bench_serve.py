"""How soon an author who has saved a page or a lab is served what he wrote.

Run it with `make bench`, or with `python tests/bench/bench_serve.py`, in about a minute. It starts `mkdocs serve`, as `make serve` does, on a
copy of the project, edits the lesson of Module 1, the page of a lab and a lab, each several times, and asks the server until it answers
with the new text: as a browser that reloads, it waits as long as the site is being built. It prints a table and JSON, with the processor time
that the server and the programs it calls have used for an edit, and fails when the median is over its budget of 2 s for a page, 5 s for a lab.
On a busy machine look at the processor time: it is little more than the time that a quiet machine takes to build.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from table import ROOT, Row, concluded

EDITS = 5
PAGE, LAB = 2.0, 5.0
# What is edited, where it is served, a text in it that the page shows, and the budget in seconds.
EDITED = (
    ("docs/foundations/index.md", "foundations/", "People build such systems anyway", PAGE),
    ("docs/foundations/hop-latency.md", "foundations/hop-latency/", "The code is short", PAGE),
    ("labs_py/labs/hop_latency.py", "foundations/hop-latency/", 'Metric("Median', LAB),
)
MOST = 600.0
TICKS = os.sysconf("SC_CLK_TCK")


def copied(folder: Path) -> None:
    """Copy the project; what is installed and what was built before stays where it is."""
    skipped = shutil.ignore_patterns(".git", ".venv", "node_modules", "build", "site", "tests", "__pycache__")
    shutil.copytree(ROOT, folder, ignore=skipped, dirs_exist_ok=True)
    for name in (".venv", "node_modules", "build"):
        (folder / name).symlink_to(ROOT / name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def used(process: int) -> float:
    """Seconds of processor time that a process and those of its children that have ended have used (proc(5), utime to cstime)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def until_served(address: str, text: str) -> float:
    """Ask until the text is served; returns the seconds that it took."""
    begun = time.perf_counter()
    while time.perf_counter() < begun + MOST:
        try:
            with urllib.request.urlopen(address, timeout=MOST) as answer:  # noqa: S310  the server is our own
                if text in answer.read().decode():
                    return time.perf_counter() - begun
        except OSError:
            pass  # it does not listen yet
        time.sleep(0.02)
    raise TimeoutError(f"{address} must show {text!r}, got nothing of it within {MOST:g} s")


def edits(server: int, root: str, file: Path, address: str, text: str, budget: float) -> Row:
    """Edit a file again and again; each text is new, and none was built before."""
    source = file.read_text(encoding="utf-8")
    if source.count(text) != 1:
        raise ValueError(
            f"{file.name} must hold {text!r} once, got {source.count(text)}: name another text in {Path(__file__).name}"
        )
    shown = text.rpartition('"')[2]
    times, work = [], []
    for number in range(EDITS):
        edited = f"{shown} {time.time_ns()}"
        before = used(server)
        file.write_text(source.replace(text, text.replace(shown, edited)), encoding="utf-8")
        times.append(until_served(root + address, edited))
        work.append(used(server) - before)
        time.sleep(
            0.1 + 0.13 * number
        )  # the server looks for edits twice a second, and a person does not keep its time
    file.write_text(source, encoding="utf-8")
    numbers = {"median s": statistics.median(times), "max s": max(times), "processor s": statistics.median(work)}
    return Row(f"{file.name} in {file.parent.name}", numbers, "median s", budget)


def main() -> int:
    """Print the table and return whether a budget is broken."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copied(folder)
        root = f"127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "mkdocs", "serve", "--quiet", "--livereload", "--dev-addr", root]
        server = subprocess.Popen(command, cwd=folder, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})
        try:
            first = until_served(f"http://{root}/", "</html>")
            rows = [Row("first build", {"s": first, "processor s": used(server.pid)}, "s")]
            for file, address, text, budget in EDITED:
                rows.append(edits(server.pid, f"http://{root}/", folder / file, address, text, budget))
                print(".", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
        finally:
            server.terminate()
            server.wait()
    return concluded(rows)


if __name__ == "__main__":
    sys.exit(main())
