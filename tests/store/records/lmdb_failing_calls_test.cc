// Every system call that LMDB makes while it writes records fails, once or for a while. In all cases no
// acknowledged record is lost, requests return errors and the process does not crash, and the store continues when
// the calls succeed again.
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>

#include "store/records/lmdb_store.h"
#include "tests/store/records/failing_calls.h"
#include "tests/store/records/store_fixture.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::channel;
using tests::commit_all;
using tests::FailingCalls;
using tests::SystemCall;

constexpr std::size_t value_bytes = 150'000;  // so that the map must grow
constexpr unsigned calls_tried_max = 400;

LmdbOptions small_options() {
    LmdbOptions options;
    options.map_bytes = 256 * 1024;
    options.map_bytes_max = 64 * 1024 * 1024;
    return options;
}

// A store and the records that it has acknowledged.
class Trial {
public:
    explicit Trial(const std::string& path) : path_(path), store_(tests::open_or_die(path, small_options())) {}

    bool put(std::uint64_t key) {
        const std::string value(value_bytes, static_cast<char>('a' + key % 26));
        store_->put(channel("chat"), Key{key}, value, WriteToken{key});
        const bool done = tests::only(commit_all(*store_)) == Wrote::done;
        if (done) acknowledged_[key] = value;
        return done;
    }

    // An error is a correct answer. A missing or different record is not.
    void expect_no_wrong_answers() const {
        for (const auto& [key, value] : acknowledged_) {
            std::string found;
            const Result<bool> there = store_->get(channel("chat"), Key{key}, found);
            if (!there) continue;
            EXPECT_TRUE(*there) << key;
            EXPECT_EQ(found == value, true) << key;
        }
    }

    void expect_everything() const {
        for (const auto& [key, value] : acknowledged_) {
            std::string found;
            const Result<bool> there = store_->get(channel("chat"), Key{key}, found);
            ASSERT_TRUE(there) << key << ": " << there.error().message;
            EXPECT_TRUE(*there && found == value) << key;
        }
        const auto checked = store_->check();
        ASSERT_TRUE(checked) << checked.error().message;
        EXPECT_EQ(checked->defects, std::vector<std::string>{});
    }

    // Puts work again, so it says that it is well.
    void expect_well() const { EXPECT_EQ(store_->trouble(), std::nullopt); }

    void reopen() {
        store_.reset();
        store_ = tests::open_or_die(path_, small_options());
    }

private:
    std::string path_;
    std::unique_ptr<LmdbStore> store_;
    std::map<std::uint64_t, std::string> acknowledged_;
};

// Returns false when the run made fewer calls of this kind.
bool survives(SystemCall call, unsigned first, int error, bool lasting) {
    const tests::OwnDirectory directory;
    Trial trial{directory.file()};
    std::uint64_t key = 0;
    while (key < 5) EXPECT_TRUE(trial.put(key++));
    bool hit = false;
    {
        const FailingCalls failing{call, first, error, lasting};
        for (int i = 0; i < 9; ++i) {
            (void)trial.put(key++);  // completed or not: expect_no_wrong_answers() checks
            trial.expect_no_wrong_answers();
        }
        hit = failing.failed_once();
    }
    EXPECT_TRUE(trial.put(key++)) << "it does not recover";
    trial.expect_well();
    trial.expect_everything();
    trial.reopen();
    trial.expect_everything();
    return hit;
}

// A commit of few writes flushes the file once (store/records/lmdb_redo_log.h).
TEST(LmdbFlushes, OneForAPut) {
    const tests::OwnDirectory directory;
    Trial trial{directory.file()};
    for (std::uint64_t key = 0; key < 5; ++key) EXPECT_TRUE(trial.put(key));
    const FailingCalls second{SystemCall::fdatasync, 1, EIO, false};
    EXPECT_TRUE(trial.put(5));
    EXPECT_FALSE(second.failed_once());
}

class LmdbFailingCalls : public ::testing::TestWithParam<SystemCall> {};

TEST_P(LmdbFailingCalls, LoseNothingAndAreRecoveredFrom) {
    for (const bool lasting : {false, true}) {
        unsigned first = 0;
        const int error = GetParam() == SystemCall::mmap ? ENOMEM : EIO;
        while (first < calls_tried_max && survives(GetParam(), first, error, lasting)) {
            if (HasFailure())
                FAIL() << name(GetParam()) << " number " << first << (lasting ? " and all later" : "");
            ++first;
        }
        ASSERT_LT(first, calls_tried_max);
    }
}

// Setting records aside is a chore between the writes: a failure delays it, and neither revives nor loses a record.
bool sweeps(SystemCall call, unsigned first, int error) {
    const tests::OwnDirectory directory;
    const HashRange lower = HashRange::make(0, ~0ULL >> 1).value();
    auto store = tests::open_or_die(directory.file(), small_options());
    for (std::uint64_t key = 0; key < 8; ++key) {
        store->put(channel("chat"), Key{key}, std::string(20'000, 'x'), WriteToken{key});
        EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
    }
    bool hit = false;
    Result<void> set;
    {
        const FailingCalls failing{call, first, error, false};
        set = store->set_range(lower);
        if (set && store->sweeping()) set = store->commit();
        hit = failing.failed_once();
    }
    store->rest();
    EXPECT_TRUE(store->range() == lower || !set) << "a failure is told";
    store = nullptr;  // a crash
    store = tests::open_or_die(directory.file(), small_options());
    EXPECT_TRUE(store->set_range(lower));
    while (store->sweeping()) EXPECT_TRUE(store->commit());
    EXPECT_EQ(store->total().records, 4U);
    EXPECT_EQ(store->set_aside().records, 4U);
    EXPECT_EQ(store->check()->defects, std::vector<std::string>{});
    return hit;
}

TEST_P(LmdbFailingCalls, DelayASweepAndNothingElse) {
    const int error = GetParam() == SystemCall::mmap ? ENOMEM : EIO;
    for (unsigned first = 0; first < calls_tried_max && sweeps(GetParam(), first, error); ++first)
        if (HasFailure()) FAIL() << name(GetParam()) << " number " << first;
}

INSTANTIATE_TEST_SUITE_P(EachCall, LmdbFailingCalls, ::testing::ValuesIn(tests::system_calls),
                         [](const auto& call) { return std::string{name(call.param)}; });

}  // namespace HALP_TEST_FILE
}  // namespace halp
