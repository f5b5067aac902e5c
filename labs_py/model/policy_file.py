"""Reading from an architecture file what only a simulation heeds: workers and queues of a service, and what callers do about failures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labs_py.model.architecture import BALANCERS
from labs_py.model.policy import JITTERS, Breaker, Retries, Throttle

if TYPE_CHECKING:
    from labs_py.model.architecture_file import _Reader

CAPACITY_KEYS = ("servers", "queue_limit", "shed_after", "blocking", "balancer")
CALL_KEYS = ("retries", "hedge", "breaker", "bulkhead", "throttle")
MOST_WORKERS = 10_000
MOST_WAITING = 1_000_000
MOST_ATTEMPTS = 100


@dataclass(frozen=True)
class Policies:
    """What callers do about a call; None where nothing is said."""

    timeout: float | None = None
    retries: Retries | None = None
    hedge: float | None = None
    breaker: Breaker | None = None
    bulkhead: int | None = None
    throttle: Throttle | None = None


def read_capacity(reader: "_Reader", at: str, table: Mapping[str, object]) -> dict[str, Any]:
    """Return the arguments of a `Service` that say how it is dimensioned; only those that the table has."""
    found: dict[str, Any] = {}
    if "servers" in table:
        found["servers"] = reader.whole(f"{at}.servers", table["servers"], 1, MOST_WORKERS)
    if "queue_limit" in table:
        found["queue_limit"] = reader.whole(f"{at}.queue_limit", table["queue_limit"], 0, MOST_WAITING)
    if "shed_after" in table:
        found["shed_after"] = reader.seconds(f"{at}.shed_after", table["shed_after"])
    if "blocking" in table:
        found["blocking"] = reader.flag(f"{at}.blocking", table["blocking"])
    if "balancer" in table:
        found["balancer"] = reader.one_of(f"{at}.balancer", table["balancer"], BALANCERS)
    return found


def read_policies(reader: "_Reader", at: str, table: Mapping[str, object], otherwise: Policies) -> Policies:
    """Return what a table says about calls, and `otherwise` where it says nothing."""
    found: dict[str, Any] = {}
    if "timeout" in table:
        found["timeout"] = reader.seconds(f"{at}.timeout", table["timeout"])
    if "retries" in table:
        found["retries"] = read_retries(reader, f"{at}.retries", table["retries"])
    if "hedge" in table:
        found["hedge"] = reader.seconds(f"{at}.hedge", table["hedge"])
    if "breaker" in table:
        found["breaker"] = _breaker(reader, f"{at}.breaker", table["breaker"])
    if "bulkhead" in table:
        found["bulkhead"] = reader.whole(f"{at}.bulkhead", table["bulkhead"], 1, MOST_WORKERS)
    if "throttle" in table:
        found["throttle"] = _throttle(reader, f"{at}.throttle", table["throttle"])
    return replace(otherwise, **found)


def read_retries(reader: "_Reader", at: str, value: object) -> Retries | None:
    """Return what a number of retries, or a table, says; None for no retries."""
    if isinstance(value, int) and not isinstance(value, bool):
        retries = reader.whole(at, value, 0, MOST_ATTEMPTS - 1)
        return Retries(retries + 1) if retries else None
    if not isinstance(value, dict):
        raise reader.error(at, f"a whole number from 0 to {MOST_ATTEMPTS - 1}, or a table", value)
    table = reader.table(at, value, ("attempts", "backoff", "longest", "jitter", "budget"))
    made = Retries(
        reader.whole(f"{at}.attempts", table.get("attempts", 3), 1, MOST_ATTEMPTS),
        reader.seconds(f"{at}.backoff", table["backoff"]) if "backoff" in table else 0.0,
        reader.seconds(f"{at}.longest", table["longest"]) if "longest" in table else Retries.longest,
        reader.one_of(f"{at}.jitter", table.get("jitter", "full" if "backoff" in table else "none"), JITTERS),
        reader.number(f"{at}.budget", table["budget"], 0, 1) if "budget" in table else None,
    )
    if made.longest < made.backoff:
        raise reader.error(f"{at}.longest", "at least as long as backoff", table.get("longest", "60 s"))
    return made if made.attempts > 1 else None


def _breaker(reader: "_Reader", at: str, value: object) -> Breaker:
    table = reader.table(at, value, ("failures", "window", "pause"))
    failures = reader.number(f"{at}.failures", table.get("failures", Breaker.failures), 0, 1)
    if failures == 0:
        raise reader.error(f"{at}.failures", "above 0", table["failures"])
    return Breaker(
        failures,
        reader.whole(f"{at}.window", table.get("window", Breaker.window), 1, 10_000),
        reader.seconds(f"{at}.pause", table["pause"]) if "pause" in table else Breaker.pause,
    )


def _throttle(reader: "_Reader", at: str, value: object) -> Throttle:
    table = reader.table(at, value, ("factor", "window"))
    return Throttle(
        reader.number(f"{at}.factor", table.get("factor", Throttle.factor), 1, 1_000),
        reader.seconds(f"{at}.window", table["window"]) if "window" in table else Throttle.window,
    )
