"""The wire format of Protocol Buffers: messages of a known type to bytes and back, and what each of the bytes means.

A message is a mapping from field names to values. As in proto3, a value that is the default (zero, empty, false) is not sent, and a
repeated number is packed. Left out: groups, which are deprecated, `oneof`, maps, enumerations and extensions.

Source:
    Google, "Encoding", Protocol Buffers documentation, https://protobuf.dev/programming-guides/encoding/
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

VARINT, I64, LEN, I32 = 0, 1, 2, 5
WIRE_TYPES: Mapping[str, int] = {
    **dict.fromkeys(("int32", "int64", "uint64", "sint32", "sint64", "bool"), VARINT),
    **dict.fromkeys(("string", "message"), LEN),
    "double": I64,
    "float": I32,
}
_NAMES = {VARINT: "VARINT", I64: "I64", LEN: "LEN", I32: "I32"}
_BITS = {"int32": 32, "int64": 64, "sint32": 32, "sint64": 64}
_FORMATS = {"double": "<d", "float": "<f"}
_LONGEST_VARINT = 10
_MOST = 2**64 - 1


class WireError(ValueError):
    """Bytes that are no message, or a value that its field cannot hold."""


@dataclass(frozen=True)
class Field:
    """A field of a message type: its number (at least 1), its name, its kind (a key of `WIRE_TYPES`) and, for messages, their type.

    `json_name` replaces the name that the field has in JSON.
    """

    number: int
    name: str
    kind: str
    type: "MessageType | None" = None
    repeated: bool = False
    json_name: str = ""

    @property
    def packed(self) -> bool:
        """Whether all its values share one record."""
        return self.repeated and WIRE_TYPES[self.kind] != LEN


@dataclass(frozen=True)
class MessageType:
    """A message type: its name and its fields in the order of their numbers."""

    name: str
    fields: Sequence[Field]

    @cached_property
    def by_number(self) -> Mapping[int, Field]:
        """The fields by their numbers."""
        return {field.number: field for field in self.fields}


@dataclass(frozen=True)
class Record:
    """One record, as it can be read without the type: its field number and wire type, where each part begins and ends, and what it holds."""

    number: int
    wire_type: int
    start: int
    tag_end: int
    value_start: int
    end: int
    value: int | bytes


@dataclass(frozen=True)
class Piece:
    """Bytes that belong together: the first, the one after the last, what they are ("tag", "length", "number" or "text"), and what they say.

    `brief` is the same in as few letters as fit above the bytes, and `field` is the path of names to the field.
    """

    start: int
    end: int
    kind: str
    brief: str
    says: str
    field: str


def varint(value: int) -> bytes:
    """Return a whole number from 0 to 2**64 - 1 in groups of seven bits, the lowest first; all but the last have their top bit set.

    >>> varint(1).hex(), varint(150).hex(), len(varint(2**64 - 1))
    ('01', '9601', 10)
    """
    if not 0 <= value <= _MOST:
        raise WireError(f"value must be a whole number from 0 to 2**64 - 1, got {value}")
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that starts at a place, and the place behind it.

    >>> read_varint(bytes.fromhex("9601"), 0)
    (150, 2)

    Raises:
        WireError: the data end within the number, or it has more than ten bytes or 64 bits.
    """
    value = 0
    for place in range(at, min(len(data), at + _LONGEST_VARINT)):
        value |= (data[place] & 0x7F) << 7 * (place - at)
        if data[place] < 0x80:
            if value > _MOST:
                raise WireError(f"varint must have at most 64 bits, got {value.bit_length()} at byte {at}")
            return value, place + 1
    rule = "end before the data do" if len(data) < at + _LONGEST_VARINT else "have at most ten bytes"
    raise WireError(f"varint must {rule}, got {data[at : at + _LONGEST_VARINT].hex(' ') or 'nothing'} at byte {at}")


def zigzag(value: int) -> int:
    """Return a whole number as one that is not negative: 0, -1, 1, -2 and 2 become 0, 1, 2, 3 and 4.

    >>> [zigzag(value) for value in (0, -1, 1, -2, 2147483647, -2147483648)]
    [0, 1, 2, 3, 4294967294, 4294967295]
    """
    return 2 * value if value >= 0 else -2 * value - 1


def from_zigzag(value: int) -> int:
    """Return the number that `zigzag` made a `value` of.

    >>> [from_zigzag(value) for value in range(5)]
    [0, -1, 1, -2, 2]
    """
    return value // 2 if value % 2 == 0 else -(value + 1) // 2


def encode(type_: MessageType, message: Mapping[str, Any]) -> bytes:
    """Return a message as bytes, its fields in the order of their numbers.

    Raises:
        WireError: the type has no such field, or a value is outside of what its kind can hold.
    """
    unknown = message.keys() - {field.name for field in type_.fields}
    if unknown:
        raise WireError(f"field of {type_.name} must be one of its own, got {min(unknown)!r}")
    return b"".join(_field(field, message[field.name]) for field in type_.fields if field.name in message)


def _field(field: Field, value: Any) -> bytes:
    if field.packed:
        content = b"".join(_scalar(field.kind, item) for item in value)
        return _tagged(field, LEN, content) if content else b""
    if field.repeated:
        return b"".join(_single(field, item) for item in value)
    # A default is left out; a message that is there is sent though it may be empty, and so is -0.0, whose bits are not all zero.
    if field.kind != "message" and not value and not (field.kind in _FORMATS and any(_scalar(field.kind, value))):
        return b""
    return _single(field, value)


def _single(field: Field, value: Any) -> bytes:
    if field.type:
        return _tagged(field, LEN, encode(field.type, value))
    if field.kind == "string":
        return _tagged(field, LEN, value.encode())
    return varint(field.number << 3 | WIRE_TYPES[field.kind]) + _scalar(field.kind, value)


def _tagged(field: Field, wire_type: int, content: bytes) -> bytes:
    return varint(field.number << 3 | wire_type) + varint(len(content)) + content


def _scalar(kind: str, value: Any) -> bytes:
    if kind in _FORMATS:
        return struct.pack(_FORMATS[kind], value)
    if kind in _BITS:
        half = 2 ** (_BITS[kind] - 1)
        if not -half <= value < half:
            raise WireError(f"{kind} must be from {-half} to {half - 1}, got {value}")
        # A negative int32 is sent with 64 bits, so that a reader that knows it as int64 sees the same number.
        return varint(zigzag(value) if kind.startswith("s") else value & _MOST)
    return varint(int(value))


def records(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Record]:
    """Yield the records between two places: as much as can be read without knowing the type.

    Raises:
        WireError: the bytes are no records.
    """
    at, stop = start, len(data) if end is None else end
    while at < stop:
        tag, value_start = read_varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if not number:
            raise WireError(f"field number must be at least 1, got 0 at byte {at}")
        tag_end, value = value_start, 0
        if wire_type == VARINT:
            value, after = read_varint(data, value_start)
        elif wire_type in (I64, I32):
            after = value_start + (8 if wire_type == I64 else 4)
        elif wire_type == LEN:
            size, value_start = read_varint(data, value_start)
            after = value_start + size
        else:
            raise WireError(f"wire type must be one of 0, 1, 2 and 5, got {wire_type} at byte {at}")
        if after > stop:
            raise WireError(f"field {number} must end within its {stop} bytes, got {after}")
        yield Record(
            number,
            wire_type,
            at,
            tag_end,
            value_start,
            after,
            value if wire_type == VARINT else data[value_start:after],
        )
        at = after


def decode(type_: MessageType, data: bytes) -> dict[str, Any]:
    """Return the message that the bytes are; fields that are not in them are left out, and fields that the type does not know are skipped.

    Where a field comes twice, the last value counts, and messages are merged.

    Raises:
        WireError: the bytes are no message of this type.
    """
    found: dict[str, Any] = {}
    for record in records(data):
        field = type_.by_number.get(record.number)
        if field is None:
            continue
        if field.repeated and (values := _values(field, record)) is not None:
            found.setdefault(field.name, []).extend(values)
        elif record.wire_type == WIRE_TYPES[field.kind]:
            value = _value(field, record.value)
            merged = field.type and field.name in found
            found[field.name] = _merged(field.type, found[field.name], value) if merged else value  # type: ignore[arg-type]
    return found


def _values(field: Field, record: Record) -> list[Any] | None:
    """Return what one record adds to a repeated field, packed or not; None if it is of neither form."""
    if record.wire_type == WIRE_TYPES[field.kind]:
        return [_value(field, record.value)]
    if field.packed and isinstance(record.value, bytes) and record.wire_type == LEN:
        return [_value(field, part) for _, _, part in _packed(field.kind, record.value)]
    return None


def _packed(kind: str, data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Yield where each number of a packed record starts and ends, and its bits."""
    at = 0
    while at < len(data):
        if WIRE_TYPES[kind] == VARINT:
            bits, after = read_varint(data, at)
            yield at, after, bits
        else:
            after = at + struct.calcsize(_FORMATS[kind])
            if after > len(data):
                raise WireError(f"packed numbers must end within {len(data)} bytes, got {after}")
            yield at, after, data[at:after]
        at = after


def _value(field: Field, raw: int | bytes) -> Any:
    if field.type and isinstance(raw, bytes):
        return decode(field.type, raw)
    return _scalar_of(field.kind, raw)


def _scalar_of(kind: str, raw: int | bytes) -> Any:
    if isinstance(raw, bytes):
        return raw.decode() if kind == "string" else struct.unpack(_FORMATS[kind], raw)[0]
    if kind == "bool":
        return bool(raw)
    if kind not in _BITS:
        return raw
    bits = raw & 2 ** _BITS[kind] - 1
    if kind.startswith("s"):
        return from_zigzag(bits)
    return bits - 2 ** _BITS[kind] if bits >> _BITS[kind] - 1 else bits


def _merged(type_: MessageType, first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    both = {**first, **second}
    for field in type_.fields:
        if field.name in first and field.name in second and (field.repeated or field.type):
            before, after = first[field.name], second[field.name]
            both[field.name] = [*before, *after] if field.repeated else _merged(field.type, before, after)  # type: ignore[arg-type]
    return both


def pieces(type_: MessageType, data: bytes, start: int = 0, end: int | None = None, path: str = "") -> Iterator[Piece]:
    """Yield what each of the bytes of a message means, in their order and without a gap.

    >>> price = MessageType("Price", [Field(1, "currency", "string"), Field(2, "units", "int64")])
    >>> [(piece.kind, piece.says) for piece in pieces(price, bytes.fromhex("0a03555344109601"))][:3]
    [('tag', 'field 1, LEN'), ('length', '3 bytes'), ('text', '“USD”')]
    """
    for record in records(data, start, end):
        field = type_.by_number.get(record.number)
        name = path + (field.name if field else f"unknown field {record.number}")
        wire = _NAMES[record.wire_type]
        yield Piece(
            record.start, record.tag_end, "tag", f"{record.number}:{wire[0]}", f"field {record.number}, {wire}", name
        )
        if record.wire_type == LEN:
            size = record.end - record.value_start
            says = f"{size} byte" + "s" * (size != 1)
            yield Piece(record.tag_end, record.value_start, "length", f"={size}", says, name)
        yield from _content(field, data, record, name)


def _content(field: Field | None, data: bytes, record: Record, name: str) -> Iterator[Piece]:
    if field and field.type and record.wire_type == LEN:
        yield from pieces(field.type, data, record.value_start, record.end, name + ".")
    elif field and field.packed and isinstance(record.value, bytes) and record.wire_type == LEN:
        for first, after, bits in _packed(field.kind, record.value):
            says = f"{_scalar_of(field.kind, bits):.7g}"
            yield Piece(record.value_start + first, record.value_start + after, "number", says, says, name)
    elif record.end > record.value_start:
        if field and field.kind == "string":
            says, kind = f"“{_scalar_of('string', record.value)}”", "text"
        else:
            known = field and record.wire_type == WIRE_TYPES[field.kind]
            value = _scalar_of(field.kind, record.value) if known and field else record.value
            says, kind = f"{value:.7g}" if isinstance(value, float) else str(value), "number"
        yield Piece(record.value_start, record.end, kind, says, says, name)
