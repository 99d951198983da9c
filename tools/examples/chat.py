"""The chat of chat.c in Python: `chat.py HOST PORT [LABEL]`. Both understand each other."""

import asyncio
import sys

import halp


async def follow(watch, me, peers):
    async for event in watch:
        if event.host is None or event.host.port == me[1]:
            continue
        if event.kind == halp.EventKind.GONE:
            peers.discard(event.host.address)
        elif event.host.address not in peers:
            peers.add(event.host.address)
            print(f"* {event.host.host}:{event.host.port} is here", flush=True)


async def hear(reader, writer):
    print((await reader.read(1024)).decode(errors="replace"), end="", flush=True)
    writer.close()


async def say(h, label, peer, line):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(*peer), 3)
        writer.write(line.encode())
        await writer.drain()
        writer.close()
        h.confirm(label, peer)
    except OSError:
        h.confirm(label, peer, worked=False)


async def main(host, port, label="chat"):
    peers = set()
    with halp.open() as h:
        await asyncio.start_server(hear, "0.0.0.0", int(port))
        h.announce(label, int(port), host)
        following = asyncio.create_task(follow(h.watch(label), (host, int(port)), peers))
        while line := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
            for peer in list(peers):
                await say(h, label, peer, line)
        following.cancel()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or not sys.argv[2].isdigit():
        sys.exit("usage: chat.py HOST PORT [LABEL]: HOST and PORT are where others reach this program")
    try:
        asyncio.run(main(*sys.argv[1:]))
    except halp.Error as why:
        sys.exit(f"chat.py: {why}")
    except KeyboardInterrupt:
        pass
