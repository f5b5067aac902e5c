"""The examples in the docstrings of the hooks."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

HOOKS = sorted((Path(__file__).parents[1] / "hooks").glob("*.py"))
WITH_EXAMPLES = [path.stem for path in HOOKS if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_in_the_docstrings_are_true(name: str) -> None:
    result = doctest.testmod(import_module(f"hooks.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
