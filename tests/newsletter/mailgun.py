"""A mail service on loopback that speaks as Mailgun's API does; the test sets its answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

HANG_UP = "hang up"
HALF = "half an answer"


@dataclass
class Call:
    """One call: what was sent, in the words of the service."""

    data: dict[str, list[str]]
    accepted: bool = False

    def one(self, name: str) -> str:
        [value] = self.data[name]
        return value

    @property
    def to(self) -> list[str]:
        return sorted(each for to in self.data["to"] for each in to.split(", "))

    @property
    def variables(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads(self.one("recipient-variables"))
        return found


@dataclass
class Mailgun:
    """Accepts every call, unless `answer` returns something else.

    `answer` is called with each call and returns a status and headers, HANG_UP or HALF (both after
    it has accepted), or None for the usual answer. It may wait.
    """

    answer: Callable[[Call], Any] = lambda call: None
    calls: list[Call] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                call = Call(parse_qs(self.rfile.read(length).decode()))
                outer.calls.append(call)
                said = outer.answer(call)
                call.accepted = said in (None, HANG_UP, HALF)
                if said == HANG_UP:
                    self.close_connection = True
                    return
                number = len(outer.calls)
                body = json.dumps({"id": f"<{number}@mailgun>", "message": "Queued. Thank you."})
                status, headers = (200, {}) if said in (None, HALF) else said
                if status != 200:
                    body = json.dumps({"message": headers.pop("said", "no")})
                body = headers.pop("body", body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) * (2 if said == HALF else 1)))
                self.end_headers()
                self.wfile.write(body.encode())
                if said == HALF:
                    self.wfile.flush()
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Be quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that has gone is part of the tests."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def recipients(self) -> list[str]:
        """Everybody whose call was accepted, also where the answer was lost."""
        return sorted(to for call in self.calls if call.accepted for to in call.to)

    @property
    def options(self) -> dict[str, Any]:
        return {"api_key": "key-1", "api_url": f"http://127.0.0.1:{self.port}/v3", "timeout": 20}
