"""A static host for benchmarks: compresses as common hosts do, counts what it sends, and can be as slow as a link."""

import gzip
import http.server
import socket
import threading
import time
from functools import cache
from pathlib import Path
from typing import Self

TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}  # all of these are compressed; what is not here is compressed already
CHUNK = 8_192


@cache
def squeezed(path: Path) -> bytes:
    """The file as gzip makes it at its best."""
    return gzip.compress(path.read_bytes(), 9)


class Link:
    """One link for all connections: `rate` in bytes per second, None for no limit, and `trip`, a round trip in seconds."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self.trip = 0.0
        self.sent = 0
        self._free = 0.0
        self._lock = threading.Lock()

    def turn(self, size: int) -> None:
        """Wait until the link has carried `size` more bytes."""
        with self._lock:
            self.sent += size
            if self.rate is None:
                return
            self._free = max(self._free, time.monotonic()) + size / self.rate
            free = self._free
        time.sleep(max(0.0, free - time.monotonic()))


class PacedServer:
    """Serves folders below the first parts of their addresses, at `url`, from threads of this process."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self.folders = folders
        self.link = Link()
        server = self

        class Handler(_Handler):
            site = server

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def file(self, address: str) -> Path | None:
        """The file at an address, an index page for a folder's."""
        for prefix, folder in self.folders.items():
            path = folder / address.removeprefix(f"/{prefix}").partition("?")[0]
            path = path / "index.html" if path.is_dir() else path
            if address.startswith(f"/{prefix}") and path.is_file():
                return path
        return None


class _Handler(http.server.BaseHTTPRequestHandler):
    site: PacedServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        time.sleep(self.site.link.trip)  # the connection's own round trip

    def do_GET(self) -> None:
        time.sleep(self.site.link.trip)
        path = self.site.file(self.path)
        if path is None:
            self.send_error(404)
            return
        kind = TYPES.get(path.suffix)
        body = squeezed(path) if kind else path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind or "application/octet-stream")
        if kind:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.site.link.turn(300)  # about what the headers are
        for start in range(0, len(body), CHUNK):
            part = body[start : start + CHUNK]
            self.site.link.turn(len(part))
            self.wfile.write(part)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # a page that is closed closes its connections
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
