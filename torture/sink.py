"""`python -m torture.sink '{"port": 2525, "log": "…"}'`: a mail server that can be told to fail.

It is the judge. Before it says that it took a message, it writes a line of its own: recipient,
Message-ID, the address in To, and whether the message is whole. So whatever is killed, that file
tells who was mailed what, and how often.

`faults` are lists of a phase, what happens there, and its odds: ["RCPT", "451 4.7.1 later", 0.1].
What happens is a reply, "drop" (the connection ends), "reset" (it breaks) or "slow 0.5" (seconds).
The phases are CONNECT, EHLO, MAIL, RCPT, DATA; BODY, when a part of the message came; END, when all
of it came; and TAKEN, when the line is written and the reply is not.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from typing import Any

EXTENSIONS = ("PIPELINING", "SIZE 10240000", "8BITMIME", "ENHANCEDSTATUSCODES")
DOT = b"\r\n.\r\n"


class Sink:
    """What all connections share."""

    def __init__(
        self,
        port: int,
        log: str,
        seed: int = 0,
        faults: list[tuple[str, str, float]] = (),  # type: ignore[assignment]
        withdraws: bool = False,
        cuts: float = 0.0,
    ) -> None:
        self.port = port
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.random = random.Random(seed)
        self.faults = [tuple(fault) for fault in faults]
        self.withdraws = withdraws
        # The odds that the network breaks somewhere in what the server says.
        self.cuts = cuts

    def take(self, recipient: str, message: bytes) -> None:
        """Write down that a message is taken."""
        head = message.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        fields = dict(line.partition(": ")[::2] for line in head.split("\r\n") if ": " in line)
        to = fields.get("To", "").strip("<>").lower() or "-"
        whole = "whole" if message.rstrip().endswith(b"--") else "torn"
        line = f"{recipient} {fields.get('Message-ID', '-')} {to} {whole}\n"
        os.write(self.log, line.encode())

    def fault(self, phase: str) -> str:
        """Return what goes wrong at this phase, "" for nothing."""
        for at, what, odds in self.faults:
            if at == phase and self.random.random() < odds:
                return what
        return ""


class Connection(asyncio.Protocol):
    """One client."""

    transport: asyncio.Transport

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.said = bytearray()
        self.in_data = False
        self.begun = False
        self.searched = 0
        self.waits = False
        self.recipient = ""
        self.sender = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.at("CONNECT", "220 torture ESMTP")

    def data_received(self, data: bytes) -> None:
        self.said += data
        self.go_on()

    def go_on(self) -> None:
        """Read what is there, until a reply has to wait."""
        while not self.waits and not self.transport.is_closing():
            if not (self.read_message() if self.in_data else self.read_command()):
                return

    def read_command(self) -> bool:
        line, end, _ = bytes(self.said[:2000]).partition(b"\r\n")
        if not end:
            return False
        del self.said[: len(line) + 2]
        verb, _, rest = line.decode("utf-8", "replace").partition(" ")
        self.command(verb.upper(), rest)
        return True

    def command(self, verb: str, rest: str) -> None:
        if verb in ("EHLO", "HELO"):
            offered = list(EXTENSIONS) if verb == "EHLO" else []
            if self.sink.withdraws and self.sink.random.random() < 0.5:
                offered = [name for name in offered if self.sink.random.random() < 0.5]
            lines = ["torture", *offered]
            last = len(lines) - 1
            reply = "\r\n".join(
                f"250{' ' if n == last else '-'}{name}" for n, name in enumerate(lines)
            )
            self.at("EHLO", reply)
        elif verb == "MAIL":
            self.sender, self.recipient = True, ""
            if self.at("MAIL", "250 2.1.0 ok") != "250":
                self.sender = False
        elif verb == "RCPT":
            if not self.sender:
                self.reply("503 5.5.1 MAIL first")
            elif self.at("RCPT", "250 2.1.5 ok") == "250":
                self.recipient = rest.partition("<")[2].partition(">")[0]
        elif verb == "DATA":
            if not self.recipient:
                self.reply("503 5.5.1 RCPT first")
            elif self.at("DATA", "354 go on") == "354":
                self.in_data, self.begun, self.searched = True, False, 0
        elif verb == "QUIT":
            self.reply("221 2.0.0 bye")
            self.transport.close()
        elif verb in ("RSET", "NOOP"):
            self.sender, self.recipient = False, ""
            self.reply("250 2.0.0 ok")
        else:
            self.reply("500 5.5.2 what?")

    def read_message(self) -> bool:
        if self.said and not self.begun:
            self.begun = True
            if self.broken(self.sink.fault("BODY")):
                return False
        end = self.said.find(DOT, max(0, self.searched - len(DOT)))
        if end < 0:
            self.searched = len(self.said)
            return False
        message = bytes(self.said[:end])
        del self.said[: end + len(DOT)]
        self.in_data = self.sender = False
        what = self.sink.fault("END")
        if self.broken(what):
            return False
        if what and not what.startswith("slow"):
            self.reply(what)
            return True
        self.sink.take(self.recipient, message)
        reply = f"250 2.0.0 kept {self.recipient}"
        what = what or self.sink.fault("TAKEN")
        if not self.broken(what):
            self.reply(reply, float(what.split()[1]) if what.startswith("slow") else 0)
        return True

    def at(self, phase: str, usual: str) -> str:
        """Reply as usual, or as a fault has it; return the code that was said."""
        what = self.sink.fault(phase)
        if self.broken(what):
            return ""
        if what.startswith("slow"):
            self.reply(usual, float(what.split()[1]))
            return usual[:3]
        self.reply(what or usual)
        return (what or usual)[:3]

    def broken(self, what: str) -> bool:
        """End the connection if the fault is that one."""
        if what == "drop":
            self.transport.close()
        elif what == "reset":
            self.transport.abort()
        else:
            return False
        return True

    def reply(self, line: str, after: float = 0) -> None:
        if after:
            self.waits = True
            asyncio.get_running_loop().call_later(after, self.late, line)
        else:
            self.say(line)

    def late(self, line: str) -> None:
        self.waits = False
        self.say(line)
        self.go_on()

    def say(self, line: str) -> None:
        said = line.encode() + b"\r\n"
        if self.sink.cuts and self.sink.random.random() < self.sink.cuts:
            said = said[: self.sink.random.randrange(len(said))]
            self.transport.write(said)
            self.transport.close()
            return
        self.transport.write(said)
        if line.startswith("421"):
            self.transport.close()


async def main(options: dict[str, Any]) -> None:
    sink = Sink(**options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(sink), "127.0.0.1", sink.port, reuse_address=True
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
