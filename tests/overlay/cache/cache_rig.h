// A cache keeper with its lists, on disks that fail when told to.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/cache/cache_keeper.h"
#include "overlay/event.h"
#include "simulations/world/faulty_storage.h"
#include "simulations/world/memory_storage.h"

namespace halp::cache_test {

using std::chrono::seconds;

inline Label label(const std::string& text) { return *Label::parse(text); }
inline Endpoint host(int number) { return {"h" + std::to_string(number) + ".example", 80}; }

// The lists of a node, as its keeper sees them.
class Table final : public CacheSource, public CacheSink {
public:
    [[nodiscard]] CacheFile lines_of(const Label& of) const override {
        CacheFile file;
        const auto found = hosts.find(of);
        if (found != hosts.end()) {
            for (const auto& [endpoint, seen] : found->second) file.lines.push_back({seen, endpoint});
        }
        const auto directory = names.find(of);
        if (directory != names.end()) file.names = directory->second;
        return file;
    }
    [[nodiscard]] std::size_t lines_max(const Label&) const override { return max; }
    void take_host(const Label& to, const CacheLine& line) override {
        UnixSeconds& seen = hosts[to].emplace(line.endpoint, line.seen).first->second;
        seen = std::max(seen, line.seen);
    }
    void take_name(const Label& to, const CacheNameLine& line) override { names[to].push_back(line); }

    std::map<Label, std::map<Endpoint, UnixSeconds>> hosts;
    std::map<Label, std::vector<CacheNameLine>> names;
    std::size_t max = 100'000;
};

class Notes final : public Observer {
public:
    void note(const Event& event) override {
        match(
            event, [this](const StorageFailed& e) { failures.push_back(e.what); },
            [this](const CacheLineSkipped& e) { skipped.push_back(e.file + ":" + std::to_string(e.line)); },
            [](const auto&) {});
    }
    std::vector<std::string> failures, skipped;
};

class SteppedClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return at; }
    [[nodiscard]] UnixSeconds wall() const override {
        return UnixSeconds{1'700'000'000 + std::chrono::duration_cast<seconds>(at.time_since_epoch()).count()};
    }
    Instant at{std::chrono::hours{1}};
};

// A keeper and its lists, on a disk that outlives both.
struct Rig {
    explicit Rig(CacheKeeperOptions given = {}) : options(given) { start(); }

    void start() {
        table = std::make_unique<Table>();
        keeper = std::make_unique<CacheKeeper>(cache, state, notes, options);
        keeper->load(*table, clock.at);
    }
    void crash() {
        keeper.reset();
        start();
    }
    void pass(Duration span) {
        const Instant end = clock.at + span;
        while (keeper->next_deadline() <= end) {
            clock.at = std::max(clock.at, keeper->next_deadline());
            keeper->on_deadline(clock.at, *table);
            ++turns;
            ASSERT_LT(turns, 1'000'000U) << "a deadline that stays in the past";
        }
        clock.at = end;
    }
    void insert(const Label& to, const Endpoint& endpoint) { insert(to, endpoint, clock.wall()); }
    void insert(const Label& to, const Endpoint& endpoint, UnixSeconds seen) {
        table->take_host(to, {seen, endpoint});
        keeper->inserted(to, {seen, endpoint}, clock.at);
    }
    void forget(const Label& at, const Endpoint& endpoint) {
        table->hosts[at].erase(endpoint);
        keeper->forgotten(at, endpoint, clock.wall(), clock.at);
    }
    std::string file(const std::string& name) { return cache_files.read(name).value_or("missing"); }
    std::vector<std::string> state_names() { return *state_files.list(); }
    std::string journal() {
        std::string all;
        for (const std::string& name : state_names()) all += *state_files.read(name);
        return all;
    }
    // A label with so many lines, on disk and loaded.
    void make_large(const Label& of, int lines) {
        CacheFile content;
        for (int i = 0; i < lines; ++i) content.lines.push_back({UnixSeconds{1'600'000'000 + i}, host(i)});
        ASSERT_TRUE(cache_files.replace(cache_file_name(of), format_cache_file(of, content)).has_value());
        crash();
        ASSERT_EQ(table->hosts[of].size(), static_cast<std::size_t>(lines));
    }

    CacheKeeperOptions options;
    SteppedClock clock;
    MemoryStorage cache_files, state_files;
    FaultyStorage cache{cache_files, &clock}, state{state_files, &clock};
    Notes notes;
    std::unique_ptr<Table> table;
    std::unique_ptr<CacheKeeper> keeper;
    std::size_t turns = 0;
};

}  // namespace halp::cache_test
