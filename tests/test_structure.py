"""Structure functions: simplification keeps the truth table, and equal functions are one."""

import itertools
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
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
