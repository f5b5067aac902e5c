"""Open-loop load: requests begin when their time has come, whether or not those before are done.

A request's latency counts from the moment at which it was due. A generator that waits for answers, or that starts the clock late, leaves
out the very requests that had to wait (coordinated omission).

Source:
    Gil Tene, "How NOT to Measure Latency", 2015, https://www.infoq.com/presentations/latency-response-time/
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import aiohttp

from labs_py.live.system import System
from labs_py.model.architecture import Architecture
from labs_py.model.duration import Duration


@dataclass(frozen=True)
class Due:
    """A request to be sent `at` seconds after the start."""

    at: float
    endpoint: str


@dataclass(frozen=True)
class Answered:
    """What became of a request: it was due `at` seconds after the start, and answered or given up `latency` seconds later."""

    at: float
    endpoint: str
    latency: float
    failed: bool


def schedule(architecture: Architecture, rate: float, seconds: float, seed: int) -> list[Due]:
    """Return Poisson arrivals, `rate` a second on average, of all endpoints by their load shares."""
    rng = random.Random(seed)
    names = list(architecture.endpoints)
    weights = [architecture.endpoints[name].weight for name in names]
    due, at = [], rng.expovariate(rate)
    while at < seconds:
        due.append(Due(at, rng.choices(names, weights)[0]))
        at += rng.expovariate(rate)
    return due


async def send(system: System, due: Sequence[Due], give_up: float, seed: int) -> list[Answered]:
    """Send every request when it is due, and return what became of each, in order of due time.

    After `give_up` seconds without an answer a request has failed.
    """
    entries = {name: system.entry(name) for name in system.architecture.endpoints}
    rng = random.Random(seed)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        start = asyncio.get_running_loop().time()
        waiting = []
        for one in due:
            await asyncio.sleep(start + one.at - asyncio.get_running_loop().time())
            way = system.architecture.endpoints[one.endpoint].client_round_trip
            waiting.append(asyncio.create_task(_one(session, entries, one, start, give_up, way, rng)))
        return await asyncio.gather(*waiting)


async def _one(
    session: aiohttp.ClientSession,
    entries: dict[str, Iterator[str]],
    due: Due,
    start: float,
    give_up: float,
    way: Duration,
    rng: random.Random,
) -> Answered:
    loop = asyncio.get_running_loop()
    network = way.sample(rng)
    failed = False
    try:
        async with asyncio.timeout_at(start + due.at + give_up):
            await asyncio.sleep(network / 2)
            async with session.post(next(entries[due.endpoint])) as answer:
                failed = answer.status != 200
            await asyncio.sleep(network / 2)
    except (TimeoutError, aiohttp.ClientError, OSError):
        failed = True
    return Answered(due.at, due.endpoint, loop.time() - start - due.at, failed)
