#!/usr/bin/env bash
# jo: an identifier that looks like a number in any notation becomes another number in the JSON.
#
# Who meets it: whoever builds requests for a JSON interface in a shell script. Leading zeros go, 0x is read as
# hexadecimal, digits with one e as a power of ten: a node's hexadecimal id that happens to have that form is
# changed. Ids above 2^53 are rounded. One key given twice stands twice in the object, and most readers keep the
# last.
# What follows: pass ids with jo's -s, and write them as strings.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package jo=1.9-1

trial() {
    local word
    for word in id=0012 id=0x1f id=12e4 id=9007199254740993; do
        echo "$word -> $(jo "$word"), with -s $(jo -- -s "$word")"
    done
    echo "id=1 id=2 -> $(jo id=1 id=2)"
}

judge 'strings, as no JSON number is written 0012 or 0x1f, and whole digits stay' \
'id=0012 -> {"id":12}, with -s {"id":"0012"}
id=0x1f -> {"id":31}, with -s {"id":"0x1f"}
id=12e4 -> {"id":120000}, with -s {"id":"12e4"}
id=9007199254740993 -> {"id":9007199254740992}, with -s {"id":"9007199254740993"}
id=1 id=2 -> {"id":1,"id":2}' \
"$(trial)"
