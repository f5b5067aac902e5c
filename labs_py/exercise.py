"""What a lab asks of the reader, and what it is checked against."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labs_py.parameter import as_text


@dataclass(frozen=True)
class Predict:
    """A question to commit to before the answer is shown. `answer` is the index of the right option; `because` explains with the numbers.

    `arguments` are the settings (as text) that show the answer; `check` looks at that run's data and says which option is right, so that a
    test can hold the stated answer against the model. `hint` is shown to who asks for it before committing.
    """

    question: str
    options: Sequence[str]
    answer: int
    because: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Mapping[str, Any]], int] | None = None
    hint: str = ""


@dataclass(frozen=True)
class Reach:
    """A goal to reach by changing the settings: `met` looks at a run's data and its arguments (as text).

    `solution` reaches it; `wrong` is a plausible try that does not. Both are settings as text, the defaults filling the rest.
    """

    goal: str
    met: Callable[[Mapping[str, Any], Mapping[str, str]], bool]
    solution: Mapping[str, str]
    wrong: Mapping[str, str]
    hint: str
    because: str


@dataclass(frozen=True)
class Write:
    """A function to complete. `start` is the code that the reader finds: its `def`, a docstring that says what it must do, and no body yet.

    `check` is given the reader's function, which `name` names, calls it on cases or tests its invariants, and returns "" or, in one
    sentence, a counterexample: what was called, what came back, what was expected. `solution` and `wrong`, a plausible mistake, are
    whole codes as `start` is.
    """

    goal: str
    name: str
    start: str
    check: Callable[[Callable[..., Any]], str]
    solution: str
    wrong: str
    hint: str
    because: str


Task = Predict | Reach | Write


@dataclass(frozen=True)
class Oracle:
    """A number or a text, such as bytes, that was published, or that a closed form gives, and ours beside it.

    Texts agree when they are the same. With a `tolerance` (absolute) a test asserts that numbers agree. Without one the published number
    is a measurement of a real system, shown beside the model, and `note` says why they differ.
    """

    what: str
    published: float | str
    ours: Callable[[], float | str]
    source: str
    link: str
    tolerance: float | None = None
    digits: int = 4
    note: str = ""

    def agrees(self) -> bool:
        """Return whether ours is within the tolerance of the published number, or is the published text."""
        ours = self.ours()
        if isinstance(self.published, str) or isinstance(ours, str):
            return ours == self.published
        return self.tolerance is None or abs(ours - self.published) <= self.tolerance


def nearest(options: Sequence[float], value: float) -> int:
    """Return the index of the option that is nearest to a value; of two that are equally near, the first.

    >>> nearest((0.3, 1.6, 17), 14.9), nearest((1, 3), 2)
    (2, 0)
    """
    return min(range(len(options)), key=lambda index: abs(options[index] - value))


def as_preset(run: Callable[..., object], arguments: Mapping[str, str], *names: str, but: Collection[str] = ()) -> bool:
    """Return whether settings, as text, are the defaults of a lab's `run`: those named, or where none is, all `but` some."""
    presets = {item.name: as_text(item.default) for item in inspect.signature(run).parameters.values()}
    return all(arguments[name] == presets[name] for name in names or presets if name not in but)
