#!/usr/bin/env bash
# lmdb (npm): its files are no LMDB files for LMDB's own tools.
#
# Who meets it: whoever wants to look at a Node program's database with mdb_stat or from C++, or to repair it with
# mdb_dump. The package carries a changed LMDB: its page header is eight bytes longer and its format version is 2
# where LMDB 0.9 writes 1. LMDB says that the file is no LMDB file, which reads like damage.
# What follows: exchange between the two goes through a text dump or a protocol, never through the file. A folder
# that holds data.mdb and lock.mdb says nothing about who can open it.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

npm_package lmdb@3.5.6
deb_package liblmdb0=0.9.24-1 lmdb-utils=0.9.24-1

mkdir "$work/database"
cat > "$work/trial.js" <<'EOF'
const { open } = require('lmdb')
const main = async () => {
  const database = open({ path: process.argv[2] })
  await database.put('key', 'value')
  console.log('npm reads its own file:', database.get('key'))
  await database.close()
}
main()
EOF

dump='VERSION=3\nformat=bytevalue\ntype=btree\nmapsize=1048576\nHEADER=END\n 6b6579\n 76616c7565\nDATA=END\n'
mkdir "$work/reference"
printf "$dump" | mdb_load "$work/reference"

magic_offset() { LC_ALL=C grep -obUaP '\xde\xc0\xef\xbe' "$1/data.mdb" | head -n 1 | cut -d: -f1; }
version_word() { od -A n -t u4 -j $(($(magic_offset "$1") + 4)) -N 4 "$1/data.mdb" | tr -d ' '; }

trial() {
    node "$work/trial.js" "$work/database"
    echo "npm:  magic at byte $(magic_offset "$work/database"), version $(version_word "$work/database")"
    echo "LMDB: magic at byte $(magic_offset "$work/reference"), version $(version_word "$work/reference")"
    mdb_stat "$work/database" > "$work/stat.log" 2>&1 || true
    echo "LMDB on the npm file: $(grep -o 'MDB_INVALID' "$work/stat.log" || echo read)"
}

judge 'one format: LMDB 0.9 reads what npm lmdb wrote' \
'npm reads its own file: value
npm:  magic at byte 24, version 2
LMDB: magic at byte 16, version 1
LMDB on the npm file: MDB_INVALID' \
"$(trial)"
