#!/usr/bin/env bash
# LMDB: deleting a key that names a sub-database fails, and the failure condemns the whole transaction.
#
# Who meets it: whoever keeps keys in the main database beside named ones, or clears the main database key by key.
# Other refusals (a key too long, MDB_KEYEXIST, even *putting* over the same name) leave the transaction usable.
# After this one every later put says MDB_BAD_TXN and the commit fails: all that was written before in it is lost.
# What follows: keep data out of the main database, and treat the commit's result as the only proof of a write.
set -euo pipefail
work=$(mktemp -d)
. "$(dirname "${BASH_SOURCE[0]}")/lib/trial.sh"

deb_package liblmdb-dev=0.9.24-1 liblmdb0=0.9.24-1

mkdir "$work/database"
cat > "$work/trial.cc" <<'EOF'
#include <functional>
#include <iostream>
#include <lmdb.h>
#include <string>

MDB_val value_of(const std::string& text) { return {text.size(), const_cast<char*>(text.data())}; }

void attempt(MDB_env* env, MDB_dbi data, const char* what, const std::function<int(MDB_txn*)>& refused) {
    MDB_txn* transaction;
    mdb_txn_begin(env, nullptr, 0, &transaction);
    const std::string text = "kept";
    MDB_val key = value_of(text), value = value_of(text);
    mdb_put(transaction, data, &key, &value, 0);
    const std::string error = mdb_strerror(refused(transaction));
    const int committed = mdb_txn_commit(transaction);
    std::cout << what << ": " << error.substr(0, error.find(':')) << ", commit "
              << (committed == 0 ? "succeeds" : committed == MDB_BAD_TXN ? "MDB_BAD_TXN" : "fails") << "\n";
}

int main(int, char** argv) {
    MDB_env* env;
    mdb_env_create(&env);
    mdb_env_set_maxdbs(env, 2);
    mdb_env_open(env, argv[1], 0, 0600);
    MDB_txn* transaction;
    MDB_dbi main_database, named;
    mdb_txn_begin(env, nullptr, 0, &transaction);
    mdb_dbi_open(transaction, nullptr, 0, &main_database);
    mdb_dbi_open(transaction, "name", MDB_CREATE, &named);
    mdb_txn_commit(transaction);

    const std::string name = "name", text = "x", too_long(600, 'k');
    attempt(env, named, "put of a key too long", [&](MDB_txn* in) {
        MDB_val key = value_of(too_long), value = value_of(text);
        return mdb_put(in, named, &key, &value, 0);
    });
    attempt(env, named, "put over a database's name", [&](MDB_txn* in) {
        MDB_val key = value_of(name), value = value_of(text);
        return mdb_put(in, main_database, &key, &value, 0);
    });
    attempt(env, named, "del of a database's name", [&](MDB_txn* in) {
        MDB_val key = value_of(name);
        return mdb_del(in, main_database, &key, nullptr);
    });
    mdb_env_close(env);
}
EOF
compile_cc "$work/trial.cc" "$work/trial" -llmdb

judge 'all three are refused, and the transaction commits what it wrote before' \
'put of a key too long: MDB_BAD_VALSIZE, commit succeeds
put over a database'"'"'s name: MDB_INCOMPATIBLE, commit succeeds
del of a database'"'"'s name: MDB_INCOMPATIBLE, commit MDB_BAD_TXN' \
"$("$work/trial" "$work/database")"
