"""JSON documents read a piece at a time: a file may be larger than memory, one element of its long array may not.

Reads one document or many, one after another with or without line breaks between them.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Any

_SPACE = " \t\r\n\ufeff"
_DECODER = JSONDecoder()
_DEEPEST = 200  # levels within one element
_SLICE = 2_048
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_LONGEST_TOKEN = 16  # of those that are not strings or numbers: -Infinity, \\u escapes


class JSONStreamError(ValueError):
    """The text is not JSON; `position` counts characters from the start of the file."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def elements(chunks: Iterable[str], arrays: Collection[str]) -> Iterator[tuple[str, Any]]:
    r"""Yield the elements of long arrays, each with the key of its array, from the pieces of a text.

    An array is long when it is a document itself (its key is then "") or the value of one of the keys `arrays` of a document. Every
    other member of a document comes with its key and its value as a whole, a document that is neither object nor array with the key "".

    >>> list(elements(['{"data": [1, {"a"', ': 2}], "total": 2}\n[3]'], ["data"]))
    [('data', 1), ('data', {'a': 2}), ('total', 2), ('', 3)]

    Raises:
        JSONStreamError: what is read is not JSON, or ends in the middle of a document.
    """
    text = _Text(chunks)
    while (character := text.next()) != "":
        if character == "[":
            yield from (("", item) for item in _array(text))
        elif character == "{":
            yield from _members(text, arrays)
        else:
            yield "", text.value()


def _members(text: "_Text", arrays: Collection[str]) -> Iterator[tuple[str, Any]]:
    text.take("{")
    if text.next() == "}":
        text.take("}")
        return
    while True:
        key = text.value()
        if not isinstance(key, str):
            raise text.error(f"a key must be a string, got {key!r}")
        text.take(":")
        if key in arrays and text.next() == "[":
            yield from ((key, item) for item in _array(text))
        else:
            yield key, text.value()
        if text.take(",}") == "}":
            return


def _array(text: "_Text") -> Iterator[Any]:
    text.take("[")
    if text.next() == "]":
        text.take("]")
        return
    while True:
        yield text.value()
        if text.take(",]") == "]":
            return


class _Text:
    """The part of a text that has been read and not used."""

    def __init__(self, chunks: Iterable[str]) -> None:
        self._chunks = iter(chunks)
        self._held = ""
        self._at = 0
        self._used = 0

    def error(self, message: str) -> JSONStreamError:
        return JSONStreamError(message, self._used + self._at)

    def _more(self, least: int) -> bool:
        """Read at least `least` further characters, if there are so many; whether there was any."""
        parts: list[str] = []
        while least > 0 and (part := next(self._chunks, None)) is not None:
            parts.append(part)
            least -= len(part)
        if parts:
            self._used += self._at
            self._held = "".join([self._held[self._at :], *parts])
            self._at = 0
            self._refuse_depth()
        return bool(parts)

    def next(self) -> str:
        """The next character that is no space, still to be taken; "" at the end."""
        while True:
            while self._at < len(self._held):
                if self._held[self._at] not in _SPACE:
                    return self._held[self._at]
                self._at += 1
            if not self._more(1):
                return ""

    def take(self, expected: str) -> str:
        """Take the next character, which must be one of `expected`."""
        character = self.next()
        if character == "" or character not in expected:
            got = "the end of the file" if character == "" else repr(character)
            raise self.error(f"expected {' or '.join(expected)}, got {got}")
        self._at += 1
        return character

    def _refuse_depth(self) -> None:
        """Refuse what is nested too deep, unparsed: a browser's stack ends without a RecursionError."""
        depth, held = 0, self._held
        for start in range(0, len(held), _SLICE):
            part = held[start : start + _SLICE]
            opened = part.count("{") + part.count("[")
            if depth + opened > _DEEPEST:
                break
            depth = max(0, depth + opened - part.count("}") - part.count("]"))
        else:
            return
        # It may be. Brackets in strings do not count.
        depth = 0
        for found in _BRACKETS.finditer(held):
            depth = max(0, depth + (1 if found[0] in "[{" else -1 if found[0] in "]}" else 0))
            if depth > _DEEPEST:
                raise self.error("nested too deep")

    def value(self) -> Any:
        """Take the next value, reading on until it is whole.

        What is held doubles with every attempt, so that a large value is parsed few times.
        """
        if self.next() == "":
            raise self.error("expected a value, got the end of the file")
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except JSONDecodeError as error:
                # What is wrong long before the end does not become right by reading on.
                cut_off = error.msg.startswith("Unterminated") or error.pos > len(self._held) - _LONGEST_TOKEN
                if cut_off and self._more(max(1, len(self._held) - self._at)):
                    continue
                raise JSONStreamError(error.msg, self._used + error.pos) from None
            except RecursionError:
                raise self.error("nested too deep") from None
            except ValueError:  # Python refuses more than 4,300 digits: their work would grow with their square
                raise self.error("a number has too many digits") from None
            # A number may go on in the next piece, after a point or an exponent's sign too.
            if end >= len(self._held) - 2 and isinstance(value, int | float) and self._more(3):
                continue
            self._at = end
            return value
