"""Messages to measure: types of Online Boutique with contents of our own, and lists of nothing but numbers.

Source:
    Google, Online Boutique, protos/demo.proto at commit 34ffea917, https://github.com/GoogleCloudPlatform/microservices-demo
    Nils Larsgård, "Comparing sizes of protobuf vs json", https://nilsmagnus.github.io/post/proto-json-sizes/
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from string import ascii_letters, ascii_uppercase, digits
from typing import Any

from labs_py.model.protobuf_json import to_json
from labs_py.model.protobuf_wire import Field, MessageType, encode

MONEY = MessageType(
    "Money", [Field(1, "currency_code", "string"), Field(2, "units", "int64"), Field(3, "nanos", "int32")]
)
CART_ITEM = MessageType("CartItem", [Field(1, "product_id", "string"), Field(2, "quantity", "int32")])
CART = MessageType("Cart", [Field(1, "user_id", "string"), Field(2, "items", "message", CART_ITEM, repeated=True)])
ADDRESS = MessageType(
    "Address",
    [
        *(Field(at, name, "string") for at, name in enumerate(("street_address", "city", "state", "country"), 1)),
        Field(5, "zip_code", "int32"),
    ],
)
ORDER_ITEM = MessageType("OrderItem", [Field(1, "item", "message", CART_ITEM), Field(2, "cost", "message", MONEY)])
ORDER = MessageType(
    "OrderResult",
    [
        Field(1, "order_id", "string"),
        Field(2, "shipping_tracking_id", "string"),
        Field(3, "shipping_cost", "message", MONEY),
        Field(4, "shipping_address", "message", ADDRESS),
        Field(5, "items", "message", ORDER_ITEM, repeated=True),
    ],
)
PRODUCT = MessageType(
    "Product",
    [
        *(Field(at, name, "string") for at, name in enumerate(("id", "name", "description", "picture"), 1)),
        Field(5, "price_usd", "message", MONEY),
        Field(6, "categories", "string", repeated=True),
    ],
)
PRODUCTS = MessageType("ListProductsResponse", [Field(1, "products", "message", PRODUCT, repeated=True)])
TICKER = MessageType("Ticker", [Field(1, "name", "string"), Field(2, "value", "float")])
TICKERS = MessageType(
    "Test",
    [
        Field(1, "query", "string"),
        Field(2, "page_number", "int32", json_name="page_number"),
        Field(3, "result_per_page", "int32", json_name="result_per_page"),
        Field(4, "tickers", "message", TICKER, repeated=True),
    ],
)
READINGS = MessageType("Readings", [Field(1, "tenths", "sint32", repeated=True)])
PLAIN_READINGS = MessageType("Readings", [Field(1, "tenths", "int32", repeated=True)])

_GOODS = (
    ("Desk lamp", "lighting", "A lamp with a long neck that stays where you put it and needs no second hand."),
    ("Rain jacket", "clothing", "Keeps the rain out and, thanks to vents under the arms, not too much else in."),
    ("Tea pot", "kitchen", "Holds six cups, pours without a drip, and survives the dishwasher."),
    ("Notebook", "office", "Two hundred pages of thick paper on which even a fountain pen does not bleed."),
    ("Running shoes", "footwear", "Light, plain and hard-wearing; made for roads rather than for woods."),
    ("Wall clock", "home", "Runs for two years on one battery and does not tick."),
)
_LETTERS = ascii_uppercase + digits


def _money(rng: Random) -> dict[str, Any]:
    return {"currency_code": "USD", "units": rng.randint(1, 199), "nanos": rng.choice((990_000_000, 490_000_000))}


def _item(rng: Random) -> dict[str, Any]:
    return {"product_id": "".join(rng.choices(_LETTERS, k=10)), "quantity": rng.randint(1, 5)}


def _uuid(rng: Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _order(rng: Random, items: int) -> dict[str, Any]:
    return {
        "order_id": _uuid(rng),
        "shipping_tracking_id": "QF-36417-185309241",
        "shipping_cost": _money(rng),
        "shipping_address": {
            "street_address": "12 Harbor Street",
            "city": "Springfield",
            "state": "Oregon",
            "country": "United States",
            "zip_code": 97477,
        },
        "items": [{"item": _item(rng), "cost": _money(rng)} for _ in range(items)],
    }


def _product(rng: Random, place: int) -> dict[str, Any]:
    name, category, description = _GOODS[place % len(_GOODS)]
    model = "".join(rng.choices(_LETTERS, k=4))
    return {
        "id": "".join(rng.choices(_LETTERS, k=10)),
        "name": f"{name} {model}",
        "description": description,
        "picture": f"/static/img/products/{name.lower().replace(' ', '-')}-{model.lower()}.jpg",
        "price_usd": _money(rng),
        "categories": [category],
    }


def _float32(value: float) -> float:
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


def _tickers(rng: Random, items: int) -> dict[str, Any]:
    drawn = [
        {"name": "".join(rng.choices(ascii_letters, k=3)), "value": _float32(rng.uniform(0, 9.99))}
        for _ in range(items)
    ]
    return {"query": "myQuery", "page_number": 42, "result_per_page": 100, "tickers": drawn}


def _readings(rng: Random, items: int) -> dict[str, Any]:
    tenths, now = [], -60
    for _ in range(items):
        now += rng.randint(-9, 9)
        tenths.append(now)
    return {"tenths": tenths}


@dataclass(frozen=True)
class Sample:
    """A message to measure: what it is, what there are `items` of, its type, and how it is made."""

    label: str
    things: str
    type: MessageType
    made: Callable[[Random, int], Mapping[str, Any]]


SAMPLES: Mapping[str, Sample] = {
    "price": Sample("A price", "price", MONEY, lambda rng, items: _money(rng)),
    "cart": Sample(
        "A cart", "item", CART, lambda rng, items: {"user_id": _uuid(rng), "items": [_item(rng) for _ in range(items)]}
    ),
    "order": Sample("An order", "item", ORDER, _order),
    "products": Sample(
        "Products with descriptions",
        "product",
        PRODUCTS,
        lambda rng, items: {"products": [_product(rng, place) for place in range(items)]},
    ),
    "tickers": Sample("Names with a random float", "ticker", TICKERS, _tickers),
    "readings": Sample("Temperatures, sint32", "reading", READINGS, _readings),
    "plain_readings": Sample("Temperatures, int32", "reading", PLAIN_READINGS, _readings),
}


@cache
def sample(name: str, items: int) -> Mapping[str, Any]:
    """Return the message of a sample with so many items in its list; the same every time, and not to be changed.

    >>> sample("price", 0)
    {'currency_code': 'USD', 'units': 35, 'nanos': 990000000}
    """
    return SAMPLES[name].made(Random(1), items)


@cache
def sizes(name: str, items: int) -> Mapping[str, float]:
    """Return the sizes (bytes) of a sample in both encodings, alone and compressed, and how many times fewer Protocol Buffers take."""
    kind, content = SAMPLES[name].type, sample(name, items)
    text, data = to_json(kind, content).encode(), encode(kind, content)
    text_gzip, data_gzip = compressed(text), compressed(data)
    return {
        "json_bytes": len(text),
        "protobuf_bytes": len(data),
        "json_gzip_bytes": text_gzip,
        "protobuf_gzip_bytes": data_gzip,
        "times_fewer": len(text) / len(data),
        "times_fewer_gzip": text_gzip / data_gzip,
    }


def compressed(data: bytes) -> int:
    """Return how many bytes gzip makes of the data at its usual level, 6, with its header of 10 bytes and its trailer of 8.

    >>> compressed(b"")
    20
    """
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return len(packer.compress(data) + packer.flush())
