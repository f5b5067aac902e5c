"""What a call costs on this machine: three services whose every step has a known length run beside the system, and are asked while it is."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labs_py.live.load import Due, send
from labs_py.live.system import System
from labs_py.model import architecture_file
from labs_py.model.hop_cost import HopCost, thinned

WORK, NETWORK = 0.002, 0.0005
# Half of a request's calls go to a service that has just been asked, half to one that has not: what is asked again is quicker.
PROBE = f"""
[defaults]
service_time = "{WORK * 1000:g} ms"
round_trip = "{NETWORK * 1000:g} ms"
[services.near]
[services.far]
[services.farther]
[endpoints.here]
entry = "near"
[endpoints.there]
entry = "near"
calls = [{{service = "far", times = 2}}, {{service = "farther", times = 2}}]
"""
_LEAST, _RATE = 100, 5.0  # requests in all, and a second


def probe(seed: int) -> System:
    """Return the services that are asked; they run while they are entered."""
    return System(architecture_file.parse(PROBE, "probe"), PROBE, {}, seed)


async def cost(running: System, seconds: float) -> HopCost:
    """Ask in turn for no call and for four, at equal distances over so many seconds, and return what went beyond work and network."""
    since, count = time.time_ns(), max(_LEAST, round(_RATE * seconds))
    names = list(running.architecture.endpoints)
    due = [Due(seconds * (number + 0.5) / count, names[number % len(names)]) for number in range(count)]
    answered = await send(running, due, 10.0, 1)
    calls = [
        (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9 - WORK - NETWORK
        for span in spans(await running.traces())
        if span["kind"] == "SPAN_KIND_CLIENT" and int(span["startTimeUnixNano"]) >= since
    ]
    requests = [one.latency - WORK for one in answered if one.endpoint == "here"]
    return HopCost(*(thinned([max(0.0, each) for each in times]) for times in (calls, requests)))


def spans(parts: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the spans in `resourceSpans` of OTLP's JSON."""
    for part in parts:
        for scope in part["scopeSpans"]:
            yield from scope["spans"]
