#!/usr/bin/env bash
# libevent: evhttp_parse_query_str decodes values but not keys, and one word without '=' fails the whole query.
#
# Who meets it: whoever serves HTTP with libevent and looks parameters up by name. Clients may escape any character,
# so "%6cabel=x" means label=x; libevent keeps the key as it came. "a&b=1" fails as a whole, although flags without
# a value are common, and "a=1&&b=2" too, while "a=1&" passes. A value ends at %00, since it is a C string.
# What follows: a face on HTTP brings its own parser for queries, and tests escaped keys and flags.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package libevent-dev=2.1.12-stable-8+deb12u1 libevent-2.1-7=2.1.12-stable-8+deb12u1

cat > "$work/trial.cc" <<'EOF'
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <iostream>
#include <sys/queue.h>

int main() {
    for (const char* query : {"label=%6c", "%6cabel=l", "list&label=l", "label=l&", "label=l&&list=1", "label=a%00b"}) {
        evkeyvalq pairs;
        std::cout << query << " ->";
        if (evhttp_parse_query_str(query, &pairs) != 0) {
            std::cout << " error\n";
            continue;
        }
        for (const evkeyval* pair = pairs.tqh_first; pair; pair = pair->next.tqe_next)
            std::cout << " [" << pair->key << "] = [" << pair->value << "]";
        std::cout << "\n";
        evhttp_clear_headers(&pairs);
    }
}
EOF
compile_cc "$work/trial.cc" "$work/trial" -levent

judge 'keys are decoded as values are, and a flag is a key with an empty value' \
'label=%6c -> [label] = [l]
%6cabel=l -> [%6cabel] = [l]
list&label=l -> error
label=l& -> [label] = [l]
label=l&&list=1 -> error
label=a%00b -> [label] = [a]' \
"$("$work/trial")"
