"""The same seed gives the same run in CPython and in Pyodide, to the last nanosecond."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import labs_py
from labs_py.model.architecture import Architecture, Call, Endpoint, Service
from labs_py.model.architecture_file import load
from labs_py.model.arrivals import Bursty, Closed, Load, Open
from labs_py.model.duration import ZERO, Empirical, Exponential, Lognormal, Pareto
from labs_py.model.faults import Crash, Fault, Hang, Slow
from labs_py.model.policy import Breaker, Retries
from labs_py.model.simulation import Simulation

ROOT = Path(__file__).parents[1]
IN_PYODIDE = """
const { loadPyodide } = await import(process.argv[1] + "/node_modules/pyodide/pyodide.mjs");
const python = await loadPyodide();
for (const [place, root] of [["/tests", process.argv[1] + "/tests"], ["/installed", process.argv[2]]]) {
  python.FS.mkdir(place);
  python.FS.mount(python.FS.filesystems.NODEFS, { root }, place);
}
python.runPython(`
import json, sys
sys.dont_write_bytecode = True
sys.path += ["/installed", "/tests"]
import test_simulation_in_pyodide
print(json.dumps(test_simulation_in_pyodide.runs()))
`);
"""


def result(
    architecture: Architecture, load: Load, requests: int, faults: tuple[Fault, ...] = (), traced: int = 0
) -> dict[str, Any]:
    run = Simulation(architecture, load, faults=faults, requests=requests, traced=traced)
    run.run()
    return run.result().to_json() | {"spans": [span.to_json() for span in run.spans]}


def runs() -> list[dict[str, Any]]:
    """Return the results of runs that use every shape of time and every policy."""
    shop = load("online_boutique").with_service(
        "currency", servers=2, queue_limit=5, balancer="two_choices", replicas=3
    )
    faults = (Hang("cart", 2.0, 3.0), Crash("ad", 1.0, 4.0), Slow("payment", 3.0))
    call = Call(
        "b", timeout=0.02, retries=Retries(3, 0.005, jitter="decorrelated", budget=0.2), hedge=0.01, breaker=Breaker()
    )
    services = {
        "a": Service("a", service_time=Pareto(0.002, 2.5), calls=(call, Call("c"))),
        "b": Service("b", service_time=Lognormal(0.004, 0.02), servers=4, round_trip=Exponential(0.001)),
        "c": Service("c", service_time=Empirical((0.001, 0.003)), replicas=2, balancer="least_requests"),
    }
    policies = Architecture("policies", services, {"GET /": Endpoint("GET /", "a")})
    web = Service("web", service_time=Exponential(0.010), round_trip=ZERO, servers=1)
    queue = Architecture("queue", {"web": web}, {"GET /": Endpoint("GET /", "web")})
    return [
        result(shop, Bursty(200.0, 3.0, 0.2, 0.5), 400, faults, traced=3),
        result(policies, Closed(30, Exponential(0.010)), 1_000),
        result(queue, Open(80.0), 20_000),
    ]


def test_the_same_seed_gives_the_same_run_in_pyodide() -> None:
    node = shutil.which("node", path=str(ROOT / ".venv" / "bin")) or shutil.which("node")
    assert node is not None
    installed = Path(labs_py.__file__).parents[1]
    command = [node, "--input-type=module", "--eval", IN_PYODIDE, str(ROOT), str(installed)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert json.loads(done.stdout) == json.loads(json.dumps(runs()))
