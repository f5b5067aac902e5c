"""How many requests a second the simulation engine handles, beside SimPy and Ciw, on the same three systems.

Run it with `python tests/bench/bench_simulation.py`. It also runs SimPy and ours in Pyodide, in Node. `--json FILE` writes the numbers
too; `--requests N` says how many requests the run for time and memory has (10,000,000 takes about ten seconds).
It measures processor time, the engines taking turns within each round, and fails when the median ratio to a rival is below its goal.

What the rivals are spared: both keep no percentiles by endpoint and no timeouts. Ciw's servers do not wait for the servers that they
call, and its network is one visit of a node for each call, there and back together.
"""

import argparse
import importlib
import json
import math
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from labs_py.model.architecture import Architecture, Call, Endpoint, Service, Step
from labs_py.model.architecture_file import load
from labs_py.model.arrivals import Open
from labs_py.model.duration import ZERO, Exponential, Lognormal
from labs_py.model.simulation import Simulation

GOALS = {"simpy": 5.0, "ciw": 20.0}
GOALS_IN_PYODIDE = {"simpy": 3.0}
ROUNDS = 5
LOAD = 0.8


def queue(servers: int) -> Architecture:
    """Return M/M/c with a mean service time of 10 ms."""
    service = Service("web", service_time=Exponential(0.010), round_trip=ZERO, servers=servers)
    return Architecture("queue", {"web": service}, {"GET /": Endpoint("GET /", "web")})


def boutique() -> Architecture:
    """Return Online Boutique with 16 workers in each service."""
    made = load("online_boutique")
    for name in made.services:
        made = made.with_service(name, servers=16)
    return made


SYSTEMS: dict[str, tuple[Architecture, float]] = {
    "M/M/1": (queue(1), LOAD * 100),
    "M/M/4": (queue(4), LOAD * 400),
    "Online Boutique": (boutique(), 400.0),
}


def ours(architecture: Architecture, rate: float, requests: int) -> float:
    """Simulate and return the mean time of a request."""
    run = Simulation(architecture, Open(rate), requests=requests)
    run.run()
    tallies = run.endpoints.values()
    return math.fsum(tally.latency.total for tally in tallies) / sum(tally.latency.count for tally in tallies) / 1e9


def sampler(service: Service, operation: str, rng: random.Random) -> Callable[[], float]:
    """Return draws of a service's work, as a user of SimPy would write them."""
    work = service.work_for(operation)
    if isinstance(work, Exponential):
        return lambda: rng.expovariate(1 / work.mean)
    assert isinstance(work, Lognormal)
    return lambda: rng.lognormvariate(work.mu, work.sigma)


def with_simpy(architecture: Architecture, rate: float, requests: int) -> float:
    """Do the same with SimPy's processes and resources."""
    simpy = importlib.import_module("simpy")
    env, rng, times = simpy.Environment(), random.Random(1), []
    workers = {name: simpy.Resource(env, service.servers) for name, service in architecture.services.items()}
    work = {
        (name, operation): sampler(service, operation, rng)
        for name, service in architecture.services.items()
        for operation in ("", *service.operations)
    }
    names, weights = list(architecture.endpoints), [item.weight for item in architecture.endpoints.values()]

    def call(name: str, operation: str, steps: tuple[Step, ...], way: float) -> Iterator[Any]:
        if way:
            yield env.timeout(way)
        with workers[name].request() as turn:
            yield turn
            yield env.timeout(work[name, operation]())
            for step in steps:
                assert isinstance(step, Call)
                callee = architecture.services[step.service]
                for _ in range(step.times):
                    half = callee.round_trip.mean / 2
                    yield from call(step.service, step.operation, callee.calls_for(step.operation), half)
        if way:
            yield env.timeout(way)

    def request() -> Iterator[Any]:
        began = env.now
        name = rng.choices(names, weights)[0] if len(names) > 1 else names[0]
        endpoint = architecture.endpoints[name]
        yield from call(endpoint.entry, "", architecture.endpoint_calls(endpoint), 0.0)
        times.append(env.now - began)

    def source() -> Iterator[Any]:
        for _ in range(requests):
            yield env.timeout(rng.expovariate(rate))
            env.process(request())

    env.process(source())
    env.run()
    return statistics.fmean(times)


def with_ciw(architecture: Architecture, rate: float, requests: int) -> float:
    """Do the same with Ciw: a node a service, visited in the order of the calls."""
    ciw = importlib.import_module("ciw")
    nodes = {name: number for number, name in enumerate(architecture.services, 1)}
    way = len(nodes) + 1
    ways = [service.round_trip.mean for service in architecture.services.values()]
    total = sum(endpoint.weight for endpoint in architecture.endpoints.values())

    def visits(steps: tuple[Step, ...]) -> list[int]:
        found = []
        for step in steps:
            assert isinstance(step, Call)
            below = visits(architecture.services[step.service].calls_for(step.operation))
            found += [way, nodes[step.service], *below] * step.times
        return found

    def service_time(service: Service) -> Any:
        work = service.service_time
        if isinstance(work, Exponential):
            return ciw.dists.Exponential(1 / work.mean)
        assert isinstance(work, Lognormal)
        return ciw.dists.Lognormal(work.mu, work.sigma)

    arrivals, services, routing = {}, {}, {}
    for name, endpoint in architecture.endpoints.items():
        entry = nodes[endpoint.entry]
        route = [entry, *visits(architecture.endpoint_calls(endpoint))]
        arriving = ciw.dists.Exponential(rate * endpoint.weight / total)
        arrivals[name] = [arriving if number == entry else None for number in range(1, way + 1)]
        services[name] = [service_time(service) for service in architecture.services.values()]
        services[name].append(ciw.dists.Deterministic(max(ways)))
        routing[name] = ciw.routing.ProcessBased(lambda person, simulation, route=route: route[1:])
    network = ciw.create_network(
        arrival_distributions=arrivals,
        service_distributions=services,
        number_of_servers=[*(service.servers for service in architecture.services.values()), math.inf],
        routing=routing,
    )
    ciw.seed(1)
    run = ciw.Simulation(network)
    run.simulate_until_max_customers(requests, method="Finish")
    ends: dict[int, float] = {}
    begins: dict[int, float] = {}
    for record in run.get_all_records():
        person = record.id_number
        begins[person] = min(begins.get(person, math.inf), record.arrival_date)
        ends[person] = max(ends.get(person, 0.0), record.exit_date)
    return statistics.fmean(ends[person] - begins[person] for person in ends)


ENGINES: dict[str, Callable[[Architecture, float, int], float]] = {"ours": ours, "simpy": with_simpy, "ciw": with_ciw}
REQUESTS = {
    "M/M/1": {"ours": 100_000, "simpy": 20_000, "ciw": 10_000},
    "M/M/4": {"ours": 100_000, "simpy": 20_000, "ciw": 10_000},
    "Online Boutique": {"ours": 6_000, "simpy": 1_000, "ciw": 600},
}


def rates(system: str, engines: list[str], fewer: int = 1) -> dict[str, list[float]]:
    """Return requests per second of processor time, by engine, in rounds in which the engines take turns.

    `fewer` divides the number of requests.
    """
    architecture, rate = SYSTEMS[system]
    found: dict[str, list[float]] = {engine: [] for engine in engines}
    for _ in range(ROUNDS):
        for engine in engines:
            requests = REQUESTS[system][engine] // fewer
            began = time.process_time()
            ENGINES[engine](architecture, rate, requests)
            found[engine].append(requests / (time.process_time() - began))
    return found


# What Node does: this file again, in Pyodide, with SimPy from where it is installed.
IN_PYODIDE = """
const { loadPyodide } = await import(process.argv[1] + "/node_modules/pyodide/pyodide.mjs");
const python = await loadPyodide();
for (const [place, root] of [["/course", process.argv[1]], ["/rivals", process.argv[2]]]) {
  python.FS.mkdir(place);
  python.FS.mount(python.FS.filesystems.NODEFS, { root }, place);
}
python.runPython(`
import json, runpy, sys
sys.dont_write_bytecode = True
sys.path.append("/rivals")
bench = runpy.run_path("/course/tests/bench/bench_simulation.py", run_name="bench")
print(json.dumps({system: bench["rates"](system, ["ours", "simpy"], 2) for system in bench["SYSTEMS"]}))
`);
"""


def in_pyodide() -> dict[str, dict[str, list[float]]]:
    """Return requests per second of ours and of SimPy in Pyodide."""
    root, node = Path(__file__).parents[2], Path(sys.executable).with_name("node")
    rivals = Path(importlib.import_module("simpy").__file__).parents[1]
    command = [node, "--input-type=module", "--eval", IN_PYODIDE, root, rivals]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def growth(requests: int) -> list[dict[str, float]]:
    """Return time per request and the memory taken at most, for a tenth of so many requests and for all of them."""
    found = []
    for count in (requests // 10, requests):
        began = time.process_time()
        ours(*SYSTEMS["M/M/1"], count)
        seconds = time.process_time() - began
        tracemalloc.start()
        ours(*SYSTEMS["M/M/1"], count // 10)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        found.append({"requests": count, "microseconds_each": seconds / count * 1e6, "peak_bytes_of_a_tenth": peak})
    return found


def compared(system: str, found: dict[str, list[float]], goals: dict[str, float]) -> tuple[dict[str, float], bool]:
    """Print one line of the table, and return its numbers and whether a goal is missed."""
    row = {engine: statistics.median(values) for engine, values in found.items()}
    text, missed = ", ".join(f"{engine} {value:,.0f}" for engine, value in row.items()), False
    for rival, values in found.items():
        if rival != "ours":
            row[f"ratio to {rival}"] = ratio = statistics.median(
                a / b for a, b in zip(found["ours"], values, strict=True)
            )
            missed |= ratio < goals[rival]
            text += f"; {ratio:.1f} × {rival} (goal {goals[rival]:g})"
    print(f"{system}, requests a second: {text}")
    return row, missed


def main() -> int:
    """Print the table and return whether a goal is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--requests", type=int, default=1_000_000)
    arguments = parser.parse_args()
    table: dict[str, Any] = {}
    missed = False
    for system in SYSTEMS:
        table[system], short = compared(system, rates(system, list(ENGINES)), GOALS)
        missed |= short
    for system, found in in_pyodide().items():
        table[f"{system} in Pyodide"], short = compared(f"{system} in Pyodide", found, GOALS_IN_PYODIDE)
        missed |= short
    table["growth"] = growth(arguments.requests)
    for line in table["growth"]:
        print(
            f"{line['requests']:,} requests: {line['microseconds_each']:.2f} µs each; "
            f"a tenth of them takes {line['peak_bytes_of_a_tenth'] / 1e6:.2f} MB at most"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
