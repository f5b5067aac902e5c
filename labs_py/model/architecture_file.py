"""Reading an architecture from TOML: one message for whatever is wrong, with the file, the key, the rule and the value."""

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from labs_py.model.architecture import (
    Alternatives,
    Architecture,
    Call,
    Endpoint,
    Operation,
    Parallel,
    Service,
    Step,
    walk,
)
from labs_py.model.duration import ZERO, Duration, parse_duration, parse_seconds
from labs_py.model.policy_file import CALL_KEYS, CAPACITY_KEYS, Policies, read_capacity, read_policies, read_retries

LARGEST_FILE = 1_000_000
MOST_SERVICES = 1_000
MOST_REPLICAS = 1_000
MOST_CALLS = 20_000
DEEPEST = 50
DEEPEST_TABLE = 3 * DEEPEST
# Refused unread: merely to free the tables that a key of thousands of parts makes would exhaust the browser's stack.
_LONG_KEY = re.compile(r"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)""" + f"{{{DEEPEST}}}")
_STEP_KEYS = ("optional", "timeout", "after")
_DEFAULT_KEYS = (
    "availability",
    "replicas",
    "needs",
    "round_trip",
    "service_time",
    *CAPACITY_KEYS,
    "timeout",
    *CALL_KEYS,
)
_SERVICE_KEYS = (
    *("availability", "replicas", "needs", "round_trip", "service_time", "calls", "operations", "runs_on"),
    *(*CAPACITY_KEYS, "timeout", *CALL_KEYS),
)
_ENDPOINT_KEYS = ("entry", "weight", "calls", "client_round_trip", "timeout", "deadline", "retries")


class ArchitectureError(ValueError):
    """An architecture file breaks a rule. The message names the file, the key, the rule and the value."""


def names() -> list[str]:
    """Return the names of the architectures that are shipped, in alphabetical order."""
    shipped = files("labs_py").joinpath("architectures").iterdir()
    return sorted(item.name.removesuffix(".toml") for item in shipped if item.name.endswith(".toml"))


@cache
def load(name: str) -> Architecture:
    """Return a shipped architecture.

    Raises:
        ArchitectureError: no architecture of that name is shipped.
    """
    return parse(text_of(name), f"{name}.toml")


def text_of(name: str) -> str:
    """Return the TOML text of a shipped architecture.

    Raises:
        ArchitectureError: no architecture of that name is shipped.
    """
    if name not in names():
        raise ArchitectureError(
            f"architecture must be one of {', '.join(names())}, got {_short(name)}{_meant(name, names())}"
        )
    return files("labs_py").joinpath("architectures", f"{name}.toml").read_text(encoding="utf-8")


def parse(text: str, file: str = "architecture file") -> Architecture:
    """Return the architecture that a TOML text describes.

    Raises:
        ArchitectureError: the text is empty, too large, not TOML, or breaks a rule of the format.
    """
    if not text.strip():
        raise ArchitectureError(f"{file} is empty; it needs at least one [services.NAME] and one [endpoints.NAME]")
    if len(text) > LARGEST_FILE:
        raise ArchitectureError(f"{file} must be at most {LARGEST_FILE:,} characters, got {len(text):,}")
    if _LONG_KEY.search(text):
        raise ArchitectureError(f"{file} must be TOML whose keys have at most {DEEPEST} parts")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ArchitectureError(f"{file} must be TOML: {error}") from None
    except RecursionError:
        raise ArchitectureError(f"{file} must be TOML nested at most {DEEPEST_TABLE} deep") from None
    # Checked before anything walks the document: to print a deep one in a message would exhaust the browser's stack.
    if _deeper_than(document, DEEPEST_TABLE):
        raise ArchitectureError(f"{file} must be TOML nested at most {DEEPEST_TABLE} deep")
    return _Reader(file).architecture(document)


def _deeper_than(document: object, limit: int) -> bool:
    """Return whether tables and lists stand in one another deeper than `limit`; without recursion."""
    level = [document]
    for _ in range(limit):
        inside = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [value for values in inside for value in values]
        if not level:
            return False
    return True


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


class _Reader:
    """Turns TOML tables into the model's classes; `at` is always the dotted key that is being read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.defaults: Mapping[str, object] = {}
        self.policies: dict[str, Policies] = {}  # what callers of a service do, unless the call says otherwise

    def error(self, at: str, rule: str, value: object) -> ArchitectureError:
        return ArchitectureError(f"{self.file}: {at} must be {rule}, got {_short(value)}")

    def table(self, at: str, value: object, known: tuple[str, ...]) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self.error(at, "a table", value)
        for key in value:
            if known and key not in known:
                where = f"{at}.{key}" if at else key
                raise ArchitectureError(
                    f"{self.file}: {where} is not a known key; known here: {', '.join(known)}{_meant(key, list(known))}"
                )
        return value

    def tables(self, at: str, value: object) -> Mapping[str, object]:
        table = self.table(at, value, ())
        if "" in table:
            raise self.error(at, "a table whose names are not empty", "")
        return table

    # --- single values -------------------------------------------------------------------------

    def text(self, at: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.error(at, "a text", value)
        return value

    def number(self, at: str, value: object, low: float, high: float) -> float:
        good = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and low <= value <= high
        )
        if not good:
            raise self.error(at, f"a number from {low:g} to {high:g}", value)
        return float(value)  # type: ignore[arg-type]

    def whole(self, at: str, value: object, low: int, high: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.error(at, f"a whole number from {low} to {high}", value)
        return value

    def flag(self, at: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.error(at, "true or false", value)
        return value

    def one_of[T: str](self, at: str, value: object, known: tuple[T, ...]) -> T:
        for name in known:
            if value == name:
                return name
        meant = _meant(value, list(known)) if isinstance(value, str) else ""
        raise ArchitectureError(f"{self.file}: {at} must be one of {', '.join(known)}, got {_short(value)}{meant}")

    def duration(self, at: str, value: object) -> Duration:
        return self._time(at, value, parse_duration)

    def seconds(self, at: str, value: object) -> float:
        seconds = self._time(at, value, parse_seconds)
        if seconds <= 0:
            raise self.error(at, "above 0", value)
        return seconds

    def _time[T](self, at: str, value: object, read: Callable[[object], T]) -> T:
        try:
            return read(value)
        except ValueError as error:
            raise ArchitectureError(f"{self.file}: {at} {error}") from None

    def name_in(self, at: str, value: object, kind: str, known: Mapping[str, object]) -> str:
        if not isinstance(value, str) or value not in known:
            meant = _meant(value, list(known)) if isinstance(value, str) else ""
            raise ArchitectureError(f"{self.file}: {at} must name {kind}, got {_short(value)}{meant}")
        return value

    # --- the parts -----------------------------------------------------------------------------

    def architecture(self, document: Mapping[str, object]) -> Architecture:
        known = ("name", "source", "note", "defaults", "services", "endpoints", "infrastructure")
        self.table("", document, known)
        self.defaults = self.table(
            "defaults",
            document.get("defaults", {}),
            _DEFAULT_KEYS,
        )
        self.check_defaults()
        self.service_tables = self.tables("services", document.get("services", {}))
        endpoint_tables = self.tables("endpoints", document.get("endpoints", {}))
        for kind, found in (("services", self.service_tables), ("endpoints", endpoint_tables)):
            if not 1 <= len(found) <= MOST_SERVICES:
                raise self.error(kind, f"1 to {MOST_SERVICES} tables [{kind}.NAME]", len(found))
        infrastructure = {
            name: self.number(
                f"infrastructure.{name}.availability",
                self.table(f"infrastructure.{name}", table, ("availability",)).get("availability", 1),
                0,
                1,
            )
            for name, table in self.tables("infrastructure", document.get("infrastructure", {})).items()
        }
        self.policies = {name: self.service_policies(name, table) for name, table in self.service_tables.items()}
        services = {name: self.service(name, table, infrastructure) for name, table in self.service_tables.items()}
        endpoints = {name: self.endpoint(name, table) for name, table in endpoint_tables.items()}
        if not math.fsum(item.weight for item in endpoints.values()) > 0:
            raise self.error("endpoints", "tables of which at least one has a weight above 0", 0)
        title = self.text("name", document.get("name", self.file.removesuffix(".toml")))
        architecture = Architecture(
            title,
            services,
            endpoints,
            infrastructure,
            self.text("source", document.get("source", "")),
            self.text("note", document.get("note", "")),
            self.file,
        )
        self.refuse_cycles(architecture)
        self.refuse_explosions(architecture)
        return architecture

    def check_defaults(self) -> None:
        """Read the defaults where they stand, so that a bad one is not reported as a key of some service."""
        read: dict[str, Callable[[str, object], object]] = {
            "availability": lambda at, value: self.number(at, value, 0, 1),
            "replicas": lambda at, value: self.whole(at, value, 1, MOST_REPLICAS),
            "needs": lambda at, value: self.whole(at, value, 1, MOST_REPLICAS),
            "round_trip": self.duration,
            "service_time": self.duration,
        }
        for key, value in self.defaults.items():
            if key in read:
                read[key](f"defaults.{key}", value)
        read_capacity(self, "defaults", self.defaults)
        read_policies(self, "defaults", self.defaults, Policies())

    def service_policies(self, name: str, value: object) -> Policies:
        otherwise = read_policies(self, "defaults", self.defaults, Policies())
        return read_policies(self, f"services.{name}", self.table(f"services.{name}", value, _SERVICE_KEYS), otherwise)

    def service(self, name: str, value: object, infrastructure: Mapping[str, float]) -> Service:
        at = f"services.{name}"
        table = {**self.defaults, **self.table(at, value, _SERVICE_KEYS)}
        replicas = self.whole(f"{at}.replicas", table.get("replicas", 1), 1, MOST_REPLICAS)
        runs_on = table.get("runs_on", [])
        if not isinstance(runs_on, list):
            raise self.error(f"{at}.runs_on", "a list of names", runs_on)
        return Service(
            name,
            self.number(f"{at}.availability", table.get("availability", 0.999), 0, 1),
            replicas,
            self.whole(f"{at}.needs", table.get("needs", 1), 1, replicas),
            self.duration(f"{at}.round_trip", table.get("round_trip", "0.5 ms")),
            self.duration(f"{at}.service_time", table.get("service_time", "2 ms")),
            self.steps(f"{at}.calls", table.get("calls", []), 0),
            {
                operation: self.operation(f"{at}.operations.{operation}", item)
                for operation, item in self.tables(f"{at}.operations", table.get("operations", {})).items()
            },
            tuple(self.name_in(f"{at}.runs_on", item, "an infrastructure", infrastructure) for item in runs_on),
            **read_capacity(self, at, table),
        )

    def operation(self, at: str, value: object) -> Operation:
        table = self.table(at, value, ("calls", "service_time"))
        return Operation(
            self.steps(f"{at}.calls", table["calls"], 0) if "calls" in table else None,
            self.duration(f"{at}.service_time", table["service_time"]) if "service_time" in table else None,
        )

    def endpoint(self, name: str, value: object) -> Endpoint:
        at = f'endpoints."{name}"'
        table = self.table(at, value, _ENDPOINT_KEYS)
        if "entry" not in table:
            raise ArchitectureError(
                f"{self.file}: {at}.entry must name the service that the request enters at, got nothing"
            )
        return Endpoint(
            name,
            self.name_in(f"{at}.entry", table["entry"], "a service", self.service_tables),
            self.number(f"{at}.weight", table.get("weight", 1), 0, 1e9),
            self.steps(f"{at}.calls", table.get("calls", []), 0),
            self.duration(f"{at}.client_round_trip", table["client_round_trip"])
            if "client_round_trip" in table
            else ZERO,
            self.seconds(f"{at}.timeout", table["timeout"]) if "timeout" in table else None,
            self.seconds(f"{at}.deadline", table["deadline"]) if "deadline" in table else None,
            read_retries(self, f"{at}.retries", table["retries"]) if "retries" in table else None,
        )

    # --- calls ---------------------------------------------------------------------------------

    def steps(self, at: str, value: object, depth: int) -> tuple[Step, ...]:
        if not isinstance(value, list):
            raise self.error(at, "a list of calls", value)
        if depth > DEEPEST:
            raise self.error(at, f"nested at most {DEEPEST} deep", value)
        steps: list[Step] = []
        for index, item in enumerate(value):
            step = self.step(f"{at}[{index}]", item, depth)
            earlier = {alias for call in walk(tuple(steps)) for alias in (call.target, call.service)}
            for name in step.after:
                self.name_in(
                    f"{at}[{index}].after", name, "an earlier call of the same list", dict.fromkeys(sorted(earlier))
                )
            steps.append(step)
        return tuple(steps)

    def step(self, at: str, item: object, depth: int) -> Step:
        if isinstance(item, str):
            service, operation = self.target(at, item)
            return _call(service, operation, self.policies[service])
        if not isinstance(item, dict):
            raise self.error(at, "a service name or a table", item)
        kinds = [key for key in ("service", "parallel", "any") if key in item]
        if len(kinds) != 1:
            raise self.error(at, "a table with exactly one of service, parallel, any", kinds or item)
        optional = self.flag(f"{at}.optional", item.get("optional", False))
        timeout = self.seconds(f"{at}.timeout", item["timeout"]) if "timeout" in item else None
        after = item.get("after", [])
        if not isinstance(after, list) or not all(isinstance(name, str) for name in after):
            raise self.error(f"{at}.after", "a list of names", after)
        if kinds == ["service"]:
            self.table(at, item, ("service", "operation", "times", *_STEP_KEYS, *CALL_KEYS))
            service = self.name_in(f"{at}.service", item["service"], "a service", self.service_tables)
            operation = (
                self.operation_name(f"{at}.operation", service, item["operation"]) if "operation" in item else ""
            )
            times = self.whole(f"{at}.times", item.get("times", 1), 1, 1_000)
            policies = read_policies(self, at, item, self.policies[service])
            return _call(service, operation, policies, times=times, optional=optional, after=tuple(after))
        kind = kinds[0]
        self.table(at, item, (kind, *_STEP_KEYS))
        members = item[kind]
        if not isinstance(members, list) or not members:
            raise self.error(f"{at}.{kind}", "a list of at least one call", members)
        branches = tuple(
            self.steps(f"{at}.{kind}[{index}]", member if isinstance(member, list) else [member], depth + 1)
            for index, member in enumerate(members)
        )
        build = Parallel if kind == "parallel" else Alternatives
        return build(branches, optional, timeout, tuple(after))

    def target(self, at: str, text: str) -> tuple[str, str]:
        """Split "service" or "service/operation"; a service whose own name has a slash wins."""
        if text in self.service_tables or "/" not in text:
            return self.name_in(at, text, "a service", self.service_tables), ""
        service, operation = text.rsplit("/", 1)
        self.name_in(at, service, "a service", self.service_tables)
        return service, self.operation_name(at, service, operation)

    def operation_name(self, at: str, service: str, name: object) -> str:
        declared = self.table(f"services.{service}", self.service_tables[service], _SERVICE_KEYS).get("operations", {})
        table = self.tables(f"services.{service}.operations", declared)
        return self.name_in(at, name, f"an operation declared in services.{service}.operations", table)

    # --- the whole -----------------------------------------------------------------------------

    def refuse_cycles(self, architecture: Architecture) -> None:
        state: dict[tuple[str, str], bool] = {}  # False while on the path, True when known to be free of cycles

        def visit(node: tuple[str, str], path: list[str]) -> None:
            service, operation = node
            here = [*path, f"{service}/{operation}" if operation else service]
            if state.get(node) is False:
                loop = here[here.index(here[-1]) :]
                raise ArchitectureError(
                    f"{self.file}: services.{service}.calls must not lead back to itself, got {_arrows(loop)}"
                )
            if node in state:
                return
            if len(here) > DEEPEST:
                raise ArchitectureError(
                    f"{self.file}: calls must be at most {DEEPEST} services deep, got {_arrows(here)}"
                )
            state[node] = False
            for call in walk(architecture.services[service].calls_for(operation)):
                visit((call.service, call.operation), here)
            state[node] = True

        for name, service in architecture.services.items():
            for operation in ("", *service.operations):
                visit((name, operation), [])

    def refuse_explosions(self, architecture: Architecture) -> None:
        counted: dict[tuple[str, str], int] = {}

        def calls_in(steps: tuple[Step, ...]) -> int:
            return sum(call.times * (1 + calls_below(call.service, call.operation)) for call in walk(steps))

        def calls_below(service: str, operation: str) -> int:
            key = (service, operation)
            if key not in counted:
                counted[key] = calls_in(architecture.services[service].calls_for(operation))
            return counted[key]

        for endpoint in architecture.endpoints.values():
            total = calls_in(architecture.endpoint_calls(endpoint))
            if total > MOST_CALLS:
                raise self.error(
                    f'endpoints."{endpoint.name}".calls',
                    f"at most {MOST_CALLS:,} calls in all, callees' included",
                    total,
                )


def _call(
    service: str,
    operation: str,
    policies: Policies,
    *,
    times: int = 1,
    optional: bool = False,
    after: tuple[str, ...] = (),
) -> Call:
    return Call(
        service,
        operation,
        times,
        optional,
        policies.timeout,
        after,
        policies.retries,
        policies.hedge,
        policies.breaker,
        policies.bulkhead,
        policies.throttle,
    )


def _arrows(path: list[str]) -> str:
    shown = path if len(path) <= 8 else [*path[:4], "…", *path[-3:]]
    return " → ".join(shown)
