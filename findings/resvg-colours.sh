#!/usr/bin/env bash
# resvg: rgb(0 0 0 / 50%) is opaque black, and a style sheet's !important and :not() do not count.
#
# Who meets it: whoever writes charts as SVG with the colour and selector syntax that browsers have had for years
# and turns them into PNG with this renderer. No warning: the picture is another one. rgba(0, 0, 0, 0.5) and
# fill-opacity work, and so do attribute selectors.
# What follows: a program that writes SVG keeps to presentation attributes (fill, fill-opacity), one per element.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package @resvg/resvg-js@2.6.2

cat > "$work/trial.js" <<'EOF'
const { Resvg } = require('@resvg/resvg-js')
const pixel = body => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2">' + body + '</svg>'
  return Array.from(new Resvg(svg).render().pixels.subarray(0, 4)).join(' ')
}
const rect = (attributes = '') => '<rect width="2" height="2" ' + attributes + '/>'
console.log('rgba(0, 0, 0, 0.5)  ', pixel(rect('fill="rgba(0, 0, 0, 0.5)"')))
console.log('fill-opacity 0.5    ', pixel(rect('fill="#000" fill-opacity="0.5"')))
console.log('rgb(0 0 0 / 50%)    ', pixel(rect('fill="rgb(0 0 0 / 50%)"')))
console.log('!important red      ', pixel('<style>rect { fill: #f00 !important }</style>' + rect('style="fill: #0f0"')))
console.log(':not(.a) red        ', pixel('<style>rect:not(.a) { fill: #f00 }</style>' + rect()))
EOF

judge 'half transparent black three times, then red twice' \
'rgba(0, 0, 0, 0.5)   0 0 0 127
fill-opacity 0.5     0 0 0 128
rgb(0 0 0 / 50%)     0 0 0 255
!important red       0 255 0 255
:not(.a) red         0 0 0 255' \
"$(node "$work/trial.js")"
