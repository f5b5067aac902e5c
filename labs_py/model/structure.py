"""Structure functions: which sets of working parts make the whole work.

A structure function maps the state of every part (works or not) to the state of the whole. It is built here from
variables with "all of", "any of", "at least k of" and "not". Equal expressions are stored once and known by a number
(hash consing), so a part that several others share is one part.

Source:
    R. E. Barlow and F. Proschan, "Statistical Theory of Reliability and Life Testing", 1975, chapter 1.

>>> parts = Structures()
>>> app, database = parts.variable("app"), parts.variable("database")
>>> parts.any_of([parts.all_of([app, database]), FAILS]) == parts.all_of([database, app, WORKS])
True
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

type Kind = Literal["constant", "variable", "all", "any", "at least", "not"]

FAILS, WORKS = 0, 1


class Node(NamedTuple):
    """One structure function: `needs` counts for "at least" only; `variables` has one bit for each variable below."""

    kind: Kind
    needs: int
    children: tuple[int, ...]
    variables: int


class Structures:
    """A store of structure functions. `FAILS` (0) and `WORKS` (1) are the constants; a child's number is below its parent's."""

    def __init__(self) -> None:
        self.nodes: list[Node] = [Node("constant", 0, (), 0), Node("constant", 1, (), 0)]
        self.names: dict[int, str] = {}
        self._known: dict[tuple[Kind, int, tuple[int, ...]], int] = {}
        self._variables: dict[str, int] = {}

    def variable(self, name: str) -> int:
        """Return the function that works when the part called `name` works; the same number for the same name."""
        if name not in self._variables:
            self.nodes.append(Node("variable", 0, (), 1 << len(self._variables)))
            self._variables[name] = len(self.nodes) - 1
            self.names[len(self.nodes) - 1] = name
        return self._variables[name]

    def all_of(self, children: Iterable[int]) -> int:
        """Return the function that works when all `children` do (a series system)."""
        return self._gate("all", children, neutral=WORKS)

    def any_of(self, children: Iterable[int]) -> int:
        """Return the function that works when at least one of `children` does (a parallel system)."""
        return self._gate("any", children, neutral=FAILS)

    def at_least(self, needs: int, children: Iterable[int]) -> int:
        """Return the function that works when at least `needs` of `children` do; a child given twice counts twice."""
        members = list(children)
        needs -= members.count(WORKS)
        members = sorted(child for child in members if child > WORKS)
        if needs <= 0:
            return WORKS
        if needs > len(members):
            return FAILS
        if needs == 1:
            return self.any_of(members)
        if needs == len(members):
            return self.all_of(members)
        return self._store("at least", needs, tuple(members))

    def negation(self, child: int) -> int:
        """Return the function that works when `child` does not."""
        if child <= WORKS:
            return 1 - child
        node = self.nodes[child]
        return node.children[0] if node.kind == "not" else self._store("not", 0, (child,))

    def given(self, function: int, part: int, state: int) -> int:
        """Return `function` with the function `part` replaced by `WORKS` or `FAILS` wherever it occurs, simplified."""
        return state if function == part else self.inside(function, {part: state}).get(function, function)

    def inside(self, function: int, known: Mapping[int, int]) -> dict[int, int]:
        """Return what `function` and the functions inside it become when those in `known` are replaced where they are used.

        Functions that stay as they are may be left out.
        """
        touched = 0
        for part in known:
            touched |= self.nodes[part].variables
        image: dict[int, int] = {}
        used = dict(known)
        for number in self.below(function, touched):
            node = self.nodes[number]
            children = tuple([used.get(child, child) for child in node.children])
            image[number] = self._rebuilt(node, children) if children != node.children else number
            used.setdefault(number, image[number])
        return image

    def below(self, function: int, touched: int = -1) -> list[int]:
        """Return `function` and all it is made of, children first; only what depends on some of the `touched` variables."""
        nodes = self.nodes
        seen, waiting = {function}, [function]
        while waiting:
            for child in nodes[waiting.pop()].children:
                if child not in seen and nodes[child].variables & touched:
                    seen.add(child)
                    waiting.append(child)
        return sorted(seen)

    def _rebuilt(self, node: Node, children: tuple[int, ...]) -> int:
        if node.kind == "at least":
            return self.at_least(node.needs, children)
        if node.kind == "not":
            return self.negation(children[0])
        return self.all_of(children) if node.kind == "all" else self.any_of(children)

    def _gate(self, kind: Literal["all", "any"], children: Iterable[int], neutral: int) -> int:
        members: set[int] = set()
        for child in children:
            if child == 1 - neutral:
                return child
            node = self.nodes[child]
            members.update(node.children if node.kind == kind else (child,))
        members.discard(neutral)
        if len(members) <= 1:
            return members.pop() if members else neutral
        return self._store(kind, 0, tuple(sorted(members)))

    def _store(self, kind: Kind, needs: int, children: tuple[int, ...]) -> int:
        key = (kind, needs, children)
        if key not in self._known:
            variables = 0
            for child in children:
                variables |= self.nodes[child].variables
            self.nodes.append(Node(kind, needs, children, variables))
            self._known[key] = len(self.nodes) - 1
        return self._known[key]
