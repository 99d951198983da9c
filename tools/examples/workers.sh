#!/bin/sh
# Asks the workers of workers.cc: tries the hosts from the top, and reports which of them worked. `workers.sh NUMBER`
halp get squares | while read -r _ host port; do
    if answer=$(printf '%s' "$1" | timeout 3 nc -N "$host" "$port") && [ -n "$answer" ]; then
        halp confirm squares "$host" "$port" --quiet
        echo "$1 squared is $answer"
        break
    fi
    halp confirm squares "$host" "$port" --failed --quiet
done
