"""Sizes and policies are read from an architecture file, or refused with one message."""

import re
import tomllib
from pathlib import Path

import pytest

from labs_py.model.architecture import Call
from labs_py.model.architecture_file import ArchitectureError, parse
from labs_py.model.arrivals import Open
from labs_py.model.policy import Breaker, Retries, Throttle
from labs_py.model.simulation import Simulation

SHOP = """
[defaults]
servers = 4
timeout = "1 s"
retries = {backoff = "20 ms", budget = 0.1}
[services.web]
servers = 64
queue_limit = 0
shed_after = "50 ms"
blocking = false
calls = ["store", {service = "ads", optional = true, timeout = "20 ms", retries = 0, hedge = "5 ms", bulkhead = 3}]
[services.store]
balancer = "two_choices"
breaker = {}
retries = 2
throttle = {window = "30 s"}
[services.ads]
breaker = {failures = 1, window = 3, pause = "2 s"}
retries = {attempts = 5, backoff = "1 ms", longest = "4 ms", jitter = "equal"}
calls = ["store"]
[endpoints."GET /"]
entry = "web"
timeout = "2 s"
deadline = "3 s"
retries = 1
"""
PAGE = Path(__file__).parents[1] / "docs" / "about" / "architecture-files.md"


def test_sizes_and_policies_are_read_and_a_call_overrides_its_callee_and_that_the_defaults() -> None:
    shop = parse(SHOP)
    web, store = shop.services["web"], shop.services["store"]
    assert (web.servers, web.queue_limit, web.shed_after, web.blocking) == (64, 0, 0.05, False)
    assert (store.servers, store.blocking, store.balancer) == (4, True, "two_choices")
    assert web.calls == (
        Call("store", timeout=1.0, retries=Retries(3), breaker=Breaker(), throttle=Throttle(2.0, 30.0)),
        Call("ads", optional=True, timeout=0.02, hedge=0.005, breaker=Breaker(1.0, 3, 2.0), bulkhead=3),
    )
    endpoint = shop.endpoints["GET /"]
    assert (endpoint.timeout, endpoint.deadline, endpoint.retries) == (2.0, 3.0, Retries(2))


def test_a_table_of_retries_has_three_attempts_and_full_jitter_unless_it_says_otherwise() -> None:
    shop = parse(SHOP.replace("retries = 2", "").replace("retries = 0, ", ""))
    assert shop.services["web"].calls[0].retries == Retries(3, 0.02, 60.0, "full", 0.1)  # type: ignore[union-attr]
    assert shop.services["web"].calls[1].retries == Retries(5, 0.001, 0.004, "equal")  # type: ignore[union-attr]


def test_a_file_without_the_new_keys_has_no_sizes_and_no_policies() -> None:
    shop = parse('[services.web]\ncalls = ["store"]\n[services.store]\n[endpoints."GET /"]\nentry = "web"')
    assert shop.services["web"].calls == (Call("store"),)
    assert (shop.services["web"].servers, shop.services["web"].balancer) == (None, "round_robin")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("servers = 64", "servers = 0", "services.web.servers must be a whole number from 1 to 10000, got 0"),
        ("servers = 4", "servers = 1.5", "defaults.servers must be a whole number from 1 to 10000, got 1.5"),
        ("queue_limit = 0", "queue_limit = -1", "services.web.queue_limit must be a whole number from 0 to 1000000"),
        ('shed_after = "50 ms"', "shed_after = 50", "services.web.shed_after must be a time with a unit"),
        ("blocking = false", "blocking = 0", "services.web.blocking must be true or false, got 0"),
        (
            '"two_choices"',
            '"two_choice"',
            ("services.store.balancer must be one of random, round_robin, least_requests, two_choices, got 'two_choice'; "
            "did you mean 'two_choices'?"),
        ),
        ("retries = 2", "retries = true", "services.store.retries must be a whole number from 0 to 99, or a table, got"),
        ("retries = 2", "retries = 100", "services.store.retries must be a whole number from 0 to 99, got 100"),
        ("budget = 0.1", "budget = 2", "defaults.retries.budget must be a number from 0 to 1, got 2"),
        ("backoff = \"20 ms\"", "pause = 1", "defaults.retries.pause is not a known key; known here: attempts, backoff"),
        ('longest = "4 ms"', 'longest = "1 us"', "services.ads.retries.longest must be at least as long as backoff"),
        ('jitter = "equal"', 'jitter = "ful"', "services.ads.retries.jitter must be one of none, equal, full, decorrelated"),
        ("failures = 1", "failures = 0", "services.ads.breaker.failures must be above 0, got 0"),
        ("window = 3", "window = 0", "services.ads.breaker.window must be a whole number from 1 to 10000, got 0"),
        ("breaker = {}", "breaker = true", "services.store.breaker must be a table, got True"),
        ("bulkhead = 3", "bulkhead = 0", "services.web.calls[1].bulkhead must be a whole number from 1 to 10000, got 0"),
        ('{window = "30 s"}', "{factor = 0}", "services.store.throttle.factor must be a number from 1 to 1000, got 0"),
        ('hedge = "5 ms"', 'hedge = "0 ms"', "services.web.calls[1].hedge must be above 0, got '0 ms'"),
        ('deadline = "3 s"', 'deadline = 3', 'endpoints."GET /".deadline must be a time with a unit'),
        ("retries = 1\n", "hedge = 1\n", 'endpoints."GET /".hedge is not a known key; known here: entry, weight'),
        (
            'calls = ["store"]',
            'calls = [{parallel = ["store"], retries = 1}]',
            "services.ads.calls[0].retries is not a known key; known here: parallel, optional, timeout, after",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_key_its_rule_and_its_value(old: str, new: str, message: str) -> None:
    assert old in SHOP
    with pytest.raises(ArchitectureError, match=re.escape(f"shop.toml: {message}")):
        parse(SHOP.replace(old, new), "shop.toml")


def test_the_example_of_the_format_page_is_read_and_runs() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if "breaker" in block]
    assert tomllib.loads(example)["defaults"]["timeout"] == "1 s"
    run = Simulation(parse(example), Open(100.0), requests=200)
    run.run()
    assert run.endpoints["GET /product"].ok == 200


def test_every_key_of_sizes_and_policies_is_on_the_format_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for key in (*Retries.__dataclass_fields__, *Breaker.__dataclass_fields__, "servers", "queue_limit", "shed_after"):
        assert f"`{key}`" in text or f"{key} =" in text, key
    for key in ("throttle", "blocking", "balancer", "hedge", "breaker", "bulkhead", "deadline"):
        assert f"| `{key}` |" in text, key
