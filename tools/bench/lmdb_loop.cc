#include "tools/bench/lmdb_loop.h"

#include <lmdb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "tools/bench/dht_load.h"

namespace halp::bench {
namespace {

constexpr std::size_t map_bytes = std::size_t{4} << 30;

// As our own store has them: the number of the channel and the key, both big-endian.
std::array<char, 14> row_of(Key key) {
    std::array<char, 14> row{};
    for (std::size_t i = 0; i < 8; ++i) row[13 - i] = static_cast<char>(value_of(key) >> (8 * i) & 0xff);
    return row;
}

int put_batch(MDB_env* env, MDB_dbi table, std::uint64_t first, std::size_t count) {
    MDB_txn* txn = nullptr;
    MDB_cursor* cursor = nullptr;
    int code = mdb_txn_begin(env, nullptr, 0, &txn);
    if (code != 0) return code;
    code = mdb_cursor_open(txn, table, &cursor);
    for (std::size_t i = 0; code == 0 && i < count; ++i) {
        std::array<char, 14> row = row_of(key_of(first + i));
        const BenchValue value(first + i);
        MDB_val key{row.size(), row.data()};
        MDB_val content{value.bytes().size(), const_cast<char*>(value.bytes().data())};
        code = mdb_cursor_put(cursor, &key, &content, 0);
    }
    if (cursor) mdb_cursor_close(cursor);
    if (code == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

int open_table(MDB_env* env, const std::string& path, MDB_dbi& table) {
    int code = mdb_env_set_mapsize(env, map_bytes);
    if (code == 0) code = mdb_env_set_maxdbs(env, 1);
    if (code == 0) code = mdb_env_open(env, path.c_str(), MDB_NOSUBDIR, 0640);
    MDB_txn* txn = nullptr;
    if (code == 0) code = mdb_txn_begin(env, nullptr, 0, &txn);
    if (code == 0) code = mdb_dbi_open(txn, "records", MDB_CREATE, &table);
    if (code == 0) return mdb_txn_commit(txn);
    if (txn) mdb_txn_abort(txn);
    return code;
}

double cpu_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

std::optional<LmdbLoopResult> lmdb_loop(const std::string& path, std::uint64_t first, std::size_t count,
                                        std::size_t batch) {
    MDB_env* env = nullptr;
    MDB_dbi table = 0;
    if (mdb_env_create(&env) != 0) return std::nullopt;
    int code = open_table(env, path, table);
    const auto began = std::chrono::steady_clock::now();
    const double cpu_began = cpu_s();
    for (std::size_t at = 0; code == 0 && at < count; at += batch)
        code = put_batch(env, table, first + at, std::min(batch, count - at));
    const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const double cpu = cpu_s() - cpu_began;
    mdb_env_close(env);
    if (code != 0) return std::nullopt;
    const auto records = static_cast<double>(count);
    return LmdbLoopResult{records / wall_s, cpu * 1e6 / records};
}

std::optional<std::uint64_t> lmdb_commits(const std::string& path) {
    MDB_env* env = nullptr;
    if (mdb_env_create(&env) != 0) return std::nullopt;
    MDB_envinfo info{};
    const bool known =
        mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_RDONLY, 0640) == 0 && mdb_env_info(env, &info) == 0;
    mdb_env_close(env);
    return known ? std::optional<std::uint64_t>(info.me_last_txnid) : std::nullopt;
}

}  // namespace halp::bench
