#include "tools/halpd/admin/admin_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/quiet_environment.h"
#include "tools/halpd/admin/admin_json.h"

namespace halp {
namespace HALP_TEST_FILE {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(AdminJson, WritesAListedHostWithoutObjectsAsWithThem) {
    for (const char* host : {"192.0.2.7", "::1", "a\xff\xc3\xa4.example", "quote\"back\\slash", "d\x7f"})
        for (const bool set : {false, true}) {
            const ListedHost listed{{host, 80}, UnixSeconds{1'700'000'000}, set, !set, set, !set};
            std::string text;
            append_text(text, listed);
            EXPECT_EQ(text, admin_text(json_of(listed)));
        }
}

class AdminApiTest : public ::testing::Test {
protected:
    AdminApiTest() {
        OverlayOptions options = OverlayOptions::for_profile(Profile::lan);
        options.advertise = Endpoint{"192.0.2.7", 3451};
        node_ = std::make_unique<OverlayNode>(world_.environment(), endpoints_, options);
        node_->start();
        DaemonInfo info;
        info.version = "1.2.3";
        info.listening = "[::]:3451";
        info.started = world_.clock.now();
        api_ = std::make_unique<AdminApi>(*node_, world_.clock, info, [this] { ++leaves_; });
    }

    AdminReply ask(Method method, const std::string& target, const std::string& body = "") {
        return api_->handle({method, target, body});
    }
    json get(const std::string& target, int status = 200) { return checked(ask(Method::get, target), status); }
    json put(const std::string& target, const std::string& body, int status = 200) {
        return checked(ask(Method::put, target, body), status);
    }
    json post(const std::string& target, const std::string& body, int status = 200) {
        return checked(ask(Method::post, target, body), status);
    }
    json remove(const std::string& target, int status = 200) {
        return checked(ask(Method::remove, target), status);
    }

    static json checked(const AdminReply& reply, int status) {
        EXPECT_EQ(reply.status, status) << reply.json;
        json parsed = json::parse(reply.json, nullptr, false);
        EXPECT_EQ(parsed.value("schema_version", 0), 1) << reply.json;
        return parsed;
    }

    QuietWorld world_;
    EndpointTable endpoints_;
    std::unique_ptr<OverlayNode> node_;
    std::unique_ptr<AdminApi> api_;
    int leaves_ = 0;
};

TEST_F(AdminApiTest, SaysThatItIsWellUntilItLeaves) {
    EXPECT_EQ(get("/healthz")["status"], "ok");
    api_->set_leaving();
    EXPECT_EQ(get("/healthz", 503)["status"], "leaving");
    EXPECT_EQ(put("/v1/labels/chat", R"({"host":"a","port":1})", 503)["error"]["code"], "leaving");
}

// A host that was listed as a claim has no event of its own when it becomes an announcement.
TEST_F(AdminApiTest, TellsAHeldAnnouncementWhereItIsNowWithoutAnEventOfThatHost) {
    const AdminReply reply = ask(Method::get, "/v1/announce?label=chat&port=80");
    ASSERT_TRUE(reply.stream && reply.stream->held);
    OwnAnnouncement held = *reply.stream->held;
    EXPECT_EQ(held.endpoint, (Endpoint{"192.0.2.7", 80}));
    EXPECT_EQ(api_->moved_text(held), "");
    held.endpoint.host = "192.0.2.6";  // what the stream was told before the address changed
    EXPECT_THAT(api_->moved_text(held), HasSubstr("192.0.2.7"));
    EXPECT_EQ(api_->moved_text(held), "") << "once";
}

TEST_F(AdminApiTest, ShowsVersionAndStatus) {
    EXPECT_EQ(get("/version")["version"], "1.2.3");
    world_.clock.advance(std::chrono::milliseconds{12'500});
    const json status = get("/v1/status");
    EXPECT_EQ(status["swarm"], "halp");
    EXPECT_EQ(status["self"], "192.0.2.7:3451");
    EXPECT_DOUBLE_EQ(status["uptime_s"], 12.5);
    EXPECT_EQ(status["evicted"]["label_full"], 0);
    EXPECT_EQ(status["refused"]["too_old"], 0);
    EXPECT_TRUE(status["own"].empty());
}

TEST_F(AdminApiTest, AnnouncesListsAndWithdraws) {
    put("/v1/labels/chat", R"({"host":"192.0.2.9","port":80})");
    const json listed = get("/v1/labels/chat");
    ASSERT_EQ(listed["total"], 1);
    EXPECT_EQ(listed["entries"][0]["endpoint"], "192.0.2.9:80");
    EXPECT_EQ(listed["entries"][0]["own"], true);
    EXPECT_EQ(get("/v1/status")["own"][0]["label"], "chat");

    EXPECT_EQ(remove("/v1/labels/chat?host=192.0.2.9&port=80")["withdrawn"], true);
    EXPECT_EQ(get("/v1/labels/chat")["total"], 0);
    EXPECT_EQ(remove("/v1/labels/chat?host=192.0.2.9&port=80", 404)["error"]["code"], "not_found");
}

TEST_F(AdminApiTest, AnnouncesItsOwnHostWhenNoneIsGiven) {
    EXPECT_EQ(put("/v1/labels/chat", R"({"port":80})")["host"], "192.0.2.7");
}

TEST_F(AdminApiTest, InsertsAClaimOfTheStatedAge) {
    put("/v1/labels/chat", R"({"endpoint":"[2001:db8::1]:80","kind":"insert","seconds":100})");
    const json entry = get("/v1/labels/chat")["entries"][0];
    EXPECT_EQ(entry["host"], "2001:db8::1");
    EXPECT_EQ(entry["seen_unix_s"], 1'700'000'000 - 100);
    EXPECT_EQ(entry["claimed"], true);
    put("/v1/labels/other", R"({"host":"a.example","port":80,"kind":"insert","seen_unix_s":17})");
    EXPECT_EQ(get("/v1/labels/other")["entries"][0]["seen_unix_s"], 17);
}

TEST_F(AdminApiTest, TakesLabelsWithASlashAsOneSegment) {
    put("/v1/labels/x%2Fy", R"({"host":"a.example","port":80})");
    EXPECT_EQ(get("/v1/labels/x%2Fy")["label"], "x/y");
    const json children = get("/v1/labels?directory=x/");
    EXPECT_EQ(children["names"][0]["name"], "y");
    EXPECT_EQ(children["names"][0]["label"], "x/y");
    EXPECT_EQ(get("/v1/labels/x%2F")["kind"], "names");
    EXPECT_EQ(get("/v1/labels")["names"][0]["label"], "x");
    EXPECT_THAT(get("/v1/labels/x/y", 404)["error"]["message"], HasSubstr("%2F"));
}

TEST_F(AdminApiTest, ReadsPages) {
    for (int i = 1; i <= 5; ++i)
        put("/v1/labels/chat", R"({"kind":"insert","host":"a.example","port":)" + std::to_string(i) + "}");
    const json page = get("/v1/labels/chat?first=3&count=10");
    EXPECT_EQ(page["total"], 5);
    EXPECT_EQ(page["entries"].size(), 2u);
    EXPECT_EQ(get("/v1/labels/chat?count=2")["entries"].size(), 2u);
    EXPECT_EQ(get("/v1/labels/chat?count=0", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(get("/v1/labels/chat?count=10001", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(get("/v1/labels/chat?first=-1", 400)["error"]["code"], "bad_request");
}

TEST_F(AdminApiTest, SaysWhetherMoreNamesFollow) {
    for (const char* name : {"a", "b", "c"}) put("/v1/labels/" + std::string{name}, R"({"host":"h","port":1})");
    EXPECT_EQ(get("/v1/labels?count=2")["more"], true);
    EXPECT_EQ(get("/v1/labels?count=2")["names"].size(), 2u);
    EXPECT_EQ(get("/v1/labels?count=100")["more"], false);
}

TEST_F(AdminApiTest, AnswersAnUnknownLabelWithNothing) {
    const json reply = get("/v1/labels/nothing");
    EXPECT_EQ(reply["known"], false);
    EXPECT_TRUE(reply["entries"].empty());
}

TEST_F(AdminApiTest, ClearsOneLabelAndAll) {
    put("/v1/labels/chat", R"({"host":"a.example","port":80,"kind":"insert"})");
    EXPECT_EQ(remove("/v1/labels/chat")["cleared"], true);
    EXPECT_EQ(get("/v1/labels/chat")["total"], 0);
    put("/v1/labels/chat", R"({"host":"a.example","port":80,"kind":"insert"})");
    EXPECT_EQ(remove("/v1/labels")["cleared"], true);
    EXPECT_EQ(get("/v1/labels/chat")["total"], 0);
}

TEST_F(AdminApiTest, TakesConfirmations) {
    put("/v1/labels/chat", R"({"host":"a.example","port":80,"kind":"insert"})");
    EXPECT_EQ(post("/v1/labels/chat/confirm", R"({"host":"a.example","port":80,"worked":true})")["worked"], true);
    EXPECT_EQ(get("/v1/labels/chat")["entries"][0]["proved"], true);
    EXPECT_EQ(post("/v1/labels/chat/confirm", R"({"host":"a.example","port":80})", 400)["error"]["code"],
              "bad_request");
    EXPECT_EQ(
        post("/v1/labels/chat/confirm", R"({"host":"a.example","port":80,"worked":"yes"})", 400)["error"]["code"],
        "bad_request");
}

TEST_F(AdminApiTest, JoinsAndLeaves) {
    EXPECT_EQ(post("/v1/join", R"({"endpoint":"192.0.2.1:3451"})", 202)["joining"], "192.0.2.1:3451");
    EXPECT_EQ(leaves_, 0);
    EXPECT_EQ(post("/v1/leave", "", 202)["leaving"], true);
    EXPECT_EQ(leaves_, 1);
}

TEST_F(AdminApiTest, RefusesWhatItDoesNotUnderstand) {
    EXPECT_EQ(get("/none", 404)["error"]["code"], "not_found");
    EXPECT_EQ(get("/v2/status", 404)["error"]["code"], "not_found");
    EXPECT_EQ(get("/v1/labels/%zz", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(get("/v1/labels/a~b", 400)["error"]["code"], "bad_label");
    EXPECT_EQ(get("/v1/labels?directory=chat", 400)["error"]["code"], "bad_label");
    EXPECT_EQ(get("/v1/labels/chat?frist=1", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(get("/v1/labels/chat?first=1&first=2", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(put("/v1/labels/chat", "nonsense", 400)["error"]["code"], "bad_json");
    EXPECT_EQ(put("/v1/labels/chat", "[1]", 400)["error"]["code"], "bad_json");
    EXPECT_EQ(put("/v1/labels/chat", R"({"hots":"a","port":1})", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(put("/v1/labels/chat", R"({"host":5,"port":1})", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(put("/v1/labels/chat", R"({"host":"a","port":"1"})", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(put("/v1/labels/chat", R"({"host":{"a":{"b":{}}},"port":1})", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(put("/v1/labels/chat", R"({"host":"a","port":0})", 400)["error"]["code"], "bad_endpoint");
    EXPECT_EQ(put("/v1/labels/chat", R"({"host":"a b","port":1})", 400)["error"]["code"], "bad_endpoint");
    EXPECT_EQ(put("/v1/labels/chat", R"({"host":"a","port":1,"kind":"shout"})", 400)["error"]["code"],
              "bad_request");
    EXPECT_EQ(put("/v1/labels/chat", R"({"host":"a","port":1,"seconds":1})", 400)["error"]["code"], "bad_request");
    EXPECT_EQ(put("/v1/labels/x%2F", R"({"host":"a","port":1})", 400)["error"]["code"], "bad_request");
    put("/v1/labels/chat", std::string(60'000, '['), 400);
    put("/v1/labels/chat", R"({"host":)" + std::string(30'000, '[') + std::string(30'000, ']') + "}", 400);
}

TEST_F(AdminApiTest, NamesTheMethodsOfARoute) {
    const AdminReply reply = ask(Method::post, "/v1/labels/chat");
    EXPECT_EQ(reply.status, 405);
    EXPECT_EQ(reply.allow, "GET, HEAD, PUT, DELETE, OPTIONS");
    EXPECT_EQ(ask(Method::get, "/v1/join").allow, "POST, OPTIONS");
    EXPECT_EQ(ask(Method::options, "/v1/join").status, 204);
    EXPECT_EQ(ask(Method::options, "/v1/join").allow, "POST, OPTIONS");
    EXPECT_EQ(ask(Method::options, "/none").status, 404);
}

TEST_F(AdminApiTest, BeginsAWatchWithThePresentEntries) {
    put("/v1/labels/chat", R"({"host":"a.example","port":80})");
    const AdminReply reply = ask(Method::get, "/v1/events?label=chat");
    ASSERT_TRUE(reply.stream);
    ASSERT_TRUE(reply.stream->has_list);
    ASSERT_EQ(reply.stream->list.size(), 1u);
    const Label chat = *Label::parse("chat");
    EXPECT_THAT(api_->listed_text(chat, reply.stream->list.front()),
                StartsWith("event: entry\ndata: {\"host\":\"a.example\""))
        << "no id: a reader that comes back before the end of the list needs all of it";
    EXPECT_THAT(api_->list_complete_text(chat),
                HasSubstr("event: initial_list_complete\ndata: {\"label\":\"chat\",\"total\":1}\n\n"));
    EXPECT_EQ(get("/v1/events?label=x/", 400)["error"]["code"], "bad_label");
}

TEST_F(AdminApiTest, TellsAWatchHowAHostStandsNow) {
    put("/v1/labels/chat", R"({"host":"a.example","port":80,"kind":"insert","seen_unix_s":1300000000})");
    const Label chat = *Label::parse("chat");
    EXPECT_THAT(api_->stream_text(EntryMoved{chat, {"a.example", 80}, LearnedFrom::text}, chat),
                HasSubstr("\"from\":\"text\",\"seen_unix_s\":1300000000,\"own\":false,\"proved\":false,"
                          "\"claimed\":true,\"tags\":[],\"again\":true}"));
    EXPECT_EQ(api_->stream_text(EntryMoved{chat, {"a.example", 80}, LearnedFrom::text}, std::nullopt), "");
}

TEST_F(AdminApiTest, ShowsAWatchOnlyItsLabel) {
    const Label chat = *Label::parse("chat");
    const Endpoint host{"a.example", 80};
    EXPECT_THAT(api_->stream_text(EntryForgotten{chat, host, ForgottenWhy::expired}, chat),
                HasSubstr("event: entry_forgotten\ndata: {\"label\":\"chat\",\"host\":\"a.example\",\"port\":80,"
                          "\"endpoint\":\"a.example:80\",\"why\":\"expired\"}\n\n"));
    EXPECT_EQ(api_->stream_text(EntryLearned{*Label::parse("other"), host, LearnedFrom::text}, chat), "");
    EXPECT_EQ(api_->stream_text(PeerJoined{host}, chat), "");
    EXPECT_THAT(api_->stream_text(PeerJoined{host}, Label::halp()), HasSubstr("event: entry_learned"));
    EXPECT_THAT(api_->stream_text(PeerBuried{host}, Label::halp()), HasSubstr("\"why\":\"failed\""));
    EXPECT_THAT(api_->stream_text(PeerJoined{host}, std::nullopt), HasSubstr("event: peer_joined"));
    EXPECT_EQ(api_->stream_text(RoundDone{3, true}, std::nullopt), "");
}

TEST_F(AdminApiTest, WithdrawsWithTheLastConnectionThatHolds) {
    const std::string target = "/v1/announce?label=chat&host=a.example&port=80";
    const AdminReply first = ask(Method::get, target);
    const AdminReply second = ask(Method::get, target);
    ASSERT_TRUE(first.stream && first.stream->held && second.stream);
    EXPECT_THAT(first.stream->opening, HasSubstr("event: announced"));
    api_->release(*first.stream->held);
    EXPECT_EQ(get("/v1/labels/chat")["total"], 1);
    api_->release(*second.stream->held);
    EXPECT_EQ(get("/v1/labels/chat")["total"], 0);
}

TEST_F(AdminApiTest, KeepsWhatAPutHoldsAsWell) {
    put("/v1/labels/chat", R"({"host":"a.example","port":80})");
    const AdminReply reply = ask(Method::get, "/v1/announce?label=chat&endpoint=a.example:80");
    api_->release(*reply.stream->held);
    EXPECT_EQ(get("/v1/labels/chat")["total"], 1);
}

TEST(PercentDecoding, IsStrict) {
    EXPECT_EQ(percent_decoded("x%2Fy"), "x/y");
    EXPECT_EQ(percent_decoded("%41%7a"), "Az");
    EXPECT_EQ(percent_decoded("%"), std::nullopt);
    EXPECT_EQ(percent_decoded("%4"), std::nullopt);
    EXPECT_EQ(percent_decoded("%g0"), std::nullopt);
}

TEST_F(AdminApiTest, SeedsShowWhatCameOfThemAndCanBeTakenBack) {
    post("/v1/join", R"({"endpoint":"192.0.2.9:3451"})", 202);
    const json seeds = get("/v1/seeds")["seeds"];
    ASSERT_EQ(seeds.size(), 1u);
    EXPECT_EQ(seeds[0]["endpoint"], "192.0.2.9:3451");
    EXPECT_EQ(seeds[0]["origin"], "joined");
    EXPECT_EQ(seeds[0]["outcome"], "untried");
    EXPECT_EQ(seeds[0]["reached"], false);
    EXPECT_EQ(remove("/v1/seeds?endpoint=192.0.2.9:3451")["removed"], true);
    remove("/v1/seeds?endpoint=192.0.2.9:3451", 404);
    EXPECT_TRUE(get("/v1/seeds")["seeds"].empty());
    EXPECT_EQ(ask(Method::put, "/v1/seeds").allow, "GET, HEAD, DELETE, OPTIONS");
}

TEST_F(AdminApiTest, WhatWasAnnouncedWithoutAHostIsWithdrawnWithoutOne) {
    EXPECT_EQ(put("/v1/labels/chat", R"({"port":80})")["own_host"], true);
    EXPECT_EQ(put("/v1/labels/chat", R"({"port":81,"host":"192.0.2.7"})")["own_host"], false);
    EXPECT_EQ(remove("/v1/labels/chat?port=80")["withdrawn"], true);
    remove("/v1/labels/chat?port=80", 404);
    remove("/v1/labels/chat?port=81", 404);
    EXPECT_EQ(remove("/v1/labels/chat?host=192.0.2.7&port=81")["withdrawn"], true);
}

TEST_F(AdminApiTest, AWildcardAddressIsNotAnnounced) {
    EXPECT_THAT(put("/v1/labels/chat", R"({"port":80,"host":"0.0.0.0"})", 400)["error"]["message"],
                HasSubstr("leave the host out"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
