"""The reader's own code: what runs, what passes, and what is said, with the line, where it does not."""

import json
import sys
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from labs_py import desk, lab
from labs_py.exercise import Predict, Write
from labs_py.workbench import CodeError, Printed, checked, module_of

LAB = "tail_at_scale"
SOURCE = files("labs_py").joinpath("labs", f"{LAB}.py").read_text(encoding="utf-8")
WRITTEN = [(name, task_name) for name in lab.names() for task_name in lab.load(name).task_names if "write" in task_name]


def ask(code: str, **arguments: str) -> Any:
    return json.loads(desk.respond(json.dumps({"lab": LAB, "arguments": arguments, "code": code})))


def small(body: str, head: str = "fan_out: Annotated[int, Range('Servers', 1, 9)] = 2") -> str:
    """A lab of few lines; `body` begins in line 5."""
    imports = "from typing import Annotated\nfrom labs_py.parameter import Choice, Range\nfrom labs_py.report import Figure, Metric, Report"
    return f"{imports}\ndef run(*, {head}):\n{body}"


def test_a_lab_as_shipped_gives_the_same_answer_from_its_source() -> None:
    plain = json.loads(desk.respond(json.dumps({"lab": LAB, "arguments": {"fan_out": "7"}})))
    answer = ask(SOURCE, fan_out="7")
    assert answer.pop("word") == answer.pop("printed") == ""
    assert answer == plain | {"reached": []}


def test_an_edit_changes_the_result_and_not_the_lab() -> None:
    assert SOURCE.count("of requests wait") > 0
    answer = ask(SOURCE.replace("of requests wait", "of all requests wait"))
    assert "of all requests wait" in answer["html"]
    again = json.loads(desk.respond(json.dumps({"lab": LAB, "arguments": {}})))
    assert "of all requests wait" not in again["html"]
    assert sys.modules[f"labs_py.labs.{LAB}"].run is lab.load(LAB).run


def test_an_error_is_told_without_the_sources_of_the_course(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a browser they would have to be downloaded."""
    asked: list[object] = []
    monkeypatch.setattr("linecache.getlines", lambda *file: asked.append(file) or [])
    answer = ask(small("    return Report(str(fan_out / 0))"))
    assert (answer["error"], answer["line"], asked) == ("ZeroDivisionError: division by zero", 5, [])


def test_nothing_is_left_of_the_code_before() -> None:
    ask("left = 1\n" + SOURCE)
    assert ask(small("    return Report(str(left))"))["error"].startswith("NameError: name 'left' is not defined")


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        ("def run(:\n    pass", "SyntaxError: invalid syntax", 1),
        ("x = 1\n  y = 2\n", "IndentationError: unexpected indent", 2),
        ("def run():\n    pass\nreturn 1\n", "SyntaxError: 'return' outside function: indent this line as far as", 3),
        ("x = 'no end\n", "SyntaxError: unterminated string literal", 1),
        ("x = 1\0", "SyntaxError: source code string cannot contain null bytes", None),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'", 1),
        ("x = 1\n1 / 0\n", "ZeroDivisionError: division by zero", 2),
        ("raise SystemExit(3)\n", "SystemExit: 3", 1),
        ("x = 1\n", "Your code must define a function run, got none", None),
        ("def ran():\n    pass\n", "Your code must define a function run, got only ran", None),
        ("run = 3\n", "Your code must define a function run, got 3", None),
        ("\ndef run(x):\n    pass\n", "your_code.run: x must be keyword-only, with a default", 2),
        (small("    pass"), "run must return a Report, got None; does every path through it end in a return?", 4),
        (small("    return 'text'"), "run must return a Report, got str", 4),
        (small("    a = 1\n    return fan_ot"), "NameError: name 'fan_ot' is not defined. Did you mean: 'fan_out'?", 6),
        (small("    def deep(): return [][1]\n    return deep()"), "IndexError: list index out of range", 5),
        (small("    raise ValueError('fan_out is odd')"), "tail_at_scale: fan_out is odd", 5),
        (small("    import json\n\n    json.loads('{')"), "tail_at_scale: Expecting property name", 7),
        (small("    return run(fan_out=1)"), "RecursionError: maximum recursion depth exceeded", 5),
        (small("    return Report('x', [Metric('a', 1)])"), "The report cannot be shown: AttributeError: ", None),
        (small("    return Report('x', [], {'a': float('nan')})"), "The report's data and figures must hold text, finite", None),
        (small("    return Report('x', [], {'a': {1}})"), "The report's data and figures must hold text, finite", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_readers_line(code: str, message: str, line: int | None) -> None:
    answer = ask(code)
    assert answer["error"].startswith(message)
    assert (answer["line"], sorted(answer)) == (line, ["error", "line"])
    assert "\n" not in answer["error"]


def test_settings_that_the_edited_lab_refuses_are_no_fault_of_a_line() -> None:
    answer = ask(small("    return Report('x')"), fan_out="10")
    assert answer == {"error": "fan_out must be a whole number from 1 to 9, got '10'", "line": None}


def test_arguments_that_an_edit_removed_or_added_are_named() -> None:
    answer = ask(
        small("    return Report(str(servers))", "servers: Annotated[int, Range('S', 1, 9)] = 3"), fan_out="10"
    )
    assert answer["word"] == "Your run does not take fan_out; what is set above is not used. New: servers = 3."
    assert answer["arguments"] == {"servers": "3"}


def test_an_option_that_an_edit_removed_gives_way_to_the_default() -> None:
    source = files("labs_py").joinpath("labs", "hop_latency.py").read_text(encoding="utf-8")
    code = source.replace('    "batched": "in the order written, repeats in one call",\n', "")
    assert code != source
    request = {"lab": "hop_latency", "arguments": {"plan": "batched"}, "code": code}
    answer = json.loads(desk.respond(json.dumps(request)))
    assert answer["word"] == "plan no longer offers batched; it is as_written."
    assert answer["arguments"]["plan"] == "as_written"


def test_what_the_code_prints_comes_with_the_answer_and_has_an_end() -> None:
    assert ask(small("    print('two', fan_out)\n    return Report('x')"))["printed"] == "two 2\n"
    printed = Printed()
    for _ in range(3000):
        print("abc", file=printed)
    assert len(printed.text) == 4000


def test_replications_of_an_edited_lab_are_answered_one_by_one() -> None:
    body = "    from labs_py.replications import Replications\n    return Replications(3, lambda n: [10][n], lambda found: Report(str(found)))"
    code = small(body)
    assert ask(code)["replications"] == 3
    request = {"lab": LAB, "arguments": {}, "code": code}
    assert json.loads(desk.respond(json.dumps(request | {"replication": 0})))["result"] == 10
    broken = json.loads(desk.respond(json.dumps(request | {"replication": 1})))
    assert broken == {"error": "IndexError: list index out of range", "line": 6}
    assert "[10, 11]" in json.loads(desk.respond(json.dumps(request | {"results": [10, 11]})))["html"]


def test_a_class_of_the_reader_can_be_a_dataclass() -> None:
    code = "import dataclasses\n@dataclasses.dataclass\nclass Two:\n    a: 'int' = 2\nassert Two().a == 2\n"
    assert module_of(code).Two().a == 2


def write(check: Callable[[Callable[..., Any]], str]) -> Write:
    start = 'def double(x):\n    """Return twice x."""\n    ...\n'
    return Write("Double it.", "double", start, check, "def double(x):\n    return 2 * x\n", start, "Add.", "x + x.")


def checking(function: Callable[..., Any]) -> str:
    got = function(3)
    return "" if got + 0 == 6 else f"double(3) must be 6, got {got}"


@pytest.fixture
def doubling() -> lab.Lab:
    shipped = lab.load(LAB)
    return lab.Lab(**(vars(shipped) | {"tasks": [Predict("?", ["a"], 0, "b"), write(checking)]}))


def test_a_right_function_passes_and_a_wrong_one_gets_its_counterexample(doubling: lab.Lab) -> None:
    task = doubling.tasks[1]
    assert isinstance(task, Write)
    right = {"passed": True, "says": "", "line": None, "printed": ""}
    assert checked(doubling, "write-1", task.solution) == right
    assert checked(doubling, "write-1", "double = lambda number: number * 2") == right
    assert (
        checked(doubling, "write-1", "def double(x, times=2):\n    print(x)\n    return x * times\n")["printed"]
        == "3\n"
    )
    wrong = checked(doubling, "write-1", "def double(x):\n    return x\n")
    assert wrong == {"passed": False, "says": "double(3) must be 6, got 3", "line": None, "printed": ""}


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        ("def dubble(x): pass", "Your code must define a function double, got only dubble", None),
        ("double = 2", "Your code must define a function double, got 2", None),
        ("x = 1\ndef double(): pass", "double must take 1 argument (x), got none", 2),
        ("def double(x, y): pass", "double must take 1 argument (x), got x, y", 1),
        ("def double(x):\n    return x + y", "NameError: name 'y' is not defined", 2),
        ("def double(x):\n    return missing[", "SyntaxError: '[' was never closed", 2),
        ("def double(x):\n    pass", "TypeError: unsupported operand", None),
    ],
)
def test_code_that_cannot_be_checked_is_explained(doubling: lab.Lab, code: str, message: str, line: int | None) -> None:
    with pytest.raises(CodeError) as caught:
        checked(doubling, "write-1", code)
    assert str(caught.value).startswith(message)
    assert caught.value.line == line


def test_the_note_that_a_check_adds_to_an_error_is_said(doubling: lab.Lab) -> None:
    def noting(function: Callable[..., Any]) -> str:
        try:
            function(3)
        except ZeroDivisionError as error:
            error.add_note("The call was double(3).")
            raise
        return ""

    item = lab.Lab(**(vars(doubling) | {"tasks": [write(noting)]}))
    with pytest.raises(CodeError) as caught:
        checked(item, "write-1", "def double(x):\n    return x / 0\n")
    assert str(caught.value) == "ZeroDivisionError: division by zero. The call was double(3)."


def test_only_a_task_to_write_is_checked_so() -> None:
    request = {"lab": LAB, "task": "predict-1", "code": ""}
    assert "task of tail_at_scale must be one of" in json.loads(desk.respond(json.dumps(request)))["error"]


@pytest.mark.parametrize(("name", "task_name"), WRITTEN)
def test_every_task_to_write_passes_its_solution_and_shows_the_wrong_one_a_counterexample(
    name: str, task_name: str
) -> None:
    item = lab.load(name)
    task = item.tasks[item.task_names.index(task_name)]
    assert isinstance(task, Write)

    def respond(code: str) -> Any:
        return json.loads(desk.respond(json.dumps({"lab": name, "task": task_name, "code": code})))

    assert respond(task.solution) == {"passed": True, "says": "", "line": None, "printed": ""}
    wrong = respond(task.wrong)
    assert wrong["passed"] is False
    assert f"{task.name}(" in wrong["says"]
    assert not respond(task.start).get("passed")
