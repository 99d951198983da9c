// A loss of power in the middle of a commit that takes one flush: any of its pages may have reached the disk, and
// in any order. The file must open with all commits that were acknowledged, and with the last one as a whole or not
// at all.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "store/records/lmdb_store.h"
#include "tests/store/records/store_fixture.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using tests::channel;
using tests::commit_all;
using tests::OwnDirectory;
using tests::Seeded;

constexpr std::size_t page = 4096;
constexpr int rounds = 12;
using Records = std::map<std::string, std::vector<std::pair<Key, std::string>>>;

std::string content_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const std::string& path, const std::string& content) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << content;
}

LmdbOptions durable_options() {
    LmdbOptions options;
    options.map_bytes = 4 * 1024 * 1024;
    return options;
}

Records all_of(const LmdbStore& store) {
    Records all;
    for (const Channel& name : store.channels(std::nullopt, 100)) all[name.name()] = tests::records_of(store, name);
    return all;
}

// What a disk has of a file: some of the pages that were written since `before`.
class Torn {
public:
    Torn(std::string before, std::string after) : before_(std::move(before)), after_(std::move(after)) {
        for (std::size_t at = 0; at < after_.size(); at += page)
            if (at >= before_.size() || before_.compare(at, page, after_, at, page) != 0) changed_.push_back(at);
    }
    [[nodiscard]] std::size_t size() const { return changed_.size(); }
    template <class Arrived>
    [[nodiscard]] std::string with(Arrived arrived) const {
        std::string content = before_;
        content.resize(std::max(before_.size(), after_.size()));
        for (std::size_t i = 0; i < changed_.size(); ++i)
            if (arrived(i)) content.replace(changed_[i], page, after_, changed_[i], page);
        return content;
    }

private:
    std::string before_, after_;
    std::vector<std::size_t> changed_;
};

// At least one of them changes the file, so the commit is of the kind that is meant here.
void submit_some(LmdbStore& store, Seeded& random) {
    store.put(channel("chat"), Key{1000}, std::to_string(random.below(1'000'000'000)), WriteToken{0});
    for (std::uint64_t n = random.below(8) + 1; n > 0; --n) {
        const Channel& into = random.one_in(6) ? channel("other") : channel("chat");
        const Key key{random.below(60)};
        if (random.one_in(40)) {
            store.remove_channel(into, WriteToken{n});
        } else if (random.one_in(4)) {
            store.remove(into, key, WriteToken{n});
        } else {
            store.put(into, key, std::string(random.below(1500), static_cast<char>('a' + n)), WriteToken{n});
        }
    }
}

// Opens what is left of the file, writes to it and opens it again.
void expect_one_of(const std::string& path, const Records& before, const Records& after, bool whole) {
    auto store = tests::open_or_die(path, durable_options());
    const Records found = all_of(*store);
    EXPECT_TRUE(found == after || (!whole && found == before));
    EXPECT_EQ(store->check()->defects, std::vector<std::string>{});
    store->put(channel("chat"), Key{1'000'000}, "value", WriteToken{1});
    EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
    store = nullptr;
    store = tests::open_or_die(path, durable_options());
    EXPECT_EQ(store->repaired(), "");
    EXPECT_EQ(store->check()->defects, std::vector<std::string>{});
}

void tear(const Torn& torn, const Records& before, const Records& after, Seeded& random) {
    const OwnDirectory other;
    const auto expect = [&](auto arrived, bool whole) {
        write_file(other.file(), torn.with(arrived));
        expect_one_of(other.file(), before, after, whole);
    };
    const std::size_t one = random.below(torn.size());
    expect([&](std::size_t) { return true; }, true);
    expect([&](std::size_t i) { return i == one; }, false);
    expect([&](std::size_t i) { return i != one; }, false);
    expect([&](std::size_t) { return random.one_in(2); }, false);
}

TEST(LmdbPowerLoss, AnyPagesOfTheLastCommitLeaveItWholeOrUndone) {
    const OwnDirectory directory;
    Seeded random(7);
    const auto store = tests::open_or_die(directory.file(), durable_options());
    store->put(channel("chat"), Key{1}, "one", WriteToken{1});
    EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
    for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        while (store->purging()) EXPECT_TRUE(store->commit());  // takes two flushes
        const Records before = all_of(*store);
        const std::string flushed = content_of(directory.file());
        submit_some(*store, random);
        (void)store->commit();  // judged by what is in the file
        std::vector<Completion> ignored;
        store->take_completions(ignored);
        tear(Torn{flushed, content_of(directory.file())}, before, all_of(*store), random);
        store->rest();
    }
}

// The repair itself is interrupted: any of its pages, and again.
TEST(LmdbPowerLoss, ARepairThatIsInterruptedBeginsAnew) {
    const OwnDirectory directory, other;
    std::string crashed;
    Records expected;
    {
        const auto store = tests::open_or_die(directory.file(), durable_options());
        for (std::uint64_t key = 0; key < 5; ++key) {
            store->put(channel("chat"), Key{key}, std::string(300, 'x'), WriteToken{key});
            EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
        }
        crashed = content_of(directory.file());
        expected = all_of(*store);
    }
    write_file(other.file(), crashed);
    std::string repaired;
    {
        const auto store = tests::open_or_die(other.file(), durable_options());
        EXPECT_NE(store->repaired().find("repeated"), std::string::npos) << store->repaired();
        repaired = content_of(other.file());
    }
    // The mark, the meta page that was taken back and the pages of the repetition, in their order.
    const Torn torn{crashed, repaired};
    ASSERT_GT(torn.size(), 2U);
    for (std::size_t arrived = 0; arrived <= torn.size(); ++arrived) {
        write_file(other.file(), torn.with([&](std::size_t i) { return i >= 2 && i < arrived; }));
        expect_one_of(other.file(), expected, expected, true);
    }
}

TEST(LmdbPowerLoss, ALastCommitThatIsNotWholeIsTold) {
    const OwnDirectory directory;
    const auto store = tests::open_or_die(directory.file(), durable_options());
    store->put(channel("chat"), Key{1}, "one", WriteToken{1});
    EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
    const std::string flushed = content_of(directory.file());
    store->put(channel("chat"), Key{2}, "two", WriteToken{2});
    EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
    // Of the second commit only the meta page has arrived.
    const Torn torn{flushed, content_of(directory.file())};
    const OwnDirectory other;
    write_file(other.file(), torn.with([](std::size_t i) { return i == 0; }));
    const auto left = tests::open_or_die(other.file(), durable_options());
    EXPECT_NE(left->repaired().find("left out"), std::string::npos) << left->repaired();
    EXPECT_EQ(left->total().records, 1U);
}

// ---- what readers see ----

TEST(LmdbPowerLoss, NobodyReadsAWriteThatIsNotFlushed) {
    const OwnDirectory directory;
    const auto store = tests::open_or_die(directory.file(), durable_options());
    std::string value;
    for (std::uint64_t key = 0; key < 3; ++key) {
        store->put(channel("chat"), Key{key}, "value", WriteToken{key});
        ASSERT_TRUE(store->prepare_commit());
        store->run_commit();
        for (int turn = 0; turn < 2; ++turn) {
            EXPECT_FALSE(store->get(channel("chat"), Key{key}, value).value());
            store->rest();
        }
        EXPECT_TRUE(store->finish_commit());
        EXPECT_TRUE(store->get(channel("chat"), Key{key}, value).value());
        store->rest();
    }
}

// ---- older files, and other processes ----

TEST(LmdbPowerLoss, AFileOfAnOlderVersionGetsALog) {
    const OwnDirectory directory;
    {
        LmdbOptions older;
        older.durability = Durability::process;
        const auto store = tests::open_or_die(directory.file(), older);
        store->put(channel("chat"), Key{1}, "one", WriteToken{1});
        EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
    }
    EXPECT_EQ(content_of(directory.file()).find("halp records 2"), std::string::npos);
    const auto store = tests::open_or_die(directory.file(), durable_options());
    EXPECT_NE(content_of(directory.file()).find("halp records 2"), std::string::npos);
    EXPECT_EQ(store->total().records, 1U);
}

TEST(LmdbPowerLoss, AFileThatAnotherProcessHasOpenIsNotRepaired) {
    const OwnDirectory directory, other;
    {
        const auto store = tests::open_or_die(directory.file(), durable_options());
        store->put(channel("chat"), Key{1}, "one", WriteToken{1});
        EXPECT_EQ(tests::only(commit_all(*store)), Wrote::done);
        write_file(other.file(), content_of(directory.file()));  // as after a crash
    }
    std::string crashed = content_of(other.file());
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        const auto store = LmdbStore::open(other.file(), durable_options());
        const char byte = store ? '1' : '0';
        if (write(ready[1], &byte, 1) != 1) _exit(1);
        pause();
        _exit(0);
    }
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    EXPECT_EQ(byte, '1');
    std::fstream{other.file(), std::ios::binary | std::ios::in | std::ios::out} << crashed;
    const auto refused = LmdbStore::open(other.file(), durable_options());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("End that process"), std::string::npos) << refused.error().message;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_EQ(tests::open_or_die(other.file(), durable_options())->total().records, 1U);
    close(ready[0]);
    close(ready[1]);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
