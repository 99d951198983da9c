"""The original's client: get LABEL, insert LABEL HOST PORT, bcast LABEL HOST PORT, on ~/.halp and by HALP text."""

import sys

import halp

verb, label, *rest = sys.argv[1:]
with halp.open(halp.Mode.CACHE) as h:
    if verb == "get":
        for host in h.lookup(label):
            print(host.seen, host.host, host.port)
    elif verb == "insert":
        h.confirm(label, (rest[0], int(rest[1])))
        print(f"'{rest[0]} {rest[1]}' inserted to local cache under label '{label}'")
    elif verb == "bcast":
        h.announce(label, int(rest[1]), rest[0])
        h.lookup("halp")  # the servers are told meanwhile
