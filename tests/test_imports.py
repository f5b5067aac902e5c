"""Imports go one way, and labs_py needs nothing but the standard library."""

import ast
import sys
from pathlib import Path

import pytest

import labs_py

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "labs_py").rglob("*.py"))
# The terminal says how far it is, and real processes take real time; no lab's result comes from there.
WITH_CLOCK = {"__main__.py", "live"}
# The extra that `python -m labs_py live` needs; nothing outside that folder imports it.
LIVE = {"aiohttp", "uvicorn"}
TIMELESS = [path for path in FILES if path.relative_to(ROOT / "labs_py").parts[0] not in WITH_CLOCK]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "labs_py" else set()
            )
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_the_standard_library_and_what_stands_below_it(path: Path) -> None:
    place = path.relative_to(ROOT / "labs_py").parts
    for name in imported(path):
        top = name.split(".")[0]
        allowed = LIVE if place[0] == "live" else set()
        assert top == "labs_py" or top in sys.stdlib_module_names or top in allowed, f"{path}: {name}"
        if top != "labs_py" or name == "labs_py":
            continue
        assert place[0] == "live" or not name.startswith("labs_py.live"), f"{path}: {name}"
        if place[0] == "model":
            assert name.startswith("labs_py.model"), (
                f"{path} is the model and must import nothing of ours outside it, got {name}"
            )
        elif place[0] == "labs":
            assert not name.startswith(("labs_py.labs", "hooks")), (
                f"{path} is a lab and must not import a lab, got {name}"
            )
        assert not name.startswith("labs_py.__main__")


@pytest.mark.parametrize("path", TIMELESS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_uses_no_clock_and_no_shared_randomness(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            called = (node.value.id, node.attr)
            assert called[0] not in {"time", "datetime", "secrets"}, f"{path}:{node.lineno}"
            assert called[0] != "random" or called[1] == "Random", (
                f"{path}:{node.lineno} must draw from a random.Random(seed), got random.{called[1]}"
            )


def test_what_is_tested_is_the_wheel() -> None:
    assert Path(labs_py.__file__).is_relative_to(ROOT / "build" / "installed")
