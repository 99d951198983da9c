#include "overlay/dns/dns_zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/overlay/dns/dns_bytes.h"

namespace halp::dns {
namespace HALP_TEST_FILE {

using test::question;
using test::ReadAnswer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint16_t of_a = 1, of_ns = 2, of_soa = 6, of_ptr = 12, of_txt = 16, of_aaaa = 28, of_srv = 33;

class FixedLists final : public ZoneLists {
public:
    [[nodiscard]] std::vector<ZoneHost> hosts(const Label& label, std::size_t count) const override {
        const auto found = lists.find(label.text());
        if (found == lists.end()) return {};
        std::vector<ZoneHost> all = found->second;
        all.resize(std::min(all.size(), count));
        return all;
    }
    [[nodiscard]] std::vector<std::string> names(const Label& directory, std::size_t count) const override {
        ++asked_names;
        const auto found = directories.find(directory.text());
        if (found == directories.end()) return {};
        std::vector<std::string> all = found->second;
        all.resize(std::min(all.size(), count));
        return all;
    }
    [[nodiscard]] bool any_host(const Label& label) const override { return !hosts(label, 1).empty(); }

    std::map<std::string, std::vector<ZoneHost>> lists;
    std::map<std::string, std::vector<std::string>> directories;
    mutable int asked_names = 0;
};

class DnsZone : public ::testing::Test {
protected:
    DnsZone() {
        lists_.lists["chat"] = {{{"192.0.2.1", 5222}, 0, false, {"blue", "v=2"}},
                                {{"node.example", 80}, 3, false, {}},
                                {{"2001:db8::1", 5223}, 21, false, {}},
                                {{"192.0.2.1", 9}, 30, true, {}}};
        lists_.lists["chat/room1"] = {{{"192.0.2.9", 1}, 0, false, {}}};
        lists_.lists["v1.2"] = {{{"192.0.2.8", 2}, 0, false, {}}};
        lists_.lists["Big"] = {{{"192.0.2.7", 3}, 0, false, {}}};
        lists_.directories["labels"] = {"chat", "Big", "v1.2", "labels", "../evil", "a/b"};
        lists_.directories["chat/"] = {"room1"};
    }
    ReadAnswer ask(const std::string& name, std::uint16_t type, Way way = Way::udp_here, std::size_t edns = 0) {
        bytes_ = zone_.answer(question(name, type, edns), way, now_, UnixSeconds{1'700'000'000});
        return test::read_answer(bytes_);
    }
    static std::vector<std::string> data_of(const std::vector<test::ReadRecord>& records) {
        std::vector<std::string> data;
        for (const test::ReadRecord& record : records) data.push_back(record.data);
        return data;
    }

    FixedLists lists_;
    Zone zone_{lists_, {"halp", 64, 5}};
    Instant now_{};
    std::string bytes_;
};

TEST_F(DnsZone, AnswersServicesInTheOrderOfTheListWithWeightsAndTheirAddresses) {
    const ReadAnswer answer = ask("_chat._tcp.halp", of_srv);
    EXPECT_TRUE(answer.authoritative);
    EXPECT_THAT(data_of(answer.answers),
                ElementsAre("0 100 5222 192-0-2-1._ip4.halp", "0 75 80 node.example",
                            "0 50 5223 20010db8000000000000000000000001._ip6.halp", "10 25 9 192-0-2-1._ip4.halp"))
        << "a claim is tried last";
    ASSERT_THAT(answer.additional, SizeIs(2));
    EXPECT_EQ(answer.additional[0].name, "192-0-2-1._ip4.halp");
    EXPECT_EQ(answer.additional[0].data, std::string("\xc0\x00\x02\x01", 4));
    EXPECT_EQ(answer.additional[1].data.size(), 16u);
    EXPECT_EQ(data_of(ask("_chat._udp.halp", of_srv).answers).size(), 4u);
    EXPECT_THAT(data_of(ask("room1._chat._tcp.halp", of_srv).answers), ElementsAre("0 100 1 192-0-2-9._ip4.halp"));
}

TEST_F(DnsZone, GivesEachAddressOnceAndNamesNoHostThatHasOnlyAName) {
    EXPECT_THAT(data_of(ask("chat.halp", of_a).answers), ElementsAre(std::string("\xc0\x00\x02\x01", 4)));
    EXPECT_THAT(ask("chat.halp", of_aaaa).answers, SizeIs(1));
    EXPECT_THAT(data_of(ask("192-0-2-1._ip4.halp", of_a).answers), ElementsAre(std::string("\xc0\x00\x02\x01", 4)));
    EXPECT_THAT(ask("20010db8000000000000000000000001._ip6.halp", of_aaaa).answers, SizeIs(1));
}

TEST_F(DnsZone, EchoesTheNameAsAskedAndMatchesItInAnyCase) {
    const ReadAnswer answer = ask("cHaT.hALP", of_a);
    EXPECT_EQ(answer.question, "cHaT.hALP");
    ASSERT_THAT(answer.answers, SizeIs(1));
    EXPECT_EQ(answer.answers[0].name, "cHaT.hALP");
    EXPECT_THAT(ask("big.halp", of_a).answers, SizeIs(1)) << "a label with capitals";
    EXPECT_THAT(ask("_BIG._TCP.halp", of_srv).answers, SizeIs(1));
}

TEST_F(DnsZone, LooksForCapitalsAtMostEveryTwoSeconds) {
    for (int i = 0; i < 10; ++i) ask("nothing" + std::to_string(i) + ".halp", of_a);
    const int before = lists_.asked_names;
    for (int i = 0; i < 1000; ++i) ask("nothing.halp", of_a);
    EXPECT_EQ(lists_.asked_names, before + 1000) << "one look below the label each";
    lists_.lists["New"] = {{{"192.0.2.6", 3}, 0, false, {}}};
    lists_.directories["labels"].emplace_back("New");
    now_ += std::chrono::seconds{2};
    EXPECT_THAT(ask("new.halp", of_a).answers, SizeIs(1));
}

TEST_F(DnsZone, TellsNoDataFromNoName) {
    for (const char* there : {"chat.halp", "_tcp.halp", "_udp.halp", "_chat._tcp.halp", "_ip4.halp", "halp",
                              "room1.chat.halp", "_dns-sd._udp.halp", "_services._dns-sd._udp.halp"}) {
        const ReadAnswer answer = ask(there, 99);
        EXPECT_EQ(answer.code, 0u) << there;
        EXPECT_THAT(answer.answers, IsEmpty()) << there;
        ASSERT_THAT(answer.authority, SizeIs(1)) << there;
        EXPECT_EQ(answer.authority[0].type, of_soa);
        EXPECT_EQ(answer.authority[0].name, "halp");
    }
    for (const char* nowhere : {"nothing.halp", "_nothing._tcp.halp", "chat._tcp.halp", "1-2-3._ip4.halp",
                                "01-2-3-4._ip4.halp", "256-2-3-4._ip4.halp", "x.192-0-2-1._ip4.halp",
                                "zz._ip6.halp", "other._dns-sd._udp.halp", "-.halp", "a b.halp"})
        EXPECT_EQ(ask(nowhere, of_a).code, 3u) << nowhere;
    EXPECT_EQ(ask("CHAT.HALP", 99).authority[0].name, "HALP") << "it points at the question";
}

TEST_F(DnsZone, RefusesOtherZonesTransfersAndClasses) {
    for (const char* other : {"example", "nothalp", "halp.example", ""}) EXPECT_EQ(ask(other, of_a).code, 5u);
    EXPECT_EQ(ask("halp", 252).code, 5u);
    std::string chaos = question("chat.halp", of_a);
    chaos.back() = 3;
    EXPECT_EQ(test::read_answer(zone_.answer(chaos, Way::tcp, now_, UnixSeconds{0})).code, 5u);
}

TEST_F(DnsZone, HasASoaAndPointersToChildren) {
    EXPECT_THAT(ask("halp", of_soa).answers, SizeIs(1));
    EXPECT_THAT(data_of(ask("halp", of_ns).answers), ElementsAre("localhost"));
    EXPECT_THAT(data_of(ask("halp", of_ptr).answers), ElementsAre("chat.halp", "Big.halp", "v1.2.halp"))
        << "neither lists of names nor what is no label";
    EXPECT_THAT(data_of(ask("chat.halp", of_ptr).answers), ElementsAre("room1.chat.halp"));
    EXPECT_THAT(data_of(ask("_chat._tcp.halp", of_ptr).answers), ElementsAre("room1._chat._tcp.halp"));
    EXPECT_THAT(data_of(ask("_services._dns-sd._udp.halp", of_ptr).answers),
                ElementsAre("_chat._tcp.halp", "_Big._tcp.halp", "_v1.2._tcp.halp"));
}

TEST_F(DnsZone, FindsLabelsWithDots) {
    EXPECT_THAT(ask("v1.2.halp", of_a).answers, SizeIs(1));
    std::string escaped = question("v1x2.halp", of_a);  // `v1\.2.halp`: one part with a dot in it
    escaped[escaped.find('x')] = '.';
    EXPECT_THAT(test::read_answer(zone_.answer(escaped, Way::tcp, now_, UnixSeconds{0})).answers, SizeIs(1));
}

TEST_F(DnsZone, ShowsTagsAsTexts) {
    EXPECT_EQ(data_of(ask("chat.halp", of_txt).answers).front(),
              "\x0e"
              "192.0.2.1:5222"
              "\x04"
              "blue"
              "\x03"
              "v=2");
    EXPECT_THAT(ask("_chat._tcp.halp", of_txt).answers, SizeIs(4));
}

TEST_F(DnsZone, GivesAnOldListAShortTtl) {
    EXPECT_EQ(ask("room1.chat.halp", of_a).answers[0].ttl_s, 5u);
    EXPECT_EQ(ask("chat.halp", of_a).answers[0].ttl_s, 2u) << "by the oldest of the list, 30 s";
    lists_.lists["chat"][3].age_s = 10'000;
    EXPECT_EQ(ask("chat.halp", of_a).answers[0].ttl_s, 1u) << "0 would not be kept at all";
}

TEST_F(DnsZone, SaysWhatDoesNotFitByTcpAsAWhole) {
    lists_.lists["many"].clear();
    for (int i = 1; i <= 60; ++i)
        lists_.lists["many"].push_back({{"192.0.2." + std::to_string(i), 80}, 0, false, {}});
    const ReadAnswer cut = ask("_many._tcp.halp", of_srv);
    EXPECT_TRUE(cut.truncated);
    EXPECT_LE(bytes_.size(), 512u);
    EXPECT_GT(cut.answers.size(), 5u);
    const ReadAnswer longer = ask("_many._tcp.halp", of_srv, Way::udp_here, 4096);
    EXPECT_LE(bytes_.size(), edns_udp_bytes_max);
    EXPECT_GT(longer.answers.size(), 2 * cut.answers.size());
    const ReadAnswer whole = ask("_many._tcp.halp", of_srv, Way::tcp);
    EXPECT_FALSE(whole.truncated);
    EXPECT_THAT(whole.answers, SizeIs(60));
    EXPECT_THAT(whole.additional, SizeIs(60));
}

TEST_F(DnsZone, NeverSendsAStrangerMoreThanItAsked) {
    for (const std::size_t edns : {0U, 1232U})
        for (const char* name : {"_chat._tcp.halp", "nothing.halp", "halp", "example"}) {
            const ReadAnswer answer = ask(name, of_srv, Way::udp_stranger, edns);
            EXPECT_LE(bytes_.size(), question(name, of_srv, edns).size()) << name;
            EXPECT_THAT(answer.answers, IsEmpty());
        }
    EXPECT_TRUE(ask("_chat._tcp.halp", of_srv, Way::udp_stranger).truncated) << "so that it comes by TCP";
}

TEST_F(DnsZone, AnswersAnotherVersionOfEdnsWithItsOwn) {
    std::string query = question("chat.halp", of_a, 1232);
    query[query.size() - 5] = 1;
    const ReadAnswer answer = test::read_answer(zone_.answer(query, Way::udp_here, now_, UnixSeconds{0}));
    ASSERT_THAT(answer.additional, SizeIs(1));
    EXPECT_EQ(answer.additional[0].ttl_s, 0x01000000u) << "BADVERS";
    EXPECT_EQ(answer.code, 0u);
}

TEST_F(DnsZone, CountsWhatItAnswered) {
    ask("chat.halp", of_a);
    ask("chat.halp", 99);
    ask("nothing.halp", of_a);
    ask("example", of_a);
    EXPECT_EQ(zone_.answer("short", Way::tcp, now_, UnixSeconds{0}), "");
    EXPECT_EQ(zone_.stats().answered, 1u);
    EXPECT_EQ(zone_.stats().no_data, 1u);
    EXPECT_EQ(zone_.stats().no_name, 1u);
    EXPECT_EQ(zone_.stats().refused, 1u);
    EXPECT_EQ(zone_.stats().dropped, 1u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::dns
