"""A live run beside the model of the same file: percentiles and error rates, with confidence intervals, before and after each fault."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from labs_py.live.load import Answered
from labs_py.model.architecture import Architecture
from labs_py.model.confidence import quantile_interval
from labs_py.model.critical_path import critical_path
from labs_py.model.failure import Failure, Mode
from labs_py.model.hop_cost import HopCost
from labs_py.model.latency import distribution
from labs_py.model.monte_carlo import wilson
from labs_py.model.plan import plan_request
from labs_py.model.recorded_span import RecordedSpan
from labs_py.model.trace import traces
from labs_py.model.trace_file import recorded
from labs_py.numerals import percent, significant
from labs_py.report import Metric, Report, Table

SHARES = (0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Fault:
    """What is done to all instances of a service, `at` seconds after the start: "kill", "hang" or "slow"."""

    kind: str
    service: str
    at: float


def compared(
    architecture: Architecture, answered: Sequence[Answered], faults: Sequence[Fault], cost: HopCost, seconds: float
) -> Report:
    """Return what was measured beside what the model says; with faults, a row of errors for each stretch between them."""
    sound_until = min((fault.at for fault in faults), default=seconds)
    tables = [_latencies(architecture, [one for one in answered if one.at < sound_until], cost)]
    if faults:
        tables.append(_errors(architecture, answered, faults, seconds))
    failed = sum(one.failed for one in answered)
    rows, data = zip(*tables, strict=True)
    takeaway = f"{len(answered):,} requests in {seconds:g} s, {failed:,} failed."
    note = "what a call between two processes took beyond its work and network, on average; not in the file, added in the last column"
    return Report(
        takeaway,
        [Metric("One hop on this machine", f"{significant(cost.call.mean * 1000)} ms", note), *rows],
        {
            "requests": len(answered),
            "failed": failed,
            "hop_cost_ms": cost.call.mean * 1000,
            **dict(kv for d in data for kv in d.items()),
        },
    )


def _latencies(
    architecture: Architecture, answered: Sequence[Answered], cost: HopCost
) -> tuple[Table, Mapping[str, Any]]:
    here = cost.added(architecture)
    rows, data = [], {}
    for name in architecture.endpoints:
        ranked = sorted(one.latency for one in answered if one.endpoint == name and not one.failed)
        if not ranked:
            continue
        models = [distribution(plan_request(each, name)) for each in (architecture, here)]
        measured = {share: quantile_interval(ranked, share) for share in SHARES}
        data[name] = {
            "requests": len(ranked),
            **{f"p{round(share * 100)}_ms": [1000 * value for value in found] for share, found in measured.items()},
            **{f"model_p{round(share * 100)}_ms": models[0].quantile(share) * 1000 for share in SHARES},
            **{f"model_here_p{round(share * 100)}_ms": models[1].quantile(share) * 1000 for share in SHARES},
        }
        for share, (value, low, high) in measured.items():
            rows.append(
                (
                    f"{name}, p{round(share * 100)}",
                    f"{len(ranked):,}",
                    significant(value * 1000),
                    f"{significant(low * 1000)} to {significant(high * 1000)}",
                    *(significant(model.quantile(share) * 1000) for model in models),
                )
            )
    columns = ["Round trip, ms", "Requests", "Measured", "95 % interval", "Model", "Model with hops"]
    return Table(columns, rows, "Latency until the first fault" if rows else ""), {"latency": data}


def _errors(
    architecture: Architecture, answered: Sequence[Answered], faults: Sequence[Fault], seconds: float
) -> tuple[Table, Mapping[str, Any]]:
    edges = [0.0, *sorted({fault.at for fault in faults}), seconds]
    rows, data = [], []
    for start, end in pairwise(edges):
        inside = [one for one in answered if start <= one.at < end]
        if not inside:
            continue
        under = [fault for fault in faults if fault.at <= start and start > 0 and fault.kind != "slow"]
        failing = predicted_failures(architecture, under)
        expected = math.fsum(failing[one.endpoint] for one in inside) / len(inside)
        share = wilson(sum(one.failed for one in inside), len(inside))
        done = (
            ", ".join(f"{fault.service}: {fault.kind}" for fault in faults if fault.at <= start and start > 0) or "none"
        )
        rows.append(
            (
                f"{start:g} to {end:g} s",
                done,
                f"{len(inside):,}",
                percent(share.share, 1),
                f"{percent(share.low, 1)} to {percent(share.high, 1)}",
                percent(expected, 1),
            )
        )
        data.append(
            {
                "start_s": start,
                "end_s": end,
                "requests": len(inside),
                "failed_share": share.share,
                "model_share": expected,
            }
        )
    columns = ["Requests due", "Faults", "Requests", "Failed", "99 % interval", "Model"]
    return Table(columns, rows, "Requests that failed", numeric=columns[2:]), {"phases": data}


def predicted_failures(architecture: Architecture, faults: Sequence[Fault]) -> dict[str, float]:
    """Return the probability that a request to each endpoint fails while services are killed or hang, by the model.

    Where some are killed and others hang at once, a hang is counted as a failure that its caller notices, as a crash is.
    """
    mode: Mode = "hang" if faults and all(fault.kind == "hang" for fault in faults) else "crash"
    found = Failure(mode).outcomes(architecture, {fault.service: 1.0 for fault in faults})
    return {
        name: math.fsum(chance for outcome, chance in outcomes.items() if outcome.status == "fails")
        for name, outcomes in found.items()
    }


def calls_in_a_row(architecture: Architecture, parts: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return the fewest and the most calls that a request to each endpoint waited for, by the spans in `resourceSpans`."""
    lines = [json.dumps({"resourceSpans": [part]}) + "\n" for part in parts]
    counts: dict[str, list[int]] = {name: [] for name in architecture.endpoints}
    for first in traces((one for one in recorded(lines, "run") if isinstance(one, RecordedSpan)), Counter()):
        calls = {id(stretch.span) for stretch in critical_path(first) if stretch.span.kind == "client"}
        counts[first.operation].append(len(calls))
    return {name: (min(found), max(found)) for name, found in counts.items() if found}
