"""A slow way to a server on this machine."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 65_536


@contextmanager
def relayed(url: str, delay: float) -> Iterator[str]:
    """The same URL through a relay that keeps every answer back for `delay` seconds."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    target = urlsplit(url)
    port = asyncio.run_coroutine_threadsafe(_listen(str(target.hostname), int(target.port or 80), delay), loop).result()
    try:
        yield urlunsplit(target._replace(netloc=f"{target.hostname}:{port}"))
    finally:
        asyncio.run_coroutine_threadsafe(_hang_up(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _listen(host: str, port: int, delay: float) -> int:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(_pass_on(reader, behind_writer, 0), _pass_on(behind_reader, writer, delay))

    server = await asyncio.start_server(relay, host)
    return int(server.sockets[0].getsockname()[1])


async def _hang_up() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    while chunk := await reader.read(_CHUNK):
        await asyncio.sleep(delay)
        writer.write(chunk)
        await writer.drain()
    writer.close()
