// The parts of HTTP without sockets: who may ask, the table of routes, metrics, and what readers of events get
// again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "tests/tools/quiet_environment.h"
#include "tools/halpd/admin/admin_api.h"
#include "tools/halpd/http/http_guard.h"

namespace halp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// ---- the guard ----

GuardedHeaders asking_for(const std::string& host) {
    GuardedHeaders headers;
    headers.hosts = {host};
    return headers;
}

int status_of(const HttpGuard& guard, const GuardedHeaders& headers, bool reads = true) {
    const std::optional<Refusal> refusal = guard.refusal(headers, reads);
    return refusal ? refusal->status : 200;
}

TEST(HttpGuard, ANameThatASiteCanPointHereIsRefused) {
    const HttpGuard guard{"", false};
    for (const char* own : {"localhost", "LocalHost:3480", "127.0.0.1:3480", "[::1]:3480", "192.0.2.7"})
        EXPECT_EQ(status_of(guard, asking_for(own)), 200) << own;
    for (const char* other : {"evil.example", "evil.example:3480", "127.0.0.1.evil.example",
                              "localhost.evil.example", "2130706433", "0x7f.1"})
        EXPECT_EQ(status_of(guard, asking_for(other)), 403) << other;
    for (const char* wrong : {"", "[::1", "localhost:x", ":80"})
        EXPECT_EQ(status_of(guard, asking_for(wrong)), 400) << wrong;
    EXPECT_EQ(status_of(HttpGuard{" a.example, B.example", false}, asking_for("b.example:1")), 200);
}

TEST(HttpGuard, SeveralHostsAndNoneAreRefused) {
    const HttpGuard guard{"", false};
    GuardedHeaders headers = asking_for("localhost");
    headers.hosts.emplace_back("localhost");
    EXPECT_EQ(status_of(guard, headers), 400);
    EXPECT_EQ(status_of(guard, {}), 400);
}

TEST(HttpGuard, PagesOfOtherSitesAskNothing) {
    const HttpGuard guard{"", false};
    GuardedHeaders headers = asking_for("localhost:3480");
    headers.origin = "http://localhost:3480";
    EXPECT_EQ(status_of(guard, headers), 200);
    for (const char* other : {"http://evil.example", "https://localhost:3480", "http://localhost:8080", "null"}) {
        headers.origin = other;
        EXPECT_EQ(status_of(guard, headers), 403) << other;
    }
    headers.origin.reset();
    headers.fetch_site = "cross-site";
    EXPECT_EQ(status_of(guard, headers), 403) << "an image of another site";
    headers.fetch_mode = "navigate";
    EXPECT_EQ(status_of(guard, headers), 200) << "a link";
    EXPECT_EQ(status_of(guard, headers, false), 403) << "a form";
    headers.origin = "https://localhost:3480";
    headers.fetch_site = "same-origin";
    EXPECT_EQ(status_of(HttpGuard{"", true}, headers), 200);
}

TEST(HttpGuard, TheTokenIsReadFromAFileAndAskedFor) {
    std::string name = (std::filesystem::temp_directory_path() / "halp-token-XXXXXX").string();
    const std::string directory = mkdtemp(name.data());
    const std::string file = directory + "/token";
    std::ofstream{file} << "0123456789abcdef\n";
    ::chmod(file.c_str(), 0600);
    HttpGuard guard{"", false};
    GuardedHeaders headers = asking_for("localhost");
    headers.authorization = "Bearer ";
    EXPECT_FALSE(guard.brings_token(headers)) << "without a token nobody has it";
    EXPECT_EQ(guard.read_token(file).value(), "");
    for (const char* right : {"Bearer 0123456789abcdef", "bearer  0123456789abcdef "}) {
        headers.authorization = right;
        EXPECT_TRUE(guard.brings_token(headers)) << right;
    }
    for (const char* wrong :
         {"", "Bearer", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Basic 0123456789abcdef"}) {
        headers.authorization = wrong;
        EXPECT_FALSE(guard.brings_token(headers)) << wrong;
    }
    ::chmod(file.c_str(), 0644);
    EXPECT_THAT(guard.read_token(file).value(), HasSubstr(file)) << "others can read it";
    std::ofstream{file} << "short\n";
    EXPECT_THAT(guard.read_token(file).error().message, HasSubstr("at least 16"));
    EXPECT_THAT(guard.read_token(directory + "/none").error().message, HasSubstr("http.token_file"));
    headers.authorization = "Bearer 0123456789abcdef";
    EXPECT_TRUE(guard.brings_token(headers)) << "the one before stays";
    std::filesystem::remove_all(directory);
}

// ---- routes ----

class HttpApiTest : public ::testing::Test {
protected:
    HttpApiTest() {
        node_->start();
        DaemonInfo info;
        info.version = "1.2.3";
        info.profile = "lan";
        info.state_dir = "/secret/state";
        info.dht = [] { return Json::object().set("channels", 2).set("legacy", Json{}); };
        info.dht_channels = [](const std::string&, std::size_t) -> Result<Json> { return Json::array(); };
        info.dht_credentials = [] { return Json::object().set("file", "/secret/keys"); };
        info.reload_dht_credentials = [] { return Result<void>{}; };
        api_ = std::make_unique<AdminApi>(*node_, world_.clock, info, [] {});
    }
    AdminReply ask(Method method, const std::string& target, bool trusted = true) {
        AdminRequest request{method, target, {}};
        request.trusted = trusted;
        return api_->handle(request);
    }
    AdminReply resume(const std::string& target, const std::string& last_id) {
        AdminRequest request{Method::get, target, {}};
        request.last_event_id = last_id;
        return api_->handle(request);
    }
    void learn(const char* label, const char* host) {
        api_->note(EntryLearned{*Label::parse(label), {host, 80}, LearnedFrom::text});
    }
    static std::string last_id_of(const std::string& text) {
        const std::size_t at = text.rfind("id: ");
        return at == std::string::npos ? "" : text.substr(at + 4, text.find('\n', at) - at - 4);
    }

    QuietWorld world_;
    EndpointTable endpoints_;
    std::unique_ptr<OverlayNode> node_ =
        std::make_unique<OverlayNode>(world_.environment(), endpoints_, OverlayOptions::for_profile(Profile::lan));
    std::unique_ptr<AdminApi> api_;
};

std::string with_braces_filled(std::string_view path) {
    return std::regex_replace(std::string{path}, std::regex{"\\{[a-z]+\\}"}, "chat");
}

TEST_F(HttpApiTest, TheDescriptionHasEveryRouteAndNoOther) {
    const Json described = *Json::parse(ask(Method::get, "/openapi.json").json);
    EXPECT_EQ(described["info"]["version"].text_or(""), "1.2.3");
    const std::map<Method, std::string> names{
        {Method::get, "get"}, {Method::put, "put"}, {Method::post, "post"}, {Method::remove, "delete"}};
    std::set<std::string> expected, found;
    for (const AdminRoute& route : AdminApi::routes()) {
        expected.insert(names.at(route.method) + " " + std::string{route.path});
        const Json& operation = described["paths"][route.path][names.at(route.method)];
        EXPECT_EQ(operation.has("security"), route.access == Access::writes) << route.path;
        EXPECT_FALSE(operation["summary"].text_or("").empty()) << route.path;
    }
    for (const std::string& path : described["paths"].keys())
        for (const std::string& method : described["paths"][path].keys()) found.insert(method + " " + path);
    EXPECT_EQ(found, expected);
    EXPECT_EQ(expected.size(), AdminApi::routes().size()) << "a route stands there twice";
}

TEST_F(HttpApiTest, EveryRouteAnswersAndNamesItsMethods) {
    const Json described = *Json::parse(ask(Method::get, "/openapi.json").json);
    for (const std::string& path : described["paths"].keys()) {
        const AdminReply refused = ask(Method::other, with_braces_filled(path));
        EXPECT_EQ(refused.status, 405) << path;
        std::set<std::string> allowed;
        std::istringstream words{refused.allow};
        for (std::string word; words >> word;) allowed.insert(word.substr(0, word.find(',')));
        std::set<std::string> expected{"OPTIONS"};
        for (const std::string& method : described["paths"][path].keys()) {
            std::string name;
            for (const char c : method) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            if (name == "GET") expected.insert("HEAD");
            expected.insert(name);
        }
        EXPECT_EQ(allowed, expected) << path;
        if (expected.count("GET") != 0) {
            EXPECT_NE(ask(Method::get, with_braces_filled(path)).status, 404) << path;
        }
    }
}

// Whatever changes something, and what names clients and keys.
TEST_F(HttpApiTest, WithoutTheTokenNothingCanBeChanged) {
    for (const AdminRoute& route : AdminApi::routes()) {
        const AdminReply reply = ask(route.method, with_braces_filled(route.path), false);
        EXPECT_EQ(reply.status == 403, route.access == Access::writes) << route.path;
        if (route.method != Method::get) {
            EXPECT_EQ(route.access, Access::writes) << route.path;
        }
    }
    EXPECT_EQ(ask(Method::get, "/v1/announce?label=chat&host=a&port=1", false).status, 403);
    AdminRequest request{Method::post, "/v1/leave", {}};
    request.trusted = false;
    request.has_token = true;
    EXPECT_EQ(api_->handle(request).status, 401);
    EXPECT_EQ(node_->announcements().size(), 0u);
}

TEST_F(HttpApiTest, StrangersDoNotReadTheNameOfTheSwarm) {
    EXPECT_THAT(ask(Method::get, "/v1/status").json, HasSubstr("\"swarm\":\"halp\""));
    const std::string shown = ask(Method::get, "/v1/status", false).json;
    EXPECT_THAT(shown, HasSubstr("\"swarm\":\"\""));
    EXPECT_THAT(shown, Not(HasSubstr("secret")));
}

TEST_F(HttpApiTest, AHeadOfAStreamBeginsNothing) {
    AdminRequest request{Method::get, "/v1/announce?label=chat&host=a.example&port=80", {}};
    request.head = true;
    const AdminReply reply = api_->handle(request);
    EXPECT_EQ(reply.status, 200);
    EXPECT_FALSE(reply.stream);
    EXPECT_EQ(node_->announcements().size(), 0u);
}

TEST_F(HttpApiTest, ANodeThatIsToJoinIsReadyWhenItHasMetSomebody) {
    EXPECT_EQ(ask(Method::get, "/readyz").status, 200) << "alone by its configuration";
    node_->join({"192.0.2.1", 3451});
    EXPECT_EQ(ask(Method::get, "/readyz").status, 503);
    EXPECT_THAT(ask(Method::get, "/readyz").json, HasSubstr("joining"));
    EXPECT_EQ(ask(Method::get, "/healthz").status, 200);
}

// ---- the index of a list ----

TEST_F(HttpApiTest, TheIndexOfAListChangesWithItsHostsAndNotWithTheirTimes) {
    const Label chat = *Label::parse("chat");
    ASSERT_TRUE(node_->insert(chat, {"a.example", 80}, UnixSeconds{1}));
    ASSERT_TRUE(node_->insert(chat, {"b.example", 80}, UnixSeconds{2}));
    const std::string before = ask(Method::get, "/v1/labels/chat").etag;
    ASSERT_TRUE(node_->insert(chat, {"a.example", 80}, UnixSeconds{3}));  // now in front
    EXPECT_EQ(ask(Method::get, "/v1/labels/chat").etag, before);
    ASSERT_TRUE(node_->insert(chat, {"c.example", 80}, UnixSeconds{3}));
    EXPECT_NE(ask(Method::get, "/v1/labels/chat").etag, before);
    EXPECT_EQ(ask(Method::get, "/v1/labels/x%2F?wait=1").status, 400);
}

TEST_F(HttpApiTest, ARequestWaitsOnlyForAListThatItKnows) {
    const Json list = *Json::parse(ask(Method::get, "/v1/labels/chat").json);
    const std::string index = list["index"].text_or("");
    EXPECT_TRUE(ask(Method::get, "/v1/labels/chat?wait=9&since=" + index).wait);
    EXPECT_FALSE(ask(Method::get, "/v1/labels/chat?wait=9&since=17").wait);
    EXPECT_FALSE(ask(Method::get, "/v1/labels/chat?wait=9").wait);
    EXPECT_FALSE(ask(Method::get, "/v1/labels/chat?since=" + index).wait);
    EXPECT_EQ(ask(Method::get, "/v1/labels/chat?wait=301").status, 400);
    AdminRequest request{Method::get, "/v1/labels/chat", {}};
    request.if_none_match = "W/\"" + index + "\"";
    EXPECT_EQ(api_->handle(request).status, 304);
}

// ---- events again ----

TEST_F(HttpApiTest, AReaderThatComesBackGetsWhatItMissed) {
    api_->remember_events();
    const std::string id = last_id_of(ask(Method::get, "/v1/events").stream->opening);
    learn("chat", "a.example");
    learn("other", "b.example");
    api_->note(RoundDone{3, true});
    const AdminReply all = resume("/v1/events", id);
    EXPECT_THAT(all.stream->opening, HasSubstr("a.example"));
    EXPECT_THAT(all.stream->opening, HasSubstr("b.example"));
    EXPECT_THAT(all.stream->opening, Not(HasSubstr("initial_list_complete")));
    const AdminReply one = resume("/v1/events?label=chat", id);
    EXPECT_FALSE(one.stream->has_list);
    EXPECT_THAT(one.stream->opening, Not(HasSubstr("b.example")));
    const AdminReply rest = resume("/v1/events", std::to_string(std::stoull(id) + 1));
    EXPECT_THAT(rest.stream->opening, Not(HasSubstr("a.example")));
    EXPECT_EQ(std::stoull(last_id_of(rest.stream->opening)), std::stoull(id) + 2);
    EXPECT_THAT(resume("/v1/events", std::to_string(std::stoull(id) + 2)).stream->opening, Not(HasSubstr("gap")));
}

TEST_F(HttpApiTest, WhatIsNotKnownAnyMoreIsSaidToBeAGap) {
    api_->remember_events();
    const std::string id = last_id_of(ask(Method::get, "/v1/events").stream->opening);
    for (std::size_t i = 0; i < EventRing::events_max; ++i) learn("chat", "a.example");
    EXPECT_THAT(resume("/v1/events", id).stream->opening, Not(HasSubstr("event: gap")));
    learn("chat", "a.example");
    EXPECT_THAT(resume("/v1/events", id).stream->opening, StartsWith("event: gap\ndata: {\"after\":" + id));
    const AdminReply label = resume("/v1/events?label=chat", id);
    EXPECT_THAT(label.stream->opening, StartsWith("event: gap"));
    EXPECT_TRUE(label.stream->has_list);
    EXPECT_THAT(resume("/v1/events", "99999999999999999").stream->opening, HasSubstr("event: gap"))
        << "of another daemon";
    EXPECT_THAT(resume("/v1/events", "x").stream->opening, Not(HasSubstr("gap")));
    const std::string newest = last_id_of(ask(Method::get, "/v1/events").stream->opening);
    api_->forget_events();
    learn("chat", "b.example");
    api_->remember_events();
    EXPECT_THAT(resume("/v1/events", newest).stream->opening, HasSubstr("event: gap")) << "nobody took notes";
}

// ---- metrics ----

// A strict reader of the text format: HELP and TYPE stand once and first, names and labels are well-formed,
// counters end in _total, and a histogram is whole.
void expect_well_formed(const std::string& text) {
    std::set<std::string> headed, series;
    std::map<std::string, std::string> kinds;
    std::string current;
    std::istringstream lines{text};
    const std::regex head{"# (HELP|TYPE) (halp_[a-z0-9_]+) (.+)"};
    const std::regex sample{
        "(halp_[a-z0-9_]+)(\\{[a-z_]+=\"[a-zA-Z0-9_.+-]*\"(,[a-z_]+=\"[a-zA-Z0-9_.+-]*\")*\\})? (-?[0-9.e+-]+)"};
    for (std::string line; std::getline(lines, line);) {
        std::smatch parts;
        if (std::regex_match(line, parts, head)) {
            if (parts[1] == "HELP") {
                EXPECT_TRUE(headed.insert(parts[2]).second) << line;
            }
            if (parts[1] == "TYPE") {
                EXPECT_EQ(parts[2], current) << "HELP stands before TYPE";
                kinds[parts[2]] = parts[3];
            }
            current = parts[2];
            continue;
        }
        ASSERT_TRUE(std::regex_match(line, parts, sample)) << line;
        EXPECT_TRUE(series.insert(parts[1].str() + parts[2].str()).second) << line;
        EXPECT_TRUE(parts[1].str().starts_with(current)) << line << " is not below its head";
    }
    for (const auto& [name, kind] : kinds) {
        EXPECT_TRUE(kind == "gauge" || kind == "counter" || kind == "histogram") << name;
        EXPECT_EQ(name.ends_with("_total"), kind == "counter") << name;
    }
    EXPECT_EQ(headed.size(), kinds.size());
}

TEST_F(HttpApiTest, MetricsAreWellFormedAndNameNobody) {
    ASSERT_TRUE(node_->insert(*Label::parse("chat"), {"a.example", 80}, UnixSeconds{1'700'000'000 - 45}));
    ASSERT_TRUE(node_->insert(*Label::parse("x/y"), {"b.example", 80}, UnixSeconds{1'700'000'000 - 7}));
    ASSERT_TRUE(node_->insert(*Label::parse("x/y"), {"c.example", 80}, UnixSeconds{1'700'000'000 - 300}));
    const AdminReply reply = ask(Method::get, "/metrics");
    EXPECT_EQ(reply.text_type, "text/plain; version=0.0.4; charset=utf-8");
    expect_well_formed(reply.json);
    EXPECT_THAT(reply.json, HasSubstr("halp_info{version=\"1.2.3\",profile=\"lan\"} 1\n"));
    EXPECT_THAT(reply.json, HasSubstr("halp_entries 3\n"));
    EXPECT_THAT(reply.json, HasSubstr("halp_dht_channels 2\n"));
    EXPECT_THAT(reply.json, HasSubstr("halp_entry_age_seconds_bucket{le=\"5\"} 0\n"));
    EXPECT_THAT(reply.json, HasSubstr("halp_entry_age_seconds_bucket{le=\"10\"} 1\n"));
    EXPECT_THAT(reply.json, HasSubstr("halp_entry_age_seconds_bucket{le=\"60\"} 2\n"));
    EXPECT_THAT(reply.json, HasSubstr("halp_entry_age_seconds_bucket{le=\"300\"} 3\n"));
    EXPECT_THAT(reply.json, HasSubstr("halp_entry_age_seconds_sum 352\nhalp_entry_age_seconds_count 3\n"));
    for (const char* name : {"chat", "example", "x/y"}) EXPECT_THAT(reply.json, Not(HasSubstr(name)));
}

}  // namespace
}  // namespace halp
