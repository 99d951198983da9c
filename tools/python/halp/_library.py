"""libhalp.so.1 by ctypes: the structures and functions of halp/halp.h."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint16, c_uint32, c_uint64, c_void_p

from ._errors import BY_CODE, Error


class Options(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("mode", c_int),
        ("timeout_ms", c_int),
        ("socket", c_char_p),
        ("cache_dir", c_char_p),
        ("announce_every_ms", c_int64),
        ("poll_every_ms", c_int64),
        ("listen", c_char_p),
        ("advertise", c_char_p),
        ("join", c_char_p),
        ("swarm", c_char_p),
        ("profile", c_char_p),
        ("state_dir", c_char_p),
    ]


class HostEntry(ctypes.Structure):
    _fields_ = [
        ("host", c_char_p),
        ("port", c_uint16),
        ("flags", c_uint16),
        ("reserved", c_uint32),
        ("seen_unix_s", c_int64),
        ("tags", c_char_p),
    ]


class List(ctypes.Structure):
    _fields_ = [("count", c_size_t), ("host_size", c_size_t), ("hosts", c_void_p), ("total", c_uint64)]


class LookupOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("first", c_uint32),
        ("count", c_uint32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
        ("tag", c_char_p),
    ]


class AnnounceOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("tags", c_char_p)]


class EventEntry(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("kind", c_int),
        ("id", c_uint64),
        ("label", c_char_p),
        ("host", POINTER(HostEntry)),
    ]


class ConnectOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("timeout_ms", c_int),
        ("attempt_ms", c_int),
        ("count", c_uint32),
        ("flags", c_uint32),
    ]


class DhtOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("timeout_ms", c_int),
        ("reserved", c_int),
        ("nodes", c_char_p),
        ("label", c_char_p),
        ("credentials", c_char_p),
    ]


WatchCallback = ctypes.CFUNCTYPE(None, c_void_p, POINTER(EventEntry))
RecordCallback = ctypes.CFUNCTYPE(c_int, c_void_p, c_uint64, c_void_p, c_size_t)
ChangeCallback = ctypes.CFUNCTYPE(c_int, c_void_p, c_int, c_uint64, c_void_p, c_size_t)

_FUNCTIONS = {
    "halp_strerror": (c_char_p, [c_int]),
    "halp_message": (c_char_p, []),
    "halp_version": (c_char_p, []),
    "halp_open": (c_int, [POINTER(c_void_p), POINTER(Options)]),
    "halp_close": (c_int, [c_void_p]),
    "halp_mode": (c_int, [c_void_p]),
    "halp_free": (None, [c_void_p]),
    "halp_lookup": (c_int, [c_void_p, c_char_p, POINTER(LookupOptions), POINTER(POINTER(List))]),
    "halp_sublabels": (c_int, [c_void_p, c_char_p, POINTER(LookupOptions), POINTER(POINTER(List))]),
    "halp_announce": (c_int, [c_void_p, c_char_p, c_char_p, c_uint16, POINTER(c_uint64)]),
    "halp_announce_with": (
        c_int,
        [c_void_p, c_char_p, c_char_p, c_uint16, POINTER(AnnounceOptions), POINTER(c_uint64)],
    ),
    "halp_confirm": (c_int, [c_void_p, c_char_p, c_char_p, c_uint16, c_int]),
    "halp_watch": (c_int, [c_void_p, c_char_p, WatchCallback, c_void_p, POINTER(c_uint64)]),
    "halp_cancel": (c_int, [c_void_p, c_uint64]),
    "halp_fd": (c_int, [c_void_p]),
    "halp_dispatch": (c_int, [c_void_p, c_int]),
    "halp_connect": (c_int, [c_void_p, c_char_p, POINTER(ConnectOptions), POINTER(POINTER(List))]),
    "halp_dht_open": (c_int, [POINTER(c_void_p), c_void_p, POINTER(DhtOptions)]),
    "halp_dht_close": (c_int, [c_void_p]),
    "halp_dht_put": (c_int, [c_void_p, c_char_p, c_uint64, c_char_p, c_size_t]),
    "halp_dht_get": (c_int, [c_void_p, c_char_p, c_uint64, POINTER(c_void_p), POINTER(c_size_t)]),
    "halp_dht_exists": (c_int, [c_void_p, c_char_p, c_uint64]),
    "halp_dht_remove": (c_int, [c_void_p, c_char_p, c_uint64]),
    "halp_dht_scan": (c_int, [c_void_p, c_char_p, RecordCallback, c_void_p]),
    "halp_dht_mirror": (c_int, [c_void_p, c_char_p, c_int, ChangeCallback, c_void_p]),
}


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(os.environ.get("HALP_LIBRARY") or "libhalp.so.1")
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


lib = _load()


def version() -> str:
    """Of the library that is running."""
    return lib.halp_version().decode()


def check(code: int) -> int:
    """Returns a good result; raises for a code below 0."""
    if code >= 0:
        return code
    sentence = lib.halp_message().decode("utf-8", "replace") or lib.halp_strerror(code).decode()
    raise BY_CODE.get(code, Error)(sentence)


def text(value: str | os.PathLike[str] | None) -> bytes | None:
    """For C, where text ends in NUL."""
    if value is None:
        return None
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise BY_CODE[-6]("text for HALP has no NUL")
    return encoded


def milliseconds(seconds: float | None) -> int:
    """-1 is for ever, and less than a millisecond is one."""
    if seconds is None:
        return -1
    if seconds <= 0:
        return 0
    return min(max(1, round(seconds * 1000)), 2**31 - 1)
