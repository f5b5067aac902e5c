"""Kill one service: what breaks depends on its callers, not on the boundary.

For every service, the outcome of a request to each endpoint while the service is wholly down; then one instance of the victim dies, and
the errors per second until it is back; then K instances chosen at random are dead. All are exact expectations, nothing is sampled.

Data:
    outcomes[E][S]: ok, degraded or fails, for a request to endpoint E while service S is wholly down.
    waits_s[E][S]: extra seconds that the request waits; null when it waits for ever.
    blast_radius[S], degraded_share[S]: shares of the load that fail and are degraded while S is wholly down.
    phases: name, start_s, end_s, fails_per_s, degraded_per_s and monolith_fails_per_s, of 100 requests per second.
    lost_requests, monolith_lost_requests: requests that fail between the kill and the restart, at 100 per second.
    instances, killed: instances of all services together, and how many of them are dead.
    success_probability: probability that a request succeeds with `killed` random instances dead; null when there are too many to count.
    experiment: for the architecture of the published experiment, exact, published and measured shares of success; else empty.

Source:
    Anatoly A. Krasnovsky, "Model Discovery and Graph Simulation: A Lightweight Gateway to Chaos Engineering", ICSE-NIER 2026,
        https://arxiv.org/abs/2506.11176
    gRPC Authors, "Deadlines", gRPC documentation, https://grpc.io/docs/guides/deadlines/
    The Kubernetes Authors, "Configure Liveness, Readiness and Startup Probes",
        https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/

>>> run(victim="recommendation").takeaway
'With recommendation down, 73.9 % of requests are degraded; a monolith that crashed would fail all of them.'
"""

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Annotated, Any

from labs_py.checking import Case, cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.failure_figures import (
    RATE,
    blast_radius,
    experiment_table,
    matrix,
    over_time,
    survival_curve,
    widest_first,
)
from labs_py.model import architecture_file, kill_experiment
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.failure import Failure, Outcome, shares_of
from labs_py.model.kills import MOST_INSTANCES, Phase, instances, load_weighted_survival, phases
from labs_py.numerals import percent, significant, span
from labs_py.parameter import Choice, LabError, Range, Upload
from labs_py.report import Metric, Part, Report

_ARCHITECTURE = architecture_file.load("online_boutique")
_MOST_OUTCOMES = 20_000
_DEFENSES = {
    "none": "what their code has",
    "timeout": "a timeout on every call",
    "fallback": "timeouts, and fallbacks for failed calls",
}


def _services(architecture: Architecture) -> Mapping[str, str]:
    return {name: name for name in architecture.services}


def run(
    *,
    architecture: Annotated[Architecture, Upload()] = _ARCHITECTURE,
    victim: Annotated[str, Choice("Victim", _services, of="architecture")] = "currency",
    mode: Annotated[
        str, Choice("The victim", {"crash": "crashes: calls fail at once", "hang": "hangs: calls get no answer"})
    ] = "crash",
    defense: Annotated[str, Choice("Its callers have", _DEFENSES)] = "none",
    timeout_ms: Annotated[float, Range("Timeout, where the code has none", 1, 60_000, "ms", 1, "log")] = 1_000,
    replicas: Annotated[int, Range("Instances of the victim", 0, 20, hint="0: as many as the file says.")] = 0,
    detection_s: Annotated[float, Range("Health checks notice after", 0, 300, "s", 1)] = 30,
    restart_s: Annotated[float, Range("It is back after", 1, 600, "s", 1)] = 60,
    killed: Annotated[int, Range("Random instances dead at once", 0, 200)] = 2,
) -> Report:
    """Return what each service's failure does to each endpoint, and what dead instances do over time and by number."""
    pairs = len(architecture.services) * len(architecture.endpoints)
    if pairs > _MOST_OUTCOMES:
        raise LabError(f"services times endpoints must be at most {_MOST_OUTCOMES:,} for this lab, got {pairs:,}")
    if replicas:
        needs = min(architecture.services[victim].needs, replicas)
        architecture = architecture.with_service(victim, replicas=replicas, needs=needs)
    failure = Failure(mode, defense, timeout_ms / 1000)  # type: ignore[arg-type]  # Choice has checked both
    each = failure.each_down(architecture)
    radius = {name: shares_of(architecture, outcomes) for name, outcomes in each.items()}
    down = {name: each[name] for name in widest_first(radius)}
    course = phases(architecture, victim, failure, detection=detection_s, restart=restart_s)
    survival = load_weighted_survival(architecture) if instances(architecture) <= MOST_INSTANCES else ()
    killed = min(killed, instances(architecture))
    lost, monolith_lost = _lost(course)
    worst = max(outcome.wait for outcome in down[victim].values())
    parts: list[Part] = [
        Metric(
            "Requests that fail", percent(radius[victim].fails, 1), f"{percent(radius[victim].degraded, 1)} degraded"
        ),
        Metric("A request waits for it", span(worst) if worst else "not at all", "at most, beside its normal latency"),
        Metric(
            "Lost when one instance dies",
            significant(lost),
            f"requests, of 100 a second; {significant(monolith_lost)} in a monolith",
        ),
        matrix(down, victim),
        blast_radius(radius),
        over_time(course),
    ]
    if survival and killed:
        parts.append(survival_curve(survival, killed))
    experiment = kill_experiment.ROUNDS if architecture.file == kill_experiment.FILE else []
    if experiment:
        parts.append(experiment_table(experiment))
    return Report(
        _takeaway(architecture, victim, mode, down[victim]),
        parts,
        {
            "outcomes": {end: {name: down[name][end].status for name in radius} for end in architecture.endpoints},
            "waits_s": {
                end: {name: _finite(down[name][end].wait) for name in radius} for end in architecture.endpoints
            },
            "blast_radius": {name: shares.fails for name, shares in radius.items()},
            "degraded_share": {name: shares.degraded for name, shares in radius.items()},
            "phases": [_phase(phase) for phase in course],
            "lost_requests": lost,
            "monolith_lost_requests": monolith_lost,
            "instances": instances(architecture),
            "killed": killed,
            "success_probability": survival[killed] if survival else None,
            "experiment": [round_.to_json() for round_ in experiment],
        },
    )


def _takeaway(architecture: Architecture, victim: str, mode: str, outcomes: Mapping[str, Outcome]) -> str:
    shares = {"fail": 0.0, "wait for ever": 0.0, "are degraded": 0.0}
    for name, outcome in outcomes.items():
        failing = "wait for ever" if math.isinf(outcome.wait) else "fail"
        kind = {"fails": failing, "degraded": "are degraded"}.get(outcome.status)
        if kind:
            shares[kind] += architecture.load_share(name)
    hurt = [f"{percent(share, 1)} of requests {kind}" for kind, share in shares.items() if share]
    state, did = ("down", "crashed") if mode == "crash" else ("hung", "hung")
    return f"With {victim} {state}, {' and '.join(hurt) or 'no request notices'}; a monolith that {did} would fail all of them."


def _lost(course: list[Phase]) -> tuple[float, float]:
    spans = [
        (phase, (phase.end - phase.start) * RATE) for phase in course if phase.name in ("not noticed", "taken out")
    ]
    return (
        math.fsum(phase.shares.fails * requests for phase, requests in spans),
        math.fsum(phase.monolith_fails * requests for phase, requests in spans),
    )


def _finite(wait: float) -> float | None:
    return wait if math.isfinite(wait) else None


def _phase(phase: Phase) -> dict[str, Any]:
    return {
        "name": phase.name,
        "start_s": phase.start,
        "end_s": phase.end,
        "fails_per_s": phase.shares.fails * RATE,
        "degraded_per_s": phase.shares.degraded * RATE,
        "monolith_fails_per_s": phase.monolith_fails * RATE,
    }


# --- tasks and checks ----------------------------------------------------------------------------


def _check_fails(fails: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        names = "abcde"[: rng.randint(2, 5)]
        calls = {
            name: [(callee, rng.random() < 0.4) for callee in names[index + 1 :] if rng.random() < 0.5]
            for index, name in enumerate(names)
        }
        return "a", rng.choice(names), calls

    def expected(service: str, dead: str, calls: Mapping[str, list[tuple[str, bool]]]) -> bool:
        services = {
            name: Service(name, calls=tuple(Call(callee, optional=optional) for callee, optional in callees))
            for name, callees in calls.items()
        }
        system = Architecture("", services, {"request": Endpoint("request", service)})
        return Failure().when_down(system, [dead])["request"].status == "fails"

    return first_difference("fails", fails, expected, cases(draw=drawn))


def _check_in_rotation(in_rotation: Callable[..., Any]) -> str:
    def drawn(rng: Random) -> Case:
        return [rng.random() < 0.5 for _ in range(rng.randint(0, 8))], rng.randint(1, 3), rng.randint(1, 3)

    def expected(probes: list[bool], fall: int, rise: int) -> bool:
        """Whichever run was complete last decides; a run longer than needed changes nothing."""

        def last(run: list[bool]) -> int:
            ends = range(len(run), len(probes) + 1)
            return max((end for end in ends if probes[end - len(run) : end] == run), default=0)

        return last([True] * rise) >= last([False] * fall)

    return first_difference("in_rotation", in_rotation, expected, cases(([], 1, 1), draw=drawn))


TASKS = [
    Predict(
        "The OpenTelemetry demo shop labels the criticality of its services. Its quote service, which prices a shipment, is labeled low. quote dies. "
        "What happens?",
        ["Nothing that a request shows", "Orders go through without a shipping price", "No order can be placed"],
        2,
        "Checkout asks shipping for the price, shipping asks quote, and neither can do without the answer. Labels are opinions; the code decides.",
        {"architecture": "otel_demo", "victim": "quote"},
        lambda data: {"ok": 0, "degraded": 1, "fails": 2}[data["outcomes"]["POST /api/checkout"]["quote"]],
        hint="Follow the price of a shipment back to who asked for it. Can that service go on without it? And the one that asked it?",
    ),
    Predict(
        "Back to Online Boutique, with callers as they are. The ad service does not crash but hangs. What does the home page do?",
        ["It never comes", "It comes without an ad, 100 ms later", "It fails at once"],
        1,
        "The call for an ad is optional and has a deadline of 100 ms. Of all the optional services, ad is the only one whose silence does no harm.",
        {"victim": "ad", "mode": "hang"},
        lambda data: (
            1 if data["outcomes"]["GET /"]["ad"] == "degraded" and data["waits_s"]["GET /"]["ad"] == 0.1 else 0
        ),
        hint="Two things decide: whether the page can do without the answer, and whether anything ends the wait for it.",
    ),
    Predict(
        "catalog has two instances and one crashes. Until health checks notice, how many of 100 requests fail? A monolith with two instances "
        "loses 50.",
        ["About 97: product pages call the catalog up to seven times", "About 50", "About 46"],
        2,
        "21 of 23 requests need one answer of the catalog and get it half of the time. The other calls of a product page are for "
        "recommendations: they fail as often, and only degrade it.",
        {"victim": "catalog", "replicas": "2"},
        lambda data: nearest((97, 50, 45.7), data["phases"][1]["fails_per_s"]),
        hint="A call meets the dead instance half of the time. How many calls of the catalog can a request not do without?",
    ),
    Predict(
        "All calls now have a timeout of one second, and email hangs. Checkout treats the confirmation by email as optional. "
        "What does a customer who places an order see?",
        [
            "The order, a second later, without an email",
            "A failure after one second, for an order that went through",
            "A failure after two seconds: one timeout after the other",
        ],
        1,
        "The frontend waits one second for checkout, checkout waits one second for email, and the outer clock started first. Checkout never "
        "gets to say that the order went through. An inner timeout must be shorter than the outer one, by enough to finish the rest of the work.",
        {"victim": "email", "mode": "hang", "defense": "timeout", "timeout_ms": "1000"},
        lambda data: (
            0
            if data["outcomes"]["POST /cart/checkout"]["email"] != "fails"
            else 1
            if data["waits_s"]["POST /cart/checkout"]["email"] == 1
            else 2
        ),
        hint="The frontend waits for checkout while checkout waits for email. Whose clock started first?",
    ),
    Reach(
        "recommendation hangs. Let no request fail, with callers that still have no fallback.",
        lambda data, arguments: (
            (arguments["victim"], arguments["mode"]) == ("recommendation", "hang")
            and arguments["architecture"] == "online_boutique"
            and arguments["defense"] != "fallback"
            and data["blast_radius"]["recommendation"] == 0
        ),
        {"victim": "recommendation", "mode": "hang", "defense": "timeout"},
        {"victim": "recommendation", "mode": "hang", "replicas": "3"},
        "What would turn silence into an error, for which the code is ready?",
        "A timeout: the call fails after it, and the optional call's error only degrades the page. More instances do not help when all hang.",
    ),
    Reach(
        "An instance of currency crashes. Lose fewer than 500 requests until it is back, without changing the callers.",
        lambda data, arguments: (
            (arguments["victim"], arguments["mode"], arguments["defense"]) == ("currency", "crash", "none")
            and arguments["architecture"] == "online_boutique"
            and data["lost_requests"] < 500
        ),
        {"victim": "currency", "replicas": "3", "detection_s": "10"},
        {"victim": "currency", "replicas": "3"},
        "With several instances, requests are lost only until health checks take the dead one out.",
        "Copies alone leave 30 s of errors. Copies and a faster check: 10 s at 48 errors a second, 479. A single instance that is back "
        "in 6 s loses 470.",
    ),
    to_write(
        "What makes a request fail? Write the rule by which the matrix above is colored red.",
        '''
        def fails(service: str, dead: str, calls: dict) -> bool:
            """Return whether a request to `service` fails while `dead` has crashed.

            `calls[service]` lists what a service calls, each as (name, optional).
            When an optional call fails, the service logs the error and goes on.
            No chain of calls leads back to where it began.

            >>> calls = {"page": [("list", False), ("ad", True)], "list": [], "ad": []}
            >>> fails("page", "list", calls), fails("page", "ad", calls)
            (True, False)
            """
        ''',
        """
        if service == dead:
            return True
        needed = [callee for callee, optional in calls[service] if not optional]
        return any(fails(callee, dead, calls) for callee in needed)
        """,
        """
        return service == dead or (dead, False) in calls[service]
        """,
        _check_fails,
        hint="A failure travels up through every call that cannot be done without, however deep it starts. The same question, asked of a "
        "callee, is a smaller one.",
        because="Nothing in it asks where a process ends. One word in the caller's code, optional or not, is what separates currency, "
        "which takes 78.3 % of Online Boutique's requests with it, from recommendation, which takes none.",
    ),
    to_write(
        "A balancer must stop sending requests to a dead instance soon, and must not drop one for a single lost packet. Write its rule.",
        '''
        def in_rotation(probes: list, fall: int, rise: int) -> bool:
            """Return whether an instance gets requests after these probes.

            Oldest first; True is a probe that it answered. It begins in rotation.
            `fall` unanswered probes in a row take it out, `rise` answered ones in a
            row bring it back.

            >>> in_rotation([True, False, False], fall=2, rise=2)
            False
            >>> in_rotation([False, True, False], fall=2, rise=2)
            True
            """
        ''',
        """
        inside, against = True, 0
        for answered in probes:
            against = 0 if answered == inside else against + 1
            if against == (fall if inside else rise):
                inside, against = not inside, 0
        return inside
        """,
        """
        return len(probes) < fall or any(probes[-fall:])
        """,
        _check_in_rotation,
        hint="Two things have to be remembered from probe to probe: whether the instance is in, and how many probes in a row have spoken "
        "against that.",
        because="Patience has a price. With three copies of currency, one of them dead, 48 of 100 requests a second fail until the balancer "
        "knows: three probes 10 s apart cost 1,437 requests, a single one a third of that, and an instance dropped at every lost packet.",
    ),
]

_README = ("Krasnovsky 2026", "https://github.com/a-a-k/socialnet-resilience")
_CODE = ("counted in the code", "https://github.com/GoogleCloudPlatform/microservices-demo")
_MEASURED = "Here, too, all containers can die and the stores are empty."


def _published(round_: kill_experiment.Round) -> list[Oracle]:
    return [
        Oracle(
            f"{round_.dead} of {round_.instances} dead, the author's model, sampled",
            round_.model,
            lambda: round_.exact,
            *_README,
            tolerance=round_.spread,
        ),
        Oracle(
            f"The same, measured: {round_.dead_as_run} of {round_.instances_as_run} dead",
            round_.measured,
            lambda: round_.exact_as_run,
            *_README,
            note=_MEASURED,
        ),
    ]


ORACLES = [
    *[oracle for round_ in kill_experiment.ROUNDS for oracle in _published(round_)],
    Oracle(
        "Online Boutique without currency: requests that fail",
        18 / 23,
        lambda: float(run(victim="currency").data["blast_radius"]["currency"]),
        *_CODE,
        tolerance=1e-12,
    ),
    Oracle(
        "Online Boutique without its catalog",
        21 / 23,
        lambda: float(run().data["blast_radius"]["catalog"]),
        *_CODE,
        tolerance=1e-12,
    ),
]

LIMITS = [
    "Callers do not retry, and no circuit breaker opens. Retries would hide some failures and add load (module 2).",
    "Nothing overloads. Requests that wait for ever cost nothing here; the second lab of this page counts the workers that they hold.",
    "A balancer picks an instance at random for each call. One that pins a client to a connection makes some clients suffer and spares others.",
    "A fallback is assumed to exist for every call. For a payment there is no honest one.",
    "The monolith is one process per instance, and a crash of any part ends the process.",
]
