// The original's five verbs without a daemon: the cache directory and HALP text on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "overlay/libevent/file_storage.h"
#include "tests/tools/halp/halp_support.h"
#include "tests/tools/halp/scripted_server.h"
#include "tools/halp/verbs.h"

namespace halp::cli {
namespace HALP_TEST_FILE {

using testing::answers;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScriptedServer;

class Standalone : public ::testing::Test {
protected:
    struct Outcome {
        ExitCode code;
        std::string data, messages;
    };

    Outcome run(std::vector<std::string> words) {
        words.insert(words.begin(), "halp");
        std::vector<const char*> argv;
        for (const std::string& word : words) argv.push_back(word.c_str());
        const Parsed parsed = parse_command_line(static_cast<int>(argv.size()), argv.data(), "test");
        EXPECT_TRUE(parsed.command) << parsed.text;
        testing::RecordedConsole recorded{{.json = parsed.command->json, .verbose = parsed.command->verbose}};
        const auto storage = FileStorage::open(cache.path(), IfMissing::create);
        EXPECT_TRUE(storage);
        LocalCache local{**storage, [&](const std::string& text) { recorded.console.say(text); }};
        const ExitCode code = run_standalone({*parsed.command, recorded.console, local, asker, clock});
        return {code, recorded.data.str(), recorded.messages.str()};
    }

    // The halp list, in this order.
    void know(const std::vector<Endpoint>& servers) const {
        std::string lines;
        std::int64_t seen = 1699999999;
        for (const Endpoint& server : servers)
            lines += std::to_string(seen--) + " " + server.host + " " + std::to_string(server.port) + "\n";
        cache.write("halp", lines);
    }

    testing::TemporaryDirectory cache;
    testing::TestClock clock;
    testing::NetworkAsker asker;
};

// A port on which nobody listens: it was bound once and released.
Endpoint nobody() {
    const ScriptedServer gone{answers({})};
    return gone.endpoint();
}

TEST_F(Standalone, InsertSaysTheOriginalsWordsAndWritesItsFormat) {
    const Outcome outcome = run({"insert", "chat", "a.example", "80"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_EQ(outcome.data, "'a.example 80' inserted to local cache under label 'chat'\nTimestamp 1699999940\n");
    EXPECT_EQ(cache.file("chat"), "1699999940 a.example 80");
    EXPECT_EQ(cache.file("labels"), "1700000000 chat");
    EXPECT_EQ(outcome.messages, "");
}

TEST_F(Standalone, InsertKeepsSublabelsAndOlderEntries) {
    cache.write("x~y", "1600000000 old.example 1\n");
    EXPECT_EQ(run({"insert", "x/y", "::1", "80", "-s", "0"}).code, ExitCode::ok);
    EXPECT_EQ(cache.file("x~y"), "1700000000 ::1 80\n1600000000 old.example 1");
    EXPECT_EQ(cache.file("x~"), "1700000000 y");
}

TEST_F(Standalone, GetPrintsTheMergedLabelAndKeepsWhatItLearned) {
    const ScriptedServer server{answers({{"get halp", "1699999000 peer.example 3451"},
                                         {"get labels", "1699999000 chat"},
                                         {"get chat", "1699999990 new.example 2\n1690000000 old.example 1"}})};
    know({server.endpoint()});
    cache.write("chat", "1699999980 mine.example 3");
    const Outcome outcome = run({"get", "chat"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_EQ(outcome.data, "1699999990 new.example 2\n1699999980 mine.example 3\n1690000000 old.example 1\n");
    EXPECT_THAT(server.requests(), ElementsAre("get halp", "get labels", "get chat"));
    EXPECT_THAT(cache.file("halp"), HasSubstr("1699999000 peer.example 3451"));
    EXPECT_EQ(cache.file("labels"), "1699999000 chat");
}

TEST_F(Standalone, GetOfNothingPrintsNoLineAndEndsWithThree) {
    const Outcome outcome = run({"get", "chat"});
    EXPECT_EQ(outcome.code, ExitCode::nothing_found);
    EXPECT_EQ(outcome.data, "");
    EXPECT_THAT(outcome.messages, HasSubstr("halp insert halp HOST PORT"));
}

TEST(Listing, HasAgesOnATerminalAndUnixSecondsInAPipe) {
    Listing listing{Label::parse("chat").value()};
    listing.hosts = {{{"a.example", 80}, UnixSeconds{1699999997}}, {{"b\x1b[2J", 8080}, UnixSeconds{1699990000}}};
    const testing::RecordedConsole on_terminal{Style{.terminal = true}}, in_pipe{Style{}};
    EXPECT_EQ(seen_words(on_terminal.console, UnixSeconds{10}, UnixSeconds{13}), "3 s ago");
    EXPECT_EQ(seen_words(in_pipe.console, UnixSeconds{10}, UnixSeconds{13}), "10");
    const auto shown = [&](bool terminal, bool unix_times) {
        CommandLine command;
        command.unix_times = unix_times;
        testing::RecordedConsole recorded{Style{.terminal = terminal}};
        show_listing(command, recorded.console, listing, "cache", UnixSeconds{1700000000});
        return recorded.data.str();
    };
    EXPECT_EQ(shown(true, false),
              "HOST       PORT  SEEN\na.example  80    3 s ago\nb\\x1b[2J   8080  2 h 46 min ago\n");
    EXPECT_EQ(shown(false, false), "1699999997 a.example 80\n1699990000 b\x1b[2J 8080\n");
    EXPECT_EQ(shown(true, true), "1699999997 a.example 80\n1699990000 b\\x1b[2J 8080\n");
}

TEST_F(Standalone, GetOfADirectoryPrintsNames) {
    const ScriptedServer server{answers({{"get x/", "1699999990 one\n1699999980 two"}})};
    know({server.endpoint()});
    EXPECT_EQ(run({"get", "x/"}).data, "1699999990 one\n1699999980 two\n");
}

TEST_F(Standalone, AnEmptyFirstServerDoesNotHideTheSecond) {
    const ScriptedServer empty{answers({})};
    const ScriptedServer full{answers({{"get chat", "1699999990 a.example 1"}})};
    know({empty.endpoint(), full.endpoint()});
    const Outcome outcome = run({"get", "chat"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_EQ(outcome.data, "1699999990 a.example 1\n");
    EXPECT_EQ(empty.requests().size(), 3u);
}

TEST_F(Standalone, AnotherServiceAtTheAddressOfAServerIsNoAnswer) {
    const ScriptedServer ssh{[](const std::string&) { return ScriptedServer::Reply{"SSH-2.0-OpenSSH_9.2p1\r\n"}; }};
    know({ssh.endpoint()});
    const Outcome alone = run({"get", "chat"});
    EXPECT_NE(alone.code, ExitCode::ok);
    EXPECT_THAT(ssh.requests(), ElementsAre("get halp")) << "nothing more is asked";
    const ScriptedServer server{answers({{"get chat", "1699999990 new.example 2"}})};
    know({ssh.endpoint(), server.endpoint()});
    EXPECT_EQ(run({"get", "chat"}).data, "1699999990 new.example 2\n");
}

TEST_F(Standalone, AsksServersItLearnsOfOnTheWay) {
    const ScriptedServer full{answers({{"get chat", "1699999990 a.example 1"}})};
    const std::string introduction = "1699999990 127.0.0.1 " + std::to_string(full.endpoint().port);
    const ScriptedServer empty{answers({{"get halp", introduction}})};
    know({empty.endpoint()});
    EXPECT_EQ(run({"get", "chat"}).data, "1699999990 a.example 1\n");
}

TEST_F(Standalone, AHungServerCostsItsTimeOutOnly) {
    const ScriptedServer hung{[](const std::string&) {
        return ScriptedServer::Reply{"1699999990 h", true, false};
    }};
    const ScriptedServer full{answers({{"get chat", "1699999990 a.example 1"}})};
    know({hung.endpoint(), full.endpoint()});
    const Instant begun = clock.now();
    const Outcome outcome = run({"get", "chat"});
    EXPECT_EQ(outcome.data, "1699999990 a.example 1\n");
    EXPECT_LT(clock.now() - begun, std::chrono::seconds{8});
    EXPECT_EQ(hung.requests().size(), 1u);
}

TEST_F(Standalone, OnlyHungServersEndWithFive) {
    const ScriptedServer hung{[](const std::string&) { return ScriptedServer::Reply{"", true, false}; }};
    know({hung.endpoint()});
    const Outcome outcome = run({"get", "chat", "--timeout", "0.3"});
    EXPECT_EQ(outcome.code, ExitCode::timed_out);
    EXPECT_EQ(outcome.data, "");
}

TEST_F(Standalone, DeadServersAreSkippedAndTheCacheStillAnswers) {
    know({nobody()});
    EXPECT_EQ(run({"get", "chat"}).code, ExitCode::failed);
    cache.write("chat", "1699999980 mine.example 3");
    const Outcome outcome = run({"get", "chat"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_EQ(outcome.data, "1699999980 mine.example 3\n");
    EXPECT_THAT(outcome.messages, HasSubstr("this is from the cache"));
}

TEST_F(Standalone, HostileAnswersNeitherBreakNorFillTheCache) {
    const std::string endless(1 << 20, 'x');
    for (const std::string& answer : {std::string{"9 host"}, std::string{"99999999999999999999 h 1"}, endless,
                                      std::string{"1699999990 h\x1b[31m 1\n1699999990 ok.example 2\n\n\xff"}}) {
        const ScriptedServer hostile{[&](const std::string&) {
            return ScriptedServer::Reply{answer, false, false};
        }};
        const ScriptedServer good{answers({{"get chat", "1699999000 a.example 1"}})};
        know({hostile.endpoint(), good.endpoint()});
        const Outcome outcome = run({"get", "chat"});
        EXPECT_EQ(outcome.code, ExitCode::ok);
        EXPECT_THAT(outcome.data, ::testing::AnyOf(HasSubstr("ok.example 2"), HasSubstr("a.example 1")));
        EXPECT_LT(cache.file("chat").size(), 200u);
    }
}

TEST_F(Standalone, AResetCountsAsNoAnswer) {
    const ScriptedServer rude{[](const std::string&) {
        return ScriptedServer::Reply{"1699999990 h", false, true};
    }};
    const ScriptedServer good{answers({{"get chat", "1699999000 a.example 1"}})};
    know({rude.endpoint(), good.endpoint()});
    EXPECT_EQ(run({"get", "chat"}).data, "1699999000 a.example 1\n");
}

TEST_F(Standalone, AServerAheadOfTimeDoesNotPinItsEntriesOnTop) {
    const ScriptedServer ahead{answers({{"get chat", "1700028800 a.example 1\n1700028700 b.example 2"}})};
    know({ahead.endpoint()});
    EXPECT_EQ(run({"get", "chat"}).data, "1700000000 a.example 1\n1699999900 b.example 2\n");
}

TEST_F(Standalone, BadLinesOfTheCacheAreSkippedAndNamed) {
    cache.write("chat", "1699999980 good.example 3\nrubbish\n");
    const Outcome outcome = run({"get", "chat"});
    EXPECT_EQ(outcome.data, "1699999980 good.example 3\n");
    EXPECT_THAT(outcome.messages, HasSubstr("chat:2: skipped"));
}

TEST_F(Standalone, BcastPrintsEveryServersAnswerAndTheScore) {
    const std::string query = "insert chat\n1699999940 a.example 80";
    const std::string reply = "success: chat 1699999940 a.example 80";
    const ScriptedServer one{answers({{query, reply}})};
    const ScriptedServer two{answers({{query, "Could not parse request"}})};
    const ScriptedServer three{answers({{query, reply}})};
    know({one.endpoint(), nobody(), two.endpoint(), three.endpoint()});
    const Outcome outcome = run({"bcast", "chat", "a.example", "80"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    const auto said = [](const ScriptedServer& server, const std::string& what) {
        return "Server ('127.0.0.1', " + std::to_string(server.endpoint().port) + ") responded:\n\t" + what + "\n";
    };
    EXPECT_EQ(outcome.data, said(one, reply) + said(two, "Could not parse request") + said(three, reply) +
                                "2/5 messages sent successfully\n");
    EXPECT_THAT(one.requests(), ElementsAre("get halp", "get labels", query));
    EXPECT_THAT(three.requests(), ElementsAre(query));
}

TEST_F(Standalone, BcastStopsWhenEnoughHaveIt) {
    const std::string reply = "success: chat 1699999940 a.example 80";
    const ScriptedServer one{answers({{"insert chat\n1699999940 a.example 80", reply}})};
    const ScriptedServer two{answers({})};
    know({one.endpoint(), two.endpoint()});
    EXPECT_THAT(run({"bcast", "chat", "a.example", "80", "-n", "1"}).data,
                HasSubstr("1/1 messages sent successfully\n"));
    EXPECT_TRUE(two.requests().empty());
}

TEST_F(Standalone, BcastSaysWhyNobodyHasIt) {
    EXPECT_EQ(run({"bcast", "chat", "a.example", "80"}).code, ExitCode::nothing_found);
    const ScriptedServer refuses{answers({{"insert chat\n1699999940 a.example 80", "Could not parse request"}})};
    know({refuses.endpoint()});
    EXPECT_EQ(run({"bcast", "chat", "a.example", "80"}).code, ExitCode::refused);
    EXPECT_EQ(run({"bcast", "x/y", "a.example", "80"}).code, ExitCode::usage);
    know({nobody()});
    const Outcome outcome = run({"bcast", "chat", "a.example", "80"});
    EXPECT_EQ(outcome.code, ExitCode::failed);
    EXPECT_EQ(outcome.data, "0/5 messages sent successfully\n");
}

TEST_F(Standalone, ClearDeletesOneLabel) {
    cache.write("chat", "1699999980 a.example 3");
    cache.write("other", "1699999980 a.example 3");
    const Outcome outcome = run({"clear", "chat"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_EQ(outcome.data, "Contents of label 'chat' deleted.\n");
    EXPECT_EQ(cache.file("chat"), "(missing)");
    EXPECT_NE(cache.file("other"), "(missing)");
    EXPECT_EQ(run({"clear", "chat"}).code, ExitCode::nothing_found);
}

TEST_F(Standalone, NukeDeletesLabelsAndLeavesTheAllocation) {
    cache.write("chat", "1699999980 a.example 3");
    cache.write("x~y", "1699999980 a.example 3");
    cache.write(".allocation", "chat 5");
    const Outcome outcome = run({"nuke"});
    EXPECT_EQ(outcome.data,
              "All cache files deleted (does not include .allocation \nconfig or containing folder)\n");
    EXPECT_EQ(cache.file("chat"), "(missing)");
    EXPECT_EQ(cache.file("x~y"), "(missing)");
    EXPECT_EQ(cache.file(".allocation"), "chat 5");
}

TEST_F(Standalone, LabelsShowsNamesWithTheirAge) {
    EXPECT_EQ(run({"labels"}).code, ExitCode::nothing_found);
    cache.write("labels", "1699999988 chat\n1699990000 web");
    EXPECT_EQ(run({"labels"}).data, "LABEL  SEEN_UNIX_S\nchat   1699999988\nweb    1699990000\n");
}

TEST_F(Standalone, JsonIsOneObjectPerVerb) {
    cache.write("chat", "1699999980 a.example 3");
    EXPECT_EQ(run({"get", "chat", "--json"}).data,
              "{\"schema_version\":1,\"label\":\"chat\",\"source\":\"cache\",\"entries\":[{\"host\":\"a.example\","
              "\"port\":3,"
              "\"endpoint\":\"a.example:3\",\"seen_unix_s\":1699999980}]}\n");
    EXPECT_EQ(
        run({"insert", "chat", "b.example", "4", "--json"}).data,
        "{\"schema_version\":1,\"label\":\"chat\",\"host\":\"b.example\",\"port\":4,\"endpoint\":\"b.example:4\","
        "\"seen_unix_s\":1699999940,\"source\":\"cache\"}\n");
    EXPECT_EQ(run({"clear", "chat", "--json"}).data,
              "{\"schema_version\":1,\"label\":\"chat\",\"cleared\":true,\"source\":\"cache\"}\n");
    EXPECT_EQ(run({"get", "none", "--json"}).data,
              "{\"schema_version\":1,\"label\":\"none\",\"source\":\"cache\",\"entries\":[]}\n");
    EXPECT_THAT(run({"bcast", "chat", "a.example", "80", "--json"}).data, HasSubstr("\"sent\":0,\"wanted\":5"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
