"""What becomes of requests while one service is dead: seen in a system that really runs, to be held against the model."""

import time
from collections import Counter
from collections.abc import Sequence

from labs_py.live.hops import spans
from labs_py.live.load import Answered, Due, send
from labs_py.live.run import runner, warm_up
from labs_py.live.system import System
from labs_py.model.architecture import Architecture
from labs_py.model.failure import Mode

GIVE_UP = 6.5  # seconds: beyond the longest timeout of the shipped systems
EACH = 3
_APART = 0.3  # seconds: requests that meet would wait for a processor, and a short timeout might end


def observed(architecture: Architecture, text: str, service: str, mode: Mode) -> dict[str, dict[str, int]]:
    """Return how `EACH` requests to each endpoint end while every instance of a service crashes, or hangs.

    They are "ok", "degraded" (an optional call failed), "fails", or have "no answer" after `GIVE_UP` seconds.
    """
    names = [name for _ in range(EACH) for name in architecture.endpoints]
    with System(architecture, text, {}, 1) as system, runner() as loop:
        loop.run(warm_up(system))
        (system.kill if mode == "crash" else system.hang)(service)
        since = time.time_ns()
        due = [Due(_APART * number, name) for number, name in enumerate(names, 1)]
        answered = loop.run(send(system, due, GIVE_UP, 1))
        traces = loop.run(system.traces())
    seen = [span for span in spans(traces) if int(span["startTimeUnixNano"]) >= since]
    hurt = {span["traceId"] for span in seen if span["kind"] == "SPAN_KIND_CLIENT" and span["status"]}
    degraded = Counter(span["name"] for span in seen if not span["parentSpanId"] and span["traceId"] in hurt)
    return {
        name: _counted([one for one in answered if one.endpoint == name], degraded[name])
        for name in architecture.endpoints
    }


def _counted(answered: Sequence[Answered], hurt: int) -> dict[str, int]:
    """Return how requests ended, of which so many were hurt: those of them that did not fail are degraded."""
    failed = [one for one in answered if one.failed]
    late = sum(one.latency >= GIVE_UP for one in failed)
    good = len(answered) - len(failed)
    degraded = min(hurt, good)
    counts = {"ok": good - degraded, "degraded": degraded, "fails": len(failed) - late, "no answer": late}
    return {status: count for status, count in counts.items() if count}
