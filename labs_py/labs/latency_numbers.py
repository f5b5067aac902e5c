"""Latency numbers: from a memory access to another continent, nine orders of magnitude, each figure with its date and source.

Data:
    seconds: operation to seconds.
    multiples: operation to how many times longer it takes than the chosen unit.
    per_second: operation to how many, one after another, fit into a second.
    mebibyte_seconds: medium to the time that 1 MiB takes to pass through it, once it flows.
    floor_seconds: pair of cities to the least time there and back in a straight fiber.

Source:
    Simon Eskildsen, "Napkin Math", read at commit aae5832 of 2026-03-21; single-host rows measured on 2026-03-08,
        https://github.com/sirupsen/napkin-math
    Ilya Grigorik, "High Performance Browser Networking", 2013, chapter 1, https://hpbn.co/primer-on-latency-and-bandwidth/
    IBM Cloud, "Network latency" of VPC regions and zones, averages of 18 July to 16 August 2026,
        https://cloud.ibm.com/docs/vpc?topic=vpc-network-latency-dashboard
    "CloudPing", median round trips between AWS regions over the year to 2025-05-29, https://www.cloudping.co/

>>> run(unit="Random memory access").data["multiples"]["us-east-1 – us-west-2"]
3200000.0
"""

from functools import partial
from typing import Annotated

from labs_py import chart
from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.numerals import significant, span
from labs_py.parameter import Choice
from labs_py.report import Figure, Report, Table

_NAPKIN, _IBM, _PING = "napkin-math 2026", "IBM Cloud 2026", "CloudPing 2025"
_LOCAL, _WIRE = chart.WORK, chart.NETWORK
NUMBERS = {
    "Random memory access": (20e-9, _LOCAL, _NAPKIN),
    "System call": (300e-9, _LOCAL, _NAPKIN),
    "Random SSD read, 8 KiB": (100e-6, _LOCAL, _NAPKIN),
    "Random disk read, 8 KiB": (10e-3, _LOCAL, _NAPKIN),
    "Proxy in the way": (50e-6, _WIRE, _NAPKIN),
    "Inside one zone": (0.1e-3, _WIRE, _IBM),
    "Cache or database query": (500e-6, _WIRE, _NAPKIN),
    "Zone to zone, slowest pair": (2.16e-3, _WIRE, _IBM),
    "Frankfurt – London": (13e-3, _WIRE, _IBM),
    "us-east-1 – us-west-2": (64e-3, _WIRE, _PING),
    "Blob storage GET, 128 KiB": (80e-3, _WIRE, _NAPKIN),
    "Washington – Sydney": (215e-3, _WIRE, _IBM),
}
# GiB per second, as napkin-math has them.
_THROUGHPUT = {
    "Memory, one thread": 20.0,
    "Network in one zone": 10.0,
    "SSD, in order": 8.0,
    "Network in one region": 2.0,
    "Disk, in order": 250 / 1024,
    "Blob storage, one connection": 100 / 1024,
    "Network between regions": 25 / 1024,
}
FIBER_KM_PER_SECOND = 200_000
# Great circles in kilometers, as Grigorik has them.
_DISTANCES = {"New York – San Francisco": 4_148, "New York – London": 5_585, "New York – Sydney": 15_993}


def floor(kilometers: float) -> float:
    """Return the least seconds there and back over a straight fiber.

    >>> floor(1000)
    0.01
    """
    return 2 * kilometers / FIBER_KM_PER_SECOND


def _floor_ms(pair: str) -> float:
    return floor(_DISTANCES[pair]) * 1000


def run(
    *, unit: Annotated[str, Choice("Measure everything in", {name: name for name in NUMBERS})] = "Inside one zone"
) -> Report:
    """Return all numbers, in seconds and in multiples of `unit`."""
    base = NUMBERS[unit][0]
    ordered = sorted(NUMBERS.items(), key=lambda item: item[1][0])
    multiples = {name: float(f"{seconds / base:.9g}") for name, (seconds, _, _) in ordered}
    far = "us-east-1 – us-west-2"
    return Report(
        f"A round trip {far} takes {span(NUMBERS[far][0])}, {significant(multiples[far])} times {span(base)} ({unit}).",
        [
            Figure(
                chart.bars(
                    [(name, seconds, span(seconds)) for name, (seconds, _, _) in ordered],
                    x="time (logarithmic)",
                    colors=[color for _, (_, color, _) in ordered],
                    log=True,
                ),
                "Time of one operation, or of one round trip between two places, logarithmic: inside one machine (ochre) and over a network (blue)",
                Table(
                    ["Operation", "Time", f"× {unit}", "Where", "Source"],
                    [
                        (
                            name,
                            span(seconds),
                            significant(multiples[name]),
                            "network" if color == _WIRE else "one machine",
                            source,
                        )
                        for name, (seconds, color, source) in ordered
                    ],
                    numeric=["Time", f"× {unit}"],
                ),
            )
        ],
        {"seconds": {name: seconds for name, (seconds, _, _) in ordered}, "multiples": multiples}
        | {
            "per_second": {name: float(f"{1 / seconds:.9g}") for name, (seconds, _, _) in ordered},
            "mebibyte_seconds": {name: float(f"{1 / 1024 / rate:.9g}") for name, rate in _THROUGHPUT.items()},
            "floor_seconds": {name: floor(kilometers) for name, kilometers in _DISTANCES.items()},
        },
    )


TASKS = [
    Predict(
        "How many random memory accesses fit into one round trip inside a zone?",
        ["About 50", "About 5,000", "About 5,000,000"],
        1,
        "0.1 ms over 20 ns is 5,000. A call to a neighbor costs as much as thousands of steps of local work.",
        {"unit": "Random memory access"},
        lambda data: nearest((50, 5_000, 5_000_000), data["multiples"]["Inside one zone"]),
        hint="A memory access takes tens of nanoseconds, a round trip between neighbors a tenth of a millisecond.",
    ),
    Reach(
        "A page waits for one round trip between Washington and Sydney. Which other operation could it have done about a hundred times meanwhile?",
        lambda data, arguments: 90 <= data["multiples"]["Washington – Sydney"] <= 110,
        {"unit": "Zone to zone, slowest pair"},
        {"unit": "Random disk read, 8 KiB"},
        "You look for something that takes about 2 ms.",
        "The slowest zone pair in the table: one far round trip is as long as a hundred of those.",
    ),
]

ORACLES = [
    *(
        Oracle(
            f"Distance floor: {pair} and back by fiber (ms)",
            published,
            partial(_floor_ms, pair),
            "Grigorik, High Performance Browser Networking, 2013",
            "https://hpbn.co/primer-on-latency-and-bandwidth/",
            tolerance=1,
            digits=3,
        )
        for pair, published in zip(_DISTANCES, (42, 56, 160), strict=True)
    ),
    Oracle(
        "Distance floor: New York to Sydney and back by fiber (ms), beside the measured Washington to Sydney",
        160,
        lambda: NUMBERS["Washington – Sydney"][0] * 1000,
        "Grigorik, High Performance Browser Networking, 2013",
        "https://hpbn.co/primer-on-latency-and-bandwidth/",
        digits=3,
        note="The floor is a straight cable at 200,000 km/s from a neighboring city. Cables bend, and each router adds time.",
    ),
]

LIMITS = [
    "Each figure is a typical value for one machine or one cloud on one date. Yours differ: measure them.",
    "These are times of one operation alone. Under load, operations wait for one another.",
]
