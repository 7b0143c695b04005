"""What the wire allows: loops that send the same bytes over and over, and store nothing."""

from __future__ import annotations

import select
import smtplib
import socket
import sqlite3
import tempfile
import time
from typing import Any

ENVELOPE = b"MAIL FROM:<bench@example.org>\r\nRCPT TO:<reader@example.org>\r\nDATA\r\n"


def _stuffed(message: bytes) -> bytes:
    return message.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n") + b"\r\n.\r\n"


def _connected(port: int) -> socket.socket:
    found = socket.create_connection(("127.0.0.1", port))
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found.recv(4096)
    found.sendall(b"EHLO bench\r\n")
    found.recv(4096)
    return found


def measured(sent: int, began: float, cpu: float) -> dict[str, float]:
    """Return the figures of a loop that began at this moment and processor time."""
    return {"sent": sent, "took": time.monotonic() - began, "cpu": time.process_time() - cpu}


class _Wire:
    """A connection that always has a whole message under way: one group, four replies."""

    def __init__(self, port: int) -> None:
        self.socket = _connected(port)
        self.socket.setblocking(False)
        self.left = memoryview(ENVELOPE)
        self.replies = 0

    def write(self) -> bool:
        """Write what fits; return whether all is written."""
        try:
            while self.left:
                self.left = self.left[self.socket.send(self.left) :]
        except BlockingIOError:
            return False
        return True


def pipelined(port: int, connections: int, seconds: float, message: bytes) -> dict[str, float]:
    """Send groups of `the message, its dot, MAIL, RCPT, DATA`, as fast as the server answers."""
    group = memoryview(_stuffed(message) + ENVELOPE)
    wires = {wire.socket.fileno(): wire for wire in [_Wire(port) for _ in range(connections)]}
    began, cpu = time.monotonic(), time.process_time()
    poll = select.epoll()
    for number, wire in wires.items():
        wire.write()
        poll.register(number, select.EPOLLIN)
    sent = 0
    while time.monotonic() - began < seconds:
        for number, event in poll.poll(1):
            wire = wires[number]
            if event & select.EPOLLOUT and wire.write():
                poll.modify(number, select.EPOLLIN)
            if event & ~select.EPOLLOUT:
                said = wire.socket.recv(4096)
                wire.replies += said.count(b"\n")
                if said.endswith(b"\n") and b"354" in said[-60:]:
                    sent += wire.replies == 4
                    wire.replies, wire.left = 0, group
                    if not wire.write():
                        poll.modify(number, select.EPOLLIN | select.EPOLLOUT)
    for wire in wires.values():
        wire.socket.close()
    return measured(sent, began, cpu)


def lock_step(port: int, seconds: float, message: bytes) -> dict[str, float]:
    """Send each command after the reply to the one before, over one connection."""
    steps = [*ENVELOPE.splitlines(keepends=True), _stuffed(message)]
    connection = _connected(port)
    began, cpu = time.monotonic(), time.process_time()
    sent = 0
    while time.monotonic() - began < seconds:
        for step in steps:
            connection.sendall(step)
            connection.recv(4096)
        sent += 1
    connection.close()
    return measured(sent, began, cpu)


def with_commits(port: int, seconds: float, message: bytes) -> dict[str, float]:
    """Send in lock-step, with one commit to the disk before each message, in plain SQL.

    So much one connection can do at most where the ledger is to be believed after a power cut.
    """
    connection = _connected(port)
    *envelope, body = [*ENVELOPE.splitlines(keepends=True), _stuffed(message)]
    with tempfile.TemporaryDirectory() as folder:
        ledger = sqlite3.connect(f"{folder}/ledger", isolation_level=None)
        ledger.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE rows (id INTEGER PRIMARY KEY, state TEXT);"
            "INSERT INTO rows (state) WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT 'queued' FROM n;"
        )
        began, cpu = time.monotonic(), time.process_time()
        sent = 0
        while time.monotonic() - began < seconds:
            ledger.execute("BEGIN IMMEDIATE")
            ledger.execute("UPDATE rows SET state = 'sent' WHERE id = ?", [sent])
            ledger.execute("UPDATE rows SET state = 'sending' WHERE id = ?", [sent + 1])
            ledger.execute("COMMIT")
            for step in (*envelope, body):
                connection.sendall(step)
                connection.recv(4096)
            sent += 1
        found = measured(sent, began, cpu)
        ledger.close()
    connection.close()
    return found


def with_smtplib(port: int, seconds: float, message: bytes) -> dict[str, float]:
    """Call smtplib.SMTP.sendmail() over one connection."""
    sent = 0
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        began, cpu = time.monotonic(), time.process_time()
        while time.monotonic() - began < seconds:
            server.sendmail("bench@example.org", ["reader@example.org"], message)
            sent += 1
    return measured(sent, began, cpu)


def with_django(port: int, seconds: float, parts: dict[str, Any]) -> dict[str, float]:
    """Send EmailMultiAlternatives of the same texts over one connection that is kept open."""
    from django.core.mail import EmailMultiAlternatives
    from django.core.mail.backends.smtp import EmailBackend

    sent = 0
    with EmailBackend(alias="bench", host="127.0.0.1", port=port) as connection:
        began, cpu = time.monotonic(), time.process_time()
        while time.monotonic() - began < seconds:
            mail = EmailMultiAlternatives(
                parts["subject"],
                parts["text"],
                parts["sender"],
                [f"reader{sent}@example.org"],
                headers=parts["headers"],
            )
            mail.attach_alternative(parts["html"], "text/html")
            sent += connection.send_messages([mail])
    return measured(sent, began, cpu)
