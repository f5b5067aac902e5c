"""What the benchmarks of the page share: rows held to a budget, printed as a table and as JSON, and a built site to measure."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Row:
    """One figure with its parts: `numbers` by name, of which `held` must be at most `budget`; without a budget it is only told."""

    what: str
    numbers: dict[str, float]
    held: str
    budget: float | None = None

    @property
    def met(self) -> bool:
        return self.budget is None or self.numbers[self.held] <= self.budget


def build_site(folder: Path, url: str) -> None:
    """Build the site strictly, as it will be served at `url`."""
    environment = os.environ | {"SITE_URL": url, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def concluded(rows: Sequence[Row]) -> int:
    """Print the rows as a table and as JSON, and return 1 if one is over its budget, or else 0."""
    width = max(len(row.what) for row in rows)
    for row in rows:
        numbers = "  ".join(f"{name} {value:8,.2f}" for name, value in row.numbers.items())
        budget = "" if row.budget is None else f"  {row.held} at most {row.budget:g}"
        print(f"{row.what:{width}}  {numbers}{budget}{'' if row.met else '  MISSED'}")
    print(json.dumps([asdict(row) | {"met": row.met} for row in rows]))
    return int(not all(row.met for row in rows))
