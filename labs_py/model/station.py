"""A service that calls nobody, so that a call's whole future is known when it arrives.

Workers take calls in the order of arrival, and neither a crash nor a withdrawn copy will change the queue: then the start and the end
of a call follow from when the workers get free, and no event has to be simulated for either. `labs_py.model.host` is the other way,
event by event; where both apply, they give the same times.

Source:
    Jack Kiefer and Jacob Wolfowitz, "On the Theory of Queues with Many Servers", Transactions of the American Mathematical Society
        78(1), 1955, https://doi.org/10.1090/S0002-9947-1955-0066587-3 (the vector of the times at which the workers get free).
"""

import math
from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from itertools import islice
from operator import sub

from labs_py.model.architecture import Service
from labs_py.model.balancer import Choose
from labs_py.model.faults import Pace
from labs_py.model.outcome import FULL, LATE, OK, SHED
from labs_py.model.tally import ServiceTally
from labs_py.model.ticks import NEVER, ticks


class Lane:
    """One instance of a station: when each worker gets free, and when each waiting call will start."""

    __slots__ = ("free", "pace", "starts", "workers")

    def __init__(self, workers: int | None, pace: Pace | None) -> None:
        self.workers = workers
        # With any number of workers: when each call in service ends.
        self.free = [0.0] * workers if workers else []
        self.starts: deque[float] = deque()
        self.pace = pace

    def working(self, now: float) -> int:
        """Return how many calls are in service."""
        return sum(free > now for free in self.free)

    def waiting(self, now: float) -> int:
        """Return how many calls wait."""
        starts = self.starts
        while starts and starts[0] <= now:
            starts.popleft()
        return len(starts)

    def load(self, now: float) -> int:
        """Return how many calls wait or are in service."""
        return self.working(now) + self.waiting(now)


class Station:
    """The instances of a service that calls nobody. Times are in nanoseconds."""

    __slots__ = ("choose", "lanes", "limit", "only", "shed", "tally")

    def __init__(self, service: Service, choose: Choose, paces: list[Pace | None], tally: ServiceTally) -> None:
        self.lanes = [Lane(service.servers, pace) for pace in paces]
        self.only = self.lanes[0] if len(self.lanes) == 1 else None
        self.limit = NEVER if service.queue_limit is None else service.queue_limit
        self.shed = NEVER if service.shed_after is None else ticks(service.shed_after)
        self.choose = choose
        self.tally = tally

    @property
    def instances(self) -> list[Lane]:
        """Every instance, in order."""
        return self.lanes

    def serve_all(self, times: list[float], works: Iterator[float]) -> tuple[list[float], list[float]] | None:
        """Take calls that arrive at these times, and nothing else until the last of them; return when each ends, and how long it took.

        None, and nothing is done, where that takes more than a plain queue: several instances, limits, hangs.
        """
        lane = self.only
        if lane is None or not lane.workers or lane.pace is not None or self.limit < NEVER or self.shed < NEVER:
            return None
        work = list(islice(works, len(times)))
        free = lane.free
        if len(free) == 1:
            end = free[0]
            # Not `max`, which takes several times as long.
            ends = [end := (end if end > now else now) + own for now, own in zip(times, work, strict=True)]  # noqa: FURB136
            free[0] = end
        else:
            ends = []
            for now, own in zip(times, work, strict=True):
                start = free[0]
                end = (start if start > now else now) + own  # noqa: FURB136
                heapreplace(free, end)
                ends.append(end)
        tally = self.tally
        tally.served += len(times)
        took = list(map(sub, ends, times))
        worked = math.fsum(work)
        tally.worked += worked
        tally.waited += math.fsum(took) - worked
        lane.waiting(times[-1])
        still = []
        for end, own in zip(reversed(ends), reversed(work), strict=True):
            if end - own <= times[-1]:
                break
            still.append(end - own)
        lane.starts.extend(reversed(still))
        return ends, took

    def serve(self, now: float, work: float, deadline: float) -> tuple[float, str]:
        """Take a call that arrives `now`; return when it ends here, and how."""
        lane = self.only or self.lanes[self.choose(self.lanes, now)]
        tally = self.tally
        free = lane.free
        start = now
        if lane.workers is None:
            while free and free[0] <= now:
                heappop(free)
        elif free[0] > now:
            start = free[0]
            starts = lane.starts
            while starts and starts[0] <= now:
                starts.popleft()
            if len(starts) >= self.limit:
                return now, tally.refuse(FULL)
            starts.append(start)
            if start - now > self.shed:
                return start, tally.refuse(SHED)
        if start >= deadline:
            return start, tally.refuse(LATE) if start < NEVER else OK
        finish = start + work if lane.pace is None else lane.pace.finish(start, work)
        if lane.workers is None:
            heappush(free, finish)
        else:
            heapreplace(free, finish)
        tally.served += 1
        tally.waited += start - now
        tally.worked += work
        return finish, OK
