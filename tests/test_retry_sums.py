"""Calls and successes of retries: the sums beside requests that are played out, and beside all outcomes of a few attempts."""

import itertools
import math
from random import Random

import pytest

from labs_py.labs.retry_sums import calls, run
from labs_py.overload_runs import simulated_amplification, simulated_retries


@pytest.mark.parametrize("attempts", [1, 2, 4, 7])
@pytest.mark.parametrize("failing", [0, 10, 50, 90, 100])
def test_the_sums_are_those_of_all_outcomes(attempts: int, failing: int) -> None:
    share, made, succeeded = failing / 100, 0.0, 0.0
    for fails in itertools.product([True, False], repeat=attempts):
        probability = math.prod(share if failed else 1 - share for failed in fails)
        made += probability * (fails.index(False) + 1 if False in fails else attempts)
        succeeded += probability * (False in fails)
    data = run(attempts=attempts, failing=failing, budget=100).data
    assert calls(attempts, share) == pytest.approx(made)
    assert data["success"] == pytest.approx(succeeded)


@pytest.mark.parametrize(("attempts", "failing", "budget"), [(4, 50, 10), (3, 90, 20), (4, 5, 10)])
def test_a_budget_holds_for_requests_that_are_played_out(attempts: int, failing: int, budget: int) -> None:
    rng, tokens, made, succeeded, requests = Random("budget"), 0.0, 0, 0, 40_000
    for _ in range(requests):
        tokens += budget / 100
        for attempt in range(attempts):
            if attempt and tokens < 1:
                break
            tokens -= attempt > 0
            made += 1
            if rng.random() >= failing / 100:
                succeeded += 1
                break
    data = run(attempts=attempts, failing=failing, budget=budget).data
    assert made / requests == pytest.approx(data["budget_calls"], abs=0.01)
    assert succeeded / requests == pytest.approx(data["budget_success"], abs=0.01)


def test_the_engine_agrees() -> None:
    data = run().data
    assert simulated_amplification(3, 4) == data["worst"]
    assert simulated_retries(None) == (pytest.approx(data["calls"], abs=0.03), pytest.approx(data["success"], abs=0.01))
    assert simulated_retries(0.1) == (
        pytest.approx(data["budget_calls"], abs=0.01),
        pytest.approx(data["budget_success"], abs=0.01),
    )
