#!/usr/bin/env bash
# Miller 6.6: "+5", "007" and "Inf" are text; sums and means leave them out, the count of the same command does not.
#
# Who meets it: whoever adds up columns that another program wrote with a sign or with leading zeros. One row of the
# summary has sum 7, count 3 and mean 7. The maximum is a text, because text sorts above numbers. No warning, exit
# 0.
# What follows: tables for such tools are written without '+', padding or "Inf"; a sum is checked against mean times
# count.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package miller=6.6.0-2+b3

trial() {
    printf 'delta\n+5\n007\n7\n' | mlr --icsv --oxtab stats1 -a sum,count,mean,max -f delta
    printf 'delta\n+5\n' | mlr --icsv --ojsonl put '$type = typeof($delta)'
}

judge 'sum 19, count 3, mean 6.33, max 7' \
'delta_sum   7
delta_count 3
delta_mean  7
delta_max   007
{"delta": "+5", "type": "string"}' \
"$(trial)"
