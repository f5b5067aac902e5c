"""Functions that a reader may hand in for a task: right ones in other ways, likely mistakes, nonsense."""

import doctest
import math
import re
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from labs_py import lab
from labs_py.exercise import Write

TASKS = {task.name: task for name in lab.names() for task in lab.load(name).tasks if isinstance(task, Write)}


def function_of(task: Write, code: str) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(code, space)  # noqa: S102  the lab's own text, or this test's
    function: Callable[..., Any] = space[task.name]
    return function


def assert_one_sentence(task: Write, says: str) -> None:
    assert says.startswith(f"{task.name}("), says
    assert " must " in says
    assert ", got " in says
    assert "\n" not in says


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_examples_in_the_docstring_hold_for_the_solution(task: Write) -> None:
    module = ModuleType(task.name)
    exec(task.solution, module.__dict__)  # noqa: S102  the lab's own text
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_code_fits_the_column_of_a_page(task: Write) -> None:
    assert max(map(len, f"{task.start}\n{task.solution}".splitlines())) <= 80


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_what_the_reader_finds_runs_and_is_told_what_is_missing(task: Write) -> None:
    says = task.check(function_of(task, task.start))
    assert_one_sentence(task, says)
    assert says.endswith("got None; does your function return its result?")


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_plausible_mistake_gets_a_counterexample(task: Write) -> None:
    assert_one_sentence(task, task.check(function_of(task, task.wrong)))


NONSENSE: list[object] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        0.5,
        math.nan,
        -math.inf,
        10**400,
        1j,
        "",
        "a",
        b"a",
        [],
        [None],
        ["a"],
        {},
        {"a": 0},
    ),
    *({"a": math.nan}, {"a": "0"}, {1: []}, set(), object(), len, Ellipsis),
]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_function_that_returns_the_same_nonsense_always_is_refused(task: Write) -> None:
    for nonsense in NONSENSE:
        assert_one_sentence(task, task.check(lambda *arguments, nonsense=nonsense: nonsense))


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_generator_is_no_result(task: Write) -> None:
    assert_one_sentence(task, task.check(lambda *arguments: (argument for argument in arguments)))


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_an_error_of_the_reader_goes_on_to_the_caller_with_the_call(task: Write) -> None:
    def broken(*_: object) -> object:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine") as caught:
        task.check(broken)
    assert caught.value.__notes__[0].startswith(f"The call was {task.name}(")


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_right_function_may_harm_its_arguments(task: Write) -> None:
    right = function_of(task, task.solution)

    def harmful(*arguments: Any) -> object:
        found = right(*arguments)
        for argument in arguments:
            if isinstance(argument, list | dict):
                argument.clear()
        return found

    assert task.check(harmful) == ""


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_hints_and_explanations_do_not_hold_the_code(task: Write) -> None:
    written = {line.strip() for line in task.solution.splitlines()} - {line.strip() for line in task.start.splitlines()}
    lines = [line for line in written if len(line) > 8]
    assert lines
    for line in lines:
        assert line not in task.hint
        assert line not in task.because
        assert line not in task.start


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_check_answers_before_the_reader_has_looked_up(task: Write) -> None:
    right = function_of(task, task.solution)
    spent = []
    for _ in range(3):
        start = time.process_time()
        task.check(right)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.2


def codes(text: str) -> list[str]:
    return text.split("===")


OTHER_WAYS = codes("""
from itertools import product
def availability(paths, chances):
    total = 0
    for state in product([True, False], repeat=len(chances)):
        up = dict(zip(chances, state))
        if any(all(up[part] for part in path) for path in paths):
            weight = 1
            for part in chances:
                weight *= chances[part] if up[part] else 1 - chances[part]
            total += weight
    return total
===
def weakest(endpoints, chances):
    lost = dict.fromkeys(chances, 0)
    for rate, needed in endpoints.values():
        for service in needed:
            failing = rate
            for other in needed:
                failing *= chances[other] if other != service else 1 - chances[other]
            lost[service] += failing
    return sorted(lost, key=lambda service: -lost[service])[0]
===
def start_times(calls):
    def start(name):
        return max([0.0] + [start(earlier) + calls[earlier][0] for earlier in calls[name][1]])
    return {name: start(name) for name in calls}
===
def fails(service, dead, calls):
    broken = {dead}
    for _ in calls:
        broken |= {name for name in calls for callee, optional in calls[name] if callee in broken and not optional}
    return service in broken
===
def in_rotation(probes, fall, rise):
    inside = True
    for end in range(1, len(probes) + 1):
        if inside and end >= fall and not any(probes[end - fall:end]):
            inside = False
        elif not inside and end >= rise and all(probes[end - rise:end]):
            inside = True
    return inside
===
def latency(call):
    waited = 0
    for inner in call["calls"]:
        waited = max(waited, latency(inner)) if call["together"] else waited + latency(inner)
    return call["network"] + call["work"] + float(waited)
""")

MISTAKES = codes("""
def latency(call):  # always side by side
    return call["network"] + call["work"] + max(map(latency, call["calls"]), default=0)
===
def latency(call):  # always in a row
    return call["network"] + call["work"] + sum(map(latency, call["calls"]))
===
def latency(call):  # the network forgotten
    times = [latency(inner) for inner in call["calls"]]
    return call["work"] + (max(times, default=0) if call["together"] else sum(times))
===
def latency(call):  # only one level deep
    times = [inner["network"] + inner["work"] for inner in call["calls"]]
    return call["network"] + call["work"] + (max(times, default=0) if call["together"] else sum(times))
===
def start_times(calls):  # in a row, as written
    at, starts = 0, {}
    for name, (takes, inputs) in calls.items():
        starts[name] = at
        at += takes
    return starts
===
def start_times(calls):  # as soon as the first input is done
    starts = {}
    for name, (takes, inputs) in calls.items():
        starts[name] = min((starts[earlier] + calls[earlier][0] for earlier in inputs), default=0)
    return starts
===
def start_times(calls):  # inputs one after another
    starts = {}
    for name, (takes, inputs) in calls.items():
        starts[name] = sum(starts[earlier] + calls[earlier][0] for earlier in inputs)
    return starts
===
def start_times(calls):  # when it is done instead of when it starts
    done = {}
    for name, (takes, inputs) in calls.items():
        done[name] = takes + max((done[earlier] for earlier in inputs), default=0)
    return done
===
def fails(service, dead, calls):  # optional calls count
    return service == dead or any(fails(callee, dead, calls) for callee, optional in calls[service])
===
def fails(service, dead, calls):  # the dead service itself forgotten
    return any(callee == dead or fails(callee, dead, calls) for callee, optional in calls[service] if not optional)
===
def in_rotation(probes, fall, rise):  # failures in all, not in a row
    return probes.count(False) < fall
===
def in_rotation(probes, fall, rise):  # one good probe brings it back
    failures = 0
    for answered in probes:
        failures = 0 if answered else failures + 1
    return failures < fall
===
def in_rotation(probes, fall, rise):  # once out, always out
    failures = 0
    for answered in probes:
        failures = 0 if answered and failures < fall else failures + 1
    return failures < fall
===
def in_rotation(probes, fall, rise):  # probes against, not in a row
    inside, against = True, 0
    for answered in probes:
        against += answered != inside
        if against == (fall if inside else rise):
            inside, against = not inside, 0
    return inside
===
import math
def availability(paths, chances):  # the best path alone
    return max(math.prod(chances[part] for part in path) for path in paths)
===
import math
def availability(paths, chances):  # as if every part were needed
    return math.prod(chances.values())
===
def weakest(endpoints, chances):  # the one that most requests need
    return max(chances, key=lambda service: sum(rate for rate, needed in endpoints.values() if service in needed))
===
def weakest(endpoints, chances):  # rates forgotten
    return max(chances, key=lambda service: (1 - chances[service]) * sum(service in n for _, n in endpoints.values()))
===
def weakest(endpoints, chances):  # the list of all instead of the first
    return sorted(chances, key=chances.get)
""")


def answered(code: str) -> tuple[Write, str]:
    [name] = re.findall(r"^def (\w+)", code, re.MULTILINE)
    task = TASKS[name]
    return task, task.check(function_of(task, code))


def mistake(code: str) -> str:
    [(name, what)] = re.findall(r"^def (\w+).*#(.*)", code, re.MULTILINE)
    return f"{name}:{what}"


@pytest.mark.parametrize("code", OTHER_WAYS)
def test_a_right_function_passes_whatever_way_it_goes(code: str) -> None:
    assert answered(code)[1] == ""


@pytest.mark.parametrize("code", MISTAKES, ids=mistake)
def test_a_likely_mistake_is_found(code: str) -> None:
    assert_one_sentence(*answered(code))
