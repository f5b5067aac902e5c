"""Makes again what was recorded and measured: `python -m tools.record` runs systems for real and writes what came of it.

Their services' notes become the traces in labs_py/recordings; latencies, and what each request came to while a service was dead, become
labs_py/measurements. `python -m tools.record traces` or `… run` makes only one of the two. It takes ten minutes. The machine should have
nothing else to do: what is recorded is how long everything took on it.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools import measured_run

FOLDER = Path(__file__).parents[1] / "labs_py" / "recordings"
NAMES, RATE, SECONDS = ("online_boutique", "social_network"), 2, 60
_KINDS = {"SPAN_KIND_SERVER": 2, "SPAN_KIND_CLIENT": 3}
_MODULE = '''# ruff: noqa: E501
"""Recorded on {date} by `{command}`: {requests} requests, each service a process of its own on one machine ({machine}).

Ids are numbered anew, times count from the first request, and the requests that only opened connections are left out. `python -m
tools.record` makes this file again.
"""

LINES = r"""
{lines}
"""
'''


def main(parts: Sequence[str]) -> None:
    """Record the parts that are named, or all, and write the modules."""
    if "traces" in parts or not parts:
        _traces()
    if "run" in parts or not parts:
        measured_run.write()


def _traces() -> None:
    load = measured_run.busy()
    for name in NAMES:
        command = ["labs_py", "live", name, "--rate", str(RATE), "--seconds", str(SECONDS)]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "traces.jsonl"
            subprocess.run([sys.executable, "-m", *command, "--traces", str(file)], check=True)
            write(file, name, " ".join(["python -m", *command]), load)


def write(file: Path, name: str, command: str, load: str) -> None:
    """Write the module of a recording from a file of traces."""
    parts = [part for line in file.read_text().splitlines() for part in json.loads(line)["resourceSpans"]]
    warm = _warm_up(parts)
    start = min(
        int(span["startTimeUnixNano"]) for part in parts for span in _spans(part) if span["traceId"] not in warm
    )
    numbers: dict[str, str] = {}
    lines, requests = [], set()
    for part in parts:
        kept = [span for span in _spans(part) if span["traceId"] not in warm]
        requests |= {span["traceId"] for span in kept}
        spans = [_short(span, start, numbers) for span in kept]
        whole = {"resource": part["resource"], "scopeSpans": [{"spans": spans}]}
        lines.append(json.dumps({"resourceSpans": [whole]}, separators=(",", ":")))
    (FOLDER / f"{name}.py").write_text(
        _MODULE.format(
            date=datetime.fromtimestamp(file.stat().st_mtime, UTC).strftime("%-d %B %Y"),
            command=command,
            requests=len(requests),
            machine=f"{measured_run.machine()}; load average {load} before it began",
            lines="\n".join(lines),
        ),
        encoding="utf-8",
    )


def _spans(part: Any) -> list[Any]:
    return [span for scope in part["scopeSpans"] for span in scope["spans"]]


def _warm_up(parts: list[Any]) -> set[str]:
    """Return the traces that are sent before the load, two to an endpoint, to open connections."""
    first = sorted(
        (int(span["startTimeUnixNano"]), span["traceId"], span["name"])
        for part in parts
        for span in _spans(part)
        if not span.get("parentSpanId")
    )
    return {trace for _, trace, _ in first[: 2 * len({name for _, _, name in first})]}


def _short(span: Any, start: int, numbers: dict[str, str]) -> dict[str, Any]:
    """Return a span with numbers for ids, and times in nanoseconds since the recording began."""

    def number(ident: str) -> str:
        return numbers.setdefault(ident, f"{len(numbers) + 1:x}")

    short = {"traceId": number(span["traceId"]), "spanId": number(span["spanId"])}
    if span.get("parentSpanId"):
        short["parentSpanId"] = number(span["parentSpanId"])
    times = {key: str(int(span[key]) - start) for key in ("startTimeUnixNano", "endTimeUnixNano")}
    status = {"status": span["status"]} if span.get("status") else {}
    return {**short, "name": span["name"], "kind": _KINDS[span["kind"]], **times, **status}


if __name__ == "__main__":
    main(sys.argv[1:])
