#!/usr/bin/env bash
# hdr-histogram-js: counts are kept in 32 bits by default, while the total is not, so a median can become 0.
#
# Who meets it: whoever merges histograms of many nodes or of long runs, or records with a count. Past 2^32 samples
# in one bucket the bucket wraps without an error; the total, the minimum and the maximum stay right. A percentile
# is searched until the wrapped counts reach the right total's share, which they never do: it answers 0, below the
# minimum.
# What follows: give bitBucketSize 64 when counts are summed over nodes, and check a percentile against the minimum.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package hdr-histogram-js@3.0.1

cat > "$work/trial.js" <<'EOF'
const hdr = require('hdr-histogram-js')
for (const options of [{}, { bitBucketSize: 64 }]) {
  const all = hdr.build(options)
  for (let node = 0; node < 5; node++) {
    const one = hdr.build(options)
    one.recordValueWithCount(100, 1e9)
    all.add(one)
  }
  console.log(JSON.stringify(options), 'total', all.totalCount, 'min', all.minNonZeroValue, 'max', all.maxValue,
              'median', all.getValueAtPercentile(50))
}
EOF

judge 'five times 10^9 samples of 100: the median is 100' \
'{} total 5000000000 min 100 max 100 median 0
{"bitBucketSize":64} total 5000000000 min 100 max 100 median 100' \
"$(node "$work/trial.js")"
