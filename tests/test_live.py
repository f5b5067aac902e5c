"""Services that really run: they do what the file says, break as they are told, and leave nothing behind."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import labs_py
from labs_py.__main__ import main
from labs_py.live import outcomes
from labs_py.live.load import Answered, schedule
from labs_py.live.measured import Fault, calls_in_a_row, compared, predicted_failures
from labs_py.live.outcomes import observed
from labs_py.live.run import Options, measure, parsed
from labs_py.model import architecture_file
from labs_py.model.confidence import quantile_interval
from labs_py.model.duration import Constant, Empirical
from labs_py.model.failure import Failure, Mode
from labs_py.model.hop_cost import HopCost
from labs_py.model.latency import floor, serial_round_trips
from labs_py.model.plan import plan_request
from labs_py.model.trace import traces
from labs_py.model.trace_file import RecordedSpan, recorded
from labs_py.model.traced_architecture import TracedArchitecture
from labs_py.parameter import LabError

# The wheel's own files, wherever the tests are run from; a browser's event loop may be running in this process.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(labs_py.__file__).parents[1])}
SHOP = """
[defaults]
service_time = "1 ms"
round_trip = "1 ms"
[services.web]
[services.cart]
calls = ["redis"]
[services.ads]
[services.redis]
[endpoints.buy]
entry = "web"
calls = ["cart", {service = "ads", optional = true, timeout = "100 ms"}]
[endpoints.look]
entry = "web"
weight = 3
calls = [{parallel = ["ads", "ads"]}]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.toml"
    file.write_text(SHOP)
    return file


def children() -> set[str]:
    """The processes that run an instance."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"labs_py.live.service" in entry.read_bytes():
                found.add(entry.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.flaky(reruns=2)  # on a busy machine real services may be late for reasons that are not ours
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks processes up in /proc")
def test_a_killed_service_fails_what_needs_it_and_its_traces_give_the_system_back(shop: Path, tmp_path: Path) -> None:
    before, file = children(), tmp_path / "traces.jsonl"
    words = ["live", str(shop), "--rate", "25", "--seconds", "4", "--kill", "redis@2s", "--traces", str(file), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "labs_py", *words], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert children() == before
    data = json.loads(done.stdout)["data"]
    sound, broken = data["phases"]
    assert (sound["failed_share"], sound["model_share"]) == (0, 0)
    # Which requests fail is certain; that of the one or two under way while it dies is not.
    assert abs(broken["failed_share"] - broken["model_share"]) <= 2 / broken["requests"]
    assert 0 < broken["model_share"] < 0.6
    known = architecture_file.parse(SHOP, "shop.toml")
    for name, found in data["latency"].items():
        assert found["p50_ms"][0] > floor(plan_request(known, name)) * 1000
    learned, repairs = TracedArchitecture(), Counter[str]()
    spans = [one for one in recorded([file.read_text()], "traces.jsonl") if isinstance(one, RecordedSpan)]
    for first in traces(spans, repairs):
        if not first.failed:
            learned.add(first)
    again = architecture_file.parse(learned.text("shop", "our own run"))
    assert sorted(again.endpoints) == ["buy", "look"]
    assert {"web", "cart", "ads"} <= set(again.services)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks processes up in /proc")
def test_ctrl_c_and_even_kill_leave_no_process_behind(shop: Path) -> None:
    before = children()
    for end, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        command = [sys.executable, "-m", "labs_py", "live", str(shop), "--seconds", "60"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        deadline = time.monotonic() + 60
        while len(children() - before) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, end)
        process.communicate(timeout=60)
        assert process.returncode == code
        while children() != before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert children() == before


def aside[Found](act: Callable[[], Found]) -> Found:
    """Do something in a thread of its own: where a browser test ran before, this one has an event loop."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(act).result()


@pytest.mark.flaky(reruns=2)
def test_a_real_request_waits_for_as_many_calls_in_a_row_as_the_model_says() -> None:
    """Online Boutique, each service a process; of each endpoint at least the two requests are traced that open connections."""
    text = architecture_file.text_of("online_boutique")
    found = aside(lambda: measure(text, "online_boutique.toml", Options(rate=5, seconds=3), traced=True))
    assert not any(one.failed for one in found.answered)
    expected = {
        name: serial_round_trips(plan_request(found.architecture, name)) for name in found.architecture.endpoints
    }
    assert calls_in_a_row(found.architecture, found.traces) == {
        name: (calls, calls) for name, calls in expected.items()
    }
    assert expected["GET /"] == 14
    assert found.cost.call.mean > 0


@pytest.mark.flaky(reruns=2)
@pytest.mark.parametrize(
    ("service", "mode", "buy", "look"),
    [("redis", "crash", "fails", "ok"), ("ads", "crash", "degraded", "fails"), ("redis", "hang", "no answer", "ok")],
)
def test_requests_to_real_services_end_as_the_model_says(
    service: str, mode: Mode, buy: str, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "GIVE_UP", 2.0)
    shop = architecture_file.parse(SHOP, "shop.toml")
    assert aside(lambda: observed(shop, SHOP, service, mode)) == {"buy": {buy: 3}, "look": {look: 3}}
    for name, expected in (("buy", buy), ("look", look)):
        predicted = Failure(mode).when_down(shop, [service])[name]
        assert ("no answer" if math.isinf(predicted.wait) else predicted.status) == expected


def test_requests_are_due_as_often_as_asked_and_by_their_shares() -> None:
    shop = architecture_file.parse(SHOP)
    due = schedule(shop, rate=500, seconds=20, seed=7)
    assert due == schedule(shop, rate=500, seconds=20, seed=7) != schedule(shop, rate=500, seconds=20, seed=8)
    assert abs(len(due) - 10_000) < 4 * 100
    assert abs(sum(one.endpoint == "look" for one in due) - 0.75 * len(due)) < 4 * math.sqrt(10_000 * 0.75 * 0.25)


def test_a_quantiles_interval_holds_it_as_often_as_it_says() -> None:
    rng = random.Random(1)
    for share in (0.5, 0.95):
        held = 0
        for _ in range(2_000):
            _, low, high = quantile_interval(sorted(rng.random() for _ in range(200)), share)
            held += low <= share <= high
        assert 0.94 < held / 2_000 < 0.995


def test_the_cost_of_a_hop_is_added_to_every_call() -> None:
    shop = architecture_file.parse(SHOP)
    here = HopCost(Constant(0.002), Empirical((0.008, 0.012))).added(shop)
    assert floor(plan_request(here, "buy")) == pytest.approx(floor(plan_request(shop, "buy")) + 3 * 0.002 + 0.010)


def test_errors_are_compared_between_one_fault_and_the_next() -> None:
    shop = architecture_file.parse(SHOP)
    answered = [Answered(at / 10, "buy" if at % 2 else "look", 0.01, at >= 50 and at % 2 == 1) for at in range(100)]
    report = compared(shop, answered, [Fault("hang", "redis", 5.0)], HopCost(), 10.0)
    sound, broken = report.data["phases"]
    assert (sound["failed_share"], sound["model_share"]) == (0, 0)
    assert (broken["failed_share"], broken["model_share"]) == (0.5, 0.5)
    assert predicted_failures(shop, [Fault("hang", "ads", 0)]) == {"buy": 0.0, "look": 1.0}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rate", "fast"], "--rate must be a number from 0.1 to 2000, got 'fast'"),
        (["--kill", "cart"], "--kill must name a service and a time, such as --kill cart@2s, got 'cart'"),
        (["--speed", "3"], "option must be one of .*, got '--speed'; did you mean '--seed'"),
        (["--seed"], "--seed must be followed by a value, got nothing"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(words: list[str], message: str) -> None:
    with pytest.raises(LabError, match=message):
        parsed(words)


def test_a_service_that_is_not_there_is_named(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", str(shop), "--kill", "chart@2s"]) == 2
    assert "service must be one of web, cart, ads, redis, got 'chart'; did you mean 'cart'?" in capsys.readouterr().err
