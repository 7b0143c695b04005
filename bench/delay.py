"""`python -m bench.delay PORT TARGET MILLISECONDS`: a mail server far away.

A TCP proxy that passes on at once what a client says, and each reply so much later. smtp-sink can
only wait whole seconds.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from functools import partial

# What is not passed on yet; more is not read. One message is much smaller.
BUFFERED = 1 << 20


class End(asyncio.Protocol):
    """One end of a proxied connection. What it gets goes to `other`, after the delay."""

    transport: asyncio.Transport

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.other: End | None = None
        self.early: list[bytes] = []
        self.late: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(BUFFERED)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early.append(data)
        elif self.delay:
            self.late.append(data)
            asyncio.get_running_loop().call_later(self.delay, self._pass_on)
        else:
            self.other.transport.write(data)

    def _pass_on(self) -> None:
        assert self.other
        self.other.transport.write(self.late.popleft())

    def pause_writing(self) -> None:
        if self.other:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other:
            self.other.transport.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        if self.other:
            self.other.transport.close()


class Client(End):
    """The end that a client opened."""

    def __init__(self, target: int, delay: float) -> None:
        super().__init__(0)
        self.target, self.reply_delay = target, delay
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        make = partial(End, self.reply_delay)
        _, server = await loop.create_connection(make, "127.0.0.1", self.target)
        server.other, self.other = self, server
        if self.transport.is_closing():  # The client has gone meanwhile.
            server.transport.close()
        for end in (server, self):
            early, end.early = end.early, []
            for data in early:
                end.data_received(data)


async def main(port: int, target: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Client(target, delay), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
