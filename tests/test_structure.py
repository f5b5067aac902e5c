"""Structure functions: simplification keeps the truth table, equal functions are one, probabilities add up all states."""

import itertools
import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_py.model.conditioning import Conditioning
from labs_py.model.structure import FAILS, WORKS, Structures

NAMES = "abcde"


@st.composite
def functions(draw: st.DrawFn) -> tuple[Structures, list[int]]:
    """Return a store and a pool of functions in it, the last ones the deepest."""
    parts = Structures()
    pool = [FAILS, WORKS, *(parts.variable(name) for name in NAMES)]
    for _ in range(draw(st.integers(1, 8))):
        children = draw(st.lists(st.sampled_from(pool), max_size=4))
        kind = draw(st.sampled_from(["all", "any", "at least", "not"]))
        if kind == "all":
            pool.append(parts.all_of(children))
        elif kind == "any":
            pool.append(parts.any_of(children))
        elif kind == "not":
            pool.append(parts.negation(draw(st.sampled_from(pool))))
        else:
            pool.append(parts.at_least(draw(st.integers(0, 5)), children))
    return parts, pool


def value(parts: Structures, function: int, alive: Mapping[str, bool]) -> bool:
    node = parts.nodes[function]
    if node.kind == "constant":
        return function == WORKS
    if node.kind == "variable":
        return alive[parts.names[function]]
    children = [value(parts, child, alive) for child in node.children]
    if node.kind == "not":
        return not children[0]
    return sum(children) >= {"all": len(children), "any": 1}.get(node.kind, node.needs)


def states() -> list[dict[str, bool]]:
    return [dict(zip(NAMES, bits, strict=True)) for bits in itertools.product((True, False), repeat=len(NAMES))]


@given(st.lists(st.integers(2, 6), max_size=5), st.integers(0, 6))
def test_gates_of_variables_have_the_truth_table_of_their_definition(children: list[int], needs: int) -> None:
    parts = Structures()
    for name in NAMES:
        parts.variable(name)
    every, some, enough = parts.all_of(children), parts.any_of(children), parts.at_least(needs, children)
    for alive in states():
        working = [alive[parts.names[child]] for child in children]
        assert value(parts, every, alive) == all(working)
        assert value(parts, some, alive) == any(working)
        assert value(parts, enough, alive) == (sum(working) >= needs)


@given(functions(), st.data())
def test_gates_of_any_functions_have_the_truth_table_of_their_definition(
    made: tuple[Structures, list[int]], data: st.DataObject
) -> None:
    parts, pool = made
    children = data.draw(st.lists(st.sampled_from(pool), max_size=4))
    needs = data.draw(st.integers(0, 5))
    every, some, enough = parts.all_of(children), parts.any_of(children), parts.at_least(needs, children)
    opposite = parts.negation(every)
    for alive in states():
        working = [value(parts, child, alive) for child in children]
        assert value(parts, every, alive) == all(working) != value(parts, opposite, alive)
        assert value(parts, some, alive) == any(working)
        assert value(parts, enough, alive) == (sum(working) >= needs)


@given(functions(), st.sampled_from(NAMES), st.booleans())
def test_a_function_given_a_part_agrees_with_it_wherever_the_part_is_so(
    made: tuple[Structures, list[int]], name: str, works: bool
) -> None:
    parts, pool = made
    part = parts.variable(name)
    simpler = parts.given(pool[-1], part, WORKS if works else FAILS)
    assert part not in parts.below(simpler)
    for alive in states():
        assert value(parts, simpler, alive) == value(parts, pool[-1], {**alive, name: works})


@given(functions())
def test_children_come_before_their_parents_and_no_function_is_stored_twice(made: tuple[Structures, list[int]]) -> None:
    parts, _ = made
    assert all(child < number for number, node in enumerate(parts.nodes) for child in node.children)
    shapes = [(node.kind, node.needs, node.children) for node in parts.nodes if node.children]
    assert len(shapes) == len(set(shapes))


def test_nested_gates_of_one_kind_become_one_gate() -> None:
    parts = Structures()
    a, b, c = (parts.variable(name) for name in "abc")
    assert parts.all_of([a, parts.all_of([b, c])]) == parts.all_of([c, b, a])
    assert parts.any_of([a, parts.any_of([a, c])]) == parts.any_of([a, c])
    assert parts.at_least(1, [a, b]) == parts.any_of([a, b])
    assert parts.at_least(2, [a, b]) == parts.all_of([a, b])
    assert parts.negation(parts.negation(a)) == a


CHANCES = dict(zip(NAMES, (0.9, 0.5, 0.25, 1.0, 0.0), strict=True))


def added_up(parts: Structures, function: int, fixed: Mapping[str, bool]) -> float:
    """Return the probability of `function` from its truth table, with some variables fixed."""
    total = []
    for alive in states():
        if all(alive[name] == state for name, state in fixed.items()):
            free = [CHANCES[name] if alive[name] else 1 - CHANCES[name] for name in NAMES if name not in fixed]
            total.append(math.prod(free) * value(parts, function, alive))
    return math.fsum(total)


@settings(max_examples=300)
@given(functions())
def test_the_probability_of_any_function_is_that_of_its_truth_table(made: tuple[Structures, list[int]]) -> None:
    parts, pool = made
    exact = Conditioning(parts, CHANCES)
    for function in pool:
        assert float(exact.probability(function)) == pytest.approx(added_up(parts, function, {}), abs=1e-12)


@settings(max_examples=200)
@given(functions(), st.floats(0, 3))
def test_derivatives_are_differences_between_a_working_and_a_failed_variable(
    made: tuple[Structures, list[int]], weight: float
) -> None:
    parts, pool = made
    weights = {pool[-2]: 1.0, pool[-1]: weight}
    slopes = Conditioning(parts, CHANCES).derivatives(weights)
    for name in NAMES:
        difference = math.fsum(
            factor * (added_up(parts, function, {name: True}) - added_up(parts, function, {name: False}))
            for function, factor in weights.items()
        )
        assert slopes[name] == pytest.approx(difference, abs=1e-12)


def test_the_most_used_part_is_not_conditioned_on_when_the_rest_depends_on_its_inside() -> None:
    parts = Structures()
    a, b, c, d, e = (parts.variable(name) for name in NAMES)
    often = parts.any_of([a, b])  # used three times, but a stands beside it too
    function = parts.at_least(2, [parts.all_of([often, c]), parts.all_of([often, d]), parts.all_of([often, e]), a])
    assert float(Conditioning(parts, CHANCES).probability(function)) == pytest.approx(added_up(parts, function, {}))


def test_a_shared_group_that_stands_alone_is_conditioned_on_as_one() -> None:
    parts = Structures()
    a, b, c, d, e = (parts.variable(name) for name in NAMES)
    often = parts.at_least(2, [a, b, c])
    function = parts.at_least(2, [parts.all_of([often, d]), parts.all_of([often, e]), often])
    exact = Conditioning(parts, CHANCES)
    assert float(exact.probability(function)) == pytest.approx(added_up(parts, function, {}))
    assert exact.conditionings == 1


def test_a_part_of_a_quorum_matters_when_the_others_are_one_short() -> None:
    parts = Structures()
    quorum = parts.at_least(2, [parts.variable(name) for name in "abc"])
    slopes = Conditioning(parts, {"a": 0.9, "b": 0.8, "c": 0.7}).derivatives({quorum: 1.0})
    by_hand = {"a": 0.8 * 0.3 + 0.2 * 0.7, "b": 0.9 * 0.3 + 0.1 * 0.7, "c": 0.9 * 0.2 + 0.1 * 0.8}
    assert slopes == pytest.approx(by_hand)
    equal = Conditioning(parts, dict.fromkeys("abc", 0.9)).derivatives({quorum: 1.0})
    assert equal == pytest.approx(dict.fromkeys("abc", 2 * 0.9 * 0.1))
