"""An architecture file is read, or refused with one message that names file, key, rule and value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_py.model.architecture import Alternatives, Call, Parallel
from labs_py.model.architecture_file import ArchitectureError, load, names, parse
from labs_py.model.duration import Constant, Lognormal

GOOD = """
name = "Shop"
[defaults]
availability = 0.99
round_trip = "1 ms"
[services.web]
calls = ["cart/Add", {parallel = ["ad", ["db", "db"]]}]
[services.cart]
operations = {Add = {calls = ["db"], service_time = "7 ms"}}
replicas = 3
needs = 2
runs_on = ["zone"]
[services.db]
availability = 0.9
service_time = {mean = "2 ms", shape = "lognormal", p99 = "9 ms"}
[services.ad]
[endpoints."GET /"]
entry = "web"
weight = 3
calls = [{any = ["db", "ad"]}, {service = "ad", times = 9, optional = true, timeout = "100 ms", after = ["db"]}]
[infrastructure.zone]
availability = 0.9995
"""


def refusal(text: str) -> str:
    with pytest.raises(ArchitectureError) as caught:
        parse(text, "shop.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def answer_to(text: str) -> str:
    try:
        parse(text, "shop.toml")
    except ArchitectureError as error:
        return str(error)
    return "read"


def test_every_key_is_read_and_defaults_fill_the_rest() -> None:
    shop = parse(GOOD, "shop.toml")
    cart, db = shop.services["cart"], shop.services["db"]
    assert (cart.replicas, cart.needs, cart.runs_on, cart.availability) == (3, 2, ("zone",), 0.99)
    assert cart.work_for("Add") == Constant(0.007)
    assert cart.calls_for("Add") == (Call("db"),)
    assert cart.calls_for("") == ()
    assert db.round_trip == Constant(0.001)
    assert isinstance(db.service_time, Lognormal)
    first, second = shop.endpoints["GET /"].calls
    assert first == Alternatives(((Call("db"),), (Call("ad"),)))
    assert second == Call("ad", times=9, optional=True, timeout=0.1, after=("db",))
    assert shop.services["web"].calls[1] == Parallel(((Call("ad"),), (Call("db"), Call("db"))))
    assert shop.infrastructure == {"zone": 0.9995}


def test_values_hold_without_a_defaults_table() -> None:
    tiny = parse('[services.a]\n[endpoints.x]\nentry = "a"\n')
    assert tiny.services["a"].availability == 0.999
    assert tiny.services["a"].round_trip == Constant(0.0005)
    assert tiny.services["a"].service_time == Constant(0.002)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("availability = 0.9\n", "availability = 1.9\n"),
            "shop.toml: services.db.availability must be a number from 0 to 1, got 1.9",
        ),
        (
            ("availability = 0.9\n", "availability = true\n"),
            "shop.toml: services.db.availability must be a number from 0 to 1, got True",
        ),
        (
            ("availability = 0.9\n", "availability = nan\n"),
            "shop.toml: services.db.availability must be a number from 0 to 1, got nan",
        ),
        (("availability = 0.9\n", "availabilty = 0.9\n"), "services.db.availabilty is not a known key"),
        (("availability = 0.9\n", "availabilty = 0.9\n"), "did you mean 'availability'?"),
        (("needs = 2", "needs = 4"), "shop.toml: services.cart.needs must be a whole number from 1 to 3, got 4"),
        (('["zone"]', '["zon"]'), "services.cart.runs_on must name an infrastructure, got 'zon'; did you mean 'zone'?"),
        (('round_trip = "1 ms"', "round_trip = 1"), "shop.toml: defaults.round_trip must be a time with a unit"),
        (('"7 ms"', '"7"'), "services.cart.operations.Add.service_time must be a time with a unit"),
        (('p99 = "9 ms"', 'p99 = "1 ms"'), "services.db.service_time p99 must be above the mean"),
        (('"lognormal"', '"normal"'), "services.db.service_time shape must be one of"),
        (('entry = "web"', 'entry = "wab"'), "must name a service, got 'wab'; did you mean 'web'?"),
        (
            ('"cart/Add"', '"cart/Ad"'),
            "must name an operation declared in services.cart.operations, got 'Ad'; did you mean 'Add'?",
        ),
        (("times = 9", "times = 0"), 'endpoints."GET /".calls[1].times must be a whole number from 1 to 1000, got 0'),
        (('"100 ms"', '"0 ms"'), 'endpoints."GET /".calls[1].timeout must be above 0, got'),
        (('after = ["db"]', 'after = ["web"]'), "calls[1].after must name an earlier call of the same list, got 'web'"),
        (("{any = [", "{any = [], service = ["), "must be a table with exactly one of service, parallel, any"),
        (("weight = 3", "weight = 0"), "endpoints must be tables of which at least one has a weight above 0, got 0"),
        (
            ("[services.db]\n", '[services.db]\ncalls = ["web"]\n'),
            "must not lead back to itself, got web → cart/Add → db → web",
        ),
        (
            ("[services.ad]\n", "[services.ad]\ncalls = [7]\n"),
            "services.ad.calls[0] must be a service name or a table, got 7",
        ),
        (("[infrastructure.zone]", "[infrastucture.zone]"), "infrastucture is not a known key"),
    ],
)
def test_a_broken_rule_is_named_with_key_rule_and_value(change: tuple[str, str], message: str) -> None:
    assert change[0] in GOOD
    assert message in refusal(GOOD.replace(change[0], change[1], 1))


def test_an_empty_a_huge_and_a_foreign_file_are_refused() -> None:
    assert refusal(" \n") == "shop.toml is empty; it needs at least one [services.NAME] and one [endpoints.NAME]"
    assert refusal("x" * 10_000_000) == "shop.toml must be at most 1,000,000 characters, got 10,000,000"
    assert "shop.toml must be TOML: " in refusal('{"services": {}}')
    assert "endpoints must be 1 to 1000 tables" in refusal("[services.a]")


def test_deep_nesting_is_refused_rather_than_crashing() -> None:
    assert "must be TOML" in refusal("a = " + "[" * 100_000)
    assert refusal("x." * 5_000 + "y = 1") == "shop.toml must be TOML whose keys have at most 50 parts"
    assert refusal('"x" . ' * 60 + "y = 1") == "shop.toml must be TOML whose keys have at most 50 parts"
    far = '{parallel = ["a", ' * 300 + '"a"' + "]}" * 300
    assert (
        refusal(f'[services.a]\n[endpoints.x]\nentry = "a"\ncalls = [{far}]')
        == "shop.toml must be TOML nested at most 150 deep"
    )
    nested = '{parallel = ["a", ' * 60 + '"a"' + "]}" * 60
    assert "nested at most" in refusal(f'[services.a]\n[endpoints.x]\nentry = "a"\ncalls = [{nested}]')


def test_a_chain_of_doublings_is_refused_before_anything_is_computed() -> None:
    levels = "".join(f'[services.s{i}]\ncalls = ["s{i + 1}", "s{i + 1}"]\n' for i in range(30))
    message = refusal(levels + '[services.s30]\n[endpoints.x]\nentry = "s0"\n')
    assert "must be at most 20,000 calls in all" in message


def test_a_chain_deeper_than_the_limit_is_refused() -> None:
    levels = "".join(f'[services.s{i}]\ncalls = ["s{i + 1}"]\n' for i in range(400))
    assert "must be at most 50 services deep" in refusal(levels + '[services.s400]\n[endpoints.x]\nentry = "s0"\n')


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_one_message(text: str) -> None:
    assert answer_to(text).startswith(("read", "shop.toml"))


@given(st.data())
def test_a_damaged_file_is_read_or_refused_with_one_message(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 20)))
    text = GOOD[:start] + data.draw(st.text(alphabet='[]{}"=.,\n 019ab', max_size=8)) + GOOD[end:]
    assert answer_to(text).startswith(("read", "shop.toml"))


def test_the_shipped_architectures_are_listed_and_an_unknown_one_refused() -> None:
    assert {"online_boutique", "social_network", "otel_demo", "textbook_chain", "checkout"} <= set(names())
    assert load("online_boutique").file == "online_boutique.toml"
    with pytest.raises(
        ArchitectureError,
        match=r"architecture must be one of .*, got 'online_botique'; did you mean 'online_boutique'\?",
    ):
        load("online_botique")
