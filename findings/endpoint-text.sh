#!/usr/bin/env bash
# host:port as text: libevent and string2compact read one text as two endpoints; libevent refuses port 0.
#
# Who meets it: whoever exchanges peers as text. "::1:80" without brackets is [::1]:80 for string2compact (the last
# colon counts) and the address ::1:80 without a port for libevent: no error, two peers. evutil_parse_sockaddr_port
# takes "80x" and " 80", as atoi does, but not port 0: "any free port" cannot be asked for.
# What follows: require brackets around IPv6 with a port, refuse what follows the digits, and accept 0 for
# listeners.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libevent-dev=2.1.12-stable-8+deb12u1 libevent-2.1-7=2.1.12-stable-8+deb12u1
npm_package string2compact@2.0.2 compact2string@1.4.1

cat > "$work/libevent.cc" <<'EOF'
#include <arpa/inet.h>
#include <event2/util.h>
#include <iostream>

std::string read(const char* text) {
    sockaddr_storage storage{};
    int length = sizeof storage;
    if (evutil_parse_sockaddr_port(text, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return "refused";
    char address[INET6_ADDRSTRLEN];
    if (storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
        inet_ntop(AF_INET, &v4.sin_addr, address, sizeof address);
        return std::string{address} + " port " + std::to_string(ntohs(v4.sin_port));
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, address, sizeof address);
    return std::string{address} + " port " + std::to_string(ntohs(v6.sin6_port));
}

int main() {
    for (const char* text : {"[::1]:80", "::1:80", "127.0.0.1:0", "127.0.0.1", "127.0.0.1:80x", "127.0.0.1: 80"})
        std::cout << "libevent " << text << " -> " << read(text) << "\n";
}
EOF
compile_cc "$work/libevent.cc" "$work/libevent" -levent
cat > "$work/compact.mjs" <<'EOF'
import toCompact from 'string2compact'
import toText from 'compact2string'
for (const text of ['[::1]:80', '::1:80', '127.0.0.1:0', '127.0.0.1:80x']) {
  let read = 'refused'
  try { read = toText(Buffer.from(toCompact(text))) } catch {}
  console.log('string2compact', text, '->', read)
}
EOF

judge 'both refuse ::1:80 and 80x, both take port 0' \
'libevent [::1]:80 -> ::1 port 80
libevent ::1:80 -> ::0.1.0.128 port 0
libevent 127.0.0.1:0 -> refused
libevent 127.0.0.1 -> 127.0.0.1 port 0
libevent 127.0.0.1:80x -> 127.0.0.1 port 80
libevent 127.0.0.1: 80 -> 127.0.0.1 port 80
string2compact [::1]:80 -> [::1]:80
string2compact ::1:80 -> [::1]:80
string2compact 127.0.0.1:0 -> 127.0.0.1:0
string2compact 127.0.0.1:80x -> refused' \
"$("$work/libevent" && node "$work/compact.mjs")"
