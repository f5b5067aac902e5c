"""A static host for the built site that sets no special headers and, where a test says so, serves something broken."""

import functools
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

SUB_PATH = "some/where/course/"
# What the built pages take for their own address; it is served at others, and nothing may be asked for here.
ADDRESS = "https://course.test/"


class SiteServer:
    """Serves `folder` at `url`, and at `url` + SUB_PATH, from threads of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changes: dict[str, Callable[[bytes], bytes | None]] = {}
        self.asked: list[str] = []
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    @contextmanager
    def changed(self, ending: str, change: Callable[[bytes], bytes | None]) -> Iterator[None]:
        """For a while, serve what `change` makes of the file whose address has this ending.

        None stands for 404; a TimeoutError for a body that never comes.
        """
        self.changes[ending] = change
        try:
            yield
        finally:
            del self.changes[ending]


def without_snapshot(manifest: bytes) -> bytes:
    """What the manifest of Python's files is on a site that was made without a snapshot: Python boots plainly."""
    return json.dumps(json.loads(manifest) | {"snapshot": None}).encode()


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, site: SiteServer, *arguments: object) -> None:
        self.site = site
        super().__init__(*arguments, directory=str(site.folder))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        address = urlsplit(self.path).path
        self.site.asked.append(address)
        change = next((item for ending, item in self.site.changes.items() if address.endswith(ending)), None)
        if change is None:
            super().do_GET()
            return
        try:
            body = change(Path(self.translate_path(self.path)).read_bytes())
        except TimeoutError:
            self._stall()
            return
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(address))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stall(self) -> None:
        """Promise a body and never send it."""
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.close_connection = True
        time.sleep(20)

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix(f"/{SUB_PATH}") if path.startswith(f"/{SUB_PATH}") else path)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # a browser that leaves, or a worker that is ended, closes its connections
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
