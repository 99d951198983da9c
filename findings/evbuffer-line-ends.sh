#!/usr/bin/env bash
# libevent: with EVBUFFER_EOL_ANY the lines that evbuffer_readln gives depend on how TCP cut the stream.
#
# Who meets it: whoever reads a line protocol that allows every line end. "a CR LF b LF" in one piece is a, b. When
# the segment ends between CR and LF, it is a, an empty line, b. "a LF LF b" in one piece has no empty line at all,
# and in two pieces it has one. Tests on the loopback interface see one piece; the network sooner or later delivers
# the other.
# What follows: a protocol in which the empty line means something reads with EVBUFFER_EOL_CRLF, and every codec is
# tested with the stream cut at each byte.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libevent-dev=2.1.12-stable-8+deb12u1 libevent-2.1-7=2.1.12-stable-8+deb12u1

cat > "$work/trial.cc" <<'EOF'
#include <event2/buffer.h>
#include <cstdlib>
#include <iostream>
#include <string>

void show(const char* style_name, evbuffer_eol_style style, const std::string& stream, std::size_t cut) {
    evbuffer* buffer = evbuffer_new();
    std::cout << style_name << ", cut after byte " << cut << ":";
    for (const std::string& piece : {stream.substr(0, cut), stream.substr(cut)}) {
        evbuffer_add(buffer, piece.data(), piece.size());
        std::size_t length = 0;
        while (char* line = evbuffer_readln(buffer, &length, style)) {
            std::cout << " [" << line << "]";
            std::free(line);
        }
    }
    std::cout << "\n";
    evbuffer_free(buffer);
}

int main() {
    for (const std::size_t cut : {0, 1, 2, 3}) show("a CR LF b LF, EOL_ANY", EVBUFFER_EOL_ANY, "a\r\nb\n", cut);
    for (const std::size_t cut : {0, 2}) show("a LF LF b LF, EOL_ANY", EVBUFFER_EOL_ANY, "a\n\nb\n", cut);
    for (const std::size_t cut : {0, 2}) show("a CR LF b LF, EOL_CRLF", EVBUFFER_EOL_CRLF, "a\r\nb\n", cut);
}
EOF
compile_cc "$work/trial.cc" "$work/trial" -levent

judge 'the same lines wherever the stream is cut' \
'a CR LF b LF, EOL_ANY, cut after byte 0: [a] [b]
a CR LF b LF, EOL_ANY, cut after byte 1: [a] [b]
a CR LF b LF, EOL_ANY, cut after byte 2: [a] [] [b]
a CR LF b LF, EOL_ANY, cut after byte 3: [a] [b]
a LF LF b LF, EOL_ANY, cut after byte 0: [a] [b]
a LF LF b LF, EOL_ANY, cut after byte 2: [a] [] [b]
a CR LF b LF, EOL_CRLF, cut after byte 0: [a] [b]
a CR LF b LF, EOL_CRLF, cut after byte 2: [a] [b]' \
"$("$work/trial")"
