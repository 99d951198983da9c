"""Records: channels of 64-bit keys with values."""

from __future__ import annotations

import ctypes
import enum
import os
from collections.abc import Callable
from ctypes import byref, c_size_t, c_void_p, sizeof
from typing import NamedTuple

from . import _library as c
from ._errors import NotFound


class ChangeKind(enum.IntEnum):
    WRITTEN = 1
    PRESENT = 2
    REMOVED = 3
    LOST = 4


class Change(NamedTuple):
    """`value` is None for REMOVED and LOST."""

    kind: ChangeKind
    key: int
    value: bytes | None


class Dht:
    """A client of DHT nodes. Calls block, for `timeout` seconds at most. Closed by close() or the end of a `with`.

    nodes: "HOST:PORT,HOST:PORT" of neo; without it, nodes that a handle finds (Halp.dht()).
    credentials: a file with one line NAME:KEY.
    """

    def __init__(
        self,
        nodes: str | None = None,
        *,
        label: str | None = None,
        credentials: str | os.PathLike[str] | None = None,
        timeout: float = 10.0,
        handle: c_void_p | None = None,
    ) -> None:
        self._dht = c_void_p()
        options = c.DhtOptions(
            size=sizeof(c.DhtOptions),
            timeout_ms=c.milliseconds(timeout),
            nodes=c.text(nodes),
            label=c.text(label),
            credentials=c.text(credentials),
        )
        c.check(c.lib.halp_dht_open(byref(self._dht), handle, byref(options)))

    def close(self) -> None:
        dht, self._dht = self._dht, c_void_p()
        c.check(c.lib.halp_dht_close(dht))

    def __enter__(self) -> Dht:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def put(self, channel: str, key: int, value: bytes) -> None:
        c.check(c.lib.halp_dht_put(self._dht, c.text(channel), key, value, len(value)))

    def get(self, channel: str, key: int) -> bytes | None:
        """None when there is no record."""
        value, size = c_void_p(), c_size_t()
        try:
            c.check(c.lib.halp_dht_get(self._dht, c.text(channel), key, byref(value), byref(size)))
            return ctypes.string_at(value, size.value)
        except NotFound:
            return None
        finally:
            c.lib.halp_free(value)

    def exists(self, channel: str, key: int) -> bool:
        return bool(c.check(c.lib.halp_dht_exists(self._dht, c.text(channel), key)))

    def remove(self, channel: str, key: int) -> bool:
        """Whether there was a record."""
        return bool(c.check(c.lib.halp_dht_remove(self._dht, c.text(channel), key)))

    def scan(self, channel: str) -> dict[int, bytes]:
        """Every record of the channel."""
        records: dict[int, bytes] = {}

        def take(_context: object, key: int, value: int | None, size: int) -> int:
            records[key] = ctypes.string_at(value, size) if value else b""
            return 0

        self._run(lambda guard: c.lib.halp_dht_scan(self._dht, c.text(channel), c.RecordCallback(guard(take)), None))
        return records

    def mirror(self, channel: str, each: Callable[[Change], bool | None], span: float | None = None) -> None:
        """Every record, then every change, until `each` returns True or `span` seconds are over."""

        def take(_context: object, kind: int, key: int, value: int | None, size: int) -> int:
            gone = kind in (ChangeKind.REMOVED, ChangeKind.LOST)
            content = None if gone else ctypes.string_at(value, size) if value else b""
            return 1 if each(Change(ChangeKind(kind), key, content)) else 0

        milliseconds = c.milliseconds(span)
        self._run(
            lambda guard: c.lib.halp_dht_mirror(
                self._dht, c.text(channel), milliseconds, c.ChangeCallback(guard(take)), None
            )
        )

    @staticmethod
    def _run(call: Callable[[Callable[..., object]], int]) -> None:
        """What a callback raises would give C garbage: it ends the call, and is raised behind it."""
        raised: list[BaseException] = []

        def guard(take: Callable[..., int]) -> Callable[..., int]:
            def guarded(*arguments: object) -> int:
                try:
                    return take(*arguments)
                except BaseException as why:
                    raised.append(why)
                    return 1

            return guarded

        code = call(guard)
        if raised:
            raise raised[0]
        c.check(code)
