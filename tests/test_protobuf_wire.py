"""The wire format: the same bytes as Google's own package, in both directions, and nothing but a `WireError` for what is no message."""

import json
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError, Message
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.protobuf_json import json_pieces, to_json
from labs_py.model.protobuf_wire import (
    WIRE_TYPES,
    Field,
    MessageType,
    WireError,
    decode,
    encode,
    from_zigzag,
    pieces,
    read_varint,
    varint,
    zigzag,
)
from labs_py.model.wire_samples import SAMPLES, sample

INNER = MessageType("Inner", [Field(1, "count", "sint32"), Field(3, "words", "string", repeated=True)])
KINDS = [kind for kind in WIRE_TYPES if kind != "message"]
ALL = MessageType(
    "All",
    [
        *(Field(number, f"one_{kind}", kind) for number, kind in enumerate(KINDS, 1)),
        Field(15, "inner", "message", INNER),
        *(Field(number, f"many_{kind}", kind, repeated=True) for number, kind in enumerate(KINDS, 16)),
        Field(3000, "inners", "message", INNER, repeated=True),
    ],
)


def official(type_: MessageType) -> type[Message]:
    """The class that Google's package makes of a message type; each in a file and a pool of its own."""
    file = descriptor_pb2.FileDescriptorProto(name="course.proto", package="course", syntax="proto3")
    described: set[str] = set()

    def describe(item: MessageType) -> None:
        if item.name in described:
            return
        described.add(item.name)
        message = file.message_type.add(name=item.name)
        for field in item.fields:
            added = message.field.add(name=field.name, number=field.number, json_name=field.json_name or None)
            added.label = added.LABEL_REPEATED if field.repeated else added.LABEL_OPTIONAL
            added.type = getattr(added, f"TYPE_{field.kind.upper()}")
            if field.type:
                added.type_name = f".course.{field.type.name}"
                describe(field.type)

    describe(type_)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"course.{type_.name}"))


def as_official(type_: MessageType, message: Any, whole: type[Message] | None = None) -> Message:
    """The message as an object of Google's package."""

    def fill(kind: MessageType, target: Any, content: Any) -> None:
        for field in kind.fields:
            if field.name not in content:
                continue
            value = content[field.name]
            if field.type and field.repeated:
                for item in value:
                    fill(field.type, getattr(target, field.name).add(), item)
            elif field.type:
                getattr(target, field.name).SetInParent()
                fill(field.type, getattr(target, field.name), value)
            elif field.repeated:
                getattr(target, field.name).extend(value)
            else:
                setattr(target, field.name, value)

    made = (whole or official(type_))()
    fill(type_, made, message)
    return made


def float32(value: float) -> float:
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "sint32": st.integers(-(2**31), 2**31 - 1),
    "sint64": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "string": st.text(st.characters(codec="utf-8"), max_size=12),
    "double": st.floats(allow_nan=False),
    "float": st.floats(width=32, allow_nan=False),
}
INNERS = st.fixed_dictionaries(
    {}, optional={"count": VALUES["sint32"], "words": st.lists(VALUES["string"], max_size=3)}
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        **{f"one_{kind}": VALUES[kind] for kind in KINDS},
        **{f"many_{kind}": st.lists(VALUES[kind], max_size=4) for kind in KINDS},
        "inner": INNERS,
        "inners": st.lists(INNERS, max_size=3),
    },
)
OFFICIAL = official(ALL)


def sent(type_: MessageType, message: Any) -> dict[str, Any]:
    """What of a message is sent: no defaults, but messages though they are empty, and −0.0."""
    found: dict[str, Any] = {}
    for field in type_.fields:
        value = message.get(field.name)
        if value is None or value == []:
            continue
        if field.type:
            found[field.name] = (
                [sent(field.type, item) for item in value] if field.repeated else sent(field.type, value)
            )
        elif field.repeated or value or (isinstance(value, float) and str(value) == "-0.0"):
            found[field.name] = value
    return found


@given(MESSAGES)
def test_the_bytes_are_those_of_googles_package_and_come_back_as_the_message(message: dict[str, Any]) -> None:
    data = encode(ALL, message)
    assert data == as_official(ALL, message, OFFICIAL).SerializeToString(deterministic=True)
    assert decode(ALL, data) == sent(ALL, message)
    found = list(pieces(ALL, data))
    assert [piece.start for piece in found] == [0, *(piece.end for piece in found)][: len(found)]
    assert not found or found[-1].end == len(data)


@given(st.binary(max_size=40))
def test_what_is_read_of_any_bytes_is_what_google_reads(data: bytes) -> None:
    theirs = OFFICIAL()
    try:
        ours = decode(ALL, data)
    except (WireError, UnicodeDecodeError):  # we refuse groups, which Google's package still reads
        return
    try:
        theirs.ParseFromString(data)
    except DecodeError:
        pytest.fail("Google's package refuses this")
    again = OFFICIAL()
    again.ParseFromString(encode(ALL, ours))
    theirs.DiscardUnknownFields()  # type: ignore[attr-defined]
    assert again.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)


@given(MESSAGES, MESSAGES)
def test_bytes_put_together_are_messages_merged(first: dict[str, Any], second: dict[str, Any]) -> None:
    both = encode(ALL, first) + encode(ALL, second)
    theirs = OFFICIAL()
    theirs.ParseFromString(both)
    assert encode(ALL, decode(ALL, both)) == theirs.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_what_googles_package_writes(name: str) -> None:
    kind, message = SAMPLES[name].type, sample(name, 7)
    theirs = as_official(kind, message)
    assert encode(kind, message) == theirs.SerializeToString(deterministic=True)
    assert json.loads(to_json(kind, message)) == json.loads(json_format.MessageToJson(theirs))
    text = to_json(kind, message)
    assert b"".join(text.encode()[piece.start : piece.end] for piece in json_pieces(text)) == text.encode()


@given(VALUES["sint64"], VALUES["sint64"])
def test_zigzag_comes_back_and_keeps_the_order_of_sizes(first: int, second: int) -> None:
    assert from_zigzag(zigzag(first)) == first
    if abs(first) < abs(second):
        assert zigzag(first) < zigzag(second)


@given(VALUES["uint64"])
def test_a_varint_comes_back_and_is_as_short_as_it_can_be(value: int) -> None:
    data = varint(value)
    assert read_varint(b"\xff" + data + b"\x00", 1) == (value, 1 + len(data))
    assert len(data) == max(1, -(-value.bit_length() // 7))
    assert all(a & 0x80 for a, _ in pairwise(data))


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: varint(-1), r"value must be a whole number from 0 to 2\*\*64 - 1, got -1"),
    (lambda: encode(INNER, {"count": 2**31}), "sint32 must be from -2147483648 to 2147483647, got 2147483648"),
    (lambda: encode(INNER, {"number": 1}), "field of Inner must be one of its own, got 'number'"),
    (lambda: decode(INNER, b"\x08"), "varint must end before the data do, got nothing at byte 1"),
    (lambda: decode(INNER, b"\x08" + b"\xff" * 11), "varint must have at most ten bytes"),
    (lambda: decode(INNER, b"\x00\x00"), "field number must be at least 1, got 0 at byte 0"),
    (lambda: decode(INNER, b"\x0b"), "wire type must be one of 0, 1, 2 and 5, got 3 at byte 0"),
    (lambda: decode(INNER, b"\x1a\x05a"), "field 3 must end within its 3 bytes, got 7"),
]


@pytest.mark.parametrize(("call", "says"), REFUSED)
def test_what_cannot_be_sent_or_read_is_refused_with_its_place(call: Callable[[], object], says: str) -> None:
    with pytest.raises(WireError, match=says):
        call()
