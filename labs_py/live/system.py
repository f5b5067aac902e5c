"""All instances of an architecture, started, addressed, broken and ended together."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from labs_py.live.service import ENDPOINT, SPANS
from labs_py.model.architecture import Architecture

_PATIENCE = 60.0  # seconds for all processes to start
_MOST = 100  # processes


class LiveError(Exception):
    """The system could not be started or went down unasked; the message says which part, and what to do."""


@dataclass(frozen=True)
class _Process:
    service: str
    address: str
    process: subprocess.Popen[bytes]

    def order(self, **what: object) -> None:
        pipe = self.process.stdin
        if pipe is not None and self.process.poll() is None:
            pipe.write(json.dumps(what).encode() + b"\n")
            pipe.flush()


class System:
    """Runs while it is entered: `with System(…) as system`. However that is left, no process and no port remains.

    `text` is the architecture's file, `architecture` what it says; `replicas` overrides the number of instances of some services.
    """

    def __init__(self, architecture: Architecture, text: str, replicas: Mapping[str, int], seed: int) -> None:
        self.architecture = architecture
        self._text = text
        self._counts = {name: replicas.get(name, service.replicas) for name, service in architecture.services.items()}
        if sum(self._counts.values()) > _MOST:
            raise LiveError(
                f"instances must be at most {_MOST} in all on one machine, got {sum(self._counts.values())}; set replicas to fewer"
            )
        self._seed = seed
        self._running: list[_Process] = []

    def __enter__(self) -> Self:
        sockets = {name: [_listening() for _ in range(count)] for name, count in self._counts.items()}
        addresses = {name: [f"http://127.0.0.1:{one.getsockname()[1]}" for one in own] for name, own in sockets.items()}
        try:
            for name, own in sockets.items():
                for one, address in zip(own, addresses[name], strict=True):
                    self._start(name, one, address, addresses)
            asyncio.run(self._ready())
        except BaseException:
            self._end()
            raise
        finally:
            for one in (one for own in sockets.values() for one in own):
                one.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self, name: str, one: socket.socket, address: str, addresses: Mapping[str, list[str]]) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "labs_py.live.service"],
            stdin=subprocess.PIPE,
            pass_fds=[one.fileno()],
            # Ctrl-C is for whoever started the system; it ends the rest.
            start_new_session=True,
        )
        self._running.append(_Process(name, address, process))
        self._running[-1].order(
            text=self._text,
            file=self.architecture.file,
            service=name,
            addresses=addresses,
            seed=self._seed * 1000 + len(self._running),
            fd=one.fileno(),
        )

    async def _ready(self) -> None:
        """Wait until every instance answers."""
        try:
            async with asyncio.timeout(_PATIENCE), aiohttp.ClientSession() as session:
                for one in self._running:
                    async with session.get(one.address + SPANS) as answer:
                        await answer.read()
        except (TimeoutError, aiohttp.ClientError) as error:
            raise LiveError(
                f"all {len(self._running)} processes must start within {_PATIENCE:g} s, and did not ({error}); "
                "end other programs, or set replicas to fewer"
            ) from None

    def _end(self) -> None:
        for one in self._running:
            one.process.kill()
        for one in self._running:
            one.process.wait()
            if one.process.stdin is not None:
                one.process.stdin.close()
        self._running.clear()

    def entry(self, endpoint: str) -> Iterator[str]:
        """Yield, for ever, the addresses at which an endpoint's entry service can be asked for it, in turn."""
        own = [one.address for one in self._running if one.service == self.architecture.endpoints[endpoint].entry]
        path = ENDPOINT + quote(endpoint, safe="")
        while True:
            yield from (address + path for address in own)

    def kill(self, service: str) -> None:
        """End every instance of a service at once, as `kill -9` does."""
        for one in self._instances(service):
            os.kill(one.process.pid, signal.SIGKILL)

    def hang(self, service: str) -> None:
        """Let every instance of a service take requests and never answer."""
        for one in self._instances(service):
            one.order(hung=True)

    def slow(self, service: str, factor: float) -> None:
        """Let every instance of a service take `factor` times as long for its own work."""
        for one in self._instances(service):
            one.order(slowness=factor)

    def _instances(self, service: str) -> list[_Process]:
        return [one for one in self._running if one.service == service]

    async def traces(self) -> list[dict[str, Any]]:
        """Return what the instances that are alive have noted down, as `resourceSpans` of OTLP's JSON."""
        collected = []
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
            for one in self._running:
                if one.process.poll() is None:
                    async with session.get(one.address + SPANS) as answer:
                        collected.append(_resource(one.service, await answer.json()))
        return collected


def _listening() -> socket.socket:
    """Return a listening socket on a port that is free; the child inherits it, so nobody can take the port in between."""
    one = socket.create_server(("127.0.0.1", 0), backlog=2048)
    one.setblocking(False)
    return one


def _resource(service: str, spans: list[dict[str, Any]]) -> dict[str, Any]:
    attributes = [{"key": "service.name", "value": {"stringValue": service}}]
    return {"resource": {"attributes": attributes}, "scopeSpans": [{"scope": {"name": "labs_py.live"}, "spans": spans}]}
