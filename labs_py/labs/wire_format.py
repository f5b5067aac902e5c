"""One message, two encodings: Protocol Buffers leave out what both sides know, and gzip finds most of that by itself.

The bytes are made by the lab's own encoder. JSON is written as Protocol Buffers' documentation maps it, without white space.

Data:
    json_bytes, protobuf_bytes, json_gzip_bytes, protobuf_gzip_bytes: sizes of the chosen message.
    times_fewer, times_fewer_gzip: JSON's size over that of Protocol Buffers, and the same with gzip around both.
    names_share: share of the JSON that is field names and brackets, colons and commas.
    hex: the first 64 bytes of the message in hexadecimal.
    samples[S]: the sizes and ratios of every kind of message with the same number of items.

Source:
    Google, "Encoding", Protocol Buffers documentation, https://protobuf.dev/programming-guides/encoding/
    Google, "ProtoJSON Format", Protocol Buffers documentation, https://protobuf.dev/programming-guides/json/
    Google, Online Boutique, protos/demo.proto at commit 34ffea917,
        https://github.com/GoogleCloudPlatform/microservices-demo/blob/34ffea9175946982c3088ed84994fe6019ad6e92/protos/demo.proto
    Nils Larsgård, "Comparing sizes of protobuf vs json", https://nilsmagnus.github.io/post/proto-json-sizes/

>>> run(message="price").data["hex"]
'0a 03 55 53 44 10 23 18 80 e7 88 d8 03'
"""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import islice
from random import Random
from typing import Annotated, Any

from labs_py.checking import cases, first_difference, to_write
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model.protobuf_json import json_pieces, to_json
from labs_py.model.protobuf_wire import Field, MessageType, decode, encode, pieces, read_varint, varint, zigzag
from labs_py.model.wire_samples import SAMPLES, sample, sizes
from labs_py.numerals import count, significant
from labs_py.parameter import Choice, Range
from labs_py.report import Metric, Report, Table
from labs_py.wire_figures import byte_grid, ratio_lines, text_grid

_MOST = 50
_GRID = 96
_STEPS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50)
_PLAIN, _PACKED = "as they are", "with gzip"


def run(
    *,
    message: Annotated[str, Choice("Message", {name: item.label for name, item in SAMPLES.items()})] = "order",
    items: Annotated[int, Range("Items in its list", 1, _MOST, scale="log", hint="A price has no list.")] = 3,
) -> Report:
    """Return one message byte by byte in both encodings, and how their sizes compare."""
    made = SAMPLES[message]
    content = sample(message, items)
    data, text = encode(made.type, content), to_json(made.type, content)
    listed = {name: sizes(name, items) for name in SAMPLES}
    found = listed[message]
    read = list(json_pieces(text))
    names = sum(piece.end - piece.start for piece in read if piece.kind != "value") / found["json_bytes"]
    what = made.label if message == "price" else f"{made.label} of {items} {made.things}{'s' * (items != 1)}"
    return Report(
        _takeaway(message, items, found),
        [
            Metric("JSON", f"{found['json_bytes']:,} bytes", f"gzip: {found['json_gzip_bytes']:,}"),
            Metric("Protocol Buffers", f"{found['protobuf_bytes']:,} bytes", f"gzip: {found['protobuf_gzip_bytes']:,}"),
            Metric("Times fewer bytes", _times(found["times_fewer"]), f"gzip: {_times(found['times_fewer_gzip'])}"),
            byte_grid(data, list(islice(pieces(made.type, data), _GRID)), _GRID),
            text_grid(text, read, _GRID),
            *([] if message == "price" else [_growth(message, items)]),
            _compared(listed, items),
        ],
        {**found, "names_share": names, "hex": data[:64].hex(" "), "what": what, "samples": listed},
    )


def _times(ratio: float) -> str:
    return f"{significant(ratio, 2)}"


def _takeaway(message: str, items: int, found: Mapping[str, float]) -> str:
    made = SAMPLES[message]
    what = made.label if message == "price" else f"{made.label}, {items} {made.things}{'s' * (items != 1)}"
    return (
        f"{what}: {found['json_bytes']:,} bytes as JSON, {found['protobuf_bytes']:,} as Protocol Buffers, "
        f"{_compare(found['times_fewer'])}; with gzip around both, {_compare(found['times_fewer_gzip'])}."
    )


def _compare(ratio: float) -> str:
    if 0.995 < ratio < 1.005:
        return "as many"
    return f"{_times(ratio)} times fewer" if ratio > 1 else f"{_times(1 / ratio)} times as many"


def _growth(message: str, items: int) -> Any:
    steps = sorted({*_STEPS, items})
    series = {
        _PLAIN: [(float(step), sizes(message, step)["times_fewer"]) for step in steps],
        _PACKED: [(float(step), sizes(message, step)["times_fewer_gzip"]) for step in steps],
    }
    caption = (
        "How many times fewer bytes Protocol Buffers take than JSON, as the list grows; below the dashed line they take more. "
        f"Dots: {items}"
    )
    return ratio_lines(series, items, SAMPLES[message].things + "s", caption)


def _compared(listed: Mapping[str, Mapping[str, float]], items: int) -> Table:
    rows = [
        (
            SAMPLES[name].label,
            f"{found['json_bytes']:,}",
            f"{found['protobuf_bytes']:,}",
            _times(found["times_fewer"]),
            f"{found['json_gzip_bytes']:,}",
            f"{found['protobuf_gzip_bytes']:,}",
            _times(found["times_fewer_gzip"]),
        )
        for name, found in listed.items()
    ]
    columns = ["Message", "JSON", "Protobuf", "Times fewer", "JSON, gzip", "Protobuf, gzip", "Times fewer, gzip"]
    return Table(columns, rows, f"All messages, {items} items each: bytes, and how many times fewer")


# --- tasks and checks ----------------------------------------------------------------------------


@cache
def _shortest_order() -> int:
    return next(
        items
        for items in range(1, _MOST + 1)
        if sizes("order", items)["json_gzip_bytes"] < sizes("order", items)["protobuf_bytes"]
    )


def _check_varint(function: Callable[..., Any]) -> str:
    given = cases((150,), (0,), (127,), (128,), (2**64 - 1,), draw=lambda rng: (rng.getrandbits(rng.randint(1, 64)),))
    return first_difference("varint", function, lambda value: list(varint(value)), given)


def _drawn_tag(rng: Random) -> tuple[list[int]]:
    number, wire_type = rng.choice((rng.randint(1, 15), rng.randint(16, 2047), rng.randint(2048, 2**29 - 1))), 2
    tag = varint(number << 3 | rng.choice((0, 1, wire_type, 5)))
    return ([*tag, *(rng.getrandbits(8) for _ in range(rng.randint(0, 2)))],)


def _tag(data: list[int]) -> list[int]:
    tag, end = read_varint(bytes(data), 0)
    return [tag >> 3, tag & 7, end]


def _check_tag(function: Callable[..., Any]) -> str:
    return first_difference("read_tag", function, _tag, cases(([0x08],), ([0x12, 0x07],), draw=_drawn_tag))


TASKS = [
    Predict(
        "“Protocol Buffers take 2 to 5 times fewer bytes.” A page of ten products: name, description, picture, price, category. "
        "How many times fewer here?",
        ["About 1.6", "About 3", "About 5"],
        0,
        "2,771 bytes become 1,703. Most of a product is text, and a letter is a byte in both. What is saved is the names of the fields.",
        {"message": "products", "items": "10"},
        lambda data: nearest((1.6, 3, 5), data["times_fewer"]),
        hint="Which parts of a product are the same bytes in both encodings?",
    ),
    Predict(
        "Fifty temperatures in tenths of a degree, nearly all below zero, in a field of type int32. How do Protocol Buffers compare with JSON?",
        ["A quarter of the bytes", "About as many", "More than twice as many"],
        2,
        "A negative int32 is sent as 64 bits, in groups of seven: ten bytes for −60, where JSON writes “-60,”. As sint32 it would be one.",
        {"message": "plain_readings", "items": "50"},
        lambda data: nearest((4, 1, 0.4), data["times_fewer"]),
        hint="A varint drops zeros at the top. What does the two's complement of a small negative number have there?",
    ),
    Predict(
        "An order of 50 items takes 3.2 times fewer bytes. Now both sides compress with gzip. How many times fewer?",
        ["Still about 3", "About 2", "About 1.1"],
        2,
        "962 bytes against 851. The names that JSON repeats fifty times are what gzip is best at.",
        {"message": "order", "items": "50"},
        lambda data: nearest((3, 2, 1.1), data["times_fewer_gzip"]),
        hint="What fills an order as JSON, and how often does it come again?",
    ),
    Reach(
        "Find the shortest order that JSON with gzip sends in fewer bytes than Protocol Buffers without.",
        lambda data, arguments: (
            arguments["message"] == "order"
            and data["json_gzip_bytes"] < data["protobuf_bytes"]
            and int(arguments["items"]) <= _shortest_order()
        ),
        {"message": "order", "items": "8"},
        {"message": "order", "items": "20"},
        "Compare gzip's line below JSON with the size of Protocol Buffers, and look for where they change places.",
        "Eight items: 402 bytes against 403. gRPC does not compress unless told to; most HTTP servers do. Compare what you really send.",
    ),
    Reach(
        "Find a message with at least three items for which Protocol Buffers take four times fewer bytes, or nearly: 3.9.",
        lambda data, arguments: (
            arguments["message"] != "price" and int(arguments["items"]) >= 3 and data["times_fewer"] >= 3.9
        ),
        {"message": "readings", "items": "3"},
        {"message": "products", "items": "3"},
        "Nothing but numbers, and small ones.",
        "Three temperatures as sint32: JSON needs a name of eight letters, digits and commas, Protocol Buffers a tag, a length and a byte for each.",
    ),
    to_write(
        "Write a number as a varint.",
        '''
        def varint(value):
            """Return the bytes of a varint as a list of numbers
            from 0 to 255.

            Take seven bits at a time, the lowest first. Every byte
            but the last has its top bit (128) set.

            >>> varint(1), varint(150)
            ([1], [150, 1])
            """
        ''',
        """
        found = []
        while value > 127:
            found.append(value % 128 + 128)
            value //= 128
        found.append(value)
        return found
        """,
        """
        found = []
        while value > 0:
            found.append(value % 128 + 128 * (value > 127))
            value //= 128
        return found
        """,
        _check_varint,
        hint="How many bytes does zero take?",
        because="Small numbers are short, whatever the type allows. That is why counters and quantities shrink so well.",
    ),
    to_write(
        "Read the tag at the start of a record.",
        '''
        def read_tag(data):
            """Return the field number, the wire type, and how many
            bytes the tag takes.

            data is a list of bytes. The tag is a varint: its three
            lowest bits are the wire type, the rest is the field
            number.

            >>> read_tag([0x12, 0x07])
            (2, 2, 1)
            """
        ''',
        """
        tag, taken = 0, 0
        while True:
            byte = data[taken]
            tag += (byte % 128) << (7 * taken)
            taken += 1
            if byte < 128:
                return tag >> 3, tag & 7, taken
        """,
        """
        return data[0] >> 3, data[0] & 7, 1
        """,
        _check_tag,
        hint="What does the tag of field 16 look like?",
        because="Fields 1 to 15 have tags of one byte, 16 to 2,047 of two. So give the low numbers to what is sent often, and never change them.",
    ),
]


_GUIDE = ("Protocol Buffers documentation", "https://protobuf.dev/programming-guides/encoding/")
_LARSGARD = ("Larsgård, Comparing sizes of protobuf vs json", "https://nilsmagnus.github.io/post/proto-json-sizes/")
_STURM = (
    "Sturm 2020",
    "https://www.oliversturm.com/blog/2020/01/21/grpc-protocol-buffers-more-efficient-than-json/",
)


_TEST1 = MessageType("Test1", [Field(1, "a", "int32")])
_TEST2 = MessageType("Test2", [Field(2, "b", "string")])
_TEST3 = MessageType("Test3", [Field(3, "c", "message", _TEST1)])
_TEST4 = MessageType("Test4", [Field(4, "d", "string"), Field(5, "e", "int32", repeated=True)])
_TEST5 = MessageType("Test5", [Field(6, "f", "int32", repeated=True)])


ORACLES = [
    *(
        Oracle(
            f"A message with {what}",
            published,
            lambda kind=kind, content=content: encode(kind, content).hex(" "),  # type: ignore[misc]
            *_GUIDE,
        )
        for what, published, kind, content in (
            ("150 in field 1, an int32", "08 96 01", _TEST1, {"a": 150}),
            ("“testing” in field 2, a string", "12 07 74 65 73 74 69 6e 67", _TEST2, {"b": "testing"}),
            ("the first of these messages in field 3", "1a 03 08 96 01", _TEST3, {"c": {"a": 150}}),
            ("3, 270 and 86942 in field 6, packed", "32 06 03 8e 02 9e a7 05", _TEST5, {"f": [3, 270, 86942]}),
            (
                "−2 in field 1, an int32: ten bytes after the tag",
                "08 fe ff ff ff ff ff ff ff ff 01",
                _TEST1,
                {"a": -2},
            ),
        )
    ),
    Oracle(
        "Read back: “hello” in field 4, then 1, 2 and 3 in field 5, each in a record of its own",
        "hello 1 2 3",
        lambda: "{d} {e[0]} {e[1]} {e[2]}".format(**decode(_TEST4, bytes.fromhex("220568656c6c6f280128022803"))),
        *_GUIDE,
    ),
    Oracle(
        "ZigZag of 0, −1, 1, −2, 2147483647 and −2147483648",
        "0 1 2 3 4294967294 4294967295",
        lambda: " ".join(str(zigzag(value)) for value in (0, -1, 1, -2, 0x7FFFFFFF, -0x80000000)),
        *_GUIDE,
    ),
    *(
        Oracle(
            f"{count(items, 'name')} with random floats, Protocol Buffers: bytes",
            size,
            lambda items=items: sizes("tickers", items)["protobuf_bytes"],  # type: ignore[misc]
            *_LARSGARD,
            tolerance=0,
            digits=len(str(size)),
        )
        for items, size in ((0, 13), (1, 25), (10, 133), (200, 2413))
    ),
    Oracle(
        "The same message without any names, JSON: bytes",
        58,
        lambda: sizes("tickers", 0)["json_bytes"],
        *_LARSGARD,
        tolerance=0,
        digits=2,
    ),
    Oracle(
        "200 names with random floats, JSON: bytes",
        6578,
        lambda: sizes("tickers", 200)["json_bytes"],
        *_LARSGARD,
        note="His floats are drawn as ours are, but they are others, and some have fewer digits.",
    ),
    Oracle(
        "200 names with random floats: share of bytes saved when both are compressed",
        0.17,
        lambda: 1 - 1 / sizes("tickers", 200)["times_fewer_gzip"],
        *_STURM,
        digits=2,
        note="Larsgård's measurement, as Sturm reports it: other random values, and the gzip of another language.",
    ),
]

LIMITS = [
    "Only the size. How long writing and reading take depends on the language and the library more than on the format.",
    "Only the message. gRPC puts five bytes before each, and HTTP/2 adds frames and headers; for a small message these outweigh it all.",
    "gzip at its usual level, as zlib writes it; another compressor gives a few bytes more or less. Each message is compressed by itself.",
    "Groups, maps, oneof, enumerations and fields that the reader does not know are not shown. Groups are refused; unknown fields are skipped.",
    "The contents are ours: the identifiers are random, as real ones are, and so they do not compress. Yours may have more in common.",
]
