"""The JSON of a Protocol Buffers message as its documentation maps it, and what each of the characters is for.

Names are in lowerCamelCase, integers of 64 bits are strings, defaults are left out, and there is no white space.

Source:
    Google, "ProtoJSON Format", Protocol Buffers documentation, https://protobuf.dev/programming-guides/json/
"""

import json
import re
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from labs_py.model.protobuf_wire import Field, MessageType, Piece

_WIDE = ("int64", "uint64", "sint64")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def to_json(type_: MessageType, message: Mapping[str, Any]) -> str:
    """Return a message as JSON without white space.

    >>> price = MessageType("Price", [Field(1, "currency_code", "string"), Field(2, "units", "int64")])
    >>> to_json(price, {"units": 19, "currency_code": "USD"})
    '{"currencyCode":"USD","units":"19"}'
    """
    return json.dumps(_mapped(type_, message), ensure_ascii=False, separators=(",", ":"))


def _mapped(type_: MessageType, message: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for field in type_.fields:
        value = message.get(field.name)
        if field.repeated:
            if value:
                found[_name(field)] = [_one(field, item) for item in value]
        elif value is not None and (value or field.type):
            found[_name(field)] = _one(field, value)
    return found


def _name(field: Field) -> str:
    return field.json_name or _camel(field.name)


@cache
def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _one(field: Field, value: Any) -> Any:
    if field.type:
        return _mapped(field.type, value)
    if field.kind in _WIDE:
        return str(value)
    return _shortest(value) if field.kind == "float" else value


def _shortest(value: float) -> float:
    """Return the number of fewest digits that is the same when it is kept in 32 bits.

    >>> _shortest(struct.unpack("<f", struct.pack("<f", 9.768923))[0])
    9.768923
    """
    bits = struct.pack("<f", value)
    tries = (float(f"{value:.{digits}g}") for digits in range(6, 9))
    return next((found for found in tries if struct.pack("<f", found) == bits), float(f"{value:.9g}"))


def json_pieces(text: str) -> Iterator[Piece]:
    """Yield what the bytes of a JSON text without white space are for: "name", "sign" (brackets, colons, commas) or "value".

    >>> [(piece.start, piece.end, piece.kind) for piece in json_pieces('{"id":"é"}')]
    [(0, 1, 'sign'), (1, 5, 'name'), (5, 6, 'sign'), (6, 10, 'value'), (10, 11, 'sign')]
    """
    at = 0
    for token in _TOKEN.finditer(text):
        word = token.group()
        kind = "sign" if word in "{}[],:" else "name" if text[token.end() : token.end() + 1] == ":" else "value"
        size = len(word.encode())
        yield Piece(at, at + size, kind, word, word, "")
        at += size
