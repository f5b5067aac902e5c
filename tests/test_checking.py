"""A reader's function is compared fairly, and a wrong one meets the smallest case that it gets wrong."""

import doctest
import math
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from labs_py import checking
from labs_py.checking import agree, cases, first_complaint, first_difference, shown, to_write


def test_the_examples_in_the_module_hold() -> None:
    result = doctest.testmod(checking)
    assert result.attempted > 0
    assert result.failed == 0


def test_fixed_cases_come_first_in_their_order_then_drawn_ones_from_short_to_long() -> None:
    found = cases(([1, 2, 3],), ([],), draw=lambda rng: ([rng.randint(0, 9)] * rng.randint(0, 9),), count=30)
    assert found[:2] == [([1, 2, 3],), ([],)]
    lengths = [len(items) for (items,) in found[2:]]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]


def test_the_same_cases_are_drawn_each_time() -> None:
    def drawn(rng: Random) -> checking.Case:
        return (rng.random(),)

    assert cases(draw=drawn) == cases(draw=drawn)


def test_the_counterexample_is_the_shortest_of_the_drawn_ones() -> None:
    given = cases(draw=lambda rng: ([rng.randint(0, 9) for _ in range(rng.randint(0, 9))],))
    says = first_difference("total", lambda items: sum(items) if len(items) < 4 else 0, sum, given)
    assert says.startswith("total([")
    assert says.count(",") == 3 + 1  # four items, and the comma of the sentence


def test_a_function_that_harms_its_arguments_is_judged_by_what_it_returns() -> None:
    def harmful(items: list[int]) -> int:
        total = sum(items)
        items.clear()
        return total

    given: list[checking.Case] = [([1, 2],)]
    assert first_difference("total", harmful, sum, given) == ""
    assert given == [([1, 2],)]


def test_an_error_goes_on_to_the_caller_and_tells_the_call() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        first_difference("half", lambda x: x / 0, lambda x: x / 2, [(1,)])
    assert caught.value.__notes__ == ["The call was half(1)."]


def test_a_forgotten_return_is_named() -> None:
    says = first_difference("half", lambda x: None, lambda x: x / 2, [(1,)])
    assert says == "half(1) must be 0.5, got None; does your function return its result?"


def test_a_rule_sees_the_result_and_the_case_and_words_the_complaint() -> None:
    def rule(got: float, x: float) -> str:
        return "" if got >= x else f"must be at least {x}"

    assert first_complaint("up", abs, rule, [(-3,), (3,)]) == ""
    assert first_complaint("up", lambda x: x - 1, rule, [(3,)]) == "up(3) must be at least 3, got 2"


@pytest.mark.parametrize(
    ("got", "expected"),
    [(1, 1.0), (0.1 + 0.2, 0.3), (Fraction(1, 3), 1 / 3), ([1, (2,)], (1, [2])), ({"a": 1.0}, {"a": 1}), (None, None)],
)
def test_results_that_mean_the_same_agree(got: object, expected: object) -> None:
    assert agree(got, expected)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        *((nonsense, 1) for nonsense in (None, "1", math.nan, math.inf, 10**400, True, 1 + 0j, [1], {1: 1}, 1.000001)),
        (1, True),
        (0, False),
        ("", False),
        ([1], [1, 2]),
        ("ab", ["a", "b"]),
        ({"a": 1}, {"b": 1}),
        (["a"], {"a": 1}),
        (1, "1"),
        (0, None),
    ],
)
def test_results_that_differ_in_value_or_kind_do_not_agree(got: object, expected: object) -> None:
    assert not agree(got, expected)


class Broken:
    def __repr__(self) -> str:
        raise ValueError


def endless() -> list[Any]:
    items: list[Any] = []
    items.extend([items] * 12)
    return items


SHOWN = {
    "a repr that breaks": Broken(),
    "a list of itself": endless(),
    "an int with too many digits for repr": 10**5000,
    "the same below zero": -(10**5000),
    "a long text": "x" * 10_000,
    "a long list": list(range(10_000)),
    "many keys": dict.fromkeys(range(10_000)),
    "nested": {1: {2: {3: {4: {}}}}},
}


@pytest.mark.parametrize("value", SHOWN.values(), ids=SHOWN)
def test_any_result_can_be_shown_in_a_line(value: object) -> None:
    text = shown(value)
    assert 0 < len(text) <= 401
    assert "\n" not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1.0, "1"),
        (1e-12, "1e-12"),
        ((1,), "(1,)"),
        ({"b": [0.5], "a": ()}, "{'b': [0.5], 'a': ()}"),
        (10**30, "a huge whole number"),
        ("it's", '"it\'s"'),
    ],
)
def test_values_are_shown_as_the_reader_would_write_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_task_to_write_is_made_of_a_head_and_two_bodies() -> None:
    head = '''
        import math


        def area(r):
            """Return the area."""
    '''
    task = to_write("?", head, "\n    return math.pi * r**2\n", "return r", lambda area: "", hint="h", because="b")
    assert task.name == "area"
    assert task.start == 'import math\n\n\ndef area(r):\n    """Return the area."""\n    ...'
    assert task.solution == task.start.replace("...", "return math.pi * r**2\n")
    assert task.wrong == task.start.replace("...", "return r\n")


def test_a_head_must_define_one_function() -> None:
    with pytest.raises(ValueError, match="unpack"):
        to_write("?", "def a(): ...\ndef b(): ...", "...", "...", lambda a: "", hint="", because="")
