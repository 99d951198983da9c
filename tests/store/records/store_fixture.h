// A directory for one test, and stores in it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "store/records/lmdb_store.h"
#include "store/records/record_store.h"

namespace halp::tests {

class OwnDirectory {
public:
    OwnDirectory() {
        path_ = (std::filesystem::temp_directory_path() / "halp-records-XXXXXX").string();
        if (mkdtemp(path_.data()) == nullptr) std::abort();
    }
    ~OwnDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    OwnDirectory(const OwnDirectory&) = delete;
    OwnDirectory& operator=(const OwnDirectory&) = delete;

    [[nodiscard]] std::string file(const std::string& name = "records.lmdb") const { return path_ + "/" + name; }

private:
    std::string path_;
};

// For tests that are not about the disk: commits are not synced.
inline LmdbOptions quick_options() {
    LmdbOptions options;
    options.durability = Durability::process;
    options.map_bytes = 1024 * 1024;
    return options;
}

inline std::unique_ptr<LmdbStore> open_or_die(const std::string& path, const LmdbOptions& options) {
    auto store = LmdbStore::open(path, options);
    if (!store) {
        ADD_FAILURE() << store.error().message;
        std::abort();
    }
    return std::move(*store);
}

inline Channel channel(const std::string& name) { return Channel::parse(name).value(); }

// Commits until no write waits. Returns the completions since the last call.
inline std::vector<Completion> commit_all(RecordStore& store) {
    while (store.waiting_bytes() > 0) (void)store.commit();
    std::vector<Completion> completions;
    store.take_completions(completions);
    return completions;
}

inline Wrote only(const std::vector<Completion>& completions) {
    EXPECT_EQ(completions.size(), 1U);
    return completions.empty() ? Wrote::failed : completions.front().wrote;
}

inline std::vector<std::pair<Key, std::string>> records_of(const RecordStore& store, const Channel& channel) {
    std::vector<std::pair<Key, std::string>> records;
    const auto scanned = store.scan(channel, std::nullopt, [&](Key key, std::string_view value) {
        records.emplace_back(key, value);
        return true;
    });
    EXPECT_TRUE(scanned);
    return records;
}

}  // namespace halp::tests
