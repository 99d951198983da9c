// The records of a node with several threads: as one thread sees them they are those of one store, and what all
// threads do at a time is seen by each of them.
#include "tools/halpd/workers/shared_records.h"

#include <event2/event.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "overlay/dht/records/write_log.h"
#include "store/hash.h"
#include "store/records/lmdb_store.h"
#include "store/records/memory_store.h"
#include "tests/store/records/store_fixture.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::OwnDirectory;

// Some threads' inboxes and shares, without threads.
class Crew {
public:
    explicit Crew(std::size_t threads) {
        for (std::size_t i = 0; i < threads; ++i) {
            bases_.emplace_back(event_base_new(), &event_base_free);
            owned_.push_back(std::make_unique<WorkerInbox>(bases_.back().get()));
            inboxes.push_back(owned_.back().get());
            shares.push_back(std::make_unique<RecordShare>(inboxes));
        }
    }
    Crew& in_memory() {
        for (const auto& share : shares) share->set_store(std::make_unique<MemoryStore>());
        return *this;
    }
    Crew& on_disk(const OwnDirectory& directory) {
        for (std::size_t i = 0; i < shares.size(); ++i)
            shares[i]->set_store(tests::open_or_die(directory.file(std::to_string(i)), tests::quick_options()));
        return *this;
    }
    WorkerInboxes inboxes;
    RecordShares shares;

private:
    std::vector<std::unique_ptr<event_base, void (*)(event_base*)>> bases_;
    std::vector<std::unique_ptr<WorkerInbox>> owned_;
};

// A copy of one channel, kept as a Mirror keeps one.
class Copy final : public RecordListener {
public:
    Copy(const RecordStore& store, Channel channel) : store_(store), channel_(std::move(channel)) {}
    void on_changed(Key key) override {
        std::string value;
        if (*store_.get(channel_, key, value)) records[value_of(key)] = value;
    }
    void on_removed(Key key) override { records.erase(value_of(key)); }
    void on_channel_removed() override {
        records.clear();
        listening = false;
    }
    [[nodiscard]] bool sending() const override { return false; }
    void listen(WriteLog& log) {
        if (!std::exchange(listening, true)) log.listen(channel_, *this);
    }
    std::map<std::uint64_t, std::string> records;
    bool listening = false;

private:
    const RecordStore& store_;
    const Channel channel_;
};

struct Outcomes final : CompletionHandler {
    void on_written(std::uint64_t, std::uint64_t request, Wrote wrote) override { by_request[request] = wrote; }
    std::map<std::uint64_t, Wrote> by_request;
};

// One side of the comparison: a store behind a write log, and a copy of each channel.
struct Side {
    Side(RecordStore& records, const std::vector<Channel>& channels) : store(records), log(records) {
        for (const Channel& channel : channels) copies.push_back(std::make_unique<Copy>(store, channel));
    }
    ~Side() { log.forget(outcomes); }
    void settle() {
        while (store.waiting_bytes() > 0) ASSERT_TRUE(store.commit());
        log.collect();
        store.rest();
    }
    void note(std::uint64_t request, std::optional<Wrote> wrote) {
        if (wrote) outcomes.by_request[request] = *wrote;
    }
    RecordStore& store;
    WriteLog log;
    Outcomes outcomes;
    std::vector<std::unique_ptr<Copy>> copies;
};

using Records = std::vector<std::pair<std::uint64_t, std::string>>;

// In slices of random lengths.
Records all_of(const RecordStore& store, const Channel& channel, std::optional<Key> after, std::uint64_t slice) {
    Records all;
    for (;;) {
        std::uint64_t left = slice;
        const Result<Scan> scan = store.scan(channel, after, [&](Key key, std::string_view value) {
            all.emplace_back(value_of(key), value);
            after = key;
            return --left > 0;
        });
        EXPECT_TRUE(scan);
        if (!scan || *scan == Scan::ended) return all;
    }
}

// The same random writes go to one store and to the shares; after each batch both have the same to say.
class Comparison {
public:
    Comparison(RecordStore& one, RecordStore& shared, std::uint64_t seed)
        : random_(seed), one_(one, channels_), shared_(shared, channels_) {}

    void run(int batches) {
        for (int batch = 0; batch < batches && !::testing::Test::HasFailure(); ++batch) {
            for (const std::size_t at : {0U, 1U, 2U})
                for (Side* side : {&one_, &shared_}) side->copies[at]->listen(side->log);
            for (std::uint64_t writes = 1 + random_() % 30; writes > 0; --writes) write();
            for (Side* side : {&one_, &shared_}) side->settle();
            compare();
        }
    }

private:
    void write() {
        const Channel& channel = channels_[random_() % channels_.size()];
        const Key key{random_() % 3 == 0 ? random_() % 8 : mix(random_() % 40)};
        const std::string value(random_() % 200, static_cast<char>('a' + random_() % 26));
        const std::uint64_t kind = random_() % 100, original = random_() % 2 == 0 ? fnv1a(value) : random_();
        ++request_;
        for (Side* side : {&one_, &shared_}) {
            const Requester requester{&side->outcomes, 1, request_};
            if (kind < 60)
                side->note(request_, side->log.put(channel, key, value, requester));
            else if (kind < 70)
                side->note(request_, side->log.update(channel, key, original, value, requester));
            else if (kind < 95)
                side->note(request_, side->log.remove(channel, key, requester));
            else if (kind < 98)
                side->log.remove_channel(channel, requester);
            else
                side->note(request_, side->log.create_channel(channel, requester));
        }
    }

    void compare() {
        EXPECT_EQ(one_.outcomes.by_request, shared_.outcomes.by_request);
        const RecordStore& one = one_.store;
        const RecordStore& shared = shared_.store;
        EXPECT_EQ(one.channels(std::nullopt, 10), shared.channels(std::nullopt, 10));
        EXPECT_EQ(one.channels(channels_[0], 1), shared.channels(channels_[0], 1));
        EXPECT_EQ(one.channel_count(), shared.channel_count());
        EXPECT_EQ(one.total(), shared.total());
        EXPECT_EQ(one.removed(), shared.removed());
        for (std::size_t i = 0; i < channels_.size(); ++i) {
            const Channel& channel = channels_[i];
            EXPECT_EQ(one.has_channel(channel), shared.has_channel(channel));
            EXPECT_EQ(one.count(channel), shared.count(channel));
            const std::optional<Key> after =
                random_() % 2 == 0 ? std::nullopt : std::optional{Key{mix(random_() % 40)}};
            const Records records = all_of(shared, channel, after, 1 + random_() % 40);
            EXPECT_EQ(all_of(one, channel, after, 1000), records);
            EXPECT_EQ(one_.copies[i]->records, shared_.copies[i]->records) << channel.name();
            EXPECT_EQ(one_.copies[i]->listening, shared_.copies[i]->listening) << channel.name();
            std::string value, other;
            for (std::uint64_t key = 0; key < 8; ++key) {
                EXPECT_EQ(*one.get(channel, Key{key}, value), *shared.get(channel, Key{key}, other));
                EXPECT_EQ(value, other);
                EXPECT_EQ(*one.exists(channel, Key{key}), *shared.exists(channel, Key{key}));
            }
        }
    }

    const std::vector<Channel> channels_{tests::channel("a"), tests::channel("b"), tests::channel("c")};
    std::mt19937_64 random_;
    Side one_, shared_;
    std::uint64_t request_ = 0;
};

TEST(SharedRecords, InMemoryAreThoseOfOneStore) {
    for (std::uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Crew crew(2 + seed % 3);
        crew.in_memory();
        MemoryStore one;
        SharedRecords shared(crew.shares, crew.inboxes, seed % 2);
        Comparison(one, shared, seed).run(20);
    }
}

TEST(SharedRecords, OnDiskAreThoseOfOneStore) {
    for (std::uint64_t seed = 1; seed <= 3 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const OwnDirectory directory;
        Crew crew(2);
        crew.on_disk(directory);
        const auto one = tests::open_or_die(directory.file("one"), tests::quick_options());
        SharedRecords shared(crew.shares, crew.inboxes, 1);
        Comparison(*one, shared, seed).run(15);
    }
}

TEST(SharedRecords, ChangeTheirRangeTogether) {
    Crew crew(3);
    crew.in_memory();
    SharedRecords records(crew.shares, crew.inboxes, 0);
    WriteLog log(records);
    const Channel channel = tests::channel("c");
    for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(log.put(channel, Key{i}, "v", {}), Wrote::done);
    const HashRange half = *HashRange::make(0, ~std::uint64_t{0} / 2);  // the even keys
    ASSERT_TRUE(records.set_range(half));
    while (records.sweeping()) ASSERT_TRUE(records.commit());
    EXPECT_EQ(records.range(), half);
    EXPECT_EQ(records.total().records, 50U);
    EXPECT_EQ(records.set_aside().records, 50U);
    EXPECT_EQ(all_of(records, channel, std::nullopt, 7).size(), 50U);
    Records aside;
    EXPECT_TRUE(records.scan_aside(channel, std::nullopt, [&](Key key, std::string_view value) {
        aside.emplace_back(value_of(key), value);
        return true;
    }));
    EXPECT_EQ(aside.size(), 50U);
    EXPECT_EQ(aside.front().first, 1U);
    EXPECT_EQ(records.channels_aside().size(), 1U);
    ASSERT_TRUE(records.drop_aside());
    EXPECT_EQ(records.set_aside().records, 0U);
}

// ---- several threads at a time ----

constexpr std::uint64_t keys_of_one = 50;

// How many threads have come so far.
struct Milestones {
    std::atomic<std::size_t> following{0}, done{0};
};

// Writes its own keys and those of all, and follows the channel all the while.
void write_and_follow(const Crew& crew, std::size_t worker, Milestones& all, const Channel& channel,
                      std::map<std::uint64_t, std::string>& copy, std::map<std::uint64_t, std::string>& own) {
    SharedRecords records(crew.shares, crew.inboxes, worker);
    WriteLog log(records);
    Copy mirror(records, channel);
    mirror.listen(log);
    ++all.following;
    while (all.following < crew.inboxes.size()) std::this_thread::yield();
    std::mt19937_64 random(worker + 1);
    Instant now{std::chrono::hours{1}};
    const auto turn = [&] {
        log.collect();
        EXPECT_TRUE(log.commit_if_due(now += std::chrono::milliseconds{10}, std::size_t{1} << 20));
        log.collect();
        records.rest();
    };
    for (int i = 0; i < 2000; ++i) {
        const bool mine = random() % 2 == 0;
        const std::uint64_t key = mine ? (worker + 1) * 1000 + random() % keys_of_one : random() % keys_of_one;
        const std::string value = std::to_string(worker) + "-" + std::to_string(i);
        const bool removes = random() % 4 == 0;
        if (removes)
            log.remove(channel, Key{key}, {});
        else
            log.put(channel, Key{key}, value, {});
        if (mine && removes) own.erase(key);
        if (mine && !removes) own[key] = value;
        if (i % 7 == 0) turn();
        if (i % 100 == 0) {
            EXPECT_TRUE(records.scan(channel, std::nullopt, [](Key, std::string_view) { return true; }));
        }
    }
    while (!log.all_completed()) turn();
    ++all.done;
    while (all.done < crew.inboxes.size()) turn();
    turn();
    copy = mirror.records;
    log.unlisten(channel, mirror);
}

void expect_that_threads_agree(const Crew& crew) {
    const Channel channel = tests::channel("shared");
    const std::size_t count = crew.inboxes.size();
    std::vector<std::map<std::uint64_t, std::string>> copies(count), own(count);
    Milestones milestones;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < count; ++i)
            threads.emplace_back([&, i] { write_and_follow(crew, i, milestones, channel, copies[i], own[i]); });
    }
    SharedRecords records(crew.shares, crew.inboxes, 0);
    std::map<std::uint64_t, std::string> all;
    for (const auto& [key, value] : all_of(records, channel, std::nullopt, 1000)) all[key] = value;
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(copies[i], all) << "the copy of thread " << i;
        for (std::uint64_t key = 0; key < keys_of_one; ++key) {
            const std::uint64_t mine = (i + 1) * 1000 + key;
            EXPECT_EQ(all.contains(mine), own[i].contains(mine)) << mine;
            if (own[i].contains(mine)) {
                EXPECT_EQ(all[mine], own[i][mine]);
            }
        }
    }
}

TEST(SharedRecords, ThreadsHearOfEachOthersChangesInMemory) {
    Crew crew(3);
    expect_that_threads_agree(crew.in_memory());
}

TEST(SharedRecords, ThreadsHearOfEachOthersChangesOnDisk) {
    const OwnDirectory directory;
    Crew crew(2);
    expect_that_threads_agree(crew.on_disk(directory));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
