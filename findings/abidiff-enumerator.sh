#!/usr/bin/env bash
# abidiff: a new enumerator is filtered as harmless, exit code 0; a member of an opaque struct is not, exit code 4.
#
# Who meets it: whoever lets abidiff's exit code decide in CI whether a library's version must rise. A new error
# code at the end of an enum reaches callers that switch over the old ones; the summary counts it as filtered out. A
# struct that the public headers only declare counts as a change, although no caller sees its members, until
# --headers-dir1 and --headers-dir2 name the folder of those headers.
# What follows: run abidiff with --harmless for the enums, and with the headers' folders for the rest.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

need g++
deb_package abigail-tools=2.2-2 libabigail0=2.2-2 libdw1=0.188-2.1 libelf1=0.188-2.1
need_libraries "$work/root/usr/bin/abidiff"

build() {
    mkdir -p "$work/headers"
    printf '%s\n' "enum class Error { closed, refused$1 };" "struct Node;" \
        "Error last_error(const Node*); Node* make_node();" > "$work/headers/library.h"
    printf '%s\n' '#include "headers/library.h"' "struct Node { int port;$2 };" \
        "Node* make_node() { return new Node{}; }" \
        "Error last_error(const Node*) { return Error::closed; }" > "$work/library.cc"
    g++ -g -shared -fPIC "$work/library.cc" -o "$work/$3"
}

compare() {
    code=0
    abidiff "$@" > "$work/report" 2>&1 || code=$?
    echo "exit $code, $(grep '^Functions' "$work/report" | sed 's/Functions changes summary: //')"
}

trial() {
    build '' '' old.so
    build ', full' '' enumerator.so
    build '' ' long seen;' member.so
    echo "new enumerator:             $(compare "$work/old.so" "$work/enumerator.so")"
    echo "new enumerator, --harmless: $(compare --harmless "$work/old.so" "$work/enumerator.so")"
    echo "member of opaque struct:    $(compare "$work/old.so" "$work/member.so")"
    echo "the same, with headers:     $(compare --headers-dir1 "$work/headers" --headers-dir2 "$work/headers" \
        "$work/old.so" "$work/member.so")"
}

judge 'exit 4 for the enumerator, 0 for the opaque struct' \
'new enumerator:             exit 0, 0 Removed, 0 Changed (1 filtered out), 0 Added function
new enumerator, --harmless: exit 4, 0 Removed, 1 Changed, 0 Added function
member of opaque struct:    exit 4, 0 Removed, 1 Changed (1 filtered out), 0 Added functions
the same, with headers:     exit 0, 0 Removed, 0 Changed (2 filtered out), 0 Added functions' \
"$(trial)"
