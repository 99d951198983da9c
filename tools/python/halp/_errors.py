"""What can go wrong: one exception for each code of the C interface."""

from __future__ import annotations


class Error(Exception):
    """The base of all. `code` is the HALP_... code."""

    code = 0


class Unreachable(Error, ConnectionError):
    """No daemon, no server, no host answers."""

    code = -1


class NotFound(Error, LookupError):
    """There is no such host, record, announcement or watch."""

    code = -2


class Timeout(Error, TimeoutError):
    """No answer in time."""

    code = -3


class Refused(Error, PermissionError):
    """The other side, or a right of a file, forbids it."""

    code = -4


class BadLabel(Error, ValueError):
    """Not a label, or a label of the wrong kind."""

    code = -5


class Invalid(Error, ValueError):
    """An argument cannot be right."""

    code = -6


class Busy(Error):
    """Not now: a callback is running, or the other side has too much to do."""

    code = -7


class Full(Error):
    """A limit is reached."""

    code = -8


class Failed(Error, OSError):
    """A connection broke, a file cannot be used, an answer makes no sense."""

    code = -9


class NoMemory(Error, MemoryError):
    code = -10


BY_CODE = {
    kind.code: kind
    for kind in (Unreachable, NotFound, Timeout, Refused, BadLabel, Invalid, Busy, Full, Failed, NoMemory)
}
