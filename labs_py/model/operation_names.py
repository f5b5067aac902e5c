"""Names of operations without what is different in every request: a tracer may write `GET /user/123` where one operation is meant.

Between two slashes, or after an equals sign, a number, a UUID and eight or more hexadecimal digits (one of them a digit from 0 to 9) become
`{id}`. What follows a question mark in an address is left out. Whoever still has too many names gets one for the rest of them.

>>> names = OperationNames(Counter())
>>> names.plain("shop", "GET /user/123/cart?page=2"), names.plain("shop", "GET /v2/health")
(('shop', 'GET /user/{id}/cart'), ('shop', 'GET /v2/health'))
"""

import re
from collections import Counter

MOST_NAMES = 1_000
MOST_SERVICES = 500
REST = "(other operations)"
OTHERS = "(other services)"
REPLACED = "spans with an id or a query in the operation's name, put as {id} or left out"
TOO_MANY = f"spans beyond {MOST_NAMES:,} operations or {MOST_SERVICES:,} services, put together as “other”"

_LONGEST = 200
_QUERY = re.compile(r"(?<=/)([^\s?]*)\?\S*")
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID = re.compile(rf"(?<=[/=])(?:\d+|{_UUID}|(?=[a-fA-F]*\d)[0-9a-fA-F]{{8,}})(?=[/\s&;,:.]|$)")


class OperationNames:
    """Makes names plain, and counts in `repairs` for how many spans it had to."""

    def __init__(self, repairs: Counter[str]) -> None:
        self._repairs = repairs
        self._known: dict[tuple[str, str], tuple[str, str]] = {}
        self._plain: set[tuple[str, str]] = set()
        self._services: set[str] = set()

    def plain(self, service: str, operation: str) -> tuple[str, str]:
        """Return the names to use; equal ones are one and the same object, which saves memory."""
        given = (service, operation)
        found = self._known.get(given)
        if found is None:
            found = self._found(service, operation)
            if len(self._known) < 10 * MOST_NAMES:
                self._known[given] = found
        if found[1] != operation:
            self._repairs[TOO_MANY if found[1] == REST else REPLACED] += 1
        return found

    def _found(self, service: str, operation: str) -> tuple[str, str]:
        short = operation[:_LONGEST]
        name = _ID.sub("{id}", _QUERY.sub(r"\1", short)) if "/" in short or "=" in short else short
        if service not in self._services and len(self._services) >= MOST_SERVICES:
            return OTHERS, REST
        self._services.add(service)
        found = (service, name)
        if found not in self._plain and len(self._plain) >= MOST_NAMES:
            return service, REST
        self._plain.add(found)
        return found
