"""`python -m labs_py live ARCHITECTURE`: start the system, send the load, break what is to be broken, compare with the model."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labs_py.live import hops
from labs_py.live.clock import precise_loop
from labs_py.live.load import Answered, Due, schedule, send
from labs_py.live.measured import Fault, compared
from labs_py.live.system import System
from labs_py.model import architecture_file
from labs_py.model.architecture import Architecture
from labs_py.model.hop_cost import HopCost
from labs_py.parameter import LabError, one_of, shorten
from labs_py.report import Report

USAGE = """usage: python -m labs_py live ARCHITECTURE [--rate 20] [--seconds 10] [--seed 1] [--give-up 10]
           [--kill SERVICE@2s] [--hang SERVICE@2s] [--slow SERVICE@2s] [--replicas SERVICE=3]
           [--traces FILE] [--json]

Starts every service of the architecture as an HTTP server in a process of its own on 127.0.0.1, sends --rate requests a second
for --seconds, and prints what was measured beside what the model predicts. --slow makes a service's own work take ten times as long.
--traces writes what the services noted down as OTLP JSON, a line for each instance."""
_SLOWNESS = 10.0


@dataclass
class Options:
    """What the command line asks for. `rate` is in requests a second, `seconds` and `give_up` in seconds."""

    rate: float = 20.0
    seconds: float = 10.0
    seed: float = 1
    give_up: float = 10.0
    faults: list[Fault] = field(default_factory=list)
    replicas: dict[str, int] = field(default_factory=dict)
    traces: str = ""
    as_json: bool = False


@dataclass(frozen=True)
class Measured:
    """What a live run gave: what became of each request, what a call cost meanwhile, and `resourceSpans` of OTLP's JSON if asked for."""

    architecture: Architecture
    answered: Sequence[Answered]
    cost: HopCost
    traces: Sequence[Mapping[str, Any]]


def run(text: str, file: str, options: Options) -> Report:
    """Run an architecture file for real and return the comparison.

    Raises:
        LiveError: the processes could not be started.
        LabError: a fault or a number of replicas names a service that the file does not have.
        ArchitectureError: the file breaks a rule of the format.
    """
    found = measure(text, file, options, traced=bool(options.traces))
    if options.traces:
        lines = (json.dumps({"resourceSpans": [part]}) + "\n" for part in found.traces)
        Path(options.traces).write_text("".join(lines), encoding="utf-8")
    return compared(found.architecture, found.answered, options.faults, found.cost, options.seconds)


def measure(text: str, file: str, options: Options, *, traced: bool) -> Measured:
    """Run an architecture file for real; raises as `run` does."""
    architecture = architecture_file.parse(text, file)
    for name in [fault.service for fault in options.faults] + list(options.replicas):
        if name not in architecture.services:
            raise LabError(one_of("service", name, list(architecture.services)))
    seed = int(options.seed)
    due = schedule(architecture, options.rate, options.seconds, seed)
    with System(architecture, text, options.replicas, seed) as system, hops.probe(seed) as probe, runner() as loop:
        loop.run(warm_up(system))
        loop.run(warm_up(probe))
        answered, cost = loop.run(_together(system, probe, due, options))
        return Measured(architecture, answered, cost, loop.run(system.traces()) if traced else [])


def runner() -> asyncio.Runner:
    """Return what runs coroutines in a loop that wakes when it was told to."""
    return asyncio.Runner(loop_factory=precise_loop)


async def warm_up(system: System) -> None:
    """Open the connections; a first call has to."""
    for name in system.architecture.endpoints:
        await send(system, [Due(0.0, name)] * 2, 10.0, 1)


async def _together(
    system: System, probe: System, due: Sequence[Due], options: Options
) -> tuple[list[Answered], HopCost]:
    """Send the load, and measure what a call costs while it is sent."""
    return await asyncio.gather(_with_faults(system, due, options), hops.cost(probe, options.seconds))


async def _with_faults(system: System, due: Sequence[Due], options: Options) -> list[Answered]:
    loop = asyncio.get_running_loop()
    for fault in options.faults:
        doing = {"kill": system.kill, "hang": system.hang, "slow": lambda name: system.slow(name, _SLOWNESS)}[
            fault.kind
        ]
        loop.call_later(fault.at, doing, fault.service)
    return await send(system, due, options.give_up, int(options.seed))


def parsed(words: Sequence[str]) -> Options:
    """Return the options in the words of a command line.

    Raises:
        LabError: an option is unknown, lacks its value, or has one that breaks its rule.
    """
    options, remaining = Options(), list(words)
    while remaining:
        option, equals, value = remaining.pop(0).partition("=")
        if option == "--json":
            options.as_json = True
            continue
        if option not in _OPTIONS:
            raise LabError(one_of("option", option, [*_OPTIONS, "--json"]))
        if not equals:
            if not remaining:
                raise LabError(f"{option} must be followed by a value, got nothing")
            value = remaining.pop(0)
        _OPTIONS[option](options, option, value)
    return options


def _number(option: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise LabError(f"{option} must be a number from {low:g} to {high:g}, got {shorten(text)}")
    return value


def _fault(option: str, text: str) -> Fault:
    found = re.fullmatch(r"(.+)@([0-9.]+) ?s", text)
    if not found:
        raise LabError(f"{option} must name a service and a time, such as {option} cart@2s, got {shorten(text)}")
    return Fault(option.removeprefix("--"), found[1], _number(option, found[2], 0, 3_600))


def _replicas(options: Options, option: str, text: str) -> None:
    name, _, count = text.rpartition("=")
    options.replicas[name] = int(_number(option, count, 1, 100))


def _set(name: str, low: float, high: float) -> Callable[[Options, str, str], None]:
    return lambda options, option, text: setattr(options, name, _number(option, text, low, high))


_OPTIONS: Mapping[str, Callable[[Options, str, str], None]] = {
    "--rate": _set("rate", 0.1, 2_000),
    "--seconds": _set("seconds", 0.1, 3_600),
    "--give-up": _set("give_up", 0.01, 600),
    "--seed": _set("seed", 0, 10**9),
    **{
        f"--{kind}": lambda options, option, text: options.faults.append(_fault(option, text))
        for kind in ("kill", "hang", "slow")
    },
    "--replicas": _replicas,
    "--traces": lambda options, _, text: setattr(options, "traces", text),
}
