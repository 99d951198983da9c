// D structs as values: read from a client's notes, changed and written (case 12 of the originals' suite, with the
// client for applications).
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "overlay/dht/client/struct_cache.h"
#include "overlay/dht/wire/contiguous.h"
#include "tests/overlay/dht/dht_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

struct User {
    std::string name;
    std::uint64_t id = 0;
    std::array<std::uint64_t, 7> totals{};
    static constexpr auto fields = std::tuple{&User::name, &User::id, &User::totals};
    bool operator==(const User&) const = default;
};

using StructRecords = Cluster;

dht::UpdateChoice one_more(Bytes old) {
    auto user = from_contiguous<User>(old);
    if (!user) return dht::UpdateChoice::leave();
    ++user->totals[0];
    return dht::UpdateChoice::replace(to_contiguous(*user));
}

TEST_F(StructRecords, AreUpdatedByAClient) {
    add_server(HashRange::full());
    connect();
    EXPECT_EQ(put(1, to_contiguous(User{"hello", 23, {1}})), (Notes{"succeeded"}));
    EXPECT_EQ(update(1, one_more), (Notes{"succeeded"}));
    EXPECT_EQ(from_contiguous<User>(stored(0, "chan", 1)).value(), (User{"hello", 23, {2}}));
}

TEST_F(StructRecords, AreLeftAloneWhenTheyAreNone) {
    add_server(HashRange::full());
    connect();
    put(1, "no struct");
    EXPECT_EQ(update(1, one_more), (Notes{"succeeded"}));
    EXPECT_EQ(stored(0, "chan", 1), "no struct");
}

TEST_F(StructRecords, AreReadFromTheNotesOfGetAndMirror) {
    add_server(HashRange::full());
    connect();
    std::vector<User> got;
    const auto keep = [&](Bytes value) {
        auto user = from_contiguous<User>(value);
        ASSERT_TRUE(user) << user.error().message;
        got.push_back(*user);
    };
    EXPECT_TRUE(client->mirror("chan", {.initial_refresh = false}, [&](const dht::MirrorNote& note) {
        if (const auto* now = std::get_if<dht::Updated>(&note)) keep(now->value);
    }));
    run_world();
    const User ann{"Ann", 1, {}};
    EXPECT_EQ(put(1, to_contiguous(ann)), (Notes{"succeeded"}));
    EXPECT_TRUE(client->get("chan", Key{1}, [&](const dht::GetNote& note) {
        if (const auto* here = std::get_if<dht::Received>(&note)) keep(here->value);
    }));
    run_world();
    EXPECT_EQ(got, (std::vector<User>{ann, ann}));
}

TEST(StructCacheAlone, FollowsTheNotesOfAMirror) {
    StructCache<User> users;
    const std::string ann = to_contiguous(User{"Ann", 1, {}}), bob = to_contiguous(User{"Bob", 2, {}});
    users.hear(dht::Refreshed{Key{1}, ann});
    users.hear(dht::Updated{Key{2}, bob});
    EXPECT_EQ(users.find(Key{1})->name, "Ann");
    EXPECT_EQ(users.size(), 2U);
    users.hear(dht::Updated{Key{1}, bob});
    EXPECT_EQ(users.find(Key{1})->name, "Bob");
    users.hear(dht::Updated{Key{1}, "no struct"});
    EXPECT_EQ(users.find(Key{1}), nullptr);
    EXPECT_EQ(users.values_refused(), 1U);
    users.hear(dht::Deleted{Key{2}});
    EXPECT_EQ(users.size(), 0U);
    users.hear(dht::Refreshed{Key{3}, ann});
    users.hear(dht::Finished{});
    EXPECT_EQ(users.size(), 0U);
}

// By legacy nobody tells of a removal.
TEST(StructCacheAlone, ForgetsWhatAWholeGetAllDoesNotBring) {
    StructCache<User> users;
    const std::string ann = to_contiguous(User{"Ann", 1, {}});
    for (const std::uint64_t key : {1U, 2U}) users.hear(dht::Refreshed{Key{key}, ann});
    users.filled({});
    EXPECT_EQ(users.size(), 2U);
    users.hear(dht::Refreshed{Key{1}, ann});
    users.hear(dht::Updated{Key{3}, ann});
    dht::RangeCover gap;
    gap.missing = {HashRange::full()};
    users.filled(gap);
    EXPECT_EQ(users.size(), 3U) << "it did not have all";
    users.filled({});
    EXPECT_EQ(users.find(Key{2}), nullptr);
    EXPECT_EQ(users.size(), 2U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
