"""Callers that give up: beside every case of a chain worked out by hand, and beside the simulation, event by event."""

import doctest
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from labs_py import deadline_figures
from labs_py.deadline_runs import late_work
from labs_py.lab import load
from labs_py.model import giving_up
from labs_py.model.architecture import Alternatives, Architecture, Call, Endpoint, Parallel, Service, Step
from labs_py.model.arrivals import Open
from labs_py.model.duration import Constant
from labs_py.model.giving_up import Course, Patience, Visit, chain, places, request
from labs_py.model.outcome import ANSWERED, DEGRADED, OK
from labs_py.model.simulation import Simulation
from labs_py.model.spans import Span

_KINDS = [
    Patience(10, inner=False),
    Patience(10),
    Patience(10, 2),
    Patience(10, carried=True),
    Patience(10, 1, carried=True),
    Patience(10, 1, carried=True, stops=True),
]


def _by_hand(works: Sequence[float], patience: Patience) -> tuple[float, bool, float, list[bool]]:
    """Return when a chain answers, whether well, the work done late, and which calls are given up. All in seconds."""
    starts, ends, expiries = [0.0], [works[0]], [math.inf]
    for depth, work in enumerate(works[1:]):
        now, limit = ends[-1], patience.timeout - depth * patience.keep
        expires = math.inf if depth and not patience.inner else limit if patience.carried else now + limit
        if now >= expires:
            break
        starts.append(now)
        ends.append(min(now + work, expires) if patience.stops else now + work)
        expiries.append(expires)
    whole = len(ends) == len(works) and ends[-1] == starts[-1] + works[-1]
    late = [
        max(0.0, end - max(start, min(expiries[: at + 1])))
        for at, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    now, well, given_up = ends[-1], whole, [False] * len(works)
    for at in reversed(range(1, len(ends))):
        if now >= expiries[at]:
            now, well, given_up[at] = expiries[at], False, True
    return now, well, math.fsum(late), given_up[1:]


@pytest.mark.parametrize("patience", _KINDS)
def test_every_case_of_a_short_chain_is_counted_once(patience: Patience) -> None:
    rng = random.Random(7)
    for length in (1, 2, 3, 4, 4):
        laws = [
            [(rng.choice((0.5, 1, 2)), 0.5), (rng.choice((3, 4, 5)), 0.25), (rng.choice((6, 8, 9.5)), 0.25)]
            for _ in range(length)
        ]
        course = Course(patience)
        ends = course.follow(chain(laws))
        mean = well = late = 0.0
        given_up = [0.0] * (length - 1)
        for case in itertools.product(*laws):
            chance = math.prod(share for _, share in case)
            end, fine, after, gave_up = _by_hand([work for work, _ in case], patience)
            mean, well, late = mean + chance * end, well + chance * fine, late + chance * after
            given_up = [total + chance * one for total, one in zip(given_up, gave_up, strict=True)]
        assert math.fsum(ends.values()) == pytest.approx(1)
        assert math.fsum(time * share for (time, _), share in ends.items()) / 1e9 == pytest.approx(mean)
        assert math.fsum(share for (_, how), share in ends.items() if how in ANSWERED) == pytest.approx(well)
        assert course.total("worked_late") / 1e9 == pytest.approx(late)
        counts = {place.depth: count.given_up for place, count in course.counts.values()}
        assert [counts.get(depth, 0.0) for depth in range(length - 1)] == pytest.approx(given_up)


def _drawn(rng: random.Random, patience: Patience) -> Architecture:
    """Draw a system in which each service is called in one place, with the patience written into it."""
    services: dict[str, Service] = {}

    def call(depth: int) -> Call:
        name = f"service {len(services)}"
        services[name] = Service(name)
        limited = not patience.carried and (patience.inner or not depth)
        # Of a few whole milliseconds: ties are broken by chance in real systems, and are kept apart here by odd ways.
        services[name] = Service(
            name,
            service_time=Constant(rng.choice((0.2, 1.3, 2.7, 4.1))),
            round_trip=Constant(rng.randint(1, 999) / 1e6),
            calls=steps(depth + 1) if depth < 3 else (),
        )
        limit = patience.timeout - depth * patience.keep if limited else None
        return Call(name, optional=rng.random() < 0.3 and limited and depth > 0, timeout=limit)

    def steps(depth: int) -> tuple[Step, ...]:
        found: list[Step] = [call(depth) for _ in range(rng.randint(0, 2))]
        if rng.random() < 0.4:
            found.append(Parallel(((call(depth),), (call(depth), call(depth)))))
        return tuple(found)

    front = Endpoint("front", "front", calls=(call(0),), deadline=patience.timeout if patience.carried else None)
    services["front"] = Service("front", service_time=Constant(0.3))
    return Architecture("drawn", services, {"front": front})


def _spans(span: Span) -> Iterator[Span]:
    yield span
    for child in span.children:
        yield from _spans(child)


@pytest.mark.parametrize("patience", [kind for kind in _KINDS if not (kind.carried and kind.keep)])
def test_a_request_goes_as_in_the_simulation(patience: Patience) -> None:
    rng, given_up = random.Random(3), 0
    for _ in range(60):
        system = _drawn(rng, patience)
        course = Course(patience)
        [(end, how)] = course.follow(request(system, "front", lambda service, _: [(service.service_time.mean, 1.0)]))
        simulation = Simulation(system, Open(1.0), requests=1, traced=1, foresight=rng.random() < 0.5)
        simulation.run()
        [root] = simulation.spans
        assert root.answered - root.sent == end
        assert (root.outcome in ANSWERED) == (how in ANSWERED)
        assert (root.outcome == DEGRADED) == (how == DEGRADED)
        spans = {span.service: span for child in root.children for span in _spans(child)}
        visits = {visit.place.name: visit for visit in course.visits}
        assert spans.keys() == visits.keys()
        for name, visit in visits.items():
            _compare(visit, spans[name], root.sent)
        assert course.total("worked_late") / 1e9 == pytest.approx(late_work(root))
        given_up += sum(visit.given_up for visit in visits.values())
    assert given_up > 20


def _compare(visit: Visit, span: Span, start: float) -> None:
    assert span.sent - start == visit.sent
    if visit.arrived < math.inf and span.started < math.inf:
        assert span.arrived - start == visit.arrived
        assert span.ended - start == visit.ended
        assert span.answered - start == visit.heard
    else:
        assert visit.ended in (visit.arrived, math.inf)


def test_a_call_that_arrives_after_the_deadline_is_not_begun() -> None:
    services = {
        "front": Service("front", service_time=Constant(0.0)),
        "slow": Service("slow", service_time=Constant(9.5), calls=(Call("far"),)),
        "far": Service("far", service_time=Constant(1.0), round_trip=Constant(2.0)),
    }
    system = Architecture("", services, {"GET /": Endpoint("GET /", "front", calls=(Call("slow"),), deadline=10.0)})
    course = Course(Patience(10, carried=True))
    course.follow(request(system, "GET /", lambda service, _: [(service.service_time.mean, 1.0)]))
    simulation = Simulation(system, Open(1.0), requests=1)
    simulation.run()
    assert course.total("worked") / 1e9 == 9.5
    assert simulation.result().services["far"].served == 0


def test_a_margin_and_a_limit_of_its_own_are_handed_down() -> None:
    entry = chain([[(0.0, 1.0)], [(1.0, 1.0)], [(1.0, 1.0)], [(60.0, 1.0)]], [10, 3, 60])
    course = Course(Patience(10, 0.5, carried=True, stops=True))
    assert course.follow(entry) == {(3.5e9, "timed out"): 1.0}
    assert [visit.gone / 1e9 for visit in course.visits] == [3.5, 4.0, 10.0, math.inf]
    assert course.total("worked_late") == 0


def test_places_come_in_the_order_of_the_code_and_alternatives_are_refused() -> None:
    lab = load("deadlines").report({"endpoint": "user timeline"})
    names = [row[0].strip("– ") for row in lab.figures[0].table.rows]
    assert names[:4] == ["nginx", "user-timeline/Read", "user-timeline-redis", "user-timeline-mongodb"]
    service = Service("web", calls=(Alternatives(((Call("db"),), (Call("db"),))),))
    system = Architecture("", {"web": service, "db": Service("db")}, {"GET /": Endpoint("GET /", "web")})
    with pytest.raises(ValueError, match="must not have alternatives"):
        request(system, "GET /", lambda *_: [(0.0, 1.0)])
    plain = replace(system, services={"web": Service("web", calls=(Call("db", times=3),)), "db": Service("db")})
    entry = request(plain, "GET /", lambda *_: [(0.001, 1.0)])
    assert [place.name for place in places(entry)] == ["web", "db", "db", "db"]
    assert [how for _, how in Course(Patience(1)).follow(entry)] == [OK]


def test_the_examples_of_the_docstrings_hold() -> None:
    for module in (giving_up, deadline_figures):
        result = doctest.testmod(module)
        assert result.attempted
        assert not result.failed
