"""How many requests until you know?: ten times the precision takes a hundred times the requests, and rare failures take millions.

Requests to an architecture are simulated, each with its own broken parts. The share that succeeds is shown with Wilson's 99 %
interval, beside the exact availability that the simulation is after. A long simulation is made of up to 40 independent
replications, whose requests are counted together.

Data:
    samples, failures: requests simulated, and those of them that failed.
    share, low, high, width: the share that succeeded, the ends of its 99 % interval, and the distance between these.
    widths[N]: the width after the first N requests, for each power of ten that was reached.
    exact, unavailability: the exact availability, and 1 minus it.
    requests_to_see_one: after how many requests a failure has been seen with 95 % certainty; null where none can fail.
    requests_to_a_tenth: after how many the 99 % interval reaches a tenth of the unavailability to either side; null likewise.
    days_to_a_tenth_at_five_nines: the same for a system of 99.999 %, in days at 100 requests a second.

Sources:
    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American Statistical
        Association 22(158), 1927, https://www.jstor.org/stable/2276774
    Ernst Eypasch, Rolf Lefering, C. K. Kum and Hans Troidl, "Probability of adverse events that have not yet occurred: a statistical
        reminder", BMJ 311, 1995, https://www.bmj.com/content/311/7005/619.full (the rule of three, after J. A. Hanley and
        A. Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 249(13), 1983)

>>> run(samples=100_000).report().takeaway
'After 100,000 requests, of which 485 failed, the availability is known to 0.11 points: 99.46 % to 99.57 %.'
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from labs_py.exercise import Oracle, Predict, Reach, nearest
from labs_py.model import architecture_file, changes
from labs_py.model.architecture import Architecture
from labs_py.model.availability import system_availability, system_structure
from labs_py.model.downtime import DAY
from labs_py.model.monte_carlo import Estimate, simulated_requests, wilson
from labs_py.numerals import significant, span
from labs_py.parameter import Choice, Range, Upload
from labs_py.replications import Replications
from labs_py.report import Metric, Report
from labs_py.sampling_figures import RATE, finely, funnel, ladder, requests_to_a_tenth, requests_to_see_one

type Point = tuple[int, int]  # so many requests, and so many of them that succeeded

_ARCHITECTURE = architecture_file.load("online_boutique")
_MOST_REPLICATIONS = 40
_SMALLEST = 250_000
_STEPS = [digit * 10**exponent for exponent in range(2, 8) for digit in (1, 2, 5)]
_BLOCK = 100_000  # requests simulated at once: larger integers leave the processor's cache
_FAIL_LESS = {
    "1": "as often as the file says",
    "10": "a tenth as often",
    "100": "a hundredth as often",
    "1000": "a thousandth as often",
}


def run(
    *,
    architecture: Annotated[Architecture, Upload()] = _ARCHITECTURE,
    fail: Annotated[str, Choice("Parts fail", _FAIL_LESS)] = "1",
    samples: Annotated[
        int, Range("Simulated requests", 1_000, 100_000_000, scale="log", hint="Ten million and more take a while.")
    ] = 100_000,
) -> Replications:
    """Return the replications that simulate so many requests, as evenly shared as whole numbers can be."""
    system = changes.fail_less(architecture, float(fail))
    replications = min(_MOST_REPLICATIONS, math.ceil(samples / _SMALLEST))
    sizes = [
        samples * (number + 1) // replications - samples * number // replications for number in range(replications)
    ]
    return Replications(
        replications,
        lambda number: simulated(system, sizes[number], number),
        lambda results: _report(system, results),
    )


def simulated(architecture: Architecture, requests: int, number: int) -> list[Point]:
    """Return how many of the first N requests of replication `number` succeed, for steps 100, 200, 500, 1,000 … and all `requests`."""
    rng = random.Random(number + 1)
    system = system_structure(architecture)
    done = successes = 0
    points: list[Point] = []
    while done < requests:
        size = min(_BLOCK, requests - done)
        bits, _ = simulated_requests(architecture, system, rng, size)
        points += [
            (step, successes + (bits & ((1 << (step - done)) - 1)).bit_count())
            for step in _STEPS
            if done < step <= done + size and step < requests
        ]
        done += size
        successes += bits.bit_count()
    return [*points, (requests, successes)]


def most_failures_unseen(requests: int) -> float:
    """Return the share of failures that no failure in so many requests still allows, with 95 % certainty.

    >>> round(most_failures_unseen(1000), 6)
    0.002991
    """
    return -math.expm1(math.log(0.05) / requests)


def _report(architecture: Architecture, results: Sequence[Sequence[Point]]) -> Report:
    """Return the report of the first replications, their requests counted one after another."""
    points: list[Point] = []
    for replication in results:
        before, worked = points[-1] if points else (0, 0)
        # Only of the first replication are the steps between worth showing: they are spaced evenly on a logarithmic scale.
        ends = replication if not points else replication[-1:]
        points += [(before + requests, worked + successes) for requests, successes in ends]
    estimates = [wilson(successes, requests) for requests, successes in points]
    last, exact = estimates[-1], system_availability(architecture).availability
    failures = last.trials - points[-1][1]
    lost = 1 - exact
    one = requests_to_see_one(lost) if lost > 1e-12 else None
    tenth = requests_to_a_tenth(lost) if lost > 1e-12 else None
    return Report(
        _takeaway(last, failures),
        [
            Metric("Simulated", finely(last.share, last), _interval(last)),
            Metric("Exact", finely(exact, last), _verdict(exact, last)),
            Metric("Failures seen", f"{failures:,}", f"of {last.trials:,} requests"),
            Metric("Requests to see one fail", _number(one), _while(one)),
            Metric("Requests to know failures to a tenth", _number(tenth), _while(tenth)),
            funnel(estimates, exact),
            ladder(lost),
        ],
        {
            "samples": last.trials,
            "failures": failures,
            "share": last.share,
            "low": last.low,
            "high": last.high,
            "width": last.high - last.low,
            "widths": {str(item.trials): item.high - item.low for item in estimates if _is_power_of_ten(item.trials)},
            "exact": exact,
            "unavailability": lost,
            "requests_to_see_one": one,
            "requests_to_a_tenth": tenth,
            "days_to_a_tenth_at_five_nines": requests_to_a_tenth(1e-5) / RATE / DAY,
        },
    )


def _is_power_of_ten(number: int) -> bool:
    return str(number).strip("0") == "1"


def _takeaway(last: Estimate, failures: int) -> str:
    if failures == 0:
        return f"None of {last.trials:,} requests failed, which tells only, with 95 % certainty, that fewer than 3 in {last.trials:,} do."
    points = significant((last.high - last.low) * 100, 2)
    return (
        f"After {last.trials:,} requests, of which {failures:,} failed, the availability is known to {points} points: "
        f"{finely(last.low, last)} to {finely(last.high, last)}."
    )


def _interval(estimate: Estimate) -> str:
    return f"99 % interval {finely(estimate.low, estimate)} to {finely(estimate.high, estimate)}"


def _verdict(exact: float, estimate: Estimate) -> str:
    return (
        "inside the interval"
        if estimate.low <= exact <= estimate.high
        else "outside the interval, as once in 100 times"
    )


def _number(number: float | None) -> str:
    return "no number" if number is None else significant(number)


def _while(number: float | None) -> str:
    return "" if number is None else f"{span(number / RATE)} at {RATE:.0f} requests a second"


# --- tasks and checks ----------------------------------------------------------------------------


def _narrowing(data: Mapping[str, Any]) -> float:
    """Return how many times narrower the interval is after a million requests than after ten thousand."""
    return float(data["widths"]["10000"] / data["widths"]["1000000"])


TASKS = [
    Predict(
        "Ten thousand simulated requests leave an interval a third of a point wide. How many do you need for an interval a tenth of that?",
        ["About 30 thousand", "About 100 thousand", "About a million"],
        2,
        "The width falls with the square root of the number of requests: a hundred times the requests for a tenth of the width, so one more digit.",
        {"samples": "1000000"},
        lambda data: 2 if 9 < _narrowing(data) < 11 else 1,
        "Compare the widths in the table under the figure.",
    ),
    Predict(
        "Every part fails a thousandth as often, so that one request in about 210,000 fails. You simulate 100,000. How many failures do you see?",
        ["None, or perhaps one", "About 5", "About 48"],
        0,
        "0.48 are to be expected, so most likely none. That does not tell this system from one that is ten times worse or a hundred times better.",
        {"fail": "1000", "samples": "100000"},
        lambda data: nearest((0, 5, 48), data["failures"]),
        "Divide 100,000 by 210,000.",
    ),
    Reach(
        "Let the parts of Online Boutique fail a hundredth as often. Show by simulation that more than 99.99 % of requests "
        "succeed: the whole interval must lie above that, with no more than 300,000 requests.",
        lambda data, arguments: (
            arguments["architecture"] == "online_boutique"
            and arguments["fail"] == "100"
            and data["low"] > 0.9999
            and data["samples"] <= 300_000
        ),
        {"fail": "100", "samples": "250000"},
        {"fail": "100", "samples": "50000"},
        "The exact value is 99.9952 %. The interval may reach half a hundredth of a point down, and no further.",
        "250,000 requests are enough here. A measurement of the real system would need as many, of which about twelve fail.",
    ),
]

_RULE = ("Eypasch and others 1995", "https://www.bmj.com/content/311/7005/619.full")
_JAMA = ("JAMA 274(13), 1995", "https://jamanetwork.com/journals/jama/article-abstract/389714")
_NORMAL = ("Wilson 1927, closed form", "https://www.jstor.org/stable/2276774")


def _simulated_share(name: str, fail: float, requests: int) -> float:
    architecture = changes.fail_less(architecture_file.load(name), fail)
    return simulated(architecture, requests, 0)[-1][1] / requests


ORACLES = [
    Oracle(
        "Nothing went wrong in 50 trials: upper end of the 95 % interval",
        0.06,
        lambda: most_failures_unseen(50),
        *_JAMA,
        tolerance=0.005,
        digits=2,
    ),
    Oracle(
        "Nothing went wrong in 1,000 trials: upper end",
        0.003,
        lambda: most_failures_unseen(1_000),
        *_JAMA,
        tolerance=5e-5,
        digits=3,
    ),
    Oracle(
        "The rule of three, 3/n, for 8,192 trials",
        3 / 8_192,
        lambda: most_failures_unseen(8_192),
        *_RULE,
        tolerance=1e-6,
        digits=3,
    ),
    Oracle(
        "Lower end of the 99 % interval, 1,000 of 1,000 succeed: n / (n + z²)",
        1_000 / (1_000 + 2.5758293035489004**2),
        lambda: wilson(1_000, 1_000).low,
        *_NORMAL,
        tolerance=1e-12,
        digits=6,
    ),
    Oracle(
        "A million simulated requests to the textbook chain: 0.999⁵",
        0.999**5,
        lambda: _simulated_share("textbook_chain", 1, 1_000_000),
        "a product of five, counted by hand",
        "https://en.wikipedia.org/wiki/Reliability_block_diagram",
        tolerance=0.00018,  # 2.5758 √(p (1 − p) / n), rounded down
        digits=6,
        note="Within the 99 % interval of so many requests.",
    ),
]

LIMITS = [
    "Simulated requests break independently of one another. Real failures last and hit many requests in a row: a measurement needs far more of them.",
    "The interval holds for one look at the end. Who looks all the time, and stops when the number pleases, is wrong more than once in 100 times.",
    "An interval tells how well the model was sampled. It says nothing about whether the model is right.",
]
