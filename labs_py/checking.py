"""Functions that a reader completes, and how they are checked: a wrong one is shown the smallest case that it gets wrong."""

import math
import random
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from numbers import Real
from reprlib import Repr
from textwrap import dedent, indent
from typing import Any

from labs_py.exercise import Write

type Case = tuple[Any, ...]

_LONGEST = 400
_HUGE = 10**30
_WHOLE = 12  # levels: the arguments are ours, and a reader may want to paste them


def to_write(
    goal: str, head: str, body: str, wrong: str, check: Callable[[Callable[..., Any]], str], *, hint: str, because: str
) -> Write:
    """Return the task of completing a function. `head` is its `def` and docstring, `body` and `wrong` are its lines, right and wrong."""
    start = dedent(head).strip() + "\n"
    [name] = re.findall(r"^def (\w+)", start, re.MULTILINE)

    def whole(lines: str) -> str:
        return start + indent(dedent(lines).strip(), "    ") + "\n"

    # Without a line after it, where the end of the text is the end of the body: what is typed there is indented.
    return Write(goal, name, whole("...").rstrip(), check, whole(body), whole(wrong), hint, because)


def cases(*fixed: Case, draw: Callable[[random.Random], Case], count: int = 150) -> list[Case]:
    """Return the fixed cases in their order, then drawn ones, the shortest to write down first."""
    rng = random.Random(1)
    return [*fixed, *sorted((draw(rng) for _ in range(count)), key=lambda case: len(repr(case)))]


def first_complaint(name: str, function: Callable[..., Any], rule: Callable[..., str], given: Iterable[Case]) -> str:
    """Return a sentence on the first case that breaks a rule; "" when none does.

    `rule` gets what the function returned and then the case; it returns "" or what the call must be, such as "must be 0.81".
    An error of the function goes on to the caller, with a note that tells the call.
    """
    for case in given:
        call = f"{name}({', '.join(shown(argument, _WHOLE) for argument in case)})"
        try:
            got = function(*deepcopy(case))
        except Exception as error:
            error.add_note(f"The call was {call}.")
            raise
        complaint = rule(got, *case)
        if complaint:
            remedy = "; does your function return its result?" if got is None else ""
            return f"{call} {complaint}, got {shown(got)}{remedy}"
    return ""


def first_difference(
    name: str, function: Callable[..., Any], reference: Callable[..., Any], given: Iterable[Case]
) -> str:
    """Return a sentence on the first case in which a function and its reference differ; "" when they agree on all.

    >>> first_difference("area", lambda a, b: a + b, lambda a, b: a * b, [(2, 2), (2, 3)])
    'area(2, 3) must be 6, got 5'
    """

    def rule(got: object, *case: object) -> str:
        expected = reference(*case)
        return "" if agree(got, expected) else f"must be {shown(expected)}"

    return first_complaint(name, function, rule, given)


def agree(got: object, expected: object) -> bool:
    """Return whether a result is as expected: numbers to nine digits, lists and tuples and mappings item by item, else the same type and value.

    >>> agree(0.1 + 0.2, 0.3), agree(True, 1), agree("1", 1), agree((1, 2), [1, 2])
    (True, False, False, True)
    """
    if isinstance(expected, Mapping):
        same = isinstance(got, Mapping) and got.keys() == expected.keys()
        return same and all(agree(got[key], value) for key, value in expected.items())  # type: ignore[index]
    if isinstance(expected, list | tuple):
        same = isinstance(got, list | tuple) and len(got) == len(expected)
        return same and all(map(agree, got, expected))  # type: ignore[call-overload]
    if is_number(expected):
        return is_number(got) and math.isclose(float(got), float(expected), rel_tol=1e-9, abs_tol=1e-12)  # type: ignore[arg-type]
    return type(got) is type(expected) and got == expected


def is_number(value: object) -> bool:
    """Return whether a value is a finite number; True and False are none."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an int beyond all floats
        return False


class _Shown(Repr):
    def repr_dict(self, value: dict[Any, Any], level: int) -> str:
        """Keep the order of the keys, which may be the point."""
        if level <= 0 or len(value) > self.maxdict:
            return "{…}"
        return f"{{{', '.join(f'{self.repr1(key, 1)}: {self.repr1(item, level - 1)}' for key, item in value.items())}}}"

    def repr_float(self, value: float, level: int) -> str:
        return f"{value:.10g}"

    def repr_int(self, value: int, level: int) -> str:
        return super().repr_int(value, level) if abs(value) < _HUGE else "a huge whole number"


def shown(value: object, levels: int = 4) -> str:
    """Return a value as code: numbers to ten digits, what is nested deeper than `levels` left out, long text cut.

    >>> shown({"ms": [0.1 + 0.2, 7]})
    "{'ms': [0.3, 7]}"
    """
    text = _Shown(maxlevel=levels, maxdict=12, maxlist=12, maxtuple=12, maxset=12, maxstring=80, maxother=80).repr(
        value
    )
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
