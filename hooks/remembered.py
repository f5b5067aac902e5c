"""What a build works out, remembered while the site is served, so that an edit costs what it touches and not the whole site.

A step is remembered by all that it is made from, so that it can never be stale: name every input, or do not remember it.
What the last build did not ask for is forgotten. A real build remembers nothing.
"""

from collections.abc import Callable, Hashable
from typing import Any

serving = False
# Lab elements as they were filled, by what they were made from; `panels.fill` looks after them.
elements: dict[tuple[str, ...], str] = {}
_known: dict[tuple[Hashable, ...], Any] = {}
_asked: set[tuple[Hashable, ...]] = set()


def known[R](made_from: tuple[Hashable, ...], make: Callable[[], R]) -> R:
    """Return what `make` makes, or what it made when all that it is made from was the same. Nobody may change it then."""
    if not serving:
        return make()
    _asked.add(made_from)
    if made_from not in _known:
        _known[made_from] = make()
    result: R = _known[made_from]
    return result


def remembered[**P, R](step: Callable[P, R], *inputs: P.args, **named: P.kwargs) -> R:
    """Return what a function returns that looks at nothing but its arguments, all of them hashable."""
    return known((step, *inputs, *named.items()), lambda: step(*inputs, **named))


def forget_the_rest() -> None:
    """A build has succeeded: forget what it has not asked for."""
    for made_from in _known.keys() - _asked:
        del _known[made_from]
    _asked.clear()
