"""A small SMTP server on a real socket; the test sets its replies."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from typing import Any

HANG_UP = object()

Answer = Callable[[str], Any]


class ScriptedServer:
    """Accepts mail on loopback unless an answer in `on` says otherwise.

    `on["RCPT"]` (or MAIL, DATA, END, CONNECT, RSET) is called with the argument of the
    command (for END: the recipient) and returns a reply line, HANG_UP, or None for the
    usual reply. `accepted` holds (recipient, message bytes) in order. It offers PIPELINING unless
    `offers` is changed; `said` is every command line in order.
    """

    def __init__(self) -> None:
        self.offers = ["PIPELINING", "SIZE 20000000"]
        self.said: list[str] = []
        self.on: dict[str, Answer] = {}
        self.accepted: list[tuple[str, bytes]] = []
        self.connections = 0
        self._server: socketserver.ThreadingTCPServer | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def answer(self, verb: str, argument: str, usual: str) -> str:
                said = outer.on[verb](argument) if verb in outer.on else None
                if said is HANG_UP:
                    raise ConnectionAbortedError
                reply = usual if said is None else str(said)
                self.wfile.write(reply.encode() + b"\r\n")
                return reply

            def handle(self) -> None:
                outer.connections += 1
                recipient = ""
                try:
                    if not self.answer("CONNECT", "", "220 ready").startswith("2"):
                        return
                    while line := self.rfile.readline():
                        verb, _, argument = line.decode().strip().partition(" ")
                        verb = verb.upper()
                        outer.said.append(line.decode().strip())
                        if verb == "QUIT":
                            self.answer("QUIT", "", "221 bye")
                            return
                        if verb == "RCPT":
                            recipient = argument.split("<")[1].split(">")[0]
                            self.answer("RCPT", recipient, "250 ok")
                        elif verb == "DATA":
                            if not self.answer("DATA", recipient, "354 go").startswith("3"):
                                continue
                            message = b""
                            while (data := self.rfile.readline()) != b".\r\n":
                                if not data:
                                    return
                                message += data[1:] if data.startswith(b".") else data
                            if self.answer("END", recipient, "250 ok").startswith("2"):
                                outer.accepted.append((recipient, message))
                        elif verb == "EHLO":
                            lines = ["hello", *outer.offers]
                            marks = ["-"] * (len(lines) - 1) + [" "]
                            usual = "\r\n".join(
                                f"250{mark}{text}" for mark, text in zip(marks, lines, strict=True)
                            )
                            self.answer(verb, argument, usual)
                        else:
                            self.answer(verb, argument, "250 ok")
                except (ConnectionError, ValueError):
                    return

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.accepted]

    def mailers(self) -> dict[str, Any]:
        """MAILERS that send everything here."""
        options = {"host": "127.0.0.1", "port": self.port, "timeout": 5}
        backend = "django.core.mail.backends.smtp.EmailBackend"
        return {
            alias: {"BACKEND": backend, "OPTIONS": dict(options)} for alias in ("default", "bulk")
        }
