"""`python -m torture.cutter PORT TARGET SEED ODDS`: a network that breaks.

A TCP proxy that ends a connection somewhere in a piece of what a client or a server says, with
these odds for each piece: after any part of a command, a message or a reply.
"""

from __future__ import annotations

import asyncio
import random
import sys


async def pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: random.Random, odds: float
) -> None:
    """Pass on what comes, until the connection ends or is cut."""
    try:
        while data := await reader.read(1 << 14):
            if chance.random() < odds:
                writer.write(data[: chance.randrange(len(data) + 1)])
                await writer.drain()
                return
            writer.write(data)
            await writer.drain()
    except OSError:
        return


async def main(port: int, target: int, seed: int, odds: float) -> None:
    chance = random.Random(seed)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        ways = [
            asyncio.ensure_future(pass_on(reader, back, chance, odds)),
            asyncio.ensure_future(pass_on(there, writer, chance, odds)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (writer, back):
            # Half of the times with a reset, which may overtake what was said.
            if chance.random() < 0.5:
                end.transport.abort()
            else:
                end.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
