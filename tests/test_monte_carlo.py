"""The simulated check: each bit is a trial, the interval covers the truth as often as it says, and a seed fixes the result."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_architectures import architectures
from test_structure import CHANCES, functions, value

from labs_py.model.architecture import Architecture
from labs_py.model.architecture_file import load
from labs_py.model.availability import system_availability
from labs_py.model.monte_carlo import bit_states, random_bits, simulated_availability, wilson
from labs_py.model.structure import Structures


@pytest.mark.parametrize("chance", [0.0, 1.0, 0.5, 0.999, 0.1, 1e-3])
def test_bits_are_one_as_often_as_asked(chance: float) -> None:
    trials = 200_000
    ones = random_bits(random.Random(7), trials, chance).bit_count()
    assert abs(ones - trials * chance) <= 4 * (trials * chance * (1 - chance)) ** 0.5


def test_bits_are_independent_of_one_another() -> None:
    trials = 200_000
    bits = random_bits(random.Random(7), trials, 0.3)
    pairs = (bits & (bits >> 1)).bit_count()
    assert abs(pairs - trials * 0.09) <= 4 * (trials * 0.09 * 0.91 * 2) ** 0.5


@given(functions())
def test_every_trial_evaluates_the_structure_function(made: tuple[Structures, list[int]]) -> None:
    parts, pool = made
    trials = 40
    variables = [parts.variable(name) for name in CHANCES]
    found = bit_states(parts, [*pool, *variables], CHANCES, random.Random(1), trials)
    for trial in range(trials):
        alive = {name: bool(found[parts.variable(name)] >> trial & 1) for name in CHANCES}
        assert all(bool(found[function] >> trial & 1) == value(parts, function, alive) for function in pool)


def test_the_interval_covers_the_exact_value_in_99_of_100_replications() -> None:
    architecture = load("online_boutique")
    exact = system_availability(architecture)
    replications = [simulated_availability(architecture, trials=5_000, seed=seed) for seed in range(300)]
    covered = sum(whole.low <= exact.availability <= whole.high for whole, _ in replications)
    # Binomial with n = 300 and p = 0.99: below 291 in fewer than 3 of 1,000 such tests.
    assert covered >= 291
    for name, endpoint in exact.endpoints.items():
        assert sum(parts[name].low <= endpoint.availability <= parts[name].high for _, parts in replications) >= 291


@settings(max_examples=40, deadline=None)
@given(architectures(), st.integers(0, 1000))
def test_simulation_agrees_with_the_exact_value_on_any_architecture(architecture: Architecture, seed: int) -> None:
    whole, parts = simulated_availability(architecture, trials=4_000, seed=seed)
    exact = system_availability(architecture)
    assert abs(whole.share - exact.availability) < 0.05  # six standard errors at worst
    assert all(abs(parts[name].share - item.availability) < 0.05 for name, item in exact.endpoints.items())


def test_a_seed_fixes_the_result_and_another_one_changes_it() -> None:
    architecture = load("online_boutique")
    assert simulated_availability(architecture, 10_000, 3) == simulated_availability(architecture, 10_000, 3)
    assert simulated_availability(architecture, 10_000, 3) != simulated_availability(architecture, 10_000, 4)
    # Fixed so that another platform's or version's generator would be noticed.
    assert random_bits(random.Random(1), 64, 0.9) == 0xFFDEFFFFFFFFDFBB


def test_wilsons_interval_reproduces_a_textbook_value_and_stays_inside_0_and_1() -> None:
    # n = 10, all successes, 99 %: the lower end is n / (n + z**2).
    assert wilson(10, 10).low == pytest.approx(10 / (10 + 2.5758293035489004**2))
    assert wilson(10, 10).high == 1.0
    assert wilson(0, 10).low == 0.0


def test_no_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="trials must be at least 1, got 0"):
        simulated_availability(load("checkout"), trials=0)
