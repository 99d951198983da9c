// The verbs that use the admin API, with scripted replies in the forms of tools/halpd/README.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/tools/halp/halp_support.h"
#include "tests/tools/halp/scripted_server.h"
#include "tools/halp/verbs.h"

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using testing::http_reply;
using testing::ScriptedServer;
using ::testing::StartsWith;

class WithDaemonTest : public ::testing::Test {
protected:
    struct Outcome {
        ExitCode code;
        std::string data, messages;
    };

    [[nodiscard]] std::string socket() const { return place.path() + "/admin.sock"; }

    // Replies by the request's line without its HTTP version; everything else is answered 404.
    [[nodiscard]] ScriptedServer daemon(std::map<std::string, std::string> replies) const {
        return {
            socket(), [replies = std::move(replies)](const std::string& request) {
                const auto found = replies.find(request.substr(0, request.find(" HTTP/")));
                return ScriptedServer::Reply{
                    found != replies.end()
                        ? found->second
                        : http_reply(
                              404,
                              R"({"schema_version":1,"error":{"code":"not_found","message":"No such thing."}})"),
                    false, false};
            }};
    }

    Outcome run(std::vector<std::string> words) {
        words.insert(words.begin(), "halp");
        std::vector<const char*> argv;
        for (const std::string& word : words) argv.push_back(word.c_str());
        const Parsed parsed = parse_command_line(static_cast<int>(argv.size()), argv.data(), "test");
        EXPECT_TRUE(parsed.command) << parsed.text;
        testing::RecordedConsole recorded{{.json = parsed.command->json}};
        const AdminApi api{socket(), std::chrono::milliseconds{500}};
        const ExitCode code = run_with_daemon({*parsed.command, recorded.console, api, asker, clock});
        return {code, recorded.data.str(), recorded.messages.str()};
    }

    testing::TemporaryDirectory place;
    testing::TestClock clock;
    testing::NetworkAsker asker;
};

constexpr const char* two_hosts =
    R"({"schema_version":1,"label":"chat","kind":"hosts","known":true,"first":0,"total":2,
 "entries":[{"host":"192.0.2.7","port":80,"endpoint":"192.0.2.7:80","seen_unix_s":1699999990,"own":true,"proved":true,"claimed":false},
            {"host":"::1","port":81,"endpoint":"[::1]:81","seen_unix_s":1699999980,"own":false,"proved":false,"claimed":true,"new":1}]})";

TEST_F(WithDaemonTest, GetPrintsTheOriginalsLines) {
    const auto server = daemon({{"GET /v1/labels/chat?first=0&count=10000", http_reply(200, two_hosts)}});
    const Outcome outcome = run({"get", "chat"});
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.messages;
    EXPECT_EQ(outcome.data, "1699999990 192.0.2.7 80\n1699999980 ::1 81\n");
    EXPECT_THAT(run({"get", "chat", "--json"}).data,
                HasSubstr(R"("seen_unix_s":1699999980,"own":false,"proved":false,"claimed":true)"));
}

TEST_F(WithDaemonTest, GetReadsPageAfterPage) {
    const auto page = [](int first, const char* host) {
        return http_reply(200, R"({"schema_version":1,"first":)" + std::to_string(first) +
                                   R"(,"total":2,"entries":[{"host":")" + host +
                                   R"(","port":1,"seen_unix_s":5}]})");
    };
    const auto server = daemon({{"GET /v1/labels/x%2Fy?first=0&count=10000", page(0, "a")},
                                {"GET /v1/labels/x%2Fy?first=1&count=10000", page(1, "b")}});
    EXPECT_EQ(run({"get", "x/y"}).data, "5 a 1\n5 b 1\n");
}

TEST_F(WithDaemonTest, NothingThereIsNoLineAndCodeThree) {
    const auto server = daemon({{"GET /v1/labels/chat?first=0&count=10000",
                                 http_reply(200, R"({"schema_version":1,"known":false,"total":0,"entries":[]})")}});
    const Outcome outcome = run({"get", "chat"});
    EXPECT_EQ(outcome.code, ExitCode::nothing_found);
    EXPECT_EQ(outcome.data, "");
}

TEST_F(WithDaemonTest, LabelsShowsADirectory) {
    const auto server = daemon(
        {{"GET /v1/labels?directory=x%2F&first=0&count=10000",
          http_reply(
              200,
              R"({"schema_version":1,"more":false,"names":[{"name":"y","label":"x/y","seen_unix_s":1699999999}]})")}});
    EXPECT_EQ(run({"labels", "x"}).data, "LABEL  SEEN_UNIX_S\nx/y    1699999999\n");
}

TEST_F(WithDaemonTest, InsertSaysThatTheDaemonHasItAndSendsTheTime) {
    const auto server = daemon({{"PUT /v1/labels/chat", http_reply(200, R"({"schema_version":1})")}});
    const Outcome outcome = run({"insert", "chat", "a.example", "80"});
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.messages;
    EXPECT_EQ(outcome.data, "'a.example 80' inserted at the daemon under label 'chat'\nTimestamp 1699999940\n");
    EXPECT_THAT(server.requests().front(), HasSubstr(R"("kind":"insert","port":80,"seen_unix_s":1699999940)"));
}

TEST_F(WithDaemonTest, BcastTellsTheDaemonAndItsServers) {
    const std::string reply = "success: chat 1699999940 a.example 80";
    const ScriptedServer text{testing::answers({{"insert chat\n1699999940 a.example 80", reply}})};
    const std::string port = std::to_string(text.endpoint().port);
    const auto server = daemon(
        {{"PUT /v1/labels/chat", http_reply(200, R"({"schema_version":1})")},
         {"GET /v1/labels/halp?first=0&count=10000",
          http_reply(200, R"({"schema_version":1,"total":2,"entries":[{"host":"127.0.0.1","port":1,"own":true},)"
                          R"({"host":"127.0.0.1","port":)" +
                              port + "}]}")}});
    const Outcome outcome = run({"bcast", "chat", "a.example", "80"});
    EXPECT_EQ(outcome.code, ExitCode::ok);
    EXPECT_EQ(outcome.data,
              "Server ('127.0.0.1', " + port + ") responded:\n\t" + reply + "\n1/5 messages sent successfully\n");
    EXPECT_THAT(outcome.messages, HasSubstr("the daemon took it"));
}

TEST_F(WithDaemonTest, ClearAndNukeSayWhoHasForgotten) {
    const auto server =
        daemon({{"DELETE /v1/labels/chat", http_reply(200, R"({"schema_version":1,"cleared":true})")},
                {"DELETE /v1/labels/none", http_reply(200, R"({"schema_version":1,"cleared":false})")},
                {"DELETE /v1/labels", http_reply(200, R"({"schema_version":1,"cleared":true})")}});
    EXPECT_EQ(run({"clear", "chat"}).data, "Contents of label 'chat' deleted.\n");
    EXPECT_EQ(run({"clear", "none"}).code, ExitCode::nothing_found);
    EXPECT_EQ(run({"nuke"}).data, "The daemon has forgotten all labels, in memory and in its cache directory.\n");
}

TEST_F(WithDaemonTest, PeersAndStatusAreTablesForPeopleAndPassedOnAsJson) {
    const std::string peers =
        R"({"schema_version":1,"self":null,"total":1,"peers":[{"host":"192.0.2.8","port":3451,"role":"anchor","proved":true,)"
        R"("suspect":false,"original":false,"age_s":0.8,"proved_age_s":null,"failures":2}]})";
    const auto server =
        daemon({{"GET /v1/peers", http_reply(200, peers)},
                {"GET /v1/status",
                 http_reply(200, R"({"schema_version":1,"version":"0.1.0","pid":7,"uptime_s":12.5,"swarm":"halp",)"
                                 R"("profile":"lan","listening":"[::]:3451","self":null,"bytes":{"in":2048}})")}});
    EXPECT_EQ(run({"peers"}).data,
              "PEER            ROLE    STATE                    CONFIRMED_S_AGO  REACHED_S_AGO\n"
              "192.0.2.8:3451  anchor  2 calls failed in a row  0.80             never\n")
        << "raw in a pipe: seconds since";
    EXPECT_THAT(run({"peers", "--json"}).data, StartsWith("{"));
    EXPECT_THAT(run({"status"}).data, HasSubstr("reached at     not known yet\n"));
    EXPECT_THAT(run({"status"}).data, HasSubstr("2.0 KiB in, 0 B out"));
    EXPECT_THAT(run({"status", "--json"}).data, HasSubstr("\"schema_version\":1"));
}

TEST_F(WithDaemonTest, StatusShowsWhatFoundNoRoom) {
    const auto server = daemon(
        {{"GET /v1/status",
          http_reply(
              200, R"({"schema_version":1,"version":"0.1.0","pid":7,"swarm":"halp",)"
                   R"("no_room_for":{"nodes":0,"graves":3,"failed_hosts":0,"contacts":0,"cache_removals":2}})")}});
    EXPECT_THAT(run({"status"}).data, HasSubstr("no room for    3 graves, 2 cache removals\n"));
}

TEST_F(WithDaemonTest, StatusShowsWhatStrangersAndOtherProgramsCost) {
    const auto server = daemon(
        {{"GET /v1/status",
          http_reply(200,
                     R"({"schema_version":1,"version":"0.1.0","pid":7,"swarm":"halp",)"
                     R"("disputes":{"withdrawals_waiting":1,"withdrawals_refuted":2,"leaves_refuted":1,)"
                     R"("leaves_no_room":4},"standing":{"contested":3,"numbers_shared":1},"evicted":{"a":3,"b":4},)"
                     R"("refused":{"c":5},"locks":{"put_off":6},"log":{"lines_lost":0,"lines_held_back":7}})")}});
    const std::string shown = run({"status"}).data;
    EXPECT_THAT(shown, HasSubstr("disputes         1 withdrawals wait, 2 withdrawals refuted, 1 leaves refuted, "
                                 "4 leaves not looked at\n"));
    EXPECT_THAT(shown, HasSubstr("collisions       3 messages of nodes at this address, 1 copies of this node\n"));
    EXPECT_THAT(shown, HasSubstr("tables full      7 items evicted, 5 refused\n"));
    EXPECT_THAT(shown, HasSubstr("locks of others  6 saves put off\n"));
    EXPECT_THAT(shown, HasSubstr("log lines        7 held back\n"));
}

TEST_F(WithDaemonTest, ConfirmSaysWhetherItWorked) {
    const auto server = daemon({{"POST /v1/labels/chat/confirm", http_reply(200, R"({"schema_version":1})")}});
    EXPECT_EQ(run({"confirm", "chat", "a.example", "80", "--failed"}).data,
              "Noted: a.example:80 under 'chat' could not be reached.\n");
    EXPECT_THAT(server.requests().front(), HasSubstr("\"worked\":false"));
}

std::string one_seed(const std::string& outcome, bool reached) {
    return http_reply(200,
                      R"({"schema_version":1,"seeds":[{"host":"a.example","port":1,"origin":"joined","outcome":")" +
                          outcome + R"(","node":null,"tries":3,"reached":)" + (reached ? "true" : "false") + "}]}");
}
const std::pair<std::string, std::string> takes_join{
    "POST /v1/join", http_reply(202, R"({"schema_version":1,"joining":"a.example:1"})")};

TEST_F(WithDaemonTest, JoinWaitsUntilTheNodeIsReached) {
    const auto server = daemon(
        {takes_join,
         {"GET /v1/seeds", one_seed("answered", true)},
         {"GET /v1/peers",
          http_reply(
              200,
              R"({"schema_version":1,"peers":[{"host":"a.example","port":1,"proved":true,"role":"fresh"}]})")}});
    EXPECT_EQ(run({"join", "a.example:1"}).data, "Joined a.example:1; nodes known: 1.\n");
    EXPECT_EQ(run({"join", "b.example:1", "--timeout", "0.1"}).code, ExitCode::timed_out);
    EXPECT_THAT(run({"join", "a.example:1", "--json"}).data,
                HasSubstr(R"("joined":true,"outcome":"answered","peers":1)"));
}

TEST_F(WithDaemonTest, JoinSaysWhyItFails) {
    const std::vector<std::tuple<std::string, ExitCode, std::string>> cases{
        {"other_swarm", ExitCode::refused, "belongs to another swarm"},
        {"itself", ExitCode::failed, "is this node itself"},
        {"name_unknown", ExitCode::failed, "the host name of a.example:1 is unknown"},
        {"text_only", ExitCode::failed, "speaks HALP text only"},
        {"not_halp", ExitCode::failed, "is no HALP node"},
        {"refused", ExitCode::failed, "nothing listens on a.example:1"},
        {"timed_out", ExitCode::timed_out, "has not answered yet"}};
    for (const auto& [outcome, code, sentence] : cases) {
        std::filesystem::remove(socket());  // of the case before
        const auto server = daemon({takes_join, {"GET /v1/seeds", one_seed(outcome, false)}});
        const Outcome said = run({"join", "a.example:1", "--timeout", "0.1"});
        EXPECT_EQ(said.code, code) << outcome;
        EXPECT_THAT(said.messages, HasSubstr(sentence));
        EXPECT_THAT(said.messages, HasSubstr("halp join --undo a.example:1"));
    }
}

TEST_F(WithDaemonTest, JoinCanBeUndone) {
    const auto server =
        daemon({{"DELETE /v1/seeds?host=a.example&port=1",
                 http_reply(200, R"({"schema_version":1,"endpoint":"a.example:1","removed":true})")}});
    EXPECT_EQ(run({"join", "--undo", "a.example:1"}).data, "The daemon no longer tries a.example:1.\n");
    EXPECT_NE(run({"join", "--undo", "b.example:1"}).code, ExitCode::ok);
}

TEST_F(WithDaemonTest, StatusesBecomeExitCodesWithTheDaemonsSentence) {
    const auto error = [](int status, const char* message) {
        return http_reply(status,
                          std::string{R"({"schema_version":1,"error":{"code":"x","message":")"} + message + "\"}}");
    };
    const auto server = daemon({{"PUT /v1/labels/bad", error(400, "Not a label.")},
                                {"PUT /v1/labels/no", error(403, "I will not.")},
                                {"PUT /v1/labels/full", error(503, "The quota is full.")},
                                {"PUT /v1/labels/disk", error(500, "No space left.")},
                                {"PUT /v1/labels/odd", http_reply(200, "<html>")},
                                {"PUT /v1/labels/newer", http_reply(200, R"({"schema_version":2})")}});
    const auto insert = [&](const char* label) { return run({"insert", label, "h", "1"}); };
    EXPECT_EQ(insert("bad").code, ExitCode::usage);
    EXPECT_EQ(insert("no").code, ExitCode::refused);
    EXPECT_EQ(insert("full").code, ExitCode::refused);
    EXPECT_EQ(insert("disk").code, ExitCode::failed);
    EXPECT_EQ(insert("missing").code, ExitCode::nothing_found);
    EXPECT_EQ(insert("odd").code, ExitCode::failed);
    EXPECT_EQ(insert("newer").code, ExitCode::failed);
    EXPECT_EQ(insert("no").messages, "halp: I will not.\n");
}

TEST_F(WithDaemonTest, AHungDaemonEndsWithFiveAndAMissingOneWithFour) {
    EXPECT_EQ(run({"status"}).code, ExitCode::no_daemon);
    const ScriptedServer hung{socket(), [](const std::string&) { return ScriptedServer::Reply{"", true, false}; }};
    EXPECT_EQ(run({"status"}).code, ExitCode::timed_out);
}

std::string stream_of(const std::string& events) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + events;
}

const std::string watched =
    "id: 1\nevent: entry\ndata: "
    "{\"label\":\"chat\",\"host\":\"a.example\",\"port\":1,\"seen_unix_s\":1699999988}\n\n"
    "id: 2\nevent: initial_list_complete\ndata: {\"label\":\"chat\",\"total\":1}\n\n"
    "id: 3\nevent: entry_learned\ndata: "
    "{\"label\":\"chat\",\"host\":\"b.example\",\"port\":2,\"from\":\"gossip\"}\n\n"
    "id: 4\nevent: entry_forgotten\ndata: "
    "{\"label\":\"chat\",\"host\":\"b.example\",\"port\":2,\"why\":\"expired\"}\n\n"
    "id: 5\nevent: leaving\ndata: {}\n\n";

TEST_F(WithDaemonTest, WatchPrintsTheListThenTheChanges) {
    const auto server = daemon({{"GET /v1/events?label=chat", stream_of(watched)}});
    EXPECT_EQ(run({"watch", "chat", "--once"}).data, "= a.example 1  1699999988\n");
    EXPECT_EQ(run({"watch", "chat", "--once"}).code, ExitCode::ok);
    EXPECT_EQ(run({"watch", "chat", "--count", "1"}).data, "= a.example 1  1699999988\n+ b.example 2  gossip\n");
    const Outcome all = run({"watch", "chat"});
    EXPECT_EQ(all.data, "= a.example 1  1699999988\n+ b.example 2  gossip\n- b.example 2  expired\n");
    EXPECT_EQ(all.code, ExitCode::failed);
    EXPECT_THAT(all.messages, HasSubstr("the daemon has left"));
}

TEST_F(WithDaemonTest, WatchInJsonIsOneObjectALine) {
    const auto server = daemon({{"GET /v1/events?label=chat", stream_of(watched)}});
    EXPECT_EQ(run({"watch", "chat", "--json", "--once"}).data,
              "{\"schema_version\":1,\"event\":\"entry\",\"host\":\"a.example\",\"label\":\"chat\",\"port\":1,"
              "\"seen_unix_s\":1699999988}\n"
              "{\"schema_version\":1,\"event\":\"initial_list_complete\",\"label\":\"chat\",\"total\":1}\n");
}

TEST_F(WithDaemonTest, AnnounceRefusedFromTheStartEndsAtOnce) {
    const auto server =
        daemon({{"GET /v1/announce?label=chat&host=a.example&port=1",
                 http_reply(403, R"({"schema_version":1,"error":{"code":"refused","message":"I will not."}})")}});
    const Outcome outcome = run({"announce", "chat", "a.example:1"});
    EXPECT_EQ(outcome.code, ExitCode::refused);
    EXPECT_EQ(outcome.messages, "halp: I will not.\n");
}

TEST(AdminSocket, LooksInTheUsersPlacesFirst) {
    EXPECT_EQ(usual_sockets("/home/a", "/run/user/7", ""),
              (std::vector<std::string>{"/run/user/7/halp/halpd.sock", "/home/a/.local/state/halp/halpd.sock",
                                        "/run/halp/halpd.sock", "/var/lib/halp/halpd.sock"}));
    EXPECT_EQ(usual_sockets("/home/a", "", "/s").front(), "/s/halp/halpd.sock");
}

TEST(AdminSocket, ProbeSaysWhyNobodyIsThere) {
    const testing::TemporaryDirectory place;
    EXPECT_EQ(probe_socket(place.path() + "/none").error().code, ErrorCode::unreachable);
    EXPECT_EQ(probe_socket(std::string(200, 'x')).error().code, ErrorCode::unreachable);
    const std::string path = place.path() + "/s";
    {
        const ScriptedServer server{path, testing::answers({})};
        EXPECT_TRUE(probe_socket(path));
    }
    EXPECT_EQ(probe_socket(path).error().code, ErrorCode::unreachable);  // the file of a dead daemon
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
