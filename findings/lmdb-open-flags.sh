#!/usr/bin/env bash
# LMDB: opening a plain database with MDB_DUPSORT succeeds, and the flag is dropped.
#
# Who meets it: whoever changes a table from one value to several a key and keeps the old files. mdb_dbi_open
# returns success, the second value replaces the first, and MDB_NODUPDATA is taken without a word. MDB_INCOMPATIBLE
# comes only from cursor operations that need duplicates.
# What follows: read mdb_dbi_flags after opening and compare, or put a format version into the file.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package liblmdb-dev=0.9.24-1 liblmdb0=0.9.24-1

mkdir "$work/database"
cat > "$work/trial.cc" <<'EOF'
#include <iostream>
#include <lmdb.h>
#include <string>

MDB_val value_of(const std::string& text) { return {text.size(), const_cast<char*>(text.data())}; }

void run(const char* path, unsigned flags, const std::string& value_text) {
    MDB_env* env;
    mdb_env_create(&env);
    mdb_env_set_maxdbs(env, 1);
    mdb_env_open(env, path, 0, 0600);
    MDB_txn* transaction;
    MDB_dbi database;
    mdb_txn_begin(env, nullptr, 0, &transaction);
    const int opened = mdb_dbi_open(transaction, "peers", flags | MDB_CREATE, &database);
    unsigned real = 0;
    mdb_dbi_flags(transaction, database, &real);
    const std::string key_text = "key";
    MDB_val key = value_of(key_text), value = value_of(value_text);
    const int put = mdb_put(transaction, database, &key, &value, 0);
    MDB_stat stat;
    mdb_stat(transaction, database, &stat);
    std::cout << "asked for DUPSORT: " << ((flags & MDB_DUPSORT) != 0) << ", open " << opened << ", DUPSORT: "
              << ((real & MDB_DUPSORT) != 0) << ", put " << put << ", values " << stat.ms_entries << "\n";
    mdb_txn_commit(transaction);
    mdb_env_close(env);
}

int main(int, char** argv) {
    run(argv[1], 0, "first");
    run(argv[1], MDB_DUPSORT, "second");
}
EOF
compile_cc "$work/trial.cc" "$work/trial" -llmdb

judge 'the second open says MDB_INCOMPATIBLE, or the key has two values' \
'asked for DUPSORT: 0, open 0, DUPSORT: 0, put 0, values 1
asked for DUPSORT: 1, open 0, DUPSORT: 0, put 0, values 1' \
"$("$work/trial" "$work/database")"
