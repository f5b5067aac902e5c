"""One thing that is wrong, and where."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """`file` is relative to the project's folder, `line` counts from 1, `wrong` and `mend` are phrases without a full stop."""

    file: str
    line: int
    wrong: str
    mend: str

    def __str__(self) -> str:
        """The line that is printed."""
        return f"{self.file}:{self.line}: {self.wrong}; {self.mend}"


def line_of(path: Path, *parts: str) -> int:
    """The first line of a file that has all of `parts` in it, else the first with the first of them, else 1."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for wanted in (parts, parts[:1]):
        for number, line in enumerate(lines, 1):
            if wanted and all(part in line for part in wanted):
                return number
    return 1
