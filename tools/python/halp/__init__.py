"""Find the hosts of a label, announce your own, and tell which of them worked.

    import halp

    with halp.open() as h:
        for host in h.lookup("chat"):
            print(host.host, host.port)

Pure Python over libhalp.so.1 (tools/libhalp/include/halp/halp.h says what each call means). A handle is used by one thread at a
time. Times are seconds.
"""

from ._dht import Change, ChangeKind, Dht
from ._errors import (
    BadLabel,
    Busy,
    Error,
    Failed,
    Full,
    Invalid,
    NotFound,
    Refused,
    Timeout,
    Unreachable,
)
from ._handle import Announcement, Event, EventKind, Flag, Halp, Host, Mode, Watch
from ._library import version

open = Halp  # noqa: A001: it reads as the C function does

__all__ = [
    "Announcement",
    "BadLabel",
    "Busy",
    "Change",
    "ChangeKind",
    "Dht",
    "Error",
    "Event",
    "EventKind",
    "Failed",
    "Flag",
    "Full",
    "Halp",
    "Host",
    "Invalid",
    "Mode",
    "NotFound",
    "Refused",
    "Timeout",
    "Unreachable",
    "Watch",
    "open",
    "version",
]
