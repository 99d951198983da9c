#include "store/cache_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

const Label chat = Label::parse("chat").value();
const Label& directory = Label::labels();

CacheLine line(std::int64_t seen, const std::string& host, std::uint16_t port = 80) {
    return {UnixSeconds{seen}, {host, port}};
}
CacheFile file_of(std::vector<CacheLine> lines) {
    CacheFile file;
    file.lines = std::move(lines);
    return file;
}
std::string reread(const Label& label, std::string_view content) {
    return format_cache_file(label, parse_cache_file(label, content));
}
// What is wrong with the only line.
std::string why(std::string_view content, const Label& label = chat) {
    const CacheFile file = parse_cache_file(label, content);
    EXPECT_TRUE(file.lines.empty() && file.names.empty()) << content;
    return file.bad.empty() ? "" : file.bad.front().why;
}

TEST(CacheFormat, NamesFilesAsTheOriginalDoes) {
    for (const auto& [label, name] : {std::pair{"foo", "foo"},
                                      {"foo/", "foo~"},
                                      {"foo/bar", "foo~bar"},
                                      {"a_b/c/d", "a_b~c~d"},
                                      {"a-b", "a=b"},
                                      {"v1.2", "v1,2"},
                                      {"a_b", "a+b"},
                                      {"a_b/c_d", "a_b~c+d"},
                                      {"x-y/z", "x=y~z"},
                                      {"labels", "labels"}}) {
        EXPECT_EQ(cache_file_name(Label::parse(label).value()), name);
        EXPECT_EQ(label_of_cache_file(name).value().text(), label);
    }
}

TEST(CacheFormat, KnowsWhichFilesAreNotLabels) {
    for (const char* other : {".allocation", "",      ".",       "..",      "foo.tmp",  "a_b",       "~",
                              "~x",          "a~~b",  "foo/bar", "foo bar", ".foo.swp", "halp-lock", "known_hosts",
                              "notes.txt",   "a+b~c", ",a",      "=a",      "a=",       "a-b",       "x~a_b"})
        EXPECT_FALSE(label_of_cache_file(other)) << other;
    EXPECT_TRUE(label_of_cache_file(std::string(255, 'a')));
    EXPECT_FALSE(label_of_cache_file(std::string(256, 'a')));
}

TEST(CacheFormat, ReadsAndWritesTheOriginalsLines) {
    const std::string golden = "1300000002 fe80::1%eth0 80\n1300000001 [2001:db8::1] 80\n1300000000 ::1 81";
    const CacheFile file = parse_cache_file(chat, golden);
    EXPECT_EQ(file.lines, (std::vector{line(1300000002, "fe80::1%eth0"), line(1300000001, "[2001:db8::1]"),
                                       line(1300000000, "::1", 81)}));
    EXPECT_EQ(file.bad_count, 0U);
    EXPECT_EQ(format_cache_file(chat, file), golden);
    EXPECT_EQ(reread(chat, golden + "\n"), golden) << "a final LF is harmless";
    EXPECT_EQ(reread(chat, ""), "");
    EXPECT_EQ(reread(chat, "0001300000000 h 00080"), "1300000000 h 80");
}

TEST(CacheFormat, ReadsAndWritesDirectories) {
    const std::string golden = "4000000000 pinned\n1300000001 ../../etc/passwd\n1300000000 evil";
    EXPECT_EQ(reread(directory, golden), golden);
    EXPECT_EQ(reread(Label::parse("x/").value(), golden), golden);
    EXPECT_EQ(reread(directory, "9 name 80\n8 other "), "9 name\n8 other") << "a port is dropped";
    EXPECT_EQ(parse_cache_file(directory, golden).names.front(),
              (CacheNameLine{UnixSeconds{4000000000}, "pinned"}));
}

TEST(CacheFormat, KeepsTimesInTheFutureAsWritten) {
    EXPECT_EQ(reread(chat, "253402300799 h 80\n0 g 80"), "253402300799 h 80\n0 g 80");
}

TEST(CacheFormat, SortsNewestFirstAndKeepsTheOrderOfEqualTimes) {
    EXPECT_EQ(reread(chat, "5 e 1\n9 a 1\n7 c 1\n7 b 1\n1 z 1"), "9 a 1\n7 c 1\n7 b 1\n5 e 1\n1 z 1");
}

TEST(CacheFormat, KeepsTheLargerTimeOfADuplicate) {
    EXPECT_EQ(reread(chat, "5 b 1\n9 c 1\n9 b 1\n3 c 1"), "9 c 1\n9 b 1");
    EXPECT_EQ(reread(chat, "9 b 1\n9 c 1\n9 b 1"), "9 b 1\n9 c 1");
    EXPECT_EQ(reread(chat, "1 b 1\n1 b 2\n1 B 1"), "1 b 1\n1 b 2\n1 B 1") << "not duplicates";
    EXPECT_EQ(reread(directory, "1 x\n5 x"), "5 x");
}

TEST(CacheFormat, SaysWhatIsWrongWithALine) {
    EXPECT_EQ(why("9 host"), "there is no port");
    EXPECT_EQ(why("9 host "), "there is no port");
    EXPECT_EQ(why("9 host:80"), "there is no port");
    EXPECT_EQ(why("9 h 0"), "the port is not between 1 and 65535");
    EXPECT_EQ(why("9 h 65536"), "the port is not between 1 and 65535");
    EXPECT_EQ(why("9 h 99999999999999999999999"), "the port is not between 1 and 65535");
    EXPECT_EQ(why("9 h -80"), "the port is not a number");
    EXPECT_EQ(why("9 h 80 "), "the port is not a number");
    EXPECT_EQ(why("9 h 80 extra"), "the port is not a number");
    EXPECT_EQ(why("9 h  80"), "the port is not a number");
    EXPECT_EQ(why("253402300800 h 80"), "the time is after the year 9999");
    EXPECT_EQ(why("99999999999999999999999999 h 80"), "the time is after the year 9999");
    EXPECT_EQ(why("-1 h 80"), "the time is not a number");
    EXPECT_EQ(why("1.5 h 80"), "the time is not a number");
    EXPECT_EQ(why(" 9 h 80"), "the time is not a number");
    EXPECT_EQ(why("hello"), "the time is not a number");
    EXPECT_EQ(why("9"), "there is nothing after the time");
    EXPECT_EQ(why("9  h 80"), "there are two blanks after the time, or nothing");
    EXPECT_EQ(why("9 h 80\r"), "the line ends in CR LF, not in LF alone");
    EXPECT_EQ(why("9 a\x1b[31m 80"), "the host contains a control byte");
    EXPECT_EQ(why(std::string_view("9 a\0b 80", 8)), "the host contains a control byte");
    EXPECT_EQ(why("9 a\tb 80"), "the host contains a control byte");
    EXPECT_EQ(why("9 " + std::string(256, 'h') + " 80"), "the host has more than 255 bytes");
    EXPECT_EQ(why(std::string(8193, '9')), "the line is too long");
    EXPECT_EQ(why("9 a\x7f", directory), "the name contains a control byte");
    EXPECT_EQ(why("9 " + std::string(4097, 'n'), directory), "the name has more than 4096 bytes");
    EXPECT_EQ(why("\n"), "the line is empty");
}

TEST(CacheFormat, SkipsBadLinesAndNumbersThemFromOne) {
    const CacheFile file = parse_cache_file(chat, "garbage\n1300000000 h 80\n\n9 host\n1300000001 g 80\r\n");
    EXPECT_EQ(file.lines, (std::vector{line(1300000000, "h")}));
    ASSERT_EQ(file.bad_count, 4U);
    EXPECT_EQ(file.bad[0].line, 1U);
    EXPECT_EQ(file.bad[1].line, 3U);
    EXPECT_EQ(file.bad[2].line, 4U);
    EXPECT_EQ(file.bad[3].line, 5U);
}

TEST(CacheFormat, ListsAHundredBadLinesAndCountsAll) {
    const CacheFile file = parse_cache_file(chat, std::string(5000, '\n'));
    EXPECT_EQ(file.bad.size(), 100U);
    EXPECT_EQ(file.bad_count, 5000U);
}

TEST(CacheFormat, ReadsEveryTruncationWithoutInventingALine) {
    const std::string whole = "1300000002 h.example 8080\n1300000001 ::1 80\n1300000000 x 1";
    const auto all = parse_cache_file(chat, whole).lines;
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const CacheFile cut = parse_cache_file(chat, std::string_view(whole).substr(0, length));
        ASSERT_LE(cut.lines.size(), all.size());
        for (const CacheLine& l : cut.lines) {
            const auto matches = [&](const CacheLine& other) {
                return other.seen == l.seen && other.endpoint.host == l.endpoint.host;
            };
            EXPECT_TRUE(std::any_of(all.begin(), all.end(), matches));
        }
    }
}

TEST(CacheFormat, WritesNothingThatCouldNotBeReadBack) {
    const CacheFile file = file_of({line(5, "a b"), line(5, "a\nb"), line(5, ""), line(5, "good"), line(5, "h", 0),
                                    line(-1, "h"), line(253402300800, "h")});
    EXPECT_EQ(format_cache_file(chat, file), "5 good 80");
    CacheFile names;
    names.names = {{UnixSeconds{5}, "x\n9 y"}, {UnixSeconds{5}, "good"}};
    EXPECT_EQ(format_cache_file(directory, names), "5 good");
}

TEST(CacheFormat, MergesWhatTwoWritersKnow) {
    const CacheFile disk = file_of({line(9, "theirs"), line(5, "both"), line(3, "later on disk")});
    const CacheFile ours = file_of({line(7, "both"), line(9, "mine"), line(2, "later on disk")});
    EXPECT_EQ(merge_cache_files(disk, ours, {}, 10).lines,
              (std::vector{line(9, "theirs"), line(9, "mine"), line(7, "both"), line(3, "later on disk")}));
    EXPECT_EQ(merge_cache_files(disk, ours, {}, 2).lines, (std::vector{line(9, "theirs"), line(9, "mine")}));
    EXPECT_TRUE(merge_cache_files(disk, ours, {}, 0).lines.empty());
    EXPECT_EQ(merge_cache_files(disk, ours, {}, 3).cut_lines, 1U);
    EXPECT_EQ(merge_cache_files(disk, ours, {}, 4).cut_lines, 0U);
    CacheFile names;
    names.names = {{UnixSeconds{5}, "one"}, {UnixSeconds{4}, "two"}};
    EXPECT_EQ(merge_cache_files(names, {}, {}, 1).cut_names, 1U);
}

TEST(CacheFormat, ForgetsHostsUnlessTheDiskKnowsBetter) {
    const CacheFile disk = file_of({line(9, "a"), line(8, "b"), line(7, "c"), line(6, "a", 81)});
    const std::vector<ForgottenHost> forgotten = {{{"b", 80}, UnixSeconds{7}},
                                                  {{"a", 80}, UnixSeconds{1}},
                                                  {{"a", 80}, UnixSeconds{9}},
                                                  {{"z", 80}, UnixSeconds{9}}};
    EXPECT_EQ(merge_cache_files(disk, {}, forgotten, 10).lines,
              (std::vector{line(8, "b"), line(7, "c"), line(6, "a", 81)}));
    EXPECT_EQ(merge_cache_files(disk, file_of({line(4, "a")}), forgotten, 10).lines.back(), line(4, "a"))
        << "we know it again";
}

TEST(CacheFormat, MergesDirectoriesToo) {
    CacheFile disk, ours;
    disk.names = {{UnixSeconds{9}, "x"}, {UnixSeconds{5}, "y"}};
    ours.names = {{UnixSeconds{7}, "y"}, {UnixSeconds{6}, "z"}};
    EXPECT_EQ(merge_cache_files(disk, ours, {}, 2).names,
              (std::vector<CacheNameLine>{{UnixSeconds{9}, "x"}, {UnixSeconds{7}, "y"}}));
}

TEST(CacheFormat, TakesAnyRandomFileToTheSameFactsAsAMap) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        tests::Seeded random(seed);
        std::string content;
        std::map<Endpoint, std::int64_t> model;
        std::size_t bad = 0;
        for (int i = 0; i < 300; ++i) {
            if (random.one_in(10)) {
                content += "broken line\n";
                ++bad;
                continue;
            }
            const auto seen = static_cast<std::int64_t>(random.below(50));
            const Endpoint e{"h" + std::to_string(random.below(40)),
                             static_cast<std::uint16_t>(1 + random.below(2))};
            content += std::to_string(seen) + " " + e.host + " " + std::to_string(e.port) + "\n";
            const auto [held, added] = model.emplace(e, seen);
            if (!added) held->second = std::max(held->second, seen);
        }
        const CacheFile file = parse_cache_file(chat, content);
        EXPECT_EQ(file.bad_count, bad);
        ASSERT_EQ(file.lines.size(), model.size());
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            EXPECT_EQ(count(file.lines[i].seen), model.at(file.lines[i].endpoint));
            if (i > 0) {
                EXPECT_GE(file.lines[i - 1].seen, file.lines[i].seen);
            }
        }
        EXPECT_EQ(parse_cache_file(chat, format_cache_file(chat, file)).lines, file.lines);
        EXPECT_EQ(merge_cache_files(file, file, {}, 1000).lines, file.lines) << "idempotent";
    }
}

TEST(CacheFormat, AFullFileKeepsTheLinesThatAreWorthMostInTheOrderOfTime) {
    CacheFile ours;
    const auto line = [](const std::string& host, std::int64_t seen, int worth) {
        CacheLine out{UnixSeconds{seen}, {host, 80}};
        out.worth = static_cast<std::uint8_t>(worth);
        return out;
    };
    ours.lines = {line("known", 1, 2), line("proved", 5, 1), line("proved-later", 6, 1), line("heard", 50, 0)};
    const CacheFile disk = parse_cache_file(chat, "90 a 80\n80 b 80\n1 known 80\n5 proved 80");
    const auto kept = [&](std::size_t lines_max) {
        return format_cache_file(chat, merge_cache_files(disk, ours, {}, lines_max));
    };
    EXPECT_EQ(kept(1), "1 known 80");
    EXPECT_EQ(kept(2), "6 proved-later 80\n1 known 80");
    EXPECT_EQ(kept(4), "90 a 80\n6 proved-later 80\n5 proved 80\n1 known 80");
    EXPECT_EQ(kept(9), "90 a 80\n80 b 80\n50 heard 80\n6 proved-later 80\n5 proved 80\n1 known 80");
}

// O(n log n). Quadratic work on 100 000 lines would take minutes.
TEST(CacheFormat, ReadsMergesAndWritesAHundredThousandLines) {
    std::string content;
    for (int i = 0; i < 100'000; ++i)
        content += std::to_string(1300000000 + i * 7919 % 100'000) + " host" + std::to_string(i) + ".example 80\n";
    const auto start = std::chrono::steady_clock::now();
    const CacheFile file = parse_cache_file(chat, content);
    const CacheFile both = merge_cache_files(file, file, {{{"host7.example", 80}, unix_seconds_max}}, 50'000);
    EXPECT_EQ(file.lines.size(), 100'000U);
    EXPECT_EQ(both.lines.size(), 50'000U);
    EXPECT_EQ(parse_cache_file(chat, format_cache_file(chat, both)).lines, both.lines);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{30});
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
