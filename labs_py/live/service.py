"""One instance of one service, in a process of its own: it serves HTTP, does the work that the file states, and calls the others.

The process is started by `labs_py.live.system`. It reads its orders as lines of JSON from standard input: first who it is, then faults.
When standard input ends, because whoever started it has ended, so does it.

Work and network are time that passes, not processor time: on one machine, ten services that really computed would wait for one another.
"""

import asyncio
import json
import random
import secrets
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn
from urllib.parse import quote, unquote

import aiohttp
import uvicorn

from labs_py.live.clock import precise_loop
from labs_py.model import architecture_file
from labs_py.model.architecture import Alternatives, Architecture, Call, Step

ENDPOINT = "/endpoint/"
OPERATION = "/operation/"
SPANS = "/spans"

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class CallFailedError(Exception):
    """A call that the answer needs has failed."""


class Instance:
    """One instance; as an ASGI application it answers calls of endpoints and operations, and gives its spans away."""

    def __init__(
        self, architecture: Architecture, service: str, addresses: Mapping[str, Sequence[str]], seed: int
    ) -> None:
        self.architecture = architecture
        self.service = architecture.services[service]
        self.addresses = addresses
        self.slowness = 1.0
        self.hung = False
        self._rng = random.Random(seed)
        self._turn = dict.fromkeys(addresses, seed)
        self._session: aiohttp.ClientSession | None = None
        self._spans: list[dict[str, Any]] = []

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request: 200, or 500 when something that it needs has failed."""
        if scope["type"] != "http":
            return
        path = scope["raw_path"].decode("ascii")
        body = b""
        if path == SPANS:
            body = json.dumps(self._spans).encode()
            status = 200
        else:
            parent = dict(scope["headers"]).get(b"traceparent", b"").decode("ascii")
            status = 200 if await self._answer(path, parent) else 500
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, path: str, parent: str) -> bool:
        """Do what one call asks for, note it down, and say whether it worked."""
        if self.hung:
            await asyncio.Event().wait()
        if path.startswith(ENDPOINT):
            name = unquote(path.removeprefix(ENDPOINT))
            work, steps = self.service.service_time, self.architecture.endpoint_calls(self.architecture.endpoints[name])
        else:
            name = unquote(path.removeprefix(OPERATION))
            work, steps = self.service.work_for(name), self.service.calls_for(name)
        _, trace, caller, _ = parent.split("-") if parent else ("", secrets.token_hex(16), "", "")
        span = self._begin(trace, caller, name or self.service.name, "SPAN_KIND_SERVER")
        try:
            await asyncio.sleep(work.sample(self._rng) * self.slowness)
            await self._steps(steps, trace, span["spanId"])
        except CallFailedError:
            self._end(span, failed=True)
            return False
        self._end(span)
        return True

    async def _steps(self, steps: Sequence[Step], trace: str, parent: str) -> None:
        for step in steps:
            doing = self._step(step, trace, parent)
            try:
                await (doing if step.timeout is None else asyncio.wait_for(doing, step.timeout))
            except (CallFailedError, TimeoutError):
                if not step.optional:
                    raise CallFailedError from None

    async def _step(self, step: Step, trace: str, parent: str) -> None:
        if isinstance(step, Call):
            for _ in range(step.times):
                await self._call(step, trace, parent)
        elif isinstance(step, Alternatives):
            await self._first_that_works(step, trace, parent)
        else:
            branches = [asyncio.ensure_future(self._steps(branch, trace, parent)) for branch in step.branches]
            for done in await asyncio.gather(*branches, return_exceptions=True):
                if isinstance(done, BaseException):
                    raise done

    async def _first_that_works(self, step: Alternatives, trace: str, parent: str) -> None:
        for branch in step.branches:
            with suppress(CallFailedError):
                await self._steps(branch, trace, parent)
                return
        raise CallFailedError

    async def _call(self, call: Call, trace: str, parent: str) -> None:
        """Call another service, at the instance whose turn it is; half of the network's time passes before, half after."""
        own = self.addresses[call.service]
        self._turn[call.service] += 1
        address = own[self._turn[call.service] % len(own)]
        span = self._begin(trace, parent, f"call {call.target}", "SPAN_KIND_CLIENT")
        way = self.architecture.services[call.service].round_trip.sample(self._rng)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout()
            )
        headers = {"traceparent": f"00-{trace}-{span['spanId']}-01"}
        try:
            await asyncio.sleep(way / 2)
            async with self._session.post(
                f"{address}{OPERATION}{quote(call.operation, safe='')}", headers=headers
            ) as answer:
                failed = answer.status != 200
            await asyncio.sleep(way / 2)
        except (aiohttp.ClientError, OSError):
            failed = True
        except asyncio.CancelledError:
            self._end(span, failed=True)
            raise
        self._end(span, failed=failed)
        if failed:
            raise CallFailedError

    def _begin(self, trace: str, parent: str, name: str, kind: str) -> dict[str, Any]:
        span = {"traceId": trace, "spanId": secrets.token_hex(8), "parentSpanId": parent, "name": name, "kind": kind}
        span["startTimeUnixNano"] = str(time.time_ns())
        return span

    def _end(self, span: dict[str, Any], *, failed: bool = False) -> None:
        span["endTimeUnixNano"] = str(time.time_ns())
        span["status"] = {"code": "STATUS_CODE_ERROR"} if failed else {}
        self._spans.append(span)


async def _obey(instance: Instance, server: uvicorn.Server) -> None:
    """Follow the orders on standard input; at its end, end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        instance.hung = order.get("hung", instance.hung)
        instance.slowness = order.get("slowness", instance.slowness)
    server.force_exit = server.should_exit = True


async def _serve(first: Mapping[str, Any]) -> None:
    architecture = architecture_file.parse(first["text"], first["file"])
    instance = Instance(architecture, first["service"], first["addresses"], first["seed"])
    options = {
        "lifespan": "off",
        "access_log": False,
        "log_level": "error",
        "timeout_keep_alive": 3600,
        "backlog": 2048,
    }
    server = uvicorn.Server(uvicorn.Config(instance, **options))  # type: ignore[arg-type]
    obeying = asyncio.create_task(_obey(instance, server))
    await server.serve(sockets=[socket.socket(fileno=first["fd"])])
    obeying.cancel()


def main() -> NoReturn:
    """Be the instance that the first line of standard input describes, until the input ends."""
    first = json.loads(sys.stdin.buffer.readline())
    with asyncio.Runner(loop_factory=precise_loop) as runner:
        runner.run(_serve(first))
    sys.exit(0)


if __name__ == "__main__":
    main()
