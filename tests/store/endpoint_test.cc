#include "store/endpoint.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/seeded.h"

namespace halp {
namespace HALP_TEST_FILE {

Endpoint host(std::string_view name, std::uint16_t port = 80) { return Endpoint::make(name, port).value(); }

TEST(Endpoint, RefusesWhatNobodyCouldDial) {
    EXPECT_TRUE(Endpoint::make("h", 1));
    EXPECT_TRUE(Endpoint::make("h", 65535));
    EXPECT_FALSE(Endpoint::make("h", 0));
    EXPECT_FALSE(Endpoint::make("h", 65536));
    EXPECT_FALSE(Endpoint::make("h", std::uint64_t{1} << 63));
    EXPECT_FALSE(Endpoint::make("", 80));
    EXPECT_TRUE(Endpoint::make(std::string(255, 'h'), 80));
    EXPECT_FALSE(Endpoint::make(std::string(256, 'h'), 80));
}

TEST(Endpoint, RefusesBlanksAndControlBytesAndNothingElse) {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string name{'a', static_cast<char>(byte), 'b'};
        EXPECT_EQ(Endpoint::make(name, 80).has_value(), byte > 0x20 && byte != 0x7f) << byte;
    }
}

TEST(Endpoint, IsItsExactBytes) {
    EXPECT_NE(host("a.example"), host("A.example"));
    EXPECT_NE(host("a.example", 80), host("a.example", 81));
    EXPECT_NE(host("::1"), host("[::1]"));
    EXPECT_EQ(host("a.example"), host("a.example"));
}

TEST(Endpoint, ReadsWhatPeopleWrite) {
    EXPECT_EQ(Endpoint::parse("a.example:3451").value(), host("a.example", 3451));
    EXPECT_EQ(Endpoint::parse("1.2.3.4:80").value(), host("1.2.3.4"));
    EXPECT_EQ(Endpoint::parse("[::1]:80").value(), host("::1"));
    EXPECT_EQ(Endpoint::parse("[fe80::1%eth0]:80").value(), host("fe80::1%eth0"));
    for (const char* bad : {"", ":", "host", "host:", ":80", "host:0", "host:65536", "host:x", "host:80x",
                            "host:-1", "host: 80", "::1:80", "[::1]", "[::1]80", "[]:80", "[host]:80",
                            "[1.2.3.4]:80", "a b:80", "host:99999999999999999999999"})
        EXPECT_FALSE(Endpoint::parse(bad)) << bad;
}

TEST(Endpoint, WritesBracketsOnceAroundIpv6) {
    EXPECT_EQ(host("a.example").text(), "a.example:80");
    EXPECT_EQ(host("1.2.3.4").text(), "1.2.3.4:80");
    EXPECT_EQ(host("::1").text(), "[::1]:80");
    EXPECT_EQ(host("[2001:db8::1]").text(), "[2001:db8::1]:80");
    EXPECT_EQ(host("fe80::1%eth0").text(), "[fe80::1%eth0]:80");
    EXPECT_EQ(Endpoint::parse(host("2001:db8::1").text()).value(), host("2001:db8::1"));
}

TEST(Endpoint, TellsAddressesFromNames) {
    EXPECT_EQ(host("1.2.3.4").kind(), AddressKind::ipv4);
    for (const char* six : {"::1", "[2001:db8::1]", "2001:DB8::1", "fe80::1%eth0", "::ffff:1.2.3.4"})
        EXPECT_EQ(host(six).kind(), AddressKind::ipv6) << six;
    for (const char* name : {"a.example", "12345", "1.2.3", "1.2.3.4.5", "[1.2.3.4]", "1.2.3.4%eth0", "01.2.3.4",
                             "<script>", "[x]", "[]", "[", "\xff\xfe"})
        EXPECT_EQ(host(name).kind(), AddressKind::name) << name;
}

TEST(Endpoint, PacksCanonicalSpellingsOnly) {
    EXPECT_EQ(host("1.2.3.4").packed_address(), "\x01\x02\x03\x04");
    EXPECT_EQ(host("::1").packed_address(), std::string(15, '\0') + '\x01');
    for (const char* other :
         {"[::1]", "2001:DB8::1", "2001:db8:0::1", "0:0:0:0:0:0:0:1", "fe80::1%eth0", "a.example"})
        EXPECT_EQ(host(other).packed_address(), "") << other;
    for (const char* canonical : {"1.2.3.4", "255.255.255.255", "::1", "2001:db8::1", "::", "::ffff:1.2.3.4"})
        EXPECT_EQ(Endpoint::unpack_address(host(canonical).packed_address()), canonical);
    for (std::size_t length : {0U, 1U, 3U, 5U, 15U, 17U})
        EXPECT_EQ(Endpoint::unpack_address(std::string(length, 'x')), "");
}

TEST(Endpoint, GroupsWhatOneOwnerGetsCheaply) {
    EXPECT_EQ(host("10.1.2.3").group(), host("10.1.9.9", 81).group());
    EXPECT_NE(host("10.1.2.3").group(), host("10.2.2.3").group());
    EXPECT_EQ(host("2001:db8:1::1").group(), host("[2001:db8:2::1]").group());
    EXPECT_NE(host("2001:db8::1").group(), host("2001:db9::1").group());
    EXPECT_EQ(host("::ffff:10.1.2.3").group(), host("10.1.7.7").group());
    EXPECT_NE(host("::ffff:10.1.2.3").group(), host("::ffff:10.2.2.3").group());
    EXPECT_EQ(host("a.Example.org").group(), host("x.y.example.ORG.").group());
    EXPECT_EQ(host("example.org").group(), host("a.example.org").group());
    EXPECT_NE(host("a.example.org").group(), host("a.example.net").group());
    EXPECT_NE(host("one").group(), host("two").group());
    for (const char* odd : {".", "..", ".a", "a..b", "..."}) (void)host(odd).group();
}

// These numbers are part of the wire format: all machines compute the same.
TEST(Endpoint, HashesAlikeEverywhere) {
    EXPECT_EQ(host("a.example", 80).hash(), 0xe6cf6ec66c027cf4ULL);
    EXPECT_EQ(host("::1", 3451).hash(), 0x232b0b5159386dc9ULL);
    EXPECT_NE(host("a", 0x3131).hash(), host("a1", 0x3131).hash());
    EXPECT_NE(host("a", 80).hash(), host("a", 81).hash());
}

TEST(EndpointTable, GivesOneIdToEqualEndpoints) {
    EndpointTable table;
    const EndpointId a = table.intern(host("a"));
    const EndpointId b = table.intern(host("b"));

    EXPECT_NE(a, b);
    EXPECT_EQ(table.intern(host("a")), a);
    EXPECT_EQ(table.find(host("b")), b);
    EXPECT_EQ(table.find(host("c")), no_endpoint);
    EXPECT_EQ(table.at(a), host("a"));
    EXPECT_EQ(table.hash(a), host("a").hash());
    EXPECT_EQ(table.group(b), host("b").group());
    EXPECT_EQ(table.size(), 2U);
}

TEST(EndpointTable, ForgetsWhatIsNotMarkedAndUsesItsIdAgain) {
    EndpointTable table;
    const EndpointId a = table.intern(host("a")), b = table.intern(host("b")), c = table.intern(host("c"));
    auto marks = table.empty_marks();
    marks[static_cast<std::uint32_t>(a)] = marks[static_cast<std::uint32_t>(c)] = true;
    const EndpointId late = table.intern(host("late"));

    table.collect(marks);

    EXPECT_EQ(table.find(host("b")), no_endpoint);
    EXPECT_EQ(table.at(a), host("a"));
    EXPECT_EQ(table.at(c), host("c"));
    EXPECT_EQ(table.at(late), host("late")) << "an id younger than the marks";
    EXPECT_EQ(table.intern(host("d")), b);
    EXPECT_EQ(table.size(), 4U);
}

TEST(EndpointTable, WantsACollectionOnceDoubled) {
    EndpointTable table;
    for (int i = 0; i < 1023; ++i) (void)table.intern(host("h" + std::to_string(i)));
    EXPECT_FALSE(table.wants_collection());
    (void)table.intern(host("last"));
    EXPECT_TRUE(table.wants_collection());

    table.collect(std::vector<bool>(table.size(), true));
    EXPECT_FALSE(table.wants_collection());
    for (int i = 0; i < 1024; ++i) (void)table.intern(host("i" + std::to_string(i)));
    EXPECT_TRUE(table.wants_collection());
}

TEST(EndpointTable, AgreesWithAMap) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE(seed);
        tests::Seeded random(seed);
        EndpointTable table;
        std::map<Endpoint, EndpointId> model;
        for (int step = 0; step < 5000; ++step) {
            const Endpoint endpoint =
                host("h" + std::to_string(random.below(300)), static_cast<std::uint16_t>(1 + random.below(3)));
            if (const auto known = model.find(endpoint); known != model.end()) {
                ASSERT_EQ(table.intern(endpoint), known->second);
            } else {
                ASSERT_EQ(table.find(endpoint), no_endpoint);
                model[endpoint] = table.intern(endpoint);
            }
            if (random.one_in(500)) {
                auto marks = table.empty_marks();
                for (auto kept = model.begin(); kept != model.end();) {
                    const bool keep = random.one_in(2);
                    marks[static_cast<std::uint32_t>(kept->second)] = keep;
                    kept = keep ? std::next(kept) : model.erase(kept);
                }
                table.collect(marks);
            }
            ASSERT_EQ(table.size(), model.size());
            ASSERT_LE(table.empty_marks().size(), 900U) << "ids are used again";
        }
        for (const auto& [endpoint, id] : model) {
            ASSERT_EQ(table.at(id), endpoint);
            ASSERT_EQ(table.find(endpoint), id);
        }
    }
}

TEST(EndpointTable, CountsItsBytesBackToNothing) {
    EndpointTable table;
    const std::size_t empty = table.bytes();
    for (int i = 0; i < 100; ++i) (void)table.intern(host("h" + std::to_string(i)));
    EXPECT_GT(table.bytes(), empty + 100 * sizeof(Endpoint));
    table.collect(table.empty_marks());
    EXPECT_EQ(table.bytes(), empty);
    EXPECT_EQ(table.size(), 0U);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
