"""The weakest link: how often the whole works, and which part costs the most downtime.

Availability is exact: a service that several others need counts once, however many ways lead to it, and so does shared infrastructure;
optional calls do not count, replicas and alternatives count for what they are. 100,000 simulated requests stand beside it as a check.

Data:
    availability, complete: share of requests, by load, that succeed; that succeed with nothing optional missing.
    naive_product: product of the availabilities of all services.
    downtime_minutes_per_year, downtime_minutes_per_month: of 365 and 30 days.
    simulated: share, and low and high end of its 99 % confidence interval.
    endpoints[E]: availability, complete, load_share, downtime_minutes_per_year, downtime_minutes_per_month.
    services[S], infrastructure[Z]: birnbaum_importance, downtime_removed_minutes_per_year (if the part never failed).
    before: availability, downtime_minutes_per_year and downtime_minutes_per_month without the change.
    saved_minutes_per_year, saved_hours_per_year: downtime that the change removes; negative where it adds some.

Source:
    Z. W. Birnbaum, "On the Importance of Different Components in a Multicomponent System", 1969; as defined in Wolfram Research,
        "BirnbaumImportance", 2012, https://reference.wolfram.com/language/ref/BirnbaumImportance.html
    Ben Treynor, Mike Dahlin, Vivek Rau and Betsy Beyer, "The Calculus of Service Availability", ACM Queue 15(2), 2017,
        https://queue.acm.org/detail.cfm?id=3096459

>>> run(architecture=architecture_file.load("checkout"), change="raise", service="inventory", to=0.999).takeaway
'With inventory at 99.9 %, 99.68 % of requests succeed: down 28.0 h a year, 35.0 h less than before.'
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Annotated, Any

from labs_py import chart
from labs_py.checking import Case, cases, first_complaint, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model import architecture_file, changes
from labs_py.model.architecture import Alternatives, Architecture, Call, Endpoint, Service, Step
from labs_py.model.availability import SystemAvailability, system_availability
from labs_py.model.downtime import MONTH, YEAR
from labs_py.model.monte_carlo import Estimate, simulated_availability
from labs_py.numerals import count, nines, percent, significant, span
from labs_py.parameter import Choice, Range, Upload
from labs_py.report import Figure, Metric, Report, Table

_ARCHITECTURE = architecture_file.load("online_boutique")
_MOST_BARS = 20
_CHANGES = {
    "none": "nothing changes",
    "raise": "one service's availability changes",
    "replica": "it gets one more replica",
    "optional": "its callers can do without it",
    "alternative": "it gets a stand-in",
    "zone": "all services share one zone",
}


def _services(architecture: Architecture) -> Mapping[str, str]:
    return {name: name for name in architecture.services}


def run(
    *,
    architecture: Annotated[Architecture, Upload()] = _ARCHITECTURE,
    change: Annotated[str, Choice("What if", _CHANGES)] = "none",
    service: Annotated[str, Choice("Service", _services, of="architecture")] = "redis",
    to: Annotated[
        float, Range("New availability", 0.9, 1, scale="nines", hint="Of the service, its stand-in, or the zone.")
    ] = 0.9999,
) -> Report:
    """Return the availability of every endpoint and the whole, the parts ranked, and what the change brings."""
    changed = _changed(architecture, change, service, to)
    before = system_availability(architecture)
    after = before if changed is architecture else system_availability(changed)
    whole, parts = simulated_availability(changed)
    return Report(
        _takeaway(changed, change, service, to, before, after),
        [
            Metric("Requests that succeed", nines(after.availability), f"complete answers {nines(after.complete)}"),
            Metric("Down a year", _down(after.availability), f"{_down(after.availability, MONTH)} in 30 days"),
            Metric("All services multiplied", nines(after.naive_product), "as if each request needed all of them"),
            Metric("Simulated", percent(whole.share, 3), _interval(whole)),
            _ranking(after),
            _endpoints(changed, after, parts),
        ],
        _data(changed, before, after, whole),
    )


def _changed(architecture: Architecture, change: str, service: str, to: float) -> Architecture:
    if change == "raise":
        return changes.set_availability(architecture, service, to)
    if change == "replica":
        return changes.add_replica(architecture, service)
    if change == "optional":
        return changes.make_optional(architecture, service)
    if change == "alternative":
        return changes.add_alternative(architecture, service, to)
    return changes.share_zone(architecture, to) if change == "zone" else architecture


def _takeaway(
    changed: Architecture, change: str, service: str, to: float, before: SystemAvailability, after: SystemAvailability
) -> str:
    down = f"{nines(after.availability)} of requests succeed: down {_down(after.availability)} a year"
    if change == "none":
        naive, exact = _down(after.naive_product), _down(after.availability)
        verdict = "says the same" if naive == exact else f"would say {naive}"
        return f"{down}; multiplying {count(len(changed.services), 'service')} {verdict}."
    condition = {
        "raise": f"With {service} at {to * 100:.10g} %",
        "replica": f"With {changed.services[service].replicas} replicas of {service}",
        "optional": f"If callers can do without {service}",
        "alternative": f"With a stand-in of {to * 100:.10g} % for {service}",
        "zone": f"With everything in one zone of {to * 100:.10g} %",
    }[change]
    gained = (after.availability - before.availability) * YEAR
    if abs(gained) < 1:
        return f"{condition}, {down}, as before."
    return f"{condition}, {down}, {_down(1 - abs(gained) / YEAR)} {'less' if gained > 0 else 'more'} than before."


def _down(availability: float, period: float = YEAR) -> str:
    """Return the downtime in a period: in hours, the unit of on-call, where it is an hour or more."""
    seconds = (1 - availability) * period
    return f"{significant(seconds / 3600)} h" if seconds >= 3600 else span(seconds)


def _interval(estimate: Estimate) -> str:
    return f"99 % interval {percent(estimate.low, 3)} to {percent(estimate.high, 3)}, {estimate.trials:,} requests"


def _ranking(found: SystemAvailability) -> Figure:
    """Return the parts by the downtime that would go if each never failed."""
    parts = {**found.services, **{f"{name} (infrastructure)": item for name, item in found.infrastructure.items()}}
    ranked = sorted(parts.items(), key=lambda item: (-round(item[1].gain, 15), -round(item[1].birnbaum, 12), item[0]))
    unit, seconds = ("hours", 3600) if ranked[0][1].gain * YEAR >= 3600 else ("minutes", 60)
    shown = [(name, item.gain * YEAR / seconds, _down(1 - item.gain)) for name, item in ranked[:_MOST_BARS]]
    caption = "Downtime a year that would go if one part never failed"
    if len(ranked) > _MOST_BARS:
        caption += f": the first {_MOST_BARS} of {len(ranked)}"
    rows = [
        (name, significant(item.gain * YEAR / 60), significant(item.gain * MONTH / 60), f"{item.birnbaum:.4f}")
        for name, item in ranked
    ]
    columns = ["Part", "Minutes a year removed", "Minutes in 30 days removed", "Birnbaum importance"]
    return Figure(chart.bars(shown, x=f"{unit} a year removed"), caption, Table(columns, rows))


def _endpoints(architecture: Architecture, found: SystemAvailability, simulated: Mapping[str, Estimate]) -> Table:
    rows = [
        (
            name,
            percent(architecture.load_share(name), 1),
            nines(item.availability),
            f"{simulated[name].low * 100:.2f} to {percent(simulated[name].high, 2)}",
            nines(item.complete),
            _down(item.availability),
            _down(item.availability, MONTH),
        )
        for name, item in found.endpoints.items()
    ]
    columns = ["Endpoint", "Load", "Succeeds", "Simulated", "Complete", "Down a year", "Down in 30 days"]
    return Table(columns, rows, "Each endpoint by itself; simulated: the 99 % interval of 100,000 requests")


def _data(
    architecture: Architecture, before: SystemAvailability, after: SystemAvailability, whole: Estimate
) -> dict[str, Any]:
    def down(availability: float) -> dict[str, float]:
        lost = 1 - availability
        return {"downtime_minutes_per_year": lost * YEAR / 60, "downtime_minutes_per_month": lost * MONTH / 60}

    kinds = {"services": after.services, "infrastructure": after.infrastructure}
    ranked = {
        kind: {
            name: {"birnbaum_importance": item.birnbaum, "downtime_removed_minutes_per_year": item.gain * YEAR / 60}
            for name, item in parts.items()
        }
        for kind, parts in kinds.items()
    }
    return {
        "availability": after.availability,
        "complete": after.complete,
        "naive_product": after.naive_product,
        **down(after.availability),
        "simulated": {"share": whole.share, "low": whole.low, "high": whole.high},
        "endpoints": {
            name: {
                "availability": item.availability,
                "complete": item.complete,
                "load_share": architecture.load_share(name),
                **down(item.availability),
            }
            for name, item in after.endpoints.items()
        },
        **ranked,
        "before": {"availability": before.availability, **down(before.availability)},
        "saved_minutes_per_year": (after.availability - before.availability) * YEAR / 60,
        "saved_hours_per_year": (after.availability - before.availability) * YEAR / 3600,
    }


# --- tasks and checks ----------------------------------------------------------------------------


def _left(data: Mapping[str, Any], service: str) -> float:
    """Return how much of the downtime that a service caused is left after the change."""
    left = float(data["services"][service]["downtime_removed_minutes_per_year"])
    return left / (left + float(data["saved_minutes_per_year"]))


def _drawn_parts(rng: Random) -> tuple[dict[str, float], Callable[[], list[str]]]:
    """Return some parts with their availabilities, and a function that draws one or several of them."""
    chances = {name: rng.choice([0.5, 0.8, 0.9, 0.99]) for name in "abcd"[: rng.randint(1, 4)]}
    return chances, lambda: sorted(rng.sample(list(chances), rng.randint(1, min(3, len(chances)))))


def _check_availability(availability: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        chances, some = _drawn_parts(rng)
        return [some() for _ in range(rng.randint(1, 3))], chances

    def expected(paths: list[list[str]], chances: Mapping[str, float]) -> float:
        return _system(Alternatives(tuple(tuple(map(Call, path)) for path in paths)), **chances)

    return first_difference("availability", availability, expected, cases(draw=drawn))


def _check_weakest(weakest: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        chances, some = _drawn_parts(rng)
        return {name: (rng.randint(1, 9), some()) for name in ("look", "pay")[: rng.randint(1, 2)]}, chances

    def rule(got: object, endpoints: Mapping[str, tuple[int, list[str]]], chances: Mapping[str, float]) -> str:
        services = {name: Service(name, chance) for name, chance in {"user": 1.0, **chances}.items()}
        requests = {
            name: Endpoint(name, "user", rate, tuple(map(Call, needed))) for name, (rate, needed) in endpoints.items()
        }
        rates = sum(rate for rate, _ in endpoints.values())
        found = system_availability(Architecture("", services, requests)).services
        saved = {name: found[name].gain * rates for name in chances}
        best = max(saved, key=saved.__getitem__)
        if not isinstance(got, str) or got not in saved:
            return f"must be one of {', '.join(chances)}"
        if saved[got] >= saved[best] - 1e-9:
            return ""
        return f"must be {best!r}, which would save {significant(saved[best])} requests a second and not {significant(saved[got])}"

    return first_complaint("weakest", weakest, rule, cases(draw=drawn))


TASKS = [
    Predict(
        "In the textbook chain, five services of 99.9 % call one another. The last one gets a stand-in: a cache that has an answer 90 % of the time. "
        "How much of the downtime that the last service causes goes away?",
        ["Hardly any: 90 % is worse than 99.9 %", "About half", "About nine tenths"],
        2,
        "Both must fail for the call to fail: 0.001 times 0.1. A poor stand-in that fails at other times than the original is worth nearly a nine.",
        {"architecture": "textbook_chain", "change": "alternative", "service": "e", "to": "0.9"},
        lambda data: nearest((0, 0.5, 0.9), data["saved_minutes_per_year"] / 523),
        hint="The call fails only while both are down. How often is that, if they fail independently?",
    ),
    Predict(
        "Redis in Online Boutique gets a second instance, 99.9 % like the first. How much of the downtime that Redis causes is left?",
        ["Half of it", "A tenth", "A thousandth"],
        2,
        "Both instances are down 0.001 times 0.001 of the time. A replica helps as much as not needing Redis at all, if the two fail independently.",
        {"change": "replica", "service": "redis"},
        lambda data: nearest((0.5, 0.1, 0.001), _left(data, "redis")),
        hint="While the first instance is down, how often is the second one down as well?",
    ),
    Predict(
        "The callers of Redis learn to do without it and show an empty cart. 478 minutes of downtime a year go. What becomes of the requests "
        "that get a complete answer, with nothing missing?",
        ["As many more as there are fewer failures", "As many as before", "Fewer: degraded answers are new"],
        1,
        "99.38 % before and after. An optional call turns failures into degraded answers and mends nothing: what succeeds rises from 99.52 "
        "to 99.61 %, what is complete waits for a better Redis.",
        {"change": "optional", "service": "redis"},
        lambda data: 1 if round(data["complete"], 12) == round(system_availability(_ARCHITECTURE).complete, 12) else 0,
        hint="Follow one request that comes while Redis is down: what did it get before, and what does it get now?",
    ),
    Reach(
        "The fictional checkout is down 63 hours a year. With one change, bring it below 20 hours.",
        lambda data, arguments: arguments["architecture"] == "checkout" and data["downtime_minutes_per_year"] < 20 * 60,
        {"architecture": "checkout", "change": "replica", "service": "inventory"},
        {"architecture": "checkout", "change": "raise", "service": "inventory", "to": "0.9999"},
        "One part causes most of the downtime. Compare making it better with having two of it.",
        "A second inventory is down with the first 0.005 times 0.005 of the time, if the two really fail independently: 19.5 hours are left. "
        "A single one of 99.99 % leaves 20.1, and is harder to come by.",
    ),
    Reach(
        "Keep Online Boutique above 99.5 % although all of it stands in one zone.",
        lambda data, arguments: (
            arguments["architecture"] == "online_boutique"
            and arguments["change"] == "zone"
            and data["availability"] > 0.995
        ),
        {"change": "zone", "to": "0.9998"},
        {"change": "zone", "to": "0.9997"},
        "The zone multiplies everything. How much room is there between 99.52 % and 99.5 %?",
        "99.5 % divided by 99.523 %: the zone must be up more than 99.977 % of the time, more than four times as good as the services in it.",
    ),
    to_write(
        "Two copies of an application, one database: how often does a request find a way? Write it for any such system.",
        '''
        def availability(paths: list, chances: dict) -> float:
            """Return how often all parts of at least one path are up.

            `chances[part]` is how often a part is up. Parts fail independently,
            and a part may stand on several paths.

            >>> chances = {"app1": 0.9, "app2": 0.9, "db": 0.9}
            >>> round(availability([["app1", "db"], ["app2", "db"]], chances), 9)
            0.891
            """
        ''',
        """
        if not paths:
            return 0
        if [] in paths:
            return 1
        part = paths[0][0]
        if_up = [[other for other in path if other != part] for path in paths]
        if_down = [path for path in paths if part not in path]
        return (
            chances[part] * availability(if_up, chances)
            + (1 - chances[part]) * availability(if_down, chances)
        )
        """,
        """
        all_fail = 1
        for path in paths:
            works = 1
            for part in path:
                works *= chances[part]
            all_fail *= 1 - works
        return 1 - all_fail
        """,
        _check_availability,
        hint="Take one part. Which paths are left if it is surely down, and what do they still need if it is surely up? Weight the two by how "
        "often each is the case. Or go through every state that the parts can be in.",
        because="A shared part counts once, however many ways lead to it. Two applications over one database, 99 % each: 98.9901 %. Multiplying "
        "the two paths as if they shared nothing promises 99.9604 %, a 25th of the downtime that there is.",
    ),
    to_write(
        "You have a month. Write the function that tells you where to spend it.",
        '''
        import math


        def weakest(endpoints: dict, chances: dict) -> str:
            """Return the service that would save the most requests if it never failed.

            `endpoints[name]` is (requests a second, the services that each needs);
            `chances[service]` is how often a service is up. Services fail
            independently. Of equals, any will do.

            >>> load = {"look": (90, ["web", "list"]), "pay": (10, ["web", "bank"])}
            >>> weakest(load, {"web": 0.9999, "list": 0.999, "bank": 0.995})
            'list'
            """
        ''',
        """
        def successes(chances):
            return sum(
                rate * math.prod(chances[service] for service in needed)
                for rate, needed in endpoints.values()
            )

        return max(chances, key=lambda service: successes({**chances, service: 1}))
        """,
        """
        return min(chances, key=chances.get)
        """,
        _check_weakest,
        hint="Count how many requests succeed in a second if one service is up all the time. Do that for each of the services, and compare.",
        because="The service that fails most often is not the one that hurts most. What you save by repairing a part is how often it is down, "
        "times how many requests that are otherwise fine then fail: in the example 0.09 a second for list, and 0.05 for bank, which is down "
        "five times as often.",
    ),
]


def _system(*calls: Step, **availabilities: float) -> float:
    """Return the availability of one endpoint that makes `calls` of services with the given availabilities."""
    services = {name: Service(name, value) for name, value in {"user": 1.0, **availabilities}.items()}
    return system_availability(
        Architecture("", services, {"GET /": Endpoint("GET /", "user", 1.0, calls)})
    ).availability


def _run(path: str, **arguments: Any) -> float:
    found: Any = run(**arguments).data
    for name in path.split("|"):
        found = found[name]
    return float(found)


_DATABASE_OR_QUEUE = Alternatives(((Call("database"),), (Call("queue"),)))
_TWO_PATHS = Alternatives(((Call("a"), Call("database")), (Call("b"), Call("database"))))
_CHECKOUT = architecture_file.load("checkout")
_AZURE = ("Microsoft, composite SLAs", "https://learn.microsoft.com/en-us/answers/questions/122986/composite-slas")
_AWS = (
    "AWS Well-Architected",
    "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/availability.html",
)
_CLOSED_FORM = ("0.99 × (1 − 0.01²)", "https://en.wikipedia.org/wiki/Reliability_block_diagram")
_BOUTIQUE = ("a power of 0.999, counted in the code", "https://github.com/GoogleCloudPlatform/microservices-demo")
_COURSE = ("CodersSecret, lab 1.3", "https://coderssecret.com/courses/distributed-systems-engineering")

ORACLES = [
    Oracle(
        "Web app 99.95 % and database 99.99 %",
        0.9994,
        lambda: _system(Call("web"), Call("database"), web=0.9995, database=0.9999),
        *_AZURE,
        tolerance=5e-5,
        digits=4,
    ),
    Oracle(
        "Database 99.99 % or queue 99.9 %",
        0.9999999,
        lambda: _system(_DATABASE_OR_QUEUE, database=0.9999, queue=0.999),
        *_AZURE,
        tolerance=5e-9,
        digits=7,
    ),
    Oracle(
        "Web app, and database or queue",
        0.9995,
        lambda: _system(Call("web"), _DATABASE_OR_QUEUE, web=0.9995, database=0.9999, queue=0.999),
        *_AZURE,
        tolerance=5e-5,
        digits=4,
    ),
    Oracle(
        "Three hard dependencies of 99.99 %",
        0.9997,
        lambda: _system(Call("a"), Call("b"), Call("c"), a=0.9999, b=0.9999, c=0.9999),
        *_AWS,
        tolerance=5e-5,
        digits=4,
    ),
    Oracle(
        "Two paths (99 % each) over one database (99 %)",
        0.99 * (1 - 0.01**2),
        lambda: _system(_TWO_PATHS, a=0.99, b=0.99, database=0.99),
        *_CLOSED_FORM,
        tolerance=5e-13,
        digits=6,
        note="Multiplying the two paths as if they shared nothing gives 0.999604.",
    ),
    Oracle(
        "Online Boutique, home page: five services",
        0.999**5,
        lambda: _run("endpoints|GET /|availability"),
        *_BOUTIQUE,
        tolerance=5e-13,
        digits=6,
    ),
    Oracle(
        "Online Boutique, placing an order: eight services",
        0.999**8,
        lambda: _run("endpoints|POST /cart/checkout|availability"),
        *_BOUTIQUE,
        tolerance=5e-13,
        digits=6,
    ),
    Oracle(
        "A fictional checkout of six services",
        0.9928,
        lambda: _run("availability", architecture=_CHECKOUT),
        *_COURSE,
        tolerance=5e-5,
        digits=4,
    ),
    Oracle(
        "The same with inventory at 99.9 % instead of 99.5 %",
        0.9969,
        lambda: _run("availability", architecture=_CHECKOUT, change="raise", service="inventory", to=0.999),
        *_COURSE,
        tolerance=2e-4,
        digits=4,
        note="Printed there with 36 hours a year saved. Its own six figures multiply to 99.68 %, which saves 35 hours.",
    ),
]

LIMITS = [
    "Parts fail independently of one another, unless the file says that they share a service or infrastructure.",
    "Deploys, configuration and overload break several parts at once. Give each its own entry in the file, or expect less than this.",
    "A service is up or down. Slow answers, overload and retries are not in it, and neither is the time that failing over takes.",
    "Load is spread by the weights at all times. An outage at the busiest hour costs more requests than its minutes say.",
    "An SLA is a promise with a refund, not a measurement. Put in what you have measured.",
]
