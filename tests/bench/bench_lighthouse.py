"""What Lighthouse says of the landing page, and of each module's lesson and one of its labs: performance, accessibility, best practices, SEO.

Run it with `make bench`, or with `python tests/bench/bench_lighthouse.py`, in about five minutes. Lighthouse measures as it does by
default: a phone four times slower than this machine, on a simulated link of 1.6 Mbit/s and 150 ms. The site is served compressed, as
common hosts do. Performance is the median of three runs; the other scores do not vary. It prints a table, the audits that cost
points, and JSON, and fails when a score is under its budget.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from paced_server import PacedServer

from tools.browser import launch_options
from tools.lab_pages import homes

ROOT = Path(__file__).parents[2]
LIGHTHOUSE = ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
LABS = ("hop_latency", "retry_storm")  # one of each module, whose lesson is the page above
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
METRICS = {
    "first paint": ("first-contentful-paint", "ms"),
    "largest paint": ("largest-contentful-paint", "ms"),
    "blocked": ("total-blocking-time", "ms"),
    "shift": ("cumulative-layout-shift", ""),
    "bytes": ("total-byte-weight", "kB"),
}
RUNS = 3
BUDGET = 95


@dataclass(frozen=True)
class Verdict:
    """What Lighthouse found on one page; `failing` are the audits that cost points, with what they are about."""

    page: str
    scores: dict[str, int]
    metrics: dict[str, float]
    failing: list[str]

    @property
    def met(self) -> bool:
        return all(score >= BUDGET for score in self.scores.values())


def measured(url: str, categories: tuple[str, ...]) -> dict[str, Any]:
    """Lighthouse's own report of one visit with an empty cache."""
    options = launch_options()
    command = [
        str(Path(sys.executable).with_name("node")),
        str(LIGHTHOUSE),
        url,
        "--quiet",
        "--output=json",
        "--no-enable-error-reporting",
        f"--only-categories={','.join(categories)}",
        f"--chrome-flags=--headless=new {' '.join(options['args'])}",
    ]
    environment = os.environ | {"CHROME_PATH": options["executable_path"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        raise SystemExit(f"Lighthouse failed on {url}: {done.stderr.strip()}")
    report: dict[str, Any] = json.loads(done.stdout)
    if error := report.get("runtimeError"):
        raise SystemExit(f"Lighthouse failed on {url}: {error['message']}")
    return report


def score(report: dict[str, Any], category: str) -> int:
    return round(100 * report["categories"][category]["score"])


def failing(report: dict[str, Any]) -> list[str]:
    """The audits of a report that cost points, each with the first things that it is about."""
    found = []
    for name, category in report["categories"].items():
        for reference in category["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                items = (audit.get("details") or {}).get("items") or []
                about = [
                    str((item.get("node") or {}).get("snippet") or item.get("url") or item.get("description") or item)
                    for item in items[:3]
                ]
                words = [f"{name}: {audit['id']} ({audit['title']})", audit.get("displayValue", ""), *about]
                found.append("; ".join(word[:160] for word in words if word))
    return found


def pages(site: Path) -> dict[str, str]:
    """The address of each page to measure, by its name in the table."""
    known, found = homes(site), {"landing page": ""}
    for name in LABS:
        module = known[name].split("/")[0]
        found |= {module: f"{module}/", name: known[name]}
    return found


def judged(page: str, url: str) -> Verdict:
    """One whole report, and two more of performance, of which the one in the middle counts."""
    whole = measured(url, CATEGORIES)
    reports = sorted(
        [whole, *(measured(url, CATEGORIES[:1]) for _ in range(RUNS - 1))], key=lambda one: score(one, "performance")
    )
    middle = reports[RUNS // 2]
    scores = {category: score(whole if category != "performance" else middle, category) for category in CATEGORIES}
    scale = {"ms": 1, "kB": 1e-3, "": 1}
    metrics = {
        name: round(middle["audits"][audit]["numericValue"] * scale[unit], 3) for name, (audit, unit) in METRICS.items()
    }
    others = [line for line in failing(whole) if not line.startswith("performance")]
    return Verdict(page, scores, metrics, [line for line in failing(middle) if line.startswith("performance")] + others)


def main() -> int:
    """Print the table and return whether a score is under its budget."""
    with tempfile.TemporaryDirectory() as name, PacedServer({"": Path(name)}) as server:
        environment = os.environ | {"SITE_URL": server.url, "NO_MKDOCS_2_WARNING": "1"}
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", name]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        verdicts = []
        for page, address in pages(Path(name)).items():
            verdicts.append(judged(page, server.url + address))
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"{'':14}" + "".join(f"{name:>16}" for name in (*CATEGORIES, *METRICS)))
    for item in verdicts:
        marks = [f"{value}{'' if value >= BUDGET else ' MISSED'}" for value in item.scores.values()]
        units = [unit for _, unit in METRICS.values()]
        sizes = [
            f"{value:,.0f} {unit}" if unit else f"{value:.3f}"
            for value, unit in zip(item.metrics.values(), units, strict=True)
        ]
        print(f"{item.page:14}" + "".join(f"{text:>16}" for text in (*marks, *sizes)))
    for item in verdicts:
        for line in item.failing:
            print(f"{item.page}: {line}")
    print(json.dumps([asdict(item) | {"budget": BUDGET, "met": item.met} for item in verdicts]))
    return int(not all(item.met for item in verdicts))


if __name__ == "__main__":
    sys.exit(main())
