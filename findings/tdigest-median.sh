#!/usr/bin/env bash
# tdigest (npm): when 90 % of the samples are 1 and 10 % are 1000, the median reads 101.
#
# Who meets it: whoever reports the percentiles of latencies or hop counts, where many samples are equal. Equal
# samples become one centroid however many they are, and between two centroids the answer is interpolated, so half
# of the largest group leans towards the next value, with no sample near it. More samples do not help. Discrete mode
# helps.
# What follows: count whole numbers (hops, rounds, ticks) exactly, and use a digest only for values that spread.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package tdigest@0.1.3

cat > "$work/trial.js" <<'EOF'
const { TDigest } = require('tdigest')
const show = (name, digest, samples) => {
  for (let i = 0; i < samples; i++) digest.push(i % 10 === 0 ? 1000 : 1)
  digest.compress()
  const percentile = share => digest.percentile(share).toFixed(1)
  console.log(name, samples, 'samples: median', percentile(0.5), 'p80', percentile(0.8))
}
show('default ', new TDigest(), 10)
show('default ', new TDigest(), 10000)
show('discrete', new TDigest(false), 10000)
EOF

judge 'median and p80 are 1, as 90 % of the samples are 1' \
'default  10 samples: median 100.9 p80 700.3
default  10000 samples: median 100.9 p80 700.3
discrete 10000 samples: median 1.0 p80 1.0' \
"$(node "$work/trial.js")"
