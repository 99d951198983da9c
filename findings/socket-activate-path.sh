#!/usr/bin/env bash
# systemd-socket-activate: -l PATH removes whatever is at PATH, a plain file or the socket of a running daemon.
#
# Who meets it: whoever tries socket activation of a daemon with a unix socket beside the one that runs. The second
# listener takes the path in silence; the first goes on waiting at a socket that nobody can reach any more. A plain
# file at the path is gone. For TCP, port 0 ("any free port") is refused, so a test has to guess a port.
# What follows: a daemon that binds a path checks for a living listener first, and removes sockets only.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

need timeout
deb_package systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2
export LD_LIBRARY_PATH="$libraries/systemd:$LD_LIBRARY_PATH"
need_libraries "$work/root/usr/bin/systemd-socket-activate"

# listen PATH: starts a listener and waits, two seconds at most, until it says that it listens. It ends by itself.
listen() {
    timeout 3 systemd-socket-activate -l "$1" true > "$work/log" 2>&1 &
    for _ in $(seq 20); do
        if grep -q Listening "$work/log"; then return; fi
        sleep 0.1
    done
}

trial() {
    echo "a line" > "$work/file"
    listen "$work/file"
    echo "a plain file is now: $(stat -c %F "$work/file")"

    listen "$work/socket"
    first=$(stat -c %i "$work/socket")
    listen "$work/socket"
    grep -q Listening "$work/log" && echo "a second listener starts at the living one's path"
    [ "$first" = "$(stat -c %i "$work/socket")" ] || echo "the path is the second one's socket"

    timeout 3 systemd-socket-activate -l 127.0.0.1:0 true 2>&1 | tail -n 1
    wait
}

judge 'the address is in use, both times, and port 0 listens somewhere' \
'a plain file is now: socket
a second listener starts at the living one'"'"'s path
the path is the second one'"'"'s socket
Failed to open '"'"'127.0.0.1:0'"'"': Invalid argument' \
"$(trial)"
