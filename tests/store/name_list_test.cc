#include "store/name_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

NamedAt named(const std::string& name, std::int64_t stated, std::int64_t ranked) {
    return {name, UnixSeconds{stated}, UnixSeconds{ranked}};
}
NamedAt named(const std::string& name, std::int64_t time) { return named(name, time, time); }

std::string shown(const NameList& list, std::size_t first = 0, std::size_t count = 100) {
    std::string text;
    for (const NamedAt& name : list.page(first, count)) text += (text.empty() ? "" : " ") + name.name;
    return text;
}

TEST(NameList, ShowsTheNewestFirstAndOfEqualOnesTheLatestToArrive) {
    NameList list(10);
    for (const NamedAt& name : {named("e", 5), named("a", 9), named("c", 7), named("b", 7)})
        EXPECT_EQ(list.merge(name), Merge::added);
    EXPECT_EQ(shown(list), "a b c e");
    EXPECT_EQ(shown(list, 1, 2), "b c");
    EXPECT_EQ(shown(list, 4, 2), "");
}

TEST(NameList, KeepsTheLaterOfTwoTimes) {
    NameList list(10);
    static_cast<void>(list.merge(named("a", 9)));
    EXPECT_EQ(list.merge(named("a", 8)), Merge::stale);
    EXPECT_EQ(list.merge(named("a", 9)), Merge::stale);
    EXPECT_EQ(list.merge(named("a", 10)), Merge::refreshed);
    EXPECT_EQ(list.page(0, 1).front().stated, UnixSeconds{10});
    EXPECT_EQ(list.size(), 1U);
}

// The transcript "insert labels": a time in the future is shown, but ranks as the time of arrival.
TEST(NameList, DoesNotPinTheFutureOnTop) {
    NameList list(10);
    static_cast<void>(list.merge(named("pinned", 4000000000, 100)));
    static_cast<void>(list.merge(named("labels", 100)));
    EXPECT_EQ(shown(list), "pinned labels");
    static_cast<void>(list.merge(named("labels", 101)));
    EXPECT_EQ(shown(list), "labels pinned");
}

TEST(NameList, LosesTheNameNotHeardOfForLongest) {
    NameList list(2);
    static_cast<void>(list.merge(named("a", 5)));
    static_cast<void>(list.merge(named("b", 6)));
    EXPECT_EQ(list.merge(named("c", 7)), Merge::added);
    EXPECT_EQ(shown(list), "c b");
    EXPECT_EQ(list.evicted(), 1U);
    EXPECT_EQ(list.merge(named("d", 4)), Merge::refused);
    EXPECT_EQ(shown(list), "c b");
    list.set_names_max(1);
    EXPECT_EQ(shown(list), "c");
}

TEST(NameList, TakesAnyBytesButBlanksAndControlBytes) {
    NameList list(1000);
    for (int byte = 0; byte < 256; ++byte) {
        const bool good = byte > 0x20 && byte != 0x7f;
        EXPECT_EQ(list.merge(named(std::string{'a', static_cast<char>(byte)}, 5)),
                  good ? Merge::added : Merge::refused);
    }
    EXPECT_EQ(list.merge(named("", 5)), Merge::refused);
    EXPECT_EQ(list.merge(named("../../etc/passwd", 5)), Merge::added);
    EXPECT_EQ(list.merge(named(std::string(4096, 'a'), 5)), Merge::added);
    EXPECT_EQ(list.merge(named(std::string(4097, 'a'), 5)), Merge::refused);
}

TEST(NameList, HoldsNothingWhenNothingIsAllowed) {
    NameList list(0);
    EXPECT_EQ(list.merge(named("a", 5)), Merge::refused);
    EXPECT_EQ(list.size(), 0U);
}

TEST(NameList, AgreesWithASortedVector) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        tests::Seeded random(seed);
        NameList list(20);
        std::vector<NamedAt> model;  // equal times: latest arrival first
        const auto before = [](const NamedAt& a, const NamedAt& b) {
            return std::tuple(a.ranked, a.stated) > std::tuple(b.ranked, b.stated);
        };
        for (int step = 0; step < 2000; ++step) {
            const auto stated = static_cast<std::int64_t>(random.below(30));
            NamedAt news =
                named("n" + std::to_string(random.below(40)), stated, std::min<std::int64_t>(stated, 20));
            const auto held =
                std::find_if(model.begin(), model.end(), [&](const NamedAt& n) { return n.name == news.name; });
            if (random.one_in(10)) {
                ASSERT_EQ(list.erase(news.name), held != model.end());
                if (held != model.end()) model.erase(held);
            } else {
                static_cast<void>(list.merge(news));
                const bool known = held != model.end();
                // A full list refuses a name that is older than all of its names. At equal times the new one is not
                // older.
                if (!known || std::tuple(held->ranked, held->stated) < std::tuple(news.ranked, news.stated)) {
                    if (known) model.erase(held);
                    model.insert(model.begin(), news);
                    std::stable_sort(model.begin(), model.end(), before);
                    if (model.size() > 20) model.pop_back();
                }
            }
            const auto page = list.page(0, 100);
            ASSERT_EQ(page.size(), model.size());
            for (std::size_t i = 0; i < page.size(); ++i) {
                ASSERT_EQ(page[i].name, model[i].name);
                ASSERT_EQ(page[i].stated, model[i].stated);
            }
        }
        for (const NamedAt& name : list.page(0, 100)) list.erase(name.name);
        ASSERT_EQ(list.bytes(), 0U);
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
