"""Many runs of a lab: the same results in the same order, whoever computes them, and errors that say where."""

import doctest
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import labs_py
from labs_py import lab
from labs_py import sweep as sweeping
from labs_py.__main__ import main
from labs_py.parameter import LabError
from labs_py.sweep import processes, sweep

GRID = {"fan_out": [100, 10], "p_slow": [0.01, "0.001"]}
LONG = {"samples": [1_000, 600_000]}
PAGE = Path(__file__).parents[1] / "docs" / "about" / "terminal.md"


class Backward(Executor):
    """Runs what it was given last first, when the first result is asked for."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        executor = self

        class Late(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                while executor.waiting:
                    executor.waiting.pop()()
                return super().result(timeout)

        future = Late()
        self.waiting.append(lambda: future.set_result(call(*arguments, **named)))
        return future


def test_a_sweep_is_every_combination_in_the_order_of_the_grid() -> None:
    points = sweep("tail_at_scale", GRID)
    assert [tuple(point.settings.values()) for point in points] == [
        (100, 0.01),
        (100, "0.001"),
        (10, 0.01),
        (10, "0.001"),
    ]
    for point in points:
        report = lab.load("tail_at_scale").report({name: str(value) for name, value in point.settings.items()})
        assert (point.takeaway, point.data) == (report.takeaway, report.data)
    assert [point.settings for point in sweep("tail_at_scale", {}, fan_out=7)] == [{"fan_out": 7}]


@pytest.mark.parametrize("executor", [Backward, lambda: ThreadPoolExecutor(3), lambda: processes(2)])
def test_runs_and_replications_come_out_the_same_whoever_computes_them(executor: Callable[[], Executor]) -> None:
    with executor() as spread:
        assert sweep("tail_at_scale", GRID, spread) == sweep("tail_at_scale", GRID)
        assert sweep("sampling", LONG, spread) == sweep("sampling", LONG)


def test_the_replications_of_a_long_run_are_tasks_of_their_own() -> None:
    names: list[str] = []

    class Counting(Backward):
        def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
            names.append(call.__name__)
            return super().submit(call, *arguments, **named)

    sweep("sampling", LONG, Counting())
    assert names == ["_begun"] * 2 + ["_replication"] * 4  # one, and three


def test_what_is_documented_for_dask_runs_on_a_real_cluster(tmp_path: Path) -> None:
    """In a process of its own: a cluster's processes begin with a copy of the script that starts them."""
    code = next(block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "dask" in block)
    script = tmp_path / "cluster.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": str(Path(labs_py.__file__).parents[1])}
    command = [sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    expected = sweep("sampling", {"samples": [1_000, 600_000], "fail": ["1", "10"]})
    assert done.stdout.splitlines() == [f"{point.settings} {point.takeaway}" for point in expected]


def test_the_other_example_on_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    exec(code, {})  # noqa: S102  the page's own text
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_setting_that_cannot_be_is_named_before_anything_runs() -> None:
    spread = Backward()
    with pytest.raises(LabError, match=r"tail_at_scale with fan_out = 0, p_slow = 0\.01: fan_out must be .* got '0'"):
        sweep("tail_at_scale", GRID | {"fan_out": [100, 0]}, spread)
    assert spread.waiting == []


def test_an_error_in_a_run_says_at_which_settings_and_the_rest_is_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    canceled = []

    class Watched(ThreadPoolExecutor):
        def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
            future = super().submit(call, *arguments, **named)
            monkeypatch.setattr(future, "cancel", lambda: canceled.append(arguments))
            return future

    def broken(name: str, texts: dict[str, str]) -> object:
        if texts["fan_out"] == "10":
            raise LabError("servers must be there, got none") if name == "tail_at_scale" else KeyError("gone")
        return 0, "", {}

    monkeypatch.setattr(sweeping, "_begun", broken)
    with (
        Watched() as spread,
        pytest.raises(LabError, match=r"with fan_out = 10, p_slow = 0\.01: servers must be there"),
    ):
        sweep("tail_at_scale", GRID, spread)
    assert len(canceled) == 4


def test_an_error_that_is_nobodys_mistake_keeps_its_kind_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(sweeping, "_begun", broken)
    with pytest.raises(MemoryError) as caught:
        sweep("tail_at_scale", GRID)
    assert caught.value.__notes__ == ["tail_at_scale with fan_out = 100, p_slow = 0.01"]


def test_the_terminal_lists_the_runs(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "tail_at_scale", "--fan_out", "10,100", "--p_slow=0.01"]
    assert main(words) == 0
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in table] == [["fan_out", "p_slow"], ["10", "0.01"], ["100", "0.01"]]
    assert main([*words, "--json", "--processes", "2"]) == 0
    runs = json.loads(capsys.readouterr().out)
    assert [run["settings"]["fan_out"] for run in runs] == ["10", "100"]
    assert [run["data"] for run in runs] == [
        point.data for point in sweep("tail_at_scale", {"fan_out": [10, 100]}, p_slow=0.01)
    ]


def test_the_terminal_takes_files_among_the_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[services.web]\n[endpoints."GET /"]\nentry = "web"\n')
    assert main(["sweep", "hop_latency", "--architecture", f"textbook_chain,{file}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["architecture", "textbook_chain", "mine.toml"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fan_out", "10,5000"], "tail_at_scale with fan_out = 5000: fan_out must be a whole number from 1 to 2000"),
        (["--fanout", "10"], "did you mean 'fan_out'?"),
        (["--processes", "0"], "--processes must be a whole number from 1 to 1000, got '0'"),
    ],
)
def test_a_mistake_in_a_sweep_is_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "tail_at_scale", *words]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(sweeping).failed == 0
