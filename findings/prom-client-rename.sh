#!/usr/bin/env bash
# prom-client: one scrape in the OpenMetrics format renames the counters for every later scrape in any format.
#
# Who meets it: whoever serves both formats from one registry, or merges the registries of several workers. The
# OpenMetrics writer cuts "_total" off the name of the metric object itself. From then on getMetricsAsJSON, the
# plain text and the sum over workers show "messages" where they showed "messages_total": dashboards find no data.
# What follows: whoever reads metrics of others looks for a counter with and without the suffix; a writer of both
# formats derives the name for each output and leaves the stored one alone.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package prom-client@15.1.3

cat > "$work/trial.js" <<'EOF'
const { Registry, Counter, AggregatorRegistry } = require('prom-client')
const main = async () => {
  const registry = new Registry()
  new Counter({ name: 'messages_total', help: 'h', registers: [registry] }).inc(3)
  const sample = text => text.split('\n').find(line => line.startsWith('messages'))
  const show = async when => {
    registry.setContentType(Registry.PROMETHEUS_CONTENT_TYPE)
    const json = await registry.getMetricsAsJSON()
    console.log(when, 'plain:', sample(await registry.metrics()), 'json:', json[0].name,
                'two workers:', sample(await AggregatorRegistry.aggregate([json, json]).metrics()))
  }
  await show('before')
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  console.log('OpenMetrics:', sample(await registry.metrics()))
  await show('after ')
}
main()
EOF

judge 'messages_total everywhere, before and after' \
'before plain: messages_total 3 json: messages_total two workers: messages_total 6
OpenMetrics: messages_total 3
after  plain: messages 3 json: messages two workers: messages 6' \
"$(node "$work/trial.js")"
