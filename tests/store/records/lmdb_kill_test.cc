// kill -9 at any moment of a write load: every acknowledged record is there, with the value of that write or a
// later one.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "store/records/lmdb_store.h"
#include "tests/store/records/store_fixture.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::channel;
using tests::Seeded;

constexpr std::uint64_t keys = 500;

// A write is defined by its number: the key, whether it removes, and the value. Parent and child compute it alike.
struct Planned {
    explicit Planned(std::uint64_t number) {
        Seeded random(number);
        key = Key{random.below(keys)};
        removes = random.one_in(5);
        value = std::to_string(number) + ":" + std::string(random.below(900), 'v');
    }
    Key key;
    bool removes;
    std::string value;
};

std::uint64_t number_in(std::string_view value) {
    return std::stoull(std::string{value.substr(0, value.find(':'))});
}

// The child: writes endlessly, and sends the number of each acknowledged write.
[[noreturn]] void write_until_killed(const std::string& path, std::uint64_t number, int answers) {
    LmdbOptions options;
    options.map_bytes = 1024 * 1024;
    auto store = LmdbStore::open(path, options);
    if (!store) _exit(3);
    std::vector<Completion> completions;
    for (Seeded random(number);;) {
        for (std::uint64_t n = random.below(200) + 1; n > 0; --n, ++number) {
            const Planned planned(number);
            if (planned.removes) {
                (*store)->remove(channel("chat"), planned.key, WriteToken{number});
            } else {
                (*store)->put(channel("chat"), planned.key, planned.value, WriteToken{number});
            }
        }
        if (!(*store)->commit()) _exit(4);
        completions.clear();
        (*store)->take_completions(completions);
        const auto last = static_cast<std::uint64_t>(completions.back().token);
        if (write(answers, &last, sizeof last) != sizeof last) _exit(5);
    }
}

// Lets a child write for a moment and kills it. Returns the number of the last acknowledged write.
std::uint64_t killed_round(const std::string& path, std::uint64_t first, std::chrono::microseconds life) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return 0;
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        write_until_killed(path, first, ends[1]);
    }
    close(ends[1]);
    std::uint64_t last = 0, answer = 0;
    EXPECT_EQ(read(ends[0], &answer, sizeof answer), static_cast<ssize_t>(sizeof answer));
    last = answer;
    std::this_thread::sleep_for(life);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);
    while (read(ends[0], &answer, sizeof answer) == static_cast<ssize_t>(sizeof answer)) last = answer;
    close(ends[0]);
    return last;
}

class Expected {
public:
    // The expected records after the writes up to this number.
    void answered_up_to(std::uint64_t number) {
        for (; next_ <= number; ++next_) apply(next_);
    }
    // Commits that were not acknowledged may be in the file, each as a whole. Continue from the state of the file.
    void compare_and_adopt(const LmdbStore& store) {
        std::uint64_t newest = next_ - 1;
        const auto records = tests::records_of(store, channel("chat"));
        for (const auto& [key, value] : records) newest = std::max(newest, number_in(value));
        answered_up_to(newest);
        // The values do not show removals after the newest put, so they are tried one by one.
        for (int more = 0; more < 400 && !agrees(records); ++more) answered_up_to(next_);
        EXPECT_TRUE(agrees(records)) << "after write " << newest;
    }
    [[nodiscard]] std::uint64_t next() const { return next_; }

private:
    void apply(std::uint64_t number) {
        const Planned planned(number);
        if (planned.removes) {
            model_.erase(planned.key);
        } else {
            model_[planned.key] = planned.value;
        }
    }
    [[nodiscard]] bool agrees(const std::vector<std::pair<Key, std::string>>& records) const {
        return std::vector<std::pair<Key, std::string>>(model_.begin(), model_.end()) == records;
    }

    std::map<Key, std::string> model_;
    std::uint64_t next_ = 1;
};

TEST(LmdbKill, LosesNoAnsweredWriteInTwentyFourRounds) {
    const tests::OwnDirectory directory;
    Expected expected;
    Seeded random(2024);
    for (int round = 0; round < 24; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        const auto life = std::chrono::microseconds{random.below(40'000)};
        expected.answered_up_to(killed_round(directory.file(), expected.next(), life));

        const auto store = tests::open_or_die(directory.file(), LmdbOptions{});
        expected.compare_and_adopt(*store);
        const StoreCheck check = store->check().value();
        EXPECT_TRUE(check.defects.empty()) << check.defects.front();
        if (HasFailure()) return;
    }
    EXPECT_GT(expected.next(), 1000U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
