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

from collections.abc import Mapping
from typing import Annotated, Any

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach
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
    before, after = system_availability(architecture), system_availability(changed)
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
            f"{percent(simulated[name].low, 2)} to {percent(simulated[name].high, 2)}",
            nines(item.complete),
            _down(item.availability),
            _down(item.availability, MONTH),
        )
        for name, item in found.endpoints.items()
    ]
    columns = ["Endpoint", "Load", "Succeeds", "Simulated, 99 % interval", "Complete", "Down a year", "Down in 30 days"]
    return Table(columns, rows, "Each endpoint by itself")


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


def _removed(data: Mapping[str, Any], service: str) -> float:
    return float(data["services"][service]["downtime_removed_minutes_per_year"])


TASKS = [
    Predict(
        "Online Boutique has 11 services, each up 99.9 % of the time; 0.999 to the power of 11 is 98.9 %. How many of its requests succeed?",
        ["98.9 %: all 11 count", "About 99.5 %", "99.9 %: as good as one service"],
        1,
        "A request needs only the services on its own path, and not the optional ones: five of 11 for a product page. Weighted by load, 99.52 %.",
        {},
        lambda data: 0 if data["availability"] < 0.992 else 1 if data["availability"] < 0.998 else 2,
    ),
    Predict(
        "You may make one service of Online Boutique perfect: checkout, payment or redis. Which one spares users the most downtime?",
        ["checkout: it takes the order", "payment: no money without it", "redis: nearly every page reads the cart"],
        2,
        "21 of 23 requests need redis, one of 23 needs checkout or payment. Removing redis's failures is worth 21 times as many minutes.",
        {},
        lambda data: max(range(3), key=lambda index: _removed(data, ("checkout", "payment", "redis")[index])),
    ),
    Predict(
        "All 11 services move into one zone that is up 99.9 % of the time. What happens to the requests that succeed?",
        [
            "Nothing: the services are as good as before",
            "They fall by about 0.1 points",
            "They fall by about 1.1 points, 0.1 for each service",
        ],
        1,
        "The zone is one part that every request needs, so it counts once: 99.52 % times 99.9 %. Now it is the weakest link, with the frontend.",
        {"change": "zone", "to": "0.999"},
        lambda data: min(2, round((data["before"]["availability"] - data["availability"]) * 1000)),
    ),
    Reach(
        "The fictional checkout is down 63 hours a year. With one change, bring it below 20 hours and a half.",
        lambda data, arguments: (
            arguments["architecture"] == "checkout" and data["downtime_minutes_per_year"] < 20.5 * 60
        ),
        {"architecture": "checkout", "change": "replica", "service": "inventory"},
        {"architecture": "checkout", "change": "raise", "service": "inventory", "to": "0.9995"},
        "One part causes most of the downtime. Compare making it better with having two of it.",
        "A second inventory leaves 0.005 squared: 99.9975 %. That beats even 99.99 % for a single one, if the two really fail independently.",
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
        "99.5 % divided by 99.523 %: the zone must be up more than 99.977 % of the time, nearly five times as good as the services in it.",
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
        digits=6,
    ),
    Oracle(
        "Database 99.99 % or queue 99.9 %",
        0.9999999,
        lambda: _system(_DATABASE_OR_QUEUE, database=0.9999, queue=0.999),
        *_AZURE,
        tolerance=5e-9,
        digits=8,
    ),
    Oracle(
        "Web app, and database or queue",
        0.9995,
        lambda: _system(Call("web"), _DATABASE_OR_QUEUE, web=0.9995, database=0.9999, queue=0.999),
        *_AZURE,
        tolerance=5e-5,
        digits=6,
    ),
    Oracle(
        "Three hard dependencies of 99.99 %",
        0.9997,
        lambda: _system(Call("a"), Call("b"), Call("c"), a=0.9999, b=0.9999, c=0.9999),
        *_AWS,
        tolerance=5e-5,
        digits=6,
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
