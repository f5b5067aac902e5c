"""`make check`: `python -m tools.check` looks at everything, `python -m tools.check spelling` at one thing."""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.check import course, programs, site
from tools.check.finding import Finding

ROOT = Path(__file__).parents[2]
CHECKS: dict[str, Callable[[Path], list[Finding]]] = {
    check.__name__: check
    for check in (
        site.site, programs.mypy, programs.spelling, programs.markdown,
        programs.tsc, programs.ruff, programs.layout, course.course,
    )
}  # fmt: skip


def main(names: Sequence[str], root: Path = ROOT) -> int:
    """Print what the named checks find, or all checks; exit code 1 if they find anything."""
    if unknown := [name for name in names if name not in CHECKS]:
        print(f"check must be one of {', '.join(CHECKS)}, got {unknown[0]!r}", file=sys.stderr)
        return 2
    start, found, broken = time.monotonic(), [], []
    # Most of the work is done by other programs, so threads suffice.
    with ThreadPoolExecutor() as pool:
        for answer in [pool.submit(CHECKS[name], root) for name in names or CHECKS]:
            try:
                found += answer.result()
            except programs.BrokenError as error:
                broken.append(str(error))
    for line in [*sorted(found), *broken]:
        print(line)
    counted = f"{len(found)} findings" if len(found) != 1 else "1 finding"
    print(f"{', '.join(names or CHECKS)}: {counted} in {time.monotonic() - start:.1f} s")
    return 1 if found or broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
