"""A wire in front of stripe-mock: what was asked for there, and answers with a state, which the mock itself has not."""

import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Says = Mapping[str, Sequence[tuple[int, Mapping[str, Any]]]]
"""By `METHOD path`, in which `{}` stands for an id: status and what the answer says beyond the mock's, for each time.
Another status than 200 takes the place of the whole answer."""


@dataclass(frozen=True)
class Asked:
    """One request. call: `METHOD path`, without the version, each id as `{}`; params: the names at their first level;
    refusal: what the mock says against it."""

    call: str
    params: frozenset[str]
    refusal: str


@dataclass
class Wire:
    """words: the parts of paths that are no ids."""

    target: str
    words: Collection[str]
    says: dict[str, list[tuple[int, Mapping[str, Any]]]]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def call(self, method: str, path: str) -> str:
        return " ".join((method, "/".join(part if part in self.words else "{}" for part in path.split("/")[2:])))


@contextmanager
def wired(target: str, words: Collection[str], says: Says) -> Iterator[Wire]:
    """target: the mock's address. Stripe's second API, which the mock does not know, is answered by `says` alone."""
    wire = Wire(target, words, {call: list(said) for call, said in says.items()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(wire))
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            call = wire.call(self.command, parts.path)
            status, answer = (200, b"{}") if parts.path.startswith("/v2/") else self._forwarded(wire.target, body)
            names = (name.partition("[")[0] for name, _ in parse_qsl(parts.query) + parse_qsl(body.decode()))
            wire.asked.append(Asked(call, frozenset(names), "" if status == 200 else answer.decode()))
            if said := wire.says.get(call):
                status, more = said.pop(0)
                answer = json.dumps((json.loads(answer) if status == 200 else {}) | dict(more)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _forwarded(self, target: str, body: bytes) -> tuple[int, bytes]:
            connection = HTTPConnection(target.removeprefix("http://"), timeout=5)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            found = answer.status, answer.read()
            connection.close()
            return found

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  (the base class's names)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
            pass

    return Handler
