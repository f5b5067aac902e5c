"""JSON read in pieces: the same elements however the text is cut, and errors where they are."""

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.json_stream import JSONStreamError, elements

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


def expected(document: object) -> list[tuple[str, object]]:
    if isinstance(document, list):
        return [("", item) for item in document]
    if not isinstance(document, dict):
        return [("", document)]
    long = ("data", "spans")
    return [
        (key, item)
        for key, value in document.items()
        for item in (value if key in long and isinstance(value, list) else [value])
    ]


def pieces(text: str, cuts: list[int]) -> Iterator[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return (text[start:end] for start, end in pairwise(edges))


@given(
    st.lists(VALUES | st.dictionaries(st.sampled_from(["data", "spans", "x"]), VALUES), max_size=4),
    st.lists(st.integers(min_value=0, max_value=10_000), max_size=12),
    st.sampled_from([None, 1]),
)
def test_the_elements_are_those_of_the_json_module_wherever_the_text_is_cut(
    documents: list[object], cuts: list[int], indent: int | None
) -> None:
    text = "\n".join(json.dumps(document, indent=indent) for document in documents)
    found = list(elements(pieces(text, cuts), ["data", "spans"]))
    assert found == [item for document in documents for item in expected(document)]


def test_one_character_at_a_time_is_enough() -> None:
    text = '{"data": [12345, -1.5e3, true, "\\u00e9\\n", {"a": [1]}], "rest": null} [7]'
    assert list(elements(iter(text), ["data"])) == [
        ("data", 12345),
        ("data", -1500.0),
        ("data", True),
        ("data", "é\n"),
        ("data", {"a": [1]}),
        ("rest", None),
        ("", 7),
    ]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ('{"data": [1, 2', 14, "expected , or ], got the end of the file"),
        ('{"data": [1 2]}', 12, "expected , or ], got '2'"),
        ('{"data"}', 7, "expected :, got '}'"),
        ("{1: 2}", 2, "a key must be a string, got 1"),
        ("PK\x03\x04 not json at all, a zip file instead", 0, "Expecting value"),
        ('[{"a": "never ends', 7, "Unterminated string starting at"),
    ],
)
def test_an_error_says_what_and_where(text: str, position: int, message: str) -> None:
    for chunks in ([text], iter(text)):
        with pytest.raises(JSONStreamError) as caught:
            list(elements(chunks, ["data"]))
        assert (caught.value.position, str(caught.value)) == (position, message)


def test_a_long_file_that_is_no_json_is_not_read_to_its_end() -> None:
    read = 0

    def chunks() -> Iterator[str]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield "no json " * 100

    with pytest.raises(JSONStreamError):
        list(elements(chunks(), []))
    assert read < 3


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    with pytest.raises(JSONStreamError, match="nested too deep"):
        list(elements(["[" * 200_000], []))


def test_what_is_held_stays_small_while_a_long_array_is_read() -> None:
    item = json.dumps({"name": "x" * 100})
    longest = 0

    def chunks() -> Iterator[str]:
        nonlocal longest
        yield '{"data": [' + item
        for _ in range(20_000):
            yield "," + item
        yield "]}"

    stream = elements(chunks(), ["data"])
    for count, _ in enumerate(stream):
        text = stream.gi_frame.f_locals["text"] if stream.gi_frame else None  # type: ignore[attr-defined]
        if count % 1000 == 0 and text is not None:
            longest = max(longest, len(text._held))
    assert 0 < longest < 1000
