#!/usr/bin/env bash
# scdoc: a paragraph that begins with a dot loses the dot, and neither '-' nor '~' is escaped for the page.
#
# Who meets it: whoever documents a dot file or a program's options in scdoc. ".halprc" at the start of a paragraph
# is printed as "halprc", without an error. A "-" goes out as roff's hyphen and "~" as its accent: on systems that
# do not remap them, "--seed" copied from the page is no option and "~/.config" no path. Underscores inside words
# are kept.
# What follows: begin such paragraphs with a word, and look at the rendered page, not only at scdoc's exit code.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package scdoc=1.11.2-1

cat > "$work/trial.scd" <<'EOF'
trial(1)

# FILES

.halprc holds the settings

the file .halprc, or ~/.config, with --seed
EOF

trial() {
    scdoc < "$work/trial.scd" > "$work/trial.1"
    echo "exit $?"
    grep -E 'halprc' "$work/trial.1"
}

judge 'both lines keep their dots; - and ~ come out as \- and \(ti' \
'exit 0
halprc holds the settings
the file .\&halprc, or ~/.\&config, with --seed' \
"$(trial)"
