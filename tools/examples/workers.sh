#!/usr/bin/env bash
# Asks the workers of workers.cc: tries the hosts from the top, and reports which of them worked. `workers.sh NUMBER`
ask() { timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf %s "$2" >&3 && cat <&3' "$@" 2>/dev/null; }
halp get squares | while read -r _ host port; do
    if answer=$(ask "$host" "$port" "$1") && [[ $answer ]]; then
        halp confirm squares "$host" "$port" >/dev/null
        echo "$1 squared is $answer"
        break
    fi
    halp confirm squares "$host" "$port" --failed >/dev/null
done
