"""What a connection costs before it carries anything, while it grows, when there are too few, and when it loses packets.

Times are in seconds. Messages take half a round trip each way, nothing is lost but in `held_up` and `extra_round_trips`, and neither
side takes time to compute keys.

Sources:
    Wesley Eddy (editor), "Transmission Control Protocol (TCP)", RFC 9293, 2022, section 3.5, https://www.rfc-editor.org/rfc/rfc9293
    Tim Dierks and Eric Rescorla, "TLS 1.2", RFC 5246, 2008, section 7.3, https://www.rfc-editor.org/rfc/rfc5246
    Eric Rescorla, "TLS 1.3", RFC 8446, 2018, section 2, https://www.rfc-editor.org/rfc/rfc8446
    Martin Thomson and Sean Turner (editors), "Using TLS to Secure QUIC", RFC 9001, 2021, section 2.1, https://www.rfc-editor.org/rfc/rfc9001
    H. K. Jerry Chu and others, "Increasing TCP's Initial Window", RFC 6928, 2013, https://www.rfc-editor.org/rfc/rfc6928
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SEGMENT = 1460
"""Bytes of an answer that one packet carries."""
INITIAL_WINDOW = 10
"""Packets that a new connection may have under way (RFC 6928; RFC 9002 says the same of QUIC)."""
FIBER = 200_000.0
"""How far light gets in glass in a second, in kilometers."""


@dataclass(frozen=True)
class SetUp:
    """How a connection comes about: its name, and what the client and then the server sends in each round trip before the request.

    Messages are given as (in a few letters, in full). What the client sends together with the request costs nothing.
    """

    label: str
    exchanges: Sequence[tuple[tuple[str, str], tuple[str, str]]]

    @property
    def round_trips(self) -> int:
        """Round trips until the first byte of the answer, the request's own included."""
        return len(self.exchanges) + 1


_TCP = (("SYN", "SYN"), ("SYN ACK", "SYN and ACK"))
_HELLO = ("Hello", "ClientHello")
_TLS_12 = (
    (_HELLO, ("Hello", "ServerHello, Certificate, ServerKeyExchange, ServerHelloDone")),
    (("Key", "ClientKeyExchange, ChangeCipherSpec, Finished"), ("Done", "ChangeCipherSpec, Finished")),
)
_RESUMED = (_HELLO, ("Hello", "ServerHello, ChangeCipherSpec, Finished"))
_TLS_13 = (_HELLO, ("Hello", "ServerHello, Certificate, Finished"))

SET_UPS: Mapping[str, SetUp] = {
    "open": SetUp("an open connection", ()),
    "tcp": SetUp("TCP, unencrypted", (_TCP,)),
    "tls12": SetUp("TCP and TLS 1.2", (_TCP, *_TLS_12)),
    "tls12_resumed": SetUp("TCP and TLS 1.2, resumed", (_TCP, _RESUMED)),
    "tls13": SetUp("TCP and TLS 1.3", (_TCP, _TLS_13)),
    "tls13_0rtt": SetUp("TCP and TLS 1.3, 0-RTT", (_TCP,)),
    "quic": SetUp("QUIC", (_TLS_13,)),
    "quic_0rtt": SetUp("QUIC, 0-RTT", ()),
}


def fiber_round_trip(kilometers: float) -> float:
    """Return the time that light takes there and back along a straight fiber: no network can be faster.

    >>> round(fiber_round_trip(5_585) * 1000)
    56
    """
    return 2 * kilometers / FIBER


def bursts(packets: int, window: int = INITIAL_WINDOW) -> list[int]:
    """Return how many packets a new connection sends in each round trip, when its window doubles with every one (slow start).

    >>> bursts(45), bursts(45, 4)
    ([10, 20, 15], [4, 8, 16, 17])
    """
    sent: list[int] = []
    while packets > 0:
        sent.append(min(packets, window))
        packets -= window
        window *= 2
    return sent


def packets_of(size: float) -> int:
    """Return how many packets an answer of so many bytes takes, at least one."""
    return max(1, math.ceil(size / SEGMENT))


def first_byte(set_up: SetUp, round_trip: float, work: float) -> float:
    """Return when the first byte of the answer comes, if the server works for `work` on the request."""
    return set_up.round_trips * round_trip + work


def whole_answer(set_up: SetUp, round_trip: float, work: float, packets: int, window: int = INITIAL_WINDOW) -> float:
    """Return when the last packet of the answer comes. An open connection sends all at once; a new one starts slowly.

    >>> round(whole_answer(SET_UPS["tcp"], 0.056, 0.040, 45), 9), round(whole_answer(SET_UPS["open"], 0.056, 0.040, 45), 9)
    (0.264, 0.096)
    """
    more = 0 if set_up is SET_UPS["open"] else len(bursts(packets, window)) - 1
    return first_byte(set_up, round_trip, work) + more * round_trip


def held_up(packets: int, loss: float) -> float:
    """Return the probability that at least one of so many packets is lost, each independently with probability `loss`.

    >>> round(held_up(100, 0.01), 4)
    0.634
    """
    return -math.expm1(packets * math.log1p(-loss))


def extra_round_trips(packets: int, loss: float) -> float:
    """Return how many round trips the last of so many packets is late on average; a lost packet is sent again, and may be lost again.

    A packet is late by at least k round trips with probability loss**k, so the largest of n is with 1 - (1 - loss**k)**n.
    """
    total, power = [], loss
    while packets * power > 1e-12:
        total.append(held_up(packets, power))
        power *= loss
    return math.fsum(total)


def needed_in_order(answer: int, answers: int, packets: int) -> int:
    """Return for how many packets answer number `answer` (0 is the first) waits where all are handed over in the order sent.

    The packets of `answers` answers take turns, as HTTP/2 sends them over one TCP connection.

    >>> [needed_in_order(answer, 3, 2) for answer in range(3)]
    [4, 5, 6]
    """
    return (packets - 1) * answers + answer + 1


def held_up_in_order(answers: int, packets: int, loss: float) -> float:
    """Return the share of answers that a loss holds up over one TCP connection: any packet sent before an answer's last one counts.

    With streams of their own, `held_up` of an answer's own packets says the same.

    >>> held_up_in_order(1, 10, 0.01) == held_up(10, 0.01)
    True
    """
    return math.fsum(held_up(needed_in_order(answer, answers, packets), loss) for answer in range(answers)) / answers


def extra_in_order(answers: int, packets: int, loss: float) -> float:
    """Return how many round trips an answer is late on average over one TCP connection; `extra_round_trips` is the same for a stream."""
    waits = (needed_in_order(answer, answers, packets) for answer in range(answers))
    return math.fsum(extra_round_trips(number, loss) for number in waits) / answers
