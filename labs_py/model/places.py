"""Where services can stand, and the round trip that was measured there: dated measurements, no provider's promise."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """How far apart two services stand: a typical round trip in seconds, the range it is from, and who measured it when."""

    label: str
    round_trip: float
    measured: str
    source: str
    link: str
    date: str


_IBM = (
    "IBM Cloud, Network latency dashboards",
    "https://cloud.ibm.com/docs/vpc?topic=vpc-network-latency-dashboard",
    "18 July to 16 August 2026",
)
_CLOUDPING = ("Matt Adorjan, CloudPing", "https://www.cloudping.co/", "year to 29 May 2025")
_DEAN = (
    "Jeff Dean, Designs, Lessons and Advice from Building Large Distributed Systems, LADIS keynote",
    "https://www.cs.cornell.edu/projects/ladis2009/talks/dean-keynote-ladis2009.pdf",
    "2009",
)

PLACES: Mapping[str, Place] = {
    "one_zone": Place("in one zone", 0.0001, "median of 40 zones, which run from 0.07 to 0.11 ms", *_IBM),
    "across_zones": Place(
        "in two zones of a region", 0.00077, "median of 42 pairs of zones, which run from 0.13 to 2.16 ms", *_IBM
    ),
    "two_regions": Place(
        "in us-east-1 and us-west-2",
        0.064,
        "median over a year, 64.3 ms one way round and 64.0 ms the other",
        *_CLOUDPING,
    ),
}
TEXTBOOK = Place("in one data center", 0.0005, "a figure to remember, not a measurement", *_DEAN)

PAIRS: Mapping[str, Place] = {
    "virginia_ireland": Place(
        "in Virginia and Ireland", 0.0696, "median over a year, us-east-1 and eu-west-1", *_CLOUDPING
    ),
    "washington_sydney": Place("in Washington and Sydney", 0.215, "average of a month", *_IBM),
    "ireland_sydney": Place(
        "in Ireland and Sydney", 0.2557, "median over a year, eu-west-1 to ap-southeast-2", *_CLOUDPING
    ),
}
"""Further regions, apart from `PLACES` because nobody would spread one system's services over them."""
