"""A handle: hosts of labels, announcements, watches, connections."""

from __future__ import annotations

import asyncio
import enum
import os
import socket
from collections import deque
from collections.abc import Iterable
from ctypes import POINTER, byref, c_uint64, c_void_p, sizeof
from types import TracebackType
from typing import NamedTuple

from . import _library as c
from ._dht import Dht
from ._errors import Error


class Mode(enum.IntEnum):
    AUTO = 0
    DAEMON = 1
    CACHE = 2
    NODE = 3


class Flag(enum.IntFlag):
    OWN = 1
    PROVED = 2
    CLAIMED = 4
    REMEMBERED = 8


class EventKind(enum.IntEnum):
    HOST = 1
    GONE = 2
    COMPLETE = 3
    LOST = 4


class Host(NamedTuple):
    """`seen` is the wall-clock time at which it was last confirmed; `flags` are of Flag; `tags` of its announcement."""

    host: str
    port: int
    flags: int
    seen: int
    tags: tuple[str, ...] = ()

    @property
    def address(self) -> tuple[str, int]:
        """For socket.create_connection()."""
        return self.host, self.port

    @property
    def own(self) -> bool:
        return bool(self.flags & Flag.OWN)

    @property
    def proved(self) -> bool:
        return bool(self.flags & Flag.PROVED)


class Event(NamedTuple):
    """`host` is None for COMPLETE and LOST."""

    kind: EventKind
    label: str
    host: Host | None


def _host_of(entry: c.HostEntry) -> Host:
    tags = tuple(entry.tags.decode("utf-8", "surrogateescape").split(",")) if entry.tags else ()
    return Host(entry.host.decode("utf-8", "surrogateescape"), entry.port, entry.flags, entry.seen_unix_s, tags)


def _hosts_of(found: POINTER(c.List)) -> list[Host]:  # type: ignore[valid-type]
    """The hosts of a list, which is freed."""
    try:
        content = found.contents
        if content.host_size == sizeof(c.HostEntry):
            entries = (c.HostEntry * content.count).from_address(content.hosts) if content.count else ()
            return [_host_of(entry) for entry in entries]
        places = (content.hosts + i * content.host_size for i in range(content.count))
        return [_host_of(c.HostEntry.from_address(place)) for place in places]
    finally:
        c.lib.halp_free(found)


class Announcement:
    """Lasts until cancel(), the end of a `with`, or the end of its handle."""

    def __init__(self, handle: Halp, number: int) -> None:
        self._handle: Halp | None = handle
        self._number = number

    def cancel(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None and handle._open:
            c.check(c.lib.halp_cancel(handle._handle, self._number))

    def __enter__(self) -> Announcement:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class Watch:
    """The events of a label. Iterate over it, in a `for` or an `async for`.

    A `for` ends when `timeout` seconds pass without an event (None: never).
    """

    def __init__(self, handle: Halp, label: str, timeout: float | None) -> None:
        self._handle: Halp | None = handle
        self._timeout = timeout
        self._events: deque[Event] = deque()
        self._arrived: asyncio.Event | None = None
        self._reading = False
        # Kept: C calls it as long as the watch lives. What it raises would give C garbage, so it must not.
        self._callback = c.WatchCallback(self._take)
        number = c_uint64()
        c.check(c.lib.halp_watch(handle._handle, c.text(label), self._callback, None, byref(number)))
        self._number = number.value
        handle._watches[self._number] = self

    def _take(self, _context: object, entry: POINTER(c.EventEntry)) -> None:  # type: ignore[valid-type]
        handle = self._handle
        try:
            event = entry.contents
            host = _host_of(event.host.contents) if event.host else None
            self._events.append(Event(EventKind(event.kind), event.label.decode(), host))
        except BaseException as why:  # raised again by dispatch()
            if handle is not None and handle._raised is None:
                handle._raised = why
        finally:
            if self._arrived is not None:
                self._arrived.set()

    def cancel(self) -> None:
        handle, self._handle = self._handle, None
        if handle is None:
            return
        handle._watches.pop(self._number, None)
        if self._reading:
            handle._stop_reading()
        if self._arrived is not None:
            self._arrived.set()
        if handle._open:
            c.check(c.lib.halp_cancel(handle._handle, self._number))

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> Event:
        while not self._events:
            if self._handle is None or self._handle.dispatch(self._timeout) == 0:
                raise StopIteration
        return self._events.popleft()

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Event:
        if self._arrived is None:
            self._arrived = asyncio.Event()
        if not self._reading and self._handle is not None:
            self._reading = True
            self._handle._start_reading()
        while not self._events:
            if self._handle is None:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
            if self._handle is not None:
                self._handle._raise_again()
        return self._events.popleft()


class Halp:
    """Opened at once; closed by close() or the end of a `with`.

    Without arguments: the daemon of this user or of the system, else the cache directory ~/.halp.
    """

    def __init__(
        self,
        mode: Mode | int = Mode.AUTO,
        *,
        timeout: float = 10.0,
        socket: str | os.PathLike[str] | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        announce_every: float = 0.0,
        poll_every: float = 0.0,
        listen: str | None = None,
        advertise: str | None = None,
        join: str | None = None,
        swarm: str | None = None,
        profile: str | None = None,
        state_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self._handle = c_void_p()
        self._open = False
        self._watches: dict[int, Watch] = {}
        self._raised: BaseException | None = None
        self._readers = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        options = c.Options(
            size=sizeof(c.Options),
            mode=int(mode),
            timeout_ms=c.milliseconds(timeout),
            socket=c.text(socket),
            cache_dir=c.text(cache_dir),
            announce_every_ms=c.milliseconds(announce_every),
            poll_every_ms=c.milliseconds(poll_every),
            listen=c.text(listen),
            advertise=c.text(advertise),
            join=c.text(join),
            swarm=c.text(swarm),
            profile=c.text(profile),
            state_dir=c.text(state_dir),
        )
        c.check(c.lib.halp_open(byref(self._handle), byref(options)))
        self._open = True

    @property
    def mode(self) -> Mode:
        """What AUTO has found."""
        return Mode(c.check(c.lib.halp_mode(self._handle)))

    def close(self) -> None:
        if not self._open:
            return
        c.check(c.lib.halp_close(self._handle))  # HALP_BUSY in a callback: it stays open
        self._open = False
        self._handle = c_void_p()
        for watch in list(self._watches.values()):
            watch.cancel()

    def __enter__(self) -> Halp:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _why: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except (Error, AttributeError):
            pass  # the interpreter may be ending

    # ---- hosts ----

    def lookup(
        self, label: str, count: int = 20, *, first: int = 0, local: bool = False, tag: str | None = None
    ) -> list[Host]:
        """The hosts of a label, the most recent first. `local`: without a daemon, ask no server. `tag`: only hosts
        that were announced with it."""
        options = c.LookupOptions(sizeof(c.LookupOptions), first, count, 1 if local else 0, 0, c.text(tag))
        found = POINTER(c.List)()
        c.check(c.lib.halp_lookup(self._handle, c.text(label), byref(options), byref(found)))
        return _hosts_of(found)

    def sublabels(self, directory: str = "labels", count: int = 1000, *, first: int = 0) -> list[str]:
        """The labels below `directory`, which ends in "/", or those at the top."""
        options = c.LookupOptions(sizeof(c.LookupOptions), first, count)
        found = POINTER(c.List)()
        c.check(c.lib.halp_sublabels(self._handle, c.text(directory), byref(options), byref(found)))
        return [entry.host for entry in _hosts_of(found)]

    def announce(
        self, label: str, port: int, host: str | None = None, *, tags: Iterable[str] = ()
    ) -> Announcement:
        """Without a host, at the address at which others see the daemon or the node. `tags`: words about the host."""
        number = c_uint64()
        if not 0 < port < 65536:
            raise c.BY_CODE[-6](f"a port is 1 to 65535, not {port}")
        words = [tags] if isinstance(tags, str) else list(tags)
        if any("," in word for word in words):
            raise c.BY_CODE[-6]("a tag has no comma")
        options = c.AnnounceOptions(sizeof(c.AnnounceOptions), c.text(",".join(words)))
        arguments = c.text(label), c.text(host), port, byref(options), byref(number)
        c.check(c.lib.halp_announce_with(self._handle, *arguments))
        return Announcement(self, number.value)

    def confirm(self, label: str, host: Host | tuple[str, int], worked: bool = True) -> None:
        """Reports that this host was dialled, and worked or not."""
        c.check(c.lib.halp_confirm(self._handle, c.text(label), c.text(host[0]), host[1], worked))

    def connect(
        self,
        label: str,
        timeout: float | None = None,
        *,
        attempt: float = 3.0,
        count: int = 20,
        skip_own: bool = False,
    ) -> socket.socket:
        """A connection to the first host of the label that works. Those that do not are reported."""
        options = c.ConnectOptions(
            sizeof(c.ConnectOptions),
            0 if timeout is None else c.milliseconds(timeout),
            c.milliseconds(attempt),
            count,
            1 if skip_own else 0,
        )
        return socket.socket(fileno=c.check(c.lib.halp_connect(self._handle, c.text(label), byref(options), None)))

    def dht(self, **options: str | float | os.PathLike[str] | None) -> Dht:
        """A client of the DHT nodes that this handle finds; see Dht."""
        return Dht(handle=self._handle, **options)  # type: ignore[arg-type]

    # ---- events ----

    def watch(self, label: str, timeout: float | None = None) -> Watch:
        return Watch(self, label, timeout)

    def fileno(self) -> int:
        """Readable when dispatch() has something to do."""
        return c.check(c.lib.halp_fd(self._handle))

    def dispatch(self, timeout: float | None = 0.0) -> int:
        """Takes what has happened, and waits for it at most so long (None: for ever). Returns how many events came."""
        told = c.check(c.lib.halp_dispatch(self._handle, c.milliseconds(timeout)))
        self._raise_again()
        return told

    def _raise_again(self) -> None:
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def _start_reading(self) -> None:
        self._readers += 1
        if self._readers == 1:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self.fileno(), self._read)
            self._loop.call_soon(self._read)

    def _stop_reading(self) -> None:
        self._readers -= 1
        if self._readers == 0 and self._loop is not None:
            if self._open and not self._loop.is_closed():
                self._loop.remove_reader(self.fileno())
            self._loop = None

    def _read(self) -> None:
        if not self._open:
            return
        try:
            c.check(c.lib.halp_dispatch(self._handle, 0))
        except Error as why:
            self._raised = why
            for watch in self._watches.values():
                if watch._arrived is not None:
                    watch._arrived.set()


