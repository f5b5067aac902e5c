"""Predicted and seen: with one service dead, real processes do to each kind of request what the model says.

Online Boutique as real HTTP services, each a process. One service at a time was killed, or told to take requests and never answer; then
each endpoint was asked a few times. The model reads the same architecture file.

Data:
    date, machine, load: when and where, and the load average before the runs. mode: "crash" or "hang".
    cells, agree: pairs of a dead service and an endpoint, and those of them in which every request ended as the model says.
    outcomes[SERVICE][E]: measured: how many requests ended "ok", "degraded", in an error ("fails"), or without an answer ("no answer");
        model: one of these.
    failed[SERVICE]: measured and model: the share of the shop's load, by the file's weights, that fails or has no answer.

Source:
    Google, Online Boutique, source at commit 34ffea917, August 2026, https://github.com/GoogleCloudPlatform/microservices-demo

>>> run(mode="crash").data["outcomes"]["email"]["POST /cart/checkout"]["model"]
'degraded'
"""

import math
from collections.abc import Mapping
from functools import cache, partial
from typing import Annotated, Any, cast

from labs_py.exercise import Oracle
from labs_py.measurements import online_boutique as measured
from labs_py.model import architecture_file
from labs_py.model.failure import Failure, Mode
from labs_py.parameter import Choice
from labs_py.report import Metric, Report, Table

_ARCHITECTURE = architecture_file.load("online_boutique")
_MODES = {"crash": "was killed", "hang": "took requests and never answered"}
_BAD = ("fails", "no answer")


def run(*, mode: Annotated[str, Choice("The service", _MODES)] = "crash") -> Report:
    """Return what each kind of request came to while each service was dead, and where the model says otherwise."""
    outcomes = _outcomes(mode)
    cells = [cell for row in outcomes.values() for cell in row.values()]
    agree = sum(_agrees(cell) for cell in cells)
    load = _load()
    failed = {
        service: {
            "measured": math.fsum(load[name] * _failed(cell["measured"]) for name, cell in row.items()),
            "model": math.fsum(load[name] * (cell["model"] in _BAD) for name, cell in row.items()),
        }
        for service, row in outcomes.items()
    }
    each = sum(sum(cell["measured"].values()) for cell in cells)
    rows = [(service, *(_shown(cell) for cell in row.values())) for service, row in outcomes.items()]
    columns = ["Dead", *_ARCHITECTURE.endpoints]
    verb = "killed" if mode == "crash" else "hanging"
    return Report(
        f"With each of {len(outcomes)} services {verb} in turn, {agree} of {len(cells)} kinds of requests ended as the model says.",
        [
            Metric("As the model says", f"{agree} of {len(cells)}", f"{each:,} requests"),
            Table(columns, rows, "What requests came to", numeric=[]),
            Table(
                ["The runs", "Recorded"],
                [
                    ("Date", measured.DATE),
                    ("Machine", measured.MACHINE),
                    ("Load average before", measured.LOAD),
                    ("Made again by", "python -m tools.record run"),
                ],
                numeric=[],
            ),
        ],
        {
            "date": measured.DATE,
            "machine": measured.MACHINE,
            "load": measured.LOAD,
            "mode": mode,
            "cells": len(cells),
            "agree": agree,
            "outcomes": outcomes,
            "failed": failed,
        },
    )


@cache
def _outcomes(mode: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Return for each dead service and each endpoint what was seen and what the model says."""
    found = {}
    for service, row in measured.OUTCOMES[mode].items():
        predicted = Failure(cast("Mode", mode)).when_down(_ARCHITECTURE, [service])
        found[service] = {
            name: {
                "measured": dict(counts),
                "model": "no answer" if math.isinf(predicted[name].wait) else predicted[name].status,
            }
            for name, counts in row.items()
        }
    return found


def _agrees(cell: Mapping[str, Any]) -> bool:
    return list(cell["measured"]) == [cell["model"]]


def _failed(counts: Mapping[str, int]) -> float:
    return sum(counts.get(status, 0) for status in _BAD) / sum(counts.values())


def _load() -> dict[str, float]:
    total = math.fsum(endpoint.weight for endpoint in _ARCHITECTURE.endpoints.values())
    return {name: endpoint.weight / total for name, endpoint in _ARCHITECTURE.endpoints.items()}


def _shown(cell: Mapping[str, Any]) -> str:
    counts = cell["measured"]
    seen = (
        next(iter(counts)) if len(counts) == 1 else ", ".join(f"{count} {status}" for status, count in counts.items())
    )
    return seen if _agrees(cell) else f"{seen} (model: {cell['model']})"


def _agreeing(mode: str) -> float:
    return sum(_agrees(cell) for row in _outcomes(mode).values() for cell in row.values())


ORACLES = [
    Oracle(
        f"Pairs of a service that {what} and a kind of request, in which every request ended as the model says",
        float(sum(len(row) for row in measured.OUTCOMES[mode].values())),
        partial(_agreeing, mode),
        f"measured, {measured.DATE}",
        "https://github.com/GoogleCloudPlatform/microservices-demo",
        tolerance=0,
        digits=2,
    )
    for mode, what in _MODES.items()
]

LIMITS = [
    "The services are stand-ins that make Online Boutique's calls and treat errors as its code does; that they do so is read, not tried.",
    "Every instance of a service dies, and there is one of each.",
    "A dead process refuses connections at once. A machine that is gone does not: then a caller without a deadline waits for the network's.",
    "No answer means none within 6.5 s, longer than any deadline in the file.",
]
