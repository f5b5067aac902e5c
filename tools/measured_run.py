"""Runs Online Boutique for real, sound and with each service dead in turn, and writes what was measured into labs_py/measurements."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from labs_py.live.measured import calls_in_a_row
from labs_py.live.outcomes import EACH, GIVE_UP, observed
from labs_py.live.run import Measured, Options, measure
from labs_py.model import architecture_file
from labs_py.model.duration import Duration, Empirical

FOLDER = Path(__file__).parents[1] / "labs_py" / "measurements"
NAME = "online_boutique"
OPTIONS = Options(rate=6.0, seconds=180.0)
_MODULE = '''# ruff: noqa: E501
"""Measured by `python -m tools.record`, which makes this file again; do not edit it. Times are in milliseconds."""

DATE = {date}
MACHINE = {machine}
LOAD = {load}
RATE, SECONDS = {rate}, {seconds}

# What one call, and one request of the load generator, took beyond its work and network while the load was sent; equally likely values.
CALL_MS = {call}
REQUEST_MS = {request}

# How many calls each request waited for: the fewest and the most of all requests.
IN_A_ROW = {in_a_row}

LATENCIES_MS = {latencies}

# How {each} requests to each endpoint ended while a service was dead; "no answer": within {give_up:g} s.
OUTCOMES = {outcomes}
'''


def write() -> None:
    """Run, and write the module."""
    load = busy()
    text = architecture_file.text_of(NAME)
    found = measure(text, f"{NAME}.toml", OPTIONS, traced=True)
    if any(one.failed for one in found.answered):
        raise SystemExit(
            "labs_py: no request may fail in a sound system, got one that did; the machine is too busy to measure"
        )
    in_a_row = repr(calls_in_a_row(found.architecture, found.traces))
    outcomes = {
        mode: {service: observed(found.architecture, text, service, mode) for service in found.architecture.services}
        for mode in ("crash", "hang")
    }
    file = FOLDER / f"{NAME}.py"
    file.write_text(
        _MODULE.format(
            date=repr(datetime.now(UTC).strftime("%-d %B %Y")),
            machine=repr(machine()),
            load=repr(load),
            rate=OPTIONS.rate,
            seconds=OPTIONS.seconds,
            call=_times(found.cost.call),
            request=_times(found.cost.request),
            in_a_row=in_a_row,
            latencies=repr({name: _listed(_latencies(found, name)) for name in found.architecture.endpoints}),
            each=EACH,
            give_up=GIVE_UP,
            outcomes=repr(outcomes),
        ),
        encoding="utf-8",
    )
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(file)], check=True)


def busy() -> str:
    """Return how busy this machine is with other things, while we have not yet begun."""
    return f"{os.getloadavg()[0]:.2f} (1 min), {os.getloadavg()[1]:.2f} (5 min)"


def machine() -> str:
    """Return what this machine is: its processor, cores, system and Python."""
    cpu = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ""
    )
    return (
        f"{cpu or platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def _latencies(found: Measured, endpoint: str) -> list[float]:
    return sorted(one.latency for one in found.answered if one.endpoint == endpoint)


def _times(duration: Duration) -> str:
    if not isinstance(duration, Empirical):
        raise TypeError(f"duration must be measured, got {duration!r}")
    return repr(_listed(duration.values))


def _listed(seconds: Iterable[float]) -> str:
    return " ".join(f"{1000 * value:.2f}" for value in seconds)
