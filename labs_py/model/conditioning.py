"""The exact probability that a structure function works, also where its parts share other parts.

Children that share no variable are independent, so their probabilities are multiplied (or counted, for "at least k of").
Where they do share, the part with the most parents is conditioned on: P(f) = p P(f | it works) + (1 - p) P(f | it fails).
Every intermediate function is worked out once. The time grows with the sharing, not with the number of parts; a
structure that shares too much is refused, because the general problem is #P-hard.

Sources:
    R. E. Barlow and F. Proschan, "Statistical Theory of Reliability and Life Testing", 1975, chapters 1 and 2.
    L. G. Valiant, "The Complexity of Enumeration and Reliability Problems", SIAM J. Computing 8(3), 1979.

>>> from labs_py.model.structure import Structures
>>> parts = Structures()
>>> database = parts.variable("database")
>>> paths = [parts.all_of([parts.variable(app), database]) for app in ("app 1", "app 2")]
>>> chances = dict.fromkeys(["app 1", "app 2", "database"], 0.99)
>>> round(Conditioning(parts, chances).probability(parts.any_of(paths)), 6)
0.989901
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import Literal, NamedTuple

from labs_py.model.structure import FAILS, WORKS, Structures

type Chance = float | Fraction

MOST_CONDITIONINGS = 10_000


class _Plan(NamedTuple):
    """How a function's probability follows from those of simpler functions."""

    rule: Literal["product", "coproduct", "count", "complement", "split"]
    parts: tuple[int, ...]  # for "split": what is conditioned on, the function if it works, the function if it fails
    needs: int = 0


class Conditioning:
    """Exact probabilities of structure functions of independent variables.

    `chances` gives the probability of each variable by name: floats, or fractions, and then every result is a fraction.
    """

    def __init__(self, structures: Structures, chances: Mapping[str, Chance]) -> None:
        self.structures = structures
        self.conditionings = 0
        self._plans: dict[int, _Plan] = {}
        self._found: dict[int, Chance] = {FAILS: 0, WORKS: 1}  # in the order found: parts before what is made of them
        self._found.update((number, chances[name]) for number, name in structures.names.items())

    def probability(self, function: int) -> Chance:
        """Return the probability that `function` works.

        Raises:
            ValueError: more than `MOST_CONDITIONINGS` conditionings would be needed.
        """
        waiting = [function]  # an explicit stack: a chain of a thousand services must not exhaust Python's own
        while waiting:
            number = waiting[-1]
            if number not in self._found:
                if number not in self._plans:
                    self._plans[number] = self._plan(number)
                missing = [part for part in self._plans[number].parts if part not in self._found]
                if missing:
                    waiting.extend(missing)
                    continue
                self._found[number] = self._combined(self._plans[number])
            waiting.pop()
        return self._found[function]

    def derivatives(self, weights: Mapping[int, float]) -> dict[str, float]:
        """Return the derivative of the weighted sum of the functions' probabilities by each variable's probability.

        A probability is linear in that of each variable, so this is P(f | it works) - P(f | it fails): Birnbaum's
        importance. One pass from the functions back to the variables finds all of them.
        """
        for function in weights:
            self.probability(function)
        slopes: dict[int, float] = dict.fromkeys(self._found, 0.0)
        for function, weight in weights.items():
            slopes[function] += weight
        for number in reversed(self._found):
            if number in self._plans and slopes[number]:
                plan = self._plans[number]
                for part, slope in zip(plan.parts, self._slopes(plan), strict=True):
                    slopes[part] += slopes[number] * slope
        return {name: slopes[number] for number, name in self.structures.names.items()}

    def _plan(self, number: int) -> _Plan:
        node = self.structures.nodes[number]
        if node.kind == "not":
            return _Plan("complement", node.children)
        groups = self._independent_groups(node.children)
        if len(groups) == len(node.children):
            rule: Literal["product", "coproduct", "count"]
            rule = "product" if node.kind == "all" else "coproduct" if node.kind == "any" else "count"
            return _Plan(rule, node.children, node.needs)
        if len(groups) > 1 and node.kind == "all":
            return _Plan("product", tuple([self.structures.all_of(group) for group in groups]))
        if len(groups) > 1 and node.kind == "any":
            return _Plan("coproduct", tuple([self.structures.any_of(group) for group in groups]))
        uses = self._uses(number)
        return self._decided(number, uses) or self._split(number, uses)

    def _decided(self, number: int, uses: Counter[int]) -> _Plan | None:
        """Return the plan that drops each child from inside the others: a and (a or b) is a, a or (a and b) is a."""
        node = self.structures.nodes[number]
        state = {"all": WORKS, "any": FAILS}.get(node.kind)
        known = {child: state for child in node.children if uses[child] > 1 and state is not None}
        if not known:
            return None
        image = self.structures.inside(number, known)
        children = [image.get(child, child) for child in node.children]
        return _Plan(
            "product", (self.structures.all_of(children) if node.kind == "all" else self.structures.any_of(children),)
        )

    def _split(self, number: int, uses: Counter[int]) -> _Plan:
        """Return the plan that conditions on the most used part which is independent of everything outside it."""
        self.conditionings += 1
        if self.conditionings > MOST_CONDITIONINGS:
            raise ValueError(
                f"structure must need at most {MOST_CONDITIONINGS:,} conditionings for its exact probability, got more; "
                "let fewer alternatives share the same services, or split the file into smaller systems"
            )
        shared = sorted((part for part, count in uses.items() if count > 1), key=lambda part: (-uses[part], part))
        pivot = next(part for part in shared if self._stands_alone(part, uses))
        return _Plan(
            "split", (pivot, self.structures.given(number, pivot, WORKS), self.structures.given(number, pivot, FAILS))
        )

    def _uses(self, number: int) -> Counter[int]:
        """Return how often each function inside another one is used there."""
        nodes = self.structures.nodes
        return Counter(chain.from_iterable([nodes[below].children for below in self.structures.below(number)]))

    def _stands_alone(self, part: int, uses: Counter[int]) -> bool:
        """Return whether everything inside `part` is used nowhere else."""
        return all(uses[inside] == count for inside, count in self._uses(part).items())

    def _independent_groups(self, children: Sequence[int]) -> list[list[int]]:
        """Return the children grouped so that no variable is in two groups."""
        nodes = self.structures.nodes
        once = twice = 0
        for child in children:
            twice |= once & nodes[child].variables
            once |= nodes[child].variables
        groups = [[child] for child in children if not nodes[child].variables & twice]
        sharing: list[tuple[int, list[int]]] = []
        for child in children:
            variables, members = nodes[child].variables, [child]
            if not variables & twice:
                continue
            apart = []
            for other, group in sharing:
                if other & variables:
                    variables, members = variables | other, group + members
                else:
                    apart.append((other, group))
            sharing = [*apart, (variables, members)]
        return groups + [members for _, members in sharing]

    def _combined(self, plan: _Plan) -> Chance:
        chances = [self._found[part] for part in plan.parts]
        if plan.rule == "product":
            return _product(chances)
        if plan.rule == "coproduct":
            return 1 - _product([1 - chance for chance in chances])
        if plan.rule == "count":
            return _counted(plan.needs, chances)[-1]
        if plan.rule == "complement":
            return 1 - chances[0]
        part, if_works, if_fails = chances
        return part * if_works + (1 - part) * if_fails

    def _slopes(self, plan: _Plan) -> list[float]:
        """Return the derivative of the plan's result by the probability of each of its parts."""
        chances = [float(self._found[part]) for part in plan.parts]
        if plan.rule == "product":
            return _products_of_others(chances)
        if plan.rule == "coproduct":
            return _products_of_others([1 - chance for chance in chances])
        if plan.rule == "count":
            decisive: dict[float, float] = {}
            for index, chance in enumerate(chances):
                if chance not in decisive:
                    others = chances[:index] + chances[index + 1 :]
                    decisive[chance] = float(_counted(plan.needs, others)[-2])
            return [decisive[chance] for chance in chances]
        if plan.rule == "complement":
            return [-1.0]
        part, if_works, if_fails = chances
        return [if_works - if_fails, part, 1 - part]


def at_least_of_equals(needs: int, replicas: int, chance: Chance) -> Chance:
    """Return the probability that at least `needs` of `replicas` independent instances work, each with `chance`.

    >>> round(at_least_of_equals(3, 5, 0.99), 8)
    0.99999015
    """
    return _counted(needs, [chance] * replicas)[-1]


def _counted(needs: int, chances: Sequence[Chance]) -> list[Chance]:
    """Return the probabilities that exactly 0, 1, …, needs - 1 and that at least `needs` of the parts work."""
    counts: list[Chance] = [1, *[0] * needs]
    for seen, chance in enumerate(chances, start=1):
        if seen >= needs:
            counts[needs] += counts[needs - 1] * chance
        for working in range(min(seen, needs - 1), 0, -1):
            counts[working] = counts[working] * (1 - chance) + counts[working - 1] * chance
        counts[0] *= 1 - chance
    return counts


def _product(chances: Sequence[Chance]) -> Chance:
    result: Chance = 1
    for chance in chances:
        result *= chance
    return result


def _products_of_others(chances: Sequence[float]) -> list[float]:
    """Return, for each position, the product of all the other chances; no division, so a zero is no trouble."""
    before, after = [1.0], [1.0]
    for chance in chances[:-1]:
        before.append(before[-1] * chance)
    for chance in reversed(chances[1:]):
        after.append(after[-1] * chance)
    return [first * last for first, last in zip(before, reversed(after), strict=True)]
