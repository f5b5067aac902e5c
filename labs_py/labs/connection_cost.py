"""What a connection costs: far away, a new connection waits several times before the request has even left.

Round trips are counted, not simulated. Waiting for a connection of a pool is an M/M/c queue: requests come at random, and each holds a
connection for a time that varies as much as an exponential one. Lost packets are lost independently, and sent again a round trip later.

Data:
    round_trip_ms: between client and server. set_ups[S]: round_trips, first_byte_ms, last_byte_ms of every way to connect.
    first_byte_ms, last_byte_ms, open_first_byte_ms, open_last_byte_ms: over the chosen new connection, and over an open one.
    needed, needed_new: connections in use on average, if they are kept open and if each request opens one (Little's law).
    wait_ms: mean wait for a connection of the pool; null where the pool is too small for ever. most_rate: requests a second it can carry.
    cold_backlog: requests that wait at most when the pool starts without connections; cold_gone_s: when nobody waits any more, null for never.
    held_up_tcp, held_up_quic: shares of answers that a lost packet holds up; extra_tcp_ms, extra_quic_ms: their mean delay.

Source:
    Ilya Grigorik, "High Performance Browser Networking", 2013, chapters 1, 2 and 4, https://hpbn.co/building-blocks-of-tcp/
    Matt Adorjan, "CloudPing", medians of the year to 29 May 2025, https://www.cloudping.co/
    IBM Cloud, "Network latency dashboards", averages of 18 July to 16 August 2026,
        https://cloud.ibm.com/docs/vpc?topic=vpc-network-latency-dashboard
    John D. C. Little, "A Proof for the Queuing Formula: L = λW", Operations Research 9(3), 1961, https://doi.org/10.1287/opre.9.3.383

>>> run(place="two_regions", set_up="quic", work_ms=10).takeaway
'Client and server in us-east-1 and us-west-2: over a new connection (QUIC) the first byte takes 2 round trips, 138 ms; over an open one 74.0 ms.'
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Annotated, Any

from labs_py.checking import Case, cases, first_difference, to_write
from labs_py.connection_figures import losses, pool_sizes, timeline, waits
from labs_py.exercise import Oracle, Predict, Reach, as_preset, nearest
from labs_py.model.connection import (
    SET_UPS,
    bursts,
    extra_in_order,
    extra_round_trips,
    fiber_round_trip,
    first_byte,
    held_up,
    held_up_in_order,
    packets_of,
    whole_answer,
)
from labs_py.model.places import PAIRS, PLACES
from labs_py.model.pool import cold_pool, in_use, pool_time, pool_wait
from labs_py.numerals import count, milliseconds, percent, significant, span
from labs_py.parameter import Choice, Range
from labs_py.report import Metric, Report

_FAR = {**PLACES, **PAIRS}
_PLACES = {
    **{name: f"{place.label}: {place.round_trip * 1000:.3g} ms" for name, place in _FAR.items()},
    "value": "as far apart as given below",
}
_NEW = {name: set_up.label for name, set_up in SET_UPS.items() if name != "open"}


def run(
    *,
    set_up: Annotated[str, Choice("A new connection is", _NEW)] = "tls12",
    place: Annotated[str, Choice("Client and server stand", _PLACES)] = "ireland_sydney",
    round_trip_ms: Annotated[
        float, Range("Round trip", 0.01, 1000, "ms", scale="log", hint="Used only “as far apart as given below”.")
    ] = 56.0,
    work_ms: Annotated[float, Range("Work of the server", 0, 1000, "ms", step=5)] = 40.0,
    answer_kb: Annotated[float, Range("Size of the answer", 1, 1000, "kB", scale="log")] = 64.0,
    rate: Annotated[float, Range("Requests a second", 1, 500, scale="log")] = 100.0,
    pool: Annotated[int, Range("Connections in the pool", 1, 1000, scale="log")] = 32,
    answers: Annotated[int, Range("Answers under way at once", 1, 50)] = 10,
    loss: Annotated[float, Range("Packets lost", 0, 10, "%", step=0.1)] = 0.1,
) -> Report:
    """Return a request over a new and over an open connection, the pool that it takes to keep them open, and what losses do to it."""
    trip = round_trip_ms / 1000 if place == "value" else _FAR[place].round_trip
    work, packets, lost = work_ms / 1000, packets_of(answer_kb * 1000), loss / 100
    times = {
        name: (each.round_trips, first_byte(each, trip, work), whole_answer(each, trip, work, packets))
        for name, each in SET_UPS.items()
    }
    trips, first, last = times[set_up]
    _, open_first, hold = times["open"]
    wait = pool_wait(rate, hold, pool)
    backlog, gone = cold_pool(rate, pool, last, hold)
    tcp, quic = held_up_in_order(answers, packets, lost), held_up(packets, lost)
    data = {
        "round_trip_ms": trip * 1000,
        "set_ups": {
            name: {"round_trips": n, "first_byte_ms": a * 1000, "last_byte_ms": b * 1000}
            for name, (n, a, b) in times.items()
        },
        "first_byte_ms": first * 1000,
        "last_byte_ms": last * 1000,
        "open_first_byte_ms": open_first * 1000,
        "open_last_byte_ms": hold * 1000,
        "needed": rate * hold,
        "needed_new": rate * last,
        "wait_ms": None if wait is None else wait * 1000,
        "most_rate": pool / hold,
        "cold_backlog": backlog,
        "cold_gone_s": gone,
        "held_up_tcp": tcp,
        "held_up_quic": quic,
        "extra_tcp_ms": extra_in_order(answers, packets, lost) * trip * 1000,
        "extra_quic_ms": extra_round_trips(packets, lost) * trip * 1000,
    }
    where = f"{trip * 1000:.3g} ms apart" if place == "value" else _FAR[place].label
    queue = "grows for ever" if wait is None else "under 1 µs" if 0 < wait < 1e-6 else span(wait)
    return Report(
        f"Client and server {where}: over a new connection ({SET_UPS[set_up].label}) the first byte takes {count(trips, 'round trip')}, "
        f"{milliseconds(first)}; over an open one {milliseconds(open_first)}.",
        [
            Metric("First byte, new connection", milliseconds(first), f"last byte {milliseconds(last)}"),
            Metric("First byte, open connection", milliseconds(open_first), f"last byte {milliseconds(hold)}"),
            Metric(
                "Connections in use", significant(rate * hold), f"{significant(rate * last)} if each request opens one"
            ),
            Metric(f"Wait for one of {pool}", queue, f"at most {significant(pool / hold)} requests a second"),
            Metric(
                "Waiting at a cold start",
                significant(backlog),
                "never gone" if gone is None else f"gone after {span(gone)}",
            ),
            Metric("Held up by a loss, TCP", percent(tcp, 1), f"over QUIC {percent(quic, 1)}"),
            timeline(SET_UPS[set_up], trip, work, packets),
            waits(times, set_up),
            pool_sizes(lambda size: pool_time(rate, hold, size), rate * hold, pool, hold),
            losses(answers, packets, lost),
        ],
        data,
    )


# --- tasks and checks ----------------------------------------------------------------------------


def _readable(packets: Sequence[Sequence[int]], in_order: bool) -> dict[int, int]:
    latest = 0
    found: dict[int, int] = {}
    for stream, came in packets:
        latest = max(latest, came)
        found[stream] = latest if in_order else max(found.get(stream, 0), came)
    return found


def _drawn_packets(rng: Random) -> Case:
    streams = rng.randint(1, 4)
    sent = [[number % streams, 30 + number] for number in range(rng.randint(1, 12))]
    for packet in sent:
        if rng.random() < 0.2:
            packet[1] += 60
    return sent, rng.random() < 0.6


def _check_readable(readable: Callable[..., Any]) -> str:
    given = cases(([[0, 30]], True), ([[0, 90], [1, 31]], True), ([[0, 90], [1, 31]], False), draw=_drawn_packets)
    return first_difference("readable", readable, _readable, given)


def _check_round_trips(round_trips: Callable[..., Any]) -> str:
    given = cases((45, 10), (10, 10), (11, 10), (45, 4), draw=lambda rng: (rng.randint(1, 2000), rng.randint(1, 32)))
    return first_difference("round_trips", round_trips, lambda packets, window: len(bursts(packets, window)), given)


TASKS = [
    Predict(
        "A service in Sydney is asked from Ireland over TLS 1.2, with a new connection for each request. The round trip is 256 ms. "
        "When does the first byte of the answer come, if the work takes 40 ms?",
        ["After about 300 ms", "After about 550 ms", "After about 1,060 ms"],
        2,
        "One round trip for TCP, two for TLS 1.2, one for the request: four times 256 ms, and the work.",
        {"set_up": "tls12", "place": "ireland_sydney"},
        lambda data: nearest((300, 550, 1060), data["first_byte_ms"]),
        hint="What has to have come back before the client may send the next message?",
    ),
    Predict(
        "Ten answers of 15 kB come at once, and one packet in a hundred is lost. Over QUIC a loss holds up about one answer in ten. "
        "And over one TCP connection?",
        ["One in ten too", "Three in ten", "Nearly two in three"],
        2,
        "TCP hands over bytes in the order in which they were sent. Nearly all packets of all ten answers go before the last one of any.",
        {"answers": "10", "answer_kb": "15", "loss": "1"},
        lambda data: nearest((0.1, 0.3, 0.63), data["held_up_tcp"]),
        hint="For how many packets does the last packet of an answer wait?",
    ),
    Predict(
        "100 requests a second each hold a connection for 296 ms. The pool has 29. How long does a request wait for a connection?",
        ["Hardly at all: 29 is nearly enough", "About as long as a request takes", "Longer and longer, without end"],
        2,
        "100 a second for 0.296 s are 29.6 connections in use on average. 29 can carry 98 requests a second; the other two wait for ever.",
        {"pool": "29"},
        lambda data: 2 if data["wait_ms"] is None else 1 if data["wait_ms"] > 100 else 0,
        hint="How many requests begin while one of them is under way?",
    ),
    Predict(
        "32 connections carry 100 requests a second, when they are open. A deployment closes them all, and each is opened anew by the first "
        "request that needs it, which then takes 1.6 s. How long until nobody waits any more?",
        ["About 0.3 s", "About 1.6 s", "About 17 s"],
        2,
        "In 1.6 s 157 requests come, and 32 are under way. The other 125 are worked off with what the warm pool has to spare: 8 a second.",
        {},
        lambda data: nearest((0.3, 1.6, 17), data["cold_gone_s"]),
        hint="How many come before the first connection is free, and by how much is the pool faster than the requests after that?",
    ),
    Reach(
        "Ireland and Sydney, 40 ms of work. Choose a new connection that is encrypted and whose first byte comes within 600 ms.",
        lambda data, arguments: (
            as_preset(run, arguments, "place", "work_ms")
            and arguments["set_up"] != "tcp"
            and data["first_byte_ms"] <= 600
        ),
        {"set_up": "quic"},
        {"set_up": "tls13"},
        "How many round trips of 256 ms fit into what the work leaves?",
        "Two: QUIC sets up transport and encryption at once, and 0-RTT over TCP sends the request along with the first message of TLS. "
        "A request in 0-RTT may be replayed by an attacker, so send only what may be done twice.",
    ),
    Reach(
        "Ireland and Sydney, 100 requests a second, 40 ms of work. Find the smallest pool with a mean wait of at most 5 ms.",
        lambda data, arguments: (
            as_preset(run, arguments, "place", "work_ms", "rate")
            and data["wait_ms"] is not None
            and data["wait_ms"] <= 5
            and (pool_wait(100, data["open_last_byte_ms"] / 1000, int(arguments["pool"]) - 1) or 1) > 0.005
        ),
        {"pool": "38"},
        {"pool": "32"},
        "It takes 29.6 connections on average. Requests come at random, so sometimes more are needed at once.",
        "A quarter more than the average. Close to the average the wait explodes; far above it, more connections only cost the server memory.",
    ),
    to_write(
        "Count the round trips of an answer over a new connection.",
        '''
        def round_trips(packets, window):
            """Return in how many round trips so many packets
            arrive over a new connection.

            The server may send window packets at first, and twice
            as many in each round trip after that.

            >>> round_trips(45, 10), round_trips(10, 10)
            (3, 1)
            """
        ''',
        """
        trips = 0
        while packets > 0:
            packets -= window
            window *= 2
            trips += 1
        return trips
        """,
        """
        return -(-packets // window)
        """,
        _check_round_trips,
        hint="Send, double, and count until nothing is left.",
        because=(
            "Over a new connection 64 kB need three round trips, whatever the bandwidth. That is the second cost of a cold pool: "
            "its connections are slow even after they are open."
        ),
    ),
    to_write(
        "Say when each stream can be read.",
        '''
        def readable(packets, in_order):
            """Return for each stream when all of it can be read.

            packets are pairs of a stream and the time at which the
            packet came, in the order in which they were sent.

            With in_order, as TCP does, a packet can be read when it
            and all packets sent before it have come. Without, as
            QUIC does, only those of its own stream count.

            >>> readable([[0, 90], [1, 31]], True)
            {0: 90, 1: 90}
            >>> readable([[0, 90], [1, 31]], False)
            {0: 90, 1: 31}
            """
        ''',
        """
        latest, found = 0, {}
        for stream, came in packets:
            latest = max(latest, came)
            own = max(found.get(stream, 0), came)
            found[stream] = latest if in_order else own
        return found
        """,
        """
        found = {}
        for stream, came in packets:
            found[stream] = max(found.get(stream, 0), came)
        return found
        """,
        _check_readable,
        hint="Keep two things: the latest packet of all so far, and the latest of each stream.",
        because="HTTP/2 put all streams into one order, and TCP does not know that there are streams. QUIC does.",
    ),
]

_HPBN_1 = ("Grigorik 2013, chapter 1", "https://hpbn.co/primer-on-latency-and-bandwidth/")
_HPBN_2 = ("Grigorik 2013, chapter 2", "https://hpbn.co/building-blocks-of-tcp/")
_HPBN_4 = ("Grigorik 2013, chapter 4", "https://hpbn.co/transport-layer-security-tls/")


def _trips(name: str) -> float:
    return float(SET_UPS[name].round_trips - 1)


ORACLES = [
    *(
        Oracle(
            f"Round trips before the request: {SET_UPS[name].label}",
            trips,
            lambda name=name: _trips(name),  # type: ignore[misc]
            source,
            f"https://www.rfc-editor.org/rfc/{link}",
            tolerance=0,
            digits=1,
        )
        for name, trips, source, link in (
            ("tcp", 1, "RFC 9293, section 3.5", "rfc9293#section-3.5"),
            ("tls12", 3, "RFC 5246, section 7.3, figure 1", "rfc5246#section-7.3"),
            ("tls12_resumed", 2, "RFC 5246, section 7.3, figure 2", "rfc5246#section-7.3"),
            ("tls13", 2, "RFC 8446, section 2, figure 1", "rfc8446#section-2"),
            ("tls13_0rtt", 1, "RFC 8446, section 2.3, figure 4", "rfc8446#section-2.3"),
            ("quic", 1, "RFC 9001, section 2.1", "rfc9001#section-2.1"),
            ("quic_0rtt", 0, "RFC 9001, section 2.1", "rfc9001#section-2.1"),
        )
    ),
    *(
        Oracle(
            f"Light in fiber, New York to {city} and back: ms",
            ms,
            lambda kilometers=kilometers: fiber_round_trip(kilometers) * 1000,  # type: ignore[misc]
            *_HPBN_1,
            tolerance=0.5,
            digits=len(str(ms)),
        )
        for city, kilometers, ms in (("London", 5_585, 56), ("Sydney", 15_993, 160))
    ),
    Oracle(
        "New York to London, TCP and TLS 1.2: ms until the request may leave",
        168,
        lambda: first_byte(SET_UPS["tls12"], 0.056, 0) * 1000 - 56,
        *_HPBN_4,
        tolerance=1e-9,
        digits=3,
    ),
    *(
        Oracle(
            f"New York to London, 64 kB, 40 ms of work, {SET_UPS[name].label}: ms until the last byte",
            ms,
            lambda name=name: run(place="value", answer_kb=65.535).data["set_ups"][name]["last_byte_ms"],  # type: ignore[misc]
            *_HPBN_2,
            tolerance=1e-9,
            digits=len(str(ms)),
        )
        for name, ms in (("tcp", 264), ("open", 96))
    ),
    Oracle(
        "Connections in use, 100 requests a second, 0.2957 s each, a pool of 32: rate times time",
        29.57,
        lambda: in_use(100, 0.2957, 32),
        "Little 1961",
        "https://doi.org/10.1287/opre.9.3.383",
        tolerance=1e-6,
        note="Ours sums the states of the queue, each with its probability.",
    ),
    Oracle(
        "A hundred packets, one in a hundred lost: share of answers held up",
        0.633968,
        lambda: held_up(100, 0.01),
        "closed form, as for slow servers in Dean and Barroso 2013",
        "https://research.google/pubs/the-tail-at-scale/",
        tolerance=1e-6,
        digits=6,
    ),
]

LIMITS = [
    "Nobody computes. Keys and certificates take processor time too, and on a busy server a wait for it.",
    "Looking the name up is not counted. The first time it may cost a round trip to a resolver, or several.",
    (
        "The certificates fit into what the server may send at once: ten packets over TCP, three times what the client has sent over QUIC. "
        "A longer chain costs a round trip more."
    ),
    "Bandwidth is unlimited, and nothing is lost while a window grows. An open connection sends all at once; an idle one may have to start anew.",
    "Pool connections carry one request at a time, as in HTTP/1.1. Over HTTP/2 requests share one, and the limit is its number of streams.",
    "Losses come one by one and are noticed after one round trip. Real losses come in bursts, and slow the sender down as well.",
]
