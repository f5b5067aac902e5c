"""The labs in a terminal, run as a person would run them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from labs_py import lab
from labs_py.__main__ import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_list_names_every_lab_with_its_claim(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == lab.names()


def test_json_has_lab_arguments_takeaway_and_data(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "run", "tail_at_scale", "--fan-out", "2000", "--p_slow=0.0001", "--json")
    result = json.loads(out)
    assert code == 0
    assert sorted(result) == ["arguments", "data", "lab", "takeaway"]
    assert result["arguments"] == {"fan_out": "2000", "p_slow": "0.0001"}
    assert result["data"]["slow_share"] == pytest.approx(0.181277, abs=1e-6)


def test_an_architecture_may_be_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "pair.toml"
    path.write_text(
        '[services.a]\navailability = 0.9\n[services.b]\navailability = 0.8\n[endpoints.x]\nentry = "a"\ncalls = ["b"]\n'
    )
    code, out, _ = run(capsys, "run", "weakest_link", "--architecture", str(path), "--json")
    assert code == 0
    assert json.loads(out)["data"]["availability"] == pytest.approx(0.72)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "weakest_lnk"], "labs_py: lab must be one of "),
        (["run", "tail_at_scale", "--fan_out", "0"], "labs_py: fan_out must be a whole number from 1 to 2000, got '0'"),
        (["run", "tail_at_scale", "--fan_out"], "labs_py: --fan_out must be followed by a value, got nothing"),
        (["run", "tail_at_scale", "fan_out=3"], "labs_py: argument must start with --, got 'fan_out=3'"),
        (
            ["run", "weakest_link", "--architecture", "missing.toml"],
            "labs_py: architecture file must exist, got 'missing.toml'",
        ),
        (["run", "weakest_link", "--architecture", "online_botique"], "did you mean 'online_boutique'?"),
        (["walk"], "labs_py: command must be list, run LAB, sweep LAB or live ARCHITECTURE, got 'walk'"),
    ],
)
def test_a_mistake_is_one_line_on_standard_error_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_help_shows_every_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    for name in lab.names():
        code, out, _ = run(capsys, "run", name, "--help")
        assert code == 0
        assert all(f"--{parameter.name}" in out for parameter in lab.load(name).parameters)


def test_the_module_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "labs_py", "run", "tail_at_scale"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("63 % of requests wait for at least one slow server.\n")
