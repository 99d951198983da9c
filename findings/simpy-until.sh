#!/usr/bin/env bash
# SimPy: run(until=T) stops before the events of time T, and ten steps of 0.1 are before 1.0.
#
# Who meets it: whoever samples a simulation at 1, 2, ... T and runs it until T: the last sample is missing. A
# process that waits 0.1 ten times is at 0.9999999999999999 and does run before until=1.0, so whether the last step
# counts depends on the rounding of a sum. With whole ticks it would be one rule.
# What follows: simulated time is an integer, and the end of a run says whether it is part of it.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

need python3
deb_package python3-simpy3=3.0.11-3

cat > "$work/trial.py" <<'EOF'
import simpy

def samples(step, until):
    env = simpy.Environment()
    seen = []
    def sampler():
        while True:
            yield env.timeout(step)
            seen.append(env.now)
    env.process(sampler())
    env.run(until=until)
    return seen

print("every 1 until 5:", samples(1, 5))
print("every 0.5 until 1:", samples(0.5, 1))
print("every 0.1 until 1:", len(samples(0.1, 1)), "samples, the last at", samples(0.1, 1)[-1])
EOF

judge 'five samples, two samples, ten samples' \
'every 1 until 5: [1, 2, 3, 4]
every 0.5 until 1: [0.5]
every 0.1 until 1: 10 samples, the last at 0.9999999999999999' \
"$(python3 "$work/trial.py")"
