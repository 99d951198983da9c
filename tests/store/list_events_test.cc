// Whoever follows what a table of labels tells ends with the lists that it shows.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/label_table.h"
#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::seconds;

Label label(const std::string& text) { return Label::parse(text).value(); }

// Believes the events and nothing else.
class Follower final : public ListObserver {
public:
    void host_listed(const Label& where, EndpointId host, LearnedFrom) override {
        EXPECT_TRUE(held[where].insert(host).second) << "told twice";
    }
    void host_moved(const Label& where, EndpointId host, LearnedFrom) override {
        EXPECT_TRUE(held[where].contains(host)) << "moved, but not listed";
        ++moves[where];
    }
    void host_gone(const Label& where, EndpointId host, ForgottenWhy why) override {
        EXPECT_EQ(held[where].erase(host), 1U) << "gone, but not listed";
        ++reasons[why];
    }

    std::map<Label, std::set<EndpointId>> held;
    std::map<Label, int> moves;
    std::map<ForgottenWhy, int> reasons;
};

class EventsFollowLists : public ::testing::Test {
protected:
    EventsFollowLists() {
        limits.fallback.entries_max = 6;
        limits.fallback.ttl = seconds{60};
        limits.labels_max = 12;
        table.set_limits(limits);
        table.set_observer(follower);
    }

    HostEntry news(tests::Seeded& random) {
        HostEntry entry;
        entry.endpoint = endpoints.intern({"h" + std::to_string(random.below(12)), 80});
        const Instant seen = now - seconds{random.below(90)};
        if (random.one_in(2))
            entry.claim = {UnixSeconds{static_cast<std::int64_t>(random.below(2000))}, UnixSeconds{1}, seen};
        if (random.one_in(2)) {
            entry.incarnation = static_cast<std::uint32_t>(random.below(4));
            entry.withdrawn = random.one_in(3);
            entry.confirmed = seen;
            entry.own = !entry.withdrawn && random.one_in(6);
        }
        if (random.one_in(5)) entry.proved = seen;
        return entry;
    }
    void step(tests::Seeded& random) {
        const Label where = label("l" + std::to_string(random.below(8)));
        switch (random.below(16)) {
            case 0:
                table.clear(where);
                return;
            case 1:
                table.erase(where, news(random).endpoint, ForgottenWhy::failed);
                return;
            case 2:
            case 3:
                now += seconds{random.below(40)};
                table.expire(now);
                return;
            case 4:
                limits.fallback.entries_max = 2 + random.below(8);
                table.set_limits(limits);
                return;
            case 5:
                if (random.one_in(20)) table.clear_all();
                return;
            case 6:
                table.hold(where, random.one_in(2));
                return;
            default:
                static_cast<void>(table.merge(where, news(random), local_source, now, UnixSeconds{1000}));
        }
    }
    void compare() {
        std::map<Label, std::set<EndpointId>> shown;
        for (const Label& where : table.host_labels())
            for (const HostEntry& host : table.find(where)->page(0, 100)) shown[where].insert(host.endpoint);
        std::erase_if(follower.held, [](const auto& one) { return one.second.empty(); });
        EXPECT_EQ(follower.held, shown);
    }

    EndpointTable endpoints;
    TableLimits limits;
    LabelTable table{endpoints, limits};
    Follower follower;
    Instant now{std::chrono::hours{1}};
};

TEST_F(EventsFollowLists, AfterAnyOperations) {
    for (std::uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        tests::Seeded random{seed};
        for (int i = 0; i < 500 && !HasFailure(); ++i) {
            step(random);
            compare();
        }
    }
    for (const ForgottenWhy why : {ForgottenWhy::expired, ForgottenWhy::withdrawn, ForgottenWhy::evicted,
                                   ForgottenWhy::cleared, ForgottenWhy::failed})
        EXPECT_GT(follower.reasons[why], 0) << static_cast<int>(why);
}

TEST_F(EventsFollowLists, MovesAreToldOfWatchedLabelsOnly) {
    tests::Seeded random{1};
    HostEntry entry;
    entry.endpoint = endpoints.intern({"h", 80});
    entry.claim = {UnixSeconds{5}, UnixSeconds{5}, now};
    const auto merge = [&] {
        entry.claim.stated = UnixSeconds{count(entry.claim.stated) + 1};
        for (const char* text : {"watched", "other"})
            static_cast<void>(table.merge(label(text), entry, local_source, now, UnixSeconds{1000}));
    };
    table.watch(label("watched"), true);
    merge();
    merge();
    EXPECT_EQ(follower.moves[label("watched")], 1);
    EXPECT_EQ(follower.moves[label("other")], 0);
    table.watch(label("watched"), false);
    merge();
    EXPECT_EQ(follower.moves[label("watched")], 1);
}

TEST_F(EventsFollowLists, WatchedLabelsAreNotEvicted) {
    HostEntry entry;
    entry.endpoint = endpoints.intern({"h", 80});
    entry.claim = {UnixSeconds{5}, UnixSeconds{5}, now};
    table.watch(label("watched"), true);
    static_cast<void>(table.merge(label("watched"), entry, local_source, now, UnixSeconds{1000}));
    for (int i = 0; i < 40; ++i)
        static_cast<void>(table.merge(label("flood" + std::to_string(i)), entry, local_source, now, UnixSeconds{1000}));
    EXPECT_TRUE(table.find(label("watched")));
    EXPECT_GT(follower.reasons[ForgottenWhy::evicted], 0);
    compare();
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
