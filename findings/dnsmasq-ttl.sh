#!/usr/bin/env bash
# dnsmasq: a time to live with the top bit set is kept and passed on as 68 years, where RFC 2181 wants it read as 0.
#
# Who meets it: whoever answers DNS with "expires minus now" in an unsigned number. A record five seconds over its
# time then has a TTL above 2^31. Section 8 of RFC 2181 makes receivers treat that as zero; dnsmasq caches the
# record and answers from the cache from then on, until it is restarted.
# What follows: a server of short-lived names clamps the TTL from both sides before it writes 32 bits.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

need python3
deb_package dnsmasq-base=2.90-4~deb12u2 libnetfilter-conntrack3=1.0.9-3 libnfnetlink0=1.0.2-2 \
    libnftables1=1.0.6-2+deb12u2
need_libraries "$work/root/usr/sbin/dnsmasq"

cat > "$work/trial.py" <<'EOF'
import getpass, socket, struct, subprocess, threading, time

def udp():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.settimeout(2)
    return made

asked = []
server = udp()
def serve():
    while True:
        try:
            query, sender = server.recvfrom(512)
        except socket.timeout:
            continue
        except OSError:
            return
        end = query.index(0, 12) + 5
        ttl = int(query[13:13 + query[12]].decode().lower().split("-")[1])
        asked.append(ttl)
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, ttl, 4) + bytes([127, 0, 0, 1])
        server.sendto(query[:2] + b"\x84\x80" + struct.pack(">4H", 1, 1, 0, 0) + query[12:end] + answer, sender)
threading.Thread(target=serve, daemon=True).start()

reserved = udp()
port = reserved.getsockname()[1]
reserved.close()
forwarder = subprocess.Popen(
    ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
     "--pid-file=", "--listen-address=127.0.0.1", f"--port={port}", f"--user={getpass.getuser()}",
     f"--server=127.0.0.1#{server.getsockname()[1]}"], stderr=subprocess.DEVNULL)

def ask(ttl):
    label = f"ttl-{ttl}".encode()
    question = bytes([len(label)]) + label + b"\x04halp\x00" + struct.pack(">2H", 1, 1)
    with udp() as client:
        for _ in range(10):
            client.sendto(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + question, ("127.0.0.1", port))
            try:
                answer = client.recv(512)
                return struct.unpack(">I", answer[12 + len(question) + 6:][:4])[0]
            except OSError:
                time.sleep(0.3)
    return "no answer"

try:
    time.sleep(0.5)
    for ttl in (60, 0, 2**31 - 1, 2**32 - 5):
        first, second = ask(ttl), ask(ttl)
        print("sent", ttl, "received", first, "asked upstream", asked.count(ttl), "time(s) for two questions")
finally:
    forwarder.terminate()
    forwarder.wait()
    server.close()
EOF

judge '4294967291 is passed on as 0 and asked for again' \
'sent 60 received 60 asked upstream 1 time(s) for two questions
sent 0 received 0 asked upstream 2 time(s) for two questions
sent 2147483647 received 2147483647 asked upstream 1 time(s) for two questions
sent 4294967291 received 4294967291 asked upstream 1 time(s) for two questions' \
"$(python3 "$work/trial.py")"
