"""Short runs of the simulation engine in which load makes load or hides it: retries that multiply, and a measurement that waits."""

from functools import cache

from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.arrivals import Load, Open
from labs_py.model.duration import ZERO, Constant
from labs_py.model.faults import Crash, Fault, Hang
from labs_py.model.policy import Retries
from labs_py.model.simulation import Simulation


def _chain(layers: int, attempts: int, *, timeout: float | None = None, budget: float | None = None) -> Architecture:
    """Return so many layers, named 1, 2 ..., each of which calls the next, up to so many times, and below them a service that calls nobody."""
    retries = Retries(attempts, budget=budget)
    services = {
        str(number): Service(
            str(number),
            service_time=ZERO,
            round_trip=ZERO,
            calls=(Call(str(number + 1), timeout=timeout, retries=retries),) if number <= layers else (),
        )
        for number in range(1, layers + 2)
    }
    return Architecture("chain", services, {"GET /": Endpoint("GET /", "1")})


def _simulated(architecture: Architecture, fault: Fault, requests: int) -> Simulation:
    run = Simulation(architecture, Open(100.0), faults=[fault], requests=requests, seed=2)
    run.run()
    return run


@cache
def simulated_amplification(layers: int, attempts: int) -> int:
    """Return how many calls reach a crashed service when each of the layers above it makes so many attempts."""
    bottom = str(layers + 1)
    found = _simulated(_chain(layers, attempts), Crash(bottom), 1).result().services[bottom].refused
    return sum(found.values())


@cache
def simulated_retries(budget: float | None) -> tuple[float, float]:
    """Return calls a request, and the share that succeeds, when every second call fails and three retries are made, or fewer by a budget."""
    system = _chain(1, 4, timeout=0.001, budget=budget).with_service("2", replicas=2, balancer="random")
    requests = 10_000
    run = _simulated(system.with_service("2", service_time=Constant(0.0001)), Hang("2", instance=0), requests)
    return run.result().services["2"].served / requests, run.endpoints["GET /"].success_share


@cache
def simulated_stall(load: Load) -> float:
    """Return the mean latency that is measured under a load when a service answers in 1 ms for 100 s and then not at all for 100 s."""
    services = {"1": Service("1", service_time=Constant(0.001), round_trip=ZERO)}
    system = Architecture("stall", services, {"GET /": Endpoint("GET /", "1")})
    run = Simulation(system, load, faults=[Hang("1", 100.0, 200.0)])
    run.run(200.005)
    return run.endpoints["GET /"].latency.mean
