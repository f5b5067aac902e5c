"""Small cases of callers that give up, to check by hand: a chain of two calls, 27 ways of three services, and one post simulated."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from labs_py.model.architecture_file import load
from labs_py.model.arrivals import Open
from labs_py.model.changes import default_policies
from labs_py.model.duration import Constant
from labs_py.model.giving_up import Course, Patience, chain
from labs_py.model.simulation import Simulation
from labs_py.model.spans import Span

STORES = ("-redis", "-mongodb", "-memcached")
"""How the names of the stores of the Social Network end."""

_WORKS = ((1.0, 1 / 3), (4.0, 1 / 3), (7.0, 1 / 3))


def left(works: Sequence[float], deadline: float, depth: int) -> float:
    """Return how many seconds are left of a carried deadline when a call in a chain is made; `depth` 0 is the first service's call."""
    course = Course(Patience(deadline, carried=True))
    course.follow(chain([[(work, 1.0)] for work in works]))
    visit = next(visit for visit in course.visits if visit.place.depth == depth)
    return (visit.gone - visit.sent) / 1e9


@cache
def of_three(what: str, depth: int | None = None) -> float:
    """Return a count, at one place or in all, of three services in a chain that take 1, 4 or 7 s each; every limit is 10 s."""
    course = Course(Patience(10.0))
    course.follow(chain([[(0.0, 1.0)], _WORKS, _WORKS, _WORKS]))
    return math.fsum(getattr(count, what) for place, count in course.counts.values() if depth in (None, place.depth))


@cache
def simulated_late_work(slower: float = 3.0, timeout: float = 10.0) -> float:
    """Return the seconds of work for nobody that one post leaves in the discrete-event simulation when every store is `slower`."""
    system = default_policies(load("social_network"), timeout=timeout)
    system = replace(system, endpoints={"compose post": system.endpoints["compose post"]})
    for name, service in system.services.items():
        more = slower if name.endswith(STORES) else 0.0
        system = system.with_service(name, service_time=Constant(service.service_time.mean + more))
    simulation = Simulation(system, Open(1.0), requests=1, traced=1)
    simulation.run()
    return late_work(simulation.spans[0])


def late_work(call: Span, gone: float = math.inf) -> float:
    """Return the seconds of own work, of a simulated call and all below it, after the first of its callers has stopped waiting."""
    gone = min(gone, call.answered)
    done = min((below.sent for below in call.children), default=call.ended)
    own = max(0.0, done - max(call.started, gone)) / 1e9 if call.started < math.inf else 0.0
    return math.fsum([own, *(late_work(below, gone) for below in call.children)])
